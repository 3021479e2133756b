/*
 * The builder's inside, shared by its two files: tcg/ir.c (tables, state, memory, control
 * flow) and tcg/ir-fold.c (pure ops with their simplifications).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_IR_BUILDER_H
#define TCG_IR_BUILDER_H

#include "tcg/ir.h"
#include "tcg/ir-info.h"

/* Most entries of each table of one region; backends size fixed arrays by these. */
enum {
    IR_MAX_INSNS = 8192,
    IR_MAX_VALS = 4096,
    IR_MAX_CALL_ARGS = 2048,
    IR_MAX_LOCALS = 256,
    IR_MAX_LABELS = 512,
};

/* Which guest instruction the paths that reach a label are in. */
typedef struct IrLabelInfo {
    int64_t pc_delta;
    int count;
    bool reached;  /* some branch leads here: the fields above are its instruction */
    bool conflict; /* two branches disagree */
} IrLabelInfo;

typedef struct IrRegion IrRegion;

struct IrBuilder {
    IrCode code;
    const IrGlobal *globals;
    unsigned n_globals;
    unsigned pc_global;
    uint16_t *def;         /* per value: index of its insn, DEF_NONE for a constant */
    IrVal *global_val;     /* per global: a value equal to it at this point, or IR_NONE */
    IrVal *local_val;      /* the same per local */
    IrLabelInfo *labels;
    IrVal const_cache[64]; /* by hash: a constant seen lately, checked before use */
    int64_t pc_delta;      /* the latest insn_start */
    int count;             /* instructions before that one */
    int next_count;        /* before the next one */
    bool started;
    bool unreachable;      /* after an unconditional branch or exit: nothing is emitted */
    IrRegion *region;      /* between ir_region_begin() and ir_region_end() */
    IrRegion *region_spare; /* its memory */
};

enum { DEF_NONE = UINT16_MAX };
/* Zeros of each type, always there; also what an op returns once a table is full. Then numbers
 * of 64-bit values that no op has, for backends: they keep what is theirs like a value. */
enum {
    VAL_ZERO_I32 = 1, VAL_ZERO_I64 = 2, VAL_ZERO_F64 = 3,
    VAL_BACKEND, N_BACKEND_VALS = 4, N_FIXED_VALS = VAL_BACKEND + N_BACKEND_VALS,
};
static inline IrVal ir_zero_val(IrType type)
{
    return VAL_ZERO_I32 + type;
}

/* Append an insn; a sink that is overwritten if the table is full or the code
 * unreachable. All fields but op and type are zero. */
static inline IrInsn *ir_emit(IrBuilder *b, IrOp op, IrType type)
{
    IrCode *c = &b->code;
    IrInsn *i = &c->insns[c->n_insns];

    if (unlikely(c->n_insns == IR_MAX_INSNS)) {
        c->overflow = true;
    } else if (likely(!b->unreachable)) {
        c->n_insns++;
    }
    *i = (IrInsn){ .op = op, .type = type };
    return i;
}

/* Append an insn with a new result of @type. */
static inline IrInsn *ir_emit_val(IrBuilder *b, IrOp op, IrType type)
{
    IrCode *c = &b->code;
    IrInsn *i = ir_emit(b, op, type);

    if (unlikely(c->n_vals == IR_MAX_VALS)) {
        c->overflow = true;
        i->dst = ir_zero_val(type);
        return i;
    }
    i->dst = c->n_vals;
    /* in unreachable code the insn is not kept, so nothing may look at it later */
    b->def[c->n_vals] = b->unreachable ? DEF_NONE : i - c->insns;
    c->vals[c->n_vals++] = (IrValInfo){ .type = type };
    return i;
}

/* ir.c, for ir-region.c */
void ir_emit_insn_start(IrBuilder *b, int64_t pc_delta, int count);
void ir_forget_values(IrBuilder *b);
/* ir-region.c: exits while a region is built. The first: true if @delta is a planned block,
 * to which a branch was made. */
bool ir_region_exit(IrBuilder *b, int64_t delta);
void ir_region_exit_cond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, int64_t taken,
                         int64_t next);
/* Branches to the blocks behind calls that may be where @target leads. */
void ir_region_exit_return(IrBuilder *b, IrVal target);

/* The insn that made @v, NULL for a constant. */
static inline const IrInsn *ir_def(const IrBuilder *b, IrVal v)
{
    return b->def[v] == DEF_NONE ? NULL : &b->code.insns[b->def[v]];
}

#endif
