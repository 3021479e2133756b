/*
 * Interrupt wires (hw/core/irq.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/irq.h"

void irq_input_init(IrqInput *in, void (*handler)(void *opaque, int n, int level),
                    void *opaque, int n)
{
    *in = (IrqInput){ .handler = handler, .opaque = opaque, .n = n };
}

void irq_input_set(IrqInput *in, int level)
{
    if (level) {
        atomic_set(&in->raised, in->raised + 1);
    }
    if (in->intercept && in->intercept(in, level, in->intercept_opaque)) {
        return;
    }
    if (in->handler) {
        in->handler(in->opaque, in->n, level);
    }
}

void irq_connect(IrqLine *line, IrqInput *in)
{
    line->input = in;
    if (in && line->level) {
        irq_input_set(in, line->level);
    }
}

void irq_set(IrqLine *line, int level)
{
    if (line->level != level) {
        line->level = level;
        if (line->input) {
            irq_input_set(line->input, level);
        }
    }
}

void irq_pulse(IrqLine *line)
{
    irq_set(line, 1);
    irq_set(line, 0);
}
