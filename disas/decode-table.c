/*
 * Printing instructions by generated tables (disas/decode-table.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "disas/decode-table.h"

enum { OPERANDS_COLUMN = 8 };

/* The first alias whose conditions hold. */
static const DisasAlias *find_alias(const DisasTable *t, unsigned op, const int32_t *v)
{
    int i = t->op_aliases[op];

    if (i < 0) {
        return NULL;
    }
    for (const DisasAlias *alias = &t->aliases[i]; alias->op == op; alias++) {
        bool holds = true;

        for (unsigned n = 0; n < alias->n_conds; n++) {
            int32_t want = alias->conds[n].other < 0 ? alias->conds[n].value
                                                     : v[alias->conds[n].other];
            holds &= v[alias->conds[n].arg] == want;
        }
        if (holds) {
            return alias;
        }
    }
    return NULL;
}

void disas_table_print(const DisasTable *t, unsigned row, const int32_t *v, uint64_t pc,
                       bool raw, const void *opaque, GString *out)
{
    unsigned op = t->rows[row].op;
    const DisasAlias *alias = raw ? NULL : find_alias(t, op, v);
    const char *s = alias ? alias->operands : t->rows[row].operands;
    size_t start = out->len;

    g_string_append(out, alias ? alias->mnemonic : t->rows[row].mnemonic);
    if (s[0] == '%' && s[1] == 'q') { /* part of the mnemonic */
        t->operand(out, 'q', v[s[2] - '0'], pc, opaque);
        s += strlen("%q0 ");
    }
    if (!*s) {
        return;
    }
    do {
        g_string_append_c(out, ' ');
    } while (out->len < start + OPERANDS_COLUMN);
    for (; *s; s++) {
        if (*s == '%') {
            t->operand(out, s[1], v[s[2] - '0'], pc, opaque);
            s += 2;
        } else {
            g_string_append_c(out, *s);
        }
    }
}
