/*
 * The whole "virt" machine: its state is saved and comes back the same, and damaged states
 * do no harm, whatever the devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/accel.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "qapi/json.h"
#include "util/main-loop.h"
#include "util/timer.h"

static MachineState *machine;

static void add_device(const char *json)
{
    g_autoptr(json_object) opts = json_parse_object(json, NULL);
    GError *err = NULL;

    device_add(opts, false, &err);
    g_assert_no_error(err);
}

static void make_machine(void)
{
    GError *err = NULL;

    machine = machine_create(machine_find("virt", "riscv64", NULL));
    machine->target = g_strdup("riscv64");
    machine->ram_size = 16 * MiB;
    g_assert_true(machine_set_topology(machine, 2, 0, 0, 0, 0, NULL));
    g_assert_true(object_set_str(machine, "firmware", "none", NULL));
    accel_start((AccelState *)object_new("qtest-accel"), &err);
    g_assert_no_error(err);
    machine_run_init(machine, &err);
    g_assert_no_error(err);
    add_device("{'driver': 'virtio-rng-device', 'id': 'rng'}");
    machine_reset(machine);
}

static void test_round_trip(void)
{
    g_autoptr(GByteArray) one = g_byte_array_new();
    g_autoptr(GByteArray) two = g_byte_array_new();
    GError *err = NULL;

    devices_save(one);
    g_assert_cmpint(one->len, >, 500);
    machine_reset(machine);
    devices_load(one->data, one->len, &err);
    g_assert_no_error(err);
    devices_save(two);
    g_assert_cmpmem(one->data, one->len, two->data, two->len);
}

/* What a guest might do after a load of anything: touch every register of every device. */
static void touch_all(void)
{
    static const struct { uint64_t base, size; } windows[] = {
        { 0x100000, 0x10 },     { 0x101000, 0x40 },      { 0x2000000, 0x10 },
        { 0x2004000, 0x20 },    { 0x200bff8, 8 },        { 0xc000000, 0x200 },
        { 0xc001000, 0x10 },    { 0xc002000, 0x200 },    { 0xc200000, 0x10 },
        { 0xc201000, 0x10 },    { 0x10000000, 8 },       { 0x10001000, 0x110 },
        { 0x10008000, 0x110 },
    };
    uint64_t value;

    for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
        for (uint64_t at = 0; at < windows[i].size; at += 4) {
            uint64_t addr = windows[i].base + at;

            address_space_load(system_memory_as(), addr, MEMTXATTRS_CPU, 4, &value);
            if (addr != 0x100000) { /* that one ends the machine */
                address_space_store(system_memory_as(), addr, MEMTXATTRS_CPU, 4,
                                    g_test_rand_int());
            }
        }
    }
}

static void test_damaged(void)
{
    g_autoptr(GByteArray) good = g_byte_array_new();
    g_autofree uint8_t *bad = NULL;
    unsigned loaded = 0;

    devices_save(good);
    bad = g_malloc(good->len);
    for (int i = 0; i < 1000; i++) {
        memcpy(bad, good->data, good->len);
        for (int n = g_test_rand_int_range(1, 6); n > 0; n--) {
            bad[g_test_rand_int_range(0, good->len)] = g_test_rand_int_range(0, 256);
        }
        if (devices_load(bad, good->len, NULL)) {
            loaded++;
            touch_all();
            clock_virtual_step(1000000);
            for (int turn = 0; turn < 3; turn++) {
                main_loop_wait(true);
            }
        }
        machine_reset(machine);
    }
    g_test_message("%u damaged states of 1000 could be loaded", loaded);
    g_assert_cmpint(loaded, >, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    clock_virtual_set_manual(0);
    make_machine();
    g_test_add_func("/machine-state/round-trip", test_round_trip);
    g_test_add_func("/machine-state/damaged", test_damaged);
    return g_test_run();
}
