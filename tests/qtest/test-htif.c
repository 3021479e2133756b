/*
 * The host-target interface of the board spike: console and end of the run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

#define TOHOST   HTIF
#define FROMHOST (HTIF + 8)
#define GETC UINT64_C(0x0100000000000000)
#define PUTC UINT64_C(0x0101000000000000)

static void test_output(QtestMachine *m)
{
    for (const char *p = "spike"; *p; p++) {
        qm_write64(m, TOHOST, PUTC | *p);
        g_assert_cmphex(qm_read64(m, TOHOST), ==, 0);
    }
    /* as harts without 64-bit stores do it */
    qm_write32(m, TOHOST, '!');
    qm_write32(m, TOHOST + 4, PUTC >> 32);
    qm_serial_expect(m, "spike!");
}

static bool has_character(void *opaque)
{
    return qm_read64(opaque, FROMHOST) != 0;
}

static void test_input(QtestMachine *m)
{
    qm_write64(m, FROMHOST, 0);
    qm_write64(m, TOHOST, GETC);
    qm_serial_send(m, "k");
    g_assert_true(qm_wait_until(m, has_character, m));
    g_assert_cmphex(qm_read64(m, FROMHOST) & 0xff, ==, 'k');
    g_assert_cmphex(qm_read64(m, FROMHOST) >> 56, ==, 1);
    qm_write64(m, FROMHOST, 0);
    g_assert_cmphex(qm_read64(m, FROMHOST), ==, 0);
}

static void test_end(QtestMachine *m)
{
    qm_write64(m, TOHOST, 5 << 1 | 1);
    json_object_put(qm_wait_event(m, "SHUTDOWN"));
}

static void test_reset(QtestMachine *m)
{
    qm_write32(m, TOHOST, 0x1234);
    qm_reset(m);
    g_assert_cmphex(qm_read64(m, TOHOST), ==, 0);
    g_assert_cmphex(qm_read64(m, FROMHOST), ==, 0);
    qm_write64(m, TOHOST, PUTC | 'r');
    qm_serial_expect(m, "r");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/htif/output", "-M spike", test_output);
    qm_add_test("/qtest/htif/input", "-M spike", test_input);
    qm_add_test("/qtest/htif/end", "-M spike -no-shutdown", test_end);
    qm_add_test("/qtest/htif/reset", "-M spike", test_reset);
    return g_test_run();
}
