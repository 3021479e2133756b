/*
 * The call stack by frame pointers, for profiles (RISC-V ELF psABI, "Frame Pointer
 * Convention": fp is s0; the return address is saved below it, and the caller's fp below
 * that). Code built without frame pointers shows its innermost function and perhaps its
 * caller.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

enum { X_RA = 1, X_SP = 2, X_FP = 8 };

/* A frame and the next one: no stack has holes larger than this. */
#define FRAME_MAX (256 * KiB)

static bool read_word(RiscvCpu *cpu, const CpuUnwinder *u, uint64_t vaddr, uint64_t *ret)
{
    unsigned size = cpu->xlen / 8;

    *ret = 0;
    return !(vaddr & (size - 1)) && u->read(&cpu->parent, vaddr, ret, size);
}

/* The two words below @fp. */
static bool read_frame(RiscvCpu *cpu, const CpuUnwinder *u, uint64_t fp, uint64_t *ret_ra,
                       uint64_t *ret_fp)
{
    unsigned size = cpu->xlen / 8;

    return fp && read_word(cpu, u, fp - size, ret_ra) &&
           read_word(cpu, u, fp - 2 * size, ret_fp);
}

static bool further_up(uint64_t fp, uint64_t next)
{
    return next > fp && next - fp < FRAME_MAX;
}

unsigned riscv_unwind(CpuState *cs, const CpuUnwinder *u, uint64_t *pcs, unsigned max)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t fp = cpu->x[X_FP], ra = cpu->x[X_RA], saved_ra, saved_fp;
    unsigned n = 0;
    bool framed;

    pcs[n++] = cpu->pc;
    framed = further_up(cpu->x[X_SP] - 1, fp) && read_frame(cpu, u, fp, &saved_ra, &saved_fp);
    if (framed && further_up(fp, saved_ra)) {
        /* A leaf function saves only fp, where others have the return address. */
        saved_fp = saved_ra;
        saved_ra = ra;
    } else if (ra && n < max && (!framed || ra != saved_ra) && !u->same_function(ra, cpu->pc)) {
        /* It has no frame, or none yet, or no longer: fp is its caller's. */
        pcs[n++] = ra;
    }
    while (framed && saved_ra && n < max) {
        pcs[n++] = saved_ra;
        framed = further_up(fp, saved_fp);
        fp = saved_fp;
        framed = framed && read_frame(cpu, u, fp, &saved_ra, &saved_fp);
    }
    return n;
}

CpuCodeSpace riscv_code_space(CpuState *cs, uint32_t mode)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t asid = cpu->xlen == 32 ? field_get(cpu->satp, SATP32_ASID)
                                    : field_get(cpu->satp, SATP64_ASID);
    uint64_t root = cpu->satp & (cpu->xlen == 32 ? SATP32_PPN : SATP64_PPN);

    switch (mode & RISCV_MODE_PRIV) {
    case RISCV_PRV_U:
        /* Guests without ASIDs leave them 0: then the root tells processes apart. */
        return (CpuCodeSpace){ "user", asid ? asid : root };
    case RISCV_PRV_S:
        return (CpuCodeSpace){ "kernel", CPU_SPACE_COMMON };
    default:
        return (CpuCodeSpace){ "machine", CPU_SPACE_COMMON };
    }
}
