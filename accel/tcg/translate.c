/*
 * Translating a region: pin its pages, let the target build IR, compile it into the
 * vCPU's slice, publish it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/perf.h"
#include "accel/tcg/profile.h"
#include "accel/tcg/trace.h"
#include "util/log.h"
#include "util/symbols.h"

static const uint8_t *code_host(uint64_t ram_addr)
{
    uint64_t offset;
    RamBlock *rb = ram_block_from_addr(ram_addr, &offset);
    return rb ? rb->host + offset : NULL;
}

void tcg_translate_abort(TcgVcpu *v)
{
    tcg_page_unpin(v->engine, &v->pin[1]);
    tcg_page_unpin(v->engine, &v->pin[0]);
    v->translating = NULL;
}

bool tcg_translate_second_page(CpuTranslate *t)
{
    TcgVcpu *v = tcg_vcpu(t->cpu);
    if (t->code2) {
        return true;
    }
    TcgFetch f;
    uint64_t vaddr = (t->pc & TCG_PAGE_MASK) + TCG_PAGE_SIZE;
    if ((t->pc & ~TCG_PAGE_MASK) + t->avail != TCG_PAGE_SIZE) {
        /* What is backed ends inside the first page. */
        t->cpu->ops->access_fault(t->cpu, t->pc + t->avail, UINT64_MAX, CPU_ACCESS_FETCH);
        cpu_raise(t->cpu);
    }
    tcg_fetch(v, vaddr, &f);
    if (!v->pin[1].page) {
        tcg_page_pin(v, f.ram_addr, &v->pin[1]);
    }
    t->code2 = code_host(f.ram_addr);
    return true;
}

/* ---- Logs ---- */

static void put_in_asm(const CpuTranslate *t, GString *out)
{
    CpuState *cpu = t->cpu;
    const Disas d = cpu_disas(cpu);
    g_autofree char *name = symbol_table_describe(symbols_guest(), t->pc + t->start);
    g_string_append_printf(out, "IN: %s pc 0x%" PRIx64 " mode 0x%x%s%s\n", cpu->name,
                           t->pc + t->start, t->mode, name ? " " : "", name ? name : "");
    if (!t->start && t->size > t->avail) {
        /* The one instruction that straddles. */
        uint8_t joined[16];
        unsigned first = MIN(t->avail, sizeof(joined));
        memcpy(joined, t->code, first);
        memcpy(joined + first, t->code2, sizeof(joined) - first);
        disas_line(&d, t->pc, joined, sizeof(joined), out);
    } else {
        disas_block(&d, t->pc + t->start, t->code + t->start, t->size, out);
    }
}

void tcg_log_in_asm(const CpuTranslate *t)
{
    g_autoptr(GString) out = g_string_new("----------------\n");
    put_in_asm(t, out);
    log_write(out->str);
}

static void put_op(TcgVcpu *v, const IrCode *code, GString *out)
{
    g_string_append(out, "OP:\n");
    ir_print(code, v->engine->ops->globals, out);
}

static void log_op(TcgVcpu *v, const IrCode *code)
{
    g_autoptr(GString) out = g_string_new(NULL);
    put_op(v, code, out);
    log_write(out->str);
}

static void put_out_asm(const TcgVcpu *v, const TcgRegion *r, GString *out)
{
    g_string_append_printf(out, "OUT: [size=%u]\n", r->code_size + r->cold_size);
    const uint8_t *code = tcg_region_code(&v->engine->cache, r);
    disas_block(disas_host(), (uintptr_t)code, code,
                r->code_size - r->n_marks * sizeof(TcgMark), out);
    if (r->cold_size) {
        const uint8_t *cold = tcg_region_cold(&v->engine->cache, r);
        g_string_append(out, "OUT OF LINE:\n");
        disas_block(disas_host(), (uintptr_t)cold, cold, r->cold_size, out);
    }
}

void tcg_log_out_asm(const TcgVcpu *v, const TcgRegion *r)
{
    g_autoptr(GString) out = g_string_new(NULL);
    put_out_asm(v, r, out);
    log_write(out->str);
}

/* ---- Translating ---- */

static void verify_ir(TcgVcpu *v, const IrCode *code, uint64_t pc)
{
    g_autofree char *fault = ir_verify(code, v->engine->ops->n_globals);
    if (fault) {
        g_error("translation of pc 0x%" PRIx64 " is not well formed: %s", pc, fault);
    }
}

/* Build IR that is short enough for the builder's tables. */
static const IrCode *build(TcgVcpu *v, CpuTranslate *t)
{
    for (;;) {
        ir_builder_reset(v->ir);
        t->size = t->n_insns = 0;
        v->engine->ops->translate(t);
        const IrCode *code = ir_builder_code(v->ir);
        if (!code->overflow) {
            if (unlikely(v->engine->edit)) {
                v->engine->edit(v->engine->edit_opaque, t, code);
            }
            return code;
        }
        if (t->max_insns == 1) {
            g_error("one instruction at pc 0x%" PRIx64 " overflows the translator", t->pc);
        }
        t->max_insns = MAX(MIN(t->max_insns, t->n_insns + 1) / 2, 1);
    }
}

/* The bytes of its pages that a region was made from: @range, or those of its instructions, one
 * after the other. */
static void set_nodes(const TcgCache *c, TcgRegion *r, const TcgPageNode *range)
{
    TcgMoreNode *more = tcg_region_more(r);
    unsigned first = r->ram_addr & ~TCG_PAGE_MASK;
    unsigned end = first + MAX(r->size, 1);
    r->node = range ? range[0] : (TcgPageNode){ .first = first,
                                                .last = MIN(end, TCG_PAGE_SIZE) - 1 };
    for (unsigned i = 0; i < r->n_more; i++) {
        more[i].node = range ? range[i + 1]
                             : (TcgPageNode){ .last = MAX(end, TCG_PAGE_SIZE + 1) -
                                                      TCG_PAGE_SIZE - 1 };
        more[i].node.more = 1;
        more[i].region = tcg_ref(c, r);
    }
}

TcgRegion *tcg_compile_region(TcgVcpu *v, const CpuTranslate *t, const IrCode *code,
                              const TcgRegionKey *key, const TcgPageNode *range,
                              unsigned n_ranges)
{
    TcgEngine *e = v->engine;
    TcgSlice *s = &v->slice;
    TcgRegion *r = (TcgRegion *)s->meta;
    bool two_pages = v->pin[1].page;
    TcgCompile c = {
        .ir = code,
        .phys_page = key->ram_addr & TCG_PAGE_MASK,
        .phys_page2 = two_pages ? v->pin[1].page->ram_page : TCG_TAG_INVALID,
        .mode = key->mode,
        .page_offset = key->ram_addr & ~TCG_PAGE_MASK,
        .region = r,
        .scratch = v->scratch,
        .marks = v->profile ? tcg_profile_marks(v, code->n_insns) : NULL,
        .tier = range ? 2 : 1,
    };
    if (!tcg_compile(e->ctx, &c, &e->cache.buf, s->code, s->code_end - s->code) ||
        c.code_size > UINT16_MAX || c.cold_size > UINT16_MAX) {
        return NULL;
    }
    TcgRegion d = {
        .ram_addr = key->ram_addr,
        .mode = key->mode,
        .cflags = key->cflags,
        .entry = (const uint8_t *)c.entry - e->cache.buf.rx,
        .checked_entry = (const uint8_t *)c.checked_entry - e->cache.buf.rx,
        .code_size = c.code_size,
        .cold_size = c.cold_size,
        .tier = c.tier,
        .two_pages = two_pages,
        .size = t->size,
        .n_insns = t->n_insns,
        .n_links = c.n_links,
        .n_more = range ? n_ranges - 1 : two_pages,
    };
    size_t size = sizeof(d) + d.n_links * sizeof(TcgOutLink) + d.n_more * sizeof(TcgMoreNode) +
                  TCG_REGION_NUMBERS * sizeof(uint32_t);
    if (size > (size_t)(s->meta_end - s->meta)) {
        return NULL;
    }
    *r = d;
    for (unsigned i = 0; i < c.n_links; i++) {
        const TcgLink *l = &c.links[i];
        r->out[i] = (TcgOutLink){ .patch_offset = l->patch_offset, .stub_offset = l->stub_offset,
                                  .cross_page = l->cross_page };
    }
    set_nodes(&e->cache, r, range);
    if (two_pages) {
        *tcg_region_numbers(r) = c.phys_page2 >> TCG_PAGE_BITS;
    }
    if (unlikely(c.n_marks)) {
        tcg_profile_keep_marks(v, r, c.marks, c.n_marks);
    }
    return r;
}

void tcg_slice_commit(TcgVcpu *v, TcgRegion *r)
{
    TcgCache *cache = &v->engine->cache;
    TcgSlice *s = &v->slice;
    s->code += r->code_size;
    s->code_end -= r->cold_size;
    s->meta += tcg_region_meta_size(r);
    TcgSliceHead *head = tcg_slice_head(cache, s->index);
    atomic_store_release(&head->end, tcg_ref(cache, s->meta));
    atomic_set(&head->made, head->made + 1);
    tcg_count(&v->stats.regions, 1);
    tcg_count(&v->stats.guest_insns, r->n_insns);
    tcg_count(&v->stats.guest_bytes, r->size);
    tcg_count(&v->stats.code_bytes, r->code_size + r->cold_size);
    tcg_count(&v->stats.cold_bytes, r->cold_size);
}

static unsigned max_insns(const TcgEngine *e, uint32_t cflags)
{
    unsigned count = cflags >> TCG_CF_COUNT_SHIFT;
    return cflags & TCG_CF_SINGLE ? 1 : count ? count : e->max_insns;
}

bool tcg_translate_begin(TcgVcpu *v, CpuTranslate *t, uint64_t pc, const TcgRegionKey *key,
                         unsigned avail)
{
    *t = (CpuTranslate){
        .cpu = v->cpu,
        .ir = v->ir,
        .mode = key->mode,
        .pc = pc,
        .code = code_host(key->ram_addr),
        .avail = avail,
        .max_insns = max_insns(v->engine, key->cflags),
    };
    if (!t->code) {
        return false;
    }
    v->translating = t;
    tcg_page_pin(v, key->ram_addr & TCG_PAGE_MASK, &v->pin[0]);
    return true;
}

void tcg_translate_check(TcgVcpu *v, const IrCode *code, uint64_t pc, bool log)
{
    if (unlikely(v->engine->verify)) {
        verify_ir(v, code, pc);
    }
    if (log && log_enabled(LOG_OP)) {
        log_op(v, code);
    }
}

TcgRegion *tcg_translate(TcgVcpu *v, uint64_t pc, const TcgRegionKey *key, unsigned avail)
{
    TcgEngine *e = v->engine;
    CpuTranslate t;
    uint8_t phase = tcg_phase(v, TCG_PHASE_TRANSLATE);
    if (!tcg_translate_begin(v, &t, pc, key, avail)) {
        v->cpu->ops->access_fault(v->cpu, pc, UINT64_MAX, CPU_ACCESS_FETCH);
        cpu_raise(v->cpu);
    }

    const IrCode *code = build(v, &t);
    bool log = log_enabled(LOG_IN_ASM | LOG_OP | LOG_OUT_ASM) && log_in_filter(pc);
    if (log && log_enabled(LOG_IN_ASM)) {
        tcg_log_in_asm(&t);
    }
    tcg_translate_check(v, code, pc, log);
    /* From here to the commit nothing waits: the slice stays ours (I7). */
    tcg_slice_ensure(v);
    TcgRegion *got = NULL;
    TcgRegion *r = tcg_compile_region(v, &t, code, key, NULL, 0);
    while (!r && v->slice.code_end - v->slice.code == e->cache.slice_code && t.n_insns > 1) {
        /* Not even an empty slice holds it. */
        t.max_insns = t.n_insns / 2;
        code = build(v, &t);
        r = tcg_compile_region(v, &t, code, key, NULL, 0);
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
        }
    } else {
        tcg_slice_drop(&v->slice);
    }
    tcg_translate_abort(v);
    tcg_phase(v, phase);
    return got;
}

void tcg_region_describe(TcgVcpu *v, const TcgRegion *r, uint64_t pc, bool full, GString *out)
{
    CpuTranslate t = {
        .cpu = v->cpu,
        .ir = v->ir,
        .mode = r->mode,
        .pc = pc,
        .code = code_host(r->ram_addr),
        .avail = TCG_PAGE_SIZE - (r->ram_addr & ~TCG_PAGE_MASK),
        .max_insns = r->n_insns,
    };
    v->translating = &t;
    const IrCode *code = build(v, &t);
    put_in_asm(&t, out);
    if (full) {
        put_op(v, code, out);
        put_out_asm(v, r, out);
    }
    tcg_translate_abort(v);
}
