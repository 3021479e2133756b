/*
 * Benchmarks of memory: streams, dependent loads, and more pages than any TLB holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        die("mmap");
    }
    return p;
}

uint64_t bench_memcpy(unsigned scale)
{
    const size_t size = 16 << 20;
    uint8_t *a = pages(size), *b = pages(size);
    uint64_t sum = 0;

    memset(a, 1, size);
    memset(b, 1, size);
    bench_begin();
    for (unsigned i = 0; i < scale; i++) {
        memset(a, (int)i, size);
        memcpy(b, a, size);
        sum = sum * 31 + b[i * 4099 % size];
    }
    munmap(a, size);
    munmap(b, size);
    return sum;
}

uint64_t bench_chase(unsigned scale)
{
    const size_t n = (64 << 20) / 64;
    struct Line {
        uint32_t next;
        uint32_t pad[15];
    } *line = pages(n * sizeof(*line));
    uint64_t seed = 7;
    uint32_t at = 0;

    for (size_t i = 0; i < n; i++) {
        line[i].next = (uint32_t)i;
    }
    for (size_t i = n - 1; i > 0; i--) { /* one cycle through all (Sattolo) */
        size_t j = random_next(&seed) % i;
        uint32_t t = line[i].next;

        line[i].next = line[j].next;
        line[j].next = t;
    }
    bench_begin();
    for (unsigned i = 0; i < scale * 100000; i++) {
        at = line[at].next;
    }
    munmap(line, n * sizeof(*line));
    return at;
}

uint64_t bench_tlb(unsigned scale)
{
    const size_t n = (256 << 20) / 8;
    uint64_t *table = pages(n * 8);
    uint64_t seed = 3, sum = 0;

    for (size_t i = 0; i < n; i += 512) {
        table[i] = i;
    }
    bench_begin();
    for (unsigned i = 0; i < scale * 200000; i++) {
        uint64_t r = random_next(&seed);
        uint64_t *p = &table[r % n];

        *p = *p * 3 + r;
        sum ^= *p;
    }
    munmap(table, n * 8);
    return sum;
}
