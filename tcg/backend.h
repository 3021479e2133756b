/*
 * What a backend provides, behind tcg/tcg.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_BACKEND_H
#define TCG_BACKEND_H

#include "tcg/tcg.h"

/* The methods do what the functions of tcg/tcg.h with their names do. */
struct TcgBackend {
    const char *name;
    /* A context with cfg set; the backend embeds TcgContext as its first member. */
    TcgContext *(*context_new)(const TcgConfig *cfg, GError **err);
    void (*context_free)(TcgContext *ctx);
    TcgScratch *(*scratch_new)(TcgContext *ctx); /* or NULL */
    void (*scratch_free)(TcgScratch *scratch);
    size_t (*emit_prologue)(TcgContext *ctx, TcgBuffer *buf);
    bool (*compile)(TcgContext *ctx, TcgCompile *c, TcgBuffer *buf, size_t offset,
                    size_t room);
    void (*link_set)(TcgContext *ctx, TcgBuffer *buf, const TcgLink *l,
                     const void *target);
    TcgExit (*run)(TcgContext *ctx, CpuState *cpu, const void *entry);
    TcgPlace (*place)(const TcgBuffer *buf, const void *context); /* or NULL */
};

struct TcgContext {
    const TcgBackend *be;
    TcgConfig cfg;
};

extern const TcgBackend tcg_backend_interp;
#ifdef __x86_64__
extern const TcgBackend tcg_backend_x86_64, tcg_backend_x86_64_baseline;
#endif

static inline TcgCpuArea *tcg_area(const TcgContext *ctx, CpuState *cpu)
{
    return (TcgCpuArea *)((char *)cpu + ctx->cfg.area_offset);
}

/* Exits that can be linked. */
static inline unsigned tcg_max_links(const TcgCompile *c)
{
    return c->tier == 2 ? TCG_MAX_LINKS : TCG_MAX_LINKS_BLOCK;
}

/* The target of a direct exit is in another page than the region's entry. */
static inline bool tcg_crosses_page(const TcgCompile *c, int64_t pc_delta)
{
    return (((uint64_t)c->page_offset + (uint64_t)pc_delta) & TCG_PAGE_MASK) != 0;
}

/*
 * A direct exit tests for requests if it may close a loop of exits: backwards, or into
 * another page. @insn_delta is the pc delta of the instruction that exits.
 */
static inline bool tcg_exit_polls(const TcgCompile *c, int64_t insn_delta,
                                  int64_t pc_delta)
{
    return pc_delta <= insn_delta || tcg_crosses_page(c, pc_delta);
}

/*
 * Whether store @at is the last op of its guest instruction with an effect, so that the
 * region may be left after it; then the delta of the next instruction's pc, if known.
 */
bool tcg_store_leaves(const IrCode *ir, uint32_t at, int64_t *next_delta);

#endif
