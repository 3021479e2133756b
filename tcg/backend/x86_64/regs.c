/*
 * The register allocator of the forward pass: see the invariants in gen.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

void gen_move(Gen *g, unsigned w, int dst, int src)
{
    if (is_xmm(dst)) {
        emit_xmm_move(&g->p, g->ctx->host & HOST_AVX, dst, src);
    } else {
        emit_mov_rr(&g->p, w, dst, src);
    }
}

void gen_load(Gen *g, unsigned w, int dst, int base, int32_t disp)
{
    if (is_xmm(dst)) {
        emit_xmm_load(&g->p, g->ctx->host & HOST_AVX, dst, base, disp);
    } else {
        emit_load(&g->p, w, dst, base, disp);
    }
}

void gen_store(Gen *g, unsigned w, int src, int base, int32_t disp)
{
    if (is_xmm(src)) {
        emit_xmm_store(&g->p, g->ctx->host & HOST_AVX, src, base, disp);
    } else {
        emit_store(&g->p, w, src, base, disp);
    }
}

/* The registers that values of its class may be in. */
static unsigned class_of(int reg)
{
    return is_xmm(reg) ? XMM_MASK : ~XMM_MASK;
}

/* The address of a value's cell (home or spill slot). */
static Opnd val_cell(const Gen *g, const Val *s)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals;

    if (s->slot >= 0) {
        return (Opnd){ OPND_MEM, RSP, s->slot * 8 };
    }
    if (s->home < (int)n_globals) {
        return (Opnd){ OPND_MEM, RBP, g->globals[s->home].disp };
    }
    return (Opnd){ OPND_MEM, RSP, (s->home - (int)n_globals) * 8 };
}

static inline bool val_has_cell(const Val *s)
{
    return s->home >= 0 || s->slot >= 0;
}

/* Width to load a value with: an I32 global's cell has 32 bits only. */
static inline unsigned val_width(const Gen *g, IrVal v)
{
    return g->ir->vals[v].type == IR_I32 ? 32 : 64;
}

static void slot_give(Gen *g, IrVal v)
{
    Val *s = &g->val[v];

    s->slot = g->n_free_slots ? g->s->free_slots[--g->n_free_slots] : (int)g->next_slot++;
}

/* Make sure that a cell holds the value, which is in a register. */
static void val_store(Gen *g, IrVal v)
{
    Val *s = &g->val[v];

    if (!val_has_cell(s)) {
        slot_give(g, v);
        gen_store(g, 64, s->reg, RSP, s->slot * 8);
    }
}

static void val_leave_reg(Gen *g, IrVal v)
{
    val_store(g, v);
    g->reg_val[g->val[v].reg] = IR_NONE;
    g->val[v].reg = -1;
}

static int alloc(Gen *g, unsigned mask)
{
    int best = -1;
    unsigned best_rank = 0;

    for (unsigned m = mask & g->temps & ~g->locked; m; m &= m - 1) {
        int r = __builtin_ctz(m);
        const Val *s;
        unsigned rank;

        if (!g->reg_val[r]) {
            g->locked |= 1u << r;
            return r;
        }
        /* the one needed last, preferably one that has a cell already */
        s = &g->val[g->reg_val[r]];
        rank = s->last_use + 1 + (val_has_cell(s) ? UINT16_MAX : 0);
        if (rank > best_rank) {
            best_rank = rank;
            best = r;
        }
    }
    g_assert(best >= 0);
    val_leave_reg(g, g->reg_val[best]);
    g->locked |= 1u << best;
    return best;
}

int reg_alloc(Gen *g)
{
    return alloc(g, ~XMM_MASK);
}

int xmm_alloc(Gen *g)
{
    return alloc(g, XMM_MASK);
}

static void val_move(Gen *g, IrVal v, int to)
{
    Val *s = &g->val[v];

    gen_move(g, 64, to, s->reg);
    g->reg_val[s->reg] = IR_NONE;
    s->reg = to;
    g->reg_val[to] = v;
}

void reg_claim(Gen *g, int reg)
{
    IrVal v = g->reg_val[reg];

    g->locked |= 1u << reg;
    if (v) {
        unsigned free = 0;
        for (unsigned m = g->temps & ~g->locked & class_of(reg); m; m &= m - 1) {
            if (!g->reg_val[__builtin_ctz(m)]) {
                free = m & -m;
                break;
            }
        }
        if (free) {
            val_move(g, v, __builtin_ctz(free));
        } else {
            val_leave_reg(g, v);
        }
    }
}

void reg_vacate(Gen *g, int reg)
{
    IrVal v = g->reg_val[reg];

    if (!v) {
        return;
    }
    if (val_has_cell(&g->val[v])) {
        g->reg_val[reg] = IR_NONE;
        g->val[v].reg = -1;
    } else {
        unsigned locked = g->locked;
        int to = alloc(g, class_of(reg));
        g->locked = locked; /* it may be spilled again by the same op */
        val_move(g, v, to);
    }
}

/* @flags: they may be lost. Of floating-point constants there is zero only. */
static void load_const(Gen *g, int reg, int64_t value, bool flags)
{
    if (is_xmm(reg)) {
        g_assert(!value);
        emit_xmm_zero(&g->p, g->ctx->host & HOST_AVX, reg);
    } else if (flags) {
        emit_mov_ri_flags(&g->p, reg, value);
    } else {
        emit_mov_ri(&g->p, reg, value);
    }
}

int val_load(Gen *g, IrVal v)
{
    Val *s = &g->val[v];
    int r = g->ir->vals[v].type == IR_F64 ? xmm_alloc(g) : reg_alloc(g);
    int64_t value;

    if (val_is_const(g, v, &value)) {
        load_const(g, r, value, true);
        return r;
    }
    Opnd cell = val_cell(g, s);
    gen_load(g, s->slot >= 0 ? 64 : val_width(g, v), r, cell.reg, cell.val);
    s->reg = r;
    g->reg_val[r] = v;
    return r;
}

Opnd val_rm(Gen *g, IrVal v)
{
    IrVal rep = val_rep(g, v);
    const Val *s = &g->val[rep];

    if (s->reg < 0 && val_has_cell(s) && val_dies(g, rep)) {
        return val_cell(g, s);
    }
    return (Opnd){ OPND_REG, val_reg(g, v), 0 };
}

Opnd val_rmi(Gen *g, IrVal v)
{
    int64_t value;

    if (val_is_const(g, v, &value) && fits32(value)) {
        return (Opnd){ OPND_IMM, 0, value };
    }
    return val_rm(g, v);
}

void val_to_reg(Gen *g, IrVal v, int reg)
{
    IrVal rep = val_rep(g, v);
    const Val *s = &g->val[rep];
    int64_t value;

    if (val_is_const(g, rep, &value)) {
        load_const(g, reg, value, false);
    } else if (s->reg >= 0) {
        if (s->reg != reg) {
            gen_move(g, 64, reg, s->reg);
        }
    } else {
        Opnd cell = val_cell(g, s);
        gen_load(g, s->slot >= 0 ? 64 : val_width(g, rep), reg, cell.reg, cell.val);
    }
}

int dst_pinned(Gen *g, IrVal v, uint32_t last)
{
    const IrInsn *next = &g->ir->insns[last + 1];
    IrVal old;
    int reg;

    if (next->op != IR_OP_set_global || next->src[0] != v || g->s->dead[last + 1]) {
        return -1;
    }
    reg = g->globals[next->imm].reg;
    if (reg < 0) {
        return -1;
    }
    old = g->reg_val[reg];
    if (old && val_dies(g, old)) {
        /* an operand of this op: read before it is written */
        g->reg_val[reg] = IR_NONE;
        g->val[old].reg = -1;
    } else {
        reg_vacate(g, reg);
    }
    g->locked |= 1u << reg;
    return reg;
}

int dst_begin(Gen *g, IrVal v, uint32_t last, IrVal reuse)
{
    int pinned = dst_pinned(g, v, last);

    if (pinned >= 0) {
        return pinned;
    }
    if (reuse) {
        IrVal rep = val_rep(g, reuse);
        int reg = g->val[rep].reg;
        if (reg >= 0 && (g->temps >> reg & 1) && val_dies(g, rep)) {
            return reg;
        }
    }
    return g->ir->vals[v].type == IR_F64 ? xmm_alloc(g) : reg_alloc(g);
}

void val_free(Gen *g, IrVal v)
{
    Val *s = &g->val[v];

    if (s->reg >= 0) {
        g->reg_val[s->reg] = IR_NONE;
        s->reg = -1;
    }
    if (s->slot >= 0) {
        g->s->free_slots[g->n_free_slots++] = s->slot;
        s->slot = -1;
    }
    if (s->home >= 0) {
        g->home_val[s->home] = IR_NONE;
        s->home = -1;
    }
}

void regs_spill_for_call(Gen *g, bool pinned)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals;

    for (unsigned m = g->temps; m; m &= m - 1) {
        IrVal v = g->reg_val[__builtin_ctz(m)];
        if (v && !val_dies(g, v)) {
            val_store(g, v);
        }
    }
    if (!pinned) {
        return;
    }
    for (int r = 0; r < N_REGS; r++) {
        IrVal v = g->reg_val[r];
        if (v && !val_dies(g, v) && r != g->pc_reg && g->val[v].slot < 0) {
            slot_give(g, v);
            gen_store(g, 64, r, RSP, g->val[v].slot * 8);
        }
    }
    for (unsigned h = 0; h < n_globals; h++) {
        IrVal v = g->home_val[h];
        if (v && !val_dies(g, v) && g->val[v].slot < 0) {
            unsigned locked = g->locked;
            int r = val_reg(g, v);
            g->locked = locked;
            slot_give(g, v);
            gen_store(g, 64, r, RSP, g->val[v].slot * 8);
        }
    }
}

static void forget_reg(Gen *g, int r)
{
    if (g->reg_val[r]) {
        g->val[g->reg_val[r]].reg = -1;
        g->reg_val[r] = IR_NONE;
    }
}

void regs_forget_after_call(Gen *g, bool pinned)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals;

    for (unsigned m = g->temps; m; m &= m - 1) {
        forget_reg(g, __builtin_ctz(m));
    }
    if (!pinned) {
        return;
    }
    for (int r = 0; r < N_REGS; r++) {
        if (r != g->pc_reg) {
            forget_reg(g, r);
        }
    }
    for (unsigned h = 0; h < n_globals; h++) {
        if (g->home_val[h]) {
            g->val[g->home_val[h]].home = -1;
            g->home_val[h] = IR_NONE;
        }
    }
}

void gen_get_cell(Gen *g, const IrInsn *i, unsigned home)
{
    int reg = home < g->ctx->parent.cfg.n_globals ? g->globals[home].reg : -1;
    IrVal *same = reg >= 0 ? &g->reg_val[reg] : &g->home_val[home];
    Val *s = &g->val[i->dst];

    if (s->last_use <= g->idx + 1) {
        return;
    }
    if (*same) { /* the value known already gets another name */
        Val *old = &g->val[*same];
        s->rep = *same;
        old->last_use = MAX(old->last_use, s->last_use);
    } else {
        *same = i->dst;
        if (reg >= 0) {
            s->reg = reg;
        } else {
            s->home = home; /* loaded where it is used */
        }
    }
}

/* The cell is about to change: its old value moves if it is used later. */
static void home_vacate(Gen *g, unsigned home)
{
    IrVal v = g->home_val[home];
    Val *s;

    if (!v) {
        return;
    }
    s = &g->val[v];
    if (s->reg < 0 && s->slot < 0 && !val_dies(g, v)) {
        val_reg(g, v);
    }
    s->home = -1;
    g->home_val[home] = IR_NONE;
}

static void set_pinned(Gen *g, const IrInsn *i, int reg)
{
    IrVal rep = val_rep(g, i->src[0]);
    Val *s = &g->val[rep];
    int64_t value;

    if (s->reg == reg && g->reg_val[reg] == rep) {
        return;
    }
    reg_vacate(g, reg);
    if (val_is_const(g, rep, &value)) {
        load_const(g, reg, value, true);
        return;
    }
    val_to_reg(g, rep, reg);
    /* from now on the value is there, and its temporary register is free */
    if ((s->reg < 0 || (g->temps >> s->reg & 1)) &&
        g->ir->vals[rep].type == i->type) {
        if (s->reg >= 0) {
            g->reg_val[s->reg] = IR_NONE;
        }
        s->reg = reg;
        g->reg_val[reg] = rep;
    }
}

void gen_set_cell(Gen *g, const IrInsn *i, unsigned home)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals;
    unsigned bits = i->type == IR_I32 ? 32 : 64;
    IrVal rep = val_rep(g, i->src[0]);
    int base = RBP;
    int32_t disp;
    int64_t value;

    if (home < n_globals) {
        const GlobalInfo *global = &g->globals[home];
        if (global->reg >= 0) {
            set_pinned(g, i, global->reg);
            kill_operand(g, rep);
            return;
        }
        disp = global->disp;
    } else {
        base = RSP;
        disp = (home - n_globals) * 8;
    }
    if (g->home_val[home] != rep) {
        home_vacate(g, home);
    }
    if (val_is_const(g, rep, &value) && fits32(value)) {
        emit_mov_mi(&g->p, bits, base, disp, value);
        return;
    }
    gen_store(g, bits, val_reg(g, rep), base, disp);
    if (g->val[rep].home < 0 && g->ir->vals[rep].type == i->type &&
        !g->ir->vals[rep].is_const) {
        g->val[rep].home = home;
        g->home_val[home] = rep;
    }
    kill_operand(g, rep);
}
