/*
 * Reading ELF files (util/elf-file.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/cutils.h"
#include "util/elf-file.h"

uint64_t elf_field(const ElfFile *e, size_t at, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        unsigned byte = e->big ? size - 1 - i : i;

        v |= (uint64_t)e->data[at + byte] << 8 * i;
    }
    return v;
}

void elf_close(ElfFile *e)
{
    if (e->file) {
        g_mapped_file_unref(e->file);
        e->file = NULL;
    }
}

bool elf_open(ElfFile *e, const char *path, GError **err)
{
    memset(e, 0, sizeof(*e));
    e->path = path;
    e->file = map_file(path, err);
    if (!e->file) {
        return false;
    }
    e->data = (const uint8_t *)g_mapped_file_get_contents(e->file);
    e->size = g_mapped_file_get_length(e->file);
    if (e->size < EI_NIDENT || memcmp(e->data, ELFMAG, SELFMAG) != 0) {
        elf_close(e);
        return error_set(err, "'%s' is no ELF file", path);
    }
    e->is64 = e->data[EI_CLASS] == ELFCLASS64;
    e->big = e->data[EI_DATA] == ELFDATA2MSB;
    if (!elf_range_ok(e, 0, e->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) ||
        (!e->is64 && e->data[EI_CLASS] != ELFCLASS32)) {
        elf_close(e);
        return error_set(err, "ELF file '%s' is truncated in its header", path);
    }
    return true;
}

ElfTable elf_sections(const ElfFile *e)
{
    ElfTable t = { ELF_EHDR(e, e_shoff), ELF_EHDR(e, e_shentsize), ELF_EHDR(e, e_shnum) };
    size_t min = e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

    if (t.entry_size < min || !elf_range_ok(e, t.at, t.n * t.entry_size)) {
        t.n = 0;
    }
    return t;
}

bool elf_segments(const ElfFile *e, ElfTable *ret)
{
    size_t min = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    *ret = (ElfTable){ ELF_EHDR(e, e_phoff), ELF_EHDR(e, e_phentsize), ELF_EHDR(e, e_phnum) };
    return ret->entry_size >= min && elf_range_ok(e, ret->at, ret->n * ret->entry_size);
}

/* False: end. */
static bool each_in_table(const ElfFile *e, const ElfTable *sections, uint64_t at,
                          bool (*fn)(const ElfFile *e, uint64_t at, const char *name,
                                     void *opaque),
                          void *opaque)
{
    uint64_t offset = ELF_SUB(e, at, Shdr, sh_offset), size = ELF_SUB(e, at, Shdr, sh_size);
    uint64_t link = ELF_SUB(e, at, Shdr, sh_link);
    uint64_t entry = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

    if (link >= sections->n || !elf_range_ok(e, offset, size)) {
        return true;
    }
    uint64_t str = ELF_SUB(e, elf_entry(sections, link), Shdr, sh_offset);
    uint64_t str_size = ELF_SUB(e, elf_entry(sections, link), Shdr, sh_size);
    /* With a zero at its end every name in the table ends inside it. */
    if (!elf_range_ok(e, str, str_size) || !str_size || e->data[str + str_size - 1]) {
        return true;
    }
    for (uint64_t i = 0; i + entry <= size; i += entry) {
        uint64_t name = ELF_SUB(e, offset + i, Sym, st_name);

        if (name < str_size && !fn(e, offset + i, (const char *)e->data + str + name, opaque)) {
            return false;
        }
    }
    return true;
}

void elf_each_symbol(const ElfFile *e, uint32_t sh_type,
                     bool (*fn)(const ElfFile *e, uint64_t at, const char *name, void *opaque),
                     void *opaque)
{
    ElfTable sections = elf_sections(e);

    for (unsigned i = 0; i < sections.n; i++) {
        uint64_t at = elf_entry(&sections, i);

        if (ELF_SUB(e, at, Shdr, sh_type) == sh_type &&
            !each_in_table(e, &sections, at, fn, opaque)) {
            return;
        }
    }
}
