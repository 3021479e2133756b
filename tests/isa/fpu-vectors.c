/*
 * Checks fpu/ against test vectors in the format that TestFloat's testfloat_gen writes:
 *
 *     testfloat_gen -rmin f64_mulAdd | fpu-vectors f64_mulAdd min
 *
 * A line is the operands, the result and the flags in hexadecimal. Each line is computed
 * twice: with no flag set before, and with inexact set, which lets fpu/ use the host's
 * FPU. Results are compared exactly, NaNs too. Prints mismatches (the first ten) and
 * ends with "N passed, N failed"; exits with 1 if any failed or there was no input.
 *
 * With -backend a function of binary32 or binary64 is computed by the op of the translator's IR
 * that does it, in code of that backend (as tests/unit names them).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/softfloat.h"
#include "fp-ops.h"

#define MAX_REPORTS 10

typedef struct Vector {
    uint64_t in[3], out, flags;
} Vector;

typedef struct Function {
    const char *name;
    int operands;
    uint64_t (*run)(const uint64_t *v, FloatStatus *s);
} Function;

/* V(name, operands, expression): v are the operands, s the status. */
#define FORMAT_VECTORS(V, f)                                                            \
    V(f##_add, 2, f##_add(v[0], v[1], s))                                               \
    V(f##_sub, 2, f##_sub(v[0], v[1], s))                                               \
    V(f##_mul, 2, f##_mul(v[0], v[1], s))                                               \
    V(f##_div, 2, f##_div(v[0], v[1], s))                                               \
    V(f##_rem, 2, f##_rem(v[0], v[1], s))                                               \
    V(f##_sqrt, 1, f##_sqrt(v[0], s))                                                   \
    V(f##_mulAdd, 3, f##_muladd(v[0], v[1], v[2], 0, s))                                \
    V(f##_roundToInt, 1, f##_round_to_int(v[0], false, s))                              \
    V(f##_eq, 2, f##_eq(v[0], v[1], s))                                                 \
    V(f##_eq_signaling, 2, f##_eq_signaling(v[0], v[1], s))                             \
    V(f##_le, 2, f##_le(v[0], v[1], s))                                                 \
    V(f##_le_quiet, 2, f##_le_quiet(v[0], v[1], s))                                     \
    V(f##_lt, 2, f##_lt(v[0], v[1], s))                                                 \
    V(f##_lt_quiet, 2, f##_lt_quiet(v[0], v[1], s))                                     \
    V(f##_to_i32, 1, (uint32_t)f##_to_int32(v[0], s))                                   \
    V(f##_to_ui32, 1, f##_to_uint32(v[0], s))                                           \
    V(f##_to_i64, 1, f##_to_int64(v[0], s))                                             \
    V(f##_to_ui64, 1, f##_to_uint64(v[0], s))                                           \
    V(i32_to_##f, 1, f##_from_int32(v[0], s))                                           \
    V(ui32_to_##f, 1, f##_from_uint32(v[0], s))                                         \
    V(i64_to_##f, 1, f##_from_int64(v[0], s))                                           \
    V(ui64_to_##f, 1, f##_from_uint64(v[0], s))

#define ALL_VECTORS(V)                                                                  \
    FORMAT_VECTORS(V, f16)                                                              \
    FORMAT_VECTORS(V, f32)                                                              \
    FORMAT_VECTORS(V, f64)                                                              \
    V(f16_to_f32, 1, f16_to_f32(v[0], s))                                               \
    V(f16_to_f64, 1, f16_to_f64(v[0], s))                                               \
    V(f32_to_f16, 1, f32_to_f16(v[0], s))                                               \
    V(f32_to_f64, 1, f32_to_f64(v[0], s))                                               \
    V(f64_to_f16, 1, f64_to_f16(v[0], s))                                               \
    V(f64_to_f32, 1, f64_to_f32(v[0], s))

#define DEFINE_RUN(fn, operands, expr)                                                  \
    static uint64_t run_##fn(const uint64_t *v, FloatStatus *s)                         \
    {                                                                                   \
        return expr;                                                                    \
    }
ALL_VECTORS(DEFINE_RUN)
DEFINE_RUN(f16_exact, 1, f16_round_to_int(v[0], true, s))
DEFINE_RUN(f32_exact, 1, f32_round_to_int(v[0], true, s))
DEFINE_RUN(f64_exact, 1, f64_round_to_int(v[0], true, s))

#define FUNCTION_ROW(fn, operands, expr) { #fn, operands, run_##fn },
static const Function functions[] = {
    ALL_VECTORS(FUNCTION_ROW)
};
static const Function exact_functions[] = {
    { "f16_roundToInt", 1, run_f16_exact },
    { "f32_roundToInt", 1, run_f32_exact },
    { "f64_roundToInt", 1, run_f64_exact },
};

/* TestFloat's names of the rounding modes, in the order of FloatRounding. */
static const char *const rounding_names[] = {
    "near_even", "minMag", "min", "max", "near_maxMag", "odd",
};

/* A function's op in translated code. */
typedef struct Translated {
    Fixture *f;
    const void *entry;
    bool single;          /* operands are boxed */
    uint64_t result_mask;
} Translated;

static const struct {
    const char *name; /* behind the operand's format */
    IrOp op;
    unsigned cond;
} translated_ops[] = {
    { "add", IR_OP_f_add, 0 }, { "sub", IR_OP_f_sub, 0 }, { "mul", IR_OP_f_mul, 0 },
    { "div", IR_OP_f_div, 0 }, { "sqrt", IR_OP_f_sqrt, 0 }, { "mulAdd", IR_OP_f_muladd, 0 },
    { "eq", IR_OP_f_cmp, IR_EQ }, { "lt", IR_OP_f_cmp, IR_LT }, { "le", IR_OP_f_cmp, IR_LE },
    { "to_f32", IR_OP_f_convert, 0 }, { "to_f64", IR_OP_f_convert, 0 },
    { "to_i32", IR_OP_f_to_int, 0 }, { "to_ui32", IR_OP_f_to_int, IR_INT_UNSIGNED },
    { "to_i64", IR_OP_f_to_int, IR_INT_64 },
    { "to_ui64", IR_OP_f_to_int, IR_INT_64 | IR_INT_UNSIGNED },
};
static const struct {
    const char *name;
    unsigned kind;
} translated_ints[] = {
    { "i32_to_", 0 }, { "ui32_to_", IR_INT_UNSIGNED }, { "i64_to_", IR_INT_64 },
    { "ui64_to_", IR_INT_64 | IR_INT_UNSIGNED },
};

static const FpOp *translated_op(const char *name, bool *ret_single)
{
    for (size_t i = 0; i < ARRAY_SIZE(translated_ints); i++) {
        size_t n = strlen(translated_ints[i].name);
        if (!strncmp(name, translated_ints[i].name, n)) {
            *ret_single = g_str_equal(name + n, "f32");
            return *ret_single || g_str_equal(name + n, "f64")
                       ? fp_op_find(IR_OP_f_from_int, translated_ints[i].kind)
                       : NULL;
        }
    }
    *ret_single = g_str_has_prefix(name, "f32_");
    if (!*ret_single && !g_str_has_prefix(name, "f64_")) {
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(translated_ops); i++) {
        if (g_str_equal(name + 4, translated_ops[i].name)) {
            return fp_op_find(translated_ops[i].op, translated_ops[i].cond);
        }
    }
    return NULL;
}

/* False: no op, mode or backend for it. */
static bool translate(const char *backend, const char *name, unsigned rounding, Translated *t)
{
    bool single;
    const FpOp *o = translated_op(name, &single);
    IrMemOp format = single ? IR_MO_32 : IR_MO_64;
    bool from_int, to_int;
    IrVal v[3], r;

    if (!o || rounding > IR_FP_UP || !(t->f = fixture_new(backend))) {
        return false;
    }
    from_int = o->op == IR_OP_f_from_int;
    to_int = o->op == IR_OP_f_to_int || o->op == IR_OP_f_cmp;
    t->single = single && !from_int;
    /* of results in binary32 and of 32-bit integers the low half counts */
    t->result_mask = g_str_has_suffix(name, "i32") || g_str_has_suffix(name, "to_f32") ||
                             (single && !g_str_has_suffix(name, "64"))
                         ? UINT32_MAX
                         : UINT64_MAX;
    ir_insn_start(t->f->b, 0);
    for (unsigned k = 0; k < 3; k++) {
        v[k] = ir_get_global(t->f->b, G_F1 + k);
        v[k] = from_int ? ir_f_bits(t->f->b, v[k]) : v[k];
    }
    r = fp_op_build(t->f->b, o, format, v);
    ir_set_global(t->f->b, G_F4, to_int ? ir_f_from_bits(t->f->b, r) : r);
    ir_exit_direct(t->f->b, 4);
    t->entry = fixture_compile(t->f, CODE_PC).entry;
    return true;
}

static uint64_t run_translated(const Translated *t, const uint64_t *v, FloatStatus *s)
{
    CpuState *cpu = t->f->cpu;

    for (unsigned k = 0; k < 3; k++) {
        cpu->g[G_F1 + k] = t->single ? v[k] | FP_BOX : v[k];
    }
    cpu->fp_flags = s->flags;
    cpu->fp_rounding = s->rounding;
    cpu->g[G_PC] = CODE_PC;
    fixture_run(t->f, t->entry);
    s->flags = cpu->fp_flags;
    return cpu->g[G_F4] & t->result_mask;
}

static const Function *find_function(const Function *table, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (g_str_equal(table[i].name, name)) {
            return &table[i];
        }
    }
    return NULL;
}

/* The next number of a line, or false at the line's end. */
static bool read_hex(const char **p, uint64_t *value)
{
    const char *start;

    while (**p == ' ') {
        ++*p;
    }
    start = *p;
    *value = 0;
    for (; g_ascii_isxdigit(**p); ++*p) {
        *value = *value << 4 | g_ascii_xdigit_value(**p);
    }
    return *p != start;
}

static bool read_vector(const char *line, int operands, Vector *vec)
{
    for (int i = 0; i < operands; i++) {
        if (!read_hex(&line, &vec->in[i])) {
            return false;
        }
    }
    return read_hex(&line, &vec->out) && read_hex(&line, &vec->flags);
}

/* @t: in translated code, if it has an entry */
static bool check_vector(const Function *fn, const Translated *t, const FloatStatus *base,
                         const Vector *vec, unsigned flags_before, bool report)
{
    FloatStatus s = *base;
    uint64_t out;

    s.flags = flags_before;
    out = t->entry ? run_translated(t, vec->in, &s) : fn->run(vec->in, &s);
    if (out == vec->out && s.flags == (vec->flags | flags_before)) {
        return true;
    }
    if (report) {
        printf("%s:", fn->name);
        for (int i = 0; i < fn->operands; i++) {
            printf(" %" PRIx64, vec->in[i]);
        }
        printf(" (flags %x): got %" PRIx64 " %02x, expected %" PRIx64 " %02x\n",
               flags_before, out, s.flags, vec->out, (unsigned)vec->flags | flags_before);
    }
    return false;
}

static int usage(void)
{
    fprintf(stderr, "usage: fpu-vectors FUNCTION ROUNDING [-exact] [-tininessbefore]\n"
                    "           [-nan default|sse|arm] [-backend NAME] < VECTORS\n"
                    "ROUNDING: near_even, minMag, min, max, near_maxMag, odd\n");
    return 2;
}

int main(int argc, char **argv)
{
    FloatStatus status = { .default_nan = true };
    const char *backend = NULL;
    Translated t = { 0 };
    const Function *fn;
    uint64_t passed = 0, failed = 0;
    char line[256];
    unsigned rounding = 0;
    bool exact = false;

    if (argc < 3) {
        return usage();
    }
    while (rounding < ARRAY_SIZE(rounding_names) &&
           !g_str_equal(argv[2], rounding_names[rounding])) {
        rounding++;
    }
    if (rounding == ARRAY_SIZE(rounding_names)) {
        return usage();
    }
    status.rounding = rounding;
    for (int i = 3; i < argc; i++) {
        if (g_str_equal(argv[i], "-exact")) {
            exact = true;
        } else if (g_str_equal(argv[i], "-tininessbefore")) {
            status.tininess_before = true;
        } else if (g_str_equal(argv[i], "-backend") && i + 1 < argc) {
            backend = argv[++i];
        } else if (g_str_equal(argv[i], "-nan") && i + 1 < argc) {
            i++;
            status.default_nan = g_str_equal(argv[i], "default");
            status.default_nan_negative = g_str_equal(argv[i], "sse");
            status.nan_rule = g_str_equal(argv[i], "sse") ? FLOAT_NAN_FIRST
                                                          : FLOAT_NAN_SIGNALING_FIRST;
        } else {
            return usage();
        }
    }
    fn = find_function(functions, ARRAY_SIZE(functions), argv[1]);
    if (fn && exact) {
        const Function *f = find_function(exact_functions, ARRAY_SIZE(exact_functions),
                                          argv[1]);
        fn = f ? f : fn;
    }
    if (!fn) {
        fprintf(stderr, "fpu-vectors: unknown function '%s'\n", argv[1]);
        return 2;
    }

    if (backend && !translate(backend, argv[1], rounding, &t)) {
        fprintf(stderr, "fpu-vectors: no code of backend '%s' for %s %s\n", backend, argv[1],
                argv[2]);
        return 2;
    }
    while (fgets(line, sizeof(line), stdin)) {
        Vector vec;
        bool report = failed < MAX_REPORTS;

        if (!read_vector(line, fn->operands, &vec)) {
            fprintf(stderr, "fpu-vectors: not a vector of %s: %s", fn->name, line);
            return 2;
        }
        if (check_vector(fn, &t, &status, &vec, 0, report) &&
            check_vector(fn, &t, &status, &vec, FLOAT_FLAG_INEXACT, report)) {
            passed++;
        } else {
            failed++;
        }
    }
    printf("%s %s%s: %" PRIu64 " passed, %" PRIu64 " failed\n", argv[1], argv[2],
           exact ? " exact" : "", passed, failed);
    return failed || !passed;
}
