/*
 * The real-time clock of the board virt: the date that -rtc gives it, and its alarm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

#define OPTIONS "-M virt -rtc base=2026-02-03T04:05:06,clock=vm"
#define START_S UINT64_C(1770091506)    /* that date in seconds since 1970 */
#define SECOND  UINT64_C(1000000000)
enum { TIME_LOW = 0, TIME_HIGH = 4, ALARM_LOW = 8, ALARM_HIGH = 0xc, IRQ_ENABLED = 0x10,
       ALARM_STATUS = 0x18, CLEAR_INTERRUPT = 0x1c };

static uint64_t now(QtestMachine *m)
{
    uint64_t low = qm_read32(m, RTC + TIME_LOW);

    return low | (uint64_t)qm_read32(m, RTC + TIME_HIGH) << 32;
}

static void arm(QtestMachine *m, uint64_t when)
{
    qm_write32(m, RTC + ALARM_HIGH, when >> 32);
    qm_write32(m, RTC + ALARM_LOW, when & UINT32_MAX);
}

static void test_date(QtestMachine *m)
{
    g_assert_cmpuint(now(m), ==, START_S * SECOND);
    qm_clock_step(m, 90 * SECOND);
    g_assert_cmpuint(now(m), ==, (START_S + 90) * SECOND);
    /* a reset of the machine does not set the clock */
    qm_reset(m);
    g_assert_cmpuint(now(m), ==, (START_S + 90) * SECOND);
}

static void test_alarm(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    plic_enable(m, RTC_SOURCE);
    qm_write32(m, RTC + IRQ_ENABLED, 1);
    for (unsigned round = 1; round < 4; round++) {
        arm(m, now(m) + SECOND);
        qm_clock_step(m, SECOND - 1);
        g_assert_false(qm_wire(m, RTC_SOURCE));
        g_assert_cmpuint(qm_read32(m, RTC + ALARM_STATUS), ==, 1);
        qm_clock_step(m, 1);
        g_assert_true(qm_wire(m, RTC_SOURCE));
        g_assert_cmpuint(qm_wire_rises(m, RTC_SOURCE), ==, round);
        g_assert_cmpuint(qm_read32(m, RTC + ALARM_STATUS), ==, 0);
        g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, MIP_MEIP);
        qm_write32(m, RTC + CLEAR_INTERRUPT, 1);
        g_assert_false(qm_wire(m, RTC_SOURCE));
        g_assert_cmpuint(plic_serve(m), ==, RTC_SOURCE);
    }
}

/* The alarm is the machine's next deadline. */
static void test_deadline(QtestMachine *m)
{
    arm(m, (START_S + 7) * SECOND);
    g_assert_cmpint(qm_clock_step_to_next(m), ==, 7 * SECOND);
    g_assert_cmpuint(now(m), ==, (START_S + 7) * SECOND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/goldfish-rtc/date", OPTIONS, test_date);
    qm_add_test("/qtest/goldfish-rtc/alarm", OPTIONS, test_alarm);
    qm_add_test("/qtest/goldfish-rtc/deadline", OPTIONS, test_deadline);
    return g_test_run();
}
