/*
 * What a build with ThreadSanitizer is told; nothing in others (util/tsan-order.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_TSAN_H
#define UTIL_TSAN_H

#include <stddef.h>

#ifdef __SANITIZE_THREAD__
/*
 * Races in this memory are not reported: it is a guest's, whose CPUs, and whose requests to
 * devices, access it in whatever order the guest chose. The sanitizer still orders what the
 * guest's atomics order. It stays so when the memory is unmapped.
 */
void tsan_guest_memory(const volatile void *memory, size_t size);

/* A function whose own accesses are not watched, for speed: it touches what only its thread
 * has. What it calls is watched, unless it is declared so as well. */
#define TSAN_UNWATCHED __attribute__((no_sanitize("thread")))

void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_read1(void *p);
void __tsan_read2(void *p);
void __tsan_read4(void *p);
void __tsan_read8(void *p);
void __tsan_write1(void *p);
void __tsan_write2(void *p);
void __tsan_write4(void *p);
void __tsan_write8(void *p);

/* What one thread did before the release at an address comes before what another does after the
 * acquire there: for orders that the sanitizer does not see itself. */
TSAN_UNWATCHED static inline void tsan_acquire(const void *address)
{
    __tsan_acquire((void *)address);
}

TSAN_UNWATCHED static inline void tsan_release(const void *address)
{
    __tsan_release((void *)address);
}

/* An access in an unwatched function that is watched after all: 1, 2, 4 or 8 aligned bytes. */
TSAN_UNWATCHED static inline void tsan_read(const void *p, size_t size)
{
    switch (size) {
    case 1: __tsan_read1((void *)p); break;
    case 2: __tsan_read2((void *)p); break;
    case 4: __tsan_read4((void *)p); break;
    default: __tsan_read8((void *)p); break;
    }
}

TSAN_UNWATCHED static inline void tsan_write(void *p, size_t size)
{
    switch (size) {
    case 1: __tsan_write1(p); break;
    case 2: __tsan_write2(p); break;
    case 4: __tsan_write4(p); break;
    default: __tsan_write8(p); break;
    }
}
#else
#define TSAN_UNWATCHED

static inline void tsan_acquire(const void *address)
{
}

static inline void tsan_release(const void *address)
{
}

static inline void tsan_read(const void *p, size_t size)
{
}

static inline void tsan_write(void *p, size_t size)
{
}

static inline void tsan_guest_memory(const volatile void *memory, size_t size)
{
}
#endif

#endif
