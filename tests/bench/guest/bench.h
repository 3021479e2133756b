/*
 * Benchmark programs that run in a guest and, for the limit, natively: each does a fixed
 * amount of work, says how long it took, and ends with a checksum that must be the same
 * everywhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_BENCH_GUEST_BENCH_H
#define TESTS_BENCH_GUEST_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Does @scale units of work; returns a checksum. */
typedef uint64_t BenchFn(unsigned scale);

typedef struct Bench {
    const char *name;
    BenchFn *fn;
    unsigned scale; /* units that take a slow emulator about a second */
    const char *what;
} Bench;

/* What was done so far was preparation: time begins here. */
void bench_begin(void);
/* End the program with a message: something that the work needs failed. */
void die(const char *what) __attribute__((noreturn));

/* A pseudo-random sequence that is the same everywhere (xorshift, period 2^64 - 1). */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

BenchFn bench_int, bench_sha256, bench_strings, bench_dhry;      /* integer.c */
BenchFn bench_mandel, bench_nbody, bench_matmul;                 /* float.c */
BenchFn bench_recurse, bench_virtual, bench_interp;              /* calls.c */
BenchFn bench_memcpy, bench_chase, bench_tlb;                    /* memory.c */
BenchFn bench_jit, bench_smc;                                    /* code.c */
BenchFn bench_syscall, bench_pipe, bench_fork, bench_fault;      /* system.c */
BenchFn bench_exec, bench_parallel, bench_atomics;               /* system.c */

#endif
