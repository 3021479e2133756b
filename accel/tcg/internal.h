/*
 * accel/tcg's own: regions of translated code, the pages that they came from, views of
 * address spaces, and the requests that vCPUs send each other.
 * docs/devel/tcg-execution.rst has the invariants (cited as I1, I2, ...) and the locks.
 *
 * Letters at fields: (c) constant once published, (v) the vCPU's own thread or while it is
 * stopped, (a) atomic, (p) stripe lock of the page, (l) link lock of the target's page, (b)
 * lock of the hash bucket, (k) the cache's lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_INTERNAL_H
#define ACCEL_TCG_INTERNAL_H

#include "accel/accel.h"
#include "accel/debug-state.h"
#include "tcg/tcg.h"
#include "util/apart.h"
#include <setjmp.h>

#define TYPE_TCG_ACCEL "tcg-accel"

typedef struct TcgEngine TcgEngine;
typedef struct TcgVcpu TcgVcpu;
typedef struct TcgRegion TcgRegion;
typedef struct TcgPage TcgPage;
typedef struct TcgProfile TcgProfile;
typedef struct TcgPerf TcgPerf;
typedef struct TcgVcpuProfile TcgVcpuProfile;

/* ---- Locks ---- */

enum { TCG_STRIPES = 64 };
/* One of many, which several vCPUs take at the same time: neither in one line of the host's caches
 * with another, nor in the line beside, which hosts fetch with it. */
typedef struct TcgLock {
    GMutex mutex;
    char pad[APART - sizeof(GMutex)];
} TcgLock;

/* The lock among TCG_STRIPES for a RAM address: by its page, so that vCPUs that run different
 * code have their own. */
static inline unsigned tcg_stripe(uint64_t ram_addr)
{
    return (ram_addr >> TCG_PAGE_BITS) % TCG_STRIPES;
}

/* ---- Regions (region.c) ---- */

/* Beside the mode in a region's key. A region with any of these is never linked. */
enum {
    TCG_CF_SINGLE = 1 << 0,   /* one instruction: each fetch is checked */
    TCG_CF_COUNT_SHIFT = 8,   /* from here on: at most so many instructions; 0: as usual */
};

/*
 * Descriptions are many (one for some five guest instructions), so they are small: what they know
 * of each other and of code is offsets. A reference is bytes from TcgCache.meta, 0: none; code is
 * bytes from the buffer's start.
 */
typedef uint32_t TcgRef;

/* A range of a page that a region was made from. */
typedef struct TcgPageNode {
    TcgRef next;         /* (p) */
    uint16_t first;      /* (c) bytes of the page that it covers */
    uint16_t last : 15;
    uint16_t more : 1;   /* (c) it lies in a TcgMoreNode, not in a region */
} TcgPageNode;

typedef struct TcgMoreNode {
    TcgPageNode node;
    TcgRef region;       /* (c) */
} TcgMoreNode;

typedef struct TcgOutLink {
    uint32_t patch_offset;     /* (c) of the TcgLink */
    uint32_t stub_offset : 31;
    uint32_t cross_page : 1;
    TcgRef target;             /* (a) (l) the region; whoever sets it from 0 owns the rest
                                  until it has left the list */
    TcgRef next;               /* (l) in the target's list of incoming links */
    TcgRef prev;               /* (l) of the reference to it: another's next, or the list */
} TcgOutLink;

struct TcgRegion {
    uint64_t ram_addr;      /* (c) key: RamBlock address of the entry */
    uint32_t mode;          /* (c) key */
    TcgRef hash_next;       /* (a) written under (b) */
    uint32_t entry;         /* (c) in the buffer */
    uint32_t checked_entry; /* (c) */
    TcgPageNode node;       /* of its first page */
    TcgRef incoming;        /* (l) first of the links that lead to it */
    uint32_t jumpers;       /* (a) bit "index % 32" of each vCPU whose jump cache has had it */
    uint16_t code_size;     /* (c) host bytes */
    uint16_t cold_size;     /* (c) of what seldom runs: see tcg_region_cold() */
    uint16_t cflags;        /* (c) key */
    uint16_t size;          /* (c) guest bytes */
    uint16_t n_insns : 14;  /* (c) */
    uint16_t tier : 2;      /* (c) */
    uint16_t n_marks;       /* (c) where a profile wants them: instructions */
    uint8_t n_links : 7;    /* (c) */
    uint8_t two_pages : 1;  /* (c) its first instruction goes on in a second page */
    uint8_t n_more;         /* (c) of tcg_region_more() */
    bool dead;              /* (a) set under (p): never entered again */
    uint8_t attempts;       /* (a) to make it better */
    TcgOutLink out[];
    /* then TcgMoreNode[n_more]; and numbers of 32 bits: of the second page, if there is one;
     * where the marks are in the buffer, if there are any */
};
enum { TCG_REGION_ALIGN = 8, TCG_REGION_NUMBERS = 2 };

/* Further ranges of the first page (tier 2), or the one of the second page. */
static inline TcgMoreNode *tcg_region_more(const TcgRegion *r)
{
    return (TcgMoreNode *)&r->out[r->n_links];
}

static inline uint32_t *tcg_region_numbers(const TcgRegion *r)
{
    return (uint32_t *)(tcg_region_more(r) + r->n_more);
}

static inline uint32_t *tcg_region_marks(const TcgRegion *r)
{
    return tcg_region_numbers(r) + r->two_pages;
}

/* Bytes of a description up to its end. */
static inline size_t tcg_region_meta_size(const TcgRegion *r)
{
    const uint8_t *end = (const uint8_t *)(tcg_region_marks(r) + !!r->n_marks);
    return ROUND_UP((size_t)(end - (const uint8_t *)r), TCG_REGION_ALIGN);
}

static inline uint64_t tcg_region_page(const TcgRegion *r)
{
    return r->ram_addr & TCG_PAGE_MASK;
}

/* RAM page of its second page, or TCG_TAG_INVALID. */
static inline uint64_t tcg_region_page2(const TcgRegion *r)
{
    return likely(!r->two_pages) ? TCG_TAG_INVALID
                                 : (uint64_t)*tcg_region_numbers(r) << TCG_PAGE_BITS;
}

typedef struct TcgRegionKey {
    uint64_t ram_addr;
    uint32_t mode;
    uint32_t cflags;
} TcgRegionKey;

typedef struct TcgHash {
    TcgRef *bucket; /* (a) regions */
    unsigned bits;
    TcgLock lock[TCG_STRIPES];
} TcgHash;

void tcg_hash_init(TcgHash *h, unsigned bits);
void tcg_hash_free(TcgHash *h);
/* Lock-free; the caller is a running vCPU. @page2: RAM page behind the next virtual
 * page, asked for at need; a region that spans pages matches only if it is the same. */
TcgRegion *tcg_region_find(TcgVcpu *v, const TcgRegionKey *key, uint64_t pc);
/* Enter into the hash unless an equal one is there, which is returned instead; but a
 * region of the second tier replaces one that is smaller. Stripe locks of its pages held. */
TcgRegion *tcg_region_publish(TcgEngine *e, TcgRegion *r);
/* Never entered again when this returns; running vCPUs leave it at its next exit. The
 * caller holds the stripe locks of its pages, and has taken it off their lists. */
void tcg_region_kill_locked(TcgEngine *e, TcgRegion *r);
/* The same with nothing held; waits for one who is at it. */
void tcg_region_kill(TcgEngine *e, TcgRegion *r);
/* Link exit @n of @from to @to, if both live. */
void tcg_region_link(TcgVcpu *v, TcgRegion *from, unsigned n, TcgRegion *to);
/* Own jump cache. */
void tcg_jump_set(TcgVcpu *v, uint64_t pc, TcgRegion *r);
void tcg_jump_init(TcgJumpEntry *cache);
/* The checked entry for pc, or NULL. */
const void *tcg_jump_get(const TcgVcpu *v, uint64_t pc);

/* ---- The code cache (cache.c) ---- */

enum { TCG_SEGMENTS = 8 };

/* The piece of the cache that one vCPU fills: code and the regions' descriptions. */
typedef struct TcgSlice {
    bool valid;
    uint32_t index;      /* of the slice */
    uint32_t segment;
    uint32_t generation; /* of the segment when the slice was taken */
    size_t code, code_end; /* free, offsets in the buffer: regions take what often runs from
                              the start and what seldom does from the end */
    uint8_t *meta, *meta_end;
} TcgSlice;

typedef struct TcgSegment {
    uint32_t generation; /* (a) grows when the segment is closed for reclaim */
    uint32_t used;       /* (k) slices handed out */
    uint64_t begun;      /* (k) when it became the current one, in segments */
} TcgSegment;

/* At the start of a slice's descriptions, which follow each other up to @end. */
typedef struct TcgSliceHead {
    TcgRef end;    /* (a) written by the slice's owner; 0: there are none */
    uint32_t made; /* (a) the same: regions */
    uint32_t dead; /* (a) of them */
    char pad[64 - 3 * sizeof(uint32_t)];
} TcgSliceHead;

typedef struct TcgCache {
    TcgBuffer buf;
    size_t code_base;     /* offset behind the prologue */
    uint8_t *meta;        /* descriptions, laid out like the code */
    size_t meta_size;
    size_t slice_code, slice_meta; /* bytes of a slice */
    unsigned slices_per_segment;
    GMutex lock;
    TcgSegment seg[TCG_SEGMENTS];
    unsigned current;     /* (k) */
    bool reclaiming;      /* (k) */
    uint64_t reclaims;    /* (k) */
    uint64_t begun;       /* (k) segments so far */
} TcgCache;

static inline TcgSliceHead *tcg_slice_head(const TcgCache *c, unsigned slice)
{
    return (TcgSliceHead *)(c->meta + (size_t)slice * c->slice_meta);
}

static inline TcgRef tcg_ref(const TcgCache *c, const void *description)
{
    return (const uint8_t *)description - c->meta;
}

static inline void *tcg_deref(const TcgCache *c, TcgRef ref)
{
    return c->meta + ref;
}

/* The region that a reference names; 0: NULL. */
static inline TcgRegion *tcg_region_of(const TcgCache *c, TcgRef ref)
{
    return ref ? tcg_deref(c, ref) : NULL;
}

static inline TcgSliceHead *tcg_slice_of(const TcgCache *c, const TcgRegion *r)
{
    return tcg_slice_head(c, tcg_ref(c, r) / c->slice_meta);
}

/* Of a slice: the first region, and the one behind @r; NULL: there is none. */
static inline TcgRegion *tcg_slice_region(const TcgSliceHead *h, const TcgCache *c,
                                          const TcgRegion *r)
{
    const uint8_t *next = r ? (const uint8_t *)r + tcg_region_meta_size(r)
                            : (const uint8_t *)(h + 1);
    return tcg_ref(c, next) < atomic_load_acquire(&h->end) ? (TcgRegion *)next : NULL;
}

/* Where it is entered; see I2. */
static inline const void *tcg_region_entry(const TcgCache *c, const TcgRegion *r)
{
    return c->buf.rx + r->entry;
}

static inline const void *tcg_region_checked_entry(const TcgCache *c, const TcgRegion *r)
{
    return c->buf.rx + r->checked_entry;
}

/* Its code, of which some is entered before the rest. */
static inline const uint8_t *tcg_region_code(const TcgCache *c, const TcgRegion *r)
{
    return c->buf.rx + MIN(r->entry, r->checked_entry);
}

/* Its second range, cold_size bytes: slices take these from their end, in the order of regions. */
const uint8_t *tcg_region_cold(const TcgCache *c, const TcgRegion *r);

/* @for_perf: in memory that perf looks names of code up for. */
bool tcg_cache_init(TcgCache *c, size_t size, bool for_perf, GError **err);
void tcg_cache_prologue_done(TcgCache *c, size_t used);
void tcg_cache_free(TcgCache *c);
/* Make sure that the vCPU's slice has room for a usual region. May wait for other vCPUs:
 * the caller holds no lock and no region. */
void tcg_slice_ensure(TcgVcpu *v);
/* Give the rest of the slice up: the next ensure takes a new one. */
static inline void tcg_slice_drop(TcgSlice *s)
{
    s->valid = false;
}

/* ---- Requests between vCPUs (sync.c) ---- */

typedef enum TcgRunState { TCG_OUTSIDE, TCG_INSIDE } TcgRunState;

/* Drop the store entries of the RAM page on every vCPU; returns when none is left. Waits:
 * the caller holds no lock; own requests are served meanwhile. */
void tcg_revoke_stores(TcgVcpu *self, uint64_t ram_page);
/* Return when every other vCPU has passed a point at which it holds no region and has
 * left generated code. */
void tcg_quiesce(TcgVcpu *self);
/* A vCPU begins and ends to run; serves what was asked meanwhile. */
void tcg_vcpu_enter(TcgVcpu *v);
void tcg_vcpu_leave(TcgVcpu *v);
/* At a point where it holds no region: carry out requests and acknowledge them. */
void tcg_vcpu_serve(TcgVcpu *v);
static inline bool tcg_vcpu_has_requests(TcgVcpu *v);

/* ---- Views (views.c) ---- */

/* Views for data are large: half as many are kept. */
enum { TCG_VIEWS_MAX = 64, TCG_DATA_VIEWS_MAX = 32, TCG_VIEW_TOUCHED = 1024,
       TCG_VIEW_LOG = 1024, TCG_VIEW_LEAVES = 4,
       TCG_VIEW_BLOCK = 256 /* entries that fill a host page */,
       TCG_FETCH_BLOCK = TCG_FETCH_ENTRIES / 64 };

/* Entries for the slow path alone have this bit in the tag, which generated code never
 * matches: of stores to pages that hold code, and of fetches from pages that hold a
 * breakpoint. */
#define TCG_TAG_SLOW UINT64_C(1)

typedef struct TcgLeafRange {
    uint64_t first, last; /* addresses */
    uint8_t bits;         /* of the largest leaf in it */
} TcgLeafRange;

/* What accel/tcg knows of a view's entries beside the table itself. */
typedef struct TcgDataSide {
    uint32_t store_page[TCG_VIEW_ENTRIES];    /* RAM page number behind store[i] */
    uint64_t global[2][TCG_VIEW_ENTRIES / 64]; /* of load and store entries */
    bool sites_ready; /* the table's sites have been written */
} TcgDataSide;

typedef struct TcgDataSlot {
    TcgDataView table;
    TcgDataSide side;
} __attribute__((aligned(4096))) TcgDataSlot; /* whole pages: they are given back to the host */

typedef struct TcgFetchSlot {
    TcgFetchView table;
    uint64_t global[TCG_FETCH_ENTRIES / 64];
    uint64_t live;    /* blocks that may hold translations */
    uint64_t written; /* blocks that are not the zeros that they began as */
} TcgFetchSlot;

/* Where a data view has entries. */
typedef struct TcgTouched {
    bool overflow;           /* more than entry[] holds: anywhere */
    uint16_t n;
    uint32_t entry[TCG_VIEW_TOUCHED]; /* number | TCG_TOUCHED_STORE */
} TcgTouched;

typedef struct TcgView {
    bool used;
    bool stale, stale_local; /* to be cleared (of its non-global entries) before use */
    bool local;              /* not all entries are global */
    bool strays;             /* sites may hold pages that have lost their entry to others */
    uint8_t n_leaves;
    uint64_t generation;     /* pool's at its last clear */
    uint64_t log_pos;        /* page drops applied so far */
    uint64_t last_use;
    uint64_t made;           /* the pool's clock when it was made */
    uint64_t elder_made;     /* elder is meant only while it is the view made then */
    uint8_t elder;           /* whose global entries are taken over; TCG_VIEWS_MAX: none */
    TcgLeafRange leaf[TCG_VIEW_LEAVES];
    /* data views: blocks of load[] and of store[] that hold entries; the others have never
     * been written, and zeros there match no access */
    uint64_t live[2][TCG_VIEW_ENTRIES / TCG_VIEW_BLOCK / 64];
    TcgTouched touched[2];   /* data views: not global, global */
} TcgView;
enum { TCG_TOUCHED_STORE = TCG_VIEW_ENTRIES };

/* The views of one kind of one vCPU: (v) all of it. */
typedef struct TcgViewPool {
    CpuViewKind kind;
    CpuViewKey key[TCG_VIEWS_MAX];
    TcgView view[TCG_VIEWS_MAX];
    uint8_t hint[TCG_VIEWS_MAX]; /* hash of a key -> where it was last */
    unsigned n_used;
    unsigned current;
    uint64_t generation;    /* a full flush counts it up */
    uint64_t clock;
    uint64_t log[TCG_VIEW_LOG]; /* pages dropped from all views */
    uint64_t log_pos;
    union {
        TcgDataSlot *data;
        TcgFetchSlot *fetch;
        void *slots;
    };
    size_t slots_size;
} TcgViewPool;

bool tcg_views_init(TcgVcpu *v, GError **err);
void tcg_views_free(TcgVcpu *v);
/* Everything, in O(1). */
void tcg_views_flush(TcgVcpu *v);
/* Let generated code use the vCPU's current views. */
void tcg_views_publish(TcgVcpu *v);
/* Enter a translation into the current view. */
void tcg_view_enter_load(TcgVcpu *v, uint64_t vaddr, uint8_t *host, const CpuFill *f);
/* Take a global entry for @vaddr over from another view; false: there is none. */
bool tcg_view_inherit(TcgVcpu *v, uint64_t vaddr, bool store);
/* Decides by the page's flags whether generated code may use the entry: returns true if so. */
bool tcg_view_enter_store(TcgVcpu *v, uint64_t vaddr, uint8_t *host, uint64_t ram_page,
                          uint8_t *page_flags, const CpuFill *f);
/* @slow: for the loop only. */
void tcg_view_enter_fetch(TcgVcpu *v, uint64_t vaddr, uint64_t ram_page, const CpuFill *f,
                          bool slow);
/* Turn the store entries of a RAM page into slow ones, in all views. */
void tcg_views_revoke(TcgVcpu *v, uint64_t ram_page);
/* May the vCPU have a store entry for the page? Any thread. */
bool tcg_views_may_store(TcgVcpu *v, uint64_t ram_page);
static inline const CpuViewKey *tcg_view_key(const TcgViewPool *p)
{
    return &p->key[p->current];
}

/* ---- Pages that hold code (smc.c) ---- */

enum { TCG_GRANULES = 32 };
struct TcgPage {
    uint64_t ram_page;
    TcgRef regions[TCG_GRANULES]; /* (p) nodes, by the granule where a range begins */
    uint32_t n_ranges;    /* (p) in all lists */
    uint8_t reach;        /* (p) no range goes on for more granules than this */
    bool stale;           /* (p) granules has bits of regions that are gone */
    uint32_t pins;        /* (p) translations under way */
    uint32_t version;     /* (p) counts writes */
    uint32_t granules;    /* (p) bit per 128 bytes that a region covers */
    bool guarded;         /* (p) no vCPU has a store entry for it */
    uint8_t idle_writes;  /* (p) since a region was last made from it */
};

typedef struct TcgPageStripe {
    GMutex lock;
    GHashTable *pages; /* ram_page -> TcgPage * */
    uint64_t killed;   /* regions of these pages; under lock */
    char pad[APART - sizeof(GMutex) - sizeof(GHashTable *) - sizeof(uint64_t)]; /* as TcgLock */
} TcgPageStripe;

/* A page whose code is being decoded. */
typedef struct TcgPagePin {
    TcgPage *page;
    uint32_t version;
} TcgPagePin;

void tcg_pages_init(TcgEngine *e);
void tcg_pages_free(TcgEngine *e);
TcgPageStripe *tcg_page_stripe(TcgEngine *e, uint64_t ram_page);
/* Guard the page against stores that nobody sees, then note its version. Waits. */
void tcg_page_pin(TcgVcpu *v, uint64_t ram_page, TcgPagePin *pin);
void tcg_page_unpin(TcgEngine *e, TcgPagePin *pin);
/* Publish a region made under its pins (the second may be empty); NULL if a page was
 * written meanwhile; another region if that was faster. */
TcgRegion *tcg_pages_publish(TcgEngine *e, TcgRegion *r, TcgPagePin pin[2]);
/* Take a region off the lists of its pages; stripe locks held. */
void tcg_page_unlist_locked(TcgEngine *e, TcgRegion *r);
void tcg_page_release_locked(TcgEngine *e, TcgPageStripe *s, TcgPage *p);
void tcg_pages_lock(TcgEngine *e, uint64_t page1, uint64_t page2);
void tcg_pages_unlock(TcgEngine *e, uint64_t page1, uint64_t page2);
/* [offset, offset + len) of the page was written: true if a region died. Any thread. */
bool tcg_page_written(TcgEngine *e, uint64_t ram_page, unsigned offset, unsigned len);
/* ram_code_written_hook */
void tcg_code_written(RamBlock *rb, uint64_t offset, uint64_t len);

/* ---- Taps ---- */

/*
 * Who watches a vCPU's accesses and makes them in its place (accel/check). The methods are
 * called by the slow path; with v->slow_views every access takes it. A method that is NULL
 * leaves the access as it is.
 *
 * With a tap each store to a page with code leaves the region, whatever it overlaps.
 */
typedef struct TcgTap TcgTap;
struct TcgTap {
    /* Guest RAM at @host, in the host's byte order; within a page. */
    uint64_t (*load)(TcgTap *t, const uint8_t *host, unsigned size);
    void (*store)(TcgTap *t, uint8_t *host, uint64_t value, unsigned size);
    /* A device at guest physical address @phys. */
    MemTxResult (*device)(TcgTap *t, MemoryRegion *mr, uint64_t offset, unsigned size,
                          uint64_t *value, bool write, uint64_t phys);
    /* As cpu_outside(). */
    void (*outside)(TcgTap *t);
};

/* ---- Engine and vCPU ---- */

enum { TCG_MAX_VCPUS = 1024 };

typedef struct TcgStats {
    uint64_t regions, guest_insns, guest_bytes, code_bytes, cold_bytes;
    uint64_t lookups, links, exits[TCG_EXIT_HOT + 1];
    uint64_t slow_loads, slow_stores, mmio, fills, fetch_fills;
    uint64_t code_stores, killed;
    uint64_t hot_regions, hot_insns;
    uint64_t view_switches, view_misses, invalidations, flushes, revokes;
} TcgStats;

/* Add to a counter of a vCPU, which its own thread alone does while others read. */
static inline void tcg_count(uint64_t *counter, uint64_t n)
{
    atomic_set(counter, atomic_read(counter) + n);
}

struct TcgEngine {
    const CpuOps *ops;
    TcgContext *ctx;
    TcgCache cache;
    TcgHash hash;
    TcgLock link[TCG_STRIPES];    /* by the page of the link's target */
    TcgPageStripe stripe[TCG_STRIPES];
    TcgVcpu *vcpu[TCG_MAX_VCPUS]; /* (a) by CPU index; freed with the engine */
    unsigned n_vcpus;             /* (a) */
    unsigned max_insns;
    bool verify;
    TcgProfile *profile;          /* (c) NULL: none */
    uint32_t hot_threshold;       /* 0: no second tier */
    bool shared;                  /* another engine translates the same RAM */
    /* Called with what each translation is made from; NULL: nothing is (accel/check). */
    void (*edit)(void *opaque, const CpuTranslate *t, const IrCode *code);
    void *edit_opaque;
    TcgPerf *perf;                /* (c) NULL: none */
};

typedef struct TcgRequests {
    GMutex lock;
    GArray *revoke;     /* uint64_t RAM pages; under lock */
    uint64_t posted;    /* (a) written under lock */
    uint64_t done;      /* (a) written by the vCPU */
    uint32_t flush;     /* (a) the flat view changed */
} TcgRequests;

/* What a vCPU's thread is doing, for profiles (profile.h). */
typedef enum TcgPhase {
    TCG_PHASE_OUTSIDE,   /* not in tcg_cpu_run() */
    TCG_PHASE_LOOP,      /* looks regions up and links them, takes exceptions */
    TCG_PHASE_RUN,       /* generated code, and what it calls */
    TCG_PHASE_TRANSLATE,
    TCG_PHASE_MEMORY,    /* guest accesses that generated code cannot make by itself */
    TCG_PHASE_DEVICE,
    TCG_PHASE_LOCK,      /* waits for the machine lock */
} TcgPhase;

struct TcgVcpu {
    CpuState *cpu;
    TcgEngine *engine;
    uint8_t phase;             /* (v) TcgPhase; read by the thread's signal handler */
    MemoryRegion *phase_device; /* (v) in TCG_PHASE_DEVICE */
    TcgVcpuProfile *profile;   /* (c) NULL: none */
    uint32_t run_state; /* (a) TcgRunState */
    TcgRequests req;
    uint64_t served;    /* (v) times that regions held may have gone */
    TcgSlice slice;     /* (v) */
    IrBuilder *ir;      /* (v) */
    TcgScratch *scratch; /* (v) */
    TcgPagePin pin[2];  /* (v) of the translation under way */
    CpuTranslate *translating;
    TcgTap *tap;        /* (v) */
    bool slow_views;    /* (c) generated code never finds an access in a view */
    TcgViewPool pool[CPU_VIEW_COUNT];
    uint64_t *store_views; /* (a) by hash of a RAM page: bit per view that may have a store
                              entry for one; the vCPU alone writes it */
    TcgJumpEntry *jump_cache;
    bool jump_turn;     /* (v) which of two slots is given up next */
    uint32_t *hot;      /* TcgCpuArea.hot */
    TcgJumpEntry *no_jumps; /* empty; NULL until a debugger came */
    bool alone;         /* (v) what runs can be stopped behind it: an instruction that is
                           run alone, the entry into a handler; */
    CpuDebugStop hit;   /* (v) the watchpoint that it hit */
    TcgStats stats;     /* (a) tcg_count() */
};

/* Enter a phase; returns the one to go back to. A raise goes back to TCG_PHASE_LOOP. */
static inline uint8_t tcg_phase(TcgVcpu *v, uint8_t phase)
{
    uint8_t old = v->phase;
    atomic_set(&v->phase, phase);
    return old;
}

static inline bool tcg_vcpu_has_requests(TcgVcpu *v)
{
    return atomic_load_acquire(&v->req.posted) != v->req.done;
}

static inline TcgVcpu *tcg_vcpu(CpuState *cpu)
{
    return cpu->accel;
}

/* tcg-accel.c: the engines that run code, which are told when RAM that holds code is
 * written. Machine lock held. */
void tcg_engine_register(TcgEngine *e);
void tcg_engine_unregister(TcgEngine *e);
/* The registered engines, from 0 on; NULL: no more. Any thread. */
TcgEngine *tcg_engine(unsigned n);

/* engine.c */
enum { TCG_MAX_ENGINES = 2, TCG_MAX_INSNS = 128 };
typedef struct TcgEngineConfig {
    const TcgBackend *backend;
    size_t tb_size;      /* of the code cache, in bytes */
    unsigned max_insns;  /* of a region */
    bool verify;         /* the IR of each translation */
    TcgProfile *profile; /* that is taken of its vCPUs, or NULL */
    uint32_t hot_threshold; /* jumps to a place that make it worth the second tier; 0: none */
    bool shared;         /* another engine translates the same RAM: marks of pages with code
                            stay when the code is gone */
    TcgPerf *perf;       /* that is told of its regions, or NULL */
} TcgEngineConfig;
TcgEngine *tcg_engine_new(const TcgEngineConfig *config, const CpuOps *ops, GError **err);
void tcg_engine_free(TcgEngine *e);
/* What runs the CPU on this engine; it is selected, and its views are empty. */
TcgVcpu *tcg_engine_add_cpu(TcgEngine *e, CpuState *cpu, GError **err);
/* From now on the CPU runs on @v, with its views and its jump cache. */
void tcg_vcpu_select(TcgVcpu *v);
/* The flat view of @as changed: views are dropped on each vCPU before it goes on. */
void tcg_engine_memory_changed(TcgEngine *e, AddressSpace *as);
/* Sums of the vCPUs' counters, for info jit. */
void tcg_engine_info(TcgEngine *e, GString *out);

/* exec.c */
void tcg_cpu_run(CpuState *cpu);
/* Parts of the vCPU's loop: at a point without regions, look at all reasons why the thread
 * may be wanted (false: leave the loop); interrupts and halting, where the code asked for
 * the loop or was asked to leave (true: go on at pc, which may have changed); the region at
 * pc (NULL: begin the turn again). */
bool tcg_loop_serve(TcgVcpu *v);
bool tcg_loop_poll(TcgVcpu *v);
TcgRegion *tcg_loop_region(TcgVcpu *v, uint64_t pc, uint32_t cflags);
/* True if an interrupt was taken. */
bool tcg_take_interrupt(TcgVcpu *v);

/* debug.c */

/* What sigsetjmp() returns where a vCPU unwinds to. */
typedef enum TcgUnwind {
    TCG_UNWIND_NONE,
    TCG_UNWIND_EXCEPTION,
    TCG_UNWIND_WATCH,  /* run the instruction at pc alone: it hits a watchpoint */
} TcgUnwind;
void tcg_debug_changed(CpuState *cpu);
/* Begin or go on under a debugger: steps, and instructions that have to be run alone. False:
 * leave the loop. */
bool tcg_debug_run(TcgVcpu *v, TcgUnwind why);
/* The entry into a handler begins or ends: accesses that it makes may hit watchpoints. */
void tcg_debug_delivery(TcgVcpu *v, bool begin);
/* In the loop: is there a breakpoint at pc, so that the vCPU stops? */
bool tcg_debug_break(TcgVcpu *v, uint64_t pc);
/* An instruction is about to access memory: @access is CpuWatch bits. Unwinds if a
 * watchpoint is hit, unless the instruction runs alone. */
void tcg_debug_watch(TcgVcpu *v, uint64_t vaddr, uint64_t size, unsigned access);
static inline void tcg_debug_access(TcgVcpu *v, uint64_t vaddr, uint64_t size, unsigned access)
{
    if (unlikely(v->cpu->debug)) {
        tcg_debug_watch(v, vaddr, size, access);
    }
}

/* translate.c: NULL: begin again from the loop (the slice was too small, or the page was
 * written meanwhile). Raises what decoding raises. */
TcgRegion *tcg_translate(TcgVcpu *v, uint64_t pc, const TcgRegionKey *key, unsigned avail);
/* Forget a translation that an exception broke off. */
void tcg_translate_abort(TcgVcpu *v);
/* Print the guest's instructions of a region that is entered at @pc; @full: IR and host code
 * too. May raise as decoding does. */
void tcg_region_describe(TcgVcpu *v, const TcgRegion *r, uint64_t pc, bool full, GString *out);

/* Parts of it, for the second tier. Pins the page and sets @t up. */
bool tcg_translate_begin(TcgVcpu *v, CpuTranslate *t, uint64_t pc, const TcgRegionKey *key,
                         unsigned avail);
/* Verify and log the IR. */
void tcg_translate_check(TcgVcpu *v, const IrCode *code, uint64_t pc, bool log);
/* Compile into the slice; NULL if it does not fit there. @range: the @n_ranges ranges of the
 * page that it is made from, for the second tier; else NULL. */
TcgRegion *tcg_compile_region(TcgVcpu *v, const CpuTranslate *t, const IrCode *code,
                              const TcgRegionKey *key, const TcgPageNode *range,
                              unsigned n_ranges);
/* The region is published: what it takes of the slice is gone. */
void tcg_slice_commit(TcgVcpu *v, TcgRegion *r);
void tcg_log_in_asm(const CpuTranslate *t);
void tcg_log_out_asm(const TcgVcpu *v, const TcgRegion *r);

/* ---- The second tier (plan.c, hot.c) ---- */

/* Up to this threshold, blocks that have not run yet are taken in too (for tests). */
enum { TCG_HOT_EAGER = 16 };

typedef struct TcgPlan {
    unsigned n;
    IrBlockPlan block[IR_MAX_BLOCKS];
    int64_t end[IR_MAX_BLOCKS]; /* pc delta behind each */
} TcgPlan;
/* Blocks around the entry, in their order. False if there are none. Uses t->ir. */
bool tcg_plan(TcgVcpu *v, CpuTranslate *t, const TcgRegionKey *key, TcgPlan *plan);
/* A counter of jumps to pc has come to its end. Raises what fetching raises. */
void tcg_hot(TcgVcpu *v, uint64_t pc, unsigned counter);

/* memory-slow.c */
/* Where a virtual page's code is in RAM. */
typedef struct TcgFetch {
    uint64_t ram_addr;
    unsigned avail;  /* bytes to the end of the page, or of what is backed */
    bool no_cache;   /* permission must be asked for each time */
} TcgFetch;
/* Raises if pc cannot be fetched from. */
void tcg_fetch(TcgVcpu *v, uint64_t pc, TcgFetch *ret);
/* Read RAM by the view of data accesses as it is, without a trace: no fault, no device, no
 * entry made. The vCPU's own thread. */
bool tcg_peek(TcgVcpu *v, uint64_t vaddr, void *buf, unsigned size);
/* As tcg_fetch() for the page at @vaddr, without raising: false if there is none. */
bool tcg_fetch_probe(TcgVcpu *v, uint64_t vaddr, uint64_t *ret_ram_page);

/* What a store or an atomic access found: RAM that may be written, or a device. */
typedef struct TcgStoreTarget {
    uint8_t *host;       /* RAM; NULL: a device or ROM */
    uint64_t ram_page;
    bool code;           /* tell tcg_store_code() after the write */
    MemoryRegion *mr;    /* no RAM: the device or ROM, */
    uint64_t offset;     /* the place in it, */
    uint64_t phys;       /* and in the guest's memory */
} TcgStoreTarget;
/* Guest RAM, through the vCPU's tap if it has one. */
uint64_t tcg_ram_load(TcgVcpu *v, const uint8_t *host, unsigned size);
void tcg_ram_store(TcgVcpu *v, uint8_t *host, uint64_t value, unsigned size);
/* @vaddr to @vaddr + @size lie in one page. Raises. */
void tcg_store_target(TcgVcpu *v, uint64_t vaddr, unsigned size, TcgStoreTarget *ret);
/* After a write to a page with code. */
void tcg_store_code(TcgVcpu *v, const TcgStoreTarget *t, uint64_t vaddr, unsigned size);

uint64_t tcg_slow_load(CpuState *cpu, uint64_t vaddr, uint32_t memop);
void tcg_slow_store(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop);
/* atomics.c */
uint64_t tcg_slow_amo(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop_amo);
uint64_t tcg_slow_cas(CpuState *cpu, uint64_t vaddr, uint64_t expected, uint64_t value,
                      uint32_t memop);

static inline unsigned tcg_memop_size(uint32_t memop)
{
    return 1u << (memop & IR_MO_SIZE);
}
/* The low bytes of @x, extended as memop says. */
static inline uint64_t tcg_memop_extend(uint64_t x, uint32_t memop)
{
    unsigned shift = 64 - 8 * tcg_memop_size(memop);
    return memop & IR_MO_SIGN ? (uint64_t)((int64_t)(x << shift) >> shift) : x << shift >> shift;
}
/* Between little-endian as in memory and the guest's value. */
static inline uint64_t tcg_memop_swap(uint64_t x, uint32_t memop)
{
    return memop & IR_MO_BE ? GUINT64_SWAP_LE_BE(x) >> (64 - 8 * tcg_memop_size(memop)) : x;
}

#endif
