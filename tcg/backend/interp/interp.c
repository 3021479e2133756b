/*
 * The IR interpreter: a backend for any host, and the yardstick for the others.
 *
 * "Code" is a Region in the buffer: the ops, renumbered so that operands are temporaries or
 * constants. An entry is its address, a checked entry its address plus 1. All globals live
 * in the CPU state. Control moves between regions exactly as in generated code: links
 * (pointers in the region, patched), the jump cache, polls and checked entries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/tsan.h"
#include "tcg/backend.h"
#include "tcg/ir-builder.h"
#include "tcg/ir-eval.h"

enum {
    CHECKED = 1,        /* tag of a checked entry */
    OPERAND_CONST = 1 << 15, /* operand: index into the constants */
    NO_LINK = 0xff,
    REGION_ALIGN = 16,
    FP_FLAGS = 31,
};
#define NO_DELTA INT64_MIN

/*
 * An op in a region is an IrInsn with these fields used otherwise:
 * br, brcond: imm is the index of the op to go to. st: imm is the pc delta to leave to
 * after the store, or NO_DELTA. exit_direct: memop is the link or NO_LINK, cond says
 * whether to poll. call: src[0] indexes args.
 */
typedef struct Region {
    void *handle;
    uint64_t phys_page, phys_page2;
    uint32_t mode;
    uint32_t n_locals;
    const void *targets[TCG_MAX_LINKS]; /* (a) per link: where it leads, NULL to leave */
    uint32_t args, consts;              /* offsets from the start, in bytes */
    IrInsn insns[];
} Region;

typedef struct Interp {
    TcgContext *ctx;
    CpuState *cpu;
    TcgCpuArea *area;
    uint64_t pc;        /* entry pc of the region */
    int64_t insn_delta; /* the current instruction */
    uint32_t count;
    uint64_t locals[IR_MAX_LOCALS];
    uint64_t vals[IR_MAX_VALS];
} Interp;

static TcgContext *interp_context_new(const TcgConfig *cfg, GError **err)
{
    TcgContext *ctx = g_new0(TcgContext, 1);

    ctx->cfg = *cfg;
    return ctx;
}

static void interp_context_free(TcgContext *ctx)
{
    g_free(ctx);
}

static size_t interp_emit_prologue(TcgContext *ctx, TcgBuffer *buf)
{
    return 0;
}

/* The region's operand for a value; constants are added to the pool at first use. */
static uint16_t operand(const IrCode *ir, IrVal v, uint16_t *map, uint64_t *consts,
                        unsigned *n_consts)
{
    if (!ir->vals[v].is_const) {
        return v;
    }
    if (!map[v]) {
        map[v] = OPERAND_CONST | *n_consts;
        consts[(*n_consts)++] = ir->vals[v].value;
    }
    return map[v];
}

static bool interp_compile(TcgContext *ctx, TcgCompile *c, TcgBuffer *buf, size_t offset,
                           size_t room)
{
    const IrCode *ir = c->ir;
    size_t start = ROUND_UP(offset, (size_t)REGION_ALIGN);
    uint32_t args = ROUND_UP(sizeof(Region) + ir->n_insns * sizeof(IrInsn), 8);
    uint32_t consts = ROUND_UP(args + ir->n_call_args * sizeof(uint16_t), 8);
    size_t size = consts + ir->n_vals * sizeof(uint64_t);
    Region *r = (Region *)(buf->rw + start);
    uint16_t map[IR_MAX_VALS];
    uint16_t label_at[IR_MAX_LABELS];
    unsigned n_consts = 0;
    int64_t insn_delta = 0;

    if (start - offset + size > room) {
        return false;
    }
    memset(map, 0, ir->n_vals * sizeof(map[0]));
    *r = (Region){
        .handle = c->region, .phys_page = c->phys_page, .phys_page2 = c->phys_page2,
        .mode = c->mode, .n_locals = ir->n_locals, .args = args, .consts = consts,
    };
    uint64_t *pool = (uint64_t *)((char *)r + consts);
    uint16_t *call_args = (uint16_t *)((char *)r + args);

    for (uint32_t n = 0; n < ir->n_insns; n++) {
        if (ir->insns[n].op == IR_OP_label) {
            label_at[ir->insns[n].imm] = n;
        }
    }
    c->n_links = 0;
    for (uint32_t n = 0; n < ir->n_insns; n++) {
        IrInsn *i = &r->insns[n];

        *i = ir->insns[n];
        for (unsigned k = 0; k < ir_op_info[i->op].n_src; k++) {
            i->src[k] = operand(ir, i->src[k], map, pool, &n_consts);
        }
        switch (i->op) {
        case IR_OP_insn_start: insn_delta = i->imm; break;
        case IR_OP_call:
            for (unsigned k = i->src[0]; k < i->src[0] + i->aux; k++) {
                call_args[k] = operand(ir, ir->call_args[k], map, pool, &n_consts);
            }
            break;
        case IR_OP_st:
            if (!tcg_store_leaves(ir, n, &i->imm)) {
                i->imm = NO_DELTA;
            }
            break;
        case IR_OP_br:
        case IR_OP_brcond: i->imm = label_at[i->imm]; break;
        case IR_OP_exit_direct:
            i->cond = tcg_exit_polls(c, insn_delta, i->imm);
            i->aux = tcg_hot_index(c->phys_page + c->page_offset + (uint64_t)i->imm);
            i->memop = NO_LINK;
            if (c->n_links < tcg_max_links(c)) {
                i->memop = c->n_links;
                c->links[c->n_links++] = (TcgLink){
                    .pc_delta = i->imm,
                    .cross_page = tcg_crosses_page(c, i->imm),
                    .patch_offset = (uint8_t *)&r->targets[i->memop] - buf->rw,
                };
            }
            break;
        }
    }
    c->entry = buf->rx + start;
    c->checked_entry = buf->rx + start + CHECKED;
    c->cold_size = 0;
    c->code_size = start - offset + consts + n_consts * sizeof(uint64_t);
    return true;
}

static void interp_link_set(TcgContext *ctx, TcgBuffer *buf, const TcgLink *l,
                            const void *target)
{
    tsan_release(buf->rx + l->patch_offset);    /* where link_target() reads it */
    atomic_store_release((const void **)(buf->rw + l->patch_offset), target);
}

static bool fetch_maps(const TcgFetchView *v, uint64_t vaddr, uint64_t phys_page)
{
    const TcgFetchEntry *e = &v->entry[tcg_fetch_index(vaddr)];

    return e->tag == (vaddr & TCG_PAGE_MASK) && e->phys_page == phys_page;
}

static bool entry_valid(const Interp *s, const Region *r)
{
    const TcgFetchView *v = s->area->fetch_view;

    return s->area->mode == r->mode && fetch_maps(v, s->pc, r->phys_page) &&
           (r->phys_page2 == TCG_TAG_INVALID ||
            fetch_maps(v, s->pc + TCG_PAGE_SIZE, r->phys_page2));
}

/* Guest addresses need not be aligned; each of these is one access of the host where its
 * architecture has it. */
typedef struct __attribute__((packed)) { uint16_t v; } Unaligned16;
typedef struct __attribute__((packed)) { uint32_t v; } Unaligned32;
typedef struct __attribute__((packed)) { uint64_t v; } Unaligned64;

TSAN_UNWATCHED static uint64_t load_raw(const void *p, unsigned mo)
{
    switch (mo & IR_MO_SIZE) {
    case IR_MO_8: return *(const uint8_t *)p;
    case IR_MO_16: return ((const Unaligned16 *)p)->v;
    case IR_MO_32: return ((const Unaligned32 *)p)->v;
    default: return ((const Unaligned64 *)p)->v;
    }
}

TSAN_UNWATCHED static uint64_t field_load(const Interp *s, uint32_t offset, unsigned mo)
{
    const char *p = (const char *)s->cpu + offset;

    return ir_extend(mo, load_raw(p, mo));
}

TSAN_UNWATCHED static void store_bytes(void *p, unsigned mo, uint64_t v)
{
    switch (mo & IR_MO_SIZE) {
    case IR_MO_8: *(uint8_t *)p = v; break;
    case IR_MO_16: ((Unaligned16 *)p)->v = v; break;
    case IR_MO_32: ((Unaligned32 *)p)->v = v; break;
    default: ((Unaligned64 *)p)->v = v; break;
    }
}

TSAN_UNWATCHED static void field_store(const Interp *s, uint32_t offset, unsigned mo, uint64_t v)
{
    char *p = (char *)s->cpu + offset;

    tsan_write(p, (size_t)1 << (mo & IR_MO_SIZE));
    store_bytes(p, mo, v);
}

TSAN_UNWATCHED static uint64_t swap_bytes(unsigned mo, uint64_t v)
{
    switch (mo & (IR_MO_SIZE | IR_MO_BE)) {
    case IR_MO_BE | IR_MO_16: return __builtin_bswap16(v);
    case IR_MO_BE | IR_MO_32: return __builtin_bswap32(v);
    case IR_MO_BE | IR_MO_64: return __builtin_bswap64(v);
    default: return v;
    }
}

/* Writes of globals alone are watched: where another thread is at one of them in spite of its
 * owner, these tell. */
TSAN_UNWATCHED static uint64_t global_load(const Interp *s, unsigned g)
{
    const IrGlobal *global = &s->ctx->cfg.globals[g];

    if (g == s->ctx->cfg.pc_global) {
        return ir_canonical(global->type, s->pc); /* the state's is for the callees */
    }
    return field_load(s, global->offset,
                      global->type == IR_I32 ? IR_MO_32 | IR_MO_SIGN : IR_MO_64);
}

TSAN_UNWATCHED static void global_store(Interp *s, unsigned g, uint64_t v)
{
    const IrGlobal *global = &s->ctx->cfg.globals[g];

    field_store(s, global->offset, global->type == IR_I32 ? IR_MO_32 : IR_MO_64, v);
}

/* The state, as a callee that may fault wants it. */
TSAN_UNWATCHED static void commit(Interp *s)
{
    global_store(s, s->ctx->cfg.pc_global, s->pc + s->insn_delta);
    s->area->pending_icount = s->count;
}

/* Host address of an access that hits, else NULL. */
TSAN_UNWATCHED static void *view_hit(const TcgViewEntry *table, uint64_t vaddr, unsigned mo)
{
    uint64_t size = 1u << (mo & IR_MO_SIZE);
    const TcgViewEntry *e = &table[tcg_view_index(vaddr)];

    tsan_read(&e->tag, sizeof(e->tag)); /* who writes the addend writes this too */
    if (((vaddr + size - 1) & TCG_PAGE_MASK) != e->tag ||
        ((mo & IR_MO_ALIGN) && (vaddr & (size - 1)))) {
        return NULL;
    }
    return (void *)(uintptr_t)(vaddr + e->addend);
}

TSAN_UNWATCHED static uint64_t guest_load(Interp *s, uint64_t vaddr, unsigned mo)
{
    const void *p = view_hit(s->area->data_view->load, vaddr, mo);

    if (!p) {
        commit(s);
        return s->ctx->cfg.runtime.slow_load(s->cpu, vaddr, mo);
    }
    return ir_extend(mo, swap_bytes(mo, load_raw(p, mo)));
}

/* True if the region is to be left. */
TSAN_UNWATCHED static bool guest_store(Interp *s, uint64_t vaddr, uint64_t v, unsigned mo)
{
    void *p = view_hit(s->area->data_view->store, vaddr, mo);

    if (p) {
        store_bytes(p, mo, swap_bytes(mo, v));
        return false;
    }
    commit(s);
    s->ctx->cfg.runtime.slow_store(s->cpu, vaddr, v, mo);
    return s->area->exit_after_store != 0;
}

/* A 32-bit argument is passed sign-extended, which the ABIs of 64-bit hosts that care
 * about its upper half ask for. */
TSAN_UNWATCHED static uint64_t call_helper(Interp *s, const IrHelper *h, const uint64_t *a)
{
    uint64_t r;

    if (!(h->flags & IR_CALL_PURE)) {
        commit(s);
    }
    switch (h->nargs) {
    case 0: r = ((uint64_t(*)(CpuState *))h->fn)(s->cpu); break;
    case 1: r = ((uint64_t(*)(CpuState *, uint64_t))h->fn)(s->cpu, a[0]); break;
    case 2:
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t))h->fn)(s->cpu, a[0], a[1]);
        break;
    case 3:
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t, uint64_t))h->fn)(s->cpu, a[0],
                                                                          a[1], a[2]);
        break;
    case 4:
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t, uint64_t, uint64_t))h->fn)(
            s->cpu, a[0], a[1], a[2], a[3]);
        break;
    default:
        r = ((uint64_t(*)(CpuState *, uint64_t, uint64_t, uint64_t, uint64_t,
                          uint64_t))h->fn)(s->cpu, a[0], a[1], a[2], a[3], a[4]);
        break;
    }
    return h->ret == IR_I32 ? ir_canonical(IR_I32, r) : r;
}

TSAN_UNWATCHED static uint8_t *fp_flags(const Interp *s)
{
    return (uint8_t *)s->cpu + s->ctx->cfg.fp.flags;
}

TSAN_UNWATCHED static inline uint64_t value(const Interp *s, const uint64_t *consts,
                                            uint16_t operand)
{
    return operand & OPERAND_CONST ? consts[operand & ~OPERAND_CONST] : s->vals[operand];
}

TSAN_UNWATCHED static void retire(Interp *s, int64_t instructions)
{
    tsan_write(&s->area->icount, sizeof(s->area->icount));
    s->area->icount += instructions;
}

/* Leave to @pc: set it, count. */
TSAN_UNWATCHED static void leave(Interp *s, uint64_t pc)
{
    s->pc = pc;
    global_store(s, s->ctx->cfg.pc_global, pc);
    retire(s, s->count + 1);
}

TSAN_UNWATCHED static const void *link_target(const Region *r, unsigned slot)
{
    const void *target = atomic_load_acquire(&r->targets[slot]);

    if (target) {
        tsan_acquire(&r->targets[slot]);
    }
    return target;
}

/*
 * Run one region. NULL: leave to the loop as *exit says. Else the entry to go on at.
 * Operands and code are this thread's, races in guest memory the guest's; what others may
 * touch, the vCPU's state and its views, is watched in the functions above.
 */
TSAN_UNWATCHED static const void *run_region(Interp *s, const Region *r, TcgExit *exit)
{
    const uint64_t *consts = (const uint64_t *)((const char *)r + r->consts);
    const uint16_t *call_args = (const uint16_t *)((const char *)r + r->args);
    const TcgRuntime *rt = &s->ctx->cfg.runtime;
    uint64_t src[IR_MAX_ARGS];

    s->insn_delta = 0;
    s->count = -1; /* a region without instructions retires none */
    if (r->n_locals) {
        memset(s->locals, 0, r->n_locals * sizeof(s->locals[0]));
    }
    *exit = (TcgExit){ .reason = TCG_EXIT_LOOKUP };
    for (const IrInsn *i = r->insns;; i++) {
        unsigned n_src = ir_op_info[i->op].n_src;

        for (unsigned n = 0; n < n_src; n++) {
            src[n] = value(s, consts, i->src[n]);
        }
        switch (i->op) {
        case IR_OP_insn_start:
            s->insn_delta = i->imm;
            s->count = (int16_t)i->aux;
            break;
        case IR_OP_get_global: s->vals[i->dst] = global_load(s, i->imm); break;
        case IR_OP_set_global: global_store(s, i->imm, src[0]); break;
        case IR_OP_get_local: s->vals[i->dst] = s->locals[i->imm]; break;
        case IR_OP_set_local: s->locals[i->imm] = src[0]; break;
        case IR_OP_get_pc: s->vals[i->dst] = s->pc + i->imm; break;
        case IR_OP_ld_env:
            tsan_read((const char *)s->cpu + i->imm, (size_t)1 << (i->memop & IR_MO_SIZE));
            s->vals[i->dst] = ir_canonical(i->type, field_load(s, i->imm, i->memop));
            break;
        case IR_OP_st_env: field_store(s, i->imm, i->memop, src[0]); break;
        case IR_OP_ld:
            s->vals[i->dst] = guest_load(s, src[0], i->memop);
            if (i->type == IR_F64 && (i->memop & IR_MO_SIZE) == IR_MO_32) {
                s->vals[i->dst] |= ~(uint64_t)UINT32_MAX; /* the NaN box */
            }
            break;
        case IR_OP_st:
            if (guest_store(s, src[0], src[1], i->memop) && i->imm != NO_DELTA) {
                leave(s, s->pc + i->imm);
                exit->reason = TCG_EXIT_POLL;
                return NULL;
            }
            break;
        case IR_OP_amo:
            commit(s);
            s->vals[i->dst] = rt->amo(s->cpu, src[0], src[1], i->memop | i->cond << 8);
            break;
        case IR_OP_cas:
            commit(s);
            s->vals[i->dst] = rt->cas(s->cpu, src[0], src[1], src[2], i->memop);
            break;
        case IR_OP_fence: __atomic_thread_fence(__ATOMIC_SEQ_CST); break;
        case IR_OP_call: {
            const IrHelper *h = (const IrHelper *)(intptr_t)i->imm;
            uint64_t result;
            for (unsigned n = 0; n < i->aux; n++) {
                src[n] = value(s, consts, call_args[i->src[0] + n]);
            }
            result = call_helper(s, h, src);
            if (i->dst) {
                s->vals[i->dst] = result;
            }
            break;
        }
        case IR_OP_f_flags: s->vals[i->dst] = *fp_flags(s); break;
        case IR_OP_f_set_flags: *fp_flags(s) = src[0] & FP_FLAGS; break;
        case IR_OP_f_cmp_quiet:
            s->vals[i->dst] = call_helper(s, (const IrHelper *)(intptr_t)i->imm, src);
            *fp_flags(s) = src[2];
            break;
        case IR_OP_f_add ... IR_OP_f_cmp:
        case IR_OP_f_convert ... IR_OP_f_from_int:
            s->vals[i->dst] = call_helper(s, (const IrHelper *)(intptr_t)i->imm, src);
            break;
        case IR_OP_label: break;
        case IR_OP_br: i = &r->insns[i->imm]; break;
        case IR_OP_brcond:
            if (ir_eval_cond(i->type, i->cond, src[0], src[1])) {
                i = &r->insns[i->imm];
            }
            break;
        case IR_OP_count: retire(s, i->imm); break;
        case IR_OP_poll:
            if (atomic_read(&s->area->exit_request)) {
                s->count = (int16_t)i->aux - 1;
                leave(s, s->pc + i->imm);
                exit->reason = TCG_EXIT_POLL;
                return NULL;
            }
            break;
        case IR_OP_exit_direct: {
            const void *target;
            leave(s, s->pc + i->imm);
            if (i->cond && atomic_read(&s->area->exit_request)) {
                exit->reason = TCG_EXIT_POLL;
                return NULL;
            }
            if (i->cond && s->ctx->cfg.count_hot && !--s->area->hot[i->aux]) {
                *exit = (TcgExit){ .reason = TCG_EXIT_HOT, .link = i->aux };
                return NULL;
            }
            if (i->memop == NO_LINK) {
                return NULL;
            }
            target = link_target(r, i->memop);
            if (!target) {
                *exit = (TcgExit){ TCG_EXIT_LINK, r->handle, i->memop };
            }
            return target;
        }
        case IR_OP_exit_loop:
            leave(s, s->pc + i->imm);
            exit->reason = TCG_EXIT_POLL;
            return NULL;
        case IR_OP_exit_env:
            retire(s, s->count + 1);
            exit->reason = TCG_EXIT_POLL;
            return NULL;
        case IR_OP_exit_indirect: {
            const TcgJumpEntry *e, *o;
            leave(s, src[0]);
            if (atomic_read(&s->area->exit_request)) {
                exit->reason = TCG_EXIT_POLL;
                return NULL;
            }
            e = &s->area->jump_cache[tcg_jump_index(s->pc)];
            o = &s->area->jump_cache[tcg_jump_other(tcg_jump_index(s->pc))];
            e = atomic_read(&e->pc) == s->pc ? e : o;
            return atomic_read(&e->pc) == s->pc ? atomic_read(&e->checked_entry) : NULL;
        }
        default: s->vals[i->dst] = ir_eval(i->op, i->type, i->cond, src); break;
        }
    }
}

static TcgExit interp_run(TcgContext *ctx, CpuState *cpu, const void *entry)
{
    Interp s;
    const IrGlobal *pc = &ctx->cfg.globals[ctx->cfg.pc_global];
    TcgExit exit = { .reason = TCG_EXIT_LOOKUP };

    s.ctx = ctx;
    s.cpu = cpu;
    s.area = tcg_area(ctx, cpu);
    s.pc = field_load(&s, pc->offset,
                      pc->type == IR_I32 ? IR_MO_32 | IR_MO_SIGN : IR_MO_64);
    while (entry) {
        const Region *r = (const Region *)((uintptr_t)entry & ~(uintptr_t)CHECKED);
        if (((uintptr_t)entry & CHECKED) && !entry_valid(&s, r)) {
            return (TcgExit){ .reason = TCG_EXIT_LOOKUP };
        }
        entry = run_region(&s, r, &exit);
    }
    return exit;
}

const TcgBackend tcg_backend_interp = {
    .name = "interp",
    .context_new = interp_context_new,
    .context_free = interp_context_free,
    .emit_prologue = interp_emit_prologue,
    .compile = interp_compile,
    .link_set = interp_link_set,
    .run = interp_run,
};
