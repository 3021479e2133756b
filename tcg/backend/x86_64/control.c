/*
 * The forward pass on control flow: helpers, labels and branches, exits, and the checked
 * entry.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

_Static_assert(sizeof(TcgJumpEntry) == 16 && sizeof(TcgFetchEntry) == 16,
               "indices are scaled by shifting");

static inline void put_bytes(Gen *g, const uint8_t *bytes, unsigned n)
{
    memcpy(g->p, bytes, n);
    g->p += n;
}

/* Where an argument comes from once the pinned registers are in the state. */
static Opnd arg_source(Gen *g, IrVal v)
{
    IrVal rep = val_rep(g, v);
    const Val *s = &g->val[rep];
    int64_t value;

    if (val_is_const(g, rep, &value)) {
        return (Opnd){ OPND_IMM, 0, 0 };
    }
    if (s->reg >= 0 && (PIN_CALLER_SAVED >> s->reg & 1)) {
        return (Opnd){ OPND_MEM, RBP, g->globals[g->pin_global[s->reg]].disp };
    }
    return (Opnd){ s->reg >= 0 ? OPND_REG : OPND_MEM, s->reg, 0 };
}

/*
 * Arguments into the registers of the C ABI. Only rcx and rdx are both a source and a
 * destination; an argument goes once nobody waits for what its register holds, and a
 * cycle is opened by way of rax.
 */
static void move_args(Gen *g, const IrInsn *i)
{
    static const uint8_t regs[IR_MAX_ARGS] = { RSI, RDX, RCX, R8, R9 };
    const IrVal *args = &g->ir->call_args[i->src[0]];
    Opnd src[IR_MAX_ARGS];
    unsigned pending = (1u << i->aux) - 1;

    for (unsigned n = 0; n < i->aux; n++) {
        src[n] = arg_source(g, args[n]);
    }
    while (pending) {
        bool moved = false;
        for (unsigned n = 0; n < i->aux; n++) {
            bool wanted = false;
            if (!(pending >> n & 1)) {
                continue;
            }
            for (unsigned k = 0; k < i->aux; k++) {
                wanted |= k != n && (pending >> k & 1) && src[k].kind == OPND_REG &&
                          src[k].reg == regs[n];
            }
            if (wanted) {
                continue;
            }
            if (src[n].kind == OPND_REG) {
                if (src[n].reg != regs[n]) {
                    emit_mov_rr(&g->p, 64, regs[n], src[n].reg);
                }
            } else if (src[n].kind == OPND_MEM && src[n].reg >= 0) {
                emit_load(&g->p, g->ir->vals[val_rep(g, args[n])].type == IR_I32 ? 32 : 64,
                          regs[n], src[n].reg, src[n].val);
            } else { /* a constant, or in its cell */
                val_to_reg(g, args[n], regs[n]);
            }
            pending &= ~(1u << n);
            moved = true;
        }
        if (!moved) { /* every register waited for is rcx or rdx: a cycle of these two */
            emit_mov_rr(&g->p, 64, RAX, RDX);
            for (unsigned n = 0; n < i->aux; n++) {
                if (src[n].kind == OPND_REG && src[n].reg == RDX) {
                    src[n].reg = RAX;
                }
            }
        }
    }
}

void gen_call(Gen *g, const IrInsn *i)
{
    const IrHelper *h = (const IrHelper *)(intptr_t)i->imm;
    bool writes = h->flags & IR_CALL_WRITES_GLOBALS;
    bool commit = writes || (h->flags & (IR_CALL_READS_GLOBALS | IR_CALL_FAULTS |
                                         IR_CALL_NORETURN));
    X86Context *ctx = g->ctx;
    int dst;

    regs_spill_for_call(g, writes);
    if (commit) {
        put_bytes(g, g->pins->save_all, g->pins->save_all_len);
    } else {
        put_bytes(g, g->pins->save_caller, g->pins->save_caller_len);
    }
    move_args(g, i);
    if (!(h->flags & IR_CALL_PURE)) {
        gen_fp_before_call(g);
    }
    if (commit) {
        gen_pc(g, RAX, g->delta);
        emit_store(&g->p, 64, RAX, RBP, ctx->disp_pc);
        emit_mov_mi(&g->p, 32, RBP, AREA(g, pending_icount), g->count);
    }
    if (g->count_reg >= 0) {
        emit_rm(&g->p, 64, ALU_ADD * 8 + 1, g->count_reg, RBP, AREA(g, icount));
    }
    emit_lea(&g->p, 64, RDI, RBP, -(int32_t)ctx->parent.cfg.env_bias);
    emit_mov_ri(&g->p, RAX, (intptr_t)h->fn);
    emit_call_r(&g->p, RAX);
    if (!(h->flags & IR_CALL_PURE)) {
        gen_fp_after_call(g);
    }
    if (g->count_reg >= 0) {
        emit_mov_ri_flags(&g->p, g->count_reg, 0);
    }
    if (writes) {
        put_bytes(g, g->pins->load_all, g->pins->load_all_len);
    } else {
        put_bytes(g, g->pins->load_caller, g->pins->load_caller_len);
    }
    if (commit) {
        emit_load(&g->p, 64, R15, RBP, AREA(g, data_view));
    }
    for (unsigned n = 0; n < i->aux; n++) {
        kill_operand(g, g->ir->call_args[i->src[0] + n]);
    }
    regs_forget_after_call(g, writes);
    if (i->dst && g->val[i->dst].last_use) {
        g->locked = 1 << RAX;
        dst = dst_pinned(g, i->dst, g->idx);
        if (dst >= 0) {
            emit_mov_rr(&g->p, 64, dst, RAX);
        } else {
            dst = RAX;
        }
        dst_end(g, i->dst, dst);
    }
}

/* The unresolved jumps to a label form a list through their displacements. */
static void label_use(Gen *g, unsigned label, uint8_t *jump)
{
    uint32_t *fix = &g->s->label_fix[label];

    if (g->s->label_at[label]) {
        patch_rel32(jump, g->start + g->s->label_at[label]);
        return;
    }
    memcpy(jump, fix, 4);
    *fix = jump - g->start;
}

void gen_label(Gen *g, const IrInsn *i)
{
    uint32_t at = g->s->label_fix[i->imm];

    if (g->short_jump) {
        patch_rel8(g->short_jump, g->p);
        g->short_jump = NULL;
    }
    while (at) {
        uint8_t *jump = g->start + at;
        memcpy(&at, jump, 4);
        patch_rel32(jump, g->p);
    }
    g->s->label_at[i->imm] = g->p - g->start;
}

/* The branch leads over an exit of the first tier, which is less than 128 bytes long, to a label
 * behind that. */
static bool skips_exit(const Gen *g, const IrInsn *i)
{
    return g->c->tier == 1 && g->idx + 2 < g->ir->n_insns && i[1].op == IR_OP_exit_direct &&
           i[2].op == IR_OP_label && i[2].imm == i->imm;
}

void gen_branch(Gen *g, const IrInsn *i)
{
    unsigned cc;

    if (i->op == IR_OP_br) {
        /* none to the label behind it */
        if (g->idx + 1 == g->ir->n_insns || i[1].op != IR_OP_label ||
            i[1].imm != i->imm) {
            label_use(g, i->imm, emit_jmp(&g->p));
        }
        return;
    }
    cc = gen_compare(g, i->type, i->cond, i->src[0], i->src[1]);
    kill_operand(g, i->src[0]);
    kill_operand(g, i->src[1]);
    if (skips_exit(g, i)) {
        g->short_jump = emit_jcc8(&g->p, cc);
    } else {
        label_use(g, i->imm, emit_jcc(&g->p, cc));
    }
}

void gen_pc(Gen *g, int reg, int64_t delta)
{
    int32_t cell = g->s->map.pc_cell * 8;

    if (g->pc_reg < 0) { /* in the frame */
        if (fits32(delta)) {
            emit_load(&g->p, 64, reg, RSP, cell);
            if (delta) {
                emit_lea(&g->p, 64, reg, reg, delta);
            }
        } else {
            emit_mov_ri(&g->p, reg, delta);
            emit_rm(&g->p, 64, ALU_ADD * 8 + 3, reg, RSP, cell);
        }
    } else if (!fits32(delta)) {
        emit_mov_ri(&g->p, reg, delta);
        emit_alu_rr(&g->p, 64, ALU_ADD, reg, RBX);
    } else if (delta) {
        emit_lea(&g->p, 64, reg, RBX, delta);
    } else {
        emit_mov_rr(&g->p, 64, reg, RBX);
    }
}

/* rbx = entry pc + delta; keeps nothing in rax */
static void emit_set_pc(Gen *g, int64_t delta)
{
    if (fits32(delta)) {
        if (delta) {
            emit_alu_ri(&g->p, 64, ALU_ADD, RBX, delta);
        }
    } else {
        emit_mov_ri(&g->p, RAX, delta);
        emit_alu_rr(&g->p, 64, ALU_ADD, RBX, RAX);
    }
}

static void emit_count_retired(Gen *g)
{
    if (g->count_reg >= 0) {
        if (g->count + 1) {
            emit_alu_ri(&g->p, 64, ALU_ADD, g->count_reg, g->count + 1);
        }
        emit_rm(&g->p, 64, ALU_ADD * 8 + 1, g->count_reg, RBP, AREA(g, icount));
    } else if (g->count + 1) {
        emit_alu_mi(&g->p, 64, ALU_ADD, RBP, AREA(g, icount), g->count + 1);
    }
}

static void emit_poll(Gen *g)
{
    emit_alu_mi(&g->p, 32, ALU_CMP, RBP, AREA(g, exit_request), 0);
    emit_jcc_to(&g->p, CC_NE, g->base + g->ctx->exit_poll);
}

/*
 * Count a jump to @delta. Where it stays in the page the exit counts, if it is of the kind that
 * loops are made of; what comes from elsewhere, by calls, returns and pointers, is counted by
 * the checked entry that it arrives at.
 */
static void emit_hot_count(Gen *g, int64_t delta)
{
    uint64_t to = g->c->phys_page + g->c->page_offset + (uint64_t)delta;
    unsigned index = tcg_hot_index(to);

    emit_load(&g->p, 64, RAX, RBP, AREA(g, hot));
    emit_alu_mi(&g->p, 32, ALU_SUB, RAX, index * 4, 1);
    g->hot[g->n_hot].index = index;
    g->hot[g->n_hot++].jump = emit_jcc(&g->p, CC_E);
}

static void gen_exit_direct(Gen *g, const IrInsn *i)
{
    TcgCompile *c = g->c;
    unsigned n = c->n_links;
    bool polls = tcg_exit_polls(c, g->delta, i->imm);

    emit_set_pc(g, i->imm);
    if (polls) {
        emit_poll(g);
    }
    if (n == tcg_max_links(c)) {
        emit_jmp_to(&g->p, g->base + g->ctx->exit_lookup);
        return;
    }
    if (polls && g->ctx->parent.cfg.count_hot && !tcg_crosses_page(c, i->imm)) {
        emit_hot_count(g, i->imm);
    }
    /* the displacement is patched while others run it: it must not straddle */
    emit_nops(&g->p, -(uintptr_t)(g->p + 1) & 3);
    g->link_jump[n] = emit_jmp(&g->p);
    c->links[n] = (TcgLink){
        .pc_delta = i->imm,
        .cross_page = tcg_crosses_page(c, i->imm),
        .patch_offset = g->link_jump[n] - g->base,
    };
    c->n_links++;
}

static void gen_exit_indirect(Gen *g, const IrInsn *i)
{
    const TcgCompile *c = g->c;

    if (c->tier == 2) {
        val_to_reg(g, i->src[0], RAX);
        x86_region_leave(g);
        emit_mov_rr(&g->p, 64, RBX, RAX);
    } else {
        val_to_reg(g, i->src[0], RBX);
    }
    emit_poll(g);
    /* rax = jump_cache + index(pc) * 16 */
    emit_mov_rr(&g->p, 32, RAX, RBX);
    emit_shift_ri(&g->p, 32, SHIFT_SHL, RAX, 3);
    emit_alu_ri(&g->p, 32, ALU_AND, RAX, (TCG_JUMP_ENTRIES - 1) << 4);
    emit_rm(&g->p, 64, ALU_ADD * 8 + 3, RAX, RBP, AREA(g, jump_cache));
    emit_rm(&g->p, 64, ALU_CMP * 8 + 3, RBX, RAX, offsetof(TcgJumpEntry, pc));
    emit_jcc_to(&g->p, CC_NE, g->base + g->ctx->jump_other);
    emit_rm(&g->p, 32, 0xff, 4, RAX, offsetof(TcgJumpEntry, checked_entry)); /* jmp */
    kill_operand(g, i->src[0]);
}

void gen_exit(Gen *g, const IrInsn *i)
{
    emit_count_retired(g);
    if (g->c->tier == 2 && i->op != IR_OP_exit_indirect) {
        x86_region_leave(g);
    }
    switch (i->op) {
    case IR_OP_exit_direct: gen_exit_direct(g, i); break;
    case IR_OP_exit_indirect: gen_exit_indirect(g, i); break;
    case IR_OP_exit_loop:
        emit_set_pc(g, i->imm);
        emit_jmp_to(&g->p, g->base + g->ctx->exit_poll);
        break;
    default: emit_jmp_to(&g->p, g->base + g->ctx->exit_env); break;
    }
}

void gen_poll(Gen *g, const IrInsn *i)
{
    PollStub *s = &g->s->polls[g->n_polls++];

    emit_alu_mi(&g->p, 32, ALU_CMP, RBP, AREA(g, exit_request), 0);
    *s = (PollStub){ emit_jcc(&g->p, CC_NE), i->imm, (int16_t)i->aux };
}

void gen_poll_stubs(Gen *g)
{
    for (unsigned n = 0; n < g->n_polls; n++) {
        const PollStub *s = &g->s->polls[n];

        patch_rel32(s->jump, g->p);
        g->count = s->count - 1;
        emit_count_retired(g);
        if (g->c->tier == 2) {
            x86_region_leave(g);
        }
        emit_set_pc(g, s->delta);
        emit_jmp_to(&g->p, g->base + g->ctx->exit_poll);
    }
}

size_t x86_poll_stubs_room(const Gen *g)
{
    /* each of 19 registers may be stored and seven of them loaded */
    return g->n_polls * (g->c->tier == 2 ? 288 : 40);
}

/*
 * The region's last bytes: for each exit that counts, a call and the counter's index; for each
 * link, the last one first, a call and its number; then the owner's handle, which so is found from
 * any of these. Nothing here is written beyond its end, where another region's stubs may lie.
 */
void gen_link_stubs(Gen *g)
{
    TcgCompile *c = g->c;
    uintptr_t handle = (uintptr_t)c->region;

    for (unsigned n = 0; n < g->n_hot; n++) {
        patch_rel32(g->hot[n].jump, g->p);
        emit_call_to(&g->p, g->base + g->ctx->exit_hot);
        put16(&g->p, g->hot[n].index);
    }
    for (unsigned n = c->n_links; n-- > 0;) {
        c->links[n].stub_offset = g->p - g->base;
        patch_rel32(g->link_jump[n], g->p);
        emit_call_to(&g->p, g->base + g->ctx->exit_link);
        put8(&g->p, n);
    }
    put64(&g->p, handle);
}

size_t x86_link_stubs_room(const Gen *g)
{
    return sizeof(uint64_t) + g->c->n_links * LINK_STUB + g->n_hot * HOT_STUB;
}

/*
 * rcx = the fetch view's entry for rbx + @ahead; rdx = that page. All but the last jump of a
 * checked entry are short, to the next: on the way "not equal" stays true.
 */
static uint8_t *emit_check_page(Gen *g, uint64_t phys_page, uint8_t *miss, int32_t ahead)
{
    if (ahead) {
        emit_lea(&g->p, 32, RCX, RBX, ahead);
    } else {
        emit_mov_rr(&g->p, 32, RCX, RBX);
    }
    emit_shift_ri(&g->p, 32, SHIFT_SHR, RCX, TCG_PAGE_BITS - 4);
    emit_alu_ri(&g->p, 32, ALU_AND, RCX, (TCG_FETCH_ENTRIES - 1) << 4);
    emit_rm(&g->p, 64, ALU_ADD * 8 + 3, RCX, RBP, AREA(g, fetch_view));
    emit_lea(&g->p, 64, RDX, RBX, ahead - (int32_t)g->c->page_offset);
    emit_rm(&g->p, 64, ALU_CMP * 8 + 3, RDX, RCX, offsetof(TcgFetchEntry, tag));
    if (miss) {
        patch_rel8(miss, g->p);
    }
    miss = emit_jcc8(&g->p, CC_NE);
    emit_mov_ri(&g->p, RDX, phys_page);
    emit_rm(&g->p, 64, ALU_CMP * 8 + 3, RDX, RCX, offsetof(TcgFetchEntry, phys_page));
    patch_rel8(miss, g->p);
    return emit_jcc8(&g->p, CC_NE);
}

void gen_checked_entry(Gen *g)
{
    const TcgCompile *c = g->c;
    uint8_t *miss;

    emit_alu_mi(&g->p, 32, ALU_CMP, RBP, AREA(g, mode), c->mode);
    miss = emit_check_page(g, c->phys_page, emit_jcc8(&g->p, CC_NE), 0);
    if (c->phys_page2 != TCG_TAG_INVALID) {
        miss = emit_check_page(g, c->phys_page2, miss, TCG_PAGE_SIZE);
    }
    /* the last one in the long form */
    g->p = miss - 1;
    emit_jcc_to(&g->p, CC_NE, g->base + g->ctx->exit_lookup);
    if (c->tier == 1 && g->ctx->parent.cfg.count_hot) {
        emit_hot_count(g, 0);
    }
}
