/*
 * 16550A UART: registers, both FIFOs, interrupts and their order, loopback, break, a host
 * end that is full, random accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/serial-mm.h"
#include "tests/unit/char-double.h"
#include "tests/unit/device-fuzz.h"
#include "tests/unit/tm.h"

#define BASE UINT64_C(0x10000000)
enum { DATA = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };
enum { FOUR_CHARS_NS = 4 * 10 * 1000000000ll / 9600 + 1000 };

typedef struct Uart {
    void *dev;
    CharDouble *chr;
} Uart;

static Uart uart;

static void setup(TestMachine *m)
{
    uart.chr = char_double_new("host");
    uart.dev = tm_add_sysbus(m, TYPE_SERIAL_MM, "chardev=host", BASE);
}

static uint8_t in(TestMachine *m, unsigned reg)
{
    return tm_read8(m, BASE + reg);
}

static void out(TestMachine *m, unsigned reg, uint8_t value)
{
    tm_write8(m, BASE + reg, value);
}

static void type(TestMachine *m, const char *text)
{
    char_double_type(uart.chr, text, strlen(text));
    tm_run(m);
}

static void check_output(const char *expected)
{
    g_assert_cmpstr(uart.chr->out->str, ==, expected);
}

static void test_reset(TestMachine *m)
{
    for (int round = 0; round < 2; round++) {
        g_assert_cmphex(in(m, IER), ==, 0);
        g_assert_cmphex(in(m, IIR), ==, 1);
        g_assert_cmphex(in(m, LCR), ==, 0);
        g_assert_cmphex(in(m, MCR), ==, 8);
        g_assert_cmphex(in(m, LSR), ==, 0x60);
        g_assert_cmphex(in(m, MSR), ==, 0xb0);
        g_assert_cmphex(in(m, SCR), ==, 0);
        out(m, LCR, 0x80);
        g_assert_cmphex(in(m, DATA), ==, 12);
        g_assert_cmphex(in(m, IER), ==, 0);
        g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
        /* what the second round must not see */
        out(m, DATA, 0x55);
        out(m, IER, 0x55);
        out(m, LCR, 0x1f);
        out(m, IER, 0xf);
        out(m, SCR, 0xa5);
        out(m, MCR, 0x1f);
        out(m, FCR, 0xc1);
        out(m, DATA, 'x');
        tm_reset(m);
    }
}

/* Reserved bits read 0, read-only registers stay. */
static void test_reserved(TestMachine *m)
{
    out(m, IER, 0xff);
    g_assert_cmphex(in(m, IER), ==, 0x0f);
    out(m, MCR, 0xff);
    g_assert_cmphex(in(m, MCR), ==, 0x1f);
    out(m, MCR, 0);
    in(m, MSR);
    out(m, LSR, 0xff);
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    out(m, MSR, 0xff);
    g_assert_cmphex(in(m, MSR), ==, 0xb0);
    for (unsigned v = 1; v < 0x100; v <<= 1) {
        out(m, SCR, v);
        g_assert_cmphex(in(m, SCR), ==, v);
        out(m, LCR, v);
        g_assert_cmphex(in(m, LCR), ==, v);
    }
}

static void test_divisor(TestMachine *m)
{
    out(m, LCR, 0x83);
    out(m, DATA, 0x34);
    out(m, IER, 0x12);
    g_assert_cmphex(in(m, DATA), ==, 0x34);
    g_assert_cmphex(in(m, IER), ==, 0x12);
    out(m, LCR, 0x03);
    g_assert_cmphex(in(m, IER), ==, 0);
    check_output("");
    out(m, LCR, 0x83);
    out(m, DATA, 0);
    out(m, IER, 0);       /* a divisor of 0 must not divide */
    out(m, LCR, 0x03);
    type(m, "a");
    g_assert_cmphex(in(m, DATA), ==, 'a');
}

/* The transmitter's interrupt: on enabling, after each byte, cleared by reading IIR. */
static void test_transmit(TestMachine *m)
{
    out(m, DATA, 'h');
    out(m, DATA, 'i');
    check_output("hi");
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    out(m, IER, 2);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 1);
    g_assert_cmphex(in(m, IIR), ==, 2);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    g_assert_cmphex(in(m, IIR), ==, 1);
    out(m, DATA, '!');
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 1);
    out(m, IER, 0);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    check_output("hi!");
}

/* Only one byte waits without FIFOs: the rest stays with the host. */
static void test_receive(TestMachine *m)
{
    out(m, IER, 1);
    type(m, "abc");
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 1);
    for (const char *p = "abc"; *p; p++) {
        g_assert_cmphex(in(m, LSR), ==, 0x61);
        g_assert_cmphex(in(m, IIR), ==, 4);
        g_assert_cmphex(in(m, DATA), ==, *p);
        tm_run(m);
    }
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    g_assert_cmphex(in(m, IIR), ==, 1);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    in(m, DATA);           /* nothing there: no harm */
    g_assert_cmphex(in(m, LSR), ==, 0x60);
}

static void test_fifo(TestMachine *m)
{
    out(m, FCR, 0x81);     /* interrupt at 8 bytes */
    out(m, IER, 1);
    g_assert_cmphex(in(m, IIR), ==, 0xc1);
    type(m, "1234567");
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    g_assert_cmphex(in(m, LSR), ==, 0x61);
    tm_clock_step(m, FOUR_CHARS_NS);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 1);
    g_assert_cmphex(in(m, IIR), ==, 0xcc);
    type(m, "8");
    g_assert_cmphex(in(m, IIR), ==, 0xc4);
    g_assert_cmphex(in(m, DATA), ==, '1');
    g_assert_cmphex(in(m, IIR), ==, 0xc1);
    tm_clock_step(m, FOUR_CHARS_NS);
    g_assert_cmphex(in(m, IIR), ==, 0xcc);
    for (int i = '2'; i <= '8'; i++) {
        g_assert_cmphex(in(m, DATA), ==, i);
    }
    tm_clock_step(m, FOUR_CHARS_NS);
    g_assert_cmphex(in(m, IIR), ==, 0xc1);
    /* 16 bytes and no more; clearing drops them, more come from the host */
    type(m, "0123456789abcdefXY");
    g_assert_cmpuint(uart.chr->in->len, ==, 2);
    g_assert_cmphex(in(m, DATA), ==, '0');
    out(m, FCR, 0x83);
    tm_run(m);
    g_assert_cmphex(in(m, DATA), ==, 'X');
    g_assert_cmphex(in(m, DATA), ==, 'Y');
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    g_assert_cmphex(in(m, LSR) & 2, ==, 0);
}

/* What is sent comes back, inputs follow outputs, and the host hears nothing. */
static void test_loopback(TestMachine *m)
{
    in(m, MSR);
    out(m, MCR, 0x10);
    g_assert_cmphex(in(m, MSR), ==, 0x0b);
    out(m, MCR, 0x1a);     /* RTS and OUT2, as Linux's probe */
    g_assert_cmphex(in(m, MSR) & 0xf0, ==, 0x90);
    out(m, MCR, 0x15);     /* DTR and OUT1 */
    g_assert_cmphex(in(m, MSR) & 0xf0, ==, 0x60);
    out(m, MCR, 0x10);
    g_assert_cmphex(in(m, MSR), ==, 0x06); /* RI's trailing edge and DSR's change */
    out(m, IER, 0xd);
    out(m, DATA, 'p');
    type(m, "from the host");
    g_assert_cmphex(in(m, IIR), ==, 4);
    /* an overrun comes before the data and is cleared by reading LSR */
    out(m, DATA, 'q');
    g_assert_cmphex(in(m, IIR), ==, 6);
    g_assert_cmphex(in(m, LSR), ==, 0x63);
    g_assert_cmphex(in(m, IIR), ==, 4);
    in(m, DATA);
    /* the modem interrupt comes last and is cleared by reading MSR */
    out(m, MCR, 0x11);
    g_assert_cmphex(in(m, IIR), ==, 0);
    g_assert_cmphex(in(m, MSR), ==, 0x22);
    g_assert_cmphex(in(m, IIR), ==, 1);
    check_output("");
    out(m, MCR, 0);
    tm_run(m);
    g_assert_cmphex(in(m, DATA), ==, 'f');
}

static void test_break(TestMachine *m)
{
    out(m, IER, 4);
    char_double_break(uart.chr);
    g_assert_cmphex(in(m, IIR), ==, 6);
    g_assert_cmphex(in(m, LSR), ==, 0x71);
    g_assert_cmphex(in(m, IIR), ==, 1);
    g_assert_cmphex(in(m, DATA), ==, 0);
    g_assert_cmphex(in(m, LSR), ==, 0x60);
}

/* A host end that takes nothing: the FIFO fills, what is too much is lost, the rest goes
 * out in order once there is room. */
static void test_full_host(TestMachine *m)
{
    out(m, FCR, 1);
    char_double_set_room(uart.chr, 0);
    for (int i = 0; i < 20; i++) {
        out(m, DATA, 'a' + i);
    }
    g_assert_cmphex(in(m, LSR), ==, 0);
    out(m, IER, 2);
    g_assert_cmpint(tm_irq_level(m, uart.dev, 0), ==, 0);
    char_double_set_room(uart.chr, 5);
    check_output("abcde");
    g_assert_cmphex(in(m, LSR), ==, 0);
    char_double_set_room(uart.chr, UINT_MAX);
    check_output("abcdefghijklmnop");
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    g_assert_cmphex(in(m, IIR), ==, 0xc2);
    char_double_set_room(uart.chr, 0);
    out(m, DATA, 'x');
    out(m, FCR, 5);        /* the byte is given up */
    g_assert_cmphex(in(m, LSR), ==, 0x60);
    char_double_set_room(uart.chr, UINT_MAX);
    check_output("abcdefghijklmnop");
    out(m, DATA, 'y');
    check_output("abcdefghijklmnopy");
    /* without FIFOs there is room for one byte */
    out(m, FCR, 0);
    char_double_set_room(uart.chr, 0);
    out(m, DATA, '1');
    out(m, DATA, '2');
    g_assert_cmphex(in(m, LSR), ==, 0);
    char_double_set_room(uart.chr, UINT_MAX);
    check_output("abcdefghijklmnopy1");
}

static void test_sizes(TestMachine *m)
{
    uint64_t v;

    /* a wide access is one to the register that it begins with */
    tm_write32(m, BASE, 0x41424344);
    check_output("D");
    g_assert_cmphex(tm_read16(m, BASE + MSR) & 0xff, ==, 0xb0);
    g_assert_cmphex(tm_read32(m, BASE) & 0xff, ==, 0);
    g_assert_cmpint(tm_try_read(m, BASE + 8, 1, &v), !=, MEMTX_OK);
}

static void setup_shifted(TestMachine *m)
{
    uart.chr = char_double_new("host");
    uart.dev = tm_add_sysbus(m, TYPE_SERIAL_MM, "chardev=host,regshift=2", BASE);
}

static void test_shifted(TestMachine *m)
{
    g_assert_cmphex(tm_read32(m, BASE + 4 * LSR), ==, 0x60);
    tm_write32(m, BASE + 4 * DATA, 's');
    check_output("s");
}

static void more(TestMachine *m)
{
    static const char text[] = "some input for the line";

    char_double_type(uart.chr, text, g_test_rand_int_range(0, sizeof(text)));
    char_double_set_room(uart.chr, g_test_rand_int_range(0, 2) ? UINT_MAX : 3);
    g_string_truncate(uart.chr->out, 0);
    if (g_test_rand_int_range(0, 4) == 0) {
        char_double_break(uart.chr);
    }
    if (uart.chr->in->len > 4096) {
        g_string_truncate(uart.chr->in, 0);
    }
}

static void test_fuzz(TestMachine *m)
{
    device_fuzz(m, BASE, 8, DEVICE_FUZZ_ACCESSES, more);
    g_string_truncate(uart.chr->in, 0);
    g_string_truncate(uart.chr->out, 0);
    char_double_set_room(uart.chr, UINT_MAX);
    tm_reset(m);
    test_transmit(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tm_add_test("/serial/reset", setup, test_reset);
    tm_add_test("/serial/reserved", setup, test_reserved);
    tm_add_test("/serial/divisor", setup, test_divisor);
    tm_add_test("/serial/transmit", setup, test_transmit);
    tm_add_test("/serial/receive", setup, test_receive);
    tm_add_test("/serial/fifo", setup, test_fifo);
    tm_add_test("/serial/loopback", setup, test_loopback);
    tm_add_test("/serial/break", setup, test_break);
    tm_add_test("/serial/full-host", setup, test_full_host);
    tm_add_test("/serial/sizes", setup, test_sizes);
    tm_add_test("/serial/shifted", setup_shifted, test_shifted);
    tm_add_test("/serial/fuzz", setup, test_fuzz);
    return g_test_run();
}
