/*
 * The MMIO transport and the rings, with an entropy device behind them: registers of both
 * layouts, negotiation, both kinds of ring, interrupts and their suppression, and everything
 * that a hostile driver may put into a ring.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/virtio/virtio-mmio.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/virtio-driver-tm.h"
#include "util/cutils.h"

#define BASE UINT64_C(0x10008000)
#define RAM  UINT64_C(0x80000000)
#define RAM_SIZE (1 * MiB)
#define RING (RAM + 0x10000)
#define BUF  (RAM + 0x20000)
#define TABLE (RAM + 0x30000)
enum { QUEUE_SIZE = 8 };

#define F_INDIRECT (UINT64_C(1) << 28)
#define F_EVENT_IDX (UINT64_C(1) << 29)

static VirtDriver drv;

static void setup(TestMachine *m, bool legacy)
{
    tm_add_ram(m, RAM, RAM_SIZE);
    vd_setup(&drv, m, legacy, BASE, "virtio-rng-device");
}

static void setup_legacy(TestMachine *m)
{
    setup(m, true);
}

static void setup_modern(TestMachine *m)
{
    setup(m, false);
}

static void setup_empty(TestMachine *m)
{
    tm_add_sysbus(m, TYPE_VIRTIO_MMIO, "force-legacy=off", BASE);
}

static void start(uint64_t features)
{
    vd_start(&drv, features, RING, QUEUE_SIZE);
}

/* A good request: the buffer fills with something. */
static void check_works(void)
{
    static const uint8_t zeros[256];
    uint8_t buf[sizeof(zeros)];
    uint32_t len;

    tm_memwrite(drv.m, BUF, zeros, sizeof(zeros));
    vd_desc(&drv, 0, BUF, sizeof(buf), VD_F_WRITE, 0);
    vd_offer(&drv, 0);
    vd_notify(&drv);
    vd_wait_used(&drv, 0, &len);
    g_assert_cmpuint(len, ==, sizeof(buf));
    tm_memread(drv.m, BUF, buf, sizeof(buf));
    g_assert_cmpint(memcmp(buf, zeros, sizeof(buf)), !=, 0);
    g_assert_false(vd_broken(&drv));
}

/* ---- Registers ---- */

static void test_identity(TestMachine *m)
{
    uint64_t features = vd_offered(&drv);

    g_assert_cmphex(vd_in(&drv, VD_MAGIC), ==, 0x74726976);
    g_assert_cmphex(vd_in(&drv, VD_VENDOR), ==, 0x554d4551);
    g_assert_cmpuint(vd_in(&drv, VD_VERSION), ==, drv.legacy ? 1 : 2);
    g_assert_cmpuint(vd_in(&drv, VD_DEVICE_ID), ==, 4);
    g_assert_cmphex(features, ==, drv.legacy ? 0x39000000 : UINT64_C(0x130000000));
    vd_out(&drv, VD_FEATURES_SEL, 2);
    g_assert_cmphex(vd_in(&drv, VD_FEATURES), ==, 0);
    vd_out(&drv, VD_FEATURES_SEL, UINT32_MAX);
    g_assert_cmphex(vd_in(&drv, VD_FEATURES), ==, 0);
    vd_out(&drv, VD_QUEUE_SEL, 0);
    g_assert_cmpuint(vd_in(&drv, VD_QUEUE_NUM_MAX), >=, QUEUE_SIZE);
    for (uint32_t q = 1; q; q <<= 1) {
        vd_out(&drv, VD_QUEUE_SEL, q);
        g_assert_cmpuint(vd_in(&drv, VD_QUEUE_NUM_MAX), ==, 0);
        g_assert_cmpuint(vd_in(&drv, VD_QUEUE_READY), ==, 0);
        vd_out(&drv, VD_QUEUE_NUM, 4);
        vd_out(&drv, VD_QUEUE_READY, 1);
        vd_out(&drv, VD_QUEUE_PFN, 0x80010);
        vd_out(&drv, VD_NOTIFY, q);
    }
    g_assert_cmpuint(vd_in(&drv, VD_STATUS), ==, 0);
    g_assert_cmpuint(vd_in(&drv, VD_ISR), ==, 0);
    vd_out(&drv, VD_MAGIC, 0);
    g_assert_cmphex(vd_in(&drv, VD_MAGIC), ==, 0x74726976);
    g_assert_cmphex(tm_read8(m, BASE + VD_CONFIG), ==, 0xff);
}

static void test_empty(TestMachine *m)
{
    VirtDriver d = { .bus = &tm_virt_bus, .m = m, .base = BASE };

    g_assert_cmphex(vd_in(&d, VD_MAGIC), ==, 0x74726976);
    g_assert_cmpuint(vd_in(&d, VD_VERSION), ==, 2);
    g_assert_cmpuint(vd_in(&d, VD_DEVICE_ID), ==, 0);
    g_assert_cmphex(vd_offered(&d), ==, 0);
    vd_out(&d, VD_STATUS, 15);
    vd_out(&d, VD_NOTIFY, 0);
    g_assert_cmpuint(vd_in(&d, VD_STATUS), ==, 0);
    device_fuzz(m, BASE, 0x200, DEVICE_FUZZ_ACCESSES / 10, NULL);
}

/* What a reset forgets, by the status register and of the machine. */
static void test_reset(TestMachine *m)
{
    for (int machine = 0; machine < 2; machine++) {
        start(F_EVENT_IDX);
        check_works();
        g_assert_cmpuint(vd_in(&drv, VD_ISR), ==, 1);
        if (machine) {
            tm_reset(m);
        } else {
            vd_out(&drv, VD_STATUS, 0);
        }
        g_assert_cmpuint(vd_in(&drv, VD_STATUS), ==, 0);
        g_assert_cmpuint(vd_in(&drv, VD_ISR), ==, 0);
        g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 0);
        vd_out(&drv, VD_QUEUE_SEL, 0);
        g_assert_cmpuint(vd_in(&drv, drv.legacy ? VD_QUEUE_PFN : VD_QUEUE_READY), ==, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        tm_run(m);
        g_assert_cmpuint(vd_load(&drv, drv.used + 2, 2), ==, 1);
    }
}

/* A queue in use keeps its addresses and its size; sizes are powers of two. */
static void test_queue_setup(TestMachine *m)
{
    start(0);
    check_works();
    vd_out(&drv, VD_QUEUE_NUM, 2);
    vd_out(&drv, VD_DESC, 0x1234);
    vd_out(&drv, VD_USED + 4, 0x1234);
    check_works();
    vd_out(&drv, VD_STATUS, 0);
    for (uint32_t bad = 0; bad < 4; bad++) {
        static const uint32_t sizes[] = { 0, 3, 2048, UINT32_MAX };

        vd_out(&drv, VD_QUEUE_NUM, sizes[bad]);
    }
    start(0);
    check_works();
}

/* ---- Rings ---- */

static void test_chains(TestMachine *m)
{
    uint32_t head, len;

    start(0);
    for (unsigned i = 0; i < 3 * QUEUE_SIZE; i++) {
        check_works();
    }
    /* a chain over several descriptors, in any order, and several at once */
    vd_desc(&drv, 5, BUF, 100, VD_F_WRITE | VD_F_NEXT, 1);
    vd_desc(&drv, 1, BUF + 0x1000, 200, VD_F_WRITE | VD_F_NEXT, 6);
    vd_desc(&drv, 6, BUF + 0x2000, 0, VD_F_WRITE | VD_F_NEXT, 0);
    vd_desc(&drv, 0, BUF + 0x3000, 1, VD_F_WRITE, 0);
    vd_desc(&drv, 7, BUF, 16, VD_F_WRITE, 0);
    vd_offer(&drv, 5);
    vd_offer(&drv, 7);
    vd_notify(&drv);
    vd_wait_used(&drv, 5, &len);
    g_assert_cmpuint(len, ==, 301);
    vd_wait_used(&drv, 7, &len);
    g_assert_cmpuint(len, ==, 16);
    g_assert_false(vd_used(&drv, &head, &len));
    vd_notify(&drv);
    g_assert_false(vd_used(&drv, &head, &len));
}

static void test_indirect(TestMachine *m)
{
    uint32_t len;

    start(F_INDIRECT);
    for (unsigned i = 0; i < 20; i++) {
        vd_desc_at(&drv, TABLE, i, BUF + 64 * i, 10, VD_F_WRITE | (i < 19 ? VD_F_NEXT : 0),
                   i + 1);
    }
    vd_desc(&drv, 2, TABLE, 20 * 16, VD_F_INDIRECT, 0);
    vd_offer(&drv, 2);
    vd_notify(&drv);
    vd_wait_used(&drv, 2, &len);
    g_assert_cmpuint(len, ==, 200);
    check_works();
}

/* Indices count to 65535 and on. */
static void test_wrap(TestMachine *m)
{
    start(F_EVENT_IDX);
    for (unsigned i = 0; i < (tm_restored(m) ? 100 : 70000); i++) {
        vd_desc(&drv, 0, BUF, 8, VD_F_WRITE, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        vd_wait_used(&drv, 0, NULL);
    }
    check_works();
}

static void test_interrupts(TestMachine *m)
{
    start(0);
    check_works();
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 1);
    g_assert_cmpuint(vd_in(&drv, VD_ISR), ==, 1);
    vd_out(&drv, VD_ACK, 2);
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 1);
    vd_out(&drv, VD_ACK, 1);
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 0);
    g_assert_cmpuint(vd_in(&drv, VD_ISR), ==, 0);
    vd_store(&drv, drv.avail, 1, 2);        /* no interrupts, please */
    check_works();
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 0);
    vd_store(&drv, drv.avail, 0, 2);
    check_works();
    g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, 1);
}

static void test_event_idx(TestMachine *m)
{
    start(F_EVENT_IDX);
    for (unsigned i = 0; i < 2; i++) {
        check_works();
        vd_out(&drv, VD_ACK, 3);
    }
    vd_store(&drv, drv.avail + 4 + 2 * QUEUE_SIZE, drv.seen + 2, 2); /* used_event */
    for (unsigned i = 0; i < 4; i++) {
        check_works();
        g_assert_cmpint(tm_irq_level(m, drv.transport, 0), ==, i >= 2);
        /* avail_event: it wants to hear of the next chain */
        g_assert_cmpuint(vd_load(&drv, drv.used + 4 + 8 * QUEUE_SIZE, 2), ==, drv.next);
    }
}

/* ---- Hostile rings ---- */

typedef struct Hostile {
    const char *what;
    uint64_t addr;
    uint32_t len;
    unsigned flags, next;
    bool harmless;
} Hostile;

static const Hostile single[] = {
    { "next is itself", BUF, 8, VD_F_WRITE | VD_F_NEXT, 0 },
    { "next beyond the table", BUF, 8, VD_F_WRITE | VD_F_NEXT, QUEUE_SIZE },
    { "next far beyond the table", BUF, 8, VD_F_WRITE | VD_F_NEXT, 0xffff },
    { "buffer outside of memory", 0x40000000, 8, VD_F_WRITE, 0 },
    { "buffer at the end of addresses", UINT64_MAX - 7, 8, VD_F_WRITE, 0 },
    { "buffer around the end of addresses", UINT64_MAX - 7, 16, VD_F_WRITE, 0 },
    { "buffer that begins before memory", RAM - 8, 16, VD_F_WRITE, 0 },
    { "buffer that ends beyond memory", RAM + RAM_SIZE - 8, 16, VD_F_WRITE, 0 },
    { "buffer of 4 GiB", BUF, UINT32_MAX, VD_F_WRITE, 0 },
    { "buffer in the device's own registers", BASE, 8, VD_F_WRITE, 0 },
    { "indirect table outside of memory", 0x40000000, 16, VD_F_INDIRECT, 0 },
    { "indirect table of no size", TABLE, 0, VD_F_INDIRECT, 0 },
    { "indirect table of a bad size", TABLE, 17, VD_F_INDIRECT, 0 },
    { "indirect table of 4 GiB", TABLE, 0xfffffff0, VD_F_INDIRECT, 0 },
    { "indirect table at the end of addresses", UINT64_MAX - 15, 32, VD_F_INDIRECT, 0 },
    { "indirect table in the registers", BASE, 16, VD_F_INDIRECT, 0 },
    { "indirect and next", TABLE, 16, VD_F_INDIRECT | VD_F_NEXT, 1 },
    { "no room", BUF, 0, VD_F_WRITE, 0, true },
    { "nothing to write", BUF, 8, 0, 0, true },
};

static void test_descriptors(TestMachine *m)
{
    for (unsigned i = 0; i < ARRAY_SIZE(single); i++) {
        const Hostile *h = &single[i];
        uint32_t len;

        g_test_message("%s", h->what);
        start(F_INDIRECT | F_EVENT_IDX);
        vd_desc(&drv, 1, BUF, 8, VD_F_WRITE, 0);
        vd_desc_at(&drv, TABLE, 0, BUF, 8, VD_F_WRITE, 0);  /* good in itself */
        vd_desc(&drv, 0, h->addr, h->len, h->flags, h->next);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        if (h->harmless) {
            vd_wait_used(&drv, 0, &len);
            g_assert_cmpuint(len, ==, 0);
            check_works();
            continue;
        }
        tm_run(m);
        g_assert_true(vd_broken(&drv));
        /* nothing more is served, and a reset mends it */
        vd_desc(&drv, 0, BUF, 8, VD_F_WRITE, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
        tm_run(m);
        g_assert_cmpuint(vd_load(&drv, drv.used + 2, 2), ==, 0);
        start(F_INDIRECT);
        check_works();
    }
}

static void broken_then_mended(TestMachine *m, const char *what)
{
    g_test_message("%s", what);
    vd_notify(&drv);
    tm_run(m);
    g_assert_true(vd_broken(&drv));
    start(F_INDIRECT);
    check_works();
}

static void test_tables(TestMachine *m)
{
    /* a loop of all, a long indirect chain that loops, nested tables */
    start(F_INDIRECT);
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        vd_desc(&drv, i, BUF, 1, VD_F_WRITE | VD_F_NEXT, (i + 1) % QUEUE_SIZE);
    }
    vd_offer(&drv, 3);
    broken_then_mended(m, "a loop of all descriptors");
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        vd_desc(&drv, i, BUF, 0, VD_F_WRITE | VD_F_NEXT, (i + 1) % QUEUE_SIZE);
    }
    vd_offer(&drv, 3);
    broken_then_mended(m, "a loop of descriptors without bytes");
    for (unsigned i = 0; i < 256; i++) {
        vd_desc_at(&drv, TABLE, i, BUF, 1, VD_F_WRITE | VD_F_NEXT, (i + 1) % 256);
    }
    vd_desc(&drv, 0, TABLE, 256 * 16, VD_F_INDIRECT, 0);
    vd_offer(&drv, 0);
    broken_then_mended(m, "a loop in an indirect table");
    vd_desc_at(&drv, TABLE, 0, TABLE, 16, VD_F_INDIRECT, 0);
    vd_desc(&drv, 0, TABLE, 16, VD_F_INDIRECT, 0);
    vd_offer(&drv, 0);
    broken_then_mended(m, "an indirect table that holds itself");
    vd_desc(&drv, 0, BUF, 8, VD_F_WRITE | VD_F_NEXT, 1);
    vd_desc(&drv, 1, BUF, 8, 0, 0);
    vd_offer(&drv, 0);
    broken_then_mended(m, "readable after writable");
    vd_offer(&drv, QUEUE_SIZE);
    broken_then_mended(m, "a head beyond the table");
    vd_offer(&drv, 0xffff);
    broken_then_mended(m, "a head far beyond the table");
    vd_store(&drv, drv.avail + 2, QUEUE_SIZE + 2, 2);
    broken_then_mended(m, "an available index that jumps");
    vd_store(&drv, drv.avail + 2, 0xffff, 2);
    broken_then_mended(m, "an available index that goes back");
}

/* Rings that are not there: nothing happens, or the device breaks; a reset mends it. */
static void test_rings(TestMachine *m)
{
    static const uint64_t places[] = {
        0, 0x40000000, BASE, UINT64_MAX & ~UINT64_C(4095), RAM + RAM_SIZE - 16, RAM - 16, 1,
        UINT64_MAX - 2,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(places) * 4; i++) {
        uint64_t place = places[i / 4];

        start(F_EVENT_IDX);
        if (drv.legacy) {
            vd_out(&drv, VD_QUEUE_PFN, place / 4096);
        } else {
            uint64_t at[3] = { drv.desc, drv.avail, drv.used };

            vd_out(&drv, VD_QUEUE_READY, 0);
            for (unsigned r = 0; r < 3; r++) {
                at[r] = i % 4 == r || i % 4 == 3 ? place : at[r];
            }
            vd_set_ring(&drv, at[0], at[1], at[2]);
        }
        vd_store(&drv, RING + 16 * QUEUE_SIZE + 2, 1, 2);
        for (unsigned n = 0; n < 20; n++) {
            vd_notify(&drv);
        }
        tm_run(m);
        start(0);
        check_works();
    }
}

/* All three parts in one place, so that what the device writes becomes its next input. */
static void test_overlap(TestMachine *m)
{
    start(0);
    if (drv.legacy) {
        return;
    }
    for (uint64_t at = RING; at < RING + 64; at += 2) {
        start(0);
        vd_out(&drv, VD_QUEUE_READY, 0);
        vd_set_ring(&drv, RING + 16, at, RING);
        for (unsigned i = 0; i < 64; i++) {
            vd_store(&drv, RING + 2 * i, g_test_rand_int_range(0, 0x10000), 2);
            vd_notify(&drv);
        }
        tm_run(m);
    }
    start(0);
    check_works();
}

/* Random descriptors, random indices. */
static void test_fuzz_ring(TestMachine *m)
{
    static const uint64_t places[] = { BUF, BUF + 4090, RAM, RAM + RAM_SIZE - 4, RING, TABLE,
                                       BASE, 0, UINT64_MAX - 4, 0x40000000 };
    unsigned rounds = tm_restored(m) ? 500 : 50000;

    start(F_INDIRECT | F_EVENT_IDX);
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned n = 0; n < 4; n++) {
            vd_desc_at(&drv, g_test_rand_int_range(0, 2) ? drv.desc : TABLE,
                       g_test_rand_int_range(0, QUEUE_SIZE),
                       places[g_test_rand_int_range(0, ARRAY_SIZE(places))],
                       g_test_rand_int_range(0, 4) ? g_test_rand_int_range(0, 5000)
                                                   : g_test_rand_int(),
                       g_test_rand_int_range(0, 8), g_test_rand_int_range(0, QUEUE_SIZE + 1));
        }
        if (g_test_rand_int_range(0, 32) == 0) {
            vd_store(&drv, drv.avail + 2, g_test_rand_int_range(0, 0x10000), 2);
        }
        vd_offer(&drv, g_test_rand_int_range(0, QUEUE_SIZE + 1));
        vd_notify(&drv);
        if (vd_broken(&drv)) {
            start(g_test_rand_int_range(0, 2) ? F_INDIRECT | F_EVENT_IDX : 0);
        }
    }
    start(0);
    check_works();
}

static void more(TestMachine *m)
{
    if (g_test_rand_int_range(0, 4) == 0) {
        vd_start(&drv, device_fuzz_value(), RING, QUEUE_SIZE);
        vd_desc(&drv, 0, BUF, 8, VD_F_WRITE, 0);
        vd_offer(&drv, 0);
        vd_notify(&drv);
    }
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 0x200, DEVICE_FUZZ_ACCESSES, more);
    start(0);
    check_works();
}

static void add(const char *name, void (*fn)(TestMachine *m))
{
    g_autofree char *legacy = g_strdup_printf("/virtio-mmio/legacy/%s", name);
    g_autofree char *modern = g_strdup_printf("/virtio-mmio/modern/%s", name);

    tm_add_test(legacy, setup_legacy, fn);
    tm_add_test(modern, setup_modern, fn);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/virtio-mmio/empty", setup_empty, test_empty);
    add("identity", test_identity);
    add("reset", test_reset);
    add("queue-setup", test_queue_setup);
    add("chains", test_chains);
    add("indirect", test_indirect);
    add("wrap", test_wrap);
    add("interrupts", test_interrupts);
    add("event-idx", test_event_idx);
    add("descriptors", test_descriptors);
    add("tables", test_tables);
    add("rings", test_rings);
    add("overlap", test_overlap);
    add("fuzz-ring", test_fuzz_ring);
    add("fuzz", test_fuzz);
    return g_test_run();
}
