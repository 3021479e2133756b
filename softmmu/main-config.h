/*
 * The machine that is being made: one path for the command line, whose options become
 * commands of the machine protocol (main-commands.c), and for clients that send them.
 *
 *     empty --machine-create--> created --build--> built --finish--> ready
 *
 * Objects, disks and character devices come before the board is built, devices after that.
 * Main loop thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MAIN_CONFIG_H
#define SOFTMMU_MAIN_CONFIG_H

#include "hw/core/machine.h"
#include "qapi/qapi-types-options.h"

/* A target: what -target names and rhea-system-NAME presets. */
typedef struct GuestTarget {
    const char *name;   /* "riscv64" */
    const char *family; /* "riscv" */
} GuestTarget;
const GuestTarget *target_find(const char *name, GError **err);
/* NULL-terminated. */
const char *const *target_names(void);

/* What the process does when a machine is complete, before its first reset; NULL: nothing. */
typedef bool MainCompleteFn(void *opaque, GError **err);

/* Once, before anything is made. @target: chosen already, or NULL. @preconfig: the process
 * waits for commands. @autostart: a machine made so runs once x-exit-preconfig is given. */
void main_config_init(const GuestTarget *target, bool preconfig, bool autostart,
                      MainCompleteFn *complete, void *opaque);
/* Whether a machine must be made or finished before the guest can run. */
bool main_config_pending(void);
/* machine-create: @args as the schema's MachineCreateOptions and the machine's properties;
 * @keyval: its scalars may be strings in option syntax. On failure nothing has changed but
 * the accelerator, which stays if it was started. */
bool main_config_create(struct json_object *args, bool keyval, GError **err);
/* Build the board unless that was done. A failure is final: the process must be ended. */
bool main_config_build(GError **err);
/* Build if need be, complete and reset the machine: it is ready to run. */
bool main_config_finish(GError **err);
/* The same for x-exit-preconfig; an error if no machine is being made. */
bool main_config_exit_preconfig(GError **err);
/* device_add: build the board first if that was not done. */
DeviceState *main_config_add_device(struct json_object *opts, bool keyval, GError **err);
/* -mon and monitor-add. Behind a mux a monitor joins after the guest's devices. */
bool main_monitor_add(const MonitorOptions *m, GError **err);

/* The accelerator: the first that works of objects with the member accel, its name or names
 * with colons between them, and properties. NULL: tcg. One that runs already stays. */
bool main_start_accel(struct json_object *const *list, size_t n, bool keyval, GError **err);
/* Hand files to fw_cfg, and the facts that it tells of the process. After the board is
 * built. */
bool main_add_fw_cfg(const MachineState *m, const FwCfgOptionsList *files, const char *uuid,
                     GError **err);

#endif
