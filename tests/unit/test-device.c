/*
 * Devices and buses: realizing, wires, reset, saved state, device_add and its errors. The
 * device is a countdown timer with a one-shot interrupt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/tm.h"
#include "hw/core/loader.h"
#include "qapi/json.h"
#include "util/fifo8.h"
#include "util/log.h"
#include "util/timer.h"

#define BASE UINT64_C(0x10000)

/* ---- The device ---- */

enum { REG_DELAY = 0, REG_CTRL = 4, REG_STATUS = 8, REG_FIFO = 12 };

typedef struct Countdown {
    SysBusDevice parent;
    MemoryRegion mmio;
    IrqLine irq;
    Timer timer;
    Fifo8 fifo;
    uint32_t depth;   /* property */
    bool refuse;      /* property */
    uint32_t delay;
    uint32_t ctrl;
    bool fired;
    bool in;          /* level of the input, derived from outside */
} Countdown;

static unsigned realized, order;
static unsigned bus_order, child_order;

static void countdown_update_irq(Countdown *s)
{
    irq_set(&s->irq, s->fired && (s->ctrl & 1));
}

static void countdown_tick(void *opaque)
{
    Countdown *s = opaque;

    s->fired = true;
    countdown_update_irq(s);
}

static uint64_t countdown_read(void *opaque, uint64_t addr, unsigned size)
{
    Countdown *s = opaque;

    switch (addr) {
    case REG_DELAY: return s->delay;
    case REG_CTRL: return s->ctrl;
    case REG_STATUS: return s->fired | s->in << 1;
    case REG_FIFO: return fifo8_pop(&s->fifo);
    default: guest_error(s, "read from register 0x%" PRIx64, addr); return 0;
    }
}

static void countdown_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    Countdown *s = opaque;

    switch (addr) {
    case REG_DELAY:
        s->delay = value;
        timer_mod(&s->timer, clock_ns(CLOCK_TYPE_VIRTUAL) + s->delay);
        break;
    case REG_CTRL: s->ctrl = value & 1; break;
    case REG_STATUS: s->fired = false; break;
    case REG_FIFO: fifo8_push(&s->fifo, value); break;
    default: guest_error(s, "write to register 0x%" PRIx64, addr); return;
    }
    countdown_update_irq(s);
}

static const MemoryRegionOps countdown_ops = {
    .read = countdown_read, .write = countdown_write, .access = { 4, 4 },
};

static void countdown_input(void *dev, int n, int level)
{
    ((Countdown *)dev)->in = level;
}

static void countdown_init(Countdown *s)
{
    device_init_irq_in(&s->parent.parent, "gate", countdown_input, 2);
}

static bool countdown_realize(Countdown *s, GError **err)
{
    if (s->refuse) {
        return error_set(err, "refused");
    }
    memory_region_init_io(&s->mmio, s, &countdown_ops, s, "countdown", 16);
    sysbus_init_mmio(s, &s->mmio);
    sysbus_init_irq(s, &s->irq);
    timer_init(&s->timer, CLOCK_TYPE_VIRTUAL, countdown_tick, s);
    fifo8_create(&s->fifo, s->depth);
    realized++;
    return true;
}

static void countdown_unrealize(Countdown *s)
{
    timer_del(&s->timer);
    fifo8_destroy(&s->fifo);
    memory_region_destroy(&s->mmio);
    realized--;
}

static void countdown_reset(Countdown *s)
{
    timer_del(&s->timer);
    fifo8_reset(&s->fifo);
    s->delay = s->ctrl = 0;
    s->fired = false;
    countdown_update_irq(s);
    bus_order = ++order;
}

static const Property countdown_properties[] = {
    PROP_UINT32(Countdown, depth, "depth", "bytes in the FIFO", .def = 4, .min = 1, .max = 64),
    PROP_BOOL(Countdown, refuse, "refuse", "fail to realize"),
    PROP_END
};

static const VMStateField countdown_vmstate[] = {
    VMS_TIMER(Countdown, timer),
    VMS_FIFO8(Countdown, fifo),
    VMS_UINT32(Countdown, delay),
    VMS_UINT32(Countdown, ctrl, .mask = 1),
    VMS_BOOL(Countdown, fired),
    VMS_BOOL(Countdown, in),
    VMS_END
};

DEVICE(Countdown, "test-countdown", TYPE_SYS_BUS_DEVICE, "a countdown",
       .properties = countdown_properties, .vmstate = countdown_vmstate,
       .init = countdown_init, .realize = countdown_realize,
       .unrealize = countdown_unrealize, .reset = countdown_reset,
       .loaded = countdown_update_irq);

/* A subtype with state of its own, which has a bus. */
typedef struct Hub {
    Countdown parent;
    BusState bus;
    uint8_t extra;
} Hub;

static bool hub_realize(Hub *s, GError **err)
{
    if (!countdown_realize(&s->parent, err)) {
        return false;
    }
    bus_init(&s->bus, sizeof(s->bus), "test-bus", &s->parent.parent.parent, NULL);
    return true;
}

static const VMStateField hub_vmstate[] = { VMS_UINT8(Hub, extra, .max = 9), VMS_END };
DEVICE(Hub, "test-hub", "test-countdown", "a countdown with a bus", .vmstate = hub_vmstate,
       .realize = hub_realize);

static void test_bus_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((BusClass *)klass)->max_devices = 1;
}

static const TypeInfo test_bus_type = {
    .name = "test-bus", .parent = TYPE_BUS, .class_init = test_bus_class_init,
};
TYPE_REGISTER(test_bus_type);

typedef struct Leaf {
    DeviceState parent;
    uint32_t size;
} Leaf;

static const Property leaf_properties[] = {
    PROP_UINT32(Leaf, size, "size", "a size", .def = 1, .max = 10), PROP_END
};

static bool leaf_realize(Leaf *s, GError **err)
{
    return s->size != 7 || error_set(err, "7 is no size");
}

static void leaf_reset(Leaf *s)
{
    child_order = ++order;
}

DEVICE(Leaf, "test-leaf", TYPE_DEVICE, "a leaf", .properties = leaf_properties,
       .bus_type = "test-bus", .realize = leaf_realize, .reset = leaf_reset,
       .user_creatable = true, .category = DEVICE_INPUT);

/* ---- Tests ---- */

static void setup_countdown(TestMachine *m)
{
    tm_set_data(m, tm_add_sysbus(m, "test-countdown", "depth=8", BASE));
}

static void setup_hub(TestMachine *m)
{
    tm_set_data(m, tm_add_sysbus(m, "test-hub", NULL, BASE));
}

static void setup_leaf(TestMachine *m)
{
    setup_hub(m);
    tm_device_add(m, "test-leaf,id=leaf");
}

/* The interrupt is a function of fired and CTRL, before and after a load. */
static void test_irq(TestMachine *m)
{
    void *dev = tm_data(m);

    tm_write32(m, BASE + REG_DELAY, 1000);
    tm_clock_step(m, 999);
    g_assert_cmphex(tm_read32(m, BASE + REG_STATUS), ==, 0);
    tm_clock_step(m, 1);
    g_assert_cmphex(tm_read32(m, BASE + REG_STATUS), ==, 1);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    tm_write32(m, BASE + REG_CTRL, 0xffffffff);
    g_assert_cmphex(tm_read32(m, BASE + REG_CTRL), ==, 1);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 1);
    tm_write32(m, BASE + REG_STATUS, 0);
    g_assert_cmpint(tm_irq_level(m, dev, 0), ==, 0);
    g_assert_cmpint(tm_irq_count(m, dev, 0), ==, 1);
    tm_irq_in(m, dev, "gate", 1, 1);
    g_assert_cmphex(tm_read32(m, BASE + REG_STATUS), ==, 2);
}

static void test_fifo(TestMachine *m)
{
    for (int i = 1; i < 12; i++) {
        tm_write32(m, BASE + REG_FIFO, i);
    }
    for (int i = 1; i < 12; i++) {
        g_assert_cmpint(tm_read32(m, BASE + REG_FIFO), ==, i <= 8 ? i : 0);
    }
}

static void test_fuzz_state(TestMachine *m)
{
    tm_write32(m, BASE + REG_FIFO, 1);
    tm_write32(m, BASE + REG_DELAY, 1000);
    tm_fuzz_state(m, 3000);
}

/* Fields of the base type and of the subtype are both saved. */
static void test_inherited_state(TestMachine *m)
{
    Hub *hub = tm_data(m);
    g_autoptr(GByteArray) state = g_byte_array_new();

    hub->extra = 5;
    tm_write32(m, BASE + REG_CTRL, 1);
    devices_save(state);
    hub->extra = 9;
    hub->parent.ctrl = 0;
    g_assert_true(devices_load(state->data, state->len, NULL));
    g_assert_cmpint(hub->extra, ==, 5);
    g_assert_cmpint(hub->parent.ctrl, ==, 1);

    hub->extra = 10; /* beyond its range */
    g_byte_array_set_size(state, 0);
    devices_save(state);
    hub->extra = 0;
    g_assert_false(devices_load(state->data, state->len, NULL));
}

/* A state with a device too many or too few is refused. */
static void test_other_machine(TestMachine *m)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    void *second;

    devices_save(state);
    second = tm_add_sysbus(m, "test-countdown", NULL, UINT64_MAX);
    g_assert_false(devices_load(state->data, state->len, &err));
    g_assert_nonnull(strstr(err->message, "lacks device"));
    g_clear_error(&err);
    g_byte_array_set_size(state, 0);
    devices_save(state);
    object_unparent(second);
    g_assert_false(devices_load(state->data, state->len, &err));
    g_assert_nonnull(strstr(err->message, "has no place"));
}

/* Unrealizing takes a device out of memory; realize failures leave nothing. */
static void test_realize(TestMachine *m)
{
    DeviceState *dev = tm_data(m);
    g_autoptr(GError) err = NULL;
    uint64_t value;
    DeviceState *bad;

    g_assert_cmpint(realized, ==, 1);
    g_assert_true(dev->realized);
    object_unparent(dev);
    g_assert_cmpint(realized, ==, 0);
    g_assert_cmpint(address_space_load(system_memory_as(), BASE, MEMTXATTRS_CPU, 4, &value),
                    ==, MEMTX_DECODE_ERROR);

    bad = (DeviceState *)object_new("test-countdown");
    object_set_bool(bad, "refuse", true, NULL);
    g_assert_false(sysbus_realize(bad, &err));
    g_assert_cmpstr(err->message, ==, "refused");
    g_assert_null(bad->parent.parent);
    g_assert_null(bad->bus);
    g_assert_cmpint(sysbus_main()->devices->len, ==, 0);
    object_unref(bad);
}

/* Properties are final once realized, for users. */
static void test_frozen(TestMachine *m)
{
    g_autoptr(json_object) props = json_parse_object("{'depth': 5}", NULL);
    g_autoptr(GError) err = NULL;

    g_assert_false(object_set_properties(tm_data(m), props, false, NULL, &err));
    g_assert_nonnull(strstr(err->message, "'depth' cannot be changed any more"));
}

static void test_reset_order(TestMachine *m)
{
    DeviceState *leaf = device_by_id("leaf");

    order = 0;
    g_assert_cmpstr(leaf->bus->parent.name, ==, "test-bus.0");
    tm_reset(m);
    g_assert_cmpint(child_order, ==, 1);
    g_assert_cmpint(bus_order, ==, 2);
}

static void refuse(const char *opts, const char *message, const char *nearest)
{
    g_autoptr(json_object) json = json_parse_object(opts, NULL);
    g_autoptr(GError) err = NULL;

    g_assert_null(device_add(json, false, &err));
    g_assert_cmpstr(err->message, ==, message);
    g_assert_cmpstr(error_get_nearest(err), ==, nearest);
}

static void setup_add(TestMachine *m)
{
    g_autoptr(GError) err = NULL;

    setup_hub(m);
    refuse("{'driver': 'test-leave'}", "unknown device type 'test-leave'", "test-leaf");
    refuse("{'driver': 'test-hub'}",
           "device type 'test-hub' is part of boards and cannot be added", NULL);
    refuse("{'id': 'x'}", "a device needs a type", NULL);
    refuse("{'driver': 'test-leaf', 'sice': 1}", "test-leaf has no property 'sice'", "size");
    refuse("{'driver': 'test-leaf', 'size': 11}",
           "test-leaf: property 'size' does not accept value 11", NULL);
    refuse("{'driver': 'test-leaf', 'id': '1x'}", "invalid device id '1x'", NULL);
    refuse("{'driver': 'test-leaf', 'bus': 'test-buz.0'}",
           "device test-leaf: unknown bus 'test-buz.0'", "test-bus.0");
    refuse("{'driver': 'test-leaf', 'bus': 'sysbus', 'id': 'y'}",
           "device 'y' (test-leaf): device type 'test-leaf' cannot plug into bus 'sysbus' of "
           "type 'System'", NULL);
    refuse("{'driver': 'test-leaf', 'size': 7, 'id': 'z'}",
           "device 'z' (test-leaf): 7 is no size", NULL);
    g_assert_null(device_by_id("z"));
    tm_device_add(m, "test-leaf,id=leaf,size=3");
    refuse("{'driver': 'test-leaf', 'id': 'leaf'}",
           "there is a device with id 'leaf' already", NULL);
    refuse("{'driver': 'test-leaf', 'id': 'l2'}",
           "device 'l2' (test-leaf): device type 'test-leaf' needs a bus of type 'test-bus': "
           "there is none with room", NULL);
    refuse("{'driver': 'test-leaf', 'bus': 'test-bus.0'}",
           "device test-leaf: bus 'test-bus.0' is full", NULL);
    g_assert_false(device_del("leav", &err));
    g_assert_cmpint(error_get_class(err), ==, ERROR_DEVICE_NOT_FOUND);
    g_assert_cmpstr(error_get_nearest(err), ==, "leaf");
    g_clear_error(&err);
}

static void test_add(TestMachine *m)
{
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(((Leaf *)device_by_id("leaf"))->size, ==, 3);
    refuse("{'driver': 'test-leaf', 'id': 'l3'}",
           "device 'l3' (test-leaf): the type cannot be plugged into a running machine", NULL);
    g_assert_false(device_del("leaf", &err));
    g_assert_nonnull(strstr(err->message, "cannot be removed from a running machine"));
}

static void test_help(TestMachine *m)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    device_help(out);
    g_assert_nonnull(strstr(out->str, "Input devices:\nname \"test-leaf\", bus test-bus, "
                                      "desc \"a leaf\"\n"));
    g_assert_null(strstr(out->str, "test-countdown"));
    g_string_truncate(out, 0);
    g_assert_true(device_type_help("test-leaf", out, NULL));
    g_assert_nonnull(strstr(out->str, "size=<uint32>"));
    g_assert_nonnull(strstr(out->str, "a size (default: 1)"));
    g_assert_false(device_type_help("test-laef", out, &err));
    g_assert_cmpstr(error_get_nearest(err), ==, "test-leaf");
}

/* ---- -device loader ---- */

static void setup_loader(TestMachine *m)
{
    g_autofree char *file = g_build_filename(g_get_tmp_dir(), "rhea-test-loader.bin", NULL);
    g_autofree char *opts = g_strdup_printf("loader,addr=0x2000,file=%s", file);

    tm_add_ram(m, 0, 0x10000);
    g_assert_true(g_file_set_contents(file, "hello", 5, NULL));
    tm_device_add(m, "loader,addr=0x1000,data=0x11223344,data-len=4");
    tm_device_add(m, "loader,addr=0x1008,data=0x11223344,data-len=3,data-be=on");
    tm_device_add(m, opts);
    refuse("{'driver': 'loader', 'addr': 4096}", "device loader: nothing to do", NULL);
    refuse("{'driver': 'loader', 'addr': 4096, 'cpu-num': 0}",
           "device loader: property 'cpu-num': there is no CPU 0", NULL);
    unlink(file);
}

static void test_loader(TestMachine *m)
{
    char text[6] = "";

    g_assert_cmphex(tm_read32(m, 0x1000), ==, 0x11223344);
    g_assert_cmphex(tm_read32(m, 0x1008), ==, 0x443322);
    tm_memwrite(m, 0x2000, "HALLO", 5);
    tm_reset(m);
    tm_memread(m, 0x2000, text, 5);
    g_assert_cmpstr(text, ==, "hello");
    rom_free_all();
}

/* ---- The machine's own properties ---- */

static bool set_machine(MachineState *m, const char *json, GError **err)
{
    g_autoptr(json_object) props = json_parse_object(json, err);

    return object_set_properties(m, props, true, NULL, err);
}

static void check_smp(const char *json, const char *expected)
{
    MachineClass *mc = machine_find("none", NULL, NULL);
    MachineState *m = (MachineState *)object_new_with_class(&mc->parent);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;

    if (set_machine(m, json, &err)) {
        text = g_strdup_printf("%u/%u=%u*%u*%u", m->smp_cpus, m->smp_max_cpus, m->smp_sockets,
                               m->smp_cores, m->smp_threads);
    } else {
        text = g_strdup(err->message);
    }
    g_assert_cmpstr(text, ==, expected);
    object_unref(m);
}

static void test_smp(void)
{
    check_smp("{'smp': {'cpus': '4'}}", "4/4=1*4*1");
    check_smp("{'smp': {'cpus': '4', 'sockets': '2'}}", "4/4=2*2*1");
    check_smp("{'smp': {'cores': '2', 'threads': '2'}}", "4/4=1*2*2");
    check_smp("{'smp': {'cpus': '2', 'maxcpus': '8', 'threads': '2'}}", "2/8=1*4*2");
    check_smp("{'smp': {'cpus': '0'}}", "-smp: 'cpus' is 0");
    check_smp("{'smp': {'cpus': '9', 'maxcpus': '8'}}",
              "-smp: 9 CPUs are more than maxcpus (8)");
    check_smp("{'smp': {'cpus': '3', 'cores': '2', 'sockets': '1', 'threads': '1'}}",
              "-smp: 3 CPUs are more than maxcpus (2)");
    check_smp("{'smp': {'cpus': '5', 'sockets': '2', 'maxcpus': '5'}}",
              "-smp: sockets (2) * cores (2) * threads (1) makes 4 CPUs, maxcpus is 5");
    check_smp("{'smp': {'cpus': '4', 'dies': '2'}}", "-smp: this machine has no dies");
}

static void check_memory(const char *json, uint64_t size)
{
    MachineClass *mc = machine_find("none", NULL, NULL);
    MachineState *m = (MachineState *)object_new_with_class(&mc->parent);

    g_assert_cmpint(set_machine(m, json, NULL), ==, size != 0);
    g_assert_cmpuint(m->ram_size, ==, size);
    object_unref(m);
}

static void test_memory_size(void)
{
    check_memory("{'memory': {'size': '128'}}", 128 * MiB);
    check_memory("{'memory': {'size': '1.5G'}}", 1536 * MiB);
    check_memory("{'memory': {'size': '64k'}}", 64 * KiB);
    check_memory("{'memory': {'size': 1048576}}", MiB);
    check_memory("{'memory': {'size': '0'}}", 0);
    check_memory("{'memory': {'size': 'lots'}}", 0);
    check_memory("{'memory': {'size': '1', 'slots': '2'}}", 0);
}

static void test_machine_find(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(machine_find("nome", NULL, &err));
    g_assert_cmpstr(err->message, ==, "unknown machine 'nome'");
    g_assert_cmpstr(error_get_nearest(err), ==, "none");
}

/* A flood of guest errors is cut off. */
static void test_guest_error(void)
{
    char name[] = "/tmp/rhea-test-log-XXXXXX";
    int fd = g_mkstemp(name);
    g_autofree char *text = NULL;
    size_t size;

    g_assert_true(log_set_file(name, NULL));
    g_assert_true(log_set_items("guest_errors", NULL));
    for (int i = 0; i < 10000; i++) {
        guest_error(NULL, "wrong %d", i);
    }
    g_assert_true(log_set_items("none", NULL));
    log_close();
    g_assert_true(g_file_get_contents(name, &text, &size, NULL));
    g_assert_nonnull(strstr(text, "guest: wrong 0\n"));
    g_assert_cmpint(size, <, 100000);
    g_assert_nonnull(strstr(text, "left out"));
    close(fd);
    unlink(name);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/device/irq", setup_countdown, test_irq);
    tm_add_test("/device/fifo", setup_countdown, test_fifo);
    tm_add_test("/device/fuzz-state", setup_countdown, test_fuzz_state);
    tm_add_test("/device/inherited-state", setup_hub, test_inherited_state);
    tm_add_test("/device/other-machine", setup_countdown, test_other_machine);
    tm_add_test("/device/realize", setup_countdown, test_realize);
    tm_add_test("/device/frozen", setup_countdown, test_frozen);
    tm_add_test("/device/reset-order", setup_leaf, test_reset_order);
    tm_add_test("/device/add", setup_add, test_add);
    tm_add_test("/device/help", setup_hub, test_help);
    tm_add_test("/device/loader", setup_loader, test_loader);
    g_test_add_func("/machine/smp", test_smp);
    g_test_add_func("/machine/memory-size", test_memory_size);
    g_test_add_func("/machine/find", test_machine_find);
    g_test_add_func("/device/guest-error", test_guest_error);
    return g_test_run();
}
