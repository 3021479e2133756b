/*
 * fw_cfg: items and the directory, the data register in every width, DMA requests good and
 * hostile, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/nvram/fw_cfg.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define DATA UINT64_C(0x10100000)
#define CTL  (DATA + 8)
#define DMA  (DATA + 16)
#define RAM  UINT64_C(0x80000000)
#define REQUEST (RAM + 0x100)
#define BUF     (RAM + 0x1000)
enum { RAM_SIZE = 2 * MiB, BIG_SIZE = 3000 };
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

static void add_string(DeviceState *dev, const char *name, const char *text)
{
    g_autoptr(GError) err = NULL;

    fw_cfg_add_file(dev, name, g_strdup(text), strlen(text), &err);
    g_assert_no_error(err);
}

static uint8_t big_byte(unsigned i)
{
    return i * 11 + i / 256;
}

static void setup(TestMachine *m)
{
    DeviceState *dev = tm_add_sysbus(m, TYPE_FW_CFG_MEM, "x-file-slots=3", CTL);
    uint8_t *big = g_malloc(BIG_SIZE);
    g_autoptr(GError) err = NULL;

    tm_add_ram(m, RAM, RAM_SIZE);
    sysbus_map(dev, FW_CFG_REGION_DATA, DATA);
    sysbus_map(dev, FW_CFG_REGION_DMA, DMA);
    for (unsigned i = 0; i < BIG_SIZE; i++) {
        big[i] = big_byte(i);
    }
    add_string(dev, "opt/z", "last");
    fw_cfg_add_file(dev, "opt/big", big, BIG_SIZE, &err);
    g_assert_no_error(err);
    add_string(dev, "opt/empty", "");
    tm_set_data(m, dev);
}

static void select_key(TestMachine *m, uint16_t key)
{
    tm_write16(m, CTL, __builtin_bswap16(key));
}

static void test_items(TestMachine *m)
{
    select_key(m, FW_CFG_SIGNATURE);
    g_assert_cmphex(tm_read32(m, DATA), ==, 0x554d4551);
    g_assert_cmphex(tm_read64(m, DATA), ==, 0);
    select_key(m, FW_CFG_ID);
    g_assert_cmphex(tm_read8(m, DATA), ==, 3);
    g_assert_cmphex(tm_read16(m, DATA), ==, 0);
    select_key(m, 0xffff);
    g_assert_cmphex(tm_read64(m, DATA), ==, 0);
    select_key(m, FW_CFG_FILE_FIRST);
    g_assert_cmphex(tm_read8(m, DATA), ==, big_byte(0));
    g_assert_cmphex(tm_read16(m, DATA), ==, big_byte(1) | big_byte(2) << 8);
    g_assert_cmphex(tm_read8(m, DATA + 1), ==, 0);
    tm_write8(m, DATA, 0x55);
    g_assert_cmphex(tm_read8(m, DATA), ==, big_byte(3));
    tm_reset(m);
    g_assert_cmphex(tm_read8(m, DATA), ==, 'Q');
}

/* A selector takes 16 bits and cannot be read. */
static void test_selector(TestMachine *m)
{
    uint64_t value;

    g_assert_cmpint(tm_try_read(m, CTL, 2, &value), !=, MEMTX_OK);
    g_assert_cmpint(tm_try_write(m, CTL, 1, 1), !=, MEMTX_OK);
    g_assert_cmphex(tm_read8(m, DATA), ==, 'Q');
}

static void directory_entry(TestMachine *m, const char *name, uint32_t size, uint16_t key)
{
    char text[56];

    g_assert_cmphex(tm_read32(m, DATA), ==, __builtin_bswap32(size));
    g_assert_cmphex(tm_read16(m, DATA), ==, __builtin_bswap16(key));
    g_assert_cmphex(tm_read16(m, DATA), ==, 0);
    for (unsigned i = 0; i < sizeof(text); i++) {
        text[i] = tm_read8(m, DATA);
    }
    g_assert_cmpstr(text, ==, name);
}

static void test_directory(TestMachine *m)
{
    select_key(m, FW_CFG_FILE_DIR);
    g_assert_cmphex(tm_read32(m, DATA), ==, __builtin_bswap32(3));
    directory_entry(m, "opt/big", BIG_SIZE, 0x20);
    directory_entry(m, "opt/empty", 0, 0x21);
    directory_entry(m, "opt/z", 4, 0x22);
    select_key(m, 0x22);
    g_assert_cmphex(tm_read32(m, DATA), ==, 0x7473616c);
}

static void expect_refused(DeviceState *dev, const char *name, const char *message)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(fw_cfg_add_file(dev, name, g_strdup(""), 0, &err));
    g_assert_nonnull(strstr(err->message, message));
}

static void test_refused(TestMachine *m)
{
    DeviceState *dev = tm_data(m);
    g_autofree char *name = g_strnfill(56, 'x');

    expect_refused(dev, "opt/z", "there already");
    expect_refused(dev, "", "0 characters");
    expect_refused(dev, name, "56 characters");
    expect_refused(dev, "opt/more", "x-file-slots");
}

/* Put a request into memory. */
static void put_request(TestMachine *m, uint32_t control, uint32_t len, uint64_t addr)
{
    uint32_t words[4] = { __builtin_bswap32(control), __builtin_bswap32(len),
                          __builtin_bswap32(addr >> 32), __builtin_bswap32(addr) };

    tm_memwrite(m, REQUEST, words, sizeof(words));
}

static uint32_t run(TestMachine *m, uint32_t control, uint32_t len, uint64_t addr)
{
    put_request(m, control, len, addr);
    tm_write64(m, DMA, __builtin_bswap64(REQUEST));
    return __builtin_bswap32(tm_read32(m, REQUEST));
}

static void check_big(TestMachine *m, unsigned from, unsigned len)
{
    g_autofree uint8_t *buf = g_malloc(len);

    tm_memread(m, BUF, buf, len);
    for (unsigned i = 0; i < len; i++) {
        g_assert_cmphex(buf[i], ==, from + i < BIG_SIZE ? big_byte(from + i) : 0);
    }
}

static void test_dma(TestMachine *m)
{
    g_assert_cmphex(tm_read64(m, DMA), ==, __builtin_bswap64(UINT64_C(0x51454d5520434647)));
    g_assert_cmphex(run(m, 0x20u << 16 | SELECT | READ, 100, BUF), ==, 0);
    check_big(m, 0, 100);
    g_assert_cmphex(run(m, READ, 7, BUF), ==, 0);
    check_big(m, 100, 7);
    g_assert_cmphex(run(m, SKIP, 893, 0), ==, 0);
    g_assert_cmphex(run(m, READ, BIG_SIZE, BUF), ==, 0); /* beyond its end: zeros */
    check_big(m, 1000, BIG_SIZE);
    g_assert_cmphex(run(m, READ, 16, BUF), ==, 0);
    check_big(m, BIG_SIZE, 16);
    g_assert_cmphex(run(m, 0x22u << 16 | SELECT, 0, 0), ==, 0);
    g_assert_cmphex(tm_read32(m, DATA), ==, 0x7473616c);
    /* in two halves: the low one starts it */
    put_request(m, 0x20u << 16 | SELECT | READ, 50, BUF);
    tm_write32(m, DMA, __builtin_bswap32(REQUEST >> 32));
    g_assert_cmphex(tm_read32(m, REQUEST), !=, 0);
    tm_write32(m, DMA + 4, __builtin_bswap32(REQUEST));
    g_assert_cmphex(tm_read32(m, REQUEST), ==, 0);
    check_big(m, 0, 50);
}

static void test_hostile_dma(TestMachine *m)
{
    const uint32_t select = 0x20u << 16 | SELECT;

    g_assert_cmphex(run(m, select | WRITE, 4, BUF), ==, ERROR);
    g_assert_cmphex(run(m, select | READ, 4, 0x1000), ==, ERROR);      /* nothing there */
    g_assert_cmphex(run(m, select | READ, 4, DATA), ==, ERROR);        /* itself */
    g_assert_cmphex(run(m, select | READ, BIG_SIZE, RAM + RAM_SIZE - 8), ==, ERROR);
    g_assert_cmphex(run(m, select | READ, UINT32_MAX, BUF), ==, ERROR);
    g_assert_cmphex(run(m, select | READ, 64, UINT64_MAX - 7), ==, ERROR);
    g_assert_cmphex(run(m, select | SKIP, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(run(m, SKIP, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(tm_read64(m, DATA), ==, 0);
    /* requests where there is none */
    tm_write64(m, DMA, __builtin_bswap64(RAM + RAM_SIZE - 4));
    tm_write64(m, DMA, __builtin_bswap64(DMA));
    tm_write64(m, DMA, UINT64_MAX);
    tm_write32(m, DMA + 4, 0);
    /* the request lies in what it overwrites */
    put_request(m, select | READ, 64, REQUEST);
    tm_write64(m, DMA, __builtin_bswap64(REQUEST));
    g_assert_cmphex(tm_read32(m, REQUEST), ==, 0);
    g_assert_cmphex(tm_read8(m, REQUEST + 4), ==, big_byte(4));
}

static void more(TestMachine *m)
{
    uint64_t value = device_fuzz_value();

    run(m, value & 0x3fffff, value >> 40, g_test_rand_int_range(0, 2) ? BUF : value);
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, DATA, 0x18, DEVICE_FUZZ_ACCESSES, more);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/fw-cfg/items", setup, test_items);
    tm_add_test("/fw-cfg/selector", setup, test_selector);
    tm_add_test("/fw-cfg/directory", setup, test_directory);
    tm_add_test("/fw-cfg/refused", setup, test_refused);
    tm_add_test("/fw-cfg/dma", setup, test_dma);
    tm_add_test("/fw-cfg/hostile-dma", setup, test_hostile_dma);
    tm_add_test("/fw-cfg/fuzz", setup, test_fuzz);
    return g_test_run();
}
