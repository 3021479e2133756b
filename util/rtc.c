/*
 * The reference of guests' real-time clocks (util/rtc.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/rtc.h"
#include "util/timer.h"
#include <time.h>

/* Set once by -rtc, before the machine runs. */
static struct {
    ClockType clock;
    int64_t offset_ns; /* to add to the clock */
} reference = { .clock = CLOCK_TYPE_HOST };

int64_t rtc_reference_ns(void)
{
    return clock_ns(reference.clock) + reference.offset_ns;
}

/* Seconds since 1970 at the start of the machine. */
static bool parse_base(const char *base, int64_t *ret_seconds, GError **err)
{
    int64_t now = clock_ns(CLOCK_TYPE_HOST) / NANOSECONDS_PER_SECOND;
    g_autoptr(GDateTime) date = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

    if (!base || g_str_equal(base, "utc")) {
        *ret_seconds = now;
        return true;
    }
    if (g_str_equal(base, "localtime")) {
        time_t t = now;
        struct tm tm;

        localtime_r(&t, &tm);
        *ret_seconds = now + tm.tm_gmtoff;
        return true;
    }
    text = strchr(base, 'T') ? g_strdup(base) : g_strconcat(base, "T00:00:00", NULL);
    date = g_date_time_new_from_iso8601(text, utc);
    if (!date) {
        error_set(err, "-rtc base=%s is no date", base);
        error_set_expected(err, "utc, localtime or a date such as 2006-06-17T16:01:21");
        return false;
    }
    *ret_seconds = g_date_time_to_unix(date);
    return true;
}

bool rtc_configure(const char *base, const char *clock, GError **err)
{
    static const char *const clocks[] = { "rt", "vm", "host", NULL };
    ClockType type = CLOCK_TYPE_HOST;
    int64_t seconds;

    if (clock) {
        unsigned i = 0;

        while (clocks[i] && !g_str_equal(clocks[i], clock)) {
            i++;
        }
        if (!clocks[i]) {
            return error_set_unknown(err, "-rtc clock", clock, clocks);
        }
        type = (ClockType[]){ CLOCK_TYPE_REALTIME, CLOCK_TYPE_VIRTUAL, CLOCK_TYPE_HOST }[i];
    }
    if (!parse_base(base, &seconds, err)) {
        return false;
    }
    reference.clock = type;
    if (type == CLOCK_TYPE_HOST && (!base || g_str_equal(base, "utc"))) {
        reference.offset_ns = 0;
    } else {
        reference.offset_ns = seconds * NANOSECONDS_PER_SECOND - clock_ns(type);
    }
    return true;
}
