/*
 * Accesses off one base, as compilers emit them for frames and structs, that cannot all be
 * made: RAM ends among them, a device is there, a page of code is changed, they cross pages.
 * Each round uses other values; after the last one the test device ends the machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .equ RAM_END, 0x82000000
    .equ UART, 0x10000000
    .equ TEST, 0x100000
    .equ ROUNDS, 20000

    .option norvc
    .globl _start
_start:
    la      t0, trap
    csrw    mtvec, t0
    la      sp, page + 4096 - 20 /* frames here cross pages */
    li      s0, 1                /* this round's value */
    li      s11, ROUNDS
round:
    /* stores up to the end of RAM and beyond */
    li      t0, RAM_END - 24
    la      s10, 1f              /* where the trap goes on */
    la      s9, stores_fault
    li      s8, 7
    li      a7, 0
    sd      s0, 0(t0)
    sd      s11, 8(t0)
    sd      s0, 16(t0)
stores_fault:
    sd      s0, 24(t0)
    sd      s0, 32(t0)
    li      a7, 1
1:  bnez    a7, fail
    /* loads: registers before the fault are set, others are not */
    la      s10, 2f
    la      s9, loads_fault
    li      s8, 5
    li      a3, 0
    li      a4, 0
    ld      a0, 0(t0)
    ld      a1, 8(t0)
    ld      a2, 16(t0)
loads_fault:
    ld      a3, 24(t0)
    ld      a4, 32(t0)
    li      a7, 1
2:  bnez    a7, fail
    bne     a0, s0, fail
    bne     a1, s11, fail
    bne     a2, s0, fail
    bnez    a3, fail
    bnez    a4, fail
    /* the scratch register of a device */
    li      t1, UART
    andi    a5, s0, 255
    xori    a6, a5, 85
    sb      a5, 7(t1)
    lbu     a0, 7(t1)
    lbu     a2, 5(t1)
    sb      a6, 7(t1)
    lbu     a1, 7(t1)
    bne     a0, a5, fail
    bne     a1, a6, fail
    /* stores around an instruction, and to it */
    la      t2, code - 16
    andi    a5, s0, 1023
    slli    a6, a5, 20
    addi    a6, a6, 0x513        /* addi a0, zero, a5 */
    sd      s0, 0(t2)
    sd      s11, 8(t2)
    sw      a6, 16(t2)
    sd      s0, 24(t2)
    ld      a1, 24(t2)
    fence.i
    la      t3, code
    jr      t3

back:
    la      t2, code - 16
    ld      a2, 0(t2)
    ld      a3, 8(t2)
    bne     a0, a5, fail
    bne     a1, s0, fail
    bne     a2, s0, fail
    bne     a3, s11, fail
    /* a frame across a page's end, at all offsets in turn */
    andi    t3, s0, 63
    sub     t4, sp, t3
    sd      s0, 0(t4)
    sd      s11, 8(t4)
    sd      s0, 16(t4)
    sd      s11, 24(t4)
    sw      s0, 32(t4)
    sh      s0, 36(t4)
    ld      a0, 0(t4)
    ld      a1, 8(t4)
    ld      a2, 16(t4)
    ld      a3, 24(t4)
    lwu     a4, 32(t4)
    lhu     a6, 36(t4)
    bne     a0, s0, fail
    bne     a1, s11, fail
    bne     a2, s0, fail
    bne     a3, s11, fail
    slli    t5, s0, 32
    srli    t5, t5, 32
    bne     a4, t5, fail
    slli    t5, s0, 48
    srli    t5, t5, 48
    bne     a6, t5, fail
    /* the next round's value */
    li      t5, 0x5851f42d4c957f2d
    mul     s0, s0, t5
    addi    s0, s0, 12
    addi    s11, s11, -1
    bnez    s11, round
    li      t0, TEST
    li      t1, 0x5555
    sw      t1, 0(t0)
    j       .

    .balign 4
trap:
    csrr    t5, mcause
    bne     t5, s8, fail
    csrr    t5, mepc
    bne     t5, s9, fail
    csrr    t5, mtval
    li      t6, RAM_END
    bne     t5, t6, fail
    csrw    mepc, s10
    mret

fail:
    li      t0, TEST
    li      t1, 0x13333
    sw      t1, 0(t0)
    j       .

    .balign 64
data:
    .dword  0, 0
code:
    addi    a0, zero, 0
    j       back
    .dword  0, 0

    .balign 4096
page:
    .zero   8192
