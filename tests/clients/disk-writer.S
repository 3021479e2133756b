/*
 * Fills the first virtio disk (legacy MMIO transport) with 4 KiB writes, prints "D" when
 * it is full or "E" at the first write that fails, and powers off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
    .equ VIRTIO, 0x10008000
    .equ UART, 0x10000000
    .equ FINISHER, 0x100000

    .text
    .globl _start
_start:
    li      s0, VIRTIO
    li      s1, UART
    la      s2, queue
    sw      zero, 0x70(s0)          # status: reset, acknowledge, driver
    li      t0, 1
    sw      t0, 0x70(s0)
    li      t0, 3
    sw      t0, 0x70(s0)
    sw      zero, 0x20(s0)          # no features
    li      t0, 4096
    sw      t0, 0x28(s0)            # page size
    sw      zero, 0x30(s0)          # queue 0
    li      t1, 8
    sw      t1, 0x38(s0)            # of 8 entries
    sw      t0, 0x3c(s0)            # alignment
    srli    t1, s2, 12
    sw      t1, 0x40(s0)            # page
    li      t0, 7
    sw      t0, 0x70(s0)            # driver OK

    la      t0, header              # header, data, status
    sd      t0, 0(s2)
    li      t0, 16
    sw      t0, 8(s2)
    li      t0, 1 << 16 | 1         # next: 1
    sw      t0, 12(s2)
    la      t0, data
    sd      t0, 16(s2)
    li      t0, 4096
    sw      t0, 24(s2)
    li      t0, 2 << 16 | 1         # next: 2
    sw      t0, 28(s2)
    la      s6, status
    sd      s6, 32(s2)
    li      t0, 1
    sw      t0, 40(s2)
    li      t0, 2                   # the device writes it
    sw      t0, 44(s2)

    addi    s3, s2, 8 * 16          # available ring
    li      t0, 4096
    add     s4, s2, t0              # used ring
    la      t1, data
    add     t2, t1, t0
    li      t0, 0x5a5a5a5a
1:  sw      t0, 0(t1)
    addi    t1, t1, 4
    bltu    t1, t2, 1b
    la      s5, header
    li      t0, 1                   # a write
    sw      t0, 0(s5)
    lwu     s7, 0x100(s0)           # sectors of the disk
    li      s8, 0                   # sector
    li      s9, 0                   # index

next:
    bgeu    s8, s7, done
    sd      s8, 8(s5)
    li      t0, 0xff
    sb      t0, 0(s6)
    addi    s9, s9, 1
    slli    s9, s9, 48
    srli    s9, s9, 48
    fence
    sh      s9, 2(s3)
    fence
    sw      zero, 0x50(s0)          # notify
1:  lhu     t0, 2(s4)
    bne     t0, s9, 1b
    fence
    lbu     t0, 0(s6)
    bnez    t0, failed
    addi    s8, s8, 8
    j       next

failed:
    li      a0, 'E'
    j       print
done:
    li      a0, 'D'
print:
    sb      a0, 0(s1)
    li      a0, '\n'
    sb      a0, 0(s1)
    li      t0, FINISHER
    li      t1, 0x5555
    sw      t1, 0(t0)
1:  wfi
    j       1b

    .bss
    .balign 4096
queue:
    .zero   8192
data:
    .zero   4096
header:
    .zero   16
status:
    .zero   1
