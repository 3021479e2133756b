/*
 * A virtio driver for tests: a transport over MMIO, split rings in the test's memory, and
 * ways to break every rule. It reaches the machine through a table of functions: a unit
 * test's (tests/unit/virtio-driver-tm.h), or one behind a socket (tests/qtest/qm-virtio.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_H
#define TESTS_UNIT_VIRTIO_DRIVER_H

#include "util/osdep.h"

/* Registers (Virtual I/O Device Specification 1.2, 4.2.2 and 4.2.4). */
enum {
    VD_MAGIC = 0x000, VD_VERSION = 0x004, VD_DEVICE_ID = 0x008, VD_VENDOR = 0x00c,
    VD_FEATURES = 0x010, VD_FEATURES_SEL = 0x014, VD_DRIVER_FEATURES = 0x020,
    VD_DRIVER_FEATURES_SEL = 0x024, VD_PAGE_SIZE = 0x028, VD_QUEUE_SEL = 0x030,
    VD_QUEUE_NUM_MAX = 0x034, VD_QUEUE_NUM = 0x038, VD_QUEUE_ALIGN = 0x03c,
    VD_QUEUE_PFN = 0x040, VD_QUEUE_READY = 0x044, VD_NOTIFY = 0x050, VD_ISR = 0x060,
    VD_ACK = 0x064, VD_STATUS = 0x070, VD_DESC = 0x080, VD_AVAIL = 0x090, VD_USED = 0x0a0,
    VD_GENERATION = 0x0fc, VD_CONFIG = 0x100,
};
enum { VD_F_NEXT = 1, VD_F_WRITE = 2, VD_F_INDIRECT = 4 };
enum { VD_S_OK = 15, VD_S_NEEDS_RESET = 64 };

/* How the driver reaches a machine. */
typedef struct VirtBus {
    uint32_t (*in)(void *m, uint64_t addr);
    void (*out)(void *m, uint64_t addr, uint32_t value);
    void (*read)(void *m, uint64_t addr, void *buf, size_t len);
    void (*write)(void *m, uint64_t addr, const void *buf, size_t len);
    /* Let the machine work until @done says so: false after ten seconds. */
    bool (*wait)(void *m, bool (*done)(void *opaque), void *opaque);
} VirtBus;

typedef struct VirtDriver {
    const VirtBus *bus;
    void *m;
    void *transport;     /* unit tests: the device whose interrupt 0 it is */
    uint64_t base;       /* registers */
    bool legacy;
    unsigned queue;      /* which one: 0, unless vd_add_queue() says otherwise */
    uint64_t ring;       /* 16 KiB of guest memory for the queue, 4 KiB aligned */
    uint32_t size;       /* of the queue */
    uint64_t desc, avail, used;
    uint16_t next, seen; /* indices of the rings */
} VirtDriver;

uint32_t vd_in(VirtDriver *d, unsigned reg);
void vd_out(VirtDriver *d, unsigned reg, uint32_t value);
uint64_t vd_offered(VirtDriver *d);
/* Reset, negotiate, set up queue 0 of @size entries at @ring, DRIVER_OK. */
void vd_start(VirtDriver *d, uint64_t features, uint64_t ring, uint32_t size);
/* Another queue of the device that @d runs, with a ring of its own. */
void vd_add_queue(VirtDriver *q, const VirtDriver *d, unsigned queue, uint64_t ring,
                  uint32_t size);
/* Where the driver has its queue. */
void vd_set_ring(VirtDriver *d, uint64_t desc, uint64_t avail, uint64_t used);
void vd_desc(VirtDriver *d, unsigned n, uint64_t addr, uint32_t len, unsigned flags,
             unsigned next);
/* The same in a table of the test's own. */
void vd_desc_at(VirtDriver *d, uint64_t table, unsigned n, uint64_t addr, uint32_t len,
                unsigned flags, unsigned next);
/* Offer a chain. */
void vd_offer(VirtDriver *d, unsigned head);
void vd_notify(VirtDriver *d);
/* The next chain that came back: false if none did. */
bool vd_used(VirtDriver *d, uint32_t *ret_head, uint32_t *ret_len);
/* Wait for it (main loop). */
void vd_wait_used(VirtDriver *d, uint32_t head, uint32_t *ret_len);
bool vd_broken(VirtDriver *d);
/* Guest memory. */
void vd_store(VirtDriver *d, uint64_t addr, uint64_t value, unsigned size);
uint64_t vd_load(VirtDriver *d, uint64_t addr, unsigned size);

#endif
