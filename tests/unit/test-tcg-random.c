/*
 * Random IR programs, run by the interpreter and by each other backend from the same
 * state: all that can be seen afterwards must be equal.
 *
 * TCG_RANDOM_COUNT sets the number of programs, TCG_RANDOM_SEED the first one's seed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg-fixture.h"
#include "disas/disas.h"
#include "tcg/ir-eval.h"

enum { POOL = 24, N_ENV = 40 };

typedef struct Gen {
    uint64_t rng;
    IrBuilder *b;
    IrVal pool[2][POOL]; /* by type: values of this block */
    unsigned n_pool[2];
    IrVal base;          /* an address in this block, or 0 */
    IrLocal locals[6];   /* I32 if odd */
    IrLabel labels[3];   /* to be bound, in this order */
    unsigned n_labels, bound;
    bool set_global;     /* one was set in this instruction */
    int64_t delta;
    bool plain;          /* no ops that want many registers: others are used otherwise then */
    unsigned n_blocks;   /* of a region of several blocks, at BLOCK * n; 0: one block */
} Gen;

/* Guest addresses between blocks; the deltas of a block's instructions stay below. */
enum { BLOCK = 0x40, MAX_BLOCKS = 8 };

static uint64_t next(Gen *g)
{
    g->rng ^= g->rng << 13;
    g->rng ^= g->rng >> 7;
    g->rng ^= g->rng << 17;
    return g->rng * UINT64_C(0x2545f4914f6cdd1d) >> 8;
}

static unsigned below(Gen *g, unsigned n)
{
    return next(g) % n;
}

static int64_t number(Gen *g)
{
    switch (below(g, 5)) {
    case 0: return (int64_t)below(g, 130) - 65;
    case 1: return (int64_t)1 << below(g, 64);
    case 2: return ((int64_t)1 << below(g, 64)) - 1;
    case 3: return (int32_t)next(g);
    default: return next(g) << 8 ^ next(g);
    }
}

static void add(Gen *g, IrVal v)
{
    IrType t = ir_type(g->b, v);

    if (g->n_pool[t] < POOL) {
        g->pool[t][g->n_pool[t]++] = v;
    } else {
        g->pool[t][below(g, POOL)] = v;
    }
}

static unsigned global_of(Gen *g, IrType t)
{
    static const uint8_t i32[] = { G_P7_32, G_M5_32, G_M6_32 };

    return t == IR_I32 ? i32[below(g, 3)] : below(g, 2) ? 1 + below(g, 6) : G_M1 + below(g, 4);
}

static IrVal pick(Gen *g, IrType t)
{
    if (g->n_pool[t] && below(g, 8)) {
        return g->pool[t][below(g, g->n_pool[t])];
    }
    return below(g, 3) ? ir_get_global(g->b, global_of(g, t)) : ir_const(g->b, t, number(g));
}

static IrVal binary(Gen *g, IrVal x, IrVal y)
{
    static IrVal (*const fns[])(IrBuilder *, IrVal, IrVal) = {
        ir_add, ir_sub, ir_and, ir_or, ir_xor, ir_add, ir_sub, ir_shl, ir_shr, ir_sar,
        ir_rotl, ir_rotr, ir_mul, ir_mulhs, ir_mulhu, ir_mulhsu, ir_divs, ir_divu, ir_rems,
        ir_remu, ir_andc, ir_orc, ir_eqv,
    };

    return fns[below(g, ARRAY_SIZE(fns))](g->b, x, y);
}

static IrVal unary(Gen *g, IrVal x)
{
    static IrVal (*const fns[])(IrBuilder *, IrVal) = {
        ir_neg, ir_not, ir_clz, ir_ctz, ir_popcnt, ir_bswap, ir_sext8, ir_sext16, ir_zext8,
        ir_zext16, ir_sext32, ir_zext32, ir_sext32,
    };
    unsigned n = below(g, ir_type(g->b, x) == IR_I64 ? ARRAY_SIZE(fns) : 10);

    return fns[n](g->b, x);
}

static uint64_t h_pure(CpuState *cpu, uint64_t a, uint32_t b, uint64_t c)
{
    return (a ^ b) * 7 + c;
}

static uint32_t h_read(CpuState *cpu, uint32_t a)
{
    uint64_t s = cpu->tcg.pending_icount + cpu->g[G_PC];

    for (unsigned n = 1; n < N_GLOBALS; n++) {
        s = s * 31 + ir_canonical(fixture_type(n), cpu->g[n]);
    }
    return s + a;
}

static void h_write(CpuState *cpu, uint64_t a, uint64_t which)
{
    cpu->g[1 + which % (N_GLOBALS - 1)] = a;
    cpu->env[39] += a;
}

static void h_maybe_fault(CpuState *cpu, uint64_t a)
{
    if ((a & 15) == 3) {
        fixture_raise(cpu, 4);
    }
    cpu->env[38] ^= a;
}

static void h_set_pc(CpuState *cpu, uint64_t pc)
{
    cpu->g[G_PC] = pc;
}

static const IrHelper set_pc = {
    "set_pc", h_set_pc, IR_CALL_WRITES_GLOBALS, -1, 1, { IR_I64 }
};
static const IrHelper helpers[] = {
    { "pure", h_pure, IR_CALL_PURE, IR_I64, 3, { IR_I64, IR_I32, IR_I64 } },
    { "read", h_read, IR_CALL_READS_GLOBALS, IR_I32, 1, { IR_I32 } },
    { "write", h_write, IR_CALL_READS_GLOBALS | IR_CALL_WRITES_GLOBALS, -1, 2,
      { IR_I64, IR_I64 } },
    { "maybe_fault", h_maybe_fault, IR_CALL_FAULTS, -1, 1, { IR_I64 } },
};

static IrVal gen_address(Gen *g)
{
    IrVal a;

    /* a field of what was accessed lately: backends may check such accesses together */
    if (g->base && below(g, 4)) {
        return ir_addi(g->b, g->base, (int64_t)below(g, 160) - below(g, 40));
    }
    /* mostly inside RAM; the last bytes reach over its end */
    a = ir_andi(g->b, pick(g, IR_I64), below(g, 3) ? 0x3ff8 : 0x3fff);
    return g->base = ir_addi(g->b, a, RAM_BASE);
}

static IrMemOp gen_memop(Gen *g)
{
    unsigned mo = below(g, 8);

    if (!below(g, 4) && !g->plain) {
        mo |= IR_MO_BE;
    }
    if (!below(g, 6)) {
        mo |= IR_MO_ALIGN;
    }
    return mo;
}

static void gen_insn(Gen *g)
{
    g->delta += 2 + 2 * below(g, 2);
    g->set_global = false;
    ir_insn_start(g->b, g->delta);
}

static void gen_op(Gen *g)
{
    IrType t = below(g, 3) ? IR_I64 : IR_I32;
    IrVal args[3];

    switch (below(g, 24)) {
    case 0 ... 6: add(g, binary(g, pick(g, t), pick(g, t))); break;
    case 7: add(g, binary(g, pick(g, t), ir_const(g->b, t, number(g)))); break;
    case 8: add(g, unary(g, pick(g, t))); break;
    case 9: { /* the addw shape */
        IrVal v = ir_sext32(g->b, binary(g, pick(g, IR_I64), pick(g, IR_I64)));
        ir_set_global(g->b, global_of(g, IR_I64), v);
        g->set_global = true;
        add(g, v);
        break;
    }
    case 10: {
        IrVal v = binary(g, pick(g, IR_I32), pick(g, IR_I32));
        add(g, below(g, 2) ? ir_extend_s(g->b, v) : ir_extend_u(g->b, v));
        break;
    }
    case 11: add(g, ir_trunc(g->b, pick(g, IR_I64))); break;
    case 12: add(g, ir_setcond(g->b, below(g, 10), pick(g, t), pick(g, t))); break;
    case 13:
        if (g->plain) {
            break;
        }
        add(g, ir_select(g->b, below(g, 10), pick(g, t), pick(g, t), pick(g, t),
                         pick(g, t)));
        break;
    case 14 ... 16: {
        unsigned dst = global_of(g, t);
        IrVal v = below(g, 2) ? binary(g, pick(g, t), pick(g, t)) : pick(g, t);
        ir_set_global(g->b, dst, v);
        g->set_global = true;
        break;
    }
    case 17: add(g, ir_ld(g->b, gen_address(g), gen_memop(g))); break;
    case 18:
        if (g->set_global) {
            gen_insn(g);
        }
        ir_st(g->b, gen_address(g), pick(g, IR_I64), gen_memop(g));
        break;
    case 19:
        if (below(g, 2)) {
            add(g, ir_ld_env(g->b, t, below(g, N_ENV) * 8, below(g, t == IR_I64 ? 8 : 7)));
        } else {
            ir_st_env(g->b, below(g, N_ENV) * 8, pick(g, t), below(g, t == IR_I64 ? 4 : 3));
        }
        break;
    case 20: {
        unsigned l = below(g, 6);
        if (below(g, 2)) {
            ir_set_local(g->b, g->locals[l], pick(g, l & 1 ? IR_I32 : IR_I64));
        } else {
            add(g, ir_get_local(g->b, g->locals[l]));
        }
        break;
    }
    case 21: {
        const IrHelper *h = &helpers[below(g, ARRAY_SIZE(helpers))];
        IrVal r;
        for (unsigned n = 0; n < h->nargs; n++) {
            args[n] = pick(g, h->args[n]);
        }
        r = ir_call(g->b, h, h->nargs, args);
        if (r) {
            add(g, r);
        }
        break;
    }
    case 22:
        if (below(g, 2)) {
            add(g, ir_get_pc(g->b, number(g)));
        } else if (g->plain) {
            break;
        } else if (below(g, 2)) {
            add(g, ir_amo(g->b, below(g, 9),
                          ir_andi(g->b, gen_address(g), -(int64_t)8), pick(g, IR_I64),
                          below(g, 2) ? IR_MO_64 : IR_MO_32 | IR_MO_SIGN));
        } else {
            add(g, ir_cas(g->b, ir_andi(g->b, gen_address(g), -(int64_t)8),
                          pick(g, IR_I64), pick(g, IR_I64),
                          below(g, 2) ? IR_MO_64 : IR_MO_32 | (below(g, 2) ? IR_MO_SIGN : 0)));
        }
        break;
    default:
        if (g->bound < g->n_labels) {
            ir_brcond(g->b, below(g, 10), pick(g, t), pick(g, t),
                      g->labels[g->bound + below(g, g->n_labels - g->bound)]);
        }
        break;
    }
}

static void h_budget(CpuState *cpu)
{
    if (++cpu->n_calls % 64 == 0) {
        cpu->tcg.exit_request = 1;
    }
}

/* Loops end: each block asks for a poll in the end. */
static const IrHelper budget = { "budget", h_budget, 0, -1, 0, {} };

/* Where a block goes on: mostly to others of the region, or behind its last one. */
static int64_t gen_target(Gen *g)
{
    return (int64_t)BLOCK * below(g, g->n_blocks + 1);
}

static void gen_block_exit(Gen *g)
{
    IrType t = below(g, 3) ? IR_I64 : IR_I32;

    switch (below(g, 8)) {
    case 0: ir_exit_return(g->b, ir_get_pc(g->b, gen_target(g))); break;
    case 1: ir_exit_return(g->b, pick(g, IR_I64)); break;
    case 2: ir_exit_direct(g->b, gen_target(g)); break;
    default:
        ir_exit_cond(g->b, below(g, 10), pick(g, t), pick(g, t), gen_target(g),
                     gen_target(g));
        break;
    }
}

static void gen_exit(Gen *g)
{
    IrVal pc;

    if (g->n_blocks && below(g, 6)) {
        gen_block_exit(g);
        return;
    }
    switch (below(g, 5)) {
    case 0: ir_exit_loop(g->b, number(g)); break;
    case 1: ir_exit_indirect(g->b, pick(g, IR_I64)); break;
    case 2:
        pc = pick(g, IR_I64);
        ir_call(g->b, &set_pc, 1, &pc);
        ir_exit_env(g->b);
        break;
    default: ir_exit_direct(g->b, below(g, 4) ? (int64_t)below(g, 400) - 200 : number(g));
    }
}

static void gen_label(Gen *g)
{
    if (!below(g, 3)) {
        gen_exit(g);
    } else if (!below(g, 3) && g->bound + 1 < g->n_labels) {
        ir_br(g->b, g->labels[g->bound + 1]);
    }
    ir_label(g->b, g->labels[g->bound++]);
    g->base = g->n_pool[0] = g->n_pool[1] = 0;
    gen_insn(g);
}

/* Instructions and their exits; labels inside. */
static void gen_block(Gen *g, unsigned n_insns)
{
    g->n_labels = below(g, ARRAY_SIZE(g->labels) + 1);
    g->bound = 0;
    for (unsigned n = 0; n < g->n_labels; n++) {
        g->labels[n] = ir_label_new(g->b);
    }
    gen_insn(g);
    for (unsigned n = 0; n < n_insns; n++) {
        unsigned n_ops = 1 + below(g, 6);
        for (unsigned k = 0; k < n_ops; k++) {
            gen_op(g);
        }
        if (g->bound < g->n_labels && !below(g, 6)) {
            gen_label(g);
        } else {
            gen_insn(g);
        }
    }
    while (g->bound < g->n_labels) {
        gen_label(g);
        gen_op(g);
    }
    gen_exit(g);
}

/* A region of several blocks with branches to and fro; plans say more than is true at times,
 * as an accelerator's may. */
static void gen_region(IrBuilder *b, uint64_t seed)
{
    Gen g = { .rng = seed * 2654435761u + 88172645463325252u, .b = b };
    IrBlockPlan plan[MAX_BLOCKS];

    for (unsigned n = 0; n < 20; n++) {
        next(&g);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(g.locals); n++) {
        g.locals[n] = ir_local_new(b, n & 1 ? IR_I32 : IR_I64);
    }
    g.n_blocks = 2 + below(&g, MAX_BLOCKS - 1);
    g.plain = below(&g, 2);
    for (unsigned n = 0; n < g.n_blocks; n++) {
        plan[n] = (IrBlockPlan){ (int64_t)BLOCK * n, true, true, !below(&g, 3) };
    }
    ir_region_begin(b, plan, g.n_blocks);
    for (unsigned n = 0; n < g.n_blocks; n++) {
        g.base = g.n_pool[0] = g.n_pool[1] = 0;
        g.delta = (int64_t)BLOCK * n - 4;
        ir_region_block(b, n);
        ir_call(b, &budget, 0, NULL);
        gen_block(&g, 1 + below(&g, 6));
    }
    ir_region_end(b);
}

static void gen_program(IrBuilder *b, uint64_t seed)
{
    if (seed % 3 == 0) {
        gen_region(b, seed);
        return;
    }
    Gen g = { .rng = seed * 2654435761u + 88172645463325252u, .b = b, .delta = -4 };
    unsigned n_insns;

    for (unsigned n = 0; n < 20; n++) {
        next(&g);
    }
    n_insns = 2 + below(&g, 25);
    for (unsigned n = 0; n < ARRAY_SIZE(g.locals); n++) {
        g.locals[n] = ir_local_new(b, n & 1 ? IR_I32 : IR_I64);
    }
    gen_block(&g, n_insns);
}

static void set_state(Fixture *f, uint64_t seed)
{
    Gen g = { .rng = seed * 40503u + 362436069362436069u };

    for (unsigned n = 0; n < 20; n++) {
        next(&g);
    }
    f->cpu->dirty = true;
    fixture_reset(f);
    for (unsigned n = 1; n < N_GLOBALS; n++) {
        f->cpu->g[n] = number(&g);
    }
    f->cpu->fill = below(&g, 2);
    f->cpu->leave_after_store = !below(&g, 4);
    for (unsigned n = 0; n < 4; n++) {
        if (below(&g, 3)) {
            fixture_map(f, RAM_BASE + n * 0x1000, below(&g, 2));
        }
    }
    f->cpu->tcg.exit_request = !below(&g, 4);
}

static void dump(Fixture *f, uint64_t seed)
{
    g_autoptr(GString) s = g_string_new(NULL);

    ir_builder_reset(f->b);
    gen_program(f->b, seed);
    ir_print(ir_builder_code(f->b), fixture_globals, s);
    disas_block(disas_host(), (uintptr_t)f->last.entry, f->last.entry, f->last.code_size, s);
    fputs(s->str, stderr);
}

#define SAME(field)                                                                        \
    do {                                                                                   \
        if (memcmp(&f->cpu->field, &ref->cpu->field, sizeof(f->cpu->field))) {             \
            dump(f, seed);                                                                 \
            g_error("seed %" PRIu64 ": " #field " differs (0x%" PRIx64 ", interpreter 0x%"  \
                    PRIx64 ")", seed, *(uint64_t *)&f->cpu->field,                          \
                    *(uint64_t *)&ref->cpu->field);                                         \
        }                                                                                  \
    } while (0)

static void compare(Fixture *f, Fixture *ref, uint64_t seed, TcgExit e, TcgExit re)
{
    for (unsigned n = 0; n < N_GLOBALS; n++) {
        SAME(g[n]);
    }
    for (unsigned n = 0; n < N_ENV; n++) {
        SAME(env[n]);
    }
    SAME(tcg.icount);
    SAME(raised);
    if (f->cpu->raised) {
        SAME(raised_pc);
        SAME(raised_icount);
        for (unsigned n = 1; n < N_GLOBALS; n++) {
            SAME(g_at_raise[n]);
        }
    } else if (e.reason != re.reason || e.link != re.link) {
        dump(f, seed);
        g_error("seed %" PRIu64 ": exits differ: %d %u, interpreter %d %u", seed, e.reason,
                e.link, re.reason, re.link);
    }
    SAME(n_slow);
    if (memcmp(f->cpu->ram, ref->cpu->ram, RAM_SIZE)) {
        dump(f, seed);
        g_error("seed %" PRIu64 ": memory differs", seed);
    }
}

static void test_random(gconstpointer backend)
{
    Fixture *f = fixture_new(backend), *ref = fixture_new("interp");
    const char *env = g_getenv("TCG_RANDOM_COUNT");
    uint64_t count = env ? g_ascii_strtoull(env, NULL, 0) : 2000, first;

    env = g_getenv("TCG_RANDOM_SEED");
    first = env ? g_ascii_strtoull(env, NULL, 0) : 1;
    if (!f) {
        g_test_skip("no such backend on this host");
        fixture_free(ref);
        return;
    }
    for (uint64_t seed = first; seed < first + count; seed++) {
        TcgCompile c, rc;
        TcgExit e, re;

        fixture_reset(f);
        fixture_reset(ref);
        gen_program(f->b, seed);
        c = fixture_compile(f, CODE_PC);
        gen_program(ref->b, seed);
        rc = fixture_compile(ref, CODE_PC);
        for (unsigned run = 0; run < 4; run++) {
            set_state(f, seed * 4 + run);
            set_state(ref, seed * 4 + run);
            e = fixture_run(f, c.entry);
            re = fixture_run(ref, rc.entry);
            compare(f, ref, seed, e, re);
        }
    }
    fixture_free(f);
    fixture_free(ref);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/tcg/random/x86_64", "x86_64", test_random);
    g_test_add_data_func("/tcg/random/x86_64-baseline", "x86_64-baseline", test_random);
    g_test_add_data_func("/tcg/random/x86_64-tier2", "x86_64-tier2", test_random);
    return g_test_run();
}
