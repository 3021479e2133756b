/*
 * Files that a machine starts with: good ones arrive in memory, bad ones are refused with a
 * message that says why.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "util/main-loop.h"
#include <elf.h>
#include <zlib.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (256 * KiB)

static char *dir;
static MemoryRegion ram;

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static char *write_file(const char *name, const void *data, size_t size)
{
    char *path = in_dir(name);

    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

static void expect_bytes(uint64_t addr, const void *data, size_t size)
{
    g_autofree uint8_t *buf = g_malloc(size);

    g_assert_cmpint(address_space_read(system_memory_as(), addr, MEMTXATTRS_CPU, buf, size), ==,
                    MEMTX_OK);
    g_assert_cmpmem(buf, size, data, size);
}

/* An ELF file with two segments: "text!" and 8 bytes of zeros behind "data". */
typedef struct TestElf64 {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    char text[8], data[4];
    Elf64_Shdr sh[2];
    Elf64_Sym sym[2];
    char str[16];
} TestElf64;

static TestElf64 make_elf(void)
{
    TestElf64 e = {
        .eh = { .e_ident = ELFMAG, .e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = 1,
                .e_entry = RAM_BASE + 4, .e_phoff = offsetof(TestElf64, ph),
                .e_shoff = offsetof(TestElf64, sh), .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
                .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 2 },
        .ph = {
            { .p_type = PT_LOAD, .p_offset = offsetof(TestElf64, text), .p_paddr = RAM_BASE,
              .p_filesz = 5, .p_memsz = 5 },
            { .p_type = PT_LOAD, .p_offset = offsetof(TestElf64, data),
              .p_paddr = RAM_BASE + 0x1000, .p_filesz = 4, .p_memsz = 12 },
        },
        .text = "text!", .data = "data",
        .sh = {
            { .sh_type = SHT_SYMTAB, .sh_offset = offsetof(TestElf64, sym),
              .sh_size = 2 * sizeof(Elf64_Sym), .sh_entsize = sizeof(Elf64_Sym),
              .sh_link = 1 },
            { .sh_type = SHT_STRTAB, .sh_offset = offsetof(TestElf64, str), .sh_size = 16 },
        },
        .sym = { { 0 }, { .st_name = 1, .st_value = 0x1234 } },
        .str = "\0tohost",
    };

    e.eh.e_ident[EI_CLASS] = ELFCLASS64;
    e.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    e.eh.e_ident[EI_VERSION] = EV_CURRENT;
    return e;
}

static void test_elf64(void)
{
    TestElf64 e = make_elf();
    g_autofree char *path = write_file("good.elf", &e, sizeof(e));
    GError *err = NULL;
    LoadedElf got;
    uint64_t value;

    address_space_set(system_memory_as(), RAM_BASE, MEMTXATTRS_CPU, 0xff, RAM_SIZE);
    g_assert_true(file_is_elf(path));
    load_elf(path, EM_RISCV, &got, &err);
    g_assert_no_error(err);
    g_assert_cmphex(got.entry, ==, RAM_BASE + 4);
    g_assert_cmphex(got.low, ==, RAM_BASE);
    g_assert_cmphex(got.high, ==, RAM_BASE + 0x100c);
    g_assert_cmpint(got.bits, ==, 64);
    g_assert_cmpint(got.machine, ==, EM_RISCV);
    g_assert_true(rom_check(NULL));
    rom_reset();
    expect_bytes(RAM_BASE, "text!\xff", 6);
    expect_bytes(RAM_BASE + 0x1000, "data\0\0\0\0\0\0\0\0\xff", 13);
    g_assert_true(elf_symbol(path, "tohost", &value));
    g_assert_cmphex(value, ==, 0x1234);
    g_assert_false(elf_symbol(path, "fromhost", &value));
    rom_free_all();
}

/* 32 bits, the other byte order. */
static void test_elf32_big(void)
{
    struct {
        Elf32_Ehdr eh;
        Elf32_Phdr ph;
        char text[4];
    } e = {
        .eh = { .e_ident = ELFMAG, .e_machine = GUINT16_TO_BE(EM_PPC),
                .e_entry = GUINT32_TO_BE(0x80000000),
                .e_phoff = GUINT32_TO_BE(sizeof(Elf32_Ehdr)),
                .e_phentsize = GUINT16_TO_BE(sizeof(Elf32_Phdr)),
                .e_phnum = GUINT16_TO_BE(1) },
        .ph = { .p_type = GUINT32_TO_BE(PT_LOAD),
                .p_offset = GUINT32_TO_BE(sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr)),
                .p_paddr = GUINT32_TO_BE(0x80000000), .p_filesz = GUINT32_TO_BE(4),
                .p_memsz = GUINT32_TO_BE(4) },
        .text = "BIG!",
    };
    g_autofree char *path = NULL;
    LoadedElf got;

    e.eh.e_ident[EI_CLASS] = ELFCLASS32;
    e.eh.e_ident[EI_DATA] = ELFDATA2MSB;
    path = write_file("big.elf", &e, sizeof(e));
    g_assert_true(load_elf(path, EM_PPC, &got, NULL));
    g_assert_cmpint(got.bits, ==, 32);
    g_assert_true(got.big_endian);
    rom_reset();
    expect_bytes(RAM_BASE, "BIG!", 4);
    rom_free_all();
}

static void refuse_elf(const void *data, size_t size, const char *part)
{
    g_autofree char *path = write_file("bad.elf", data, size);
    g_autoptr(GError) err = NULL;
    LoadedElf got;

    g_assert_false(load_elf(path, EM_RISCV, &got, &err) && rom_check(&err));
    g_assert_nonnull(err);
    if (!strstr(err->message, part)) {
        g_error("'%s' lacks '%s'", err->message, part);
    }
    g_assert_nonnull(strstr(err->message, "bad.elf"));
    rom_free_all();
}

static void test_bad_elf(void)
{
    TestElf64 e = make_elf();

    refuse_elf("no ELF file", 11, "no ELF file");
    refuse_elf(&e, 20, "truncated");
    refuse_elf(&e, offsetof(TestElf64, ph) + 10, "truncated");
    refuse_elf(&e, offsetof(TestElf64, text) + 2, "truncated");

    e.eh.e_machine = EM_X86_64;
    refuse_elf(&e, sizeof(e), "x86-64");
    e = make_elf();
    e.eh.e_phnum = 0;
    refuse_elf(&e, sizeof(e), "nothing to load");
    e.eh.e_phnum = 0xffff;
    refuse_elf(&e, sizeof(e), "truncated");
    e = make_elf();
    e.ph[1].p_paddr = RAM_BASE + 2;
    refuse_elf(&e, sizeof(e), "overlaps");
    e = make_elf();
    e.ph[1].p_paddr = RAM_BASE + RAM_SIZE - 4;
    refuse_elf(&e, sizeof(e), "does not fit");
    e.ph[1].p_paddr = 0x1000;
    refuse_elf(&e, sizeof(e), "does not fit");
    e.ph[1].p_paddr = UINT64_MAX - 2;
    refuse_elf(&e, sizeof(e), "impossible");
    e = make_elf();
    e.ph[1].p_filesz = 13;
    refuse_elf(&e, sizeof(e), "impossible");
    e.ph[1].p_filesz = UINT64_MAX;
    refuse_elf(&e, sizeof(e), "truncated");
    e = make_elf();
    e.ph[1].p_memsz = UINT64_C(1) << 39;
    refuse_elf(&e, sizeof(e), "does not fit");
}

/* Damaged files load or are refused; symbols are looked up without harm. */
static void test_mutated_elf(void)
{
    TestElf64 good = make_elf();

    for (int i = 0; i < 2000; i++) {
        TestElf64 e = good;
        g_autofree char *path = NULL;
        LoadedElf got;
        uint64_t value;

        for (int n = g_test_rand_int_range(1, 4); n > 0; n--) {
            ((uint8_t *)&e)[g_test_rand_int_range(4, sizeof(e))] = g_test_rand_int_range(0, 256);
        }
        path = write_file("mutated.elf", &e, sizeof(e));
        if (load_elf(path, 0, &got, NULL) && rom_check(NULL)) {
            rom_reset();
        }
        rom_free_all();
        elf_symbol(path, "tohost", &value);
    }
}

static void test_missing(void)
{
    g_autofree char *path = in_dir("nowhere");
    g_autofree char *empty = write_file("empty", "", 0);
    g_autoptr(GError) err = NULL;
    LoadedElf got;

    g_assert_false(load_elf(path, 0, &got, &err));
    g_assert_nonnull(strstr(err->message, "No such file"));
    g_clear_error(&err);
    g_assert_false(load_image(path, 0, 1, false, NULL, &err));
    g_assert_nonnull(strstr(err->message, "No such file"));
    g_clear_error(&err);
    g_assert_false(load_image(dir, 0, 1, false, NULL, &err));
    g_assert_nonnull(strstr(err->message, "regular file"));
    g_clear_error(&err);
    g_assert_false(load_image(empty, 0, 1, false, NULL, &err));
    g_assert_nonnull(strstr(err->message, "is empty"));
    g_assert_false(file_is_elf(path));
    g_assert_false(file_is_elf(empty));
}

static char *write_gzip(const char *name, const void *data, size_t size)
{
    char *path = in_dir(name);
    gzFile f = gzopen(path, "wb");

    g_assert_cmpint(gzwrite(f, data, size), ==, size);
    gzclose(f);
    return path;
}

static void test_image(void)
{
    g_autofree uint8_t *data = g_malloc(150 * KiB);
    g_autofree char *gz = NULL;
    g_autofree char *raw = NULL;
    g_autofree char *cut = NULL;
    g_autofree char *zipped = NULL;
    g_autoptr(GError) err = NULL;
    uint64_t size;
    size_t length;

    for (size_t i = 0; i < 150 * KiB; i++) {
        data[i] = i * i >> 8;
    }
    raw = write_file("raw", data, 150 * KiB);
    gz = write_gzip("image.gz", data, 150 * KiB);

    g_assert_true(load_image(raw, RAM_BASE, RAM_SIZE, true, &size, NULL));
    g_assert_cmpuint(size, ==, 150 * KiB);
    rom_reset();
    expect_bytes(RAM_BASE, data, size);
    rom_free_all();

    address_space_set(system_memory_as(), RAM_BASE, MEMTXATTRS_CPU, 0, RAM_SIZE);
    g_assert_true(load_image(gz, RAM_BASE, RAM_SIZE, true, &size, NULL));
    g_assert_cmpuint(size, ==, 150 * KiB);
    rom_reset();
    expect_bytes(RAM_BASE, data, size);
    rom_free_all();

    g_assert_false(load_image(raw, RAM_BASE, 1000, true, &size, &err));
    g_assert_nonnull(strstr(err->message, "room for 1000"));
    g_clear_error(&err);
    g_assert_false(load_image(gz, RAM_BASE, 1000, true, &size, &err));
    g_assert_nonnull(strstr(err->message, "unpacks to more"));
    g_clear_error(&err);
    g_assert_true(g_file_get_contents(gz, &zipped, &length, NULL));
    cut = write_file("cut.gz", zipped, length / 2);
    g_assert_false(load_image(cut, RAM_BASE, RAM_SIZE, true, &size, &err));
    g_assert_nonnull(strstr(err->message, "truncated"));
    g_clear_error(&err);
    memset(zipped + length / 3, 0x55, 100);
    g_free(cut);
    cut = write_file("broken.gz", zipped, length);
    g_assert_false(load_image(cut, RAM_BASE, RAM_SIZE, true, &size, &err));
    g_assert_nonnull(strstr(err->message, "broken"));
    rom_free_all();
}

/* A reset reads files again: what was put in their places does not count, what was written
 * into them does, as far as it reaches. */
static void test_reset_again(void)
{
    static const char first[] = "first contents", other[] = "other";
    g_autofree char *raw = write_file("again", first, sizeof(first));
    g_autofree char *gz = write_gzip("again.gz", first, sizeof(first));
    FILE *f;

    g_assert_true(load_image(raw, RAM_BASE, RAM_SIZE, true, NULL, NULL));
    g_assert_true(load_image(gz, RAM_BASE + 0x100, RAM_SIZE, true, NULL, NULL));
    for (unsigned turn = 0; turn < 3; turn++) {
        address_space_set(system_memory_as(), RAM_BASE, MEMTXATTRS_CPU, turn, RAM_SIZE);
        rom_reset();
        expect_bytes(RAM_BASE, first, sizeof(first));
        expect_bytes(RAM_BASE + 0x100, first, sizeof(first));
        /* replaces them, in turn 0 */
        g_free(write_file("again", other, sizeof(other)));
        g_free(write_file("again.gz", other, sizeof(other)));
    }
    rom_free_all();

    g_assert_true(load_image(raw, RAM_BASE, RAM_SIZE, true, NULL, NULL));
    rom_reset();
    f = fopen(raw, "r+");
    fputs("shor", f);
    fclose(f);
    g_assert_cmpint(truncate(raw, 4), ==, 0);
    address_space_set(system_memory_as(), RAM_BASE, MEMTXATTRS_CPU, 0xff, RAM_SIZE);
    rom_reset();
    expect_bytes(RAM_BASE, "shor\xff\xff", 6);
    rom_free_all();
}

static void test_blobs(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) info = g_string_new(NULL);

    rom_add("one", "1111", 4, RAM_BASE);
    rom_add("two", "2222", 4, RAM_BASE + 4);
    g_assert_true(rom_check(NULL));
    rom_add("one", "3333", 4, RAM_BASE + 8); /* replaces */
    rom_info(info);
    g_assert_nonnull(strstr(info->str, "addr=0000000080000004 size=0x000004 mem=ram "
                                       "name=\"two\""));
    g_assert_null(strstr(info->str, "addr=0000000080000000"));
    rom_add("three", "4444", 4, RAM_BASE + 7);
    g_assert_false(rom_check(&err));
    g_assert_nonnull(strstr(err->message, "'two'"));
    g_assert_nonnull(strstr(err->message, "'three'"));
    rom_free_all();
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    dir = g_dir_make_tmp("rhea-test-XXXXXX", NULL);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(system_memory(), RAM_BASE, &ram);
    g_test_add_func("/loader/elf64", test_elf64);
    g_test_add_func("/loader/elf32-big", test_elf32_big);
    g_test_add_func("/loader/bad-elf", test_bad_elf);
    g_test_add_func("/loader/mutated-elf", test_mutated_elf);
    g_test_add_func("/loader/reset-again", test_reset_again);
    g_test_add_func("/loader/missing", test_missing);
    g_test_add_func("/loader/image", test_image);
    g_test_add_func("/loader/blobs", test_blobs);
    status = g_test_run();
    for (const char *const *n = (const char *const[]){ "good.elf", "big.elf", "bad.elf",
         "mutated.elf", "empty", "image.gz", "raw", "cut.gz", "broken.gz", NULL }; *n; n++) {
        g_autofree char *path = in_dir(*n);

        unlink(path);
    }
    rmdir(dir);
    return status;
}
