/*
 * The IR builder's pure ops: constants are folded and identities applied as they are
 * asked for, so that no later pass is needed in the first tier.
 *
 * Rules, so that this terminates: a constant operand of a commutative op goes to the
 * right; a rule returns an operand, a constant, or an op that is simpler (fewer
 * operands, a cheaper op) than the one asked for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"
#include "tcg/ir-eval.h"

/* ir_type(), inline */
static inline IrType type_of(const IrBuilder *b, IrVal v)
{
    return b->code.vals[v].type;
}

static inline bool is_const(const IrBuilder *b, IrVal v)
{
    return b->code.vals[v].is_const;
}

static inline int64_t const_value(const IrBuilder *b, IrVal v)
{
    return b->code.vals[v].value;
}

static inline bool is_value(const IrBuilder *b, IrVal v, int64_t value)
{
    return is_const(b, v) && const_value(b, v) == value;
}

static IrVal op1(IrBuilder *b, IrOp op, IrType type, IrVal x)
{
    IrInsn *i;

    if (is_const(b, x)) {
        uint64_t src[4] = { const_value(b, x) };
        return ir_const(b, type, ir_eval(op, type, 0, src));
    }
    i = ir_emit_val(b, op, type);
    i->src[0] = x;
    return i->dst;
}

static IrVal emit2(IrBuilder *b, IrOp op, IrVal x, IrVal y)
{
    IrInsn *i = ir_emit_val(b, op, type_of(b, x));

    i->src[0] = x;
    i->src[1] = y;
    return i->dst;
}

/* Fold if both operands are constants. */
static inline bool fold2(IrBuilder *b, IrOp op, IrVal x, IrVal y, IrVal *r)
{
    if (is_const(b, x) && is_const(b, y)) {
        uint64_t src[4] = { const_value(b, x), const_value(b, y) };
        IrType type = type_of(b, x);
        *r = ir_const(b, type, ir_eval(op, type, 0, src));
        return true;
    }
    return false;
}

static IrVal op2(IrBuilder *b, IrOp op, IrVal x, IrVal y)
{
    IrVal r;

    return fold2(b, op, x, y, &r) ? r : emit2(b, op, x, y);
}

static inline void constant_right(const IrBuilder *b, IrVal *x, IrVal *y)
{
    if (is_const(b, *x)) {
        IrVal t = *x;
        *x = *y;
        *y = t;
    }
}

static inline unsigned width(const IrBuilder *b, IrVal v)
{
    return type_of(b, v) == IR_I32 ? 32 : 64;
}

/* log2 of a constant power of two of the value's width, else -1 */
static int const_log2(const IrBuilder *b, IrVal v)
{
    uint64_t c;

    if (!is_const(b, v)) {
        return -1;
    }
    c = const_value(b, v);
    if (type_of(b, v) == IR_I32) {
        c = (uint32_t)c;
    }
    return c && !(c & (c - 1)) ? __builtin_ctzll(c) : -1;
}

/* The value is known to fit in @bits bits, zero-extended. */
static bool is_zext(const IrBuilder *b, IrVal v, unsigned bits)
{
    const IrInsn *d = ir_def(b, v);

    if (is_const(b, v)) {
        return !((uint64_t)const_value(b, v) >> (bits - 1) >> 1);
    }
    if (!d) {
        return false;
    }
    switch (d->op) {
    case IR_OP_zext8: return bits >= 8;
    case IR_OP_zext16: return bits >= 16;
    case IR_OP_zext32:
    case IR_OP_extend_u: return bits >= 32;
    case IR_OP_setcond: return true;
    case IR_OP_clz:
    case IR_OP_ctz:
    case IR_OP_popcnt: return bits >= 8;
    case IR_OP_ld:
    case IR_OP_ld_env:
        return !(d->memop & IR_MO_SIGN) && bits >= 8u << (d->memop & IR_MO_SIZE);
    case IR_OP_and:
        return is_const(b, d->src[1]) && is_zext(b, d->src[1], bits);
    case IR_OP_shr:
        return is_const(b, d->src[1]) && const_value(b, d->src[1]) + bits >= width(b, v);
    default: return false;
    }
}

/* The value is known to equal the sign extension of its low @bits bits. */
static bool is_sext(const IrBuilder *b, IrVal v, unsigned bits)
{
    const IrInsn *d = ir_def(b, v);

    if (is_const(b, v)) {
        int64_t c = const_value(b, v);
        return c == (int64_t)((uint64_t)c << (64 - bits)) >> (64 - bits);
    }
    if (is_zext(b, v, bits - 1)) {
        return true;
    }
    if (!d) {
        return false;
    }
    switch (d->op) {
    case IR_OP_sext8: return bits >= 8;
    case IR_OP_sext16: return bits >= 16;
    case IR_OP_sext32:
    case IR_OP_extend_s: return bits >= 32;
    case IR_OP_ld:
    case IR_OP_ld_env:
        return (d->memop & IR_MO_SIGN) && bits >= 8u << (d->memop & IR_MO_SIZE);
    case IR_OP_sar:
        return is_const(b, d->src[1]) && const_value(b, d->src[1]) + bits >= width(b, v);
    default: return false;
    }
}

/* An op that looks at the low @bits bits only needs no extension below it that keeps
 * them. */
static IrVal skip_extension(const IrBuilder *b, IrVal v, unsigned bits)
{
    const IrInsn *d;

    while ((d = ir_def(b, v))) {
        switch (d->op) {
        case IR_OP_sext8:
        case IR_OP_zext8:
            if (bits > 8) {
                return v;
            }
            break;
        case IR_OP_sext16:
        case IR_OP_zext16:
            if (bits > 16) {
                return v;
            }
            break;
        case IR_OP_sext32:
        case IR_OP_zext32:
            break; /* bits is never above 32 */
        default: return v;
        }
        v = d->src[0];
    }
    return v;
}

IrVal ir_add(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, IR_OP_add, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (is_value(b, y, 0)) {
        return x;
    }
    if (is_const(b, y)) {
        const IrInsn *d = ir_def(b, x);
        if (d && d->op == IR_OP_get_pc) { /* a known distance from the entry */
            return ir_get_pc(b, d->imm + const_value(b, y));
        }
    }
    return emit2(b, IR_OP_add, x, y);
}

IrVal ir_sub(IrBuilder *b, IrVal x, IrVal y)
{
    if (is_const(b, y)) {
        return ir_add(b, x, ir_const(b, type_of(b, x), -(uint64_t)const_value(b, y)));
    }
    if (x == y) {
        return ir_const(b, type_of(b, x), 0);
    }
    if (is_value(b, x, 0)) {
        return ir_neg(b, y);
    }
    return emit2(b, IR_OP_sub, x, y);
}

IrVal ir_neg(IrBuilder *b, IrVal x)
{
    return op1(b, IR_OP_neg, type_of(b, x), x);
}

IrVal ir_mul(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;
    int log2;

    if (fold2(b, IR_OP_mul, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (is_value(b, y, 0)) {
        return y;
    }
    if (is_value(b, y, -1)) {
        return ir_neg(b, x);
    }
    log2 = const_log2(b, y);
    if (log2 >= 0) {
        return ir_shli(b, x, log2);
    }
    return emit2(b, IR_OP_mul, x, y);
}

IrVal ir_mulhs(IrBuilder *b, IrVal x, IrVal y)
{
    return op2(b, IR_OP_mulhs, x, y);
}

IrVal ir_mulhu(IrBuilder *b, IrVal x, IrVal y)
{
    return op2(b, IR_OP_mulhu, x, y);
}

IrVal ir_mulhsu(IrBuilder *b, IrVal x, IrVal y)
{
    return op2(b, IR_OP_mulhsu, x, y);
}

IrVal ir_divs(IrBuilder *b, IrVal x, IrVal y)
{
    return is_value(b, y, 1) ? x : op2(b, IR_OP_divs, x, y);
}

IrVal ir_divu(IrBuilder *b, IrVal x, IrVal y)
{
    int log2 = const_log2(b, y);

    return log2 >= 0 ? ir_shri(b, x, log2) : op2(b, IR_OP_divu, x, y);
}

IrVal ir_rems(IrBuilder *b, IrVal x, IrVal y)
{
    return op2(b, IR_OP_rems, x, y);
}

IrVal ir_remu(IrBuilder *b, IrVal x, IrVal y)
{
    int log2 = const_log2(b, y);

    return log2 >= 0 ? ir_andi(b, x, (int64_t)(((uint64_t)1 << log2) - 1))
                     : op2(b, IR_OP_remu, x, y);
}

/* x and y are one value, perhaps truncated twice. */
static bool same_value(const IrBuilder *b, IrVal x, IrVal y)
{
    const IrInsn *d = ir_def(b, x), *e = ir_def(b, y);

    return x == y || (d && e && d->op == IR_OP_trunc && e->op == IR_OP_trunc &&
                      d->src[0] == e->src[0]);
}

static bool is_extend_s(const IrBuilder *b, IrVal v)
{
    const IrInsn *d = ir_def(b, v);

    return d && (d->op == IR_OP_extend_s || d->op == IR_OP_sext32);
}

/* (z << n) op (z >> (width - n)) for an op that joins bits: the rotation, or IR_NONE. In 32
 * bits, both sides may be sign-extended, and then so is the result. */
static IrVal rotation(IrBuilder *b, IrVal x, IrVal y)
{
    const IrInsn *d = ir_def(b, x), *e = ir_def(b, y);
    IrVal r;

    if (!d || !e) {
        return IR_NONE;
    }
    if (d->op == IR_OP_extend_s && e->op == IR_OP_extend_s) {
        r = rotation(b, d->src[0], e->src[0]);
        return r ? ir_extend_s(b, r) : IR_NONE;
    }
    if (d->op == IR_OP_shr) {
        const IrInsn *t = d;
        d = e;
        e = t;
    }
    if (d->op != IR_OP_shl || e->op != IR_OP_shr || !is_const(b, d->src[1]) ||
        !is_const(b, e->src[1]) || !same_value(b, d->src[0], e->src[0]) ||
        const_value(b, d->src[1]) + const_value(b, e->src[1]) != (int)width(b, x)) {
        return IR_NONE;
    }
    return ir_rotl(b, d->src[0], d->src[1]);
}

/* A bitwise op of two sign-extended 32-bit values: extended once, after it. Operands whose
 * extension nobody else needs lose it. IR_NONE: it is none. */
static IrVal narrowed(IrBuilder *b, IrVal (*op)(IrBuilder *b, IrVal x, IrVal y), IrVal x,
                      IrVal y)
{
    if (type_of(b, x) != IR_I64 || !is_extend_s(b, x) || !(is_extend_s(b, y) ||
        (is_const(b, y) && is_sext(b, y, 32)))) {
        return IR_NONE;
    }
    return ir_extend_s(b, op(b, ir_trunc(b, x), ir_trunc(b, y)));
}

IrVal ir_and(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, IR_OP_and, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (x == y || is_value(b, y, -1)) {
        return x;
    }
    if (is_const(b, y)) {
        switch (const_value(b, y)) {
        case 0: return y;
        case 0xff: return ir_zext8(b, x);
        case 0xffff: return ir_zext16(b, x);
        case 0xffffffff: return ir_zext32(b, x); /* an I32 constant is never this */
        default: break;
        }
    } else if ((r = narrowed(b, ir_and, x, y))) {
        return r;
    }
    return emit2(b, IR_OP_and, x, y);
}

IrVal ir_or(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, IR_OP_or, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (x == y || is_value(b, y, 0)) {
        return x;
    }
    if (is_value(b, y, -1)) {
        return y;
    }
    if ((r = rotation(b, x, y)) || (r = narrowed(b, ir_or, x, y))) {
        return r;
    }
    return emit2(b, IR_OP_or, x, y);
}

IrVal ir_xor(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, IR_OP_xor, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (x == y) {
        return ir_const(b, type_of(b, x), 0);
    }
    if (is_value(b, y, 0)) {
        return x;
    }
    if (is_value(b, y, -1)) {
        return ir_not(b, x);
    }
    if ((r = rotation(b, x, y)) || (r = narrowed(b, ir_xor, x, y))) {
        return r;
    }
    return emit2(b, IR_OP_xor, x, y);
}

IrVal ir_not(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);

    if (d && d->op == IR_OP_not) {
        return d->src[0];
    }
    if (d && d->op == IR_OP_extend_s) {
        return ir_extend_s(b, ir_not(b, d->src[0]));
    }
    return op1(b, IR_OP_not, type_of(b, x), x);
}

IrVal ir_andc(IrBuilder *b, IrVal x, IrVal y)
{
    if (is_const(b, y)) {
        return ir_and(b, x, ir_not(b, y));
    }
    if (x == y || is_value(b, x, 0)) {
        return ir_const(b, type_of(b, x), 0);
    }
    return is_value(b, x, -1) ? ir_not(b, y) : emit2(b, IR_OP_andc, x, y);
}

IrVal ir_orc(IrBuilder *b, IrVal x, IrVal y)
{
    if (is_const(b, y)) {
        return ir_or(b, x, ir_not(b, y));
    }
    if (x == y || is_value(b, x, -1)) {
        return ir_const(b, type_of(b, x), -1);
    }
    return is_value(b, x, 0) ? ir_not(b, y) : emit2(b, IR_OP_orc, x, y);
}

IrVal ir_eqv(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, IR_OP_eqv, x, y, &r)) {
        return r;
    }
    constant_right(b, &x, &y);
    if (is_const(b, y)) {
        return ir_xor(b, x, ir_not(b, y));
    }
    return x == y ? ir_const(b, type_of(b, x), -1) : emit2(b, IR_OP_eqv, x, y);
}

/* A shift or rotation: the count becomes less than the width, none is no op. */
static IrVal shift(IrBuilder *b, IrOp op, IrVal x, IrVal y)
{
    IrVal r;

    if (fold2(b, op, x, y, &r)) {
        return r;
    }
    if (is_value(b, x, 0)) {
        return x;
    }
    if (is_const(b, y)) {
        unsigned n = const_value(b, y) & (width(b, x) - 1);
        if (!n) {
            return x;
        }
        y = ir_const(b, type_of(b, x), n);
    } else {
        /* the op itself takes the count modulo the width */
        const IrInsn *d = ir_def(b, y);
        if (d && d->op == IR_OP_and && is_value(b, d->src[1], width(b, x) - 1)) {
            y = d->src[0];
        }
    }
    return emit2(b, op, x, y);
}

IrVal ir_shl(IrBuilder *b, IrVal x, IrVal y)
{
    return shift(b, IR_OP_shl, x, y);
}

/* x = shl(z, n) with constant n: the z of a pair of shifts that extends a part */
static bool is_shl_by(const IrBuilder *b, IrVal x, int64_t n, IrVal *z)
{
    const IrInsn *d = ir_def(b, x);

    if (d && d->op == IR_OP_shl && is_value(b, d->src[1], n)) {
        *z = d->src[0];
        return true;
    }
    return false;
}

IrVal ir_shr(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal z;

    if (is_const(b, y)) {
        unsigned w = width(b, x), n = const_value(b, y) & (w - 1);
        if (is_shl_by(b, x, n, &z)) {
            if (w - n == 32) {
                return ir_zext32(b, z);
            } else if (w - n == 16) {
                return ir_zext16(b, z);
            } else if (w - n == 8) {
                return ir_zext8(b, z);
            }
        }
    }
    return shift(b, IR_OP_shr, x, y);
}

IrVal ir_sar(IrBuilder *b, IrVal x, IrVal y)
{
    IrVal z;

    if (is_value(b, x, -1)) {
        return x;
    }
    if (is_const(b, y)) {
        unsigned w = width(b, x), n = const_value(b, y) & (w - 1);
        if (is_shl_by(b, x, n, &z)) {
            if (w - n == 32) {
                return ir_sext32(b, z);
            } else if (w - n == 16) {
                return ir_sext16(b, z);
            } else if (w - n == 8) {
                return ir_sext8(b, z);
            }
        }
    }
    return shift(b, IR_OP_sar, x, y);
}

IrVal ir_rotl(IrBuilder *b, IrVal x, IrVal y)
{
    return shift(b, IR_OP_rotl, x, y);
}

IrVal ir_rotr(IrBuilder *b, IrVal x, IrVal y)
{
    return shift(b, IR_OP_rotr, x, y);
}

IrVal ir_clz(IrBuilder *b, IrVal x)
{
    return op1(b, IR_OP_clz, type_of(b, x), x);
}

IrVal ir_ctz(IrBuilder *b, IrVal x)
{
    return op1(b, IR_OP_ctz, type_of(b, x), x);
}

IrVal ir_popcnt(IrBuilder *b, IrVal x)
{
    return op1(b, IR_OP_popcnt, type_of(b, x), x);
}

IrVal ir_bswap(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);

    return d && d->op == IR_OP_bswap ? d->src[0] : op1(b, IR_OP_bswap, type_of(b, x), x);
}

IrVal ir_sext8(IrBuilder *b, IrVal x)
{
    return is_sext(b, x, 8) ? x
                            : op1(b, IR_OP_sext8, type_of(b, x), skip_extension(b, x, 8));
}

IrVal ir_sext16(IrBuilder *b, IrVal x)
{
    return is_sext(b, x, 16) ? x
                             : op1(b, IR_OP_sext16, type_of(b, x), skip_extension(b, x, 16));
}

IrVal ir_zext8(IrBuilder *b, IrVal x)
{
    return is_zext(b, x, 8) ? x
                            : op1(b, IR_OP_zext8, type_of(b, x), skip_extension(b, x, 8));
}

IrVal ir_zext16(IrBuilder *b, IrVal x)
{
    return is_zext(b, x, 16) ? x
                             : op1(b, IR_OP_zext16, type_of(b, x), skip_extension(b, x, 16));
}

IrVal ir_sext32(IrBuilder *b, IrVal x)
{
    return is_sext(b, x, 32) ? x : op1(b, IR_OP_sext32, IR_I64, skip_extension(b, x, 32));
}

IrVal ir_zext32(IrBuilder *b, IrVal x)
{
    return is_zext(b, x, 32) ? x : op1(b, IR_OP_zext32, IR_I64, skip_extension(b, x, 32));
}

IrVal ir_extend_s(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);

    return d && d->op == IR_OP_trunc ? ir_sext32(b, d->src[0])
                                     : op1(b, IR_OP_extend_s, IR_I64, x);
}

IrVal ir_extend_u(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);

    return d && d->op == IR_OP_trunc ? ir_zext32(b, d->src[0])
                                     : op1(b, IR_OP_extend_u, IR_I64, x);
}

IrVal ir_trunc(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);

    if (d && (d->op == IR_OP_extend_s || d->op == IR_OP_extend_u)) {
        return d->src[0];
    }
    return op1(b, IR_OP_trunc, IR_I32, skip_extension(b, x, 32));
}

/* The outcome of a comparison that does not depend on the values: 0, 1, or -1. */
static int known_outcome(const IrBuilder *b, IrCond cond, IrVal x, IrVal y)
{
    IrType type = type_of(b, x);

    if (is_const(b, x) && is_const(b, y)) {
        return ir_eval_cond(type, cond, const_value(b, x), const_value(b, y));
    }
    if (x == y) {
        return ir_eval_cond(type, cond, 0, 0);
    }
    if (is_value(b, y, 0) && (cond == IR_LTU || cond == IR_GEU)) {
        return cond == IR_GEU;
    }
    return -1;
}

/* Constant to the right; a comparison of a comparison's outcome with 0 is the inner one. */
static IrCond simplify_cond(const IrBuilder *b, IrCond cond, IrVal *x, IrVal *y)
{
    const IrInsn *d;

    if (is_const(b, *x) && !is_const(b, *y)) {
        constant_right(b, x, y);
        cond = ir_cond_swap(cond);
    }
    while (is_value(b, *y, 0) && (cond == IR_EQ || cond == IR_NE) && (d = ir_def(b, *x)) &&
           d->op == IR_OP_setcond) {
        cond = cond == IR_NE ? d->cond : ir_cond_invert(d->cond);
        *x = d->src[0];
        *y = d->src[1];
    }
    return cond;
}

IrVal ir_setcond(IrBuilder *b, IrCond cond, IrVal x, IrVal y)
{
    IrType type = type_of(b, x);
    int known;
    IrInsn *i;

    cond = simplify_cond(b, cond, &x, &y);
    known = known_outcome(b, cond, x, y);
    if (known >= 0) {
        return ir_const(b, type, known);
    }
    i = ir_emit_val(b, IR_OP_setcond, type);
    i->cond = cond;
    i->src[0] = x;
    i->src[1] = y;
    return i->dst;
}

IrVal ir_select(IrBuilder *b, IrCond cond, IrVal x, IrVal y, IrVal t, IrVal f)
{
    IrType type = type_of(b, x);
    int known;
    IrInsn *i;

    if (t == f) {
        return t;
    }
    cond = simplify_cond(b, cond, &x, &y);
    known = known_outcome(b, cond, x, y);
    if (known >= 0) {
        return known ? t : f;
    }
    if (is_value(b, t, 1) && is_value(b, f, 0)) {
        return ir_setcond(b, cond, x, y);
    }
    if (is_value(b, t, 0) && is_value(b, f, 1)) {
        return ir_setcond(b, ir_cond_invert(cond), x, y);
    }
    i = ir_emit_val(b, IR_OP_select, type);
    i->cond = cond;
    i->src[0] = x;
    i->src[1] = y;
    i->src[2] = t;
    i->src[3] = f;
    return i->dst;
}
