/*
 * The table of operations (tcg/ir-ops.h) as data.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_IR_INFO_H
#define TCG_IR_INFO_H

#include "tcg/ir.h"

/* Effects, as named by the rows of tcg/ir-ops.h. */
enum {
    IR_EFF_PURE = 1 << 0,          /* no effect: dropped if the result is unused */
    IR_EFF_READS_GLOBAL = 1 << 1,
    IR_EFF_WRITES_GLOBAL = 1 << 2,
    IR_EFF_READS_LOCAL = 1 << 3,
    IR_EFF_WRITES_LOCAL = 1 << 4,
    IR_EFF_READS_ENV = 1 << 5,
    IR_EFF_WRITES_ENV = 1 << 6,
    IR_EFF_READS_MEM = 1 << 7,
    IR_EFF_WRITES_MEM = 1 << 8,
    IR_EFF_FAULTS = 1 << 9,
    IR_EFF_BRANCH = 1 << 10,
    IR_EFF_EXIT = 1 << 11,
    IR_EFF_LABEL = 1 << 12,
    IR_EFF_CALL = 1 << 13,
    IR_EFF_FENCE = 1 << 14,
    IR_EFF_POLL = 1 << 15,
    IR_EFF_FP = 1 << 16,           /* may set floating-point flags */
    /* an op of these effects alone may go if nobody uses its result */
    IR_EFF_DROPPABLE = IR_EFF_PURE | IR_EFF_READS_GLOBAL | IR_EFF_READS_LOCAL |
                       IR_EFF_READS_ENV,
};

typedef struct IrOpInfo {
    const char *name;
    const char *results;  /* "", "T", "i32", "i64" or "any" */
    const char *operands; /* comma-separated types */
    const char *meaning;
    uint32_t effects;     /* IR_EFF_* */
    uint8_t n_src;        /* operands in IrInsn.src (0 for call) */
} IrOpInfo;

/* Indexed by IrOp. */
extern const IrOpInfo ir_op_info[IR_OP_COUNT];

/* "eq", "ltu", ...; "add", "maxu", ...; static texts. */
const char *ir_cond_name(IrCond cond);
const char *ir_amo_name(IrAmo amo);
/* "i32", "i64", "f64" */
const char *ir_type_name(IrType type);

/* The opposite condition; the condition with its operands exchanged. */
IrCond ir_cond_invert(IrCond cond);
IrCond ir_cond_swap(IrCond cond);

#endif
