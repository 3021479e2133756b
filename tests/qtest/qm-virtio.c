/*
 * The virtio driver of tests on a whole machine (tests/qtest/qm-virtio.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/qm-virtio.h"

static uint32_t bus_in(void *m, uint64_t addr)
{
    return qm_read32(m, addr);
}

static void bus_out(void *m, uint64_t addr, uint32_t value)
{
    qm_write32(m, addr, value);
}

static void bus_read(void *m, uint64_t addr, void *buf, size_t len)
{
    qm_memread(m, addr, buf, len);
}

static void bus_write(void *m, uint64_t addr, const void *buf, size_t len)
{
    qm_memwrite(m, addr, buf, len);
}

static bool bus_wait(void *m, bool (*done)(void *opaque), void *opaque)
{
    return qm_wait_until(m, done, opaque);
}

void qm_virtio(VirtDriver *d, QtestMachine *m, uint64_t base)
{
    static const VirtBus bus = { bus_in, bus_out, bus_read, bus_write, bus_wait };

    *d = (VirtDriver){ .bus = &bus, .m = m, .base = base };
    d->legacy = vd_in(d, VD_VERSION) == 1;
}
