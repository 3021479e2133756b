/*
 * The blobs that a machine starts with (hw/core/loader.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "hw/core/trace.h"
#include "util/cutils.h"
#include <zlib.h>

enum { MAX_BELOW = 64 * KiB };

typedef struct Rom {
    char *name;
    uint8_t *data;
    uint64_t data_size, size, addr; /* zeros lie behind the data */
} Rom;

/* Under the machine lock; in the order of addresses. */
static GPtrArray *roms;

static void rom_free(void *ptr)
{
    Rom *rom = ptr;

    g_free(rom->name);
    g_free(rom->data);
    g_free(rom);
}

static int compare_roms(const void *a, const void *b)
{
    const Rom *x = *(Rom *const *)a, *y = *(Rom *const *)b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

void rom_add_zeroed(const char *name, void *data, size_t data_size, uint64_t size,
                    uint64_t addr)
{
    Rom *rom = g_new0(Rom, 1);

    trace_loader_rom_add(name, addr, data_size, size);
    if (!roms) {
        roms = g_ptr_array_new_with_free_func(rom_free);
    }
    *rom = (Rom){ g_strdup(name), data, data_size, size, addr };
    g_ptr_array_add(roms, rom);
    g_ptr_array_sort(roms, compare_roms);
}

void rom_add_take(const char *name, void *data, size_t size, uint64_t addr)
{
    rom_add_zeroed(name, data, size, size, addr);
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
    rom_add_take(name, g_memdup2(data, size), size, addr);
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

void rom_reset(void)
{
    static const uint8_t zeros[4096];

    for (unsigned i = 0; roms && i < roms->len; i++) {
        const Rom *rom = g_ptr_array_index(roms, i);

        trace_loader_rom_write(rom->name, rom->addr, rom->size);
        address_space_write_rom(system_memory_as(), rom->addr, rom->data, rom->data_size);
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

/* A gzip stream (RFC 1952), at most max bytes unpacked; NULL with *err set. */
static uint8_t *gunzip(const char *path, const uint8_t *data, size_t size, uint64_t max,
                       uint64_t *ret_size, GError **err)
{
    enum { GZIP_WINDOW = 15 + 16 };
    z_stream z = { .next_in = (Bytef *)data, .avail_in = size };
    GByteArray *out = g_byte_array_new();
    uint8_t buf[64 * 1024];
    int r = inflateInit2(&z, GZIP_WINDOW);

    while (r == Z_OK) {
        z.next_out = buf;
        z.avail_out = sizeof(buf);
        r = inflate(&z, Z_NO_FLUSH);
        g_byte_array_append(out, buf, sizeof(buf) - z.avail_out);
        if (out->len > max) {
            r = Z_MEM_ERROR;
        } else if (r == Z_BUF_ERROR || (r == Z_OK && z.avail_in == 0 && z.avail_out)) {
            r = Z_DATA_ERROR;
        }
    }
    inflateEnd(&z);
    if (r != Z_STREAM_END) {
        error_set(err, r == Z_MEM_ERROR ? "'%s' unpacks to more than the memory holds"
                                        : "'%s' is a broken or truncated gzip file", path);
        g_byte_array_unref(out);
        return NULL;
    }
    *ret_size = out->len;
    return g_byte_array_free(out, FALSE);
}

bool load_image(const char *path, uint64_t addr, uint64_t max, bool unpack,
                uint64_t *ret_size, GError **err)
{
    g_autofree char *name = g_path_get_basename(path);
    GMappedFile *file = map_file(path, err);
    const uint8_t *data;
    uint8_t *bytes;
    uint64_t size;

    if (!file) {
        return false;
    }
    data = (const uint8_t *)g_mapped_file_get_contents(file);
    size = g_mapped_file_get_length(file);
    if (size == 0) {
        g_mapped_file_unref(file);
        return error_set(err, "'%s' is empty", path);
    }
    if (unpack && size > 18 && data[0] == 0x1f && data[1] == 0x8b) {
        bytes = gunzip(path, data, size, max, &size, err);
    } else if (size > max) {
        bytes = NULL;
        error_set(err, "'%s' has %" PRIu64 " bytes, the memory has room for %" PRIu64, path,
                  size, max);
    } else {
        bytes = g_memdup2(data, size);
    }
    g_mapped_file_unref(file);
    if (!bytes) {
        return false;
    }
    rom_add_take(name, bytes, size, addr);
    if (ret_size) {
        *ret_size = size;
    }
    return true;
}
