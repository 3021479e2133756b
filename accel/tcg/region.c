/*
 * Regions: the hash that finds them, links between them, jump caches, and their death.
 *
 * A region dies under the stripe locks of its pages: then nothing finds it (hash), nothing
 * jumps to it (links, jump caches), so a vCPU that is in it leaves at its next exit and does not
 * come back. Its memory stays until the segment of the cache is reclaimed (cache.c).
 *
 * Links to a region are listed under the link lock of its page. Whoever makes one writes the
 * exit's target and then reads whether the region that it leaves is dead; who kills that one says
 * so and then reads its targets: one of the two sees the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/trace.h"

/* ---- Hash ---- */

void tcg_hash_init(TcgHash *h, unsigned bits)
{
    h->bits = bits;
    h->bucket = g_new0(TcgRef, (size_t)1 << bits);
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_mutex_init(&h->lock[i].mutex);
    }
}

void tcg_hash_free(TcgHash *h)
{
    g_free(h->bucket);
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_mutex_clear(&h->lock[i].mutex);
    }
}

/*
 * The regions of a page are neighbours: what runs together is in few lines of the host's
 * caches, and under one lock. A bucket for 16 bytes of code.
 */
static size_t hash_index(const TcgHash *h, uint64_t ram_addr, uint32_t mode, uint32_t cflags)
{
    uint64_t x = ram_addr >> TCG_PAGE_BITS ^ (uint64_t)mode << 40 ^ (uint64_t)cflags << 60;
    uint64_t page = x * UINT64_C(0x9e3779b97f4a7c15) >> (64 - h->bits);
    return (page + (ram_addr >> 4) % (TCG_PAGE_SIZE / 16)) & (((size_t)1 << h->bits) - 1);
}

static GMutex *bucket_lock(TcgHash *h, size_t bucket)
{
    return &h->lock[bucket / (TCG_PAGE_SIZE / 16) % TCG_STRIPES].mutex;
}

TcgRegion *tcg_region_find(TcgVcpu *v, const TcgRegionKey *key, uint64_t pc)
{
    const TcgCache *c = &v->engine->cache;
    TcgHash *h = &v->engine->hash;
    uint64_t page2 = TCG_TAG_INVALID;
    bool asked = false;

    tcg_count(&v->stats.lookups, 1);
    size_t i = hash_index(h, key->ram_addr, key->mode, key->cflags);
    for (TcgRegion *r = tcg_region_of(c, atomic_load_acquire(&h->bucket[i])); r;
         r = tcg_region_of(c, atomic_load_acquire(&r->hash_next))) {
        if (r->ram_addr != key->ram_addr || r->mode != key->mode ||
            r->cflags != key->cflags || atomic_read(&r->dead)) {
            continue;
        }
        if (likely(!r->two_pages)) {
            return r;
        }
        if (!asked) {
            asked = true;
            tcg_fetch_probe(v, (pc & TCG_PAGE_MASK) + TCG_PAGE_SIZE, &page2);
        }
        if (tcg_region_page2(r) == page2) {
            return r;
        }
    }
    return NULL;
}

static TcgRegion *equal_region(const TcgEngine *e, size_t bucket, const TcgRegion *r)
{
    const TcgCache *c = &e->cache;
    TcgRegion *o;

    for (o = tcg_region_of(c, e->hash.bucket[bucket]); o; o = tcg_region_of(c, o->hash_next)) {
        if (o->ram_addr == r->ram_addr && o->mode == r->mode && o->cflags == r->cflags &&
            tcg_region_page2(o) == tcg_region_page2(r) && !atomic_read(&o->dead)) {
            break;
        }
    }
    return o;
}

TcgRegion *tcg_region_publish(TcgEngine *e, TcgRegion *r)
{
    TcgHash *h = &e->hash;
    size_t i = hash_index(h, r->ram_addr, r->mode, r->cflags);
    GMutex *lock = bucket_lock(h, i);
    TcgRegion *o;

    g_mutex_lock(lock);
    o = equal_region(e, i, r);
    if (o && r->tier == 2 && (o->tier < 2 || o->n_insns < r->n_insns)) {
        g_mutex_unlock(lock);
        /* nobody else enters or kills one of this page: the stripe is ours */
        tcg_page_unlist_locked(e, o);
        r->attempts = atomic_read(&o->attempts);
        tcg_region_kill_locked(e, o);
        tcg_page_stripe(e, tcg_region_page(o))->killed--; /* replaced */
        g_mutex_lock(lock);
        o = NULL;
    }
    if (!o) {
        r->hash_next = h->bucket[i];
        atomic_store_release(&h->bucket[i], tcg_ref(&e->cache, r));
        o = r;
    }
    g_mutex_unlock(lock);
    return o;
}

/* The region's own hash_next stays: readers that stand on it go on from there. */
static void hash_remove(TcgEngine *e, TcgRegion *r)
{
    TcgHash *h = &e->hash;
    size_t i = hash_index(h, r->ram_addr, r->mode, r->cflags);
    GMutex *lock = bucket_lock(h, i);

    g_mutex_lock(lock);
    for (TcgRef *p = &h->bucket[i]; *p; p = &tcg_region_of(&e->cache, *p)->hash_next) {
        if (*p == tcg_ref(&e->cache, r)) {
            atomic_store_release(p, r->hash_next);
            break;
        }
    }
    g_mutex_unlock(lock);
}

/* ---- Jump caches ---- */

static uint32_t jumper_bit(unsigned cpu_index)
{
    return UINT32_C(1) << cpu_index % 32;
}

/* All zero but two: what is not used takes no memory. */
void tcg_jump_init(TcgJumpEntry *cache)
{
    cache[0].pc = tcg_jump_no_pc(0);
    cache[tcg_jump_other(0)].pc = tcg_jump_no_pc(tcg_jump_other(0));
}

/* The slot for pc: where it is, one that is free, else the two in turns. */
static unsigned jump_slot(TcgVcpu *v, uint64_t pc)
{
    unsigned i = tcg_jump_index(pc), o = tcg_jump_other(i);
    uint64_t here = atomic_read(&v->jump_cache[i].pc), there = atomic_read(&v->jump_cache[o].pc);
    if (here == pc || there == pc) {
        return here == pc ? i : o;
    }
    if (here == tcg_jump_no_pc(i) || there == tcg_jump_no_pc(o)) {
        return here == tcg_jump_no_pc(i) ? i : o;
    }
    v->jump_turn = !v->jump_turn;
    return v->jump_turn ? i : o;
}

void tcg_jump_set(TcgVcpu *v, uint64_t pc, TcgRegion *r)
{
    unsigned i = jump_slot(v, pc);
    TcgJumpEntry *j = &v->jump_cache[i];
    uint32_t bit = jumper_bit(v->cpu->index);
    if (!(atomic_read(&r->jumpers) & bit)) {
        atomic_fetch_or(&r->jumpers, bit);
    }
    atomic_set(&j->pc, tcg_jump_no_pc(i));
    atomic_set(&j->checked_entry, tcg_region_checked_entry(&v->engine->cache, r));
    atomic_store_release(&j->pc, pc);
    /* Pairs with jump_drop(): the killer sees the entry, or we see that the region died. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (atomic_read(&r->dead)) {
        atomic_set(&j->pc, tcg_jump_no_pc(i));
    }
}

const void *tcg_jump_get(const TcgVcpu *v, uint64_t pc)
{
    unsigned i = tcg_jump_index(pc);
    const TcgJumpEntry *j = &v->jump_cache[i], *o = &v->jump_cache[tcg_jump_other(i)];
    return atomic_read(&j->pc) == pc ? j->checked_entry
                                     : atomic_read(&o->pc) == pc ? o->checked_entry : NULL;
}

/* Both indices are bits of the pc: the page offset gives all but the top ones. vCPUs that never
 * had the region are not looked at, nor their caches: they write both all the time. */
static void jump_drop(TcgEngine *e, TcgRegion *r)
{
    enum { KNOWN = TCG_PAGE_BITS - 1, UNKNOWN = TCG_JUMP_BITS - KNOWN };
    unsigned low = tcg_jump_index(r->ram_addr & ~TCG_PAGE_MASK);
    const void *entry = tcg_region_checked_entry(&e->cache, r);
    unsigned n = atomic_load_acquire(&e->n_vcpus);

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned k = 0; k < n; k++) {
        bool had = atomic_read(&r->jumpers) & jumper_bit(k);
        TcgVcpu *v = had ? atomic_load_acquire(&e->vcpu[k]) : NULL;
        for (unsigned u = 0; v && u < 1u << UNKNOWN; u++) {
            unsigned i = low | u << KNOWN;
            if (atomic_read(&v->jump_cache[i].checked_entry) == entry) {
                atomic_set(&v->jump_cache[i].pc, tcg_jump_no_pc(i));
            }
        }
    }
}

/* ---- Links ---- */

static GMutex *link_lock(TcgEngine *e, const TcgRegion *target)
{
    return &e->link[tcg_stripe(target->ram_addr)].mutex;
}

/* Patch the exit to @target, or back to its stub. */
static void link_set(TcgEngine *e, const TcgOutLink *o, const void *target)
{
    const TcgLink l = { .patch_offset = o->patch_offset, .stub_offset = o->stub_offset };
    tcg_link_set(e->ctx, &e->cache.buf, &l, target);
}

/* The link lock of its target is held. */
static void link_cut_locked(TcgEngine *e, TcgOutLink *o)
{
    const TcgCache *c = &e->cache;
    link_set(e, o, NULL);
    *(TcgRef *)tcg_deref(c, o->prev) = o->next;
    if (o->next) {
        ((TcgOutLink *)tcg_deref(c, o->next))->prev = o->prev;
    }
    atomic_store_release(&o->target, 0);
}

/* Put an exit into its target's list, unless either is dead. */
static bool link_make_locked(const TcgCache *c, TcgRegion *from, TcgOutLink *o, TcgRegion *to)
{
    TcgRef none = 0;
    if (atomic_read(&to->dead) ||
        !__atomic_compare_exchange_n(&o->target, &none, tcg_ref(c, to), false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (atomic_read(&from->dead)) {
        atomic_store_release(&o->target, 0);
        return false;
    }
    o->next = to->incoming;
    if (o->next) {
        ((TcgOutLink *)tcg_deref(c, o->next))->prev = tcg_ref(c, &o->next);
    }
    o->prev = tcg_ref(c, &to->incoming);
    to->incoming = tcg_ref(c, o);
    return true;
}

void tcg_region_link(TcgVcpu *v, TcgRegion *from, unsigned n, TcgRegion *to)
{
    TcgEngine *e = v->engine;
    if (n >= from->n_links || from->mode != to->mode || from->cflags || to->cflags) {
        return;
    }
    TcgOutLink *o = &from->out[n];
    if (!o->cross_page && tcg_region_page(from) != tcg_region_page(to)) {
        return; /* remapped in between */
    }
    bool checked = o->cross_page || to->two_pages;
    g_mutex_lock(link_lock(e, to));
    if (link_make_locked(&e->cache, from, o, to)) {
        link_set(e, o, checked ? tcg_region_checked_entry(&e->cache, to)
                               : tcg_region_entry(&e->cache, to));
        tcg_count(&v->stats.links, 1);
    }
    g_mutex_unlock(link_lock(e, to));
}

/* ---- Death ---- */

static void links_cut(TcgEngine *e, TcgRegion *r)
{
    const TcgCache *c = &e->cache;
    TcgRef to;

    g_mutex_lock(link_lock(e, r));
    while (r->incoming) {
        link_cut_locked(e, tcg_deref(c, r->incoming));
    }
    g_mutex_unlock(link_lock(e, r));
    for (unsigned i = 0; i < r->n_links; i++) {
        TcgOutLink *o = &r->out[i];
        while ((to = atomic_load_acquire(&o->target))) {
            GMutex *lock = link_lock(e, tcg_region_of(c, to));
            g_mutex_lock(lock);
            if (atomic_read(&o->target) == to) { /* else it has died first */
                link_cut_locked(e, o);
            }
            g_mutex_unlock(lock);
        }
    }
}

void tcg_region_kill_locked(TcgEngine *e, TcgRegion *r)
{
    if (r->dead) {
        return;
    }
    trace_tcg_region_kill(r->ram_addr, r->mode);
    atomic_set(&r->dead, true);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    hash_remove(e, r);
    links_cut(e, r);
    jump_drop(e, r);
    tcg_page_stripe(e, tcg_region_page(r))->killed++;
    atomic_fetch_add(&tcg_slice_of(&e->cache, r)->dead, 1);
}

void tcg_region_kill(TcgEngine *e, TcgRegion *r)
{
    uint64_t page1 = tcg_region_page(r), page2 = tcg_region_page2(r);
    tcg_pages_lock(e, page1, page2);
    tcg_page_unlist_locked(e, r);
    tcg_region_kill_locked(e, r);
    tcg_pages_unlock(e, page1, page2);
}
