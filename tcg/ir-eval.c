/*
 * The meaning of every pure op: see tcg/ir-eval.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-eval.h"

TSAN_UNWATCHED bool ir_eval_cond(IrType type, IrCond cond, uint64_t a, uint64_t b)
{
    /* Sign extension keeps the unsigned order too: it maps both halves of the 32-bit
     * range in order to the two ends of the 64-bit one. */
    switch (cond) {
    case IR_EQ: return a == b;
    case IR_NE: return a != b;
    case IR_LT: return (int64_t)a < (int64_t)b;
    case IR_GE: return (int64_t)a >= (int64_t)b;
    case IR_LE: return (int64_t)a <= (int64_t)b;
    case IR_GT: return (int64_t)a > (int64_t)b;
    case IR_LTU: return a < b;
    case IR_GEU: return a >= b;
    case IR_LEU: return a <= b;
    case IR_GTU: return a > b;
    }
    return false;
}

TSAN_UNWATCHED static uint32_t eval32(IrOp op, uint32_t a, uint32_t b)
{
    int32_t sa = a, sb = b;
    unsigned n = b & 31;

    switch (op) {
    case IR_OP_mulhs: return ((int64_t)sa * sb) >> 32;
    case IR_OP_mulhu: return ((uint64_t)a * b) >> 32;
    case IR_OP_mulhsu: return (sa * (int64_t)b) >> 32;
    case IR_OP_divs: return !b ? UINT32_MAX : sb == -1 ? -a : (uint32_t)(sa / sb);
    case IR_OP_divu: return !b ? UINT32_MAX : a / b;
    case IR_OP_rems: return !b ? a : sb == -1 ? 0 : (uint32_t)(sa % sb);
    case IR_OP_remu: return !b ? a : a % b;
    case IR_OP_shl: return a << n;
    case IR_OP_shr: return a >> n;
    case IR_OP_sar: return sa >> n;
    case IR_OP_rotl: return n ? a << n | a >> (32 - n) : a;
    case IR_OP_rotr: return n ? a >> n | a << (32 - n) : a;
    case IR_OP_clz: return a ? __builtin_clz(a) : 32;
    case IR_OP_ctz: return a ? __builtin_ctz(a) : 32;
    case IR_OP_popcnt: return __builtin_popcount(a);
    case IR_OP_bswap: return __builtin_bswap32(a);
    default: g_assert_not_reached();
    }
}

TSAN_UNWATCHED static uint64_t eval64(IrOp op, uint64_t a, uint64_t b)
{
    int64_t sa = a, sb = b;
    unsigned n = b & 63;

    switch (op) {
    case IR_OP_mulhs: return ((__int128)sa * sb) >> 64;
    case IR_OP_mulhu: return ((unsigned __int128)a * b) >> 64;
    case IR_OP_mulhsu: return (sa * (__int128)b) >> 64;
    case IR_OP_divs: return !b ? UINT64_MAX : sb == -1 ? -a : (uint64_t)(sa / sb);
    case IR_OP_divu: return !b ? UINT64_MAX : a / b;
    case IR_OP_rems: return !b ? a : sb == -1 ? 0 : (uint64_t)(sa % sb);
    case IR_OP_remu: return !b ? a : a % b;
    case IR_OP_shl: return a << n;
    case IR_OP_shr: return a >> n;
    case IR_OP_sar: return sa >> n;
    case IR_OP_rotl: return n ? a << n | a >> (64 - n) : a;
    case IR_OP_rotr: return n ? a >> n | a << (64 - n) : a;
    case IR_OP_clz: return a ? __builtin_clzll(a) : 64;
    case IR_OP_ctz: return a ? __builtin_ctzll(a) : 64;
    case IR_OP_popcnt: return __builtin_popcountll(a);
    case IR_OP_bswap: return __builtin_bswap64(a);
    default: g_assert_not_reached();
    }
}

TSAN_UNWATCHED uint64_t ir_eval(IrOp op, IrType type, IrCond cond, const uint64_t *src)
{
    uint64_t a = src[0];

    switch (op) {
    /* those whose low half does not depend on the width */
    case IR_OP_add: return ir_canonical(type, a + src[1]);
    case IR_OP_sub: return ir_canonical(type, a - src[1]);
    case IR_OP_neg: return ir_canonical(type, -a);
    case IR_OP_mul: return ir_canonical(type, a * src[1]);
    case IR_OP_and: return a & src[1];
    case IR_OP_or: return a | src[1];
    case IR_OP_xor: return a ^ src[1];
    case IR_OP_f_bits:
    case IR_OP_f_from_bits: return a;
    case IR_OP_not: return ~a;
    case IR_OP_andc: return a & ~src[1];
    case IR_OP_orc: return a | ~src[1];
    case IR_OP_eqv: return ~(a ^ src[1]);
    case IR_OP_sext8: return (int8_t)a;
    case IR_OP_sext16: return (int16_t)a;
    case IR_OP_zext8: return (uint8_t)a;
    case IR_OP_zext16: return (uint16_t)a;
    case IR_OP_sext32:
    case IR_OP_extend_s:
    case IR_OP_trunc: return (int32_t)a;
    case IR_OP_zext32:
    case IR_OP_extend_u: return (uint32_t)a;
    case IR_OP_setcond: return ir_eval_cond(type, cond, a, src[1]);
    case IR_OP_select: return ir_eval_cond(type, cond, a, src[1]) ? src[2] : src[3];
    case IR_OP_clz:
    case IR_OP_ctz:
    case IR_OP_popcnt:
    case IR_OP_bswap:
        return type == IR_I32 ? ir_canonical(IR_I32, eval32(op, a, 0)) : eval64(op, a, 0);
    default:
        return type == IR_I32 ? ir_canonical(IR_I32, eval32(op, a, src[1]))
                              : eval64(op, a, src[1]);
    }
}
