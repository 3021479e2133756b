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

/* Turns are told in order; the file's place in the directory is by name. */
static void test_boot_order(QtestMachine *m)
{
    static const char want[] = "/virtio-mmio@0000000010007000/disk@0,0\n"
                               "/virtio-mmio@0000000010008000/disk@0,0";
    char text[sizeof(want)] = "";
    char name[sizeof("bootorder")] = "";

    for (unsigned pass = 0; pass < 2; pass++) {
        select_key(m, 0x19);
        g_assert_cmphex(qm_read32(m, FW_CFG), ==, __builtin_bswap32(1));
        g_assert_cmphex(qm_read32(m, FW_CFG), ==, __builtin_bswap32(sizeof(want)));
        g_assert_cmphex(qm_read32(m, FW_CFG), ==, 0x2000);
        for (unsigned i = 0; i < sizeof(name); i++) {
            name[i] = qm_read8(m, FW_CFG);
        }
        g_assert_cmpstr(name, ==, "bootorder");
        select_key(m, 0x20);
        for (unsigned i = 0; i < sizeof(want); i++) {
            text[i] = qm_read8(m, FW_CFG);
        }
        g_assert_cmpmem(text, sizeof(text), want, sizeof(want));
        qm_reset(m);
    }
}

int main(int argc, char **argv)
{
    static const char zeros[512];
    g_autofree char *image = NULL, *disks = NULL;
    int fd = g_file_open_tmp("rhea-fw-cfg-XXXXXX", &image, NULL), result;

    g_assert_cmpint(write(fd, zeros, sizeof(zeros)), ==, sizeof(zeros));
    close(fd);
    disks = g_strdup_printf("-M virt -drive if=none,format=raw,read-only=on,id=a,file=%s"
                            " -drive if=none,format=raw,read-only=on,id=b,file=%s"
                            " -device virtio-blk-device,drive=a,bootindex=7"
                            " -device virtio-blk-device,drive=b,bootindex=0", image, image);
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/fw-cfg/items", OPTIONS, test_items);
    qm_add_test("/qtest/fw-cfg/dma", OPTIONS, test_dma);
    qm_add_test("/qtest/fw-cfg/boot-order", disks, test_boot_order);
    result = g_test_run();
    unlink(image);
    return result;
}
