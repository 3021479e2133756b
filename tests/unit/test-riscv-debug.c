/*
 * Breakpoints, watchpoints and single step of RISC-V harts under accel/tcg, on every backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "target/riscv/system.h"
#include "tests/unit/debug-session.h"
#include "tests/unit/each-backend.h"
#include "util/main-loop.h"

enum { RAM = 0x80000000, RAM_SIZE = 0x100000, DATA = RAM + 0x10000, TABLES = RAM + 0x20000 };

enum { ZERO, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5, A6 };

typedef struct Case {
    const char *name;
    const char *cpu;
    unsigned n_harts;
    void (*run)(void);
    bool one_insn; /* one-insn-per-tb */
} Case;

static struct {
    MemoryRegion root, ram;
    AddressSpace as;
    RiscvCpu *hart[2];
} m;

static RiscvCpu *hart(void)
{
    return m.hart[0];
}

/* ---- Instructions (Unprivileged ISA, "Instruction Formats") ---- */

static uint32_t enc_r(unsigned op, unsigned f3, unsigned f7, unsigned rd, unsigned rs1,
                      unsigned rs2)
{
    return op | rd << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | f7 << 25;
}

static uint32_t enc_i(unsigned op, unsigned f3, unsigned rd, unsigned rs1, int imm)
{
    return op | rd << 7 | f3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static uint32_t addi(unsigned rd, unsigned rs1, int imm)
{
    return enc_i(0x13, 0, rd, rs1, imm);
}

/* f3: 2 lw, 3 ld */
static uint32_t load(unsigned f3, unsigned rd, unsigned rs1, int imm)
{
    return enc_i(0x03, f3, rd, rs1, imm);
}

/* f3: 0 sb, 2 sw, 3 sd */
static uint32_t store(unsigned f3, unsigned rs2, unsigned rs1, int imm)
{
    return enc_r(0x23, f3, imm >> 5 & 0x7f, imm & 31, rs1, rs2);
}

/* f3: 0 beq, 1 bne */
static uint32_t branch(unsigned f3, unsigned rs1, unsigned rs2, int imm)
{
    return enc_r(0x63, f3, (imm >> 12 & 1) << 6 | (imm >> 5 & 63),
                 (imm >> 1 & 15) << 1 | (imm >> 11 & 1), rs1, rs2);
}

static uint32_t jal(unsigned rd, int imm)
{
    return 0x6f | rd << 7 | (imm & 0xff000) | (imm >> 11 & 1) << 20 |
           (imm >> 1 & 0x3ff) << 21 | (uint32_t)(imm >> 20 & 1) << 31;
}

static uint32_t jalr(unsigned rd, unsigned rs1, int imm)
{
    return enc_i(0x67, 0, rd, rs1, imm);
}

/* f5: 0 amoadd, 1 amoswap, 2 lr, 3 sc; f3: 2 .w, 3 .d */
static uint32_t amo(unsigned f5, unsigned f3, unsigned rd, unsigned rs1, unsigned rs2)
{
    return enc_r(0x2f, f3, f5 << 2, rd, rs1, rs2);
}

static uint32_t xor(unsigned rd, unsigned rs1, unsigned rs2)
{
    return enc_r(0x33, 4, 0, rd, rs1, rs2);
}

static uint32_t csrw(unsigned csr, unsigned rs1)
{
    return enc_i(0x73, 1, 0, rs1, csr);
}

#define ECALL 0x00000073u
#define MRET  0x30200073u
#define WFI   0x10500073u
#define C_NOP 0x0001u
#define CBO_ZERO(rs1) enc_i(0x0f, 2, 0, rs1, 4)

/* ---- The machine ---- */

static void put(uint64_t addr, const void *data, size_t size)
{
    g_assert_cmpint(address_space_write_rom(&m.as, addr, data, size), ==, MEMTX_OK);
}

/* Instructions from addr on, compressed ones where bits 1:0 say so; returns the end. */
static uint64_t put_code(uint64_t addr, const uint32_t *insns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned len = (insns[i] & 3) == 3 ? 4 : 2;

        put(addr, &insns[i], len);
        addr += len;
    }
    return addr;
}
#define PUT_CODE(addr, ...)                                                               \
    put_code((addr), (const uint32_t[]){ __VA_ARGS__ },                                   \
             sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static uint64_t get(uint64_t addr)
{
    uint64_t value = 0;

    address_space_load(&m.as, addr, MEMTXATTRS_CPU, 8, &value);
    return value;
}

static void put64(uint64_t addr, uint64_t value)
{
    put(addr, &value, 8);
}

static void run_case(const void *one, const char *backend)
{
    const Case *c = one;
    GError *err = NULL;
    AccelState *accel = (AccelState *)object_new("tcg-accel");

    main_loop_init(); /* takes the machine lock */
    memory_region_init(&m.root, NULL, "root", UINT64_MAX);
    g_assert_true(memory_region_init_ram(&m.ram, NULL, "ram", RAM_SIZE, &err));
    memory_region_add_subregion(&m.root, RAM, &m.ram);
    address_space_init(&m.as, &m.root, "riscv-debug");
    each_backend_set((Object *)accel, backend);
    g_assert_true(object_set_uint(accel, "tb-size", 16, &err));
    g_assert_true(object_set_bool(accel, "one-insn-per-tb", c->one_insn, &err));
    g_assert_true(accel_start(accel, &err));
    for (unsigned i = 0; i < c->n_harts; i++) {
        m.hart[i] = (RiscvCpu *)object_new(c->cpu);
        m.hart[i]->parent.as = &m.as;
        if (!device_realize(&m.hart[i]->parent.parent, NULL, &err)) {
            g_error("%s", err->message);
        }
        *debug_pc(i) = m.hart[i]->xlen == 32 ? (uint64_t)(int32_t)RAM : RAM;
    }
    c->run();
    for (unsigned i = 0; i < c->n_harts; i++) {
        device_unrealize(&m.hart[i]->parent.parent);
    }
    machine_unlock();
}

/* ---- Cases ---- */

/* Over compressed and straddling instructions, branches, calls, an exception and its
 * return, WFI without an interrupt. */
static void test_step(void)
{
    RiscvCpu *h = hart();

    PUT_CODE(RAM, addi(T0, ZERO, 2), C_NOP, addi(T0, T0, -1), branch(1, T0, ZERO, -4),
             jal(RA, 0x1ffe - 0xe), ECALL, WFI, csrw(0x340, T0), WFI);
    PUT_CODE(RAM + 0x1ffe, addi(T1, T1, 5), C_NOP, jalr(ZERO, RA, 0));
    PUT_CODE(RAM + 0x3000, addi(T2, T2, 1), addi(A0, ZERO, RAM_SIZE - 1), csrw(0x341, S0),
             MRET);
    h->mtvec = RAM + 0x3000;
    h->x[S0] = RAM + 0x16;
    static const uint32_t path[] = { 0x4, 0x6, 0xa, 0x6, 0xa, 0xe, 0x1ffe, 0x2002, 0x2004, 0x12,
                                     0x3000, 0x3004, 0x3008, 0x300c, 0x16, 0x1a, 0x1e, 0x22 };
    for (unsigned turn = 0; turn < 2; turn++) {
        h->pc = RAM;
        cpu_step_enable(&h->parent, turn ? CPU_STEP_NO_IRQ : 0);
        for (unsigned i = 0; i < ARRAY_SIZE(path); i++) {
            debug_go_step((uint64_t)RAM + path[i]);
        }
    }
    g_assert_cmpuint(h->x[T1], ==, 10);
    g_assert_cmpuint(h->x[T2], ==, 2);
    g_assert_cmpuint(h->mcause, ==, RISCV_EXC_ECALL_M);
    /* Without a step WFI waits; a step wakes it. */
    cpu_step_disable(&h->parent);
    h->pc = RAM + 0x16;
    debug_start();
    while (!atomic_read(&h->parent.halted)) {
        machine_unlock();
        g_thread_yield();
        machine_lock();
    }
    vm_stop(RUN_STATE_PAUSED);
    g_assert_cmphex(h->pc, ==, RAM + 0x1a);
    cpu_step_enable(&h->parent, 0);
    debug_go_step(RAM + 0x1e);
}

/* Time stands still while a step that asks for it has not been carried out by the main
 * loop. */
static void test_step_timer(void)
{
    PUT_CODE(RAM, C_NOP, C_NOP, C_NOP);
    cpu_step_enable(&hart()->parent, CPU_STEP_NO_TIMER);
    debug_start();
    int64_t then = clock_ns(CLOCK_TYPE_VIRTUAL);
    machine_unlock();
    g_usleep(20 * 1000);
    machine_lock();
    g_assert_cmpint(clock_ns(CLOCK_TYPE_VIRTUAL), ==, then);
    g_assert_true(debug_wait(NULL));
    debug_check(0, CPU_DEBUG_STEP, RAM + 2, RAM + 2);
}

/* AMO reads and writes; LR reads; SC writes if it looks at memory; a misaligned access that
 * crosses pages; a cache block that is zeroed; the program's result is right. */
static void test_watch(void)
{
    RiscvCpu *h = hart();
    const uint64_t end = PUT_CODE(RAM,
        amo(0, 3, T0, A0, A1),            /* 00 amoadd.d at DATA */
        amo(2, 3, T1, A0, ZERO),          /* 04 lr.d */
        amo(3, 3, T2, A0, A1),            /* 08 sc.d succeeds */
        amo(3, 3, A4, A0, A1),            /* 0c sc.d fails */
        store(3, A1, A2, -4),             /* 10 sd at DATA + 0xffc */
        load(3, A3, A2, -4),              /* 14 ld */
        CBO_ZERO(A2),                     /* 18 at DATA + 0x1000 */
        amo(1, 2, A5, A0, A1),            /* 1c amoswap.w */
        store(0, A1, A2, 0x41), C_NOP);   /* 20 behind the block */

    put64(DATA, 100);
    h->x[A0] = DATA;
    h->x[A1] = 7;
    h->x[A2] = DATA + 0x1000;
    debug_watch(DATA + 4, 1, CPU_WATCH_READ);
    debug_watch(DATA, 1, CPU_WATCH_WRITE);
    debug_watch(DATA + 0x1003, 1, CPU_WATCH_READ | CPU_WATCH_WRITE);
    debug_insert(0, end);
    debug_go_watch(DATA + 4, CPU_WATCH_READ, RAM + 0x04);
    g_assert_cmpuint(h->x[T0], ==, 100);
    g_assert_cmpuint(get(DATA), ==, 107);
    debug_go_watch(DATA + 4, CPU_WATCH_READ, RAM + 0x08);
    g_assert_cmpuint(h->x[T1], ==, 107);
    debug_unwatch(DATA + 4, 1, CPU_WATCH_READ);
    debug_go_watch(DATA, CPU_WATCH_WRITE, RAM + 0x0c);
    g_assert_cmpuint(h->x[T2], ==, 0);
    g_assert_cmpuint(get(DATA), ==, 7);
    debug_go_watch(DATA + 0x1003, CPU_WATCH_READ | CPU_WATCH_WRITE, RAM + 0x14);
    g_assert_cmpuint(h->x[A4], ==, 1);
    g_assert_cmphex(get(DATA + 0xffc), ==, 7);
    debug_go_watch(DATA + 0x1003, CPU_WATCH_READ | CPU_WATCH_WRITE, RAM + 0x18);
    g_assert_cmpuint(h->x[A3], ==, 7);
    put64(DATA + 0x1008, UINT64_MAX);
    debug_go_watch(DATA + 0x1003, CPU_WATCH_READ | CPU_WATCH_WRITE, RAM + 0x1c);
    g_assert_cmphex(get(DATA + 0x1008), ==, 0);
    debug_go_watch(DATA, CPU_WATCH_WRITE, RAM + 0x20);
    debug_go_break(0, end);
    g_assert_cmpuint(h->x[A5], ==, 7);
}

/* Two pages in Sv39 that map one: breakpoints and watchpoints are by virtual address; in user
 * mode; a page fault is no access. */
static void test_paging(void)
{
    enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
    RiscvCpu *h = hart();
    const uint64_t leaf = V | R | W | X | U | A | D, va = 0x40000000;

    put64(TABLES + 8, (TABLES + 0x1000) >> 12 << 10 | V);      /* 1 GiB at va */
    put64(TABLES + 0x1000, (TABLES + 0x2000) >> 12 << 10 | V);
    for (unsigned i = 0; i < 4; i++) { /* code, the same, data, the same */
        uint64_t page = i < 2 ? RAM + 0x1000 : DATA;

        put64(TABLES + 0x2000 + 8 * i, page >> 12 << 10 | leaf);
    }
    /* A loop that goes from one mapping to the other, and touches both data pages. */
    PUT_CODE(RAM + 0x1000, store(3, A1, A2, 0), store(3, A1, A3, 8), addi(A1, A1, -1),
             branch(0, A1, ZERO, 12), xor(A4, A4, A6), jalr(ZERO, A4, 0), load(3, A5, A2, 0));
    PUT_CODE(RAM + 0x2000, C_NOP, C_NOP);
    h->mtvec = RAM + 0x2000;
    h->pmpcfg[0] = 0x1f; /* NAPOT, rwx, everywhere */
    h->pmpaddr[0] = UINT64_MAX >> 10;
    riscv_pmp_update(h);
    h->satp = UINT64_C(8) << 60 | TABLES >> 12;
    h->priv = RISCV_PRV_U;
    riscv_update_mode(h);
    for (unsigned turn = 0; turn < 3; turn++) {
        h->pc = va;
        h->x[A1] = 10;
        h->x[A2] = va + 0x2000;
        h->x[A3] = va + 0x3000;
        h->x[A4] = va;
        h->x[A6] = 0x1000;
        debug_insert(0, va + 0x1004);
        for (unsigned i = 0; i < 2; i++) {
            debug_go_break(0, va + 0x1004);
            g_assert_cmpuint(h->x[A1], ==, 9 - 2 * i);
        }
        debug_remove(0, va + 0x1004);
        debug_watch(va + 0x3000, 16, CPU_WATCH_READ | CPU_WATCH_WRITE);
        debug_go_watch(va + 0x3008, CPU_WATCH_READ | CPU_WATCH_WRITE, va + 0x1008);
        debug_unwatch(va + 0x3000, 16, CPU_WATCH_READ | CPU_WATCH_WRITE);
        h->x[A1] = 1;
        h->x[A2] = va + 0x4000; /* not mapped: the load faults */
        debug_watch(va + 0x4000, 8, CPU_WATCH_READ | CPU_WATCH_WRITE);
        debug_insert(0, RAM + 0x2000);
        debug_go_break(0, RAM + 0x2000);
        g_assert_cmpuint(h->mcause, ==, RISCV_EXC_LOAD_PAGE);
        g_assert_cmphex(h->mtval, ==, va + 0x4000);
        cpu_debug_remove_all(&h->parent);
        h->priv = RISCV_PRV_U;
        riscv_update_mode(h);
    }
}

/* Two harts count with atomics while one of them stops at a breakpoint in the hot loop; none
 * is lost. */
static void test_smp(void)
{
    enum { TURNS = 20000 };

    PUT_CODE(RAM, amo(0, 3, ZERO, A0, A2), addi(A1, A1, -1), branch(1, A1, ZERO, -8), C_NOP,
             jal(ZERO, 0));
    for (unsigned i = 0; i < 2; i++) {
        m.hart[i]->x[A0] = DATA;
        m.hart[i]->x[A1] = TURNS;
        m.hart[i]->x[A2] = 1;
    }
    debug_insert(1, RAM + 4);
    for (unsigned i = 0; i < 100; i++) {
        debug_go_break(1, RAM + 4);
        g_assert_cmpuint(m.hart[1]->x[A1], ==, TURNS - i);
    }
    debug_remove(1, RAM + 4);
    debug_insert(0, RAM + 0xe);
    debug_insert(1, RAM + 0xe);
    for (unsigned stopped = 0; stopped != 3;) {
        g_assert_true(debug_go(NULL));
        for (unsigned i = 0; i < 2; i++) {
            stopped |= (cpu_debug_stop(&m.hart[i]->parent)->reason != CPU_DEBUG_NONE) << i;
        }
    }
    g_assert_cmpuint(get(DATA), ==, 2 * TURNS);
}

/* A debugger's 32-bit addresses are those of registers that hold them sign-extended. */
static void test_rv32(void)
{
    RiscvCpu *h = hart();

    PUT_CODE(RAM, addi(T0, T0, 1), store(2, T0, A0, 0), jal(ZERO, -8));
    h->x[A0] = (int64_t)(int32_t)DATA;
    debug_insert(0, RAM + 8);
    debug_go_break(0, RAM + 8);
    debug_go_break(0, RAM + 8);
    g_assert_cmpuint(h->x[T0], ==, 2);
    debug_remove(0, RAM + 8);
    debug_insert(0, UINT64_C(0xffffffff80000004));
    debug_go_break(0, UINT64_C(0xffffffff80000004));
    debug_remove(0, RAM + 4);
    debug_watch(DATA, 4, CPU_WATCH_WRITE);
    debug_go_watch(DATA, CPU_WATCH_WRITE, (int64_t)(int32_t)RAM + 8);
    g_assert_cmpuint(get(DATA), ==, 3);
}

/* Code that the hart writes over a breakpoint, and around it. */
static void test_self_modifying(void)
{
    RiscvCpu *h = hart();

    PUT_CODE(RAM, store(2, A1, A0, 0), store(2, A1, A0, 4), addi(A1, A1, 0), addi(T0, T0, 1),
             addi(T0, T0, 1), jal(ZERO, -20));
    h->x[A0] = RAM + 0xc;
    debug_insert(0, RAM + 0x14);
    for (unsigned i = 1; i <= 20; i++) {
        h->x[A1] = addi(T0, T0, i);
        h->x[T0] = 0;
        h->pc = RAM;
        if (i & 1) {
            debug_insert(0, RAM + 0x10);
            debug_go_break(0, RAM + 0x10);
            g_assert_cmpuint(h->x[T0], ==, i);
            debug_remove(0, RAM + 0x10);
        }
        if (i & 2) {
            debug_remove(0, RAM + 0x14);
            debug_insert(0, RAM + 0x4000); /* the page has no breakpoint for a moment */
            debug_insert(0, RAM + 0x14);
        }
        debug_go_break(0, RAM + 0x14);
        g_assert_cmpuint(h->x[T0], ==, 2 * i);
    }
}

static const Case cases[] = {
    { "step", "max-riscv-cpu", 1, test_step },
    { "step-timer", "rv64-riscv-cpu", 1, test_step_timer },
    { "watch", "max-riscv-cpu", 1, test_watch },
    { "paging", "rv64-riscv-cpu", 1, test_paging },
    { "smp", "rv64-riscv-cpu", 2, test_smp },
    { "rv32", "rv32-riscv-cpu", 1, test_rv32 },
    { "self-modifying", "rv64-riscv-cpu", 1, test_self_modifying },
    { "one-insn-per-tb", "max-riscv-cpu", 1, test_watch, true },
    { "one-insn-per-tb-smp", "rv64-riscv-cpu", 2, test_smp, true },
};

int main(int argc, char **argv)
{
    return each_backend_main(argc, argv, "riscv-debug", cases, ARRAY_SIZE(cases),
                             sizeof(cases[0]), run_case);
}
