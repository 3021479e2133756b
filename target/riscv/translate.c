/*
 * RISC-V front end: guest instructions to IR (Unprivileged and Privileged ISA).
 *
 * What is translated at a time is one basic block: it ends at a branch, a jump or an instruction that changes
 * how code is fetched or run, at the end of its page or after t->max_insns. The decoder
 * made from the tables calls one trans_NAME() for each instruction; they are in
 * translate-*.c.inc, one file an extension.
 *
 * rv32: registers, link values and pc hold sign-extended 32-bit values; the addresses of
 * loads and stores are zero-extended. Operations whose result may leave that range end
 * with a sign extension (set_xlen).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/decode.h"
#include "target/riscv/fp-helper.h"
#include "target/riscv/op-helper.h"
#include "target/riscv/system.h"
#include "target/riscv/trace.h"

enum { RM_DYN = 7, RM_MAX = FLOAT_ROUND_TIES_AWAY };

/* The region being built, and the instruction at hand. */
typedef struct Ctx {
    CpuTranslate *t;
    IrBuilder *ir;
    RiscvCpu *cpu;
    uint64_t isa;       /* for the decoder */
    uint32_t mode;
    bool rv32;
    bool has_c;         /* instructions are 2-byte aligned */
    bool ended;         /* every path has its exit */
    uint32_t insn;      /* a compressed one is zero-extended */
    unsigned len;
    int64_t delta;      /* entry pc + delta is this instruction, + next the one behind */
    int64_t next;

    /* Facts about the region so far */
    bool fs_dirty;      /* mstatus.FS has been marked */
} Ctx;

/*
 * Registers in the order in which host registers are given out: how often code names
 * them, counted in Debian's kernel and busybox (a5 is the compiler's first temporary, sp
 * and s0 address the frame, ra is written and read around each call). The first
 * three survive calls of helpers.
 */
enum { PIN_A5 = 1, PIN_SP, PIN_A0, PIN_A4, PIN_S0, PIN_RA, PIN_A1 };

#define X(n, name, pin) \
    [n] = { name, offsetof(RiscvCpu, x) + 8 * (n), IR_I64, pin }
#define F(n, name) \
    [RISCV_GLOBAL_F + (n)] = { name, offsetof(RiscvCpu, f) + 8 * (n), IR_F64, 0 }
const IrGlobal riscv_globals[RISCV_N_GLOBALS] = {
    [RISCV_GLOBAL_PC] = { "pc", offsetof(RiscvCpu, pc), IR_I64, 0 },
    X(1, "ra", PIN_RA), X(3, "gp", 0), X(4, "tp", 0),
    [2] = { "sp", offsetof(RiscvCpu, x[2]), IR_I64, PIN_SP, .stack = true },
    X(5, "t0", 0), X(6, "t1", 0), X(7, "t2", 0), X(8, "s0", PIN_S0), X(9, "s1", 0),
    X(10, "a0", PIN_A0), X(11, "a1", PIN_A1), X(12, "a2", 0), X(13, "a3", 0),
    X(14, "a4", PIN_A4), X(15, "a5", PIN_A5), X(16, "a6", 0), X(17, "a7", 0),
    X(18, "s2", 0), X(19, "s3", 0), X(20, "s4", 0), X(21, "s5", 0), X(22, "s6", 0),
    X(23, "s7", 0), X(24, "s8", 0), X(25, "s9", 0), X(26, "s10", 0), X(27, "s11", 0),
    X(28, "t3", 0), X(29, "t4", 0), X(30, "t5", 0), X(31, "t6", 0),
    F(0, "ft0"), F(1, "ft1"), F(2, "ft2"), F(3, "ft3"), F(4, "ft4"), F(5, "ft5"),
    F(6, "ft6"), F(7, "ft7"), F(8, "fs0"), F(9, "fs1"), F(10, "fa0"), F(11, "fa1"),
    F(12, "fa2"), F(13, "fa3"), F(14, "fa4"), F(15, "fa5"), F(16, "fa6"), F(17, "fa7"),
    F(18, "fs2"), F(19, "fs3"), F(20, "fs4"), F(21, "fs5"), F(22, "fs6"), F(23, "fs7"),
    F(24, "fs8"), F(25, "fs9"), F(26, "fs10"), F(27, "fs11"), F(28, "ft8"), F(29, "ft9"),
    F(30, "ft10"), F(31, "ft11"),
};
#undef X
#undef F

static IrVal gpr(Ctx *c, unsigned n)
{
    return n ? ir_get_global(c->ir, n) : ir_imm(c->ir, 0);
}

/* Write a value that fits XLEN: sign-extended on rv32. Drops writes to x0. */
static void gpr_set(Ctx *c, unsigned n, IrVal v)
{
    if (n) {
        ir_set_global(c->ir, n, v);
    }
}

/* Write the low 32 bits, sign-extended: results of the W instructions. */
static void gpr_set_w(Ctx *c, unsigned n, IrVal v)
{
    gpr_set(c, n, ir_sext32(c->ir, v));
}

/* Write a 64-bit result modulo 2^XLEN. */
static void gpr_set_xlen(Ctx *c, unsigned n, IrVal v)
{
    gpr_set(c, n, c->rv32 ? ir_sext32(c->ir, v) : v);
}

/* The low half of a register, and a 32-bit result to a register. */
static IrVal gpr32(Ctx *c, unsigned n)
{
    return ir_trunc(c->ir, gpr(c, n));
}
static void gpr_set_i32(Ctx *c, unsigned n, IrVal v)
{
    gpr_set(c, n, ir_extend_s(c->ir, v));
}

/* An address as loads and stores use it: register + imm */
static IrVal address(Ctx *c, unsigned rs1, int64_t imm)
{
    IrVal a = ir_addi(c->ir, gpr(c, rs1), imm);

    return c->rv32 ? ir_zext32(c->ir, a) : a;
}

/* The address of code at entry pc + delta, as a register holds it. */
static IrVal code_address(Ctx *c, int64_t delta)
{
    IrVal pc = ir_get_pc(c->ir, delta);

    return c->rv32 ? ir_sext32(c->ir, pc) : pc;
}

/* Only a jump to another page can leave rv32's range of pc, which wraps. */
static bool leaves_xlen(const Ctx *c, int64_t delta)
{
    uint64_t target = c->t->pc + delta;

    return c->rv32 && target != (uint64_t)(int64_t)(int32_t)target;
}

/* Go on at entry pc + delta; @call: to come back behind this instruction. */
static void jump_to(Ctx *c, int64_t delta, bool call)
{
    if (leaves_xlen(c, delta)) {
        ir_exit_indirect(c->ir, code_address(c, delta));
    } else if (call) {
        ir_exit_call(c->ir, delta);
    } else {
        ir_exit_direct(c->ir, delta);
    }
    c->ended = true;
}

static void exit_to(Ctx *c, int64_t delta)
{
    jump_to(c, delta, false);
}

/* Leave to the vCPU's loop, to go on behind this instruction. */
static void exit_to_loop(Ctx *c)
{
    ir_exit_loop(c->ir, c->next);
    c->ended = true;
}

static void raise_exception(Ctx *c, uint32_t cause, IrVal tval)
{
    const IrVal args[] = { ir_const(c->ir, IR_I32, cause), tval };

    ir_call(c->ir, &riscv_h_raise, ARRAY_SIZE(args), args);
    ir_exit_env(c->ir);
    c->ended = true;
}

static void raise_illegal(Ctx *c)
{
    raise_exception(c, RISCV_EXC_ILLEGAL, ir_imm(c->ir, c->insn));
}

static IrVal insn_word(Ctx *c)
{
    return ir_const(c->ir, IR_I32, (int32_t)c->insn);
}

#include "target/riscv/translate-i.c.inc"
#include "target/riscv/translate-m.c.inc"
#include "target/riscv/translate-a.c.inc"
#include "target/riscv/translate-b.c.inc"
#include "target/riscv/translate-f.c.inc"
#include "target/riscv/translate-sys.c.inc"

static void translate_insn(Ctx *c)
{
    RiscvArgs a;
    unsigned row = riscv_decode(c->insn, c->isa, &a);

    switch (riscv_rows[row].op) {
#define X(name, args, member)                                                             \
    case RISCV_OP_##name: trans_##name(c, &a.member); break;
    RISCV_INSNS(X)
#undef X
    default: raise_illegal(c); break;
    }
}

/* Read the instruction at c->delta: false if it goes on in the next page and is not the
 * region's first. */
static bool fetch(Ctx *c)
{
    CpuTranslate *t = c->t;
    const uint8_t *p = t->code + c->delta;
    unsigned left = t->avail - c->delta;
    const uint8_t *high = p + 2;
    uint16_t half[2] = { 0, 0 };

    memcpy(&half[0], p, 2);
    c->len = riscv_insn_length(half[0]);
    if (c->len == 4) {
        if (left < 4) {
            if (c->delta || (!t->code2 && !tcg_translate_second_page(t))) {
                return false;
            }
            high = t->code2;
        }
        memcpy(&half[1], high, 2);
    }
    c->insn = GUINT16_FROM_LE(half[0]) | (uint32_t)GUINT16_FROM_LE(half[1]) << 16;
    c->next = c->delta + c->len;
    return true;
}

void riscv_translate(CpuTranslate *t)
{
    RiscvCpu *cpu = riscv_cpu(t->cpu);
    Ctx c = {
        .t = t, .ir = t->ir, .cpu = cpu, .mode = t->mode,
        .rv32 = t->mode & RISCV_MODE_RV32,
        .has_c = riscv_has_ext(cpu, RISCV_EXT_C) || riscv_has_ext(cpu, RISCV_EXT_ZCA),
        .fs_dirty = t->mode & RISCV_MODE_FS_DIRTY,
        .delta = t->start,
    };

    c.isa = riscv_isa(cpu->ext, c.rv32);
    t->n_insns = 0;
    do {
        if (!fetch(&c)) {
            break;
        }
        ir_insn_start(c.ir, c.delta);
        translate_insn(&c);
        c.delta = c.next;
        t->n_insns++;
    } while (!c.ended && c.delta < t->avail && t->n_insns < t->max_insns &&
             !cpu_translate_stops(t, c.delta) && !ir_builder_nearly_full(c.ir));
    t->size = c.delta - t->start;
    if (!t->n_insns) {
        return;
    }
    if (!c.ended) {
        exit_to(&c, c.delta);
    }
}
