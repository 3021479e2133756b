/*
 * Monitors: QMP and HMP servers on character devices.
 *
 * Main loop thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "chardev/char.h"
#include "qapi/qapi-types-common.h"
#include "qapi/qmp-dispatch.h"

/* Serve QMP on chr; @pretty: indented replies. */
bool monitor_start_qmp(Chardev *chr, bool pretty, GError **err);
/* Serve HMP on chr. */
bool monitor_start_hmp(Chardev *chr, GError **err);
/* Route events of the run state and of generated code to the QMP clients. Once. */
void monitor_init(void);
/* Send what is queued, then close all monitors (the process ends). */
void monitor_cleanup(void);

/* What commands for people return; the text is taken over. */
HumanReadableText *human_readable_text(GString *text);

/* Conditions of the schema and the state that dispatch depends on. */
void monitor_dispatch_setup(QmpDispatch *d);
/* Set by main once they are known; NULL while they are not. */
void monitor_set_target(const char *target, const char *family);
void monitor_set_preconfig(bool preconfig);

#endif
