/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_RISCV_ACLINT_H
#define HW_INTC_RISCV_ACLINT_H

/* Software interrupts: region 0 has a 32-bit register a hart; interrupt n goes to hart
 * hartid-base + n. Properties: hartid-base, num-harts, sswi. */
#define TYPE_RISCV_ACLINT_SWI "riscv.aclint.swi"
/* Timer: region 0 has mtimecmp at 0 and mtime at 0x7ff8; it is the machine's time.
 * Properties: hartid-base, num-harts, timebase-freq. */
#define TYPE_RISCV_ACLINT_MTIMER "riscv.aclint.mtimer"

enum {
    RISCV_ACLINT_SWI_SIZE = 0x4000,
    RISCV_ACLINT_MTIMER_SIZE = 0x8000,
    RISCV_ACLINT_MTIME = 0x7ff8,
    RISCV_ACLINT_MAX_HARTS = 4095,
    RISCV_ACLINT_TIMEBASE_FREQ = 10000000,
};

#endif
