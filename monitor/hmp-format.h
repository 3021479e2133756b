/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_HMP_FORMAT_H
#define MONITOR_HMP_FORMAT_H

#include "qapi/hmp-table.h"
#include <json-c/json.h>

/* Append what the command returned, as people read it. */
void hmp_format(const HmpCommand *c, struct json_object *value, GString *out);

/* hmp-profile.c: the answer to query-profile. */
void hmp_format_profile(struct json_object *value, GString *out);

#endif
