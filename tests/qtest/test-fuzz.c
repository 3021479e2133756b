/*
 * Random reads and writes of every device's registers in a machine, and random rings for
 * virtio devices. Nothing is checked but that the emulator survives with its time limits,
 * that its memory does not grow, and that its state can be saved and loaded at any point.
 *
 * RHEA_QTEST_FUZZ is the number of accesses to each device (20,000); glib's --seed repeats a
 * run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"

#define MODERN " -global virtio-mmio.force-legacy=false"
#define LEGACY " -global virtio-mmio.force-legacy=true"
#define SERIAL " -device virtio-serial-device,max_ports=3 -chardev null,id=c -chardev null,id=p" \
               " -device virtconsole,chardev=c -device virtserialport,chardev=p,name=a"
#define RING(n)     (RAM + 0x4000 * (uint64_t)(n))
#define INDIRECT(n) (RING(n) + 0x3000)
#define BUF      (RAM + MiB)
enum { ACCESSES = 20000, PIECE = 200, RAM_MIB = 16, GROWTH_MIB = 64, QUEUE_SIZE = 64,
       RING_SIZE = 0x4000, BUF_SIZE = 0x8000, SECTOR = 512, CHAIN_MAX = 5, QUEUES = 6,
       ID_NET = 1, ID_DISK = 2, ID_CONSOLE = 3 };

/* What the chains of a queue look like. */
typedef enum ChainKind {
    CHAIN_IN,   /* buffers to be written */
    CHAIN_OUT,  /* buffers to be read */
    CHAIN_DISK, /* a header of 16 bytes, data and a status byte */
    CHAIN_CTRL, /* buffers to be read and a status byte */
} ChainKind;

typedef struct Range {
    uint64_t addr, size;
} Range;

typedef struct FuzzCase {
    const char *name, *options;
    Range range[6];          /* ends with size 0 */
    uint64_t virtio;         /* registers of a transport with a device, or 0 */
} FuzzCase;

static const FuzzCase cases[] = {
    { "serial", "-M virt", { { UART, 8 }, { UART, 0x100 } } },
    { "goldfish-rtc", "-M virt -rtc clock=vm", { { RTC, 0x24 }, { RTC, 0x1000 } } },
    { "sifive-test", "-M virt", { { FINISHER, 8 }, { FINISHER, 0x1000 } } },
    { "plic", "-M virt -smp 4", { { PLIC, 0x200 }, { PLIC + 0x1000, 0x20 },
      { PLIC + 0x2000, 0x500 }, { PLIC + 0x200000, 0x10 }, { PLIC + 0x200000, 0x9000 },
      { PLIC, PLIC_SIZE } } },
    { "aclint-swi", "-M virt,aclint=on -smp 4", { { CLINT, 0x14 }, { CLINT, 0x4000 },
      { SSWI, 0x14 }, { SSWI, 0x4000 } } },
    { "aclint-mtimer", "-M virt -smp 4", { { MTIMECMP, 0x24 }, { MTIME, 8 },
      { MTIMECMP, 0x8000 } } },
    { "fw-cfg", "-M virt -fw_cfg opt/a,string=abc", { { FW_CFG, 0x18 }, { FW_CFG + 16, 8 } } },
    { "pflash", "-M virt", { { FLASH(0), 0x100 }, { FLASH(1), FLASH_SIZE } } },
    { "htif", "-M spike", { { HTIF, 16 } } },
    { "spike-clint", "-M spike -smp 8", { { CLINT, 0x24 }, { MTIMECMP, 0x44 }, { MTIME, 8 },
      { CLINT, CLINT_SIZE } } },
    { "virtio-mmio-legacy", "-M virt" LEGACY, { { VIRTIO(0), 0x200 } } },
    { "virtio-mmio-modern", "-M virt" MODERN, { { VIRTIO(0), 0x200 } } },
    { "virtio-rng-legacy", "-M virt -device virtio-rng-device" LEGACY,
      { { VIRTIO(7), 0x110 } }, VIRTIO(7) },
    { "virtio-rng-modern", "-M virt -device virtio-rng-device,max-bytes=512,period=1" MODERN,
      { { VIRTIO(7), 0x110 } }, VIRTIO(7) },
    { "virtio-blk-legacy", "-M virt -drive file=%s,format=raw" LEGACY,
      { { VIRTIO(7), 0x140 } }, VIRTIO(7) },
    { "virtio-blk-modern", "-M virt -drive file=%s,format=raw,discard=unmap" MODERN,
      { { VIRTIO(7), 0x140 } }, VIRTIO(7) },
    /* what the card sends comes back to it */
    { "virtio-net-legacy", "-M virt -netdev dgram,id=n,local.type=unix,local.path=%s.net,"
      "remote.type=unix,remote.path=%s.net -device virtio-net-device,netdev=n" LEGACY,
      { { VIRTIO(7), 0x120 } }, VIRTIO(7) },
    { "virtio-net-modern", "-M virt -netdev dgram,id=n,local.type=unix,local.path=%s.net,"
      "remote.type=unix,remote.path=%s.net -device virtio-net-device,netdev=n" MODERN,
      { { VIRTIO(7), 0x120 } }, VIRTIO(7) },
    { "virtio-serial-legacy", "-M virt" SERIAL LEGACY, { { VIRTIO(7), 0x110 } }, VIRTIO(7) },
    { "virtio-serial-modern", "-M virt" SERIAL MODERN, { { VIRTIO(7), 0x110 } }, VIRTIO(7) },
    { "virtio-net-user", "-M virt -nic user,restrict=on" MODERN, { { VIRTIO(7), 0x120 } },
      VIRTIO(7) },
};

static const FuzzCase *current;

static uint64_t random64(void)
{
    return (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

static unsigned accesses(void)
{
    const char *text = g_getenv("RHEA_QTEST_FUZZ");

    return text ? strtoul(text, NULL, 10) : ACCESSES;
}

/* ---- Rings: mostly what a driver would offer, now and then anything ---- */

static bool seldom(void)
{
    return g_test_rand_int_range(0, 400) == 0;
}

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = value >> 8 * i;
    }
}

static uint64_t random_address(void)
{
    switch (seldom() ? g_test_rand_int_range(0, 3) : 3) {
    case 0:  return random64();
    case 1:  return RAM + RAM_MIB * MiB - g_test_rand_int_range(0, 64);
    case 2:  return RING(0) + g_test_rand_int_range(0, RING_SIZE);
    default: return BUF + g_test_rand_int_range(0, BUF_SIZE / SECTOR) * SECTOR;
    }
}

static void put_descriptor(uint8_t *at, uint64_t addr, uint32_t len, unsigned flags,
                           unsigned next)
{
    put(at, addr, 8);
    put(at + 8, seldom() ? (uint32_t)g_test_rand_int() : len, 4);
    put(at + 12, seldom() ? random64() : flags, 2);
    put(at + 14, seldom() ? random64() : next, 2);
}

/* A chain in table entries [first, first + n). */
static void put_chain(uint8_t *table, unsigned first, unsigned n, ChainKind kind)
{
    bool disk = kind == CHAIN_DISK, status = disk || kind == CHAIN_CTRL;
    bool writes = kind == CHAIN_IN || (disk && g_test_rand_int_range(0, 2));

    for (unsigned i = 0; i < n; i++) {
        bool head = disk && i == 0, last = i == n - 1;
        uint32_t len = head ? 16 : status && last ? 1
                                 : g_test_rand_int_range(1, 5) * (disk ? SECTOR : 100);
        unsigned flags = (last ? 0 : VD_F_NEXT) |
                         ((status && last) || (writes && !head) ? VD_F_WRITE : 0);

        put_descriptor(table + 16 * (first + i), random_address(), len, flags, first + i + 1);
    }
}

/* What a disk takes for headers: a type and a sector. What a network card takes for commands
 * or for the header of a frame, now and then with a checksum to compute. Others see noise. */
static void random_buffers(QtestMachine *m, bool disk)
{
    g_autofree uint8_t *buf = g_malloc0(BUF_SIZE);

    for (unsigned i = 0; i < BUF_SIZE; i += SECTOR) {
        put(buf + i, g_test_rand_int_range(0, 15), 4);
        if (!disk && g_test_rand_int_range(0, 4) == 0) {
            put(buf + i + 1, g_test_rand_int_range(0, 6), 1);
        }
        put(buf + i + 8, seldom() ? random64() : random64() & 0x1ff, 8);
        put(buf + i + 16, random64(), 8);
    }
    qm_memwrite(m, BUF, buf, BUF_SIZE);
}

static ChainKind kind_of(VirtDriver *d, unsigned queue)
{
    static const ChainKind net[QUEUES] = { CHAIN_IN, CHAIN_OUT, CHAIN_CTRL };
    static const ChainKind console[QUEUES] = { CHAIN_IN, CHAIN_OUT, CHAIN_IN, CHAIN_OUT,
                                               CHAIN_IN, CHAIN_OUT };

    switch (vd_in(d, VD_DEVICE_ID)) {
    case ID_NET:  return net[queue];
    case ID_CONSOLE: return console[queue];
    case ID_DISK: return CHAIN_DISK;
    default:      return CHAIN_IN;
    }
}

/* Chains for a queue; some of them are in tables of their own. */
static unsigned random_chains(QtestMachine *m, VirtDriver *d, ChainKind kind)
{
    uint8_t table[16 * QUEUE_SIZE], heads[2 * QUEUE_SIZE], indirect[16 * CHAIN_MAX];
    uint64_t apart = INDIRECT(d->queue);
    unsigned n = 0;

    put_chain(indirect, 0, CHAIN_MAX, kind);
    qm_memwrite(m, apart, indirect, sizeof(indirect));
    for (unsigned at = 0; at + CHAIN_MAX <= d->size;) {
        unsigned length = g_test_rand_int_range(kind >= CHAIN_DISK ? 2 : 1, CHAIN_MAX + 1);

        put_chain(table, at, length, kind);
        if (g_test_rand_int_range(0, 8) == 0) {
            put_descriptor(table + 16 * at, apart, sizeof(indirect), VD_F_INDIRECT, 0);
        }
        put(heads + 2 * n++, seldom() ? random64() : at, 2);
        at += length;
    }
    qm_memwrite(m, d->desc, table, 16 * d->size);
    qm_memwrite(m, d->avail + 4, heads, 2 * n);
    return n;
}

/* A driver that sets up the queues and offers chains. */
static void random_rings(QtestMachine *m)
{
    VirtDriver d[QUEUES];
    unsigned n_queues = 0, n[QUEUES];

    qm_virtio(&d[0], m, current->virtio);
    random_buffers(m, vd_in(&d[0], VD_DEVICE_ID) == ID_DISK);
    for (; n_queues < QUEUES; n_queues++) {
        unsigned size;

        vd_out(&d[0], VD_QUEUE_SEL, n_queues);
        size = MIN(vd_in(&d[0], VD_QUEUE_NUM_MAX), QUEUE_SIZE);
        if (!size) {
            break;
        }
        if (n_queues == 0) {
            vd_start(&d[0], random64() & vd_offered(&d[0]), RING(0), size);
        } else {
            vd_add_queue(&d[n_queues], &d[0], n_queues, RING(n_queues), size);
        }
        n[n_queues] = random_chains(m, &d[n_queues], kind_of(&d[0], n_queues));
    }
    for (unsigned i = 0; i < QUEUE_SIZE; i += 4) {
        for (unsigned q = 0; q < n_queues; q++) {
            d[q].next = seldom() ? random64() : MIN(n[q], i + 4);
            vd_store(&d[q], d[q].avail + 2, d[q].next, 2);
            vd_out(&d[q], VD_NOTIFY, seldom() ? random64() : q);
        }
    }
}

/* ---- A run ---- */

static const Range *random_range(void)
{
    unsigned n = 0;

    while (n < ARRAY_SIZE(current->range) && current->range[n].size) {
        n++;
    }
    return &current->range[g_test_rand_int_range(0, n)];
}

static void between(QtestMachine *m)
{
    switch (g_test_rand_int_range(0, 16)) {
    case 0: qm_reset(m); break;
    case 1: qm_clock_step(m, random64() & 0xffffffffff); break;
    case 2: qm_serial_offer(m, "random words\n"); break;
    case 3: case 4: qm_reload(m); break;
    default: break;
    }
    qm_serial_drain(m);
}

static void fuzz(QtestMachine *m)
{
    unsigned total = accesses();
    uint64_t before = qm_resident_kib(m), slack = qm_slow() > 1 ? 8 : 1;

    current = qm_data(m);
    for (unsigned done = 0; done < total; done += PIECE) {
        const Range *r = random_range();

        if (current->virtio && g_test_rand_int_range(0, 2)) {
            random_rings(m);
        }
        qm_fuzz(m, r->addr, r->size, MIN(PIECE, total - done), random64());
        between(m);
    }
    qm_reload(m);
    qm_reset(m);
    g_assert_cmpuint(qm_resident_kib(m), <, before + GROWTH_MIB * KiB * slack);
}

int main(int argc, char **argv)
{
    g_autofree char *image = NULL;

    g_test_init(&argc, &argv, NULL);
    image = qm_scratch("disk.img");
    g_assert_true(g_file_set_contents(image, "", 0, NULL));
    g_assert_cmpint(truncate(image, 256 * KiB), ==, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *name = g_strdup_printf("/qtest/fuzz/%s", cases[i].name);
        g_auto(GStrv) parts = g_strsplit(cases[i].options, "%s", -1);
        g_autofree char *options = g_strjoinv(image, parts);
        g_autofree char *all = g_strdup_printf("%s -m %dM -no-shutdown", options, RAM_MIB);

        qm_add_fresh_test(name, all, fuzz, &cases[i]);
    }
    return g_test_run();
}
