/*
 * What the system side of target/riscv (CSRs, traps, translation, protection, counters)
 * shares among its own files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_SYSTEM_H
#define TARGET_RISCV_SYSTEM_H

#include "target/riscv/bits.h"
#include "target/riscv/cpu.h"

/* ---- extensions.c ---- */
/* Extensions that a model has before properties change them. */
uint64_t riscv_ext_default(unsigned xlen);
uint64_t riscv_ext_max(unsigned xlen);
/* Property name of an extension. */
const char *riscv_ext_name(RiscvExt e);
/*
 * Make cpu->ext consistent: what an extension consists of follows it unless the user set
 * it (ext_user_set), and what it requires must be on. The error names both extensions.
 */
bool riscv_ext_check(RiscvCpu *cpu, GError **err);
/* riscv,isa of the device tree (Unprivileged ISA, "ISA Extension Naming Conventions");
 * to g_free(). */
char *riscv_isa_string(const RiscvCpu *cpu);
/* Value of misa (Privileged ISA, 3.1.1). */
uint64_t riscv_misa(const RiscvCpu *cpu);

/* ---- state.c ---- */
/* The state that the manual defines at reset (Privileged ISA, 3.4), and zero elsewhere. */
void riscv_cpu_reset_state(RiscvCpu *cpu);
/* Rebuild everything that derives from saved registers, and make reserved values legal. */
void riscv_cpu_loaded(RiscvCpu *cpu);
/* The key of the view that data or fetch accesses use now. */
CpuViewKey riscv_view_key(const RiscvCpu *cpu, CpuViewKind kind);
/* An address as pc and integer registers hold it: sign-extended on rv32. */
static inline uint64_t riscv_xlen_extend(const RiscvCpu *cpu, uint64_t value)
{
    return cpu->xlen == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}
/* pc and the targets of returns have these bits clear. */
static inline uint64_t riscv_pc_low_bits(const RiscvCpu *cpu)
{
    return riscv_has_ext(cpu, RISCV_EXT_C) || riscv_has_ext(cpu, RISCV_EXT_ZCA) ? 1 : 3;
}
/* Append registers for -d cpu and info registers. */
void riscv_dump(CpuState *cpu, GString *out);

/* ---- View keys (made in state.c, read in mmu.c and sys-helper.c) ----
 * k[0]: satp, 0 while addresses are not translated; k[1]: the bits below and satp's MODE;
 * k[2]: PMP generation, 0 while PMP allows everything. */
enum {
    RISCV_KEY_XLATE = 1 << 0,  /* k[0] translates */
    RISCV_KEY_U = 1 << 1,      /* as user mode (else supervisor) */
    RISCV_KEY_SUM = 1 << 2,
    RISCV_KEY_MXR = 1 << 3,
    RISCV_KEY_HW_AD = 1 << 4,  /* A and D are set by hardware */
    RISCV_KEY_M = 1 << 5,      /* PMP judges as machine mode */
    RISCV_KEY_MODE_SHIFT = 8,
};

/* ---- mmu.c ---- */
/* The shape of a translation scheme. */
typedef struct RiscvScheme {
    unsigned levels;
    unsigned index_bits;   /* of an address, a level */
    unsigned pte_size;
    unsigned va_bits;      /* 0: every address is canonical */
    uint64_t pte_ppn, pte_reserved;
} RiscvScheme;
/* That of a key that translates, and the physical address of its root table. */
const RiscvScheme *riscv_scheme(const RiscvCpu *cpu, const CpuViewKey *key, uint64_t *root);

/* ---- csr.c ---- */
/* Legalise and store mstatus; updates modes and views. Bits of @mask are written. */
void riscv_mstatus_write(RiscvCpu *cpu, uint64_t value, uint64_t mask);
/* The mode of a value for satp is supported. */
bool riscv_satp_legal(const RiscvCpu *cpu, uint64_t satp);
/* mstatus as software reads it, with SD. */
uint64_t riscv_mstatus_read(const RiscvCpu *cpu);
/* mstatus.FS becomes Dirty. */
void riscv_fs_dirty(RiscvCpu *cpu);
/* A whole csrr* instruction but for rd; false if it is illegal. */
bool riscv_csr_insn(RiscvCpu *cpu, uint32_t insn, uint64_t src, uint64_t *ret_old);
/* Name of a CSR that the hart has, or NULL. */
const char *riscv_csr_name(const RiscvCpu *cpu, unsigned csr);

/* ---- counters.c ---- */
uint64_t riscv_mcycle(const RiscvCpu *cpu);
uint64_t riscv_minstret(const RiscvCpu *cpu);
void riscv_mcycle_set(RiscvCpu *cpu, uint64_t value);
void riscv_minstret_set(RiscvCpu *cpu, uint64_t value);
void riscv_mcountinhibit_set(RiscvCpu *cpu, uint64_t value);

/* ---- sstc.c ---- */
void riscv_stimer_init(RiscvCpu *cpu);
void riscv_stimer_destroy(RiscvCpu *cpu);
/* Write stimecmp. */
void riscv_stimer_set(RiscvCpu *cpu, uint64_t value);
/* Recompute STIP and the deadline: menvcfg.STCE or time changed, state was loaded. */
void riscv_stimer_update(RiscvCpu *cpu);

/* ---- trap.c ---- */
/* Pending interrupts: what software set, and wires. */
static inline uint64_t riscv_mip(const RiscvCpu *cpu)
{
    return atomic_read(&cpu->mip) | atomic_read(&cpu->irq_lines);
}
/* The interrupt to take now, by priority; -1 if none. */
int riscv_irq_select(const RiscvCpu *cpu);
/* Something may have become takeable: the vCPU's loop looks again. Own thread. */
void riscv_irq_poll(RiscvCpu *cpu);
/* An interrupt wire; machine lock held, any thread. */
void riscv_irq_line_set(RiscvCpu *cpu, unsigned bit, bool level);
/* mret, sret: false if illegal here. */
bool riscv_mret(RiscvCpu *cpu);
bool riscv_sret(RiscvCpu *cpu);
/* wfi is legal here. */
bool riscv_wfi_allowed(const RiscvCpu *cpu);

/* ---- pmp.c ---- */
/* CSR accesses; entries and addresses that are locked keep their values. */
uint64_t riscv_pmpcfg_read(const RiscvCpu *cpu, unsigned entry);
void riscv_pmpcfg_write(RiscvCpu *cpu, unsigned entry, uint8_t value);
void riscv_pmpaddr_write(RiscvCpu *cpu, unsigned entry, uint64_t value);
/* Recompute pmp_map from pmpcfg and pmpaddr; the generation advances. */
void riscv_pmp_update(RiscvCpu *cpu);
/* True if PMP lets machine mode (@m) or less (!@m) make every access. */
bool riscv_pmp_open(const RiscvCpu *cpu, bool m);
/* PMP_R, PMP_W and PMP_X of the access [phys, phys + size): 0 if it matches in part. */
unsigned riscv_pmp_rights(const RiscvCpu *cpu, uint64_t phys, uint64_t size, bool m);
/* The same for the 4 KiB page of phys; *ret_partial: not all of its bytes are alike. */
unsigned riscv_pmp_page_rights(const RiscvCpu *cpu, uint64_t phys, bool m,
                               bool *ret_partial);

/* ---- mmu.c ---- */
/* Copy between a buffer and the guest's data view, without raising: false if a byte is not
 * reachable (what precedes it may have been copied). */
bool riscv_data_rw(RiscvCpu *cpu, uint64_t vaddr, void *buf, size_t len, bool write);
/* Read code through the fetch view, without raising. */
bool riscv_fetch_u16(RiscvCpu *cpu, uint64_t vaddr, uint16_t *ret);

#endif
