/*
 * The PLIC of the board virt: from a source to the external interrupt of a hart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

#define PATH "/machine/plic"
enum { SOURCE = 40, OTHER = 7, SOURCES = 96 };

static void drive(QtestMachine *m, unsigned source, int level)
{
    qm_set_input(m, PATH, source, level);
}

static bool pending(QtestMachine *m, unsigned source)
{
    return qm_read32(m, PLIC_PENDING(source)) >> source % 32 & 1;
}

static void enable(QtestMachine *m, unsigned context, unsigned source, bool on)
{
    qm_write32(m, PLIC_ENABLE(context) + source / 32 * 4,
               (uint32_t)on << source % 32);
}

/* Contexts go M, S, M, S, ... over the harts. */
static void test_contexts(QtestMachine *m)
{
    static const unsigned bit[] = { MIP_MEIP, MIP_SEIP };

    qm_write32(m, PLIC_PRIORITY(SOURCE), 3);
    drive(m, SOURCE, 1);
    for (unsigned context = 0; context < 4; context++) {
        enable(m, context, SOURCE, true);
        for (unsigned hart = 0; hart < 2; hart++) {
            g_assert_cmphex(qm_mip(m, hart) & (MIP_MEIP | MIP_SEIP), ==,
                            hart == context / 2 ? bit[context % 2] : 0);
        }
        enable(m, context, SOURCE, false);
    }
}

static void test_claim(QtestMachine *m)
{
    enable(m, 0, SOURCE, true);
    qm_write32(m, PLIC_PRIORITY(SOURCE), 1);
    g_assert_cmpuint(qm_read32(m, PLIC_CLAIM(0)), ==, 0);
    drive(m, SOURCE, 1);
    g_assert_true(pending(m, SOURCE));
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, MIP_MEIP);
    g_assert_cmpuint(qm_read32(m, PLIC_CLAIM(0)), ==, SOURCE);
    g_assert_false(pending(m, SOURCE));
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
    /* the level is still up: completion asks again */
    qm_write32(m, PLIC_CLAIM(0), SOURCE);
    g_assert_true(pending(m, SOURCE));
    g_assert_cmpuint(qm_read32(m, PLIC_CLAIM(0)), ==, SOURCE);
    drive(m, SOURCE, 0);
    qm_write32(m, PLIC_CLAIM(0), SOURCE);
    g_assert_false(pending(m, SOURCE));
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
}

static void test_priorities(QtestMachine *m)
{
    qm_write32(m, PLIC_ENABLE(0), UINT32_C(1) << OTHER);
    enable(m, 0, SOURCE, true);
    qm_write32(m, PLIC_PRIORITY(OTHER), 2);
    qm_write32(m, PLIC_PRIORITY(SOURCE), 5);
    drive(m, OTHER, 1);
    drive(m, SOURCE, 1);
    qm_write32(m, PLIC_THRESHOLD(0), 5);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
    qm_write32(m, PLIC_THRESHOLD(0), 2);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, MIP_MEIP);
    g_assert_cmpuint(qm_read32(m, PLIC_CLAIM(0)), ==, SOURCE);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
    qm_write32(m, PLIC_THRESHOLD(0), 0);
    g_assert_cmpuint(qm_read32(m, PLIC_CLAIM(0)), ==, OTHER);
}

static void test_outputs(QtestMachine *m)
{
    qm_watch_outputs(m, PATH);
    plic_enable(m, OTHER);
    drive(m, OTHER, 1);
    g_assert_true(qm_wire(m, 0));
    g_assert_false(qm_wire(m, 1));
    drive(m, OTHER, 0);
    g_assert_cmpuint(plic_serve(m), ==, OTHER);
    g_assert_false(qm_wire(m, 0));
    g_assert_cmpuint(qm_wire_rises(m, 0), ==, 1);
}

static void test_reset(QtestMachine *m)
{
    plic_enable(m, OTHER);
    qm_write32(m, PLIC_THRESHOLD(0), 1);
    drive(m, OTHER, 1);
    qm_reset(m);
    g_assert_cmpuint(qm_read32(m, PLIC_PRIORITY(OTHER)), ==, 0);
    g_assert_cmpuint(qm_read32(m, PLIC_ENABLE(0)), ==, 0);
    g_assert_cmpuint(qm_read32(m, PLIC_THRESHOLD(0)), ==, 0);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/plic/contexts", "-M virt -smp 2", test_contexts);
    qm_add_test("/qtest/plic/claim", "-M virt", test_claim);
    qm_add_test("/qtest/plic/priorities", "-M virt", test_priorities);
    qm_add_test("/qtest/plic/outputs", "-M virt", test_outputs);
    qm_add_test("/qtest/plic/reset", "-M virt", test_reset);
    return g_test_run();
}
