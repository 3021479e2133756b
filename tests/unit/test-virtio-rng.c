/*
 * The entropy device: data, its rate limit, requests that wait, resets in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/virtio-driver-tm.h"
#include "util/cutils.h"

#define BASE UINT64_C(0x10008000)
#define RAM  UINT64_C(0x80000000)
#define RAM_SIZE (16 * MiB)
#define RING (RAM + 0x10000)
#define BUF  (RAM + 0x100000)
enum { QUEUE_SIZE = 8, PERIOD_NS = 1000000000 };

static VirtDriver drv;

static void setup(TestMachine *m)
{
    tm_add_ram(m, RAM, RAM_SIZE);
    vd_setup(&drv, m, false, BASE, "virtio-rng-device");
}

static void setup_limited(TestMachine *m)
{
    tm_add_ram(m, RAM, RAM_SIZE);
    vd_setup(&drv, m, false, BASE, "virtio-rng-device,max-bytes=100,period=1000");
}

static void request(unsigned head, uint32_t len)
{
    vd_desc(&drv, head, BUF, len, VD_F_WRITE, 0);
    vd_offer(&drv, head);
    vd_notify(&drv);
}

/* Every byte of the buffer is filled, and none beside it. */
static void test_data(TestMachine *m)
{
    enum { LEN = 5000 };
    uint8_t buf[LEN + 2], seen[LEN] = { 0 };
    uint32_t len;
    unsigned ones = 0;

    vd_start(&drv, 0, RING, QUEUE_SIZE);
    for (unsigned round = 0; round < 8; round++) {
        memset(buf, 0, sizeof(buf));
        tm_memwrite(m, BUF - 1, buf, sizeof(buf));
        request(0, LEN);
        vd_wait_used(&drv, 0, &len);
        g_assert_cmpuint(len, ==, LEN);
        tm_memread(m, BUF - 1, buf, sizeof(buf));
        g_assert_cmpuint(buf[0], ==, 0);
        g_assert_cmpuint(buf[LEN + 1], ==, 0);
        for (unsigned i = 0; i < LEN; i++) {
            seen[i] |= buf[i + 1];
            ones += __builtin_popcount(buf[i + 1]);
        }
    }
    for (unsigned i = 0; i < LEN; i++) {
        g_assert_cmpuint(seen[i], !=, 0);
    }
    /* half of all bits, within ten standard deviations */
    g_assert_cmpuint(ones, >, 8 * LEN * 4 - 3000);
    g_assert_cmpuint(ones, <, 8 * LEN * 4 + 3000);
}

/* A huge buffer gets at least something, in no time. */
static void test_huge(TestMachine *m)
{
    int64_t start = g_get_monotonic_time();
    uint32_t len;

    vd_start(&drv, 0, RING, QUEUE_SIZE);
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        vd_desc(&drv, i, BUF, RAM_SIZE - (BUF - RAM), VD_F_WRITE, 0);
        vd_offer(&drv, i);
    }
    vd_notify(&drv);
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        vd_wait_used(&drv, i, &len);
        g_assert_cmpuint(len, >=, 1);
        g_assert_cmpuint(len, <=, RAM_SIZE - (BUF - RAM));
    }
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

/* 100 bytes a second: the rest of a request is not waited for, the next request is. */
static void test_limit(TestMachine *m)
{
    uint32_t head, len;

    vd_start(&drv, 0, RING, QUEUE_SIZE);
    request(0, 60);
    vd_wait_used(&drv, 0, &len);
    g_assert_cmpuint(len, ==, 60);
    request(1, 60);
    vd_wait_used(&drv, 1, &len);
    g_assert_cmpuint(len, ==, 40);
    request(2, 60);
    tm_run(m);
    g_assert_false(vd_used(&drv, &head, &len));
    tm_clock_step(m, PERIOD_NS / 2);
    tm_run(m);
    g_assert_false(vd_used(&drv, &head, &len));
    tm_clock_step(m, PERIOD_NS / 2);
    vd_wait_used(&drv, 2, &len);
    g_assert_cmpuint(len, ==, 60);
    /* a reset gives up what waits */
    request(3, 60);
    vd_wait_used(&drv, 3, &len);
    g_assert_cmpuint(len, ==, 40);
    request(4, 60);
    vd_out(&drv, VD_STATUS, 0);
    tm_clock_step(m, 2 * (int64_t)PERIOD_NS);
    tm_run(m);
    g_assert_false(vd_used(&drv, &head, &len));
}

/* A request offered before the driver is ready is served once it is. */
static void test_early(TestMachine *m)
{
    uint32_t len;

    vd_start(&drv, 0, RING, QUEUE_SIZE);
    vd_out(&drv, VD_STATUS, 11);
    request(0, 10);
    vd_out(&drv, VD_STATUS, VD_S_OK);
    vd_notify(&drv);
    vd_wait_used(&drv, 0, &len);
    g_assert_cmpuint(len, ==, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/virtio-rng/data", setup, test_data);
    tm_add_test("/virtio-rng/huge", setup, test_huge);
    tm_add_test("/virtio-rng/limit", setup_limited, test_limit);
    tm_add_test("/virtio-rng/early", setup, test_early);
    return g_test_run();
}
