/*
 * What the tables insn32.decode and insn16.decode need to know of the target, and the
 * decoder that scripts/decodetree.py makes from them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_DECODE_H
#define TARGET_RISCV_DECODE_H

#include "target/riscv/cpu.h"
#include "target/riscv/riscv-insns.h"

/* A decoder's isa argument is RiscvCpu.ext and one of these bits. */
enum { RISCV_EXT_RV32 = 62, RISCV_EXT_RV64 = 63 };
_Static_assert((int)RISCV_EXT_COUNT <= (int)RISCV_EXT_RV32, "extensions fill the isa mask");

static inline uint64_t riscv_isa(uint64_t ext, bool rv32)
{
    return ext | UINT64_C(1) << (rv32 ? RISCV_EXT_RV32 : RISCV_EXT_RV64);
}

/* Length in bytes of the instruction that begins with @low (Unprivileged ISA, "Base
 * Instruction-Length Encoding"; longer ones than 32 bits are illegal as 32-bit words). */
static inline unsigned riscv_insn_length(uint16_t low)
{
    return (low & 3) == 3 ? 4 : 2;
}

/* Decode a word of riscv_insn_length() bytes. */
static inline unsigned riscv_decode(uint32_t insn, uint64_t isa, RiscvArgs *a)
{
    return riscv_insn_length(insn) == 4 ? riscv_decode32(insn, isa, a)
                                        : riscv_decode16(insn, isa, a);
}

#endif
