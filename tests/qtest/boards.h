/*
 * Where the boards have their devices, as their manual pages say
 * (docs/system/riscv-virt.rst): the tests hold the boards to it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_BOARDS_H
#define TESTS_QTEST_BOARDS_H

#include "tests/qtest/qm.h"

#define RAM         UINT64_C(0x80000000)
#define MROM        UINT64_C(0x1000)
#define CLINT       UINT64_C(0x2000000)   /* msip of hart n at 4 * n */
#define CLINT_SIZE  UINT64_C(0xc000)
#define MTIMECMP    (CLINT + 0x4000)      /* of hart n at 8 * n */
#define MTIME       (CLINT + 0xbff8)
enum { MTIME_TICK_NS = 100 };
/* "virt" */
#define FINISHER    UINT64_C(0x100000)
#define RTC         UINT64_C(0x101000)
#define SSWI        UINT64_C(0x2f00000)
#define PLIC        UINT64_C(0xc000000)
#define PLIC_SIZE   UINT64_C(0x600000)
#define UART        UINT64_C(0x10000000)
#define VIRTIO(n)   (UINT64_C(0x10001000) + 0x1000 * (n))
#define FW_CFG      UINT64_C(0x10100000)
#define FLASH(n)    (UINT64_C(0x20000000) + FLASH_SIZE * (n))
#define FLASH_SIZE  UINT64_C(0x2000000)
enum { UART_SOURCE = 10, RTC_SOURCE = 11, VIRTIO_SOURCE = 1, VIRTIO_TRANSPORTS = 8 };
/* "spike", unless a program has symbols of its own */
#define HTIF        UINT64_C(0x1000000)   /* tohost, fromhost */

/* Bits of mip (Privileged ISA, 3.1.9). */
enum { MIP_SSIP = 1 << 1, MIP_MSIP = 1 << 3, MIP_MTIP = 1 << 7, MIP_SEIP = 1 << 9,
       MIP_MEIP = 1 << 11 };

/* PLIC registers (RISC-V PLIC specification, 3 to 9). Context 0 is hart 0's M mode. */
#define PLIC_PRIORITY(source)  (PLIC + 4 * (source))
#define PLIC_PENDING(source)   (PLIC + 0x1000 + (source) / 32 * 4)
#define PLIC_ENABLE(context)   (PLIC + 0x2000 + 0x80 * (context))
#define PLIC_THRESHOLD(context) (PLIC + 0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context)    (PLIC_THRESHOLD(context) + 4)

/* Lets a source below 32 through to hart 0's M mode. */
static inline void plic_enable(QtestMachine *m, unsigned source)
{
    qm_write32(m, PLIC_PRIORITY(source), 1);
    qm_write32(m, PLIC_ENABLE(0), UINT32_C(1) << source);
    qm_write32(m, PLIC_THRESHOLD(0), 0);
}

/* What hart 0's M mode would see: the source that asks for it, claimed and completed; 0 if
 * none does. */
static inline unsigned plic_serve(QtestMachine *m)
{
    unsigned source = qm_read32(m, PLIC_CLAIM(0));

    if (source) {
        qm_write32(m, PLIC_CLAIM(0), source);
    }
    return source;
}

#endif
