/*
 * Regions, flat views and access through address spaces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory.h"
#include "util/main-loop.h"

typedef struct Dev {
    MemoryRegion mr;
    AddressSpace *as;
    uint64_t last_addr, last_value;
    unsigned last_size, calls;
    MemTxResult nested;
} Dev;

static uint64_t dev_read(void *opaque, uint64_t addr, unsigned size)
{
    Dev *d = opaque;

    d->calls++;
    d->last_addr = addr;
    d->last_size = size;
    return 0x1122334455667788 >> addr * 8;
}

static void dev_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    Dev *d = opaque;
    uint64_t v = 1;

    d->calls++;
    d->last_addr = addr;
    d->last_value = value;
    d->last_size = size;
    if (d->as) {
        d->nested = address_space_store(d->as, 0x1000, MEMTXATTRS_CPU, 4, v);
    }
}

static const MemoryRegionOps ops32 = {
    .read = dev_read, .write = dev_write, .access = { .min = 4, .max = 4 },
};
static const MemoryRegionOps ops_split = {
    .read = dev_read, .write = dev_write, .impl = { .min = 2, .max = 4 },
};
static const MemoryRegionOps ops_be = {
    .read = dev_read, .write = dev_write, .endian = BIG_ENDIAN_IO,
};

typedef struct Fixture {
    MemoryRegion root, ram, rom, alias;
    AddressSpace as;
    Dev dev;
} Fixture;

static void setup(Fixture *f, gconstpointer ops)
{
    GError *err = NULL;

    machine_lock();
    memset(f, 0, sizeof(*f));
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    g_assert(memory_region_init_ram(&f->ram, NULL, "ram", 0x10000, &err));
    g_assert(memory_region_init_rom(&f->rom, NULL, "rom", 0x1000, &err));
    memory_region_init_io(&f->dev.mr, NULL, ops ? ops : &ops32, &f->dev, "dev", 8);
    memory_region_init_alias(&f->alias, NULL, "alias", &f->ram, 0x8000, 0x1000);
    memory_begin();
    memory_region_add_subregion(&f->root, 0x80000000, &f->ram);
    memory_region_add_subregion(&f->root, 0, &f->rom);
    memory_region_add_subregion(&f->root, 0x1000, &f->dev.mr);
    memory_region_add_subregion_overlap(&f->root, 0x80002000, &f->alias, 1);
    memory_commit();
    address_space_init(&f->as, &f->root, "test");
}

static void teardown(Fixture *f, gconstpointer ops)
{
    address_space_destroy(&f->as);
    memory_region_destroy(&f->alias);
    memory_region_destroy(&f->dev.mr);
    memory_region_destroy(&f->rom);
    memory_region_destroy(&f->ram);
    memory_region_destroy(&f->root);
    machine_unlock();
}

static void test_flat(Fixture *f, gconstpointer ops)
{
    g_assert_cmpuint(f->as.view->n, ==, 5);
    const FlatRange *r = address_space_lookup(&f->as, 0x80002fff);
    g_assert(r->mr == &f->ram);
    g_assert_cmphex(r->offset, ==, 0x8000);
    g_assert_null(address_space_lookup(&f->as, 0x80010000));
    memory_region_set_enabled(&f->alias, false);
    g_assert_cmpuint(f->as.view->n, ==, 3);
}

static void test_copy(Fixture *f, gconstpointer ops)
{
    uint8_t buf[0x2000];
    uint64_t v;

    g_assert(address_space_set(&f->as, 0x80001000, MEMTXATTRS_CPU, 0xab, 0x2000) == MEMTX_OK);
    uint8_t *ram = memory_region_ram_ptr(&f->ram);
    g_assert(ram[0x1fff] == 0xab && ram[0x8000] == 0xab && ram[0x2000] == 0);
    g_assert(address_space_load(&f->as, 0x80001ffc, MEMTXATTRS_CPU, 8, &v) == MEMTX_OK);
    g_assert_cmphex(v, ==, 0xabababababababab);
    /* Past the end: the part that exists is read, the rest is 0. */
    g_assert(address_space_read(&f->as, 0x8000f000, MEMTXATTRS_CPU, buf, 0x2000) ==
             MEMTX_DECODE_ERROR);
    g_assert_cmpint(buf[0x1fff], ==, 0);
    /* Guests cannot write ROM, loaders can. */
    g_assert(address_space_store(&f->as, 0x10, MEMTXATTRS_CPU, 4, 1) == MEMTX_OK);
    g_assert_cmpint(((uint8_t *)memory_region_ram_ptr(&f->rom))[0x10], ==, 0);
    v = 7;
    g_assert(address_space_write_rom(&f->as, 0x10, &v, 4) == MEMTX_OK);
    g_assert_cmpint(((uint8_t *)memory_region_ram_ptr(&f->rom))[0x10], ==, 7);
}

static void test_mmio(Fixture *f, gconstpointer ops)
{
    uint64_t v;

    g_assert(address_space_load(&f->as, 0x1004, MEMTXATTRS_CPU, 4, &v) == MEMTX_OK);
    g_assert_cmphex(v, ==, 0x11223344);
    g_assert(address_space_load(&f->as, 0x1004, MEMTXATTRS_CPU, 1, &v) & MEMTX_ACCESS_ERROR);
    g_assert(address_space_load(&f->as, 0x1000, MEMTXATTRS_DMA, 4, &v) & MEMTX_ACCESS_ERROR);
    g_assert_cmpuint(f->dev.calls, ==, 1);
    /* A device that writes to itself is not entered again. */
    f->dev.as = &f->as;
    g_assert(address_space_store(&f->as, 0x1000, MEMTXATTRS_CPU, 4, 1) == MEMTX_OK);
    g_assert(f->dev.nested & MEMTX_ACCESS_ERROR);
    g_assert_cmpuint(f->dev.calls, ==, 2);
}

static void test_split(Fixture *f, gconstpointer ops)
{
    uint64_t v;

    g_assert(address_space_load(&f->as, 0x1000, MEMTXATTRS_CPU, 8, &v) == MEMTX_OK);
    g_assert_cmphex(v, ==, 0x1122334455667788);
    g_assert_cmpuint(f->dev.calls, ==, 2);
    g_assert(address_space_load(&f->as, 0x1003, MEMTXATTRS_CPU, 1, &v) == MEMTX_OK);
    g_assert_cmphex(v, ==, 0x55);
    g_assert_cmphex(f->dev.last_addr, ==, 2);
    g_assert(address_space_store(&f->as, 0x1003, MEMTXATTRS_CPU, 1, 0x99) == MEMTX_OK);
    g_assert_cmphex(f->dev.last_value, ==, 0x9900);
}

static void test_big_endian(Fixture *f, gconstpointer ops)
{
    g_assert(address_space_store(&f->as, 0x1000, MEMTXATTRS_CPU, 4, 0x11223344) == MEMTX_OK);
    g_assert_cmphex(f->dev.last_value, ==, 0x44332211);
}

static unsigned hook_calls;
static void code_hook(RamBlock *rb, uint64_t offset, uint64_t len)
{
    hook_calls++;
}

static void test_code_hook(Fixture *f, gconstpointer ops)
{
    uint64_t len = 0x100000;

    ram_code_written_hook = code_hook;
    f->ram.ram->page_flags[1] |= RAM_PAGE_CODE;
    address_space_store(&f->as, 0x80000000, MEMTXATTRS_DMA, 4, 1);
    g_assert_cmpuint(hook_calls, ==, 0);
    address_space_store(&f->as, 0x80001000, MEMTXATTRS_DMA, 4, 1);
    g_assert_cmpuint(hook_calls, ==, 1);
    void *p = address_space_map(&f->as, 0x80000ff0, &len, true);
    g_assert_cmphex(len, ==, 0x1010);
    address_space_unmap(&f->as, p, len, true, 0x10);
    g_assert_cmpuint(hook_calls, ==, 1);
    address_space_unmap(&f->as, p, len, true, 0x11);
    g_assert_cmpuint(hook_calls, ==, 2);
    ram_code_written_hook = NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, ops, fn) g_test_add("/memory/" name, Fixture, ops, setup, fn, teardown)
    ADD("flat", NULL, test_flat);
    ADD("copy", NULL, test_copy);
    ADD("mmio", NULL, test_mmio);
    ADD("split", &ops_split, test_split);
    ADD("big-endian", &ops_be, test_big_endian);
    ADD("code-hook", NULL, test_code_hook);
    return g_test_run();
}
