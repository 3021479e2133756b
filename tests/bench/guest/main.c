/*
 * Runs benchmark programs by name: prints "BENCH NAME SECONDS CHECKSUM" for each.
 *
 *   bench [-s PERCENT] NAME...   a share of the usual work
 *   bench --list
 *   bench --pair [-s PERCENT] NAME...   each alone, then two processes of it at once
 *   bench --time NAME COMMAND [ARGUMENT]...   time a command; its status is the checksum
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
}

/* @n processes that each run the program; the time until the last has ended. */
static double run_processes(const Bench *b, unsigned scale, unsigned n)
{
    int status, failed = 0;

    bench_begin();
    for (unsigned i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid < 0) {
            die(b->name);
        }
        if (!pid) {
            _exit(b->fn(scale) == UINT64_MAX);
        }
    }
    while (n && wait(&status) > 0) {
        failed |= status;
        n--;
    }
    if (n || failed) {
        die(b->name);
    }
    return now() - started;
}

static void run_pair(const Bench *b, unsigned scale)
{
    enum { TURNS = 6 }; /* as PAIRS in tests/bench/scaling */

    for (unsigned turn = 0; turn < TURNS; turn++) {
        double alone = run_processes(b, scale, 1);
        double both = run_processes(b, scale, 2);

        printf("BENCH %s.alone.%u %.6f 0\nBENCH %s.both.%u %.6f 0\n", b->name, turn, alone,
               b->name, turn, both);
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
    void (*action)(const Bench *b, unsigned scale) = run;
    unsigned percent = 100;
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
    if (argc > 2 && !strcmp(argv[1], "--pair")) {
        action = run_pair;
        i++;
    }
    if (argc > i + 1 && !strcmp(argv[i], "-s")) {
        percent = (unsigned)strtoul(argv[i + 1], NULL, 10);
        i += 2;
    }
    for (; i < argc; i++) {
        const Bench *b = find(argv[i]);
        unsigned scale = b->scale * percent / 100;

        action(b, scale ? scale : 1);
        fflush(stdout);
    }
    return 0;
}
