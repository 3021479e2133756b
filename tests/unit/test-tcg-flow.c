/*
 * Control flow on each backend: branches, labels and locals, helpers, exits with links,
 * polls, the jump cache and checked entries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg-fixture.h"
#include "tcg/ir-eval.h"

static const uint64_t edges[] = {
    0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 0x80000000, 0x7fffffff,
    0xffffffff, 0x180000000, (uint64_t)INT32_MIN,
};

static Fixture *open_backend(gconstpointer backend)
{
    Fixture *f = fixture_new(backend);

    if (!f) {
        g_test_skip("no such backend on this host");
    }
    return f;
}

/* brcond of every condition, operands in every place; a diamond with a local. */
static void test_branches(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    unsigned n_edges = ARRAY_SIZE(edges);

    for (unsigned k = 0; f && k < 10 * 2 * n_edges * n_edges * 9; k++) {
        IrCond cond = k % 10;
        IrType type = k / 10 % 2;
        uint64_t a = edges[k / 20 % n_edges], b = edges[k / 20 / n_edges % n_edges];
        unsigned place = k / 20 / n_edges / n_edges;
        IrVal x, y;
        IrLabel other, end;
        IrLocal l;
        bool taken;

        fixture_reset(f);
        f->cpu->g[1] = f->cpu->g[G_M1] = a;
        f->cpu->g[2] = f->cpu->g[G_M2] = b;
        ir_insn_start(f->b, 0);
        l = ir_local_new(f->b, IR_I64);
        x = place % 3 == 2 ? ir_imm(f->b, a)
                           : ir_get_global(f->b, place % 3 ? G_M1 : 1);
        y = place / 3 == 2 ? ir_imm(f->b, b)
                           : ir_get_global(f->b, place / 3 ? G_M2 : 2);
        if (type == IR_I32) {
            x = ir_trunc(f->b, x);
            y = ir_trunc(f->b, y);
        }
        other = ir_label_new(f->b);
        end = ir_label_new(f->b);
        ir_brcond(f->b, cond, x, y, other);
        ir_set_local(f->b, l, ir_addi(f->b, ir_get_local(f->b, l), 10));
        ir_br(f->b, end);
        ir_label(f->b, other);
        ir_set_local(f->b, l, ir_addi(f->b, ir_get_local(f->b, l), 20));
        ir_label(f->b, end);
        ir_set_global(f->b, 3, ir_get_local(f->b, l));
        ir_exit_loop(f->b, 4);
        fixture_go(f);
        taken = ir_eval_cond(type, cond, ir_canonical(type, a), ir_canonical(type, b));
        g_assert_cmpuint(f->cpu->g[3], ==, taken ? 20 : 10);
        g_assert_cmpuint(f->cpu->tcg.icount, ==, 1);
    }
    if (f) {
        fixture_free(f);
    }
}

/* Values live on over a branch not taken; many locals; a label reached from two sides. */
static void test_locals(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    enum { N = 70 };
    IrLocal l[N];
    IrLabel skip;
    IrVal v, sum;

    if (!f) {
        return;
    }
    for (int taken = 0; taken < 2; taken++) {
        fixture_reset(f);
        f->cpu->g[1] = taken;
        ir_insn_start(f->b, 0);
        v = ir_addi(f->b, ir_get_global(f->b, 2), 1);
        for (unsigned n = 0; n < N; n++) {
            l[n] = ir_local_new(f->b, n % 2 ? IR_I64 : IR_I32);
            if (n % 3 == 0) {
                ir_set_local(f->b, l[n], n % 2 ? v : ir_trunc(f->b, v));
            }
        }
        skip = ir_label_new(f->b);
        ir_brcond(f->b, IR_NE, ir_get_global(f->b, 1), ir_imm(f->b, 0), skip);
        ir_set_global(f->b, G_M1, ir_addi(f->b, v, 1));
        for (unsigned n = 0; n < N; n += 5) {
            ir_set_local(f->b, l[n], ir_const(f->b, n % 2 ? IR_I64 : IR_I32, 1000));
        }
        ir_label(f->b, skip);
        sum = ir_imm(f->b, 0);
        for (unsigned n = 0; n < N; n++) {
            IrVal x = ir_get_local(f->b, l[n]);
            sum = ir_add(f->b, sum, n % 2 ? x : ir_extend_s(f->b, x));
        }
        ir_set_global(f->b, 3, sum);
        ir_exit_loop(f->b, 4);
        uint64_t want = 0, g2 = f->cpu->g[2] + 1, m1 = f->cpu->g[G_M1];
        for (unsigned n = 0; n < N; n++) {
            uint64_t x = n % 3 == 0 ? g2 : 0;
            if (!taken && n % 5 == 0) {
                x = 1000;
            }
            want += n % 2 ? x : (uint64_t)(int32_t)x;
        }
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[3], ==, want);
        g_assert_cmphex(f->cpu->g[G_M1], ==, taken ? m1 : g2 + 1);
    }
    fixture_free(f);
}

/* A side exit behind the main path counts its own instruction. */
static void test_side_exit(gconstpointer backend)
{
    Fixture *f = open_backend(backend);

    if (!f) {
        return;
    }
    for (int taken = 0; taken < 2; taken++) {
        IrLabel side;

        fixture_reset(f);
        f->cpu->g[1] = taken;
        side = ir_label_new(f->b);
        ir_insn_start(f->b, 0);
        ir_brcond(f->b, IR_EQ, ir_get_global(f->b, 1), ir_imm(f->b, 1), side);
        ir_insn_start(f->b, 4);
        ir_set_global(f->b, 2, ir_imm(f->b, 3));
        ir_insn_start(f->b, 8);
        ir_exit_direct(f->b, 12);
        ir_label(f->b, side);
        ir_exit_direct(f->b, 40);
        fixture_go(f);
        g_assert_cmpuint(f->cpu->tcg.icount, ==, taken ? 1 : 3);
        g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + (taken ? 40 : 12));
    }
    fixture_free(f);
}

/* p1 -= 1; while p1 != 0 again: by a link to itself. */
static TcgCompile compile_countdown(Fixture *f)
{
    IrLabel again = ir_label_new(f->b);
    IrVal v;

    ir_insn_start(f->b, 0);
    v = ir_addi(f->b, ir_get_global(f->b, 1), -1);
    ir_set_global(f->b, 1, v);
    ir_insn_start(f->b, 4);
    ir_brcond(f->b, IR_NE, v, ir_imm(f->b, 0), again);
    ir_exit_direct(f->b, 8);
    ir_label(f->b, again);
    ir_exit_direct(f->b, 0);
    return fixture_compile(f, CODE_PC);
}

static void test_links(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    TcgCompile c;
    TcgExit exit;

    if (!f) {
        return;
    }
    fixture_reset(f);
    c = compile_countdown(f);
    g_assert_cmpint(c.n_links, ==, 2);
    g_assert_cmpint(c.links[0].pc_delta, ==, 8);
    g_assert_cmpint(c.links[1].pc_delta, ==, 0);
    g_assert_false(c.links[1].cross_page);
    f->cpu->g[1] = 1000;
    exit = fixture_run(f, c.entry);
    g_assert_cmpint(exit.reason, ==, TCG_EXIT_LINK);
    g_assert_true(exit.region == f);
    g_assert_cmpuint(exit.link, ==, 1);
    g_assert_cmpuint(f->cpu->g[1], ==, 999);
    g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC);
    tcg_link_set(f->ctx, &f->buf, &c.links[1], c.entry);
    exit = fixture_run(f, c.entry);
    g_assert_cmpint(exit.reason, ==, TCG_EXIT_LINK);
    g_assert_cmpuint(exit.link, ==, 0);
    g_assert_cmpuint(f->cpu->g[1], ==, 0);
    g_assert_cmpuint(f->cpu->tcg.icount, ==, 2000);
    g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + 8);
    /* a request stops the loop */
    f->cpu->tcg.exit_request = 1;
    f->cpu->g[1] = 1000;
    f->cpu->g[G_PC] = CODE_PC;
    exit = fixture_run(f, c.entry);
    g_assert_cmpint(exit.reason, ==, TCG_EXIT_POLL);
    g_assert_cmpuint(f->cpu->g[1], ==, 999);
    g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC);
    f->cpu->tcg.exit_request = 0;
    tcg_link_set(f->ctx, &f->buf, &c.links[1], NULL);
    exit = fixture_run(f, c.entry);
    g_assert_cmpint(exit.reason, ==, TCG_EXIT_LINK);
    g_assert_cmpuint(f->cpu->g[1], ==, 998);
    fixture_free(f);
}

/* A poll behind an instruction: what it did is done and counted, the rest is not. */
static void test_poll_within(gconstpointer backend)
{
    Fixture *f = open_backend(backend);

    for (int asked = 0; f && asked < 2; asked++) {
        fixture_reset(f);
        f->cpu->tcg.exit_request = asked;
        f->cpu->tcg.icount = 100;
        f->cpu->g[1] = 7;
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, 2, ir_addi(f->b, ir_get_global(f->b, 1), 1));
        ir_set_global(f->b, G_M1, ir_get_global(f->b, 1));
        ir_poll(f->b, 4);
        ir_insn_start(f->b, 4);
        ir_set_global(f->b, 3, ir_add(f->b, ir_get_global(f->b, 2), ir_get_global(f->b, G_M1)));
        ir_set_global(f->b, G_M1, ir_imm(f->b, 5));
        ir_exit_loop(f->b, 8);
        uint64_t old = f->cpu->g[3];
        TcgExit exit = fixture_go(f);
        g_assert_cmpint(exit.reason, ==, TCG_EXIT_POLL);
        g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + (asked ? 4 : 8));
        g_assert_cmpuint(f->cpu->tcg.icount, ==, asked ? 101 : 102);
        g_assert_cmphex(f->cpu->g[2], ==, 8);
        g_assert_cmphex(f->cpu->g[3], ==, asked ? old : 15);
        g_assert_cmphex(f->cpu->g[G_M1], ==, asked ? 7 : 5);
    }
    if (f) {
        fixture_free(f);
    }
}

/* A forward exit within the page goes on without a poll; one out of it polls. */
static void test_polls(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    static const struct {
        int64_t delta;
        bool polls;
    } t[] = { { 8, false }, { 4, true }, { 0, true }, { -8, true }, { 0x1000, true },
              { 0xff0, true }, { 0xfee, false }, { -0x20, true } };

    for (unsigned k = 0; f && k < ARRAY_SIZE(t); k++) {
        TcgExit exit;

        fixture_reset(f);
        f->cpu->tcg.exit_request = 1;
        ir_insn_start(f->b, 0);
        ir_insn_start(f->b, 4);
        ir_exit_direct(f->b, t[k].delta);
        exit = fixture_go(f);
        g_assert_cmpint(exit.reason, ==, t[k].polls ? TCG_EXIT_POLL : TCG_EXIT_LINK);
        g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + t[k].delta);
        g_assert_cmpint(f->last.links[0].cross_page, ==,
                        t[k].delta >= 0xff0 || t[k].delta < -0x10);
    }
    if (f) {
        fixture_free(f);
    }
}

/* A region that adds 1 to p2 and leaves to the loop. */
static TcgCompile compile_target(Fixture *f, uint64_t pc)
{
    ir_insn_start(f->b, 0);
    ir_set_global(f->b, 2, ir_addi(f->b, ir_get_global(f->b, 2), 1));
    ir_exit_loop(f->b, 4);
    return fixture_compile(f, pc);
}

static void test_indirect(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    enum { TARGET = 0x37ff8 };
    static const uint8_t from[] = { 1, G_M1 };

    for (unsigned k = 0; f && k < 2 * 7; k++) {
        unsigned src = from[k % 2], kind = k / 2;
        TcgCompile target, c;
        TcgExit exit;

        fixture_reset(f);
        target = compile_target(f, TARGET);
        ir_insn_start(f->b, 0);
        ir_exit_indirect(f->b, ir_get_global(f->b, src));
        c = fixture_compile(f, CODE_PC);
        f->cpu->g[src] = TARGET;
        f->cpu->g[2] = 10;
        if (kind != 1) {
            fixture_map_fetch(f, TARGET);
        }
        if (kind != 2) {
            fixture_cache_jump(f, TARGET, target.checked_entry, kind == 6);
        }
        if (kind == 3) {
            f->cpu->tcg.mode = 6;
        } else if (kind == 4) {
            f->cpu->tcg.exit_request = 1;
        } else if (kind == 5) { /* another physical page */
            f->cpu->tcg.fetch_view->entry[tcg_fetch_index(TARGET)].phys_page += 0x1000;
        }
        exit = fixture_run(f, c.entry);
        if (kind == 0 || kind == 6) {
            g_assert_cmpuint(f->cpu->g[2], ==, 11);
            g_assert_cmphex(f->cpu->g[G_PC], ==, TARGET + 4);
            g_assert_cmpuint(f->cpu->tcg.icount, ==, 2);
        } else {
            g_assert_cmpuint(f->cpu->g[2], ==, 10);
            g_assert_cmphex(f->cpu->g[G_PC], ==, TARGET);
            g_assert_cmpuint(f->cpu->tcg.icount, ==, 1);
            g_assert_cmpint(exit.reason, ==, kind == 4 ? TCG_EXIT_POLL : TCG_EXIT_LOOKUP);
        }
    }
    if (f) {
        fixture_free(f);
    }
}

/* A region over two pages is entered only if both are mapped as they were. */
static void test_two_pages(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    enum { PC = 0x20ffe };

    for (unsigned kind = 0; f && kind < 3; kind++) {
        TcgCompile c;
        bool ok;

        fixture_reset(f);
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, 2, ir_imm(f->b, 1));
        ir_exit_loop(f->b, 4);
        c = (TcgCompile){
            .ir = ir_builder_code(f->b), .phys_page = 0x80020000, .phys_page2 = 0x80021000,
            .mode = 5, .page_offset = 0xffe, .region = f,
        };
        ok = tcg_compile(f->ctx, &c, &f->buf, f->used, f->end - f->used);
        g_assert_true(ok);
        fixture_map_fetch(f, PC);
        if (kind != 1) {
            fixture_map_fetch(f, PC + 4);
        }
        if (kind == 2) {
            f->cpu->tcg.fetch_view->entry[tcg_fetch_index(PC + 4)].phys_page ^= 0x1000;
        }
        f->cpu->g[G_PC] = PC;
        f->cpu->g[2] = 0;
        fixture_run(f, c.checked_entry);
        g_assert_cmpuint(f->cpu->g[2], ==, kind == 0);
        g_assert_cmphex(f->cpu->g[G_PC], ==, kind ? PC : PC + 4);
    }
    if (f) {
        fixture_free(f);
    }
}

/* More direct exits than links: the rest lead to a lookup. */
static void test_many_exits(gconstpointer backend)
{
    Fixture *f = open_backend(backend);

    for (unsigned k = 0; f && k < 12; k++) {
        TcgExit exit;

        fixture_reset(f);
        ir_insn_start(f->b, 0);
        for (unsigned n = 0; n < 11; n++) {
            IrLabel next = ir_label_new(f->b);
            ir_brcond(f->b, IR_NE, ir_get_global(f->b, 1), ir_imm(f->b, n), next);
            ir_exit_direct(f->b, 4 + 4 * n);
            ir_label(f->b, next);
        }
        ir_exit_direct(f->b, 4 + 4 * 11);
        f->cpu->g[1] = k;
        exit = fixture_go(f);
        g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + 4 + 4 * k);
        unsigned max = f->tier == 2 ? 12 : TCG_MAX_LINKS_BLOCK;
        g_assert_cmpint(f->last.n_links, ==, max);
        g_assert_cmpint(exit.reason, ==,
                        k < max ? TCG_EXIT_LINK : TCG_EXIT_LOOKUP);
        g_assert_cmpuint(exit.link, ==, k < max ? k : 0);
    }
    if (f) {
        fixture_free(f);
    }
}

/* --- helpers --- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    return (a ^ b) * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static uint64_t h_five(CpuState *cpu, uint64_t a, uint32_t b, uint64_t c, uint32_t d,
                       uint64_t e)
{
    return mix(mix(mix(mix(a, b), c), d), e);
}

static uint32_t h_low(CpuState *cpu, uint64_t a)
{
    return a * 3;
}

static uint64_t sum_globals(CpuState *cpu)
{
    uint64_t s = 0;

    for (unsigned n = 1; n < N_GLOBALS; n++) {
        s = mix(s, ir_canonical(fixture_type(n), cpu->g[n]));
    }
    return s;
}

static uint64_t h_read(CpuState *cpu)
{
    cpu->n_calls++;
    return sum_globals(cpu) + cpu->g[G_PC] + cpu->tcg.pending_icount;
}

static void h_write(CpuState *cpu, uint64_t v)
{
    cpu->n_calls++;
    for (unsigned n = 1; n < N_GLOBALS; n++) {
        cpu->g[n] = v + n;
    }
}

static void h_set_pc(CpuState *cpu, uint64_t pc)
{
    cpu->g[G_PC] = pc;
}

static void h_fault(CpuState *cpu)
{
    fixture_raise(cpu, 9);
}

#define I IR_I32
#define L IR_I64
static const IrHelper five = { "five", h_five, IR_CALL_PURE, L, 5, { L, I, L, I, L } };
static const IrHelper low = { "low", h_low, 0, I, 1, { L } };
static const IrHelper reader = { "read", h_read, IR_CALL_READS_GLOBALS, L, 0, {} };
static const IrHelper writer = {
    "write", h_write, IR_CALL_READS_GLOBALS | IR_CALL_WRITES_GLOBALS, -1, 1, { L }
};
static const IrHelper set_pc = { "set_pc", h_set_pc, IR_CALL_WRITES_GLOBALS, -1, 1, { L } };
static const IrHelper fault = { "fault", h_fault, IR_CALL_FAULTS, -1, 0, {} };
#undef I
#undef L

/* Arguments from everywhere, in every rotation of the registers they come from. */
static void test_call_args(gconstpointer backend)
{
    Fixture *f = open_backend(backend);

    for (unsigned k = 0; f && k < 16 * 16 * 5; k++) {
        IrVal pool[16], args[5], r, first;
        uint64_t val[16], a[5];

        fixture_reset(f);
        ir_insn_start(f->b, 0);
        for (unsigned n = 0; n < 6; n++) { /* pinned */
            pool[n] = ir_get_global(f->b, 1 + n);
            val[n] = f->cpu->g[1 + n];
        }
        pool[6] = ir_extend_s(f->b, ir_get_global(f->b, G_P7_32));
        val[6] = fixture_global(f, G_P7_32);
        for (unsigned n = 7; n < 9; n++) { /* memory */
            pool[n] = ir_get_global(f->b, G_M1 + n - 7);
            val[n] = f->cpu->g[G_M1 + n - 7];
        }
        pool[9] = ir_imm(f->b, 0x123456789a);
        val[9] = 0x123456789a;
        for (unsigned n = 10; n < 15; n++) { /* temporaries */
            pool[n] = ir_addi(f->b, pool[n - 10], 5);
            val[n] = val[n - 10] + 5;
        }
        pool[15] = ir_extend_u(f->b, ir_get_global(f->b, G_M5_32));
        val[15] = (uint32_t)f->cpu->g[G_M5_32];
        /* some of them live on after the call */
        first = pool[10 + k % 5];
        for (unsigned n = 0; n < 5; n++) {
            unsigned from = k < 600 ? 10 + (k * 7 + n * (1 + k % 4)) % 5
                                    : (k * 3 + n * (1 + k / 16 % 16)) % 16;
            args[n] = n == 1 || n == 3 ? ir_trunc(f->b, pool[from]) : pool[from];
            a[n] = val[from];
        }
        r = ir_call(f->b, &five, 5, args);
        ir_set_global(f->b, k % 2 ? 3 : G_M3, r);
        if (k % 3) {
            ir_set_global(f->b, G_M4, first);
        }
        ir_exit_loop(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[k % 2 ? 3 : G_M3], ==,
                        h_five(NULL, a[0], a[1], a[2], a[3], a[4]));
        if (k % 3) {
            g_assert_cmphex(f->cpu->g[G_M4], ==, val[10 + k % 5]);
        }
        for (unsigned n = 1; n <= 6; n++) {
            if (n != 3) {
                g_assert_cmphex(f->cpu->g[n], ==, val[n - 1]);
            }
        }
    }
    if (f) {
        fixture_free(f);
    }
}

/* What helpers see of the globals, and what becomes of values when they change them. */
static void test_call_globals(gconstpointer backend)
{
    Fixture *f = open_backend(backend);
    IrVal old1, old_m1, old_sum, v;
    uint64_t want;

    if (!f) {
        return;
    }
    fixture_reset(f);
    uint64_t p1 = f->cpu->g[1], m1 = f->cpu->g[G_M1], p2 = f->cpu->g[2];
    ir_insn_start(f->b, 0);
    old1 = ir_get_global(f->b, 1);
    old_m1 = ir_get_global(f->b, G_M1);
    old_sum = ir_add(f->b, old1, ir_get_global(f->b, 2));
    ir_set_global(f->b, 4, ir_imm(f->b, 44));
    ir_set_global(f->b, G_P7_32, ir_const(f->b, IR_I32, -3));
    ir_set_global(f->b, G_M6_32, ir_const(f->b, IR_I32, -4));
    ir_insn_start(f->b, 4);
    v = ir_call(f->b, &reader, 0, NULL);
    ir_st_env(f->b, 0, v, IR_MO_64);
    v = ir_imm(f->b, 500);
    ir_call(f->b, &writer, 1, &v);
    ir_st_env(f->b, 8, old1, IR_MO_64);
    ir_st_env(f->b, 16, old_m1, IR_MO_64);
    ir_st_env(f->b, 24, old_sum, IR_MO_64);
    ir_st_env(f->b, 32, ir_get_global(f->b, 1), IR_MO_64);
    ir_st_env(f->b, 40, ir_get_global(f->b, G_M1), IR_MO_64);
    v = ir_call(f->b, &low, 1, &old_sum);
    ir_st_env(f->b, 48, ir_extend_s(f->b, v), IR_MO_64);
    ir_exit_loop(f->b, 8);
    TcgCompile c = fixture_compile(f, CODE_PC);
    f->cpu->g[4] = 44;
    f->cpu->g[G_P7_32] = (uint32_t)-3;
    f->cpu->g[G_M6_32] = (uint32_t)-4;
    want = sum_globals(f->cpu) + CODE_PC + 4 + 1;
    f->cpu->g[4] = 0;
    f->cpu->g[G_P7_32] = f->cpu->g[G_M6_32] = 0;
    f->cpu->g[G_PC] = CODE_PC;
    fixture_run(f, c.entry);
    g_assert_cmpuint(f->cpu->n_calls, ==, 2);
    g_assert_cmphex(f->cpu->env[0], ==, want);
    g_assert_cmphex(f->cpu->env[1], ==, p1);
    g_assert_cmphex(f->cpu->env[2], ==, m1);
    g_assert_cmphex(f->cpu->env[3], ==, p1 + p2);
    g_assert_cmphex(f->cpu->env[4], ==, 501);
    g_assert_cmphex(f->cpu->env[5], ==, 500 + G_M1);
    g_assert_cmphex(f->cpu->env[6], ==, (int32_t)((p1 + p2) * 3));
    for (unsigned n = 1; n < N_GLOBALS; n++) {
        g_assert_cmphex(f->cpu->g[n], ==, 500 + n);
    }
    g_assert_cmphex(f->cpu->g[G_PC], ==, CODE_PC + 8);

    /* a helper that sets the pc */
    fixture_reset(f);
    ir_insn_start(f->b, 0);
    ir_set_global(f->b, 3, ir_imm(f->b, 33));
    v = ir_imm(f->b, 0x777000);
    ir_call(f->b, &set_pc, 1, &v);
    ir_exit_env(f->b);
    TcgExit exit = fixture_go(f);
    g_assert_cmpint(exit.reason, ==, TCG_EXIT_POLL);
    g_assert_cmphex(f->cpu->g[G_PC], ==, 0x777000);
    g_assert_cmphex(f->cpu->g[3], ==, 33);
    g_assert_cmpuint(f->cpu->tcg.icount, ==, 1);

    /* one that raises */
    fixture_reset(f);
    ir_insn_start(f->b, 0);
    ir_set_global(f->b, 1, ir_imm(f->b, 11));
    ir_insn_start(f->b, 4);
    ir_call(f->b, &fault, 0, NULL);
    ir_set_global(f->b, 1, ir_imm(f->b, 12));
    ir_exit_loop(f->b, 8);
    fixture_go(f);
    g_assert_cmpint(f->cpu->raised, ==, 9);
    g_assert_cmphex(f->cpu->raised_pc, ==, CODE_PC + 4);
    g_assert_cmpuint(f->cpu->raised_icount, ==, 1);
    g_assert_cmphex(f->cpu->g[1], ==, 11);
    fixture_free(f);
}

/* Fill the buffer's rest: compile refuses what does not fit. */
static void test_no_room(gconstpointer backend)
{
    Fixture *f = open_backend(backend);

    for (size_t room = 0; f && room < 10000; room += 97) {
        TcgCompile c = { .phys_page2 = TCG_TAG_INVALID, .region = f };
        size_t at = f->used + 5;
        bool ok;

        fixture_reset(f);
        ir_insn_start(f->b, 0);
        for (unsigned n = 0; n < 30; n++) {
            ir_set_global(f->b, 1 + n % 6, ir_ld(f->b, ir_get_global(f->b, 1), IR_MO_64));
        }
        ir_exit_direct(f->b, 4);
        c.ir = ir_builder_code(f->b);
        at = f->used + 5;
        memset(f->buf.rw + at + room, 0x5a, 64);
        ok = tcg_compile(f->ctx, &c, &f->buf, at, room);
        g_assert_true(!ok || c.code_size + c.cold_size <= room);
        g_assert_cmpint(f->buf.rw[at + room], ==, 0x5a);
        g_assert_cmpint(f->buf.rw[at + room + 63], ==, 0x5a);
        g_assert_true(ok || room < 9500);
    }
    if (f) {
        fixture_free(f);
    }
}

/* Every table of the builder run full: a flag, and nothing else happens. */
static void test_overflow(void)
{
    IrBuilder *b = ir_builder_new(fixture_globals, N_GLOBALS, G_PC);
    IrVal args[5] = { 0 };

    for (unsigned kind = 0; kind < 5; kind++) {
        bool warned = false;

        ir_builder_reset(b);
        g_assert_false(ir_builder_nearly_full(b));
        ir_insn_start(b, 0);
        for (unsigned n = 0; n < 20000; n++) {
            IrVal v = ir_get_global(b, 1);
            switch (kind) {
            case 0: ir_set_global(b, 1, ir_addi(b, v, n + 1)); break;
            case 1: ir_st(b, v, v, IR_MO_64); break;
            case 2:
                args[0] = args[2] = args[4] = v;
                args[1] = args[3] = ir_trunc(b, v);
                ir_call(b, &five, 5, args);
                break;
            case 3: ir_set_local(b, ir_local_new(b, IR_I64), v); break;
            case 4: ir_brcond(b, IR_EQ, v, ir_imm(b, n), ir_label_new(b)); break;
            }
            warned |= ir_builder_nearly_full(b) && !ir_builder_code(b)->overflow;
        }
        g_assert_true(warned);
        g_assert_true(ir_builder_code(b)->overflow);
        g_autofree char *fault = ir_verify(ir_builder_code(b), N_GLOBALS);
        g_assert_nonnull(fault);
    }
    ir_builder_free(b);
}

/* The verifier names what is wrong. */
static void test_verify(void)
{
    static const char *const faults[] = {
        "runs off its end", "not defined in this block", "is not bound", "bound twice",
        "after a set_global", "before the first insn_start", "wrong type", "branch back",
    };
    IrBuilder *b = ir_builder_new(fixture_globals, N_GLOBALS, G_PC);

    for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++) {
        IrVal v;
        IrLabel l;

        ir_builder_reset(b);
        if (kind != 5) {
            ir_insn_start(b, 0);
        }
        v = ir_addi(b, ir_get_global(b, 1), 1);
        l = ir_label_new(b);
        switch (kind) {
        case 1:
            ir_label(b, l);
            ir_set_global(b, 1, v);
            break;
        case 2: ir_brcond(b, IR_EQ, v, ir_imm(b, 5), l); break;
        case 3:
            ir_label(b, l);
            ir_label(b, l);
            break;
        case 4:
            ir_set_global(b, 1, v);
            ir_st(b, v, v, IR_MO_8);
            break;
        case 5: ir_ld(b, v, IR_MO_8); break;
        case 6: ir_set_global(b, G_P7_32, v); break;
        case 7:
            ir_label(b, l);
            ir_brcond(b, IR_EQ, ir_get_global(b, 1), ir_imm(b, 5), l);
            break;
        }
        if (kind) {
            ir_exit_loop(b, 4);
        }
        g_autofree char *fault = ir_verify(ir_builder_code(b), N_GLOBALS);
        g_assert_nonnull(fault);
        g_assert_nonnull(strstr(fault, faults[kind]));
    }
    ir_builder_free(b);
}

int main(int argc, char **argv)
{
    static const char *const backends[] = { "interp", "x86_64", "x86_64-baseline",
                                            "x86_64-tier2" };
    static const struct {
        const char *name;
        GTestDataFunc fn;
    } tests[] = {
        { "branches", test_branches },   { "locals", test_locals },
        { "side-exit", test_side_exit }, { "links", test_links },
        { "polls", test_polls },         { "poll-within", test_poll_within },
               { "indirect", test_indirect },
        { "two-pages", test_two_pages }, { "many-exits", test_many_exits },
        { "call-args", test_call_args }, { "call-globals", test_call_globals },
        { "no-room", test_no_room },
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/ir/overflow", test_overflow);
    g_test_add_func("/tcg/ir/verify", test_verify);
    for (unsigned n = 0; n < ARRAY_SIZE(backends); n++) {
        for (unsigned k = 0; k < ARRAY_SIZE(tests); k++) {
            g_autofree char *path = g_strdup_printf("/tcg/%s/%s", backends[n], tests[k].name);
            g_test_add_data_func(path, backends[n], tests[k].fn);
        }
    }
    return g_test_run();
}
