/*
 * How x, xp and print show values: "/" count, format letter, size letter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_VALUE_FORMAT_H
#define MONITOR_VALUE_FORMAT_H

#include "util/osdep.h"
#include "util/error.h"

enum { VALUE_FORMAT_MAX_COUNT = 1 << 20 };

typedef struct ValueFormat {
    unsigned count;
    char letter;    /* x d u o c i s */
    unsigned size;  /* bytes: 1, 2, 4 or 8 */
    bool size_given;
} ValueFormat;

#define VALUE_FORMAT_DEFAULT ((ValueFormat){ .count = 1, .letter = 'x', .size = 4 })

/* Read "4xw" over the format used last, of which letter and size are kept; NULL: no format
 * was given. Errors name the character. */
bool value_format_parse(const char *text, ValueFormat *f, GError **err);
/* One value of @size bytes; @padded: to the width that the largest has, in columns. */
void value_format_print(GString *out, char letter, unsigned size, bool padded,
                        uint64_t value);

#endif
