/*
 * Views: what each vCPU knows of its address spaces' translations.
 *
 * A pool holds the views of one kind (data, fetch) of one vCPU, found by the target's
 * key; the least recently used is reused when all are taken. Selecting another key
 * changes which table TcgCpuArea points at and drops nothing. Invalidations reach the current
 * view at once and the others when they are selected next:
 *   - everything everywhere: the pool's generation counts up;
 *   - a page everywhere: an entry in a log that the view replays (or, if it is too far
 *     behind, is cleared);
 *   - what a predicate over keys selects: flags at the views.
 * Revoking stores to a RAM page (smc.c) reaches all views at once.
 *
 * A view that holds global entries alone is the same in all address spaces: it serves each
 * that is selected, until an entry of one of them is made in it (I9).
 *
 * Entries filled from a leaf larger than a page: the view remembers a few ranges that
 * cover all such leaves. Dropping an address in one drops all of the naturally aligned
 * block, of the size of the largest leaf seen there, around the address.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <sys/mman.h>

#include "accel/tcg/internal.h"
#include "accel/tcg/trace.h"

enum { STORE_HASH_BITS = 16, RANGE_FEW = 512 /* pages that are looked at one by one */ };

static inline bool bit_test(const uint64_t *map, unsigned n)
{
    return map[n / 64] >> (n % 64) & 1;
}

static inline void bit_put(uint64_t *map, unsigned n, bool value)
{
    uint64_t bit = UINT64_C(1) << (n % 64);
    map[n / 64] = value ? map[n / 64] | bit : map[n / 64] & ~bit;
}

/* Of a RAM page's number. */
static inline unsigned store_hash(uint64_t page)
{
    return page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - STORE_HASH_BITS);
}

static inline bool key_equal(const CpuViewKey *a, const CpuViewKey *b)
{
    return a->k[0] == b->k[0] && a->k[1] == b->k[1] && a->k[2] == b->k[2];
}

static inline unsigned key_hint(const CpuViewKey *key)
{
    uint64_t h = key->k[0] * UINT64_C(0x9e3779b97f4a7c15) + key->k[1];
    h = h * UINT64_C(0x9e3779b97f4a7c15) + key->k[2];
    return h * UINT64_C(0x9e3779b97f4a7c15) >> 58;
}
G_STATIC_ASSERT(TCG_VIEWS_MAX == 64);

/* ---- The tables of a view ---- */

/*
 * A data view's tables are large and mostly never touched. A block of entries is written
 * whole before its first entry is; until then it is zeros, which only accesses to page 0
 * would match: the blocks that these look at (of page 0 itself, and of the last page, from
 * where an access may wrap) are written at once.
 */
enum { BLOCKS = TCG_VIEW_ENTRIES / TCG_VIEW_BLOCK,
       BLOCKS_MOST = 1536 /* of all views together, when another is made */ };

static inline TcgViewEntry *data_table(TcgDataSlot *s, bool store)
{
    return store ? s->table.store : s->table.load;
}

static void block_clear(TcgDataSlot *s, bool store, unsigned block)
{
    memset(data_table(s, store) + block * TCG_VIEW_BLOCK, 0xff,
           TCG_VIEW_BLOCK * sizeof(TcgViewEntry));
}

static inline void block_need(TcgDataSlot *s, TcgView *w, bool store, unsigned entry)
{
    unsigned block = entry / TCG_VIEW_BLOCK;
    if (unlikely(!bit_test(w->live[store], block))) {
        block_clear(s, store, block);
        bit_put(w->live[store], block, true);
    }
}

/* The next entry of a table that may hold a translation (a global one: @global), from *cursor
 * (0 at first) on; -1 after the last. */
static inline int next_entry(const TcgView *w, bool store, bool global, unsigned *cursor)
{
    const TcgTouched *t = &w->touched[global];
    if (!t->overflow) {
        while (*cursor < t->n) {
            uint32_t e = t->entry[(*cursor)++];
            if (!!(e & TCG_TOUCHED_STORE) == store) {
                return e % TCG_VIEW_ENTRIES;
            }
        }
        return -1;
    }
    while (*cursor < TCG_VIEW_ENTRIES) {
        if (*cursor % TCG_VIEW_BLOCK || bit_test(w->live[store], *cursor / TCG_VIEW_BLOCK)) {
            return (*cursor)++;
        }
        *cursor += TCG_VIEW_BLOCK;
    }
    return -1;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Leave out what holds nothing any more and what is there twice. */
static void touched_compact(TcgDataSlot *s, TcgTouched *t, bool global)
{
    unsigned n = 0;
    qsort(t->entry, t->n, sizeof(t->entry[0]), by_number);
    for (unsigned k = 0; k < t->n; k++) {
        uint32_t e = t->entry[k];
        bool store = e & TCG_TOUCHED_STORE;
        unsigned i = e % TCG_VIEW_ENTRIES;
        if ((!n || t->entry[n - 1] != e) && data_table(s, store)[i].tag != TCG_TAG_INVALID &&
            bit_test(s->side.global[store], i) == global) {
            t->entry[n++] = e;
        }
    }
    t->n = n;
}

/* Write an entry of a data view. */
static void view_put(TcgDataSlot *s, TcgView *w, bool store, unsigned i, TcgViewEntry value,
                     bool global)
{
    TcgViewEntry *e = data_table(s, store) + i;
    TcgTouched *t = &w->touched[global];
    block_need(s, w, store, i);
    if (e->tag == TCG_TAG_INVALID || bit_test(s->side.global[store], i) != global) {
        if (t->n == TCG_VIEW_TOUCHED && !t->overflow) {
            touched_compact(s, t, global);
            t->overflow = t->n > TCG_VIEW_TOUCHED / 4 * 3;
        }
        if (!t->overflow) {
            t->entry[t->n++] = i | (store ? TCG_TOUCHED_STORE : 0);
        }
    }
    w->local |= !global;
    w->strays |= e->tag != TCG_TAG_INVALID && ((e->tag ^ value.tag) & TCG_PAGE_MASK);
    *e = value;
    bit_put(s->side.global[store], i, global);
}

/* What generated code has copied out of the tables goes too. */
static void sites_clear(TcgDataView *t)
{
    enum { GROUPS = G_N_ELEMENTS(t->sites_used[0]), SIZE = TCG_VIEW_SITE_GROUP };
    static const uint8_t none[sizeof(t->sites_used)];
    if (!memcmp(t->sites_used, none, sizeof(none))) {
        return;
    }
    for (unsigned g = 0; g < GROUPS; g++) {
        if (t->sites_used[0][g]) {
            memset(t->load_site + g * SIZE, 0xff, SIZE * sizeof(t->load_site[0]));
        }
        if (t->sites_used[1][g]) {
            memset(t->store_site + g * SIZE, 0xff, SIZE * sizeof(t->store_site[0]));
        }
    }
    memset(t->sites_used, 0, sizeof(t->sites_used));
}

static void touched_reset(TcgView *w)
{
    for (unsigned global = 0; global < 2; global++) {
        w->touched[global].n = 0;
        w->touched[global].overflow = false;
    }
}

static unsigned data_blocks(const TcgView *w)
{
    unsigned n = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(w->live[0]); i++) {
        n += __builtin_popcountll(w->live[0][i]) + __builtin_popcountll(w->live[1][i]);
    }
    return n;
}

/* Give a view's memory back to the host. It holds nothing and is to be cleared before it is used;
 * what was made beside it does not take it for the same. False: the host wants none. */
static bool data_release(TcgViewPool *p, unsigned n)
{
    TcgView *w = &p->view[n];
    if (madvise(&p->data[n], sizeof(p->data[n]), MADV_DONTNEED)) {
        return false;
    }
    memset(w->live, 0, sizeof(w->live));
    touched_reset(w);
    w->stale = true;
    w->made = ++p->clock;
    return true;
}

/* What must be there before generated code looks at the view. */
static void data_prepare(TcgDataSlot *s, TcgView *w)
{
    if (!s->side.sites_ready) { /* they are zeros */
        memset(s->table.sites_used, 1, sizeof(s->table.sites_used));
        s->side.sites_ready = true;
    }
    sites_clear(&s->table);
    for (unsigned store = 0; store < 2; store++) {
        block_need(s, w, store, 0);
        block_need(s, w, store, TCG_VIEW_ENTRIES - 1);
    }
}

/*
 * The views of processes that are gone are never used again, and nobody says which those are:
 * while all views together have too much memory, the one that was used the longest time ago gives
 * its up.
 */
static void pool_trim(TcgViewPool *p)
{
    unsigned total = 0;
    for (unsigned n = 0; n < p->n_used; n++) {
        total += data_blocks(&p->view[n]);
    }
    while (total > BLOCKS_MOST) {
        unsigned oldest = TCG_VIEWS_MAX;
        for (unsigned n = 0; n < p->n_used; n++) {
            if (n != p->current && data_blocks(&p->view[n]) &&
                (oldest == TCG_VIEWS_MAX || p->view[n].last_use < p->view[oldest].last_use)) {
                oldest = n;
            }
        }
        unsigned blocks = oldest == TCG_VIEWS_MAX ? 0 : data_blocks(&p->view[oldest]);
        if (!blocks || !data_release(p, oldest)) {
            return;
        }
        total -= blocks;
    }
}

static void fetch_block_clear(TcgFetchSlot *s, unsigned block)
{
    memset(s->table.entry + block * TCG_FETCH_BLOCK, 0xff,
           TCG_FETCH_BLOCK * sizeof(s->table.entry[0]));
    s->written |= UINT64_C(1) << block;
}

/* As in data views: zeros match nothing but page 0, whose block is written at once. */
static void fetch_clear(TcgFetchSlot *s)
{
    for (s->live |= ~s->written & 1; s->live; s->live &= s->live - 1) {
        fetch_block_clear(s, __builtin_ctzll(s->live));
    }
}

/* An entry that may be a translation is written. */
static void fetch_put(TcgFetchSlot *s, TcgView *w, unsigned i, TcgFetchEntry value, bool global)
{
    unsigned block = i / TCG_FETCH_BLOCK;
    if (unlikely(!(s->written >> block & 1))) {
        fetch_block_clear(s, block);
    }
    s->table.entry[i] = value;
    s->live |= UINT64_C(1) << block;
    w->local |= !global;
    bit_put(s->global, i, global);
}

static void view_clear(TcgViewPool *p, unsigned n)
{
    TcgView *w = &p->view[n];
    if (p->kind == CPU_VIEW_FETCH) {
        fetch_clear(&p->fetch[n]);
    } else {
        TcgDataSlot *s = &p->data[n];
        for (unsigned store = 0; store < 2; store++) {
            TcgViewEntry *table = data_table(s, store);
            if (w->touched[0].overflow || w->touched[1].overflow) {
                for (unsigned block = 0; block < BLOCKS; block++) {
                    if (bit_test(w->live[store], block)) {
                        block_clear(s, store, block);
                    }
                }
                continue;
            }
            for (unsigned global = 0; global < 2; global++) {
                unsigned cursor = 0;
                for (int i; (i = next_entry(w, store, global, &cursor)) >= 0;) {
                    table[i].tag = TCG_TAG_INVALID;
                }
            }
        }
        data_prepare(s, w);
    }
    touched_reset(w);
    w->strays = w->local = false;
    w->n_leaves = 0;
    w->stale = w->stale_local = false;
    w->generation = p->generation;
    w->log_pos = p->log_pos;
}

/* Does [tag] lie in first..last? Invalid tags lie nowhere that matters. */
static inline bool tag_within(uint64_t tag, uint64_t first, uint64_t last)
{
    return (tag & TCG_PAGE_MASK) >= first && (tag & TCG_PAGE_MASK) <= last;
}

static inline void view_drop_entry(TcgDataSlot *s, bool store, unsigned i, uint64_t first,
                                   uint64_t last, bool keep_global)
{
    TcgViewEntry *e = data_table(s, store) + i;
    if (tag_within(e->tag, first, last) &&
        !(keep_global && bit_test(s->side.global[store], i))) {
        e->tag = TCG_TAG_INVALID;
    }
}

static void fetch_drop_range(TcgFetchSlot *s, uint64_t first, uint64_t last, bool keep_global)
{
    for (uint64_t left = s->live; left; left &= left - 1) {
        unsigned i = __builtin_ctzll(left) * TCG_FETCH_BLOCK;
        for (unsigned end = i + TCG_FETCH_BLOCK; i < end; i++) {
            if (tag_within(s->table.entry[i].tag, first, last) &&
                !(keep_global && bit_test(s->global, i))) {
                s->table.entry[i].tag = TCG_TAG_INVALID;
            }
        }
    }
}

/* first and last are the ends of whole pages. */
static void view_drop_range(TcgViewPool *p, unsigned n, uint64_t first, uint64_t last,
                            bool keep_global)
{
    if (p->kind == CPU_VIEW_FETCH) {
        fetch_drop_range(&p->fetch[n], first, last, keep_global);
        return;
    }
    TcgDataSlot *s = &p->data[n];
    TcgView *w = &p->view[n];
    bool few = (last - first) >> TCG_PAGE_BITS < RANGE_FEW;
    sites_clear(&s->table);
    w->strays = false;
    for (unsigned store = 0; store < 2; store++) {
        if (few) {
            for (uint64_t k = 0; k <= (last - first) >> TCG_PAGE_BITS; k++) {
                unsigned i = tcg_view_index(first + (k << TCG_PAGE_BITS));
                if (bit_test(w->live[store], i / TCG_VIEW_BLOCK)) {
                    view_drop_entry(s, store, i, first, last, keep_global);
                }
            }
            continue;
        }
        for (unsigned global = 0; global < 2u - keep_global; global++) {
            unsigned cursor = 0;
            for (int i; (i = next_entry(w, store, global, &cursor)) >= 0;) {
                view_drop_entry(s, store, i, first, last, keep_global);
            }
        }
    }
    if (keep_global && !first && last == UINT64_MAX) {
        w->touched[0].n = 0;
        w->touched[0].overflow = false;
    }
}

static void view_drop_page(TcgViewPool *p, unsigned n, uint64_t vaddr, bool keep_global)
{
    TcgView *w = &p->view[n];
    for (unsigned i = 0; i < w->n_leaves; i++) {
        const TcgLeafRange *l = &w->leaf[i];
        if (vaddr >= l->first && vaddr <= l->last) {
            uint64_t mask = l->bits < 64 ? (UINT64_C(1) << l->bits) - 1 : UINT64_MAX;
            view_drop_range(p, n, vaddr & ~mask, vaddr | mask, keep_global);
            return;
        }
    }
    uint64_t page = vaddr & TCG_PAGE_MASK;
    if (p->kind == CPU_VIEW_FETCH) {
        TcgFetchSlot *s = &p->fetch[n];
        unsigned i = tcg_fetch_index(vaddr);
        if ((s->table.entry[i].tag & ~TCG_TAG_SLOW) == page && !(keep_global && bit_test(s->global, i))) {
            s->table.entry[i].tag = TCG_TAG_INVALID;
        }
        return;
    }
    TcgDataSlot *s = &p->data[n];
    unsigned i = tcg_view_index(vaddr);
    bool there = w->strays;
    for (unsigned store = 0; store < 2; store++) {
        TcgViewEntry *e = data_table(s, store) + i;
        if ((e->tag & ~TCG_TAG_SLOW) == page &&
            !(keep_global && bit_test(s->side.global[store], i))) {
            e->tag = TCG_TAG_INVALID;
            there = true;
        }
    }
    if (there) { /* else no site can have it */
        sites_clear(&s->table);
        w->strays = false;
    }
}

/* Note that entries come from a leaf of 2^bits bytes around vaddr. */
static void view_note_leaf(TcgView *w, uint64_t vaddr, uint8_t bits)
{
    if (bits <= TCG_PAGE_BITS) {
        return;
    }
    uint64_t mask = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
    uint64_t first = vaddr & ~mask, last = vaddr | mask;
    unsigned nearest = 0;
    uint64_t nearest_gap = UINT64_MAX;
    for (unsigned i = 0; i < w->n_leaves; i++) {
        TcgLeafRange *l = &w->leaf[i];
        uint64_t gap = first > l->last ? first - l->last : l->first > last ? l->first - last : 0;
        if (gap < nearest_gap) {
            nearest = i;
            nearest_gap = gap;
        }
    }
    if (nearest_gap > mask && w->n_leaves < TCG_VIEW_LEAVES) {
        w->leaf[w->n_leaves++] = (TcgLeafRange){ first, last, bits };
        return;
    }
    /* Wider than need be is safe. */
    TcgLeafRange *l = &w->leaf[nearest];
    l->first = MIN(l->first, first);
    l->last = MAX(l->last, last);
    l->bits = MAX(l->bits, bits);
}

/* The leaf that an entry of another view comes from. */
static void view_leaves_join(TcgView *w, const TcgView *from, uint64_t vaddr)
{
    for (unsigned i = 0; i < from->n_leaves; i++) {
        const TcgLeafRange *l = &from->leaf[i];
        if (vaddr >= l->first && vaddr <= l->last) {
            view_note_leaf(w, vaddr, l->bits);
            return;
        }
    }
}

/* Bring a view up to date with what happened while another was current. */
static void view_catch_up(TcgViewPool *p, unsigned n)
{
    TcgView *w = &p->view[n];
    if (w->stale || w->generation != p->generation ||
        p->log_pos - w->log_pos > TCG_VIEW_LOG) {
        view_clear(p, n);
        return;
    }
    if (w->stale_local) {
        view_drop_range(p, n, 0, UINT64_MAX, true);
        w->stale_local = w->local = false;
    }
    while (w->log_pos != p->log_pos) {
        view_drop_page(p, n, p->log[w->log_pos++ % TCG_VIEW_LOG], false);
    }
}

/* ---- Selecting ---- */

static void pool_publish_current(TcgVcpu *v, TcgViewPool *p)
{
    if (p->kind == CPU_VIEW_FETCH) {
        v->cpu->tcg.fetch_view = &p->fetch[p->current].table;
    } else {
        v->cpu->tcg.data_view = &p->data[p->current].table;
    }
}

void tcg_views_publish(TcgVcpu *v)
{
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        pool_publish_current(v, &v->pool[k]);
    }
}

/* The keys differ in the address space at most. */
static inline bool key_similar(const CpuViewKey *a, const CpuViewKey *b)
{
    return a->k[1] == b->k[1] && a->k[2] == b->k[2];
}

/* View n holds what @key asks for (I9). */
static inline bool view_serves(const TcgViewPool *p, unsigned n, const CpuViewKey *key)
{
    return key_similar(&p->key[n], key) &&
           (p->key[n].k[0] == key->k[0] || !p->view[n].local);
}

static unsigned pool_find(TcgViewPool *p, const CpuViewKey *key)
{
    unsigned h = key_hint(key), other = TCG_VIEWS_MAX;
    unsigned n = p->hint[h];
    if (n < p->n_used && view_serves(p, n, key)) {
        return n;
    }
    for (n = 0; n < p->n_used && !key_equal(&p->key[n], key); n++) {
        if (other == TCG_VIEWS_MAX && view_serves(p, n, key)) {
            other = n;
        }
    }
    n = n < p->n_used ? n : other;
    if (n < p->n_used) {
        p->hint[h] = n;
    }
    return n;
}

/* The view of another address space that was used last, else TCG_VIEWS_MAX. */
static unsigned pool_find_sibling(const TcgViewPool *p, unsigned n)
{
    unsigned best = TCG_VIEWS_MAX;
    for (unsigned i = 0; i < p->n_used; i++) {
        if (i != n && key_similar(&p->key[i], &p->key[n]) &&
            (best == TCG_VIEWS_MAX || p->view[i].last_use > p->view[best].last_use)) {
            best = i;
        }
    }
    return best;
}

static unsigned pool_make(TcgViewPool *p, const CpuViewKey *key)
{
    unsigned n, most = p->kind == CPU_VIEW_DATA ? TCG_DATA_VIEWS_MAX : TCG_VIEWS_MAX;
    if (p->kind == CPU_VIEW_DATA) {
        pool_trim(p);
    }
    if (p->n_used < most) {
        n = p->n_used++;
    } else {
        n = p->current == 0;
        for (unsigned i = 0; i < p->n_used; i++) {
            if (i != p->current && p->view[i].last_use < p->view[n].last_use) {
                n = i;
            }
        }
    }
    p->key[n] = *key;
    TcgView *w = &p->view[n];
    w->used = true;
    w->made = ++p->clock;
    w->elder = pool_find_sibling(p, n);
    w->elder_made = w->elder == TCG_VIEWS_MAX ? 0 : p->view[w->elder].made;
    p->hint[key_hint(key)] = n;
    view_clear(p, n);
    return n;
}

/*
 * What is the same in all address spaces the current view takes from the one that it was made
 * beside, entry by entry when it is asked for: most views are of processes that live for a
 * moment.
 */
bool tcg_view_inherit(TcgVcpu *v, uint64_t vaddr, bool store)
{
    TcgViewPool *p = &v->pool[CPU_VIEW_DATA];
    unsigned n = p->current, from = p->view[n].elder;
    TcgView *w = &p->view[n];
    if (from == TCG_VIEWS_MAX) {
        return false;
    }
    TcgDataSlot *s = &p->data[from], *d = &p->data[n];
    unsigned i = tcg_view_index(vaddr);
    if (p->view[from].made != w->elder_made || !key_similar(&p->key[from], &p->key[n])) {
        w->elder = TCG_VIEWS_MAX;
        return false;
    }
    view_catch_up(p, from);
    TcgViewEntry e = data_table(s, store)[i];
    if (!bit_test(p->view[from].live[store], i / TCG_VIEW_BLOCK) ||
        !bit_test(s->side.global[store], i) ||
        (e.tag & ~TCG_TAG_SLOW) != (vaddr & TCG_PAGE_MASK) || e.tag == TCG_TAG_INVALID) {
        return false;
    }
    if (store) {
        /* I4: the other view's entry is announced, so we are asked for ours too */
        uint64_t *views = &v->store_views[store_hash(s->side.store_page[i])];
        atomic_set(views, *views | UINT64_C(1) << n);
        d->side.store_page[i] = s->side.store_page[i];
    }
    view_put(d, w, store, i, e, true);
    view_leaves_join(w, &p->view[from], vaddr);
    return true;
}

void cpu_set_view(CpuState *cpu, CpuViewKind kind, const CpuViewKey *key)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    if (!v) {
        return;
    }
    TcgViewPool *p = &v->pool[kind];
    if (p->n_used && key_equal(&p->key[p->current], key)) {
        return;
    }
    tcg_count(&v->stats.view_switches, 1);
    unsigned n = pool_find(p, key);
    bool is_new = n == TCG_VIEWS_MAX;
    if (is_new) {
        tcg_count(&v->stats.view_misses, 1);
        n = pool_make(p, key);
    } else {
        p->key[n] = *key;
        view_catch_up(p, n);
    }
    trace_tcg_view_switch(cpu->index, kind, n, is_new, key->k[0], key->k[1]);
    p->current = n;
    p->view[n].last_use = ++p->clock;
    pool_publish_current(v, p);
}

/* ---- Dropping ---- */

static void pool_flush(TcgViewPool *p)
{
    p->generation++;
    if (p->n_used) {
        view_clear(p, p->current);
    }
}

void tcg_views_flush(TcgVcpu *v)
{
    trace_tcg_views_flush(v->cpu->index);
    tcg_count(&v->stats.flushes, 1);
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        pool_flush(&v->pool[k]);
    }
}

static void pool_invalidate(TcgViewPool *p, bool all_pages, uint64_t vaddr,
                            bool (*match)(const CpuViewKey *key, void *opaque), void *opaque,
                            bool keep_global)
{
    if (!match && !keep_global) {
        if (all_pages) {
            pool_flush(p);
        } else if (p->n_used) {
            p->log[p->log_pos++ % TCG_VIEW_LOG] = vaddr;
            view_catch_up(p, p->current);
        }
        return;
    }
    for (unsigned n = 0; n < p->n_used; n++) {
        TcgView *w = &p->view[n];
        if (w->stale || (keep_global && !w->local) || (match && !match(&p->key[n], opaque))) {
            continue;
        }
        if (!all_pages) {
            if (w->generation == p->generation) {
                view_drop_page(p, n, vaddr, keep_global);
            }
        } else if (keep_global) {
            w->stale_local = true;
        } else {
            w->stale = true;
        }
    }
    if (p->n_used) {
        view_catch_up(p, p->current);
    }
}

void cpu_invalidate(CpuState *cpu, bool all_pages, uint64_t vaddr,
                    bool (*match)(const CpuViewKey *key, void *opaque), void *opaque,
                    bool keep_global)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    if (!v) {
        return;
    }
    trace_tcg_views_invalidate(cpu->index, all_pages, vaddr, keep_global);
    tcg_count(&v->stats.invalidations, 1);
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        pool_invalidate(&v->pool[k], all_pages, vaddr, match, opaque, keep_global);
    }
}

/* ---- Entering ---- */

void tcg_view_enter_load(TcgVcpu *v, uint64_t vaddr, uint8_t *host, const CpuFill *f)
{
    TcgViewPool *p = &v->pool[CPU_VIEW_DATA];
    TcgDataSlot *s = &p->data[p->current];
    TcgView *w = &p->view[p->current];
    unsigned i = tcg_view_index(vaddr);
    view_put(s, w, false, i,
             (TcgViewEntry){ (vaddr & TCG_PAGE_MASK) | (v->slow_views ? TCG_TAG_SLOW : 0),
                             (uint64_t)(uintptr_t)host - vaddr }, f->global);
    view_note_leaf(w, vaddr, f->leaf_bits);
}

bool tcg_view_enter_store(TcgVcpu *v, uint64_t vaddr, uint8_t *host, uint64_t ram_page,
                          uint8_t *page_flags, const CpuFill *f)
{
    enum { DIRTY = RAM_PAGE_DIRTY_MIGRATION | RAM_PAGE_DIRTY_VGA };
    TcgViewPool *p = &v->pool[CPU_VIEW_DATA];
    TcgDataSlot *s = &p->data[p->current];
    TcgView *w = &p->view[p->current];
    unsigned i = tcg_view_index(vaddr);

    /* I4: announce the entry, then look at the flag. A translator sets the flag, then
     * looks at the announcement: one of the two sees the other. */
    uint64_t bit = UINT64_C(1) << p->current;
    uint64_t *views = &v->store_views[store_hash(ram_page >> TCG_PAGE_BITS)];
    if (!(*views & bit)) {
        atomic_set(views, *views | bit);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint8_t flags = atomic_read(page_flags);
    if ((flags & DIRTY) != DIRTY) {
        atomic_fetch_or(page_flags, DIRTY);
    }
    bool code = flags & RAM_PAGE_CODE;
    view_put(s, w, true, i,
             (TcgViewEntry){ (vaddr & TCG_PAGE_MASK) |
                                 (code || v->slow_views ? TCG_TAG_SLOW : 0),
                             (uint64_t)(uintptr_t)host - vaddr }, f->global);
    s->side.store_page[i] = ram_page >> TCG_PAGE_BITS;
    view_note_leaf(w, vaddr, f->leaf_bits);
    return !code;
}

void tcg_view_enter_fetch(TcgVcpu *v, uint64_t vaddr, uint64_t ram_page, const CpuFill *f,
                          bool slow)
{
    TcgViewPool *p = &v->pool[CPU_VIEW_FETCH];
    TcgFetchSlot *s = &p->fetch[p->current];
    unsigned i = tcg_fetch_index(vaddr);
    fetch_put(s, &p->view[p->current], i,
              (TcgFetchEntry){ (vaddr & TCG_PAGE_MASK) | (slow ? TCG_TAG_SLOW : 0), ram_page },
              f->global);
    view_note_leaf(&p->view[p->current], vaddr, f->leaf_bits);
}

/* ---- Revoking stores ---- */

bool tcg_views_may_store(TcgVcpu *v, uint64_t ram_page)
{
    return atomic_read(&v->store_views[store_hash(ram_page >> TCG_PAGE_BITS)]) != 0;
}

/* Turn the page's store entries in one view into slow ones; false if it has none of any
 * page with that hash. */
static bool view_revoke(TcgViewPool *p, unsigned n, uint64_t page)
{
    TcgDataSlot *s = &p->data[n];
    unsigned h = store_hash(page);
    bool any = false;

    if (p->view[n].stale || p->view[n].generation != p->generation) {
        return false;
    }
    sites_clear(&s->table); /* pages that the table has no more, too */
    for (unsigned global = 0; global < 2; global++) {
        unsigned cursor = 0;
        for (int i; (i = next_entry(&p->view[n], true, global, &cursor)) >= 0;) {
            if (s->table.store[i].tag != TCG_TAG_INVALID &&
                store_hash(s->side.store_page[i]) == h) {
                any = true;
                if (s->side.store_page[i] == page) {
                    s->table.store[i].tag |= TCG_TAG_SLOW;
                }
            }
        }
    }
    return any;
}

void tcg_views_revoke(TcgVcpu *v, uint64_t ram_page)
{
    TcgViewPool *p = &v->pool[CPU_VIEW_DATA];
    uint64_t page = ram_page >> TCG_PAGE_BITS;
    uint64_t *views = &v->store_views[store_hash(page)];

    tcg_count(&v->stats.revokes, 1);
    for (uint64_t left = *views; left; left &= left - 1) {
        unsigned n = __builtin_ctzll(left);
        if (!view_revoke(p, n, page)) {
            atomic_set(views, *views & ~(UINT64_C(1) << n));
        }
    }
}

/* ---- Life ---- */

bool tcg_views_init(TcgVcpu *v, GError **err)
{
    static const size_t slot_size[] = { sizeof(TcgDataSlot), sizeof(TcgFetchSlot) };
    static const CpuViewKey none = { { UINT64_MAX, UINT64_MAX, UINT64_MAX } };
    v->store_views = g_malloc0(sizeof(uint64_t) << STORE_HASH_BITS);
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        TcgViewPool *p = &v->pool[k];
        p->kind = k;
        p->slots_size = TCG_VIEWS_MAX * slot_size[k];
        /* Far more than most guests use: what is not touched costs nothing. */
        void *m = mmap(NULL, p->slots_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m == MAP_FAILED) {
            p->slots_size = 0;
            return error_set_errno(err, errno, "%s: no memory for address translations",
                                   v->cpu->name);
        }
        p->slots = m;
        cpu_set_view(v->cpu, k, &none);
    }
    return true;
}

void tcg_views_free(TcgVcpu *v)
{
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        if (v->pool[k].slots_size) {
            munmap(v->pool[k].slots, v->pool[k].slots_size);
        }
    }
    g_free(v->store_views);
}
