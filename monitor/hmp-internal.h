/*
 * Shared by the files of the human monitor only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_HMP_INTERNAL_H
#define MONITOR_HMP_INTERNAL_H

#include "monitor/hmp-session.h"

/* Make @s the session of the commands that follow; returns the one before, to be entered
 * again afterwards. */
HmpSession *hmp_session_enter(HmpSession *s);
/* Execute one line and append its output ('\n' line ends). */
void hmp_execute(HmpSession *s, const char *line, GString *out);

#endif
