/*
 * "-device loader": puts a file or a few bytes into the guest's memory at every reset, and
 * may start a CPU at an address.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"

#define NO_CPU UINT32_MAX

typedef struct GenericLoader {
    DeviceState parent;
    char *file;
    uint64_t addr, data;
    uint8_t data_len;
    bool data_be, force_raw;
    uint32_t cpu_num;
    uint64_t entry;  /* where the CPU starts */
    DeviceState *cpu; /* or NULL */
} GenericLoader;

typedef struct CpuSearch {
    uint32_t index, n;
    DeviceState *found;
} CpuSearch;

static void match_cpu(DeviceState *dev, void *opaque)
{
    CpuSearch *s = opaque;

    if (device_class(dev)->category == DEVICE_CPU && s->n++ == s->index) {
        s->found = dev;
    }
}

static bool find_cpu(GenericLoader *s, GError **err)
{
    CpuSearch search = { .index = s->cpu_num };

    device_foreach(NULL, match_cpu, &search);
    if (!search.found || !device_class(search.found)->set_entry) {
        error_set(err, "property 'cpu-num': there is no CPU %u", s->cpu_num);
        error_set_culprit(err, "property", "cpu-num");
        error_set_expected(err, "less than %u", search.n);
        return false;
    }
    s->cpu = search.found;
    return true;
}

static bool load_data(GenericLoader *s, GError **err)
{
    g_autofree char *name = NULL;
    uint8_t bytes[8];

    if (s->file) {
        return error_set(err, "property 'data-len' and property 'file' exclude each other");
    }
    for (unsigned i = 0; i < s->data_len; i++) {
        unsigned shift = 8 * (s->data_be ? s->data_len - 1 - i : i);

        bytes[i] = s->data >> shift;
    }
    name = g_strdup_printf("loader data at 0x%" PRIx64, s->addr);
    rom_add(name, bytes, s->data_len, s->addr);
    return true;
}

static bool load_file(GenericLoader *s, GError **err)
{
    LoadedElf elf;

    if (s->force_raw || !file_is_elf(s->file)) {
        return load_image(s->file, s->addr, UINT64_MAX - s->addr, false, NULL, err);
    }
    if (!load_elf(s->file, 0, &elf, err)) {
        return false;
    }
    s->entry = elf.entry;
    return true;
}

static void generic_loader_start_cpu(void *opaque)
{
    GenericLoader *s = opaque;

    device_class(s->cpu)->set_entry(s->cpu, s->entry);
}

static bool generic_loader_realize(GenericLoader *s, GError **err)
{
    s->entry = s->addr;
    if (!s->file && !s->data_len && s->cpu_num == NO_CPU) {
        error_set(err, "nothing to do");
        error_set_expected(err, "file=, or addr= with data= and data-len=, or cpu-num=");
        return false;
    }
    if ((s->cpu_num != NO_CPU && !find_cpu(s, err)) ||
        (s->data_len && !load_data(s, err)) || (s->file && !load_file(s, err)) ||
        !rom_check(err)) {
        return false;
    }
    if (s->cpu) {
        reset_register(generic_loader_start_cpu, s);
    }
    return true;
}

static void generic_loader_unrealize(GenericLoader *s)
{
    if (s->cpu) {
        reset_unregister(generic_loader_start_cpu, s);
    }
}

static const Property generic_loader_properties[] = {
    PROP_STR(GenericLoader, file, "file", "ELF or raw file to load"),
    PROP_UINT64(GenericLoader, addr, "addr",
                "where a raw file or the data goes, or the CPU starts"),
    PROP_UINT64(GenericLoader, data, "data", "a number to store at addr"),
    PROP_UINT8(GenericLoader, data_len, "data-len", "bytes of data", .max = 8),
    PROP_BOOL(GenericLoader, data_be, "data-be", "store data with the high byte first"),
    PROP_UINT32(GenericLoader, cpu_num, "cpu-num",
                "start this CPU at addr, or at the ELF file's entry", .def = NO_CPU),
    PROP_BOOL(GenericLoader, force_raw, "force-raw", "load an ELF file as it is"),
    PROP_END
};

DEVICE(GenericLoader, "loader", TYPE_DEVICE, "loads a file or bytes into memory",
       .properties = generic_loader_properties, .realize = generic_loader_realize,
       .unrealize = generic_loader_unrealize, .user_creatable = true);
