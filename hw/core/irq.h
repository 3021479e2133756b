/*
 * Interrupt wires. An IrqLine is the driving end inside a device; an IrqInput the
 * receiving end inside another. Levels are a function of the driver's state: set after
 * every change, never toggled. Machine lock held, or a lock of the device's over the line if what
 * it leads to needs none (a vCPU's inputs).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include "util/osdep.h"

typedef struct IrqInput {
    void (*handler)(void *opaque, int n, int level);
    void *opaque;
    int n;
    uint64_t raised; /* (a) how often it went up, since the process began (info irq) */
    /* qtest's interception: called before the handler; suppresses it if it returns true */
    bool (*intercept)(struct IrqInput *in, int level, void *opaque);
    void *intercept_opaque;
} IrqInput;

typedef struct IrqLine {
    IrqInput *input; /* NULL while unconnected */
    int level;       /* last level driven */
} IrqLine;

void irq_input_init(IrqInput *in, void (*handler)(void *opaque, int n, int level),
                    void *opaque, int n);
/* Connect; the present level is delivered if it is not 0. NULL disconnects. */
void irq_connect(IrqLine *line, IrqInput *in);
/* Drive; the handler is called if the level changed. */
void irq_set(IrqLine *line, int level);
/* A pulse, for edge-triggered inputs: up, then down. */
void irq_pulse(IrqLine *line);
/* Deliver to an input directly (qtest set_irq_in, message interrupts). */
void irq_input_set(IrqInput *in, int level);

#endif
