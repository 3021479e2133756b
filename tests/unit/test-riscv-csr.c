/*
 * Control and status registers: what is writable, who may, and exactly what csrrw, csrrs
 * and csrrc do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/riscv-hart.h"

enum {
    FFLAGS = 0x001, FRM = 0x002, FCSR = 0x003, SSTATUS = 0x100, SIE = 0x104, STVEC = 0x105,
    SCOUNTEREN = 0x106, SENVCFG = 0x10a, SSCRATCH = 0x140, SEPC = 0x141, SIP = 0x144,
    STIMECMP = 0x14d, STIMECMPH = 0x15d, SATP = 0x180, MSTATUS = 0x300, MISA = 0x301,
    MEDELEG = 0x302, MIDELEG = 0x303, MIE = 0x304, MTVEC = 0x305, MCOUNTEREN = 0x306,
    MENVCFG = 0x30a, MSTATUSH = 0x310, MENVCFGH = 0x31a, MCOUNTINHIBIT = 0x320, MSCRATCH = 0x340,
    MEPC = 0x341, MIP = 0x344, PMPCFG0 = 0x3a0, PMPCFG1 = 0x3a1, PMPADDR0 = 0x3b0,
    TSELECT = 0x7a0, TDATA1 = 0x7a1, MCYCLE = 0xb00, MINSTRET = 0xb02, MHPMCOUNTER3 = 0xb03,
    MINSTRETH = 0xb82, CYCLE = 0xc00, TIME = 0xc01, INSTRET = 0xc02, HPMCOUNTER3 = 0xc03,
    TIMEH = 0xc81, MVENDORID = 0xf11, MHARTID = 0xf14, MCONFIGPTR = 0xf15,
};

/* Writing ones and zeros shows which bits are writable. */
static void test_masks(void)
{
    static const struct {
        unsigned csr;
        uint64_t ones, zeros;
    } rows[] = {
        { MSTATUS, 0x8000000a007e79aa, 0xa00000000 },
        { SSTATUS, 0x80000002000c6122, 0x200000000 },
        { MISA, 0x800000000014112f, 0x800000000014112f },
        { MEDELEG, 0xb3ff, 0 },
        { MIDELEG, 0x222, 0 },
        { MIE, 0xaaa, 0 },
        { MIP, 0x222, 0 },
        { MCOUNTEREN, 0xffffffff, 0 },
        { SCOUNTEREN, 0xffffffff, 0 },
        { MCOUNTINHIBIT, 5, 0 },
        { MSCRATCH, UINT64_MAX, 0 },
        { SSCRATCH, UINT64_MAX, 0 },
        { MEPC, UINT64_MAX - 1, 0 },
        { SEPC, UINT64_MAX - 1, 0 },
        { MENVCFG, 0xa0000000000000f1, 0 },
        { SENVCFG, 0xf1, 0 },
        { PMPADDR0, 0x3fffffffffffff, 0 },
        { PMPADDR0 + 15, 0x3fffffffffffff, 0 },
        { MHPMCOUNTER3, 0, 0 },
        { TSELECT, 0, 0 },
        { TDATA1, 0, 0 },
        { FCSR, 0xff, 0 },
        { FRM, 7, 0 },
        { FFLAGS, 0x1f, 0 },
    };
    RiscvCpu *cpu = hart_new(64);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        riscv_cpu_reset_state(cpu);
        if (rows[i].csr <= FCSR) {
            hart_csrw(cpu, MSTATUS, MSTATUS_FS);
        }
        hart_csrw(cpu, rows[i].csr, UINT64_MAX);
        g_assert_cmphex(hart_csrr(cpu, rows[i].csr), ==, rows[i].ones);
        hart_csrw(cpu, rows[i].csr, 0);
        g_assert_cmphex(hart_csrr(cpu, rows[i].csr), ==, rows[i].zeros);
    }
    hart_free(cpu);
}

static void test_reset(void)
{
    RiscvCpu *cpu = hart_new(64);

    g_assert_cmphex(hart_csrr(cpu, MSTATUS), ==, 0xa00000000);
    g_assert_cmphex(hart_csrr(cpu, MENVCFG), ==, 0x2000000000000000);
    g_assert_cmphex(hart_csrr(cpu, MHARTID), ==, 0);
    g_assert_cmphex(hart_csrr(cpu, MCONFIGPTR), ==, 0);
    g_assert_cmphex(cpu->pc, ==, 0x1000);
    hart_free(cpu);
    cpu = hart_new(32);
    g_assert_cmphex(hart_csrr(cpu, MSTATUS), ==, 0);
    g_assert_cmphex(hart_csrr(cpu, MSTATUSH), ==, 0);
    hart_free(cpu);
}

static uint32_t encode(unsigned csr, unsigned rs1, unsigned funct3, unsigned rd)
{
    return csr << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x73;
}

/* csrrs and csrrc with x0 do not write: they may name a read-only register. */
static void test_instructions(void)
{
    RiscvCpu *cpu = hart_new(64);
    uint64_t old;

    g_assert_true(riscv_csr_insn(cpu, encode(MVENDORID, 0, 2, 1), 0, &old));
    g_assert_true(riscv_csr_insn(cpu, encode(MVENDORID, 0, 7, 1), 0, &old));
    g_assert_false(riscv_csr_insn(cpu, encode(MVENDORID, 0, 1, 1), 0, &old));
    g_assert_false(riscv_csr_insn(cpu, encode(MVENDORID, 1, 2, 1), 0, &old));

    hart_csrw(cpu, MSCRATCH, 0xff00);
    g_assert_true(hart_csrrs(cpu, MSCRATCH, 0x0ff0, &old));
    g_assert_cmphex(old, ==, 0xff00);
    g_assert_true(hart_csrrc(cpu, MSCRATCH, 0xf000, &old));
    g_assert_cmphex(old, ==, 0xfff0);
    g_assert_cmphex(hart_csrr(cpu, MSCRATCH), ==, 0x0ff0);
    /* csrrw to x0 does not read. */
    g_assert_true(riscv_csr_insn(cpu, encode(MSCRATCH, 1, 1, 0), 7, &old));
    g_assert_cmphex(old, ==, 0);
    hart_free(cpu);
}

static void test_privilege(void)
{
    RiscvCpu *cpu = hart_new(64);

    cpu->priv = RISCV_PRV_S;
    g_assert_false(hart_csrrs(cpu, MSTATUS, 0, NULL));
    g_assert_true(hart_csrrw(cpu, SSCRATCH, 0, NULL));
    g_assert_true(hart_csrrw(cpu, SATP, 0, NULL));
    cpu->mstatus |= MSTATUS_TVM;
    g_assert_false(hart_csrrw(cpu, SATP, 0, NULL));
    cpu->priv = RISCV_PRV_U;
    g_assert_false(hart_csrrw(cpu, SSCRATCH, 0, NULL));
    g_assert_false(hart_csrrw(cpu, FCSR, 0, NULL));
    cpu->priv = RISCV_PRV_M;
    g_assert_true(hart_csrrw(cpu, SATP, 0, NULL));
    /* absent ones: hypervisor, Smepmp, odd pmpcfg on rv64, rv32's halves */
    g_assert_null(riscv_csr_name(cpu, 0x600));
    g_assert_null(riscv_csr_name(cpu, 0x747));
    g_assert_null(riscv_csr_name(cpu, PMPCFG1));
    g_assert_null(riscv_csr_name(cpu, MSTATUSH));
    g_assert_null(riscv_csr_name(cpu, TIMEH));
    g_assert_cmpstr(riscv_csr_name(cpu, MSTATUS), ==, "mstatus");
    cpu->pmp = false;
    g_assert_false(hart_csrrw(cpu, PMPADDR0, 0, NULL));
    cpu->has_s = false;
    g_assert_false(hart_csrrw(cpu, SATP, 0, NULL));
    g_assert_false(hart_csrrw(cpu, MEDELEG, 0, NULL));
    hart_free(cpu);
}

static void test_fp(void)
{
    RiscvCpu *cpu = hart_new(64);

    g_assert_false(hart_csrrw(cpu, FCSR, 0, NULL));
    hart_csrw(cpu, MSTATUS, 1 << 13); /* Initial */
    g_assert_cmphex(hart_csrr(cpu, SSTATUS) >> 63, ==, 0);
    g_assert_cmphex(hart_csrr(cpu, FCSR), ==, 0);
    g_assert_cmphex(cpu->mstatus & MSTATUS_FS, ==, 1 << 13);
    hart_csrw(cpu, FRM, 3);
    hart_csrw(cpu, FFLAGS, 0x11);
    g_assert_cmphex(hart_csrr(cpu, FCSR), ==, 0x71);
    g_assert_cmphex(cpu->mstatus & MSTATUS_FS, ==, MSTATUS_FS);
    g_assert_cmphex(hart_csrr(cpu, SSTATUS) >> 63, ==, 1);
    g_assert_cmphex(cpu->parent.tcg.mode & (RISCV_MODE_FS | RISCV_MODE_FS_DIRTY), ==,
                    RISCV_MODE_FS | RISCV_MODE_FS_DIRTY);
    hart_free(cpu);
}

static void test_warl(void)
{
    RiscvCpu *cpu = hart_new(64);

    hart_csrw(cpu, MTVEC, 0x80001001);
    hart_csrw(cpu, MTVEC, 0x90000002);
    g_assert_cmphex(hart_csrr(cpu, MTVEC), ==, 0x80001001);
    /* MPP = 2 keeps the old value */
    hart_csrw(cpu, MSTATUS, MSTATUS_MPP);
    hart_csrw(cpu, MSTATUS, 2 << 11);
    g_assert_cmphex(hart_csrr(cpu, MSTATUS) & MSTATUS_MPP, ==, MSTATUS_MPP);
    /* CBIE = 2 keeps the old value */
    hart_csrw(cpu, SENVCFG, 0x10);
    hart_csrw(cpu, SENVCFG, 0xe1);
    g_assert_cmphex(hart_csrr(cpu, SENVCFG), ==, 0xd1);
    /* satp: an unsupported mode leaves everything */
    hart_csrw(cpu, SATP, (UINT64_C(9) << 60) | 0x123);
    hart_csrw(cpu, SATP, (UINT64_C(10) << 60) | 0x456);
    g_assert_cmphex(hart_csrr(cpu, SATP), ==, (UINT64_C(9) << 60) | 0x123);
    hart_csrw(cpu, SATP, MASK64(59, 0));
    g_assert_cmphex(hart_csrr(cpu, SATP), ==, MASK64(59, 0));
    /* without C, pc has two low bits clear */
    cpu->ext &= ~(BIT64(RISCV_EXT_C) | BIT64(RISCV_EXT_ZCA));
    hart_csrw(cpu, MEPC, 0x1007);
    g_assert_cmphex(hart_csrr(cpu, MEPC), ==, 0x1004);
    hart_free(cpu);
}

static void test_interrupt_views(void)
{
    RiscvCpu *cpu = hart_new(64);
    uint64_t old;

    hart_csrw(cpu, MIDELEG, 0x202); /* not STI */
    hart_csrw(cpu, SIE, UINT64_MAX);
    g_assert_cmphex(hart_csrr(cpu, MIE), ==, 0x202);
    hart_csrw(cpu, MIE, 0x888);
    g_assert_cmphex(hart_csrr(cpu, SIE), ==, 0);
    hart_csrw(cpu, SIP, UINT64_MAX); /* only SSIP is the supervisor's to write */
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 2);

    /* SEIP: read as wire or bit, modified as bit alone */
    riscv_irq_line_set(cpu, RISCV_INT_SEI, true);
    g_assert_true(hart_csrrs(cpu, MIP, 2, &old));
    g_assert_cmphex(old & 0x200, ==, 0x200);
    riscv_irq_line_set(cpu, RISCV_INT_SEI, false);
    g_assert_cmphex(hart_csrr(cpu, MIP) & 0x200, ==, 0);
    hart_csrw(cpu, MIP, 0x200);
    g_assert_cmphex(hart_csrr(cpu, SIP) & 0x200, ==, 0x200);
    /* machine's wires cannot be written */
    riscv_irq_line_set(cpu, RISCV_INT_MTI, true);
    hart_csrw(cpu, MIP, 0);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0x80);
    hart_free(cpu);
}

static void test_counters(void)
{
    RiscvCpu *cpu = hart_new(64);

    cpu->parent.tcg.icount = 100;
    cpu->parent.tcg.pending_icount = 5;
    g_assert_cmpuint(hart_csrr(cpu, MINSTRET), ==, 105);
    /* The writing instruction is the 106th; the next one reads what was written. */
    hart_csrw(cpu, MINSTRET, UINT64_MAX);
    cpu->parent.tcg.pending_icount = 6;
    g_assert_cmphex(hart_csrr(cpu, INSTRET), ==, UINT64_MAX);
    cpu->parent.tcg.pending_icount = 7;
    g_assert_cmphex(hart_csrr(cpu, INSTRET), ==, 0);

    hart_csrw(cpu, MCOUNTINHIBIT, 5);
    cpu->parent.tcg.icount = 200;
    world.clock = 1000;
    g_assert_cmphex(hart_csrr(cpu, MINSTRET), ==, 0);
    g_assert_cmphex(hart_csrr(cpu, MCYCLE), ==, 0);
    hart_csrw(cpu, MINSTRET, 50);
    g_assert_cmpuint(hart_csrr(cpu, MINSTRET), ==, 50);
    hart_csrw(cpu, MCOUNTINHIBIT, 0);
    cpu->parent.tcg.icount = 203;
    world.clock = 1007;
    g_assert_cmpuint(hart_csrr(cpu, MINSTRET), ==, 53);
    g_assert_cmpuint(hart_csrr(cpu, MCYCLE), ==, 7);
    world.time = 0x123456789a;
    g_assert_cmphex(hart_csrr(cpu, TIME), ==, 0x123456789a);

    cpu->priv = RISCV_PRV_S;
    g_assert_false(hart_csrrs(cpu, CYCLE, 0, NULL));
    cpu->mcounteren = COUNTER_TM;
    g_assert_cmphex(hart_csrr(cpu, TIME), ==, 0x123456789a);
    cpu->priv = RISCV_PRV_U;
    g_assert_false(riscv_csr_insn(cpu, encode(TIME, 0, 2, 1), 0, &(uint64_t){ 0 }));
    cpu->scounteren = COUNTER_TM | BIT64(3);
    g_assert_cmphex(hart_csrr(cpu, TIME), ==, 0x123456789a);
    cpu->mcounteren |= BIT64(3);
    g_assert_cmphex(hart_csrr(cpu, HPMCOUNTER3), ==, 0);
    hart_free(cpu);
}

static void test_rv32(void)
{
    RiscvCpu *cpu = hart_new(32);

    /* registers are sign-extended on the way out */
    hart_csrw(cpu, MSCRATCH, 0x80000000);
    g_assert_cmphex(hart_csrr(cpu, MSCRATCH), ==, 0xffffffff80000000);
    hart_csrw(cpu, MSTATUS, UINT64_MAX);
    g_assert_cmphex(hart_csrr(cpu, MSTATUS), ==, 0xffffffff807e79aa);
    g_assert_cmphex(hart_csrr(cpu, MISA), ==, 0x4014112f);
    hart_csrw(cpu, MENVCFGH, UINT32_MAX);
    g_assert_cmphex(hart_csrr(cpu, MENVCFGH), ==, 0xffffffffa0000000);
    hart_csrw(cpu, STIMECMP, 0x89abcdef);
    hart_csrw(cpu, STIMECMPH, 0x1234567);
    g_assert_cmphex(cpu->stimecmp, ==, 0x123456789abcdef);
    hart_csrw(cpu, SATP, UINT64_MAX);
    g_assert_cmphex(hart_csrr(cpu, SATP), ==, UINT64_MAX);
    g_assert_cmphex(cpu->satp, ==, UINT32_MAX);
    hart_csrw(cpu, MINSTRETH, 1);
    cpu->parent.tcg.icount++;
    hart_csrw(cpu, MINSTRET, 0);
    cpu->parent.tcg.icount++;
    g_assert_cmphex(riscv_minstret(cpu), ==, UINT64_C(1) << 32);
    hart_csrw(cpu, PMPCFG1, 0x1f);
    g_assert_cmphex(cpu->pmpcfg[4], ==, 0x1f);
    hart_csrw(cpu, PMPADDR0, UINT64_MAX);
    g_assert_cmphex(hart_csrr(cpu, PMPADDR0), ==, UINT64_MAX);
    hart_free(cpu);
}

static void test_pmp_locks(void)
{
    RiscvCpu *cpu = hart_new(64);

    hart_csrw(cpu, PMPADDR0 + 0, 0x100);
    hart_csrw(cpu, PMPADDR0 + 1, 0x200);
    hart_csrw(cpu, PMPCFG0, 0x8900); /* entry 1: TOR, R, locked */
    hart_csrw(cpu, PMPADDR0 + 0, 1);
    hart_csrw(cpu, PMPADDR0 + 1, 1);
    hart_csrw(cpu, PMPCFG0, 0x62);   /* reserved bits, W without R */
    g_assert_cmphex(hart_csrr(cpu, PMPADDR0 + 0), ==, 0x100);
    g_assert_cmphex(hart_csrr(cpu, PMPADDR0 + 1), ==, 0x200);
    g_assert_cmphex(hart_csrr(cpu, PMPCFG0), ==, 0x8900);
    hart_free(cpu);
}

static void test_stimecmp(void)
{
    RiscvCpu *cpu = hart_new(64);

    hart_csrw(cpu, MIP, 0x20);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0x20);
    hart_csrw(cpu, MENVCFG, MENVCFG_STCE);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0); /* stimecmp is far away */
    hart_csrw(cpu, MIP, 0x20);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0);
    world.time = 50;
    hart_csrw(cpu, STIMECMP, 100);
    g_assert_cmpint(cpu->stimer.expire_ns, ==, 100);
    world.time = 100;
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0x20); /* even before the timer ran */
    cpu->stimer.cb(cpu->stimer.opaque);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0x20);
    hart_csrw(cpu, STIMECMP, 101);
    g_assert_cmphex(hart_csrr(cpu, MIP), ==, 0);
    cpu->priv = RISCV_PRV_S;
    g_assert_false(hart_csrrw(cpu, STIMECMP, 0, NULL));
    cpu->mcounteren = COUNTER_TM;
    g_assert_true(hart_csrrw(cpu, STIMECMP, 0, NULL));
    hart_free(cpu);
}

static void test_quiet(void)
{
    g_assert_cmpint(riscv_csr_effect(encode(SATP, 0, 2, 1)), ==, RISCV_CSR_QUIET);
    g_assert_cmpint(riscv_csr_effect(encode(SATP, 1, 1, 0)), ==, RISCV_CSR_LEAVES);
    g_assert_cmpint(riscv_csr_effect(encode(SSTATUS, 2, 7, 0)), ==, RISCV_CSR_QUIET);
    g_assert_cmpint(riscv_csr_effect(encode(SSTATUS, 2, 6, 0)), ==, RISCV_CSR_MAY_LEAVE);
    g_assert_cmpint(riscv_csr_effect(encode(SSTATUS, 2, 3, 0)), ==, RISCV_CSR_MAY_LEAVE);
    g_assert_cmpint(riscv_csr_effect(encode(SSCRATCH, 2, 1, 2)), ==, RISCV_CSR_QUIET);
}

static void test_isa(void)
{
    RiscvCpu *cpu = hart_new(64);
    g_autofree char *isa = NULL;
    g_autoptr(GError) err = NULL;

    cpu->ext = riscv_ext_default(64);
    g_assert_true(riscv_ext_check(cpu, &err));
    isa = riscv_isa_string(cpu);
    g_assert_cmpstr(isa, ==, "rv64imafdc_zicbom_zicbop_zicboz_zicclsm_zicntr_zicsr_zifencei_"
                    "zihintpause_zihpm_zmmul_zaamo_zalrsc_zawrs_zca_zcd_zba_zbb_zbc_zbs_"
                    "sstc_svadu");
    /* without f, d must be named too */
    cpu->ext &= ~BIT64(RISCV_EXT_F);
    cpu->ext_user_set = BIT64(RISCV_EXT_F);
    g_assert_false(riscv_ext_check(cpu, &err));
    g_assert_cmpstr(err->message, ==, "extension 'd' requires 'f', which is off");
    /* what c brought goes with it */
    cpu->ext = riscv_ext_default(64) & ~BIT64(RISCV_EXT_C);
    cpu->ext_user_set = BIT64(RISCV_EXT_C);
    g_clear_error(&err);
    g_assert_true(riscv_ext_check(cpu, &err));
    g_assert_false(riscv_has_ext(cpu, RISCV_EXT_ZCA));
    g_assert_false(riscv_has_ext(cpu, RISCV_EXT_ZCD));
    g_assert_true(riscv_has_ext(cpu, RISCV_EXT_D));
    hart_free(cpu);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv-csr/masks", test_masks);
    g_test_add_func("/riscv-csr/reset", test_reset);
    g_test_add_func("/riscv-csr/instructions", test_instructions);
    g_test_add_func("/riscv-csr/privilege", test_privilege);
    g_test_add_func("/riscv-csr/fp", test_fp);
    g_test_add_func("/riscv-csr/warl", test_warl);
    g_test_add_func("/riscv-csr/interrupt-views", test_interrupt_views);
    g_test_add_func("/riscv-csr/counters", test_counters);
    g_test_add_func("/riscv-csr/rv32", test_rv32);
    g_test_add_func("/riscv-csr/pmp-locks", test_pmp_locks);
    g_test_add_func("/riscv-csr/stimecmp", test_stimecmp);
    g_test_add_func("/riscv-csr/quiet", test_quiet);
    g_test_add_func("/riscv-csr/isa", test_isa);
    return g_test_run();
}
