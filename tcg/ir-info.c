/*
 * The table of operations as data: see tcg/ir-ops.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-info.h"

/* The effects column of tcg/ir-ops.h. */
enum {
    NONE = 0,
    PURE = IR_EFF_PURE,
    READS_GLOBAL = IR_EFF_READS_GLOBAL,
    WRITES_GLOBAL = IR_EFF_WRITES_GLOBAL,
    READS_LOCAL = IR_EFF_READS_LOCAL,
    WRITES_LOCAL = IR_EFF_WRITES_LOCAL,
    READS_ENV = IR_EFF_READS_ENV,
    WRITES_ENV = IR_EFF_WRITES_ENV,
    GUEST_LOAD = IR_EFF_READS_MEM | IR_EFF_FAULTS,
    GUEST_STORE = IR_EFF_WRITES_MEM | IR_EFF_FAULTS,
    GUEST_ATOMIC = IR_EFF_READS_MEM | IR_EFF_WRITES_MEM | IR_EFF_FAULTS,
    FENCE = IR_EFF_FENCE,
    CALL = IR_EFF_CALL,
    LABEL = IR_EFF_LABEL,
    BRANCH = IR_EFF_BRANCH,
    EXIT = IR_EFF_EXIT,
    POLL = IR_EFF_POLL,
    FP = IR_EFF_FP,
};

/* Every type but T is written with three letters, so length gives the number. */
#define N_SRC(s) ((s)[0] == 'a' ? 0 : (s)[0] == 'T' ? sizeof(s) / 2 : sizeof(s) / 4)

const IrOpInfo ir_op_info[IR_OP_COUNT] = {
#define OP(name, results, operands, effects, meaning)                                      \
    [IR_OP_##name] = { #name, results, operands, meaning, effects, N_SRC(operands) },
#include "tcg/ir-ops.h"
#undef OP
};

static const char *const cond_names[] = {
    [IR_EQ] = "eq",   [IR_NE] = "ne",   [IR_LT] = "lt",   [IR_GE] = "ge",   [IR_LE] = "le",
    [IR_GT] = "gt",   [IR_LTU] = "ltu", [IR_GEU] = "geu", [IR_LEU] = "leu", [IR_GTU] = "gtu",
};

static const char *const amo_names[] = {
    [IR_AMO_SWAP] = "swap", [IR_AMO_ADD] = "add",   [IR_AMO_AND] = "and",
    [IR_AMO_OR] = "or",     [IR_AMO_XOR] = "xor",   [IR_AMO_MIN] = "min",
    [IR_AMO_MAX] = "max",   [IR_AMO_MINU] = "minu", [IR_AMO_MAXU] = "maxu",
};

const char *ir_cond_name(IrCond cond)
{
    return (unsigned)cond < ARRAY_SIZE(cond_names) ? cond_names[cond] : "?";
}

const char *ir_amo_name(IrAmo amo)
{
    return (unsigned)amo < ARRAY_SIZE(amo_names) ? amo_names[amo] : "?";
}

const char *ir_type_name(IrType type)
{
    static const char *const names[] = { [IR_I32] = "i32", [IR_I64] = "i64", [IR_F64] = "f64" };

    return (unsigned)type < ARRAY_SIZE(names) ? names[type] : "?";
}

IrCond ir_cond_invert(IrCond cond)
{
    static const uint8_t inverse[] = {
        [IR_EQ] = IR_NE,   [IR_NE] = IR_EQ,   [IR_LT] = IR_GE,   [IR_GE] = IR_LT,
        [IR_LE] = IR_GT,   [IR_GT] = IR_LE,   [IR_LTU] = IR_GEU, [IR_GEU] = IR_LTU,
        [IR_LEU] = IR_GTU, [IR_GTU] = IR_LEU,
    };
    return inverse[cond];
}

IrCond ir_cond_swap(IrCond cond)
{
    static const uint8_t swapped[] = {
        [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_LT] = IR_GT,   [IR_GE] = IR_LE,
        [IR_LE] = IR_GE,   [IR_GT] = IR_LT,   [IR_LTU] = IR_GTU, [IR_GEU] = IR_LEU,
        [IR_LEU] = IR_GEU, [IR_GTU] = IR_LTU,
    };
    return swapped[cond];
}
