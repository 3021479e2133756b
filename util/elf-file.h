/*
 * Reading ELF files (System V ABI, chapters 4 and 5; 32 and 64 bit, either byte order). A file
 * is input: every offset and size is checked against it before it is followed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_ELF_FILE_H
#define UTIL_ELF_FILE_H

#include "util/osdep.h"
#include "util/error.h"
#include <elf.h>

typedef struct ElfFile {
    GMappedFile *file;
    const uint8_t *data;
    size_t size;
    bool is64, big;
    const char *path; /* the caller's */
} ElfFile;

/* Map a file whose header is whole. Errors: it cannot be read, or is no ELF file. */
bool elf_open(ElfFile *e, const char *path, GError **err);
void elf_close(ElfFile *e);

/* [offset, offset + len) lies in the file. */
static inline bool elf_range_ok(const ElfFile *e, uint64_t offset, uint64_t len)
{
    return offset <= e->size && len <= e->size - offset;
}

/* A field of @size bytes at @at, which is in range. */
uint64_t elf_field(const ElfFile *e, size_t at, unsigned size);

/* A header field by its place in the 64- and the 32-bit layout. */
#define ELF_EHDR(e, f)                                                                    \
    ((e)->is64 ? elf_field(e, offsetof(Elf64_Ehdr, f), sizeof(((Elf64_Ehdr *)0)->f))      \
               : elf_field(e, offsetof(Elf32_Ehdr, f), sizeof(((Elf32_Ehdr *)0)->f)))
/* The same of a structure T (Phdr, Shdr, Sym) at @at. */
#define ELF_SUB(e, at, T, f)                                                              \
    ((e)->is64 ? elf_field(e, (at) + offsetof(Elf64_##T, f), sizeof(((Elf64_##T *)0)->f)) \
               : elf_field(e, (at) + offsetof(Elf32_##T, f), sizeof(((Elf32_##T *)0)->f)))

/* A table of headers: sections or program headers. */
typedef struct ElfTable {
    uint64_t at, entry_size;
    unsigned n;
} ElfTable;

/* The section headers; n is 0 if the file has none, or not all of them. */
ElfTable elf_sections(const ElfFile *e);
/* The program headers; false if they do not lie in the file. */
bool elf_segments(const ElfFile *e, ElfTable *ret);
static inline uint64_t elf_entry(const ElfTable *t, unsigned i)
{
    return t->at + i * t->entry_size;
}

/* Call @fn for each entry of the symbol tables of type @sh_type (SHT_SYMTAB, SHT_DYNSYM): @at
 * is the symbol's place, @name is terminated. It returns false to end. */
void elf_each_symbol(const ElfFile *e, uint32_t sh_type,
                     bool (*fn)(const ElfFile *e, uint64_t at, const char *name, void *opaque),
                     void *opaque);

#endif
