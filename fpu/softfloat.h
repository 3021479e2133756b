/*
 * Software floating point: IEEE 754-2019 binary16, binary32 and binary64 on bit
 * patterns, exact results and flags whatever the host's FPU does.
 *
 * A value is its encoding in an unsigned integer; every operation that can round
 * or signal takes a FloatStatus, which holds the guest's modes and accrues its
 * flags. A status of zeros with default_nan set is the RISC-V "F", "D" and "Zfh"
 * behaviour (Unprivileged ISA, chapters "F", "D", "Zfh", "Zfa").
 *
 * The caller's thread must have the host's rounding mode at nearest-even and no
 * flush-to-zero: fpu/ may use the host's FPU where it can prove the result the same
 * (docs/devel/fpu.rst).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef FPU_SOFTFLOAT_H
#define FPU_SOFTFLOAT_H

#include "util/osdep.h"

typedef uint16_t float16;
typedef uint32_t float32;
typedef uint64_t float64;

/* Rounding modes (754, 4.3). The first five have the numbers of RISC-V's rm field. */
typedef enum FloatRounding {
    FLOAT_ROUND_NEAREST_EVEN = 0,
    FLOAT_ROUND_TO_ZERO = 1,
    FLOAT_ROUND_DOWN = 2,
    FLOAT_ROUND_UP = 3,
    FLOAT_ROUND_TIES_AWAY = 4,
    FLOAT_ROUND_TO_ODD = 5,     /* inexact results get an odd last bit; no 754 mode */
} FloatRounding;

/* Exception flags (754, 7), with the bits of RISC-V's fflags. */
enum {
    FLOAT_FLAG_INEXACT = 1,
    FLOAT_FLAG_UNDERFLOW = 2,
    FLOAT_FLAG_OVERFLOW = 4,
    FLOAT_FLAG_DIVBYZERO = 8,
    FLOAT_FLAG_INVALID = 16,
};

/* Which NaN operand becomes the result (quieted) when default_nan is off. */
typedef enum FloatNanRule {
    FLOAT_NAN_SIGNALING_FIRST,  /* the first sNaN, else the first qNaN (Arm) */
    FLOAT_NAN_FIRST,            /* the first NaN (x86 SSE) */
} FloatNanRule;

typedef struct FloatStatus {
    uint8_t rounding;           /* FloatRounding */
    uint8_t flags;              /* FLOAT_FLAG_*: operations set, the owner clears */
    bool tininess_before;       /* tininess is detected before rounding (754, 7.5) */
    bool default_nan;           /* every NaN result is the default NaN */
    uint8_t nan_rule;           /* FloatNanRule */
    bool default_nan_negative;  /* the default NaN has its sign bit set (x86) */
} FloatStatus;

/* Operands of muladd that are negated first, without rounding or signal. */
enum {
    FLOAT_MULADD_NEGATE_PRODUCT = 1,
    FLOAT_MULADD_NEGATE_ADDEND = 2,
};

/* Classes as one-hot masks, in the bit order of RISC-V's fclass. */
enum {
    FLOAT_CLASS_NEG_INF = 1 << 0,
    FLOAT_CLASS_NEG_NORMAL = 1 << 1,
    FLOAT_CLASS_NEG_SUBNORMAL = 1 << 2,
    FLOAT_CLASS_NEG_ZERO = 1 << 3,
    FLOAT_CLASS_POS_ZERO = 1 << 4,
    FLOAT_CLASS_POS_SUBNORMAL = 1 << 5,
    FLOAT_CLASS_POS_NORMAL = 1 << 6,
    FLOAT_CLASS_POS_INF = 1 << 7,
    FLOAT_CLASS_SIGNALING_NAN = 1 << 8,
    FLOAT_CLASS_QUIET_NAN = 1 << 9,
};

#define F16_DEFAULT_NAN ((float16)0x7e00)
#define F32_DEFAULT_NAN ((float32)0x7fc00000)
#define F64_DEFAULT_NAN ((float64)UINT64_C(0x7ff8000000000000))

/* True for any NaN. No flags. */
static inline bool f16_is_nan(float16 a)
{
    return (a & 0x7fff) > 0x7c00;
}
static inline bool f32_is_nan(float32 a)
{
    return (a & 0x7fffffff) > 0x7f800000;
}
static inline bool f64_is_nan(float64 a)
{
    return (a & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* True for a signaling NaN (the fraction's first bit is clear). No flags. */
static inline bool f16_is_snan(float16 a)
{
    return f16_is_nan(a) && !(a & 0x0200);
}
static inline bool f32_is_snan(float32 a)
{
    return f32_is_nan(a) && !(a & 0x00400000);
}
static inline bool f64_is_snan(float64 a)
{
    return f64_is_nan(a) && !(a & UINT64_C(0x0008000000000000));
}

/* a + b, a - b, a * b, a / b (754, 5.4.1). */
float16 f16_add(float16 a, float16 b, FloatStatus *s);
float16 f16_sub(float16 a, float16 b, FloatStatus *s);
float16 f16_mul(float16 a, float16 b, FloatStatus *s);
float16 f16_div(float16 a, float16 b, FloatStatus *s);
float32 f32_add(float32 a, float32 b, FloatStatus *s);
float32 f32_sub(float32 a, float32 b, FloatStatus *s);
float32 f32_mul(float32 a, float32 b, FloatStatus *s);
float32 f32_div(float32 a, float32 b, FloatStatus *s);
float64 f64_add(float64 a, float64 b, FloatStatus *s);
float64 f64_sub(float64 a, float64 b, FloatStatus *s);
float64 f64_mul(float64 a, float64 b, FloatStatus *s);
float64 f64_div(float64 a, float64 b, FloatStatus *s);

/* The square root; invalid below -0, and sqrt(-0) = -0 (754, 5.4.1). */
float16 f16_sqrt(float16 a, FloatStatus *s);
float32 f32_sqrt(float32 a, FloatStatus *s);
float64 f64_sqrt(float64 a, FloatStatus *s);

/*
 * a * b + c rounded once (754, 5.4.1). @negate: FLOAT_MULADD_*. Infinity times zero is
 * invalid even if c is a quiet NaN.
 */
float16 f16_muladd(float16 a, float16 b, float16 c, unsigned negate, FloatStatus *s);
float32 f32_muladd(float32 a, float32 b, float32 c, unsigned negate, FloatStatus *s);
float64 f64_muladd(float64 a, float64 b, float64 c, unsigned negate, FloatStatus *s);

/*
 * minimumNumber and maximumNumber (754, 9.6): -0 < +0; of a NaN and a number, the number.
 * A signaling NaN raises invalid, and counts as any NaN.
 */
float16 f16_min(float16 a, float16 b, FloatStatus *s);
float16 f16_max(float16 a, float16 b, FloatStatus *s);
float32 f32_min(float32 a, float32 b, FloatStatus *s);
float32 f32_max(float32 a, float32 b, FloatStatus *s);
float64 f64_min(float64 a, float64 b, FloatStatus *s);
float64 f64_max(float64 a, float64 b, FloatStatus *s);

/*
 * minimum and maximum (754, 9.6; fminm and fmaxm of Zfa): as above, but a NaN operand
 * makes the result a NaN.
 */
float16 f16_minm(float16 a, float16 b, FloatStatus *s);
float16 f16_maxm(float16 a, float16 b, FloatStatus *s);
float32 f32_minm(float32 a, float32 b, FloatStatus *s);
float32 f32_maxm(float32 a, float32 b, FloatStatus *s);
float64 f64_minm(float64 a, float64 b, FloatStatus *s);
float64 f64_maxm(float64 a, float64 b, FloatStatus *s);

/* a == b, quiet: only a signaling NaN raises invalid (754, 5.6.1). */
bool f16_eq(float16 a, float16 b, FloatStatus *s);
bool f32_eq(float32 a, float32 b, FloatStatus *s);
bool f64_eq(float64 a, float64 b, FloatStatus *s);

/* a == b, a < b, a <= b, signaling: any NaN raises invalid (754, 5.6.1). */
bool f16_eq_signaling(float16 a, float16 b, FloatStatus *s);
bool f16_lt(float16 a, float16 b, FloatStatus *s);
bool f16_le(float16 a, float16 b, FloatStatus *s);
bool f32_eq_signaling(float32 a, float32 b, FloatStatus *s);
bool f32_lt(float32 a, float32 b, FloatStatus *s);
bool f32_le(float32 a, float32 b, FloatStatus *s);
bool f64_eq_signaling(float64 a, float64 b, FloatStatus *s);
bool f64_lt(float64 a, float64 b, FloatStatus *s);
bool f64_le(float64 a, float64 b, FloatStatus *s);

/* a < b, a <= b, quiet (fltq and fleq of Zfa). */
bool f16_lt_quiet(float16 a, float16 b, FloatStatus *s);
bool f16_le_quiet(float16 a, float16 b, FloatStatus *s);
bool f32_lt_quiet(float32 a, float32 b, FloatStatus *s);
bool f32_le_quiet(float32 a, float32 b, FloatStatus *s);
bool f64_lt_quiet(float64 a, float64 b, FloatStatus *s);
bool f64_le_quiet(float64 a, float64 b, FloatStatus *s);

/* True if a or b is a NaN. The quiet form raises invalid for a signaling NaN only. */
bool f16_unordered(float16 a, float16 b, FloatStatus *s);
bool f16_unordered_quiet(float16 a, float16 b, FloatStatus *s);
bool f32_unordered(float32 a, float32 b, FloatStatus *s);
bool f32_unordered_quiet(float32 a, float32 b, FloatStatus *s);
bool f64_unordered(float64 a, float64 b, FloatStatus *s);
bool f64_unordered_quiet(float64 a, float64 b, FloatStatus *s);

/* The class of a: exactly one of FLOAT_CLASS_*. No flags. */
uint32_t f16_classify(float16 a);
uint32_t f32_classify(float32 a);
uint32_t f64_classify(float64 a);

/*
 * a rounded to an integral value in the status's mode (754, 5.9). @signal_inexact: raise
 * inexact if that changed the value (froundnx), else never (fround).
 */
float16 f16_round_to_int(float16 a, bool signal_inexact, FloatStatus *s);
float32 f32_round_to_int(float32 a, bool signal_inexact, FloatStatus *s);
float64 f64_round_to_int(float64 a, bool signal_inexact, FloatStatus *s);

/*
 * The IEEE remainder a - b * n, n the integer nearest to a / b, ties to even; always
 * exact (754, 5.3.1).
 */
float16 f16_rem(float16 a, float16 b, FloatStatus *s);
float32 f32_rem(float32 a, float32 b, FloatStatus *s);
float64 f64_rem(float64 a, float64 b, FloatStatus *s);

/*
 * To an integer in the status's mode (754, 5.8). A value that does not fit after rounding
 * raises invalid alone and saturates; a NaN gives the largest integer.
 */
int32_t f16_to_int32(float16 a, FloatStatus *s);
uint32_t f16_to_uint32(float16 a, FloatStatus *s);
int64_t f16_to_int64(float16 a, FloatStatus *s);
uint64_t f16_to_uint64(float16 a, FloatStatus *s);
int32_t f32_to_int32(float32 a, FloatStatus *s);
uint32_t f32_to_uint32(float32 a, FloatStatus *s);
int64_t f32_to_int64(float32 a, FloatStatus *s);
uint64_t f32_to_uint64(float32 a, FloatStatus *s);
int32_t f64_to_int32(float64 a, FloatStatus *s);
uint32_t f64_to_uint32(float64 a, FloatStatus *s);
int64_t f64_to_int64(float64 a, FloatStatus *s);
uint64_t f64_to_uint64(float64 a, FloatStatus *s);

/* From an integer, rounded (754, 5.4.1). */
float16 f16_from_int32(int32_t a, FloatStatus *s);
float16 f16_from_uint32(uint32_t a, FloatStatus *s);
float16 f16_from_int64(int64_t a, FloatStatus *s);
float16 f16_from_uint64(uint64_t a, FloatStatus *s);
float32 f32_from_int32(int32_t a, FloatStatus *s);
float32 f32_from_uint32(uint32_t a, FloatStatus *s);
float32 f32_from_int64(int64_t a, FloatStatus *s);
float32 f32_from_uint64(uint64_t a, FloatStatus *s);
float64 f64_from_int32(int32_t a, FloatStatus *s);
float64 f64_from_uint32(uint32_t a, FloatStatus *s);
float64 f64_from_int64(int64_t a, FloatStatus *s);
float64 f64_from_uint64(uint64_t a, FloatStatus *s);

/* Between formats, rounded (754, 5.4.2). A signaling NaN raises invalid. */
float32 f16_to_f32(float16 a, FloatStatus *s);
float64 f16_to_f64(float16 a, FloatStatus *s);
float16 f32_to_f16(float32 a, FloatStatus *s);
float64 f32_to_f64(float32 a, FloatStatus *s);
float16 f64_to_f16(float64 a, FloatStatus *s);
float32 f64_to_f32(float64 a, FloatStatus *s);

/*
 * a rounded to zero, then modulo 2^32, as two's complement (fcvtmod.w.d of Zfa). NaNs and
 * infinities give 0. Flags are those of f64_to_int32 rounding to zero.
 */
int32_t f64_to_int32_mod(float64 a, FloatStatus *s);

#endif
