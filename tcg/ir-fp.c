/*
 * The IR builder: floating point. An op of single precision has operands in NaN boxes; whether
 * one is known to be boxed is noted in the op, so that backends need not look.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"

#define BOX (~(int64_t)UINT32_MAX)

/* The upper half of the value is known to be all ones. */
static bool is_boxed(const IrBuilder *b, IrVal v)
{
    const IrInsn *d = ir_def(b, v);
    int64_t bits;

    if (!d) {
        return false;
    }
    switch (d->op) {
    case IR_OP_f_from_bits:
        d = ir_def(b, d->src[0]);
        return d && d->op == IR_OP_or && ir_is_const(b, d->src[1], &bits) &&
               (bits & BOX) == BOX;
    case IR_OP_ld: return (d->memop & IR_MO_SIZE) == IR_MO_32;
    case IR_OP_f_convert: return d->memop == IR_MO_64;
    default: return (ir_op_info[d->op].effects & IR_EFF_FP) && d->memop == IR_MO_32;
    }
}

static IrInsn *emit(IrBuilder *b, IrOp op, IrType result, IrMemOp format, unsigned cond,
                    const IrHelper *h)
{
    IrInsn *i = ir_emit_val(b, op, result);

    i->type = IR_F64;
    i->memop = format;
    i->cond = cond;
    i->imm = (intptr_t)h;
    return i;
}

static void operands(IrBuilder *b, IrInsn *i, unsigned n, const IrVal *v)
{
    for (unsigned k = 0; k < n; k++) {
        i->src[k] = v[k];
        if (i->memop == IR_MO_32 && is_boxed(b, v[k])) {
            i->aux |= 1u << k;
        }
    }
}

IrVal ir_f_bits(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);
    IrInsn *i;

    if (b->code.vals[x].is_const) {
        return ir_const(b, IR_I64, b->code.vals[x].value);
    }
    if (d && d->op == IR_OP_f_from_bits) {
        return d->src[0];
    }
    i = ir_emit_val(b, IR_OP_f_bits, IR_I64);
    i->type = IR_F64;
    i->src[0] = x;
    return i->dst;
}

IrVal ir_f_from_bits(IrBuilder *b, IrVal x)
{
    const IrInsn *d = ir_def(b, x);
    IrInsn *i;

    if (x == VAL_ZERO_I64) {
        return VAL_ZERO_F64;
    }
    if (d && d->op == IR_OP_f_bits) {
        return d->src[0];
    }
    i = ir_emit_val(b, IR_OP_f_from_bits, IR_F64);
    i->src[0] = x;
    return i->dst;
}

IrVal ir_f_binary(IrBuilder *b, IrOp op, IrMemOp format, IrVal x, IrVal y, const IrHelper *h)
{
    IrInsn *i = emit(b, op, IR_F64, format, 0, h);

    operands(b, i, 2, (IrVal[]){ x, y });
    return i->dst;
}

IrVal ir_f_unary(IrBuilder *b, IrOp op, IrMemOp format, IrVal x, const IrHelper *h)
{
    IrInsn *i = emit(b, op, IR_F64, format, 0, h);

    operands(b, i, 1, &x);
    return i->dst;
}

IrVal ir_f_muladd(IrBuilder *b, IrMemOp format, unsigned signs, IrVal x, IrVal y, IrVal z,
                  const IrHelper *h)
{
    IrInsn *i = emit(b, IR_OP_f_muladd, IR_F64, format, signs, h);

    operands(b, i, 3, (IrVal[]){ x, y, z });
    return i->dst;
}

IrVal ir_f_sign(IrBuilder *b, IrMemOp format, IrSign sign, IrVal x, IrVal y, const IrHelper *h)
{
    IrInsn *i;

    if (x == y && sign == IR_SIGN_COPY && (format == IR_MO_64 || is_boxed(b, x))) {
        return x;
    }
    i = emit(b, IR_OP_f_sign, IR_F64, format, sign, h);
    operands(b, i, 2, (IrVal[]){ x, y });
    return i->dst;
}

IrVal ir_f_cmp(IrBuilder *b, IrMemOp format, IrCond cond, IrVal x, IrVal y, const IrHelper *h)
{
    IrInsn *i = emit(b, IR_OP_f_cmp, IR_I64, format, cond, h);

    operands(b, i, 2, (IrVal[]){ x, y });
    return i->dst;
}

IrVal ir_f_flags(IrBuilder *b)
{
    IrInsn *i = ir_emit_val(b, IR_OP_f_flags, IR_I64);

    i->type = IR_F64;
    return i->dst;
}

/*
 * Compilers make a quiet comparison of a signaling one between a read and a write of the flags.
 * Then the comparison keeps the flags itself. In between is nothing else that could change
 * or show them. True if nothing is left to do.
 */
static bool keep_flags(IrBuilder *b, IrVal flags)
{
    enum { HARMLESS = IR_EFF_DROPPABLE | IR_EFF_WRITES_GLOBAL | IR_EFF_WRITES_LOCAL };
    IrCode *c = &b->code;
    const IrInsn *d = ir_def(b, flags);
    IrInsn *cmp = NULL;

    if (!d || d->op != IR_OP_f_flags || b->unreachable) {
        return false;
    }
    for (IrInsn *i = &c->insns[b->def[flags] + 1]; i < &c->insns[c->n_insns]; i++) {
        if (i->op == IR_OP_f_cmp && !cmp) {
            cmp = i;
        } else if (ir_op_info[i->op].effects & ~HARMLESS) {
            return false;
        }
    }
    if (cmp) {
        cmp->op = IR_OP_f_cmp_quiet;
        cmp->src[2] = flags;
    }
    return true;
}

void ir_f_set_flags(IrBuilder *b, IrVal flags)
{
    if (!keep_flags(b, flags)) {
        IrInsn *i = ir_emit(b, IR_OP_f_set_flags, IR_F64);
        i->src[0] = flags;
    }
}

IrVal ir_f_to_int(IrBuilder *b, IrMemOp format, unsigned kind, IrVal x, const IrHelper *h)
{
    IrInsn *i = emit(b, IR_OP_f_to_int, IR_I64, format, kind, h);

    operands(b, i, 1, &x);
    return i->dst;
}

IrVal ir_f_from_int(IrBuilder *b, IrMemOp format, unsigned kind, IrVal x, const IrHelper *h)
{
    IrInsn *i = emit(b, IR_OP_f_from_int, IR_F64, format, kind, h);

    i->src[0] = x;
    return i->dst;
}
