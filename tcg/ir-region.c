/*
 * The builder's part for regions of several guest blocks: see ir_region_begin().
 *
 * The accelerator has planned which blocks belong to the region and in which order they
 * lie; the front end translates one after the other as if each were alone. What it says
 * about where a block goes on is turned into branches here:
 *
 *   to a planned block      a branch to its label; nothing if it comes next and nobody
 *                           else leads there, so that values live on into it
 *   elsewhere, conditional  a branch to a side exit, which is put behind the last block
 *
 * Instructions are counted along the path. Each label has a base, the count with which it is
 * reached first; who comes with another count adds the difference (count) before the branch.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"

enum { MAX_SIDES = 256, NO_BASE = INT16_MIN };

typedef struct SideExit {
    IrLabel label;
    int64_t delta;
} SideExit;

struct IrRegion {
    const IrBlockPlan *plan;
    unsigned n, current, n_sides;
    IrLabel label[IR_MAX_BLOCKS];
    int base[IR_MAX_BLOCKS];      /* instructions counted at the label, or NO_BASE */
    unsigned n_uses[IR_MAX_BLOCKS]; /* branches that lead to the label */
    bool bound[IR_MAX_BLOCKS];
    SideExit side[MAX_SIDES];
    uint32_t br_at;               /* the branch to the next block, for join_previous() */
    IrVal saved_val[];            /* values of globals there */
};

void ir_region_begin(IrBuilder *b, const IrBlockPlan *plan, unsigned n)
{
    IrRegion *r = b->region_spare;

    if (!r) {
        r = b->region_spare = g_malloc0(sizeof(*r) + b->n_globals * sizeof(IrVal));
    }
    b->region = r;
    r->plan = plan;
    r->n = n;
    r->n_sides = 0;
    r->br_at = UINT32_MAX;
    for (unsigned k = 0; k < n; k++) {
        r->label[k] = ir_label_new(b);
        r->base[k] = NO_BASE;
        r->n_uses[k] = r->bound[k] = 0;
        b->code.loops |= plan[k].head;
    }
    r->base[0] = 0;
}

static int block_at(const IrRegion *r, int64_t delta)
{
    for (unsigned k = 0; k < r->n; k++) {
        if (r->plan[k].delta == delta) {
            return k;
        }
    }
    return -1;
}

/* This edge leads to block @k: make the count what its label expects. Returns what was
 * added. */
static int edge_count(IrBuilder *b, unsigned k)
{
    IrRegion *r = b->region;
    int retired = b->count + 1, d;

    if (b->unreachable) {
        return 0;
    }
    if (r->base[k] == NO_BASE) {
        r->base[k] = retired;
    }
    d = retired - r->base[k];
    if (d) {
        ir_emit(b, IR_OP_count, IR_I64)->imm = d;
    }
    return d;
}

static void note_use(IrBuilder *b, unsigned k)
{
    IrRegion *r = b->region;

    if (!b->unreachable) {
        r->n_uses[k]++;
        if (k <= r->current && (!r->bound[k] || !r->plan[k].head)) {
            b->code.overflow = true; /* the plan did not foresee it */
        }
    }
}

static void branch_to(IrBuilder *b, unsigned k)
{
    IrRegion *r = b->region;

    edge_count(b, k);
    note_use(b, k);
    if (k == r->current + 1 && !b->unreachable) {
        r->br_at = b->code.n_insns;
        memcpy(r->saved_val, b->global_val, b->n_globals * sizeof(IrVal));
    }
    ir_br(b, r->label[k]);
}

/* The block just built ends with a branch to block @k, which comes now: go on without. */
static bool join_previous(IrBuilder *b, unsigned k)
{
    IrRegion *r = b->region;
    IrCode *c = &b->code;

    if (c->overflow || r->br_at + 1 != c->n_insns || c->insns[r->br_at].op != IR_OP_br ||
        c->insns[r->br_at].imm != r->label[k]) {
        return false;
    }
    c->n_insns--;
    r->n_uses[k]--;
    r->br_at = UINT32_MAX;
    b->unreachable = false;
    /* what an unreachable rest of the block may have noted does not count */
    memcpy(b->global_val, r->saved_val, b->n_globals * sizeof(IrVal));
    memset(b->local_val, 0, c->n_locals * sizeof(IrVal));
    return true;
}

void ir_region_block(IrBuilder *b, unsigned k)
{
    IrRegion *r = b->region;
    const IrBlockPlan *plan = &r->plan[k];
    bool falls = !k || join_previous(b, k);

    r->current = k;
    if (falls && !plan->joined && !plan->head && !r->n_uses[k]) {
        b->next_count = r->base[k];
        return;
    }
    if (!falls && !r->n_uses[k] && !plan->head) {
        return; /* branches to it were folded away: what follows is dropped */
    }
    if (r->base[k] == NO_BASE) {
        r->base[k] = 0;
    }
    b->next_count = r->base[k];
    b->unreachable = false;
    r->bound[k] = true;
    ir_emit(b, IR_OP_label, IR_I64)->imm = r->label[k];
    ir_forget_values(b);
    if (plan->head) {
        IrInsn *i = ir_emit(b, IR_OP_poll, IR_I64);
        i->imm = plan->delta;
        i->aux = r->base[k];
    }
}

void ir_region_end(IrBuilder *b)
{
    IrRegion *r = b->region;

    b->region = NULL;
    for (unsigned k = 0; k < r->n_sides; k++) {
        ir_label(b, r->side[k].label);
        ir_exit_direct(b, r->side[k].delta);
    }
}

bool ir_region_exit(IrBuilder *b, int64_t delta)
{
    int k = block_at(b->region, delta);

    if (k >= 0) {
        branch_to(b, k);
    }
    return k >= 0;
}

/* A branch taken to an exit out of line, or to a planned block. */
static void cond_to(IrBuilder *b, IrCond cond, IrVal x, IrVal y, int64_t delta, int k)
{
    IrRegion *r = b->region;

    if (k >= 0) {
        int d = edge_count(b, k);
        if (d) { /* the path that falls through counts from there too */
            ir_emit_insn_start(b, b->pc_delta, b->count - d);
        }
        note_use(b, k);
        ir_brcond(b, cond, x, y, r->label[k]);
    } else if (r->n_sides == MAX_SIDES) {
        b->code.overflow = true;
    } else {
        SideExit *s = &r->side[r->n_sides++];
        *s = (SideExit){ ir_label_new(b), delta };
        ir_brcond(b, cond, x, y, s->label);
    }
}

void ir_region_exit_cond(IrBuilder *b, IrCond cond, IrVal x, IrVal y, int64_t taken,
                         int64_t next)
{
    IrRegion *r = b->region;
    int kt = block_at(r, taken), kn = block_at(r, next);

    /* fall through to what comes next, else out of the region */
    if (kt == (int)r->current + 1 || (kt < 0 && kn >= 0 && kn != (int)r->current + 1)) {
        int64_t t = taken;
        taken = next;
        next = t;
        kt = kn;
        cond = ir_cond_invert(cond);
    }
    cond_to(b, cond, x, y, taken, kt);
    ir_exit_direct(b, next);
}

void ir_region_exit_return(IrBuilder *b, IrVal target)
{
    IrRegion *r = b->region;

    for (unsigned k = 0; k < r->n && !b->unreachable; k++) {
        if (r->plan[k].called) {
            cond_to(b, IR_EQ, target, ir_get_pc(b, r->plan[k].delta), 0, k);
        }
    }
}
