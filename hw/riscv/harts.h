/*
 * The harts of a RISC-V board.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RISCV_HARTS_H
#define HW_RISCV_HARTS_H

#include "hw/core/machine.h"
#include "target/riscv/cpu.h"

/* Interrupt inputs of a hart: bits of mip. */
enum { RISCV_IRQ_SSIP = 1, RISCV_IRQ_MSIP = 3, RISCV_IRQ_MTIP = 7, RISCV_IRQ_SEIP = 9,
       RISCV_IRQ_MEIP = 11 };

/* Make smp.cpus harts of the machine's CPU model (-cpu MODEL[,prop=value...]), ids from 0,
 * realized. @harts: array of smp.cpus pointers to fill. */
bool riscv_harts_create(MachineState *m, RiscvCpu **harts, uint64_t reset_vector,
                        GError **err);
static inline IrqInput *riscv_hart_irq(RiscvCpu *hart, unsigned bit)
{
    return device_irq_in(&hart->parent.parent, NULL, bit);
}
/* The ACLINT's software interrupts and timer where a CLINT has them, from @base on. */
bool riscv_clint_create(MachineState *m, RiscvCpu **harts, uint64_t base, GError **err);
/* "MS,MS,..." for PLICs: one context a privilege mode a hart has. To g_free(). */
char *riscv_plic_hart_config(RiscvCpu **harts, unsigned n);

#endif
