/*
 * The second tier's choice of registers: which globals a region keeps where.
 *
 * Inside a region a global has one place from the entry to every exit: a host register or
 * its field in the state. So paths meet with nothing to reconcile, loops included, and
 * the first tier's passes serve as they are. What differs from the convention between
 * regions is moved at the entry and at the exits only. The globals used most, with loops
 * counted many times, get the registers; a global of the convention keeps its own or none.
 * The entry pc gives rbx up if something better is found for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

enum {
    MAX_DEPTH = 4,       /* of loops, in weights; each counts as 8 turns */
    GAIN_PC = 3,         /* least weight for which the entry pc leaves rbx */
    GAIN_CONVENTION = 6, /* least difference for which a global of the convention goes */
    GAIN_XMM = 4,        /* least weight for which a floating-point global gets a register */
    XMM_TEMPS = 5,       /* what an op may need at once */
};

typedef struct Candidate {
    uint32_t weight;
    uint16_t global;
} Candidate;

void x86_loop_depths(const IrCode *ir, uint8_t *depth)
{
    g_autofree uint32_t *label_at = g_new0(uint32_t, ir->n_labels + 1);
    g_autofree int32_t *change = g_new0(int32_t, ir->n_insns + 1);
    g_autofree uint32_t *loop_end = g_new0(uint32_t, ir->n_labels + 1);
    int32_t now = 0;

    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];
        if (i->op == IR_OP_label) {
            label_at[i->imm] = n + 1;
        } else if ((i->op == IR_OP_br || i->op == IR_OP_brcond) && label_at[i->imm]) {
            loop_end[i->imm] = n;
        }
    }
    for (uint32_t l = 0; l < ir->n_labels; l++) {
        if (loop_end[l]) {
            change[label_at[l] - 1]++;
            change[loop_end[l] + 1]--;
        }
    }
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        now += change[n];
        depth[n] = MIN(now, MAX_DEPTH);
    }
}

static void weigh(Gen *g, uint32_t *weight, bool *set)
{
    const IrCode *ir = g->ir;
    g_autofree uint8_t *depth = g_new(uint8_t, ir->n_insns + 1);

    x86_loop_depths(ir, depth);
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];
        if ((i->op == IR_OP_get_global || i->op == IR_OP_set_global) && !g->s->dead[n]) {
            weight[i->imm] += 1u << 3 * depth[n];
            set[i->imm] |= i->op == IR_OP_set_global;
        }
    }
}

static int heavier(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;

    return x->weight != y->weight ? (x->weight < y->weight ? 1 : -1)
                                  : (int)x->global - y->global;
}

static void take(Gen *g, int reg, unsigned global)
{
    Scratch *s = g->s;

    if (s->pin_global[reg] >= 0) {
        s->globals[s->pin_global[reg]].reg = -1;
    }
    s->pin_global[reg] = global;
    s->globals[global].reg = reg;
}

/* The register whose global of the convention is used least. */
static int least_used(const Gen *g, const uint32_t *weight)
{
    int best = -1;

    for (int r = 0; r < 16; r++) {
        int global = g->s->pin_global[r];
        if (global >= 0 && global == g->ctx->pin_global[r] &&
            (best < 0 || weight[global] < weight[g->s->pin_global[best]])) {
            best = r;
        }
    }
    return best;
}

/* What the slow path needs: globals whose value is in a register only. */
static void make_map(Gen *g, const bool *set)
{
    const X86Context *ctx = g->ctx;
    RegionMap *map = &g->s->map;

    map->n = 0;
    for (int r = 0; r < N_REGS; r++) {
        int global = g->s->pin_global[r];
        if (global < 0) {
            continue;
        }
        if (set[global]) {
            g->dirty |= 1u << r;
        }
        if (set[global] || global == ctx->pin_global[r]) {
            map->at[map->n].reg = r;
            map->at[map->n].type = g->globals[global].type;
            map->at[map->n++].offset = ctx->parent.cfg.globals[global].offset;
        }
    }
}

void x86_put_map(Gen *g)
{
    const RegionMap *map = &g->s->map;
    size_t size = offsetof(RegionMap, at) + map->n * sizeof(map->at[0]);

    g->p += (uintptr_t)g->p % _Alignof(RegionMap);
    g->map = g->p;
    memcpy(g->p, map, size);
    g->p += size;
}

/* Loops count instructions in r11, unless some op may need all temporary registers. */
static int choose_count_reg(const IrCode *ir)
{
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];
        bool swaps = (i->op == IR_OP_ld || i->op == IR_OP_st) && (i->memop & IR_MO_BE);
        if (i->op == IR_OP_amo || i->op == IR_OP_cas || i->op == IR_OP_select || swaps) {
            return -1;
        }
    }
    return ir->loops ? R11 : -1;
}

/* No xmm register belongs to the convention: all but the temporaries may be given away. */
static void assign_xmm(Gen *g, const uint32_t *weight)
{
    unsigned n_globals = g->ctx->parent.cfg.n_globals, n = 0;
    g_autofree Candidate *list = g_new(Candidate, n_globals);

    for (unsigned k = 0; k < n_globals; k++) {
        if (g->globals[k].type == IR_F64 && weight[k] >= GAIN_XMM) {
            list[n++] = (Candidate){ weight[k], k };
        }
    }
    qsort(list, n, sizeof(list[0]), heavier);
    for (unsigned k = 0; k < MIN(n, 16 - XMM_TEMPS); k++) {
        int reg = N_REGS - 1 - k;
        take(g, reg, list[k].global);
        g->temps &= ~(1u << reg);
    }
}

void x86_region_assign(Gen *g)
{
    const X86Context *ctx = g->ctx;
    unsigned n_globals = ctx->parent.cfg.n_globals, n = 0;
    Scratch *s = g->s;
    g_autofree uint32_t *weight = g_new0(uint32_t, n_globals);
    g_autofree bool *set = g_new0(bool, n_globals);
    g_autofree Candidate *list = g_new(Candidate, n_globals);

    memcpy(s->globals, ctx->globals, n_globals * sizeof(s->globals[0]));
    memcpy(s->pin_global, ctx->pin_global, sizeof(s->pin_global));
    weigh(g, weight, set);
    for (unsigned k = 0; k < n_globals; k++) {
        if (weight[k] && s->globals[k].reg < 0 && k != ctx->parent.cfg.pc_global &&
            s->globals[k].type != IR_F64) {
            list[n++] = (Candidate){ weight[k], k };
        }
    }
    qsort(list, n, sizeof(list[0]), heavier);
    s->map.pc_cell = NO_CELL;
    s->map.count_reg = g->count_reg = choose_count_reg(g->ir);
    if (g->count_reg >= 0) {
        g->temps &= ~(1u << g->count_reg);
    }
    for (unsigned k = 0; k < n; k++) {
        if (s->map.pc_cell == NO_CELL && !weight[ctx->parent.cfg.pc_global]) {
            if (list[k].weight <= GAIN_PC) {
                break;
            }
            s->map.pc_cell = g->next_slot++;
            s->globals[ctx->parent.cfg.pc_global].reg = -1;
            g->pc_reg = -1;
            take(g, RBX, list[k].global);
            continue;
        }
        int r = least_used(g, weight);
        if (r < 0 || list[k].weight <= weight[s->pin_global[r]] + GAIN_CONVENTION) {
            break;
        }
        take(g, r, list[k].global);
    }
    if (g->xmm) {
        assign_xmm(g, weight);
    }
    x86_emit_pin_code(ctx, &s->pins, s->globals, s->pin_global);
    g->globals = s->globals;
    g->pin_global = s->pin_global;
    g->pins = &s->pins;
    make_map(g, set);
}

static void move_global(Gen *g, int global, int reg, bool load)
{
    const GlobalInfo *info = &g->ctx->globals[global];
    unsigned w = info->type == IR_I32 ? 32 : 64;

    if (load) {
        gen_load(g, w, reg, RBP, info->disp);
    } else {
        gen_store(g, w, reg, RBP, info->disp);
    }
}

void x86_region_enter(Gen *g)
{
    const int16_t *convention = g->ctx->pin_global, *own = g->pin_global;

    for (int r = 0; r < N_REGS; r++) {
        if (convention[r] >= 0 && own[r] != convention[r]) {
            move_global(g, convention[r], r, false);
        }
    }
    if (g->pc_reg < 0) {
        emit_store(&g->p, 64, RBX, RSP, g->s->map.pc_cell * 8);
    }
    if (g->count_reg >= 0) {
        emit_mov_ri_flags(&g->p, g->count_reg, 0);
    }
    for (int r = 0; r < N_REGS; r++) {
        if (own[r] >= 0 && own[r] != convention[r]) {
            move_global(g, own[r], r, true);
        }
    }
}

void x86_region_leave(Gen *g)
{
    const int16_t *convention = g->ctx->pin_global, *own = g->pin_global;

    for (int r = 0; r < N_REGS; r++) {
        if (own[r] >= 0 && own[r] != convention[r] && (g->dirty >> r & 1)) {
            move_global(g, own[r], r, false);
        }
    }
    for (int r = 0; r < N_REGS; r++) {
        if (convention[r] >= 0 && own[r] != convention[r]) {
            move_global(g, convention[r], r, true);
        }
    }
    if (g->pc_reg < 0) {
        emit_load(&g->p, 64, RBX, RSP, g->s->map.pc_cell * 8);
    }
}
