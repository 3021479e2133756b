/*
 * The forward pass on memory: the state's other fields, and guest memory by the data view.
 *
 * The inline path of an access (BMI2; t and u are temporaries, a is the address):
 *
 *     lea   t, [a + size - 1]       the page of the last byte ...
 *     rorx  u, a, 8
 *     and   t, page mask            (for IR_MO_ALIGN: a itself, with its low bits kept)
 *     and   u, index mask           u = index of a's page * 16
 *     cmp   t, [r15 + u]            ... against the tag of the first byte's
 *     jne   slow
 *     mov   u, [r15 + u + 8]
 *     mov   dst, [a + u]
 *
 * Everything that decides where values are comes before the jne, so that the slow path
 * finds and leaves the same places as the inline one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

_Static_assert(sizeof(TcgViewEntry) == 16, "the index is scaled by shifting");

void x86_load_extended(Gen *g, unsigned mo, int reg, int base, int index, int32_t disp)
{
    static const struct {
        uint16_t opc;
        uint8_t w;
    } forms[] = {
        [IR_MO_8] = { OPC_MOVZX8, 32 },
        [IR_MO_16] = { OPC_MOVZX16, 32 },
        [IR_MO_32] = { OPC_MOV_LOAD, 32 },
        [IR_MO_64] = { OPC_MOV_LOAD, 64 },
        [IR_MO_SIGN | IR_MO_8] = { OPC_MOVSX8, 64 },
        [IR_MO_SIGN | IR_MO_16] = { OPC_MOVSX16, 64 },
        [IR_MO_SIGN | IR_MO_32] = { OPC_MOVSXD, 64 },
        [IR_MO_SIGN | IR_MO_64] = { OPC_MOV_LOAD, 64 },
    };
    unsigned n = mo & (IR_MO_SIZE | IR_MO_SIGN);

    if (is_xmm(reg)) {
        gen_fp_load(g, mo, reg, base, index, disp);
    } else if (index < 0) {
        emit_rm(&g->p, forms[n].w, forms[n].opc, reg, base, disp);
    } else {
        emit_rmx(&g->p, forms[n].w, forms[n].opc, reg, base, index, 0, disp);
    }
}

/* Exchange the bytes of a value just loaded. */
static void swap_loaded(Gen *g, unsigned mo, int reg)
{
    unsigned size = mo & IR_MO_SIZE;
    bool sign = mo & IR_MO_SIGN;

    if (size == IR_MO_8) {
        return;
    }
    emit_bswap(&g->p, size == IR_MO_64 ? 64 : 32, reg);
    if (size == IR_MO_16) {
        emit_shift_ri(&g->p, 32, sign ? SHIFT_SAR : SHIFT_SHR, reg, 16);
    }
    if (sign && size != IR_MO_64) {
        emit_rr(&g->p, 64, OPC_MOVSXD, reg, reg);
    }
}

Opnd x86_store_operand(Gen *g, IrVal v, unsigned bits)
{
    int64_t value;

    if (val_is_const(g, v, &value) && (bits < 64 || fits32(value))) {
        return (Opnd){ OPND_IMM, 0, value };
    }
    return (Opnd){ OPND_REG, val_reg(g, v), 0 };
}

void x86_store(Gen *g, unsigned bits, int reg, int base, int index, int32_t disp)
{
    if (is_xmm(reg)) {
        gen_fp_store(g, bits, reg, base, index, disp);
    } else {
        emit_store_x(&g->p, bits, reg, base, index, disp);
    }
}

void gen_env(Gen *g, const IrInsn *i)
{
    int32_t disp = (int32_t)i->imm - (int32_t)g->ctx->parent.cfg.env_bias;
    unsigned bits = 8 << (i->memop & IR_MO_SIZE);

    if (i->op == IR_OP_ld_env) {
        int dst = dst_begin(g, i->dst, g->idx, IR_NONE);
        x86_load_extended(g, i->memop, dst, RBP, -1, disp);
        dst_end(g, i->dst, dst);
    } else {
        Opnd v = x86_store_operand(g, i->src[0], bits);
        if (v.kind == OPND_IMM) {
            emit_mov_mi(&g->p, bits, RBP, disp, v.val);
        } else {
            emit_store(&g->p, bits, v.reg, RBP, disp);
        }
        kill_operand(g, i->src[0]);
    }
}

/* Check address register @a against the view's loads or stores; returns the displacement
 * of the jump to the slow path. Leaves the addend in @u. */
static uint8_t *emit_lookup(Gen *g, const IrInsn *i, int a, int t, int u)
{
    unsigned size = 1u << (i->memop & IR_MO_SIZE);
    int32_t mask = (int32_t)TCG_PAGE_MASK;
    int32_t table = i->op == IR_OP_ld ? offsetof(TcgDataView, load)
                                      : offsetof(TcgDataView, store);
    uint8_t *p = g->p, *slow;

    if (size == 1 || (i->memop & IR_MO_ALIGN)) {
        emit_mov_rr(&p, 64, t, a);
        mask |= size - 1;
    } else {
        emit_lea(&p, 64, t, a, size - 1);
    }
    if (g->ctx->host & HOST_BMI2) {
        emit_rorx(&p, 32, u, a, TCG_PAGE_BITS - 4);
    } else {
        emit_mov_rr(&p, 32, u, a);
        emit_shift_ri(&p, 32, SHIFT_SHR, u, TCG_PAGE_BITS - 4);
    }
    /* and t, mask; and u, index mask: in the long form, whose length is fixed */
    put_n(&p, 0xe08148 | t >> 3 | (t & 7) << 16 | (uint64_t)(uint32_t)mask << 24, 7);
    put_n(&p, 0xe08140 | u >> 3 | (u & 7) << 16 |
                  (uint64_t)((TCG_VIEW_ENTRIES - 1) << 4) << 24, 7);
    emit_rmx(&p, 64, ALU_CMP * 8 + 3, t, R15, u, 0, table + offsetof(TcgViewEntry, tag));
    slow = emit_jcc(&p, CC_NE);
    emit_rmx(&p, 64, OPC_MOV_LOAD, u, R15, u, 0, table + offsetof(TcgViewEntry, addend));
    g->p = p;
    return slow;
}

SlowInfo x86_slow_info(const Gen *g, const IrInsn *i, int addr)
{
    return (SlowInfo){
        .pc_delta = g->delta, .next_delta = NO_NEXT, .count = g->count, .op = i->op,
        .memop = i->memop, .amo = i->cond, .reg_addr = addr, .reg_value = SLOW_NONE,
        .reg_expected = SLOW_NONE, .reg_dst = SLOW_NONE,
    };
}

void x86_note_void(Gen *g, SlowStub *s)
{
    s->void_regs = s->n_void_slots = 0;
    for (IrVal v = VAL_BACKEND; v < N_FIXED_VALS; v++) {
        const Val *val = &g->val[v];
        if (val->reg >= 0) {
            s->void_regs |= 1u << val->reg;
        }
        if (val->slot >= 0) {
            s->void_slot[s->n_void_slots++] = val->slot;
        }
        g->stub_room += val->reg >= 0 || val->slot >= 0 ? VOID_ROOM : 0;
    }
}

static SlowStub *stub_new(Gen *g)
{
    SlowStub *s = &g->s->stubs[g->n_stubs++];

    *s = (SlowStub){ .site = -1 };
    g->stub_room += STUB_ROOM;
    return s;
}

void x86_access(Gen *g, const SlowInfo *info, Opnd v, int u)
{
    unsigned bits = 8 << (info->memop & IR_MO_SIZE);

    if (info->op == IR_OP_ld) {
        x86_load_extended(g, info->memop, info->reg_dst, info->reg_addr, u, info->disp);
    } else if (v.kind == OPND_IMM) {
        emit_mov_mxi(&g->p, bits, info->reg_addr, u, info->disp, v.val);
    } else {
        x86_store(g, bits, v.reg, info->reg_addr, u, info->disp);
    }
}

void x86_stub_store(Gen *g, SlowStub *stub, const IrInsn *i)
{
    int64_t next;

    stub->v = x86_store_operand(g, i->src[1], 8 << (i->memop & IR_MO_SIZE));
    stub->info.reg_value = stub->v.kind == OPND_IMM ? SLOW_IMM : stub->v.reg;
    stub->info.imm = stub->v.val;
    if (tcg_store_leaves(g->ir, i - g->ir->insns, &next) && fits32(next)) {
        stub->info.next_delta = next;
    }
}

void x86_stub_access(Gen *g, SlowStub *stub, const IrInsn *i, IrVal base)
{
    stub->hit = g->p;
    x86_access(g, &stub->info, stub->v, stub->u);
    kill_operand(g, base);
    if (i->op == IR_OP_ld) {
        dst_end(g, i->dst, stub->info.reg_dst);
    } else {
        kill_operand(g, i->src[1]);
    }
    stub->back = g->p;
}

void x86_table_place(Gen *g, int a, int32_t lo, int32_t hi, int t, int u)
{
    emit_lea(&g->p, 64, u, a, lo);
    emit_lea(&g->p, 64, t, a, hi - 1);
    x86_emit_mask(g, 64, t, (int32_t)TCG_PAGE_MASK);
    emit_shift_ri(&g->p, 32, SHIFT_SHR, u, TCG_PAGE_BITS - 4);
    x86_emit_mask(g, 32, u, (TCG_VIEW_ENTRIES - 1) << 4);
}

void gen_guest_access(Gen *g, const IrInsn *i)
{
    unsigned bits = 8 << (i->memop & IR_MO_SIZE);
    bool swap = (i->memop & IR_MO_BE) && bits > 8;
    int t, u, dst, a;
    const Group *group;
    SlowStub *stub;
    SlowInfo info;

    group = x86_group(g, i);
    if (group) {
        gen_group_access(g, i, group, i->src[0], 0);
        return;
    }
    if (g->c->tier == 2 && !swap && g->s->site[i - g->ir->insns]) {
        gen_site_access(g, i, i->src[0], 0);
        return;
    }
    a = val_reg(g, i->src[0]);
    info = x86_slow_info(g, i, a);
    stub = stub_new(g);
    if (i->op == IR_OP_ld) {
        t = reg_alloc(g);
        u = reg_alloc(g);
        dst = dst_pinned(g, i->dst, g->idx);
        if (dst < 0) {
            dst = i->type == IR_F64 ? xmm_alloc(g) : u;
        }
        x86_note_void(g, stub);
        stub->jump = emit_lookup(g, i, a, t, u);
        x86_load_extended(g, i->memop, dst, a, u, 0);
        if (swap) {
            swap_loaded(g, i->memop, dst);
        }
        info.reg_dst = dst;
        kill_operand(g, i->src[0]);
        dst_end(g, i->dst, dst);
    } else {
        Opnd v = swap ? (Opnd){ OPND_REG, val_reg(g, i->src[1]), 0 }
                      : x86_store_operand(g, i->src[1], bits);
        int64_t next;

        if (v.kind == OPND_IMM) {
            info.reg_value = SLOW_IMM;
            info.imm = v.val;
        } else {
            info.reg_value = v.reg;
        }
        if (swap) {
            int w = reg_alloc(g);
            emit_mov_rr(&g->p, 64, w, v.reg);
            emit_bswap(&g->p, bits == 64 ? 64 : 32, w);
            if (bits == 16) {
                emit_shift_ri(&g->p, 32, SHIFT_SHR, w, 16);
            }
            v.reg = w;
        }
        t = reg_alloc(g);
        u = reg_alloc(g);
        x86_note_void(g, stub);
        stub->jump = emit_lookup(g, i, a, t, u);
        if (v.kind == OPND_IMM) {
            emit_mov_mxi(&g->p, bits, a, u, 0, v.val);
        } else {
            x86_store(g, bits, v.reg, a, u, 0);
        }
        if (tcg_store_leaves(g->ir, g->idx, &next) && fits32(next)) {
            info.next_delta = next;
        }
        kill_operand(g, i->src[0]);
        kill_operand(g, i->src[1]);
    }
    stub->back = g->p;
    stub->info = info;
}

/*
 * Records behind the calls of the slow path. Nearly all are one word; its lowest bit is set if
 * a SlowInfo follows instead. The second tier has 32 bits more at the front: how far ahead the
 * region's map is.
 */
enum {
    PACK_STORE = 1, PACK_ZERO = 2, PACK_MEMOP = 3, PACK_ADDR = 8, PACK_REG = 12, PACK_DISP = 17,
    PACK_COUNT = 30, PACK_PC = 40, PACK_NEXT = 60,
    PACKED_LONG = 1,
};

static uint64_t put_bits(int64_t v, unsigned shift, unsigned bits)
{
    return ((uint64_t)v & ((UINT64_C(1) << bits) - 1)) << shift;
}

static uint64_t get_bits(uint64_t packed, unsigned shift, unsigned bits)
{
    return packed >> shift & ((UINT64_C(1) << bits) - 1);
}

static int64_t get_signed(uint64_t packed, unsigned shift, unsigned bits)
{
    return (int64_t)(packed << (64 - shift - bits)) >> (64 - bits);
}

static uint64_t pack(const SlowInfo *i)
{
    bool store = i->op == IR_OP_st, zero = store && i->reg_value == SLOW_IMM;
    bool leaves = i->next_delta != NO_NEXT;
    uint32_t next = leaves ? (uint32_t)i->next_delta - (uint32_t)i->pc_delta : 0;
    uint32_t disp = (uint32_t)i->disp + (1 << 12), pc = (uint32_t)i->pc_delta + (1 << 19);

    if ((disp >> 13 | pc >> 20 | next >> 4 | i->count >> 10 | i->memop >> 5) ||
        (zero && i->imm) || (leaves && !next) || (!store && i->op != IR_OP_ld)) {
        return PACKED_LONG;
    }
    return (uint64_t)store << PACK_STORE | (uint64_t)zero << PACK_ZERO |
           (uint64_t)i->memop << PACK_MEMOP | (uint64_t)i->reg_addr << PACK_ADDR |
           put_bits(store ? i->reg_value : i->reg_dst, PACK_REG, 5) |
           put_bits(i->disp, PACK_DISP, 13) | (uint64_t)i->count << PACK_COUNT |
           put_bits(i->pc_delta, PACK_PC, 20) | (uint64_t)next << PACK_NEXT;
}

static SlowInfo unpack(const uint8_t *at)
{
    SlowInfo i;
    uint64_t p, next;
    bool store;

    memcpy(&p, at, sizeof(p));
    if (p & PACKED_LONG) {
        memcpy(&i, at + 1, sizeof(i));
        return i;
    }
    store = get_bits(p, PACK_STORE, 1);
    next = get_bits(p, PACK_NEXT, 4);
    i = (SlowInfo){
        .pc_delta = get_signed(p, PACK_PC, 20), .disp = get_signed(p, PACK_DISP, 13),
        .count = get_bits(p, PACK_COUNT, 10), .op = store ? IR_OP_st : IR_OP_ld,
        .memop = get_bits(p, PACK_MEMOP, 5), .reg_addr = get_bits(p, PACK_ADDR, 4),
        .reg_value = SLOW_NONE, .reg_dst = SLOW_NONE, .reg_expected = SLOW_NONE,
    };
    i.next_delta = next ? i.pc_delta + (int32_t)next : NO_NEXT;
    if (!store) {
        i.reg_dst = get_bits(p, PACK_REG, 5);
    } else {
        i.reg_value = get_bits(p, PACK_ZERO, 1) ? SLOW_IMM : get_bits(p, PACK_REG, 5);
    }
    return i;
}

/* Call the slow path, make void the checks that @s says, then go on at @s->back. */
static void emit_slow_call(Gen *g, const SlowStub *s)
{
    const SlowInfo *info = &s->info;
    bool plain = !s->void_regs && !s->n_void_slots, region = g->c->tier == 2;
    uint64_t packed = s->packed;
    uint8_t *jump;

    emit_call_to(&g->p, g->base + (region ? g->ctx->slow_region : g->ctx->slow)[g->xmm]);
    jump = emit_jmp(&g->p);
    if (region) {
        put32(&g->p, g->p - g->map);
    }
    if (packed & PACKED_LONG) {
        put8(&g->p, PACKED_LONG);
        memcpy(g->p, info, sizeof(*info));
        g->p += sizeof(*info);
    } else {
        put64(&g->p, packed);
    }
    if (plain) {
        patch_rel32(jump, s->back);
        return;
    }
    patch_rel32(jump, g->p);
    for (unsigned m = s->void_regs; m; m &= m - 1) {
        emit_mov_ri_flags(&g->p, __builtin_ctz(m), GROUP_VOID);
    }
    for (unsigned n = 0; n < s->n_void_slots; n++) {
        emit_mov_mi(&g->p, 64, RSP, s->void_slot[n] * 8, GROUP_VOID);
    }
    emit_jmp_to(&g->p, s->back);
}

static size_t slow_stub_room(const Gen *g, SlowStub *s)
{
    size_t room = 10 + (g->c->tier == 2 ? 4 : 0);
    bool far = !fits8(s->info.disp);

    s->packed = pack(&s->info);
    room += s->packed & PACKED_LONG ? 1 + sizeof(SlowInfo) : 8;
    if (s->void_regs || s->n_void_slots) {
        room += 5 + 7 * __builtin_popcount(s->void_regs) + 12 * s->n_void_slots;
    }
    room += s->site >= 0 ? SITE_MISS_ROOM : 0;
    if (s->kind != STUB_SINGLE) {
        /* an address, a call, a jump, the access, a register set to -1, a jump */
        room += 4 + (far ? 4 : 1) + 5 + 2 + 5 + (far ? 4 : 1) +
                (s->v.kind == OPND_IMM ? 5 : 0) + (is_xmm(s->info.reg_dst) ? 10 : 0) +
                (s->lives ? 7 : 0) + 5;
    }
    return room;
}

size_t x86_slow_stubs_room(const Gen *g)
{
    size_t room = 0;

    for (uint32_t n = 0; n < g->n_stubs; n++) {
        room += slow_stub_room(g, &g->s->stubs[n]);
    }
    return room;
}

void gen_slow_stubs(Gen *g)
{
    for (uint32_t n = 0; n < g->n_stubs; n++) {
        const SlowStub *s = &g->s->stubs[n];

        patch_rel32(s->jump, g->p);
        if (s->jump2) {
            patch_rel32(s->jump2, g->p);
        }
        if (s->kind != STUB_SINGLE) {
            uint8_t *slow = gen_group_miss(g, s);
            patch_rel8(slow, g->p);
        } else if (s->site >= 0) {
            uint8_t *slow = gen_site_miss(g, s);
            patch_rel32(slow, g->p);
        }
        emit_slow_call(g, s);
    }
}

/* Natural alignment, a size that the host does well, and the host's byte order. */
static bool atomic_inline(const IrInsn *i)
{
    unsigned size = i->memop & IR_MO_SIZE;

    return (size == IR_MO_32 || size == IR_MO_64) && !(i->memop & IR_MO_BE);
}

/* lock opc [a + u], reg */
static void emit_locked(Gen *g, unsigned w, unsigned opc, int reg, int a, int u)
{
    put8(&g->p, 0xf0);
    emit_rmx(&g->p, w, opc, reg, a, u, 0, 0);
}

/* A fetch-and-op that the host has none for: rax = [a + u]; [a + u] = op(rax, v) */
static void emit_fetch_op(Gen *g, IrAmo op, unsigned w, int a, int u, int v, int t)
{
    static const uint8_t alu_ops[] = {
        [IR_AMO_AND] = ALU_AND, [IR_AMO_OR] = ALU_OR, [IR_AMO_XOR] = ALU_XOR,
    };
    /* keep the old value if this holds for (old, v) */
    static const uint8_t keep[] = {
        [IR_AMO_MIN] = CC_L, [IR_AMO_MAX] = CC_G, [IR_AMO_MINU] = CC_B, [IR_AMO_MAXU] = CC_A,
    };
    uint8_t *again;

    emit_rmx(&g->p, w, OPC_MOV_LOAD, RAX, a, u, 0, 0);
    again = g->p;
    if (op <= IR_AMO_XOR) {
        emit_mov_rr(&g->p, w, t, RAX);
        emit_alu_rr(&g->p, w, alu_ops[op], t, v);
    } else {
        emit_mov_rr(&g->p, w, t, v);
        emit_alu_rr(&g->p, w, ALU_CMP, RAX, v);
        emit_rr(&g->p, w, OPC_CMOV | keep[op], t, RAX);
    }
    emit_locked(g, w, OPC_CMPXCHG, t, a, u);
    patch_rel8(emit_jcc8(&g->p, CC_NE), again);
}

static void gen_atomic_inline(Gen *g, const IrInsn *i)
{
    unsigned w = (i->memop & IR_MO_SIZE) == IR_MO_32 ? 32 : 64;
    SlowStub *stub = stub_new(g);
    SlowInfo info;
    IrInsn store = *i; /* the view's stores decide, alignment always counts */
    int a, v, t, u, r;

    store.op = IR_OP_st;
    store.memop |= IR_MO_ALIGN;
    reg_claim(g, RAX);
    a = val_reg(g, i->src[0]);
    info = x86_slow_info(g, i, a);
    if (i->op == IR_OP_cas) {
        v = val_reg(g, i->src[2]);
        val_to_reg(g, i->src[1], RAX);
        info.reg_expected = RAX;
    } else {
        v = val_reg(g, i->src[1]);
    }
    info.reg_value = v;
    t = reg_alloc(g);
    u = reg_alloc(g);
    stub->jump = emit_lookup(g, &store, a, t, u);
    r = RAX;
    if (i->op == IR_OP_cas) {
        emit_locked(g, w, OPC_CMPXCHG, v, a, u);
    } else if (i->cond <= IR_AMO_ADD) {
        emit_mov_rr(&g->p, w, RAX, v);
        if (i->cond == IR_AMO_SWAP) {
            emit_rmx(&g->p, w, OPC_XCHG, RAX, a, u, 0, 0);
        } else {
            emit_locked(g, w, OPC_XADD, RAX, a, u);
        }
    } else {
        emit_fetch_op(g, i->cond, w, a, u, v, t);
    }
    if (w == 32) {
        if (i->memop & IR_MO_SIGN) {
            emit_rr(&g->p, 64, OPC_MOVSXD, r, r);
        } else {
            emit_mov_rr(&g->p, 32, r, r);
        }
    }
    info.reg_dst = r;
    stub->back = g->p;
    stub->info = info;
    /* both paths meet here with the result in rax */
    g->locked = 1u << r;
    for (unsigned k = 0; k < ir_op_info[i->op].n_src; k++) {
        kill_operand(g, i->src[k]);
    }
    t = dst_pinned(g, i->dst, g->idx);
    if (t >= 0) {
        emit_mov_rr(&g->p, 64, t, r);
        r = t;
    }
    dst_end(g, i->dst, r);
}

void gen_atomic(Gen *g, const IrInsn *i)
{
    SlowStub *stub;
    SlowInfo info;
    int dst;

    if (atomic_inline(i)) {
        gen_atomic_inline(g, i);
        return;
    }
    info = x86_slow_info(g, i, val_reg(g, i->src[0]));
    if (i->op == IR_OP_amo) {
        info.reg_value = val_reg(g, i->src[1]);
    } else {
        info.reg_expected = val_reg(g, i->src[1]);
        info.reg_value = val_reg(g, i->src[2]);
    }
    dst = dst_begin(g, i->dst, g->idx, IR_NONE);
    info.reg_dst = dst;
    stub = stub_new(g);
    stub->info = info;
    stub->jump = emit_jmp(&g->p);
    stub->back = g->p;
    for (unsigned k = 0; k < ir_op_info[i->op].n_src; k++) {
        kill_operand(g, i->src[k]);
    }
    dst_end(g, i->dst, dst);
}

/*
 * The C side of an access that the inline path does not do. The shared code has put the
 * pinned globals into the state and all registers into @regs; the registers go back from
 * there. @ret is where the call returns to: a jump, then a record.
 */
static uint64_t do_access(CpuState *cpu, uint64_t *regs, const SlowInfo *info,
                          uint64_t entry_pc, X86Context *ctx)
{
    const TcgRuntime *rt = &ctx->parent.cfg.runtime;
    const IrGlobal *pc = &ctx->parent.cfg.globals[ctx->parent.cfg.pc_global];
    uint64_t *state_pc = (uint64_t *)((char *)cpu + pc->offset);
    TcgCpuArea *area = tcg_area(&ctx->parent, cpu);
    uint64_t addr, value = 0;

    *state_pc = entry_pc + (int64_t)info->pc_delta;
    area->pending_icount = info->count;
    addr = regs[info->reg_addr] + (int64_t)info->disp;
    if (info->reg_value == SLOW_IMM) {
        value = (int64_t)info->imm;
    } else if (info->reg_value != SLOW_NONE) {
        value = regs[info->reg_value];
    }
    switch (info->op) {
    case IR_OP_ld:
        value = rt->slow_load(cpu, addr, info->memop);
        if (is_xmm(info->reg_dst) && (info->memop & IR_MO_SIZE) == IR_MO_32) {
            value |= ~(uint64_t)UINT32_MAX; /* the NaN box */
        }
        regs[info->reg_dst] = value;
        break;
    case IR_OP_st:
        rt->slow_store(cpu, addr, value, info->memop);
        if (area->exit_after_store && info->next_delta != NO_NEXT) {
            *state_pc = entry_pc + (int64_t)info->next_delta;
            area->icount += info->count + 1;
            return 1;
        }
        break;
    case IR_OP_amo:
        regs[info->reg_dst] = rt->amo(cpu, addr, value, info->memop | info->amo << 8);
        break;
    default:
        regs[info->reg_dst] = rt->cas(cpu, addr, regs[info->reg_expected], value, info->memop);
        break;
    }
    return 0;
}

static uint64_t slow_access(CpuState *cpu, uint64_t *regs, const SlowInfo *info,
                            uint64_t entry_pc, X86Context *ctx)
{
    bool fp = x86_fp_leave(ctx, cpu);
    uint64_t leave = do_access(cpu, regs, info, entry_pc, ctx);

    if (fp && !leave) {
        x86_fp_enter(ctx, cpu);
    }
    return leave;
}

uint64_t x86_slow_path(CpuState *cpu, uint64_t *regs, const uint8_t *ret, X86Context *ctx)
{
    SlowInfo info = unpack(ret + 5);

    return slow_access(cpu, regs, &info, regs[RBX], ctx);
}

uint64_t x86_slow_path_region(CpuState *cpu, uint64_t *regs, const uint8_t *ret,
                              X86Context *ctx)
{
    const RegionMap *map;
    uint64_t entry_pc = regs[RBX];
    SlowInfo info = unpack(ret + 9);
    uint32_t ahead;

    memcpy(&ahead, ret + 5, sizeof(ahead));
    map = (const RegionMap *)(ret + 5 - ahead);
    for (unsigned n = 0; n < map->n; n++) {
        char *field = (char *)cpu + map->at[n].offset;
        if (map->at[n].type == IR_I32) {
            *(uint32_t *)field = regs[map->at[n].reg];
        } else {
            *(uint64_t *)field = regs[map->at[n].reg];
        }
    }
    if (map->count_reg >= 0) {
        tcg_area(&ctx->parent, cpu)->icount += regs[map->count_reg];
        regs[map->count_reg] = 0;
    }
    if (map->pc_cell != NO_CELL) {
        entry_pc = regs[SLOW_SAVED / 8 + 1 + map->pc_cell];
    }
    return slow_access(cpu, regs, &info, entry_pc, ctx);
}
