/*
 * Goldfish clock: reading and setting the time, the alarm, its interrupt, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/rtc/goldfish-rtc.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"
#include "util/rtc.h"
#include "util/timer.h"

#define BASE UINT64_C(0x101000)
enum { TIME_LOW = 0, TIME_HIGH = 4, ALARM_LOW = 8, ALARM_HIGH = 0xc, IRQ_ENABLED = 0x10,
       CLEAR_ALARM = 0x14, ALARM_STATUS = 0x18, CLEAR_INTERRUPT = 0x1c };

static void *rtc;
static int64_t start_ns;

static void setup(TestMachine *m)
{
    g_assert_true(rtc_configure("2026-02-03T04:05:06", "vm", NULL));
    start_ns = rtc_reference_ns();
    rtc = tm_add_sysbus(m, TYPE_GOLDFISH_RTC, NULL, BASE);
}

static uint32_t in(TestMachine *m, unsigned reg)
{
    return tm_read32(m, BASE + reg);
}

static void out(TestMachine *m, unsigned reg, uint32_t value)
{
    tm_write32(m, BASE + reg, value);
}

static uint64_t now(TestMachine *m)
{
    uint64_t low = in(m, TIME_LOW);

    return low | (uint64_t)in(m, TIME_HIGH) << 32;
}

static void arm(TestMachine *m, uint64_t when)
{
    out(m, ALARM_HIGH, when >> 32);
    out(m, ALARM_LOW, when & UINT32_MAX);
}

static void test_time(TestMachine *m)
{
    g_assert_cmpuint(now(m), ==, start_ns);
    tm_clock_step(m, 5000000000);
    g_assert_cmpuint(now(m), ==, start_ns + 5000000000);
    g_assert_cmpuint(tm_read64(m, BASE), ==, start_ns + 5000000000);
    /* the high half belongs to the low one that was read */
    out(m, TIME_HIGH, 7);
    out(m, TIME_LOW, 0xffffff00);
    g_assert_cmphex(in(m, TIME_LOW), ==, 0xffffff00);
    tm_clock_step(m, 0x200);
    g_assert_cmphex(in(m, TIME_HIGH), ==, 7);
    g_assert_cmphex(in(m, TIME_LOW), ==, 0x100);
    g_assert_cmphex(in(m, TIME_HIGH), ==, 8);
    tm_reset(m);
    g_assert_cmphex(now(m), ==, UINT64_C(0x800000100));
}

static void test_alarm(TestMachine *m)
{
    uint64_t when = now(m) + 1000;

    arm(m, when);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 1);
    g_assert_cmphex(in(m, ALARM_LOW) | (uint64_t)in(m, ALARM_HIGH) << 32, ==, when);
    tm_clock_step(m, 999);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 1);
    tm_clock_step(m, 1);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 0);
    /* the interrupt waits until it is enabled */
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
    out(m, IRQ_ENABLED, 0xffffffff);
    g_assert_cmpuint(in(m, IRQ_ENABLED), ==, 1);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 1);
    out(m, IRQ_ENABLED, 0);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
    out(m, IRQ_ENABLED, 1);
    out(m, CLEAR_INTERRUPT, 0);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
    tm_clock_step(m, 100000);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
}

static void test_alarm_now(TestMachine *m)
{
    out(m, IRQ_ENABLED, 1);
    arm(m, now(m));
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 1);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 0);
    out(m, CLEAR_INTERRUPT, 1);
    arm(m, 0);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 1);
    out(m, CLEAR_INTERRUPT, 1);
    arm(m, UINT64_MAX);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 1);
    tm_clock_step(m, 1000000);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
    /* the time is set beyond the alarm */
    arm(m, now(m) + 1000000);
    out(m, TIME_HIGH, 0xffffffff);
    out(m, TIME_LOW, 0);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 1);
}

static void test_clear_alarm(TestMachine *m)
{
    out(m, IRQ_ENABLED, 1);
    arm(m, now(m) + 1000);
    out(m, CLEAR_ALARM, 0);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 0);
    tm_clock_step(m, 10000);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
    arm(m, now(m) + 1000);
    tm_reset(m);
    g_assert_cmpuint(in(m, ALARM_STATUS), ==, 0);
    g_assert_cmpuint(in(m, IRQ_ENABLED), ==, 0);
    tm_clock_step(m, 10000);
    g_assert_cmpint(tm_irq_level(m, rtc, 0), ==, 0);
}

static void test_registers(TestMachine *m)
{
    uint64_t v;

    g_assert_cmpint(tm_try_read(m, BASE, 1, &v), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_read(m, BASE, 2, &v), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_read(m, BASE + 0x24, 4, &v), !=, MEMTX_OK);
    g_assert_cmphex(in(m, 0x20), ==, 0);
    g_assert_cmphex(in(m, CLEAR_ALARM), ==, 0);
    out(m, ALARM_STATUS, 1);
    g_assert_cmphex(in(m, ALARM_STATUS), ==, 0);
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 0x24, DEVICE_FUZZ_ACCESSES, NULL);
    out(m, TIME_HIGH, 1);
    out(m, TIME_LOW, 0);
    test_alarm(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/goldfish-rtc/time", setup, test_time);
    tm_add_test("/goldfish-rtc/alarm", setup, test_alarm);
    tm_add_test("/goldfish-rtc/alarm-now", setup, test_alarm_now);
    tm_add_test("/goldfish-rtc/clear-alarm", setup, test_clear_alarm);
    tm_add_test("/goldfish-rtc/registers", setup, test_registers);
    tm_add_test("/goldfish-rtc/fuzz", setup, test_fuzz);
    return g_test_run();
}
