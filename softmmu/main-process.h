/*
 * What options ask of the process rather than of the machine (main-process.c,
 * main-daemon.c, main-sandbox.c, main-argv.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MAIN_PROCESS_H
#define SOFTMMU_MAIN_PROCESS_H

#include "qapi/qapi-options.h"

/*
 * The arguments with -readconfig files in their places and -set applied; also serves
 * -writeconfig. A new vector for g_strfreev(); *ret_argc: its length. NULL on failure.
 */
char **main_expand_argv(int argc, char **argv, int *ret_argc, GError **err);

/* -daemonize: go on in a child. The parent waits until that is ready or has ended, and ends;
 * it does not return. Before any thread and descriptor of the process's own. */
bool main_daemonize(const QapiOptions *o, GError **err);
/* The machine is ready: let go of the terminal and tell the parent. */
bool main_daemon_ready(GError **err);

/* -msg, -name, -L, -add-fd, -audiodev, -overcommit, -run-with exit-with-parent: at the start. */
bool main_setup_early(const QapiOptions *o, GError **err);
/* -run-with chroot and user, then -sandbox: when everything is open. */
bool main_drop_rights(const QapiOptions *o, GError **err);
/* -sandbox. */
bool main_start_sandbox(const SandboxConfiguration *c, GError **err);

#endif
