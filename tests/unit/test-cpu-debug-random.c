/*
 * Random debugging of random programs on the toy CPU, on every backend. A program that loops,
 * calls, crosses pages and writes over its own code is run by a plain interpreter; its trace
 * says what each stop must be: where, why, and after how many instructions. With all of that
 * done to it, the program ends as if nobody had looked.
 *
 * "-m slow" makes 100,000 operations.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "tests/unit/debug-session.h"
#include "toy-cpu.h"

enum { CODE = 0x1f02, SUBS = 0x3fe2, DATA = 0x8ff0, IMAGE_SIZE = 0xa000, OUTER = DATA - 0x1000 };
enum { SITES = 24, WATCHES = 4, TRACE_MAX = 40000 };

typedef struct Step {
    uint64_t pc;
    uint64_t addr;    /* of its access */
    unsigned size;    /* 0: none */
    unsigned access;  /* CpuWatch bits */
} Step;

typedef struct Final {
    uint64_t r[TOY_REGS];
    char *memory;     /* checksum */
} Final;

static struct {
    uint8_t image[IMAGE_SIZE];
    Step trace[TRACE_MAX];
    unsigned n_trace;      /* the last is HALT */
    Final final;
    /* the session */
    unsigned at;           /* next instruction, as index of the trace */
    uint64_t icount;       /* when it was 0 */
    bool at_stop;          /* it has not run since it stopped at stop_pc */
    uint64_t stop_pc;
    GHashTable *breaks;
    struct { uint64_t addr, len; CpuWatch kind; } watch[WATCHES];
    unsigned n_watches;
} s;

static ToyCpu *cpu0(void)
{
    return toy.cpu[0];
}

static int pick(int first, int last)
{
    return g_test_rand_int_range(first, last + 1);
}

/* ---- Programs: r2 = 0, r3 counts inner loops, r4 r6 are for addresses and code words, r5
 *      is the data's base, r7 the link; r0 and r1 are computed with ---- */

/* One instruction. */
static uint64_t put_plain_access(uint64_t at)
{
    static const ToyOp ops[] = { TOY_LD, TOY_ST, TOY_LD32, TOY_ST32, TOY_ST8 };
    ToyOp op = ops[pick(0, ARRAY_SIZE(ops) - 1)];

    return toy_put(at, op, pick(0, 1), 5, pick(-16, 40));
}

static uint64_t put_access(uint64_t at)
{
    if (pick(0, 4)) {
        return put_plain_access(at);
    }
    at = toy_put(at, TOY_LI, 4, 0, (DATA >> 4) + pick(0, 2));
    at = toy_put(at, TOY_SHLI, 4, 0, 4);
    return toy_put(at, pick(0, 1) ? TOY_AMOADD : TOY_CAS, pick(0, 1), 4, 0);
}

/* Write "r0 += k" over an instruction that does the like: an earlier one or the next. */
static uint64_t put_patch(uint64_t at, uint64_t *sites, unsigned *n_sites)
{
    uint64_t next = at + 4 * 5;
    uint64_t site = *n_sites && pick(0, 1) ? sites[pick(0, *n_sites - 1)] : next;

    at = toy_put(at, TOY_LI, 4, 0, site);
    at = toy_put(at, TOY_LI, 6, 0, pick(1, 99));
    at = toy_put(at, TOY_SHLI, 6, 0, 16);
    at = toy_put(at, TOY_ADDI, 6, 0, TOY_ADDI);
    at = toy_put(at, TOY_ST32, 6, 4, 0);
    if (*n_sites < SITES) {
        sites[(*n_sites)++] = at;
    }
    return toy_put(at, TOY_ADDI, 0, 0, 1);
}

static uint64_t put_piece(uint64_t at, uint64_t *sites, unsigned *n_sites)
{
    switch (pick(0, 9)) {
    case 0:
        return put_patch(at, sites, n_sites);
    case 1:
        at = toy_put(at, TOY_BNE, 0, 1, 12);
        at = toy_put(at, TOY_ADDI, 1, 0, pick(-5, 5));
        return put_plain_access(at);
    case 2:
        return toy_put(at, TOY_JAL, 7, 0, SUBS + 20 * pick(0, 2) - at);
    case 3: {
        at = toy_put(at, TOY_LI, 3, 0, pick(1, 6));
        uint64_t loop = at;
        for (int n = pick(0, 3); n > 0; n--) {
            at = put_access(at);
        }
        at = toy_put(at, TOY_ADDI, 3, 0, -1);
        return toy_put(at, TOY_BNE, 3, 2, loop - at);
    }
    case 4:
    case 5:
    case 6:
        return put_access(at);
    default:
        return toy_put(at, TOY_ADD, pick(0, 1), pick(0, 1), 0);
    }
}

static void make_program(void)
{
    uint64_t sites[SITES], at = CODE;
    unsigned n_sites = 0;

    memset(s.image, 0, sizeof(s.image));
    address_space_write_rom(&toy.as, 0, s.image, 0x5000);
    while (at < 0x3080) {
        at = put_piece(at, sites, &n_sites);
    }
    at = toy_put(at, TOY_LD, 4, 5, OUTER - DATA);
    at = toy_put(at, TOY_ADDI, 4, 0, -1);
    at = toy_put(at, TOY_ST, 4, 5, OUTER - DATA);
    at = toy_put(at, TOY_BNE, 4, 2, CODE - at);
    toy_put(at, TOY_HALT, 0, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        at = SUBS + 20 * i;
        at = toy_put(at, TOY_ADDI, 1, 0, i + 1);
        at = put_access(at);
        toy_put(at, TOY_JR, 7, 0, 0);
    }
    for (unsigned i = 0; i < 16; i++) {
        toy_write(DATA - 32 + 8 * i, i * UINT64_C(0x0102030405060708));
    }
    toy_write(OUTER, 3);
    address_space_read(&toy.as, 0, MEMTXATTRS_CPU, s.image, sizeof(s.image));
}

/* To the beginning, with all that was written. */
static void rewind_program(void)
{
    ToyCpu *c = cpu0();

    address_space_write_rom(&toy.as, 0, s.image, sizeof(s.image));
    memset(c->r, 0, sizeof(c->r));
    c->r[5] = DATA;
    c->pc = CODE;
    c->done = 0;
    c->parent.halted = 0;
    s.at = 0;
    s.icount = c->parent.tcg.icount;
}

static void check_final(void)
{
    g_autofree uint8_t *memory = g_malloc(IMAGE_SIZE);

    address_space_read(&toy.as, 0, MEMTXATTRS_CPU, memory, IMAGE_SIZE);
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, memory, IMAGE_SIZE);
    g_assert_cmpmem(cpu0()->r, sizeof(s.final.r), s.final.r, sizeof(s.final.r));
    g_assert_cmpstr(sum, ==, s.final.memory);
}

/* ---- The reference: an interpreter of the toy's instructions ---- */

typedef struct Ref {
    uint64_t r[TOY_REGS], pc;
    uint8_t memory[IMAGE_SIZE];
} Ref;

static uint64_t ref_load(const Ref *m, const Step *t)
{
    uint64_t value = 0;

    g_assert_cmphex(t->addr + t->size, <=, IMAGE_SIZE);
    memcpy(&value, &m->memory[t->addr], t->size);
    return value;
}

static void ref_store(Ref *m, const Step *t, uint64_t value)
{
    g_assert_cmphex(t->addr + t->size, <=, IMAGE_SIZE);
    memcpy(&m->memory[t->addr], &value, t->size);
}

/* False: it was HALT. */
static bool ref_step(Ref *m, Step *t)
{
    enum { RD = CPU_WATCH_READ, WR = CPU_WATCH_WRITE };
    uint32_t insn;

    memcpy(&insn, &m->memory[m->pc], 4);
    unsigned op = insn & 0xff;
    uint64_t *ra = &m->r[insn >> 8 & 7], rb = m->r[insn >> 12 & 7];
    int64_t imm = (int32_t)insn >> 16;
    uint64_t next = m->pc + 4, old;
    *t = (Step){ .pc = m->pc, .addr = rb + imm };
    switch (op) {
    case TOY_HALT:
        return false;
    case TOY_LI:
        *ra = imm;
        break;
    case TOY_ADDI:
        *ra += imm;
        break;
    case TOY_ADD:
        *ra += rb;
        break;
    case TOY_SHLI:
        *ra <<= imm;
        break;
    case TOY_LD:
    case TOY_LD32:
        t->size = op == TOY_LD ? 8 : 4;
        t->access = RD;
        *ra = ref_load(m, t);
        break;
    case TOY_ST:
    case TOY_ST32:
    case TOY_ST8:
        t->size = op == TOY_ST ? 8 : op == TOY_ST32 ? 4 : 1;
        t->access = WR;
        ref_store(m, t, *ra);
        break;
    case TOY_AMOADD:
    case TOY_CAS:
        *t = (Step){ m->pc, rb, 8, RD | WR };
        old = ref_load(m, t);
        if (op == TOY_AMOADD) {
            ref_store(m, t, old + *ra);
        } else if (old == *ra) {
            ref_store(m, t, m->r[7]);
        }
        *ra = old;
        break;
    case TOY_J:
        next = m->pc + imm;
        break;
    case TOY_BNE:
        next = *ra != rb ? m->pc + imm : next;
        break;
    case TOY_JAL:
        *ra = next;
        next = m->pc + imm;
        break;
    case TOY_JR:
        next = *ra;
        break;
    default:
        g_assert_not_reached();
    }
    m->pc = next;
    return true;
}

static void make_trace(void)
{
    g_autofree Ref *m = g_new0(Ref, 1);

    memcpy(m->memory, s.image, IMAGE_SIZE);
    m->r[5] = DATA;
    m->pc = CODE;
    s.n_trace = 0;
    do {
        g_assert_cmpuint(s.n_trace, <, TRACE_MAX);
    } while (ref_step(m, &s.trace[s.n_trace++]));
    memcpy(s.final.r, m->r, sizeof(m->r));
    s.final.memory = g_compute_checksum_for_data(G_CHECKSUM_SHA256, m->memory, IMAGE_SIZE);
}

/* ---- What must happen ---- */

static int watch_hit(const Step *t)
{
    for (unsigned i = 0; i < s.n_watches; i++) {
        if ((s.watch[i].kind & t->access) && t->addr < s.watch[i].addr + s.watch[i].len &&
            s.watch[i].addr < t->addr + t->size) {
            return i;
        }
    }
    return -1;
}

/* Run from s.at until a stop, or for at most @steps: what for, and where to. */
static CpuDebugReason expect(unsigned steps, unsigned *ret_at, int *ret_watch)
{
    bool pass = s.at_stop && s.stop_pc == s.trace[s.at].pc;

    for (unsigned i = s.at; i < s.n_trace; i++) {
        const Step *t = &s.trace[i];

        *ret_at = i;
        if (steps > 1 && !(i == s.at && pass) &&
            g_hash_table_contains(s.breaks, GUINT_TO_POINTER(t->pc))) {
            return CPU_DEBUG_BREAKPOINT;
        }
        *ret_at = i + 1;
        *ret_watch = watch_hit(t);
        if (*ret_watch >= 0) {
            return CPU_DEBUG_WATCHPOINT;
        }
        if (steps == 1) {
            return CPU_DEBUG_STEP;
        }
    }
    return CPU_DEBUG_NONE;
}

static bool is_done(void)
{
    return atomic_load_acquire(&cpu0()->done);
}

static void check_place(unsigned at)
{
    const CpuState *cpu = &cpu0()->parent;

    s.at = at;
    g_assert_cmpuint(cpu->tcg.icount - s.icount, ==, at);
    if (at < s.n_trace) {
        g_assert_cmphex(cpu0()->pc, ==, s.trace[at].pc);
    }
}

static void check_debug_stop(CpuDebugReason reason, unsigned at, int watch)
{
    const CpuDebugStop *stop = cpu_debug_stop(&cpu0()->parent);

    g_assert_cmpint(stop->reason, ==, reason);
    check_place(at);
    s.at_stop = true;
    s.stop_pc = cpu0()->pc;
    if (reason == CPU_DEBUG_WATCHPOINT) {
        g_assert_cmphex(stop->addr, ==, MAX(s.watch[watch].addr, s.trace[at - 1].addr));
        g_assert_cmpint(stop->access, ==, s.watch[watch].kind);
    } else {
        g_assert_cmphex(stop->addr, ==, cpu0()->pc);
    }
}

/* The program has ended, or is abandoned: begin again. */
static void begin_again(void)
{
    if (s.at == s.n_trace) {
        check_final();
    }
    rewind_program();
}

/* ---- Operations ---- */

static void do_break(void)
{
    uint64_t pc = s.trace[pick(0, s.n_trace - 1)].pc + (pick(0, 9) ? 0 : 2);

    if (g_hash_table_remove(s.breaks, GUINT_TO_POINTER(pc))) {
        debug_remove(0, pc);
    } else {
        g_hash_table_add(s.breaks, GUINT_TO_POINTER(pc));
        debug_insert(0, pc);
    }
    if (g_hash_table_size(s.breaks) > 12) {
        GHashTableIter it;
        gpointer key;

        g_hash_table_iter_init(&it, s.breaks);
        while (g_hash_table_iter_next(&it, &key, NULL)) {
            debug_remove(0, GPOINTER_TO_UINT(key));
        }
        g_hash_table_remove_all(s.breaks);
    }
}

static void do_watch(void)
{
    if (s.n_watches && (s.n_watches == WATCHES || pick(0, 1))) {
        s.n_watches--;
        debug_unwatch(s.watch[s.n_watches].addr, s.watch[s.n_watches].len,
                      s.watch[s.n_watches].kind);
        return;
    }
    unsigned n = s.n_watches++;
    bool on_code = !pick(0, 4);

    s.watch[n].addr = on_code ? CODE + pick(0, 0x1100) : DATA + pick(-24, 56);
    s.watch[n].len = pick(1, on_code ? 64 : 12);
    s.watch[n].kind = pick(CPU_WATCH_READ, CPU_WATCH_READ | CPU_WATCH_WRITE);
    debug_watch(s.watch[n].addr, s.watch[n].len, s.watch[n].kind);
}

static void do_step(void)
{
    CpuState *cpu = &cpu0()->parent;
    unsigned at = s.at;
    int watch = -1;
    CpuDebugReason reason = expect(1, &at, &watch);

    cpu_step_enable(cpu, pick(0, 3));
    g_assert_true(debug_go(NULL));
    cpu_step_disable(cpu);
    check_debug_stop(reason, at, watch);
}

/* Continue; perhaps stop the machine at any time in between. */
static void do_continue(bool interrupt)
{
    unsigned at = s.at;
    int watch = -1;
    CpuDebugReason reason = expect(UINT_MAX, &at, &watch);
    bool stopped;

    if (interrupt) {
        debug_start();
        machine_unlock();
        /* bounded by the clock: on a busy host a yield may take a whole time slice */
        gint64 end = g_get_monotonic_time() + pick(0, 300);
        while (g_get_monotonic_time() < end) {
            g_thread_yield();
        }
        machine_lock();
        vm_stop(RUN_STATE_PAUSED);
        run_state_carry_out_requests();
        stopped = run_state() == RUN_STATE_DEBUG;
    } else {
        stopped = debug_go(is_done);
    }
    if (stopped) {
        check_debug_stop(reason, at, watch);
        return;
    }
    uint64_t ran = cpu0()->parent.tcg.icount - s.icount;
    g_assert_cmpuint(ran, <=, is_done() ? s.n_trace : at);
    if (ran != s.at) {
        s.at_stop = false;
    }
    check_place(ran);
    if (!interrupt) {
        g_assert_cmpint(reason, ==, CPU_DEBUG_NONE);
        g_assert_cmpuint(ran, ==, s.n_trace);
    }
}

static void do_operation(void)
{
    switch (pick(0, 15)) {
    case 0:
    case 1:
        do_break();
        break;
    case 2:
        do_watch();
        break;
    case 3:
        do_continue(true);
        break;
    case 4:
        cpu_debug_hold(&toy.cpu[1]->parent, pick(0, 9));
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        do_step();
        break;
    default:
        do_continue(false);
        break;
    }
    if (s.at == s.n_trace || !pick(0, 500)) {
        begin_again();
    }
}

static void test_random(void)
{
    unsigned n = g_test_slow() ? 100000 : 2000, programs = g_test_slow() ? 20 : 4;

    s.breaks = g_hash_table_new(NULL, NULL);
    /* The other vCPU makes noise at times. */
    uint64_t at = toy_put(0x5000, TOY_ADDI, 0, 0, 1);
    at = toy_put(at, TOY_ST, 0, 5, 0);
    toy_put(at, TOY_J, 0, 0, 0x5000 - at);
    toy.cpu[1]->pc = 0x5000;
    toy.cpu[1]->r[5] = 0x20000;
    cpu_debug_hold(&toy.cpu[1]->parent, true);
    for (unsigned p = 0; p < programs; p++) {
        make_program();
        make_trace();
        rewind_program();
        g_assert_false(debug_go(is_done)); /* freely */
        check_place(s.n_trace);
        begin_again();
        for (unsigned i = 0; i < n / programs; i++) {
            do_operation();
        }
        cpu_debug_remove_all(&cpu0()->parent);
        g_hash_table_remove_all(s.breaks);
        s.n_watches = 0;
        s.at_stop = false;
        g_assert_false(debug_go(is_done));
        check_place(s.n_trace);
        begin_again();
        g_free(s.final.memory);
    }
    g_hash_table_destroy(s.breaks);
}

static const ToyCase cases[] = {
    { "random", test_random, 2 },
};

int main(int argc, char **argv)
{
    return toy_test_main(argc, argv, "cpu-debug", cases, ARRAY_SIZE(cases));
}
