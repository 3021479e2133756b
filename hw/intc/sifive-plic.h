/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_SIFIVE_PLIC_H
#define HW_INTC_SIFIVE_PLIC_H

/* Inputs: unnamed, number = source (0 is not a source). Outputs: interrupt n is context n,
 * in the order of hart-config. Properties: hart-config, num-sources, num-priorities. */
#define TYPE_SIFIVE_PLIC "riscv.sifive.plic"

enum { SIFIVE_PLIC_SIZE = 0x600000 };

#endif
