/*
 * The second tier: what is run often is translated again, as a region of several blocks.
 *
 * Direct exits that lead back in their page, and entries of the first tier from elsewhere, count down
 * (TcgCpuArea.hot). At zero the vCPU comes here, with pc where the jump leads. The region
 * that is made there takes the place of the first tier's: that one dies, links and jump
 * caches find the new one. Entries in the middle of the new region stay the first tier's. If
 * code beside a region gets hot later (blocks that had not run when it was made), the
 * same counters bring the vCPU here again, and the region is made larger.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/perf.h"
#include "accel/tcg/trace.h"
#include "util/log.h"

enum {
    MAX_ATTEMPTS = 3,
    RETRY = 64,         /* jumps until the first tier's region is there for sure */
    DONE = 1 << 20,     /* jumps after which a place is looked at again where nothing helps */
};

/* Build the IR of the plan. NULL: it does not work out. */
static const IrCode *build(TcgVcpu *v, CpuTranslate *t, const TcgPlan *plan, bool log)
{
    uint64_t stops[TCG_PAGE_SIZE / 2 / 64] = { 0 };
    unsigned size = 0, n_insns = 0;
    for (unsigned n = 0; n < plan->n; n++) {
        unsigned bit = ((t->pc + plan->block[n].delta) & ~TCG_PAGE_MASK) / 2;
        stops[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    ir_builder_reset(v->ir);
    ir_region_begin(v->ir, plan->block, plan->n);
    t->stops = stops;
    for (unsigned n = 0; n < plan->n; n++) {
        ir_region_block(v->ir, n);
        t->start = plan->block[n].delta;
        t->size = t->n_insns = 0;
        v->engine->ops->translate(t);
        if (!t->n_insns || ir_builder_nearly_full(v->ir)) {
            return NULL;
        }
        if (log) {
            tcg_log_in_asm(t);
        }
        size += t->size;
        n_insns += t->n_insns;
    }
    ir_region_end(v->ir);
    t->stops = NULL;
    t->size = size;
    t->n_insns = n_insns;
    const IrCode *code = ir_builder_code(v->ir);
    if (code->overflow) {
        return NULL;
    }
    if (unlikely(v->engine->edit)) {
        v->engine->edit(v->engine->edit_opaque, t, code);
    }
    return code;
}

static int by_first(const void *a, const void *b)
{
    return ((const TcgPageNode *)a)->first - ((const TcgPageNode *)b)->first;
}

/* The ranges of the page that the region was made from, in @node; returns how many. */
static unsigned ranges(const TcgRegionKey *key, const TcgPlan *plan, TcgPageNode *node)
{
    unsigned entry = key->ram_addr & ~TCG_PAGE_MASK, n = 0;
    for (unsigned k = 0; k < plan->n; k++) {
        node[k] = (TcgPageNode){ .first = entry + plan->block[k].delta,
                                 .last = entry + plan->end[k] - 1 };
    }
    qsort(node, plan->n, sizeof(node[0]), by_first);
    for (unsigned k = 1; k < plan->n; k++) {
        if (node[k].first <= node[n].last + 1) {
            node[n].last = MAX(node[n].last, node[k].last);
        } else {
            node[++n] = node[k];
        }
    }
    return n + 1;
}

/* True if a region of the second tier is there now. */
static bool promote(TcgVcpu *v, uint64_t pc, const TcgRegionKey *key, unsigned avail)
{
    TcgEngine *e = v->engine;
    TcgPlan plan;
    CpuTranslate t;
    uint8_t phase = tcg_phase(v, TCG_PHASE_TRANSLATE);
    if (!tcg_translate_begin(v, &t, pc, key, avail)) {
        return false;
    }
    bool log = log_enabled(LOG_IN_ASM | LOG_OP | LOG_OUT_ASM) && log_in_filter(pc);
    const IrCode *code = tcg_plan(v, &t, key, &plan)
                             ? build(v, &t, &plan, log && log_enabled(LOG_IN_ASM)) : NULL;
    TcgRegion *r = NULL, *got = NULL;
    if (code && !v->pin[1].page) {
        TcgPageNode range[IR_MAX_BLOCKS];
        unsigned n = ranges(key, &plan, range);
        tcg_translate_check(v, code, pc, log);
        /* From here to the commit nothing waits: the slice stays ours (I7). */
        tcg_slice_ensure(v);
        r = tcg_compile_region(v, &t, code, key, range, n);
        if (!r) {
            tcg_slice_drop(&v->slice);
            tcg_slice_ensure(v);
            r = tcg_compile_region(v, &t, code, key, range, n);
        }
    }
    if (r) {
        if (log && log_enabled(LOG_OUT_ASM)) {
            tcg_log_out_asm(v, r);
        }
        got = tcg_pages_publish(e, r, v->pin);
        if (got == r) {
            tcg_slice_commit(v, r);
            trace_tcg_region_translate(v->cpu->index, pc, r->ram_addr, r->mode, r->n_insns,
                                       r->code_size);
            if (unlikely(e->perf)) {
                tcg_perf_region(e->perf, &e->cache, r, pc);
            }
            tcg_count(&v->stats.hot_regions, 1);
            tcg_count(&v->stats.hot_insns, r->n_insns);
        }
    }
    tcg_translate_abort(v);
    tcg_phase(v, phase);
    return got == r && r;
}

void tcg_hot(TcgVcpu *v, uint64_t pc, unsigned counter)
{
    TcgEngine *e = v->engine;
    TcgFetch f;
    v->hot[counter] = e->hot_threshold;
    tcg_fetch(v, pc, &f);
    if (f.no_cache) {
        v->hot[counter] = MAX(DONE, e->hot_threshold);
        return;
    }
    TcgRegionKey key = { .ram_addr = f.ram_addr, .mode = v->cpu->tcg.mode };
    TcgRegion *r = tcg_region_find(v, &key, pc);
    if (!r) {
        v->hot[counter] = MIN(RETRY, e->hot_threshold); /* the first tier's turn */
        return;
    }
    if (r->two_pages || atomic_read(&r->attempts) >= MAX_ATTEMPTS) {
        v->hot[counter] = MAX(DONE, e->hot_threshold);
        return;
    }
    atomic_set(&r->attempts, atomic_read(&r->attempts) + 1);
    promote(v, pc, &key, f.avail);
}
