/*
 * Shared by the files of monitor/ only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_QMP_INTERNAL_H
#define MONITOR_QMP_INTERNAL_H

#include "util/osdep.h"
#include <json-c/json.h>

typedef struct QmpMonitor QmpMonitor;

/* The monitor whose request is being executed, or NULL. */
QmpMonitor *qmp_monitor_current(void);
void qmp_monitor_negotiated(QmpMonitor *m, bool oob);
/* {"QMP": {"version": ..., "capabilities": [...]}}, a new reference */
struct json_object *qmp_greeting(void);

/* The oldest descriptor that the client has passed (SCM_RIGHTS) and that was not taken yet,
 * or -1. */
int qmp_monitor_take_fd(QmpMonitor *m);
void qmp_monitors_init(void);
void qmp_monitors_cleanup(void);
void hmp_monitors_cleanup(void);

#endif
