/*
 * Runs benchmark programs by name: prints "BENCH NAME SECONDS CHECKSUM" for each.
 *
 *   bench [-s PERCENT] NAME...   a share of the usual work
 *   bench --list
 *   bench --pair TURNS [-s PERCENT] NAME...   alone on each of two CPUs, then on both at once
 *   bench --alone TURNS [-s PERCENT] NAME...   as many times alone on the first
 *   bench --time NAME COMMAND [ARGUMENT]...   time a command; its status is the checksum
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "bench.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const Bench benches[] = {
    { "int", bench_int, 150, "list, matrix, state machine, CRC" },
    { "sha256", bench_sha256, 150, "SHA-256 in plain C" },
    { "strings", bench_strings, 60, "copying, searching and comparing short strings" },
    { "dhry", bench_dhry, 100, "structures, strings, small calls" },
    { "mandel", bench_mandel, 50, "double arithmetic without memory" },
    { "nbody", bench_nbody, 100, "double arithmetic with square roots and divisions" },
    { "matmul", bench_matmul, 30, "float matrix multiplication" },
    { "recurse", bench_recurse, 50, "Fibonacci numbers by recursion" },
    { "virtual", bench_virtual, 100, "calls through tables of functions" },
    { "interp", bench_interp, 200, "an interpreter of byte code" },
    { "memcpy", bench_memcpy, 30, "copying and setting 16 MiB" },
    { "chase", bench_chase, 10, "dependent loads over 64 MiB" },
    { "tlb", bench_tlb, 10, "random updates over 256 MiB" },
    { "jit", bench_jit, 40, "functions generated, called a few times, and replaced" },
    { "smc", bench_smc, 10, "an instruction patched before each call" },
    { "syscall", bench_syscall, 20, "getppid" },
    { "pipe", bench_pipe, 10, "two processes that wake each other" },
    { "fork", bench_fork, 10, "fork, exit and wait" },
    { "exec", bench_exec, 10, "fork and exec of a small program" },
    { "fault", bench_fault, 10, "page faults: mapping, touching and unmapping memory" },
    { "parallel", bench_parallel, 10, "two threads that share nothing" },
    { "atomics", bench_atomics, 10, "two threads that update one word" },
};

void die(const char *what)
{
    perror(what);
    exit(2);
}

static double started;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void bench_begin(void)
{
    started = now();
}

static const Bench *find(const char *name)
{
    for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++) {
        if (!strcmp(benches[i].name, name)) {
            return &benches[i];
        }
    }
    fprintf(stderr, "bench: there is no benchmark '%s'\n", name);
    exit(1);
}

static void run(const Bench *b, unsigned scale)
{
    uint64_t sum;

    bench_begin();
    sum = b->fn(scale);
    printf("BENCH %s %.6f %016" PRIx64 "\n", b->name, now() - started, sum);
    fflush(stdout);
}

/* To the n-th of the CPUs in @mask. */
static void pin(const cpu_set_t *mask, unsigned n)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, mask) && !n--) {
            CPU_SET(cpu, &one);
        }
    }
    if (sched_setaffinity(0, sizeof(one), &one)) {
        die("sched_setaffinity");
    }
}

/* @n processes that each run the program on a CPU of its own, from @first on; the mean of their
 * times. */
static double run_processes(const Bench *b, unsigned scale, unsigned first, unsigned n)
{
    double sum = 0, *times = mmap(NULL, n * sizeof(*times), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cpu_set_t mask;
    int status;

    if (times == MAP_FAILED || sched_getaffinity(0, sizeof(mask), &mask)) {
        die(b->name);
    }
    for (unsigned i = 0; i < n; i++) {
        pid_t pid;
        /* Before the fork: a process that has run elsewhere has its kernel call there (fence.i). */
        pin(&mask, first + i);
        pid = fork();
        if (pid < 0) {
            die(b->name);
        }
        if (!pid) {
            bench_begin();
            bool failed = b->fn(scale) == UINT64_MAX;
            times[i] = now() - started;
            _exit(failed);
        }
    }
    sched_setaffinity(0, sizeof(mask), &mask);
    for (unsigned i = 0; i < n; i++) {
        if (wait(&status) < 0 || status) {
            die(b->name);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        sum += times[i];
    }
    munmap(times, n * sizeof(*times));
    return sum / n;
}

static void note_turn(const Bench *b, const char *kind, unsigned turn, double seconds)
{
    printf("BENCH %s.%s.%u %.6f 0\n", b->name, kind, turn, seconds);
    fflush(stdout);
}

/* @both: in turns with two at once, and alone on either CPU: they may not be alike. */
static void run_turns(const Bench *b, unsigned scale, unsigned turns, bool both)
{
    for (unsigned turn = 0; turn < turns; turn++) {
        double alone = run_processes(b, scale, 0, 1);

        if (both) {
            alone = (alone + run_processes(b, scale, 1, 1)) / 2;
        }
        note_turn(b, "alone", turn, alone);
        if (both) {
            note_turn(b, "both", turn, run_processes(b, scale, 0, 2));
        }
    }
}

static int time_command(const char *name, char **command)
{
    int status = -1;
    pid_t pid;

    bench_begin();
    pid = fork();
    if (!pid) {
        execvp(command[0], command);
        die(command[0]);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        die(name);
    }
    printf("BENCH %s %.6f %016x\n", name, now() - started, (unsigned)status);
    return status != 0;
}

int main(int argc, char **argv)
{
    unsigned percent = 100, turns = 0;
    bool both = false;
    int i = 1;

    if (argc == 2 && !strcmp(argv[1], "--nothing")) {
        return 0; /* what the benchmark "exec" executes */
    }
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (size_t n = 0; n < sizeof(benches) / sizeof(*benches); n++) {
            printf("%s\t%s\n", benches[n].name, benches[n].what);
        }
        return 0;
    }
    if (argc > 3 && !strcmp(argv[1], "--time")) {
        return time_command(argv[2], argv + 3);
    }
    if (argc > 3 && (!strcmp(argv[1], "--pair") || !strcmp(argv[1], "--alone"))) {
        both = !strcmp(argv[1], "--pair");
        turns = (unsigned)strtoul(argv[2], NULL, 10);
        i += 2;
    }
    if (argc > i + 1 && !strcmp(argv[i], "-s")) {
        percent = (unsigned)strtoul(argv[i + 1], NULL, 10);
        i += 2;
    }
    for (; i < argc; i++) {
        const Bench *b = find(argv[i]);
        unsigned scale = b->scale * percent / 100;

        scale = scale ? scale : 1;
        if (turns) {
            run_turns(b, scale, turns, both);
        } else {
            run(b, scale);
        }
    }
    return 0;
}
