/*
 * Functions behind the rows of csrs.def.
 *
 * A read function returns the register without side effect. A write function changes the
 * bits of @mask to those of @value and makes the result legal. On rv32 both see 32 bits,
 * zero-extended.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_CSR_FNS_H
#define TARGET_RISCV_CSR_FNS_H

#include "target/riscv/system.h"

typedef uint64_t CsrReadFn(RiscvCpu *cpu, unsigned csr);
typedef void CsrWriteFn(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask);

static inline uint64_t csr_merge(uint64_t old, uint64_t value, uint64_t mask)
{
    return (old & ~mask) | (value & mask);
}

/* One declaration a row; several rows may share a function. */
#define CSR(number, name, needs, rd, wr) CsrReadFn csr_read_##rd; CsrWriteFn csr_write_##wr;
#define CSR_RANGE(number, count, name, needs, rd, wr) CSR(number, name, needs, rd, wr)
#define CSR_FIELD(number, name, needs, field, mask)
#include "target/riscv/csrs.def"
#undef CSR
#undef CSR_RANGE
#undef CSR_FIELD

#endif
