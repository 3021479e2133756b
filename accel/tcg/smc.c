/*
 * Pages that code was translated from, and what happens when they are written.
 *
 * While translations from a RAM page exist or are being made, its flag RAM_PAGE_CODE is set
 * and no vCPU has a store entry for it that generated code could use: stores take the
 * slow path, which compares with the granules of 128 bytes that regions cover and kills
 * the regions that the stored bytes overlap. When the last is gone the flag is cleared and
 * direct stores come back at the next slow one.
 *
 * A translation pins its pages before it reads them and notes their versions; a write to
 * a pinned page counts the version up, and publishing compares.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"

enum { GRANULE_BITS = TCG_PAGE_BITS - 5 };
_Static_assert(TCG_PAGE_SIZE >> GRANULE_BITS == TCG_GRANULES, "a bit for each");

void tcg_pages_init(TcgEngine *e)
{
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_mutex_init(&e->stripe[i].lock);
        e->stripe[i].pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    }
}

void tcg_pages_free(TcgEngine *e)
{
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_hash_table_destroy(e->stripe[i].pages);
        g_mutex_clear(&e->stripe[i].lock);
    }
}

TcgPageStripe *tcg_page_stripe(TcgEngine *e, uint64_t ram_page)
{
    return &e->stripe[tcg_stripe(ram_page)];
}

/* Both stripes, lower address first; page2 may be TCG_TAG_INVALID. */
void tcg_pages_lock(TcgEngine *e, uint64_t page1, uint64_t page2)
{
    TcgPageStripe *a = tcg_page_stripe(e, page1);
    TcgPageStripe *b = page2 == TCG_TAG_INVALID ? a : tcg_page_stripe(e, page2);
    g_mutex_lock(&MIN(a, b)->lock);
    if (a != b) {
        g_mutex_lock(&MAX(a, b)->lock);
    }
}

void tcg_pages_unlock(TcgEngine *e, uint64_t page1, uint64_t page2)
{
    TcgPageStripe *a = tcg_page_stripe(e, page1);
    TcgPageStripe *b = page2 == TCG_TAG_INVALID ? a : tcg_page_stripe(e, page2);
    g_mutex_unlock(&a->lock);
    if (a != b) {
        g_mutex_unlock(&b->lock);
    }
}

static TcgPage *page_find_locked(TcgPageStripe *s, uint64_t ram_page)
{
    return g_hash_table_lookup(s->pages, &ram_page);
}

static uint8_t *page_flags(uint64_t ram_page)
{
    uint64_t offset;
    RamBlock *rb = ram_block_from_addr(ram_page, &offset);
    return rb ? &rb->page_flags[offset >> TCG_PAGE_BITS] : NULL;
}

static uint32_t granule_mask(unsigned first, unsigned last)
{
    unsigned a = first >> GRANULE_BITS, b = last >> GRANULE_BITS;
    return (UINT32_MAX << a) & (UINT32_MAX >> (31 - b));
}

/*
 * Forget the page if nothing depends on its guard. Guarding it again would ask all vCPUs:
 * where code is patched and run in turns, the guard stays, until many writes in a row have
 * found no code.
 */
enum { IDLE_WRITES = 32 };

void tcg_page_release_locked(TcgEngine *e, TcgPageStripe *s, TcgPage *p)
{
    if (p->pins || p->n_ranges || (p->guarded && p->idle_writes < IDLE_WRITES)) {
        return;
    }
    uint8_t *flags = page_flags(p->ram_page);
    if (flags && !e->shared) {
        atomic_fetch_and(flags, (uint8_t)~RAM_PAGE_CODE);
    }
    g_hash_table_remove(s->pages, &p->ram_page);
}

void tcg_page_pin(TcgVcpu *v, uint64_t ram_page, TcgPagePin *pin)
{
    TcgPageStripe *s = tcg_page_stripe(v->engine, ram_page);
    g_mutex_lock(&s->lock);
    TcgPage *p = page_find_locked(s, ram_page);
    if (!p) {
        p = alloc_apart0(sizeof(*p));
        p->ram_page = ram_page;
        g_hash_table_insert(s->pages, &p->ram_page, p);
        uint8_t *flags = page_flags(ram_page);
        if (flags) {
            atomic_fetch_or(flags, RAM_PAGE_CODE);
        }
    }
    p->pins++;
    bool guarded = p->guarded;
    pin->page = p;
    g_mutex_unlock(&s->lock);
    if (!guarded) {
        tcg_revoke_stores(v, ram_page);
    }
    g_mutex_lock(&s->lock);
    p->guarded = true;
    pin->version = p->version;
    g_mutex_unlock(&s->lock);
}

void tcg_page_unpin(TcgEngine *e, TcgPagePin *pin)
{
    if (!pin->page) {
        return;
    }
    TcgPageStripe *s = tcg_page_stripe(e, pin->page->ram_page);
    g_mutex_lock(&s->lock);
    pin->page->pins--;
    tcg_page_release_locked(e, s, pin->page);
    g_mutex_unlock(&s->lock);
    pin->page = NULL;
}

static TcgPageNode *node_of(const TcgEngine *e, TcgRef ref)
{
    return ref ? tcg_deref(&e->cache, ref) : NULL;
}

static TcgRegion *node_region(const TcgEngine *e, TcgPageNode *n)
{
    return n->more ? tcg_region_of(&e->cache, container_of(n, TcgMoreNode, node)->region)
                   : container_of(n, TcgRegion, node);
}

static void node_list_locked(TcgEngine *e, TcgPage *p, TcgPageNode *n)
{
    unsigned first = n->first >> GRANULE_BITS;
    n->next = p->regions[first];
    p->regions[first] = tcg_ref(&e->cache, n);
    p->n_ranges++;
    p->reach = MAX(p->reach, (n->last >> GRANULE_BITS) - first);
    p->granules |= granule_mask(n->first, n->last);
    p->idle_writes = 0;
}

/* A list is of what begins within 128 bytes: short. */
static void node_unlist_locked(TcgEngine *e, TcgPage *p, TcgPageNode *n)
{
    TcgRef ref = tcg_ref(&e->cache, n), *at = &p->regions[n->first >> GRANULE_BITS];
    while (*at != ref) {
        at = &node_of(e, *at)->next;
    }
    *at = n->next;
    p->stale = --p->n_ranges;
    if (!p->n_ranges) {
        p->granules = p->reach = 0;
    }
}

void tcg_page_unlist_locked(TcgEngine *e, TcgRegion *r)
{
    if (r->dead) {
        return; /* what lives is listed */
    }
    TcgPageStripe *s = tcg_page_stripe(e, tcg_region_page(r));
    TcgPage *p = page_find_locked(s, tcg_region_page(r));
    TcgMoreNode *more = tcg_region_more(r);
    node_unlist_locked(e, p, &r->node);
    for (unsigned i = 0; !r->two_pages && i < r->n_more; i++) {
        node_unlist_locked(e, p, &more[i].node);
    }
    tcg_page_release_locked(e, s, p);
    if (r->two_pages) {
        s = tcg_page_stripe(e, tcg_region_page2(r));
        p = page_find_locked(s, tcg_region_page2(r));
        node_unlist_locked(e, p, &more->node);
        tcg_page_release_locked(e, s, p);
    }
}

TcgRegion *tcg_pages_publish(TcgEngine *e, TcgRegion *r, TcgPagePin pin[2])
{
    uint64_t page1 = tcg_region_page(r), page2 = tcg_region_page2(r);
    tcg_pages_lock(e, page1, page2);
    TcgRegion *got = NULL;
    if (pin[0].page->version == pin[0].version &&
        (!r->two_pages || pin[1].page->version == pin[1].version)) {
        got = tcg_region_publish(e, r);
        if (got == r) {
            node_list_locked(e, pin[0].page, &r->node);
            for (unsigned i = 0; i < r->n_more; i++) {
                node_list_locked(e, pin[r->two_pages].page, &tcg_region_more(r)[i].node);
            }
        }
    }
    tcg_pages_unlock(e, page1, page2);
    return got;
}

/* The other page of a node's region, TCG_TAG_INVALID if it lies in one. */
static uint64_t node_other_page(const TcgRegion *r, const TcgPageNode *n)
{
    return r->two_pages && n->more ? tcg_region_page(r) : tcg_region_page2(r);
}

/* A write has met none of the regions that the granules promised. */
static void page_recount_locked(const TcgEngine *e, TcgPage *p)
{
    p->granules = p->reach = 0;
    p->stale = false;
    for (unsigned g = 0; g < TCG_GRANULES; g++) {
        for (const TcgPageNode *n = node_of(e, p->regions[g]); n; n = node_of(e, n->next)) {
            p->granules |= granule_mask(n->first, n->last);
            p->reach = MAX(p->reach, (n->last >> GRANULE_BITS) - g);
        }
    }
}

/* page_kill_locked() for the ranges that begin in one granule. */
static uint64_t list_kill_locked(TcgEngine *e, TcgPage *p, unsigned granule, unsigned offset,
                                 unsigned last, uint64_t locked, bool *killed)
{
    uint64_t wanted = TCG_TAG_INVALID;
    TcgPageNode *next;
    for (TcgPageNode *n = node_of(e, p->regions[granule]); n; n = next) {
        next = node_of(e, n->next);
        if (n->first > last || n->last < offset) {
            continue;
        }
        TcgRegion *r = node_region(e, n);
        uint64_t other = node_other_page(r, n);
        if (other != TCG_TAG_INVALID && other != locked && other != p->ram_page) {
            wanted = other;
            continue;
        }
        tcg_page_unlist_locked(e, r);
        tcg_region_kill_locked(e, r);
        *killed = true;
        if (r->n_more) {
            next = node_of(e, p->regions[granule]); /* other nodes of it were on this list */
        }
    }
    return wanted;
}

/*
 * Kill what overlaps offset..last of the page, as far as the locks held reach: returns a
 * page whose lock is wanted too, or TCG_TAG_INVALID when done.
 */
static uint64_t page_kill_locked(TcgEngine *e, TcgPage *p, unsigned offset, unsigned last,
                                 uint64_t locked, bool *killed)
{
    uint64_t wanted = TCG_TAG_INVALID;
    unsigned first = offset >> GRANULE_BITS;
    for (unsigned g = first - MIN(p->reach, first); g <= last >> GRANULE_BITS; g++) {
        uint64_t more = list_kill_locked(e, p, g, offset, last, locked, killed);
        wanted = more != TCG_TAG_INVALID ? more : wanted;
    }
    if (!*killed && p->stale && wanted == TCG_TAG_INVALID) {
        page_recount_locked(e, p);
    }
    return wanted;
}

bool tcg_page_written(TcgEngine *e, uint64_t ram_page, unsigned offset, unsigned len)
{
    TcgPageStripe *s = tcg_page_stripe(e, ram_page);
    unsigned last = offset + len - 1;
    uint64_t other = TCG_TAG_INVALID, wanted;
    bool killed = false;

    do {
        wanted = TCG_TAG_INVALID;
        tcg_pages_lock(e, ram_page, other);
        TcgPage *p = page_find_locked(s, ram_page);
        if (p) {
            p->version++;
            if (!p->n_ranges && ++p->idle_writes >= IDLE_WRITES) {
                tcg_page_release_locked(e, s, p);
            } else if (p->granules & granule_mask(offset, last)) {
                p->pins++; /* it stays while its list is walked */
                wanted = page_kill_locked(e, p, offset, last, other, &killed);
                p->pins--;
                tcg_page_release_locked(e, s, p);
            }
        }
        tcg_pages_unlock(e, ram_page, other);
        other = wanted;
    } while (wanted != TCG_TAG_INVALID);
    return killed;
}

void tcg_code_written(RamBlock *rb, uint64_t offset, uint64_t len)
{
    while (len) {
        unsigned in_page = offset & ~TCG_PAGE_MASK;
        uint64_t n = MIN(len, TCG_PAGE_SIZE - in_page);
        if (atomic_read(&rb->page_flags[offset >> TCG_PAGE_BITS]) & RAM_PAGE_CODE) {
            TcgEngine *e;
            for (unsigned k = 0; (e = tcg_engine(k)); k++) {
                tcg_page_written(e, (rb->ram_addr + offset) & TCG_PAGE_MASK, in_page, n);
            }
        }
        offset += n;
        len -= n;
    }
}
