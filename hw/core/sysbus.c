/*
 * Devices wired straight to the board (hw/core/sysbus.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/core/machine.h"

void sysbus_init_mmio(void *ptr, MemoryRegion *mr)
{
    SysBusDevice *dev = ptr;

    g_assert(dev->n_mmio < ARRAY_SIZE(dev->mmio));
    dev->mmio[dev->n_mmio] = mr;
    dev->mmio_addr[dev->n_mmio++] = UINT64_MAX;
}

void sysbus_init_irq(void *ptr, IrqLine *line)
{
    SysBusDevice *dev = ptr;

    device_init_irq_out(&dev->parent, NULL, line, 1);
    dev->n_irq++;
}

void sysbus_map_overlap(void *ptr, unsigned n, uint64_t addr, int priority)
{
    SysBusDevice *dev = ptr;

    g_assert(n < dev->n_mmio);
    if (dev->mmio_addr[n] != UINT64_MAX) {
        memory_region_del_subregion(system_memory(), dev->mmio[n]);
    }
    dev->mmio_addr[n] = addr;
    memory_region_add_subregion_overlap(system_memory(), addr, dev->mmio[n], priority);
}

void sysbus_map(void *dev, unsigned n, uint64_t addr)
{
    sysbus_map_overlap(dev, n, addr, 0);
}

void sysbus_connect_irq(void *dev, unsigned n, IrqInput *in)
{
    device_connect_irq(dev, NULL, n, in);
}

bool sysbus_realize(void *dev, GError **err)
{
    return device_realize(dev, sysbus_main(), err);
}

BusState *sysbus_main(void)
{
    Object *bus = object_resolve_path("/machine/unattached/sysbus", TYPE_SYS_BUS, NULL);

    return bus ? (BusState *)bus : bus_new(TYPE_SYS_BUS, NULL, "sysbus");
}

/* A device that is gone answers no more; one that destroyed its regions left already. */
static void sysbus_unplug(BusState *bus, DeviceState *ptr)
{
    SysBusDevice *dev = (SysBusDevice *)ptr;

    for (unsigned i = 0; i < dev->n_mmio; i++) {
        if (dev->mmio_addr[i] != UINT64_MAX && dev->mmio[i]->container == system_memory()) {
            memory_region_del_subregion(system_memory(), dev->mmio[i]);
        }
        dev->mmio_addr[i] = UINT64_MAX;
    }
}

static void sys_bus_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((BusClass *)klass)->unplug = sysbus_unplug;
}

static const TypeInfo sys_bus_type_info = {
    .name = TYPE_SYS_BUS,
    .parent = TYPE_BUS,
    .class_init = sys_bus_class_init,
};
TYPE_REGISTER(sys_bus_type_info);

static void sys_bus_device_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((DeviceClass *)klass)->bus_type = TYPE_SYS_BUS;
}

static const TypeInfo sys_bus_device_type_info = {
    .name = TYPE_SYS_BUS_DEVICE,
    .parent = TYPE_DEVICE,
    .abstract = true,
    .instance_size = sizeof(SysBusDevice),
    .class_init = sys_bus_device_class_init,
};
TYPE_REGISTER(sys_bus_device_type_info);
