/*
 * The backward scan: for each value its last use and number of uses, dead ops excluded.
 * Dead are ops whose result nobody uses, and the setting of a global that is set again
 * before anybody can see it.
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

/* Ops across which a global that is set again must still be set the first time: whoever
 * leaves the region here, or a helper, may see it. */
enum {
    SEES_GLOBALS = IR_EFF_READS_MEM | IR_EFF_WRITES_MEM | IR_EFF_FAULTS | IR_EFF_BRANCH |
                   IR_EFF_EXIT | IR_EFF_LABEL | IR_EFF_CALL | IR_EFF_POLL,
};

void x86_liveness(Gen *g)
{
    const IrCode *ir = g->ir;
    Val *val = g->val;
    uint8_t *dead = g->s->dead;
    uint32_t *set_at = g->s->set_at;
    uint32_t epoch = 1;  /* a global with this in set_at is set again before it is seen */
    uint64_t locals = 0; /* read later before they are written, on some path */
    uint64_t at_label[IR_MAX_LABELS];

    if (ir->loops) { /* a branch back comes before its label here: all locals live */
        memset(at_label, 0xff, ir->n_labels * sizeof(at_label[0]));
    }
    memset(set_at, 0, g->ctx->parent.cfg.n_globals * sizeof(*set_at));
    for (uint32_t v = 0; v < ir->n_vals; v++) {
        val[v] = (Val){ .rep = v, .reg = -1, .home = -1, .slot = -1 };
    }
    for (uint32_t n = ir->n_insns; n-- > 0;) {
        const IrInsn *i = &ir->insns[n];
        unsigned effects = ir_op_info[i->op].effects;

        dead[n] = i->dst && !val[i->dst].last_use && !(effects & ~IR_EFF_DROPPABLE);
        if (dead[n]) {
            continue;
        }
        g->xmm |= i->type == IR_F64;
        g->fp |= (effects & IR_EFF_FP) != 0;
        epoch += (effects & SEES_GLOBALS) != 0;
        switch (i->op) {
        case IR_OP_insn_start: continue;
        case IR_OP_get_global: set_at[i->imm] = 0; continue;
        case IR_OP_set_global:
            if (set_at[i->imm] == epoch) {
                dead[n] = true;
                continue;
            }
            set_at[i->imm] = epoch;
            break;
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
                dead[n] = true;
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
        case IR_OP_label: at_label[i->imm] = locals; continue;
        case IR_OP_br: locals = at_label[i->imm]; continue;
        case IR_OP_brcond: locals |= at_label[i->imm]; break;
        case IR_OP_exit_direct:
        case IR_OP_exit_loop:
        case IR_OP_exit_indirect:
        case IR_OP_exit_env: locals = 0; break;
        }
        switch (ir_op_info[i->op].n_src) {
        case 4: use(val, i->src[3], n); /* fallthrough */
        case 3: use(val, i->src[2], n); /* fallthrough */
        case 2: use(val, i->src[1], n); /* fallthrough */
        case 1: use(val, i->src[0], n);
        }
    }
    g->zero_locals = locals;
}
