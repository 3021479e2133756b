/*
 * A 16550A UART in memory space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/serial-mm.h"
#include "hw/char/serial.h"
#include "hw/core/sysbus.h"

typedef struct SerialMM {
    SysBusDevice parent;
    MemoryRegion mmio;
    uint8_t regshift;  /* property */
    Serial serial;
} SerialMM;

static const Property serial_mm_properties[] = {
    PROP_CHARDEV(SerialMM, serial.chr, "chardev", "host end of the line"),
    PROP_UINT8(SerialMM, regshift, "regshift", "log2 of the distance of registers, in bytes",
               .max = 2),
    PROP_UINT32(SerialMM, serial.baudbase, "baudbase", "input clock / 16, in Hz",
                .def = 115200, .min = 1),
    PROP_END
};

static const VMStateField serial_mm_vmstate[] = {
    VMS_STRUCT(SerialMM, serial, serial_vmstate),
    VMS_END
};

static uint64_t serial_mm_read(void *opaque, uint64_t addr, unsigned size)
{
    SerialMM *s = opaque;

    return serial_read(&s->serial, addr >> s->regshift & (SERIAL_N_REGS - 1));
}

static void serial_mm_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    SerialMM *s = opaque;

    serial_write(&s->serial, addr >> s->regshift & (SERIAL_N_REGS - 1), value & 0xff);
}

/* Wider accesses work on the first register, as guests with 32-bit bus cycles expect. */
static const MemoryRegionOps serial_mm_ops = {
    .read = serial_mm_read,
    .write = serial_mm_write,
    .access = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 8 },
};

static void serial_mm_init(SerialMM *s)
{
    serial_init(&s->serial, s);
}

static bool serial_mm_realize(SerialMM *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &serial_mm_ops, s, "serial",
                          SERIAL_N_REGS << s->regshift);
    sysbus_init_mmio(s, &s->mmio);
    sysbus_init_irq(s, &s->serial.irq);
    serial_realize(&s->serial);
    return true;
}

static void serial_mm_unrealize(SerialMM *s)
{
    serial_unrealize(&s->serial);
    memory_region_destroy(&s->mmio);
}

static void serial_mm_finalize(SerialMM *s)
{
    fifo8_destroy(&s->serial.rx);
    fifo8_destroy(&s->serial.tx);
}

static void serial_mm_reset(SerialMM *s)
{
    serial_reset(&s->serial);
}

static void serial_mm_loaded(SerialMM *s)
{
    serial_loaded(&s->serial);
}

DEVICE(SerialMM, TYPE_SERIAL_MM, TYPE_SYS_BUS_DEVICE, "16550A UART in memory space",
       .properties = serial_mm_properties, .vmstate = serial_mm_vmstate,
       .init = serial_mm_init, .finalize = serial_mm_finalize,
       .realize = serial_mm_realize, .unrealize = serial_mm_unrealize,
       .reset = serial_mm_reset, .loaded = serial_mm_loaded, .category = DEVICE_INPUT,
       .security_boundary = true);
