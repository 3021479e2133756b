/*
 * What a human monitor remembers from one line to the next. Machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_HMP_SESSION_H
#define MONITOR_HMP_SESSION_H

#include "accel/cpu.h"
#include "monitor/value-format.h"

typedef struct HmpSession {
    unsigned cpu;          /* index of the vCPU that commands about one CPU mean */
    ValueFormat format;    /* last used by x, xp and print */
    uint64_t next[2];      /* where x and xp go on without an address */
    GPtrArray *history;    /* lines, the oldest first; NULL: none yet */
} HmpSession;

void hmp_session_init(HmpSession *s, unsigned cpu);
void hmp_session_clear(HmpSession *s);
/* Add a line to the history, unless it is empty or the last one again. */
void hmp_session_remember(HmpSession *s, const char *line);
GPtrArray *hmp_history(HmpSession *s);
/* The session whose line is being executed, or a fresh one for commands from QMP. */
HmpSession *hmp_session(void);

/* The vCPU that an argument names, else the session's; NULL with the error set. */
CpuState *monitor_cpu(bool has_index, int64_t index, GError **err);
/* A register of the session's vCPU, for expr_evaluate(); opaque is unused. */
bool monitor_register(const char *name, uint64_t *ret, void *opaque, GError **err);
/* The names of those registers; g_ptr_array_unref(). */
GPtrArray *monitor_register_names(void);

#endif
