/*
 * What the command line says of the process itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_PROCESS_INFO_H
#define MONITOR_PROCESS_INFO_H

/* -name and -uuid; copied. */
void process_info_set_name(const char *name);
void process_info_set_uuid(const char *uuid);
const char *process_info_name(void);

#endif
