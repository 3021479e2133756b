/*
 * A 16550A UART's registers, for the devices that put them on a bus.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_SERIAL_H
#define HW_CHAR_SERIAL_H

#include "chardev/char.h"
#include "hw/core/irq.h"
#include "migration/vmstate.h"
#include "util/fifo8.h"
#include "util/timer.h"

enum { SERIAL_FIFO_SIZE = 16, SERIAL_N_REGS = 8 };

typedef struct Serial {
    void *owner;          /* for guest_error() */
    IrqLine irq;
    CharFrontend chr;     /* property of the owner */
    uint32_t baudbase;    /* property: input clock / 16, in Hz */
    Fifo8 rx, tx;         /* guest state from here on */
    uint8_t ier, lcr, mcr, lsr, msr, scr, fcr;
    uint8_t thr_ipending; /* THRE interrupt not yet acknowledged by an IIR read */
    uint8_t timeout_ipending; /* character timeout: data waits below the trigger level */
    uint16_t divider;
    Timer timeout;        /* four character times after the last received one */
    bool tx_watch;        /* the host end is full; retried when it drains */
} Serial;

extern const VMStateField serial_vmstate[];

void serial_init(Serial *s, void *owner);
void serial_realize(Serial *s);
void serial_unrealize(Serial *s);
void serial_reset(Serial *s);
void serial_loaded(Serial *s);
/* Registers 0..7 (16550D data sheet, table II). */
uint8_t serial_read(Serial *s, unsigned reg);
void serial_write(Serial *s, unsigned reg, uint8_t value);

#endif
