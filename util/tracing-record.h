/*
 * What the generated emitters of trace events use (scripts/tracegen.py); nobody else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_TRACING_RECORD_H
#define UTIL_TRACING_RECORD_H

#include "util/tracing.h"

typedef struct TraceArg {
    const char *name;
    uint8_t size; /* bytes; 0: a string */
    bool is_signed;
    bool hex;
} TraceArg;

typedef struct TraceEvent {
    const char *name;
    const TraceArg *args;
    unsigned n_args;
} TraceEvent;

/* The events of a folder. */
typedef struct TraceGroup {
    const char *folder;
    const TraceEvent *events;
    uint8_t *on; /* a flag for each */
    unsigned n_events;
    unsigned first_id; /* number of the first in a file; set when that is opened */
} TraceGroup;

#define TRACE_GROUP(group)                                                                \
    static TraceGroup *const trace_group_ref                                              \
        __attribute__((section("rhea_traces"), used)) = &(group)
extern TraceGroup *const __start_rhea_traces[] __attribute__((weak));
extern TraceGroup *const __stop_rhea_traces[] __attribute__((weak));

enum { TRACE_STRING_MAX = 1023 }; /* longer ones are cut */

extern bool trace_text_mode; /* set before threads run */
static inline bool trace_is_text(void)
{
    return trace_text_mode;
}

/* One line; the format is checked in the emitter. */
void trace_text(const TraceEvent *event, const char *fmt, ...) PRINTF(2, 3);

/* Begin the record of an event with @size bytes of arguments in this thread's stream: the
 * place of the first argument, or NULL if there is no room and the event is counted as
 * lost. trace_record_end() takes the place behind the last one. */
uint8_t *trace_record_begin(const TraceGroup *group, unsigned index, unsigned size);
void trace_record_end(uint8_t *end);

/* Bytes of a string in a record, with its final 0. */
static inline unsigned trace_string_size(const char *text)
{
    return strnlen(text ? text : "(null)", TRACE_STRING_MAX) + 1;
}

static inline uint8_t *trace_put(uint8_t *p, const void *value, unsigned size)
{
    memcpy(p, value, size);
    return p + size;
}

static inline uint8_t *trace_put_string(uint8_t *p, const char *text)
{
    unsigned len = trace_string_size(text) - 1;

    memcpy(p, text ? text : "(null)", len);
    p[len] = 0;
    return p + len + 1;
}

/* The CTF writer (util/tracing-ctf.c). */
bool trace_ctf_open(const char *path, GError **err);
uint64_t trace_ctf_close(void);

#endif
