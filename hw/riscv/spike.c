/*
 * The RISC-V board "spike": harts, CLINT, memory and the host-target interface, as public
 * test suites expect it. The interface lies where the program's ELF symbols tohost and
 * fromhost say, else at 0x1000000.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "hw/char/riscv-htif.h"
#include "hw/core/loader.h"
#include "hw/core/sysbus.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/riscv/fdt.h"

enum { SPIKE_MAX_CPUS = 8 };
#define MROM_BASE  UINT64_C(0x1000)
#define MROM_SIZE  UINT64_C(0xf000)
#define HTIF_BASE  UINT64_C(0x1000000)
#define CLINT_BASE UINT64_C(0x2000000)
#define CLINT_SIZE UINT64_C(0x10000)
#define RAM_BASE   UINT64_C(0x80000000)

typedef struct SpikeMachine {
    MachineState parent;
    RiscvCpu **harts;
    MemoryRegion mrom;
    RiscvBoot boot;
    bool htif_in_elf;
} SpikeMachine;

/* The symbols of the firmware or of the kernel, whichever has them. */
static bool find_symbols(const SpikeMachine *s, uint64_t *tohost, uint64_t *fromhost)
{
    const char *files[] = { s->boot.firmware_path, s->parent.kernel };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        if (files[i] && file_is_elf(files[i]) && elf_symbol(files[i], "tohost", tohost) &&
            elf_symbol(files[i], "fromhost", fromhost)) {
            return true;
        }
    }
    return false;
}

static bool add_htif(SpikeMachine *s, GError **err)
{
    DeviceState *dev = machine_new_device(&s->parent, TYPE_RISCV_HTIF, "htif");
    Chardev *line = chardev_for_serial(0);
    uint64_t tohost = HTIF_BASE, fromhost = HTIF_BASE + 8, low, high;

    s->htif_in_elf = find_symbols(s, &tohost, &fromhost);
    low = MIN(tohost, fromhost);
    high = MAX(tohost, fromhost) + 8;
    if (high - low > 4096 || high - low < 16 || low % 8 || high % 8) {
        return error_set(err, "symbols tohost (0x%" PRIx64 ") and fromhost (0x%" PRIx64
                         ") lie too far apart or are not aligned", tohost, fromhost);
    }
    object_set_uint(dev, "tohost-offset", tohost - low, NULL);
    object_set_uint(dev, "fromhost-offset", fromhost - low, NULL);
    object_set_uint(dev, "size", high - low, NULL);
    if (line && !object_set_str(dev, "chardev", line->label, err)) {
        return false;
    }
    if (!sysbus_realize(dev, err)) {
        return false;
    }
    sysbus_map_overlap(dev, 0, low, 1);
    return true;
}

static bool spike_make_fdt(SpikeMachine *s, GError **err)
{
    g_autofree uint32_t *intc = g_new(uint32_t, s->parent.smp_cpus);
    g_autofree uint32_t *cells = g_new(uint32_t, s->parent.smp_cpus * 4);
    static const char clint[] = "/soc/clint@2000000", compat[] = "sifive,clint0\0riscv,clint0";
    FdtBuilder f = { 0 };

    if (s->parent.dtb) {
        if (!fdtb_load(&f, s->parent.dtb, err)) {
            return false;
        }
        fdtb_chosen(&f, &s->boot, false);
        fdtb_finish(&f, &s->parent);
        return true;
    }
    fdtb_init(&f);
    fdtb_u32(&f, "/", "#address-cells", 2);
    fdtb_u32(&f, "/", "#size-cells", 2);
    fdtb_str(&f, "/", "compatible", "ucbbar,spike-bare-dev");
    fdtb_str(&f, "/", "model", "ucbbar,spike-bare,qemu");
    fdtb_memory(&f, RAM_BASE, s->parent.ram_size);
    fdtb_riscv_cpus(&f, s->harts, s->parent.smp_cpus, RISCV_ACLINT_TIMEBASE_FREQ, intc);
    fdtb_node(&f, "/htif");
    fdtb_str(&f, "/htif", "compatible", "ucb,htif0");
    if (!s->htif_in_elf) {
        fdtb_reg(&f, "/htif", HTIF_BASE, 0x1000);
    }
    fdtb_node(&f, "/soc");
    fdtb_u32(&f, "/soc", "#address-cells", 2);
    fdtb_u32(&f, "/soc", "#size-cells", 2);
    fdtb_str(&f, "/soc", "compatible", "simple-bus");
    fdtb_empty(&f, "/soc", "ranges");
    fdtb_node(&f, clint);
    fdtb_bytes(&f, clint, "compatible", compat, sizeof(compat));
    fdtb_reg(&f, clint, CLINT_BASE, CLINT_SIZE);
    for (unsigned i = 0; i < s->parent.smp_cpus; i++) {
        cells[4 * i] = cells[4 * i + 2] = intc[i];
        cells[4 * i + 1] = RISCV_IRQ_MSIP;
        cells[4 * i + 3] = RISCV_IRQ_MTIP;
    }
    fdtb_cells(&f, clint, "interrupts-extended", cells, s->parent.smp_cpus * 4);
    fdtb_node(&f, "/chosen");
    fdtb_str(&f, "/chosen", "stdout-path", "/htif");
    fdtb_chosen(&f, &s->boot, false);
    fdtb_finish(&f, &s->parent);
    return true;
}

static bool add_memory(SpikeMachine *s, GError **err)
{
    if (!memory_region_init_rom(&s->mrom, s, "riscv.spike.mrom", MROM_SIZE, err)) {
        return false;
    }
    memory_region_add_subregion(system_memory(), MROM_BASE, &s->mrom);
    memory_region_add_subregion(system_memory(), RAM_BASE, s->parent.ram);
    return true;
}

static bool spike_init(MachineState *m, GError **err)
{
    SpikeMachine *s = (SpikeMachine *)m;
    bool ok;

    s->harts = g_new0(RiscvCpu *, m->smp_cpus);
    memory_begin();
    ok = riscv_harts_create(m, s->harts, MROM_BASE, err) && add_memory(s, err) &&
         riscv_clint_create(m, s->harts, CLINT_BASE, err);
    memory_commit();
    if (!ok) {
        return false;
    }
    s->boot = (RiscvBoot){ .m = m, .xlen = s->harts[0]->xlen, .ram_base = RAM_BASE,
                           .rom_base = MROM_BASE };
    return riscv_boot_load(&s->boot, err) && add_htif(s, err) && spike_make_fdt(s, err) &&
           riscv_boot_finish(&s->boot, err);
}

static const char *spike_default_cpu(const char *target)
{
    return g_str_equal(target, "riscv32") ? "rv32" : "rv64";
}

static void spike_class_init(ObjectClass *klass, const TypeInfo *type)
{
    static const char *const targets[] = { "riscv64", "riscv32", NULL };
    MachineClass *mc = (MachineClass *)klass;

    mc->name = "spike";
    mc->targets = targets;
    mc->min_cpus = 1;
    mc->max_cpus = SPIKE_MAX_CPUS;
    mc->default_cpus = 1;
    mc->default_ram_size = 128 * MiB;
    mc->default_ram_id = "riscv.spike.ram";
    mc->default_cpu_model = spike_default_cpu;
    mc->init = spike_init;
}

static const TypeInfo spike_machine_type = {
    .name = "spike" MACHINE_TYPE_SUFFIX,
    .parent = TYPE_MACHINE,
    .desc = "RISC-V Spike board",
    .instance_size = sizeof(SpikeMachine),
    .class_init = spike_class_init,
};
TYPE_REGISTER(spike_machine_type);
