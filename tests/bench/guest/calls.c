/*
 * Benchmarks of calls, returns and indirect jumps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#define NOINLINE __attribute__((noinline, noclone))

static NOINLINE uint64_t fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t bench_recurse(unsigned scale)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < scale; i++) {
        sum += fib(27);
    }
    return sum;
}

/* ---- Virtual calls ---- */

typedef struct Shape Shape;
typedef struct ShapeClass {
    uint64_t (*area)(const Shape *s);
    uint64_t (*edge)(const Shape *s);
} ShapeClass;
struct Shape {
    const ShapeClass *klass;
    uint32_t a, b;
};

static NOINLINE uint64_t rectangle_area(const Shape *s)
{
    return (uint64_t)s->a * s->b;
}
static NOINLINE uint64_t rectangle_edge(const Shape *s)
{
    return 2 * (s->a + s->b);
}
static NOINLINE uint64_t triangle_area(const Shape *s)
{
    return (uint64_t)s->a * s->b / 2;
}
static NOINLINE uint64_t triangle_edge(const Shape *s)
{
    return s->a + s->b + (s->a > s->b ? s->a : s->b);
}
static NOINLINE uint64_t line_area(const Shape *s)
{
    (void)s;
    return 0;
}
static NOINLINE uint64_t line_edge(const Shape *s)
{
    return s->a;
}

uint64_t bench_virtual(unsigned scale)
{
    static const ShapeClass classes[3] = {
        { rectangle_area, rectangle_edge },
        { triangle_area, triangle_edge },
        { line_area, line_edge },
    };
    enum { N = 1000 };
    static Shape shapes[N];
    uint64_t sum = 0, seed = 99;

    for (int i = 0; i < N; i++) {
        shapes[i].klass = &classes[random_next(&seed) % 3];
        shapes[i].a = (uint32_t)(random_next(&seed) & 1023);
        shapes[i].b = (uint32_t)(random_next(&seed) & 1023);
    }
    for (unsigned turn = 0; turn < scale * 100; turn++) {
        for (int i = 0; i < N; i++) {
            const Shape *s = &shapes[i];

            sum += s->klass->area(s) ^ s->klass->edge(s);
        }
    }
    return sum;
}

/* ---- An interpreter with a computed goto ---- */

enum { OP_PUSH, OP_LOAD, OP_STORE, OP_ADD, OP_SUB, OP_MUL, OP_XOR, OP_LESS, OP_JUMP_IF,
       OP_JUMP, OP_HALT };

static NOINLINE uint64_t interpret(const int32_t *code, uint64_t *vars)
{
    static const void *const labels[] = {
        &&do_push, &&do_load, &&do_store, &&do_add, &&do_sub, &&do_mul, &&do_xor,
        &&do_less, &&do_jump_if, &&do_jump, &&do_halt,
    };
    uint64_t stack[32], *sp = stack;
    const int32_t *pc = code;

#define NEXT goto *labels[*pc++]
    NEXT;
do_push:
    *sp++ = (uint64_t)(int64_t)*pc++;
    NEXT;
do_load:
    *sp++ = vars[*pc++];
    NEXT;
do_store:
    vars[*pc++] = *--sp;
    NEXT;
do_add:
    sp--;
    sp[-1] += *sp;
    NEXT;
do_sub:
    sp--;
    sp[-1] -= *sp;
    NEXT;
do_mul:
    sp--;
    sp[-1] *= *sp;
    NEXT;
do_xor:
    sp--;
    sp[-1] ^= *sp;
    NEXT;
do_less:
    sp--;
    sp[-1] = sp[-1] < *sp;
    NEXT;
do_jump_if:
    pc = *--sp ? code + *pc : pc + 1;
    NEXT;
do_jump:
    pc = code + *pc;
    NEXT;
do_halt:
    return vars[0];
#undef NEXT
}

uint64_t bench_interp(unsigned scale)
{
    /* for (i = 0; i < n; i++) { x = (x * 31 + i) ^ 0x55; if (x < i) x -= 3; } */
    static const int32_t code[] = {
        /*  0 */ OP_LOAD, 1, OP_LOAD, 2, OP_LESS, OP_JUMP_IF, 9, OP_JUMP, 47,
        /*  9 */ OP_LOAD, 0, OP_PUSH, 31, OP_MUL, OP_LOAD, 1, OP_ADD, OP_PUSH, 0x55,
        /* 19 */ OP_XOR, OP_STORE, 0,
        /* 22 */ OP_LOAD, 0, OP_LOAD, 1, OP_LESS, OP_JUMP_IF, 31, OP_JUMP, 38,
        /* 31 */ OP_LOAD, 0, OP_PUSH, 3, OP_SUB, OP_STORE, 0,
        /* 38 */ OP_LOAD, 1, OP_PUSH, 1, OP_ADD, OP_STORE, 1, OP_JUMP, 0,
        /* 47 */ OP_HALT,
    };
    uint64_t vars[3] = { 1, 0, (uint64_t)scale * 10000 };

    return interpret(code, vars);
}
