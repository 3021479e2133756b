/*
 * Memory that one thread writes all the time while others write what lies beside it.
 *
 * Two cores that write the same line of their caches take it from each other at each write; hosts
 * also fetch lines in pairs. What belongs to one vCPU therefore has pairs of lines of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_APART_H
#define UTIL_APART_H

#include "util/osdep.h"

enum { APART = 128 /* bytes: a pair of lines */ };

/* @size bytes with nothing else in their pairs of lines; to be freed by g_free(). Ends the process
 * when there is no memory, as g_malloc() does. */
void *alloc_apart(size_t size);
/* The same, zeros. */
void *alloc_apart0(size_t size);

#endif
