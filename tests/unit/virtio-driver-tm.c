/*
 * The virtio driver on the machine of unit tests (tests/unit/virtio-driver-tm.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/virtio/virtio-mmio.h"
#include "tests/unit/virtio-driver-tm.h"

static uint32_t bus_in(void *m, uint64_t addr)
{
    return tm_read32(m, addr);
}

static void bus_out(void *m, uint64_t addr, uint32_t value)
{
    tm_write32(m, addr, value);
}

static void bus_read(void *m, uint64_t addr, void *buf, size_t len)
{
    tm_memread(m, addr, buf, len);
}

static void bus_write(void *m, uint64_t addr, const void *buf, size_t len)
{
    tm_memwrite(m, addr, buf, len);
}

static bool bus_wait(void *m, bool (*done)(void *opaque), void *opaque)
{
    return tm_run_until(m, done, opaque);
}

const VirtBus tm_virt_bus = { bus_in, bus_out, bus_read, bus_write, bus_wait };

void vd_setup(VirtDriver *d, TestMachine *m, bool legacy, uint64_t base, const char *device)
{
    g_autofree char *props = g_strdup_printf("force-legacy=%s", legacy ? "on" : "off");

    *d = (VirtDriver){ .bus = &tm_virt_bus, .m = m, .legacy = legacy, .base = base };
    d->transport = tm_add_sysbus(m, TYPE_VIRTIO_MMIO, props, base);
    tm_device_add(m, device);
}
