/*
 * Access to control and status registers (Privileged ISA, chapter "Control and Status
 * Registers"; Unprivileged ISA, "Zicsr"): who may, and what csrrw, csrrs, csrrc do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/csr-fns.h"
#include "hw/core/machine.h"
#include "target/riscv/trace.h"

enum {
    NEED_S = 1 << 0,       /* supervisor mode */
    NEED_U = 1 << 1,       /* user mode */
    NEED_RV32 = 1 << 2,
    NEED_FP = 1 << 3,      /* F; and mstatus.FS not Off */
    NEED_PMP = 1 << 4,
    NEED_ZICNTR = 1 << 5,
    NEED_ZIHPM = 1 << 6,
    NEED_SSTC = 1 << 7,    /* Sstc; below machine mode menvcfg.STCE and mcounteren.TM */
    NEED_TIME = 1 << 8,    /* a clock in the machine */
    NEED_COUNTER = 1 << 9, /* mcounteren and scounteren below machine mode */
    NEED_NO_TVM = 1 << 10, /* mstatus.TVM is clear, in supervisor mode */
};

typedef struct Csr {
    const char *name;
    uint16_t number;       /* of the first, for a range */
    uint16_t count;
    uint16_t needs;
    uint16_t field;        /* offset in RiscvCpu, if there are no functions */
    uint64_t mask;
    CsrReadFn *read;
    CsrWriteFn *write;
} Csr;

enum {
#define CSR(number, name, needs, rd, wr) ROW_##name,
#define CSR_RANGE(number, count, name, needs, rd, wr) ROW_##name,
#define CSR_FIELD(number, name, needs, field, mask) ROW_##name,
#include "target/riscv/csrs.def"
#undef CSR
#undef CSR_RANGE
#undef CSR_FIELD
    ROW_COUNT
};

static const Csr rows[ROW_COUNT] = {
#define CSR(num, id, need, rd, wr)                                                        \
    [ROW_##id] = { .name = #id, .number = num, .count = 1, .needs = need,                 \
                   .read = csr_read_##rd, .write = csr_write_##wr },
#define CSR_RANGE(num, n, id, need, rd, wr)                                               \
    [ROW_##id] = { .name = #id, .number = num, .count = n, .needs = need,                 \
                   .read = csr_read_##rd, .write = csr_write_##wr },
#define CSR_FIELD(num, id, need, f, m)                                                    \
    [ROW_##id] = { .name = #id, .number = num, .count = 1, .needs = need, .mask = m,      \
                   .field = offsetof(RiscvCpu, f)                                         \
                            + 0 * sizeof(char[sizeof(((RiscvCpu *)0)->f) == 8 ? 1 : -1]) },
#include "target/riscv/csrs.def"
#undef CSR
#undef CSR_RANGE
#undef CSR_FIELD
};

/* Row + 1 by register number. */
static const uint8_t row_by_number[4096] = {
#define CSR(num, id, need, rd, wr) [num] = ROW_##id + 1,
#define CSR_RANGE(num, n, id, need, rd, wr) [num ... (num) + (n)-1] = ROW_##id + 1,
#define CSR_FIELD(num, id, need, f, m) [num] = ROW_##id + 1,
#include "target/riscv/csrs.def"
#undef CSR
#undef CSR_RANGE
#undef CSR_FIELD
};
_Static_assert(ROW_COUNT < 255, "rows fit the index");
_Static_assert(sizeof(RiscvCpu) < 65536, "fields fit Csr.field");

static const Csr *csr_row(unsigned csr)
{
    unsigned row = row_by_number[csr & 0xfff];

    return row ? &rows[row - 1] : NULL;
}

/* The hart has the register, whatever its present state allows. */
static bool csr_exists(const RiscvCpu *cpu, const Csr *row, unsigned csr)
{
    unsigned needs = row->needs;
    void *opaque;

    return !(((needs & NEED_S) && !cpu->has_s) || ((needs & NEED_U) && !cpu->has_u) ||
             ((needs & NEED_RV32) && cpu->xlen != 32) ||
             ((needs & NEED_FP) && !riscv_has_ext(cpu, RISCV_EXT_F)) ||
             ((needs & NEED_PMP) &&
              (!cpu->pmp || (cpu->xlen == 64 && csr >= 0x3a0 && csr < 0x3b0 && (csr & 1)))) ||
             ((needs & NEED_ZICNTR) && !riscv_has_ext(cpu, RISCV_EXT_ZICNTR)) ||
             ((needs & NEED_ZIHPM) && !riscv_has_ext(cpu, RISCV_EXT_ZIHPM)) ||
             ((needs & NEED_SSTC) && !riscv_has_ext(cpu, RISCV_EXT_SSTC)) ||
             ((needs & (NEED_TIME | NEED_SSTC)) && !machine_time(&opaque)));
}

/* The state allows the access at the present privilege. */
static bool csr_accessible(const RiscvCpu *cpu, const Csr *row, unsigned csr)
{
    unsigned needs = row->needs;

    if ((needs & NEED_FP) && !(cpu->mstatus & MSTATUS_FS)) {
        return false;
    }
    if (cpu->priv == RISCV_PRV_M) {
        return true;
    }
    if (needs & NEED_COUNTER) {
        uint64_t bit = BIT64(csr & 31);

        if (!(cpu->mcounteren & bit) ||
            (cpu->priv == RISCV_PRV_U && cpu->has_s && !(cpu->scounteren & bit))) {
            return false;
        }
    }
    if (needs & NEED_SSTC) {
        return (cpu->menvcfg & MENVCFG_STCE) && (cpu->mcounteren & COUNTER_TM);
    }
    return !(needs & NEED_NO_TVM) || !(cpu->mstatus & MSTATUS_TVM);
}

static uint64_t csr_get(RiscvCpu *cpu, const Csr *row, unsigned csr)
{
    uint64_t value;

    if (row->read) {
        value = row->read(cpu, csr);
    } else {
        value = *(const uint64_t *)((const char *)cpu + row->field);
    }
    return riscv_xlen_extend(cpu, value);
}

static void csr_set(RiscvCpu *cpu, const Csr *row, unsigned csr, uint64_t value, uint64_t mask)
{
    if (cpu->xlen == 32) {
        value &= UINT32_MAX;
        mask &= UINT32_MAX;
    }
    if (row->write) {
        row->write(cpu, csr, value, mask);
    } else {
        uint64_t *field = (uint64_t *)((char *)cpu + row->field);

        *field = csr_merge(*field, value, mask & row->mask);
    }
}

bool riscv_csr_insn(RiscvCpu *cpu, uint32_t insn, uint64_t src, uint64_t *ret_old)
{
    unsigned csr = insn >> 20;
    unsigned rd = insn >> 7 & 31, rs1 = insn >> 15 & 31;
    enum { RW = 1, RS = 2, RC = 3 } op = insn >> 12 & 3;
    bool write = op == RW || rs1 != 0;
    const Csr *row = csr_row(csr);

    *ret_old = 0;
    if (!row || (csr >> 8 & 3) > cpu->priv || (write && csr >> 10 == 3) ||
        !csr_exists(cpu, row, csr) || !csr_accessible(cpu, row, csr)) {
        trace_riscv_csr_refuse(cpu->hartid, csr, cpu->priv);
        return false;
    }
    if (op != RW || rd != 0) {
        *ret_old = csr_get(cpu, row, csr);
        trace_riscv_csr_read(cpu->hartid, row->name, *ret_old);
    }
    if (write) {
        trace_riscv_csr_write(cpu->hartid, row->name, op == RC ? 0 : src,
                              op == RW ? ~UINT64_C(0) : src);
        csr_set(cpu, row, csr, op == RC ? 0 : src, op == RW ? ~UINT64_C(0) : src);
    }
    return true;
}

/*
 * What may stay inside a region: reads; writes that change neither the code mode, a view,
 * nor what interrupts are taken. Turning interrupts off is as good as quiet. Writes of status
 * and of interrupt enables ask for the loop where an interrupt is to be taken.
 */
RiscvCsrEffect riscv_csr_effect(uint32_t insn)
{
    unsigned csr = insn >> 20;
    unsigned funct3 = insn >> 12 & 7;
    unsigned rs1 = insn >> 15 & 31;

    if ((funct3 & 3) != 1 && rs1 == 0) {
        return RISCV_CSR_QUIET;
    }
    switch (csr) {
    case 0x001: case 0x002: case 0x003: /* fflags, frm, fcsr */
    case 0x106: case 0x306:             /* counteren */
    case 0x140: case 0x340:             /* scratch */
    case 0x141: case 0x341:             /* epc */
    case 0x142: case 0x342:             /* cause */
    case 0x143: case 0x343:             /* tval */
    case 0x105: case 0x305:             /* tvec */
    case 0xb00: case 0xb02: case 0xb80: case 0xb82:
        return RISCV_CSR_QUIET;
    case 0x100: case 0x300:
        /* csrrci: SIE and MIE are the only bits that a 5-bit immediate reaches. */
        return funct3 == 7 ? RISCV_CSR_QUIET : RISCV_CSR_MAY_LEAVE;
    case 0x104: case 0x304:
        return (funct3 & 3) == 3 ? RISCV_CSR_QUIET : RISCV_CSR_MAY_LEAVE;
    default:
        return RISCV_CSR_LEAVES;
    }
}

/* ---- Debuggers ---- */

const char *riscv_csr_name(const RiscvCpu *cpu, unsigned csr)
{
    const Csr *row = csr_row(csr);

    return row && csr_exists(cpu, row, csr) ? row->name : NULL;
}

bool riscv_csr_debug_read(RiscvCpu *cpu, unsigned csr, uint64_t *value)
{
    const Csr *row = csr < 4096 ? csr_row(csr) : NULL;

    if (!row || !csr_exists(cpu, row, csr)) {
        return false;
    }
    *value = csr_get(cpu, row, csr);
    trace_riscv_csr_debug_read(cpu->hartid, row->name, *value);
    return true;
}

bool riscv_csr_debug_write(RiscvCpu *cpu, unsigned csr, uint64_t value)
{
    const Csr *row = csr < 4096 ? csr_row(csr) : NULL;

    if (!row || !csr_exists(cpu, row, csr) || csr >> 10 == 3) {
        return false;
    }
    trace_riscv_csr_debug_write(cpu->hartid, row->name, value);
    csr_set(cpu, row, csr, value, ~UINT64_C(0));
    return true;
}
