/*
 * The CLINT of both boards and the SSWI of virt: software interrupts and the timer, as harts
 * see them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

enum { HARTS = 3, CSR_TIME = 0xc01 };

static void expect_mip(QtestMachine *m, unsigned bit, unsigned hart)
{
    for (unsigned i = 0; i < HARTS; i++) {
        g_assert_cmphex(qm_mip(m, i) & bit, ==, i == hart ? bit : 0);
    }
}

static void test_msip(QtestMachine *m)
{
    for (unsigned hart = 0; hart < HARTS; hart++) {
        qm_write32(m, CLINT + 4 * hart, 0xffffffff);
        g_assert_cmphex(qm_read32(m, CLINT + 4 * hart), ==, 1);
        expect_mip(m, MIP_MSIP, hart);
        qm_write32(m, CLINT + 4 * hart, 0);
        expect_mip(m, MIP_MSIP, HARTS);
    }
    /* there is no fourth hart */
    qm_write32(m, CLINT + 4 * HARTS, 1);
    g_assert_cmphex(qm_read32(m, CLINT + 4 * HARTS), ==, 0);
    qm_write32(m, CLINT, 1);
    qm_reset(m);
    expect_mip(m, MIP_MSIP, HARTS);
    g_assert_cmphex(qm_read32(m, CLINT), ==, 0);
}

static void test_wire(QtestMachine *m)
{
    qm_watch_outputs(m, "/machine/mswi");
    qm_write32(m, CLINT + 4, 1);
    g_assert_true(qm_wire(m, 1));
    g_assert_false(qm_wire(m, 0));
    g_assert_cmpuint(qm_wire_rises(m, 1), ==, 1);
    /* what is set already is sent again */
    qm_write32(m, CLINT + 4, 1);
    g_assert_true(qm_wire(m, 1));
    g_assert_cmpuint(qm_wire_rises(m, 1), ==, 2);
    qm_write32(m, CLINT + 4, 0);
    g_assert_false(qm_wire(m, 1));
}

/* A write of 1 is an edge: the register reads 0, the hart clears the bit itself. */
static void test_sswi(QtestMachine *m)
{
    qm_write32(m, SSWI + 4, 1);
    g_assert_cmphex(qm_read32(m, SSWI + 4), ==, 0);
    expect_mip(m, MIP_SSIP, 1);
    qm_write32(m, SSWI + 4, 0);
    expect_mip(m, MIP_SSIP, 1);
    g_assert_true(qm_set_csr(m, 1, 0x344, 0));
    expect_mip(m, MIP_SSIP, HARTS);
}

/* mtime counts at 10 MHz and moves with the machine's clock only. */
static void test_time(QtestMachine *m)
{
    uint64_t time;

    g_assert_cmpuint(qm_read64(m, MTIME), ==, 0);
    qm_clock_step(m, 12345 * MTIME_TICK_NS);
    g_assert_cmpuint(qm_read64(m, MTIME), ==, 12345);
    g_assert_cmpuint(qm_read32(m, MTIME), ==, 12345);
    g_assert_cmpuint(qm_read32(m, MTIME + 4), ==, 0);
    qm_clock_step(m, MTIME_TICK_NS - 1);
    g_assert_cmpuint(qm_read64(m, MTIME), ==, 12345);
    qm_clock_step(m, 1);
    g_assert_cmpuint(qm_read64(m, MTIME), ==, 12346);
    g_assert_true(qm_get_csr(m, 1, CSR_TIME, &time));
    g_assert_cmpuint(time, ==, 12346);
    qm_write64(m, MTIME, 5000000);
    qm_clock_step(m, 10 * MTIME_TICK_NS);
    g_assert_cmpuint(qm_read64(m, MTIME), ==, 5000010);
}

static void test_timer(QtestMachine *m)
{
    for (unsigned hart = 0; hart < HARTS; hart++) {
        qm_write64(m, MTIMECMP + 8 * hart, UINT64_MAX);
    }
    expect_mip(m, MIP_MTIP, HARTS);
    for (unsigned hart = 0; hart < HARTS; hart++) {
        uint64_t due = qm_read64(m, MTIME) + 1000;

        qm_write64(m, MTIMECMP + 8 * hart, due);
        g_assert_cmpuint(qm_read64(m, MTIMECMP + 8 * hart), ==, due);
        qm_clock_step(m, 999 * MTIME_TICK_NS);
        expect_mip(m, MIP_MTIP, HARTS);
        g_assert_cmpint(qm_clock_step_to_next(m), ==, due * MTIME_TICK_NS);
        expect_mip(m, MIP_MTIP, hart);
        qm_write64(m, MTIMECMP + 8 * hart, UINT64_MAX);
        expect_mip(m, MIP_MTIP, HARTS);
    }
    /* the count jumps beyond a deadline */
    qm_write64(m, MTIMECMP + 8, 1000000000);
    qm_write64(m, MTIME, 1000000000);
    expect_mip(m, MIP_MTIP, 1);
}

/* A reset makes all deadlines 0, which have come; time goes on. */
static void test_timer_reset(QtestMachine *m)
{
    qm_write64(m, MTIMECMP, 100);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MTIP, ==, 0);
    qm_clock_step(m, 50 * MTIME_TICK_NS);
    qm_reset(m);
    g_assert_cmpuint(qm_read64(m, MTIMECMP), ==, 0);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MTIP, ==, MIP_MTIP);
    g_assert_cmpuint(qm_read64(m, MTIME), ==, 50);
}

static void add(const char *board, const char *options)
{
    static const struct { const char *name; void (*fn)(QtestMachine *m); } tests[] = {
        { "msip", test_msip }, { "wire", test_wire }, { "time", test_time },
        { "timer", test_timer }, { "timer-reset", test_timer_reset },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *name = g_strdup_printf("/qtest/aclint/%s/%s", board, tests[i].name);

        qm_add_test(name, options, tests[i].fn);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("virt", "-M virt -smp 3");
    add("spike", "-M spike -smp 3");
    qm_add_test("/qtest/aclint/virt/sswi", "-M virt,aclint=on -smp 3", test_sswi);
    return g_test_run();
}
