/*
 * Floating point of the IR on each backend, against fpu/: result and flags of every op, format
 * and rounding mode over pairs of edge values; where operands and result are; and that whoever
 * looks at the state finds flags and registers there: helpers, slow paths, exceptions, exits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <fenv.h>
#include "fp-ops.h"
#include "tcg/ir-info.h"

static const uint32_t edges32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
    0xffc01234, 0x7f800001, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff, 0x3effffff,
    0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f7fffff, 0x5f000000, 0xdf000000,
    0x40490fdb, 0x3f800001, 0x3fc00000, 0x0d000000,
};
static const uint64_t edges64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000001234,
    0x7ff0000000000001, 0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000,
    0x7fefffffffffffff, 0x3fdfffffffffffff, 0x41dfffffffc00000, 0x41dfffffffe00000,
    0xc1e0000000000000, 0xc1e0000000100000, 0x41efffffffe00000, 0x43e0000000000000,
    0xc3e0000000000000, 0x400921fb54442d18, 0x380fffffffffffff, 0x36a0000000000000,
    0x47efffffefffffff, 0x3ff8000000000000, 0x1a00000000000000, 0xbfe8000000000000,
};
static const uint64_t ints[] = {
    0, 1, 2, -(uint64_t)1, 0x7fffffff, 0x80000000, 0xffffffff, 0x123456789, INT64_MAX,
    (uint64_t)INT64_MIN, (UINT64_C(1) << 53) + 1, UINT64_MAX - 1, (1 << 24) + 1,
};

/* Of an op in double precision. */
static const IrHelper *helper(IrOp op)
{
    return fp_op_find(op, 0)->h[1];
}

/* So many uses of each global that the second tier keeps it in a register. */
static void use_much(Fixture *f)
{
    for (unsigned n = 0; n < 5; n++) {
        IrLabel l = ir_label_new(f->b);
        for (unsigned g = G_F1; g <= G_F4; g++) {
            ir_st_env(f->b, (g - G_F1) * 8, ir_f_bits(f->b, ir_get_global(f->b, g)), IR_MO_64);
        }
        ir_br(f->b, l);
        ir_label(f->b, l);
    }
}

/* How a region is built around the op. */
typedef struct Shape {
    uint8_t src[3]; /* globals; an integer comes from the first one's bits */
    uint8_t dst;
    bool pinned;    /* use_much() */
    bool values;    /* operands are values in registers, used again later */
} Shape;

static const Shape shapes[] = {
    { { G_F1, G_F2, G_F3 }, G_F4, false, false }, { { G_F1, G_F2, G_F3 }, G_F4, true, false },
    { { G_F1, G_F2, G_F3 }, G_F1, true, false },  { { G_F1, G_F2, G_F3 }, G_F2, true, false },
    { { G_F1, G_F2, G_F3 }, G_F3, true, false },  { { G_F1, G_F2, G_F3 }, G_F2, false, false },
    { { G_F1, G_F2, G_F3 }, G_F3, false, true },  { { G_F1, G_F2, G_F3 }, G_F2, true, true },
    { { G_F1, G_F1, G_F2 }, G_F1, true, false },  { { G_F1, G_F2, G_F1 }, G_F1, true, false },
    { { G_F1, G_F1, G_F1 }, G_F4, false, false }, { { G_F1, G_F1, G_F1 }, G_F1, true, true },
    { { G_F1, G_F2, G_F2 }, G_F2, true, false },
};

static const void *compile(Fixture *f, const FpOp *o, IrMemOp format, const Shape *sh)
{
    bool to_int = o->op == IR_OP_f_cmp || o->op == IR_OP_f_to_int;
    IrVal v[3], r;

    fixture_reset(f);
    ir_insn_start(f->b, 0);
    if (sh->pinned) {
        use_much(f);
    }
    for (unsigned k = 0; k < ir_op_info[o->op].n_src; k++) {
        v[k] = ir_get_global(f->b, sh->src[k]);
        if (o->op == IR_OP_f_from_int) {
            v[k] = ir_f_bits(f->b, v[k]);
        } else if (sh->values) {
            v[k] = ir_f_from_bits(f->b, ir_xor(f->b, ir_f_bits(f->b, v[k]),
                                               ir_ld_env(f->b, IR_I64, 80, IR_MO_64)));
        }
    }
    r = fp_op_build(f->b, o, format, v);
    ir_set_global(f->b, sh->dst, to_int ? ir_f_from_bits(f->b, r) : r);
    for (unsigned k = 0; sh->values && k < ir_op_info[o->op].n_src; k++) {
        bool number = o->op != IR_OP_f_from_int;
        ir_st_env(f->b, 88 + 8 * k, number ? ir_f_bits(f->b, v[k]) : v[k], IR_MO_64);
    }
    ir_exit_direct(f->b, 4);
    return fixture_compile(f, CODE_PC).entry;
}

static void run_case(Fixture *f, const void *entry, const FpOp *o, IrMemOp format, const Shape *sh,
                     const uint64_t *values, unsigned mode, unsigned flags_before)
{
    const IrHelper *h = o->h[format == IR_MO_64];
    CpuState *cpu = f->cpu;
    uint64_t a[3], expected, g[4];
    unsigned expected_flags;

    for (unsigned n = 0; n < 4; n++) {
        cpu->g[G_F1 + n] = g[n] = n < 3 ? values[n] : 0x5555aaaa5555aaaa;
    }
    cpu->env[10] = 0; /* the operands' mask */
    cpu->fp_rounding = mode;
    cpu->fp_flags = flags_before;
    for (unsigned k = 0; k < 3; k++) {
        a[k] = g[sh->src[k] - G_F1];
    }
    expected = fp_op_reference(cpu, h, a);
    expected_flags = cpu->fp_flags;
    cpu->fp_flags = flags_before;
    cpu->g[G_PC] = CODE_PC;
    fixture_run(f, entry);
    if (cpu->g[sh->dst] != expected || cpu->fp_flags != expected_flags) {
        g_error("%s (0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ") mode %u shape %u: 0x%" PRIx64
                " flags 0x%x, expected 0x%" PRIx64 " flags 0x%x", h->name, a[0], a[1], a[2],
                mode, (unsigned)(sh - shapes), cpu->g[sh->dst], cpu->fp_flags, expected,
                expected_flags);
    }
    g[sh->dst - G_F1] = expected;
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmphex(cpu->g[G_F1 + n], ==, g[n]);
    }
    for (unsigned k = 0; sh->values && k < h->nargs; k++) {
        g_assert_cmphex(cpu->env[11 + k], ==, a[k]);
    }
    g_assert_cmpint(fegetround(), ==, FE_TONEAREST);
}

/* An operand of the op: @n counts through edge values, now and then unboxed ones. */
static uint64_t operand(const FpOp *o, IrMemOp format, unsigned n)
{
    if (o->op == IR_OP_f_from_int) {
        return ints[n % ARRAY_SIZE(ints)];
    }
    if (format == IR_MO_64) {
        return edges64[n % ARRAY_SIZE(edges64)];
    }
    n %= ARRAY_SIZE(edges32) + 2;
    return n < ARRAY_SIZE(edges32) ? FP_BOX | edges32[n] : 0x3ff0000000000000 + n;
}

static void test_ops(gconstpointer data)
{
    Fixture *f = fixture_new(data);
    unsigned turn = 0, count = MAX(ARRAY_SIZE(edges64), ARRAY_SIZE(edges32) + 2);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (unsigned k = 0; k < n_fp_ops; k++) {
        const FpOp *o = &fp_ops[k];
        unsigned second = ir_op_info[o->op].n_src > 1 ? count : 1;
        for (unsigned sh = 0; sh < ARRAY_SIZE(shapes); sh++) {
            for (IrMemOp format = IR_MO_32; format <= IR_MO_64; format++) {
                const void *entry = compile(f, o, format, &shapes[sh]);
                for (unsigned x = 0; x < count; x++) {
                    for (unsigned y = 0; y < second; y++, turn++) {
                        uint64_t v[3] = { operand(o, format, x), operand(o, format, y),
                                          operand(o, format, turn / 7) };
                        run_case(f, entry, o, format, &shapes[sh], v, turn % 4,
                                 turn % 5 ? 0 : turn % 32);
                        if (ir_op_info[o->op].n_src == 1) {
                            for (unsigned mode = 0; mode < 4; mode++) {
                                run_case(f, entry, o, format, &shapes[sh], v, mode, 0);
                            }
                        }
                    }
                }
            }
        }
    }
    fixture_free(f);
}

/* ---- Who looks at the state ---- */

static uint64_t seen_rounding;

static uint64_t do_look(CpuState *cpu, uint64_t clear)
{
    uint64_t flags = cpu->fp_flags;

    seen_rounding = fegetround();
    if (clear) {
        cpu->fp_flags = 0;
    }
    /* what C computes is not the guest's */
    volatile double x = 1, y = 3, z = x / y;
    (void)z;
    return flags;
}

static const IrHelper h_look = { "look", do_look, 0, IR_I64, 1, { IR_I64 } };

static IrVal look(Fixture *f, bool clear)
{
    const IrVal args[] = { ir_imm(f->b, clear) };

    return ir_call(f->b, &h_look, 1, args);
}

/* Flags raised before a call are seen in it, those raised by C are not the guest's. */
static void test_calls(gconstpointer data)
{
    Fixture *f = fixture_new(data);
    const uint64_t one = 0x3ff0000000000000, three = 0x4008000000000000;

    for (unsigned pinned = 0; f && pinned < 2; pinned++) {
        fixture_reset(f);
        f->cpu->g[G_F1] = one;
        f->cpu->g[G_F2] = three;
        f->cpu->g[G_F3] = 0;
        f->cpu->fp_rounding = IR_FP_UP;
        ir_insn_start(f->b, 0);
        if (pinned) {
            use_much(f);
        }
        ir_set_global(f->b, G_P1, look(f, false));
        ir_set_global(f->b, G_F4, ir_f_binary(f->b, IR_OP_f_div, IR_MO_64,
                                              ir_get_global(f->b, G_F1),
                                              ir_get_global(f->b, G_F3), helper(IR_OP_f_div)));
        ir_set_global(f->b, 2, look(f, true));
        ir_set_global(f->b, 3, look(f, false));
        ir_set_global(f->b, G_F4, ir_f_binary(f->b, IR_OP_f_div, IR_MO_64,
                                              ir_get_global(f->b, G_F1),
                                              ir_get_global(f->b, G_F2), helper(IR_OP_f_div)));
        ir_exit_direct(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->g[G_P1], ==, 0);
        g_assert_cmphex(f->cpu->g[2], ==, IR_FP_DIVBYZERO);
        g_assert_cmphex(f->cpu->g[3], ==, 0);
        g_assert_cmphex(f->cpu->fp_flags, ==, IR_FP_INEXACT);
        g_assert_cmphex(f->cpu->g[G_F4], ==, 0x3fd5555555555556); /* a third, upwards */
        g_assert_cmpint(seen_rounding, ==, FE_TONEAREST);
        /* a region without floating point that calls */
        fixture_reset(f);
        ir_insn_start(f->b, 0);
        ir_set_global(f->b, G_P1, look(f, false));
        ir_exit_direct(f->b, 4);
        fixture_go(f);
        g_assert_cmphex(f->cpu->fp_flags, ==, 0);
    }
    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    fixture_free(f);
}

/* Loads and stores of both formats, by the view and by the slow path; the exception behind an
 * op finds its result and flags. */
static void test_memory(gconstpointer data)
{
    Fixture *f = fixture_new(data);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (unsigned k = 0; k < 32; k++) {
        bool pinned = k & 1, mapped = k & 2, single = k & 4, fault = k & 8, spread = k & 16;
        IrMemOp mo = single ? IR_MO_32 : IR_MO_64;
        uint64_t at = RAM_BASE + (spread ? 0xffd : 0x100), expected = 0, got = 0, sum;
        IrVal x;

        fixture_reset(f);
        if (mapped) {
            fixture_map(f, RAM_BASE, false);
            fixture_map(f, RAM_BASE, true);
        }
        memcpy(&expected, f->cpu->ram + (at - RAM_BASE), single ? 4 : 8);
        expected |= single ? FP_BOX : 0;
        f->cpu->g[G_P1] = at;
        f->cpu->g[2] = RAM_BASE + 0x800;
        f->cpu->g[3] = 0x10; /* not RAM */
        f->cpu->g[G_F1] = 0x3ff0000000000000;
        f->cpu->g[G_F2] = 0x3ca0000000000001;
        ir_insn_start(f->b, 0);
        if (pinned) {
            use_much(f);
        }
        x = ir_f_binary(f->b, IR_OP_f_add, IR_MO_64, ir_get_global(f->b, G_F1),
                        ir_get_global(f->b, G_F2), helper(IR_OP_f_add));
        ir_set_global(f->b, G_F3, x);
        ir_insn_start(f->b, 4);
        x = ir_ld_f(f->b, ir_get_global(f->b, G_P1), mo);
        ir_set_global(f->b, G_F4, x);
        ir_insn_start(f->b, 8);
        ir_st(f->b, ir_get_global(f->b, 2), ir_get_global(f->b, G_F4), mo);
        ir_insn_start(f->b, 12);
        ir_st(f->b, ir_addi(f->b, ir_get_global(f->b, 2), 8), ir_get_global(f->b, G_F3),
              IR_MO_64);
        if (fault) {
            ir_insn_start(f->b, 16);
            ir_set_global(f->b, G_F4, ir_ld_f(f->b, ir_get_global(f->b, 3), mo));
        }
        ir_exit_direct(f->b, 20);
        sum = fp_op_reference(f->cpu, helper(IR_OP_f_add),
                              (uint64_t[]){ f->cpu->g[G_F1], f->cpu->g[G_F2] });
        f->cpu->fp_flags = 0;
        fixture_go(f);
        g_assert_cmpint(f->cpu->raised, ==, fault ? 1 : 0);
        if (fault) {
            g_assert_cmphex(f->cpu->raised_pc, ==, CODE_PC + 16);
        }
        g_assert_cmphex(f->cpu->g[G_F3], ==, sum);
        g_assert_cmphex(f->cpu->g[G_F4], ==, expected);
        g_assert_cmphex(f->cpu->fp_flags, ==, IR_FP_INEXACT);
        memcpy(&got, f->cpu->ram + 0x800, single ? 4 : 8);
        g_assert_cmphex(got, ==, single ? (uint32_t)expected : expected);
        memcpy(&got, f->cpu->ram + 0x808, 8);
        g_assert_cmphex(got, ==, sum);
        f->cpu->dirty = true;
    }
    fixture_free(f);
}

/* Flags read and written inline; a comparison between the two raises nothing. */
static void test_flags(gconstpointer data)
{
    static const IrCond conds[] = { IR_EQ, IR_LT, IR_LE };
    Fixture *f = fixture_new(data);

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    for (unsigned k = 0; k < ARRAY_SIZE(conds) * 4; k++) {
        bool single = k & 1, pinned = k & 2;
        const FpOp *o = fp_op_find(IR_OP_f_cmp, conds[k / 4]);
        const IrHelper *h = o->h[!single];
        IrMemOp format = single ? IR_MO_32 : IR_MO_64;
        const void *entry;
        IrVal flags, r;

        fixture_reset(f);
        ir_insn_start(f->b, 0);
        if (pinned) {
            use_much(f);
        }
        /* what is inexact before, and in MXCSR, stays */
        ir_set_global(f->b, G_F4, ir_f_binary(f->b, IR_OP_f_div, IR_MO_64,
                                              ir_get_global(f->b, G_F3),
                                              ir_get_global(f->b, G_F4), helper(IR_OP_f_div)));
        flags = ir_f_flags(f->b);
        ir_set_global(f->b, G_P1, flags);
        r = ir_f_cmp(f->b, format, o->cond, ir_get_global(f->b, G_F1),
                     ir_get_global(f->b, G_F2), h);
        ir_set_global(f->b, 2, r);
        ir_f_set_flags(f->b, flags);
        for (unsigned n = 0; n < ir_builder_code(f->b)->n_insns; n++) {
            g_assert_cmpint(ir_builder_code(f->b)->insns[n].op, !=, IR_OP_f_set_flags);
        }
        ir_set_global(f->b, 3, ir_f_flags(f->b));
        /* the value stored has more bits than there are flags */
        ir_f_set_flags(f->b, ir_addi(f->b, ir_get_global(f->b, 4), 1));
        ir_set_global(f->b, 5, ir_f_flags(f->b));
        ir_exit_direct(f->b, 4);
        entry = fixture_compile(f, CODE_PC).entry;
        for (unsigned n = 0; n < 30 * 30; n++) {
            unsigned before = n % 31;
            uint64_t a[2] = { operand(o, format, n % 30), operand(o, format, n / 30) };
            uint64_t expected = fp_op_reference(f->cpu, h, a);

            f->cpu->fp_rounding = n % 4;
            f->cpu->fp_flags = before;
            f->cpu->g[G_F1] = a[0];
            f->cpu->g[G_F2] = a[1];
            f->cpu->g[G_F3] = 0x3ff0000000000000;
            f->cpu->g[G_F4] = n & 8 ? 0x3ff0000000000000 : 0x4008000000000000;
            f->cpu->g[4] = 0xfff5 + n;
            f->cpu->g[G_PC] = CODE_PC;
            before |= n & 8 ? 0 : IR_FP_INEXACT;
            fixture_run(f, entry);
            g_assert_cmphex(f->cpu->g[G_P1], ==, before);
            g_assert_cmphex(f->cpu->g[2], ==, expected);
            g_assert_cmphex(f->cpu->g[3], ==, before);
            g_assert_cmphex(f->cpu->g[5], ==, (0xfff6 + n) % 32);
            g_assert_cmphex(f->cpu->fp_flags, ==, (0xfff6 + n) % 32);
        }
    }
    fixture_free(f);
}

/* Moves, constants and many values at once. */
static void test_moves(gconstpointer data)
{
    Fixture *f = fixture_new(data);
    IrVal v[24], sum;
    double expected = 0;

    if (!f) {
        g_test_skip("no such backend on this host");
        return;
    }
    fixture_reset(f);
    ir_insn_start(f->b, 0);
    for (unsigned n = 0; n < ARRAY_SIZE(v); n++) {
        double x = n + 1;
        memcpy(&f->cpu->env[n], &x, 8);
        v[n] = ir_f_from_bits(f->b, ir_ld_env(f->b, IR_I64, n * 8, IR_MO_64));
        expected += x;
    }
    ir_set_global(f->b, G_P1, look(f, false));
    sum = ir_f_from_bits(f->b, ir_imm(f->b, 0));
    for (unsigned n = 0; n < ARRAY_SIZE(v); n++) {
        sum = ir_f_binary(f->b, IR_OP_f_add, IR_MO_64, sum, v[n], helper(IR_OP_f_add));
    }
    ir_set_global(f->b, G_F1, sum);
    ir_set_global(f->b, G_F2, ir_f_from_bits(f->b, ir_imm(f->b, 0)));
    ir_set_global(f->b, G_F3, ir_f_from_bits(f->b, ir_imm(f->b, 0x123456789abcdef0)));
    ir_set_global(f->b, G_P6, ir_f_bits(f->b, v[3]));
    ir_exit_direct(f->b, 4);
    fixture_go(f);
    g_assert_cmpmem(&f->cpu->g[G_F1], 8, &expected, 8);
    g_assert_cmphex(f->cpu->g[G_F2], ==, 0);
    g_assert_cmphex(f->cpu->g[G_F3], ==, 0x123456789abcdef0);
    g_assert_cmphex(f->cpu->g[G_P6], ==, f->cpu->env[3]);
    g_assert_cmphex(f->cpu->fp_flags, ==, 0);
    fixture_free(f);
}

int main(int argc, char **argv)
{
    static const char *const backends[] = { "interp", "x86_64", "x86_64-baseline",
                                            "x86_64-tier2" };
    static const struct {
        const char *name;
        GTestDataFunc fn;
    } tests[] = {
        { "ops", test_ops }, { "calls", test_calls }, { "memory", test_memory },
        { "moves", test_moves }, { "flags", test_flags },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < ARRAY_SIZE(backends); n++) {
        for (unsigned k = 0; k < ARRAY_SIZE(tests); k++) {
            g_autofree char *path = g_strdup_printf("/tcg/%s/fp/%s", backends[n], tests[k].name);
            g_test_add_data_func(path, backends[n], tests[k].fn);
        }
    }
    return g_test_run();
}
