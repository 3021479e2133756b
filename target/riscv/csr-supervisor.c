/*
 * Supervisor-level registers that are no views of the machine's alone (Privileged ISA,
 * chapter "Supervisor-Level ISA"; "Sstc").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/csr-fns.h"
#include "target/riscv/trace.h"

uint64_t csr_read_sstatus(RiscvCpu *cpu, unsigned csr)
{
    return riscv_mstatus_read(cpu) &
           (SSTATUS_MASK | (cpu->xlen == 32 ? MSTATUS_SD_RV32 : MSTATUS_SD_RV64));
}

void csr_write_sstatus(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_mstatus_write(cpu, value, mask & SSTATUS_MASK);
}

uint64_t csr_read_stimecmp(RiscvCpu *cpu, unsigned csr)
{
    return cpu->stimecmp;
}

void csr_write_stimecmp(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_stimer_set(cpu, csr_merge(cpu->stimecmp, value, mask));
}

uint64_t csr_read_stimecmph(RiscvCpu *cpu, unsigned csr)
{
    return cpu->stimecmp >> 32;
}

void csr_write_stimecmph(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_stimer_set(cpu, csr_merge(cpu->stimecmp, value << 32, mask << 32));
}

uint64_t csr_read_satp(RiscvCpu *cpu, unsigned csr)
{
    return cpu->satp;
}

bool riscv_satp_legal(const RiscvCpu *cpu, uint64_t satp)
{
    unsigned needed;

    if (cpu->xlen == 32) {
        needed = satp & SATP32_MODE ? RISCV_SV32 : 0;
    } else {
        switch (field_get(satp, SATP64_MODE)) {
        case SATP_MODE_BARE: needed = 0; break;
        case SATP_MODE_SV39: needed = RISCV_SV39; break;
        case SATP_MODE_SV48: needed = RISCV_SV48; break;
        case SATP_MODE_SV57: needed = RISCV_SV57; break;
        default: return false;
        }
    }
    return !needed || (cpu->mmu && (cpu->satp_modes & needed));
}

/* A write with a mode that is not supported has no effect at all. Nothing is flushed: what
 * the old root had cached stays valid for its ASID. */
void csr_write_satp(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    uint64_t new = csr_merge(cpu->satp, value, mask);

    trace_riscv_satp_write(cpu->hartid, cpu->satp, new, riscv_satp_legal(cpu, new));
    if (riscv_satp_legal(cpu, new)) {
        cpu->satp = new;
        riscv_update_mode(cpu);
    }
}
