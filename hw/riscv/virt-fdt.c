/*
 * The device tree of the board "virt", as drivers and firmware rely on it: node names,
 * compatibles and properties of the incumbent's board, for the devices that are present.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/virt.h"
#include "hw/core/numa.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/riscv/fdt.h"

static char *soc_path(const char *name, uint64_t addr)
{
    return g_strdup_printf("/soc/%s@%" PRIx64, name, addr);
}

/* interrupts-extended: the given interrupts of every hart. */
static void irqs_extended(FdtBuilder *f, const char *path, const uint32_t *intc, unsigned n,
                          const uint32_t *bits, unsigned n_bits)
{
    g_autofree uint32_t *cells = g_new(uint32_t, n * n_bits * 2);
    unsigned k = 0;

    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n_bits; j++) {
            cells[k++] = intc[i];
            cells[k++] = bits[j];
        }
    }
    fdtb_cells(f, path, "interrupts-extended", cells, k);
}

/* ---- NUMA (Devicetree specification; Linux, bindings/numa.txt) ---- */

static void add_memory_nodes(FdtBuilder *f, const NumaState *numa)
{
    uint64_t base = virt_map[VIRT_RAM].base;

    for (unsigned i = 0; i < numa->n_nodes; i++) {
        g_autofree char *path = g_strdup_printf("/memory@%" PRIx64, base);

        if (numa->mem[i]) {
            fdtb_memory(f, base, numa->mem[i]);
            fdtb_u32(f, path, "numa-node-id", i);
        }
        base += numa->mem[i];
    }
}

static void add_numa_cpus(FdtBuilder *f, const MachineState *m)
{
    for (unsigned i = 0; i < m->smp_cpus; i++) {
        g_autofree char *path = g_strdup_printf("/cpus/cpu@%u", i);

        fdtb_u32(f, path, "numa-node-id", m->numa->node_of[i]);
    }
}

static void add_distances(FdtBuilder *f, const NumaState *numa)
{
    unsigned n = numa->n_nodes, k = 0;
    g_autofree uint32_t *cells = g_new(uint32_t, 3 * n * n);

    if (!numa->has_distances) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++) {
            cells[k++] = i;
            cells[k++] = j;
            cells[k++] = numa->distance[i][j];
        }
    }
    fdtb_node(f, "/distance-map");
    fdtb_str(f, "/distance-map", "compatible", "numa-distance-map-v1");
    fdtb_cells(f, "/distance-map", "distance-matrix", cells, k);
}

/* ---- Devices ---- */

static void add_clint_node(VirtMachine *s, FdtBuilder *f, const uint32_t *intc)
{
    static const char compatible[] = "sifive,clint0\0riscv,clint0";
    static const uint32_t bits[] = { RISCV_IRQ_MSIP, RISCV_IRQ_MTIP };
    g_autofree char *path = soc_path("clint", virt_map[VIRT_CLINT].base);

    fdtb_node(f, path);
    fdtb_bytes(f, path, "compatible", compatible, sizeof(compatible));
    fdtb_reg(f, path, virt_map[VIRT_CLINT].base, virt_map[VIRT_CLINT].size);
    irqs_extended(f, path, intc, s->parent.smp_cpus, bits, 2);
}

static void add_swi_node(VirtMachine *s, FdtBuilder *f, const uint32_t *intc,
                         const char *name, const char *compatible, uint64_t addr,
                         uint32_t bit)
{
    g_autofree char *path = soc_path(name, addr);

    fdtb_node(f, path);
    fdtb_str(f, path, "compatible", compatible);
    fdtb_reg(f, path, addr, RISCV_ACLINT_SWI_SIZE);
    irqs_extended(f, path, intc, s->parent.smp_cpus, &bit, 1);
    fdtb_empty(f, path, "interrupt-controller");
    fdtb_u32(f, path, "#interrupt-cells", 0);
}

static void add_aclint_nodes(VirtMachine *s, FdtBuilder *f, const uint32_t *intc)
{
    uint64_t base = virt_map[VIRT_CLINT].base;
    uint64_t cmp = base + RISCV_ACLINT_SWI_SIZE, mtime = cmp + RISCV_ACLINT_MTIME;
    g_autofree char *path = soc_path("mtimer", mtime);
    static const uint32_t bit = RISCV_IRQ_MTIP;
    uint32_t reg[8] = { 0, mtime, 0, RISCV_ACLINT_MTIMER_SIZE - RISCV_ACLINT_MTIME,
                        0, cmp, 0, RISCV_ACLINT_MTIME };

    add_swi_node(s, f, intc, "mswi", "riscv,aclint-mswi", base, RISCV_IRQ_MSIP);
    fdtb_node(f, path);
    fdtb_str(f, path, "compatible", "riscv,aclint-mtimer");
    fdtb_cells(f, path, "reg", reg, 8);
    irqs_extended(f, path, intc, s->parent.smp_cpus, &bit, 1);
    add_swi_node(s, f, intc, "sswi", "riscv,aclint-sswi", virt_map[VIRT_SSWI].base,
                 RISCV_IRQ_SSIP);
}

static uint32_t add_plic_node(VirtMachine *s, FdtBuilder *f, const uint32_t *intc)
{
    static const char compatible[] = "sifive,plic-1.0.0\0riscv,plic0";
    static const uint32_t bits[] = { RISCV_IRQ_MEIP, RISCV_IRQ_SEIP };
    g_autofree char *path = soc_path("interrupt-controller", virt_map[VIRT_PLIC].base);

    fdtb_node(f, path);
    fdtb_bytes(f, path, "compatible", compatible, sizeof(compatible));
    fdtb_reg(f, path, virt_map[VIRT_PLIC].base, virt_map[VIRT_PLIC].size);
    irqs_extended(f, path, intc, s->parent.smp_cpus, bits, s->harts[0]->has_s ? 2 : 1);
    fdtb_empty(f, path, "interrupt-controller");
    fdtb_u32(f, path, "#interrupt-cells", 1);
    fdtb_u32(f, path, "#address-cells", 0);
    fdtb_u32(f, path, "riscv,ndev", VIRT_PLIC_SOURCES - 1);
    return fdtb_phandle(f, path);
}

static char *add_device_node(FdtBuilder *f, const char *name, uint64_t addr, uint64_t size,
                             const char *compatible, uint32_t plic, uint32_t source)
{
    char *path = soc_path(name, addr);

    fdtb_node(f, path);
    fdtb_str(f, path, "compatible", compatible);
    fdtb_reg(f, path, addr, size);
    fdtb_u32(f, path, "interrupt-parent", plic);
    fdtb_u32(f, path, "interrupts", source);
    return path;
}

static void add_power_nodes(FdtBuilder *f)
{
    static const char compatible[] = "sifive,test1\0sifive,test0\0syscon";
    static const struct { const char *path, *compatible; uint32_t value; } nodes[] = {
        { "/poweroff", "syscon-poweroff", 0x5555 },
        { "/reboot", "syscon-reboot", 0x7777 },
    };
    g_autofree char *test = soc_path("test", virt_map[VIRT_TEST].base);
    uint32_t phandle;

    fdtb_node(f, test);
    fdtb_bytes(f, test, "compatible", compatible, sizeof(compatible));
    fdtb_reg(f, test, virt_map[VIRT_TEST].base, virt_map[VIRT_TEST].size);
    phandle = fdtb_phandle(f, test);
    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        fdtb_node(f, nodes[i].path);
        fdtb_str(f, nodes[i].path, "compatible", nodes[i].compatible);
        fdtb_u32(f, nodes[i].path, "regmap", phandle);
        fdtb_u32(f, nodes[i].path, "offset", 0);
        fdtb_u32(f, nodes[i].path, "value", nodes[i].value);
    }
}

static void add_io_nodes(FdtBuilder *f, uint32_t plic)
{
    g_autofree char *uart =
        add_device_node(f, "serial", virt_map[VIRT_UART].base, virt_map[VIRT_UART].size,
                        "ns16550a", plic, VIRT_UART_IRQ);
    g_free(add_device_node(f, "rtc", virt_map[VIRT_RTC].base, virt_map[VIRT_RTC].size,
                           "google,goldfish-rtc", plic, VIRT_RTC_IRQ));
    fdtb_u32(f, uart, "clock-frequency", VIRT_UART_CLOCK);
    for (unsigned i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        g_free(add_device_node(f, "virtio_mmio",
                               virt_map[VIRT_VIRTIO].base + i * virt_map[VIRT_VIRTIO].size,
                               virt_map[VIRT_VIRTIO].size, "virtio,mmio", plic,
                               VIRT_VIRTIO_IRQ + i));
    }
    fdtb_node(f, "/aliases");
    fdtb_str(f, "/aliases", "serial0", uart);
    fdtb_node(f, "/chosen");
    fdtb_str(f, "/chosen", "stdout-path", uart);
}

static void add_firmware_nodes(FdtBuilder *f)
{
    const VirtMapEntry *bank = &virt_map[VIRT_FLASH], *cfg = &virt_map[VIRT_FW_CFG];
    g_autofree char *flash = g_strdup_printf("/flash@%" PRIx64, bank->base);
    g_autofree char *fw_cfg = g_strdup_printf("/fw-cfg@%" PRIx64, cfg->base);
    uint32_t reg[4 * VIRT_FLASH_BANKS];

    for (unsigned n = 0; n < VIRT_FLASH_BANKS; n++) {
        uint64_t base = bank->base + n * bank->size;

        memcpy(reg + 4 * n, (uint32_t[]){ base >> 32, base, bank->size >> 32, bank->size },
               4 * sizeof(uint32_t));
    }
    fdtb_node(f, flash);
    fdtb_str(f, flash, "compatible", "cfi-flash");
    fdtb_cells(f, flash, "reg", reg, ARRAY_SIZE(reg));
    fdtb_u32(f, flash, "bank-width", VIRT_FLASH_WIDTH);
    fdtb_node(f, fw_cfg);
    fdtb_str(f, fw_cfg, "compatible", "qemu,fw-cfg-mmio");
    fdtb_reg(f, fw_cfg, cfg->base, cfg->size);
    fdtb_empty(f, fw_cfg, "dma-coherent");
}

static void build(VirtMachine *s, FdtBuilder *f)
{
    g_autofree uint32_t *intc = g_new(uint32_t, s->parent.smp_cpus);
    uint32_t plic;

    fdtb_init(f);
    fdtb_u32(f, "/", "#address-cells", 2);
    fdtb_u32(f, "/", "#size-cells", 2);
    fdtb_str(f, "/", "compatible", "riscv-virtio");
    fdtb_str(f, "/", "model", "riscv-virtio,qemu");
    if (s->parent.numa) {
        add_memory_nodes(f, s->parent.numa);
    } else {
        fdtb_memory(f, virt_map[VIRT_RAM].base, s->parent.ram_size);
    }
    fdtb_riscv_cpus(f, s->harts, s->parent.smp_cpus, RISCV_ACLINT_TIMEBASE_FREQ, intc);
    if (s->parent.numa) {
        add_numa_cpus(f, &s->parent);
        add_distances(f, s->parent.numa);
    }
    fdtb_node(f, "/soc");
    fdtb_u32(f, "/soc", "#address-cells", 2);
    fdtb_u32(f, "/soc", "#size-cells", 2);
    fdtb_str(f, "/soc", "compatible", "simple-bus");
    fdtb_empty(f, "/soc", "ranges");
    if (s->aclint) {
        add_aclint_nodes(s, f, intc);
    } else {
        add_clint_node(s, f, intc);
    }
    plic = add_plic_node(s, f, intc);
    add_power_nodes(f);
    add_firmware_nodes(f);
    add_io_nodes(f, plic);
}

bool virt_make_fdt(VirtMachine *s, GError **err)
{
    FdtBuilder f = { 0 };

    if (s->parent.dtb) {
        if (!fdtb_load(&f, s->parent.dtb, err)) {
            return false;
        }
    } else {
        build(s, &f);
    }
    fdtb_chosen(&f, &s->boot, !s->parent.dtb);
    fdtb_finish(&f, &s->parent);
    return true;
}
