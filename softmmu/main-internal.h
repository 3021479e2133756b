/*
 * Shared by the files that start the process (softmmu/main*.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MAIN_INTERNAL_H
#define SOFTMMU_MAIN_INTERNAL_H

#include "hw/core/machine.h"
#include "qapi/qapi-options.h"
#include "qapi/qapi-types-options.h"

/* A target: what -target names and rhea-system-NAME presets. */
typedef struct GuestTarget {
    const char *name;   /* "riscv64" */
    const char *family; /* "riscv" */
} GuestTarget;
const GuestTarget *target_find(const char *name, GError **err);
/* NULL-terminated. */
const char *const *target_names(void);

/* Answer "help" given as an option's value, to stdout. */
bool main_print_help_for(const QapiOptions *o, const GuestTarget *target, GError **err);

/* -chardev, then -qmp, -mon, -serial and -monitor with their defaults. */
bool main_start_consoles(const QapiOptions *o, bool has_machine, GError **err);
/* Monitors that share a mux with a device join after it. */
bool main_finish_consoles(GError **err);

/* The machine object with all that the command line says of it. */
MachineState *main_create_machine(const QapiOptions *o, const GuestTarget *target,
                                  GError **err);
/* -fw_cfg, and what fw_cfg tells of the process. After the machine was initialized. */
bool main_add_fw_cfg(const QapiOptions *o, GError **err);
/* -netdev; and -nic and -net, whose cards come after other devices. */
bool main_add_netdevs(const QapiOptions *o, GError **err);
bool main_add_nics(const QapiOptions *o, GError **err);
/* The accelerator, by -accel or the default. */
bool main_start_accel(const QapiOptions *o, GError **err);

#endif
