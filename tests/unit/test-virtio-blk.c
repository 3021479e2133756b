/*
 * The disk: configuration, reads and writes of any layout, flush, discard, write zeroes,
 * ids, errors of guest and host, resets with requests in flight, hostile requests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "qapi/keyval.h"
#include "softmmu/runstate.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/virtio-driver-tm.h"
#include "util/cutils.h"
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>

#define BASE UINT64_C(0x10008000)
#define RAM  UINT64_C(0x80000000)
#define RAM_SIZE (4 * MiB)
#define RING (RAM + 0x10000)
#define HDR  (RAM + 0x20000)
#define STATUS (RAM + 0x21000)
#define BUF  (RAM + 0x100000)
enum { QUEUE_SIZE = 64, SECTOR = 512, SECTORS = 2048 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xaa };

static VirtDriver drv;
static char *image;
static unsigned disks;

static void setup_with(TestMachine *m, const char *drive, const char *device)
{
    g_autofree char *props = NULL, *options = NULL;
    struct json_object *opts;
    g_autoptr(GError) err = NULL;

    props = g_strdup_printf("file=%s,format=raw,if=none,id=d%u%s", image, disks, drive);
    options = g_strdup_printf("virtio-blk-device,drive=d%u%s", disks++, device);
    g_assert_cmpint(truncate(image, 0), ==, 0);
    g_assert_cmpint(truncate(image, SECTORS * SECTOR), ==, 0);
    tm_add_ram(m, RAM, RAM_SIZE);       /* makes the main loop: drives need it */
    opts = keyval_parse(props, NULL, NULL, &err);
    g_assert_no_error(err);
    drive_add(opts, NULL, &err);
    g_assert_no_error(err);
    json_object_put(opts);
    vd_setup(&drv, m, false, BASE, options);
}

static void setup(TestMachine *m)
{
    setup_with(m, "", ",serial=SN-0123456789abcdefghij");
}

static void setup_read_only(TestMachine *m)
{
    setup_with(m, ",read-only=on", "");
}

static void setup_stop(TestMachine *m)
{
    setup_with(m, ",werror=stop", "");
}

static void setup_report(TestMachine *m)
{
    setup_with(m, ",werror=report", "");
}

static void start(void)
{
    vd_start(&drv, UINT64_C(0x30006e54), RING, QUEUE_SIZE);
}

static void header(unsigned slot, uint32_t type, uint64_t sector)
{
    vd_store(&drv, HDR + 16 * slot, type, 8);
    vd_store(&drv, HDR + 16 * slot + 8, sector, 8);
    vd_store(&drv, STATUS + slot, S_NONE, 1);
}

/* Offer a request of three descriptors. */
static void submit(unsigned slot, uint32_t type, uint64_t sector, uint64_t buf, uint32_t len)
{
    unsigned d = slot * 3;
    bool from_disk = type == T_IN || type == T_GET_ID;

    header(slot, type, sector);
    vd_desc(&drv, d, HDR + 16 * slot, 16, VD_F_NEXT, len ? d + 1 : d + 2);
    vd_desc(&drv, d + 1, buf, len, VD_F_NEXT | (from_disk ? VD_F_WRITE : 0), d + 2);
    vd_desc(&drv, d + 2, STATUS + slot, 1, VD_F_WRITE, 0);
    vd_offer(&drv, d);
}

static uint8_t status_of(unsigned slot)
{
    return vd_load(&drv, STATUS + slot, 1);
}

static uint8_t run(uint32_t type, uint64_t sector, uint64_t buf, uint32_t len)
{
    submit(0, type, sector, buf, len);
    vd_notify(&drv);
    vd_wait_used(&drv, 0, NULL);
    return status_of(0);
}

static void pattern(uint64_t addr, uint32_t len, unsigned seed)
{
    for (uint32_t i = 0; i < len; i += 4) {
        vd_store(&drv, addr + i, i * 2654435761u + seed, 4);
    }
}

static void expect_pattern(uint64_t addr, uint32_t len, unsigned seed)
{
    for (uint32_t i = 0; i < len; i += 4) {
        g_assert_cmphex(vd_load(&drv, addr + i, 4), ==, (uint32_t)(i * 2654435761u + seed));
    }
}

static void test_config(TestMachine *m)
{
    uint64_t features = vd_offered(&drv);

    g_assert_cmphex(features & ~(UINT64_C(1) << 5), ==,
                    features & 1 << 5 ? UINT64_C(0x130000654) : UINT64_C(0x130006e54));
    g_assert_cmpuint(vd_in(&drv, VD_DEVICE_ID), ==, 2);
    g_assert_cmpuint(tm_read32(m, BASE + VD_CONFIG), ==, SECTORS);
    g_assert_cmpuint(tm_read32(m, BASE + VD_CONFIG + 4), ==, 0);
    g_assert_cmpuint(tm_read32(m, BASE + VD_CONFIG + 12), ==, 254);     /* seg_max */
    g_assert_cmpuint(tm_read32(m, BASE + VD_CONFIG + 20), ==, 512);     /* blk_size */
    g_assert_cmpuint(tm_read8(m, BASE + VD_CONFIG + 32), ==, 1);        /* writeback */
    start();
    tm_write8(m, BASE + VD_CONFIG + 32, 0);
    g_assert_cmpuint(tm_read8(m, BASE + VD_CONFIG + 32), ==, features & 1 << 5 ? 1 : 0);
    tm_write32(m, BASE + VD_CONFIG, 5);
    g_assert_cmpuint(tm_read32(m, BASE + VD_CONFIG), ==, SECTORS);
}

/* A driver without flush gets writes through; the next driver gets the cache back. */
static void test_write_cache(TestMachine *m)
{
    for (unsigned i = 0; i < 2; i++) {
        vd_start(&drv, 0, RING, QUEUE_SIZE);
        g_assert_cmpuint(tm_read8(m, BASE + VD_CONFIG + 32), ==, 0);
        start();
        g_assert_cmpuint(tm_read8(m, BASE + VD_CONFIG + 32), ==, 1);
        tm_write8(m, BASE + VD_CONFIG + 32, 0);
        g_assert_cmpuint(tm_read8(m, BASE + VD_CONFIG + 32), ==, 0);
    }
}

static void test_read_write(TestMachine *m)
{
    static const uint32_t sizes[] = { 512, 4096, 65536, 262144 };
    uint32_t len;

    start();
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint64_t sector = SECTORS - sizes[i] / SECTOR;

        pattern(BUF, sizes[i], i);
        g_assert_cmpuint(run(T_OUT, sector, BUF, sizes[i]), ==, S_OK);
        submit(1, T_IN, sector, BUF + MiB, sizes[i]);
        vd_notify(&drv);
        vd_wait_used(&drv, 3, &len);
        g_assert_cmpuint(len, ==, sizes[i] + 1);
        g_assert_cmpuint(status_of(1), ==, S_OK);
        expect_pattern(BUF + MiB, sizes[i], i);
    }
    g_assert_cmpuint(run(T_FLUSH, 0, 0, 0), ==, S_OK);
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 1);
}

/* Header, data and status cut anywhere (2.7.4). */
static void test_layouts(TestMachine *m)
{
    start();
    pattern(BUF, 1024, 7);
    for (unsigned cut = 1; cut < 16; cut++) {
        header(0, T_OUT, cut);
        vd_desc(&drv, 0, HDR, cut, VD_F_NEXT, 1);
        vd_desc(&drv, 1, HDR + cut, 16 - cut, VD_F_NEXT, 2);
        vd_desc(&drv, 2, BUF, 13 * cut, VD_F_NEXT, 3);
        vd_desc(&drv, 3, BUF + 13 * cut, 512 - 13 * cut, VD_F_NEXT, 4);
        vd_desc(&drv, 4, STATUS, 1, VD_F_WRITE, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        vd_wait_used(&drv, 0, NULL);
        g_assert_cmpuint(status_of(0), ==, S_OK);
        /* header and data in one, data and status in one */
        vd_store(&drv, BUF + MiB - 16, T_IN, 8);
        vd_store(&drv, BUF + MiB - 8, cut, 8);
        vd_desc(&drv, 0, BUF + MiB - 16, 16, VD_F_NEXT, 1);
        vd_desc(&drv, 1, BUF + MiB, 512 + 1, VD_F_WRITE, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        vd_wait_used(&drv, 0, NULL);
        g_assert_cmpuint(vd_load(&drv, BUF + MiB + 512, 1), ==, S_OK);
        expect_pattern(BUF + MiB, 512, 7);
    }
}

static void test_id(TestMachine *m)
{
    char id[24] = { 0 };

    start();
    vd_store(&drv, BUF + 16, UINT64_MAX, 8);
    g_assert_cmpuint(run(T_GET_ID, 0, BUF, 20), ==, S_OK);
    tm_memread(m, BUF, id, 20);
    g_assert_cmpstr(id, ==, "SN-0123456789abcdefg");
    g_assert_cmphex(vd_load(&drv, BUF + 20, 4), ==, UINT32_MAX);
    g_assert_cmpuint(run(T_GET_ID, 0, BUF, 5), ==, S_OK);
    g_assert_cmpuint(run(T_GET_ID, 0, BUF, 4096), ==, S_OK);
}

static uint8_t unmap(uint32_t type, uint64_t sector, uint32_t count, uint32_t flags)
{
    vd_store(&drv, BUF + 2 * MiB, sector, 8);
    vd_store(&drv, BUF + 2 * MiB + 8, count, 4);
    vd_store(&drv, BUF + 2 * MiB + 12, flags, 4);
    return run(type, 0, BUF + 2 * MiB, 16);
}

static void test_unmap(TestMachine *m)
{
    start();
    pattern(BUF, 65536, 3);
    g_assert_cmpuint(run(T_OUT, 0, BUF, 65536), ==, S_OK);
    g_assert_cmpuint(unmap(T_ZEROES, 8, 16, 0), ==, S_OK);
    g_assert_cmpuint(unmap(T_ZEROES, 64, 16, 1), ==, S_OK);
    g_assert_cmpuint(run(T_IN, 0, BUF + MiB, 65536), ==, S_OK);
    expect_pattern(BUF + MiB, 8 * SECTOR, 3);
    for (unsigned i = 0; i < 16 * SECTOR; i += 8) {
        g_assert_cmphex(vd_load(&drv, BUF + MiB + 8 * SECTOR + i, 8), ==, 0);
        g_assert_cmphex(vd_load(&drv, BUF + MiB + 64 * SECTOR + i, 8), ==, 0);
    }
    g_assert_cmpuint(unmap(T_DISCARD, 100, 8, 0), ==, S_OK);
    g_assert_cmpuint(unmap(T_DISCARD, 0, SECTORS, 0), ==, S_OK);
    g_assert_cmpuint(unmap(T_DISCARD, SECTORS, 1, 0), ==, S_IOERR);
    g_assert_cmpuint(unmap(T_DISCARD, UINT64_MAX, 1, 0), ==, S_IOERR);
    g_assert_cmpuint(unmap(T_DISCARD, 0, UINT32_MAX, 0), ==, S_IOERR);
    g_assert_cmpuint(unmap(T_DISCARD, 0, 1, 1), ==, S_UNSUPP);
    g_assert_cmpuint(unmap(T_ZEROES, 0, 1, 2), ==, S_UNSUPP);
    g_assert_cmpuint(run(T_ZEROES, 0, BUF, 15), !=, S_OK);
    g_assert_cmpuint(run(T_ZEROES, 0, 0, 0), !=, S_OK);
}

static void test_bad_requests(TestMachine *m)
{
    start();
    g_assert_cmpuint(run(T_IN, SECTORS, BUF, 512), ==, S_IOERR);
    g_assert_cmpuint(run(T_IN, SECTORS - 1, BUF, 1024), ==, S_IOERR);
    g_assert_cmpuint(run(T_OUT, SECTORS - 1, BUF, 1024), ==, S_IOERR);
    g_assert_cmpuint(run(T_OUT, UINT64_MAX, BUF, 512), ==, S_IOERR);
    g_assert_cmpuint(run(T_IN, UINT64_MAX >> 9, BUF, 512), ==, S_IOERR);
    g_assert_cmpuint(run(T_IN, UINT64_C(1) << 55, BUF, 512), ==, S_IOERR);
    g_assert_cmpuint(run(T_IN, 0, BUF, 511), ==, S_IOERR);
    g_assert_cmpuint(run(T_OUT, 0, BUF, 513), ==, S_IOERR);
    for (unsigned type = 2; type < 40; type++) {
        if (type != T_FLUSH && type != T_GET_ID && type != T_DISCARD && type != T_ZEROES) {
            g_assert_cmpuint(run(type, 0, BUF, 512), ==, S_UNSUPP);
        }
    }
    g_assert_cmpuint(run(UINT32_MAX, 0, BUF, 512), ==, S_UNSUPP);
    g_assert_cmpuint(run(T_IN, 0, 0, 0), ==, S_OK);
    /* no place for a status, no header: the device needs a reset */
    header(0, T_OUT, 0);
    vd_desc(&drv, 0, HDR, 16, VD_F_NEXT, 1);
    vd_desc(&drv, 1, BUF, 512, 0, 0);
    vd_offer(&drv, 0);
    vd_notify(&drv);
    g_assert_true(vd_broken(&drv));
    start();
    vd_desc(&drv, 0, HDR, 15, VD_F_NEXT, 1);
    vd_desc(&drv, 1, STATUS, 1, VD_F_WRITE, 0);
    vd_offer(&drv, 0);
    vd_notify(&drv);
    g_assert_true(vd_broken(&drv));
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
}

static void test_read_only(TestMachine *m)
{
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
    g_assert_cmpuint(run(T_OUT, 0, BUF, 512), ==, S_IOERR);
    g_assert_cmpuint(unmap(T_DISCARD, 0, 1, 0), ==, S_IOERR);
    g_assert_cmpuint(unmap(T_ZEROES, 0, 1, 0), ==, S_IOERR);
    test_config(m);
}

/* Many at once, back in any order. */
static void test_parallel(TestMachine *m)
{
    uint32_t head, len;

    start();
    for (unsigned i = 0; i < 20; i++) {
        pattern(BUF + 4096 * i, 4096, i);
        submit(i, T_OUT, 8 * i, BUF + 4096 * i, 4096);
    }
    vd_notify(&drv);
    for (unsigned done = 0; done < 20;) {
        tm_run(m);
        done += vd_used(&drv, &head, &len);
    }
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmpuint(status_of(i), ==, S_OK);
        g_assert_cmpuint(run(T_IN, 8 * i, BUF + MiB, 4096), ==, S_OK);
        expect_pattern(BUF + MiB, 4096, i);
    }
}

/* After a reset nothing is written to the guest any more. */
static void test_reset(TestMachine *m)
{
    for (unsigned round = 0; round < 50; round++) {
        start();
        for (unsigned i = 0; i < 20; i++) {
            submit(i, i % 2 ? T_OUT : T_IN, 8 * i, BUF + 4096 * i, 4096);
        }
        vd_notify(&drv);
        if (round % 2) {
            vd_out(&drv, VD_STATUS, 0);
        } else {
            tm_reset(m);
        }
        vd_store(&drv, drv.used, 0, 4);
        for (unsigned i = 0; i < 20; i++) {
            vd_store(&drv, STATUS + i, S_NONE, 1);
        }
        tm_run(m);
        g_assert_cmpuint(vd_load(&drv, drv.used, 4), ==, 0);
        for (unsigned i = 0; i < 20; i++) {
            g_assert_cmpuint(status_of(i), ==, S_NONE);
        }
    }
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
}

/* ---- A host disk that is full ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    limit.rlim_cur = MIN(bytes, limit.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void test_report(TestMachine *m)
{
    start();
    limit_files(512 * KiB);
    g_assert_cmpuint(run(T_OUT, 1536, BUF, 4096), ==, S_IOERR);
    g_assert_cmpuint(run(T_OUT, 0, BUF, 4096), ==, S_OK);
    limit_files(RLIM_INFINITY);
    g_assert_cmpuint(run(T_OUT, 1536, BUF, 4096), ==, S_OK);
}

/* The machine stops, the request waits, and is done when the machine goes on. */
static void test_stop(TestMachine *m)
{
    uint32_t head, len;

    if (tm_restored(m)) {
        return;         /* requests that wait are not part of the saved state */
    }
    start();
    g_assert_true(vm_start());
    pattern(BUF, 4096, 11);
    limit_files(512 * KiB);
    submit(0, T_OUT, 1536, BUF, 4096);
    submit(1, T_OUT, 1600, BUF, 4096);
    submit(2, T_IN, 0, BUF + MiB, 4096);
    vd_notify(&drv);
    for (unsigned i = 0; i < 1000 && run_state_running(); i++) {
        tm_run(m);
        g_usleep(1000);
        run_state_carry_out_requests();
    }
    g_assert_cmpint(run_state(), ==, RUN_STATE_IO_ERROR);
    vd_wait_used(&drv, 6, &len);
    g_assert_false(vd_used(&drv, &head, &len));
    g_assert_cmpuint(status_of(0), ==, S_NONE);
    g_assert_cmpuint(status_of(1), ==, S_NONE);
    limit_files(RLIM_INFINITY);
    g_assert_true(vm_start());
    for (unsigned done = 0; done < 2; done += vd_used(&drv, &head, &len)) {
        tm_run(m);      /* they come back in any order */
        run_state_carry_out_requests();
        if (!run_state_running()) {
            g_assert_true(vm_start()); /* the second failed after the first had stopped the machine */
        }
    }
    g_assert_cmpuint(status_of(0), ==, S_OK);
    g_assert_cmpuint(status_of(1), ==, S_OK);
    g_assert_cmpuint(run(T_IN, 1536, BUF + MiB, 4096), ==, S_OK);
    expect_pattern(BUF + MiB, 4096, 11);
    /* and a reset while requests wait gives them up */
    limit_files(512 * KiB);
    submit(0, T_OUT, 1536, BUF, 4096);
    vd_notify(&drv);
    for (unsigned i = 0; i < 1000 && run_state_running(); i++) {
        tm_run(m);
        g_usleep(1000);
        run_state_carry_out_requests();
    }
    tm_reset(m);
    limit_files(RLIM_INFINITY);
    g_assert_true(vm_start());
    tm_run(m);
    g_assert_cmpuint(status_of(0), ==, S_NONE);
    vm_stop(RUN_STATE_PAUSED);
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
}

/* ---- Random ---- */

static void test_fuzz_requests(TestMachine *m)
{
    static const uint32_t types[] = { T_IN, T_OUT, T_FLUSH, T_GET_ID, T_DISCARD, T_ZEROES, 2,
                                      UINT32_MAX };
    unsigned rounds = tm_restored(m) ? 200 : 10000;

    start();
    for (unsigned i = 0; i < rounds; i++) {
        unsigned n = g_test_rand_int_range(1, 6);

        header(0, types[g_test_rand_int_range(0, ARRAY_SIZE(types))],
               g_test_rand_int_range(0, 4) ? g_test_rand_int_range(0, SECTORS + 8)
                                           : device_fuzz_value());
        for (unsigned d = 0; d < n; d++) {
            vd_desc(&drv, d, d ? BUF + g_test_rand_int_range(0, 8192) : HDR,
                    g_test_rand_int_range(0, 4) ? (d ? 512 : 16)
                                                : g_test_rand_int_range(0, 70000),
                    (d + 1 < n ? VD_F_NEXT : VD_F_WRITE) |
                        (g_test_rand_int_range(0, 3) ? 0 : VD_F_WRITE), d + 1);
        }
        vd_offer(&drv, 0);
        vd_notify(&drv);
        if (i % 8 == 0) {
            tm_run(m);
        }
        if (vd_broken(&drv)) {
            start();
        }
    }
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
}

static void more(TestMachine *m)
{
    if (g_test_rand_int_range(0, 8) == 0) {
        start();
        submit(0, T_OUT, 0, BUF, 4096);
        submit(1, T_IN, 0, BUF, 4096);
        vd_notify(&drv);
    }
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 0x200, DEVICE_FUZZ_ACCESSES / 4, more);
    start();
    g_assert_cmpuint(run(T_IN, 0, BUF, 512), ==, S_OK);
}

int main(int argc, char **argv)
{
    int fd = g_file_open_tmp("rhea-virtio-blk-XXXXXX", &image, NULL), ret;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    signal(SIGXFSZ, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/virtio-blk/config", setup, test_config);
    tm_add_test("/virtio-blk/write-cache", setup, test_write_cache);
    tm_add_test("/virtio-blk/read-write", setup, test_read_write);
    tm_add_test("/virtio-blk/layouts", setup, test_layouts);
    tm_add_test("/virtio-blk/id", setup, test_id);
    tm_add_test("/virtio-blk/unmap", setup, test_unmap);
    tm_add_test("/virtio-blk/bad-requests", setup, test_bad_requests);
    tm_add_test("/virtio-blk/read-only", setup_read_only, test_read_only);
    tm_add_test("/virtio-blk/parallel", setup, test_parallel);
    tm_add_test("/virtio-blk/reset", setup, test_reset);
    tm_add_test("/virtio-blk/werror-report", setup_report, test_report);
    tm_add_test("/virtio-blk/werror-stop", setup_stop, test_stop);
    tm_add_test("/virtio-blk/fuzz-requests", setup, test_fuzz_requests);
    tm_add_test("/virtio-blk/fuzz", setup, test_fuzz);
    ret = g_test_run();
    g_remove(image);
    g_free(image);
    return ret;
}
