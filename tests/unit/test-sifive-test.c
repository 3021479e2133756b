/*
 * Test finisher: which writes end and reset the machine, by what reason (the exit status is
 * tested with a guest, in tests/clients/run-state), random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/misc/sifive-test.h"
#include "softmmu/runstate.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define BASE UINT64_C(0x100000)

static ShutdownReason seen_shutdown, seen_reset;

static void on_shutdown(bool guest, ShutdownReason reason)
{
    seen_shutdown = reason;
}

static void on_reset(bool guest, ShutdownReason reason)
{
    seen_reset = reason;
}

static void setup(TestMachine *m)
{
    static const RunStateEvents events = { .shutdown = on_shutdown, .reset = on_reset };

    run_state_set_events(&events);
    run_state_actions()->shutdown_is_pause = true;
    tm_add_sysbus(m, TYPE_SIFIVE_TEST, NULL, BASE);
}

static void expect(ShutdownReason shutdown, ShutdownReason reset)
{
    seen_shutdown = seen_reset = SHUTDOWN_NONE;
    run_state_carry_out_requests();
    g_assert_cmpint(seen_shutdown, ==, shutdown);
    g_assert_cmpint(seen_reset, ==, reset);
}

static void test_commands(TestMachine *m)
{
    tm_write32(m, BASE, 0x5555);
    expect(SHUTDOWN_GUEST_SHUTDOWN, SHUTDOWN_NONE);
    tm_write16(m, BASE, 0x5555);
    expect(SHUTDOWN_GUEST_SHUTDOWN, SHUTDOWN_NONE);
    tm_write32(m, BASE, 0x7777);
    expect(SHUTDOWN_NONE, SHUTDOWN_GUEST_RESET);
    tm_write32(m, BASE, 0x17777);
    expect(SHUTDOWN_NONE, SHUTDOWN_GUEST_RESET);
    tm_write32(m, BASE, 0x2a3333);
    expect(SHUTDOWN_GUEST_PANIC, SHUTDOWN_NONE);
}

static void test_ignored(TestMachine *m)
{
    static const uint32_t values[] = { 0, 1, 0x3334, 0x5554, 0x55550000, 0x7776, UINT32_MAX };
    uint64_t v;

    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        tm_write32(m, BASE, values[i]);
        expect(SHUTDOWN_NONE, SHUTDOWN_NONE);
    }
    tm_write32(m, BASE + 4, 0x5555);
    expect(SHUTDOWN_NONE, SHUTDOWN_NONE);
    g_assert_cmpint(tm_try_write(m, BASE, 1, 0x55), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_write(m, BASE, 8, 0x5555), !=, MEMTX_OK);
    g_assert_cmphex(tm_read32(m, BASE), ==, 0);
    g_assert_cmphex(tm_read16(m, BASE), ==, 0);
    g_assert_cmpint(tm_try_read(m, BASE, 1, &v), !=, MEMTX_OK);
    expect(SHUTDOWN_NONE, SHUTDOWN_NONE);
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 8, DEVICE_FUZZ_ACCESSES / 2, NULL);
    device_fuzz(m, BASE, SIFIVE_TEST_SIZE, DEVICE_FUZZ_ACCESSES / 2, NULL);
    run_state_carry_out_requests();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/sifive-test/commands", setup, test_commands);
    tm_add_test("/sifive-test/ignored", setup, test_ignored);
    tm_add_test("/sifive-test/fuzz", setup, test_fuzz);
    return g_test_run();
}
