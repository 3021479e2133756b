/*
 * Guest accesses that share one check: registers saved on a stack frame, fields of a struct.
 *
 * Accesses at small constant offsets from one value mostly lie in one page. The first of
 * them, the leader, checks that all bytes that the group covers do, and leaves the page's
 * addend in a value that lives up to the last member like any other (VAL_BACKEND...). The
 * members look at that only:
 *
 *     cmp   u, -1                  GROUP_VOID: the check failed, or holds no longer
 *     je    miss
 *     mov   dst, [a + u + disp]
 *
 * In the first tier the leader asks the table, as memory.c does, for the page of the first
 * byte, and compares with the page of the last. In the second it asks a site of its own
 * (region-memory.c); a cleared site has -1 as its addend:
 *
 *     lea   t, [a + lo]
 *     sub   t, [r15 + site.tag]
 *     cmp   t, page size - bytes covered
 *     ja    miss
 *     mov   u, [r15 + site.addend]
 *     cmp   u, -1
 *     je    miss
 *
 * If the check fails (the group crosses pages, or memory that takes the slow path is there),
 * every member asks the table for itself, out of line, so that faults come in the guest's
 * order and from the right instruction. Whatever calls the runtime makes all checks void; a
 * group ends before calls, polls, labels and atomics. A vCPU gives up entries only where it
 * serves requests (I5 in docs/devel/tcg-execution), so a check holds between these.
 *
 * A group with a store asks the view's stores: who may store there may load. What is not
 * sure to be executed behind a branch does not make a group of loads one of stores.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

enum {
    MAX_SPAN = 128, /* bytes that a group covers: the chance that it crosses is this by 4096 */
    MAX_GAP = 64,   /* insns between members: the addend takes a register */
    MAX_OFFSET = 1 << 24,
    ENDS_GROUPS = IR_EFF_EXIT | IR_EFF_LABEL | IR_EFF_CALL | IR_EFF_POLL,
};

/* Groups that may still grow; entry k has the addend VAL_BACKEND + k. */
typedef struct Open {
    IrVal root; /* IR_NONE: free */
    uint16_t group;
    bool branched; /* a branch came since the leader */
} Open;

static void join(Gen *g, Open *open, uint32_t at, unsigned *n_groups)
{
    const IrInsn *i = &g->ir->insns[at];
    IrVal root = g->s->root[i->src[0]];
    int32_t lo = g->s->offset[i->src[0]], hi = lo + (1 << (i->memop & IR_MO_SIZE));
    bool store = i->op == IR_OP_st;
    Open *oldest = &open[0];
    Group *group;

    for (unsigned k = 0; k < N_BACKEND_VALS; k++) {
        Open *o = &open[k];
        group = &g->s->groups[o->group];
        if (o->root == root && MAX(hi, group->hi) - MIN(lo, group->lo) <= MAX_SPAN &&
            at - group->last <= MAX_GAP && (!store || group->store || !o->branched)) {
            group->n++;
            group->last = at;
            group->lo = MIN(lo, group->lo);
            group->hi = MAX(hi, group->hi);
            group->store |= store;
            g->s->group_of[at] = o->group + 1;
            return;
        }
        if (oldest->root &&
            (!o->root || group->last < g->s->groups[oldest->group].last)) {
            oldest = o;
        }
    }
    *oldest = (Open){ .root = root, .group = *n_groups };
    g->s->groups[*n_groups] = (Group){
        .n = 1, .first = at, .last = at, .addend = VAL_BACKEND + (oldest - open),
        .store = store, .lo = lo, .hi = hi,
    };
    g->s->group_of[at] = ++*n_groups;
}

/* What the result is a constant away from. */
static void note_root(Gen *g, const IrInsn *i)
{
    IrVal *root = g->s->root;
    int32_t *offset = g->s->offset;
    int64_t value;

    root[i->dst] = i->dst;
    offset[i->dst] = 0;
    if (i->op == IR_OP_add && i->type == IR_I64 && val_is_const(g, i->src[1], &value) &&
        !g->ir->vals[i->src[0]].is_const && value > -MAX_OFFSET && value < MAX_OFFSET) {
        value += offset[i->src[0]];
        if (value > -MAX_OFFSET && value < MAX_OFFSET) {
            root[i->dst] = root[i->src[0]];
            offset[i->dst] = value;
        }
    }
}

void x86_find_groups(Gen *g)
{
    const IrCode *ir = g->ir;
    Open open[N_BACKEND_VALS] = { 0 };
    unsigned n_groups = 0;

    for (uint32_t n = 0; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];

        switch (i->op) {
        case IR_OP_ld:
        case IR_OP_st:
            g->s->group_of[n] = 0;
            if (!(i->memop & (IR_MO_BE | IR_MO_ALIGN)) && !ir->vals[i->src[0]].is_const) {
                join(g, open, n, &n_groups);
            }
            break;
        case IR_OP_brcond:
            for (unsigned k = 0; k < N_BACKEND_VALS; k++) {
                open[k].branched = true;
            }
            break;
        case IR_OP_br:
        case IR_OP_amo:
        case IR_OP_cas: memset(open, 0, sizeof(open)); break;
        default:
            if (ir_op_info[i->op].effects & ENDS_GROUPS) {
                memset(open, 0, sizeof(open));
            }
            break;
        }
        if (i->dst) {
            note_root(g, i);
        }
    }
}

const Group *x86_group(const Gen *g, const IrInsn *i)
{
    unsigned n = g->s->group_of[i - g->ir->insns];
    const Group *group = &g->s->groups[n - 1];

    return n && group->n > 1 ? group : NULL;
}

/* The leader's check at [a + s->lo, a + s->hi); u = the addend. */
static void emit_check(Gen *g, SlowStub *s, int a, int t, int u)
{
    int32_t table = s->store ? offsetof(TcgDataView, store) : offsetof(TcgDataView, load);

    if (g->c->tier == 2 && g->s->site[g->idx]) {
        s->site = x86_site_at(s->store, g->site++);
        emit_lea(&g->p, 64, t, a, s->lo);
        emit_rm(&g->p, 64, ALU_SUB * 8 + 3, t, R15, s->site + offsetof(TcgViewEntry, tag));
        emit_alu_ri(&g->p, 64, ALU_CMP, t, TCG_PAGE_SIZE - (s->hi - s->lo));
        s->jump = emit_jcc(&g->p, CC_A);
        emit_load(&g->p, 64, u, R15, s->site + offsetof(TcgViewEntry, addend));
        emit_alu_ri(&g->p, 64, ALU_CMP, u, GROUP_VOID);
        s->jump2 = emit_jcc(&g->p, CC_E);
    } else {
        x86_table_place(g, a, s->lo, s->hi, t, u);
        emit_rmx(&g->p, 64, ALU_CMP * 8 + 3, t, R15, u, 0, table + offsetof(TcgViewEntry, tag));
        s->jump = emit_jcc(&g->p, CC_NE);
        emit_rmx(&g->p, 64, OPC_MOV_LOAD, u, R15, u, 0,
                 table + offsetof(TcgViewEntry, addend));
    }
}

void gen_group_access(Gen *g, const IrInsn *i, const Group *group, IrVal base, int32_t disp)
{
    uint32_t at = i - g->ir->insns;
    bool load = i->op == IR_OP_ld, leads = at == group->first;
    int a = val_reg(g, base), t = -1, u, dst = -1;
    int32_t origin = g->s->offset[i->src[0]] - disp; /* from the root to a */
    SlowStub *stub = &g->s->stubs[g->n_stubs++];
    IrVal addend = group->addend;

    *stub = (SlowStub){
        .info = x86_slow_info(g, i, a), .site = -1, .kind = leads ? STUB_LEADER : STUB_MEMBER,
        .lives = at != group->last, .lo = group->lo - origin, .hi = group->hi - origin,
        .store = group->store,
    };
    stub->info.disp = disp;
    g->stub_room += leads ? LEADER_STUB_ROOM : MEMBER_STUB_ROOM;
    if (!load) {
        x86_stub_store(g, stub, i);
    }
    if (leads) {
        t = reg_alloc(g);
        u = reg_alloc(g);
        g->val[addend] = (Val){ .last_use = group->last + 1, .uses = 1, .rep = addend,
                                .reg = -1, .home = -1, .slot = -1 };
    } else {
        u = val_reg(g, addend);
    }
    if (load) {
        dst = dst_pinned(g, i->dst, at);
        if (dst < 0) {
            dst = i->type == IR_F64 ? xmm_alloc(g) : leads ? t : stub->lives ? reg_alloc(g) : u;
        }
        stub->info.reg_dst = dst;
    }
    stub->t = t;
    stub->u = u;
    if (leads) { /* from here on it is a value */
        g->val[addend].reg = u;
        g->reg_val[u] = addend;
    }
    x86_note_void(g, stub);
    stub->void_regs &= ~(1u << u); /* this one is void already */
    if (!stub->lives) {
        val_free(g, addend);
    }
    if (leads) {
        emit_check(g, stub, a, t, u);
    } else {
        emit_alu_ri(&g->p, 64, ALU_CMP, u, GROUP_VOID);
        stub->jump = emit_jcc(&g->p, CC_E);
    }
    x86_stub_access(g, stub, i, base);
}

void x86_emit_lookups(X86Context *ctx, uint8_t *base, uint8_t **p)
{
    int32_t scratch = ctx->disp_area + offsetof(TcgCpuArea, scratch[1]);

    for (unsigned n = 0; n < 2 * 4 * 16; n++) {
        int u = n % 16, t = u == RAX ? RCX : RAX;
        unsigned size = n / 16 % 4;
        int32_t table = n / 64 ? offsetof(TcgDataView, store) : offsetof(TcgDataView, load);
        uint8_t *miss;

        if (!(TEMP_MASK >> u & 1)) {
            continue;
        }
        ctx->lookup[n / 64][size][u] = *p - base;
        emit_store(p, 64, t, RBP, scratch);
        emit_lea(p, 64, t, u, (1 << size) - 1);
        emit_alu_ri(p, 64, ALU_AND, t, (int32_t)TCG_PAGE_MASK);
        emit_shift_ri(p, 32, SHIFT_SHR, u, TCG_PAGE_BITS - 4);
        emit_alu_ri(p, 32, ALU_AND, u, (TCG_VIEW_ENTRIES - 1) << 4);
        emit_rmx(p, 64, ALU_CMP * 8 + 3, t, R15, u, 0, table + offsetof(TcgViewEntry, tag));
        emit_load(p, 64, t, RBP, scratch);
        miss = emit_jcc(p, CC_NE);
        emit_rmx(p, 64, OPC_MOV_LOAD, u, R15, u, 0, table + offsetof(TcgViewEntry, addend));
        put8(p, 0xc3);
        patch_rel32(miss, *p);
        emit_mov_ri(p, u, GROUP_VOID);
        put8(p, 0xc3);
    }
}

uint8_t *gen_group_miss(Gen *g, const SlowStub *s)
{
    const SlowInfo *info = &s->info;
    unsigned size = info->memop & IR_MO_SIZE;
    int a = info->reg_addr, t = s->t, u = s->u;
    int32_t table = s->store ? offsetof(TcgDataView, store) : offsetof(TcgDataView, load);
    uint8_t *slow;

    if (s->kind == STUB_LEADER && s->site >= 0) {
        x86_table_place(g, a, s->lo, s->hi, t, u);
        emit_rmx(&g->p, 64, ALU_CMP * 8 + 3, t, R15, u, 0, table + offsetof(TcgViewEntry, tag));
        slow = emit_jcc(&g->p, CC_NE);
        emit_rmx(&g->p, 64, OPC_MOV_LOAD, u, R15, u, 0,
                 table + offsetof(TcgViewEntry, addend));
        x86_site_set(g, s->store, s->site, t, u);
        emit_jmp_to(&g->p, s->hit);
        patch_rel32(slow, g->p);
    }
    /* the access alone */
    emit_lea(&g->p, 64, u, a, info->disp);
    emit_call_to(&g->p, g->base + g->ctx->lookup[info->op != IR_OP_ld][size][u]);
    slow = emit_jcc8(&g->p, CC_NE);
    x86_access(g, info, s->v, u);
    if (s->lives) {
        emit_mov_ri(&g->p, u, GROUP_VOID);
    }
    emit_jmp_to(&g->p, s->back);
    return slow;
}
