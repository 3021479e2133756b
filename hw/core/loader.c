/*
 * The blobs that a machine starts with (hw/core/loader.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "hw/core/trace.h"

enum { MAX_BELOW = 64 * KiB };

typedef struct Rom {
    char *name;
    uint8_t *data;      /* NULL: in the file */
    RomFile *file;      /* where the data can be read (again), or NULL */
    uint64_t offset;    /* of the data in it */
    bool packed;        /* all of what it unpacks to */
    uint64_t data_size, size, addr; /* zeros lie behind the data */
} Rom;

/* Under the machine lock; in the order of addresses. */
static GPtrArray *roms;

static void rom_free(void *ptr)
{
    Rom *rom = ptr;

    g_free(rom->name);
    g_free(rom->data);
    rom_file_unref(rom->file);
    g_free(rom);
}

static int compare_roms(const void *a, const void *b)
{
    const Rom *x = *(Rom *const *)a, *y = *(Rom *const *)b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* A copy of *rom; its data and its reference to the file go there. */
static void add(const char *name, const Rom *rom)
{
    Rom *r = g_memdup2(rom, sizeof(*rom));

    trace_loader_rom_add(name, r->addr, r->data_size, r->size);
    r->name = g_strdup(name);
    if (!roms) {
        roms = g_ptr_array_new_with_free_func(rom_free);
    }
    g_ptr_array_add(roms, r);
    g_ptr_array_sort(roms, compare_roms);
}

void rom_add_file(const char *name, RomFile *file, uint64_t offset, uint64_t data_size,
                  uint64_t size, uint64_t addr)
{
    add(name, &(Rom){ .file = rom_file_ref(file), .offset = offset, .data_size = data_size,
                      .size = size, .addr = addr });
}

void rom_add(const char *name, const void *data, size_t size, uint64_t addr)
{
    for (unsigned i = 0; roms && i < roms->len; i++) {
        Rom *old = g_ptr_array_index(roms, i);

        if (g_str_equal(old->name, name)) {
            g_ptr_array_remove_index(roms, i);
            break;
        }
    }
    add(name, &(Rom){ .data = g_memdup2(data, size), .data_size = size, .size = size,
                      .addr = addr });
}

/* Linkers put an ELF file's headers into the page before the first section: what lies just
 * below the memory is dropped, and so is what a device covers that lies over memory (HTIF's
 * registers). Anything else must be in RAM or ROM. */
static bool in_memory(const Rom *rom)
{
    uint64_t left = rom->size;
    bool found = false, ok = true;

    memory_read_lock();
    while (ok && left > 0) {
        uint64_t last = rom->addr + left - 1;
        const FlatRange *r = address_space_lookup(system_memory_as(), last);

        if (r) {
            found |= r->mr->ram != NULL || r->mr->priority > 0;
            left -= MIN(left - 1, last - r->start) + 1;
        } else {
            ok = found && left <= MAX_BELOW;
            left = 0;
        }
    }
    memory_read_unlock();
    return ok && found;
}

/* Its beginning is in memory, its end is not. */
static bool sticks_out(const Rom *rom)
{
    const FlatRange *r;
    bool ret;

    memory_read_lock();
    r = address_space_lookup(system_memory_as(), rom->addr);
    ret = r && r->mr->ram && !r->mr->ram->readonly;
    memory_read_unlock();
    return ret;
}

bool rom_check(GError **err)
{
    for (unsigned i = 0; roms && i < roms->len; i++) {
        const Rom *rom = g_ptr_array_index(roms, i);

        if (!in_memory(rom)) {
            error_set(err, "'%s' (0x%" PRIx64 " to 0x%" PRIx64 ") does not fit into the "
                      "machine's memory", rom->name, rom->addr, rom->addr + rom->size);
            if (sticks_out(rom)) {
                error_add_hint(err, "give the machine more memory with -m");
            }
            return false;
        }
        if (i > 0) {
            const Rom *before = g_ptr_array_index(roms, i - 1);

            if (before->size > rom->addr - before->addr) {
                return error_set(err, "'%s' (0x%" PRIx64 " to 0x%" PRIx64 ") overlaps '%s' "
                                 "(0x%" PRIx64 " to 0x%" PRIx64 ")", before->name,
                                 before->addr, before->addr + before->size, rom->name,
                                 rom->addr, rom->addr + rom->size);
            }
        }
    }
    return true;
}

/* RomSink */
static bool write_piece(void *opaque, uint64_t at, const void *data, size_t size)
{
    const Rom *rom = opaque;
    size_t n = at < rom->data_size ? MIN(size, rom->data_size - at) : 0;

    address_space_write_rom(system_memory_as(), rom->addr + at, data, n);
    return n == size;
}

static void rom_write_data(Rom *rom)
{
    if (rom->data) {
        write_piece(rom, 0, rom->data, rom->data_size);
        if (rom->file) { /* next time from there */
            g_clear_pointer(&rom->data, g_free);
        }
        return;
    }
    rom_file_warn_changed(rom->file);
    if (rom->packed) {
        rom_file_unpack(rom->file, write_piece, rom);
    } else {
        rom_file_read(rom->file, rom->offset, rom->data_size, write_piece, rom);
    }
}

void rom_reset(void)
{
    static const uint8_t zeros[4096];

    for (unsigned i = 0; roms && i < roms->len; i++) {
        Rom *rom = g_ptr_array_index(roms, i);

        trace_loader_rom_write(rom->name, rom->addr, rom->size);
        rom_write_data(rom);
        for (uint64_t at = rom->data_size; at < rom->size; at += sizeof(zeros)) {
            address_space_write_rom(system_memory_as(), rom->addr + at, zeros,
                                    MIN(sizeof(zeros), rom->size - at));
        }
    }
}

void rom_foreach(void (*fn)(uint64_t addr, uint64_t size, void *opaque), void *opaque)
{
    for (unsigned i = 0; roms && i < roms->len; i++) {
        const Rom *rom = g_ptr_array_index(roms, i);

        fn(rom->addr, rom->size, opaque);
    }
}

void rom_info(GString *out)
{
    for (unsigned i = 0; roms && i < roms->len; i++) {
        const Rom *rom = g_ptr_array_index(roms, i);
        const char *kind = "?";

        memory_read_lock();
        const FlatRange *r = address_space_lookup(system_memory_as(), rom->addr);
        if (r && r->mr->ram) {
            kind = r->mr->ram->readonly ? "rom" : "ram";
        }
        memory_read_unlock();
        g_string_append_printf(out, "addr=%016" PRIx64 " size=0x%06" PRIx64
                               " mem=%s name=\"%s\"\n", rom->addr, rom->size, kind,
                               rom->name);
    }
}

void rom_free_all(void)
{
    g_clear_pointer(&roms, g_ptr_array_unref);
}

/* ---- Raw files ---- */

typedef struct Unpacked {
    GByteArray *bytes;
    uint64_t max;
    bool full;
} Unpacked;

/* RomSink */
static bool append_piece(void *opaque, uint64_t at, const void *data, size_t size)
{
    Unpacked *u = opaque;

    if (size > u->max - at) {
        u->full = true;
        return false;
    }
    g_byte_array_append(u->bytes, data, size);
    return true;
}

/* What a gzip file holds; the size is known only when all is unpacked. NULL with *err set. */
static uint8_t *unpack_image(const char *path, RomFile *file, uint64_t max, uint64_t *ret_size,
                             GError **err)
{
    Unpacked u = { .bytes = g_byte_array_new(), .max = MIN(max, UINT32_MAX / 2) };

    if (!rom_file_unpack(file, append_piece, &u)) {
        error_set(err, u.full ? "'%s' unpacks to more than the memory holds"
                              : "'%s' is a broken or truncated gzip file", path);
        g_byte_array_unref(u.bytes);
        return NULL;
    }
    *ret_size = u.bytes->len;
    return g_byte_array_free(u.bytes, FALSE);
}

bool load_image(const char *path, uint64_t addr, uint64_t max, bool unpack,
                uint64_t *ret_size, GError **err)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(RomFile) file = rom_file_open(path, err);
    Rom rom = { .addr = addr };

    if (!file) {
        return false;
    }
    rom.data_size = rom_file_size(file);
    if (!rom.data_size) {
        return error_set(err, "'%s' is empty", path);
    }
    if (unpack && rom_file_is_gzip(file)) {
        rom.packed = true;
        rom.data = unpack_image(path, file, max, &rom.data_size, err);
        if (!rom.data) {
            return false;
        }
    } else if (rom.data_size > max) {
        return error_set(err, "'%s' has %" PRIu64 " bytes, the memory has room for %" PRIu64,
                         path, rom.data_size, max);
    }
    rom.size = rom.data_size;
    rom.file = rom_file_ref(file);
    add(name, &rom);
    if (ret_size) {
        *ret_size = rom.size;
    }
    return true;
}
