/*
 * Devices wired straight to the board: MMIO regions by number and unnamed interrupts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_SYSBUS_H
#define HW_CORE_SYSBUS_H

#include "hw/core/device.h"
#include "softmmu/memory.h"

#define TYPE_SYS_BUS        "System"
#define TYPE_SYS_BUS_DEVICE "sys-bus-device"

typedef struct SysBusDevice {
    DeviceState parent;
    MemoryRegion *mmio[8];
    uint64_t mmio_addr[8]; /* UINT64_MAX while unmapped */
    unsigned n_mmio;
    unsigned n_irq;
} SysBusDevice;

/* In instance_init or realize: the next region and the next interrupt. */
void sysbus_init_mmio(void *dev, MemoryRegion *mr);
void sysbus_init_irq(void *dev, IrqLine *line);
/* By the board: map region n at addr of the system memory; connect interrupt n. */
void sysbus_map(void *dev, unsigned n, uint64_t addr);
void sysbus_map_overlap(void *dev, unsigned n, uint64_t addr, int priority);
void sysbus_connect_irq(void *dev, unsigned n, IrqInput *in);
bool sysbus_realize(void *dev, GError **err);
/* The bus that they all sit on; made at first use. */
BusState *sysbus_main(void);

#endif
