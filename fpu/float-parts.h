/*
 * The unpacked form that all operations of fpu/ work on, and the one place that rounds.
 * Internal to fpu/. docs/devel/fpu.rst explains the representation.
 *
 * A FloatParts of class NORMAL has bit 63 of frac set and the value
 * frac * 2^(exp - 63): subnormals are normalized, exp is unbounded. Every format has
 * spare bits below its last place (11 for binary64), which is room for a round bit and
 * a sticky bit: bit 0 of frac is the OR of all that was shifted out ("jam").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef FPU_FLOAT_PARTS_H
#define FPU_FLOAT_PARTS_H

#include "fpu/softfloat.h"

typedef unsigned __int128 FloatU128;

#define FLOAT_INLINE static inline __attribute__((always_inline))
#define FLOAT_FRAC_TOP (UINT64_C(1) << 63)

typedef enum PartsClass {
    PARTS_ZERO,
    PARTS_NORMAL,
    PARTS_INF,
    PARTS_NAN,
} PartsClass;

typedef struct FloatParts {
    uint64_t frac;      /* significand; of a NaN the fraction field, aligned to bit 62 */
    int32_t exp;
    uint8_t cls;        /* PartsClass */
    bool sign;
} FloatParts;

/* A format by its field widths. Always a constant, so that everything derived folds. */
typedef struct FloatFormat {
    int exp_bits;
    int frac_bits;
} FloatFormat;

#define FORMAT_F16 ((FloatFormat){ 5, 10 })
#define FORMAT_F32 ((FloatFormat){ 8, 23 })
#define FORMAT_F64 ((FloatFormat){ 11, 52 })

FLOAT_INLINE int format_exp_max(FloatFormat f)
{
    return (1 << f.exp_bits) - 1;
}

FLOAT_INLINE int format_bias(FloatFormat f)
{
    return (1 << (f.exp_bits - 1)) - 1;
}

/* Bits of FloatParts.frac below the format's last place. */
FLOAT_INLINE int format_spare(FloatFormat f)
{
    return 63 - f.frac_bits;
}

FLOAT_INLINE uint64_t format_sign(FloatFormat f, bool sign)
{
    return (uint64_t)sign << (f.exp_bits + f.frac_bits);
}

FLOAT_INLINE uint64_t format_inf(FloatFormat f, bool sign)
{
    return format_sign(f, sign) | (uint64_t)format_exp_max(f) << f.frac_bits;
}

FLOAT_INLINE uint64_t format_quiet_bit(FloatFormat f)
{
    return UINT64_C(1) << (f.frac_bits - 1);
}

FLOAT_INLINE uint64_t format_default_nan(FloatFormat f, const FloatStatus *s)
{
    return format_inf(f, s->default_nan_negative) | format_quiet_bit(f);
}

/* x >> n for any n >= 0, where bits that are lost leave a one in bit 0. */
FLOAT_INLINE uint64_t shift_right_jam(uint64_t x, int n)
{
    if (n >= 64) {
        return x != 0;
    }
    return x >> n | ((x & ((UINT64_C(1) << n) - 1)) != 0);
}

FLOAT_INLINE FloatU128 shift_right_jam128(FloatU128 x, int n)
{
    if (n >= 128) {
        return x != 0;
    }
    return x >> n | ((x & (((FloatU128)1 << n) - 1)) != 0);
}

/* 128 bits to the upper 64, jammed. */
FLOAT_INLINE uint64_t narrow_jam(FloatU128 x)
{
    return (uint64_t)(x >> 64) | ((uint64_t)x != 0);
}

FLOAT_INLINE FloatParts parts_unpack(uint64_t bits, FloatFormat f)
{
    int exp = bits >> f.frac_bits & format_exp_max(f);
    uint64_t field = bits & ((UINT64_C(1) << f.frac_bits) - 1);
    FloatParts p = { .sign = bits >> (f.exp_bits + f.frac_bits) & 1 };

    if (likely(exp > 0 && exp < format_exp_max(f))) {
        p.cls = PARTS_NORMAL;
        p.exp = exp - format_bias(f);
        p.frac = FLOAT_FRAC_TOP | field << format_spare(f);
    } else if (exp != 0) {
        p.cls = field ? PARTS_NAN : PARTS_INF;
        p.frac = field << format_spare(f);
    } else if (field != 0) {
        int n = __builtin_clzll(field);
        p.cls = PARTS_NORMAL;
        p.exp = 1 - format_bias(f) + format_spare(f) - n;
        p.frac = field << n;
    } else {
        p.cls = PARTS_ZERO;
    }
    return p;
}

/*
 * What to add to @frac so that dropping its low @spare bits rounds it. Adding never
 * changes the bits above if the low ones are all zero.
 */
FLOAT_INLINE uint64_t round_increment(uint64_t frac, int spare, bool sign, int rounding)
{
    uint64_t last = UINT64_C(1) << spare, half = last >> 1;

    switch (rounding) {
    case FLOAT_ROUND_TO_ZERO:   return 0;
    case FLOAT_ROUND_DOWN:      return sign ? last - 1 : 0;
    case FLOAT_ROUND_UP:        return sign ? 0 : last - 1;
    case FLOAT_ROUND_TIES_AWAY: return half;
    case FLOAT_ROUND_TO_ODD:    return frac & last ? 0 : last - 1;
    default:                    return half - !(frac & last);
    }
}

/* The result of an overflow (754, 7.4), with its flags. */
FLOAT_INLINE uint64_t round_overflow(bool sign, FloatFormat f, FloatStatus *s)
{
    int rounding = s->rounding;
    bool to_finite = rounding == FLOAT_ROUND_TO_ZERO || rounding == FLOAT_ROUND_TO_ODD ||
                     rounding == (sign ? FLOAT_ROUND_UP : FLOAT_ROUND_DOWN);

    s->flags |= FLOAT_FLAG_OVERFLOW | FLOAT_FLAG_INEXACT;
    return format_inf(f, sign) - to_finite;
}

/*
 * Round +-frac * 2^(exp - 63), with bit 63 of @frac set and bit 0 sticky, to the format
 * in the status's mode, raising inexact, underflow and overflow as 754, 7.4 to 7.6 say.
 */
FLOAT_INLINE uint64_t round_pack(bool sign, int exp, uint64_t frac, FloatFormat f,
                                 FloatStatus *s)
{
    int spare = format_spare(f);
    uint64_t rest_mask = (UINT64_C(1) << spare) - 1;
    uint64_t inc = round_increment(frac, spare, sign, s->rounding);
    int e = exp + format_bias(f);

    if (unlikely(e < 1)) {
        /*
         * Tiny after rounding: still below the least normal if rounded as though the
         * exponent were unbounded, that is unless frac carries out to it.
         */
        bool tiny = s->tininess_before || e < 0 || frac + inc >= frac;

        frac = shift_right_jam(frac, 1 - e);
        if (frac & rest_mask) {
            s->flags |= FLOAT_FLAG_INEXACT | (tiny ? FLOAT_FLAG_UNDERFLOW : 0);
            frac += round_increment(frac, spare, sign, s->rounding);
        }
        /* A carry into the hidden bit's place makes the exponent field 1, rightly. */
        return format_sign(f, sign) | frac >> spare;
    }
    if (frac & rest_mask) {
        s->flags |= FLOAT_FLAG_INEXACT;
        frac += inc;
        if (frac < inc) {
            frac = frac >> 1 | FLOAT_FRAC_TOP;
            e++;
        }
    }
    if (unlikely(e >= format_exp_max(f))) {
        return round_overflow(sign, f, s);
    }
    /* The hidden bit adds one to the exponent field. */
    return format_sign(f, sign) + ((uint64_t)(e - 1) << f.frac_bits) + (frac >> spare);
}

/*
 * A finite value rounded to an integer's magnitude; @exp must be below 64 and, above 61,
 * the value an integer. *@inexact tells if that changed it.
 */
FLOAT_INLINE uint64_t round_to_magnitude(FloatParts p, int rounding, bool *inexact)
{
    uint64_t fixed;     /* two bits after the point: round and sticky */

    if (p.exp > 61) {
        *inexact = false;
        return p.frac >> (63 - p.exp);
    }
    fixed = shift_right_jam(p.frac, 61 - p.exp);
    *inexact = (fixed & 3) != 0;
    return (fixed + round_increment(fixed, 2, p.sign, rounding)) >> 2;
}

/*
 * To a two's complement integer within [-@max_negative, @max_positive]; out of range
 * saturates with invalid alone, a NaN counts as too large (RISC-V, chapter "F").
 */
uint64_t parts_to_int(FloatParts p, uint64_t max_positive, uint64_t max_negative,
                      FloatStatus *s);

#endif
