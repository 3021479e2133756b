/*
 * Breakpoints, watchpoints and single step (accel/debug.h) of a toy CPU under accel/tcg, on
 * every backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "tests/unit/debug-session.h"
#include "toy-cpu.h"
#include "util/log.h"

static CpuState *cpu(unsigned n)
{
    return &toy.cpu[n]->parent;
}

/* All vCPUs that are not held have reached HALT. */
static bool all_done(void)
{
    bool done = true;

    for (unsigned i = 0; i < toy.n_cpus; i++) {
        done = done && (atomic_load_acquire(&toy.cpu[i]->done) ||
                        atomic_read(&cpu(i)->debug_pause) & CPU_PAUSE_HELD);
    }
    return done;
}

static void go_end(void)
{
    g_assert_false(debug_go(all_done));
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        g_assert_cmpint(cpu_debug_stop(cpu(i))->reason, ==, CPU_DEBUG_NONE);
    }
}

/* ---- Programs ---- */

/* r0 += r1 for r1 = n ... 1; returns the address behind it. Three instructions a turn. */
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

/* A loop over three pages, n turns: 0x1000, 0x2000, 0x3000, r0 counts; ends at 0x1008. */
static void put_pages(int n)
{
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, n);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    at = toy_put(at, TOY_BNE, 1, 2, 8);
    at = toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(at, TOY_J, 0, 0, 0x2000 - at);
    at = toy_put(0x2000, TOY_ADDI, 0, 0, 1);
    toy_put(at, TOY_JAL, 3, 0, 0x3000 - at);
    at = toy_put(0x2008, TOY_ADDI, 1, 0, -1);
    toy_put(at, TOY_J, 0, 0, 0x1008 - at);
    at = toy_put(0x3000, TOY_ADDI, 4, 0, 1);
    toy_put(at, TOY_JR, 3, 0, 0);
}

/* ---- Breakpoints ---- */

/* In a loop: each turn stops once, before the instruction; removed, it runs on. */
static void test_break_loop(void)
{
    uint64_t end = put_sum(0x1000, 20);
    const uint64_t at = 0x1010; /* the addi of the loop */

    toy_put(end, TOY_HALT, 0, 0, 0);
    toy.cpu[0]->pc = 0x1000;
    debug_insert(0, at);
    for (unsigned i = 0; i < 10; i++) {
        debug_go_break(0, at);
        g_assert_cmpuint(toy.cpu[0]->r[1], ==, 20 - i);
        g_assert_cmpuint(cpu(0)->tcg.icount, ==, 4 + 3 * i);
    }
    debug_remove(0, at);
    g_assert_false(cpu_breakpoint_remove(cpu(0), at));
    go_end();
    g_assert_cmpuint(toy.cpu[0]->r[0], ==, 210);
    g_assert_cmpuint(cpu(0)->tcg.icount, ==, 3 + 3 * 20 + 1);
}

/* Inserted into a hot loop that is linked over pages and through the jump cache; when it is
 * removed the loop is linked again. */
static void test_break_hot(void)
{
    static const uint64_t places[] = { 0x1008, 0x2000, 0x2008, 0x3000, 0x3004, 0x200c };
    ToyCpu *c = toy.cpu[0];

    put_pages(30000);
    c->pc = 0x1000;
    debug_insert(0, 0x100c); /* the end */
    debug_go_break(0, 0x100c);
    g_assert_cmpuint(c->r[0], ==, 30000);
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        c->r[0] = 0;
        c->pc = 0x1000;
        debug_insert(0, places[i]);
        for (unsigned turn = 0; turn < 5; turn++) {
            debug_go_break(0, places[i]);
        }
        g_assert_cmpuint(c->r[1], ==, 30000 - 4 - (places[i] == 0x200c));
        debug_remove(0, places[i]);
    }
    debug_remove(0, 0x100c);
    uint64_t runs = toy_stat("runs from the loop");
    go_end();
    g_assert_cmpuint(c->r[0], ==, 30000);
    g_assert_cmpuint(toy_stat("runs from the loop") - runs, <, 200);
}

/* At the first and last instruction of a page, reached by falling through, and at one that
 * straddles pages, with and without the breakpoint's page being that of its end. */
static void test_break_edges(void)
{
    ToyCpu *c = toy.cpu[0];
    uint64_t at;

    for (at = 0x1ff0; at < 0x2010;) {
        at = toy_put(at, TOY_ADDI, 0, 0, 1);
    }
    toy_put(at, TOY_HALT, 0, 0, 0);
    for (unsigned turn = 0; turn < 2; turn++) {
        c->pc = 0x1ff0;
        c->r[0] = 0;
        go_end(); /* translated without */
        g_assert_cmpuint(c->r[0], ==, 8);
        c->done = 0;
        cpu(0)->halted = 0;
        c->pc = 0x1ff0;
        c->r[0] = 0;
        debug_insert(0, 0x1ffc);
        debug_insert(0, 0x2000);
        debug_go_break(0, 0x1ffc);
        g_assert_cmpuint(c->r[0], ==, 3);
        debug_go_break(0, 0x2000);
        g_assert_cmpuint(c->r[0], ==, 4);
        go_end();
        g_assert_cmpuint(c->r[0], ==, 8);
        c->done = 0;
        cpu(0)->halted = 0;
        cpu_debug_remove_all(cpu(0));
    }
    for (at = 0x3fee; at < 0x400e;) {
        at = toy_put(at, TOY_ADDI, 0, 0, 1);
    }
    toy_put(at, TOY_HALT, 0, 0, 0);
    for (unsigned turn = 0; turn < 2; turn++) {
        c->pc = 0x3fee;
        c->r[0] = 0;
        debug_insert(0, 0x3ffe);
        debug_insert(0, 0x4006);
        debug_insert(0, 0x4000); /* not the start of an instruction: never hit */
        debug_go_break(0, 0x3ffe);
        g_assert_cmpuint(c->r[0], ==, 4);
        debug_go_break(0, 0x4006);
        g_assert_cmpuint(c->r[0], ==, 6);
        debug_remove(0, 0x3ffe);
        c->pc = 0x3fee;
        debug_go_break(0, 0x4006);
        g_assert_cmpuint(c->r[0], ==, 12);
        cpu_debug_remove_all(cpu(0));
    }
    go_end();
}

/* Inserting twice counts; addresses that nothing runs; more than there is room for. */
static void test_break_lists(void)
{
    GError *err = NULL;
    uint64_t end = put_sum(0x1000, 3);

    toy_put(end, TOY_HALT, 0, 0, 0);
    toy.cpu[0]->pc = 0x1000;
    debug_insert(0, 0x1004);
    debug_insert(0, 0x1004);
    debug_insert(0, 0);
    debug_insert(0, UINT64_MAX);
    debug_remove(0, 0x1004);
    debug_go_break(0, 0x1004);
    debug_remove(0, 0x1004);
    g_assert_false(cpu_breakpoint_remove(cpu(0), 0x1004));
    debug_remove(0, UINT64_MAX);
    for (uint64_t a = 0x100000; cpu_breakpoint_insert(cpu(0), a, &err); a += 2) {
        g_assert_cmphex(a, <, 0x200000);
    }
    g_assert_nonnull(strstr(err->message, "breakpoints already"));
    g_clear_error(&err);
    g_assert_false(cpu_watchpoint_insert(cpu(0), 0x1000, 0, CPU_WATCH_READ, &err));
    g_clear_error(&err);
    g_assert_false(cpu_watchpoint_insert(cpu(0), UINT64_MAX, 2, CPU_WATCH_READ, &err));
    g_clear_error(&err);
    for (uint64_t a = 0x8000; cpu_watchpoint_insert(cpu(0), a, 1, CPU_WATCH_READ, &err); a++) {
        g_assert_cmphex(a, <, 0x10000);
    }
    g_assert_nonnull(strstr(err->message, "watchpoints already"));
    g_clear_error(&err);
    go_end();
    cpu_debug_remove_all(cpu(0));
    cpu_debug_remove_all(cpu(0));
    g_assert_false(cpu_breakpoint_remove(cpu(0), 0));
    g_assert_false(cpu_watchpoint_remove(cpu(0), 0x8000, 1, CPU_WATCH_READ));
}

/* Two vCPUs in one loop: each has its own breakpoints, a held one does not move. */
static void test_break_smp(void)
{
    put_pages(20000);
    toy.cpu[0]->pc = toy.cpu[1]->pc = 0x1000;
    debug_insert(0, 0x3000);
    cpu_debug_hold(cpu(1), true);
    for (unsigned i = 0; i < 5; i++) {
        debug_go_break(0, 0x3000);
        g_assert_cmphex(*debug_pc(1), ==, 0x1000);
        g_assert_cmpint(cpu_debug_stop(cpu(1))->reason, ==, CPU_DEBUG_NONE);
    }
    cpu_debug_hold(cpu(1), false);
    debug_insert(1, 0x2008);
    /* Either or both stop, as the host's scheduler likes; each alone if the other is held. */
    for (unsigned i = 0; i < 50; i++) {
        cpu_debug_hold(cpu(0), i % 5 == 1);
        cpu_debug_hold(cpu(1), i % 5 == 3);
        g_assert_true(debug_go(NULL));
        for (unsigned n = 0; n < 2; n++) {
            if (cpu_debug_stop(cpu(n))->reason) {
                debug_check(n, CPU_DEBUG_BREAKPOINT, n ? 0x2008 : 0x3000, n ? 0x2008 : 0x3000);
                g_assert_false(i % 5 == 1 + 2 * n);
            } else {
                g_assert_false(i % 5 == 3 - 2 * n);
            }
        }
    }
    cpu_debug_hold(cpu(1), false);
    debug_remove(0, 0x3000);
    debug_remove(1, 0x2008);
    go_end();
    g_assert_cmpuint(toy.cpu[0]->r[0], ==, 20000);
    g_assert_cmpuint(toy.cpu[1]->r[0], ==, 20000);
}

/* It stops once, though the main loop is slow, and runs nothing before the machine starts. */
static void test_slow_main_loop(void)
{
    put_pages(1000);
    toy.cpu[0]->pc = 0x1000;
    debug_insert(0, 0x2000);
    debug_start();
    for (unsigned n = 0; n < 200 && !atomic_read(&cpu(0)->debug_pause); n++) {
        toy_sleep_ms(50);
    }
    toy_sleep_ms(50);
    g_assert_true(run_state_running());
    g_assert_cmphex(*debug_pc(0), ==, 0x2000);
    g_assert_cmpuint(toy.cpu[0]->r[0], ==, 0);
    cpu_kick_interrupt(cpu(0));
    toy_sleep_ms(20);
    /* Somebody else stops it first. */
    vm_stop(RUN_STATE_PAUSED);
    debug_check(0, CPU_DEBUG_BREAKPOINT, 0x2000, 0x2000);
    run_state_carry_out_requests();
    g_assert_cmpint(run_state(), ==, RUN_STATE_DEBUG);
    debug_go_break(0, 0x2000);
    g_assert_cmpuint(toy.cpu[0]->r[0], ==, 1);
    cpu_debug_remove_all(cpu(0));
    go_end();
    g_assert_cmpuint(toy.cpu[0]->r[0], ==, 1000);
}

/* ---- Watchpoints ---- */

typedef struct Access {
    ToyOp op;
    uint64_t addr;
    unsigned size;
    bool read, write;
} Access;

/* One access at base + offset: stops behind it if it should, and has done what it does. */
static void check_access(const Access *a, uint64_t watch_at, uint64_t len, CpuWatch kind)
{
    ToyCpu *c = toy.cpu[0];
    bool overlaps = a->addr + a->size > watch_at && a->addr < watch_at + len;
    bool hit = overlaps && ((a->read && (kind & CPU_WATCH_READ)) ||
                            (a->write && (kind & CPU_WATCH_WRITE)));
    uint64_t expect = UINT64_C(0x1122334455667788), old = UINT64_C(0xaabbccddeeff0011);

    toy_write(a->addr, old);
    toy_put(0x1000, TOY_ADDI, 6, 0, 1);
    toy_put(0x1004, a->op, 0, 5, 0);
    toy_put(0x1008, TOY_ADDI, 6, 0, 1);
    toy_put(0x100c, TOY_HALT, 0, 0, 0);
    c->pc = 0x1000;
    c->r[0] = a->op == TOY_CAS ? old : expect;
    c->r[5] = a->addr;
    c->r[6] = 0;
    c->r[7] = expect;
    c->done = 0;
    cpu(0)->halted = 0;
    debug_watch(watch_at, len, kind);
    uint64_t icount = cpu(0)->tcg.icount;
    if (hit) {
        debug_go_watch(MAX(a->addr, watch_at), kind, 0x1008);
        g_assert_cmpuint(c->r[6], ==, 1);
        g_assert_cmpuint(cpu(0)->tcg.icount - icount, ==, 2);
    }
    go_end();
    g_assert_cmpuint(c->r[6], ==, 2);
    g_assert_cmpuint(cpu(0)->tcg.icount - icount, ==, 4);
    uint64_t mask = UINT64_MAX >> (64 - 8 * a->size);
    uint64_t result = a->op == TOY_AMOADD ? old + expect : expect;
    g_assert_cmphex(toy_read(a->addr), ==,
                    a->write ? (old & ~mask) | (result & mask) : old);
    if (a->read) {
        g_assert_cmphex(c->r[0] & mask, ==, old & mask);
    }
    debug_unwatch(watch_at, len, kind);
}

static void test_watch(void)
{
    static const Access accesses[] = {
        { TOY_LD, 0, 8, true, false },      { TOY_LD32, 0, 4, true, false },
        { TOY_ST, 0, 8, false, true },      { TOY_ST32, 0, 4, false, true },
        { TOY_ST8, 0, 1, false, true },     { TOY_AMOADD, 0, 8, true, true },
        { TOY_CAS, 0, 8, true, true },
    };
    static const uint64_t places[] = { 0x8100, 0x8000, 0x8ffc, 0x8ff8, 0x9000, 0x8ff9 };

    for (unsigned k = CPU_WATCH_READ; k <= (CPU_WATCH_READ | CPU_WATCH_WRITE); k++) {
        for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
            for (unsigned p = 0; p < ARRAY_SIZE(places); p++) {
                Access a = accesses[i];

                a.addr = places[p];
                if (a.read && a.write && a.addr & 7) {
                    continue;
                }
                check_access(&a, a.addr, a.size, k);
                check_access(&a, a.addr - 1, 1, k);
                check_access(&a, a.addr - 4, 5, k);
                check_access(&a, a.addr + a.size - 1, 1, k);
                check_access(&a, a.addr + a.size, 4, k);
                check_access(&a, 0x8000, 0x3000, k);
            }
        }
    }
}

/* Stores in a hot loop: one that hits stops each turn, its neighbours in the page do not. */
static void test_watch_loop(void)
{
    ToyCpu *c = toy.cpu[0];
    uint64_t at = put_sum(0x1000, 0);

    at = toy_put(0x1000, TOY_LI, 2, 0, 0);
    uint64_t loop = at;
    at = toy_put(at, TOY_ST, 1, 5, 8);
    at = toy_put(at, TOY_LD, 3, 5, 8);
    at = toy_put(at, TOY_ST32, 1, 5, 0);
    at = toy_put(at, TOY_ST8, 1, 5, 4);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, loop - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    c->pc = 0x1000;
    c->r[1] = 1000;
    c->r[5] = 0x8000;
    debug_watch(0x8000, 4, CPU_WATCH_WRITE);
    for (unsigned i = 0; i < 100; i++) {
        debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x1010);
        g_assert_cmphex(toy_read(0x8000) & 0xffffffff, ==, 1000 - i);
    }
    /* At the instruction behind it there is a breakpoint too: told once, of the store. */
    debug_insert(0, 0x1010);
    debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x1010);
    debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x1010);
    debug_remove(0, 0x1010);
    /* The debugger's own accesses do not count. */
    uint64_t value = 5;
    g_assert_true(cpu_debug_rw(cpu(0), 0x8000, &value, 8, true));
    g_assert_true(cpu_debug_rw(cpu(0), 0x8000, &value, 8, false));
    debug_unwatch(0x8000, 4, CPU_WATCH_WRITE);
    uint64_t slow = toy_stat("slow stores");
    go_end();
    g_assert_cmpuint(toy_stat("slow stores") - slow, <, 50);
    g_assert_cmpuint(c->r[3], ==, 1);
}

/* Devices are accessed once; an access that faults does not count as one. */
static void test_watch_device(void)
{
    ToyCpu *c = toy.cpu[0];
    uint64_t at = toy_put(0x1000, TOY_ST, 0, 5, 0);

    at = toy_put(at, TOY_LD, 1, 5, 0);
    at = toy_put(at, TOY_LD, 1, 6, 0);
    toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(0x2000, TOY_HALT, 0, 0, 0);
    toy.map[0] = (ToyMap){ -1, 0x50000000, 0x8000, 12, };
    c->vector = 0x2000;
    c->pc = 0x1000;
    c->r[0] = 77;
    c->r[5] = TOY_DEV;
    c->r[6] = 0x50000000;
    debug_watch(TOY_DEV, 4, CPU_WATCH_READ | CPU_WATCH_WRITE);
    debug_watch(0x50000000, 8, CPU_WATCH_READ);
    debug_go_watch(TOY_DEV, CPU_WATCH_READ | CPU_WATCH_WRITE, 0x1004);
    debug_go_watch(TOY_DEV, CPU_WATCH_READ | CPU_WATCH_WRITE, 0x1008);
    g_assert_cmpuint(toy.dev_reads, ==, 1);
    g_assert_cmpuint(toy.dev_writes, ==, 1);
    g_assert_cmpuint(c->r[1], ==, 77);
    go_end();
    g_assert_cmphex(c->saved_pc, ==, 0x1008);
    g_assert_cmphex(c->tval, ==, 0x50000000);
}

/* ---- Steps ---- */

/* Over everything that a program does: plain, jumps of all kinds, an exception and the
 * return, an instruction that waits, one that straddles pages. */
static void test_step(void)
{
    ToyCpu *c = toy.cpu[0];
    uint64_t at = toy_put(0x1000, TOY_LI, 1, 0, 2);
    at = toy_put(at, TOY_LI, 2, 0, 0);
    at = toy_put(at, TOY_ADDI, 1, 0, -1);
    at = toy_put(at, TOY_BNE, 1, 2, -4);
    at = toy_put(at, TOY_JAL, 3, 0, 0x3ffe - at);
    at = toy_put(at, TOY_SYS, 0, 0, TOY_SYS_ECALL);
    at = toy_put(at, TOY_SYS, 0, 0, TOY_SYS_WAIT);
    toy_put(at, TOY_J, 0, 0, 0);
    toy_put(0x3ffe, TOY_JR, 3, 0, 0);
    toy_put(0x2000, TOY_ADDI, 6, 0, 1);
    at = toy_put(0x2004, TOY_SYS, 0, 0, TOY_SYS_IRET);
    static const uint64_t path[] = { 0x1004, 0x1008, 0x100c, 0x1008, 0x100c, 0x1010, 0x3ffe,
                                     0x1014, 0x2000, 0x2004, 0x1018, 0x101c, 0x101c, 0x101c };
    c->vector = 0x2000;
    for (unsigned turn = 0; turn < 3; turn++) {
        c->pc = 0x1000;
        cpu_step_enable(cpu(0), turn ? CPU_STEP_NO_IRQ | CPU_STEP_NO_TIMER : 0);
        for (unsigned i = 0; i < ARRAY_SIZE(path); i++) {
            if (path[i] == 0x1018) {
                c->saved_pc = 0x1018; /* behind the ecall */
            }
            if (turn == 2 && i == 3) {
                debug_insert(0, 0x1008);
            }
            debug_go_step(path[i]);
        }
    }
    g_assert_cmpuint(c->r[6], ==, 3);
    cpu_step_disable(cpu(0));
    cpu_debug_remove_all(cpu(0));
    c->pc = 0x1018;
    c->irq = 0;
    toy_put(0x101c, TOY_HALT, 0, 0, 0);
    debug_start();
    for (unsigned n = 0; n < 2000 && !atomic_read(&cpu(0)->halted); n++) {
        toy_sleep_ms(5);
    }
    g_assert_cmpuint(atomic_read(&cpu(0)->halted), ==, 1);
    toy_put(0x5000, TOY_HALT, 0, 0, 0);
    c->ivector = 0x5000;
    toy_irq(c);
    g_assert_false(debug_wait(all_done));
    g_assert_cmphex(c->saved_pc, ==, 0x101c);
}

/* An interrupt is taken instead of an instruction, or left alone. */
static void test_step_irq(void)
{
    ToyCpu *c = toy.cpu[0];
    uint64_t at;

    for (at = 0x1000; at < 0x1020;) {
        at = toy_put(at, TOY_ADDI, 0, 0, 1);
    }
    toy_put(at, TOY_HALT, 0, 0, 0);
    toy_put(0x5000, TOY_ADDI, 1, 0, 1);
    toy_put(0x5004, TOY_SYS, 0, 0, TOY_SYS_IRET);
    c->pc = 0x1000;
    c->ivector = 0x5000;
    c->ie = 1;
    cpu_step_enable(cpu(0), CPU_STEP_NO_IRQ);
    toy_irq(c);
    debug_go_step(0x1004);
    debug_go_step(0x1008);
    cpu_step_enable(cpu(0), 0);
    debug_go_step(0x5000);
    g_assert_cmpuint(c->r[0], ==, 2);
    debug_go_step(0x5004);
    debug_go_step(0x1008);
    debug_go_step(0x100c);
    /* Masked in the step, it comes as soon as the vCPU runs freely. */
    cpu_step_enable(cpu(0), CPU_STEP_NO_IRQ);
    toy_irq(c);
    debug_go_step(0x1010);
    cpu_step_disable(cpu(0));
    debug_insert(0, 0x5000);
    debug_go_break(0, 0x5000);
    g_assert_cmphex(c->saved_pc, ==, 0x1010);
    go_end();
    g_assert_cmpuint(c->r[0], ==, 8);
    g_assert_cmpuint(c->r[1], ==, 2);
}

/* A handler's entry that stores its frame where a watchpoint is: the stop is behind it. */
static void test_watch_frame(void)
{
    ToyCpu *c = toy.cpu[0];

    toy_put(0x1000, TOY_ADDI, 0, 0, 1);
    toy_put(0x1004, TOY_SYS, 0, 0, TOY_SYS_ECALL);
    toy_put(0x2000, TOY_ADDI, 0, 0, 1);
    toy_put(0x2004, TOY_SYS, 0, 0, TOY_SYS_EI);
    toy_put(0x2008, TOY_ADDI, 0, 0, 1);
    toy_put(0x200c, TOY_HALT, 0, 0, 0);
    toy_put(0x3000, TOY_SYS, 0, 0, TOY_SYS_IRET);
    c->vector = 0x2000;
    c->ivector = 0x3000;
    c->frame = 0x8000;
    debug_watch(0x8000, 8, CPU_WATCH_WRITE);
    for (unsigned turn = 0; turn < 2; turn++) {
        c->pc = 0x1000;
        debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x2000);
        g_assert_cmphex(toy_read(0x8000), ==, 0x1004);
        toy_irq(c);
        debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x3000);
        g_assert_cmphex(toy_read(0x8000), ==, 0x2008);
        if (!turn) {
            c->ie = 0;
            c->pc = 0x1004;
            cpu_step_enable(cpu(0), 0);
            debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x2000);
            debug_go_step(0x2004);
            debug_go_step(0x2008);
            toy_irq(c);
            debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x3000);
            debug_go_step(0x2008);
            cpu_step_disable(cpu(0));
        }
    }
    go_end();
    g_assert_cmpuint(c->n_exceptions, ==, 3);
    g_assert_cmpuint(c->n_interrupts, ==, 3);
}

/* A step that hits a watchpoint tells of that; one vCPU steps while another runs. */
static void test_step_smp(void)
{
    ToyCpu *c = toy.cpu[0];

    toy_put(0x1000, TOY_ST, 0, 5, 0);
    toy_put(0x1004, TOY_J, 0, 0, -4);
    toy_put(0x2000, TOY_ADDI, 0, 0, 1);
    toy_put(0x2004, TOY_J, 0, 0, -4);
    c->pc = 0x1000;
    c->r[5] = 0x8000;
    toy.cpu[1]->pc = 0x2000;
    debug_watch(0x8000, 1, CPU_WATCH_WRITE);
    cpu_step_enable(cpu(0), 0);
    /* A busy host may not give the other a turn within a step: the steps go on until it had one. */
    for (unsigned i = 0; i < 20 || (i < 20000 && !toy.cpu[1]->r[0]); i++) {
        debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x1004);
        debug_go_step(0x1000);
    }
    uint64_t turns = toy.cpu[1]->r[0];
    g_assert_cmpuint(turns, >, 0);
    cpu_debug_hold(cpu(1), true);
    debug_go_watch(0x8000, CPU_WATCH_WRITE, 0x1004);
    g_assert_cmpuint(toy.cpu[1]->r[0], ==, turns);
    cpu_debug_remove_all(cpu(0));
    cpu_debug_remove_all(cpu(1));
}

/* Every log at once while breakpoints, steps and watchpoints are used. */
static void test_logs(void)
{
    GError *err = NULL;

    g_assert_true(log_set_file("/dev/null", &err));
    g_assert_true(log_set_items("in_asm,op,out_asm,exec,nochain,int", &err));
    test_break_loop();
    cpu(0)->halted = toy.cpu[0]->done = 0;
    test_watch_loop();
    cpu(0)->halted = toy.cpu[0]->done = 0;
    test_step();
}

static const ToyCase cases[] = {
    { "break-loop", test_break_loop, 1 },   { "break-hot", test_break_hot, 1 },
    { "break-edges", test_break_edges, 1 }, { "break-lists", test_break_lists, 1 },
    { "break-smp", test_break_smp, 2 },     { "slow-main-loop", test_slow_main_loop, 1 },
    { "watch", test_watch, 1 },             { "watch-loop", test_watch_loop, 1 },
    { "watch-device", test_watch_device, 1 }, { "step", test_step, 1 },
    { "step-irq", test_step_irq, 1 },       { "step-smp", test_step_smp, 2 },
    { "watch-frame", test_watch_frame, 1 }, { "logs", test_logs, 1 },
};

int main(int argc, char **argv)
{
    return toy_test_main(argc, argv, "cpu-debug", cases, ARRAY_SIZE(cases));
}
