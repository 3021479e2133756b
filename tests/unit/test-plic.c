/*
 * RISC-V PLIC: gateways, priorities, thresholds, claim and completion, contexts, registers
 * that do not exist, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/intc/sifive-plic.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define BASE UINT64_C(0x0c000000)
enum { SOURCES = 96, CONTEXTS = 4 };
enum { PENDING = 0x1000, ENABLE = 0x2000, THRESHOLD = 0x200000, CLAIM = 0x200004 };

static void *plic;

static void setup(TestMachine *m)
{
    plic = tm_add_sysbus(m, TYPE_SIFIVE_PLIC, "hart-config=MS,,MS,num-sources=96", BASE);
}

static uint32_t in(TestMachine *m, uint32_t reg)
{
    return tm_read32(m, BASE + reg);
}

static void out(TestMachine *m, uint32_t reg, uint32_t value)
{
    tm_write32(m, BASE + reg, value);
}

static void set_priority(TestMachine *m, unsigned source, uint32_t priority)
{
    out(m, 4 * source, priority);
}

static void enable(TestMachine *m, unsigned context, unsigned source, bool on)
{
    uint32_t reg = ENABLE + 0x80 * context + source / 32 * 4;
    uint32_t old = in(m, reg), bit = 1u << source % 32;

    out(m, reg, on ? old | bit : old & ~bit);
}

static void wire(TestMachine *m, unsigned source, int level)
{
    tm_irq_in(m, plic, NULL, source, level);
}

static bool pending(TestMachine *m, unsigned source)
{
    return in(m, PENDING + source / 32 * 4) >> source % 32 & 1;
}

static uint32_t claim(TestMachine *m, unsigned context)
{
    return in(m, CLAIM + 0x1000 * context);
}

static void complete(TestMachine *m, unsigned context, uint32_t source)
{
    out(m, CLAIM + 0x1000 * context, source);
}

static int level(TestMachine *m, unsigned context)
{
    return tm_irq_level(m, plic, context);
}

/* Priorities and thresholds keep three bits; source 0 is none; 96 enable bits exist. */
static void test_registers(TestMachine *m)
{
    for (unsigned i = 1; i < SOURCES; i++) {
        set_priority(m, i, UINT32_MAX);
        g_assert_cmphex(in(m, 4 * i), ==, 7);
        set_priority(m, i, 8);
        g_assert_cmphex(in(m, 4 * i), ==, 0);
        set_priority(m, i, 0xb);
        g_assert_cmphex(in(m, 4 * i), ==, 3);
    }
    set_priority(m, 0, 7);
    g_assert_cmphex(in(m, 0), ==, 0);
    set_priority(m, SOURCES, 7);
    g_assert_cmphex(in(m, 4 * SOURCES), ==, 0);
    for (unsigned c = 0; c < CONTEXTS; c++) {
        for (unsigned w = 0; w < 4; w++) {
            out(m, ENABLE + 0x80 * c + 4 * w, UINT32_MAX);
            g_assert_cmphex(in(m, ENABLE + 0x80 * c + 4 * w), ==, w < 3 ? UINT32_MAX : 0);
        }
        out(m, THRESHOLD + 0x1000 * c, 0xd);
        g_assert_cmphex(in(m, THRESHOLD + 0x1000 * c), ==, 5);
    }
    out(m, ENABLE + 0x80 * CONTEXTS, 1);
    g_assert_cmphex(in(m, ENABLE + 0x80 * CONTEXTS), ==, 0);
    out(m, THRESHOLD + 0x1000 * CONTEXTS, 1);
    g_assert_cmphex(in(m, THRESHOLD + 0x1000 * CONTEXTS), ==, 0);
    out(m, PENDING, UINT32_MAX);
    g_assert_cmphex(in(m, PENDING), ==, 0);
    g_assert_cmphex(claim(m, CONTEXTS), ==, 0);
    tm_reset(m);
    g_assert_cmphex(in(m, 4), ==, 0);
    g_assert_cmphex(in(m, ENABLE), ==, 0);
    g_assert_cmphex(in(m, THRESHOLD), ==, 0);
}

static void test_sizes(TestMachine *m)
{
    static const unsigned wrong[] = { 1, 2, 8 };
    uint64_t v;

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmpint(tm_try_read(m, BASE + 8, wrong[i], &v), !=, MEMTX_OK);
        g_assert_cmpint(tm_try_write(m, BASE + 8, wrong[i], 1), !=, MEMTX_OK);
    }
    g_assert_cmphex(in(m, 8), ==, 0);
}

/* A level-triggered source: pending, claimed, not pending again before completion, then
 * pending as long as the line is high. */
static void test_gateway(TestMachine *m)
{
    set_priority(m, 10, 1);
    enable(m, 1, 10, true);
    wire(m, 10, 1);
    g_assert_true(pending(m, 10));
    g_assert_cmpint(level(m, 1), ==, 1);
    g_assert_cmpint(level(m, 0), ==, 0);
    g_assert_cmpuint(claim(m, 0), ==, 0);
    g_assert_cmpuint(claim(m, 1), ==, 10);
    g_assert_false(pending(m, 10));
    g_assert_cmpint(level(m, 1), ==, 0);
    g_assert_cmpuint(claim(m, 1), ==, 0);
    wire(m, 10, 0);
    wire(m, 10, 1);
    g_assert_cmpint(level(m, 1), ==, 0);
    complete(m, 1, 10);
    g_assert_cmpint(level(m, 1), ==, 1);
    g_assert_cmpuint(claim(m, 1), ==, 10);
    wire(m, 10, 0);
    complete(m, 1, 10);
    g_assert_cmpint(level(m, 1), ==, 0);
    g_assert_false(pending(m, 10));
    /* a request that was latched stays although the line falls */
    wire(m, 10, 1);
    wire(m, 10, 0);
    g_assert_cmpuint(claim(m, 1), ==, 10);
    complete(m, 1, 10);
    g_assert_cmpuint(claim(m, 1), ==, 0);
}

/* The highest priority first, then the lowest number. */
static void test_order(TestMachine *m)
{
    static const struct { unsigned source, priority; } in_order[] = {
        { 64, 7 }, { 95, 7 }, { 31, 3 }, { 33, 3 }, { 1, 1 }, { 2, 1 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(in_order); i++) {
        set_priority(m, in_order[i].source, in_order[i].priority);
        enable(m, 0, in_order[i].source, true);
        wire(m, in_order[i].source, 1);
    }
    enable(m, 0, 5, true);
    wire(m, 5, 1);        /* priority 0: never */
    for (unsigned i = 0; i < ARRAY_SIZE(in_order); i++) {
        g_assert_cmpint(level(m, 0), ==, 1);
        g_assert_cmpuint(claim(m, 0), ==, in_order[i].source);
    }
    g_assert_cmpint(level(m, 0), ==, 0);
    g_assert_cmpuint(claim(m, 0), ==, 0);
}

static void test_threshold(TestMachine *m)
{
    set_priority(m, 8, 4);
    enable(m, 3, 8, true);
    out(m, THRESHOLD + 0x3000, 4);
    wire(m, 8, 1);
    g_assert_cmpint(level(m, 3), ==, 0);
    g_assert_cmpuint(claim(m, 3), ==, 0);
    out(m, THRESHOLD + 0x3000, 3);
    g_assert_cmpint(level(m, 3), ==, 1);
    set_priority(m, 8, 2);
    g_assert_cmpint(level(m, 3), ==, 0);
    set_priority(m, 8, 7);
    g_assert_cmpint(level(m, 3), ==, 1);
    enable(m, 3, 8, false);
    g_assert_cmpint(level(m, 3), ==, 0);
    enable(m, 3, 8, true);
    g_assert_cmpuint(claim(m, 3), ==, 8);
}

/* Every context that enables a source sees it; one of them gets it. */
static void test_contexts(TestMachine *m)
{
    set_priority(m, 40, 1);
    for (unsigned c = 0; c < CONTEXTS; c++) {
        enable(m, c, 40, true);
    }
    wire(m, 40, 1);
    for (unsigned c = 0; c < CONTEXTS; c++) {
        g_assert_cmpint(level(m, c), ==, 1);
    }
    g_assert_cmpuint(claim(m, 2), ==, 40);
    for (unsigned c = 0; c < CONTEXTS; c++) {
        g_assert_cmpint(level(m, c), ==, 0);
        g_assert_cmpuint(claim(m, c), ==, 0);
    }
    wire(m, 40, 0);
    /* completion by a context that has not enabled the source is ignored */
    enable(m, 3, 40, false);
    complete(m, 3, 40);
    wire(m, 40, 1);
    g_assert_cmpuint(claim(m, 0), ==, 0);
    complete(m, 2, 40);
    g_assert_cmpuint(claim(m, 0), ==, 40);
    /* so is that of something that is not there */
    complete(m, 0, 0);
    complete(m, 0, SOURCES);
    complete(m, 0, UINT32_MAX);
    g_assert_cmpuint(claim(m, 1), ==, 0);
}

static void more(TestMachine *m)
{
    for (int i = 0; i < 4; i++) {
        wire(m, g_test_rand_int_range(0, SOURCES), g_test_rand_int_range(0, 2));
    }
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 0x400, DEVICE_FUZZ_ACCESSES / 4, more);
    device_fuzz(m, BASE + PENDING, 0x1400, DEVICE_FUZZ_ACCESSES / 4, more);
    device_fuzz(m, BASE + THRESHOLD, 0x5000, DEVICE_FUZZ_ACCESSES / 4, more);
    device_fuzz(m, BASE, SIFIVE_PLIC_SIZE, DEVICE_FUZZ_ACCESSES / 4, more);
    for (unsigned i = 0; i < SOURCES; i++) {
        wire(m, i, 0);
    }
    tm_reset(m);
    test_order(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/plic/registers", setup, test_registers);
    tm_add_test("/plic/sizes", setup, test_sizes);
    tm_add_test("/plic/gateway", setup, test_gateway);
    tm_add_test("/plic/order", setup, test_order);
    tm_add_test("/plic/threshold", setup, test_threshold);
    tm_add_test("/plic/contexts", setup, test_contexts);
    tm_add_test("/plic/fuzz", setup, test_fuzz);
    return g_test_run();
}
