/*
 * The guest's floating-point status in the host's MXCSR.
 *
 * Code that computes has the guest's rounding mode in MXCSR and gathers flags there. The status
 * goes to MXCSR when the first region that computes is entered (two instructions at the entry of
 * such regions) and stays there through whatever regions follow, until C code runs: then it
 * goes back to the state, and comes again after the call. So C sees the guest's flags in the state
 * and computes in the host's own mode, and what it raises is not the guest's.
 *
 * TcgCpuArea.fp_state says where the status is. A call of C that does not return (an exception)
 * leaves it in the state.
 *
 * Masks are always set and subnormal numbers are never taken for zero (SDM volume 1, 10.2.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <xmmintrin.h>
#include "tcg/backend/x86_64/gen.h"
#include "tcg/backend/x86_64/fp-state.h"

enum {
    IN_STATE, /* MXCSR is the host's own */
    IN_MXCSR,
    IN_CALL,  /* as IN_STATE; generated code that wants it in MXCSR has called C */
};
/* MXCSR */
enum {
    MXCSR_IE = 1, MXCSR_ZE = 4, MXCSR_OE = 8, MXCSR_UE = 16, MXCSR_PE = 32, MXCSR_FLAGS = 63,
    MXCSR_DEFAULT = 0x1f80, MXCSR_RC = 3 << 13, MXCSR_RC_SHIFT = 13,
};

static FpConst fp_consts(const TcgFp *fp)
{
    static const uint8_t rc[] = {
        [IR_FP_NEAREST_EVEN] = 0, [IR_FP_DOWN] = 1, [IR_FP_UP] = 2, [IR_FP_TO_ZERO] = 3,
    };
    FpConst c = {
        .sign64 = { UINT64_C(1) << 63 }, .rest64 = { ~(UINT64_C(1) << 63), UINT64_MAX },
        .sign32 = { UINT64_C(1) << 31 }, .rest32 = { ~(UINT64_C(1) << 31), UINT64_MAX },
        .box = { ~(uint64_t)UINT32_MAX }, .nan64 = fp->nan64, .nan32 = fp->nan32,
    };

    for (unsigned n = 0; n < ARRAY_SIZE(c.mxcsr); n++) {
        c.mxcsr[n] = MXCSR_DEFAULT | (n < ARRAY_SIZE(rc) ? rc[n] << MXCSR_RC_SHIFT : 0);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(c.flags); n++) {
        c.flags[n] = (n & MXCSR_IE ? IR_FP_INVALID : 0) | (n & MXCSR_ZE ? IR_FP_DIVBYZERO : 0) |
                     (n & MXCSR_OE ? IR_FP_OVERFLOW : 0) | (n & MXCSR_UE ? IR_FP_UNDERFLOW : 0) |
                     (n & MXCSR_PE ? IR_FP_INEXACT : 0);
    }
    return c;
}

/* ---- C ---- */

static uint8_t *guest_flags(const X86Context *ctx, CpuState *cpu)
{
    return (uint8_t *)cpu + ctx->parent.cfg.fp.flags;
}

static const FpConst *consts(const X86Context *ctx)
{
    return (const FpConst *)(ctx->rx + ctx->fp_const);
}

bool x86_fp_leave(X86Context *ctx, CpuState *cpu)
{
    TcgCpuArea *area = tcg_area(&ctx->parent, cpu);

    if (likely(area->fp_state != IN_MXCSR)) {
        return false;
    }
    *guest_flags(ctx, cpu) |= consts(ctx)->flags[_mm_getcsr() & MXCSR_FLAGS];
    _mm_setcsr(MXCSR_DEFAULT);
    area->fp_state = IN_STATE;
    return true;
}

void x86_fp_enter(X86Context *ctx, CpuState *cpu)
{
    uint32_t rounding = *(uint32_t *)((char *)cpu + ctx->parent.cfg.fp.rounding);

    _mm_setcsr(consts(ctx)->mxcsr[rounding % ARRAY_SIZE(consts(ctx)->mxcsr)]);
    tcg_area(&ctx->parent, cpu)->fp_state = IN_MXCSR;
}

static bool is_infinite(unsigned format, uint64_t v)
{
    return format == IR_MO_32 ? (uint32_t)v << 1 == 0xff000000
                              : v << 1 == UINT64_C(0xffe0000000000000);
}

static bool is_zero(unsigned format, uint64_t v)
{
    return format == IR_MO_32 ? (uint32_t)v << 1 == 0 : v << 1 == 0;
}

/* A muladd that gave a NaN: the host does not signal infinity times zero if the addend is a
 * quiet NaN. */
static uint64_t muladd_nan(const X86Context *ctx, CpuState *cpu, unsigned format, uint64_t a,
                           uint64_t b)
{
    const TcgFp *fp = &ctx->parent.cfg.fp;

    if ((is_infinite(format, a) && is_zero(format, b)) ||
        (is_zero(format, a) && is_infinite(format, b))) {
        *guest_flags(ctx, cpu) |= IR_FP_INVALID;
    }
    return format == IR_MO_32 ? fp->nan32 : fp->nan64;
}

uint64_t x86_slow_fp(CpuState *cpu, uint64_t *regs, const uint8_t *ret, X86Context *ctx)
{
    FpSlowInfo info;
    uint64_t a, b, c, r;

    memcpy(&info, ret + 5, sizeof(info));
    a = regs[info.src[0]];
    b = regs[info.src[1]];
    c = regs[info.src[2]];
    x86_fp_leave(ctx, cpu);
    if (!info.fn) {
        r = muladd_nan(ctx, cpu, info.format, a, b);
    } else if (info.n == 1) {
        r = ((uint64_t(*)(CpuState *, uint64_t))info.fn)(cpu, a);
    } else if (info.n == 2) {
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t))info.fn)(cpu, a, b);
    } else {
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t, uint64_t))info.fn)(cpu, a, b, c);
    }
    regs[info.dst] = r;
    x86_fp_enter(ctx, cpu);
    return 0;
}

/* ---- Generated code ---- */

enum { AE_LDMXCSR = 2, AE_STMXCSR = 3 }; /* /digit of 0F AE */

static int32_t disp(const X86Context *ctx, uint32_t offset)
{
    return (int32_t)offset - (int32_t)ctx->parent.cfg.env_bias;
}

/* lea reg, [rip + target] */
static void emit_lea_rip(uint8_t **p, int reg, const uint8_t *target)
{
    put8(p, 0x48 | reg >> 3 << 2);
    put8(p, OPC_LEA);
    put8(p, (reg & 7) << 3 | 5);
    *p += 4;
    patch_rel32(*p - 4, target);
}

/* The two routines keep all registers but the flags. */
void x86_emit_fp_state(X86Context *ctx, uint8_t *base, uint8_t **p)
{
    const TcgFp *fp = &ctx->parent.cfg.fp;
    int32_t area = ctx->disp_area, state = area + offsetof(TcgCpuArea, fp_state);
    int32_t scratch = area + offsetof(TcgCpuArea, fp_scratch);
    FpConst c = fp_consts(fp);
    uint8_t *own;

    *p = base + ROUND_UP((size_t)(*p - base), 16);
    ctx->fp_const = *p - base;
    memcpy(*p, &c, sizeof(c));
    *p += sizeof(c);

    ctx->fp_enter = *p - base;
    emit_push(p, RAX);
    emit_push(p, RCX);
    emit_load(p, 32, RAX, RBP, disp(ctx, fp->rounding));
    emit_alu_ri(p, 32, ALU_AND, RAX, ARRAY_SIZE(c.mxcsr) - 1);
    emit_lea_rip(p, RCX, base + ctx->fp_const + offsetof(FpConst, mxcsr));
    emit_rmx(p, 32, 0x1ae, AE_LDMXCSR, RCX, RAX, 2, 0);
    emit_mov_mi(p, 32, RBP, state, IN_MXCSR);
    emit_pop(p, RCX);
    emit_pop(p, RAX);
    put8(p, 0xc3);

    ctx->fp_leave = *p - base;
    emit_push(p, RAX);
    emit_push(p, RCX);
    emit_rm(p, 32, 0x1ae, AE_STMXCSR, RBP, scratch);
    emit_load(p, 32, RAX, RBP, scratch);
    emit_lea_rip(p, RCX, base + ctx->fp_const + offsetof(FpConst, mxcsr));
    put8(p, 0xa9); /* test eax, MXCSR_RC */
    put32(p, MXCSR_RC);
    own = emit_jcc8(p, CC_E); /* flags alone do not matter to C */
    emit_rm(p, 32, 0x1ae, AE_LDMXCSR, RCX, 0);
    patch_rel8(own, *p);
    emit_alu_ri(p, 32, ALU_AND, RAX, MXCSR_FLAGS);
    emit_rmx(p, 32, OPC_MOVZX8, RAX, RCX, RAX, 0, offsetof(FpConst, flags) -
                                                      offsetof(FpConst, mxcsr));
    emit_rm(p, 32, 0x08, RAX, RBP, disp(ctx, fp->flags)); /* or byte [], al */
    emit_mov_mi(p, 32, RBP, state, IN_CALL);
    emit_pop(p, RCX);
    emit_pop(p, RAX);
    put8(p, 0xc3);
}

static int32_t flags_disp(const Gen *g)
{
    return disp(g->ctx, g->ctx->parent.cfg.fp.flags);
}

static void emit_stmxcsr(Gen *g)
{
    emit_rm(&g->p, 32, 0x1ae, AE_STMXCSR, RBP, AREA(g, fp_scratch));
}

void gen_fp_flags(Gen *g, int reg, int t)
{
    emit_stmxcsr(g);
    emit_lea_rip(&g->p, t, g->base + g->ctx->fp_const + offsetof(FpConst, flags));
    emit_load(&g->p, 32, reg, RBP, AREA(g, fp_scratch));
    emit_alu_ri(&g->p, 32, ALU_AND, reg, MXCSR_FLAGS);
    emit_rmx(&g->p, 32, OPC_MOVZX8, reg, t, reg, 0, 0);
    emit_rm(&g->p, 32, OPC_MOVZX8, t, RBP, flags_disp(g));
    emit_alu_rr(&g->p, 32, ALU_OR, reg, t);
}

void gen_fp_set_flags(Gen *g, int reg)
{
    uint8_t *clear;

    emit_store(&g->p, 8, reg, RBP, flags_disp(g));
    emit_stmxcsr(g);
    emit_rm(&g->p, 32, 0xf6, 0, RBP, AREA(g, fp_scratch)); /* test byte [], flags */
    put8(&g->p, MXCSR_FLAGS);
    clear = emit_jcc8(&g->p, CC_E);
    emit_alu_mi(&g->p, 32, ALU_AND, RBP, AREA(g, fp_scratch), ~MXCSR_FLAGS);
    emit_rm(&g->p, 32, 0x1ae, AE_LDMXCSR, RBP, AREA(g, fp_scratch));
    patch_rel8(clear, g->p);
}

static void emit_call(Gen *g, uint32_t routine)
{
    emit_call_to(&g->p, g->base + routine);
}

void gen_fp_enter(Gen *g)
{
    if (g->fp) {
        emit_alu_mi(&g->p, 32, ALU_CMP, RBP, AREA(g, fp_state), IN_MXCSR);
        g->fp_jump = emit_jcc(&g->p, CC_NE);
        g->fp_back = g->p;
    }
}

void gen_fp_enter_stub(Gen *g)
{
    if (g->fp) {
        patch_rel32(g->fp_jump, g->p);
        emit_call(g, g->ctx->fp_enter);
        emit_jmp_to(&g->p, g->fp_back);
    }
}

/* Call the routine if the status is there. A region that computes knows. */
static void emit_call_if(Gen *g, uint32_t routine, unsigned state)
{
    uint8_t *over = NULL;

    if (!g->ctx->parent.cfg.fp.flags) {
        return;
    }
    if (!g->fp) {
        emit_alu_mi(&g->p, 32, ALU_CMP, RBP, AREA(g, fp_state), state);
        over = emit_jcc8(&g->p, CC_NE);
    }
    emit_call(g, routine);
    if (over) {
        patch_rel8(over, g->p);
    }
}

void gen_fp_before_call(Gen *g)
{
    emit_call_if(g, g->ctx->fp_leave, IN_MXCSR);
}

void gen_fp_after_call(Gen *g)
{
    emit_call_if(g, g->ctx->fp_enter, IN_CALL);
}
