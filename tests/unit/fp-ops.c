/*
 * The floating-point ops of the IR with helpers over fpu/ that say what they mean: see fp-ops.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/softfloat.h"
#include "fp-ops.h"

/* ---- Helpers: what the ops mean ---- */

static float32 unbox(uint64_t v)
{
    return v >> 32 == UINT32_MAX ? (float32)v : F32_DEFAULT_NAN;
}

static FloatStatus status(const CpuState *cpu)
{
    return (FloatStatus){ .rounding = cpu->fp_rounding, .flags = cpu->fp_flags,
                          .default_nan = true };
}

#define HELPER(name, n, params, expr)                                                     \
    static uint64_t do_##name params                                                      \
    {                                                                                     \
        FloatStatus st = status(cpu), *s G_GNUC_UNUSED = &st;                             \
        uint64_t r = expr;                                                                \
        cpu->fp_flags = st.flags;                                                         \
        return r;                                                                         \
    }                                                                                     \
    static const IrHelper h_##name = { #name, do_##name, 0, IR_I64, n,                    \
                                       { IR_I64, IR_I64, IR_I64 } };
#define UNARY(name, expr) HELPER(name, 1, (CpuState *cpu, uint64_t a), expr)
#define BINARY(name, expr) HELPER(name, 2, (CpuState *cpu, uint64_t a, uint64_t b), expr)
#define BOTH(name, op)                                                                    \
    BINARY(name##_s, FP_BOX | op##_s(unbox(a), unbox(b)))                                    \
    BINARY(name##_d, op##_d(a, b))
#define BOTH_STATUS(name)                                                                 \
    BINARY(name##_s, FP_BOX | f32_##name(unbox(a), unbox(b), s))                             \
    BINARY(name##_d, f64_##name(a, b, s))
#define COMPARE(name)                                                                     \
    BINARY(name##_s, f32_##name(unbox(a), unbox(b), s))                                   \
    BINARY(name##_d, f64_##name(a, b, s))
#define MULADD(name, flags)                                                               \
    HELPER(name##_s, 3, (CpuState *cpu, uint64_t a, uint64_t b, uint64_t c),              \
           FP_BOX | f32_muladd(unbox(a), unbox(b), unbox(c), flags, s))                      \
    HELPER(name##_d, 3, (CpuState *cpu, uint64_t a, uint64_t b, uint64_t c),              \
           f64_muladd(a, b, c, flags, s))
#define SIGN_S UINT32_C(0x80000000)
#define SIGN_D UINT64_C(0x8000000000000000)
#define sign_copy_s(a, b) (((a) & ~SIGN_S) | ((b) & SIGN_S))
#define sign_copy_d(a, b) (((a) & ~SIGN_D) | ((b) & SIGN_D))
#define sign_invert_s(a, b) (((a) & ~SIGN_S) | (~(b) & SIGN_S))
#define sign_invert_d(a, b) (((a) & ~SIGN_D) | (~(b) & SIGN_D))
#define sign_xor_s(a, b) ((a) ^ ((b) & SIGN_S))
#define sign_xor_d(a, b) ((a) ^ ((b) & SIGN_D))
#define SEXT(v) (uint64_t)(int64_t)(int32_t)(v)
#define TO_INT(name, fn32, fn64, extend)                                                  \
    UNARY(name##_s, extend(fn32(unbox(a), s)))                                            \
    UNARY(name##_d, extend(fn64(a, s)))                                                   \
    UNARY(name##_rtz_s, extend((s->rounding = FLOAT_ROUND_TO_ZERO, fn32(unbox(a), s))))   \
    UNARY(name##_rtz_d, extend((s->rounding = FLOAT_ROUND_TO_ZERO, fn64(a, s))))

BOTH_STATUS(add)
BOTH_STATUS(sub)
BOTH_STATUS(mul)
BOTH_STATUS(div)
BOTH_STATUS(min)
BOTH_STATUS(max)
BOTH(copy, sign_copy)
BOTH(invert, sign_invert)
BOTH(xor, sign_xor)
COMPARE(eq)
COMPARE(lt)
COMPARE(le)
MULADD(madd, 0)
MULADD(nmsub, FLOAT_MULADD_NEGATE_PRODUCT)
MULADD(msub, FLOAT_MULADD_NEGATE_ADDEND)
MULADD(nmadd, FLOAT_MULADD_NEGATE_PRODUCT | FLOAT_MULADD_NEGATE_ADDEND)
UNARY(sqrt_s, FP_BOX | f32_sqrt(unbox(a), s))
UNARY(sqrt_d, f64_sqrt(a, s))
UNARY(convert_s, f32_to_f64(unbox(a), s))
UNARY(convert_d, FP_BOX | f64_to_f32(a, s))
TO_INT(to_w, f32_to_int32, f64_to_int32, SEXT)
TO_INT(to_wu, f32_to_uint32, f64_to_uint32, SEXT)
TO_INT(to_l, f32_to_int64, f64_to_int64, )
TO_INT(to_lu, f32_to_uint64, f64_to_uint64, )
UNARY(from_w_s, FP_BOX | f32_from_int32(a, s))
UNARY(from_w_d, f64_from_int32(a, s))
UNARY(from_wu_s, FP_BOX | f32_from_uint32(a, s))
UNARY(from_wu_d, f64_from_uint32(a, s))
UNARY(from_l_s, FP_BOX | f32_from_int64(a, s))
UNARY(from_l_d, f64_from_int64(a, s))
UNARY(from_lu_s, FP_BOX | f32_from_uint64(a, s))
UNARY(from_lu_d, f64_from_uint64(a, s))

const FpOp fp_ops[] = {
#define H(name) { &h_##name##_s, &h_##name##_d }
    { IR_OP_f_add, 0, H(add) }, { IR_OP_f_sub, 0, H(sub) }, { IR_OP_f_mul, 0, H(mul) },
    { IR_OP_f_div, 0, H(div) }, { IR_OP_f_min, 0, H(min) }, { IR_OP_f_max, 0, H(max) },
    { IR_OP_f_sqrt, 0, H(sqrt) }, { IR_OP_f_convert, 0, H(convert) },
    { IR_OP_f_sign, IR_SIGN_COPY, H(copy) }, { IR_OP_f_sign, IR_SIGN_INVERT, H(invert) },
    { IR_OP_f_sign, IR_SIGN_XOR, H(xor) },
    { IR_OP_f_cmp, IR_EQ, H(eq) }, { IR_OP_f_cmp, IR_LT, H(lt) }, { IR_OP_f_cmp, IR_LE, H(le) },
    { IR_OP_f_muladd, 0, H(madd) }, { IR_OP_f_muladd, IR_FMA_NEGATE_PRODUCT, H(nmsub) },
    { IR_OP_f_muladd, IR_FMA_NEGATE_ADDEND, H(msub) },
    { IR_OP_f_muladd, IR_FMA_NEGATE_PRODUCT | IR_FMA_NEGATE_ADDEND, H(nmadd) },
    { IR_OP_f_to_int, 0, H(to_w) }, { IR_OP_f_to_int, IR_INT_UNSIGNED, H(to_wu) },
    { IR_OP_f_to_int, IR_INT_64, H(to_l) },
    { IR_OP_f_to_int, IR_INT_64 | IR_INT_UNSIGNED, H(to_lu) },
    { IR_OP_f_to_int, IR_INT_TRUNCATE, H(to_w_rtz) },
    { IR_OP_f_to_int, IR_INT_TRUNCATE | IR_INT_UNSIGNED, H(to_wu_rtz) },
    { IR_OP_f_to_int, IR_INT_TRUNCATE | IR_INT_64, H(to_l_rtz) },
    { IR_OP_f_to_int, IR_INT_TRUNCATE | IR_INT_64 | IR_INT_UNSIGNED, H(to_lu_rtz) },
    { IR_OP_f_from_int, 0, H(from_w) }, { IR_OP_f_from_int, IR_INT_UNSIGNED, H(from_wu) },
    { IR_OP_f_from_int, IR_INT_64, H(from_l) },
    { IR_OP_f_from_int, IR_INT_64 | IR_INT_UNSIGNED, H(from_lu) },
#undef H
};

const unsigned n_fp_ops = ARRAY_SIZE(fp_ops);

const FpOp *fp_op_find(IrOp op, unsigned cond)
{
    for (unsigned n = 0; n < n_fp_ops; n++) {
        if (fp_ops[n].op == op && fp_ops[n].cond == cond) {
            return &fp_ops[n];
        }
    }
    return NULL;
}

IrVal fp_op_build(IrBuilder *b, const FpOp *o, IrMemOp format, const IrVal *v)
{
    const IrHelper *h = o->h[format == IR_MO_64];

    switch (o->op) {
    case IR_OP_f_sqrt:
    case IR_OP_f_convert: return ir_f_unary(b, o->op, format, v[0], h);
    case IR_OP_f_sign: return ir_f_sign(b, format, o->cond, v[0], v[1], h);
    case IR_OP_f_cmp: return ir_f_cmp(b, format, o->cond, v[0], v[1], h);
    case IR_OP_f_muladd: return ir_f_muladd(b, format, o->cond, v[0], v[1], v[2], h);
    case IR_OP_f_to_int: return ir_f_to_int(b, format, o->cond, v[0], h);
    case IR_OP_f_from_int: return ir_f_from_int(b, format, o->cond, v[0], h);
    default: return ir_f_binary(b, o->op, format, v[0], v[1], h);
    }
}

uint64_t fp_op_reference(CpuState *cpu, const IrHelper *h, const uint64_t *a)
{
    switch (h->nargs) {
    case 1: return ((uint64_t(*)(CpuState *, uint64_t))h->fn)(cpu, a[0]);
    case 2: return ((uint64_t(*)(CpuState *, uint64_t, uint64_t))h->fn)(cpu, a[0], a[1]);
    default:
        return ((uint64_t(*)(CpuState *, uint64_t, uint64_t, uint64_t))h->fn)(cpu, a[0], a[1],
                                                                           a[2]);
    }
}
