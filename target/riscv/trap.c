/*
 * Traps (Privileged ISA, 3.1.6 to 3.1.9, 3.3.2 and chapter "Supervisor-Level ISA"):
 * exceptions, interrupts, delegation, returns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"
#include "target/riscv/trace.h"
#include "util/log.h"

static const char *const exception_names[] = {
    [RISCV_EXC_INSN_MISALIGNED] = "misaligned_fetch",
    [RISCV_EXC_INSN_ACCESS] = "fault_fetch",
    [RISCV_EXC_ILLEGAL] = "illegal_instruction",
    [RISCV_EXC_BREAKPOINT] = "breakpoint",
    [RISCV_EXC_LOAD_MISALIGNED] = "misaligned_load",
    [RISCV_EXC_LOAD_ACCESS] = "fault_load",
    [RISCV_EXC_STORE_MISALIGNED] = "misaligned_store",
    [RISCV_EXC_STORE_ACCESS] = "fault_store",
    [RISCV_EXC_ECALL_U] = "user_ecall",
    [RISCV_EXC_ECALL_S] = "supervisor_ecall",
    [RISCV_EXC_ECALL_M] = "machine_ecall",
    [RISCV_EXC_INSN_PAGE] = "exec_page_fault",
    [RISCV_EXC_LOAD_PAGE] = "load_page_fault",
    [RISCV_EXC_STORE_PAGE] = "store_page_fault",
};

static const char *const interrupt_names[] = {
    [RISCV_INT_SSI] = "s_software", [RISCV_INT_MSI] = "m_software",
    [RISCV_INT_STI] = "s_timer",    [RISCV_INT_MTI] = "m_timer",
    [RISCV_INT_SEI] = "s_external", [RISCV_INT_MEI] = "m_external",
};

static const char *trap_name(bool interrupt, uint64_t cause)
{
    const char *name = NULL;

    if (interrupt && cause < ARRAY_SIZE(interrupt_names)) {
        name = interrupt_names[cause];
    } else if (!interrupt && cause < ARRAY_SIZE(exception_names)) {
        name = exception_names[cause];
    }
    return name ? name : "unknown";
}

/* ---- Entering and leaving handlers ---- */

static uint64_t handler_address(const RiscvCpu *cpu, uint64_t tvec, bool interrupt,
                                uint64_t cause)
{
    uint64_t base = tvec & ~UINT64_C(3);

    if (interrupt && (tvec & 3) == 1) {
        base += 4 * cause;
    }
    return riscv_xlen_extend(cpu, base);
}

static void enter(RiscvCpu *cpu, bool interrupt, uint64_t cause, uint64_t tval)
{
    uint64_t deleg = interrupt ? cpu->mideleg : cpu->medeleg;
    bool to_s = cpu->priv <= RISCV_PRV_S && cpu->has_s && (deleg >> cause & 1);
    uint64_t code = cause | (interrupt ? BIT64(cpu->xlen - 1) : 0);
    uint64_t st = cpu->mstatus;

    log_if(LOG_INT, "riscv_cpu_do_interrupt: hart:%" PRIu64 ", async:%d, cause:%016" PRIx64
           ", epc:0x%016" PRIx64 ", tval:0x%016" PRIx64 ", desc=%s\n", cpu->hartid, interrupt,
           cause, cpu->pc, tval, trap_name(interrupt, cause));
    trace_riscv_trap_take(cpu->hartid, interrupt, cause, cpu->pc, tval,
                          trap_name(interrupt, cause), cpu->priv);
    if (to_s) {
        st = field_set(st, MSTATUS_SPIE, field_get(st, MSTATUS_SIE));
        st = field_set(st, MSTATUS_SIE, 0);
        st = field_set(st, MSTATUS_SPP, cpu->priv);
        cpu->sepc = cpu->pc;
        cpu->scause = code;
        cpu->stval = tval;
        cpu->pc = handler_address(cpu, cpu->stvec, interrupt, cause);
        cpu->priv = RISCV_PRV_S;
    } else {
        st = field_set(st, MSTATUS_MPIE, field_get(st, MSTATUS_MIE));
        st = field_set(st, MSTATUS_MIE, 0);
        st = field_set(st, MSTATUS_MPP, cpu->priv);
        cpu->mepc = cpu->pc;
        cpu->mcause = code;
        cpu->mtval = tval;
        cpu->pc = handler_address(cpu, cpu->mtvec, interrupt, cause);
        cpu->priv = RISCV_PRV_M;
    }
    cpu->mstatus = st;
    cpu->reserve_addr = UINT64_MAX;
    riscv_update_mode(cpu);
    riscv_irq_poll(cpu);
}

bool riscv_mret(RiscvCpu *cpu)
{
    uint64_t st = cpu->mstatus;
    unsigned to = field_get(st, MSTATUS_MPP);

    if (cpu->priv != RISCV_PRV_M) {
        return false;
    }
    st = field_set(st, MSTATUS_MIE, field_get(st, MSTATUS_MPIE));
    st = field_set(st, MSTATUS_MPIE, 1);
    st = field_set(st, MSTATUS_MPP, cpu->has_u ? RISCV_PRV_U : RISCV_PRV_M);
    if (to != RISCV_PRV_M) {
        st = field_set(st, MSTATUS_MPRV, 0);
    }
    cpu->mstatus = st;
    cpu->priv = to;
    cpu->pc = riscv_xlen_extend(cpu, cpu->mepc);
    trace_riscv_mret_do(cpu->hartid, to, cpu->pc);
    riscv_update_mode(cpu);
    riscv_irq_poll(cpu);
    return true;
}

bool riscv_sret(RiscvCpu *cpu)
{
    uint64_t st = cpu->mstatus;
    unsigned to = field_get(st, MSTATUS_SPP);

    if (!cpu->has_s || cpu->priv == RISCV_PRV_U ||
        (cpu->priv == RISCV_PRV_S && (st & MSTATUS_TSR))) {
        return false;
    }
    st = field_set(st, MSTATUS_SIE, field_get(st, MSTATUS_SPIE));
    st = field_set(st, MSTATUS_SPIE, 1);
    st = field_set(st, MSTATUS_SPP, cpu->has_u ? RISCV_PRV_U : RISCV_PRV_S);
    st = field_set(st, MSTATUS_MPRV, 0);
    cpu->mstatus = st;
    cpu->priv = to;
    cpu->pc = riscv_xlen_extend(cpu, cpu->sepc);
    trace_riscv_sret_do(cpu->hartid, to, cpu->pc);
    riscv_update_mode(cpu);
    riscv_irq_poll(cpu);
    return true;
}

/* 3.3.3: a supervisor may wait unless TW says no; so may a user where there is none. */
bool riscv_wfi_allowed(const RiscvCpu *cpu)
{
    switch (cpu->priv) {
    case RISCV_PRV_M: return true;
    case RISCV_PRV_S: return !(cpu->mstatus & MSTATUS_TW);
    default:          return !cpu->has_s && !(cpu->mstatus & MSTATUS_TW);
    }
}

/* ---- Exceptions ---- */

void riscv_raise(RiscvCpu *cpu, uint64_t cause, uint64_t tval)
{
    cpu->exc_cause = cause;
    cpu->exc_tval = tval;
    cpu_raise(&cpu->parent);
}

void riscv_take_exception(CpuState *cs)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    enter(cpu, false, cpu->exc_cause, cpu->exc_tval);
}

/* ---- Interrupts ---- */

int riscv_irq_select(const RiscvCpu *cpu)
{
    static const uint8_t order[] = { RISCV_INT_MEI, RISCV_INT_MSI, RISCV_INT_MTI,
                                     RISCV_INT_SEI, RISCV_INT_SSI, RISCV_INT_STI };
    uint64_t pending = riscv_mip(cpu) & cpu->mie;
    uint64_t takeable = 0;

    if (likely(!pending)) {
        return -1;
    }
    if (cpu->priv < RISCV_PRV_M || (cpu->mstatus & MSTATUS_MIE)) {
        takeable = pending & ~cpu->mideleg;
    }
    if (!takeable && (cpu->priv < RISCV_PRV_S ||
                      (cpu->priv == RISCV_PRV_S && (cpu->mstatus & MSTATUS_SIE)))) {
        takeable = pending & cpu->mideleg;
    }
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        if (takeable >> order[i] & 1) {
            return order[i];
        }
    }
    return -1;
}

bool riscv_take_interrupt(CpuState *cs)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    int irq;

    /* Before looking, so that one that comes while we look is not lost. */
    atomic_xchg(&cs->interrupt_request, 0);
    irq = riscv_irq_select(cpu);
    if (irq < 0) {
        return false;
    }
    cpu->idle_wfis = 0;
    enter(cpu, true, irq, 0);
    return true;
}

void riscv_irq_poll(RiscvCpu *cpu)
{
    if (riscv_irq_select(cpu) >= 0) {
        atomic_set(&cpu->parent.interrupt_request, 1);
        cpu_request_exit(&cpu->parent);
    }
}

bool riscv_has_work(CpuState *cs)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    return riscv_mip(cpu) & atomic_read(&cpu->mie);
}

void riscv_irq_line_set(RiscvCpu *cpu, unsigned bit, bool level)
{
    uint64_t mask = BIT64(bit);

    trace_riscv_irq_line_set(cpu->hartid, bit, level);
    switch (bit) {
    case RISCV_INT_SSI:
        /* An edge, which sets the bit that software clears (ACLINT, "SSWI"). */
        if (level && !(atomic_fetch_or(&cpu->mip, mask) & mask)) {
            cpu_kick_interrupt(&cpu->parent);
        }
        break;
    case RISCV_INT_MSI:
    case RISCV_INT_MTI:
    case RISCV_INT_SEI:
    case RISCV_INT_MEI:
        if (!level) {
            atomic_fetch_and(&cpu->irq_lines, ~mask);
        } else if (!(atomic_fetch_or(&cpu->irq_lines, mask) & mask)) {
            cpu_kick_interrupt(&cpu->parent);
        }
        break;
    default: /* no such wire */
        break;
    }
}
