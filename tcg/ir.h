/*
 * The translator's intermediate representation and the builder that targets call.
 *
 * A region is an array of IrInsn: a control-flow graph of guest code whose blocks begin
 * at the start, at a label and after an unconditional branch. Values (IrVal) are
 * assigned once and live within one block; a conditional branch does not end the block
 * on its fall-through path. What must survive a label is a local. Guest registers are
 * declared globals.
 *
 * The pc is a global that holds the region's *entry* pc for the whole region; code
 * knows addresses only as entry pc plus a constant, so that a translation serves every
 * virtual address at which its physical page is mapped. An exit stores the new pc.
 *
 * State at a fault: an op that FAULTS leaves with pc of the latest insn_start, and with
 * every global as set so far. So a front end sets no global of an instruction before that
 * instruction's last op that can fault.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_IR_H
#define TCG_IR_H

#include "util/osdep.h"
#include "util/error.h"

typedef struct IrBuilder IrBuilder;

/* A value: an index into the builder's value table; IR_NONE is no value. */
typedef uint16_t IrVal;
typedef uint16_t IrLabel;
typedef uint16_t IrLocal;
enum { IR_NONE = 0 };

/* F64: a floating-point register of 64 bits, with a number of either format. Vectors join
 * here. */
typedef enum IrType { IR_I32, IR_I64, IR_F64 } IrType;

typedef enum IrOp {
#define OP(name, results, operands, effects, meaning) IR_OP_##name,
#include "tcg/ir-ops.h"
#undef OP
    IR_OP_COUNT
} IrOp;

typedef enum IrCond {
    IR_EQ, IR_NE,
    IR_LT, IR_GE, IR_LE, IR_GT,     /* signed */
    IR_LTU, IR_GEU, IR_LEU, IR_GTU, /* unsigned */
} IrCond;

/* Guest access: log2 of the size in the low bits, then flags. */
typedef enum IrMemOp {
    IR_MO_8 = 0, IR_MO_16 = 1, IR_MO_32 = 2, IR_MO_64 = 3,
    IR_MO_SIZE = 3,      /* mask of the size */
    IR_MO_SIGN = 1 << 2, /* sign-extend the loaded value */
    IR_MO_BE = 1 << 3,   /* big-endian data */
    IR_MO_ALIGN = 1 << 4, /* a misaligned address faults */
    /* Which data view the access uses (CPU_VIEW_*): later fields start at bit 8. */
} IrMemOp;

typedef enum IrAmo {
    IR_AMO_SWAP, IR_AMO_ADD, IR_AMO_AND, IR_AMO_OR, IR_AMO_XOR,
    IR_AMO_MIN, IR_AMO_MAX, IR_AMO_MINU, IR_AMO_MAXU,
} IrAmo;

/* Floating point. Signs of f_muladd, in IrInsn.cond. */
enum { IR_FMA_NEGATE_PRODUCT = 1, IR_FMA_NEGATE_ADDEND = 2 };
/* The result's sign in f_sign: that of b, its opposite, that of a if b is positive. */
typedef enum IrSign { IR_SIGN_COPY, IR_SIGN_INVERT, IR_SIGN_XOR } IrSign;
/* Integers that f_to_int and f_from_int know, in IrInsn.cond. 32-bit results are sign-extended,
 * unsigned ones too; of 32-bit operands the low half counts. */
enum {
    IR_INT_64 = 1,       /* 64 bits, else 32 */
    IR_INT_UNSIGNED = 2,
    IR_INT_TRUNCATE = 4, /* f_to_int: towards zero, whatever the rounding mode */
};
/* The state's field of flags has these bits, its rounding mode these numbers (others than
 * them: code has no inline floating point that rounds). */
enum {
    IR_FP_INEXACT = 1, IR_FP_UNDERFLOW = 2, IR_FP_OVERFLOW = 4, IR_FP_DIVBYZERO = 8,
    IR_FP_INVALID = 16,
};
enum {
    IR_FP_NEAREST_EVEN = 0, IR_FP_TO_ZERO = 1, IR_FP_DOWN = 2, IR_FP_UP = 3,
};

/* What a fence orders: earlier accesses before later ones. */
enum {
    IR_FENCE_RR = 1, IR_FENCE_RW = 2, IR_FENCE_WR = 4, IR_FENCE_WW = 8, IR_FENCE_ALL = 15,
};

/* A guest register: a field of the CPU state that regions keep in host registers. */
typedef struct IrGlobal {
    const char *name;
    uint32_t offset;  /* in the CPU state (CpuState *) */
    IrType type;
    uint8_t pin;      /* 1..: order in which host registers are given out between
                         regions (1 first); 0: lives in the state between regions */
    bool stack;       /* the stack pointer: most accesses off it go to one page (a hint) */
} IrGlobal;

/* Flags of a helper, a C function that translated code calls. */
enum {
    IR_CALL_PURE = 1 << 0,          /* depends on its arguments only, no effect */
    IR_CALL_READS_GLOBALS = 1 << 1, /* the state must hold all globals */
    IR_CALL_WRITES_GLOBALS = 1 << 2, /* may change any global but pc in the state */
    IR_CALL_FAULTS = 1 << 3,        /* may raise; implies READS_GLOBALS, pc committed */
    IR_CALL_NORETURN = 1 << 4,      /* always raises */
};
enum { IR_MAX_ARGS = 5 };

/*
 * A helper. The C function's first parameter is the CPU state (CpuState *), then nargs
 * values as uint32_t (I32) or uint64_t (I64). Floating-point values are passed as bits: the
 * helper of a floating-point op takes and returns uint64_t.
 */
typedef struct IrHelper {
    const char *name;
    void *fn;
    uint8_t flags;
    int8_t ret;                /* IrType, or -1 for none */
    uint8_t nargs;
    uint8_t args[IR_MAX_ARGS]; /* IrType */
} IrHelper;

/* What exit_direct and exit_indirect are to the guest. */
enum { IR_JUMP_CALL = 1, IR_JUMP_RETURN = 2 };

typedef struct IrInsn {
    uint8_t op;     /* IrOp */
    uint8_t type;   /* IrType of T */
    uint8_t cond;   /* IrCond; IrAmo for amo; exits: IR_JUMP_*; f_*: IR_FMA_*, ... */
    uint8_t memop;  /* IrMemOp */
    IrVal dst;
    IrVal src[4];   /* call: src[0] = index of the first of nargs entries in call_args */
    uint16_t aux;   /* insn_start, poll: number of guest instructions before it since the
                       entry or what count ops made of it (int16_t); call: nargs; f_*: bit n:
                       operand n is known to be NaN-boxed */
    int64_t imm;    /* see the op's row; call, f_*: the IrHelper pointer */
} IrInsn;

typedef struct IrValInfo {
    uint8_t type;
    bool is_const;
    int64_t value;  /* if is_const, sign-extended from its type */
} IrValInfo;

/* A region as built: read by the verifier, the printer and the backends. */
typedef struct IrCode {
    IrInsn *insns;
    uint32_t n_insns;
    IrValInfo *vals;     /* index 0 is unused */
    uint32_t n_vals;
    IrVal *call_args;
    uint32_t n_call_args;
    uint8_t *local_types;
    uint32_t n_locals;
    uint32_t n_labels;
    uint32_t n_guest_insns;
    bool overflow;       /* a table ran full: the region must be made shorter */
    bool loops;          /* branches may go backwards */
} IrCode;

/* A builder for a CPU with these globals; @pc_global is the index of pc. Reusable. */
IrBuilder *ir_builder_new(const IrGlobal *globals, unsigned n_globals, unsigned pc_global);
void ir_builder_free(IrBuilder *b);
/* Forget the code, keep the memory. */
void ir_builder_reset(IrBuilder *b);
/* The code built so far; valid until the next call on @b. */
const IrCode *ir_builder_code(IrBuilder *b);
/* True once the region should end soon, because its tables fill up. */
bool ir_builder_nearly_full(const IrBuilder *b);

/* Check every rule above and in ir-ops.h; NULL if the code is well formed, else a text to
 * g_free() that names the first fault. */
char *ir_verify(const IrCode *c, unsigned n_globals);
/* Print as text, one op a line (for -d op). */
void ir_print(const IrCode *c, const IrGlobal *globals, GString *out);

IrVal ir_const(IrBuilder *b, IrType type, int64_t value);
static inline IrVal ir_imm(IrBuilder *b, int64_t value)
{
    return ir_const(b, IR_I64, value);
}
IrType ir_type(const IrBuilder *b, IrVal v);
/* True and *value if v is a constant. */
bool ir_is_const(const IrBuilder *b, IrVal v, int64_t *value);

/* The guest instruction at entry pc + @pc_delta begins. */
void ir_insn_start(IrBuilder *b, int64_t pc_delta);

IrVal ir_get_global(IrBuilder *b, unsigned global);
void ir_set_global(IrBuilder *b, unsigned global, IrVal v);
IrLocal ir_local_new(IrBuilder *b, IrType type);
IrVal ir_get_local(IrBuilder *b, IrLocal l);
void ir_set_local(IrBuilder *b, IrLocal l, IrVal v);
/* entry pc + delta (for auipc and link values) */
IrVal ir_get_pc(IrBuilder *b, int64_t delta);
/* True and *delta if v is entry pc + a constant. */
bool ir_is_pc(const IrBuilder *b, IrVal v, int64_t *delta);

/* Operations: operands of one type, result of that type; constants are folded and
 * identities applied. Meanings: tcg/ir-ops.h. */
IrVal ir_add(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_sub(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_neg(IrBuilder *b, IrVal x);
IrVal ir_mul(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_mulhs(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_mulhu(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_mulhsu(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_divs(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_divu(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_rems(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_remu(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_and(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_or(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_xor(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_not(IrBuilder *b, IrVal x);
IrVal ir_andc(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_orc(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_eqv(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_shl(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_shr(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_sar(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_rotl(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_rotr(IrBuilder *b, IrVal x, IrVal y);
IrVal ir_clz(IrBuilder *b, IrVal x);
IrVal ir_ctz(IrBuilder *b, IrVal x);
IrVal ir_popcnt(IrBuilder *b, IrVal x);
IrVal ir_bswap(IrBuilder *b, IrVal x);
IrVal ir_sext8(IrBuilder *b, IrVal x);
IrVal ir_sext16(IrBuilder *b, IrVal x);
IrVal ir_zext8(IrBuilder *b, IrVal x);
IrVal ir_zext16(IrBuilder *b, IrVal x);
IrVal ir_sext32(IrBuilder *b, IrVal x);
IrVal ir_zext32(IrBuilder *b, IrVal x);
IrVal ir_extend_s(IrBuilder *b, IrVal x);
IrVal ir_extend_u(IrBuilder *b, IrVal x);
IrVal ir_trunc(IrBuilder *b, IrVal x);
IrVal ir_setcond(IrBuilder *b, IrCond cond, IrVal x, IrVal y);
/* cond(x, y) ? t : f */
IrVal ir_select(IrBuilder *b, IrCond cond, IrVal x, IrVal y, IrVal t, IrVal f);
static inline IrVal ir_addi(IrBuilder *b, IrVal x, int64_t imm)
{
    return ir_add(b, x, ir_const(b, ir_type(b, x), imm));
}
static inline IrVal ir_andi(IrBuilder *b, IrVal x, int64_t imm)
{
    return ir_and(b, x, ir_const(b, ir_type(b, x), imm));
}
static inline IrVal ir_shli(IrBuilder *b, IrVal x, unsigned n)
{
    return ir_shl(b, x, ir_const(b, ir_type(b, x), n));
}
static inline IrVal ir_shri(IrBuilder *b, IrVal x, unsigned n)
{
    return ir_shr(b, x, ir_const(b, ir_type(b, x), n));
}
static inline IrVal ir_sari(IrBuilder *b, IrVal x, unsigned n)
{
    return ir_sar(b, x, ir_const(b, ir_type(b, x), n));
}

/* Floating point (tcg/ir-fp.c). @format: IR_MO_32 or IR_MO_64, of the operands; @h is what the
 * op means. It rounds by the state's rounding mode, which must be one of IR_FP_*. */
IrVal ir_f_bits(IrBuilder *b, IrVal x);
IrVal ir_f_from_bits(IrBuilder *b, IrVal x);
/* f_add, f_sub, f_mul, f_div, f_min, f_max */
IrVal ir_f_binary(IrBuilder *b, IrOp op, IrMemOp format, IrVal x, IrVal y, const IrHelper *h);
/* f_sqrt, f_convert */
IrVal ir_f_unary(IrBuilder *b, IrOp op, IrMemOp format, IrVal x, const IrHelper *h);
/* @signs: IR_FMA_* */
IrVal ir_f_muladd(IrBuilder *b, IrMemOp format, unsigned signs, IrVal x, IrVal y, IrVal z,
                  const IrHelper *h);
IrVal ir_f_sign(IrBuilder *b, IrMemOp format, IrSign sign, IrVal x, IrVal y, const IrHelper *h);
/* @cond: IR_EQ, IR_LT or IR_LE */
IrVal ir_f_cmp(IrBuilder *b, IrMemOp format, IrCond cond, IrVal x, IrVal y, const IrHelper *h);
/* The flags, IR_FP_*. Of flags that are set to what they were before a comparison, the
 * comparison keeps that value itself. */
IrVal ir_f_flags(IrBuilder *b);
void ir_f_set_flags(IrBuilder *b, IrVal flags);
/* @kind: IR_INT_* */
IrVal ir_f_to_int(IrBuilder *b, IrMemOp format, unsigned kind, IrVal x, const IrHelper *h);
IrVal ir_f_from_int(IrBuilder *b, IrMemOp format, unsigned kind, IrVal x, const IrHelper *h);

/* Fields of the CPU state that are no globals. */
IrVal ir_ld_env(IrBuilder *b, IrType type, uint32_t offset, IrMemOp mo);
void ir_st_env(IrBuilder *b, uint32_t offset, IrVal v, IrMemOp mo);

/* Guest memory. */
IrVal ir_ld(IrBuilder *b, IrVal addr, IrMemOp mo);
/* A load of 32 (NaN-boxed) or 64 bits to a floating-point register. ir_st() takes one too. */
IrVal ir_ld_f(IrBuilder *b, IrVal addr, IrMemOp mo);
void ir_st(IrBuilder *b, IrVal addr, IrVal v, IrMemOp mo);
IrVal ir_amo(IrBuilder *b, IrAmo op, IrVal addr, IrVal v, IrMemOp mo);
IrVal ir_cas(IrBuilder *b, IrVal addr, IrVal expected, IrVal new_value, IrMemOp mo);
void ir_fence(IrBuilder *b, unsigned kinds);

/* Call @h; IR_NONE if it returns nothing. */
IrVal ir_call(IrBuilder *b, const IrHelper *h, unsigned nargs, const IrVal *args);

IrLabel ir_label_new(IrBuilder *b);
void ir_label(IrBuilder *b, IrLabel l);
void ir_br(IrBuilder *b, IrLabel l);
void ir_brcond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, IrLabel l);

void ir_exit_direct(IrBuilder *b, int64_t pc_delta);
/* The same for a call: the code behind the instruction is where it returns to. */
void ir_exit_call(IrBuilder *b, int64_t pc_delta);
/* A guest's conditional branch: on to @taken if cond(x, y), else to @next (pc deltas). */
void ir_exit_cond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, int64_t taken, int64_t next);
void ir_exit_loop(IrBuilder *b, int64_t pc_delta);
/* The instruction is done; if somebody has asked for it (exit_request) go to the vCPU's loop,
 * and on from there at entry pc + @pc_delta, which is what follows in the code as well. */
void ir_poll(IrBuilder *b, int64_t pc_delta);
void ir_exit_indirect(IrBuilder *b, IrVal target);
/* The same for a jump that is a return from a call. */
void ir_exit_return(IrBuilder *b, IrVal target);
void ir_exit_env(IrBuilder *b);

/*
 * A region of several guest blocks (tcg/ir-region.c). Between ir_region_begin() and
 * ir_region_end() the exits above that lead to the start of a planned block become branches,
 * or nothing where the block comes next. Blocks are built in the order of the plan.
 */
typedef struct IrBlockPlan {
    int64_t delta; /* its pc - entry pc */
    bool joined;   /* not only the block before it in the plan leads here */
    bool head;     /* a block that is not before it in the plan leads here: it polls */
    bool called;   /* the instruction before it in the guest's code is a call that leads to a
                      block of the plan: indirect jumps are tried here first */
} IrBlockPlan;
enum { IR_MAX_BLOCKS = 128 };

/* After ir_builder_reset(). @plan stays the caller's until the end. */
void ir_region_begin(IrBuilder *b, const IrBlockPlan *plan, unsigned n);
/* The next block begins; the front end is called for it. */
void ir_region_block(IrBuilder *b, unsigned n);
void ir_region_end(IrBuilder *b);

#endif
