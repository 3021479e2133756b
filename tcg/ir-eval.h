/*
 * The meaning of every pure op, in C: one evaluator for constant folding and for the
 * interpreter, so that they cannot disagree. tcg/ir-ops.h is the specification.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_IR_EVAL_H
#define TCG_IR_EVAL_H

#include "tcg/ir.h"
#include "util/tsan.h"

/*
 * The result of pure op @op on @src (as many as the op has operands). @type is
 * IrInsn.type, @cond IrInsn.cond. I32 operands are given, and an I32 result is returned,
 * sign-extended to 64 bits.
 */
uint64_t ir_eval(IrOp op, IrType type, IrCond cond, const uint64_t *src);

/* cond(a, b) for values of @type, sign-extended if I32. */
bool ir_eval_cond(IrType type, IrCond cond, uint64_t a, uint64_t b);

/* A value in the form of a constant: sign-extended from @type. */
TSAN_UNWATCHED static inline uint64_t ir_canonical(IrType type, uint64_t v)
{
    return type == IR_I32 ? (uint64_t)(int32_t)v : v;
}

/* The low bytes of @raw that a memory access of @mo moved, extended as @mo says. */
TSAN_UNWATCHED static inline uint64_t ir_extend(unsigned mo, uint64_t raw)
{
    switch (mo & (IR_MO_SIZE | IR_MO_SIGN)) {
    case IR_MO_8: return (uint8_t)raw;
    case IR_MO_16: return (uint16_t)raw;
    case IR_MO_32: return (uint32_t)raw;
    case IR_MO_8 | IR_MO_SIGN: return (int8_t)raw;
    case IR_MO_16 | IR_MO_SIGN: return (int16_t)raw;
    case IR_MO_32 | IR_MO_SIGN: return (int32_t)raw;
    default: return raw;
    }
}

#endif
