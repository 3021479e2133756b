/*
 * Trace events: what the code can tell while it runs, each off until asked for.
 *
 * A folder declares its events in a table, FOLDER/trace-events; scripts/tracegen.py makes
 * "FOLDER/trace.h" of it, with trace_NAME(ARGS) for each. While an event is off this costs
 * the test of one byte, and the arguments are not evaluated. docs/devel/tracing.rst
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_TRACING_H
#define UTIL_TRACING_H

#include "util/osdep.h"
#include "util/error.h"

/* False at compile time in a build with -Dtrace=false, which shows what events cost. */
static inline bool trace_is_on(const uint8_t *flag)
{
    return CONFIG_TRACE && unlikely(atomic_read(flag));
}

/* How events leave the process. */
typedef enum TraceFormat {
    TRACE_TEXT, /* a line each */
    TRACE_CTF,  /* a folder in the Common Trace Format, version 1.8 */
} TraceFormat;

/*
 * Turn on the events whose names match @pattern (* and ? stand for any characters and any
 * one character), or off if it begins with '-'. A pattern without a match is an error that
 * names it, with the nearest names if it has no wildcard. Safe at any time in any thread.
 */
bool trace_enable(const char *pattern, GError **err);
/* The same for each line of a file; empty lines and those that begin with # are skipped.
 * An error names file and line. */
bool trace_enable_file(const char *path, GError **err);
/* Whether @pattern has a wildcard. */
bool trace_is_pattern(const char *pattern);
/* Call @fn (if any) for each event that matches @pattern (NULL: all), with its flag. Returns
 * how many there were; setting the flag turns the event on or off. */
unsigned trace_foreach(const char *pattern,
                       void (*fn)(const char *name, uint8_t *flag, void *opaque),
                       void *opaque);
/* Fail with "unknown trace event", as trace_enable() does. Always returns false. */
bool trace_error_unknown(const char *name, GError **err);
/* The names of all events, a line each, sorted. */
void trace_help(GString *out);

/*
 * Write events to @path instead of the log: a file for TRACE_TEXT, a folder for TRACE_CTF
 * (made, or emptied if it holds an earlier trace; refused if it holds anything else). There
 * is one at a time. Call before other threads run.
 */
bool trace_open(const char *path, TraceFormat format, GError **err);
/* Whether lines begin with "THREAD@SECONDS.MICROSECONDS:" (default: no). */
void trace_set_timestamps(bool on);
/* Turn all events off and end the file. Returns how many events found no room in it. */
uint64_t trace_close(void);

#endif
