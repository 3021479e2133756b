/*
 * The server that debuggers connect to: gdb's remote serial protocol (GDB manual, appendix
 * "Remote Protocol") for machines of every target. The vCPUs are the threads 1.1, 1.2, ... of
 * one process. Main loop thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GDBSTUB_GDBSTUB_H
#define GDBSTUB_GDBSTUB_H

#include "qom/object.h"

#define TYPE_GDBSTUB "gdbstub"

typedef struct GdbStub GdbStub;

/* Make the server, without a device, at /gdbstub. Once; main owns it. */
GdbStub *gdbstub_new(void);
/* Wait for a debugger on a device: "tcp::1234" and the other forms of -gdb; "none". One that
 * is connected is disconnected first. */
bool gdbstub_start(GdbStub *s, const char *device, GError **err);
/* The process ends with @status: tell the debugger. */
void gdbstub_end(GdbStub *s, int status);

#endif
