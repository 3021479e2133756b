/*
 * The virtio transports of the board virt: their places and interrupts, and what a driver
 * sees of one without a device and of one with.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"

#define MODERN "-M virt -global virtio-mmio.force-legacy=false "
#define LEGACY "-M virt -global virtio-mmio.force-legacy=true "
#define RING (RAM + 0x10000)
#define BUF  (RAM + 0x80000)
enum { MAGIC = 0x74726976, ID_RNG = 4, QUEUE_SIZE = 8, RING_SIZE = 0x4000, ISR_USED = 1 };

static void test_places(QtestMachine *m)
{
    for (unsigned i = 0; i < VIRTIO_TRANSPORTS; i++) {
        g_assert_cmphex(qm_read32(m, VIRTIO(i) + VD_MAGIC), ==, MAGIC);
        /* -device takes the last one */
        g_assert_cmpuint(qm_read32(m, VIRTIO(i) + VD_DEVICE_ID), ==,
                         i == VIRTIO_TRANSPORTS - 1 ? ID_RNG : 0);
    }
    g_assert_cmphex(qm_read32(m, VIRTIO(VIRTIO_TRANSPORTS)), ==, 0);
}

/* A transport without a device swallows everything. */
static void test_empty(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    for (unsigned reg = 0; reg < 0x200; reg += 4) {
        qm_write32(m, VIRTIO(0) + reg, 0xffffffff);
        if (reg > VD_VENDOR) {
            g_assert_cmphex(qm_read32(m, VIRTIO(0) + reg), ==, 0);
        }
    }
    g_assert_false(qm_wire(m, VIRTIO_SOURCE));
}

static void fetch(VirtDriver *d, QtestMachine *m)
{
    uint32_t len;

    vd_desc(d, 0, BUF, 32, VD_F_WRITE, 0);
    vd_offer(d, 0);
    vd_notify(d);
    vd_wait_used(d, 0, &len);
    g_assert_cmpuint(len, ==, 32);
}

/* Every transport has an interrupt source of its own. */
static void test_interrupts(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    for (unsigned i = 0; i < VIRTIO_TRANSPORTS; i++) {
        unsigned source = VIRTIO_SOURCE + i;
        VirtDriver d;

        qm_virtio(&d, m, VIRTIO(i));
        vd_start(&d, 0, RING + i * RING_SIZE, QUEUE_SIZE);
        plic_enable(m, source);
        fetch(&d, m);
        g_assert_true(qm_wire(m, source));
        g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, MIP_MEIP);
        g_assert_cmphex(vd_in(&d, VD_ISR), ==, ISR_USED);
        vd_out(&d, VD_ACK, ISR_USED);
        g_assert_false(qm_wire(m, source));
        g_assert_cmpuint(plic_serve(m), ==, source);
        for (unsigned j = 0; j < VIRTIO_TRANSPORTS; j++) {
            g_assert_cmpuint(qm_wire_rises(m, VIRTIO_SOURCE + j), ==, j <= i);
        }
    }
}

static void test_reset(QtestMachine *m)
{
    VirtDriver d;

    qm_watch_inputs(m, "/machine/plic");
    qm_virtio(&d, m, VIRTIO(7));
    for (unsigned round = 0; round < 2; round++) {
        vd_start(&d, 0, RING, QUEUE_SIZE);
        fetch(&d, m);
        g_assert_true(qm_wire(m, VIRTIO_SOURCE + 7));
        if (round == 0) {
            qm_reset(m);
        } else {
            vd_out(&d, VD_STATUS, 0);
        }
        g_assert_cmphex(vd_in(&d, VD_STATUS), ==, 0);
        g_assert_cmphex(vd_in(&d, VD_ISR), ==, 0);
        g_assert_false(qm_wire(m, VIRTIO_SOURCE + 7));
    }
}

/* DMA reaches memory, and nothing else of the board. */
static void test_dma(QtestMachine *m)
{
    static const uint64_t elsewhere[] = { UART, FINISHER, CLINT, MROM, VIRTIO(7), 0x40000000,
                                          RAM - 8, UINT64_MAX - 16 };
    VirtDriver d;

    qm_virtio(&d, m, VIRTIO(7));
    for (unsigned i = 0; i < ARRAY_SIZE(elsewhere); i++) {
        uint64_t before = qm_read64(m, MROM);

        vd_start(&d, 0, RING, QUEUE_SIZE);
        vd_desc(&d, 0, elsewhere[i], 32, VD_F_WRITE, 0);
        vd_offer(&d, 0);
        vd_notify(&d);
        qm_clock_step(m, 1000);
        g_assert_cmphex(qm_read64(m, MROM), ==, before);
        g_assert_cmphex(vd_in(&d, VD_MAGIC), ==, MAGIC);
    }
    vd_start(&d, 0, RING, QUEUE_SIZE);
    fetch(&d, m);
}

int main(int argc, char **argv)
{
    static const struct { const char *name, *options; } versions[] = {
        { "legacy", LEGACY }, { "modern", MODERN },
    };
    g_autoptr(GString) eight = g_string_new(NULL);

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < VIRTIO_TRANSPORTS; i++) {
        g_string_append_printf(eight, " -device virtio-rng-device,bus=virtio-mmio-bus.%u", i);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(versions); i++) {
        const struct { const char *name; void (*fn)(QtestMachine *m); const char *devices; }
        tests[] = {
            { "places", test_places, "-device virtio-rng-device" },
            { "empty", test_empty, "" },
            { "interrupts", test_interrupts, eight->str },
            { "reset", test_reset, "-device virtio-rng-device" },
            { "dma", test_dma, "-device virtio-rng-device" },
        };

        for (unsigned j = 0; j < ARRAY_SIZE(tests); j++) {
            g_autofree char *name = g_strdup_printf("/qtest/virtio-mmio/%s/%s",
                                                    versions[i].name, tests[j].name);
            g_autofree char *options = g_strconcat(versions[i].options, tests[j].devices,
                                                   NULL);

            qm_add_test(name, options, tests[j].fn);
        }
    }
    return g_test_run();
}
