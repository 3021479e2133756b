/*
 * Helpers that translated code calls for privileged instructions, and cache-block
 * management (Privileged ISA, 3.3; "Svinval"; Unprivileged ISA, "CMO", "Zawrs").
 *
 * Each runs with pc and all registers of its instruction in the state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"
#include "semihosting/semihosting.h"
#include "target/riscv/trace.h"

static void illegal(RiscvCpu *cpu, uint32_t insn) __attribute__((noreturn));
static void illegal(RiscvCpu *cpu, uint32_t insn)
{
    riscv_raise(cpu, RISCV_EXC_ILLEGAL, insn);
}

static void h_raise(CpuState *cs, uint32_t cause, uint64_t tval)
{
    riscv_raise(riscv_cpu(cs), cause, tval);
}

static uint64_t h_ecall(CpuState *cs)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    cpu->exc_cause = RISCV_EXC_ECALL_U + cpu->priv;
    cpu->exc_tval = 0;
    if (!cpu_exception_now(cs)) {
        cpu_raise(cs);
    }
    return cpu->pc;
}

/* ---- Breakpoints and semihosting (RISC-V Semihosting, "The semihosting call") ---- */

static bool fetch_u32(RiscvCpu *cpu, uint64_t vaddr, uint32_t *ret)
{
    uint16_t low, high;

    if (!riscv_fetch_u16(cpu, vaddr, &low) || !riscv_fetch_u16(cpu, vaddr + 2, &high)) {
        return false;
    }
    *ret = low | (uint32_t)high << 16;
    return true;
}

static bool is_semihosting_call(RiscvCpu *cpu, uint32_t insn_len)
{
    enum { SLLI_X0_X0_31 = 0x01f01013, SRAI_X0_X0_7 = 0x40705013 };
    uint32_t before, after;

    return insn_len == 4 && semihosting_enabled(cpu->priv == RISCV_PRV_U) &&
           fetch_u32(cpu, cpu->pc - 4, &before) && before == SLLI_X0_X0_31 &&
           fetch_u32(cpu, cpu->pc + 4, &after) && after == SRAI_X0_X0_7;
}

static bool semihosting_mem(void *opaque, uint64_t addr, void *buf, size_t len, bool write)
{
    return riscv_data_rw(opaque, addr, buf, len, write);
}

static void h_ebreak(CpuState *cs, uint32_t insn_len)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    enum { A0 = 10, A1 = 11 };

    if (is_semihosting_call(cpu, insn_len)) {
        SemihostingGuest guest = { .mem = semihosting_mem, .opaque = cpu,
                                   .word_size = cpu->xlen / 8 };

        cpu_outside(cs);
        cpu->x[A0] = riscv_xlen_extend(
            cpu, semihosting_call(&guest, (uint32_t)cpu->x[A0], cpu->x[A1]));
        return;
    }
    riscv_raise(cpu, RISCV_EXC_BREAKPOINT, cpu->pc);
}

/* ---- Registers, returns, waiting ---- */

static uint64_t h_csr(CpuState *cs, uint32_t insn, uint64_t src)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t old;

    if (!riscv_csr_insn(cpu, insn, src, &old)) {
        illegal(cpu, insn);
    }
    return old;
}

static uint64_t h_mret(CpuState *cs, uint32_t insn)
{
    if (!riscv_mret(riscv_cpu(cs))) {
        illegal(riscv_cpu(cs), insn);
    }
    return riscv_cpu(cs)->pc;
}

static uint64_t h_sret(CpuState *cs, uint32_t insn)
{
    if (!riscv_sret(riscv_cpu(cs))) {
        illegal(riscv_cpu(cs), insn);
    }
    return riscv_cpu(cs)->pc;
}

/* A loop around WFI with a pending interrupt that stays disabled: firmware that waits for
 * another hart does so. OpenSBI before 1.2 leaves MSIP pending while a hart waits to be started,
 * and says that it may start before it says where: a hart that looks in between starts the
 * kernel a second time. The gap is a few instructions, but code that runs for the first time is
 * translated there, and the host may take the thread's core away. So such a hart must look
 * seldom: it sleeps for longer and longer, and a further interrupt, which OpenSBI sends when all
 * is said, ends its sleep at once. */
enum { WFI_PATIENCE = 2, WFI_NAP_US = 2000, WFI_NAP_DOUBLINGS = 8 };

static void h_wfi(CpuState *cs, uint32_t insn, uint64_t length)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    if (!riscv_wfi_allowed(cpu)) {
        illegal(cpu, insn);
    }
    cpu->pc = riscv_xlen_extend(cpu, cpu->pc + length);
    trace_riscv_wfi_do(cpu->hartid, !riscv_has_work(cs));
    if (!riscv_has_work(cs)) {
        cpu->idle_wfis = 0;
        cpu_halt(cs);
    } else if (++cpu->idle_wfis > WFI_PATIENCE) {
        cpu->idle_wfis = MIN(cpu->idle_wfis, WFI_PATIENCE + 1 + WFI_NAP_DOUBLINGS);
        cpu_nap(cs, WFI_NAP_US << (cpu->idle_wfis - WFI_PATIENCE - 1));
    }
}

/* Other harts' stores are not watched: a short pause is a legal end of the wait, and makes
 * the trap of TW (which is for waits that last) unnecessary. */
static void h_wrs(CpuState *cs, uint32_t insn, uint64_t length)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    cpu->pc = riscv_xlen_extend(cpu, cpu->pc + length);
    if (!riscv_has_work(cs)) {
        g_thread_yield();
    }
}

/* ---- Fences ---- */

typedef struct FenceMatch {
    const RiscvCpu *cpu;
    bool any_asid;
    uint64_t asid;
} FenceMatch;

static bool fence_matches(const CpuViewKey *key, void *opaque)
{
    const FenceMatch *m = opaque;
    uint64_t field = m->cpu->xlen == 32 ? SATP32_ASID : SATP64_ASID;

    return (key->k[1] & RISCV_KEY_XLATE) &&
           (m->any_asid || field_get(key->k[0], field) == m->asid);
}

static void sfence(RiscvCpu *cpu, uint32_t insn, uint64_t vaddr, uint64_t asid)
{
    bool all_pages = (insn >> 15 & 31) == 0;
    bool all_spaces = (insn >> 20 & 31) == 0;
    uint64_t asid_bits = cpu->xlen == 32 ? 0x1ff : 0xffff;
    FenceMatch match = { .cpu = cpu, .any_asid = all_spaces, .asid = asid & asid_bits };

    trace_riscv_sfence_do(cpu->hartid, all_pages, vaddr, all_spaces, match.asid);
    /* A page of all spaces costs least if views need not be told apart. */
    bool all_views = all_spaces && !all_pages;
    cpu_invalidate(&cpu->parent, all_pages, vaddr, all_views ? NULL : fence_matches,
                   all_views ? NULL : &match, !all_spaces);
    if (cpu->xlen == 32 && !all_pages && (vaddr & BIT64(31))) {
        /* The upper half may have been entered in either form. */
        cpu_invalidate(&cpu->parent, false, vaddr ^ MASK64(63, 32), fence_matches, &match,
                       !all_spaces);
    }
}

static void h_sfence_vma(CpuState *cs, uint32_t insn, uint64_t vaddr, uint64_t asid)
{
    enum { SFENCE_VMA = 0x09, SINVAL_VMA = 0x0b };
    RiscvCpu *cpu = riscv_cpu(cs);
    unsigned funct7 = insn >> 25;
    bool invalidates = funct7 == SFENCE_VMA || funct7 == SINVAL_VMA;

    if (!cpu->has_s || cpu->priv == RISCV_PRV_U ||
        (invalidates && cpu->priv == RISCV_PRV_S && (cpu->mstatus & MSTATUS_TVM))) {
        illegal(cpu, insn);
    }
    if (invalidates) {
        sfence(cpu, insn, vaddr, asid);
    }
}

static void h_fence_i(CpuState *cs)
{
    cpu_fence_i(cs);
}

/* ---- Cache blocks ---- */

enum { CBO_INVAL = 0, CBO_CLEAN = 1, CBO_FLUSH = 2, CBO_ZERO = 4 };

/* menvcfg rules below machine mode, senvcfg too in user mode. */
static bool envcfg_allows(const RiscvCpu *cpu, uint64_t field)
{
    if (cpu->priv < RISCV_PRV_M && !(cpu->menvcfg & field)) {
        return false;
    }
    return cpu->priv != RISCV_PRV_U || !cpu->has_s || (cpu->senvcfg & field);
}

/* Data are always coherent: all that is left to do is to fault as a load would, but with
 * the causes of a store. */
static void manage_block(RiscvCpu *cpu, uint64_t vaddr)
{
    CpuViewKey key = riscv_view_key(cpu, CPU_VIEW_DATA);
    CpuFill fill;

    if (riscv_fill(&cpu->parent, &key, vaddr, 1, CPU_ACCESS_LOAD, false, &fill)) {
        return;
    }
    cpu->exc_cause = cpu->exc_cause == RISCV_EXC_LOAD_PAGE ? RISCV_EXC_STORE_PAGE
                                                           : RISCV_EXC_STORE_ACCESS;
    cpu_raise(&cpu->parent);
}

static void zero_block(RiscvCpu *cpu, uint64_t vaddr)
{
    uint64_t block = vaddr & ~(uint64_t)(RISCV_CBO_SIZE - 1);

    cpu_probe(&cpu->parent, vaddr, 1, CPU_ACCESS_STORE);
    cpu_set_bytes(&cpu->parent, block, 0, RISCV_CBO_SIZE);
}

static void h_cbo(CpuState *cs, uint32_t insn, uint64_t vaddr)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    bool ok;

    switch (insn >> 20) {
    case CBO_INVAL:
        ok = envcfg_allows(cpu, ENVCFG_CBIE);
        break;
    case CBO_CLEAN:
    case CBO_FLUSH:
        ok = envcfg_allows(cpu, ENVCFG_CBCFE);
        break;
    case CBO_ZERO:
        ok = envcfg_allows(cpu, ENVCFG_CBZE);
        break;
    default:
        ok = false;
        break;
    }
    if (!ok) {
        illegal(cpu, insn);
    }
    if (insn >> 20 == CBO_ZERO) {
        zero_block(cpu, vaddr);
    } else {
        manage_block(cpu, vaddr);
    }
}

/* ---- As the front end sees them ---- */

const IrHelper riscv_h_raise = { "raise", h_raise, IR_CALL_FAULTS | IR_CALL_NORETURN, -1, 2,
                                 { IR_I32, IR_I64 } };
const IrHelper riscv_h_ecall = { "ecall", h_ecall, IR_CALL_FAULTS, IR_I64, 0,
                                 { 0 } };
const IrHelper riscv_h_ebreak = { "ebreak", h_ebreak,
                                  IR_CALL_FAULTS | IR_CALL_WRITES_GLOBALS, -1, 1, { IR_I32 } };
const IrHelper riscv_h_csr = { "csr", h_csr, IR_CALL_FAULTS, IR_I64, 2, { IR_I32, IR_I64 } };
const IrHelper riscv_h_mret = { "mret", h_mret, IR_CALL_FAULTS, IR_I64, 1, { IR_I32 } };
const IrHelper riscv_h_sret = { "sret", h_sret, IR_CALL_FAULTS, IR_I64, 1, { IR_I32 } };
const IrHelper riscv_h_wfi = { "wfi", h_wfi, IR_CALL_FAULTS, -1, 2, { IR_I32, IR_I64 } };
const IrHelper riscv_h_wrs = { "wrs", h_wrs, IR_CALL_FAULTS, -1, 2, { IR_I32, IR_I64 } };
const IrHelper riscv_h_sfence_vma = { "sfence_vma", h_sfence_vma, IR_CALL_FAULTS, -1, 3,
                                      { IR_I32, IR_I64, IR_I64 } };
const IrHelper riscv_h_fence_i = { "fence_i", h_fence_i, IR_CALL_FAULTS, -1, 0, { 0 } };
const IrHelper riscv_h_cbo = { "cbo", h_cbo, IR_CALL_FAULTS, -1, 2, { IR_I32, IR_I64 } };
