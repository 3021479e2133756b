/*
 * The entropy device in a machine: data by DMA, the rate limit by the machine's clock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"

#define OPTIONS "-M virt -global virtio-mmio.force-legacy=false -device virtio-rng-device"
#define RING (RAM + 0x10000)
#define BUF  (RAM + 0x20000)
enum { QUEUE_SIZE = 8, SECOND_NS = 1000000000 };

static void request(VirtDriver *d, unsigned head, uint32_t len)
{
    vd_desc(d, head, BUF, len, VD_F_WRITE, 0);
    vd_offer(d, head);
    vd_notify(d);
}

static void test_data(QtestMachine *m)
{
    uint8_t a[256] = { 0 }, b[256] = { 0 };
    VirtDriver d;
    uint32_t len;

    qm_virtio(&d, m, VIRTIO(7));
    vd_start(&d, 0, RING, QUEUE_SIZE);
    qm_memset(m, BUF, 0, 2 * sizeof(a));
    request(&d, 0, sizeof(a));
    vd_wait_used(&d, 0, &len);
    g_assert_cmpuint(len, ==, sizeof(a));
    qm_memread(m, BUF, a, sizeof(a));
    request(&d, 0, sizeof(b));
    vd_wait_used(&d, 0, &len);
    qm_memread(m, BUF, b, sizeof(b));
    g_assert_cmpint(memcmp(a, b, sizeof(a)), !=, 0);
    qm_memread(m, BUF + sizeof(a), b, sizeof(b));
    for (unsigned i = 0; i < sizeof(b); i++) {
        g_assert_cmpuint(b[i], ==, 0);
    }
}

/* 64 bytes a second: what is used up comes back with the machine's time, not the host's. */
static void test_limit(QtestMachine *m)
{
    uint32_t head, len;
    VirtDriver d;

    qm_virtio(&d, m, VIRTIO(7));
    vd_start(&d, 0, RING, QUEUE_SIZE);
    request(&d, 0, 64);
    vd_wait_used(&d, 0, &len);
    g_assert_cmpuint(len, ==, 64);
    request(&d, 1, 64);
    qm_clock_step(m, SECOND_NS - 1);
    g_assert_false(vd_used(&d, &head, &len));
    qm_clock_step(m, 1);
    vd_wait_used(&d, 1, &len);
    g_assert_cmpuint(len, ==, 64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/virtio-rng/data", OPTIONS, test_data);
    qm_add_test("/qtest/virtio-rng/limit", OPTIONS ",max-bytes=64,period=1000", test_limit);
    return g_test_run();
}
