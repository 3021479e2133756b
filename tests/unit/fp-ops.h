/*
 * Every floating-point op of the IR that has a helper, for the CPU of tcg-fixture.h, with helpers
 * over fpu/ that say what it means.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_FP_OPS_H
#define TESTS_FP_OPS_H

#include "tcg-fixture.h"

/* The upper half of a NaN-boxed number. */
#define FP_BOX ~(uint64_t)UINT32_MAX

typedef struct FpOp {
    IrOp op;
    unsigned cond;
    const IrHelper *h[2]; /* of operands in single, in double precision */
} FpOp;

extern const FpOp fp_ops[];
extern const unsigned n_fp_ops;

/* The op with this cond; NULL if there is none. */
const FpOp *fp_op_find(IrOp op, unsigned cond);
/* Build the op on as many operands as it has. */
IrVal fp_op_build(IrBuilder *b, const FpOp *o, IrMemOp format, const IrVal *v);
/* What helper @h gives for operands @a; sets flags in @cpu. */
uint64_t fp_op_reference(CpuState *cpu, const IrHelper *h, const uint64_t *a);

#endif
