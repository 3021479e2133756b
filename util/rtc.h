/*
 * The wall clock that guests' real-time clocks start from (-rtc).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_RTC_H
#define UTIL_RTC_H

#include "util/osdep.h"
#include "util/error.h"

/* Nanoseconds since 1970 by -rtc base= and clock=. Machine lock. */
int64_t rtc_reference_ns(void);
/* -rtc: base is "utc", "localtime" or a date such as 2006-06-17T16:01:21 or 2006-06-17;
 * clock is "host", "rt" or "vm". NULL keeps the default (utc, host). */
bool rtc_configure(const char *base, const char *clock, GError **err);

#endif
