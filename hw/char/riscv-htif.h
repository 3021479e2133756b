/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_RISCV_HTIF_H
#define HW_CHAR_RISCV_HTIF_H

/* MMIO region 0 spans both registers, from the lower one's address. Properties: chardev,
 * tohost-offset, fromhost-offset, size (internal). */
#define TYPE_RISCV_HTIF "riscv.htif.uart"

#endif
