/*
 * Virtio devices: life cycle, features, status, configuration space
 * (Virtual I/O Device Specification 1.2, chapters 2 and 3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/virtio/trace.h"
#include "hw/virtio/virtio.h"
#include "util/log.h"
#include "util/main-loop.h"

enum { MAX_CONFIG = 256 };

static VirtIODeviceClass *vdev_class(const VirtIODevice *vdev)
{
    return (VirtIODeviceClass *)vdev->parent.parent.klass;
}

static VirtIOBus *vdev_bus(const VirtIODevice *vdev)
{
    return (VirtIOBus *)vdev->parent.bus;
}

static const char *vdev_type(const VirtIODevice *vdev)
{
    return object_class_name(vdev->parent.parent.klass);
}

static void update_irq(VirtIODevice *vdev)
{
    VirtIOBus *bus = vdev_bus(vdev);

    if (bus && bus->update_irq) {
        bus->update_irq(bus);
    }
}

bool virtio_init(VirtIODevice *vdev, uint16_t device_id, uint64_t features,
                 size_t config_len, GError **err)
{
    VirtIOBus *bus = vdev_bus(vdev);

    if (!bus) {
        return error_set(err, "%s needs a virtio bus",
                         object_class_name(vdev->parent.parent.klass));
    }
    vdev->device_id = device_id;
    vdev->offered = features;
    vdev->config_len = MIN(config_len, MAX_CONFIG);
    vdev->vq = g_new0(VirtQueue, VIRTIO_MAX_QUEUES);
    vdev->n_vq = 0;
    bus->vdev = vdev;
    trace_virtio_init(vdev_type(vdev), vdev, device_id, features);
    return true;
}

static void serve_on(void *opaque)
{
    VirtQueue *vq = opaque;

    vq->later = 0;
    virtio_queue_notify(vq->vdev, vq - vq->vdev->vq);
}

bool virtqueue_round_done(VirtQueue *vq, unsigned served)
{
    if (served < vq->num) {
        return false;
    }
    if (!vq->later) {
        vq->later = main_loop_call(serve_on, vq);
    }
    return true;
}

static void stop_serving(VirtIODevice *vdev)
{
    for (uint32_t i = 0; i < vdev->n_vq; i++) {
        main_loop_cancel(vdev->vq[i].later);
        vdev->vq[i].later = 0;
    }
}

void virtio_cleanup(VirtIODevice *vdev)
{
    VirtIOBus *bus = vdev_bus(vdev);

    if (bus) {
        bus->vdev = NULL;
    }
    stop_serving(vdev);
    g_clear_pointer(&vdev->vq, g_free);
    vdev->n_vq = 0;
}

VirtQueue *virtio_add_queue(VirtIODevice *vdev, uint16_t size,
                            void (*handle_output)(VirtIODevice *vdev, VirtQueue *vq))
{
    VirtQueue *vq = &vdev->vq[vdev->n_vq++];

    g_assert(vdev->n_vq <= VIRTIO_MAX_QUEUES && size <= VIRTIO_QUEUE_MAX_SIZE);
    vq->vdev = vdev;
    vq->num_max = vq->num = size;
    vq->handle_output = handle_output;
    return vq;
}

void virtio_error(VirtIODevice *vdev, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    trace_virtio_error(vdev_type(vdev), vdev, text);
    guest_error(vdev, "%s: the device needs a reset", text);
    vdev->status |= VIRTIO_STATUS_NEEDS_RESET;
    if (virtio_has_feature(vdev, VIRTIO_F_VERSION_1)) {
        virtio_notify_config(vdev);
    }
}

bool virtio_is_broken(const VirtIODevice *vdev)
{
    return vdev->status & VIRTIO_STATUS_NEEDS_RESET;
}

bool virtio_is_running(const VirtIODevice *vdev)
{
    return (vdev->status & VIRTIO_STATUS_DRIVER_OK) && !virtio_is_broken(vdev);
}

void virtio_notify_config(VirtIODevice *vdev)
{
    if (!(vdev->status & VIRTIO_STATUS_DRIVER_OK)) {
        return;
    }
    vdev->config_generation++;
    trace_virtio_config_notify(vdev_type(vdev), vdev, vdev->config_generation);
    vdev->isr |= VIRTIO_ISR_CONFIG;
    update_irq(vdev);
}

uint64_t virtio_host_features(const VirtIODevice *vdev)
{
    uint64_t f = vdev->offered | UINT64_C(1) << VIRTIO_F_INDIRECT_DESC |
                 UINT64_C(1) << VIRTIO_F_EVENT_IDX;

    if (vdev->legacy) {
        return f | UINT64_C(1) << VIRTIO_F_NOTIFY_ON_EMPTY | UINT64_C(1) << VIRTIO_F_ANY_LAYOUT;
    }
    return f | UINT64_C(1) << VIRTIO_F_VERSION_1;
}

void virtio_set_features(VirtIODevice *vdev, uint64_t features)
{
    if (vdev->status & VIRTIO_STATUS_DRIVER_OK) {
        guest_error(vdev, "features written while the driver runs");
        return;
    }
    vdev->guest_features = features & virtio_host_features(vdev);
    trace_virtio_features_set(vdev_type(vdev), vdev, features, vdev->guest_features);
}

void virtio_reset(VirtIODevice *vdev)
{
    VirtIODeviceClass *vc = vdev_class(vdev);

    trace_virtio_reset(vdev_type(vdev), vdev);
    if (vc->stop) {
        vc->stop(vdev);
    }
    stop_serving(vdev);
    vdev->guest_features = 0;
    vdev->status = 0;
    vdev->isr = 0;
    vdev->config_generation = 0;
    for (uint32_t i = 0; i < vdev->n_vq; i++) {
        VirtQueue *vq = &vdev->vq[i];

        vq->num = vq->num_max;
        vq->ready = false;
        vq->desc = vq->avail = vq->used = 0;
        vq->last_avail_idx = vq->used_idx = vq->signalled_used = 0;
        vq->signalled_valid = false;
        vq->legacy_align = 0;
    }
    update_irq(vdev);
}

void virtio_set_status(VirtIODevice *vdev, uint8_t status)
{
    VirtIODeviceClass *vc = vdev_class(vdev);
    uint8_t added = status & ~vdev->status;

    trace_virtio_status_set(vdev_type(vdev), vdev, vdev->status, status);
    if (status == 0) {
        virtio_reset(vdev);
        return;
    }
    if ((added & VIRTIO_STATUS_FEATURES_OK) && vc->validate_features &&
        !vc->validate_features(vdev, vdev->guest_features)) {
        status &= ~VIRTIO_STATUS_FEATURES_OK;
    }
    vdev->status = (vdev->status & VIRTIO_STATUS_NEEDS_RESET) | status;
    if (vc->set_status) {
        vc->set_status(vdev, status);
    }
}

uint64_t virtio_config_read(VirtIODevice *vdev, uint64_t offset, unsigned size)
{
    uint8_t config[MAX_CONFIG] = { 0 };
    uint64_t value = 0;

    if (!vdev_class(vdev)->get_config || offset >= vdev->config_len ||
        size > vdev->config_len - offset) {
        return UINT64_MAX >> (64 - size * 8);
    }
    vdev_class(vdev)->get_config(vdev, config);
    memcpy(&value, config + offset, size);
    return value;
}

void virtio_config_write(VirtIODevice *vdev, uint64_t offset, uint64_t value, unsigned size)
{
    VirtIODeviceClass *vc = vdev_class(vdev);
    uint8_t config[MAX_CONFIG] = { 0 };

    if (!vc->set_config || offset >= vdev->config_len || size > vdev->config_len - offset) {
        return;
    }
    vc->get_config(vdev, config);
    memcpy(config + offset, &value, size);
    vc->set_config(vdev, config);
}

void virtio_queue_notify(VirtIODevice *vdev, uint32_t n)
{
    trace_virtio_queue_notify(vdev_type(vdev), vdev, n);
    if (n >= vdev->n_vq) {
        guest_error(vdev, "notification of queue %u, which does not exist", n);
        return;
    }
    /* Legacy drivers may notify before DRIVER_OK (2.7.13, legacy interface). */
    if (vdev->vq[n].ready && !virtio_is_broken(vdev) &&
        ((vdev->status & VIRTIO_STATUS_DRIVER_OK) || vdev->legacy)) {
        vdev->vq[n].handle_output(vdev, &vdev->vq[n]);
    }
}

static const VMStateField virtqueue_vmstate[] = {
    VMS_UINT16(VirtQueue, num, .max = VIRTIO_QUEUE_MAX_SIZE),
    VMS_BOOL(VirtQueue, ready),
    VMS_UINT64(VirtQueue, desc),
    VMS_UINT64(VirtQueue, avail),
    VMS_UINT64(VirtQueue, used),
    VMS_UINT16(VirtQueue, last_avail_idx),
    VMS_UINT16(VirtQueue, used_idx),
    VMS_UINT16(VirtQueue, signalled_used),
    VMS_BOOL(VirtQueue, signalled_valid),
    VMS_UINT32(VirtQueue, legacy_align),
    VMS_END
};

const VMStateField virtio_vmstate[] = {
    VMS_UINT64(VirtIODevice, guest_features),
    VMS_UINT8(VirtIODevice, status),
    VMS_UINT8(VirtIODevice, isr, .mask = 3),
    VMS_UINT32(VirtIODevice, config_generation),
    VMS_STRUCT_VARRAY(VirtIODevice, vq, n_vq, virtqueue_vmstate),
    VMS_END
};

void virtio_loaded(VirtIODevice *vdev)
{
    vdev->guest_features &= virtio_host_features(vdev);
    for (uint32_t i = 0; i < vdev->n_vq; i++) {
        VirtQueue *vq = &vdev->vq[i];

        /* A ring of size 0 or larger than offered would index out of its tables. */
        vq->num = CLAMP(vq->num, 1, vq->num_max);
        vq->in_use = 0;
        /* A state may be saved between two rounds. */
        if (vq->ready && virtio_is_running(vdev)) {
            virtqueue_round_done(vq, vq->num);
        }
    }
    update_irq(vdev);
}

static void virtio_device_reset(VirtIODevice *vdev)
{
    virtio_reset(vdev);
}

/* Clients write "/virtio-backend" behind the path of whatever device has a virtio function,
 * be the two one object or not. */
static bool get_self(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    g_autofree char *path = object_path(obj);

    return visit_type_str(v, name, &path, err);
}

static const Property virtio_properties[] = {
    PROP_CUSTOM("virtio-backend", "the device itself, for clients that expect it here",
                "link<virtio-device>", get_self, NULL, .flags = PROP_READONLY),
    PROP_END
};

DEVICE(VirtIODevice, TYPE_VIRTIO_DEVICE, TYPE_DEVICE, NULL, .abstract = true,
       .class_size = sizeof(VirtIODeviceClass), .bus_type = TYPE_VIRTIO_BUS,
       .properties = virtio_properties, .vmstate = virtio_vmstate,
       .reset = virtio_device_reset,
       .loaded = virtio_loaded);

static const TypeInfo virtio_bus_type = {
    .name = TYPE_VIRTIO_BUS,
    .parent = TYPE_BUS,
    .instance_size = sizeof(VirtIOBus),
    .abstract = true,
};
TYPE_REGISTER(virtio_bus_type);
