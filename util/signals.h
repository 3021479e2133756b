/*
 * Signals that end the process, delivered as events of the main loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_SIGNALS_H
#define UTIL_SIGNALS_H

#include "util/osdep.h"
#include "util/error.h"
#include <sys/types.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP call fn from the main loop (machine lock held)
 * with the signal's number and the sender's process id (0: the kernel, a terminal); SIGPIPE
 * is ignored. After main_loop_init() and before other threads are made, which inherit the
 * mask.
 */
bool signals_init(void (*fn)(int signum, pid_t sender, void *opaque), void *opaque,
                  GError **err);
/* For a child between fork and exec: the default actions and mask again. */
void signals_restore_in_child(void);

#endif
