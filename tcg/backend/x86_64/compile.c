/*
 * The first tier for x86-64 hosts: contexts and the two passes. Overview in gen.h.
 *
 * A region in the buffer: at the start of its range the checked entry, the entry and the
 * code of the ops, close to the same of other regions; at the range's end what seldom runs: slow
 * paths, stubs of links, the owner's handle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <cpuid.h>
#include <ucontext.h>
#include "tcg/backend/x86_64/gen.h"

/* The CPU has AVX and the kernel saves its registers (SDM volume 1, 14.3). */
static bool avx_usable(unsigned features)
{
    unsigned low, high;

    if (!(features & bit_AVX) || !(features & bit_OSXSAVE)) {
        return false;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static unsigned host_features(bool *popcnt)
{
    unsigned a, b, c, d, host = 0;

    *popcnt = false;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        *popcnt = c & bit_POPCNT;
        host |= avx_usable(c) ? HOST_AVX : 0;
        host |= avx_usable(c) && (c & bit_FMA) ? HOST_FMA : 0;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        host |= b & bit_BMI ? HOST_BMI1 : 0;
        host |= b & bit_BMI2 ? HOST_BMI2 : 0;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) {
        host |= c & bit_LZCNT ? HOST_LZCNT : 0;
    }
    return host;
}

static TcgContext *context_new(const TcgConfig *cfg, unsigned host)
{
    static const uint8_t pins[N_PINS] = { R12, R13, R14, RSI, RDI, R8, R9 };
    X86Context *ctx = g_new0(X86Context, 1);

    ctx->parent.cfg = *cfg;
    ctx->host = host;
    ctx->globals = g_new0(GlobalInfo, cfg->n_globals);
    ctx->disp_area = (int32_t)cfg->area_offset - (int32_t)cfg->env_bias;
    memset(ctx->pin_global, 0xff, sizeof(ctx->pin_global));
    for (unsigned n = 0; n < cfg->n_globals; n++) {
        const IrGlobal *global = &cfg->globals[n];
        GlobalInfo *info = &ctx->globals[n];

        *info = (GlobalInfo){ -1, global->type,
                              (int32_t)global->offset - (int32_t)cfg->env_bias };
        if (n == cfg->pc_global) {
            info->reg = RBX;
            ctx->disp_pc = info->disp;
        } else if (global->pin && global->pin <= N_PINS) {
            info->reg = pins[global->pin - 1];
            ctx->pin_global[info->reg] = n;
        }
    }
    return &ctx->parent;
}

static TcgContext *x86_context_new(const TcgConfig *cfg, GError **err)
{
    bool popcnt;
    unsigned host = host_features(&popcnt);

    if (!popcnt) {
        error_set(err, "the host CPU lacks the POPCNT instruction");
        return NULL;
    }
    return context_new(cfg, host);
}

/* For tests: the code for hosts without the optional features. */
static TcgContext *x86_baseline_context_new(const TcgConfig *cfg, GError **err)
{
    return context_new(cfg, 0);
}

static TcgScratch *x86_scratch_new(TcgContext *tcg)
{
    const TcgConfig *cfg = &tcg->cfg;
    TcgScratch *s = alloc_apart(sizeof(*s));

    s->home_val = alloc_apart0((cfg->n_globals + IR_MAX_LOCALS) * sizeof(IrVal));
    s->set_at = alloc_apart(cfg->n_globals * sizeof(uint32_t));
    s->globals = alloc_apart(cfg->n_globals * sizeof(GlobalInfo));
    return s;
}

static void x86_scratch_free(TcgScratch *s)
{
    g_free(s->home_val);
    g_free(s->set_at);
    g_free(s->globals);
    g_free(s);
}

static void x86_context_free(TcgContext *tcg)
{
    X86Context *ctx = container_of(tcg, X86Context, parent);

    g_free(ctx->globals);
    g_free(ctx);
}

static void gen_insn(Gen *g, const IrInsn *i)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals;

    switch (i->op) {
    case IR_OP_insn_start:
        g->delta = i->imm;
        g->count = (int16_t)i->aux;
        if (unlikely(g->c->marks) && g->c->n_marks < g->ir->n_guest_insns) {
            g->c->marks[g->c->n_marks++] = (TcgMark){ g->p - g->base, i->imm };
        }
        break;
    case IR_OP_get_global: gen_get_cell(g, i, i->imm); break;
    case IR_OP_set_global: gen_set_cell(g, i, i->imm); break;
    case IR_OP_get_local: gen_get_cell(g, i, n_globals + i->imm); break;
    case IR_OP_set_local: gen_set_cell(g, i, n_globals + i->imm); break;
    case IR_OP_ld_env:
    case IR_OP_st_env: gen_env(g, i); break;
    case IR_OP_ld:
    case IR_OP_st: gen_guest_access(g, i); break;
    case IR_OP_amo:
    case IR_OP_cas: gen_atomic(g, i); break;
    case IR_OP_fence:
        /* the host orders all but a store before a later load */
        if (i->imm & IR_FENCE_WR) {
            put8(&g->p, 0xf0); /* lock or dword [rsp], 0 */
            emit_alu_mi(&g->p, 32, ALU_OR, RSP, 0, 0);
        }
        break;
    case IR_OP_call: gen_call(g, i); break;
    case IR_OP_label: gen_label(g, i); break;
    case IR_OP_br:
    case IR_OP_brcond: gen_branch(g, i); break;
    case IR_OP_count:
        if (g->count_reg >= 0) {
            emit_alu_ri(&g->p, 64, ALU_ADD, g->count_reg, i->imm);
        } else {
            emit_alu_mi(&g->p, 64, ALU_ADD, RBP, AREA(g, icount), i->imm);
        }
        break;
    case IR_OP_poll: gen_poll(g, i); break;
    case IR_OP_f_bits ... IR_OP_f_from_int: gen_fp(g, i); break;
    case IR_OP_exit_direct:
    case IR_OP_exit_loop:
    case IR_OP_exit_indirect:
    case IR_OP_exit_env: gen_exit(g, i); break;
    default: gen_pure(g, i); break;
    }
}

static bool gen_ops(Gen *g)
{
    int64_t disp;
    const IrCode *ir = g->ir;
    size_t per_exit = g->c->tier == 2 ? 160 : 80;
    /* a call that changes globals may first have to save what equals them */
    size_t room = OP_ROOM + 24 * g->ctx->parent.cfg.n_globals + 64 * TCG_MAX_LINKS_BLOCK;

    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];

        if (g->s->dead[n]) {
            continue;
        }
        if (g->p + room + g->stub_room + (g->n_polls + g->c->n_links) * per_exit +
                g->n_fp_stubs * FP_STUB_ROOM > g->limit) {
            return false;
        }
        g->idx = n;
        g->locked = 0;
        g->skip = 0;
        const IrInsn *access = gen_site_address(g, i, &disp);
        const Group *group = access ? x86_group(g, access) : NULL;
        if (access && (group || (g->c->tier == 2 && g->s->site[n + 1])) && !g->s->dead[n + 1]) {
            g->idx = n + 1;
            if (group) {
                gen_group_access(g, access, group, i->src[0], disp);
            } else {
                gen_site_access(g, access, i->src[0], disp);
            }
            n++;
            continue;
        }
        gen_insn(g, i);
        n += g->skip;
    }
    return true;
}

static void zero_locals(Gen *g)
{
    for (uint32_t l = 0; l < g->ir->n_locals; l++) {
        if (l >= 64 || (g->zero_locals >> l & 1)) {
            emit_mov_mi(&g->p, 64, RSP, l * 8, 0);
        }
    }
}

static unsigned count_accesses(const IrCode *ir)
{
    unsigned count = 0;

    for (uint32_t n = 0; n < ir->n_insns; n++) {
        count += ir->insns[n].op == IR_OP_ld || ir->insns[n].op == IR_OP_st;
    }
    return count;
}

/* Bytes of what seldom runs, at most. */
static size_t cold_room(const Gen *g)
{
    size_t room = x86_slow_stubs_room(g) + x86_fp_stubs_room(g) + x86_poll_stubs_room(g) +
                  x86_link_stubs_room(g);

    return room + (g->c->tier == 2 ? 1 + g->s->map.n * sizeof(g->s->map.at[0]) +
                                         offsetof(RegionMap, at) : 0);
}

/* What seldom runs, at the end of the range. */
static bool gen_cold(Gen *g)
{
    size_t room = cold_room(g);

    if ((size_t)(g->limit - g->p) < room) {
        return false;
    }
    g->p = g->limit - room;
    if (g->c->tier == 2) {
        x86_put_map(g);
    }
    gen_slow_stubs(g);
    gen_fp_stubs(g);
    gen_fp_enter_stub(g);
    gen_poll_stubs(g);
    gen_link_stubs(g);
    g_assert(g->p <= g->limit);
    g->c->cold_size = room;
    return true;
}

static bool x86_compile(TcgContext *tcg, TcgCompile *c, TcgBuffer *buf, size_t offset,
                        size_t room)
{
    X86Context *ctx = container_of(tcg, X86Context, parent);
    Gen g = {
        .ctx = ctx, .c = c, .ir = c->ir, .base = buf->rw, .start = buf->rw + offset,
        .limit = buf->rw + offset + room, .next_slot = c->ir->n_locals, .count = -1,
        .globals = ctx->globals, .pin_global = ctx->pin_global, .pins = &ctx->pins,
        .pc_reg = RBX, .count_reg = -1, .temps = TEMP_MASK | XMM_MASK,
    };
    bool ok;

    c->n_links = 0;
    c->n_marks = 0;
    /* locals that need a zero take up to 13 bytes each */
    if (OP_ROOM + c->ir->n_locals * 16 > room) {
        return false;
    }
    g.s = c->scratch ? c->scratch : x86_scratch_new(tcg);
    g.val = g.s->val;
    g.home_val = g.s->home_val;
    memset(g.s->label_fix, 0, c->ir->n_labels * sizeof(g.s->label_fix[0]));
    memset(g.s->label_at, 0, c->ir->n_labels * sizeof(g.s->label_at[0]));
    x86_liveness(&g);
    x86_find_groups(&g);

    g.p = g.start;
    if (c->tier == 2) {
        g.site = atomic_fetch_add(&ctx->next_site, count_accesses(c->ir));
        x86_choose_sites(&g);
        x86_region_assign(&g);
    }
    c->checked_entry = buf->rx + (g.p - buf->rw);
    gen_checked_entry(&g);
    c->entry = buf->rx + (g.p - buf->rw);
    if (c->tier == 2) {
        x86_region_enter(&g);
    }
    gen_fp_enter(&g);
    zero_locals(&g);
    ok = gen_ops(&g);
    if (ok) {
        c->code_size = g.p - g.start;
        ok = gen_cold(&g);
    } else {
        /* the next user expects the table of homes empty */
        memset(g.home_val, 0, (ctx->parent.cfg.n_globals + IR_MAX_LOCALS) * sizeof(IrVal));
    }
    if (g.s != c->scratch) {
        x86_scratch_free(g.s);
    }
    return ok;
}

static void x86_link_set(TcgContext *ctx, TcgBuffer *buf, const TcgLink *l,
                         const void *target)
{
    int32_t *at = (int32_t *)(buf->rw + l->patch_offset);
    size_t to = target ? (size_t)((const uint8_t *)target - buf->rx) : l->stub_offset;

    atomic_store_release(at, (int32_t)((int64_t)to - (int64_t)(l->patch_offset + 4)));
}

static TcgExit x86_run(TcgContext *tcg, CpuState *cpu, const void *entry)
{
    X86Context *ctx = container_of(tcg, X86Context, parent);
    const uint8_t *rx = ctx->rx;
    uint64_t (*enter)(CpuState *, const void *) =
        (uint64_t(*)(CpuState *, const void *))(uintptr_t)(rx + ctx->enter);
    uint64_t r = enter(cpu, entry);

    x86_fp_leave(ctx, cpu);
    switch (r) {
    case RESULT_LOOKUP: return (TcgExit){ .reason = TCG_EXIT_LOOKUP };
    case RESULT_POLL: return (TcgExit){ .reason = TCG_EXIT_POLL };
    case RESULT_HOT:
        return (TcgExit){ .reason = TCG_EXIT_HOT, .link = tcg_area(tcg, cpu)->scratch[0] };
    default: {
        const uint8_t *stub = (const uint8_t *)(uintptr_t)r;
        TcgExit exit = { .reason = TCG_EXIT_LINK, .link = *stub };

        memcpy(&exit.region, stub + 1 + *stub * LINK_STUB, sizeof(exit.region));
        return exit;
    }
    }
}

/*
 * A helper was called by "call rax" (gen_call()): its return address is the nearest word on
 * the stack that points behind such an instruction in the buffer. The stack goes on beyond
 * what is looked at, because the frame of the region that called is larger. AddressSanitizer would
 * object to words between the variables of C functions.
 */
__attribute__((no_sanitize("address")))
static const uint8_t *return_address(const TcgBuffer *buf, const uint64_t *sp)
{
    enum { WORDS = MIN(FRAME_CELLS, 1024) };

    for (unsigned n = 0; n < WORDS; n++) {
        const uint8_t *p = (const uint8_t *)(uintptr_t)sp[n];
        if (sp[n] - (uintptr_t)buf->rx < buf->size && p - buf->rx >= 2 && p[-2] == 0xff &&
            p[-1] == 0xd0) {
            return p;
        }
    }
    return NULL;
}

static TcgPlace x86_place(const TcgBuffer *buf, const void *context)
{
    const greg_t *regs = ((const ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t rip = regs[REG_RIP];

    if (rip - (uintptr_t)buf->rx < buf->size) {
        return (TcgPlace){ TCG_PLACE_CODE, (const uint8_t *)(uintptr_t)rip, regs[REG_RBX] };
    }
    return (TcgPlace){ .kind = TCG_PLACE_CALLED,
                       .code = return_address(buf, (const uint64_t *)regs[REG_RSP]) };
}

const TcgBackend tcg_backend_x86_64 = {
    .name = "x86_64",
    .context_new = x86_context_new,
    .context_free = x86_context_free,
    .scratch_new = x86_scratch_new,
    .scratch_free = x86_scratch_free,
    .emit_prologue = x86_emit_prologue,
    .compile = x86_compile,
    .link_set = x86_link_set,
    .run = x86_run,
    .place = x86_place,
};

const TcgBackend tcg_backend_x86_64_baseline = {
    .name = "x86_64-baseline",
    .context_new = x86_baseline_context_new,
    .context_free = x86_context_free,
    .scratch_new = x86_scratch_new,
    .scratch_free = x86_scratch_free,
    .emit_prologue = x86_emit_prologue,
    .compile = x86_compile,
    .link_set = x86_link_set,
    .run = x86_run,
    .place = x86_place,
};
