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
 * has. What it calls is watched. */
#define TSAN_UNWATCHED __attribute__((no_sanitize("thread")))
/* A function that such a one calls: inlined there it would not be watched either. */
#define TSAN_WATCHED __attribute__((noinline))
#else
#define TSAN_UNWATCHED
#define TSAN_WATCHED

static inline void tsan_guest_memory(const volatile void *memory, size_t size)
{
}
#endif

#endif
