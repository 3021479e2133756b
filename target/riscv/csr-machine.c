/*
 * Machine-level registers (Privileged ISA, chapter 3), and floating point's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/csr-fns.h"

uint64_t csr_read_zero(RiscvCpu *cpu, unsigned csr)
{
    return 0;
}

void csr_write_ignore(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
}

/* ---- mstatus ---- */

static uint64_t mstatus_writable(const RiscvCpu *cpu)
{
    uint64_t bits = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP;

    if (cpu->has_s) {
        bits |= MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR |
                MSTATUS_TVM | MSTATUS_TSR;
    }
    if (cpu->has_u) {
        bits |= MSTATUS_MPRV | MSTATUS_TW;
    }
    if (riscv_has_ext(cpu, RISCV_EXT_F)) {
        bits |= MSTATUS_FS;
    }
    return bits;
}

static bool priv_exists(const RiscvCpu *cpu, unsigned priv)
{
    return priv == RISCV_PRV_M || (priv == RISCV_PRV_S && cpu->has_s) ||
           (priv == RISCV_PRV_U && cpu->has_u);
}

/* Of mstatus, what code modes and views are made from. */
#define VIEWS_AND_MODE (MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_MPRV | MSTATUS_MPP)

void riscv_mstatus_write(RiscvCpu *cpu, uint64_t value, uint64_t mask)
{
    uint64_t old = cpu->mstatus;
    uint64_t new = csr_merge(old, value, mask & mstatus_writable(cpu));

    if (!priv_exists(cpu, field_get(new, MSTATUS_MPP))) {
        unsigned mpp = field_get(old, MSTATUS_MPP);

        new = field_set(new, MSTATUS_MPP, priv_exists(cpu, mpp) ? mpp : RISCV_PRV_M);
    }
    cpu->mstatus = new;
    if ((old ^ new) & VIEWS_AND_MODE) {
        riscv_update_mode(cpu);
    }
    riscv_irq_poll(cpu);
}

uint64_t riscv_mstatus_read(const RiscvCpu *cpu)
{
    uint64_t sd = cpu->xlen == 32 ? MSTATUS_SD_RV32 : MSTATUS_SD_RV64;
    bool dirty = field_get(cpu->mstatus, MSTATUS_FS) == MSTATUS_FS_DIRTY;

    return cpu->mstatus | (dirty ? sd : 0);
}

uint64_t csr_read_mstatus(RiscvCpu *cpu, unsigned csr)
{
    return riscv_mstatus_read(cpu);
}

void csr_write_mstatus(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_mstatus_write(cpu, value, mask);
}

uint64_t csr_read_misa(RiscvCpu *cpu, unsigned csr)
{
    return cpu->misa;
}

/* ---- Delegation and interrupts ---- */

/* Every exception that can happen below machine mode; an ecall from machine mode stays. */
#define MEDELEG_BITS                                                                      \
    (BIT64(RISCV_EXC_INSN_MISALIGNED) | BIT64(RISCV_EXC_INSN_ACCESS) |                    \
     BIT64(RISCV_EXC_ILLEGAL) | BIT64(RISCV_EXC_BREAKPOINT) |                             \
     BIT64(RISCV_EXC_LOAD_MISALIGNED) | BIT64(RISCV_EXC_LOAD_ACCESS) |                    \
     BIT64(RISCV_EXC_STORE_MISALIGNED) | BIT64(RISCV_EXC_STORE_ACCESS) |                  \
     BIT64(RISCV_EXC_ECALL_U) | BIT64(RISCV_EXC_ECALL_S) | BIT64(RISCV_EXC_INSN_PAGE) |   \
     BIT64(RISCV_EXC_LOAD_PAGE) | BIT64(RISCV_EXC_STORE_PAGE))

uint64_t csr_read_medeleg(RiscvCpu *cpu, unsigned csr)
{
    return cpu->medeleg;
}

void csr_write_medeleg(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    cpu->medeleg = csr_merge(cpu->medeleg, value, mask & MEDELEG_BITS);
}

uint64_t csr_read_mideleg(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mideleg;
}

void csr_write_mideleg(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    cpu->mideleg = csr_merge(cpu->mideleg, value, mask & MIP_S);
    riscv_irq_poll(cpu);
}

uint64_t csr_read_mie(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mie;
}

void csr_write_mie(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    mask &= MIP_M | (cpu->has_s ? MIP_S : 0);
    atomic_set(&cpu->mie, csr_merge(cpu->mie, value, mask));
    riscv_irq_poll(cpu);
}

/* Set and clear software's bits of mip; others may do so at the same time. */
static void mip_change(RiscvCpu *cpu, uint64_t value, uint64_t mask)
{
    atomic_fetch_and(&cpu->mip, ~(mask & ~value));
    atomic_fetch_or(&cpu->mip, mask & value);
    riscv_irq_poll(cpu);
}

uint64_t csr_read_mip(RiscvCpu *cpu, unsigned csr)
{
    if ((cpu->menvcfg & MENVCFG_STCE) && !(riscv_mip(cpu) & MIP_STIP)) {
        riscv_stimer_update(cpu); /* the time may have come since the timer was armed */
    }
    return riscv_mip(cpu);
}

/* SEIP: csrrs and csrrc act on software's bit alone, never on the wire (3.1.9). */
void csr_write_mip(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    uint64_t writable = cpu->has_s ? MIP_S : 0;

    if (cpu->menvcfg & MENVCFG_STCE) {
        writable &= ~MIP_STIP;
    }
    mip_change(cpu, value, mask & writable);
}

uint64_t csr_read_sie(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mie & cpu->mideleg;
}

void csr_write_sie(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    csr_write_mie(cpu, csr, value, mask & cpu->mideleg);
}

uint64_t csr_read_sip(RiscvCpu *cpu, unsigned csr)
{
    return csr_read_mip(cpu, csr) & cpu->mideleg;
}

void csr_write_sip(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    mip_change(cpu, value, mask & cpu->mideleg & MIP_SSIP);
}

/* ---- Traps ---- */

/* Direct or vectored; a reserved mode leaves the register as it is. */
static void tvec_write(uint64_t *tvec, uint64_t value, uint64_t mask)
{
    uint64_t new = csr_merge(*tvec, value, mask);

    if ((new & 3) <= 1) {
        *tvec = new;
    }
}

uint64_t csr_read_mtvec(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mtvec;
}

void csr_write_mtvec(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    tvec_write(&cpu->mtvec, value, mask);
}

uint64_t csr_read_stvec(RiscvCpu *cpu, unsigned csr)
{
    return cpu->stvec;
}

void csr_write_stvec(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    tvec_write(&cpu->stvec, value, mask);
}

uint64_t csr_read_mepc(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mepc;
}

void csr_write_mepc(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    cpu->mepc = csr_merge(cpu->mepc, value, mask) & ~riscv_pc_low_bits(cpu);
}

uint64_t csr_read_sepc(RiscvCpu *cpu, unsigned csr)
{
    return cpu->sepc;
}

void csr_write_sepc(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    cpu->sepc = csr_merge(cpu->sepc, value, mask) & ~riscv_pc_low_bits(cpu);
}

/* ---- Environment ---- */

static uint64_t envcfg_bits(const RiscvCpu *cpu)
{
    uint64_t bits = ENVCFG_FIOM;

    if (riscv_has_ext(cpu, RISCV_EXT_ZICBOM)) {
        bits |= ENVCFG_CBIE | ENVCFG_CBCFE;
    }
    if (riscv_has_ext(cpu, RISCV_EXT_ZICBOZ)) {
        bits |= ENVCFG_CBZE;
    }
    return bits;
}

/* The reserved value of CBIE leaves the field as it is. */
static uint64_t envcfg_merge(uint64_t old, uint64_t value, uint64_t mask)
{
    uint64_t new = csr_merge(old, value, mask);

    if (field_get(new, ENVCFG_CBIE) == ENVCFG_CBIE_RESERVED) {
        new = csr_merge(new, old, ENVCFG_CBIE);
    }
    return new;
}

static void menvcfg_set(RiscvCpu *cpu, uint64_t value, uint64_t mask)
{
    uint64_t old = cpu->menvcfg;
    uint64_t bits = envcfg_bits(cpu);
    uint64_t new;

    if (cpu->has_s && riscv_has_ext(cpu, RISCV_EXT_SSTC)) {
        bits |= MENVCFG_STCE;
    }
    if (cpu->has_s && riscv_has_ext(cpu, RISCV_EXT_SVADU)) {
        bits |= MENVCFG_ADUE;
    }
    new = envcfg_merge(old, value, mask & bits);
    atomic_set(&cpu->menvcfg, new);
    if ((old ^ new) & MENVCFG_STCE) {
        /* STIP is software's without STCE, and follows stimecmp with it. */
        atomic_fetch_and(&cpu->mip, ~MIP_STIP);
        riscv_stimer_update(cpu);
    }
    riscv_update_mode(cpu);
}

uint64_t csr_read_menvcfg(RiscvCpu *cpu, unsigned csr)
{
    return cpu->menvcfg;
}

void csr_write_menvcfg(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    menvcfg_set(cpu, value, mask);
}

uint64_t csr_read_menvcfgh(RiscvCpu *cpu, unsigned csr)
{
    return cpu->menvcfg >> 32;
}

void csr_write_menvcfgh(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    menvcfg_set(cpu, value << 32, mask << 32);
}

uint64_t csr_read_senvcfg(RiscvCpu *cpu, unsigned csr)
{
    return cpu->senvcfg;
}

void csr_write_senvcfg(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    cpu->senvcfg = envcfg_merge(cpu->senvcfg, value, mask & envcfg_bits(cpu));
}

/* ---- PMP: 4 or 8 entries a configuration register ---- */

static unsigned pmpcfg_first(unsigned csr)
{
    return (csr - 0x3a0) * 4;
}

uint64_t csr_read_pmpcfg(RiscvCpu *cpu, unsigned csr)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < cpu->xlen / 8; i++) {
        value |= riscv_pmpcfg_read(cpu, pmpcfg_first(csr) + i) << 8 * i;
    }
    return value;
}

void csr_write_pmpcfg(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    uint64_t new = csr_merge(csr_read_pmpcfg(cpu, csr), value, mask);


    for (unsigned i = 0; i < cpu->xlen / 8; i++) {
        riscv_pmpcfg_write(cpu, pmpcfg_first(csr) + i, new >> 8 * i);
    }
    riscv_update_mode(cpu);
}

uint64_t csr_read_pmpaddr(RiscvCpu *cpu, unsigned csr)
{
    return cpu->pmpaddr[csr - 0x3b0];
}

void csr_write_pmpaddr(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    riscv_pmpaddr_write(cpu, csr - 0x3b0, csr_merge(cpu->pmpaddr[csr - 0x3b0], value, mask));
    riscv_update_mode(cpu);
}

uint64_t csr_read_mvendorid(RiscvCpu *cpu, unsigned csr)
{
    return cpu->mvendorid;
}

/* ---- Floating point ---- */

void riscv_fs_dirty(RiscvCpu *cpu)
{
    if (field_get(cpu->mstatus, MSTATUS_FS) != MSTATUS_FS_DIRTY) {
        cpu->mstatus |= MSTATUS_FS;
        riscv_update_mode(cpu);
    }
}

enum { FFLAGS_BITS = 0x1f, FRM_BITS = 7, FRM_SHIFT = 5 };

static void fcsr_set(RiscvCpu *cpu, uint64_t fcsr)
{
    cpu->fp.flags = fcsr & FFLAGS_BITS;
    riscv_fs_dirty(cpu);
    if (cpu->frm != (fcsr >> FRM_SHIFT & FRM_BITS)) {
        cpu->frm = fcsr >> FRM_SHIFT & FRM_BITS;
        riscv_update_mode(cpu);
    }
}

uint64_t csr_read_fcsr(RiscvCpu *cpu, unsigned csr)
{
    return (cpu->fp.flags & FFLAGS_BITS) | cpu->frm << FRM_SHIFT;
}

void csr_write_fcsr(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    fcsr_set(cpu, csr_merge(csr_read_fcsr(cpu, csr), value, mask));
}

uint64_t csr_read_fflags(RiscvCpu *cpu, unsigned csr)
{
    return cpu->fp.flags & FFLAGS_BITS;
}

void csr_write_fflags(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    csr_write_fcsr(cpu, csr, value, mask & FFLAGS_BITS);
}

uint64_t csr_read_frm(RiscvCpu *cpu, unsigned csr)
{
    return cpu->frm;
}

void csr_write_frm(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t mask)
{
    csr_write_fcsr(cpu, csr, value << FRM_SHIFT, (mask & FRM_BITS) << FRM_SHIFT);
}
