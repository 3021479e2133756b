/*
 * The backward scan: for each value its last use and number of uses, dead ops excluded.
 *
 * trunc makes a second name of its operand: registers and cells hold 64 bits, and an I32
 * operation looks at the low half. Its uses count as uses of the operand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

static inline void use(Val *val, IrVal v, uint32_t at)
{
    Val *s = &val[v];

    s->uses++;
    if (!s->last_use) {
        s->last_use = at + 1;
    }
}

void x86_liveness(Gen *g)
{
    const IrCode *ir = g->ir;
    Val *val = g->val;
    uint64_t locals = 0; /* read later before they are written, on some path */
    uint64_t at_label[IR_MAX_LABELS];

    for (uint32_t v = 0; v < ir->n_vals; v++) {
        val[v] = (Val){ .rep = v, .reg = -1, .home = -1, .slot = -1 };
    }
    for (uint32_t n = ir->n_insns; n-- > 0;) {
        const IrInsn *i = &ir->insns[n];
        const IrOpInfo *info = &ir_op_info[i->op];

        if (i->dst && !val[i->dst].last_use && !(info->effects & ~IR_EFF_DROPPABLE)) {
            continue;
        }
        switch (i->op) {
        case IR_OP_trunc: {
            Val *d = &val[i->dst], *s = &val[i->src[0]];
            d->rep = i->src[0];
            s->uses += d->uses;
            s->last_use = MAX(s->last_use, d->last_use);
            continue;
        }
        case IR_OP_call: {
            const IrHelper *h = (const IrHelper *)(intptr_t)i->imm;
            if ((h->flags & IR_CALL_PURE) && !val[i->dst].last_use) {
                continue;
            }
            for (unsigned k = 0; k < i->aux; k++) {
                use(val, ir->call_args[i->src[0] + k], n);
            }
            continue;
        }
        case IR_OP_get_local:
            if (i->imm < 64) {
                locals |= UINT64_C(1) << i->imm;
            }
            break;
        case IR_OP_set_local:
            if (i->imm < 64) {
                locals &= ~(UINT64_C(1) << i->imm);
            }
            break;
        case IR_OP_label: at_label[i->imm] = locals; break;
        case IR_OP_br: locals = at_label[i->imm]; break;
        case IR_OP_brcond: locals |= at_label[i->imm]; break;
        case IR_OP_exit_direct:
        case IR_OP_exit_loop:
        case IR_OP_exit_indirect:
        case IR_OP_exit_env: locals = 0; break;
        }
        switch (info->n_src) {
        case 4: use(val, i->src[3], n); /* fallthrough */
        case 3: use(val, i->src[2], n); /* fallthrough */
        case 2: use(val, i->src[1], n); /* fallthrough */
        case 1: use(val, i->src[0], n);
        }
    }
    g->zero_locals = locals;
}
