/*
 * Conversions between the binary formats (IEEE 754-2019, 5.4.2), and the parts of the
 * conversions to integers that do not depend on the format.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/float-parts.h"

FLOAT_INLINE uint64_t convert(uint64_t bits, FloatFormat from, FloatFormat to,
                              FloatStatus *s)
{
    FloatParts p = parts_unpack(bits, from);

    switch (p.cls) {
    case PARTS_NORMAL: return round_pack(p.sign, p.exp, p.frac, to, s);
    case PARTS_ZERO:   return format_sign(to, p.sign);
    case PARTS_INF:    return format_inf(to, p.sign);
    default:           break;
    }
    if (!(bits & format_quiet_bit(from))) {
        s->flags |= FLOAT_FLAG_INVALID;
    }
    if (s->default_nan) {
        return format_default_nan(to, s);
    }
    return format_inf(to, p.sign) | format_quiet_bit(to) | p.frac >> format_spare(to);
}

float32 f16_to_f32(float16 a, FloatStatus *s)
{
    return convert(a, FORMAT_F16, FORMAT_F32, s);
}

float64 f16_to_f64(float16 a, FloatStatus *s)
{
    return convert(a, FORMAT_F16, FORMAT_F64, s);
}

float16 f32_to_f16(float32 a, FloatStatus *s)
{
    return convert(a, FORMAT_F32, FORMAT_F16, s);
}

float64 f32_to_f64(float32 a, FloatStatus *s)
{
    return convert(a, FORMAT_F32, FORMAT_F64, s);
}

float16 f64_to_f16(float64 a, FloatStatus *s)
{
    return convert(a, FORMAT_F64, FORMAT_F16, s);
}

float32 f64_to_f32(float64 a, FloatStatus *s)
{
    return convert(a, FORMAT_F64, FORMAT_F32, s);
}

uint64_t parts_to_int(FloatParts p, uint64_t max_positive, uint64_t max_negative,
                      FloatStatus *s)
{
    uint64_t limit = p.sign && p.cls != PARTS_NAN ? -max_negative : max_positive;
    uint64_t magnitude;
    bool inexact;

    if (p.cls == PARTS_ZERO) {
        return 0;
    }
    if (p.cls != PARTS_NORMAL || p.exp > 63) {
        s->flags |= FLOAT_FLAG_INVALID;
        return limit;
    }
    magnitude = round_to_magnitude(p, s->rounding, &inexact);
    if (magnitude > (p.sign ? max_negative : max_positive)) {
        s->flags |= FLOAT_FLAG_INVALID;
        return limit;
    }
    if (inexact) {
        s->flags |= FLOAT_FLAG_INEXACT;
    }
    return p.sign ? -magnitude : magnitude;
}

int32_t f64_to_int32_mod(float64 a, FloatStatus *s)
{
    FloatParts p = parts_unpack(a, FORMAT_F64);
    uint64_t magnitude;
    bool inexact = false;

    if (p.cls == PARTS_ZERO) {
        return 0;
    }
    if (p.cls != PARTS_NORMAL) {
        s->flags |= FLOAT_FLAG_INVALID;
        return 0;
    }
    if (p.exp > 63) {
        /* The significand's 53 bits lie in 2^(exp - 52) and above. */
        magnitude = p.exp < 63 + 32 ? p.frac << (p.exp - 63) : 0;
    } else {
        magnitude = round_to_magnitude(p, FLOAT_ROUND_TO_ZERO, &inexact);
    }
    if (p.exp > 63 || magnitude > (uint64_t)INT32_MAX + p.sign) {
        s->flags |= FLOAT_FLAG_INVALID;
    } else if (inexact) {
        s->flags |= FLOAT_FLAG_INEXACT;
    }
    return p.sign ? -magnitude : magnitude;
}
