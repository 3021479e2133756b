/*
 * Traps: where they go, what they save, in which order interrupts are taken, and the
 * instructions that return, wait or break.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/riscv-hart.h"

enum { PC = 0x80000100, MTVEC = 0x80000400, STVEC = 0x80000800 };

static RiscvCpu *trap_hart(RiscvPriv priv)
{
    RiscvCpu *cpu = hart_new(64);

    cpu->priv = priv;
    cpu->pc = PC;
    cpu->mtvec = MTVEC;
    cpu->stvec = STVEC;
    riscv_update_mode(cpu);
    return cpu;
}

static void take(RiscvCpu *cpu, uint64_t cause, uint64_t tval)
{
    g_assert_true(HART_RAISES(riscv_raise(cpu, cause, tval)));
    riscv_take_exception(&cpu->parent);
}

static void test_to_machine(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_U);

    cpu->mstatus |= MSTATUS_MIE;
    cpu->reserve_addr = 0x1000;
    take(cpu, RISCV_EXC_LOAD_PAGE, 0x1234);
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_M);
    g_assert_cmphex(cpu->pc, ==, MTVEC);
    g_assert_cmphex(cpu->mepc, ==, PC);
    g_assert_cmphex(cpu->mcause, ==, RISCV_EXC_LOAD_PAGE);
    g_assert_cmphex(cpu->mtval, ==, 0x1234);
    g_assert_cmphex(cpu->mstatus & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP), ==,
                    MSTATUS_MPIE);
    g_assert_cmphex(cpu->reserve_addr, ==, UINT64_MAX);
    g_assert_cmphex(cpu->parent.tcg.mode & RISCV_MODE_PRIV, ==, RISCV_PRV_M);

    cpu->mstatus |= MSTATUS_MPRV;
    g_assert_true(riscv_mret(cpu));
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_U);
    g_assert_cmphex(cpu->pc, ==, PC);
    g_assert_cmphex(cpu->mstatus & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV),
                    ==, MSTATUS_MIE | MSTATUS_MPIE);
    hart_free(cpu);
}

static void test_delegated(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_S);

    cpu->medeleg = BIT64(RISCV_EXC_STORE_PAGE);
    cpu->mstatus |= MSTATUS_SIE;
    take(cpu, RISCV_EXC_STORE_PAGE, 0x5678);
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_S);
    g_assert_cmphex(cpu->pc, ==, STVEC);
    g_assert_cmphex(cpu->sepc, ==, PC);
    g_assert_cmphex(cpu->scause, ==, RISCV_EXC_STORE_PAGE);
    g_assert_cmphex(cpu->stval, ==, 0x5678);
    g_assert_cmphex(cpu->mstatus & (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP), ==,
                    MSTATUS_SPIE | MSTATUS_SPP);
    g_assert_true(riscv_sret(cpu));
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_S);
    g_assert_cmphex(cpu->mstatus & (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP), ==,
                    MSTATUS_SIE | MSTATUS_SPIE);
    /* never from machine mode to a lower one */
    cpu->priv = RISCV_PRV_M;
    take(cpu, RISCV_EXC_STORE_PAGE, 0);
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_M);
    hart_free(cpu);
}

static void test_returns(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_S);

    g_assert_false(riscv_mret(cpu));
    cpu->mstatus |= MSTATUS_TSR;
    g_assert_false(riscv_sret(cpu));
    cpu->priv = RISCV_PRV_M;
    cpu->mstatus |= MSTATUS_SPP | MSTATUS_MPRV;
    g_assert_true(riscv_sret(cpu));
    g_assert_cmpuint(cpu->priv, ==, RISCV_PRV_S);
    g_assert_cmphex(cpu->mstatus & (MSTATUS_SPP | MSTATUS_MPRV), ==, 0);
    cpu->priv = RISCV_PRV_U;
    g_assert_false(riscv_sret(cpu));
    hart_free(cpu);
}

/* MEI, MSI, MTI before SEI, SSI, STI; each level by its own enable. */
static void test_priorities(void)
{
    static const unsigned order[] = { RISCV_INT_MEI, RISCV_INT_MSI, RISCV_INT_MTI,
                                      RISCV_INT_SEI, RISCV_INT_SSI, RISCV_INT_STI };
    RiscvCpu *cpu = trap_hart(RISCV_PRV_U);

    cpu->mideleg = MIP_S;
    cpu->mie = cpu->irq_lines = MIP_S | MIP_M;
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        g_assert_cmpint(riscv_irq_select(cpu), ==, order[i]);
        cpu->irq_lines &= ~BIT64(order[i]);
    }
    g_assert_cmpint(riscv_irq_select(cpu), ==, -1);
    g_assert_false(riscv_has_work(&cpu->parent));

    cpu->irq_lines = MIP_STIP;
    cpu->priv = RISCV_PRV_S;
    g_assert_cmpint(riscv_irq_select(cpu), ==, -1);
    g_assert_true(riscv_has_work(&cpu->parent)); /* wfi ends whatever sstatus says */
    cpu->mstatus |= MSTATUS_SIE;
    g_assert_cmpint(riscv_irq_select(cpu), ==, RISCV_INT_STI);
    cpu->priv = RISCV_PRV_M;
    cpu->mstatus |= MSTATUS_MIE;
    g_assert_cmpint(riscv_irq_select(cpu), ==, -1); /* delegated: not in machine mode */
    cpu->mideleg = 0;
    g_assert_cmpint(riscv_irq_select(cpu), ==, RISCV_INT_STI);
    /* a machine's interrupt comes before any of the supervisor's below it */
    cpu->priv = RISCV_PRV_U;
    cpu->mideleg = MIP_SEIP;
    cpu->irq_lines = MIP_SEIP | MIP_STIP;
    g_assert_cmpint(riscv_irq_select(cpu), ==, RISCV_INT_STI);
    hart_free(cpu);
}

static void test_vectored(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_U);

    cpu->mtvec = MTVEC | 1;
    cpu->mie = MIP_MTIP;
    riscv_irq_line_set(cpu, RISCV_INT_MTI, true);
    g_assert_cmpuint(world.n_kicks, ==, 1);
    riscv_irq_line_set(cpu, RISCV_INT_MTI, true);
    g_assert_cmpuint(world.n_kicks, ==, 1);
    g_assert_true(riscv_take_interrupt(&cpu->parent));
    g_assert_cmphex(cpu->pc, ==, MTVEC + 4 * RISCV_INT_MTI);
    g_assert_cmphex(cpu->mcause, ==, BIT64(63) | RISCV_INT_MTI);
    g_assert_cmphex(cpu->mtval, ==, 0);
    g_assert_false(riscv_take_interrupt(&cpu->parent));
    take(cpu, RISCV_EXC_ILLEGAL, 0); /* exceptions go to the base */
    g_assert_cmphex(cpu->pc, ==, MTVEC);
    hart_free(cpu);
}

/* Unmasking makes the loop look at once. */
static void test_poll(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_M);

    cpu->irq_lines = MIP_MSIP;
    cpu->parent.interrupt_request = 0;
    hart_csrw(cpu, 0x304, MIP_MSIP);
    g_assert_cmpuint(cpu->parent.interrupt_request, ==, 0);
    hart_csrw(cpu, 0x300, MSTATUS_MIE);
    g_assert_cmpuint(cpu->parent.interrupt_request, ==, 1);
    g_assert_cmpuint(cpu->parent.tcg.exit_request, ==, 1);
    hart_free(cpu);
}

static void test_software_edge(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_M);

    riscv_irq_line_set(cpu, RISCV_INT_SSI, true);
    riscv_irq_line_set(cpu, RISCV_INT_SSI, false);
    g_assert_cmphex(riscv_mip(cpu), ==, MIP_SSIP); /* until software clears it */
    hart_csrw(cpu, 0x344, 0);
    g_assert_cmphex(riscv_mip(cpu), ==, 0);
    riscv_irq_line_set(cpu, 13, true); /* no such wire */
    g_assert_cmphex(riscv_mip(cpu), ==, 0);
    hart_free(cpu);
}

static void wfi(RiscvCpu *cpu)
{
    void (*fn)(CpuState *, uint32_t, uint64_t) = riscv_h_wfi.fn;

    fn(&cpu->parent, 0x10500073, 4);
}

static void test_wfi(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_S);

    wfi(cpu);
    g_assert_cmphex(cpu->pc, ==, PC + 4);
    g_assert_cmpuint(world.n_halts, ==, 1);
    cpu->mstatus |= MSTATUS_TW;
    g_assert_true(HART_RAISES(wfi(cpu)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_ILLEGAL);
    g_assert_cmphex(cpu->exc_tval, ==, 0x10500073);
    cpu->mstatus &= ~MSTATUS_TW;
    cpu->priv = RISCV_PRV_U;
    g_assert_true(HART_RAISES(wfi(cpu)));
    cpu->has_s = false;
    g_assert_false(HART_RAISES(wfi(cpu)));
    hart_free(cpu);
}

static void ebreak(RiscvCpu *cpu, uint32_t len)
{
    void (*fn)(CpuState *, uint32_t) = riscv_h_ebreak.fn;

    fn(&cpu->parent, len);
}

static void test_ebreak(void)
{
    RiscvCpu *cpu = trap_hart(RISCV_PRV_M);

    g_assert_true(HART_RAISES(ebreak(cpu, 4)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_BREAKPOINT);
    g_assert_cmphex(cpu->exc_tval, ==, PC);
    /* the three instructions of a semihosting call */
    hart_ram_write(PC - 4, 0x01f01013, 4);
    hart_ram_write(PC + 4, 0x40705013, 4);
    hart_ram_write(PC + 0x20, 100, 8);
    cpu->x[10] = 5;
    cpu->x[11] = PC + 0x20;
    g_assert_false(HART_RAISES(ebreak(cpu, 4)));
    g_assert_cmphex(cpu->x[10], ==, 105);
    g_assert_true(HART_RAISES(ebreak(cpu, 2)));
    hart_free(cpu);
}

static void ecall_from(RiscvPriv priv)
{
    void (*fn)(CpuState *) = riscv_h_ecall.fn;
    RiscvCpu *cpu = trap_hart(priv);

    g_assert_true(HART_RAISES(fn(&cpu->parent)));
    g_assert_cmphex(cpu->exc_cause, ==, 8 + priv);
    g_assert_cmphex(cpu->exc_tval, ==, 0);
    hart_free(cpu);
}

static void test_ecall(void)
{
    ecall_from(RISCV_PRV_U);
    ecall_from(RISCV_PRV_S);
    ecall_from(RISCV_PRV_M);
}

static void test_rv32(void)
{
    RiscvCpu *cpu = hart_new(32);

    cpu->mtvec = 0x80000001;
    cpu->pc = 0xffffffff80000100;
    cpu->priv = RISCV_PRV_U;
    cpu->mie = MIP_MEIP;
    riscv_irq_line_set(cpu, RISCV_INT_MEI, true);
    g_assert_true(riscv_take_interrupt(&cpu->parent));
    g_assert_cmphex(cpu->pc, ==, 0xffffffff8000002c);
    g_assert_cmphex(hart_csrr(cpu, 0x341), ==, 0xffffffff80000100);
    g_assert_cmphex(hart_csrr(cpu, 0x342), ==, 0xffffffff8000000b);
    g_assert_true(riscv_mret(cpu));
    g_assert_cmphex(cpu->pc, ==, 0xffffffff80000100);
    hart_free(cpu);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv-trap/to-machine", test_to_machine);
    g_test_add_func("/riscv-trap/delegated", test_delegated);
    g_test_add_func("/riscv-trap/returns", test_returns);
    g_test_add_func("/riscv-trap/priorities", test_priorities);
    g_test_add_func("/riscv-trap/vectored", test_vectored);
    g_test_add_func("/riscv-trap/poll", test_poll);
    g_test_add_func("/riscv-trap/software-edge", test_software_edge);
    g_test_add_func("/riscv-trap/wfi", test_wfi);
    g_test_add_func("/riscv-trap/ebreak", test_ebreak);
    g_test_add_func("/riscv-trap/ecall", test_ecall);
    g_test_add_func("/riscv-trap/rv32", test_rv32);
    return g_test_run();
}
