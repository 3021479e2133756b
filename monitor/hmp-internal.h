/*
 * Shared by the files of the human monitor only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_HMP_INTERNAL_H
#define MONITOR_HMP_INTERNAL_H

#include "monitor/hmp-session.h"
#include "qapi/hmp-table.h"

/* Make @s the session of the commands that follow; returns the one before, to be entered
 * again afterwards. */
HmpSession *hmp_session_enter(HmpSession *s);
/* Execute one line and append its output ('\n' line ends). */
void hmp_execute(HmpSession *s, const char *line, GString *out);

/* What the line, typed up to the cursor, can go on with: words that may stand in place of
 * line[*ret_start..], sorted; g_ptr_array_unref(). *ret_blank: a blank ends such a word, which
 * is not so for an item of a list. */
GPtrArray *hmp_complete(HmpSession *s, const char *line, size_t *ret_start, bool *ret_blank);
/* The command that a line begins with, and what follows its words; NULL if none. */
const HmpCommand *hmp_find_command(const char *line, const QapiContext *ctx,
                                   const char **ret_rest);

#endif
