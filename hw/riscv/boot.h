/*
 * What RISC-V boards share of loading: firmware, kernel, initrd, device tree, reset vector.
 *
 * Placement follows docs/system/riscv-virt.rst, "Boot".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RISCV_BOOT_H
#define HW_RISCV_BOOT_H

#include "hw/core/machine.h"

typedef struct RiscvBoot {
    MachineState *m;
    unsigned xlen;
    uint64_t ram_base;
    uint64_t rom_base;      /* where the reset vector lies */
    uint64_t flash;         /* where a flash image is that runs first or next, or 0 */
    /* out */
    uint64_t firmware_end;  /* ram_base if there is none */
    uint64_t start;         /* where the reset vector jumps */
    uint64_t kernel;        /* entry of the next stage, 0 if there is none */
    uint64_t kernel_low, kernel_end;
    uint64_t initrd_start, initrd_end;
    uint64_t fdt_addr;
    char *firmware_path;    /* as found, or NULL */
} RiscvBoot;

/* Load firmware, kernel and initrd by the machine's properties; fills the fields above. */
bool riscv_boot_load(RiscvBoot *b, GError **err);
/* The firmware's next stage is in flash, which gets kernel and initrd (if any) not in memory
 * but from the board. */
bool riscv_boot_flash_is_next(const RiscvBoot *b);
/* Put the finished tree (machine's fdt) into memory and write the reset vector. */
bool riscv_boot_finish(RiscvBoot *b, GError **err);
void riscv_boot_cleanup(RiscvBoot *b);

#endif
