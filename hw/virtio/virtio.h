/*
 * Virtio devices and their queues (Virtual I/O Device Specification 1.2), without the
 * transport.
 *
 * A device never touches a ring: virtqueue_pop() copies and checks a whole descriptor
 * chain, virtqueue_push() returns it. A queue that a guest has corrupted breaks the device
 * (DEVICE_NEEDS_RESET) and nothing else. Machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include "hw/core/device.h"
#include "softmmu/memory.h"
#include <sys/uio.h>

#define TYPE_VIRTIO_DEVICE "virtio-device"
#define TYPE_VIRTIO_BUS    "virtio-bus"

enum { VIRTIO_QUEUE_MAX_SIZE = 1024, VIRTIO_MAX_QUEUES = 64 };

/* 2.1: device status field */
enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1, VIRTIO_STATUS_DRIVER = 2, VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8, VIRTIO_STATUS_NEEDS_RESET = 64, VIRTIO_STATUS_FAILED = 128,
};
/* 6: feature bits of all devices */
enum {
    VIRTIO_F_NOTIFY_ON_EMPTY = 24, VIRTIO_F_ANY_LAYOUT = 27, VIRTIO_F_INDIRECT_DESC = 28,
    VIRTIO_F_EVENT_IDX = 29, VIRTIO_F_VERSION_1 = 32,
};
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

typedef struct VirtIODevice VirtIODevice;
typedef struct VirtQueue VirtQueue;

struct VirtQueue {
    VirtIODevice *vdev;
    void (*handle_output)(VirtIODevice *vdev, VirtQueue *vq);
    uint16_t num_max;       /* what the device offers */
    /* guest state */
    uint16_t num;
    bool ready;
    uint64_t desc, avail, used; /* guest physical addresses */
    uint16_t last_avail_idx, used_idx, signalled_used;
    bool signalled_valid;
    uint32_t in_use;        /* popped and not pushed back */
    unsigned later;         /* id of a main loop call that serves on, or 0 */
    uint32_t legacy_align;  /* legacy transports: ring layout */
};

/* A descriptor chain, mapped. Owned by the device between pop and push. */
typedef struct VirtQueueElement {
    uint16_t head;
    unsigned n_out, n_in;
    struct iovec *out;      /* device reads */
    struct iovec *in;       /* device writes */
    uint64_t out_bytes, in_bytes;
} VirtQueueElement;

struct VirtIODevice {
    DeviceState parent;
    uint16_t device_id;
    uint64_t offered;       /* features, without what the transport adds */
    VirtQueue *vq;
    uint32_t n_vq;
    size_t config_len;
    bool legacy;            /* the transport speaks the legacy interface */
    /* guest state */
    uint64_t guest_features;
    uint8_t status, isr;
    uint32_t config_generation;
};

typedef struct VirtIODeviceClass {
    DeviceClass parent;
    /* Fill config_len bytes. */
    void (*get_config)(VirtIODevice *vdev, uint8_t *config);
    /* The guest wrote some of it (all bytes given); NULL: writes are ignored. */
    void (*set_config)(VirtIODevice *vdev, const uint8_t *config);
    /* Features were accepted; may refuse. */
    bool (*validate_features)(VirtIODevice *vdev, uint64_t features);
    void (*set_status)(VirtIODevice *vdev, uint8_t status);
    /* Stop all requests; queues are reset afterwards. */
    void (*stop)(VirtIODevice *vdev);
} VirtIODeviceClass;

typedef struct VirtIOBus {
    BusState parent;
    VirtIODevice *vdev;     /* plugged, or NULL */
    /* set by the transport: the interrupt line follows vdev->isr */
    void (*update_irq)(struct VirtIOBus *bus);
    bool force_legacy;
} VirtIOBus;

/* ---- For devices (in realize / unrealize) ---- */
bool virtio_init(VirtIODevice *vdev, uint16_t device_id, uint64_t features,
                 size_t config_len, GError **err);
void virtio_cleanup(VirtIODevice *vdev);
VirtQueue *virtio_add_queue(VirtIODevice *vdev, uint16_t size,
                            void (*handle_output)(VirtIODevice *vdev, VirtQueue *vq));
static inline bool virtio_has_feature(const VirtIODevice *vdev, unsigned bit)
{
    return vdev->guest_features >> bit & 1;
}
/* The guest broke the rules: log, set DEVICE_NEEDS_RESET, stop serving. */
void virtio_error(VirtIODevice *vdev, const char *fmt, ...) PRINTF(2, 3);
bool virtio_is_broken(const VirtIODevice *vdev);
/* What a device with its own "loaded" calls first: checks queues, updates the interrupt. */
void virtio_loaded(VirtIODevice *vdev);
/* The configuration space changed. */
void virtio_notify_config(VirtIODevice *vdev);

/* The next chain, or NULL if there is none (or the queue is broken). */
VirtQueueElement *virtqueue_pop(VirtQueue *vq);
/*
 * A device that serves chains in a loop gives other users of the machine lock their turn
 * after one round of the queue, lest a guest that adds chains all the time keeps it there:
 * true after @served chains; handle_output() is then called again from the main loop.
 */
bool virtqueue_round_done(VirtQueue *vq, unsigned served);
/* Return a chain with @written bytes in its device-writable part, and free it. */
void virtqueue_push(VirtQueue *vq, VirtQueueElement *elem, uint32_t written);
/* Return @n chains of which the guest must not see a part before it sees all. */
void virtqueue_push_all(VirtQueue *vq, VirtQueueElement **elems, const uint32_t *written,
                        unsigned n);
/* Forget a chain without returning it (reset). */
void virtqueue_discard(VirtQueue *vq, VirtQueueElement *elem);
/* Give the last @n popped chains back: they will be popped again. */
void virtqueue_rewind(VirtQueue *vq, unsigned n);
/* Interrupt the guest if it wants to know of the chains pushed so far. */
void virtqueue_notify(VirtQueue *vq);
/* Ask for (or stop) notifications by the guest; true if chains wait already. */
bool virtqueue_enable_notify(VirtQueue *vq, bool on);

/* ---- For transports ---- */
uint64_t virtio_host_features(const VirtIODevice *vdev);
/* Accept features (masked by what is offered). */
void virtio_set_features(VirtIODevice *vdev, uint64_t features);
void virtio_set_status(VirtIODevice *vdev, uint8_t status);
void virtio_reset(VirtIODevice *vdev);
uint64_t virtio_config_read(VirtIODevice *vdev, uint64_t offset, unsigned size);
void virtio_config_write(VirtIODevice *vdev, uint64_t offset, uint64_t value, unsigned size);
/* The guest notified queue n. */
void virtio_queue_notify(VirtIODevice *vdev, uint32_t n);
/* Legacy layout: all three parts from one address (2.7.2). */
void virtio_queue_set_legacy(VirtQueue *vq, uint64_t addr, uint32_t align);
/* True once the driver has set DRIVER_OK and the device is not broken. */
bool virtio_is_running(const VirtIODevice *vdev);

extern const VMStateField virtio_vmstate[];

#endif
