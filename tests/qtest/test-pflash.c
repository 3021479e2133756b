/*
 * The flash banks of the board virt: their shape, their images by -drive and -machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include <fcntl.h>

enum { BLOCK = 256 * KiB, READY = 0x800080 };

static char *image;

static uint32_t on_host(uint64_t offset)
{
    int fd = open(image, O_RDONLY);
    uint32_t value;

    g_assert_cmpint(pread(fd, &value, sizeof(value), offset), ==, sizeof(value));
    close(fd);
    return value;
}

static void test_bank(QtestMachine *m, uint64_t base)
{
    qm_write32(m, base + 0x55 * 4, 0x980098);
    g_assert_cmphex(qm_read64(m, base + 0x40), ==, UINT64_C(0x0052005200510051));
    g_assert_cmphex(qm_read32(m, base + 0x27 * 4), ==, 0x180018);
    g_assert_cmphex(qm_read32(m, base + 0x2d * 4), ==, 0x7f007f);
    g_assert_cmphex(qm_read32(m, base + 0x30 * 4), ==, 0x20002);
    qm_write32(m, base + BLOCK, 0x200020);
    qm_write32(m, base + BLOCK, 0xd000d0);
    g_assert_cmphex(qm_read32(m, base), ==, READY);
    qm_write32(m, base + BLOCK + 8, 0x400040);
    qm_write32(m, base + BLOCK + 8, 0xcafe1234);
    g_assert_cmphex(qm_read32(m, base), ==, READY);
    qm_write32(m, base, 0xff00ff);
    g_assert_cmphex(qm_read32(m, base), ==, 0);
    g_assert_cmphex(qm_read32(m, base + BLOCK), ==, 0xffffffff);
    g_assert_cmphex(qm_read32(m, base + BLOCK + 8), ==, 0xcafe1234);
    qm_reset(m);
    g_assert_cmphex(qm_read32(m, base + BLOCK + 8), ==, 0xcafe1234);
}

static void test_volatile(QtestMachine *m)
{
    test_bank(m, FLASH(0));
    test_bank(m, FLASH(1));
}

static void test_image(QtestMachine *m)
{
    test_bank(m, FLASH(1));
    g_assert_cmphex(on_host(BLOCK + 8), ==, 0xcafe1234);
    g_assert_cmphex(on_host(2 * BLOCK - 4), ==, 0xffffffff);
    g_assert_cmphex(on_host(2 * BLOCK), ==, 0);
}

int main(int argc, char **argv)
{
    g_autofree char *drive = NULL, *node = NULL;

    g_test_init(&argc, &argv, NULL);
    image = qm_scratch("flash.img");
    g_assert_true(g_file_set_contents(image, "", 0, NULL));
    g_assert_cmpint(truncate(image, FLASH_SIZE), ==, 0);
    drive = g_strdup_printf("-M virt -drive if=pflash,unit=1,format=raw,file=%s", image);
    node = g_strdup_printf("-M virt,pflash1=n1 -blockdev raw,node-name=n1,file.driver=file,"
                           "file.filename=%s", image);
    qm_add_test("/qtest/pflash/volatile", "-M virt", test_volatile);
    qm_add_test("/qtest/pflash/drive", drive, test_image);
    qm_add_test("/qtest/pflash/node", node, test_image);
    return g_test_run();
}
