/*
 * Rendering a tree of regions to a flat view.
 *
 * Regions are visited from the highest priority down; each terminal region takes what is
 * still free of its window. Windows are clipped on the way down, so a region never shows
 * outside its container. Positions are 128-bit because an alias can put a region's start
 * below address 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory-internal.h"

typedef __int128 Pos;

enum { MAX_DEPTH = 32 }; /* aliases could form a cycle: ours to avoid, but never endless */

static unsigned lower_bound(const FlatRange *ranges, unsigned n, uint64_t addr)
{
    unsigned lo = 0, hi = n;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (ranges[mid].last < addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

unsigned flatview_find(const FlatView *view, uint64_t addr)
{
    return lower_bound(view->ranges, view->n, addr);
}

static void insert_range(GArray *ranges, unsigned at, MemoryRegion *mr, Pos base,
                         uint64_t start, uint64_t last)
{
    FlatRange r = {
        .start = start,
        .last = last,
        .mr = mr,
        .offset = (uint64_t)(start - base),
        .direct_read = mr->ram && (!mr->rom_device || mr->romd_mode),
        .direct_write = mr->ram && !mr->rom_device && !mr->ram->readonly,
    };

    g_array_insert_val(ranges, at, r);
}

/* Give mr the parts of [start, last] that no range covers yet. */
static void fill_gaps(GArray *ranges, MemoryRegion *mr, Pos base, uint64_t start,
                      uint64_t last)
{
    unsigned i = lower_bound((FlatRange *)ranges->data, ranges->len, start);

    for (;;) {
        const FlatRange *next =
            i < ranges->len ? &g_array_index(ranges, FlatRange, i) : NULL;

        if (!next || next->start > last) {
            insert_range(ranges, i, mr, base, start, last);
            return;
        }
        uint64_t next_last = next->last;
        if (next->start > start) {
            insert_range(ranges, i, mr, base, start, next->start - 1);
            i++;
        }
        if (next_last >= last) {
            return;
        }
        start = next_last + 1;
        i++;
    }
}

static void render(GArray *ranges, MemoryRegion *mr, Pos base, Pos clip_start, Pos clip_last,
                   unsigned depth)
{
    Pos start = MAX(base, clip_start);
    Pos last = MIN(base + memory_region_last(mr), clip_last);

    if (!mr->enabled || mr->size == 0 || start > last || depth > MAX_DEPTH) {
        return;
    }
    if (mr->alias) {
        render(ranges, mr->alias, base - mr->alias_offset, start, last, depth + 1);
        return;
    }
    for (unsigned i = 0; mr->subregions && i < mr->subregions->len; i++) {
        MemoryRegion *sub = g_ptr_array_index(mr->subregions, i);

        render(ranges, sub, base + sub->addr, start, last, depth + 1);
    }
    if (mr->ops || mr->ram) {
        fill_gaps(ranges, mr, base, start, last);
    }
}

FlatView *flatview_render(MemoryRegion *root)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange));
    FlatView *view = g_new0(FlatView, 1);

    if (root) {
        render(ranges, root, root->addr, 0, UINT64_MAX, 0);
    }
    view->n = ranges->len;
    view->ranges = (FlatRange *)g_array_free(ranges, FALSE);
    return view;
}

void flatview_free(FlatView *view)
{
    if (view) {
        g_free(view->ranges);
        g_free(view);
    }
}
