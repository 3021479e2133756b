/*
 * The boards as a whole: memory where their pages say, ROM that cannot be written, nothing
 * in between, and no board at all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

enum { RAM_SIZE_MIB = 64 };

static void check_memory(QtestMachine *m)
{
    uint64_t end = RAM + RAM_SIZE_MIB * MiB, rom = qm_read64(m, MROM);

    qm_write64(m, RAM, UINT64_C(0x1122334455667788));
    qm_write64(m, end - 8, UINT64_C(0x99aabbccddeeff00));
    g_assert_cmphex(qm_read64(m, RAM), ==, UINT64_C(0x1122334455667788));
    g_assert_cmphex(qm_read64(m, end - 8), ==, UINT64_C(0x99aabbccddeeff00));
    g_assert_cmphex(qm_read64(m, end), ==, 0);
    g_assert_cmphex(qm_read64(m, RAM - 8), ==, 0);
    /* across the border */
    g_assert_cmphex(qm_read64(m, end - 4), ==, 0x99aabbcc);
    g_assert_cmphex(rom, !=, 0);
    qm_write64(m, MROM, ~rom);
    g_assert_cmphex(qm_read64(m, MROM), ==, rom);
    for (uint64_t hole = 0; hole < MROM; hole += 8) {
        qm_write8(m, hole, 0xff);
        g_assert_cmphex(qm_read8(m, hole), ==, 0);
        hole += 128;
    }
}

/* Accesses that the board's devices do not take do no harm. */
static void check_odd_accesses(QtestMachine *m, const uint64_t *bases, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned at = 0; at < 16; at++) {
            qm_read8(m, bases[i] + at);
            qm_read16(m, bases[i] + at);
            qm_read32(m, bases[i] + at);
            qm_read64(m, bases[i] + at);
        }
        qm_read64(m, bases[i] - 4);
    }
}

static void test_virt(QtestMachine *m)
{
    static const uint64_t bases[] = { MROM, FINISHER, RTC, CLINT, MTIMECMP, PLIC, UART,
                                      VIRTIO(0), VIRTIO(7), RAM };

    check_memory(m);
    check_odd_accesses(m, bases, ARRAY_SIZE(bases));
}

static void test_spike(QtestMachine *m)
{
    static const uint64_t bases[] = { MROM, HTIF, CLINT, MTIMECMP, RAM };

    check_memory(m);
    check_odd_accesses(m, bases, ARRAY_SIZE(bases));
}

static void test_none(QtestMachine *m)
{
    for (uint64_t addr = 0; addr < UINT64_C(1) << 40; addr = addr * 2 + 8) {
        qm_write64(m, addr, 1);
        g_assert_cmphex(qm_read64(m, addr), ==, 0);
    }
    g_assert_cmpint(qm_clock_step(m, 100), ==, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/boards/virt", "-M virt -m 64M", test_virt);
    qm_add_test("/qtest/boards/spike", "-M spike -m 64M", test_spike);
    qm_add_test("/qtest/boards/none", "-M none", test_none);
    return g_test_run();
}
