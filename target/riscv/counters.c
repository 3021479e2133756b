/*
 * Counters (Privileged ISA, 3.1.10 "Hardware Performance Monitor"; Unprivileged ISA,
 * "Zicntr"). minstret counts instructions exactly; mcycle counts nanoseconds of the
 * virtual clock, as of a hart at 1 GHz.
 *
 * A counter is kept as its difference to its clock, and as itself while it is inhibited.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/csr-fns.h"
#include "hw/core/machine.h"

static uint64_t cycle_clock(void)
{
    return clock_ns(CLOCK_TYPE_VIRTUAL);
}

static bool inhibited(const RiscvCpu *cpu, uint64_t bit)
{
    return cpu->mcountinhibit & bit;
}

uint64_t riscv_mcycle(const RiscvCpu *cpu)
{
    return cpu->mcycle_offset + (inhibited(cpu, COUNTER_CY) ? 0 : cycle_clock());
}

void riscv_mcycle_set(RiscvCpu *cpu, uint64_t value)
{
    cpu->mcycle_offset = value - (inhibited(cpu, COUNTER_CY) ? 0 : cycle_clock());
}

uint64_t riscv_minstret(const RiscvCpu *cpu)
{
    return cpu->minstret_offset + (inhibited(cpu, COUNTER_IR) ? 0 : cpu_icount(&cpu->parent));
}

void riscv_minstret_set(RiscvCpu *cpu, uint64_t value)
{
    cpu->minstret_offset =
        value - (inhibited(cpu, COUNTER_IR) ? 0 : cpu_icount(&cpu->parent));
}

void riscv_mcountinhibit_set(RiscvCpu *cpu, uint64_t value)
{
    uint64_t cycle = riscv_mcycle(cpu), instret = riscv_minstret(cpu);

    cpu->mcountinhibit = value & (COUNTER_CY | COUNTER_IR);
    riscv_mcycle_set(cpu, cycle);
    riscv_minstret_set(cpu, instret);
}

/*
 * The instruction that writes minstret does not count (2.2 of the Privileged ISA: the
 * write takes effect after it), so the next one reads what was written: allow for it
 * beforehand, because it will be counted like any other.
 */
static void minstret_write(RiscvCpu *cpu, uint64_t value)
{
    riscv_minstret_set(cpu, value - (inhibited(cpu, COUNTER_IR) ? 0 : 1));
}

uint64_t csr_read_mcycle(RiscvCpu *cpu, unsigned csr)
{
    return riscv_mcycle(cpu);
}

void csr_write_mcycle(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_mcycle_set(cpu, csr_merge(riscv_mcycle(cpu), value, mask));
}

uint64_t csr_read_mcycleh(RiscvCpu *cpu, unsigned csr)
{
    return riscv_mcycle(cpu) >> 32;
}

void csr_write_mcycleh(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_mcycle_set(cpu, csr_merge(riscv_mcycle(cpu), value << 32, mask << 32));
}

uint64_t csr_read_minstret(RiscvCpu *cpu, unsigned csr)
{
    return riscv_minstret(cpu);
}

void csr_write_minstret(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    minstret_write(cpu, csr_merge(riscv_minstret(cpu), value, mask));
}

uint64_t csr_read_minstreth(RiscvCpu *cpu, unsigned csr)
{
    return riscv_minstret(cpu) >> 32;
}

void csr_write_minstreth(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    minstret_write(cpu, csr_merge(riscv_minstret(cpu), value << 32, mask << 32));
}

static uint64_t time_now(void)
{
    void *opaque;
    const MachineTimeOps *ops = machine_time(&opaque);

    return ops ? ops->get(opaque) : 0;
}

uint64_t csr_read_time(RiscvCpu *cpu, unsigned csr)
{
    return time_now();
}

uint64_t csr_read_timeh(RiscvCpu *cpu, unsigned csr)
{
    return time_now() >> 32;
}

uint64_t csr_read_mcountinhibit(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mcountinhibit;
}

void csr_write_mcountinhibit(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_mcountinhibit_set(cpu, csr_merge(cpu->mcountinhibit, value, mask));
}
