/*
 * 16550A UART (National Semiconductor PC16550D data sheet, section 8).
 *
 * Modelled: data path with both FIFOs, all interrupts and their priorities, loopback,
 * break reception. Stored without effect: line parameters and the divisor (but for the
 * character timeout). Not modelled: parity and framing errors, DMA mode.
 *
 * Drivers that depend on an oddity: Linux's 8250 probe needs IIR bits 7:6 to show the
 * FIFOs, MCR loopback to reach MSR, and a THRE interrupt when IER.THRI is set while the
 * transmitter is empty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/serial.h"
#include "hw/char/trace.h"

enum { REG_DATA = 0, REG_IER = 1, REG_IIR_FCR = 2, REG_LCR = 3, REG_MCR = 4, REG_LSR = 5,
       REG_MSR = 6, REG_SCR = 7 };
enum { IER_RDI = 1, IER_THRI = 2, IER_RLSI = 4, IER_MSI = 8, IER_MASK = 0xf };
enum { IIR_NONE = 1, IIR_MSI = 0, IIR_THRI = 2, IIR_RDI = 4, IIR_RLSI = 6, IIR_TIMEOUT = 12,
       IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4, FCR_KEPT = 0xc9 };
enum { LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10,
       MCR_MASK = 0x1f };
enum { LSR_DR = 1, LSR_OE = 2, LSR_BI = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40,
       LSR_ERRORS = 0x1e };
enum { MSR_DELTAS = 0x0f, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

static bool fifos_on(const Serial *s)
{
    return s->fcr & FCR_ENABLE;
}

static unsigned rx_trigger(const Serial *s)
{
    static const uint8_t levels[] = { 1, 4, 8, 14 };

    return fifos_on(s) ? levels[s->fcr >> 6] : 1;
}

/* The identification register is a function of the state (data sheet, table III). */
static uint8_t pending_id(const Serial *s)
{
    if ((s->ier & IER_RLSI) && (s->lsr & LSR_ERRORS)) {
        return IIR_RLSI;
    }
    if (s->ier & IER_RDI) {
        if (s->rx.num >= rx_trigger(s)) {
            return IIR_RDI;
        }
        if (s->timeout_ipending && s->rx.num) {
            return IIR_TIMEOUT;
        }
    }
    if ((s->ier & IER_THRI) && s->thr_ipending) {
        return IIR_THRI;
    }
    if ((s->ier & IER_MSI) && (s->msr & MSR_DELTAS)) {
        return IIR_MSI;
    }
    return IIR_NONE;
}

static void update_irq(Serial *s)
{
    irq_set(&s->irq, pending_id(s) != IIR_NONE);
}

/* Nanoseconds of one character of ten bits. */
static int64_t char_time_ns(const Serial *s)
{
    uint32_t baud = s->baudbase / MAX(s->divider, 1);

    return 10 * NANOSECONDS_PER_SECOND / MAX(baud, 1);
}

static void rx_timeout(void *opaque)
{
    Serial *s = opaque;

    if (s->rx.num) {
        s->timeout_ipending = 1;
        update_irq(s);
    }
}

static void receive_byte(Serial *s, uint8_t byte)
{
    if (s->rx.num >= (fifos_on(s) ? SERIAL_FIFO_SIZE : 1)) {
        trace_serial_byte_drop(s, byte);
        s->lsr |= LSR_OE;
    } else {
        fifo8_push(&s->rx, byte);
        trace_serial_byte_receive(s, byte, s->rx.num);
        s->lsr |= LSR_DR;
    }
    timer_mod(&s->timeout, clock_ns(CLOCK_TYPE_VIRTUAL) + 4 * char_time_ns(s));
}

static int can_receive(void *opaque)
{
    Serial *s = opaque;

    if (s->mcr & MCR_LOOP) {
        return 0;
    }
    return fifos_on(s) ? SERIAL_FIFO_SIZE - s->rx.num : s->rx.num == 0;
}

static void receive(void *opaque, const uint8_t *buf, int size)
{
    Serial *s = opaque;

    for (int i = 0; i < size; i++) {
        receive_byte(s, buf[i]);
    }
    update_irq(s);
}

static void event(void *opaque, CharEvent ev)
{
    Serial *s = opaque;

    if (ev == CHAR_EVENT_BREAK) {
        receive_byte(s, 0);
        s->lsr |= LSR_BI;
        update_irq(s);
    }
}

static void transmit(void *opaque)
{
    Serial *s = opaque;

    s->tx_watch = false;
    while (s->tx.num) {
        uint8_t byte = fifo8_peek(&s->tx, 0);

        if (s->mcr & MCR_LOOP) {
            receive_byte(s, byte);
        } else if (chr_fe_connected(&s->chr) && chr_fe_write(&s->chr, &byte, 1) == 0) {
            trace_serial_transmit_wait(s, s->tx.num);
            s->tx_watch = true;
            chr_fe_watch_write(&s->chr, transmit);
            break;
        }
        fifo8_pop(&s->tx);
    }
    if (s->tx.num == 0) {
        if (!(s->lsr & LSR_THRE)) {
            s->thr_ipending = 1;
        }
        s->lsr |= LSR_THRE | LSR_TEMT;
    }
    update_irq(s);
}

static void write_data(Serial *s, uint8_t value)
{
    if (s->tx.num >= (fifos_on(s) ? SERIAL_FIFO_SIZE : 1)) {
        return; /* overrun of the transmitter: the byte is lost */
    }
    fifo8_push(&s->tx, value);
    s->thr_ipending = 0;
    s->lsr &= ~(LSR_THRE | LSR_TEMT);
    if (s->tx_watch && !(s->mcr & MCR_LOOP)) {
        update_irq(s);
    } else {
        transmit(s);
    }
}

static uint8_t read_data(Serial *s)
{
    uint8_t value = 0;

    if (s->rx.num) {
        value = fifo8_pop(&s->rx);
    }
    s->timeout_ipending = 0;
    if (s->rx.num) {
        timer_mod(&s->timeout, clock_ns(CLOCK_TYPE_VIRTUAL) + 4 * char_time_ns(s));
    } else {
        s->lsr &= ~(LSR_DR | LSR_BI);
        timer_del(&s->timeout);
    }
    update_irq(s);
    if (!(s->mcr & MCR_LOOP)) {
        chr_fe_accept_input(&s->chr);
    }
    return value;
}

static void write_fcr(Serial *s, uint8_t value)
{
    if ((value ^ s->fcr) & FCR_ENABLE) {
        value |= FCR_CLEAR_RX | FCR_CLEAR_TX;
    }
    if (value & FCR_CLEAR_RX) {
        fifo8_reset(&s->rx);
        s->lsr &= ~(LSR_DR | LSR_BI);
        s->timeout_ipending = 0;
        timer_del(&s->timeout);
    }
    if (value & FCR_CLEAR_TX) {
        fifo8_reset(&s->tx);
        s->lsr |= LSR_THRE | LSR_TEMT;
        s->thr_ipending = 1;
    }
    s->fcr = value & FCR_KEPT;
    update_irq(s);
    if (value & FCR_CLEAR_RX) {
        chr_fe_accept_input(&s->chr);
    }
}

static void write_ier(Serial *s, uint8_t value)
{
    uint8_t newly = value & ~s->ier;

    s->ier = value & IER_MASK;
    if ((newly & IER_THRI) && (s->lsr & LSR_THRE)) {
        s->thr_ipending = 1;
    }
    update_irq(s);
}

/* Modem inputs: from the outputs in loopback, else a peer that is always ready. */
static uint8_t modem_inputs(const Serial *s)
{
    uint8_t in = 0;

    if (!(s->mcr & MCR_LOOP)) {
        return MSR_CTS | MSR_DSR | MSR_DCD;
    }
    in |= s->mcr & MCR_RTS ? MSR_CTS : 0;
    in |= s->mcr & MCR_DTR ? MSR_DSR : 0;
    in |= s->mcr & MCR_OUT1 ? MSR_RI : 0;
    in |= s->mcr & MCR_OUT2 ? MSR_DCD : 0;
    return in;
}

static void write_mcr(Serial *s, uint8_t value)
{
    uint8_t old = s->msr & ~MSR_DELTAS, now;

    s->mcr = value & MCR_MASK;
    now = modem_inputs(s);
    /* Deltas: any change of CTS, DSR, DCD; the trailing edge of RI. */
    s->msr = now | (s->msr & MSR_DELTAS) | ((old ^ now) >> 4 & ~(MSR_RI >> 4)) |
             ((old & ~now & MSR_RI) >> 4);
    if ((s->mcr & MCR_LOOP) && s->tx.num) {
        transmit(s); /* what waited for the host comes back instead */
    }
    update_irq(s);
    if (!(s->mcr & MCR_LOOP)) {
        chr_fe_accept_input(&s->chr);
    }
}

static uint8_t read_register(Serial *s, unsigned reg)
{
    uint8_t value;

    switch (reg) {
    case REG_DATA:
        return s->lcr & LCR_DLAB ? s->divider & 0xff : read_data(s);
    case REG_IER:
        return s->lcr & LCR_DLAB ? s->divider >> 8 : s->ier;
    case REG_IIR_FCR:
        value = pending_id(s);
        if (value == IIR_THRI) {
            s->thr_ipending = 0;
            update_irq(s);
        }
        return value | (fifos_on(s) ? IIR_FIFOS : 0);
    case REG_LCR: return s->lcr;
    case REG_MCR: return s->mcr;
    case REG_LSR:
        value = s->lsr;
        s->lsr &= ~LSR_ERRORS;
        update_irq(s);
        return value;
    case REG_MSR:
        value = s->msr;
        s->msr &= ~MSR_DELTAS;
        update_irq(s);
        return value;
    default: return s->scr;
    }
}

uint8_t serial_read(Serial *s, unsigned reg)
{
    uint8_t value = read_register(s, reg);

    trace_serial_register_read(s, reg, value);
    return value;
}

void serial_write(Serial *s, unsigned reg, uint8_t value)
{
    trace_serial_register_write(s, reg, value);
    switch (reg) {
    case REG_DATA:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0xff00) | value;
        } else {
            write_data(s, value);
        }
        break;
    case REG_IER:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0xff) | value << 8;
        } else {
            write_ier(s, value);
        }
        break;
    case REG_IIR_FCR: write_fcr(s, value); break;
    case REG_LCR: s->lcr = value; break;
    case REG_MCR: write_mcr(s, value); break;
    case REG_SCR: s->scr = value; break;
    default: break; /* LSR and MSR: factory test only */
    }
}

const VMStateField serial_vmstate[] = {
    VMS_FIFO8(Serial, rx),
    VMS_FIFO8(Serial, tx),
    VMS_UINT8(Serial, ier, .mask = IER_MASK),
    VMS_UINT8(Serial, lcr),
    VMS_UINT8(Serial, mcr, .mask = MCR_MASK),
    VMS_UINT8(Serial, lsr),
    VMS_UINT8(Serial, msr),
    VMS_UINT8(Serial, scr),
    VMS_UINT8(Serial, fcr, .mask = FCR_KEPT),
    VMS_UINT8(Serial, thr_ipending, .mask = 1),
    VMS_UINT8(Serial, timeout_ipending, .mask = 1),
    VMS_UINT16(Serial, divider),
    VMS_TIMER(Serial, timeout),
    VMS_END
};

void serial_init(Serial *s, void *owner)
{
    s->owner = owner;
    fifo8_create(&s->rx, SERIAL_FIFO_SIZE);
    fifo8_create(&s->tx, SERIAL_FIFO_SIZE);
    timer_init(&s->timeout, CLOCK_TYPE_VIRTUAL, rx_timeout, s);
}

void serial_realize(Serial *s)
{
    chr_fe_set_handlers(&s->chr, can_receive, receive, event, s);
}

void serial_unrealize(Serial *s)
{
    timer_del(&s->timeout);
    chr_fe_set_handlers(&s->chr, NULL, NULL, NULL, NULL);
}

void serial_reset(Serial *s)
{
    fifo8_reset(&s->rx);
    fifo8_reset(&s->tx);
    timer_del(&s->timeout);
    s->ier = s->lcr = s->scr = s->fcr = 0;
    s->mcr = MCR_OUT2;
    s->lsr = LSR_THRE | LSR_TEMT;
    s->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    s->thr_ipending = s->timeout_ipending = 0;
    s->divider = 12;
    s->tx_watch = false;
    irq_set(&s->irq, 0);
    chr_fe_accept_input(&s->chr);
}

void serial_loaded(Serial *s)
{
    if (s->tx.num) {
        transmit(s);
    }
    update_irq(s);
}
