/*
 * The disk in a machine: from -drive and -blockdev to a driver, its file on the host, its
 * interrupt, resets with requests in flight.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"
#include <fcntl.h>

#define RING   (RAM + 0x10000)
#define HDR    (RAM + 0x20000)
#define STATUS (RAM + 0x21000)
#define BUF    (RAM + 0x100000)
enum { QUEUE_SIZE = 16, SECTOR = 512, SECTORS = 256 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4 };
enum { S_OK = 0, S_IOERR = 1, S_NONE = 0xaa };

static char *image;

static void start(VirtDriver *d, QtestMachine *m)
{
    qm_virtio(d, m, VIRTIO(7));
    vd_start(d, 1 << 9, RING, QUEUE_SIZE); /* FLUSH: a write cache */
}

static void submit(VirtDriver *d, uint32_t type, uint64_t sector, uint64_t buf, uint32_t len)
{
    vd_store(d, HDR, type, 8);
    vd_store(d, HDR + 8, sector, 8);
    vd_store(d, STATUS, S_NONE, 1);
    vd_desc(d, 0, HDR, 16, VD_F_NEXT, len ? 1 : 2);
    vd_desc(d, 1, buf, len, VD_F_NEXT | (type == T_IN ? VD_F_WRITE : 0), 2);
    vd_desc(d, 2, STATUS, 1, VD_F_WRITE, 0);
    vd_offer(d, 0);
    vd_notify(d);
}

static uint8_t run(VirtDriver *d, uint32_t type, uint64_t sector, uint64_t buf, uint32_t len)
{
    submit(d, type, sector, buf, len);
    vd_wait_used(d, 0, NULL);
    return vd_load(d, STATUS, 1);
}

/* In place: the emulator has the file open. */
static void fill_image(void)
{
    g_autofree uint8_t *data = g_malloc(SECTORS * SECTOR);
    int fd;

    for (unsigned i = 0; i < SECTORS * SECTOR; i++) {
        data[i] = i * 7 + i / SECTOR;
    }
    fd = open(image, O_WRONLY | O_CREAT, 0600);
    g_assert_cmpint(pwrite(fd, data, SECTORS * SECTOR, 0), ==, SECTORS * SECTOR);
    close(fd);
}

static void test_read_write(QtestMachine *m)
{
    uint8_t buf[4 * SECTOR], seen[4 * SECTOR];
    g_autofree char *file = NULL;
    VirtDriver d;

    fill_image();
    start(&d, m);
    g_assert_cmpuint(qm_read32(m, VIRTIO(7) + VD_CONFIG), ==, SECTORS);
    g_assert_cmpuint(run(&d, T_IN, 17, BUF, sizeof(buf)), ==, S_OK);
    g_assert_true(g_file_get_contents(image, &file, NULL, NULL));
    qm_memread(m, BUF, buf, sizeof(buf));
    g_assert_cmpmem(buf, sizeof(buf), file + 17 * SECTOR, sizeof(buf));
    /* back, somewhere else */
    g_assert_cmpuint(run(&d, T_OUT, 200, BUF, sizeof(buf)), ==, S_OK);
    g_assert_cmpuint(run(&d, T_FLUSH, 0, 0, 0), ==, S_OK);
    g_free(file);
    g_assert_true(g_file_get_contents(image, &file, NULL, NULL));
    g_assert_cmpmem(buf, sizeof(buf), file + 200 * SECTOR, sizeof(buf));
    g_assert_cmpuint(run(&d, T_IN, 200, BUF + MiB, sizeof(buf)), ==, S_OK);
    qm_memread(m, BUF + MiB, seen, sizeof(seen));
    g_assert_cmpmem(buf, sizeof(buf), seen, sizeof(seen));
    /* beyond the end */
    g_assert_cmpuint(run(&d, T_IN, SECTORS - 1, BUF, sizeof(buf)), ==, S_IOERR);
}

static void test_interrupt(QtestMachine *m)
{
    VirtDriver d;

    fill_image();
    qm_watch_inputs(m, "/machine/plic");
    plic_enable(m, VIRTIO_SOURCE + 7);
    start(&d, m);
    for (unsigned round = 1; round < 4; round++) {
        g_assert_cmpuint(run(&d, T_IN, round, BUF, SECTOR), ==, S_OK);
        g_assert_true(qm_wire(m, VIRTIO_SOURCE + 7));
        g_assert_cmpuint(qm_wire_rises(m, VIRTIO_SOURCE + 7), ==, round);
        vd_out(&d, VD_ACK, vd_in(&d, VD_ISR));
        g_assert_false(qm_wire(m, VIRTIO_SOURCE + 7));
        g_assert_cmpuint(plic_serve(m), ==, VIRTIO_SOURCE + 7);
    }
}

/* Requests in flight are gone after a reset, whoever resets; the disk works on. */
static void test_reset(QtestMachine *m)
{
    VirtDriver d;

    fill_image();
    for (unsigned round = 0; round < 10; round++) {
        start(&d, m);
        submit(&d, round % 2 ? T_OUT : T_IN, 0, BUF, 32 * SECTOR);
        if (round % 3 == 0) {
            vd_out(&d, VD_STATUS, 0);
        } else if (round % 3 == 1) {
            qm_reset(m);
        } else {
            qm_reload(m);
        }
        start(&d, m);
        g_assert_cmpuint(run(&d, T_IN, 3, BUF, SECTOR), ==, S_OK);
    }
}

static void test_read_only(QtestMachine *m)
{
    VirtDriver d;

    fill_image();
    qm_virtio(&d, m, VIRTIO(7));
    g_assert_cmphex(vd_offered(&d) & 1 << 5, ==, 1 << 5);
    start(&d, m);
    g_assert_cmpuint(run(&d, T_OUT, 0, BUF, SECTOR), ==, S_IOERR);
    g_assert_cmpuint(run(&d, T_IN, 0, BUF, SECTOR), ==, S_OK);
}

int main(int argc, char **argv)
{
    g_autofree char *drive = NULL, *blockdev = NULL, *read_only = NULL;

    g_test_init(&argc, &argv, NULL);
    image = qm_scratch("disk.img");
    fill_image();
    drive = g_strdup_printf("-M virt -drive file=%s,format=raw", image);
    blockdev = g_strdup_printf("-M virt -global virtio-mmio.force-legacy=false "
                               "-blockdev file,node-name=f,filename=%s "
                               "-blockdev raw,node-name=d,file=f "
                               "-device virtio-blk-device,drive=d", image);
    read_only = g_strconcat(drive, ",readonly=on", NULL);
    qm_add_test("/qtest/virtio-blk/drive/read-write", drive, test_read_write);
    qm_add_test("/qtest/virtio-blk/drive/interrupt", drive, test_interrupt);
    qm_add_test("/qtest/virtio-blk/drive/reset", drive, test_reset);
    qm_add_test("/qtest/virtio-blk/blockdev/read-write", blockdev, test_read_write);
    qm_add_test("/qtest/virtio-blk/blockdev/reset", blockdev, test_reset);
    qm_add_test("/qtest/virtio-blk/read-only", read_only, test_read_only);
    return g_test_run();
}
