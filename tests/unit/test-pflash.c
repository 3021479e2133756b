/*
 * Flash: query table and identifier codes, programming by words and buffers, erasing, locks,
 * sequences that are none, the image on the host and its errors, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "hw/block/pflash-cfi01.h"
#include "qapi/keyval.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"
#include <glib/gstdio.h>

#define BASE UINT64_C(0x20000000)
#define SHAPE "name=flash,num-blocks=8,sector-length=8192,width=4,device-width=2,id0=137,id1=24"
enum { BLOCK = 8192, SIZE = 8 * BLOCK };
enum { READY = 0x800080, PROGRAM_LOCKED = 0x920092, ERASE_LOCKED = 0xa200a2,
       SEQUENCE = 0xb000b0 };

static char *image;

static void setup(TestMachine *m)
{
    tm_add_sysbus(m, TYPE_PFLASH_CFI01, SHAPE, BASE);
}

static void setup_drive(TestMachine *m, const char *more)
{
    static unsigned drives;
    g_autofree char *drive = g_strdup_printf("file=%s,format=raw,if=none,id=p%u%s", image,
                                             drives, more);
    g_autofree char *props = g_strdup_printf(SHAPE ",drive=p%u", drives++);
    struct json_object *opts;
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(truncate(image, 0), ==, 0);
    g_assert_cmpint(truncate(image, SIZE), ==, 0);
    tm_add_ram(m, 0x80000000, 4096); /* makes the main loop: drives need it */
    opts = keyval_parse(drive, NULL, NULL, &err);
    g_assert_no_error(err);
    drive_add(opts, NULL, &err);
    g_assert_no_error(err);
    json_object_put(opts);
    tm_add_sysbus(m, TYPE_PFLASH_CFI01, props, BASE);
}

static void setup_image(TestMachine *m)
{
    setup_drive(m, "");
}

static void setup_read_only(TestMachine *m)
{
    setup_drive(m, ",read-only=on");
}

static uint32_t in(TestMachine *m, uint32_t offset)
{
    return tm_read32(m, BASE + offset);
}

static void out(TestMachine *m, uint32_t offset, uint32_t value)
{
    tm_write32(m, BASE + offset, value);
}

static void both(TestMachine *m, uint32_t offset, uint32_t command)
{
    out(m, offset, command << 16 | command);
}

static void erase(TestMachine *m, uint32_t offset)
{
    both(m, offset, 0x20);
    both(m, offset, 0xd0);
}

static void program(TestMachine *m, uint32_t offset, uint32_t value)
{
    both(m, offset, 0x40);
    out(m, offset, value);
}

static void test_query(TestMachine *m)
{
    static const uint8_t table[] = {
        'Q', 'R', 'Y', 1, 0, 0x31, 0, 0, 0, 0, 0, 0x45, 0x55, 0, 0, 7, 7, 10, 0, 4, 4, 4, 0,
        15, 2, 0, 11, 0, 1, 7, 0, 0x10, 0, 'P', 'R', 'I', '1', '0', 0,
    };

    g_assert_cmphex(in(m, 0x40), ==, 0);
    both(m, 0x55 * 4, 0x98);
    for (unsigned i = 0; i < sizeof(table); i++) {
        g_assert_cmphex(in(m, (0x10 + i) * 4), ==, table[i] | table[i] << 16);
    }
    g_assert_cmphex(tm_read8(m, BASE + 0x42), ==, 'Q');
    g_assert_cmphex(tm_read64(m, BASE + 0x40), ==, UINT64_C(0x0052005200510051));
    both(m, 0, 0x90);
    g_assert_cmphex(in(m, 0), ==, 0x890089);
    g_assert_cmphex(in(m, 4), ==, 0x180018);
    g_assert_cmphex(in(m, BLOCK + 8), ==, 0);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, 0x40), ==, 0);
}

static void test_words(TestMachine *m)
{
    erase(m, BLOCK + 100);
    g_assert_cmphex(in(m, 0), ==, READY);
    program(m, BLOCK + 4, 0x12345678);
    g_assert_cmphex(in(m, 0), ==, READY);
    program(m, BLOCK + 4, 0xffff00ff);   /* bits can only be cleared */
    both(m, 0, 0x10);                    /* one lane of eight bits */
    tm_write8(m, BASE + BLOCK + 9, 0xaa);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, BLOCK), ==, 0xffffffff);
    g_assert_cmphex(in(m, BLOCK + 4), ==, 0x12340078);
    g_assert_cmphex(in(m, BLOCK + 8), ==, 0xffffaaff);
    g_assert_cmphex(in(m, 2 * BLOCK - 4), ==, 0xffffffff);
    g_assert_cmphex(in(m, 2 * BLOCK), ==, 0);
    g_assert_cmphex(in(m, BLOCK - 4), ==, 0);
    tm_reset(m);                         /* the contents stay */
    g_assert_cmphex(in(m, BLOCK + 4), ==, 0x12340078);
}

static void buffer(TestMachine *m, uint32_t offset, unsigned words, uint32_t value)
{
    both(m, offset, 0xe8);
    g_assert_cmphex(in(m, offset), ==, READY);
    both(m, offset, words - 1);
    for (unsigned i = 0; i < words; i++) {
        out(m, offset + 4 * i, value + i);
    }
}

static void test_buffer(TestMachine *m)
{
    erase(m, 0);
    buffer(m, 64, 16, 0x1000);
    both(m, 64, 0xd0);
    g_assert_cmphex(in(m, 0), ==, READY);
    buffer(m, BLOCK / 2, 1024, 0x5000);  /* a whole one */
    both(m, 0, 0xd0);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, 60), ==, 0xffffffff);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmphex(in(m, 64 + 4 * i), ==, 0x1000 + i);
    }
    g_assert_cmphex(in(m, 128), ==, 0xffffffff);
    g_assert_cmphex(in(m, BLOCK - 4), ==, 0x5000 + 1023);
}

static void expect_sequence_error(TestMachine *m)
{
    both(m, 0, 0x70);
    g_assert_cmphex(in(m, 0), ==, SEQUENCE);
    both(m, 0, 0x50);
    g_assert_cmphex(in(m, 0), ==, READY);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, 0), ==, 0xffffffff);
    g_assert_cmphex(in(m, 64), ==, 0xffffffff);
}

static void test_bad_sequences(TestMachine *m)
{
    erase(m, 0);
    both(m, 0, 0x20);
    both(m, 0, 0x55);
    expect_sequence_error(m);
    buffer(m, 64, 2, 0);
    both(m, 64, 0x55);                   /* not confirmed */
    expect_sequence_error(m);
    both(m, 64, 0xe8);
    both(m, 64, 1024);                   /* more than the buffer holds */
    expect_sequence_error(m);
    both(m, 64, 0xe8);
    both(m, 64, 3);
    out(m, 64, 1);
    out(m, 60, 1);                       /* before its start */
    expect_sequence_error(m);
    both(m, 64, 0xe8);
    both(m, 64, 3);
    out(m, 64, 1);
    out(m, 80, 1);                       /* behind its end */
    expect_sequence_error(m);
    both(m, 0, 0xe8);
    both(m, 0, 3);
    out(m, BLOCK - 4, 1);                /* into the next block */
    expect_sequence_error(m);
    both(m, 0, 0x60);
    both(m, 0, 0x77);
    expect_sequence_error(m);
    both(m, 0, 0xaa);                    /* no command */
    g_assert_cmphex(in(m, 0), ==, 0xffffffff);
}

static void test_locks(TestMachine *m)
{
    erase(m, BLOCK);
    both(m, BLOCK, 0x60);
    both(m, BLOCK, 0x01);
    both(m, 0, 0x90);
    g_assert_cmphex(in(m, 8), ==, 0);
    g_assert_cmphex(in(m, BLOCK + 8), ==, 0x10001);
    program(m, BLOCK, 0);
    g_assert_cmphex(in(m, 0), ==, PROGRAM_LOCKED);
    both(m, 0, 0x50);
    erase(m, BLOCK);
    g_assert_cmphex(in(m, 0), ==, ERASE_LOCKED);
    both(m, 0, 0x50);
    both(m, BLOCK, 0x60);
    both(m, BLOCK, 0xd0);
    program(m, BLOCK, 0);
    g_assert_cmphex(in(m, 0), ==, READY);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, BLOCK), ==, 0);
}

static uint32_t on_host(uint32_t offset)
{
    g_autofree char *data = NULL;
    gsize size;
    uint32_t value;

    g_assert_true(g_file_get_contents(image, &data, &size, NULL));
    g_assert_cmpuint(size, ==, SIZE);
    memcpy(&value, data + offset, sizeof(value));
    return value;
}

/* What the status reports as done is in the file. */
static void test_image(TestMachine *m)
{
    erase(m, SIZE - BLOCK);
    g_assert_cmphex(on_host(SIZE - 4), ==, 0xffffffff);
    g_assert_cmphex(on_host(SIZE - BLOCK - 4), ==, 0);
    program(m, SIZE - 4, 0x01020304);
    g_assert_cmphex(on_host(SIZE - 4), ==, 0x01020304);
    g_assert_cmphex(on_host(SIZE - 8), ==, 0xffffffff);
    buffer(m, SIZE - 1024, 200, 0x7000);
    both(m, 0, 0xd0);
    g_assert_cmphex(on_host(SIZE - 1024), ==, 0x7000);
    g_assert_cmphex(on_host(SIZE - 1024 + 4 * 199), ==, 0x7000 + 199);
}

static void test_read_only(TestMachine *m)
{
    erase(m, 0);
    g_assert_cmphex(in(m, 0), ==, ERASE_LOCKED);
    both(m, 0, 0x50);
    program(m, 0, 0);
    g_assert_cmphex(in(m, 0), ==, PROGRAM_LOCKED);
    both(m, 0, 0xff);
    g_assert_cmphex(in(m, 0), ==, 0);
}

static void more(TestMachine *m)
{
    static const uint8_t commands[] = { 0x40, 0x20, 0xd0, 0xe8, 0x60, 0xff, 0x98, 0x70, 3 };

    both(m, g_test_rand_int_range(0, SIZE / 4) * 4,
         commands[g_test_rand_int_range(0, ARRAY_SIZE(commands))]);
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, SIZE, DEVICE_FUZZ_ACCESSES / 4, more);
}

int main(int argc, char **argv)
{
    int fd = g_file_open_tmp("pflash-XXXXXX", &image, NULL), status;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/pflash/query", setup, test_query);
    tm_add_test("/pflash/words", setup, test_words);
    tm_add_test("/pflash/buffer", setup, test_buffer);
    tm_add_test("/pflash/bad-sequences", setup, test_bad_sequences);
    tm_add_test("/pflash/locks", setup, test_locks);
    tm_add_test("/pflash/image", setup_image, test_image);
    tm_add_test("/pflash/read-only", setup_read_only, test_read_only);
    tm_add_test("/pflash/fuzz", setup, test_fuzz);
    status = g_test_run();
    g_unlink(image);
    g_free(image);
    return status;
}
