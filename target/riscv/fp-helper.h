/*
 * Helpers that translated floating-point code calls (fp-helper.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_FP_HELPER_H
#define TARGET_RISCV_FP_HELPER_H

#include "tcg/ir.h"

/*
 * The lists name every helper once: X(name) declares or defines riscv_h_name. Operands and
 * results are f registers as they are (single precision is NaN-boxed) or x registers;
 * rounding is RiscvCpu.fp.rounding, frm unless the code has set another, or towards zero
 * (_rtz); flags go to fp.flags. Ops of the IR name them as their meaning.
 */
#define RISCV_FP_UNARY(X)                                                                 \
    X(fsqrt_s) X(fsqrt_d) X(fcvt_s_d) X(fcvt_d_s)                                         \
    X(fcvt_w_s) X(fcvt_wu_s) X(fcvt_l_s) X(fcvt_lu_s)                                     \
    X(fcvt_w_d) X(fcvt_wu_d) X(fcvt_l_d) X(fcvt_lu_d)                                     \
    X(fcvt_w_s_rtz) X(fcvt_wu_s_rtz) X(fcvt_l_s_rtz) X(fcvt_lu_s_rtz)                     \
    X(fcvt_w_d_rtz) X(fcvt_wu_d_rtz) X(fcvt_l_d_rtz) X(fcvt_lu_d_rtz)                     \
    X(fcvt_s_w) X(fcvt_s_wu) X(fcvt_s_l) X(fcvt_s_lu)                                     \
    X(fcvt_d_w) X(fcvt_d_wu) X(fcvt_d_l) X(fcvt_d_lu)
#define RISCV_FP_CLASS(X) X(fclass_s) X(fclass_d)
#define RISCV_FP_BINARY(X)                                                                \
    X(fsgnj_s) X(fsgnjn_s) X(fsgnjx_s) X(fsgnj_d) X(fsgnjn_d) X(fsgnjx_d)                 \
    X(fadd_s) X(fsub_s) X(fmul_s) X(fdiv_s) X(fmin_s) X(fmax_s) X(feq_s) X(flt_s) X(fle_s) \
    X(fadd_d) X(fsub_d) X(fmul_d) X(fdiv_d) X(fmin_d) X(fmax_d) X(feq_d) X(flt_d) X(fle_d)
#define RISCV_FP_TERNARY(X)                                                               \
    X(fmadd_s) X(fmsub_s) X(fnmsub_s) X(fnmadd_s)                                         \
    X(fmadd_d) X(fmsub_d) X(fnmsub_d) X(fnmadd_d)

#define X(name) extern const IrHelper riscv_h_##name;
RISCV_FP_UNARY(X)
RISCV_FP_CLASS(X)
RISCV_FP_BINARY(X)
RISCV_FP_TERNARY(X)
#undef X

/* (): mstatus.FS becomes Dirty */
extern const IrHelper riscv_h_fs_dirty;

#endif
