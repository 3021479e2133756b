/*
 * Physical memory protection against a slow model that looks at every byte, under random
 * configurations; and what of a page may be remembered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/riscv-hart.h"

enum { WINDOW = 0x4000 }; /* bytes in which configurations and accesses lie */

/* Entry i holds the byte at addr (Privileged ISA, 3.7.1, table "NAPOT range encoding"). */
static bool model_holds(const RiscvCpu *cpu, unsigned i, uint64_t addr)
{
    uint64_t a = cpu->pmpaddr[i];
    uint64_t size = 8;

    switch (cpu->pmpcfg[i] & PMP_A) {
    case PMP_A_TOR:
        return addr >= (i ? cpu->pmpaddr[i - 1] << 2 : 0) && addr < a << 2;
    case PMP_A_NA4:
        return addr >> 2 == a;
    case PMP_A_NAPOT:
        while (a & 1) {
            a >>= 1;
            size *= 2;
        }
        return addr / size == a >> 1;
    default:
        return false;
    }
}

/* The lowest entry that holds any byte decides, and must hold all. */
static unsigned model_rights(const RiscvCpu *cpu, uint64_t addr, uint64_t size, bool m)
{
    for (unsigned i = 0; i < RISCV_PMP_ENTRIES; i++) {
        uint64_t held = 0;

        for (uint64_t b = 0; b < size; b++) {
            held += model_holds(cpu, i, addr + b);
        }
        if (held && held < size) {
            return 0;
        }
        if (held) {
            return m && !(cpu->pmpcfg[i] & PMP_L) ? 7 : cpu->pmpcfg[i] & 7;
        }
    }
    return m ? 7 : 0;
}

static void random_config(RiscvCpu *cpu)
{
    riscv_cpu_reset_state(cpu);
    for (unsigned i = 0; i < RISCV_PMP_ENTRIES; i++) {
        uint64_t addr = g_test_rand_int_range(0, WINDOW / 4);

        if (g_test_rand_bit()) {
            addr |= (1 << g_test_rand_int_range(0, 12)) - 1; /* larger NAPOT regions */
        }
        riscv_pmpaddr_write(cpu, i, addr);
        if (g_test_rand_int_range(0, 3) == 0) {
            riscv_pmpcfg_write(cpu, i, g_test_rand_int());
        }
    }
}

static void check_access(const RiscvCpu *cpu, bool m)
{
    uint64_t size = 1 << g_test_rand_int_range(0, 4);
    uint64_t addr = g_test_rand_int_range(0, WINDOW);

    g_assert_cmphex(riscv_pmp_rights(cpu, addr, size, m), ==,
                    model_rights(cpu, addr, size, m));
}

/* A page that is not partial has the same rights everywhere. */
static void check_page(const RiscvCpu *cpu, bool m)
{
    uint64_t page = g_test_rand_int_range(0, WINDOW / 0x1000) * 0x1000;
    bool partial;
    unsigned rights = riscv_pmp_page_rights(cpu, page + 0x123, m, &partial);

    for (unsigned i = 0; i < 50 && !partial; i++) {
        uint64_t size = 1 << g_test_rand_int_range(0, 4);
        uint64_t offset = g_test_rand_int_range(0, 0x1000 / size) * size;

        g_assert_cmphex(rights, ==, model_rights(cpu, page + offset, size, m));
    }
}

static void test_random(gconstpointer xlen)
{
    RiscvCpu *cpu = hart_new(GPOINTER_TO_UINT(xlen));

    for (unsigned i = 0; i < 2000; i++) {
        random_config(cpu);
        for (unsigned j = 0; j < 40; j++) {
            check_access(cpu, j & 1);
            check_page(cpu, j & 1);
        }
    }
    hart_free(cpu);
}

/* Without a match a supervisor gets nothing, even if every entry is off. */
static void test_no_match(void)
{
    RiscvCpu *cpu = hart_new(64);

    g_assert_cmphex(riscv_pmp_rights(cpu, 0x80000000, 4, true), ==, 7);
    g_assert_cmphex(riscv_pmp_rights(cpu, 0x80000000, 4, false), ==, 0);
    cpu->pmp = false;
    g_assert_cmphex(riscv_pmp_rights(cpu, 0x80000000, 4, false), ==, 7);
    hart_free(cpu);
}

static void test_whole_space(void)
{
    RiscvCpu *cpu = hart_new(64);
    bool partial;

    riscv_pmpaddr_write(cpu, 0, UINT64_MAX);
    riscv_pmpcfg_write(cpu, 0, PMP_A_NAPOT | PMP_R | PMP_X);
    g_assert_cmphex(riscv_pmp_rights(cpu, 0xfffffffffffff8, 8, false), ==, PMP_R | PMP_X);
    g_assert_cmphex(riscv_pmp_page_rights(cpu, 0, false, &partial), ==, PMP_R | PMP_X);
    g_assert_false(partial);
    hart_free(cpu);
}

/* Every change of what the entries say changes the key of views that they bind. */
static void test_generation(void)
{
    RiscvCpu *cpu = hart_new(64);
    uint64_t first;

    cpu->priv = RISCV_PRV_S;
    first = riscv_view_key(cpu, CPU_VIEW_DATA).k[2];
    riscv_pmpaddr_write(cpu, 0, 0x1000);
    g_assert_cmphex(riscv_view_key(cpu, CPU_VIEW_DATA).k[2], !=, first);
    first = riscv_view_key(cpu, CPU_VIEW_DATA).k[2];
    riscv_pmpaddr_write(cpu, 0, 0x1000);
    g_assert_cmphex(riscv_view_key(cpu, CPU_VIEW_DATA).k[2], ==, first);
    cpu->priv = RISCV_PRV_M;
    g_assert_cmphex(riscv_view_key(cpu, CPU_VIEW_DATA).k[2], ==, 0); /* all are off */
    riscv_pmpcfg_write(cpu, 0, PMP_A_TOR | PMP_L | PMP_R);
    g_assert_cmphex(riscv_view_key(cpu, CPU_VIEW_DATA).k[2], !=, 0);
    hart_free(cpu);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/riscv-pmp/random-rv64", GUINT_TO_POINTER(64), test_random);
    g_test_add_data_func("/riscv-pmp/random-rv32", GUINT_TO_POINTER(32), test_random);
    g_test_add_func("/riscv-pmp/no-match", test_no_match);
    g_test_add_func("/riscv-pmp/whole-space", test_whole_space);
    g_test_add_func("/riscv-pmp/generation", test_generation);
    return g_test_run();
}
