/*
 * The code cache: one buffer for all vCPUs, in segments that are reused, those first where little
 * is alive, else first in, first out; a vCPU fills a slice of the current segment at a time, so that vCPUs translate
 * without a common lock. Regions' descriptions lie in a memory of their own that is cut up
 * the same way.
 *
 * When a segment is to be reused:
 *   1. close it (its generation counts up) and wait until every vCPU was at a point without
 *      regions: nobody fills a slice of it any more;
 *   2. kill its regions: nothing leads to them;
 *   3. wait again: nobody is in them. The memory is free.
 * One eighth of the cache goes at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <sched.h>
#include <sys/mman.h>

#include "accel/tcg/internal.h"
#include "accel/tcg/trace.h"

/* Slices are an eighth of a segment where that lies between these, so that several vCPUs
 * fill a segment of a small cache together. Any region fits into the smallest (or is made
 * again with fewer instructions). Descriptions have twice the room of code, so that it is code
 * that fills a slice: what is not touched takes no memory. */
enum { SLICE_MIN = 16 * 1024, SLICE_MAX = 64 * 1024 };
/* Room that a usual region needs; with less a new slice is taken. */
enum {
    ROOM_CODE = 2 * 1024,
    ROOM_META = sizeof(TcgRegion) + TCG_MAX_LINKS_BLOCK * sizeof(TcgOutLink) +
                sizeof(TcgMoreNode) + 16,
};

bool tcg_cache_init(TcgCache *c, size_t size, bool for_perf, GError **err)
{
    if (for_perf ? !tcg_buffer_alloc_unnamed(&c->buf, size, err)
                 : !tcg_buffer_alloc(&c->buf, size, err)) {
        return false;
    }
    g_mutex_init(&c->lock);
    return true;
}

void tcg_cache_prologue_done(TcgCache *c, size_t used)
{
    c->code_base = ROUND_UP(used, TCG_PAGE_SIZE);
    size_t room = c->buf.size - c->code_base;
    c->slice_code = CLAMP(ROUND_DOWN(room / TCG_SEGMENTS / 8, 4096), SLICE_MIN, SLICE_MAX);
    c->slice_meta = 2 * c->slice_code;
    unsigned slices = room / c->slice_code;
    c->slices_per_segment = MAX(slices / TCG_SEGMENTS, 1);
    slices = c->slices_per_segment * TCG_SEGMENTS;
    c->meta_size = (size_t)slices * c->slice_meta;
    c->meta = mmap(NULL, c->meta_size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->meta == MAP_FAILED) {
        g_error("no address space for %zu bytes of translator data", c->meta_size);
    }
}

void tcg_cache_free(TcgCache *c)
{
    if (c->meta) {
        munmap(c->meta, c->meta_size);
    }
    tcg_buffer_free(&c->buf);
    g_mutex_clear(&c->lock);
}

/* ---- Slices ---- */

static bool slice_usable(const TcgCache *c, const TcgSlice *s)
{
    return s->valid && s->code_end - s->code >= ROOM_CODE &&
           s->meta_end - s->meta >= (ptrdiff_t)ROOM_META &&
           atomic_load_acquire(&c->seg[s->segment].generation) == s->generation;
}

/* Cache lock held. */
static bool slice_take_locked(TcgCache *c, TcgSlice *s)
{
    TcgSegment *seg = &c->seg[c->current];
    if (seg->used == c->slices_per_segment) {
        return false;
    }
    unsigned index = c->current * c->slices_per_segment + seg->used++;
    *s = (TcgSlice){
        .valid = true,
        .index = index,
        .segment = c->current,
        .generation = seg->generation,
        .code = c->code_base + (size_t)index * c->slice_code,
        .code_end = c->code_base + (size_t)(index + 1) * c->slice_code,
        .meta = (uint8_t *)(tcg_slice_head(c, index) + 1),
        .meta_end = c->meta + (size_t)(index + 1) * c->slice_meta,
    };
    return true;
}

const uint8_t *tcg_region_cold(const TcgCache *c, const TcgRegion *r)
{
    size_t index = ((const uint8_t *)r - c->meta) / c->slice_meta;
    const TcgSliceHead *h = tcg_slice_head(c, index);
    const uint8_t *at = c->buf.rx + c->code_base + (index + 1) * c->slice_code;

    for (const TcgRegion *o = NULL; (o = tcg_slice_region(h, c, o)) && o != r;) {
        at -= o->cold_size;
    }
    return at - r->cold_size;
}

/* ---- Reclaim ---- */

static void segment_reclaim(TcgVcpu *v, unsigned n)
{
    TcgCache *c = &v->engine->cache;
    unsigned first = n * c->slices_per_segment;

    trace_tcg_segment_reclaim(v->cpu->index, n);
    atomic_store_release(&c->seg[n].generation, c->seg[n].generation + 1);
    v->served++;
    tcg_slice_drop(&v->slice);
    tcg_quiesce(v);
    for (unsigned i = first; i < first + c->slices_per_segment; i++) {
        const TcgSliceHead *h = tcg_slice_head(c, i);
        for (TcgRegion *r = NULL; (r = tcg_slice_region(h, c, r));) {
            /* the dead, too: a thread that is no vCPU may still be killing one */
            tcg_region_kill(v->engine, r);
        }
    }
    tcg_quiesce(v);
    for (unsigned i = first; i < first + c->slices_per_segment; i++) {
        *tcg_slice_head(c, i) = (TcgSliceHead){ .end = 0 };
    }
}

/* Most of its regions are dead. */
static bool segment_is_spent(const TcgCache *c, unsigned n)
{
    enum { LIVE = 8 /* at most one of these many */ };
    uint64_t made = 0, dead = 0;

    for (unsigned i = 0; i < c->slices_per_segment; i++) {
        const TcgSliceHead *h = tcg_slice_head(c, n * c->slices_per_segment + i);
        made += atomic_read(&h->made);
        dead += atomic_read(&h->dead);
    }
    return made - dead <= made / LIVE;
}

/*
 * The segment to go on in, with the cache's lock held: the oldest in which little lives, so that
 * a guest that makes code and discards it neither drives all other code out nor makes the process
 * grow; one that was never used; the oldest.
 */
static unsigned segment_choose_locked(const TcgCache *c)
{
    unsigned oldest = TCG_SEGMENTS, spent = TCG_SEGMENTS, unused = TCG_SEGMENTS;

    for (unsigned i = 1; i < TCG_SEGMENTS; i++) {
        unsigned n = (c->current + i) % TCG_SEGMENTS;
        if (!c->seg[n].used) {
            unused = MIN(unused, n);
            continue;
        }
        if (oldest == TCG_SEGMENTS || c->seg[n].begun < c->seg[oldest].begun) {
            oldest = n;
        }
        if ((spent == TCG_SEGMENTS || c->seg[n].begun < c->seg[spent].begun) &&
            segment_is_spent(c, n)) {
            spent = n;
        }
    }
    return spent < TCG_SEGMENTS ? spent : unused < TCG_SEGMENTS ? unused : oldest;
}

void tcg_slice_ensure(TcgVcpu *v)
{
    TcgCache *c = &v->engine->cache;

    while (!slice_usable(c, &v->slice)) {
        g_mutex_lock(&c->lock);
        if (slice_take_locked(c, &v->slice)) {
            g_mutex_unlock(&c->lock);
            continue;
        }
        if (c->reclaiming) {
            g_mutex_unlock(&c->lock);
            tcg_vcpu_serve(v);
            sched_yield();
            continue;
        }
        unsigned next = segment_choose_locked(c);
        if (c->seg[next].used) {
            c->reclaiming = true;
            g_mutex_unlock(&c->lock);
            segment_reclaim(v, next);
            g_mutex_lock(&c->lock);
            c->reclaiming = false;
            c->reclaims++;
            c->seg[next].used = 0;
        }
        c->current = next;
        c->seg[next].begun = ++c->begun;
        g_mutex_unlock(&c->lock);
    }
}
