/*
 * A virtio driver for tests (tests/unit/virtio-driver.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/virtio-driver.h"
#include "util/cutils.h"

enum { DESC_SIZE = 16, LEGACY_ALIGN = 4096 };

uint32_t vd_in(VirtDriver *d, unsigned reg)
{
    return d->bus->in(d->m, d->base + reg);
}

void vd_out(VirtDriver *d, unsigned reg, uint32_t value)
{
    d->bus->out(d->m, d->base + reg, value);
}

void vd_store(VirtDriver *d, uint64_t addr, uint64_t value, unsigned size)
{
    d->bus->write(d->m, addr, &value, size);
}

uint64_t vd_load(VirtDriver *d, uint64_t addr, unsigned size)
{
    uint64_t value = 0;

    d->bus->read(d->m, addr, &value, size);
    return value;
}

uint64_t vd_offered(VirtDriver *d)
{
    uint64_t low, high;

    vd_out(d, VD_FEATURES_SEL, 1);
    high = vd_in(d, VD_FEATURES);
    vd_out(d, VD_FEATURES_SEL, 0);
    low = vd_in(d, VD_FEATURES);
    return high << 32 | low;
}

static void out64(VirtDriver *d, unsigned reg, uint64_t value)
{
    vd_out(d, reg, value & UINT32_MAX);
    vd_out(d, reg + 4, value >> 32);
}

void vd_set_ring(VirtDriver *d, uint64_t desc, uint64_t avail, uint64_t used)
{
    d->desc = desc;
    d->avail = avail;
    d->used = used;
    vd_out(d, VD_QUEUE_SEL, d->queue);
    vd_out(d, VD_QUEUE_NUM, d->size);
    if (d->legacy) {
        vd_out(d, VD_PAGE_SIZE, LEGACY_ALIGN);
        vd_out(d, VD_QUEUE_ALIGN, LEGACY_ALIGN);
        vd_out(d, VD_QUEUE_PFN, desc / LEGACY_ALIGN);
    } else {
        out64(d, VD_DESC, desc);
        out64(d, VD_AVAIL, avail);
        out64(d, VD_USED, used);
        vd_out(d, VD_QUEUE_READY, 1);
    }
}

static void clear_ring(VirtDriver *d, uint64_t ring, uint32_t size)
{
    static const uint8_t zeros[16 * KiB];

    d->ring = ring;
    d->size = size;
    d->next = d->seen = 0;
    d->bus->write(d->m, ring, zeros, sizeof(zeros));  /* nothing is in flight any more */
}

static void set_default_ring(VirtDriver *d)
{
    uint64_t avail = d->ring + DESC_SIZE * d->size;

    vd_set_ring(d, d->ring, avail, ROUND_UP(avail + 6 + 2 * d->size, LEGACY_ALIGN));
}

void vd_add_queue(VirtDriver *q, const VirtDriver *d, unsigned queue, uint64_t ring,
                  uint32_t size)
{
    *q = *d;
    q->queue = queue;
    clear_ring(q, ring, size);
    set_default_ring(q);
}

void vd_start(VirtDriver *d, uint64_t features, uint64_t ring, uint32_t size)
{
    vd_out(d, VD_STATUS, 0);
    clear_ring(d, ring, size);
    vd_out(d, VD_STATUS, 1);
    vd_out(d, VD_STATUS, 3);
    vd_out(d, VD_DRIVER_FEATURES_SEL, 0);
    vd_out(d, VD_DRIVER_FEATURES, features & UINT32_MAX);
    if (!d->legacy) {
        vd_out(d, VD_DRIVER_FEATURES_SEL, 1);
        vd_out(d, VD_DRIVER_FEATURES, features >> 32 | 1);
        vd_out(d, VD_STATUS, 11);
    }
    set_default_ring(d);
    vd_out(d, VD_STATUS, d->legacy ? 7 : VD_S_OK);
}

void vd_desc_at(VirtDriver *d, uint64_t table, unsigned n, uint64_t addr, uint32_t len,
                unsigned flags, unsigned next)
{
    uint64_t at = table + DESC_SIZE * n;

    vd_store(d, at, addr, 8);
    vd_store(d, at + 8, len, 4);
    vd_store(d, at + 12, flags, 2);
    vd_store(d, at + 14, next, 2);
}

void vd_desc(VirtDriver *d, unsigned n, uint64_t addr, uint32_t len, unsigned flags,
             unsigned next)
{
    vd_desc_at(d, d->desc, n, addr, len, flags, next);
}

void vd_offer(VirtDriver *d, unsigned head)
{
    vd_store(d, d->avail + 4 + 2 * (d->next % d->size), head, 2);
    d->next++;
    vd_store(d, d->avail + 2, d->next, 2);
}

void vd_notify(VirtDriver *d)
{
    vd_out(d, VD_NOTIFY, d->queue);
}

bool vd_used(VirtDriver *d, uint32_t *ret_head, uint32_t *ret_len)
{
    uint64_t at = d->used + 4 + 8 * (d->seen % d->size);

    if (vd_load(d, d->used + 2, 2) == d->seen) {
        return false;
    }
    d->seen++;
    *ret_head = vd_load(d, at, 4);
    *ret_len = vd_load(d, at + 4, 4);
    return true;
}

static bool came_back(void *opaque)
{
    VirtDriver *d = opaque;

    return vd_load(d, d->used + 2, 2) != d->seen;
}

void vd_wait_used(VirtDriver *d, uint32_t head, uint32_t *ret_len)
{
    uint32_t found, len;

    g_assert_true(d->bus->wait(d->m, came_back, d));
    g_assert_true(vd_used(d, &found, &len));
    g_assert_cmpuint(found, ==, head);
    if (ret_len) {
        *ret_len = len;
    }
}

bool vd_broken(VirtDriver *d)
{
    return vd_in(d, VD_STATUS) & VD_S_NEEDS_RESET;
}
