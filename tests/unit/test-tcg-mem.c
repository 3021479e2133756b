/*
 * Guest memory on each backend: hits, misses, page crossing, alignment, byte order, faults
 * that restore the state, stores that end the region, atomics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg-fixture.h"
#include "tcg/ir-eval.h"

enum { UNMAPPED = RAM_BASE + RAM_SIZE + 0x1000 };

static uint64_t ram_value(Fixture *f, uint64_t addr, unsigned mo)
{
    unsigned size = 1 << (mo & IR_MO_SIZE);
    uint64_t v = 0;

    for (unsigned n = 0; n < size; n++) {
        v |= (uint64_t)f->cpu->ram[addr - RAM_BASE + n]
             << 8 * (mo & IR_MO_BE ? size - 1 - n : n);
    }
    return ir_extend(mo, v);
}

/* Address @addr by way of a pinned global, one in memory, a sum, or as a constant. */
static IrVal address(Fixture *f, unsigned way, uint64_t addr)
{
    switch (way) {
    case 0: f->cpu->g[1] = addr; return ir_get_global(f->b, 1);
    case 1: f->cpu->g[G_M1] = addr; return ir_get_global(f->b, G_M1);
    case 2: f->cpu->g[2] = addr - 24; return ir_addi(f->b, ir_get_global(f->b, 2), 24);
    default: return ir_imm(f->b, addr);
    }
}

static const uint8_t dsts[] = { G_P6, 1, 2, G_M4, G_M1 };

static void test_loads(gconstpointer backend)
{
    static const uint64_t at[] = { 0x100, 0x101, 0xff8, 0xff9, 0xffd, 0xffe, 0xfff, 0x1000 };
    Fixture *f = fixture_new(backend);

    for (unsigned mo = 0; f && mo < 32; mo++) {
        unsigned size = 1 << (mo & IR_MO_SIZE);
        for (unsigned k = 0; k < ARRAY_SIZE(at) * 4 * ARRAY_SIZE(dsts) * 2; k++) {
            unsigned way = k % 4, dst = dsts[k / 4 % ARRAY_SIZE(dsts)];
            uint64_t addr = RAM_BASE + at[k / 20 % ARRAY_SIZE(at)];
            bool mapped = k / 160, misaligned = (mo & IR_MO_ALIGN) && (addr & (size - 1));
            bool crosses = (addr ^ (addr + size - 1)) >> TCG_PAGE_BITS;
            uint64_t before[N_GLOBALS];

            fixture_reset(f);
            if (mapped) {
                fixture_map(f, addr, false);
                fixture_map(f, addr + size - 1, false);
            }
            ir_insn_start(f->b, 0);
            ir_insn_start(f->b, 4);
            ir_set_global(f->b, dst, ir_ld(f->b, address(f, way, addr), mo));
            ir_exit_loop(f->b, 8);
            memcpy(before, f->cpu->g, sizeof(before));
            fixture_go(f);
            if (misaligned) {
                g_assert_cmpint(f->cpu->raised, ==, 2);
                g_assert_cmphex(f->cpu->raised_pc, ==, CODE_PC + 4);
                g_assert_cmpuint(f->cpu->raised_icount, ==, 1);
                g_assert_cmphex(f->cpu->g_at_raise[dst], ==, before[dst]);
                continue;
            }
            g_assert_cmpint(f->cpu->raised, ==, 0);
            g_assert_cmphex(f->cpu->g[dst], ==, ram_value(f, addr, mo));
            g_assert_cmpuint(f->cpu->n_slow, ==, !mapped || crosses);
            g_assert_cmpuint(f->cpu->tcg.icount, ==, 2);
            before[dst] = f->cpu->g[dst];
            before[G_PC] = CODE_PC + 8;
            g_assert_cmpmem(before, sizeof(before), f->cpu->g, sizeof(before));
        }
    }
    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    fixture_free(f);
}

/* The value by way of a pinned global, one in memory, computed, or a constant. */
static IrVal stored(Fixture *f, unsigned way, uint64_t v)
{
    switch (way) {
    case 0: f->cpu->g[3] = v; return ir_get_global(f->b, 3);
    case 1: f->cpu->g[G_M2] = v; return ir_get_global(f->b, G_M2);
    case 2: f->cpu->g[4] = ~v; return ir_not(f->b, ir_get_global(f->b, 4));
    default: return ir_imm(f->b, v);
    }
}

static void test_stores(gconstpointer backend)
{
    static const uint64_t at[] = { 0x100, 0x101, 0xffd, 0xfff, 0x1000 };
    static const uint64_t values[] = { 0, 0x0123456789abcdef, UINT64_MAX - 5, 0x80808080 };
    Fixture *f = fixture_new(backend);

    for (unsigned mo = 0; f && mo < 32; mo++) {
        unsigned size = 1 << (mo & IR_MO_SIZE);
        for (unsigned k = 0; k < ARRAY_SIZE(at) * 16 * 2 * ARRAY_SIZE(values); k++) {
            uint64_t addr = RAM_BASE + at[k / 16 % ARRAY_SIZE(at)];
            bool mapped = k / 80 % 2, misaligned = (mo & IR_MO_ALIGN) && (addr & (size - 1));
            bool crosses = (addr ^ (addr + size - 1)) >> TCG_PAGE_BITS;
            uint64_t v = values[k / 160], before[N_GLOBALS];
            uint8_t edge[2];

            fixture_reset(f);
            if (mapped) {
                fixture_map(f, addr, true);
                fixture_map(f, addr + size - 1, true);
            }
            edge[0] = f->cpu->ram[addr - RAM_BASE - 1];
            edge[1] = f->cpu->ram[addr - RAM_BASE + size];
            ir_insn_start(f->b, 0);
            ir_st(f->b, address(f, k % 4, addr), stored(f, k / 4 % 4, v), mo);
            ir_exit_loop(f->b, 4);
            memcpy(before, f->cpu->g, sizeof(before));
            fixture_go(f);
            g_assert_cmpint(f->cpu->raised, ==, misaligned ? 2 : 0);
            if (misaligned) {
                continue;
            }
            g_assert_cmphex(ram_value(f, addr, mo & ~IR_MO_SIGN), ==,
                            ir_extend(mo & ~IR_MO_SIGN, v));
            g_assert_cmphex(f->cpu->ram[addr - RAM_BASE - 1], ==, edge[0]);
            g_assert_cmphex(f->cpu->ram[addr - RAM_BASE + size], ==, edge[1]);
            g_assert_cmpuint(f->cpu->n_slow, ==, !mapped || crosses);
            before[G_PC] = CODE_PC + 4;
            g_assert_cmpmem(before, sizeof(before), f->cpu->g, sizeof(before));
            f->cpu->dirty = true;
        }
    }
    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    fixture_free(f);
}

/* Many live values around slow accesses; a fault in the middle shows the state so far. */
static void test_faults(gconstpointer backend)
{
    Fixture *f = fixture_new(backend);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (int kind = 0; kind < 5; kind++) {
        IrVal v[9], bad, r;
        uint64_t start[N_GLOBALS];

        fixture_reset(f);
        memcpy(start, f->cpu->g, sizeof(start));
        ir_insn_start(f->b, 0);
        for (unsigned n = 0; n < 9; n++) {
            v[n] = ir_addi(f->b, ir_get_global(f->b, n % 2 ? 1 + n / 2 : G_M1 + n / 3), n + 1);
        }
        /* all registers change, and two in memory */
        for (unsigned n = 1; n <= 6; n++) {
            ir_set_global(f->b, n, ir_imm(f->b, 100 + n));
        }
        ir_set_global(f->b, G_P7_32, ir_const(f->b, IR_I32, -7));
        ir_set_global(f->b, G_M1, v[8]);
        ir_insn_start(f->b, 2);
        ir_set_global(f->b, G_M2, ir_ld(f->b, ir_imm(f->b, RAM_BASE + 8), IR_MO_64));
        ir_insn_start(f->b, 6);
        bad = ir_imm(f->b, UNMAPPED);
        r = ir_get_global(f->b, 1);
        switch (kind) {
        case 0: r = ir_ld(f->b, bad, IR_MO_32); break;
        case 1: ir_st(f->b, bad, v[0], IR_MO_64); break;
        case 2: r = ir_amo(f->b, IR_AMO_ADD, bad, v[1], IR_MO_64); break;
        case 3: r = ir_cas(f->b, bad, v[1], v[2], IR_MO_64); break;
        case 4: break; /* no fault: the values must have lived */
        }
        ir_set_global(f->b, 1, r);
        for (unsigned n = 0; n < 8; n++) {
            ir_st_env(f->b, n * 8, v[n], IR_MO_64);
        }
        ir_exit_loop(f->b, 10);
        fixture_go(f);
        if (kind == 4) {
            for (unsigned n = 0; n < 8; n++) {
                unsigned g = n % 2 ? 1 + n / 2 : G_M1 + n / 3;
                g_assert_cmphex(f->cpu->env[n], ==, start[g] + n + 1);
            }
            g_assert_cmpuint(f->cpu->tcg.icount, ==, 3);
        } else {
            g_assert_cmpint(f->cpu->raised, ==, 1);
            g_assert_cmphex(f->cpu->raised_pc, ==, CODE_PC + 6);
            g_assert_cmpuint(f->cpu->raised_icount, ==, 2);
            g_assert_cmpuint(f->cpu->tcg.icount, ==, 0);
        }
        for (unsigned n = 1; n <= 6; n++) {
            g_assert_cmphex(f->cpu->g[n], ==, 100 + n);
        }
        g_assert_cmphex((uint32_t)f->cpu->g[G_P7_32], ==, (uint32_t)-7);
        g_assert_cmphex(f->cpu->g[G_M1], ==, start[G_M1 + 2] + 9);
        g_assert_cmphex(f->cpu->g[G_M2], ==, ram_value(f, RAM_BASE + 8, IR_MO_64));
    }
    fixture_free(f);
}

static void test_leave_after_store(gconstpointer backend)
{
    Fixture *f = fixture_new(backend);
    TcgExit exit;

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    /* 0: the store is its instruction's last effect; 1: a global is set after it;
     * 2: it is the last op before the exit */
    for (int kind = 0; kind < 3; kind++) {
        fixture_reset(f);
        f->cpu->leave_after_store = true;
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, 1, ir_imm(f->b, 5));
        ir_insn_start(f->b, 4);
        ir_st(f->b, ir_imm(f->b, RAM_BASE), ir_imm(f->b, 7), IR_MO_32);
        if (kind == 1) {
            ir_set_global(f->b, 2, ir_imm(f->b, 6));
        }
        if (kind < 2) {
            ir_insn_start(f->b, 8);
            ir_set_global(f->b, 1, ir_imm(f->b, 9));
        }
        ir_exit_direct(f->b, 0);
        exit = fixture_go(f);
        g_assert_cmpint(exit.reason, ==, TCG_EXIT_POLL);
        g_assert_cmphex(f->cpu->ram[0], ==, 7);
        g_assert_cmpuint(f->cpu->tcg.exit_after_store, ==, 0);
        g_assert_cmphex(f->cpu->g[1], ==, kind == 1 ? 9 : 5);
        g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + (kind == 0 ? 8 : 0));
        g_assert_cmpuint(f->cpu->tcg.icount, ==, kind == 1 ? 3 : 2);
    }
    fixture_free(f);
}

static void test_atomics(gconstpointer backend)
{
    Fixture *f = fixture_new(backend);
    static const uint64_t values[] = { 0, 1, 0x80000000, UINT64_MAX, 0x7fffffffffffffff };

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (unsigned k = 0; k < ARRAY_SIZE(values) * ARRAY_SIZE(values) * 9 * 4 * 5; k++) {
        IrAmo op = k / 25 % 9;
        unsigned mo = (k / 225 % 2 ? IR_MO_64 : IR_MO_32 | IR_MO_SIGN) | IR_MO_ALIGN;
        bool mapped = k / 450 % 2;
        unsigned dst = dsts[k / 900 % 5];
        uint64_t a = values[k % 5], b = values[k / 5 % 5], want;
        bool narrow = (mo & IR_MO_SIZE) == IR_MO_32;

        fixture_reset(f);
        if (mapped) {
            fixture_map(f, RAM_BASE, true);
            fixture_map(f, RAM_BASE, false);
        }
        memcpy(f->cpu->ram + 16, &a, 8);
        f->cpu->dirty = true;
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, dst, ir_amo(f->b, op, address(f, k % 3, RAM_BASE + 16),
                                        stored(f, k % 4, b), mo));
        ir_exit_loop(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[dst], ==, ir_extend(mo, a));
        if (narrow) {
            a = (int32_t)a;
            b = (int32_t)b;
        }
        switch (op) {
        case IR_AMO_SWAP: want = b; break;
        case IR_AMO_ADD: want = a + b; break;
        case IR_AMO_AND: want = a & b; break;
        case IR_AMO_OR: want = a | b; break;
        case IR_AMO_XOR: want = a ^ b; break;
        case IR_AMO_MIN: want = MIN((int64_t)a, (int64_t)b); break;
        case IR_AMO_MAX: want = MAX((int64_t)a, (int64_t)b); break;
        case IR_AMO_MINU: want = MIN(a, b); break;
        default: want = MAX(a, b); break;
        }
        g_assert_cmphex(ram_value(f, RAM_BASE + 16, mo), ==,
                        ir_extend(mo, want));
    }
    for (unsigned k = 0; k < 25 * 2 * 2 * 5; k++) {
        unsigned mo = (k / 25 % 2 ? IR_MO_64 : IR_MO_32 | IR_MO_SIGN) | IR_MO_ALIGN;
        uint64_t a = values[k % 5], b = values[k / 5 % 5], want;
        unsigned dst = dsts[k / 100];

        fixture_reset(f);
        if (k / 50 % 2) {
            fixture_map(f, RAM_BASE, true);
            fixture_map(f, RAM_BASE, false);
        }
        memcpy(f->cpu->ram + 16, &a, 8);
        f->cpu->dirty = true;
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, dst, ir_cas(f->b, address(f, k % 3, RAM_BASE + 16),
                                        stored(f, k % 4, b), ir_imm(f->b, 77), mo));
        ir_exit_loop(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[dst], ==, ir_extend(mo, a));
        want = ir_extend(mo, a) == ir_extend(mo, b) ? 77 : ir_extend(mo, a);
        g_assert_cmphex(ram_value(f, RAM_BASE + 16, mo), ==, want);
    }
    fixture_free(f);
}

/*
 * Accesses off one base, which backends may check together: saves and loads in one region
 * over a page's end, with each page mapped or not, and with one that faults in between. What
 * is before the fault is done and seen, what is behind it is not.
 */
static void test_groups(gconstpointer backend)
{
    enum { N = 6, STEP = 8 };
    Fixture *f = fixture_new(backend);

    for (unsigned k = 0; f && k < 4 * 6 * 3 * 2; k++) {
        /* where the base is: well inside a page; the group crosses; the RAM ends within it */
        static const uint64_t at[] = { 0x100, 0x1000 - 20, 0x1000 - 3, 0x1000 - STEP * N,
                                       0x1000 - STEP * N + 1, RAM_SIZE - 3 * STEP };
        uint64_t base = RAM_BASE + at[k / 4 % 6], value[N];
        unsigned mapped = k % 4, kind = k / 24 % 3; /* stores, loads, in turn */
        bool moves = k / 72; /* the base register moves before the accesses, as sp does */
        bool ends = at[k / 4 % 6] + N * STEP > RAM_SIZE;
        unsigned done = ends ? 3 : N, expect_slow = 0;
        uint64_t old[N];

        fixture_reset(f);
        for (unsigned n = 0; n < 2 && !ends; n++) {
            if (mapped >> n & 1) {
                fixture_map(f, base + n * (N * STEP - 1), true);
            }
        }
        if (ends && mapped) {
            fixture_map(f, base, true);
        }
        f->cpu->g[1] = base + (moves ? 64 : 0);
        for (unsigned n = 0; n < N; n++) {
            value[n] = f->cpu->g[G_M1] = 0x1122334455667700 + n * 0x0101010101;
            old[n] = n < done ? ram_value(f, base + n * STEP, IR_MO_64) : 0;
        }
        f->cpu->g[G_M1] = value[0];
        ir_insn_start(f->b, 0);
        if (moves) {
            ir_set_global(f->b, 1, ir_addi(f->b, ir_get_global(f->b, 1), -64));
        }
        for (unsigned n = 0; n < N; n++) {
            IrVal a;
            ir_insn_start(f->b, 4 + 4 * n);
            a = ir_addi(f->b, ir_get_global(f->b, 1), n * STEP);
            if (kind == 0 || (kind == 2 && n % 2)) {
                IrVal v = ir_addi(f->b, ir_get_global(f->b, G_M1), n * 0x0101010101);
                ir_st(f->b, a, v, IR_MO_64);
            } else {
                IrVal v = ir_ld(f->b, a, IR_MO_64);
                ir_set_global(f->b, n & 1 ? G_M2 : 2 + n / 2, v);
            }
        }
        ir_exit_loop(f->b, 4 + 4 * N);
        fixture_go(f);
        g_assert_cmpint(f->cpu->raised != 0, ==, ends);
        if (ends) {
            g_assert_cmphex(f->cpu->raised_pc, ==, CODE_PC + 4 + 4 * done);
            g_assert_cmpuint(f->cpu->raised_icount, ==, 1 + done);
        }
        for (unsigned n = 0; n < done; n++) {
            bool store = kind == 0 || (kind == 2 && n % 2);
            uint64_t first = base + n * STEP, last = first + STEP - 1;
            bool inside = (first ^ last) >> TCG_PAGE_BITS == 0;
            bool page = (first ^ base) >> TCG_PAGE_BITS;
            bool there = ends ? mapped : mapped >> page & 1;
            if (!ends && (base ^ (base + N * STEP - 1)) >> TCG_PAGE_BITS == 0) {
                there = mapped;
            }
            expect_slow += !inside || !there;
            g_assert_cmphex(ram_value(f, first, IR_MO_64), ==, store ? value[n] : old[n]);
            if (!store && (n % 2 == 0 || n == done - 1 - done % 2)) {
                g_assert_cmphex(f->cpu->g[n & 1 ? G_M2 : 2 + n / 2], ==, old[n]);
            }
        }
        g_assert_cmpuint(f->cpu->n_slow, ==, expect_slow + ends);
        g_assert_cmphex(f->cpu->g[1], ==, base);
        f->cpu->dirty = true;
    }
    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    fixture_free(f);
}

int main(int argc, char **argv)
{
    static const char *const backends[] = { "interp", "x86_64", "x86_64-baseline",
                                            "x86_64-tier2" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < ARRAY_SIZE(backends); n++) {
        const char *be = backends[n];
        g_autofree char *loads = g_strdup_printf("/tcg/%s/loads", be);
        g_autofree char *stores = g_strdup_printf("/tcg/%s/stores", be);
        g_autofree char *faults = g_strdup_printf("/tcg/%s/faults", be);
        g_autofree char *groups = g_strdup_printf("/tcg/%s/groups", be);
        g_autofree char *leave = g_strdup_printf("/tcg/%s/leave-after-store", be);
        g_autofree char *atomics = g_strdup_printf("/tcg/%s/atomics", be);
        g_test_add_data_func(loads, be, test_loads);
        g_test_add_data_func(stores, be, test_stores);
        g_test_add_data_func(faults, be, test_faults);
        g_test_add_data_func(groups, be, test_groups);
        g_test_add_data_func(leave, be, test_leave_after_store);
        g_test_add_data_func(atomics, be, test_atomics);
    }
    return g_test_run();
}
