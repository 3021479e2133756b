/*
 * The RISC-V board "virt": memory map, devices and their wiring
 * (docs/system/riscv-virt.rst). Its device tree is in virt-fdt.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/virt.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "hw/char/serial-mm.h"
#include "hw/core/loader.h"
#include "hw/core/sysbus.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/intc/sifive-plic.h"
#include "hw/misc/sifive-test.h"
#include "hw/riscv/fdt.h"
#include "hw/rtc/goldfish-rtc.h"
#include "hw/virtio/virtio-mmio.h"

const VirtMapEntry virt_map[VIRT_MAP_COUNT] = {
    [VIRT_MROM]   = { 0x1000, 0xf000 },
    [VIRT_TEST]   = { 0x100000, SIFIVE_TEST_SIZE },
    [VIRT_RTC]    = { 0x101000, 0x1000 },
    [VIRT_CLINT]  = { 0x2000000, 0x10000 },
    [VIRT_SSWI]   = { 0x2f00000, RISCV_ACLINT_SWI_SIZE },
    [VIRT_PLIC]   = { 0xc000000, SIFIVE_PLIC_SIZE },
    [VIRT_UART]   = { 0x10000000, 0x100 },
    [VIRT_VIRTIO] = { 0x10001000, 0x1000 },
    [VIRT_FW_CFG] = { 0x10100000, 0x18 },
    [VIRT_FLASH]  = { 0x20000000, 0x2000000 }, /* a bank */
    [VIRT_RAM]    = { 0x80000000, 0 },
};

static bool add_sswi(VirtMachine *s, GError **err)
{
    DeviceState *sswi;

    if (!s->aclint) {
        return true;
    }
    sswi = machine_new_device(&s->parent, TYPE_RISCV_ACLINT_SWI, "sswi");
    object_set_uint(sswi, "num-harts", s->parent.smp_cpus, NULL);
    object_set_bool(sswi, "sswi", true, NULL);
    if (!sysbus_realize(sswi, err)) {
        return false;
    }
    sysbus_map(sswi, 0, virt_map[VIRT_SSWI].base);
    for (unsigned i = 0; i < s->parent.smp_cpus; i++) {
        sysbus_connect_irq(sswi, i, riscv_hart_irq(s->harts[i], RISCV_IRQ_SSIP));
    }
    return true;
}

static bool add_plic(VirtMachine *s, GError **err)
{
    g_autofree char *config = riscv_plic_hart_config(s->harts, s->parent.smp_cpus);
    unsigned context = 0;

    s->plic = machine_new_device(&s->parent, TYPE_SIFIVE_PLIC, "plic");
    object_set_str(s->plic, "hart-config", config, NULL);
    object_set_uint(s->plic, "num-sources", VIRT_PLIC_SOURCES, NULL);
    if (!sysbus_realize(s->plic, err)) {
        return false;
    }
    sysbus_map(s->plic, 0, virt_map[VIRT_PLIC].base);
    for (unsigned i = 0; i < s->parent.smp_cpus; i++) {
        sysbus_connect_irq(s->plic, context++, riscv_hart_irq(s->harts[i], RISCV_IRQ_MEIP));
        if (s->harts[i]->has_s) {
            sysbus_connect_irq(s->plic, context++,
                               riscv_hart_irq(s->harts[i], RISCV_IRQ_SEIP));
        }
    }
    return true;
}

/* Realize a device of one region and one interrupt and put it in its place. */
static bool place(VirtMachine *s, DeviceState *dev, uint64_t addr, unsigned source,
                  GError **err)
{
    if (!sysbus_realize(dev, err)) {
        return false;
    }
    sysbus_map(dev, 0, addr);
    if (source) {
        sysbus_connect_irq(dev, 0, device_irq_in(s->plic, NULL, source));
    }
    return true;
}

static bool add_devices(VirtMachine *s, GError **err)
{
    MachineState *m = &s->parent;
    DeviceState *uart = machine_new_device(m, TYPE_SERIAL_MM, "serial0");
    Chardev *line = chardev_for_serial(0);

    object_set_uint(uart, "baudbase", VIRT_UART_CLOCK / 16, NULL);
    if (line && !object_set_str(uart, "chardev", line->label, err)) {
        return false;
    }
    if (!place(s, machine_new_device(m, TYPE_SIFIVE_TEST, "test"), virt_map[VIRT_TEST].base,
               0, err) ||
        !place(s, uart, virt_map[VIRT_UART].base, VIRT_UART_IRQ, err) ||
        !place(s, machine_new_device(m, TYPE_GOLDFISH_RTC, "rtc"), virt_map[VIRT_RTC].base,
               VIRT_RTC_IRQ, err)) {
        return false;
    }
    /* The highest transport first: it is what the first -device without bus= takes. */
    for (int i = VIRT_VIRTIO_COUNT - 1; i >= 0; i--) {
        g_autofree char *name = g_strdup_printf("virtio-mmio%d", i);
        g_autofree char *bus = g_strdup_printf("virtio-mmio-bus.%d", i);
        DeviceState *dev = machine_new_device(m, TYPE_VIRTIO_MMIO, name);

        object_set_str(dev, "bus-name", bus, NULL);
        if (!place(s, dev, virt_map[VIRT_VIRTIO].base + i * virt_map[VIRT_VIRTIO].size,
                   VIRT_VIRTIO_IRQ + i, err)) {
            return false;
        }
    }
    return true;
}

/* -drive if=virtio (the default interface): a disk for each. */
static bool add_default_drives(GError **err)
{
    BlockBackend *blk;

    while ((blk = drive_next("virtio"))) {
        struct json_object *opts = json_object_new_object();
        DeviceState *dev;

        json_object_object_add(opts, "driver", json_object_new_string("virtio-blk-device"));
        json_object_object_add(opts, "drive", json_object_new_string(blk_name(blk)));
        dev = device_add(opts, false, err);
        json_object_put(opts);
        if (!dev) {
            return error_prefix(err, "-drive %s", blk_name(blk));
        }
    }
    return true;
}

static bool add_memory(VirtMachine *s, GError **err)
{
    if (!memory_region_init_rom(&s->mrom, s, "riscv_virt_board.mrom",
                                virt_map[VIRT_MROM].size, err)) {
        return false;
    }
    memory_region_add_subregion(system_memory(), virt_map[VIRT_MROM].base, &s->mrom);
    memory_region_add_subregion(system_memory(), virt_map[VIRT_RAM].base, s->parent.ram);
    return true;
}

static void virt_reseed(void *opaque)
{
    VirtMachine *s = opaque;

    fdtb_reseed(&s->parent, s->boot.fdt_addr);
}

static bool virt_boot(VirtMachine *s, GError **err)
{
    s->boot = (RiscvBoot){ .m = &s->parent, .xlen = s->harts[0]->xlen,
                           .ram_base = virt_map[VIRT_RAM].base,
                           .rom_base = virt_map[VIRT_MROM].base,
                           .flash = s->boot_flash ? virt_map[VIRT_FLASH].base : 0 };
    if (!riscv_boot_load(&s->boot, err) || !virt_pass_kernel(s, err) ||
        !virt_make_fdt(s, err) ||
        !riscv_boot_finish(&s->boot, err)) {
        return false;
    }
    reset_register(virt_reseed, s);
    return true;
}

static bool virt_init(MachineState *m, GError **err)
{
    VirtMachine *s = (VirtMachine *)m;
    bool ok;

    s->harts = g_new0(RiscvCpu *, m->smp_cpus);
    memory_begin();
    ok = riscv_harts_create(m, s->harts, virt_map[VIRT_MROM].base, err) &&
         add_memory(s, err) &&
         riscv_clint_create(m, s->harts, virt_map[VIRT_CLINT].base, err) &&
         add_sswi(s, err) && add_plic(s, err) && add_devices(s, err) &&
         virt_add_fw_cfg(s, err) && virt_add_flash(s, err) &&
         add_default_drives(err);
    memory_commit();
    return ok && virt_boot(s, err);
}

static const char *virt_default_cpu(const char *target)
{
    return g_str_equal(target, "riscv32") ? "rv32" : "rv64";
}

static const Property virt_properties[] = {
    PROP_BOOL(VirtMachine, aclint, "aclint",
              "supervisor software interrupts (SSWI), and ACLINT nodes in the device tree"),
    PROP_STR(VirtMachine, pflash[0], "pflash0", "block node with the first flash bank's "
             "contents, from which the machine boots"),
    PROP_STR(VirtMachine, pflash[1], "pflash1", "block node with the second flash bank's "
             "contents"),
    PROP_END
};

static void virt_class_init(ObjectClass *klass, const TypeInfo *type)
{
    static const char *const targets[] = { "riscv64", "riscv32", NULL };
    MachineClass *mc = (MachineClass *)klass;

    mc->name = "virt";
    mc->targets = targets;
    mc->min_cpus = 1;
    mc->max_cpus = VIRT_MAX_CPUS;
    mc->default_cpus = 1;
    mc->default_ram_size = 128 * MiB;
    mc->default_ram_id = "riscv_virt_board.ram";
    mc->default_cpu_model = virt_default_cpu;
    mc->block_default = "virtio";
    mc->default_nic = "virtio-net-device";
    mc->numa = true;
    mc->init = virt_init;
}

static const TypeInfo virt_machine_type = {
    .name = "virt" MACHINE_TYPE_SUFFIX,
    .parent = TYPE_MACHINE,
    .desc = "RISC-V VirtIO board",
    .instance_size = sizeof(VirtMachine),
    .class_init = virt_class_init,
    .properties = virt_properties,
};
TYPE_REGISTER(virt_machine_type);
