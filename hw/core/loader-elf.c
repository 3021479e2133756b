/*
 * ELF files as guests' firmware and kernels (System V ABI, chapter 4 and 5; 32 and 64 bit,
 * either byte order). A file is input: every offset and size is checked against it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "util/cutils.h"
#include <elf.h>

enum { MAX_PROGRAM_HEADERS = 256 };

typedef struct Elf {
    GMappedFile *file;
    const uint8_t *data;
    size_t size;
    bool is64, big;
    const char *path;
} Elf;

typedef struct Segment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz;
} Segment;

static uint64_t field(const Elf *e, size_t at, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        unsigned byte = e->big ? size - 1 - i : i;

        v |= (uint64_t)e->data[at + byte] << 8 * i;
    }
    return v;
}

/* A header field by its place in the 64- and the 32-bit layout. */
#define EHDR(e, f)                                                                        \
    ((e)->is64 ? field(e, offsetof(Elf64_Ehdr, f), sizeof(((Elf64_Ehdr *)0)->f))          \
               : field(e, offsetof(Elf32_Ehdr, f), sizeof(((Elf32_Ehdr *)0)->f)))
#define SUB(e, at, T, f)                                                                  \
    ((e)->is64 ? field(e, (at) + offsetof(Elf64_##T, f), sizeof(((Elf64_##T *)0)->f))     \
               : field(e, (at) + offsetof(Elf32_##T, f), sizeof(((Elf32_##T *)0)->f)))

static bool range_ok(const Elf *e, uint64_t offset, uint64_t len)
{
    return offset <= e->size && len <= e->size - offset;
}

static void elf_close(Elf *e)
{
    if (e->file) {
        g_mapped_file_unref(e->file);
        e->file = NULL;
    }
}

static bool elf_open(Elf *e, const char *path, GError **err)
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
    if (!range_ok(e, 0, e->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) ||
        (!e->is64 && e->data[EI_CLASS] != ELFCLASS32)) {
        elf_close(e);
        return error_set(err, "ELF file '%s' is truncated in its header", path);
    }
    return true;
}

static Segment segment_at(const Elf *e, uint64_t at)
{
    return (Segment){
        .type = SUB(e, at, Phdr, p_type),     .offset = SUB(e, at, Phdr, p_offset),
        .paddr = SUB(e, at, Phdr, p_paddr),   .filesz = SUB(e, at, Phdr, p_filesz),
        .memsz = SUB(e, at, Phdr, p_memsz),
    };
}

static bool load_segment(const Elf *e, const Segment *s, unsigned index, GError **err)
{
    g_autofree char *base = g_path_get_basename(e->path);
    g_autofree char *name = g_strdup_printf("%s ELF program header segment %u", base, index);

    if (!range_ok(e, s->offset, s->filesz)) {
        return error_set(err, "ELF file '%s' is truncated: segment %u ends at byte %" PRIu64
                         ", the file at %zu", e->path, index, s->offset + s->filesz, e->size);
    }
    if (s->filesz > s->memsz || s->paddr + s->memsz < s->paddr) {
        return error_set(err, "ELF file '%s': segment %u has impossible sizes", e->path,
                         index);
    }
    rom_add_zeroed(name, g_memdup2(e->data + s->offset, s->filesz), s->filesz, s->memsz,
                   s->paddr);
    return true;
}

static bool load_segments(const Elf *e, LoadedElf *ret, GError **err)
{
    uint64_t phoff = EHDR(e, e_phoff), phentsize = EHDR(e, e_phentsize);
    unsigned n = EHDR(e, e_phnum);
    size_t min = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    if (n > MAX_PROGRAM_HEADERS || phentsize < min || !range_ok(e, phoff, n * phentsize)) {
        return error_set(err, "ELF file '%s' is truncated: its program headers lie beyond its "
                         "end", e->path);
    }
    ret->low = UINT64_MAX;
    ret->high = 0;
    for (unsigned i = 0; i < n; i++) {
        Segment s = segment_at(e, phoff + i * phentsize);

        if (s.type != PT_LOAD || s.memsz == 0) {
            continue;
        }
        if (!load_segment(e, &s, i, err)) {
            return false;
        }
        ret->low = MIN(ret->low, s.paddr);
        ret->high = MAX(ret->high, s.paddr + s.memsz);
    }
    return ret->high > 0 || error_set(err, "ELF file '%s' has nothing to load", e->path);
}

static const char *machine_name(int machine)
{
    switch (machine) {
    case EM_RISCV:   return "RISC-V";
    case EM_X86_64:  return "x86-64";
    case EM_386:     return "x86";
    case EM_AARCH64: return "AArch64";
    case EM_ARM:     return "Arm";
    default:         return NULL;
    }
}

static bool check_machine(const Elf *e, int machine, GError **err)
{
    int found = EHDR(e, e_machine);
    const char *name = machine_name(found);
    g_autofree char *number = g_strdup_printf("machine %d", found);

    if (machine == 0 || found == machine) {
        return true;
    }
    error_set(err, "ELF file '%s' is for %s", e->path, name ? name : number);
    error_set_expected(err, "%s", machine_name(machine) ? machine_name(machine) : "another");
    return false;
}

bool load_elf(const char *path, int machine, LoadedElf *ret, GError **err)
{
    Elf e;
    bool ok;

    memset(ret, 0, sizeof(*ret));
    if (!elf_open(&e, path, err)) {
        return false;
    }
    ret->entry = EHDR(&e, e_entry);
    ret->machine = EHDR(&e, e_machine);
    ret->bits = e.is64 ? 64 : 32;
    ret->big_endian = e.big;
    ok = check_machine(&e, machine, err) && load_segments(&e, ret, err);
    elf_close(&e);
    return ok;
}

bool file_is_elf(const char *path)
{
    char magic[SELFMAG];
    FILE *f = fopen(path, "rb");
    bool ret = f && fread(magic, 1, SELFMAG, f) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;

    if (f) {
        fclose(f);
    }
    return ret;
}

/* Search one symbol table section at header @at. */
static bool find_in_table(const Elf *e, uint64_t shoff, uint64_t shentsize, unsigned n,
                          uint64_t at, const char *name, uint64_t *ret)
{
    uint64_t offset = SUB(e, at, Shdr, sh_offset), size = SUB(e, at, Shdr, sh_size);
    uint64_t link = SUB(e, at, Shdr, sh_link);
    uint64_t entry = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

    if (link >= n || !range_ok(e, offset, size)) {
        return false;
    }
    uint64_t str = SUB(e, shoff + link * shentsize, Shdr, sh_offset);
    uint64_t str_size = SUB(e, shoff + link * shentsize, Shdr, sh_size);
    if (!range_ok(e, str, str_size)) {
        return false;
    }
    for (uint64_t i = 0; i + entry <= size; i += entry) {
        uint64_t st_name = SUB(e, offset + i, Sym, st_name);

        if (st_name < str_size && strlen(name) < str_size - st_name &&
            strcmp((const char *)e->data + str + st_name, name) == 0) {
            *ret = SUB(e, offset + i, Sym, st_value);
            return true;
        }
    }
    return false;
}

bool elf_symbol(const char *path, const char *name, uint64_t *ret)
{
    bool found = false;
    Elf e;

    if (!elf_open(&e, path, NULL)) {
        return false;
    }
    uint64_t shoff = EHDR(&e, e_shoff), shentsize = EHDR(&e, e_shentsize);
    unsigned n = EHDR(&e, e_shnum);
    size_t min = e.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

    if (shentsize >= min && range_ok(&e, shoff, n * shentsize)) {
        for (unsigned i = 0; i < n && !found; i++) {
            uint64_t at = shoff + i * shentsize;

            found = SUB(&e, at, Shdr, sh_type) == SHT_SYMTAB &&
                    find_in_table(&e, shoff, shentsize, n, at, name, ret);
        }
    }
    elf_close(&e);
    return found;
}
