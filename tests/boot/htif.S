/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest of the spike board: prints through HTIF (64 bits only, where one store
 * carries the whole command) and ends with exit code 42. The emulator finds tohost and
 * fromhost among the ELF's symbols.
 */
        .equ    CODE, 42

        .option norvc
        .globl  _start
_start:
        csrr    t0, mhartid
        bnez    t0, park
        la      a1, tohost
#if __riscv_xlen == 64
        la      a0, text
        li      a4, 0x0101              /* device 1 (console), command 1 (put) */
        slli    a4, a4, 48
next:
        lbu     a2, 0(a0)
        beqz    a2, done
wait:
        ld      a3, 0(a1)
        bnez    a3, wait
        or      a2, a2, a4
        sd      a2, 0(a1)
        addi    a0, a0, 1
        j       next
done:
        ld      a3, 0(a1)
        bnez    a3, done
#endif
        li      a2, CODE << 1 | 1
        sw      a2, 0(a1)
        sw      zero, 4(a1)
park:
        wfi
        j       park
text:
        .asciz  "Hello through HTIF\n"

        .section .data
        .balign 64
        .globl  tohost, fromhost
        .type   tohost, @object
        .size   tohost, 8
        .type   fromhost, @object
        .size   fromhost, 8
tohost: .dword  0
        .balign 64
fromhost: .dword 0
