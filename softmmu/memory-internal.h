/*
 * Shared by the files of the memory core only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MEMORY_INTERNAL_H
#define SOFTMMU_MEMORY_INTERNAL_H

#include "softmmu/memory.h"

/* memory-view.c: render @root; the caller publishes and frees. */
FlatView *flatview_render(MemoryRegion *root);
void flatview_free(FlatView *view);
/* Index of the first range that ends at or after addr (n if none). */
unsigned flatview_find(const FlatView *view, uint64_t addr);

/* memory-space.c: render every address space again and tell listeners (machine lock). */
void address_spaces_update(void);
/* Every address space, for info mtree. */
void address_spaces_foreach(void (*fn)(AddressSpace *as, void *opaque), void *opaque);

/* memory-rcu.c: call fn(ptr) once no reader can hold ptr any more. */
void memory_defer(void (*fn)(void *ptr), void *ptr);

/* ram.c */
RamBlock *ram_block_new(const char *name, uint64_t size, int fd, bool readonly, bool shared,
                        GError **err);
void ram_block_free(RamBlock *rb); /* after a grace period */

/* memory.c: last byte of a region relative to its start */
static inline uint64_t memory_region_last(const MemoryRegion *mr)
{
    return mr->size == UINT64_MAX ? UINT64_MAX : mr->size - 1;
}

#endif
