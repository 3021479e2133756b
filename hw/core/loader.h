/*
 * Blobs that a machine starts with: ELF files, raw images, device trees. They are written to
 * memory at every reset: those of files are read then, from the file that was opened first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_LOADER_H
#define HW_CORE_LOADER_H

#include "hw/core/rom-file.h"
#include "softmmu/memory.h"

typedef struct LoadedElf {
    uint64_t entry;
    uint64_t low, high;  /* physical addresses: first byte, one past the last */
    int machine;         /* e_machine */
    int bits;            /* 32 or 64 */
    bool big_endian;
} LoadedElf;

/* Load a file's PT_LOAD segments at their physical addresses. @machine: EM_* that it must
 * have (0: any). Errors say what is wrong with the file (truncated, other machine, ...). */
bool load_elf(const char *path, int machine, LoadedElf *ret, GError **err);
/* True if the file begins as an ELF does. */
bool file_is_elf(const char *path);
/* Value of a symbol in an ELF file; false if there is no such symbol. */
bool elf_symbol(const char *path, const char *name, uint64_t *ret);
/* Load a whole file at addr, at most max bytes; gunzipped if it is gzip'ed and @gunzip. */
bool load_image(const char *path, uint64_t addr, uint64_t max, bool gunzip,
                uint64_t *ret_size, GError **err);
/* Add a blob (copied) at addr. Replaces an earlier one of the same name. */
void rom_add(const char *name, const void *data, size_t size, uint64_t addr);
/* A blob of @size bytes, whatever names there are already: @data_size bytes at @offset of the
 * file, which it has, then zeros. Takes a reference. */
void rom_add_file(const char *name, RomFile *file, uint64_t offset, uint64_t data_size,
                  uint64_t size, uint64_t addr);
/* Overlaps between blobs, or memory that does not hold them: an error that names both. */
bool rom_check(GError **err);
void rom_reset(void);   /* write all to memory; invalidates translated code */
/* The places of all, in the order in which they are written. */
void rom_foreach(void (*fn)(uint64_t addr, uint64_t size, void *opaque), void *opaque);
void rom_info(GString *out); /* info roms */
void rom_free_all(void);

#endif
