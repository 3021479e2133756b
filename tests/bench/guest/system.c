/*
 * Benchmarks of what an operating system does: system calls, switches, processes, faults,
 * threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t bench_syscall(unsigned scale)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < scale * 10000; i++) {
        n += syscall(SYS_getppid) >= 0;
    }
    return n;
}

static void one_cpu(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static pid_t child(void)
{
    pid_t pid = fork();

    if (pid < 0) {
        die("fork");
    }
    return pid;
}

static void join_child(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid || status) {
        die("a child failed");
    }
}

uint64_t bench_pipe(unsigned scale)
{
    unsigned n = scale * 1000;
    int there[2], back[2];
    cpu_set_t all;
    char byte = 1;

    if (pipe(there) || pipe(back)) {
        die("pipe");
    }
    sched_getaffinity(0, sizeof(all), &all);
    one_cpu();
    pid_t pid = child();

    for (unsigned i = 0; i < n; i++) {
        int in = pid ? back[0] : there[0], out = pid ? there[1] : back[1];

        if (pid && write(out, &byte, 1) != 1) {
            die("write");
        }
        if (read(in, &byte, 1) != 1) {
            die("read");
        }
        if (!pid && write(out, &byte, 1) != 1) {
            die("write");
        }
    }
    if (!pid) {
        _exit(0);
    }
    join_child(pid);
    sched_setaffinity(0, sizeof(all), &all);
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
    return n;
}

uint64_t bench_fork(unsigned scale)
{
    unsigned n = scale * 30;

    for (unsigned i = 0; i < n; i++) {
        pid_t pid = child();

        if (!pid) {
            _exit(0);
        }
        join_child(pid);
    }
    return n;
}

uint64_t bench_exec(unsigned scale)
{
    unsigned n = scale * 10;

    for (unsigned i = 0; i < n; i++) {
        pid_t pid = child();

        if (!pid) {
            execl("/proc/self/exe", "bench", "--nothing", (char *)NULL);
            _exit(127);
        }
        join_child(pid);
    }
    return n;
}

uint64_t bench_fault(unsigned scale)
{
    enum { PAGES = 1000 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t sum = 0;

    for (unsigned i = 0; i < scale * 5; i++) {
        volatile uint8_t *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            die("mmap");
        }
        madvise((void *)p, PAGES * page, MADV_NOHUGEPAGE);
        for (size_t k = 0; k < PAGES; k++) {
            p[k * page] = (uint8_t)k;
        }
        for (size_t k = 0; k < PAGES; k++) {
            sum += p[k * page];
        }
        munmap((void *)p, PAGES * page);
    }
    return sum;
}

/* ---- Two threads ---- */

static uint64_t shared_word __attribute__((aligned(64)));

static void *multiply_add(void *arg)
{
    uint64_t x = 1, n = (uint64_t)(uintptr_t)arg;

    for (uint64_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
    }
    return (void *)(uintptr_t)x;
}

static void *add_shared(void *arg)
{
    uint64_t n = (uint64_t)(uintptr_t)arg;

    for (uint64_t i = 0; i < n; i++) {
        __atomic_fetch_add(&shared_word, i & 3, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static uint64_t two_threads(void *(*fn)(void *), uint64_t n)
{
    pthread_t thread[2];
    uint64_t sum = 0;

    for (int i = 0; i < 2; i++) {
        if (pthread_create(&thread[i], NULL, fn, (void *)(uintptr_t)n)) {
            die("pthread_create");
        }
    }
    for (int i = 0; i < 2; i++) {
        void *result;

        pthread_join(thread[i], &result);
        sum += (uint64_t)(uintptr_t)result;
    }
    return sum;
}

uint64_t bench_parallel(unsigned scale)
{
    return two_threads(multiply_add, scale * (uint64_t)10000000);
}

uint64_t bench_atomics(unsigned scale)
{
    shared_word = 0;
    two_threads(add_shared, scale * (uint64_t)200000);
    return shared_word;
}
