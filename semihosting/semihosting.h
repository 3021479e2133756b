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
/* Where SYS_HEAPINFO lets heap (up from @base) and stack (down from @limit) lie; until a
 * board says so, it reports 0: unknown. */
void semihosting_set_heap(uint64_t base, uint64_t limit);

/* The calling CPU. */
typedef struct SemihostingGuest {
    /* Copy from or to guest memory; false if a byte is not reachable. */
    bool (*mem)(void *opaque, uint64_t addr, void *buf, size_t len, bool write);
    void *opaque;
    unsigned word_size; /* of a field in parameter blocks: 4 or 8 bytes */
} SemihostingGuest;

/* Whether calls are honoured; @user: from user mode. Any thread. */
bool semihosting_enabled(bool user);
/* Operation @op with @param (most often the address of a parameter block): returns the
 * guest's result. vCPU threads, without the machine lock; files are shared by all vCPUs. */
uint64_t semihosting_call(const SemihostingGuest *g, uint32_t op, uint64_t param);

#endif
