/*
 * accel/tcg with a toy CPU (toy-cpu.h): chaining, jumps, faults, interrupts, views, code
 * that changes, two vCPUs, a full cache. Each case runs in a process of its own, because
 * an accelerator is started once; all run on every backend that the host has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <time.h>

#include "toy-cpu.h"

static ToyCpu *cpu0(void)
{
    return toy.cpu[0];
}

/* A loop that adds r1 (counting down from n) to r0; returns the address behind it. */
static uint64_t put_sum(uint64_t at, int n)
{
    at = toy_put(at, TOY_LI, 0, 0, 0);
    at = toy_put(at, TOY_LI, 1, 0, n);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    uint64_t loop = at;
    at = toy_put(at, TOY_ADD, 0, 1, 0);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    return toy_put(at, TOY_BNE, 1, 2, loop - at);
}

/* A loop runs linked: few turns of the vCPU's loop, exact result and instruction count. */
static void test_chain(void)
{
    uint64_t at = put_sum(0x1000, 10000);
    toy_put(at, TOY_HALT, 0, 0, 0);
    cpu0()->pc = 0x1000;
    uint64_t before = cpu0()->parent.tcg.icount;
    toy_run();
    g_assert_cmpuint(cpu0()->r[0], ==, 10000u * 10001 / 2);
    g_assert_cmpuint(cpu0()->parent.tcg.icount - before, ==, 3 + 3 * 10000 + 1);
    g_assert_cmpuint(toy_stat("runs from the loop"), <, 100);
    g_assert_cmpuint(toy_stat("links made"), >, 0);
}

/* Calls and returns across pages go through links and the jump cache. */
static void test_jumps(void)
{
    uint64_t f = 0x3000, at = 0x1000;
    at = toy_put(at, TOY_LI, 1, 0, 10000);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    uint64_t loop = at;
    at = toy_put(at, TOY_JAL, 3, 0, f - at);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    f = toy_put(f, TOY_ADDI, 0, 0, 3);
    toy_put(f, TOY_JR, 3, 0, 0);
    cpu0()->pc = 0x1000;
    toy_run();
    g_assert_cmpuint(cpu0()->r[0], ==, 30000);
    g_assert_cmpuint(toy_stat("runs from the loop"), <, 200);
}

/* Sizes, page crossing, ROM, device, atomics. */
static void test_memory(void)
{
    uint64_t at = 0x1000;
    toy_write(0x8ff8, UINT64_C(0x1122334455667788));
    toy_write(0x9000, UINT64_C(0x99aabbccddeeff00));
    at = toy_put(at, TOY_LI, 1, 0, 9);
    at = toy_put(at, TOY_SHLI, 1, 0, 12); /* 0x9000 */
    at = toy_put(at, TOY_LD, 0, 1, -3);
    at = toy_put(at, TOY_ST, 0, 1, -5);
    at = toy_put(at, TOY_LI, 2, 0, TOY_DEV >> 16);
    at = toy_put(at, TOY_SHLI, 2, 0, 16);
    at = toy_put(at, TOY_ST, 1, 2, 0);    /* device = 0x9000 */
    at = toy_put(at, TOY_LD32, 3, 2, 16);
    at = toy_put(at, TOY_LI, 4, 0, TOY_ROM >> 16);
    at = toy_put(at, TOY_SHLI, 4, 0, 16);
    at = toy_put(at, TOY_ST, 1, 4, 0);    /* ignored */
    at = toy_put(at, TOY_LD, 4, 4, 0);
    at = toy_put(at, TOY_LI, 5, 0, 5);
    at = toy_put(at, TOY_AMOADD, 5, 1, 0);
    at = toy_put(at, TOY_LI, 7, 0, 77);
    at = toy_put(at, TOY_LD, 6, 1, 0);
    at = toy_put(at, TOY_CAS, 6, 1, 0);
    toy_put(at, TOY_HALT, 0, 0, 0);
    cpu0()->pc = 0x1000;
    toy_run();
    const ToyCpu *c = cpu0();
    g_assert_cmphex(c->r[0], ==, UINT64_C(0xccddeeff00112233));
    g_assert_cmphex(toy_read(0x8ff8) >> 24, ==, UINT64_C(0xff00112233));
    g_assert_cmphex(c->r[3], ==, 0x9010);
    g_assert_cmpuint(toy.dev_reads, ==, 1);
    g_assert_cmpuint(toy.dev_writes, ==, 1);
    g_assert_cmphex(c->r[4], ==, 0);
    const uint64_t was = UINT64_C(0x99aabbccddccddee);
    g_assert_cmphex(c->r[5], ==, was);
    g_assert_cmphex(c->r[6], ==, was + 5);
    g_assert_cmphex(toy_read(0x9000), ==, 77);
}

/* Each kind of fault: precise pc, tval, registers; the handler counts and returns behind. */
static void check_fault(ToyOp op, uint64_t base, int imm, uint64_t cause, uint64_t tval)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_ADDI, 6, 0, 1);
    at = toy_put(at, TOY_ADDI, 6, 0, 1);
    uint64_t fault = at;
    at = toy_put(at, op, 0, 5, imm);
    at = toy_put(at, TOY_ADDI, 6, 0, 100);
    toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(0x2000, TOY_HALT, 0, 0, 0);
    c->vector = 0x2000;
    c->pc = 0x1000;
    c->r[0] = 0x1234;
    c->r[5] = base;
    c->r[6] = 0;
    uint64_t before = c->parent.tcg.icount;
    toy_run();
    g_assert_cmpuint(c->cause, ==, cause);
    g_assert_cmphex(c->tval, ==, tval);
    g_assert_cmphex(c->saved_pc, ==, op == TOY_JR ? tval : fault);
    g_assert_cmphex(c->r[0], ==, 0x1234);
    g_assert_cmpuint(c->r[6], ==, 2);
    g_assert_cmpuint(c->parent.tcg.icount - before, ==, op == TOY_JR ? 4 : 3);
}

static void test_faults(void)
{
    const uint64_t hole = 0x40000000;
    toy.map[0] = (ToyMap){ -1, 0x50000000, 0x8000, 12, .r = true };
    toy.map[1] = (ToyMap){ -1, 0x50001000, 0x9000, 12, };
    check_fault(TOY_LD, hole, 0, TOY_EXC_ACCESS + CPU_ACCESS_LOAD, hole);
    check_fault(TOY_ST, hole, 8, TOY_EXC_ACCESS + CPU_ACCESS_STORE, hole + 8);
    check_fault(TOY_ST, 0x50000000, 0, TOY_EXC_PAGE + CPU_ACCESS_STORE, 0x50000000);
    check_fault(TOY_LD, 0x50001000, 4, TOY_EXC_PAGE + CPU_ACCESS_LOAD, 0x50001004);
    /* The part in the second page faults, nothing is written. */
    check_fault(TOY_LD, 0x50001000, -4, TOY_EXC_PAGE + CPU_ACCESS_LOAD, 0x50001000);
    check_fault(TOY_AMOADD, 0x8004, 0, TOY_EXC_ALIGN + CPU_ACCESS_STORE, 0x8004);
    check_fault(TOY_AMOADD, TOY_DEV, 0, TOY_EXC_ACCESS + CPU_ACCESS_STORE, TOY_DEV);
    check_fault(TOY_AMOADD, TOY_ROM, 0, TOY_EXC_ACCESS + CPU_ACCESS_STORE, TOY_ROM);
    g_assert_cmphex(toy_read(0x8000), ==, 0);
}

/* A load faults in the n-th turn of a loop: registers, pc and count are those of that turn. */
static void test_fault_in_loop(void)
{
    ToyCpu *c = cpu0();
    toy.map[0] = (ToyMap){ -1, 0x50000000, 0x8000, 13, .r = true, .w = true };
    toy.map[1] = (ToyMap){ -1, 0x50002000, 0xa000, 12, };
    toy_put(0x2000, TOY_HALT, 0, 0, 0);
    c->vector = 0x2000;
    for (unsigned turn = 0; turn < 4; turn++) { /* the loop is made better meanwhile */
        uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 2000);
        at = toy_put(at, TOY_LI, 2, 0, 0);
        at = toy_put(at, TOY_LI, 4, 0, 0);
        uint64_t loop = at;
        at = toy_put(at, TOY_ADDI, 4, 0, 3);
        at = toy_put(at, TOY_ADDI, 5, 0, 16);
        uint64_t fault = at;
        at = toy_put(at, TOY_LD, 0, 5, 0);
        at = toy_put(at, TOY_ADDI, 1, 0, -1);
        at = toy_put(at, TOY_BNE, 1, 2, loop - at);
        toy_put(at, TOY_HALT, 0, 0, 0);
        c->pc = 0x1000;
        c->r[5] = 0x50000000 - 16;
        uint64_t before = c->parent.tcg.icount;
        toy_run();
        g_assert_cmpuint(c->cause, ==, TOY_EXC_PAGE + CPU_ACCESS_LOAD);
        g_assert_cmphex(c->tval, ==, 0x50002000);
        g_assert_cmphex(c->saved_pc, ==, fault);
        g_assert_cmphex(c->r[5], ==, 0x50002000);
        g_assert_cmpuint(c->r[4], ==, 3 * 513);
        g_assert_cmpuint(c->r[1], ==, 2000 - 512);
        /* 512 whole turns, two instructions of the last; the handler's one */
        g_assert_cmpuint(c->parent.tcg.icount - before, ==, 3 + 512 * 5 + 2 + 1);
    }
}

/* A nest of loops with branches to and fro, calls and a forward exit, against C. */
static void test_nest(void)
{
    ToyCpu *c = cpu0();
    uint64_t f = 0x1100, at, outer, inner, skip;
    uint64_t sum = 0, calls = 0;
    toy_put(toy_put(f, TOY_ADDI, 4, 0, 1), TOY_JR, 3, 0, 0);
    at = toy_put(0x1000, TOY_LI, 1, 0, 300);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    at = toy_put(at, TOY_LI, 0, 0, 0);
    outer = at;
    at = toy_put(at, TOY_LI, 5, 0, 7);
    inner = at;
    at = toy_put(at, TOY_ADD, 0, 5, 0);
    at = toy_put(at, TOY_LI, 6, 0, 3);
    skip = at;
    at = toy_put(at, TOY_BNE, 5, 6, 8);
    at = toy_put(at, TOY_JAL, 3, 0, f - at);
    at = toy_put(at, TOY_ADDI, 5, 0, -1);
    at = toy_put(at, TOY_BNE, 5, 2, inner - at);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, outer - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    for (unsigned i = 300; i; i--) {
        for (unsigned k = 7; k; k--) {
            sum += k;
            calls += k == 3;
        }
    }
    g_assert_cmphex(skip, >, inner);
    for (unsigned turn = 0; turn < 3; turn++) {
        c->pc = 0x1000;
        c->r[4] = 0;
        uint64_t before = c->parent.tcg.icount;
        toy_run();
        g_assert_cmpuint(c->r[0], ==, sum);
        g_assert_cmpuint(c->r[4], ==, calls);
        g_assert_cmpuint(c->parent.tcg.icount - before, ==,
                         3 + 300 * (1 + 7 * 5 + 3 + 2) + 1);
    }
}

static void test_fetch_faults(void)
{
    ToyCpu *c = cpu0();
    toy_put(0x2000, TOY_HALT, 0, 0, 0);
    c->vector = 0x2000;
    /* A straddling instruction whose second page cannot be fetched. */
    toy.map[0] = (ToyMap){ -1, 0x60000000, 0x10000, 12, .r = true, .w = true, .x = true };
    toy.map[1] = (ToyMap){ -1, 0x60001000, 0x11000, 12, .r = true, .w = true, .x = false };
    toy_put(0x10ffa, TOY_ADDI, 6, 0, 1);
    toy_put(0x10ffe, TOY_ADDI, 6, 0, 10);
    c->pc = 0x60000ffa;
    toy_run();
    g_assert_cmpuint(c->cause, ==, TOY_EXC_PAGE + CPU_ACCESS_FETCH);
    g_assert_cmphex(c->tval, ==, 0x60001000);
    g_assert_cmphex(c->saved_pc, ==, 0x60000ffe);
    g_assert_cmpuint(c->r[6], ==, 1);
    /* From a device, from nowhere; from ROM works. */
    c->pc = TOY_DEV;
    toy_run();
    g_assert_cmpuint(c->cause, ==, TOY_EXC_ACCESS + CPU_ACCESS_FETCH);
    c->pc = 0x40000000;
    toy_run();
    g_assert_cmpuint(c->cause, ==, TOY_EXC_ACCESS + CPU_ACCESS_FETCH);
    toy_put(toy_put(TOY_ROM, TOY_LI, 6, 0, 55), TOY_HALT, 0, 0, 0);
    c->pc = TOY_ROM;
    toy_run();
    g_assert_cmpuint(c->r[6], ==, 55);
}

/* A straddling instruction follows the mapping of its second page. */
static void test_straddle(void)
{
    ToyCpu *c = cpu0();
    toy.map[0] = (ToyMap){ -1, 0x60000000, 0x10000, 12, .r = true, .w = true, .x = true };
    toy.map[1] = (ToyMap){ -1, 0x60001000, 0x11000, 12, .r = true, .w = true, .x = true };
    toy_put(0x10ffe, TOY_LI, 6, 0, 10);
    toy_put(0x11002, TOY_HALT, 0, 0, 0);
    uint32_t other = 20;
    address_space_write_rom(&toy.as, 0x12000, &other, 2);
    toy_put(0x12002, TOY_HALT, 0, 0, 0);
    c->pc = 0x60000ffe;
    toy_run();
    g_assert_cmpuint(c->r[6], ==, 10);
    /* Remap the second page; then write it. */
    toy.map[1].phys = 0x12000;
    cpu_invalidate(&c->parent, false, 0x60001000, NULL, NULL, false);
    c->pc = 0x60000ffe;
    toy_run();
    g_assert_cmpuint(c->r[6], ==, 20);
    other = 30;
    address_space_write(&toy.as, 0x12000, MEMTXATTRS_DMA, &other, 2);
    c->pc = 0x60000ffe;
    toy_run();
    g_assert_cmpuint(c->r[6], ==, 30);
}

static void test_interrupt(void)
{
    ToyCpu *c = cpu0();
    /* Interrupts break an endless linked loop, 100 times; then the handler halts. */
    uint64_t at = toy_put(0x1000, TOY_SYS, 0, 0, TOY_SYS_EI);
    uint64_t loop = at;
    at = toy_put(at, TOY_ADDI, 0, 0, 1);
    toy_put(at, TOY_J, 0, 0, loop - at);
    at = toy_put(0x2000, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_BNE, 1, 2, 8);
    at = toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(at, TOY_SYS, 0, 0, TOY_SYS_IRET);
    c->ivector = 0x2000;
    c->r[1] = 0;
    c->r[2] = 100;
    c->pc = 0x1000;
    toy_resume();
    while (!atomic_load_acquire(&c->done)) {
        toy_irq(c);
        toy_sleep_ms(1);
    }
    toy_wait_done();
    g_assert_cmpuint(c->n_interrupts, ==, 100);
}

static double cpu_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* A waiting vCPU sleeps, and wakes at once. */
static void test_wait(void)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_SYS, 0, 0, TOY_SYS_EI);
    uint64_t loop = at;
    at = toy_put(at, TOY_SYS, 0, 0, TOY_SYS_WAIT);
    toy_put(at, TOY_J, 0, 0, loop - at);
    at = toy_put(0x2000, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_BNE, 1, 2, 8);
    at = toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(at, TOY_SYS, 0, 0, TOY_SYS_IRET);
    c->ivector = 0x2000;
    c->r[1] = 0;
    c->r[2] = 2;
    c->pc = 0x1000;
    toy_resume();
    toy_sleep_ms(50);
    double before = cpu_seconds();
    toy_sleep_ms(200);
    g_assert_cmpfloat(cpu_seconds() - before, <, 0.02);
    toy_irq(c);
    while (!atomic_read(&c->n_interrupts)) {
        toy_sleep_ms(1);
    }
    /* Stopped and resumed, it waits still. */
    cpus_pause_all();
    cpus_resume_all();
    toy_sleep_ms(10);
    g_assert_false(atomic_read(&c->done));
    toy_irq(c);
    toy_wait_done();
    g_assert_cmpuint(c->n_interrupts, ==, 2);
}

/* ---- Views ---- */

/* Load the word at vaddr in space s, as the CPU sees it now. */
static uint64_t peek(uint64_t space, uint64_t vaddr)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_SYS, 4, 0, TOY_SYS_SPACE);
    at = toy_put(at, TOY_LD, 0, 5, 0);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->r[4] = space;
    c->r[5] = vaddr;
    c->pc = 0x1000;
    toy_run();
    return c->r[0];
}

static bool match_space(const CpuViewKey *key, void *opaque)
{
    return key->k[0] == GPOINTER_TO_SIZE(opaque);
}

static void test_views(void)
{
    CpuState *cpu = &cpu0()->parent;
    const uint64_t va = 0x70000000;
    for (unsigned i = 0; i < 16; i++) {
        toy_write(0x100000 + i * 0x1000, 100 + i);
    }
    toy.map[0] = (ToyMap){ -1, 0, 0, 20, .r = true, .w = true, .x = true, .global = true };
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[s] = (ToyMap){ s, va, 0x100000 + s * 0x1000, 12, .r = true, .w = true };
    }
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned s = 1; s <= 3; s++) {
            g_assert_cmpuint(peek(s, va), ==, 100 + s);
        }
    }
    unsigned fills = toy.fills;
    for (unsigned s = 1; s <= 3; s++) {
        g_assert_cmpuint(peek(s, va), ==, 100 + s);
    }
    g_assert_cmpuint(toy.fills, ==, fills); /* switching lost nothing */

    /* One space, all pages: only that one is looked up again. */
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[s].phys += 0x4000;
    }
    cpu_invalidate(cpu, true, 0, match_space, GSIZE_TO_POINTER(2), false);
    g_assert_cmpuint(peek(1, va), ==, 101);
    g_assert_cmpuint(peek(2, va), ==, 106);
    g_assert_cmpuint(peek(3, va), ==, 103);
    /* One page of one space; a page that is not cached. */
    cpu_invalidate(cpu, false, va, match_space, GSIZE_TO_POINTER(3), false);
    cpu_invalidate(cpu, false, va + 0x1000, NULL, NULL, false);
    g_assert_cmpuint(peek(1, va), ==, 101);
    g_assert_cmpuint(peek(3, va), ==, 107);
    /* One page of all spaces, seen by a view that was not current (the log). */
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[s].phys += 0x4000;
    }
    cpu_invalidate(cpu, false, va, NULL, NULL, false);
    g_assert_cmpuint(peek(1, va), ==, 109);
    g_assert_cmpuint(peek(2, va), ==, 110);
    g_assert_cmpuint(peek(3, va), ==, 111);
    /* More pages than the log holds. */
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[s].phys -= 0x4000;
    }
    cpu_invalidate(cpu, false, va, NULL, NULL, false);
    for (unsigned i = 1; i < 1500; i++) {
        cpu_invalidate(cpu, false, va + i * 0x1000, NULL, NULL, false);
    }
    g_assert_cmpuint(peek(1, va), ==, 105);
    g_assert_cmpuint(peek(2, va), ==, 106);
    /* Everything. */
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[s].phys -= 0x4000;
    }
    cpu_invalidate(cpu, true, 0, NULL, NULL, false);
    for (unsigned s = 1; s <= 3; s++) {
        g_assert_cmpuint(peek(s, va), ==, 100 + s);
    }
    /* More spaces than there are views. */
    for (unsigned s = 4; s < 200; s++) {
        toy.map[1].space = s;
        g_assert_cmpuint(peek(s, va), ==, 101);
    }
    g_assert_cmpuint(peek(3, va), ==, 103);
}

/* Load @n words, @stride bytes apart; returns their sum. */
static uint64_t peek_many(uint64_t space, uint64_t vaddr, uint64_t stride, unsigned n)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_SYS, 4, 0, TOY_SYS_SPACE);
    at = toy_put(at, TOY_LI, 1, 0, 0);
    at = toy_put(at, TOY_LD, 0, 5, 0);
    at = toy_put(at, TOY_ADD, 1, 0, 0);
    at = toy_put(at, TOY_ADD, 5, 6, 0);
    at = toy_put(at, TOY_BNE, 5, 7, -12);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->r[4] = space;
    c->r[5] = vaddr;
    c->r[6] = stride;
    c->r[7] = vaddr + n * stride;
    c->pc = 0x1000;
    toy_run();
    return c->r[1];
}

/* Spaces that use much of their views: the oldest are given back, and looked up again. */
static void test_wide_views(void)
{
    enum { SPACES = 8, PLACES = 256, STRIDE = 1 << 20 /* a block of the view each */ };
    const uint64_t va = 0x4000000000;
    toy.map[0] = (ToyMap){ -1, 0, 0, 20, .r = true, .w = true, .x = true, .global = true };
    for (unsigned s = 1; s <= SPACES; s++) {
        toy_write(0x100000 + s * 0x1000, 100 + s);
        toy.map[s] = (ToyMap){ s, va, 0x100000 + s * 0x1000, 28, .again = 0x1000, .r = true,
                               .w = true };
        g_assert_cmpuint(peek_many(s, va, STRIDE, PLACES), ==, PLACES * (100 + s));
    }
    unsigned fills = toy.fills;
    g_assert_cmpuint(peek_many(SPACES, va, STRIDE, PLACES), ==, PLACES * (100 + SPACES));
    g_assert_cmpuint(toy.fills, ==, fills);
    /* Other memory is there now. Where nothing was dropped an old translation may be seen. */
    toy.map[1].phys = toy.map[SPACES].phys = 0x100000;
    toy_write(0x100000, 77);
    g_assert_cmpuint(peek_many(1, va, STRIDE, PLACES), ==, PLACES * 77);
    g_assert_cmpuint(toy.fills, ==, fills + PLACES);
    g_assert_cmpuint(peek_many(SPACES, va, STRIDE, PLACES), ==, PLACES * (100 + SPACES));
}

/* Global entries are made once for all spaces; those of one space are seen in no other. */
static void test_global_views(void)
{
    CpuState *cpu = &cpu0()->parent;
    const uint64_t va = 0x70000000, own = 0x71000000;
    for (unsigned i = 0; i < 16; i++) {
        toy_write(0x200000 + i * 0x1000, 1000 + i);
    }
    toy.map[0] = (ToyMap){ -1, 0, 0, 20, .r = true, .w = true, .x = true, .global = true };
    toy.map[1] = (ToyMap){ -1, va, 0x200000, 12, .r = true, .w = true, .global = true };
    for (unsigned s = 1; s <= 3; s++) {
        toy.map[1 + s] = (ToyMap){ s, own, 0x200000 + s * 0x1000, 12, .r = true, .w = true };
    }
    /* One view serves all while it has nothing of one space alone. */
    g_assert_cmpuint(peek(1, va), ==, 1000);
    unsigned fills = toy.fills;
    for (unsigned s = 2; s < 100; s++) {
        g_assert_cmpuint(peek(s, va), ==, 1000);
    }
    g_assert_cmpuint(toy.fills, ==, fills);
    /* It becomes the space's own; the next one finds global entries in it. */
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned s = 1; s <= 3; s++) {
            g_assert_cmpuint(peek(s, own), ==, 1000 + s);
            g_assert_cmpuint(peek(s, va), ==, 1000);
        }
    }
    g_assert_cmpuint(toy.fills, ==, fills + 3);
    /* What is global is dropped wherever it came to. */
    toy.map[1].phys = 0x208000;
    cpu_invalidate(cpu, false, va, NULL, NULL, false);
    for (unsigned s = 1; s <= 5; s++) {
        g_assert_cmpuint(peek(s, va), ==, 1008);
    }
    /* Without its own entries a view serves all again. */
    cpu_invalidate(cpu, true, 0, match_space, GSIZE_TO_POINTER(2), true);
    toy.map[3].phys = 0x20a000;
    fills = toy.fills;
    g_assert_cmpuint(peek(2, va), ==, 1008);
    g_assert_cmpuint(toy.fills, ==, fills);
    g_assert_cmpuint(peek(2, own), ==, 1010);
    g_assert_cmpuint(peek(6, va), ==, 1008);
}

static void test_superpage_global(void)
{
    CpuState *cpu = &cpu0()->parent;
    const uint64_t va = 0x70000000;
    for (unsigned i = 0; i < 512; i++) {
        toy_write(0x200000 + i * 0x1000, 1000 + i);
        toy_write(0x400000 + i * 0x1000, 2000 + i);
    }
    toy.map[0] = (ToyMap){ -1, 0, 0, 20, .r = true, .w = true, .x = true, .global = true };
    toy.map[1] = (ToyMap){ -1, va, 0x200000, 21, .r = true, .w = true, .global = true };
    toy.map[2] = (ToyMap){ -1, va + 0x400000, 0x200000, 12, .r = true, .w = true };
    g_assert_cmpuint(peek(1, va + 0x3000), ==, 1003);
    g_assert_cmpuint(peek(1, va + 0x5000), ==, 1005);
    g_assert_cmpuint(peek(1, va + 0x400000), ==, 1000);
    toy.map[1].phys = 0x400000;
    toy.map[2].phys = 0x400000;
    /* Global entries are spared, others are not. */
    cpu_invalidate(cpu, true, 0, match_space, GSIZE_TO_POINTER(1), true);
    g_assert_cmpuint(peek(1, va + 0x3000), ==, 1003);
    g_assert_cmpuint(peek(1, va + 0x400000), ==, 2000);
    cpu_invalidate(cpu, false, va + 0x3000, match_space, GSIZE_TO_POINTER(1), true);
    g_assert_cmpuint(peek(1, va + 0x3000), ==, 1003);
    /* Any address in the leaf drops all that came from it. */
    cpu_invalidate(cpu, false, va + 0x5000, match_space, GSIZE_TO_POINTER(1), false);
    g_assert_cmpuint(peek(1, va + 0x3000), ==, 2003);
    g_assert_cmpuint(peek(1, va + 0x5000), ==, 2005);
}

/* A page whose permission must be asked for each time is never kept. */
static void test_no_cache(void)
{
    ToyCpu *c = cpu0();
    toy.map[0] = (ToyMap){ -1, 0x60000000, 0x10000, 12, .r = true, .w = true, .x = true,
                           .no_cache = true };
    uint64_t at = put_sum(0x10000, 50);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->pc = 0x60000000;
    unsigned fills = toy.fills;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 50 * 51 / 2);
    g_assert_cmpuint(toy.fills - fills, >=, 150);
    /* The same page by another way runs as usual. */
    c->pc = 0x10000;
    fills = toy.fills;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 50 * 51 / 2);
    g_assert_cmpuint(toy.fills - fills, <, 10);
}

/* Remapping guest memory reaches running vCPUs. */
static void test_flat_view(void)
{
    ToyCpu *c = cpu0();
    toy_write(0x8000, 1);
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 8);
    at = toy_put(at, TOY_SHLI, 1, 0, 12);
    at = toy_put(at, TOY_LI, 2, 0, 1);
    uint64_t loop = at;
    at = toy_put(at, TOY_LD, 0, 1, 0);
    at = toy_put(at, TOY_ADDI, 3, 0, 1);
    uint64_t back = at;
    at = toy_put(at, TOY_BNE, 2, 0, 8);
    at = toy_put(at, TOY_J, 0, 0, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    g_assert_cmphex(back, !=, 0);
    c->pc = 0x1000;
    toy_resume();
    toy_sleep_ms(20);
    g_assert_false(atomic_read(&c->done));
    uint64_t two = 2;
    memcpy(memory_region_ram_ptr(&toy.overlay), &two, sizeof(two));
    memory_region_add_subregion_overlap(&toy.root, 0x8000, &toy.overlay, 1);
    toy_wait_done();
    g_assert_cmpuint(c->r[0], ==, 2);
    /* Code that is covered and uncovered. */
    memory_region_del_subregion(&toy.root, &toy.overlay);
    toy_put(0x8000, TOY_LI, 0, 0, 11);
    toy_put(0x8004, TOY_HALT, 0, 0, 0);
    c->pc = 0x8000;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 11);
    memory_region_add_subregion_overlap(&toy.root, 0x8000, &toy.overlay, 1);
    toy_put(0x8000, TOY_LI, 0, 0, 22);
    toy_put(0x8004, TOY_HALT, 0, 0, 0);
    c->pc = 0x8000;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 22);
    memory_region_del_subregion(&toy.root, &toy.overlay);
    c->pc = 0x8000;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 11);
}

/* The mode is part of a translation's key, also along links and jumps. */
static void test_mode(void)
{
    ToyCpu *c = cpu0();
    uint64_t f = toy_put(0x3000, TOY_ADDI, 0, 0, 1);
    toy_put(f, TOY_JR, 3, 0, 0);
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 200);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    uint64_t loop = at;
    at = toy_put(at, TOY_JAL, 3, 0, 0x3000 - at);
    at = toy_put(at, TOY_SYS, 1, 0, TOY_SYS_MODE);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->pc = 0x1000;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 200);
    g_assert_cmpuint(toy_stat("regions translated"), >, 400);
}

/* ---- Code that changes ---- */

/* r5 = address of an instruction, r6 = its new word; the store is in the same region. */
static void test_smc_same_region(void)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_ST32, 6, 5, 0);
    uint64_t target = at + 4;
    at = toy_put(at, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_LI, 0, 0, 1); /* becomes LI 0, 2 */
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->r[5] = target;
    c->r[6] = toy_insn(TOY_LI, 0, 0, 2);
    c->pc = 0x1000;
    uint64_t before = c->parent.tcg.icount;
    toy_run();
    g_assert_cmpuint(c->r[0], ==, 2);
    g_assert_cmpuint(c->r[1], ==, 2);
    g_assert_cmpuint(c->parent.tcg.icount - before, ==, 5);
}

/* Data and code in one page: stores beside the code kill nothing, and direct stores come
 * back some stores after the code is gone. */
static void test_smc_granules(void)
{
    ToyCpu *c = cpu0();
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 1000);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    uint64_t loop = at;
    at = toy_put(at, TOY_ST, 1, 5, 0);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->r[5] = 0x1800;
    c->pc = 0x1000;
    toy_run();
    g_assert_cmpuint(toy_stat("regions killed"), ==, 0);
    g_assert_cmpuint(toy_stat("stores near code"), >=, 999);
    g_assert_cmpuint(toy_read(0x1800), ==, 1);
    /* Move away: run the loop elsewhere, kill the old code, store there again. */
    uint8_t code[32];
    address_space_read(&toy.as, 0x1000, MEMTXATTRS_CPU, code, sizeof(code));
    address_space_write(&toy.as, 0x2000, MEMTXATTRS_CPU, code, sizeof(code));
    static const uint8_t zero[32];
    address_space_write(&toy.as, 0x1000, MEMTXATTRS_DMA, zero, sizeof(zero));
    g_assert_cmpuint(toy_stat("regions killed"), >, 0);
    uint64_t near_code = toy_stat("stores near code");
    c->pc = 0x2000;
    toy_run();
    g_assert_cmpuint(toy_stat("stores near code") - near_code, <, 100);
}

/* One vCPU writes a function again and again and calls it. */
static void test_smc_loop(void)
{
    ToyCpu *c = cpu0();
    uint64_t f = 0x3000;
    toy_put(toy_put(f, TOY_LI, 0, 0, 0), TOY_JR, 3, 0, 0);
    /* r1 counts, r6 = instruction word, grows by 1 << 16 a turn; r4 sums the results */
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 500);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    at = toy_put(at, TOY_LI, 7, 0, 1);
    at = toy_put(at, TOY_SHLI, 7, 0, 16);
    uint64_t loop = at;
    at = toy_put(at, TOY_ADD, 6, 7, 0);
    at = toy_put(at, TOY_ST32, 6, 5, 0);
    at = toy_put(at, TOY_JAL, 3, 0, f - at);
    at = toy_put(at, TOY_ADD, 4, 0, 0);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->r[4] = 0;
    c->r[5] = f;
    c->r[6] = toy_insn(TOY_LI, 0, 0, 0);
    c->pc = 0x1000;
    toy_run();
    g_assert_cmpuint(c->r[4], ==, 500 * 501 / 2);
}

/*
 * vCPU 0 writes a function, then a flag; vCPU 1 waits for the flag, synchronizes, calls the
 * function and adds up what it returns, then answers with a flag of its own.
 */
static void test_smc_two(void)
{
    enum { N = 300, FLAG = 0x8000 };
    uint64_t f = 0x3000, at, loop, spin;
    toy_put(toy_put(f, TOY_LI, 0, 0, 0), TOY_JR, 3, 0, 0);
    /* both: r1 = turn 1..N, r2 = N + 1, r5 = f, r4 = flags */
    at = toy_put(0x1000, TOY_LI, 7, 0, 1);
    at = toy_put(at, TOY_SHLI, 7, 0, 16);
    loop = at;
    at = toy_put(at, TOY_ADD, 6, 7, 0);
    at = toy_put(at, TOY_ST32, 6, 5, 0);
    at = toy_put(at, TOY_ST, 1, 4, 0);
    spin = at;
    at = toy_put(at, TOY_LD, 0, 4, 64);
    at = toy_put(at, TOY_BNE, 0, 1, spin - at);
    at = toy_put(at, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);

    at = loop = 0x5000;
    spin = at;
    at = toy_put(at, TOY_LD, 0, 4, 0);
    at = toy_put(at, TOY_BNE, 0, 1, spin - at);
    at = toy_put(at, TOY_SYS, 0, 0, TOY_SYS_FENCE_I);
    at = toy_put(at, TOY_JAL, 3, 0, f - at);
    at = toy_put(at, TOY_ADD, 6, 0, 0);
    at = toy_put(at, TOY_ST, 1, 4, 64);
    at = toy_put(at, TOY_ADDI, 1, 0, 1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);

    for (unsigned i = 0; i < 2; i++) {
        ToyCpu *c = toy.cpu[i];
        c->r[1] = 1;
        c->r[2] = N + 1;
        c->r[4] = FLAG;
        c->r[5] = f;
        c->r[6] = i ? 0 : toy_insn(TOY_LI, 0, 0, 0);
        c->pc = i ? 0x5000 : 0x1000;
    }
    toy_run();
    g_assert_cmpuint(toy.cpu[1]->r[6], ==, N * (N + 1) / 2);
}

/* Two vCPUs write into each other's code page all the time, beside the code. */
static void test_smc_crossfire(void)
{
    for (unsigned i = 0; i < 2; i++) {
        ToyCpu *c = toy.cpu[i];
        uint64_t at = toy_put(0x10000 + i * 0x1000, TOY_LI, 1, 0, 20000);
        at = toy_put(at, TOY_LI, 2, 0, 0);
        uint64_t loop = at;
        at = toy_put(at, TOY_ADD, 0, 1, 0);
        /* rewrites the other's first instruction of its loop with itself */
        at = toy_put(at, TOY_ST32, 6, 5, 0);
        at = toy_put(at, TOY_ADDI, 1, 0, -1);
        at = toy_put(at, TOY_BNE, 1, 2, loop - at);
        toy_put(at, TOY_HALT, 0, 0, 0);
        c->r[0] = 0;
        c->r[5] = 0x10000 + (1 - i) * 0x1000 + 8;
        c->r[6] = toy_insn(TOY_ADD, 0, 1, 0);
        c->pc = 0x10000 + i * 0x1000;
    }
    toy_run();
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(toy.cpu[i]->r[0], ==, 20000u * 20001 / 2);
    }
}

/* ---- The cache ---- */

/* Far more code than the cache holds, by all vCPUs at once, several times over. */
static void test_reclaim(void)
{
    enum { BASE = 0x100000, INSNS = 150000, TURNS = 4 };
    uint64_t at = BASE;
    for (unsigned i = 0; i < INSNS; i++) {
        /* Short regions, some of which straddle pages. */
        at = i % 7 == 6 ? toy_put(at, TOY_J, 0, 0, 6) + 2 : toy_put(at, TOY_ADDI, 0, 0, 1);
    }
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, 8);
    at = toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(at, TOY_JR, 3, 0, 0);
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        ToyCpu *c = toy.cpu[i];
        c->r[0] = 0;
        c->r[1] = TURNS;
        c->r[2] = 0;
        c->r[3] = BASE;
        c->pc = BASE;
    }
    toy_run();
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        g_assert_cmpuint(toy.cpu[i]->r[0], ==,
                         (uint64_t)TURNS * (INSNS - INSNS / 7));
    }
    g_assert_cmpuint(toy_stat("segments reclaimed"), >, 8);
}

/* Work for a vCPU, waited for and not. */
static void work(CpuState *cpu, void *opaque)
{
    g_assert_true(cpu_current() == cpu);
    g_assert_true(machine_locked());
    ++*(unsigned *)opaque;
}

static void test_work(void)
{
    unsigned done = 0;
    uint64_t at = toy_put(0x1000, TOY_ADDI, 0, 0, 1);
    at = toy_put(at, TOY_LD, 1, 5, 0);
    at = toy_put(at, TOY_BNE, 1, 2, 8);
    at = toy_put(at, TOY_J, 0, 0, 0x1000 - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        toy.cpu[i]->pc = 0x1000;
        toy.cpu[i]->r[5] = 0x8000;
    }
    cpu_run_sync(&cpu0()->parent, work, &done); /* stopped */
    g_assert_cmpuint(done, ==, 1);
    toy_resume();
    for (unsigned i = 0; i < 100; i++) {
        cpu_run_sync(&toy.cpu[i % 2]->parent, work, &done);
    }
    cpu_run_async(&cpu0()->parent, work, &done);
    for (unsigned i = 0; i < 100; i++) {
        cpus_pause_all();
        g_assert_true(toy.cpu[0]->parent.stopped && toy.cpu[1]->parent.stopped);
        cpus_resume_all();
    }
    toy_write(0x8000, 1);
    toy_wait_done();
    g_assert_cmpuint(done, ==, 102);
}

static const ToyCase cases[] = {
    { "chain", test_chain, 1 },
    { "fault-in-loop", test_fault_in_loop, 1 },
    { "nest", test_nest, 1 },
    { "jumps", test_jumps, 1 },
    { "memory", test_memory, 1 },
    { "faults", test_faults, 1 },
    { "fetch-faults", test_fetch_faults, 1 },
    { "straddle", test_straddle, 1 },
    { "interrupt", test_interrupt, 1 },
    { "wait", test_wait, 1 },
    { "views", test_views, 1 },
    { "global-views", test_global_views, 1 },
    { "wide-views", test_wide_views, 1 },
    { "superpage-global", test_superpage_global, 1 },
    { "no-cache", test_no_cache, 1 },
    { "flat-view", test_flat_view, 1 },
    { "mode", test_mode, 1 },
    { "smc/same-region", test_smc_same_region, 1 },
    { "smc/granules", test_smc_granules, 1 },
    { "smc/loop", test_smc_loop, 1 },
    { "smc/two-cpus", test_smc_two, 2 },
    { "smc/crossfire", test_smc_crossfire, 2 },
    { "reclaim", test_reclaim, 1, 1 },
    { "reclaim-3", test_reclaim, 3, 1 },
    { "work", test_work, 2 },
};

int main(int argc, char **argv)
{
    return toy_test_main(argc, argv, "tcg-exec", cases, ARRAY_SIZE(cases));
}
