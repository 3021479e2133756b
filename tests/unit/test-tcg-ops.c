/*
 * Every pure op of the IR on each backend: edge values, both types, each operand as a
 * pinned global, a global in memory, a computed value or a constant, the result in a
 * pinned or unpinned global that may be one of the operands, and under register pressure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg-fixture.h"
#include "tcg/ir-eval.h"
#include "tcg/ir-info.h"

static const uint64_t edges[] = {
    0, 1, 2, 3, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
    0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
    INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 1, -(uint64_t)128,
    (uint64_t)INT32_MIN, 0x123456789abcdef0,
};

typedef IrVal UnaryFn(IrBuilder *b, IrVal x);
typedef IrVal BinaryFn(IrBuilder *b, IrVal x, IrVal y);

static const struct {
    UnaryFn *unary;
    BinaryFn *binary;
} builders[IR_OP_COUNT] = {
#define U(n) [IR_OP_##n] = { .unary = ir_##n }
#define B(n) [IR_OP_##n] = { .binary = ir_##n }
    B(add), B(sub), U(neg), B(mul), B(mulhs), B(mulhu), B(mulhsu), B(divs), B(divu), B(rems),
    B(remu), B(and), B(or), B(xor), U(not), B(andc), B(orc), B(eqv), B(shl), B(shr), B(sar),
    B(rotl), B(rotr), U(clz), U(ctz), U(popcnt), U(bswap), U(sext8), U(sext16), U(zext8),
    U(zext16), U(sext32), U(zext32), U(extend_s), U(extend_u), U(trunc),
#undef U
#undef B
};

/* Where an operand comes from. */
typedef enum Place { PINNED, MEMORY, COMPUTED, CONSTANT, N_PLACES } Place;

/* Set up operand @n (0..3) with @value in @place; globals are set in the state. */
static IrVal operand(Fixture *f, unsigned n, IrType type, Place place, uint64_t value)
{
    /* the pool of I32 globals is small: p7, m5, m6; other operands go by way of I64 */
    static const uint8_t pinned[] = { 1, 2, 3, 4 }, memory[] = { G_M1, G_M2, G_M3, G_M4 };
    IrVal v;

    switch (place) {
    case CONSTANT: return ir_const(f->b, type, value);
    case PINNED:
        if (type == IR_I32 && n == 0) {
            f->cpu->g[G_P7_32] = value;
            return ir_get_global(f->b, G_P7_32);
        }
        f->cpu->g[pinned[n]] = value;
        v = ir_get_global(f->b, pinned[n]);
        break;
    case MEMORY:
        if (type == IR_I32 && n < 2) {
            f->cpu->g[G_M5_32 + n] = value;
            return ir_get_global(f->b, G_M5_32 + n);
        }
        f->cpu->g[memory[n]] = value;
        v = ir_get_global(f->b, memory[n]);
        break;
    default:
        f->cpu->env[n * 5] = value ^ 0x55;
        v = ir_xor(f->b, ir_ld_env(f->b, IR_I64, n * 40, IR_MO_64), ir_imm(f->b, 0x55));
        break;
    }
    return type == IR_I32 ? ir_trunc(f->b, v) : v;
}

typedef struct Pressure {
    IrVal v[13];
} Pressure;

static void pressure_begin(Fixture *f, Pressure *p)
{
    for (unsigned n = 0; n < ARRAY_SIZE(p->v); n++) {
        f->cpu->env[20 + n] = 1000 + n;
        p->v[n] = ir_xor(f->b, ir_ld_env(f->b, IR_I64, (20 + n) * 8, IR_MO_64),
                         ir_imm(f->b, 3));
    }
}

static void pressure_end(Fixture *f, Pressure *p)
{
    for (unsigned n = 0; n < ARRAY_SIZE(p->v); n++) {
        ir_st_env(f->b, (20 + n) * 8, p->v[n], IR_MO_64);
    }
}

static void pressure_check(Fixture *f)
{
    for (unsigned n = 0; n < 13; n++) {
        g_assert_cmpuint(f->cpu->env[20 + n], ==, (1000 + n) ^ 3);
    }
}

typedef struct Case {
    IrOp op;
    IrType type;
    IrCond cond;
    unsigned n_src;
    Place place[4];
    uint64_t value[4];
} Case;

static IrVal build(Fixture *f, const Case *c, const IrVal *v)
{
    switch (c->op) {
    case IR_OP_setcond: return ir_setcond(f->b, c->cond, v[0], v[1]);
    case IR_OP_select: return ir_select(f->b, c->cond, v[0], v[1], v[2], v[3]);
    default:
        return builders[c->op].unary ? builders[c->op].unary(f->b, v[0])
                                     : builders[c->op].binary(f->b, v[0], v[1]);
    }
}

static IrType operand_type(const Case *c)
{
    const char *s = ir_op_info[c->op].operands;

    return s[0] == 'T' ? c->type : s[1] == '3' ? IR_I32 : IR_I64;
}

static IrType result_type(const Case *c)
{
    const char *s = ir_op_info[c->op].results;

    return s[0] == 'T' ? c->type : s[1] == '3' ? IR_I32 : IR_I64;
}

/* Run one case with the result in @dst; all other state must stay. */
static void run_case(Fixture *f, const Case *c, unsigned dst, bool pressure)
{
    IrType type = operand_type(c), rtype = result_type(c);
    uint64_t src[4], expected, before[N_GLOBALS], got;
    IrVal v[4], r;
    Pressure p;

    fixture_reset(f);
    ir_insn_start(f->b, 0);
    if (pressure) {
        pressure_begin(f, &p);
    }
    for (unsigned n = 0; n < c->n_src; n++) {
        src[n] = ir_canonical(type, c->value[n]);
        v[n] = operand(f, n, type, c->place[n], src[n]);
    }
    memcpy(before, f->cpu->g, sizeof(before));
    r = build(f, c, v);
    g_assert_cmpint(ir_type(f->b, r), ==, rtype);
    if (rtype != fixture_type(dst)) {
        r = rtype == IR_I32 ? ir_extend_s(f->b, r) : ir_trunc(f->b, r);
    }
    ir_set_global(f->b, dst, r);
    if (pressure) {
        pressure_end(f, &p);
    }
    ir_exit_direct(f->b, 4);
    fixture_go(f);

    expected = ir_eval(c->op, rtype == IR_I32 || c->op == IR_OP_setcond ? type : rtype,
                       c->cond, src);
    if (c->op == IR_OP_trunc) {
        expected = ir_eval(c->op, IR_I32, 0, src);
    }
    got = fixture_global(f, dst);
    if (got != ir_canonical(fixture_type(dst), expected)) {
        g_error("%s.%s cond %s (0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
                ") places %d %d %d %d to %s%s: 0x%" PRIx64 ", expected 0x%" PRIx64,
                ir_op_info[c->op].name, type == IR_I32 ? "i32" : "i64",
                ir_cond_name(c->cond), src[0], src[1], src[2], src[3], c->place[0],
                c->place[1], c->place[2], c->place[3], fixture_globals[dst].name,
                pressure ? " under pressure" : "", got, expected);
    }
    before[dst] = f->cpu->g[dst];
    before[G_PC] = CODE_PC + 4;
    for (unsigned n = 0; n < N_GLOBALS; n++) {
        if (fixture_type(n) == IR_I32) {
            g_assert_cmphex((uint32_t)f->cpu->g[n], ==, (uint32_t)before[n]);
        } else {
            g_assert_cmphex(f->cpu->g[n], ==, before[n]);
        }
    }
    if (pressure) {
        pressure_check(f);
    }
    g_assert_cmpuint(f->cpu->tcg.icount, ==, 1);
}

/* Results go to: another pinned one, the operands' own, memory, memory operands' own. */
static const uint8_t dsts[] = { G_P6, 1, 2, G_M4, G_M1, G_M2, G_P7_32, G_M5_32 };

static void test_op(Fixture *f, Case *c)
{
    static unsigned turn; /* spreads the places of the result over the cases */
    bool two = c->n_src > 1;

    for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
        for (unsigned j = 0; j < (two ? ARRAY_SIZE(edges) : 1); j++) {
            for (Place a = 0; a < N_PLACES; a++) {
                for (Place b = 0; b < (two ? N_PLACES : 1); b++) {
                    *c = (Case){ c->op, c->type, c->cond, c->n_src,
                                 { a, b, (a + turn) % N_PLACES, (b + turn / 5) % N_PLACES },
                                 { edges[i], edges[j], 0x1111222233334444, -5 } };
                    turn++;
                    run_case(f, c, dsts[turn % ARRAY_SIZE(dsts)], turn % 7 == 0);
                }
            }
        }
    }
    /* every place of operands and result at one pair of values */
    for (Place a = 0; a < N_PLACES; a++) {
        for (Place b = 0; b < N_PLACES; b++) {
            for (unsigned d = 0; d < ARRAY_SIZE(dsts); d++) {
                for (int pressure = 0; pressure < 2; pressure++) {
                    *c = (Case){ c->op, c->type, c->cond, c->n_src,
                                 { a, b, b, a },
                                 { 0x8123456789abcdef, 13, 77, 0xfedcba9876543210 } };
                    run_case(f, c, dsts[d], pressure);
                }
            }
        }
    }
}

/* Both operands the same value. */
static void test_same_operand(Fixture *f, IrOp op, IrType type)
{
    static const uint8_t globals[] = { 1, G_M1 };

    for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
        for (unsigned k = 0; k < 4; k++) {
            unsigned g = globals[k & 1], dst = k & 2 ? g : G_P6;
            uint64_t src[4], expected;
            IrVal v, r;

            fixture_reset(f);
            f->cpu->g[g] = edges[i];
            ir_insn_start(f->b, 0);
            v = ir_get_global(f->b, g);
            v = type == IR_I32 ? ir_trunc(f->b, v) : v;
            r = builders[op].binary(f->b, v, v);
            ir_set_global(f->b, dst, type == IR_I32 ? ir_extend_s(f->b, r) : r);
            ir_exit_loop(f->b, 4);
            fixture_go(f);
            src[0] = src[1] = ir_canonical(type, edges[i]);
            expected = ir_eval(op, type, 0, src);
            g_assert_cmphex(f->cpu->g[dst], ==, expected);
        }
    }
}

/* Shapes that the builder makes one op of: rotations made of two shifts, and bitwise ops of
 * sign-extended halves. All that was computed on the way is looked at too. */
static void test_joined(gconstpointer data)
{
    typedef IrVal Join(IrBuilder *b, IrVal x, IrVal y);
    static Join *const joins[] = { ir_or, ir_xor, ir_and };
    Fixture *f = fixture_new(data);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(edges) * 31 * ARRAY_SIZE(joins) * 4; i++) {
        uint64_t x = edges[i % ARRAY_SIZE(edges)];
        unsigned n = i / ARRAY_SIZE(edges) % 31 + 1, kind = i / ARRAY_SIZE(edges) / 31;
        unsigned join = kind % ARRAY_SIZE(joins), shape = kind / ARRAY_SIZE(joins);
        bool wide = shape & 1;
        unsigned w = wide ? 64 : 32, back = w - n + (shape >> 1); /* the latter: none */
        uint64_t a = wide ? x << n : (uint64_t)(int32_t)((uint32_t)x << n);
        uint64_t b = wide ? x >> (back & 63)
                          : (uint64_t)(int32_t)((uint32_t)x >> (back & 31));
        uint64_t joined = join == 0 ? a | b : join == 1 ? a ^ b : a & b;
        IrType type = wide ? IR_I64 : IR_I32;
        IrVal v[2];

        fixture_reset(f);
        f->cpu->g[1] = x;
        ir_insn_start(f->b, 0);
        for (unsigned k = 0; k < 2; k++) {
            IrVal z = ir_get_global(f->b, 1), count = ir_const(f->b, type, k ? back : n);
            z = wide ? z : ir_trunc(f->b, z);
            z = k ? ir_shr(f->b, z, count) : ir_shl(f->b, z, count);
            v[k] = wide ? z : ir_extend_s(f->b, z);
            ir_set_global(f->b, 2 + k, v[k]);
        }
        v[0] = joins[join](f->b, v[0], v[1]);
        ir_set_global(f->b, G_M1, v[0]);
        ir_set_global(f->b, 4, ir_not(f->b, v[0]));
        ir_exit_loop(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[2], ==, a);
        g_assert_cmphex(f->cpu->g[3], ==, b);
        g_assert_cmphex(f->cpu->g[G_M1], ==, joined);
        g_assert_cmphex(f->cpu->g[4], ==, ~joined);
    }
    fixture_free(f);
}

static void test_pure_op(gconstpointer data)
{
    const char *backend = data;
    Fixture *f = fixture_new(backend);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (IrOp op = 0; op < IR_OP_COUNT; op++) {
        if (!(ir_op_info[op].effects & IR_EFF_PURE) || op == IR_OP_f_bits ||
            op == IR_OP_f_from_bits) { /* test-tcg-fp.c */
            continue;
        }
        for (IrType type = IR_I32; type <= IR_I64; type++) {
            Case c = { .op = op, .type = type, .n_src = ir_op_info[op].n_src };
            bool has_cond = op == IR_OP_setcond || op == IR_OP_select;

            if (!strchr(ir_op_info[op].operands, 'T') && type == IR_I32) {
                continue; /* the types are fixed */
            }
            g_assert_true(has_cond || builders[op].unary || builders[op].binary);
            for (IrCond cond = IR_EQ; cond <= (has_cond ? IR_GTU : IR_EQ); cond++) {
                c.cond = cond;
                test_op(f, &c);
            }
            if (builders[op].binary) {
                test_same_operand(f, op, type);
            }
        }
    }
    fixture_free(f);
}

/* The evaluator itself, by values worked out from the table's text. */
static void test_eval(void)
{
    static const struct {
        IrOp op;
        IrType type;
        uint64_t a, b, r;
    } t[] = {
        { IR_OP_add, IR_I32, INT32_MAX, 1, (uint64_t)INT32_MIN },
        { IR_OP_sub, IR_I64, 0, 1, UINT64_MAX },
        { IR_OP_divs, IR_I64, 7, 0, UINT64_MAX },
        { IR_OP_divs, IR_I64, INT64_MIN, -1, (uint64_t)INT64_MIN },
        { IR_OP_divs, IR_I32, INT32_MIN, -1, (uint64_t)INT32_MIN },
        { IR_OP_divs, IR_I32, -7, 2, -(uint64_t)3 },
        { IR_OP_divu, IR_I32, -1, 2, INT32_MAX },
        { IR_OP_divu, IR_I64, 5, 0, UINT64_MAX },
        { IR_OP_divu, IR_I32, 5, 0, UINT64_MAX },
        { IR_OP_rems, IR_I64, INT64_MIN, -1, 0 },
        { IR_OP_rems, IR_I32, -7, 2, UINT64_MAX },
        { IR_OP_rems, IR_I64, 9, 0, 9 },
        { IR_OP_remu, IR_I64, 9, 0, 9 },
        { IR_OP_remu, IR_I32, -1, 10, 5 },
        { IR_OP_mulhs, IR_I64, INT64_MIN, INT64_MIN, UINT64_C(1) << 62 },
        { IR_OP_mulhu, IR_I64, -1, -1, -(uint64_t)2 },
        { IR_OP_mulhsu, IR_I64, -1, -1, UINT64_MAX },
        { IR_OP_mulhu, IR_I32, -1, -1, -(uint64_t)2 },
        { IR_OP_mulhsu, IR_I32, -1, -1, UINT64_MAX },
        { IR_OP_shl, IR_I32, 1, 31, (uint64_t)INT32_MIN },
        { IR_OP_shl, IR_I32, 1, 32, 1 },
        { IR_OP_shr, IR_I32, -1, 4, 0x0fffffff },
        { IR_OP_sar, IR_I64, INT64_MIN, 127, UINT64_MAX },
        { IR_OP_rotl, IR_I32, INT32_MIN, 1, 1 },
        { IR_OP_rotr, IR_I64, 1, 1, (uint64_t)INT64_MIN },
        { IR_OP_clz, IR_I32, 0, 0, 32 },
        { IR_OP_clz, IR_I64, 1, 0, 63 },
        { IR_OP_ctz, IR_I64, 0, 0, 64 },
        { IR_OP_ctz, IR_I32, INT32_MIN, 0, 31 },
        { IR_OP_popcnt, IR_I32, -1, 0, 32 },
        { IR_OP_bswap, IR_I32, 0x80, 0, (uint64_t)INT32_MIN },
        { IR_OP_bswap, IR_I64, 0x0102030405060708, 0, 0x0807060504030201 },
        { IR_OP_extend_u, IR_I64, -1, 0, 0xffffffff },
        { IR_OP_sext32, IR_I64, 0x80000000, 0, (uint64_t)INT32_MIN },
        { IR_OP_orc, IR_I64, 0, -1, 0 },
        { IR_OP_andc, IR_I64, -1, 0xf, -(uint64_t)16 },
        { IR_OP_eqv, IR_I64, 5, 5, UINT64_MAX },
    };

    for (unsigned n = 0; n < ARRAY_SIZE(t); n++) {
        uint64_t src[4] = { t[n].a, t[n].b };
        g_assert_cmphex(ir_eval(t[n].op, t[n].type, 0, src), ==, t[n].r);
    }
    g_assert_true(ir_eval_cond(IR_I32, IR_LTU, 1, UINT64_MAX));
    g_assert_true(ir_eval_cond(IR_I32, IR_LT, UINT64_MAX, 1));
    g_assert_true(ir_eval_cond(IR_I32, IR_GTU, (uint64_t)INT32_MIN, INT32_MAX));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/eval", test_eval);
    g_test_add_data_func("/tcg/interp/joined", "interp", test_joined);
    g_test_add_data_func("/tcg/x86_64/joined", "x86_64", test_joined);
    g_test_add_data_func("/tcg/x86_64-tier2/joined", "x86_64-tier2", test_joined);
    g_test_add_data_func("/tcg/interp/pure-ops", "interp", test_pure_op);
    g_test_add_data_func("/tcg/x86_64/pure-ops", "x86_64", test_pure_op);
    g_test_add_data_func("/tcg/x86_64-baseline/pure-ops", "x86_64-baseline", test_pure_op);
    g_test_add_data_func("/tcg/x86_64-tier2/pure-ops", "x86_64-tier2", test_pure_op);
    return g_test_run();
}
