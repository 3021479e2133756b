/*
 * Small conversions of text, and files as bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_CUTILS_H
#define UTIL_CUTILS_H

#include "util/osdep.h"
#include "util/error.h"

/* A whole unsigned number, decimal or hexadecimal with 0x, that is at most @max; nothing
 * may stand before or behind it. */
bool parse_uint(const char *text, uint64_t max, uint64_t *ret);

/* A byte count: a number as above or with a fraction, and one of the suffixes B, K, M, G,
 * T, P, E (either case, powers of 1024); without a suffix it counts in @unit. A fraction
 * needs a unit above bytes, and is cut to whole bytes. */
bool parse_size(const char *text, uint64_t unit, uint64_t *ret);

/* The other way, for messages: "1.5 GiB", "512 MiB", "17 B". */
char *format_size(uint64_t bytes);

/* All of a file, which may be a pipe, in memory to be freed; a zero byte follows. The error
 * names the file. @ret_size may be NULL. */
bool read_file(const char *path, char **ret, gsize *ret_size, GError **err);

/* A regular file mapped for reading, or NULL; the error names the file. */
GMappedFile *map_file(const char *path, GError **err);

#endif
