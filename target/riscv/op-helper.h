/*
 * Helpers of the integer side that translated code calls (op-helper.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_OP_HELPER_H
#define TARGET_RISCV_OP_HELPER_H

#include "tcg/ir.h"

/* (u64 a, u64 b) -> bits of the carry-less product: 63..0, 127..64, 126..63 */
extern const IrHelper riscv_h_clmul;
extern const IrHelper riscv_h_clmulh;
extern const IrHelper riscv_h_clmulr;
/* (u64 address, u32 log2 of the size): raises what a store-conditional that fails would
 * raise if it did not */
extern const IrHelper riscv_h_sc_check;

#endif
