/*
 * Fields of control and status registers (Privileged ISA 1.13, "Machine-Level ISA" and
 * "Supervisor-Level ISA"), named as the manual names them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_BITS_H
#define TARGET_RISCV_BITS_H

#include "util/osdep.h"

#define BIT64(n)        (UINT64_C(1) << (n))
/* Bits hi..lo, inclusive. */
#define MASK64(hi, lo)  ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

static inline uint64_t field_get(uint64_t value, uint64_t mask)
{
    return (value & mask) / (mask & -mask);
}
static inline uint64_t field_set(uint64_t value, uint64_t mask, uint64_t field)
{
    return (value & ~mask) | (field * (mask & -mask) & mask);
}

#define MSTATUS_SIE     BIT64(1)
#define MSTATUS_MIE     BIT64(3)
#define MSTATUS_SPIE    BIT64(5)
#define MSTATUS_MPIE    BIT64(7)
#define MSTATUS_SPP     BIT64(8)
#define MSTATUS_MPP     MASK64(12, 11)
#define MSTATUS_FS      MASK64(14, 13)
#define MSTATUS_MPRV    BIT64(17)
#define MSTATUS_SUM     BIT64(18)
#define MSTATUS_MXR     BIT64(19)
#define MSTATUS_TVM     BIT64(20)
#define MSTATUS_TW      BIT64(21)
#define MSTATUS_TSR     BIT64(22)
#define MSTATUS_UXL     MASK64(33, 32)
#define MSTATUS_SXL     MASK64(35, 34)
#define MSTATUS_SD_RV32 BIT64(31)
#define MSTATUS_SD_RV64 BIT64(63)
enum { MSTATUS_FS_DIRTY = 3 };

#define SSTATUS_MASK                                                                      \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR |  \
     MSTATUS_UXL)

/* Interrupts by number, and as bits of mip and mie. */
enum {
    RISCV_INT_SSI = 1, RISCV_INT_MSI = 3, RISCV_INT_STI = 5, RISCV_INT_MTI = 7,
    RISCV_INT_SEI = 9, RISCV_INT_MEI = 11,
};
#define MIP_SSIP BIT64(RISCV_INT_SSI)
#define MIP_MSIP BIT64(RISCV_INT_MSI)
#define MIP_STIP BIT64(RISCV_INT_STI)
#define MIP_MTIP BIT64(RISCV_INT_MTI)
#define MIP_SEIP BIT64(RISCV_INT_SEI)
#define MIP_MEIP BIT64(RISCV_INT_MEI)
#define MIP_S    (MIP_SSIP | MIP_STIP | MIP_SEIP)
#define MIP_M    (MIP_MSIP | MIP_MTIP | MIP_MEIP)

/* menvcfg and senvcfg */
#define ENVCFG_FIOM  BIT64(0)
#define ENVCFG_CBIE  MASK64(5, 4)
#define ENVCFG_CBCFE BIT64(6)
#define ENVCFG_CBZE  BIT64(7)
#define MENVCFG_ADUE BIT64(61)
#define MENVCFG_STCE BIT64(63)
enum { ENVCFG_CBIE_FLUSH = 1, ENVCFG_CBIE_RESERVED = 2 };

/* mcounteren, scounteren, mcountinhibit */
#define COUNTER_CY BIT64(0)
#define COUNTER_TM BIT64(1)
#define COUNTER_IR BIT64(2)

#define SATP64_MODE  MASK64(63, 60)
#define SATP64_ASID  MASK64(59, 44)
#define SATP64_PPN   MASK64(43, 0)
#define SATP32_MODE  BIT64(31)
#define SATP32_ASID  MASK64(30, 22)
#define SATP32_PPN   MASK64(21, 0)
enum { SATP_MODE_BARE = 0, SATP_MODE_SV32 = 1, SATP_MODE_SV39 = 8, SATP_MODE_SV48 = 9,
       SATP_MODE_SV57 = 10 };

/* RiscvCpu.satp_modes */
enum { RISCV_SV32 = 1 << 0, RISCV_SV39 = 1 << 1, RISCV_SV48 = 1 << 2, RISCV_SV57 = 1 << 3 };

#define PTE_V        BIT64(0)
#define PTE_R        BIT64(1)
#define PTE_W        BIT64(2)
#define PTE_X        BIT64(3)
#define PTE_U        BIT64(4)
#define PTE_G        BIT64(5)
#define PTE_A        BIT64(6)
#define PTE_D        BIT64(7)
#define PTE64_PPN    MASK64(53, 10)
#define PTE64_RESERVED MASK64(63, 54)  /* N and PBMT too: neither is implemented */
#define PTE32_PPN    MASK64(31, 10)

#define PMP_R        0x01
#define PMP_W        0x02
#define PMP_X        0x04
#define PMP_A        0x18
#define PMP_L        0x80
#define PMP_CFG_BITS (PMP_R | PMP_W | PMP_X | PMP_A | PMP_L)
enum { PMP_A_OFF = 0x00, PMP_A_TOR = 0x08, PMP_A_NA4 = 0x10, PMP_A_NAPOT = 0x18 };

#endif
