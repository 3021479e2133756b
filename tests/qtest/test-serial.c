/*
 * The 16550A of the board virt: its place, its interrupt, what it says to the host and hears.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

enum { RBR = 0, THR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
enum { IER_RDI = 1, IER_THRI = 2, LSR_DR = 1, LSR_THRE = 0x20, MCR_LOOP = 0x10 };

static uint8_t in(QtestMachine *m, unsigned reg)
{
    return qm_read8(m, UART + reg);
}

static void out(QtestMachine *m, unsigned reg, uint8_t value)
{
    qm_write8(m, UART + reg, value);
}

static bool has_data(void *opaque)
{
    return in(opaque, LSR) & LSR_DR;
}

static void test_output(QtestMachine *m)
{
    static const char text[] = "Hello from a test\n";

    for (const char *p = text; *p; p++) {
        g_assert_cmphex(in(m, LSR) & LSR_THRE, ==, LSR_THRE);
        out(m, THR, *p);
    }
    qm_serial_expect(m, text);
}

static void test_input(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    plic_enable(m, UART_SOURCE);
    out(m, FCR, 1);
    out(m, IER, IER_RDI);
    qm_serial_send(m, "xyz");
    for (const char *p = "xyz"; *p; p++) {
        g_assert_true(qm_wait_until(m, has_data, m));
        g_assert_true(qm_wire(m, UART_SOURCE));
        g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, MIP_MEIP);
        g_assert_cmpint(in(m, RBR), ==, *p);
    }
    g_assert_cmphex(in(m, LSR) & LSR_DR, ==, 0);
    g_assert_false(qm_wire(m, UART_SOURCE));
    g_assert_cmpuint(plic_serve(m), ==, UART_SOURCE);
    g_assert_cmphex(qm_mip(m, 0) & MIP_MEIP, ==, 0);
}

static void test_transmitter_interrupt(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    out(m, IER, IER_THRI);
    g_assert_true(qm_wire(m, UART_SOURCE));
    g_assert_cmphex(in(m, IIR) & 0xf, ==, 2);
    g_assert_false(qm_wire(m, UART_SOURCE));
    out(m, THR, 'a');
    qm_serial_expect(m, "a");
    g_assert_true(qm_wire(m, UART_SOURCE));
    out(m, IER, 0);
    g_assert_false(qm_wire(m, UART_SOURCE));
}

static void test_loopback(QtestMachine *m)
{
    out(m, MCR, MCR_LOOP);
    out(m, THR, 0x5a);
    g_assert_true(qm_wait_until(m, has_data, m));
    g_assert_cmphex(in(m, RBR), ==, 0x5a);
    out(m, MCR, 0);
    out(m, THR, 'b');
    qm_serial_expect(m, "b"); /* and nothing before it */
}

/* Eight bytes, and what lies behind them is nobody's. */
static void test_place(QtestMachine *m)
{
    for (unsigned i = 0; i < 8; i++) {
        out(m, SCR, 0x30 + i);
        g_assert_cmphex(in(m, SCR), ==, 0x30 + i);
    }
    out(m, 8, 0xff);
    g_assert_cmphex(in(m, 8), ==, 0);
    g_assert_cmphex(in(m, SCR), ==, 0x37);
}

static void test_reset(QtestMachine *m)
{
    qm_watch_inputs(m, "/machine/plic");
    out(m, IER, IER_THRI);
    out(m, LCR, 0x1b);
    out(m, MCR, 0xb);
    g_assert_true(qm_wire(m, UART_SOURCE));
    qm_reset(m);
    g_assert_false(qm_wire(m, UART_SOURCE));
    g_assert_cmphex(in(m, IER), ==, 0);
    g_assert_cmphex(in(m, LCR), ==, 0);
    g_assert_cmphex(in(m, IIR), ==, 1);
    out(m, THR, 'c');
    qm_serial_expect(m, "c");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qm_add_test("/qtest/serial/output", "-M virt", test_output);
    qm_add_test("/qtest/serial/input", "-M virt", test_input);
    qm_add_test("/qtest/serial/transmitter-interrupt", "-M virt", test_transmitter_interrupt);
    qm_add_test("/qtest/serial/loopback", "-M virt", test_loopback);
    qm_add_test("/qtest/serial/place", "-M virt", test_place);
    qm_add_test("/qtest/serial/reset", "-M virt", test_reset);
    return g_test_run();
}
