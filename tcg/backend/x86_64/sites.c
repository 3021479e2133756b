/*
 * Which accesses of the second tier get a site.
 *
 * A site (region-memory.c) saves the wait for the view's table where an access goes to the page
 * that it went to last time; where it does not, it costs a mispredicted branch and three stores
 * more than the table. What goes to one page can be seen in the code: frames, and in loops
 * whatever has a base that the loop steps or leaves alone. What follows pointers in a loop, or
 * gets another object at each call, asks the table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

/* Where a value comes from. */
typedef enum Origin { COMPUTED, LOADED, FROM_GLOBAL } Origin;

typedef struct Origins {
    uint8_t *kind;    /* Origin, per value */
    uint16_t *global; /* for FROM_GLOBAL, per value */
    bool *follows;    /* per global: it is set to what was loaded, in a loop */
} Origins;

static void note(Gen *g, Origins *o, const IrInsn *i, unsigned depth)
{
    const IrVal *root = g->s->root;

    if (i->op == IR_OP_set_global) {
        IrVal r = root[i->src[0]];
        o->follows[i->imm] |= depth && o->kind[r] == LOADED;
    } else if (i->dst) {
        o->kind[i->dst] = i->op == IR_OP_ld           ? LOADED
                          : i->op == IR_OP_get_global ? FROM_GLOBAL
                                                      : COMPUTED;
        o->global[i->dst] = i->imm;
    }
}

static bool stays(const Gen *g, const Origins *o, const IrInsn *i, unsigned depth)
{
    IrVal r = g->s->root[i->src[0]];

    switch (o->kind[r]) {
    case FROM_GLOBAL:
        return g->ctx->parent.cfg.globals[o->global[r]].stack ||
               (depth && !o->follows[o->global[r]]);
    case LOADED: return false;
    default: return depth;
    }
}

void x86_choose_sites(Gen *g)
{
    const IrCode *ir = g->ir;
    g_autofree uint8_t *depth = g_new0(uint8_t, ir->n_insns + 1);
    g_autofree uint8_t *kind = g_new0(uint8_t, ir->n_vals);
    g_autofree uint16_t *global = g_new0(uint16_t, ir->n_vals);
    g_autofree bool *follows = g_new0(bool, g->ctx->parent.cfg.n_globals);
    Origins o = { kind, global, follows };

    x86_loop_depths(ir, depth);
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        note(g, &o, &ir->insns[n], depth[n]);
    }
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];
        if (i->op == IR_OP_ld || i->op == IR_OP_st) {
            g->s->site[n] = stays(g, &o, i, depth[n]);
        }
    }
}
