/*
 * The IR builder: tables, globals and locals, memory, calls and control flow. Pure ops are
 * in tcg/ir-fold.c.
 *
 * Two things make the code shorter than what the front end asked for. A read of a global
 * or local that was read or written before in the block gives the value known then, so
 * that constants and extensions are seen across guest instructions. And nothing is
 * emitted between an unconditional branch or exit and the next label.
 *
 * All tables have their full size from the start and are touched as they fill; a region
 * that fills one sets IrCode.overflow and goes on harmlessly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"
#include "util/apart.h"

IrBuilder *ir_builder_new(const IrGlobal *globals, unsigned n_globals, unsigned pc_global)
{
    IrBuilder *b = alloc_apart0(sizeof(*b));

    b->globals = globals;
    b->n_globals = n_globals;
    b->pc_global = pc_global;
    /* one entry more in each is the sink after an overflow */
    b->code.insns = alloc_apart((IR_MAX_INSNS + 1) * sizeof(IrInsn));
    b->code.vals = alloc_apart(IR_MAX_VALS * sizeof(IrValInfo));
    b->code.call_args = alloc_apart((IR_MAX_CALL_ARGS + IR_MAX_ARGS) * sizeof(IrVal));
    b->code.local_types = alloc_apart(IR_MAX_LOCALS);
    b->def = alloc_apart(IR_MAX_VALS * sizeof(uint16_t));
    b->global_val = alloc_apart(n_globals * sizeof(IrVal));
    b->local_val = alloc_apart(IR_MAX_LOCALS * sizeof(IrVal));
    b->labels = alloc_apart(IR_MAX_LABELS * sizeof(IrLabelInfo));
    ir_builder_reset(b);
    return b;
}

void ir_builder_free(IrBuilder *b)
{
    if (!b) {
        return;
    }
    g_free(b->code.insns);
    g_free(b->code.vals);
    g_free(b->code.call_args);
    g_free(b->code.local_types);
    g_free(b->def);
    g_free(b->global_val);
    g_free(b->local_val);
    g_free(b->labels);
    g_free(b->region_spare);
    g_free(b);
}

void ir_forget_values(IrBuilder *b)
{
    memset(b->global_val, 0, b->n_globals * sizeof(IrVal));
    memset(b->local_val, 0, b->code.n_locals * sizeof(IrVal));
}

void ir_builder_reset(IrBuilder *b)
{
    IrCode *c = &b->code;

    c->n_insns = c->n_call_args = c->n_locals = c->n_labels = c->n_guest_insns = 0;
    c->overflow = c->loops = false;
    b->region = NULL;
    c->vals[0] = (IrValInfo){ 0 };
    c->vals[VAL_ZERO_I32] = (IrValInfo){ .type = IR_I32, .is_const = true };
    c->vals[VAL_ZERO_I64] = (IrValInfo){ .type = IR_I64, .is_const = true };
    c->vals[VAL_ZERO_F64] = (IrValInfo){ .type = IR_F64, .is_const = true };
    for (unsigned n = 0; n < N_BACKEND_VALS; n++) {
        c->vals[VAL_BACKEND + n] = (IrValInfo){ .type = IR_I64 };
    }
    memset(b->def, 0xff, N_FIXED_VALS * sizeof(b->def[0])); /* DEF_NONE */
    c->n_vals = N_FIXED_VALS;
    b->pc_delta = 0;
    b->count = b->next_count = 0;
    b->started = b->unreachable = false;
    ir_forget_values(b);
}

const IrCode *ir_builder_code(IrBuilder *b)
{
    return &b->code;
}

bool ir_builder_nearly_full(const IrBuilder *b)
{
    const IrCode *c = &b->code;

    return c->overflow || c->n_insns > IR_MAX_INSNS * 3 / 4 ||
           c->n_vals > IR_MAX_VALS * 3 / 4 || c->n_call_args > IR_MAX_CALL_ARGS * 3 / 4 ||
           c->n_locals > IR_MAX_LOCALS * 3 / 4 || c->n_labels > IR_MAX_LABELS * 3 / 4;
}

IrVal ir_const(IrBuilder *b, IrType type, int64_t value)
{
    IrCode *c = &b->code;
    IrVal *slot, v;

    if (type == IR_I32) {
        value = (int32_t)value;
    }
    if (!value) {
        return ir_zero_val(type);
    }
    slot = &b->const_cache[((uint64_t)value * 0x9e3779b97f4a7c15 >> 58) ^ type];
    v = *slot;
    /* entries of an earlier region are harmless: what is compared is this region's */
    if (v && v < c->n_vals && c->vals[v].is_const && c->vals[v].value == value &&
        c->vals[v].type == type) {
        return v;
    }
    if (unlikely(c->n_vals == IR_MAX_VALS)) {
        c->overflow = true;
        return ir_zero_val(type);
    }
    v = c->n_vals++;
    c->vals[v] = (IrValInfo){ .type = type, .is_const = true, .value = value };
    b->def[v] = DEF_NONE;
    *slot = v;
    return v;
}

IrType ir_type(const IrBuilder *b, IrVal v)
{
    return b->code.vals[v].type;
}

bool ir_is_const(const IrBuilder *b, IrVal v, int64_t *value)
{
    if (b->code.vals[v].is_const) {
        *value = b->code.vals[v].value;
        return true;
    }
    return false;
}

void ir_emit_insn_start(IrBuilder *b, int64_t pc_delta, int count)
{
    IrInsn *i = ir_emit(b, IR_OP_insn_start, IR_I64);

    i->imm = pc_delta;
    i->aux = count;
    b->pc_delta = pc_delta;
    b->count = count;
    b->started = true;
}

void ir_insn_start(IrBuilder *b, int64_t pc_delta)
{
    ir_emit_insn_start(b, pc_delta, b->next_count++);
    b->code.n_guest_insns++;
}

IrVal ir_get_global(IrBuilder *b, unsigned global)
{
    IrInsn *i;

    if (b->global_val[global]) {
        return b->global_val[global];
    }
    i = ir_emit_val(b, IR_OP_get_global, b->globals[global].type);
    i->imm = global;
    b->global_val[global] = i->dst;
    return i->dst;
}

void ir_set_global(IrBuilder *b, unsigned global, IrVal v)
{
    IrInsn *i;

    if (b->global_val[global] == v) {
        return;
    }
    i = ir_emit(b, IR_OP_set_global, b->globals[global].type);
    i->src[0] = v;
    i->imm = global;
    b->global_val[global] = v;
}

IrLocal ir_local_new(IrBuilder *b, IrType type)
{
    IrCode *c = &b->code;

    if (c->n_locals == IR_MAX_LOCALS) {
        c->overflow = true;
        return IR_MAX_LOCALS - 1;
    }
    c->local_types[c->n_locals] = type;
    b->local_val[c->n_locals] = IR_NONE;
    return c->n_locals++;
}

IrVal ir_get_local(IrBuilder *b, IrLocal l)
{
    IrInsn *i;

    if (b->local_val[l]) {
        return b->local_val[l];
    }
    i = ir_emit_val(b, IR_OP_get_local, b->code.local_types[l]);
    i->imm = l;
    b->local_val[l] = i->dst;
    return i->dst;
}

void ir_set_local(IrBuilder *b, IrLocal l, IrVal v)
{
    IrInsn *i;

    if (b->local_val[l] == v) {
        return;
    }
    i = ir_emit(b, IR_OP_set_local, b->code.local_types[l]);
    i->src[0] = v;
    i->imm = l;
    b->local_val[l] = v;
}

IrVal ir_get_pc(IrBuilder *b, int64_t delta)
{
    IrInsn *i = ir_emit_val(b, IR_OP_get_pc, IR_I64);

    i->imm = delta;
    return i->dst;
}

bool ir_is_pc(const IrBuilder *b, IrVal v, int64_t *delta)
{
    const IrInsn *d = ir_def(b, v);

    if (d && d->op == IR_OP_get_pc) {
        *delta = d->imm;
        return true;
    }
    return false;
}

IrVal ir_ld_env(IrBuilder *b, IrType type, uint32_t offset, IrMemOp mo)
{
    IrInsn *i = ir_emit_val(b, IR_OP_ld_env, type);

    i->imm = offset;
    i->memop = mo;
    return i->dst;
}

void ir_st_env(IrBuilder *b, uint32_t offset, IrVal v, IrMemOp mo)
{
    IrInsn *i = ir_emit(b, IR_OP_st_env, ir_type(b, v));

    i->imm = offset;
    i->memop = mo;
    i->src[0] = v;
}

IrVal ir_ld(IrBuilder *b, IrVal addr, IrMemOp mo)
{
    IrInsn *i = ir_emit_val(b, IR_OP_ld, IR_I64);

    i->memop = mo;
    i->src[0] = addr;
    return i->dst;
}

IrVal ir_ld_f(IrBuilder *b, IrVal addr, IrMemOp mo)
{
    IrInsn *i = ir_emit_val(b, IR_OP_ld, IR_F64);

    i->memop = mo;
    i->src[0] = addr;
    return i->dst;
}

void ir_st(IrBuilder *b, IrVal addr, IrVal v, IrMemOp mo)
{
    IrInsn *i = ir_emit(b, IR_OP_st, ir_type(b, v));

    i->memop = mo;
    i->src[0] = addr;
    i->src[1] = v;
}

IrVal ir_amo(IrBuilder *b, IrAmo op, IrVal addr, IrVal v, IrMemOp mo)
{
    IrInsn *i = ir_emit_val(b, IR_OP_amo, IR_I64);

    i->cond = op;
    i->memop = mo;
    i->src[0] = addr;
    i->src[1] = v;
    return i->dst;
}

IrVal ir_cas(IrBuilder *b, IrVal addr, IrVal expected, IrVal new_value, IrMemOp mo)
{
    IrInsn *i = ir_emit_val(b, IR_OP_cas, IR_I64);

    i->memop = mo;
    i->src[0] = addr;
    i->src[1] = expected;
    i->src[2] = new_value;
    return i->dst;
}

void ir_fence(IrBuilder *b, unsigned kinds)
{
    ir_emit(b, IR_OP_fence, IR_I64)->imm = kinds;
}

IrVal ir_call(IrBuilder *b, const IrHelper *h, unsigned nargs, const IrVal *args)
{
    IrCode *c = &b->code;
    IrInsn *i;

    if (h->ret < 0) {
        i = ir_emit(b, IR_OP_call, IR_I64);
    } else {
        i = ir_emit_val(b, IR_OP_call, h->ret);
    }
    i->imm = (intptr_t)h;
    i->aux = nargs;
    i->src[0] = c->n_call_args;
    for (unsigned n = 0; n < nargs; n++) {
        c->call_args[c->n_call_args + n] = args[n];
    }
    if (c->n_call_args + nargs > IR_MAX_CALL_ARGS) {
        c->overflow = true;
    } else {
        c->n_call_args += nargs;
    }
    if (h->flags & IR_CALL_WRITES_GLOBALS) {
        memset(b->global_val, 0, b->n_globals * sizeof(IrVal));
    }
    return h->ret < 0 ? IR_NONE : i->dst;
}

IrLabel ir_label_new(IrBuilder *b)
{
    IrCode *c = &b->code;

    if (c->n_labels == IR_MAX_LABELS) {
        c->overflow = true;
        return IR_MAX_LABELS - 1;
    }
    b->labels[c->n_labels] = (IrLabelInfo){ 0 };
    return c->n_labels++;
}

static void note_branch(IrBuilder *b, IrLabel l)
{
    IrLabelInfo *info = &b->labels[l];

    if (b->unreachable) {
        return;
    }
    if (info->reached && (info->pc_delta != b->pc_delta || info->count != b->count)) {
        info->conflict = true;
    }
    info->reached = true;
    info->pc_delta = b->pc_delta;
    info->count = b->count;
}

/*
 * An op belongs to the textually latest insn_start. A label whose branches all come from
 * another instruction than the one before it in the text (a side exit, placed behind the
 * main path) therefore gets a copy of theirs.
 */
void ir_label(IrBuilder *b, IrLabel l)
{
    IrLabelInfo *info = &b->labels[l];
    bool fallthrough = !b->unreachable;

    if (!fallthrough && !info->reached) {
        return; /* its branches were folded away: what follows is unreachable too */
    }
    b->unreachable = false;
    ir_emit(b, IR_OP_label, IR_I64)->imm = l;
    ir_forget_values(b);
    if (info->reached && !fallthrough && !info->conflict && b->started &&
        (info->pc_delta != b->pc_delta || info->count != b->count)) {
        ir_emit_insn_start(b, info->pc_delta, info->count);
    }
}

void ir_br(IrBuilder *b, IrLabel l)
{
    note_branch(b, l);
    ir_emit(b, IR_OP_br, IR_I64)->imm = l;
    b->unreachable = true;
}

void ir_brcond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, IrLabel l)
{
    const IrValInfo *vals = b->code.vals;
    const IrInsn *def;
    IrInsn *i;

    if (vals[x].is_const && !vals[y].is_const) {
        IrVal t = x;
        x = y;
        y = t;
        cond = ir_cond_swap(cond);
    }
    /* a branch on the outcome of a comparison is a branch on the comparison */
    while (vals[y].is_const && !vals[y].value && (cond == IR_EQ || cond == IR_NE) &&
           (def = ir_def(b, x)) && def->op == IR_OP_setcond) {
        cond = cond == IR_NE ? def->cond : ir_cond_invert(def->cond);
        x = def->src[0];
        y = def->src[1];
    }
    if (vals[x].is_const || x == y) {
        IrVal r = ir_setcond(b, cond, x, y);
        if (vals[r].is_const) {
            if (vals[r].value) {
                ir_br(b, l);
            }
            return;
        }
    }
    note_branch(b, l);
    i = ir_emit(b, IR_OP_brcond, vals[x].type);
    i->cond = cond;
    i->src[0] = x;
    i->src[1] = y;
    i->imm = l;
}

static IrInsn *emit_exit(IrBuilder *b, IrOp op)
{
    IrInsn *i = ir_emit(b, op, IR_I64);

    b->unreachable = true;
    return i;
}

void ir_exit_direct(IrBuilder *b, int64_t pc_delta)
{
    if (!b->region || !ir_region_exit(b, pc_delta)) {
        emit_exit(b, IR_OP_exit_direct)->imm = pc_delta;
    }
}

void ir_exit_call(IrBuilder *b, int64_t pc_delta)
{
    if (!b->region || !ir_region_exit(b, pc_delta)) {
        IrInsn *i = emit_exit(b, IR_OP_exit_direct);
        i->imm = pc_delta;
        i->cond = IR_JUMP_CALL;
    }
}

void ir_exit_cond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, int64_t taken, int64_t next)
{
    IrLabel l;

    if (b->region) {
        ir_region_exit_cond(b, cond, x, y, taken, next);
        return;
    }
    l = ir_label_new(b);
    ir_brcond(b, cond, x, y, l);
    ir_exit_direct(b, next);
    ir_label(b, l);
    ir_exit_direct(b, taken);
}

void ir_exit_loop(IrBuilder *b, int64_t pc_delta)
{
    emit_exit(b, IR_OP_exit_loop)->imm = pc_delta;
}

void ir_poll(IrBuilder *b, int64_t pc_delta)
{
    if (!b->unreachable) {
        IrInsn *i = ir_emit(b, IR_OP_poll, IR_I64);
        i->imm = pc_delta;
        i->aux = b->count + 1;
    }
}

void ir_exit_indirect(IrBuilder *b, IrVal target)
{
    emit_exit(b, IR_OP_exit_indirect)->src[0] = target;
}

void ir_exit_return(IrBuilder *b, IrVal target)
{
    if (b->region) {
        ir_region_exit_return(b, target);
    }
    IrInsn *i = emit_exit(b, IR_OP_exit_indirect);
    i->src[0] = target;
    i->cond = IR_JUMP_RETURN;
}

void ir_exit_env(IrBuilder *b)
{
    emit_exit(b, IR_OP_exit_env);
}
