/*
 * The forward pass on pure ops.
 *
 * Each op fetches its operands (which locks their registers), then asks for the result's
 * register, which may be that of an operand that dies here or a pinned one that is about
 * to be set: it may equal an operand's, so operands are read before it is written.
 *
 * An op whose result is only sign- or zero-extended from 32 bits by the next one is done
 * together with that: struct Result.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

/* What an op makes: the width to compute in, the value in the end, and its extension. */
typedef struct Result {
    IrVal v;
    uint32_t last; /* the insn that makes v */
    unsigned w;    /* 32 or 64 */
    bool sext;     /* sign-extend the 32-bit result at the end */
} Result;

/* The result of @i, with the next op if that only extends it. @low: the low half of the
 * result depends on the low halves of the operands only. */
static Result result_of(Gen *g, const IrInsn *i, bool low)
{
    const IrInsn *next = i + 1;
    Result r = { i->dst, g->idx, i->type == IR_I32 ? 32 : 64, false };
    bool fits = i->type == IR_I32 ? next->op == IR_OP_extend_s || next->op == IR_OP_extend_u
                                  : low && (next->op == IR_OP_sext32 ||
                                            next->op == IR_OP_zext32);

    if (fits && next->src[0] == i->dst && g->val[i->dst].uses == 1 &&
        g->val[next->dst].last_use) {
        r = (Result){ next->dst, g->idx + 1, 32,
                      next->op == IR_OP_extend_s || next->op == IR_OP_sext32 };
        g->skip = 1;
    }
    return r;
}

static void finish(Gen *g, const Result *r, int dst)
{
    if (r->sext) {
        emit_rr(&g->p, 64, OPC_MOVSXD, dst, dst);
    }
    dst_end(g, r->v, dst);
}

static void kill_operands(Gen *g, const IrInsn *i, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        kill_operand(g, i->src[k]);
    }
}

/* val_rmi() for an op of width @w: in 32 bits every constant is an immediate. */
static Opnd rmi(Gen *g, IrVal v, unsigned w)
{
    int64_t value;

    if (w == 32 && val_is_const(g, v, &value)) {
        return (Opnd){ OPND_IMM, 0, (int32_t)value };
    }
    return val_rmi(g, v);
}

/* dst = o, keeping the flags */
static void move(Gen *g, unsigned w, int dst, Opnd o)
{
    if (o.kind == OPND_IMM) {
        emit_mov_ri(&g->p, dst, w == 32 ? (uint32_t)o.val : (int64_t)o.val);
    } else if (o.kind == OPND_MEM) {
        emit_load(&g->p, w, dst, o.reg, o.val);
    } else if (o.reg != dst) {
        emit_mov_rr(&g->p, w, dst, o.reg);
    }
}

/* opc reg, rm */
static void op_rm(Gen *g, unsigned w, unsigned opc, int reg, Opnd o)
{
    if (o.kind == OPND_MEM) {
        emit_rm(&g->p, w, opc, reg, o.reg, o.val);
    } else {
        emit_rr(&g->p, w, opc, reg, o.reg);
    }
}

/* alu dst, o */
static void alu(Gen *g, unsigned w, unsigned op, int dst, Opnd o)
{
    if (o.kind == OPND_IMM) {
        emit_alu_ri(&g->p, w, op, dst, o.val);
    } else {
        op_rm(g, w, op * 8 + 3, dst, o);
    }
}

static bool is_reg(Opnd o, int reg)
{
    return o.kind == OPND_REG && o.reg == reg;
}

/*
 * global = global op b for one in memory that nobody has in a register, the result being
 * used for nothing else: one instruction on its cell.
 */
static bool gen_alu_in_place(Gen *g, const IrInsn *i, unsigned op)
{
    const IrInsn *next = i + 1;
    const GlobalInfo *global;
    IrVal x = i->src[0], y = i->src[1], rep;
    unsigned w = i->type == IR_I32 ? 32 : 64;
    int64_t value;

    if (next->op != IR_OP_set_global || next->src[0] != i->dst ||
        g->s->dead[g->idx + 1] || g->val[i->dst].uses != 1 || i->op == IR_OP_eqv) {
        return false;
    }
    global = &g->globals[next->imm];
    rep = g->home_val[next->imm];
    if (global->reg >= 0 || !rep || g->val[rep].reg >= 0 || !val_dies(g, rep) || x == y) {
        return false;
    }
    if (op != ALU_SUB && val_rep(g, y) == rep) {
        IrVal t = x;
        x = y;
        y = t;
    }
    if (val_rep(g, x) != rep || val_rep(g, y) == rep) {
        return false;
    }
    if (val_is_const(g, y, &value) && fits32(value)) {
        emit_alu_mi(&g->p, w, op, RBP, global->disp, value);
    } else {
        emit_rm(&g->p, w, op * 8 + 1, val_reg(g, y), RBP, global->disp);
    }
    kill_operand(g, x);
    kill_operand(g, y);
    g->skip = 1;
    return true;
}

/* add, sub, and, or, xor; eqv is xor, then not */
static void gen_alu(Gen *g, const IrInsn *i, unsigned op)
{
    bool commutes = op != ALU_SUB;
    IrVal x = i->src[0], y = i->src[1];
    Result r;
    Opnd a, b;
    int dst;

    if (gen_alu_in_place(g, i, op)) {
        return;
    }
    r = result_of(g, i, true);
    if (commutes) {
        IrVal ry = val_rep(g, y), rx = val_rep(g, x);
        int reg = g->val[ry].reg;
        /* let the result replace the operand that dies */
        if (reg >= 0 && (g->temps >> reg & 1) && val_dies(g, ry) && !val_dies(g, rx)) {
            IrVal t = x;
            x = y;
            y = t;
        }
    }
    a = rmi(g, x, r.w);
    b = rmi(g, y, r.w);
    if (op == ALU_AND && b.kind == OPND_IMM && b.val >= 0) {
        r.w = 32; /* zero-extends */
    }
    dst = dst_begin(g, r.v, r.last, x);
    if (is_reg(b, dst) && !is_reg(a, dst)) {
        if (commutes) {
            alu(g, r.w, op, dst, a);
        } else {
            emit_g3(&g->p, r.w, G3_NEG, dst);
            alu(g, r.w, ALU_ADD, dst, a);
        }
    } else if (op == ALU_ADD && a.kind == OPND_REG && a.reg != dst && b.kind == OPND_IMM) {
        emit_lea(&g->p, r.w, dst, a.reg, b.val);
    } else if (op == ALU_ADD && a.kind == OPND_REG && a.reg != dst && b.kind == OPND_REG) {
        emit_rmx(&g->p, r.w, OPC_LEA, dst, a.reg, b.reg, 0, 0);
    } else {
        move(g, r.w, dst, a);
        alu(g, r.w, op, dst, b);
    }
    if (i->op == IR_OP_eqv) {
        emit_g3(&g->p, r.w, G3_NOT, dst);
    }
    kill_operands(g, i, 2);
    finish(g, &r, dst);
}

static void gen_unary(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, i->op != IR_OP_bswap);
    Opnd a = val_rm(g, i->src[0]);
    int dst = dst_begin(g, r.v, r.last, i->src[0]);

    move(g, r.w, dst, a);
    switch (i->op) {
    case IR_OP_neg: emit_g3(&g->p, r.w, G3_NEG, dst); break;
    case IR_OP_not: emit_g3(&g->p, r.w, G3_NOT, dst); break;
    default: emit_bswap(&g->p, r.w, dst); break;
    }
    kill_operands(g, i, 1);
    finish(g, &r, dst);
}

/* andc, orc */
static void gen_complement(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, true);
    unsigned op = i->op == IR_OP_andc ? ALU_AND : ALU_OR;
    int a = val_reg(g, i->src[0]), b = val_reg(g, i->src[1]), dst;

    if (i->op == IR_OP_andc && (g->ctx->host & HOST_BMI1)) {
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        emit_vex_rrr(&g->p, r.w, VEX_NP, VEX_0F38, 0xf2, dst, b, a);
    } else {
        dst = dst_begin(g, r.v, r.last, i->src[1]);
        if (dst == a) {
            int t = a;
            if (a != b) {
                t = reg_alloc(g);
                emit_mov_rr(&g->p, 64, t, b);
            } else { /* x op ~x */
                emit_mov_ri(&g->p, dst, op == ALU_AND ? 0 : r.w == 32 ? (int64_t)UINT32_MAX : -1);
                goto done;
            }
            emit_g3(&g->p, r.w, G3_NOT, t);
            emit_alu_rr(&g->p, r.w, op, dst, t);
        } else {
            if (dst != b) {
                emit_mov_rr(&g->p, 64, dst, b);
            }
            emit_g3(&g->p, r.w, G3_NOT, dst);
            emit_alu_rr(&g->p, r.w, op, dst, a);
        }
    }
done:
    kill_operands(g, i, 2);
    finish(g, &r, dst);
}

static void gen_mul(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, true);
    Opnd a = val_rm(g, i->src[0]), b = rmi(g, i->src[1], r.w);
    int dst;

    if (b.kind == OPND_IMM) {
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        op_rm(g, r.w, 0x69, dst, a);
        put32(&g->p, b.val);
    } else {
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        if (is_reg(b, dst)) {
            op_rm(g, r.w, OPC_IMUL, dst, a);
        } else {
            move(g, r.w, dst, a);
            op_rm(g, r.w, OPC_IMUL, dst, b);
        }
    }
    kill_operands(g, i, 2);
    finish(g, &r, dst);
}

static void gen_shift(Gen *g, const IrInsn *i)
{
    static const uint8_t digits[] = { SHIFT_SHL, SHIFT_SHR, SHIFT_SAR, SHIFT_ROL, SHIFT_ROR };
    unsigned op = digits[i->op - IR_OP_shl];
    bool rotate = op == SHIFT_ROL || op == SHIFT_ROR;
    int64_t n = 0;
    bool constant = val_is_const(g, i->src[1], &n);
    Result r = result_of(g, i, op == SHIFT_SHL && constant && n < 32);
    Opnd a;
    int b, dst;

    if (constant) {
        n &= r.w - 1;
        a = rmi(g, i->src[0], r.w);
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        if (rotate && (g->ctx->host & HOST_BMI2) && a.kind == OPND_REG && a.reg != dst) {
            emit_rorx(&g->p, r.w, dst, a.reg, (op == SHIFT_ROR ? n : -n) & (r.w - 1));
        } else {
            move(g, r.w, dst, a);
            emit_shift_ri(&g->p, r.w, op, dst, n);
        }
    } else if (!rotate && (g->ctx->host & HOST_BMI2)) {
        static const uint8_t pp[] = { VEX_66, VEX_F2, VEX_F3 }; /* shlx, shrx, sarx */
        int x = val_reg(g, i->src[0]);
        b = val_reg(g, i->src[1]);
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        emit_vex_rrr(&g->p, r.w, pp[i->op - IR_OP_shl], VEX_0F38, 0xf7, dst, b, x);
    } else {
        reg_claim(g, RCX);
        a = rmi(g, i->src[0], r.w);
        val_to_reg(g, i->src[1], RCX);
        dst = dst_begin(g, r.v, r.last, i->src[0]);
        move(g, r.w, dst, a);
        emit_shift_cl(&g->p, r.w, op, dst);
    }
    kill_operands(g, i, 2);
    finish(g, &r, dst);
}

static void gen_count(Gen *g, const IrInsn *i)
{
    unsigned w = i->type == IR_I32 ? 32 : 64;
    Result r = result_of(g, i, false);
    int a = val_reg(g, i->src[0]);
    int dst = dst_begin(g, r.v, r.last, i->src[0]);

    if (i->op == IR_OP_popcnt) {
        emit_count(&g->p, w, 0x1b8, dst, a);
    } else if (i->op == IR_OP_clz && (g->ctx->host & HOST_LZCNT)) {
        emit_count(&g->p, w, OPC_BSR, dst, a);
    } else if (i->op == IR_OP_ctz && (g->ctx->host & HOST_BMI1)) {
        emit_count(&g->p, w, OPC_BSF, dst, a);
    } else {
        /* the scan leaves its result undefined for 0 and says so in ZF */
        int t = reg_alloc(g);
        bool clz = i->op == IR_OP_clz;
        emit_mov_ri(&g->p, t, clz ? 2 * w - 1 : w);
        emit_rr(&g->p, w, clz ? OPC_BSR : OPC_BSF, dst, a);
        emit_rr(&g->p, w, OPC_CMOV | CC_E, dst, t);
        if (clz) {
            emit_alu_ri(&g->p, w, ALU_XOR, dst, w - 1);
        }
    }
    kill_operands(g, i, 1);
    r.sext = false; /* never negative */
    finish(g, &r, dst);
}

static void gen_extend(Gen *g, const IrInsn *i)
{
    unsigned w = i->type == IR_I32 ? 32 : 64;
    Opnd a = val_rm(g, i->src[0]);
    int dst = dst_begin(g, i->dst, g->idx, i->src[0]);
    unsigned opc;

    switch (i->op) {
    case IR_OP_sext8: opc = OPC_MOVSX8; break;
    case IR_OP_sext16: opc = OPC_MOVSX16; break;
    case IR_OP_zext8: opc = OPC_MOVZX8; w = 32; break;
    case IR_OP_zext16: opc = OPC_MOVZX16; w = 32; break;
    case IR_OP_sext32:
    case IR_OP_extend_s: opc = OPC_MOVSXD; break;
    default: opc = OPC_MOV_LOAD; w = 32; break; /* zext32, extend_u */
    }
    if (a.kind == OPND_REG && (opc == OPC_MOVSX8 || opc == OPC_MOVZX8)) {
        emit_rr8(&g->p, w, opc, dst, a.reg);
    } else {
        op_rm(g, w, opc, dst, a);
    }
    kill_operands(g, i, 1);
    dst_end(g, i->dst, dst);
}

unsigned gen_compare(Gen *g, IrType type, IrCond cond, IrVal x, IrVal y)
{
    static const uint8_t codes[] = {
        [IR_EQ] = CC_E,   [IR_NE] = CC_NE,  [IR_LT] = CC_L,   [IR_GE] = CC_GE,
        [IR_LE] = CC_LE,  [IR_GT] = CC_G,   [IR_LTU] = CC_B,  [IR_GEU] = CC_AE,
        [IR_LEU] = CC_BE, [IR_GTU] = CC_A,
    };
    unsigned w = type == IR_I32 ? 32 : 64;
    Opnd a = val_rm(g, x), b = rmi(g, y, w);

    if (a.kind == OPND_REG) {
        if (b.kind == OPND_IMM && b.val == 0) {
            emit_rr(&g->p, w, OPC_TEST, a.reg, a.reg);
        } else {
            alu(g, w, ALU_CMP, a.reg, b);
        }
    } else if (b.kind == OPND_IMM) {
        emit_alu_mi(&g->p, w, ALU_CMP, a.reg, a.val, b.val);
    } else if (b.kind == OPND_REG) {
        emit_rm(&g->p, w, ALU_CMP * 8 + 1, b.reg, a.reg, a.val);
    } else {
        int t = reg_alloc(g);
        emit_load(&g->p, w, t, a.reg, a.val);
        alu(g, w, ALU_CMP, t, b);
    }
    return codes[cond];
}

static void gen_setcond(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, false);
    unsigned cc = gen_compare(g, i->type, i->cond, i->src[0], i->src[1]);
    int dst = dst_begin(g, r.v, r.last, i->src[0]);

    emit_setcc(&g->p, cc, dst);
    emit_rr8(&g->p, 32, OPC_MOVZX8, dst, dst);
    kill_operands(g, i, 2);
    r.sext = false;
    finish(g, &r, dst);
}

static void gen_select(Gen *g, const IrInsn *i)
{
    unsigned w = i->type == IR_I32 ? 32 : 64;
    Result r = result_of(g, i, false);
    int64_t value;
    unsigned cc;
    int t, dst;
    Opnd f;

    t = val_reg(g, i->src[2]); /* may change the flags: before the comparison */
    f = rmi(g, i->src[3], w);
    if (f.kind == OPND_IMM && val_is_const(g, i->src[2], &value)) {
        f = (Opnd){ OPND_REG, val_reg(g, i->src[3]), 0 };
    }
    cc = gen_compare(g, i->type, i->cond, i->src[0], i->src[1]);
    dst = dst_begin(g, r.v, r.last, f.kind == OPND_REG ? i->src[3] : IR_NONE);
    if (dst == t && !is_reg(f, dst)) {
        if (f.kind == OPND_IMM) {
            int k = reg_alloc(g);
            emit_mov_ri(&g->p, k, f.val);
            f = (Opnd){ OPND_REG, k, 0 };
        }
        op_rm(g, w, OPC_CMOV | (cc ^ 1), dst, f);
    } else {
        move(g, w, dst, f);
        emit_rr(&g->p, w, OPC_CMOV | cc, dst, t);
    }
    kill_operands(g, i, 4);
    finish(g, &r, dst);
}

/* Move a result from a register that the host's instruction dictates to its place. */
static void finish_fixed(Gen *g, const IrInsn *i, Result *r, int reg)
{
    int dst;

    g->locked = 1u << reg;
    kill_operands(g, i, 2);
    dst = dst_pinned(g, r->v, r->last);
    if (dst >= 0) {
        emit_mov_rr(&g->p, 64, dst, reg);
    } else {
        dst = reg;
    }
    finish(g, r, dst);
}

static void gen_mul_high32(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, false);
    bool sa = i->op != IR_OP_mulhu, sb = i->op == IR_OP_mulhs;
    int a, b, t = reg_alloc(g), u = reg_alloc(g);

    a = val_reg(g, i->src[0]);
    b = val_reg(g, i->src[1]);
    emit_rr(&g->p, sa ? 64 : 32, sa ? OPC_MOVSXD : OPC_MOV_LOAD, t, a);
    emit_rr(&g->p, sb ? 64 : 32, sb ? OPC_MOVSXD : OPC_MOV_LOAD, u, b);
    emit_rr(&g->p, 64, OPC_IMUL, t, u);
    emit_shift_ri(&g->p, 64, SHIFT_SHR, t, 32);
    finish_fixed(g, i, &r, t);
}

static void gen_mul_high(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, false);
    int b, t = -1;

    if (i->type == IR_I32) {
        g->skip = 0;
        gen_mul_high32(g, i);
        return;
    }
    reg_claim(g, RAX);
    reg_claim(g, RDX);
    b = val_reg(g, i->src[1]);
    if (i->op == IR_OP_mulhsu) {
        /* as unsigned, a negative a is 2^64 too large */
        t = reg_alloc(g);
        val_to_reg(g, i->src[0], t);
        emit_shift_ri(&g->p, 64, SHIFT_SAR, t, 63);
        emit_alu_rr(&g->p, 64, ALU_AND, t, b);
    }
    val_to_reg(g, i->src[0], RAX);
    emit_g3(&g->p, 64, i->op == IR_OP_mulhs ? G3_IMUL : G3_MUL, b);
    if (t >= 0) {
        emit_alu_rr(&g->p, 64, ALU_SUB, RDX, t);
    }
    finish_fixed(g, i, &r, RDX);
}

/*
 * Divisions are total: where the host would trap (by 0; the most negative by -1) the result
 * is made otherwise. Signed: b + 1 is at most 1, unsigned, exactly for b of -1 and 0.
 */
static void gen_div(Gen *g, const IrInsn *i)
{
    Result r = result_of(g, i, false);
    unsigned w = i->type == IR_I32 ? 32 : 64;
    bool is_signed = i->op == IR_OP_divs || i->op == IR_OP_rems;
    bool rem = i->op == IR_OP_rems || i->op == IR_OP_remu;
    uint8_t *normal = NULL, *end = NULL;
    int64_t value;
    bool safe;
    int b;

    reg_claim(g, RAX);
    reg_claim(g, RDX);
    safe = val_is_const(g, i->src[1], &value) && value != 0 && (!is_signed || value != -1);
    b = val_reg(g, i->src[1]);
    val_to_reg(g, i->src[0], RAX);
    if (!safe && is_signed) {
        emit_lea(&g->p, w, RDX, b, 1);
        emit_alu_ri(&g->p, w, ALU_CMP, RDX, 1);
        normal = emit_jcc8(&g->p, CC_A);
        if (rem) {
            emit_rr(&g->p, 32, 0x33, RDX, RDX);
            emit_rr(&g->p, w, OPC_TEST, b, b);
            emit_rr(&g->p, w, OPC_CMOV | CC_E, RDX, RAX);
        } else {
            emit_g3(&g->p, w, G3_NEG, RAX);
            emit_lea(&g->p, w, RDX, b, -1);
            emit_rr(&g->p, w, OPC_TEST, b, b);
            emit_rr(&g->p, w, OPC_CMOV | CC_E, RAX, RDX);
        }
        end = emit_jmp8(&g->p);
    } else if (!safe) {
        emit_rr(&g->p, w, OPC_TEST, b, b);
        normal = emit_jcc8(&g->p, CC_NE);
        if (rem) {
            emit_mov_rr(&g->p, w, RDX, RAX);
        } else {
            emit_mov_ri(&g->p, RAX, w == 32 ? (int64_t)UINT32_MAX : -1);
        }
        end = emit_jmp8(&g->p);
    }
    if (normal) {
        patch_rel8(normal, g->p);
    }
    if (is_signed) {
        put_rex(&g->p, w, 0, 0, 0);
        put8(&g->p, 0x99); /* cdq, cqo */
    } else {
        emit_rr(&g->p, 32, 0x33, RDX, RDX);
    }
    emit_g3(&g->p, w, is_signed ? G3_IDIV : G3_DIV, b);
    if (end) {
        patch_rel8(end, g->p);
    }
    finish_fixed(g, i, &r, rem ? RDX : RAX);
}

static void gen_get_pc(Gen *g, const IrInsn *i)
{
    int dst = dst_begin(g, i->dst, g->idx, IR_NONE);

    gen_pc(g, dst, i->imm);
    dst_end(g, i->dst, dst);
}

void gen_pure(Gen *g, const IrInsn *i)
{
    switch (i->op) {
    case IR_OP_add: gen_alu(g, i, ALU_ADD); break;
    case IR_OP_sub: gen_alu(g, i, ALU_SUB); break;
    case IR_OP_and: gen_alu(g, i, ALU_AND); break;
    case IR_OP_or: gen_alu(g, i, ALU_OR); break;
    case IR_OP_xor:
    case IR_OP_eqv: gen_alu(g, i, ALU_XOR); break;
    case IR_OP_neg:
    case IR_OP_not:
    case IR_OP_bswap: gen_unary(g, i); break;
    case IR_OP_mul: gen_mul(g, i); break;
    case IR_OP_mulhs:
    case IR_OP_mulhu:
    case IR_OP_mulhsu: gen_mul_high(g, i); break;
    case IR_OP_divs:
    case IR_OP_divu:
    case IR_OP_rems:
    case IR_OP_remu: gen_div(g, i); break;
    case IR_OP_andc:
    case IR_OP_orc: gen_complement(g, i); break;
    case IR_OP_shl:
    case IR_OP_shr:
    case IR_OP_sar:
    case IR_OP_rotl:
    case IR_OP_rotr: gen_shift(g, i); break;
    case IR_OP_clz:
    case IR_OP_ctz:
    case IR_OP_popcnt: gen_count(g, i); break;
    case IR_OP_sext8:
    case IR_OP_sext16:
    case IR_OP_zext8:
    case IR_OP_zext16:
    case IR_OP_sext32:
    case IR_OP_zext32:
    case IR_OP_extend_s:
    case IR_OP_extend_u: gen_extend(g, i); break;
    case IR_OP_trunc: break; /* another name: see liveness.c */
    case IR_OP_setcond: gen_setcond(g, i); break;
    case IR_OP_select: gen_select(g, i); break;
    case IR_OP_get_pc: gen_get_pc(g, i); break;
    }
}
