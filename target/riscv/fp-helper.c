/*
 * Floating point that translated code leaves to C: exact results and flags by fpu/
 * (Unprivileged ISA, chapters "F" and "D").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/fp-helper.h"
#include "target/riscv/system.h"

static FloatStatus *status(CpuState *cpu)
{
    return &riscv_cpu(cpu)->fp;
}

/* "NaN Boxing of Narrower Values": what is not boxed counts as the default NaN */
static float32 unbox(uint64_t f)
{
    return f >> 32 == UINT32_MAX ? (float32)f : F32_DEFAULT_NAN;
}

static uint64_t box(float32 f)
{
    return f | ~(uint64_t)UINT32_MAX;
}

static uint64_t sext(uint32_t v)
{
    return (int64_t)(int32_t)v;
}

#define UNARY(name, expr)                                                                 \
    static uint64_t do_##name(CpuState *cpu, uint64_t a)                                  \
    {                                                                                     \
        FloatStatus *s G_GNUC_UNUSED = status(cpu);                                       \
        return expr;                                                                      \
    }
#define BINARY(name, expr)                                                                \
    static uint64_t do_##name(CpuState *cpu, uint64_t a, uint64_t b)                      \
    {                                                                                     \
        FloatStatus *s = status(cpu);                                                     \
        return expr;                                                                      \
    }
#define TERNARY(name, negate)                                                             \
    static uint64_t do_##name##_s(CpuState *cpu, uint64_t a, uint64_t b, uint64_t c)      \
    {                                                                                     \
        return box(f32_muladd(unbox(a), unbox(b), unbox(c), negate, status(cpu)));        \
    }                                                                                     \
    static uint64_t do_##name##_d(CpuState *cpu, uint64_t a, uint64_t b, uint64_t c)      \
    {                                                                                     \
        return f64_muladd(a, b, c, negate, status(cpu));                                  \
    }
#define BINARY_FORMATS(op)                                                                \
    BINARY(f##op##_s, box(f32_##op(unbox(a), unbox(b), s)))                               \
    BINARY(f##op##_d, f64_##op(a, b, s))
#define COMPARE_FORMATS(op)                                                               \
    BINARY(f##op##_s, f32_##op(unbox(a), unbox(b), s))                                    \
    BINARY(f##op##_d, f64_##op(a, b, s))

BINARY_FORMATS(add)
BINARY_FORMATS(sub)
BINARY_FORMATS(mul)
BINARY_FORMATS(div)
BINARY_FORMATS(min)
BINARY_FORMATS(max)
COMPARE_FORMATS(eq)
COMPARE_FORMATS(lt)
COMPARE_FORMATS(le)

/* The names are the manual's: fnmsub is -(a * b) + c, fnmadd is -(a * b) - c. */
TERNARY(fmadd, 0)
TERNARY(fmsub, FLOAT_MULADD_NEGATE_ADDEND)
TERNARY(fnmsub, FLOAT_MULADD_NEGATE_PRODUCT)
TERNARY(fnmadd, FLOAT_MULADD_NEGATE_PRODUCT | FLOAT_MULADD_NEGATE_ADDEND)

UNARY(fsqrt_s, box(f32_sqrt(unbox(a), s)))
UNARY(fsqrt_d, f64_sqrt(a, s))
UNARY(fcvt_s_d, box(f64_to_f32(a, s)))
UNARY(fcvt_d_s, f32_to_f64(unbox(a), s))
UNARY(fclass_s, f32_classify(unbox(a)))
UNARY(fclass_d, f64_classify(a))

/* 32-bit results are sign-extended, unsigned ones too. */
UNARY(fcvt_w_s, sext(f32_to_int32(unbox(a), s)))
UNARY(fcvt_wu_s, sext(f32_to_uint32(unbox(a), s)))
UNARY(fcvt_l_s, f32_to_int64(unbox(a), s))
UNARY(fcvt_lu_s, f32_to_uint64(unbox(a), s))
UNARY(fcvt_w_d, sext(f64_to_int32(a, s)))
UNARY(fcvt_wu_d, sext(f64_to_uint32(a, s)))
UNARY(fcvt_l_d, f64_to_int64(a, s))
UNARY(fcvt_lu_d, f64_to_uint64(a, s))
UNARY(fcvt_s_w, box(f32_from_int32(a, s)))
UNARY(fcvt_s_wu, box(f32_from_uint32(a, s)))
UNARY(fcvt_s_l, box(f32_from_int64(a, s)))
UNARY(fcvt_s_lu, box(f32_from_uint64(a, s)))
UNARY(fcvt_d_w, f64_from_int32(a, s))
UNARY(fcvt_d_wu, f64_from_uint32(a, s))
UNARY(fcvt_d_l, f64_from_int64(a, s))
UNARY(fcvt_d_lu, f64_from_uint64(a, s))

/* Conversions of C: towards zero, whatever frm. */
#define TO_INT_RTZ(name)                                                                  \
    static uint64_t do_##name##_rtz(CpuState *cpu, uint64_t a)                            \
    {                                                                                     \
        FloatStatus *s = status(cpu);                                                     \
        uint8_t rounding = s->rounding;                                                   \
        s->rounding = FLOAT_ROUND_TO_ZERO;                                                \
        uint64_t r = do_##name(cpu, a);                                                   \
        s->rounding = rounding;                                                           \
        return r;                                                                         \
    }
TO_INT_RTZ(fcvt_w_s)
TO_INT_RTZ(fcvt_wu_s)
TO_INT_RTZ(fcvt_l_s)
TO_INT_RTZ(fcvt_lu_s)
TO_INT_RTZ(fcvt_w_d)
TO_INT_RTZ(fcvt_wu_d)
TO_INT_RTZ(fcvt_l_d)
TO_INT_RTZ(fcvt_lu_d)

#define SIGN(name, expr)                                                                  \
    static uint64_t do_##name##_s(CpuState *cpu, uint64_t fa, uint64_t fb)                \
    {                                                                                     \
        uint64_t a = unbox(fa), b = unbox(fb), sign = UINT32_C(1) << 31;                  \
        return box((a & ~sign) | ((expr) & sign));                                        \
    }                                                                                     \
    static uint64_t do_##name##_d(CpuState *cpu, uint64_t a, uint64_t b)                  \
    {                                                                                     \
        uint64_t sign = UINT64_C(1) << 63;                                                \
        return (a & ~sign) | ((expr) & sign);                                             \
    }
SIGN(fsgnj, b)
SIGN(fsgnjn, ~b)
SIGN(fsgnjx, a ^ b)

static void do_fs_dirty(CpuState *cs)
{
    riscv_fs_dirty(riscv_cpu(cs));
}

/* None touches a global: operands and results are values. */
#define HELPER(name, fl, n, ...)                                                          \
    const IrHelper riscv_h_##name = { #name, do_##name, fl, IR_I64, n, { __VA_ARGS__ } };
#define HELPER_1(name) HELPER(name, 0, 1, IR_I64)
#define HELPER_CLASS(name) HELPER(name, IR_CALL_PURE, 1, IR_I64)
#define HELPER_2(name) HELPER(name, 0, 2, IR_I64, IR_I64)
#define HELPER_3(name) HELPER(name, 0, 3, IR_I64, IR_I64, IR_I64)

RISCV_FP_UNARY(HELPER_1)
RISCV_FP_CLASS(HELPER_CLASS)
RISCV_FP_BINARY(HELPER_2)
RISCV_FP_TERNARY(HELPER_3)

const IrHelper riscv_h_fs_dirty = { "fs_dirty", do_fs_dirty, 0, -1, 0, { 0 } };
