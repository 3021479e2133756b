/*
 * The forward pass on floating point.
 *
 * MXCSR holds the guest's rounding mode and gathers its flags (fp-state.c), so an op is the
 * host's instruction and, in most cases, one test for what the host does otherwise:
 *
 *   a NaN result      is what TcgFp says, not what the host makes; ucomisd finds it, and out of
 *                     line it is replaced. The host has set the flags already.
 *   f_muladd          signals for infinity times zero plus a quiet NaN, the host does not
 *   NaN boxes         operands of single precision that are not known to be boxed are looked at
 *                     first; one that is not goes to the helper. A scalar operation leaves the
 *                     upper half of its first operand in the result: boxed stays boxed.
 *   f_min, f_max      NaNs go to the helper; for zeros both orders of the operands are combined
 *   f_to_int          what does not fit goes to the helper, before anything is signaled that
 *                     the helper does not signal too
 *
 * As in memory.c all that decides where values are comes before the first jump out of line, and
 * the helper finds the operands in registers that nothing has written yet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"
#include "tcg/backend/x86_64/fp-state.h"

enum { STUB_NAN, STUB_HELPER, STUB_MULADD, STUB_QUIET };
enum { CC_O = 0, CC_P = 10, CC_NP = 11 };

static bool has_avx(const Gen *g)
{
    return g->ctx->host & HOST_AVX;
}

static bool is_single(const IrInsn *i)
{
    return i->memop == IR_MO_32;
}

static const uint8_t *fp_const(const Gen *g, size_t offset)
{
    return g->base + g->ctx->fp_const + offset;
}
#define CONST(g, field) fp_const(g, offsetof(FpConst, field))

/* The scalar operation with this opcode in the op's format. */
static SseOp scalar(const IrInsn *i, unsigned opc)
{
    return (SseOp){ is_single(i) ? VEX_F3 : VEX_F2, 1, opc, 32 };
}

static SseOp ucomis(bool single)
{
    return (SseOp){ single ? VEX_NP : VEX_66, 1, 0x2e, 32 };
}

static void op_rm(Gen *g, SseOp op, int reg, int v, Opnd rm)
{
    if (rm.kind == OPND_MEM) {
        emit_sse_rm(&g->p, has_avx(g), op, reg, v, rm.reg, rm.val);
    } else {
        emit_sse_rr(&g->p, has_avx(g), op, reg, v, rm.reg);
    }
}

static Opnd in_reg(int reg)
{
    return (Opnd){ OPND_REG, reg, 0 };
}

static void move(Gen *g, int dst, int src)
{
    if (dst != src) {
        emit_xmm_move(&g->p, has_avx(g), dst, src);
    }
}

/* dst = a op b; without AVX, b is not in dst unless a is. */
static void op3(Gen *g, SseOp op, int dst, int a, Opnd b)
{
    if (!has_avx(g)) {
        move(g, dst, a);
    }
    op_rm(g, op, dst, a, b);
}

static void op3_const(Gen *g, SseOp op, int dst, int a, const uint8_t *b)
{
    if (!has_avx(g)) {
        move(g, dst, a);
    }
    emit_sse_rip(&g->p, has_avx(g), op, dst, a, b);
}

static void kill_operands(Gen *g, const IrInsn *i)
{
    for (unsigned k = 0; k < ir_op_info[i->op].n_src; k++) {
        kill_operand(g, i->src[k]);
    }
}

/* ---- Ways out of line ---- */

static FpStub *new_stub(Gen *g, unsigned kind, int dst)
{
    FpStub *s = &g->s->fp_stubs[g->n_fp_stubs++];

    *s = (FpStub){ .kind = kind, .info.dst = dst };
    return s;
}

static void add_jump(FpStub *s, uint8_t *jump)
{
    s->jump[s->n_jumps++] = jump;
}

/* The helper of the op, with operands in @src. */
static FpStub *helper_stub(Gen *g, const IrInsn *i, int dst, const int *src)
{
    FpStub *s = new_stub(g, STUB_HELPER, dst);

    s->info.fn = ((const IrHelper *)(intptr_t)i->imm)->fn;
    s->info.n = ir_op_info[i->op].n_src;
    for (unsigned k = 0; k < s->info.n; k++) {
        s->info.src[k] = src[k];
    }
    return s;
}

static bool unboxed(const IrInsn *i, unsigned k)
{
    return is_single(i) && !(i->aux >> k & 1);
}

static bool any_unboxed(const IrInsn *i)
{
    return is_single(i) && (i->aux + 1u) >> ir_op_info[i->op].n_src == 0;
}

/* Operands that may not be NaN-boxed: to the helper if so. @t is a temporary. */
static void emit_box_checks(Gen *g, const IrInsn *i, FpStub *s, const int *src, int t)
{
    for (unsigned k = 0; k < ir_op_info[i->op].n_src - (i->op == IR_OP_f_cmp_quiet); k++) {
        if (unboxed(i, k) && (!k || src[k] != src[k - 1] || !unboxed(i, k - 1))) {
            emit_sse_rr(&g->p, has_avx(g), SSE_MOVQ_TO_GPR, src[k], 0, t);
            emit_shift_ri(&g->p, 64, SHIFT_SAR, t, 32);
            emit_alu_ri(&g->p, 32, ALU_CMP, t, -1);
            add_jump(s, emit_jcc(&g->p, CC_NE));
        }
    }
}

/* The result in @reg may be a NaN. */
static void emit_nan_check(Gen *g, bool single, int reg)
{
    FpStub *s = new_stub(g, STUB_NAN, reg);

    s->info.format = single ? IR_MO_32 : IR_MO_64;
    emit_sse_rr(&g->p, has_avx(g), ucomis(single), reg, 0, reg);
    add_jump(s, emit_jcc(&g->p, CC_P));
    s->back = g->p;
}

void gen_fp_stubs(Gen *g)
{
    for (uint32_t n = 0; n < g->n_fp_stubs; n++) {
        const FpStub *s = &g->s->fp_stubs[n];

        for (unsigned k = 0; k < s->n_jumps; k++) {
            patch_rel32(s->jump[k], g->p);
        }
        if (s->kind == STUB_NAN) {
            emit_sse_rip(&g->p, has_avx(g), SSE_MOVSD_LOAD, s->info.dst, 0,
                         s->info.format == IR_MO_32 ? CONST(g, nan32) : CONST(g, nan64));
            emit_jmp_to(&g->p, s->back);
            continue;
        }
        if (s->kind == STUB_QUIET) {
            gen_fp_set_flags(g, s->info.src[0]);
            emit_mov_ri_flags(&g->p, s->info.dst, 0);
            emit_jmp_to(&g->p, s->back);
            continue;
        }
        emit_call_to(&g->p, g->base + g->ctx->slow_fp);
        emit_jmp_to(&g->p, s->back);
        memcpy(g->p, &s->info, sizeof(s->info));
        g->p += sizeof(s->info);
    }
}

size_t x86_fp_stubs_room(const Gen *g)
{
    static const uint8_t room[] = {
        [STUB_NAN] = 16, [STUB_QUIET] = 56, [STUB_HELPER] = 10 + sizeof(FpSlowInfo),
        [STUB_MULADD] = 10 + sizeof(FpSlowInfo),
    };
    size_t sum = g->fp ? 10 : 0; /* gen_fp_enter_stub() */

    for (uint32_t n = 0; n < g->n_fp_stubs; n++) {
        sum += room[g->s->fp_stubs[n].kind];
    }
    return sum;
}

/* ---- Arithmetic ---- */

/* An operation of one or two operands whose result is a number or a NaN to be replaced. */
static void gen_arith(Gen *g, const IrInsn *i, unsigned opc)
{
    bool commutes = i->op == IR_OP_f_add || i->op == IR_OP_f_mul, checks = any_unboxed(i);
    bool two = ir_op_info[i->op].n_src == 2;
    IrVal x = i->src[0], y = i->src[two];
    int src[2] = { val_reg(g, x), -1 }, dst, t = -1, u = -1;
    FpStub *s = NULL;
    Opnd b = checks || !two ? in_reg(val_reg(g, y)) : val_rm(g, y);

    src[1] = b.reg;
    dst = dst_begin(g, i->dst, g->idx, x);
    if (checks) {
        t = reg_alloc(g);
    }
    if (!has_avx(g) && b.kind == OPND_REG && b.reg == dst && src[0] != dst && !commutes) {
        u = xmm_alloc(g);
    }
    if (checks) {
        s = helper_stub(g, i, dst, src);
        emit_box_checks(g, i, s, src, t);
    }
    if (u >= 0) {
        move(g, u, b.reg);
        b.reg = u;
    }
    if (!has_avx(g) && b.kind == OPND_REG && b.reg == dst) {
        op_rm(g, scalar(i, opc), dst, 0, in_reg(src[0]));
    } else {
        op3(g, scalar(i, opc), dst, src[0], b);
    }
    emit_nan_check(g, is_single(i), dst);
    if (s) {
        s->back = g->p;
    }
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

static void gen_muladd(Gen *g, const IrInsn *i)
{
    /* vfmadd231, vfnmadd231, vfmsub231, vfnmsub231 */
    static const uint8_t opcodes[] = { 0xb9, 0xbd, 0xbb, 0xbf };
    SseOp op = { VEX_66, VEX_0F38, opcodes[i->cond & 3], is_single(i) ? 32 : 64 };
    bool checks = any_unboxed(i), fma = g->ctx->host & HOST_FMA;
    int src[3], dst, r, t = -1;
    FpStub *s = NULL, *nan;

    for (unsigned k = 0; k < 3; k++) {
        src[k] = val_reg(g, i->src[k]);
    }
    dst = dst_begin(g, i->dst, g->idx, i->src[2]);
    /* out of line both factors are wanted */
    r = dst == src[0] || dst == src[1] ? xmm_alloc(g) : dst;
    if (checks) {
        t = reg_alloc(g);
    }
    if (checks || !fma) {
        s = helper_stub(g, i, r, src);
    }
    if (!fma) {
        add_jump(s, emit_jmp(&g->p));
    } else {
        if (checks) {
            emit_box_checks(g, i, s, src, t);
        }
        move(g, r, src[2]);
        emit_sse_rr(&g->p, true, op, r, src[0], src[1]);
        emit_sse_rr(&g->p, true, ucomis(is_single(i)), r, 0, r);
        nan = new_stub(g, STUB_MULADD, r);
        nan->info.n = 2;
        nan->info.src[0] = src[0];
        nan->info.src[1] = src[1];
        nan->info.format = i->memop;
        add_jump(nan, emit_jcc(&g->p, CC_P));
        nan->back = g->p;
    }
    if (s) {
        s->back = g->p;
    }
    move(g, dst, r);
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

static void gen_min_max(Gen *g, const IrInsn *i)
{
    SseOp op = scalar(i, i->op == IR_OP_f_min ? 0x5d : 0x5f);
    int src[2] = { val_reg(g, i->src[0]), val_reg(g, i->src[1]) };
    int dst = dst_begin(g, i->dst, g->idx, i->src[0]);
    int t = xmm_alloc(g), u = xmm_alloc(g), r = any_unboxed(i) ? reg_alloc(g) : -1;
    FpStub *s = helper_stub(g, i, dst, src);

    if (r >= 0) {
        emit_box_checks(g, i, s, src, r);
    }
    emit_sse_rr(&g->p, has_avx(g), ucomis(is_single(i)), src[0], 0, src[1]);
    add_jump(s, emit_jcc(&g->p, CC_P));
    /* of equal operands, the second is the result: zeros may differ */
    op3(g, op, t, src[0], in_reg(src[1]));
    op3(g, op, u, src[1], in_reg(src[0]));
    op3(g, i->op == IR_OP_f_min ? SSE_ORPS : SSE_ANDPS, t, t, in_reg(u));
    move(g, dst, t);
    s->back = g->p;
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

static void gen_sign(Gen *g, const IrInsn *i)
{
    bool one = val_rep(g, i->src[0]) == val_rep(g, i->src[1]), single = is_single(i);
    const uint8_t *sign = single ? CONST(g, sign32) : CONST(g, sign64);
    const uint8_t *rest = single ? CONST(g, rest32) : CONST(g, rest64);
    int src[2] = { val_reg(g, i->src[0]), val_reg(g, i->src[1]) };
    int dst = dst_begin(g, i->dst, g->idx, i->src[0]);
    int t = one ? -1 : xmm_alloc(g), r = any_unboxed(i) ? reg_alloc(g) : -1;
    FpStub *s = NULL;

    if (r >= 0) {
        s = helper_stub(g, i, dst, src);
        emit_box_checks(g, i, s, src, r);
    }
    if (one && i->cond == IR_SIGN_COPY) {
        move(g, dst, src[0]);
    } else if (one && i->cond == IR_SIGN_INVERT) {
        op3_const(g, SSE_XORPS, dst, src[0], sign);
    } else if (one) {
        op3_const(g, SSE_ANDPS, dst, src[0], rest);
    } else {
        op3_const(g, i->cond == IR_SIGN_INVERT ? SSE_ANDNPS : SSE_ANDPS, t, src[1], sign);
        if (i->cond == IR_SIGN_XOR) {
            op3(g, SSE_XORPS, dst, src[0], in_reg(t));
        } else {
            op3_const(g, SSE_ANDPS, dst, src[0], rest);
            op3(g, SSE_ORPS, dst, dst, in_reg(t));
        }
    }
    if (s) {
        s->back = g->p;
    }
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

/*
 * eq is true if ZF and not PF; of lt and le the operands are exchanged, so that "above" is not
 * true of NaNs. The quiet form has NaNs, which unboxed operands are too, out of line, where it
 * takes back what they may have raised.
 */
static void gen_cmp(Gen *g, const IrInsn *i)
{
    bool eq = i->cond == IR_EQ, quiet = i->op == IR_OP_f_cmp_quiet;
    bool checks = is_single(i) && (i->aux & 3) != 3;
    int src[2], dst, t = -1, first = !eq, flags = quiet ? val_reg(g, i->src[2]) : -1;
    SseOp op = ucomis(is_single(i));
    FpStub *s = NULL;
    Opnd rm;

    op.opc = eq || quiet ? 0x2e : 0x2f;
    src[first] = val_reg(g, i->src[first]);
    rm = checks ? in_reg(val_reg(g, i->src[!first])) : val_rm(g, i->src[!first]);
    src[!first] = rm.reg;
    dst = dst_begin(g, i->dst, g->idx, IR_NONE);
    if (checks || eq) {
        t = reg_alloc(g);
    }
    if (quiet) {
        s = new_stub(g, STUB_QUIET, dst);
        s->info.src[0] = flags;
    } else if (checks) {
        s = helper_stub(g, i, dst, src);
    }
    if (checks) {
        emit_box_checks(g, i, s, src, t);
    }
    op_rm(g, op, src[first], 0, rm);
    if (quiet) {
        add_jump(s, emit_jcc(&g->p, CC_P));
    }
    if (eq) {
        emit_setcc(&g->p, CC_NP, t);
        emit_setcc(&g->p, CC_E, dst);
        emit_alu_rr(&g->p, 32, ALU_AND, dst, t);
    } else {
        emit_setcc(&g->p, i->cond == IR_LT ? CC_A : CC_AE, dst);
    }
    emit_rr8(&g->p, 32, OPC_MOVZX8, dst, dst);
    if (s) {
        s->back = g->p;
    }
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

static void gen_flags(Gen *g, const IrInsn *i)
{
    int dst, t;

    if (i->op == IR_OP_f_flags) {
        dst = dst_begin(g, i->dst, g->idx, IR_NONE);
        t = reg_alloc(g);
        gen_fp_flags(g, dst, t);
        dst_end(g, i->dst, dst);
    } else {
        t = reg_alloc(g);
        val_to_reg(g, i->src[0], t);
        emit_alu_ri(&g->p, 32, ALU_AND, t, 31);
        gen_fp_set_flags(g, t);
        kill_operand(g, i->src[0]);
    }
}

/* ---- Conversions ---- */

static void gen_convert(Gen *g, const IrInsn *i)
{
    bool checks = any_unboxed(i), widens = is_single(i);
    int src = val_reg(g, i->src[0]), dst = dst_begin(g, i->dst, g->idx, i->src[0]);
    int t = checks ? reg_alloc(g) : -1, r = !widens && dst == src ? xmm_alloc(g) : dst;
    FpStub *s = NULL;

    if (checks) {
        s = helper_stub(g, i, r, &src);
        emit_box_checks(g, i, s, &src, t);
    }
    if (widens) {
        op3(g, scalar(i, 0x5a), r, src, in_reg(src));
    } else { /* into the box */
        emit_sse_rr(&g->p, has_avx(g), SSE_PCMPEQD, r, r, r);
        op_rm(g, scalar(i, 0x5a), r, r, in_reg(src));
    }
    emit_nan_check(g, !widens, r);
    if (s) {
        s->back = g->p;
    }
    move(g, dst, r);
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

/* The exponent field, with the sign above it, that a number of 2^@bits has. */
static int32_t exponent_of(const IrInsn *i, unsigned bits)
{
    return (is_single(i) ? 127 : 1023) + bits;
}

static void gen_to_int(Gen *g, const IrInsn *i)
{
    SseOp op = scalar(i, i->cond & IR_INT_TRUNCATE ? 0x2c : 0x2d);
    bool is_unsigned = i->cond & IR_INT_UNSIGNED, wide = i->cond & IR_INT_64;
    int src = val_reg(g, i->src[0]), dst = dst_begin(g, i->dst, g->idx, IR_NONE);
    int t = any_unboxed(i) || is_unsigned ? reg_alloc(g) : -1;
    FpStub *s = helper_stub(g, i, dst, &src);

    if (any_unboxed(i)) {
        emit_box_checks(g, i, s, &src, t);
    }
    if (is_unsigned) {
        /* positive and below the half of the range: fits, whatever is rounded */
        SseOp bits = SSE_MOVQ_TO_GPR;
        bits.w = is_single(i) ? 32 : 64;
        emit_sse_rr(&g->p, has_avx(g), bits, src, 0, t);
        emit_shift_ri(&g->p, bits.w, SHIFT_SHR, t, is_single(i) ? 23 : 52);
        emit_alu_ri(&g->p, 32, ALU_CMP, t, exponent_of(i, wide ? 63 : 31));
        add_jump(s, emit_jcc(&g->p, CC_AE));
    }
    op.w = wide || is_unsigned ? 64 : 32;
    emit_sse_rr(&g->p, has_avx(g), op, dst, 0, src);
    if (!is_unsigned) {
        /* the least integer is what the host gives for what does not fit */
        emit_alu_ri(&g->p, op.w, ALU_CMP, dst, 1);
        add_jump(s, emit_jcc(&g->p, CC_O));
    }
    if (!wide) {
        emit_rr(&g->p, 64, OPC_MOVSXD, dst, dst);
    }
    s->back = g->p;
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

static void gen_from_int(Gen *g, const IrInsn *i)
{
    bool is_unsigned = i->cond & IR_INT_UNSIGNED, wide = i->cond & IR_INT_64;
    int src = val_reg(g, i->src[0]), dst = dst_begin(g, i->dst, g->idx, IR_NONE), from = src;
    SseOp op = scalar(i, 0x2a);
    FpStub *s = NULL;

    if (is_unsigned && !wide) {
        from = reg_alloc(g);
        emit_mov_rr(&g->p, 32, from, src);
    } else if (is_unsigned) {
        s = helper_stub(g, i, dst, &src);
        emit_rr(&g->p, 64, OPC_TEST, src, src);
        add_jump(s, emit_jcc(&g->p, CC_S));
    }
    /* the box, and no wait for what was in the register */
    emit_sse_rr(&g->p, has_avx(g), is_single(i) ? SSE_PCMPEQD : SSE_XORPS, dst, dst, dst);
    op.w = wide || is_unsigned ? 64 : 32;
    emit_sse_rr(&g->p, has_avx(g), op, dst, dst, from);
    if (s) {
        s->back = g->p;
    }
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

/* ---- Moves ---- */

static void gen_bits(Gen *g, const IrInsn *i)
{
    Opnd a = val_rm(g, i->src[0]);
    int dst = dst_begin(g, i->dst, g->idx, IR_NONE);

    if (a.kind == OPND_MEM) {
        gen_load(g, 64, dst, a.reg, a.val);
    } else if (i->op == IR_OP_f_bits) {
        emit_sse_rr(&g->p, has_avx(g), SSE_MOVQ_TO_GPR, a.reg, 0, dst);
    } else {
        emit_sse_rr(&g->p, has_avx(g), SSE_MOVQ_FROM_GPR, dst, 0, a.reg);
    }
    kill_operands(g, i);
    dst_end(g, i->dst, dst);
}

void gen_fp_load(Gen *g, unsigned mo, int reg, int base, int index, int32_t disp)
{
    bool single = (mo & IR_MO_SIZE) == IR_MO_32;
    SseOp op = single ? SSE_MOVSS_LOAD : SSE_MOVSD_LOAD;

    if (index < 0) {
        emit_sse_rm(&g->p, has_avx(g), op, reg, 0, base, disp);
    } else {
        emit_sse_rmx(&g->p, has_avx(g), op, reg, 0, base, index, disp);
    }
    if (single) {
        emit_sse_rip(&g->p, has_avx(g), SSE_ORPS, reg, reg, CONST(g, box));
    }
}

void gen_fp_store(Gen *g, unsigned bits, int reg, int base, int index, int32_t disp)
{
    emit_sse_rmx(&g->p, has_avx(g), bits == 32 ? SSE_MOVSS_STORE : SSE_MOVSD_STORE, reg, 0, base,
                 index, disp);
}

void gen_fp(Gen *g, const IrInsn *i)
{
    switch (i->op) {
    case IR_OP_f_bits:
    case IR_OP_f_from_bits: gen_bits(g, i); break;
    case IR_OP_f_add: gen_arith(g, i, 0x58); break;
    case IR_OP_f_sub: gen_arith(g, i, 0x5c); break;
    case IR_OP_f_mul: gen_arith(g, i, 0x59); break;
    case IR_OP_f_div: gen_arith(g, i, 0x5e); break;
    case IR_OP_f_sqrt: gen_arith(g, i, 0x51); break;
    case IR_OP_f_muladd: gen_muladd(g, i); break;
    case IR_OP_f_min:
    case IR_OP_f_max: gen_min_max(g, i); break;
    case IR_OP_f_sign: gen_sign(g, i); break;
    case IR_OP_f_cmp:
    case IR_OP_f_cmp_quiet: gen_cmp(g, i); break;
    case IR_OP_f_flags:
    case IR_OP_f_set_flags: gen_flags(g, i); break;
    case IR_OP_f_convert: gen_convert(g, i); break;
    case IR_OP_f_to_int: gen_to_int(g, i); break;
    case IR_OP_f_from_int: gen_from_int(g, i); break;
    }
}
