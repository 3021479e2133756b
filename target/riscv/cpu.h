/*
 * A RISC-V hart: state, and what the parts of target/riscv share.
 *
 * rv32 harts use the same 64-bit registers, holding sign-extended 32-bit values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_RISCV_CPU_H
#define TARGET_RISCV_CPU_H

#include "accel/cpu.h"
#include "fpu/softfloat.h"
#include "util/timer.h"

#define TYPE_RISCV_CPU "riscv-cpu"

typedef enum RiscvExt {
#define EXT(e, name, in_string, desc) RISCV_EXT_##e,
#define PLANNED(e, name) RISCV_EXT_##e,
#include "target/riscv/extensions.def"
#undef EXT
#undef PLANNED
    RISCV_EXT_COUNT
} RiscvExt;

/* Privilege levels, as mstatus.MPP codes them. */
typedef enum RiscvPriv { RISCV_PRV_U = 0, RISCV_PRV_S = 1, RISCV_PRV_M = 3 } RiscvPriv;

/* Code mode key (CpuState.tcg.mode): everything beside the physical address that a
 * translation depends on. Kept up to date by riscv_update_mode(). */
enum {
    RISCV_MODE_PRIV = 3,      /* bits 1:0 */
    RISCV_MODE_FS = 1 << 2,   /* mstatus.FS is not Off */
    RISCV_MODE_VS = 1 << 3,   /* mstatus.VS is not Off (planned) */
    RISCV_MODE_RV32 = 1 << 4, /* XLEN is 32 */
    RISCV_MODE_FS_DIRTY = 1 << 5, /* mstatus.FS is Dirty: no need to mark it */
    RISCV_MODE_FRM_SHIFT = 6,     /* bits 8:6: frm, unless FS is Off */
};

/* Exception causes (Privileged ISA, mcause). */
enum {
    RISCV_EXC_INSN_MISALIGNED = 0, RISCV_EXC_INSN_ACCESS = 1, RISCV_EXC_ILLEGAL = 2,
    RISCV_EXC_BREAKPOINT = 3, RISCV_EXC_LOAD_MISALIGNED = 4, RISCV_EXC_LOAD_ACCESS = 5,
    RISCV_EXC_STORE_MISALIGNED = 6, RISCV_EXC_STORE_ACCESS = 7, RISCV_EXC_ECALL_U = 8,
    RISCV_EXC_ECALL_S = 9, RISCV_EXC_ECALL_M = 11, RISCV_EXC_INSN_PAGE = 12,
    RISCV_EXC_LOAD_PAGE = 13, RISCV_EXC_STORE_PAGE = 15,
};

enum { RISCV_PMP_ENTRIES = 16, RISCV_CBO_SIZE = 64 };

/* PMP entries as address ranges (pmp.c). */
typedef struct RiscvPmp {
    uint32_t active;           /* bit per entry that is not OFF */
    uint64_t first[RISCV_PMP_ENTRIES], last[RISCV_PMP_ENTRIES]; /* inclusive */
    uint64_t generation;       /* counts changes; part of view keys */
} RiscvPmp;

typedef struct RiscvCpu {
    CpuState parent;

    /* Hot: the first 128 bytes are reached with short displacements. */
    uint64_t x[32];            /* x[0] stays 0 */
    uint64_t pc;
    uint64_t f[32];            /* single-precision values are NaN-boxed */

    /* LR/SC: address of the reservation (UINT64_MAX: none), the value loaded, log2 size */
    uint64_t reserve_addr;
    uint64_t reserve_value;
    uint64_t reserve_size;

    /* Floating point: frm in RISC-V encoding (0..7); fp.flags is fflags, and fp.rounding
     * follows frm (riscv_fp_rounding()) */
    uint32_t frm;
    FloatStatus fp;

    uint8_t priv;              /* RiscvPriv */
    uint8_t idle_wfis;         /* WFIs in a row that found an interrupt and did not take it */

    /* CSRs (Privileged ISA); 64-bit also on rv32 */
    uint64_t mstatus, misa, mtvec, mepc, mcause, mtval, mscratch;
    uint64_t mideleg, medeleg, mie;
    uint64_t mip;              /* (a) bits that software sets; riscv_mip() adds the wires */
    uint64_t irq_lines;        /* (a) wires that are up, by bit of mip; STIP: Sstc's */
    uint64_t mcounteren, mcountinhibit;
    uint64_t menvcfg;          /* (a) */
    uint64_t stvec, sepc, scause, stval, sscratch, scounteren, senvcfg, satp;
    uint64_t stimecmp;         /* (a) */
    uint64_t mcycle_offset, minstret_offset; /* the counter less its clock; the counter
                                                itself while mcountinhibit stops it */
    uint8_t pmpcfg[RISCV_PMP_ENTRIES];
    uint64_t pmpaddr[RISCV_PMP_ENTRIES];
    RiscvPmp pmp_map;          /* what derives from them */

    /* Exception recorded by fill/access_fault/..., taken after cpu_raise() */
    uint64_t exc_cause, exc_tval;

    CpuViewKey view[CPU_VIEW_COUNT]; /* as last selected */
    bool views_set;

    /* What precedes is the state as CpuOps.state_size means it. */
    Timer stimer;              /* Sstc */
    GMutex stimer_lock;        /* orders its callback and the hart's writes */

    /* Configuration, constant after realize */
    unsigned xlen;             /* 32 or 64 */
    uint64_t hartid;
    uint64_t reset_vector;
    uint64_t ext;              /* bit per RiscvExt, what is on */
    uint64_t ext_user_set;     /* set explicitly */
    uint64_t satp_modes;       /* bit per: 0 sv32, 1 sv39, 2 sv48, 3 sv57 */
    uint32_t mvendorid;
    uint64_t marchid, mimpid;
    uint16_t cbom_size, cbop_size, cboz_size;
    bool mmu, pmp;
    bool has_s, has_u;
    bool raw_spelling;         /* print instructions without aliases */
    char *isa_string;          /* as the device tree has it */
} RiscvCpu;

static inline RiscvCpu *riscv_cpu(CpuState *cpu)
{
    return (RiscvCpu *)cpu;
}
/* The rounding mode of a value of frm; of reserved ones, with which nothing rounds, any. */
static inline unsigned riscv_fp_rounding(uint32_t frm)
{
    return frm <= FLOAT_ROUND_TIES_AWAY ? frm : FLOAT_ROUND_NEAREST_EVEN;
}
static inline bool riscv_has_ext(const RiscvCpu *cpu, RiscvExt e)
{
    return cpu->ext >> e & 1;
}

/* ---- translate.c, decode: the front end ---- */
/* pc as index 0, x1..x31 as 1..31, f0..f31 as 32..63 */
enum { RISCV_GLOBAL_PC = 0, RISCV_GLOBAL_F = 32, RISCV_N_GLOBALS = 64 };
extern const IrGlobal riscv_globals[RISCV_N_GLOBALS];
void riscv_translate(CpuTranslate *t);
/* disas.c: one instruction as text; length in bytes. Printer generated from the decode
 * tables; standard aliases. */
unsigned riscv_disas(CpuState *cpu, uint64_t pc, const uint8_t *code, unsigned avail,
                     GString *out);
/* Registers as the calling convention names them. */
extern const char *const riscv_x_names[32];
extern const char *const riscv_f_names[32];
/* A CSR's name, or its number. */
void riscv_csr_print_name(GString *out, unsigned csr);

/* gdb.c: registers for debuggers. */
extern const GdbTarget riscv_gdb_target;

/* ---- system.c and friends: what the front end's code calls ---- */
/* Record an exception and unwind. Never returns. */
void riscv_raise(RiscvCpu *cpu, uint64_t cause, uint64_t tval) __attribute__((noreturn));
/* Recompute tcg.mode and the views after privilege, mstatus, satp, ... changed. */
void riscv_update_mode(RiscvCpu *cpu);

/* Helpers implemented by the system half; every one may raise (IR_CALL_FAULTS). */
extern const IrHelper riscv_h_raise;      /* (u32 cause, u64 tval), no return */
extern const IrHelper riscv_h_ecall;      /* () -> the handler's pc */
extern const IrHelper riscv_h_ebreak;     /* (u32 insn_len): breakpoint, or semihosting: then
                                             it returns and sets a0: WRITES_GLOBALS */
extern const IrHelper riscv_h_csr;        /* (u32 insn, u64 rs1 value or uimm) -> old value.
                                             Does the whole csrrw/s/c[i] but the write to
                                             rd; illegal ones raise with tval = insn */
extern const IrHelper riscv_h_mret;       /* (u32 insn) -> new pc */
extern const IrHelper riscv_h_sret;       /* (u32 insn) -> new pc */
extern const IrHelper riscv_h_wfi;        /* (u32 insn, u64 length of the instruction): sets pc
                                             to the next one, halts; then exit_env */
extern const IrHelper riscv_h_wrs;        /* (u32 insn, u64 length): as wfi, bounded */
extern const IrHelper riscv_h_sfence_vma; /* (u32 insn, u64 rs1, u64 rs2): also sinval.vma,
                                             sfence.w.inval, sfence.inval.ir */
extern const IrHelper riscv_h_fence_i;    /* () */
extern const IrHelper riscv_h_cbo;        /* (u32 insn, u64 address): clean, flush, inval, zero */
/* What a csrr* instruction may do to the region that it is in. */
typedef enum RiscvCsrEffect {
    RISCV_CSR_QUIET,     /* nothing: scratch registers, counters, reads of anything ordinary */
    RISCV_CSR_MAY_LEAVE, /* it has asked for the vCPU's loop (exit_request) if an interrupt is to
                            be taken: a poll follows; views of data and code mode may change */
    RISCV_CSR_LEAVES,    /* the vCPU's loop must look */
} RiscvCsrEffect;
RiscvCsrEffect riscv_csr_effect(uint32_t insn);

/* csr.c: for gdb and monitors: no side effects, no privilege check; false if absent. */
bool riscv_csr_debug_read(RiscvCpu *cpu, unsigned csr, uint64_t *value);
bool riscv_csr_debug_write(RiscvCpu *cpu, unsigned csr, uint64_t value);

/* mmu.c, pmp.c, trap.c: CpuOps */
bool riscv_fill(CpuState *cpu, const CpuViewKey *key, uint64_t vaddr, unsigned size,
                CpuAccess access, bool probe, CpuFill *fill);
void riscv_access_fault(CpuState *cpu, uint64_t vaddr, uint64_t phys, CpuAccess access);
void riscv_misaligned(CpuState *cpu, uint64_t vaddr, CpuAccess access);
void riscv_take_exception(CpuState *cpu);
bool riscv_take_interrupt(CpuState *cpu);
bool riscv_has_work(CpuState *cpu);
/* look.c: CpuOps */
bool riscv_get_register(CpuState *cpu, unsigned n, GString *name, uint64_t *value);
bool riscv_debug_translate(CpuState *cpu, uint64_t vaddr, uint64_t *phys);
CpuMappings riscv_mappings(CpuState *cpu, bool (*fn)(const CpuMapping *m, void *opaque),
                           void *opaque);
/* unwind.c: CpuOps */
unsigned riscv_unwind(CpuState *cpu, const CpuUnwinder *u, uint64_t *pcs, unsigned max);
CpuCodeSpace riscv_code_space(CpuState *cpu, uint32_t mode);

/* Interrupt wires into the hart: unnamed inputs numbered as bits of mip (3 MSIP, 7 MTIP,
 * 11 MEIP, 1 SSIP, 9 SEIP). Boards connect with device_irq_in(cpu, NULL, bit). */

#endif
