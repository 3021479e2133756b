/*
 * The log of -d and -D.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include "util/osdep.h"
#include "util/error.h"

enum {
    LOG_IN_ASM = 1 << 0, LOG_OP = 1 << 1, LOG_OUT_ASM = 1 << 2, LOG_INT = 1 << 3,
    LOG_EXEC = 1 << 4, LOG_CPU = 1 << 5, LOG_MMU = 1 << 6, LOG_GUEST_ERRORS = 1 << 7,
    LOG_UNIMP = 1 << 8, LOG_CPU_RESET = 1 << 9, LOG_PAGE = 1 << 10, LOG_NOCHAIN = 1 << 11,
    LOG_STRACE = 1 << 12,
};

extern unsigned log_mask; /* read through log_enabled() */
static inline bool log_enabled(unsigned bits)
{
    return unlikely(atomic_read(&log_mask) & bits);
}
/* -d in_asm,op,...: "help" is the caller's. Unknown items are errors with the nearest. */
bool log_set_items(const char *items, GError **err);
/* Text of -d help. */
void log_items_help(GString *out);
bool log_set_file(const char *path, GError **err);
/* Address ranges of -dfilter (START+LEN, START-LEN, START..END, comma-separated). */
bool log_set_filter(const char *ranges, GError **err);
bool log_in_filter(uint64_t addr);
/* One write; whole lines of several threads do not mix. */
void log_printf(const char *fmt, ...) PRINTF(1, 2);
void log_write(const char *text);
#define log_if(bits, ...)                                                                 \
    do {                                                                                  \
        if (log_enabled(bits)) {                                                          \
            log_printf(__VA_ARGS__);                                                      \
        }                                                                                 \
    } while (0)
void log_close(void);

#endif
