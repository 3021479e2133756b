/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two functions, each called through another one, that take three parts of the time and one. */
        .globl _start, outer_three, outer_one, spin
        .type _start,@function
_start:
        la      sp, stack_top
        li      s0, 0
loop:
        call    outer_three
        call    outer_one
        j       loop
        .size _start, .-_start
        .macro outer name, n
        .type \name,@function
\name:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        addi    s0, sp, 16
        li      a0, \n
        call    \name\()_work
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
        .size \name, .-\name
        .type \name\()_work,@function
\name\()_work:
        li      a1, 0x1234567
        li      a2, 3
1:
        mul     a1, a1, a2
        add     a1, a1, a0
        addi    a0, a0, -1
        bnez    a0, 1b
        ret
        .size \name\()_work, .-\name\()_work
        .endm
        outer outer_three, 3000
        outer outer_one, 1000
        .bss
        .align 4
        .space 4096
stack_top:
