/*
 * Printing by the tables that scripts/decodetree.py makes (docs/devel/decodetree.rst): what
 * every target with such tables shares.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef DISAS_DECODE_TABLE_H
#define DISAS_DECODE_TABLE_H

#include "util/osdep.h"

/* A row of a table: one encoding. */
typedef struct DisasRow {
    const char *name;      /* of the encoding */
    const char *mnemonic;  /* of the instruction */
    const char *operands;  /* template: %kind and index of the argument */
    uint32_t mask, match;
    uint16_t op;
    uint8_t length; /* bytes */
} DisasRow;

/* A preferred spelling where all conditions hold: v[arg] is value, or v[other]. */
typedef struct DisasAlias {
    const char *mnemonic;
    const char *operands;
    uint16_t op;
    uint8_t n_conds;
    struct {
        int8_t arg, other;
        int32_t value;
    } conds[4];
} DisasAlias;

typedef struct DisasTable {
    const DisasRow *rows;
    const DisasAlias *aliases;     /* by op; op 0 ends */
    const int16_t *op_aliases;     /* first alias of an op, or -1 */
    /* Append an operand of the template's kind. */
    void (*operand)(GString *out, char kind, int32_t v, uint64_t pc, const void *opaque);
} DisasTable;

/* Append an instruction: its row and operands, as the decoder found them. @raw: by its own
 * name, without aliases. A template that begins with kind q has a suffix of the mnemonic
 * there. */
void disas_table_print(const DisasTable *t, unsigned row, const int32_t *v, uint64_t pc,
                       bool raw, const void *opaque, GString *out);

#endif
