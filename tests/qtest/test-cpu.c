/*
 * The CPU models on a board: what their CSRs say, after resets and in saved state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

enum { MISA = 0x301, MSCRATCH = 0x340, MHARTID = 0xf14, SATP = 0x180, MTVEC = 0x305,
       NO_SUCH = 0x5c0, HARTS = 2 };
#define MISA_EXT(c) (UINT64_C(1) << ((c) - 'A'))

static uint64_t get(QtestMachine *m, unsigned hart, unsigned csr)
{
    uint64_t value;

    g_assert_true(qm_get_csr(m, hart, csr, &value));
    return value;
}

static void check(QtestMachine *m, bool wide)
{
    uint64_t all = wide ? UINT64_MAX : UINT32_MAX;

    for (unsigned hart = 0; hart < HARTS; hart++) {
        uint64_t misa = get(m, hart, MISA), none;

        g_assert_cmpuint(misa >> (wide ? 62 : 30), ==, wide ? 2 : 1);
        for (const char *c = "IMAFDCSU"; *c; c++) {
            g_assert_true(misa & MISA_EXT(*c));
        }
        g_assert_cmpuint(get(m, hart, MHARTID), ==, hart);
        g_assert_false(qm_set_csr(m, hart, MHARTID, 5));
        g_assert_false(qm_get_csr(m, hart, NO_SUCH, &none));
        g_assert_true(qm_set_csr(m, hart, MSCRATCH, all - hart));
        g_assert_true(qm_set_csr(m, hart, MTVEC, RAM + 0x100 * hart));
        g_assert_true(qm_set_csr(m, hart, SATP, wide ? UINT64_C(8) << 60 | 0x80001
                                                     : 0x80080001));
    }
    for (unsigned hart = 0; hart < HARTS; hart++) {
        g_assert_cmphex(get(m, hart, MSCRATCH), ==, all - hart);
        g_assert_cmphex(get(m, hart, MTVEC), ==, RAM + 0x100 * hart);
        g_assert_cmphex(get(m, hart, SATP), !=, 0);
    }
    qm_reset(m);
    g_assert_cmphex(get(m, 0, SATP), ==, 0);
}

static void test_64(QtestMachine *m)
{
    check(m, true);
}

static void test_32(QtestMachine *m)
{
    check(m, false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/cpu/rv64", "-M virt -smp 2 -cpu rv64", test_64);
    qm_add_test("/qtest/cpu/max", "-M spike -smp 2 -cpu max", test_64);
    qm_add_test("/qtest/cpu/rv32", "-target riscv32 -M virt -smp 2 -cpu rv32", test_32);
    qm_add_test("/qtest/cpu/max32", "-target riscv32 -M spike -smp 2 -cpu max", test_32);
    return g_test_run();
}
