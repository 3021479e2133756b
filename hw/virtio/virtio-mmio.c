/*
 * Virtio over MMIO (Virtual I/O Device Specification 1.2, 4.2), version 2 and the legacy
 * version 1 (4.2.4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/virtio/trace.h"
#include "hw/virtio/virtio-mmio.h"
#include "hw/virtio/virtio.h"

#define TYPE_VIRTIO_MMIO_BUS "virtio-mmio-bus"

/* 4.2.2, table 4.1; 4.2.4, table 4.2 */
enum {
    MAGIC_VALUE = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SEL = 0x014, DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024, GUEST_PAGE_SIZE = 0x028, QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_ALIGN = 0x03c, QUEUE_PFN = 0x040,
    QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064, STATUS = 0x070, QUEUE_DESC_LOW = 0x080, QUEUE_DESC_HIGH = 0x084,
    QUEUE_DRIVER_LOW = 0x090, QUEUE_DRIVER_HIGH = 0x094, QUEUE_DEVICE_LOW = 0x0a0,
    QUEUE_DEVICE_HIGH = 0x0a4, SHM_LEN_LOW = 0x0b0, SHM_LEN_HIGH = 0x0b4,
    CONFIG_GENERATION = 0x0fc, CONFIG = 0x100, REGION_SIZE = 0x200,
};
#define MAGIC     0x74726976u /* "virt" */
#define VENDOR    0x554d4551u /* what drivers and management see of this class of device */
#define MAX_ALIGN 0x10000u

typedef struct VirtIOMMIO {
    SysBusDevice parent;
    MemoryRegion mmio;
    IrqLine irq;
    VirtIOBus bus;
    bool legacy;     /* property */
    char *bus_name;  /* property */
    /* guest state */
    uint32_t features_sel, driver_features_sel, queue_sel;
    uint32_t guest_page_shift;
    uint64_t driver_features;
} VirtIOMMIO;

static const Property virtio_mmio_properties[] = {
    PROP_BOOL(VirtIOMMIO, legacy, "force-legacy", "legacy register layout (version 1)",
              .def = true),
    PROP_STR(VirtIOMMIO, bus_name, "bus-name", "name of the device's bus",
             .flags = PROP_INTERNAL),
    PROP_END
};

static const VMStateField virtio_mmio_vmstate[] = {
    VMS_UINT32(VirtIOMMIO, features_sel),
    VMS_UINT32(VirtIOMMIO, driver_features_sel),
    VMS_UINT32(VirtIOMMIO, queue_sel),
    VMS_UINT32(VirtIOMMIO, guest_page_shift, .max = 31),
    VMS_UINT64(VirtIOMMIO, driver_features),
    VMS_END
};

static void virtio_mmio_update_irq(VirtIOBus *bus)
{
    VirtIOMMIO *s = container_of(bus, VirtIOMMIO, bus);

    trace_virtio_mmio_irq_set(s, bus->vdev ? bus->vdev->isr : 0);
    irq_set(&s->irq, bus->vdev && bus->vdev->isr);
}

/* The queue that QueueSel names, or NULL. */
static VirtQueue *selected_queue(VirtIOMMIO *s)
{
    VirtIODevice *vdev = s->bus.vdev;

    return s->queue_sel < vdev->n_vq ? &vdev->vq[s->queue_sel] : NULL;
}

static uint32_t read_empty(uint64_t addr, bool legacy)
{
    switch (addr) {
    case MAGIC_VALUE: return MAGIC;
    case VERSION:     return legacy ? 1 : 2;
    case VENDOR_ID:   return VENDOR;
    default:          return 0;
    }
}

static uint32_t read_register(VirtIOMMIO *s, uint64_t addr)
{
    VirtIODevice *vdev = s->bus.vdev;
    VirtQueue *vq = selected_queue(s);

    switch (addr) {
    case MAGIC_VALUE: case VERSION: case VENDOR_ID:
        return read_empty(addr, s->legacy);
    case DEVICE_ID:
        return vdev->device_id;
    case DEVICE_FEATURES:
        if (s->features_sel > 1 || (s->legacy && s->features_sel)) {
            return 0;
        }
        return virtio_host_features(vdev) >> 32 * s->features_sel;
    case QUEUE_NUM_MAX:
        return vq ? vq->num_max : 0;
    case QUEUE_PFN:
        return s->legacy && vq ? vq->desc >> s->guest_page_shift : 0;
    case QUEUE_READY:
        return !s->legacy && vq && vq->ready;
    case INTERRUPT_STATUS:
        return vdev->isr;
    case STATUS:
        return vdev->status;
    case CONFIG_GENERATION:
        return vdev->config_generation;
    case SHM_LEN_LOW: case SHM_LEN_HIGH:
        return UINT32_MAX; /* no shared memory (4.2.2) */
    default:
        guest_error(s, "read of register 0x%" PRIx64 ", which is not readable", addr);
        return 0;
    }
}

static uint64_t virtio_mmio_read(void *opaque, uint64_t addr, unsigned size)
{
    VirtIOMMIO *s = opaque;

    if (addr >= CONFIG) {
        return s->bus.vdev ? virtio_config_read(s->bus.vdev, addr - CONFIG, size) : 0;
    }
    if (size != 4) {
        guest_error(s, "read of %u bytes at 0x%" PRIx64 ", registers have 4", size, addr);
        return 0;
    }
    return s->bus.vdev ? read_register(s, addr) : read_empty(addr, s->legacy);
}

static void write_legacy(VirtIOMMIO *s, VirtQueue *vq, uint64_t addr, uint32_t value)
{
    switch (addr) {
    case GUEST_PAGE_SIZE:
        /* Only powers of two make sense: anything else counts as 1. */
        s->guest_page_shift = value && !(value & (value - 1)) ? __builtin_ctz(value) : 0;
        break;
    case QUEUE_ALIGN:
        if (vq && value && !(value & (value - 1)) && value <= MAX_ALIGN) {
            vq->legacy_align = value;
        }
        break;
    case QUEUE_PFN:
        if (!vq) {
            break;
        }
        if (value == 0) {
            virtio_reset(s->bus.vdev);
        } else {
            virtio_queue_set_legacy(vq, (uint64_t)value << s->guest_page_shift,
                                    vq->legacy_align ? vq->legacy_align : 4096);
            vq->ready = true;
        }
        break;
    default:
        break;
    }
}

static void set_half(uint64_t *reg, bool high, uint32_t value)
{
    *reg = high ? (*reg & UINT32_MAX) | (uint64_t)value << 32
                : (*reg & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(VirtIOMMIO *s, VirtQueue *vq, uint64_t addr, uint32_t value)
{
    if (!vq) {
        guest_error(s, "write to register 0x%" PRIx64 " of queue %u, which does not exist",
                    addr, s->queue_sel);
        return;
    }
    if (vq->ready && addr != QUEUE_READY) {
        guest_error(s, "write to register 0x%" PRIx64 " of a queue in use", addr);
        return;
    }
    switch (addr) {
    case QUEUE_READY:       vq->ready = value & 1; break;
    case QUEUE_DESC_LOW:    set_half(&vq->desc, false, value); break;
    case QUEUE_DESC_HIGH:   set_half(&vq->desc, true, value); break;
    case QUEUE_DRIVER_LOW:  set_half(&vq->avail, false, value); break;
    case QUEUE_DRIVER_HIGH: set_half(&vq->avail, true, value); break;
    case QUEUE_DEVICE_LOW:  set_half(&vq->used, false, value); break;
    case QUEUE_DEVICE_HIGH: set_half(&vq->used, true, value); break;
    default: break;
    }
}

static void write_register(VirtIOMMIO *s, uint64_t addr, uint32_t value)
{
    VirtIODevice *vdev = s->bus.vdev;
    VirtQueue *vq = selected_queue(s);

    switch (addr) {
    case DEVICE_FEATURES_SEL:
        s->features_sel = value;
        break;
    case DRIVER_FEATURES_SEL:
        s->driver_features_sel = value;
        break;
    case DRIVER_FEATURES:
        if (s->driver_features_sel > 1) {
            guest_error(s, "driver features beyond bit 63 set");
            break;
        }
        set_half(&s->driver_features, s->driver_features_sel, value);
        virtio_set_features(vdev, s->driver_features);
        break;
    case QUEUE_SEL:
        s->queue_sel = value;
        break;
    case QUEUE_NUM:
        if (vq && value >= 1 && value <= vq->num_max && !(value & (value - 1)) && !vq->ready) {
            vq->num = value;
        } else {
            guest_error(s, "queue size %u is not allowed", value);
        }
        break;
    case QUEUE_NOTIFY:
        virtio_queue_notify(vdev, value);
        break;
    case INTERRUPT_ACK:
        vdev->isr &= ~value;
        virtio_mmio_update_irq(&s->bus);
        break;
    case STATUS:
        if (value == 0) {
            s->driver_features = 0;
        }
        virtio_set_status(vdev, value & 0xff);
        break;
    case GUEST_PAGE_SIZE: case QUEUE_ALIGN: case QUEUE_PFN:
        if (s->legacy) {
            write_legacy(s, vq, addr, value);
        }
        break;
    case QUEUE_READY: case QUEUE_DESC_LOW: case QUEUE_DESC_HIGH: case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH: case QUEUE_DEVICE_LOW: case QUEUE_DEVICE_HIGH:
        if (!s->legacy) {
            write_queue(s, vq, addr, value);
        }
        break;
    default:
        guest_error(s, "write to register 0x%" PRIx64 ", which is not writable", addr);
    }
}

static void virtio_mmio_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    VirtIOMMIO *s = opaque;

    if (!s->bus.vdev) {
        return;
    }
    if (addr >= CONFIG) {
        virtio_config_write(s->bus.vdev, addr - CONFIG, value, size);
    } else if (size != 4) {
        guest_error(s, "write of %u bytes at 0x%" PRIx64 ", registers have 4", size, addr);
    } else {
        write_register(s, addr, value);
    }
}

static const MemoryRegionOps virtio_mmio_ops = {
    .read = virtio_mmio_read,
    .write = virtio_mmio_write,
    .access = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = 4 },
};

static bool virtio_mmio_realize(VirtIOMMIO *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &virtio_mmio_ops, s, TYPE_VIRTIO_MMIO, REGION_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    sysbus_init_irq(s, &s->irq);
    bus_init(&s->bus, sizeof(s->bus), TYPE_VIRTIO_MMIO_BUS, &s->parent.parent, s->bus_name);
    s->bus.update_irq = virtio_mmio_update_irq;
    s->bus.force_legacy = s->legacy;
    return true;
}

static void virtio_mmio_unrealize(VirtIOMMIO *s)
{
    memory_region_destroy(&s->mmio);
}

static void virtio_mmio_reset(VirtIOMMIO *s)
{
    s->features_sel = s->driver_features_sel = s->queue_sel = s->guest_page_shift = 0;
    s->driver_features = 0;
    virtio_mmio_update_irq(&s->bus);
}

static void virtio_mmio_loaded(VirtIOMMIO *s)
{
    virtio_mmio_update_irq(&s->bus);
}

DEVICE(VirtIOMMIO, TYPE_VIRTIO_MMIO, TYPE_SYS_BUS_DEVICE, "virtio transport over MMIO",
       .properties = virtio_mmio_properties, .vmstate = virtio_mmio_vmstate,
       .realize = virtio_mmio_realize, .unrealize = virtio_mmio_unrealize,
       .reset = virtio_mmio_reset, .loaded = virtio_mmio_loaded, .security_boundary = true);

/* A device that plugs in learns which interface it speaks before it is realized. */
static bool virtio_mmio_plug_check(BusState *bus, DeviceState *dev, GError **err)
{
    ((VirtIODevice *)dev)->legacy = ((VirtIOBus *)bus)->force_legacy;
    return true;
}

static void virtio_mmio_bus_class_init(ObjectClass *klass, const TypeInfo *type)
{
    BusClass *bc = (BusClass *)klass;

    bc->max_devices = 1;
    bc->plug_check = virtio_mmio_plug_check;
}

static const TypeInfo virtio_mmio_bus_type = {
    .name = TYPE_VIRTIO_MMIO_BUS,
    .parent = TYPE_VIRTIO_BUS,
    .instance_size = sizeof(VirtIOBus),
    .class_init = virtio_mmio_bus_class_init,
};
TYPE_REGISTER(virtio_mmio_bus_type);
