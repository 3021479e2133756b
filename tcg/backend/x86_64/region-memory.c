/*
 * Guest memory in the second tier: an access that stays in a page (sites.c) has an entry of its
 * own, its site.
 *
 * Such an access goes to the page that it went to last time. The site holds that page's
 * entry of the view's table, at an address that does not depend on the guest address; so
 * the host address is known as soon as the guest address is (t and u are temporaries, the
 * address is a + disp):
 *
 *     lea   t, [a + disp]
 *     and   t, page mask | size - 1    a misaligned access does not match
 *     cmp   t, [r15 + site.tag]
 *     jne   other
 *     mov   u, [r15 + site.addend]
 *     mov   dst, [a + u + disp]
 *
 * Out of line the table is asked as in the first tier (memory.c), and what it says becomes
 * the site's entry; if it does not know, the slow path makes the access. Whoever drops or
 * changes an entry of a view's table clears the view's sites (accel/tcg/views.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

int32_t x86_site_at(bool store, unsigned site)
{
    return (store ? offsetof(TcgDataView, store_site) : offsetof(TcgDataView, load_site)) +
           site % TCG_VIEW_SITES * sizeof(TcgViewEntry);
}

void x86_site_set(Gen *g, bool store, int32_t site, int t, int u)
{
    size_t sites = store ? offsetof(TcgDataView, store_site) : offsetof(TcgDataView, load_site);
    unsigned n = ((size_t)site - sites) / sizeof(TcgViewEntry);

    emit_store(&g->p, 64, t, R15, site + offsetof(TcgViewEntry, tag));
    emit_store(&g->p, 64, u, R15, site + offsetof(TcgViewEntry, addend));
    /* its group is in use */
    emit_mov_mi(&g->p, 8, R15,
                offsetof(TcgDataView, sites_used) +
                    store * sizeof(((TcgDataView *)0)->sites_used[0]) + n / TCG_VIEW_SITE_GROUP,
                1);
}

void x86_emit_mask(Gen *g, unsigned w, int reg, int32_t mask)
{
    put_rex(&g->p, w, 0, 0, reg);
    put8(&g->p, 0x81);
    put8(&g->p, 0xc0 | ALU_AND << 3 | (reg & 7));
    put32(&g->p, mask);
}

void gen_site_access(Gen *g, const IrInsn *i, IrVal base, int32_t disp)
{
    unsigned size = 1u << (i->memop & IR_MO_SIZE);
    bool load = i->op == IR_OP_ld;
    int a = val_reg(g, base), t, u, dst = -1;
    SlowStub *stub = &g->s->stubs[g->n_stubs++];

    *stub = (SlowStub){ .info = x86_slow_info(g, i, a), .site = x86_site_at(!load, g->site++) };
    stub->info.disp = disp;
    g->stub_room += SITE_STUB_ROOM;
    if (!load) {
        x86_stub_store(g, stub, i);
    }
    t = reg_alloc(g);
    u = reg_alloc(g);
    if (load) {
        dst = dst_pinned(g, i->dst, i - g->ir->insns);
        if (dst < 0) {
            dst = i->type == IR_F64 ? xmm_alloc(g) : u;
        }
        stub->info.reg_dst = dst;
    }
    stub->t = t;
    stub->u = u;
    x86_note_void(g, stub);
    if (disp) {
        emit_lea(&g->p, 64, t, a, disp);
    } else {
        emit_mov_rr(&g->p, 64, t, a);
    }
    x86_emit_mask(g, 64, t, (int32_t)TCG_PAGE_MASK | (size - 1));
    emit_rm(&g->p, 64, ALU_CMP * 8 + 3, t, R15, stub->site + offsetof(TcgViewEntry, tag));
    stub->jump = emit_jcc(&g->p, CC_NE);
    emit_load(&g->p, 64, u, R15, stub->site + offsetof(TcgViewEntry, addend));
    x86_stub_access(g, stub, i, base);
}

/* Out of line: ask the table; returns the displacement of the jump to the slow path. */
uint8_t *gen_site_miss(Gen *g, const SlowStub *s)
{
    const SlowInfo *info = &s->info;
    unsigned size = 1u << (info->memop & IR_MO_SIZE);
    int32_t mask = (int32_t)TCG_PAGE_MASK;
    int32_t table = info->op == IR_OP_ld ? offsetof(TcgDataView, load)
                                         : offsetof(TcgDataView, store);
    int t = s->t, u = s->u, a = info->reg_addr;
    uint8_t *slow;

    emit_lea(&g->p, 64, u, a, info->disp);
    if (!(info->memop & IR_MO_ALIGN)) { /* then t is the page of the last byte */
        emit_lea(&g->p, 64, t, a, info->disp + (int32_t)size - 1);
        x86_emit_mask(g, 64, t, mask);
    }
    emit_shift_ri(&g->p, 32, SHIFT_SHR, u, TCG_PAGE_BITS - 4);
    x86_emit_mask(g, 32, u, (TCG_VIEW_ENTRIES - 1) << 4);
    emit_rmx(&g->p, 64, ALU_CMP * 8 + 3, t, R15, u, 0, table + offsetof(TcgViewEntry, tag));
    slow = emit_jcc(&g->p, CC_NE);
    emit_rmx(&g->p, 64, OPC_MOV_LOAD, u, R15, u, 0, table + offsetof(TcgViewEntry, addend));
    x86_site_set(g, info->op != IR_OP_ld, s->site, t, u);
    emit_jmp_to(&g->p, s->hit);
    return slow;
}

/* The add of a constant at the current op only makes the address of the access behind it, so
 * that it becomes part of that: returns the access, else NULL. */
const IrInsn *gen_site_address(Gen *g, const IrInsn *i, int64_t *disp)
{
    const IrInsn *end = g->ir->insns + g->ir->n_insns, *next = i + 1;

    if (i->op != IR_OP_add || i->type != IR_I64 || g->val[i->dst].uses != 1 ||
        !val_is_const(g, i->src[1], disp) || !fits32(*disp) || !fits32(*disp + 8)) {
        return NULL;
    }
    if (next < end && (next->op == IR_OP_ld || next->op == IR_OP_st) &&
        next->src[0] == i->dst && !(next->memop & IR_MO_BE)) {
        return next;
    }
    return NULL;
}
