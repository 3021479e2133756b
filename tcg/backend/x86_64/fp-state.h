/*
 * Constants of generated floating-point code, and where the guest's status is: see fp-state.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_FP_STATE_H
#define TCG_X86_64_FP_STATE_H

#include "util/osdep.h"

/* In the buffer, at a multiple of 16. */
typedef struct FpConst {
    uint64_t sign64[2], rest64[2]; /* the sign bit, all other bits */
    uint64_t sign32[2], rest32[2];
    uint64_t box[2];               /* the upper half of a NaN-boxed number */
    uint64_t nan64, nan32;         /* TcgFp */
    uint32_t mxcsr[8];             /* by rounding mode, without flags */
    uint8_t flags[64];             /* IR_FP_* by MXCSR's flags */
} FpConst;

#endif
