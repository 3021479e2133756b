/*
 * Benchmarks of generated and patched code. Each architecture's few instructions are
 * from its manual; what they compute is the same everywhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

typedef uint64_t Fn(uint64_t x);

/* Emit "return (x + a) ^ b" for 12-bit positive a and b; returns its size in bytes. */
#if defined(__riscv)
static size_t emit(uint8_t *p, uint32_t a, uint32_t b)
{
    uint32_t code[3] = {
        a << 20 | 10 << 15 | 0 << 12 | 10 << 7 | 0x13, /* addi a0, a0, a */
        b << 20 | 10 << 15 | 4 << 12 | 10 << 7 | 0x13, /* xori a0, a0, b */
        1 << 15 | 0x67,                                /* ret */
    };

    memcpy(p, code, sizeof(code));
    return sizeof(code);
}
/* Replace a in code that emit() made. */
static void patch(uint8_t *p, uint32_t a)
{
    *(volatile uint32_t *)p = a << 20 | 10 << 15 | 10 << 7 | 0x13;
}
#elif defined(__x86_64__)
static size_t emit(uint8_t *p, uint32_t a, uint32_t b)
{
    uint8_t code[] = {
        0x48, 0x8d, 0x87, 0, 0, 0, 0, /* lea a(%rdi), %rax */
        0x48, 0x35, 0, 0, 0, 0,       /* xor $b, %rax */
        0xc3,                         /* ret */
    };

    memcpy(code + 3, &a, 4);
    memcpy(code + 9, &b, 4);
    memcpy(p, code, sizeof(code));
    return sizeof(code);
}
static void patch(uint8_t *p, uint32_t a)
{
    memcpy(p + 3, &a, 4);
}
#else
#error "add this architecture's instructions"
#endif

static uint8_t *code_pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        die("mmap");
    }
    return p;
}

uint64_t bench_jit(unsigned scale)
{
    enum { FUNCTIONS = 500, SIZE = 64 << 10 };
    uint8_t *code = code_pages(SIZE);
    uint64_t sum = 1;

    for (unsigned turn = 0; turn < scale * 5; turn++) {
        size_t used = 0, start[FUNCTIONS];

        for (unsigned i = 0; i < FUNCTIONS; i++) {
            start[i] = used;
            used += emit(code + used, (turn + i) & 1023, (i * 3) & 1023);
            used = (used + 15) & ~(size_t)15;
        }
        __builtin___clear_cache((char *)code, (char *)code + used);
        for (int again = 0; again < 20; again++) {
            for (unsigned i = 0; i < FUNCTIONS; i++) {
                sum = ((Fn *)(void *)(code + start[i]))(sum);
            }
        }
    }
    munmap(code, SIZE);
    return sum;
}

uint64_t bench_smc(unsigned scale)
{
    uint8_t *code = code_pages(4096);
    size_t size = emit(code, 1, 2);
    uint64_t sum = 1;

    for (unsigned i = 0; i < scale * 5000; i++) {
        patch(code, i & 1023);
        __builtin___clear_cache((char *)code, (char *)code + size);
        sum = ((Fn *)(void *)code)(sum);
    }
    munmap(code, 4096);
    return sum;
}
