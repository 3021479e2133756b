/*
 * ELF files as guests' firmware and kernels (System V ABI, chapter 5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/trace.h"
#include "util/elf-file.h"
#include "util/symbols.h"

enum { MAX_PROGRAM_HEADERS = 256 };

typedef struct Segment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz;
} Segment;

static Segment segment_at(const ElfFile *e, uint64_t at)
{
    return (Segment){
        .type = ELF_SUB(e, at, Phdr, p_type),     .offset = ELF_SUB(e, at, Phdr, p_offset),
        .paddr = ELF_SUB(e, at, Phdr, p_paddr),   .filesz = ELF_SUB(e, at, Phdr, p_filesz),
        .memsz = ELF_SUB(e, at, Phdr, p_memsz),
    };
}

static bool load_segment(const ElfFile *e, RomFile *file, const Segment *s, unsigned index,
                         GError **err)
{
    g_autofree char *base = g_path_get_basename(e->path);
    g_autofree char *name = g_strdup_printf("%s ELF program header segment %u", base, index);

    if (!elf_range_ok(e, s->offset, s->filesz)) {
        return error_set(err, "ELF file '%s' is truncated: segment %u ends at byte %" PRIu64
                         ", the file at %zu", e->path, index, s->offset + s->filesz, e->size);
    }
    if (s->filesz > s->memsz || s->paddr + s->memsz < s->paddr) {
        return error_set(err, "ELF file '%s': segment %u has impossible sizes", e->path,
                         index);
    }
    rom_add_file(name, file, s->offset, s->filesz, s->memsz, s->paddr);
    return true;
}

static bool load_segments(const ElfFile *e, LoadedElf *ret, GError **err)
{
    g_autoptr(RomFile) file = rom_file_open(e->path, err);
    ElfTable t;

    if (!file) {
        return false;
    }
    if (!elf_segments(e, &t) || t.n > MAX_PROGRAM_HEADERS) {
        return error_set(err, "ELF file '%s' is truncated: its program headers lie beyond its "
                         "end", e->path);
    }
    ret->low = UINT64_MAX;
    ret->high = 0;
    for (unsigned i = 0; i < t.n; i++) {
        Segment s = segment_at(e, elf_entry(&t, i));

        if (s.type != PT_LOAD || s.memsz == 0) {
            continue;
        }
        if (!load_segment(e, file, &s, i, err)) {
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

static bool check_machine(const ElfFile *e, int machine, GError **err)
{
    int found = ELF_EHDR(e, e_machine);
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
    ElfFile e;
    bool ok;

    memset(ret, 0, sizeof(*ret));
    if (!elf_open(&e, path, err)) {
        return false;
    }
    ret->entry = ELF_EHDR(&e, e_entry);
    ret->machine = ELF_EHDR(&e, e_machine);
    ret->bits = e.is64 ? 64 : 32;
    ret->big_endian = e.big;
    trace_loader_elf_load(path, ret->machine, ret->bits, ret->entry);
    ok = check_machine(&e, machine, err) && load_segments(&e, ret, err);
    elf_close(&e);
    if (ok) {
        symbol_table_add_source(symbols_guest(), path, 0);
    }
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

typedef struct SymbolSearch {
    const char *name;
    uint64_t *ret;
    bool found;
} SymbolSearch;

static bool symbol_is_it(const ElfFile *e, uint64_t at, const char *name, void *opaque)
{
    SymbolSearch *s = opaque;

    s->found = strcmp(name, s->name) == 0;
    if (s->found) {
        *s->ret = ELF_SUB(e, at, Sym, st_value);
    }
    return !s->found;
}

bool elf_symbol(const char *path, const char *name, uint64_t *ret)
{
    SymbolSearch s = { .name = name, .ret = ret };
    ElfFile e;

    if (!elf_open(&e, path, NULL)) {
        return false;
    }
    elf_each_symbol(&e, SHT_SYMTAB, symbol_is_it, &s);
    elf_close(&e);
    return s.found;
}
