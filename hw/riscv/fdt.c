/*
 * Device trees of RISC-V boards (hw/riscv/fdt.h; Devicetree Specification 0.4 and Linux's
 * bindings for riscv).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/fdt.h"
#include "util/cutils.h"
#include <libfdt.h>
#include <sys/random.h>

enum { INITIAL_SIZE = 16 * 1024, SEED_WORDS = 8 };
enum { MAX_FDT_FILE = 2 * 1024 * 1024 };

static void grow(FdtBuilder *f)
{
    f->size *= 2;
    f->fdt = g_realloc(f->fdt, f->size);
    g_assert(fdt_open_into(f->fdt, f->fdt, f->size) == 0);
}

void fdtb_init(FdtBuilder *f)
{
    f->size = INITIAL_SIZE;
    f->fdt = g_malloc0(f->size);
    f->next_phandle = 1;
    g_assert(fdt_create_empty_tree(f->fdt, f->size) == 0);
}

static int node_at(FdtBuilder *f, const char *path)
{
    int node = fdt_path_offset(f->fdt, path);

    g_assert(node >= 0);
    return node;
}

void fdtb_node(FdtBuilder *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *parent = slash == path ? g_strdup("/") : g_strndup(path, slash - path);

    while (fdt_add_subnode(f->fdt, node_at(f, parent), slash + 1) == -FDT_ERR_NOSPACE) {
        grow(f);
    }
}

void fdtb_bytes(FdtBuilder *f, const char *path, const char *prop, const void *data, int len)
{
    while (fdt_setprop(f->fdt, node_at(f, path), prop, data, len) == -FDT_ERR_NOSPACE) {
        grow(f);
    }
}

void fdtb_str(FdtBuilder *f, const char *path, const char *prop, const char *value)
{
    fdtb_bytes(f, path, prop, value, strlen(value) + 1);
}

void fdtb_empty(FdtBuilder *f, const char *path, const char *prop)
{
    fdtb_bytes(f, path, prop, NULL, 0);
}

void fdtb_cells(FdtBuilder *f, const char *path, const char *prop, const uint32_t *cells,
                unsigned n)
{
    g_autofree fdt32_t *be = g_new(fdt32_t, n);

    for (unsigned i = 0; i < n; i++) {
        be[i] = cpu_to_fdt32(cells[i]);
    }
    fdtb_bytes(f, path, prop, be, n * sizeof(be[0]));
}

void fdtb_u32(FdtBuilder *f, const char *path, const char *prop, uint32_t value)
{
    fdtb_cells(f, path, prop, &value, 1);
}

void fdtb_reg(FdtBuilder *f, const char *path, uint64_t addr, uint64_t size)
{
    uint32_t cells[4] = { addr >> 32, addr, size >> 32, size };

    fdtb_cells(f, path, "reg", cells, 4);
}

uint32_t fdtb_phandle(FdtBuilder *f, const char *path)
{
    fdtb_u32(f, path, "phandle", f->next_phandle);
    return f->next_phandle++;
}

static const char *mmu_type(const RiscvCpu *hart)
{
    static const char *const names[] = { "riscv,sv32", "riscv,sv39", "riscv,sv48",
                                         "riscv,sv57" };

    for (int i = ARRAY_SIZE(names) - 1; i >= 0; i--) {
        if (hart->satp_modes >> i & 1) {
            return names[i];
        }
    }
    return "riscv,none";
}

/* riscv,isa-extensions: single letters, then the names after underscores of the string. */
static void add_isa_extensions(FdtBuilder *f, const char *path, const char *isa)
{
    GString *list = g_string_new(NULL);
    const char *p = isa + strlen("rv64");

    for (; *p && *p != '_'; p++) {
        g_string_append_c(list, *p);
        g_string_append_c(list, '\0');
    }
    g_auto(GStrv) names = g_strsplit(*p ? p + 1 : "", "_", -1);
    for (char **n = names; *n; n++) {
        if (**n) {
            g_string_append_len(list, *n, strlen(*n) + 1);
        }
    }
    fdtb_bytes(f, path, "riscv,isa-extensions", list->str, list->len);
    g_string_free(list, TRUE);
}

static uint32_t add_hart(FdtBuilder *f, RiscvCpu *hart, unsigned index,
                         uint32_t *intc_phandle)
{
    g_autofree char *path = g_strdup_printf("/cpus/cpu@%u", index);
    g_autofree char *intc = g_strdup_printf("%s/interrupt-controller", path);
    uint32_t phandle;

    fdtb_node(f, path);
    fdtb_str(f, path, "device_type", "cpu");
    fdtb_str(f, path, "compatible", "riscv");
    fdtb_str(f, path, "status", "okay");
    fdtb_u32(f, path, "reg", index);
    if (hart->has_s && hart->mmu) {
        fdtb_str(f, path, "mmu-type", mmu_type(hart));
    } else {
        fdtb_str(f, path, "mmu-type", "riscv,none");
    }
    fdtb_str(f, path, "riscv,isa", hart->isa_string);
    fdtb_str(f, path, "riscv,isa-base", hart->xlen == 64 ? "rv64i" : "rv32i");
    add_isa_extensions(f, path, hart->isa_string);
    if (riscv_has_ext(hart, RISCV_EXT_ZICBOM)) {
        fdtb_u32(f, path, "riscv,cbom-block-size", RISCV_CBO_SIZE);
    }
    if (riscv_has_ext(hart, RISCV_EXT_ZICBOP)) {
        fdtb_u32(f, path, "riscv,cbop-block-size", RISCV_CBO_SIZE);
    }
    if (riscv_has_ext(hart, RISCV_EXT_ZICBOZ)) {
        fdtb_u32(f, path, "riscv,cboz-block-size", RISCV_CBO_SIZE);
    }
    phandle = fdtb_phandle(f, path);
    fdtb_node(f, intc);
    fdtb_str(f, intc, "compatible", "riscv,cpu-intc");
    fdtb_empty(f, intc, "interrupt-controller");
    fdtb_u32(f, intc, "#interrupt-cells", 1);
    *intc_phandle = fdtb_phandle(f, intc);
    return phandle;
}

void fdtb_riscv_cpus(FdtBuilder *f, RiscvCpu **harts, unsigned n, uint32_t timebase,
                     uint32_t *intc_phandles)
{
    g_autofree uint32_t *phandles = g_new(uint32_t, n);

    fdtb_node(f, "/cpus");
    fdtb_u32(f, "/cpus", "#address-cells", 1);
    fdtb_u32(f, "/cpus", "#size-cells", 0);
    fdtb_u32(f, "/cpus", "timebase-frequency", timebase);
    for (unsigned i = 0; i < n; i++) {
        phandles[i] = add_hart(f, harts[i], i, &intc_phandles[i]);
    }
    fdtb_node(f, "/cpus/cpu-map");
    fdtb_node(f, "/cpus/cpu-map/cluster0");
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *core = g_strdup_printf("/cpus/cpu-map/cluster0/core%u", i);

        fdtb_node(f, core);
        fdtb_u32(f, core, "cpu", phandles[i]);
    }
}

void fdtb_memory(FdtBuilder *f, uint64_t base, uint64_t size)
{
    g_autofree char *path = g_strdup_printf("/memory@%" PRIx64, base);

    fdtb_node(f, path);
    fdtb_str(f, path, "device_type", "memory");
    fdtb_reg(f, path, base, size);
}

static void fill_seed(uint32_t seed[SEED_WORDS])
{
    if (getrandom(seed, SEED_WORDS * sizeof(seed[0]), 0) < 0) {
        for (unsigned i = 0; i < SEED_WORDS; i++) {
            seed[i] = g_random_int();
        }
    }
}

void fdtb_chosen(FdtBuilder *f, const RiscvBoot *b, bool seed)
{
    if (fdt_path_offset(f->fdt, "/chosen") < 0) {
        fdtb_node(f, "/chosen");
    }
    if (b->m->append && *b->m->append) {
        fdtb_str(f, "/chosen", "bootargs", b->m->append);
    }
    if (b->initrd_end) {
        uint32_t start[2] = { b->initrd_start >> 32, b->initrd_start };
        uint32_t end[2] = { b->initrd_end >> 32, b->initrd_end };

        fdtb_cells(f, "/chosen", "linux,initrd-start", start, 2);
        fdtb_cells(f, "/chosen", "linux,initrd-end", end, 2);
    }
    if (seed) {
        uint32_t words[SEED_WORDS];

        fill_seed(words);
        fdtb_cells(f, "/chosen", "rng-seed", words, SEED_WORDS);
    }
}

void fdtb_finish(FdtBuilder *f, MachineState *m)
{
    fdt_pack(f->fdt);
    m->fdt = f->fdt;
    m->fdt_size = fdt_totalsize(f->fdt);
    f->fdt = NULL;
}

bool fdtb_load(FdtBuilder *f, const char *path, GError **err)
{
    GMappedFile *file = map_file(path, err);
    const char *data;
    gsize len;
    bool ok;

    if (!file) {
        return error_prefix(err, "device tree");
    }
    data = g_mapped_file_get_contents(file);
    len = g_mapped_file_get_length(file);
    if (!data || len > MAX_FDT_FILE || fdt_check_full(data, len) != 0) {
        g_mapped_file_unref(file);
        return error_set(err, "device tree '%s' is no valid flattened tree", path);
    }
    f->size = len + INITIAL_SIZE;
    f->fdt = g_malloc0(f->size);
    f->next_phandle = fdt_get_max_phandle(data) + 1;
    ok = fdt_open_into(data, f->fdt, f->size) == 0;
    g_mapped_file_unref(file);
    if (!ok) {
        g_clear_pointer(&f->fdt, g_free);
        return error_set(err, "device tree '%s' cannot be edited", path);
    }
    return true;
}

void fdtb_reseed(MachineState *m, uint64_t fdt_addr)
{
    int node = m->fdt ? fdt_path_offset(m->fdt, "/chosen") : -1;
    const void *prop;
    uint32_t words[SEED_WORDS];
    int len;

    if (node < 0) {
        return;
    }
    prop = fdt_getprop(m->fdt, node, "rng-seed", &len);
    if (!prop || len != sizeof(words)) {
        return;
    }
    fill_seed(words);
    address_space_write_rom(system_memory_as(),
                            fdt_addr + ((const char *)prop - (const char *)m->fdt), words,
                            sizeof(words));
}
