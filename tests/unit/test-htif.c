/*
 * Host-target interface: console both ways, exit, halves, what is not served, the gap
 * between registers, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/riscv-htif.h"
#include "softmmu/runstate.h"
#include "tests/unit/char-double.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define BASE     UINT64_C(0x01000000)
#define TOHOST   BASE
#define FROMHOST (BASE + 8)
#define PUTC(c)  (UINT64_C(0x0101) << 48 | (uint8_t)(c))
#define GETC     (UINT64_C(0x0100) << 48)

static CharDouble *chr;
static bool ended;

static void on_shutdown(bool guest, ShutdownReason reason)
{
    ended = true;
}

static void setup_at(TestMachine *m, const char *props)
{
    static const RunStateEvents events = { .shutdown = on_shutdown };

    run_state_set_events(&events);
    run_state_actions()->shutdown_is_pause = true;
    chr = char_double_new("host");
    tm_add_sysbus(m, TYPE_RISCV_HTIF, props, BASE);
}

static void setup(TestMachine *m)
{
    setup_at(m, "chardev=host");
}

static bool machine_ended(void)
{
    ended = false;
    run_state_carry_out_requests();
    return ended;
}

static void test_putc(TestMachine *m)
{
    for (const char *p = "console"; *p; p++) {
        tm_write64(m, TOHOST, PUTC(*p));
        g_assert_cmphex(tm_read64(m, TOHOST), ==, 0);
        g_assert_cmphex(tm_read64(m, FROMHOST), ==, PUTC(*p) | 0x100);
        tm_write64(m, FROMHOST, 0);
        g_assert_cmphex(tm_read64(m, FROMHOST), ==, 0);
    }
    g_assert_cmpstr(chr->out->str, ==, "console");
    g_assert_false(machine_ended());
}

static void test_getc(TestMachine *m)
{
    char_double_type(chr, "xy", 2);
    tm_run(m);
    g_assert_cmphex(tm_read64(m, FROMHOST), ==, 0);
    for (const char *p = "xyz"; *p; p++) {
        tm_write64(m, TOHOST, GETC);
        g_assert_cmphex(tm_read64(m, TOHOST), ==, 0);
        if (*p == 'z') {
            tm_run(m);
            g_assert_cmphex(tm_read64(m, FROMHOST), ==, 0);
            char_double_type(chr, "z", 1);
        }
        tm_run(m);
        g_assert_cmphex(tm_read64(m, FROMHOST), ==, GETC | 0x100 | *p);
        tm_write64(m, FROMHOST, 0);
    }
}

/* Halves: the command runs with the high one, or when the low one is written again. */
static void test_halves(TestMachine *m)
{
    tm_write32(m, TOHOST, 'a');
    g_assert_cmphex(tm_read32(m, TOHOST), ==, 'a');
    g_assert_cmpstr(chr->out->str, ==, "");
    tm_write32(m, TOHOST + 4, 0x01010000);
    g_assert_cmpstr(chr->out->str, ==, "a");
    g_assert_cmphex(tm_read32(m, FROMHOST + 4), ==, 0x01010000);
    g_assert_cmphex(tm_read32(m, FROMHOST), ==, 0x161);
    tm_write32(m, FROMHOST, 0);
    g_assert_cmphex(tm_read64(m, FROMHOST), ==, UINT64_C(0x0101000000000000));
    tm_write32(m, FROMHOST + 4, 0);
    g_assert_cmphex(tm_read64(m, FROMHOST), ==, 0);
    tm_write32(m, TOHOST, 1);
    tm_write32(m, TOHOST + 4, 0);
    g_assert_true(machine_ended());
    tm_write32(m, TOHOST, 1);
    g_assert_false(machine_ended());
    tm_write32(m, TOHOST, 1);
    g_assert_true(machine_ended());
}

static void test_exit(TestMachine *m)
{
    tm_write64(m, TOHOST, 1);
    g_assert_true(machine_ended());
    tm_write64(m, TOHOST, 85);
    g_assert_true(machine_ended());
    tm_write64(m, TOHOST, 0x80000040);      /* a system call's packet */
    g_assert_false(machine_ended());
    g_assert_cmphex(tm_read64(m, FROMHOST), ==, 0);
    tm_write64(m, TOHOST, UINT64_C(0x55) << 56);
    g_assert_false(machine_ended());
    g_assert_cmphex(tm_read64(m, FROMHOST), ==, UINT64_C(0x55) << 56);
}

static void setup_apart(TestMachine *m)
{
    setup_at(m, "chardev=host,tohost-offset=0x40,fromhost-offset=0,size=0x48");
}

static void test_apart(TestMachine *m)
{
    tm_write64(m, BASE + 0x40, PUTC('!'));
    g_assert_cmpstr(chr->out->str, ==, "!");
    g_assert_cmphex(tm_read64(m, BASE), ==, PUTC('!') | 0x100);
    tm_write64(m, BASE + 0x20, UINT64_MAX);
    g_assert_cmphex(tm_read64(m, BASE + 0x20), ==, 0);
    g_assert_false(machine_ended());
}

static void more(TestMachine *m)
{
    char_double_type(chr, "x", 1);
    char_double_set_room(chr, g_test_rand_int_range(0, 8) ? UINT_MAX : 1);
    g_string_truncate(chr->out, 0);
    if (chr->in->len > 100) {
        g_string_truncate(chr->in, 0);
    }
    tm_try_write(m, BASE, 8, g_test_rand_int_range(0, 2) ? PUTC('x') : GETC);
    run_state_carry_out_requests();
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 16, DEVICE_FUZZ_ACCESSES / 10, more);
}

static void test_fuzz_apart(TestMachine *m)
{
    device_fuzz(m, BASE, 0x48, DEVICE_FUZZ_ACCESSES / 10, more);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/htif/putc", setup, test_putc);
    tm_add_test("/htif/getc", setup, test_getc);
    tm_add_test("/htif/halves", setup, test_halves);
    tm_add_test("/htif/exit", setup, test_exit);
    tm_add_test("/htif/apart", setup_apart, test_apart);
    tm_add_test("/htif/fuzz", setup, test_fuzz);
    tm_add_test("/htif/fuzz-apart", setup_apart, test_fuzz_apart);
    return g_test_run();
}
