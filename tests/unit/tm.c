/*
 * A machine for tests of devices (tests/unit/tm.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/tm.h"
#include "block/block-backend.h"
#include "qapi/keyval.h"
#include "util/main-loop.h"
#include "util/timer.h"

typedef struct Wire {
    DeviceState *dev;
    char *name;
    unsigned n;
    IrqInput input;
    int level;
    unsigned rises;
    TestMachine *m;
} Wire;

struct TestMachine {
    MachineState *machine;
    bool restored;       /* save and load before each access */
    bool quiet;          /* edges are those of a reset and load: not counted */
    GPtrArray *wires;    /* Wire * */
    GPtrArray *rams;     /* MemoryRegion * */
    void *data;
};

/* ---- The board ---- */

static void board_class_init(ObjectClass *klass, const TypeInfo *type)
{
    MachineClass *mc = (MachineClass *)klass;

    mc->name = "tm";
    mc->no_ram = mc->no_cpu = true;
}

static const TypeInfo board_type = {
    .name = "tm" MACHINE_TYPE_SUFFIX, .parent = TYPE_MACHINE, .class_init = board_class_init,
};
TYPE_REGISTER(board_type);

static TestMachine *tm_new(bool restored)
{
    static bool looped;
    TestMachine *m = g_new0(TestMachine, 1);

    if (!looped) {
        looped = true;
        main_loop_init();
        clock_virtual_set_manual(0);
    }
    m->restored = restored;
    m->wires = g_ptr_array_new();
    m->rams = g_ptr_array_new();
    m->machine = machine_create((MachineClass *)object_class_by_name("tm" MACHINE_TYPE_SUFFIX));
    g_assert_true(machine_run_init(m->machine, NULL));
    return m;
}

static void tm_free(TestMachine *m)
{
    object_unparent(m->machine);
    for (guint i = 0; i < m->rams->len; i++) {
        memory_region_destroy(m->rams->pdata[i]);
        g_free(m->rams->pdata[i]);
    }
    for (guint i = 0; i < m->wires->len; i++) {
        g_free(((Wire *)m->wires->pdata[i])->name);
        g_free(m->wires->pdata[i]);
    }
    g_ptr_array_free(m->rams, TRUE);
    g_ptr_array_free(m->wires, TRUE);
    g_free(m);
}

typedef struct TestCase {
    void (*setup)(TestMachine *m);
    void (*fn)(TestMachine *m);
    bool restored;
} TestCase;

static void run_case(const void *opaque)
{
    const TestCase *tc = opaque;
    TestMachine *m = tm_new(tc->restored);

    tc->setup(m);
    machine_reset(m->machine);
    tc->fn(m);
    tm_free(m);
}

void tm_add_test(const char *name, void (*setup)(TestMachine *m), void (*fn)(TestMachine *m))
{
    for (int restored = 0; restored < 2; restored++) {
        g_autofree char *path = g_strdup_printf("%s/%s", name,
                                                restored ? "restored" : "fresh");
        TestCase *tc = g_new(TestCase, 1);

        *tc = (TestCase){ setup, fn, restored };
        g_test_add_data_func_full(path, tc, run_case, g_free);
    }
}

/* ---- Setting up ---- */

static void check(bool ok, GError **err)
{
    if (!ok) {
        g_error("%s", *err ? (*err)->message : "failed without a message");
    }
}

void tm_add_ram(TestMachine *m, uint64_t addr, uint64_t size)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    GError *err = NULL;

    check(memory_region_init_ram(mr, NULL, "tm-ram", size, &err), &err);
    memory_region_add_subregion(system_memory(), addr, mr);
    g_ptr_array_add(m->rams, mr);
}

void *tm_add_sysbus(TestMachine *m, const char *type, const char *props, uint64_t addr)
{
    DeviceState *dev = (DeviceState *)object_new(type);
    GError *err = NULL;

    if (props) {
        struct json_object *opts = keyval_parse(props, NULL, NULL, &err);

        check(opts != NULL, &err);
        json_object_object_foreach(opts, name, value)
        {
            g_autoptr(Visitor) v = visitor_new_keyval_input(value);

            check(object_property_set(dev, name, v, false, &err), &err);
        }
        json_object_put(opts);
    }
    check(sysbus_realize(dev, &err), &err);
    if (addr != UINT64_MAX) {
        sysbus_map(dev, 0, addr);
    }
    tm_watch_irqs(m, dev, NULL);
    return dev;
}

void *tm_device_add(TestMachine *m, const char *options)
{
    GError *err = NULL;
    struct json_object *opts = keyval_parse(options, "driver", NULL, &err);
    DeviceState *dev;

    check(opts != NULL, &err);
    dev = device_add(opts, true, &err);
    check(dev != NULL, &err);
    json_object_put(opts);
    return dev;
}

static void on_wire(void *opaque, int n, int level)
{
    Wire *w = opaque;

    if (level && !w->level && !w->m->quiet) {
        w->rises++;
    }
    w->level = level;
}

void tm_watch_irqs(TestMachine *m, void *dev, const char *name)
{
    unsigned count = device_count_irqs(dev, name, false);

    for (unsigned i = 0; i < count; i++) {
        Wire *w = g_new0(Wire, 1);

        *w = (Wire){ .dev = dev, .name = g_strdup(name), .n = i, .m = m };
        irq_input_init(&w->input, on_wire, w, i);
        g_ptr_array_add(m->wires, w);
        device_connect_irq(dev, name, i, &w->input);
    }
}

void tm_set_data(TestMachine *m, void *data)
{
    m->data = data;
}

void *tm_data(TestMachine *m)
{
    return m->data;
}

/* ---- Accesses ---- */

bool tm_restored(const TestMachine *m)
{
    return m->restored;
}

static void before_access(TestMachine *m)
{
    if (m->restored) {
        tm_save_load(m);
    }
}

/* The device region at addr and the offset in it, or NULL if it is memory or nothing. As a
 * CPU's accesses, those of tests reach a device in one piece. */
static MemoryRegion *find_device(uint64_t addr, uint64_t *offset)
{
    MemoryRegion *mr = NULL;
    const FlatRange *r;

    memory_read_lock();
    r = address_space_lookup(system_memory_as(), addr);
    if (r && !r->direct_read) {
        mr = r->mr;
        *offset = addr - r->start + r->offset;
    }
    memory_read_unlock();
    return mr;
}

MemTxResult tm_try_read(TestMachine *m, uint64_t addr, unsigned size, uint64_t *value)
{
    uint64_t offset;
    MemoryRegion *mr;

    before_access(m);
    mr = find_device(addr, &offset);
    return mr ? memory_region_dispatch_read(mr, offset, size, value, MEMTXATTRS_CPU)
              : address_space_load(system_memory_as(), addr, MEMTXATTRS_CPU, size, value);
}

MemTxResult tm_try_write(TestMachine *m, uint64_t addr, unsigned size, uint64_t value)
{
    uint64_t offset;
    MemoryRegion *mr;

    before_access(m);
    mr = find_device(addr, &offset);
    return mr ? memory_region_dispatch_write(mr, offset, size, value, MEMTXATTRS_CPU)
              : address_space_store(system_memory_as(), addr, MEMTXATTRS_CPU, size, value);
}

static uint64_t tm_read(TestMachine *m, uint64_t addr, unsigned size)
{
    uint64_t value = 0;

    g_assert_cmpint(tm_try_read(m, addr, size, &value), ==, MEMTX_OK);
    return value;
}

static void tm_write(TestMachine *m, uint64_t addr, unsigned size, uint64_t value)
{
    g_assert_cmpint(tm_try_write(m, addr, size, value), ==, MEMTX_OK);
}

uint8_t tm_read8(TestMachine *m, uint64_t addr)
{
    return tm_read(m, addr, 1);
}

uint16_t tm_read16(TestMachine *m, uint64_t addr)
{
    return tm_read(m, addr, 2);
}

uint32_t tm_read32(TestMachine *m, uint64_t addr)
{
    return tm_read(m, addr, 4);
}

uint64_t tm_read64(TestMachine *m, uint64_t addr)
{
    return tm_read(m, addr, 8);
}

void tm_write8(TestMachine *m, uint64_t addr, uint8_t value)
{
    tm_write(m, addr, 1, value);
}

void tm_write16(TestMachine *m, uint64_t addr, uint16_t value)
{
    tm_write(m, addr, 2, value);
}

void tm_write32(TestMachine *m, uint64_t addr, uint32_t value)
{
    tm_write(m, addr, 4, value);
}

void tm_write64(TestMachine *m, uint64_t addr, uint64_t value)
{
    tm_write(m, addr, 8, value);
}

void tm_memread(TestMachine *m, uint64_t addr, void *buf, size_t len)
{
    g_assert_cmpint(address_space_read(system_memory_as(), addr, MEMTXATTRS_CPU, buf, len), ==,
                    MEMTX_OK);
}

void tm_memwrite(TestMachine *m, uint64_t addr, const void *buf, size_t len)
{
    g_assert_cmpint(address_space_write(system_memory_as(), addr, MEMTXATTRS_CPU, buf, len),
                    ==, MEMTX_OK);
}

/* ---- Wires and time ---- */

static Wire *find_wire(TestMachine *m, void *dev, const char *name, unsigned n)
{
    for (guint i = 0; i < m->wires->len; i++) {
        Wire *w = m->wires->pdata[i];

        if (w->dev == dev && w->n == n && !g_strcmp0(w->name, name)) {
            return w;
        }
    }
    g_error("the device has no wire '%s' %u", name ? name : "", n);
}

int tm_irq_level_named(TestMachine *m, void *dev, const char *name, unsigned n)
{
    before_access(m);
    return find_wire(m, dev, name, n)->level;
}

int tm_irq_level(TestMachine *m, void *dev, unsigned n)
{
    return tm_irq_level_named(m, dev, NULL, n);
}

unsigned tm_irq_count(TestMachine *m, void *dev, unsigned n)
{
    return find_wire(m, dev, NULL, n)->rises;
}

void tm_irq_in(TestMachine *m, void *dev, const char *name, unsigned n, int level)
{
    IrqInput *in = device_irq_in(dev, name, n);

    g_assert_nonnull(in);
    before_access(m);
    irq_input_set(in, level);
}

void tm_clock_step(TestMachine *m, int64_t ns)
{
    before_access(m);
    clock_virtual_step(ns);
}

void tm_run(TestMachine *m)
{
    for (int i = 0; i < 10; i++) {
        main_loop_wait(true);
    }
}

bool tm_run_until(TestMachine *m, bool (*done)(void *opaque), void *opaque)
{
    int64_t end = clock_ns(CLOCK_TYPE_REALTIME) + 10 * NANOSECONDS_PER_SECOND;

    while (!done(opaque)) {
        if (clock_ns(CLOCK_TYPE_REALTIME) > end) {
            return false;
        }
        main_loop_wait(true);
        g_usleep(100);
    }
    return true;
}

/* ---- State ---- */

void tm_reset(TestMachine *m)
{
    machine_reset(m->machine);
}

void tm_save_load(TestMachine *m)
{
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    g_autofree int *levels = g_new(int, m->wires->len + 1);
    GError *err = NULL;

    blk_drain_all();     /* as a machine that stops does */
    for (guint i = 0; i < m->wires->len; i++) {
        levels[i] = ((Wire *)m->wires->pdata[i])->level;
    }
    devices_save(before);
    m->quiet = true;
    machine_reset(m->machine);
    check(devices_load(before->data, before->len, &err), &err);
    m->quiet = false;
    devices_save(after);
    g_assert_cmpmem(before->data, before->len, after->data, after->len);
    for (guint i = 0; i < m->wires->len; i++) {
        g_assert_cmpint(levels[i], ==, ((Wire *)m->wires->pdata[i])->level);
    }
}

void tm_fuzz_state(TestMachine *m, unsigned rounds)
{
    g_autoptr(GByteArray) good = g_byte_array_new();
    g_autofree uint8_t *bad = NULL;

    devices_save(good);
    bad = g_malloc(good->len);
    for (unsigned i = 0; i < rounds; i++) {
        size_t len = good->len;

        memcpy(bad, good->data, len);
        for (int flips = g_test_rand_int_range(1, 4); flips > 0; flips--) {
            bad[g_test_rand_int_range(0, len)] = g_test_rand_int_range(0, 256);
        }
        if (g_test_rand_int_range(0, 8) == 0) {
            len = g_test_rand_int_range(0, len);
        }
        if (!devices_load(bad, len, NULL)) {
            machine_reset(m->machine);
        }
    }
    machine_reset(m->machine);
}
