# SPDX-License-Identifier: GPL-2.0-or-later
# A fixed number of turns past the code that has the most trace events in its path: a trap
# and its return, CSRs, a fence, the UART, the timer, the PLIC. Then it powers off.
        .equ    TURNS, 20000
        .globl  _start
_start: la      t0, trap
        csrw    mtvec, t0
        li      s0, TURNS
        li      s1, 0x10000000          # UART
        li      s2, 0x02004000          # mtimecmp of hart 0
        li      s3, 0x0c200004          # PLIC: claim of hart 0, machine mode
        li      s4, -1
turn:   ecall
        csrw    mscratch, s0
        csrr    t0, mscratch
        sfence.vma
        lbu     t0, 5(s1)               # LSR
        sb      s0, 7(s1)               # SCR
        sd      s4, 0(s2)
        lw      t0, 0(s3)
        sw      t0, 0(s3)
        addi    s0, s0, -1
        bnez    s0, turn
        li      t0, 0x100000            # the finisher
        li      t1, 0x5555
        sw      t1, 0(t0)
wait:   wfi
        j       wait
        .balign 4
trap:   csrr    t2, mepc
        addi    t2, t2, 4
        csrw    mepc, t2
        mret
