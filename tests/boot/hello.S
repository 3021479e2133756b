/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The smallest guest of the virt board: hart 0 prints a line on the UART and powers
 * the machine off through the test finisher; the other harts wait. Uses nothing but
 * RV32I, relative to the pc, so one binary runs on rv32 and rv64.
 * hello.hex is its text section, for hosts without a cross compiler.
 */
        .equ    UART, 0x10000000
        .equ    UART_LSR, 5             /* line status */
        .equ    LSR_THRE, 0x20          /* transmitter takes a byte */
        .equ    FINISHER, 0x00100000
        .equ    FINISHER_PASS, 0x5555

        .option norvc
        .option norelax
        .globl  _start
_start:
        csrr    t0, mhartid
        bnez    t0, park
        la      a0, text
        li      a1, UART
next:
        lbu     a2, 0(a0)
        beqz    a2, done
wait:
        lbu     a3, UART_LSR(a1)
        andi    a3, a3, LSR_THRE
        beqz    a3, wait
        sb      a2, 0(a1)
        addi    a0, a0, 1
        j       next
done:
        li      a4, FINISHER
        lui     a5, FINISHER_PASS >> 12         /* not li: rv64 would take addiw */
        addi    a5, a5, FINISHER_PASS & 0xfff
        sw      a5, 0(a4)
park:
        wfi
        j       park
text:
        .asciz  "Hello from the bare machine\n"
        .balign 4
