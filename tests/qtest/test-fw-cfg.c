/*
 * fw_cfg of the board virt: what -fw_cfg and other options put there, by register and DMA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

#define CTL     (FW_CFG + 8)
#define DMA     (FW_CFG + 16)
#define REQUEST (RAM + 0x100)
#define BUF     (RAM + 0x1000)
#define OPTIONS "-M virt -smp 3 -fw_cfg opt/b,string=hello -fw_cfg opt/a,string=x" \
                " -uuid 00112233-4455-6677-8899-aabbccddeeff"

static void select_key(QtestMachine *m, uint16_t key)
{
    qm_write16(m, CTL, __builtin_bswap16(key));
}

static void test_items(QtestMachine *m)
{
    select_key(m, 0);
    g_assert_cmphex(qm_read32(m, FW_CFG), ==, 0x554d4551);
    select_key(m, 2);
    g_assert_cmphex(qm_read64(m, FW_CFG), ==, UINT64_C(0x7766554433221100));
    g_assert_cmphex(qm_read64(m, FW_CFG), ==, UINT64_C(0xffeeddccbbaa9988));
    select_key(m, 5);
    g_assert_cmpuint(qm_read16(m, FW_CFG), ==, 3);
    select_key(m, 0x19);
    g_assert_cmphex(qm_read32(m, FW_CFG), ==, __builtin_bswap32(2));
    g_assert_cmphex(qm_read32(m, FW_CFG), ==, __builtin_bswap32(1));
    g_assert_cmphex(qm_read16(m, FW_CFG), ==, __builtin_bswap16(0x20));
    qm_reset(m);
    g_assert_cmphex(qm_read8(m, FW_CFG), ==, 'Q');
}

static void test_dma(QtestMachine *m)
{
    static const uint32_t request[4] = { 0x0a002100, 0x05000000, 0, 0x00100080 };
    char text[6] = "";

    qm_memwrite(m, REQUEST, request, sizeof(request));
    qm_write64(m, DMA, __builtin_bswap64(REQUEST));
    g_assert_cmphex(qm_read32(m, REQUEST), ==, 0);
    qm_memread(m, BUF, text, 5);
    g_assert_cmpstr(text, ==, "hello");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/fw-cfg/items", OPTIONS, test_items);
    qm_add_test("/qtest/fw-cfg/dma", OPTIONS, test_dma);
    return g_test_run();
}
