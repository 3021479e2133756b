/*
 * Semihosting: system calls of bare-metal programs to the host (Semihosting for AArch32 and
 * AArch64, release 2.0; RISC-V Semihosting 1.0 for the calling convention).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SEMIHOSTING_SEMIHOSTING_H
#define SEMIHOSTING_SEMIHOSTING_H

#include "util/osdep.h"
#include "util/error.h"

typedef struct SemihostingConfig {
    bool enabled;
    bool userspace;            /* U-mode may call too */
    const char *chardev;       /* id of the console's character device; NULL: stderr/stdout */
    const char *const *args;   /* the program's command line; none: kernel and append */
    unsigned n_args;
    const char *kernel, *append;
} SemihostingConfig;

/* Set once by main before the machine runs; everything is copied. */
bool semihosting_configure(const SemihostingConfig *config, GError **err);

#endif
