/*
 * Which guest blocks make a region of the second tier, and in which order.
 *
 * From the hot entry, direct exits are followed within the page, to blocks that have run
 * (the first tier has translated what starts there). If the entry is in a loop, only what
 * leads back to it stays: loops keep their registers to themselves. A function that a
 * block calls is taken in with the code behind the call. Then blocks are cut where others
 * begin, and put into an order in which loops are contiguous and what is likely next lies
 * next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"

enum {
    MAX_BLOCKS = IR_MAX_BLOCKS,
    MAX_INSNS = 600,          /* all blocks together */
    MAX_STRAIGHT_BLOCKS = 32, /* without a loop */
    MAX_STRAIGHT_INSNS = 200,
    MAX_SUCC = 8,
    FAR = 1000,
};

typedef struct Block {
    int64_t start, end;      /* pc deltas */
    unsigned n_insns;
    int64_t exit[MAX_SUCC];  /* direct exits, as translated */
    unsigned n_exits;
    bool calls, returns;
    bool called;             /* comes behind a call that was taken in */
    bool leads_back, placed;
    int succ[MAX_SUCC + MAX_BLOCKS];
    unsigned n_succ;
} Block;

typedef struct Planner {
    TcgVcpu *v;
    CpuTranslate *t;
    const TcgRegionKey *key;
    unsigned n, n_insns;
    Block block[MAX_BLOCKS];
    int order[MAX_BLOCKS];
    unsigned n_order;
} Planner;

static int find(const Planner *p, int64_t delta)
{
    for (unsigned k = 0; k < p->n; k++) {
        if (p->block[k].start == delta) {
            return k;
        }
    }
    return -1;
}

/* In the entry's page, and executed before. */
static bool has_run(const Planner *p, int64_t delta)
{
    uint64_t ram_addr = p->key->ram_addr + (uint64_t)delta;
    if (((ram_addr ^ p->key->ram_addr) & TCG_PAGE_MASK) != 0 || delta >= (int64_t)p->t->avail) {
        return false;
    }
    TcgRegionKey key = { ram_addr, p->key->mode, p->key->cflags };
    return p->v->engine->hot_threshold <= TCG_HOT_EAGER ||
           tcg_region_find(p->v, &key, p->t->pc + (uint64_t)delta);
}

/* Translate the block for its exits; false if it does not lie in the page. */
static bool explore(Planner *p, Block *b, int64_t delta)
{
    CpuTranslate *t = p->t;
    ir_builder_reset(t->ir);
    t->start = delta;
    t->size = t->n_insns = 0;
    p->v->engine->ops->translate(t);
    const IrCode *code = ir_builder_code(t->ir);
    *b = (Block){ .start = delta, .end = delta + t->size, .n_insns = t->n_insns };
    if (!t->n_insns || code->overflow) {
        return false;
    }
    for (uint32_t n = 0; n < code->n_insns; n++) {
        const IrInsn *i = &code->insns[n];
        if (i->op == IR_OP_exit_direct && b->n_exits < MAX_SUCC) {
            b->exit[b->n_exits++] = i->imm;
            b->calls |= i->cond == IR_JUMP_CALL;
        } else if (i->op == IR_OP_exit_indirect) {
            b->returns |= i->cond == IR_JUMP_RETURN;
        }
    }
    return true;
}

/* The block at @delta, taken in if it is not yet and may be; else -1. */
static int take_in(Planner *p, int64_t delta)
{
    int k = find(p, delta);
    if (k >= 0 || p->n == MAX_BLOCKS || p->n_insns >= MAX_INSNS || !has_run(p, delta) ||
        !explore(p, &p->block[p->n], delta)) {
        return k;
    }
    p->n_insns += p->block[p->n].n_insns;
    return p->n++;
}

static void discover(Planner *p)
{
    for (unsigned k = 0; k < p->n; k++) {
        for (unsigned e = 0; e < p->block[k].n_exits; e++) {
            int to = take_in(p, p->block[k].exit[e]);
            if (to >= 0 && p->block[k].calls) {
                int behind = take_in(p, p->block[k].end);
                if (behind >= 0) {
                    p->block[behind].called = true;
                }
            }
        }
    }
}

/* Cut blocks where others begin, and note who leads where. */
static void connect(Planner *p)
{
    for (unsigned k = 0; k < p->n; k++) {
        Block *b = &p->block[k];
        int64_t end = b->end;
        for (unsigned o = 0; o < p->n; o++) {
            int64_t start = p->block[o].start;
            if (start > b->start && start < end) {
                end = start;
            }
        }
        if (end != b->end) {
            b->end = b->exit[0] = end;
            b->n_exits = 1;
            b->calls = b->returns = false;
        }
        b->n_succ = 0;
        for (unsigned e = 0; e < b->n_exits; e++) {
            int to = find(p, b->exit[e]);
            if (to >= 0) {
                b->succ[b->n_succ++] = to;
            }
        }
        for (unsigned o = 0; b->returns && o < p->n; o++) {
            if (p->block[o].called) {
                b->succ[b->n_succ++] = o;
            }
        }
    }
}

/* Distances of all blocks to block @to, in edges. */
static void distances(const Planner *p, unsigned to, unsigned *dist)
{
    bool changed = true;
    for (unsigned k = 0; k < p->n; k++) {
        dist[k] = k == to ? 0 : FAR;
    }
    while (changed) {
        changed = false;
        for (unsigned k = 0; k < p->n; k++) {
            for (unsigned s = 0; s < p->block[k].n_succ; s++) {
                unsigned d = dist[p->block[k].succ[s]] + 1;
                if (d < dist[k]) {
                    dist[k] = d;
                    changed = true;
                }
            }
        }
    }
}

/* If the entry is in a loop, drop what does not lead back to it; else what is too much. */
static void prune(Planner *p)
{
    unsigned dist[MAX_BLOCKS], kept = 0, insns = 0;
    bool loop = false;
    distances(p, 0, dist);
    for (unsigned s = 0; s < p->block[0].n_succ; s++) {
        loop |= dist[p->block[0].succ[s]] < FAR;
    }
    for (unsigned k = 0; k < p->n; k++) {
        bool keep = loop ? dist[k] < FAR
                         : kept < MAX_STRAIGHT_BLOCKS && insns < MAX_STRAIGHT_INSNS;
        if (keep) {
            insns += p->block[k].n_insns;
            p->block[kept++] = p->block[k];
        }
    }
    p->n = kept;
    connect(p);
}

/* Reverse postorder; of a block's successors the one that comes back soonest goes next, so
 * that the exits of a loop lie behind it. */
static void place(Planner *p, unsigned k)
{
    Block *b = &p->block[k];
    unsigned dist[MAX_BLOCKS];
    b->placed = true;
    distances(p, k, dist);
    for (;;) {
        int far = -1;
        for (unsigned s = 0; s < b->n_succ; s++) {
            int to = b->succ[s];
            /* ties: what follows in the guest's code goes next, so it is visited last */
            if (!p->block[to].placed &&
                (far < 0 || dist[to] > dist[far] ||
                 (dist[to] == dist[far] && p->block[far].start == b->end))) {
                far = to;
            }
        }
        if (far < 0) {
            break;
        }
        place(p, far);
    }
    p->order[p->n_order++] = k;
}

static void fill_plan(const Planner *p, TcgPlan *plan)
{
    unsigned at[MAX_BLOCKS];
    plan->n = p->n_order;
    for (unsigned n = 0; n < p->n_order; n++) {
        const Block *b = &p->block[p->order[p->n_order - 1 - n]];
        at[b - p->block] = n;
        plan->block[n] = (IrBlockPlan){ .delta = b->start, .called = b->called };
        plan->end[n] = b->end;
    }
    for (unsigned n = 0; n < p->n_order; n++) {
        const Block *b = &p->block[p->order[p->n_order - 1 - n]];
        for (unsigned s = 0; s < b->n_succ; s++) {
            unsigned to = at[b->succ[s]];
            plan->block[to].head |= to <= n;
            plan->block[to].joined |= to != n + 1;
        }
    }
}

bool tcg_plan(TcgVcpu *v, CpuTranslate *t, const TcgRegionKey *key, TcgPlan *plan)
{
    Planner *p = g_new(Planner, 1);
    p->v = v;
    p->t = t;
    p->key = key;
    p->n = p->n_insns = p->n_order = 0;
    bool ok = explore(p, &p->block[0], 0);
    if (ok) {
        p->n = 1;
        p->n_insns = p->block[0].n_insns;
        discover(p);
        connect(p);
        prune(p);
        place(p, 0);
        fill_plan(p, plan);
    }
    g_free(p);
    return ok;
}
