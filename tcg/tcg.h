/*
 * The translator's back half: IR in, code out, and the conventions that generated code
 * shares with its surroundings (accel/tcg). Knows no target and no device.
 *
 * The state pointer in generated code is CpuState + env_bias; what the code reads by
 * itself is TcgCpuArea, at area_offset in the CPU state.
 *
 * Convention between regions (x86-64; the second tier keeps it):
 *   rbp state pointer, r15 base of the current data view (TcgCpuArea.data_view),
 *   rbx the pc (entry pc of the region entered), r12 r13 r14 rsi rdi r8 r9 the globals
 *   with IrGlobal.pin = 1..7; every other global is in the state. rax rcx rdx r10 r11 are
 *   free. A direct or indirect jump stores nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_TCG_H
#define TCG_TCG_H

#include "tcg/ir.h"

typedef struct CpuState CpuState;
typedef struct TcgContext TcgContext;
typedef struct TcgRegionCode TcgRegionCode;

/*
 * Views, as generated code sees them. A data view is two direct-mapped tables, loads
 * then stores; the index is bits of the virtual page number, the tag is the page's
 * address (low bits zero; TCG_TAG_INVALID matches nothing; pages whose accesses need the
 * slow path are never entered). host address = guest address + addend. A hit proves that
 * the access lies in one page: the tag is compared with the page of the last byte.
 */
enum {
    TCG_PAGE_BITS = 12,
    TCG_VIEW_BITS = 16,
    TCG_VIEW_ENTRIES = 1 << TCG_VIEW_BITS,
    TCG_VIEW_SITES = 1024,
    TCG_VIEW_SITE_GROUP = 64,
    TCG_FETCH_BITS = 12,
    TCG_FETCH_ENTRIES = 1 << TCG_FETCH_BITS,
    TCG_JUMP_BITS = 14,
    TCG_JUMP_ENTRIES = 1 << TCG_JUMP_BITS,
};
#define TCG_PAGE_SIZE   ((uint64_t)1 << TCG_PAGE_BITS)
#define TCG_PAGE_MASK   (~(TCG_PAGE_SIZE - 1))
#define TCG_TAG_INVALID UINT64_MAX

typedef struct TcgViewEntry {
    uint64_t tag;
    uint64_t addend;
} TcgViewEntry;
typedef struct TcgDataView {
    TcgViewEntry load[TCG_VIEW_ENTRIES];
    TcgViewEntry store[TCG_VIEW_ENTRIES];
    /* Copies of entries, made by generated code of the second tier; cleared when any entry of
     * the tables above is dropped or changed otherwise than by another page's. */
    TcgViewEntry load_site[TCG_VIEW_SITES];
    TcgViewEntry store_site[TCG_VIEW_SITES];
    /* some copy in these may be valid: groups of load_site, then of store_site */
    uint8_t sites_used[2][TCG_VIEW_SITES / TCG_VIEW_SITE_GROUP];
} TcgDataView;
/* Fetch view: virtual page -> guest physical page. */
typedef struct TcgFetchEntry {
    uint64_t tag;
    uint64_t phys_page;
} TcgFetchEntry;
typedef struct TcgFetchView {
    TcgFetchEntry entry[TCG_FETCH_ENTRIES];
} TcgFetchView;
static inline unsigned tcg_view_index(uint64_t vaddr)
{
    return (vaddr >> TCG_PAGE_BITS) & (TCG_VIEW_ENTRIES - 1);
}
static inline unsigned tcg_fetch_index(uint64_t vaddr)
{
    return (vaddr >> TCG_PAGE_BITS) & (TCG_FETCH_ENTRIES - 1);
}
/* Indirect jumps: virtual pc -> checked entry of a region. Entries are dropped only when
 * their region dies: the checked entry verifies page and mode. A pc is in the slot of its index
 * or, if that is taken, in the one of its other index. A free entry holds a pc that belongs in
 * neither way in its slot, so that no jump matches it. */
typedef struct TcgJumpEntry {
    uint64_t pc;
    const void *checked_entry;
} TcgJumpEntry;
static inline unsigned tcg_jump_index(uint64_t pc)
{
    return (pc >> 1) & (TCG_JUMP_ENTRIES - 1);
}
static inline unsigned tcg_jump_other(unsigned index)
{
    return index ^ TCG_JUMP_ENTRIES / 2;
}
static inline uint64_t tcg_jump_no_pc(unsigned index)
{
    return index % (TCG_JUMP_ENTRIES / 2) ? 0 : 2;
}

/* The counter for jumps to a place: by the entry's physical address, as far as who counts
 * knows it. */
enum { TCG_HOT_BITS = 14, TCG_HOT_ENTRIES = 1 << TCG_HOT_BITS };
static inline unsigned tcg_hot_index(uint64_t phys)
{
    return (phys >> 1) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - TCG_HOT_BITS);
}

/* The part of the CPU state that generated code itself reads and writes: at most 128
 * bytes, the last member of CpuState, so that short displacements reach it and the
 * target's first fields. */
typedef struct TcgCpuArea {
    TcgDataView *data_view;   /* current views; set by accel/tcg only */
    TcgFetchView *fetch_view;
    TcgJumpEntry *jump_cache;
    uint64_t icount;          /* guest instructions retired up to the last exit */
    uint32_t pending_icount;  /* retired since, at the latest call that may fault */
    uint32_t exit_request;    /* (a) non-zero: leave at the next poll */
    uint32_t mode;            /* code mode key, see CpuTcgOps.mode */
    uint32_t exit_after_store; /* set by the slow store: leave after this instruction */
    void *unwind;             /* where a raised exception resumes */
    uint32_t *hot;            /* counters of TCG_HOT_ENTRIES, down to 0: see tcg_hot_index() */
    uint64_t scratch[2];
    uint32_t fp_state;        /* the backend's: where the floating-point status is */
    uint32_t fp_scratch;
} TcgCpuArea;

/* What backends call in the surroundings (implemented by accel/tcg). Each runs with all
 * globals and pc (of the current instruction) in the state and pending_icount set, and
 * may raise. @memop carries IrMemOp; amo adds IrAmo << 8. */
typedef struct TcgRuntime {
    uint64_t (*slow_load)(CpuState *cpu, uint64_t vaddr, uint32_t memop);
    void (*slow_store)(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop);
    uint64_t (*amo)(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop_amo);
    uint64_t (*cas)(CpuState *cpu, uint64_t vaddr, uint64_t expected, uint64_t value,
                    uint32_t memop);
} TcgRuntime;

/* The guest's floating-point status: offsets of fields of the CPU state. They are up to date
 * whenever C code runs: within generated code the host's control register may hold them. */
typedef struct TcgFp {
    uint32_t flags;    /* a byte: IR_FP_INEXACT, ...: set by ops and never cleared by them; 0:
                          code has no floating point */
    uint32_t rounding; /* 32 bits, 0..7: IR_FP_NEAREST_EVEN, ... */
    uint64_t nan32, nan64; /* what a NaN result is, by format; boxed */
} TcgFp;

typedef struct TcgConfig {
    const IrGlobal *globals;
    unsigned n_globals;
    unsigned pc_global;
    uint32_t area_offset; /* offsetof(CpuState, tcg) */
    uint32_t env_bias;    /* state pointer = CpuState + env_bias */
    TcgFp fp;
    bool count_hot;       /* jumps that poll count where they lead (TCG_EXIT_HOT) */
    TcgRuntime runtime;
} TcgConfig;

typedef struct TcgBackend TcgBackend; /* "x86_64" and "interp" */

/* A direct exit that can be linked to the region it leads to. */
typedef struct TcgLink {
    int64_t pc_delta;          /* where it leads: entry pc + pc_delta */
    uint32_t patch_offset;     /* backend's: place of the jump's displacement */
    uint32_t stub_offset : 31; /* backend's: target of the jump while unlinked */
    uint32_t cross_page : 1;   /* target is in another page than the region's entry: link
                                  to the checked entry */
} TcgLink;
enum { TCG_MAX_LINKS = 64, TCG_MAX_LINKS_BLOCK = 8 /* of the first tier */ };

/* Where a guest instruction's code begins, for profiles. */
typedef struct TcgMark {
    uint32_t code;     /* offset in the buffer */
    int32_t pc_delta;  /* of the instruction */
} TcgMark;

/* Input and output of a compilation. */
typedef struct TcgScratch TcgScratch;
typedef struct TcgCompile {
    /* in */
    const IrCode *ir;
    uint64_t phys_page;        /* the page the code was read from */
    uint64_t phys_page2;       /* second page, or TCG_TAG_INVALID */
    uint32_t mode;
    uint32_t page_offset;      /* of the entry pc in its page */
    uint8_t tier;              /* 2: spend time on good code; else 1 */
    void *region;              /* owner's handle: comes back from tcg_run() */
    TcgScratch *scratch;       /* of whoever compiles, or NULL: made for this one */
    TcgMark *marks;            /* room for ir->n_insns, or NULL: none wanted */
    /* out */
    uint32_t n_marks;          /* in ascending order; 0 if the backend knows none */
    const void *entry;         /* checked nothing: same page, same mode */
    const void *checked_entry; /* compares mode and fetch translation(s) first, goes to the
                                  loop (TCG_EXIT_LOOKUP) if they differ */
    uint32_t code_size;        /* bytes at the range's start */
    uint32_t cold_size;        /* bytes at its end: what seldom runs, so that code which
                                  often does lies close together */
    uint8_t n_links;
    TcgLink links[TCG_MAX_LINKS];
} TcgCompile;

/* How a run of generated code ended. */
typedef enum TcgExitReason {
    TCG_EXIT_LOOKUP, /* pc is in the state: look up what is there */
    TCG_EXIT_LINK,   /* the same, and the exit can be linked: region and link are set */
    TCG_EXIT_POLL,   /* exit_request was seen, or the code asked for the loop */
    TCG_EXIT_HOT,    /* pc is in the state: code that often leads there counted to the end;
                        link is the counter's index */
} TcgExitReason;
typedef struct TcgExit {
    TcgExitReason reason;
    void *region;      /* TcgCompile.region of the region left (LINK) */
    unsigned link;
} TcgExit;

/* A context compiles for one kind of CPU. Backends: tcg_backend_find("x86_64"). */
const TcgBackend *tcg_backend_find(const char *name);
const TcgBackend *tcg_backend_default(void);
TcgContext *tcg_context_new(const TcgBackend *be, const TcgConfig *cfg, GError **err);
void tcg_context_free(TcgContext *ctx);
/* What compiling works in, for one thread at a time: TcgCompile.scratch. NULL if the backend needs
 * nothing. To be freed before the context. */
TcgScratch *tcg_scratch_new(TcgContext *ctx);
void tcg_scratch_free(TcgContext *ctx, TcgScratch *scratch);

/* A buffer for code, mapped twice: written at rw, run at rx (same bytes). */
typedef struct TcgBuffer {
    uint8_t *rw;
    const uint8_t *rx;
    size_t size;
    int fd;
} TcgBuffer;
/* memfd mapped twice; EACCES and the like give a clear error. */
bool tcg_buffer_alloc(TcgBuffer *buf, size_t size, GError **err);
/* The same without a file, so that perf takes it for code made at run time. */
bool tcg_buffer_alloc_unnamed(TcgBuffer *buf, size_t size, GError **err);
void tcg_buffer_free(TcgBuffer *buf);

/* Emit the entry trampoline, exits and shared slow paths at the start of @buf; returns
 * bytes used. To be called once per context before anything else. */
size_t tcg_emit_prologue(TcgContext *ctx, TcgBuffer *buf);

/*
 * Compile @c into buf[offset, offset + room), of which it takes some at the start and some at
 * the end. False if it does not fit (nothing is kept). Thread-safe: several vCPU threads compile at once, into disjoint ranges.
 */
bool tcg_compile(TcgContext *ctx, TcgCompile *c, TcgBuffer *buf, size_t offset, size_t room);

/* (Un)link exit @l of code compiled as @c. @target is an entry or checked_entry, or NULL
 * to unlink. One aligned store through the rw mapping: other vCPUs may be running it. */
void tcg_link_set(TcgContext *ctx, TcgBuffer *buf, const TcgLink *l, const void *target);

/* Run from @entry (an entry or checked entry) until an exit. The state holds all globals
 * before and after. A helper that raises unwinds past this (see accel/tcg). */
TcgExit tcg_run(TcgContext *ctx, CpuState *cpu, const void *entry);

/* What a thread inside tcg_run() was doing when a signal interrupted it. */
typedef struct TcgPlace {
    enum {
        TCG_PLACE_UNKNOWN, /* the backend cannot tell */
        TCG_PLACE_CODE,    /* in the buffer, at @code; @entry_pc is the region's pc */
        TCG_PLACE_CALLED,  /* in a helper that the instruction before @code called; NULL:
                              it was not found */
    } kind;
    const uint8_t *code;
    uint64_t entry_pc;
} TcgPlace;
/* @context: the ucontext_t that the handler was given. Async-signal-safe. */
TcgPlace tcg_place(const TcgContext *ctx, const TcgBuffer *buf, const void *context);

#endif
