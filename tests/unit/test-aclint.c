/*
 * RISC-V ACLINT: software interrupts as levels (MSWI) and edges (SSWI), mtime, its
 * comparators and their deadlines, sizes, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/intc/riscv-aclint.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define BASE  UINT64_C(0x02000000)
#define MTIME (BASE + RISCV_ACLINT_MTIME)
enum { TICK_NS = 100, HARTS = 3 };

static void *dev;

static void setup_mswi(TestMachine *m)
{
    dev = tm_add_sysbus(m, TYPE_RISCV_ACLINT_SWI, "num-harts=3", BASE);
}

static void setup_sswi(TestMachine *m)
{
    dev = tm_add_sysbus(m, TYPE_RISCV_ACLINT_SWI, "num-harts=3,sswi=on", BASE);
}

static void setup_timer(TestMachine *m)
{
    dev = tm_add_sysbus(m, TYPE_RISCV_ACLINT_MTIMER, "num-harts=3", BASE);
}

static void test_mswi(TestMachine *m)
{
    for (unsigned h = 0; h < HARTS; h++) {
        tm_write32(m, BASE + 4 * h, 0xffffffff);
        g_assert_cmphex(tm_read32(m, BASE + 4 * h), ==, 1);
        for (unsigned o = 0; o < HARTS; o++) {
            g_assert_cmpint(tm_irq_level(m, dev, o), ==, o == h);
        }
        tm_write32(m, BASE + 4 * h, 0xfffffffe);
        g_assert_cmpint(tm_irq_level(m, dev, h), ==, 0);
    }
    tm_write32(m, BASE + 4 * HARTS, 1);
    g_assert_cmphex(tm_read32(m, BASE + 4 * HARTS), ==, 0);
    tm_write64(m, BASE, UINT64_C(0x100000001));
    g_assert_cmphex(tm_read64(m, BASE), ==, UINT64_C(0x100000001));
    tm_reset(m);
    for (unsigned h = 0; h < HARTS; h++) {
        g_assert_cmpint(tm_irq_level(m, dev, h), ==, 0);
    }
}

static void test_sswi(TestMachine *m)
{
    tm_write32(m, BASE + 4, 1);
    tm_write32(m, BASE + 4, 1);
    tm_write32(m, BASE + 4, 0xfffffffe);
    tm_write32(m, BASE + 4 * HARTS, 1);
    g_assert_cmpuint(tm_irq_count(m, dev, 1), ==, 2);
    g_assert_cmpuint(tm_irq_count(m, dev, 0), ==, 0);
    g_assert_cmphex(tm_read32(m, BASE + 4), ==, 0);
}

static void *write_at_random(void *opaque)
{
    MemoryRegion *mr = ((SysBusDevice *)dev)->mmio[0];
    g_autoptr(GRand) rand = g_rand_new_with_seed(GPOINTER_TO_UINT(opaque));

    for (unsigned i = 0; i < 20000; i++) {
        uint32_t r = g_rand_int(rand);

        memory_region_dispatch_write(mr, 4 * (r % HARTS), 4, r >> 31, MEMTXATTRS_CPU);
    }
    return NULL;
}

/* Harts that write at once, without the machine lock: levels are those of the registers. */
static void test_threads(TestMachine *m)
{
    GThread *threads[4];

    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        threads[i] = g_thread_new("hart", write_at_random, GUINT_TO_POINTER(i + 1));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
        g_thread_join(threads[i]);
    }
    for (unsigned h = 0; h < HARTS; h++) {
        g_assert_cmpint(tm_irq_level(m, dev, h), ==, tm_read32(m, BASE + 4 * h));
    }
}

static void test_sizes(TestMachine *m)
{
    uint64_t v;

    g_assert_cmpint(tm_try_read(m, BASE, 1, &v), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_read(m, BASE, 2, &v), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_write(m, BASE, 1, 1), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_read(m, BASE + 4, 8, &v), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_read(m, BASE + 2, 4, &v), !=, MEMTX_OK);
}

/* A comparator is at 0 after reset, so its line is high. */
static void test_deadline(TestMachine *m)
{
    uint64_t now;

    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
    tm_write64(m, BASE, UINT64_MAX);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    now = tm_read64(m, MTIME);
    tm_write64(m, BASE + 8, now + 50);
    g_assert_cmpint(tm_irq_level(m, dev, 1), ==, 0);
    tm_clock_step(m, 49 * TICK_NS);
    g_assert_cmphex(tm_read64(m, MTIME), ==, now + 49);
    g_assert_cmpint(tm_irq_level(m, dev, 1), ==, 0);
    tm_clock_step(m, TICK_NS);
    g_assert_cmpint(tm_irq_level(m, dev, 1), ==, 1);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    tm_clock_step(m, 1000 * TICK_NS);
    g_assert_cmpint(tm_irq_level(m, dev, 1), ==, 1);
    tm_write64(m, BASE + 8, now + 2000);
    g_assert_cmpint(tm_irq_level(m, dev, 1), ==, 0);
    tm_reset(m);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
}

/* 32-bit harts write the halves; no interrupt comes in between. */
static void test_halves(TestMachine *m)
{
    tm_write32(m, BASE + 4, UINT32_MAX);
    tm_write32(m, BASE, 0x12345678);
    tm_write32(m, BASE + 4, 0x9abcdef0);
    g_assert_cmphex(tm_read64(m, BASE), ==, UINT64_C(0x9abcdef012345678));
    g_assert_cmphex(tm_read32(m, BASE), ==, 0x12345678);
    g_assert_cmphex(tm_read32(m, BASE + 4), ==, 0x9abcdef0);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    g_assert_cmpuint(tm_irq_count(m, dev, 0), ==, 1);      /* that of the reset */
    g_assert_cmphex(tm_read64(m, BASE + 8 * HARTS), ==, 0);
    tm_write64(m, BASE + 8 * HARTS, 5);
    g_assert_cmphex(tm_read64(m, BASE + 8 * HARTS), ==, 0);
}

/* mtime can be set, also beyond comparators and around its end. */
static void test_mtime(TestMachine *m)
{
    tm_write64(m, BASE, 1000000);
    tm_write64(m, MTIME, 999999);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    tm_clock_step(m, TICK_NS);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
    tm_write32(m, MTIME + 4, 1);
    g_assert_cmphex(tm_read64(m, MTIME) >> 32, ==, 1);
    tm_write32(m, MTIME, 7);
    g_assert_cmphex(tm_read64(m, MTIME), ==, UINT64_C(0x100000007));
    g_assert_cmphex(tm_read32(m, MTIME + 4), ==, 1);
    tm_write64(m, BASE, UINT64_MAX);
    tm_write64(m, MTIME, UINT64_MAX - 1);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    tm_clock_step(m, TICK_NS);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
    tm_clock_step(m, TICK_NS);
    g_assert_cmphex(tm_read64(m, MTIME), ==, 0);
    tm_write64(m, MTIME, 0);
    tm_write64(m, BASE, 10);
    tm_clock_step(m, 10 * TICK_NS);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
}

/* The machine's time is this device's. */
static void test_machine_time(TestMachine *m)
{
    void *opaque;
    const MachineTimeOps *ops = machine_time(&opaque);

    g_assert_nonnull(ops);
    g_assert_cmpuint(ops->frequency_hz, ==, 10000000);
    tm_write64(m, MTIME, 12345);
    g_assert_cmpuint(ops->get(opaque), ==, 12345);
    g_assert_cmpint(ops->deadline(opaque, UINT64_MAX), ==, INT64_MAX);
}

static void test_fuzz_swi(TestMachine *m)
{
    device_fuzz(m, BASE, 0x40, DEVICE_FUZZ_ACCESSES / 2, NULL);
    device_fuzz(m, BASE, RISCV_ACLINT_SWI_SIZE, DEVICE_FUZZ_ACCESSES / 2, NULL);
}

static void test_fuzz_timer(TestMachine *m)
{
    device_fuzz(m, BASE, 0x40, DEVICE_FUZZ_ACCESSES / 2, NULL);
    device_fuzz(m, MTIME, 8, DEVICE_FUZZ_ACCESSES / 2, NULL);
    device_fuzz(m, BASE, RISCV_ACLINT_MTIMER_SIZE, DEVICE_FUZZ_ACCESSES / 2, NULL);
    tm_write64(m, MTIME, 0);
    test_deadline(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/aclint/mswi", setup_mswi, test_mswi);
    tm_add_test("/aclint/sswi", setup_sswi, test_sswi);
    tm_add_test("/aclint/threads", setup_mswi, test_threads);
    tm_add_test("/aclint/sizes-swi", setup_mswi, test_sizes);
    tm_add_test("/aclint/sizes-timer", setup_timer, test_sizes);
    tm_add_test("/aclint/deadline", setup_timer, test_deadline);
    tm_add_test("/aclint/halves", setup_timer, test_halves);
    tm_add_test("/aclint/mtime", setup_timer, test_mtime);
    tm_add_test("/aclint/machine-time", setup_timer, test_machine_time);
    tm_add_test("/aclint/fuzz-mswi", setup_mswi, test_fuzz_swi);
    tm_add_test("/aclint/fuzz-sswi", setup_sswi, test_fuzz_swi);
    tm_add_test("/aclint/fuzz-timer", setup_timer, test_fuzz_timer);
    return g_test_run();
}
