/*
 * The IR verifier: every rule of tcg/ir.h and tcg/ir-ops.h that can be checked without
 * knowing the target. It reports the first fault; it is for tests and debugging, nothing
 * else in the translator checks its input.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"

typedef struct Verifier {
    const IrCode *c;
    unsigned n_globals;
    uint32_t *defined_in; /* per value: block that defines it, from 1; 0 none yet */
    uint8_t *label_state; /* per label: LABEL_* */
    uint32_t block;
    uint32_t at;          /* the insn looked at */
    bool open;            /* the path can come to this point */
    bool in_insn;         /* after an insn_start */
    bool set_global;      /* one was set since the insn_start */
    char *fault;
} Verifier;

enum { LABEL_USED = 1, LABEL_BOUND = 2 };

static bool PRINTF(2, 3) fault(Verifier *v, const char *fmt, ...)
{
    va_list ap;

    if (!v->fault) {
        const IrInsn *i = &v->c->insns[v->at];
        va_start(ap, fmt);
        g_autofree char *text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        if (v->at < v->c->n_insns) {
            v->fault = g_strdup_printf("op %u (%s): %s", v->at,
                                       i->op < IR_OP_COUNT ? ir_op_info[i->op].name : "?",
                                       text);
        } else {
            v->fault = g_strdup_printf("at the end: %s", text);
        }
    }
    return false;
}

/* The type that the table's column asks for, or -1 for any. */
static int column_type(const char *s, IrType t)
{
    switch (s[0]) {
    case 'T': return t;
    case 'a': return -1;
    case 'f': return IR_F64;
    default: return s[1] == '3' ? IR_I32 : IR_I64;
    }
}

static bool check_use(Verifier *v, IrVal val, int type, unsigned n)
{
    const IrCode *c = v->c;

    if (val == IR_NONE || val >= c->n_vals) {
        return fault(v, "operand %u is no value", n);
    }
    if (type >= 0 && c->vals[val].type != type) {
        return fault(v, "operand %u (v%u) has the wrong type", n, val);
    }
    if (c->vals[val].is_const) {
        if (c->vals[val].type == IR_I32 && c->vals[val].value != (int32_t)c->vals[val].value) {
            return fault(v, "constant v%u is not sign-extended", val);
        }
        return true;
    }
    if (v->defined_in[val] != v->block) {
        return fault(v, "operand %u (v%u) is not defined in this block", n, val);
    }
    return true;
}

static bool check_call(Verifier *v, const IrInsn *i)
{
    const IrHelper *h = (const IrHelper *)(intptr_t)i->imm;

    if (!h || !h->fn) {
        return fault(v, "no helper");
    }
    if (i->aux != h->nargs || h->nargs > IR_MAX_ARGS) {
        return fault(v, "%s takes %u arguments, not %u", h->name, h->nargs, i->aux);
    }
    if (i->src[0] + i->aux > v->c->n_call_args) {
        return fault(v, "arguments are outside the table");
    }
    for (unsigned n = 0; n < i->aux; n++) {
        if (!check_use(v, v->c->call_args[i->src[0] + n], h->args[n], n)) {
            return false;
        }
    }
    if ((h->flags & IR_CALL_PURE) && (h->flags & ~IR_CALL_PURE)) {
        return fault(v, "%s is pure and has effects", h->name);
    }
    return (i->dst != IR_NONE) == (h->ret >= 0) || fault(v, "%s: result", h->name);
}

/* The helper says what the op means, so it takes the same operands. */
static bool check_fp(Verifier *v, const IrInsn *i)
{
    const IrHelper *h = (const IrHelper *)(intptr_t)i->imm;

    if (i->op == IR_OP_f_flags || i->op == IR_OP_f_set_flags) {
        return true;
    }
    if (!h || !h->fn) {
        return fault(v, "no helper");
    }
    if (h->nargs != ir_op_info[i->op].n_src - (i->op == IR_OP_f_cmp_quiet) || h->ret != IR_I64 || h->flags) {
        return fault(v, "%s is no helper for it", h->name);
    }
    return i->memop == IR_MO_32 || i->memop == IR_MO_64 || fault(v, "no such format");
}

static bool check_label(Verifier *v, const IrInsn *i)
{
    if (i->imm < 0 || i->imm >= v->c->n_labels) {
        return fault(v, "no such label");
    }
    if (i->op == IR_OP_label) {
        if (v->label_state[i->imm] & LABEL_BOUND) {
            return fault(v, "label %d is bound twice", (int)i->imm);
        }
        v->label_state[i->imm] |= LABEL_BOUND;
    } else {
        if ((v->label_state[i->imm] & LABEL_BOUND) && !v->c->loops) {
            return fault(v, "branch back to label %d", (int)i->imm);
        }
        v->label_state[i->imm] |= LABEL_USED;
    }
    return true;
}

static bool check_insn(Verifier *v, const IrInsn *i)
{
    const IrOpInfo *info;
    const char *s;

    if (i->op >= IR_OP_COUNT) {
        return fault(v, "no such op");
    }
    info = &ir_op_info[i->op];
    if (i->op == IR_OP_label) {
        v->block++;
        v->open = true;
    }
    if (!v->open) {
        return fault(v, "no path leads here");
    }
    s = info->operands;
    for (unsigned n = 0; n < info->n_src; n++) {
        if (!check_use(v, i->src[n], column_type(s, i->type), n)) {
            return false;
        }
        s = strchr(s, ',');
        s = s ? s + 1 : "";
    }
    if (i->op == IR_OP_call && !check_call(v, i)) {
        return false;
    }
    if ((info->effects & IR_EFF_FP) && !check_fp(v, i)) {
        return false;
    }
    if ((info->effects & (IR_EFF_LABEL | IR_EFF_BRANCH)) && !check_label(v, i)) {
        return false;
    }
    switch (i->op) {
    case IR_OP_insn_start: v->in_insn = true; v->set_global = false; break;
    case IR_OP_get_global:
    case IR_OP_set_global:
        if (i->imm < 0 || i->imm >= v->n_globals) {
            return fault(v, "no global %d", (int)i->imm);
        }
        v->set_global |= i->op == IR_OP_set_global;
        break;
    case IR_OP_get_local:
    case IR_OP_set_local:
        if (i->imm < 0 || i->imm >= v->c->n_locals ||
            v->c->local_types[i->imm] != i->type) {
            return fault(v, "no local %d of this type", (int)i->imm);
        }
        break;
    case IR_OP_st:
        if (v->set_global) {
            return fault(v, "after a set_global of its instruction");
        }
        if (i->type == IR_I32 || v->c->vals[i->src[1]].type != i->type) {
            return fault(v, "the value has the wrong type");
        }
        break;
    case IR_OP_ld:
        if (i->type == IR_I32) {
            return fault(v, "the result has the wrong type");
        }
        break;
    case IR_OP_setcond:
    case IR_OP_select:
    case IR_OP_brcond:
        if (i->cond > IR_GTU) {
            return fault(v, "no such condition");
        }
        break;
    case IR_OP_amo:
        if (i->cond > IR_AMO_MAXU) {
            return fault(v, "no such operation");
        }
        break;
    }
    if ((info->effects & IR_EFF_FAULTS) && !v->in_insn) {
        return fault(v, "may fault before the first insn_start");
    }
    if (info->results[0]) {
        int type = i->op == IR_OP_call ? -1
                   : i->op == IR_OP_ld ? i->type
                                       : column_type(info->results, i->type);
        if (i->dst == IR_NONE && i->op == IR_OP_call) {
            return true;
        }
        if (i->dst == IR_NONE || i->dst >= v->c->n_vals || v->c->vals[i->dst].is_const) {
            return fault(v, "the result is no value");
        }
        if (v->defined_in[i->dst]) {
            return fault(v, "v%u is assigned twice", i->dst);
        }
        if (type >= 0 && v->c->vals[i->dst].type != type) {
            return fault(v, "the result v%u has the wrong type", i->dst);
        }
        v->defined_in[i->dst] = v->block;
    } else if (i->dst != IR_NONE) {
        return fault(v, "has no result");
    }
    if ((info->effects & IR_EFF_EXIT) || i->op == IR_OP_br) {
        v->open = false;
    }
    return true;
}

char *ir_verify(const IrCode *c, unsigned n_globals)
{
    Verifier v = { .c = c, .n_globals = n_globals, .block = 1, .open = true };

    if (c->overflow) {
        return g_strdup("a table is full");
    }
    v.defined_in = g_new0(uint32_t, c->n_vals);
    v.label_state = g_new0(uint8_t, c->n_labels + 1);
    while (v.at < c->n_insns && check_insn(&v, &c->insns[v.at])) {
        v.at++;
    }
    if (!v.fault && v.open) {
        fault(&v, "the code runs off its end");
    }
    for (unsigned l = 0; !v.fault && l < c->n_labels; l++) {
        if (v.label_state[l] == LABEL_USED) {
            fault(&v, "label %u is not bound", l);
        }
    }
    g_free(v.defined_in);
    g_free(v.label_state);
    return v.fault;
}
