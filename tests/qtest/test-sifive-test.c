/*
 * The test finisher of the board virt, which ends and resets the machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

static void expect_reason(struct json_object *data, const char *reason)
{
    struct json_object *value;

    g_assert_true(json_object_object_get_ex(data, "guest", &value));
    g_assert_true(json_object_get_boolean(value));
    g_assert_true(json_object_object_get_ex(data, "reason", &value));
    g_assert_cmpstr(json_object_get_string(value), ==, reason);
    json_object_put(data);
}

static void expect_status(QtestMachine *m, const char *status)
{
    struct json_object *data = qm_qmp(m, "query-status", NULL), *value;

    g_assert_true(json_object_object_get_ex(data, "status", &value));
    g_assert_cmpstr(json_object_get_string(value), ==, status);
    json_object_put(data);
}

static void test_power_off(QtestMachine *m)
{
    g_assert_cmphex(qm_read32(m, FINISHER), ==, 0);
    qm_write32(m, FINISHER + 4, 0x5555);
    qm_write32(m, FINISHER, 0x1234);
    qm_write8(m, FINISHER, 0x55);
    expect_status(m, "running");
    qm_write32(m, FINISHER, 0x5555);
    expect_reason(qm_wait_event(m, "SHUTDOWN"), "guest-shutdown");
    expect_status(m, "shutdown");
}

static void test_failure(QtestMachine *m)
{
    qm_write32(m, FINISHER, 7 << 16 | 0x3333);
    expect_reason(qm_wait_event(m, "SHUTDOWN"), "guest-panic");
}

static void test_reset(QtestMachine *m)
{
    qm_write8(m, UART + 7, 0x77);
    qm_write16(m, FINISHER, 0x7777);
    expect_reason(qm_wait_event(m, "RESET"), "guest-reset");
    expect_status(m, "running");
    g_assert_cmphex(qm_read8(m, UART + 7), !=, 0x77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/sifive-test/power-off", "-M virt -no-shutdown", test_power_off);
    qm_add_test("/qtest/sifive-test/failure", "-M virt -no-shutdown", test_failure);
    qm_add_test("/qtest/sifive-test/reset", "-M virt", test_reset);
    return g_test_run();
}
