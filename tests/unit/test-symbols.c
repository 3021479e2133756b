/*
 * Names of guest code: text, ELF files, the tables in Linux images; files that are damaged.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/error.h"
#include "util/symbols.h"
#include <elf.h>
#include <sys/mman.h>

/* A file with these bytes, until it is closed; its path. */
static char *data_file(const void *data, size_t size, int *ret_fd)
{
    *ret_fd = memfd_create("symbols", MFD_CLOEXEC);
    g_assert_cmpint(*ret_fd, >=, 0);
    g_assert_cmpint(write(*ret_fd, data, size), ==, size);
    return g_strdup_printf("/proc/self/fd/%d", *ret_fd);
}

static bool read_data(SymbolTable *t, const void *data, size_t size, uint64_t shift, GError **err)
{
    int fd;
    g_autofree char *path = data_file(data, size, &fd);
    bool ok = symbol_table_read(t, path, shift, err);

    close(fd);
    return ok;
}

static void assert_name(SymbolTable *t, uint64_t addr, const char *expected)
{
    g_autofree char *name = symbol_table_describe(t, addr);

    g_assert_cmpstr(name, ==, expected);
}

/* ---- Text ---- */

static void test_text(void)
{
    static const char text[] = "0000000000001000 T begin\n"
                               "0000000000001040 t second\t[module]\n"
                               "0000000000001040 T Second\n"
                               "0000000000001080 D data\n"
                               "0000000000001100 0000000000000010 T sized\n"
                               "                 U undefined\n"
                               "\n"
                               "0000000000001200 t $x\n";
    SymbolTable *t = symbol_table_new();
    g_autoptr(GError) err = NULL;
    uint64_t addr;

    /* An undefined symbol has no address: no line of this form. */
    g_assert_false(read_data(t, text, sizeof(text) - 1, 0, &err));
    g_assert_cmpstr(error_get_expected(err), !=, NULL);
    g_assert_cmpuint(symbol_table_size(t), ==, 0);
    g_clear_error(&err);

    g_autofree char *good = g_strdup(text);
    memset(strstr(good, "                 U"), '\n', 29);
    g_assert_true(read_data(t, good, strlen(good), 0x10, &err));
    assert_name(t, 0x100f, NULL);
    assert_name(t, 0x1010, "begin");
    assert_name(t, 0x104f, "begin+0x3f");
    assert_name(t, 0x1050, "Second"); /* global names come before local ones */
    assert_name(t, 0x1112, "sized+0x2");
    assert_name(t, 0x1120, NULL);
    g_assert_true(symbol_table_address(t, "sized", &addr));
    g_assert_cmphex(addr, ==, 0x1110);
    g_assert_false(symbol_table_address(t, "data", &addr));
    symbol_table_free(t);
}

/* ---- ELF ---- */

typedef struct TestElf {
    Elf64_Ehdr e;
    Elf64_Shdr s[4];
    Elf64_Sym sym[5];
    char str[32];
} TestElf;

static TestElf test_elf(void)
{
    TestElf f = {
        .e = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
               .e_shoff = offsetof(TestElf, s), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4 },
        .s = { { 0 },
               { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR },
               { .sh_type = SHT_SYMTAB, .sh_link = 3, .sh_offset = offsetof(TestElf, sym),
                 .sh_size = sizeof(f.sym) },
               { .sh_type = SHT_STRTAB, .sh_offset = offsetof(TestElf, str),
                 .sh_size = sizeof(f.str) } },
        .sym = { { 0 },
                 { 1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x2000, 0x20 },
                 { 6, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x2010, 0 },
                 { 12, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x2040, 0 },
                 { 1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x3000, 8 } },
        .str = "\0main\0inner\0label",
    };
    return f;
}

static void test_elf_file(void)
{
    TestElf f = test_elf();
    SymbolTable *t = symbol_table_new();
    g_autoptr(GError) err = NULL;

    g_assert_true(read_data(t, &f, sizeof(f), 0, &err));
    assert_name(t, 0x2000, "main");
    assert_name(t, 0x2014, "main+0x14"); /* a label in a function is none */
    assert_name(t, 0x2020, NULL);
    assert_name(t, 0x2044, "label+0x4");
    assert_name(t, 0x3000, "label+0xfc0"); /* the object is none */
    assert_name(t, 0x3040, NULL);
    symbol_table_free(t);
}

/* ---- Linux images ---- */

enum { N_SYMS = 600 };

static void put32(GByteArray *a, uint32_t v)
{
    v = GUINT32_TO_LE(v);
    g_byte_array_append(a, (const uint8_t *)&v, sizeof(v));
}

static void pad(GByteArray *a, unsigned to)
{
    static const uint8_t zero[64];

    g_byte_array_append(a, zero, (to - a->len % to) % to);
}

/* Where symbol i is: code, 16 bytes each. */
static uint64_t place(unsigned i)
{
    return 0x1000 + 16 * i;
}

/*
 * An image with tables as kernels have them: names are "Tfn" and three digits; token 1 is
 * "Tfn". @own_place: addresses are relative to themselves.
 */
static GByteArray *linux_image(bool own_place, uint64_t base)
{
    GByteArray *a = g_byte_array_new();
    uint32_t marker[DIV_ROUND_UP(N_SYMS, 256)];
    uint16_t index[256];

    g_byte_array_set_size(a, 0x1000);
    memset(a->data, 0xa5, a->len);
    put32(a, N_SYMS);
    guint names = a->len;
    for (unsigned i = 0; i < N_SYMS; i++) {
        uint8_t name[5] = { 4, 1, '0' + i / 100, '0' + i / 10 % 10, '0' + i % 10 };
        if (i % 256 == 0) {
            marker[i / 256] = a->len - names;
        }
        g_byte_array_append(a, name, sizeof(name));
    }
    pad(a, 4);
    for (unsigned i = 0; i < G_N_ELEMENTS(marker); i++) {
        put32(a, marker[i]);
    }
    guint table = a->len;
    for (unsigned i = 0; i < 256; i++) {
        char token[4] = { i >= 0x20 && i < 0x7f ? i : 'x' };
        const char *text = i == 1 ? "Tfn" : token;
        index[i] = GUINT16_TO_LE(a->len - table);
        g_byte_array_append(a, (const uint8_t *)text, strlen(text) + 1);
    }
    pad(a, 2);
    g_byte_array_append(a, (const uint8_t *)index, sizeof(index));
    pad(a, 8);
    for (unsigned i = 0; i < N_SYMS; i++) {
        put32(a, own_place ? place(i) - a->len : place(i));
    }
    pad(a, 8);
    put32(a, base);
    put32(a, base >> 32);
    pad(a, 64);
    return a;
}

static void check_linux(const GByteArray *image, uint64_t link, uint64_t base)
{
    int fd;
    g_autofree char *path = data_file(image->data, image->len, &fd);
    SymbolTable *t = symbol_table_new();

    symbol_table_add_image(t, path, 0, link);
    g_assert_cmpuint(symbol_table_size(t), ==, N_SYMS);
    close(fd);
    assert_name(t, base + place(0), "fn000");
    assert_name(t, base + place(255) + 15, "fn255+0xf");
    assert_name(t, base + place(599), "fn599");
    symbol_table_free(t);
}

static void test_linux(void)
{
    const uint64_t high = UINT64_C(0xffffffff80000000), other = UINT64_C(0xffffffc000200000);
    GByteArray *image = linux_image(true, 0);

    check_linux(image, high, high);
    g_byte_array_free(image, TRUE);
    image = linux_image(false, other);
    check_linux(image, high, other);
    g_byte_array_free(image, TRUE);
}

/* ---- Damage ---- */

/* Whatever a file holds: names or an error, and no access outside of it. */
static void damage(const uint8_t *data, size_t size, bool image, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        g_autofree uint8_t *copy = g_memdup2(data, size);
        size_t len = i % 4 ? size : g_test_rand_int_range(0, size);

        for (unsigned k = g_test_rand_int_range(0, 8); k-- > 0;) {
            /* Bytes that matter are in front, or anywhere. */
            size_t at = g_test_rand_int_range(0, i & 1 ? MIN(size, 512) : size);
            copy[at] = i & 2 ? g_test_rand_int() : copy[at] ^ 1u << g_test_rand_int_range(0, 8);
        }
        int fd;
        g_autofree char *path = data_file(copy, len, &fd);
        SymbolTable *t = symbol_table_new();
        if (image) {
            symbol_table_add_image(t, path, 0x1000, 0x2000);
        } else {
            symbol_table_read(t, path, 0, NULL);
        }
        symbol_table_size(t);
        symbol_table_free(t);
        close(fd);
    }
}

static void test_damage(void)
{
    TestElf f = test_elf();
    GByteArray *image = linux_image(true, 0);

    damage((const uint8_t *)&f, sizeof(f), false, 3000);
    /* the part in front holds no table */
    damage(image->data + 0xfc0, image->len - 0xfc0, true, 1500);
    g_byte_array_free(image, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/symbols/text", test_text);
    g_test_add_func("/symbols/elf", test_elf_file);
    g_test_add_func("/symbols/linux", test_linux);
    g_test_add_func("/symbols/damage", test_damage);
    return g_test_run();
}
