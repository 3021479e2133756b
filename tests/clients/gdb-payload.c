/*
 * What the real gdb debugs on the bare machine: hart 0 computes, hart 1 counts for ever. Built
 * without optimisation, with its symbols.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

enum { HARTS = 2, STACK = 4096 };

char stacks[HARTS][STACK] __attribute__((aligned(16)));
volatile long counter;          /* of hart 1 */
volatile int total;
volatile int seen = 7;
volatile double ratio;
int table[4] = { 2, 3, 5, 7 };

__asm__(".section .text.start, \"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "    csrr t0, mhartid\n"
        "    li t1, 2\n"
        "    bgeu t0, t1, park\n"
        "    li t1, 0x2000\n"               /* mstatus.FS: floating point is on */
        "    csrs mstatus, t1\n"
        "    la sp, stacks\n"
        "    addi t2, t0, 1\n"
        "    slli t2, t2, 12\n"
        "    add sp, sp, t2\n"
        "    mv a0, t0\n"
        "    j hart_main\n"
        "park: wfi\n"
        "    j park\n");

int square(int n)
{
    int result = n * n;

    return result;
}

int sum_of_squares(int n)
{
    int sum = 0;

    for (int i = 1; i <= n; i++) {
        sum += square(i);
    }
    return sum;
}

void round_of_work(int n)
{
    total = sum_of_squares(n);
    ratio = total / 4.0;
    table[2] = seen;
}

void count(void)
{
    for (;;) {
        long next = counter + 1;

        counter = next;
    }
}

void hart_main(long hart)
{
    if (hart == 1) {
        count();
    }
    for (;;) {
        round_of_work(3);
    }
}
