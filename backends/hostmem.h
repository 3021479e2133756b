/*
 * Memory objects: host memory that a machine uses as guest memory (-object
 * memory-backend-*).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_HOSTMEM_H
#define BACKENDS_HOSTMEM_H

#include "qom/object.h"
#include "softmmu/memory.h"

#define TYPE_MEMORY_BACKEND "memory-backend"

typedef struct HostMemory {
    Object parent;
    uint64_t size;       /* properties */
    bool share, merge, dump, prealloc;
    MemoryRegion region; /* exists once the object is complete */
    bool mapped;         /* a machine uses it */
} HostMemory;

typedef struct HostMemoryClass {
    ObjectClass parent;
    /* The file behind the memory (the caller's), -1: none; -2: a fault. */
    int (*open)(HostMemory *mem, GError **err);
    bool share_default;
} HostMemoryClass;

/* The object with that id, if no machine uses it yet; it is in use from now on. */
HostMemory *host_memory_claim(const char *id, GError **err);

#endif
