/*
 * Memory apart from other memory (util/apart.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/apart.h"

void *alloc_apart(size_t size)
{
    void *p;

    if (posix_memalign(&p, APART, ROUND_UP(MAX(size, 1), APART)) != 0) {
        g_error("no memory for %zu bytes", size);
    }
    return p;
}

void *alloc_apart0(size_t size)
{
    return memset(alloc_apart(size), 0, size);
}
