/*
 * The device type: realizing, resetting, the DEVICE() declaration (hw/core/device.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "hw/core/trace.h"
#include "util/log.h"
#include "util/timer.h"

DeviceClass *device_class(const DeviceState *dev)
{
    return (DeviceClass *)dev->parent.klass;
}

/* ---- DEVICE() ---- */

typedef void InitFn(Object *obj);
typedef bool RealizeFn(DeviceState *dev, GError **err);
typedef void DeviceFn(DeviceState *dev);

void device_type_expand(TypeInfo *info)
{
    const DeviceInfo *d = info->class_data;

    info->properties = d->properties;
    info->class_size = d->class_size;
    info->interfaces = d->interfaces;
    info->abstract = d->abstract;
    info->instance_init = (InitFn *)(void *)d->init;
    info->instance_finalize = (InitFn *)(void *)d->finalize;
}

void device_class_init_from_info(ObjectClass *klass, const TypeInfo *type)
{
    const DeviceInfo *d = type->class_data;
    DeviceClass *dc = (DeviceClass *)klass;

    dc->vmstate = d->vmstate;
    if (d->realize) {
        dc->realize = (RealizeFn *)(void *)d->realize;
    }
    if (d->unrealize) {
        dc->unrealize = (DeviceFn *)(void *)d->unrealize;
    }
    if (d->reset) {
        dc->reset = (DeviceFn *)(void *)d->reset;
    }
    if (d->loaded) {
        dc->loaded = (DeviceFn *)(void *)d->loaded;
    }
    if (d->irq_info) {
        dc->irq_info = (void (*)(DeviceState *, GString *))(void *)d->irq_info;
    }
    if (d->bus_type) {
        dc->bus_type = d->bus_type;
    }
    if (d->category) {
        dc->category = d->category;
    }
    dc->user_creatable = d->user_creatable;
    dc->hotpluggable = d->hotpluggable;
    dc->security_boundary = d->security_boundary;
    if (d->class_init) {
        d->class_init(klass);
    }
}

/* ---- Plugging ---- */

static bool choose_bus(DeviceState *dev, BusState **bus, GError **err)
{
    const char *type = object_class_name(dev->parent.klass);
    const char *bus_type = device_class(dev)->bus_type;

    if (!bus_type) {
        if (*bus) {
            return error_set(err, "device type '%s' plugs into no bus", type);
        }
        return true;
    }
    if (!*bus) {
        *bus = bus_find_by_type(bus_type);
        if (!*bus) {
            error_set(err, "device type '%s' needs a bus of type '%s': there is none with room",
                      type, bus_type);
            error_set_culprit(err, "device type", type);
            return false;
        }
    }
    if (!object_is_a(*bus, bus_type)) {
        error_set(err, "device type '%s' cannot plug into bus '%s' of type '%s'", type,
                  (*bus)->parent.name, object_class_name((*bus)->parent.klass));
        error_set_culprit(err, "bus", (*bus)->parent.name);
        error_set_expected(err, "a bus of type '%s'", bus_type);
        return false;
    }
    if (bus_is_full(*bus)) {
        error_set(err, "bus '%s' is full", (*bus)->parent.name);
        error_set_culprit(err, "bus", (*bus)->parent.name);
        return false;
    }
    return true;
}

static bool plug(DeviceState *dev, BusState *bus, GError **err)
{
    BusClass *bc;

    if (!bus) {
        return true;
    }
    bc = (BusClass *)bus->parent.klass;
    if (bc->plug_check && !bc->plug_check(bus, dev, err)) {
        return false;
    }
    dev->bus = bus;
    g_ptr_array_add(bus->devices, dev);
    return true;
}

static void unplug(DeviceState *dev)
{
    BusState *bus = dev->bus;

    if (bus) {
        BusClass *bc = (BusClass *)bus->parent.klass;

        if (bc->unplug) {
            bc->unplug(bus, dev);
        }
        g_ptr_array_remove(bus->devices, dev);
        dev->bus = NULL;
    }
}

bool device_realize(DeviceState *dev, BusState *bus, GError **err)
{
    DeviceClass *dc = device_class(dev);
    MachineState *m = machine_current();
    bool adopted = false;

    g_assert(!dev->realized);
    if (!object_init_ok(dev, err) || !choose_bus(dev, &bus, err)) {
        return false;
    }
    if (!dev->parent.parent) {
        object_add_child(object_container("/machine/unattached"), "device[*]", dev, NULL);
        adopted = true;
    }
    if (!plug(dev, bus, err)) {
        goto fail;
    }
    if (dc->realize && !dc->realize(dev, err)) {
        unplug(dev);
        goto fail;
    }
    dev->realized = true;
    dev->parent.frozen = true;
    dev->hotplugged = m && m->ready;
    trace_device_realize(object_class_name(dev->parent.klass), dev->parent.name,
                         dev->hotplugged);
    if (dev->hotplugged) {
        device_reset(dev);
    }
    return true;

fail:
    trace_device_realize_fail(object_class_name(dev->parent.klass), dev->parent.name);
    if (adopted) {
        object_ref(dev);
        object_unparent(dev);
    }
    return false;
}

void device_unrealize(DeviceState *dev)
{
    DeviceClass *dc = device_class(dev);

    if (!dev->realized) {
        return;
    }
    trace_device_unrealize(object_class_name(dev->parent.klass), dev->parent.name);
    for (guint i = 0; dev->child_buses && i < dev->child_buses->len; i++) {
        BusState *bus = dev->child_buses->pdata[i];

        while (bus->devices->len > 0) {
            DeviceState *child = bus->devices->pdata[bus->devices->len - 1];

            object_ref(child);
            device_unrealize(child);
            object_unparent(child);
            object_unref(child);
        }
    }
    dev->realized = false;
    dev->parent.frozen = false;
    if (dc->unrealize) {
        dc->unrealize(dev);
    }
    unplug(dev);
}

void device_reset(DeviceState *dev)
{
    DeviceClass *dc = device_class(dev);

    for (guint i = 0; dev->child_buses && i < dev->child_buses->len; i++) {
        BusState *bus = dev->child_buses->pdata[i];

        for (guint j = 0; j < bus->devices->len; j++) {
            device_reset(bus->devices->pdata[j]);
        }
    }
    if (dev->realized && dc->reset) {
        trace_device_reset(object_class_name(dev->parent.klass), dev->parent.name);
        dc->reset(dev);
    }
}

/* ---- Walking ---- */

typedef struct Foreach {
    void (*fn)(DeviceState *dev, void *opaque);
    void *opaque;
} Foreach;

static bool foreach_one(Object *obj, void *opaque)
{
    Foreach *f = opaque;

    if (object_is_a(obj, TYPE_DEVICE)) {
        f->fn((DeviceState *)obj, f->opaque);
    }
    return true;
}

void device_foreach(void *obj, void (*fn)(DeviceState *dev, void *opaque), void *opaque)
{
    Foreach f = { fn, opaque };

    object_foreach_child(obj ? obj : object_container("/machine"), true, foreach_one, &f);
}

/* ---- Guest errors ---- */

/* At most this many lines in a second: a guest cannot fill the host's disk quickly. */
#define GUEST_ERRORS_PER_SECOND 1000

static bool guest_error_allowed(bool *ret_last)
{
    static int64_t window;  /* (a) the second */
    static uint32_t in_window; /* (a) */
    int64_t now = clock_ns(CLOCK_TYPE_REALTIME) / NANOSECONDS_PER_SECOND;
    uint32_t n;

    if (atomic_xchg(&window, now) != now) {
        atomic_set(&in_window, 0);
    }
    n = atomic_fetch_add(&in_window, 1);
    *ret_last = n == GUEST_ERRORS_PER_SECOND;
    return n <= GUEST_ERRORS_PER_SECOND;
}

void guest_error(void *dev, const char *fmt, ...)
{
    g_autofree char *label = NULL;
    g_autofree char *text = NULL;
    bool last;
    va_list ap;

    if (!log_enabled(LOG_GUEST_ERRORS) || !guest_error_allowed(&last)) {
        return;
    }
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    label = dev ? object_label(dev) : g_strdup("guest");
    log_printf("%s: %s\n", label, last ? "further guest errors of this second are left out"
                                       : text);
}

/* ---- The type ---- */

static void device_unparent(Object *obj)
{
    device_unrealize((DeviceState *)obj);
}

static bool get_bus_path(Object *obj, const Property *prop, Visitor *v, const char *name,
                         GError **err)
{
    DeviceState *dev = (DeviceState *)obj;
    g_autofree char *path = dev->bus ? object_path(dev->bus) : g_strdup("");

    return visit_type_str(v, name, &path, err);
}

static const Property device_properties[] = {
    PROP_BOOL(DeviceState, realized, "realized", "the device is part of the machine",
              .flags = PROP_READONLY),
    PROP_BOOL(DeviceState, hotplugged, "hotplugged", "made while the machine was running",
              .flags = PROP_READONLY),
    PROP_CUSTOM("parent_bus", "the bus that the device sits on", "link<bus>", get_bus_path,
                NULL, .flags = PROP_READONLY),
    PROP_END
};

static void device_instance_finalize(Object *obj)
{
    DeviceState *dev = (DeviceState *)obj;

    g_free(dev->id);
    if (dev->child_buses) {
        g_ptr_array_free(dev->child_buses, TRUE);
    }
    if (dev->irqs) {
        g_ptr_array_free(dev->irqs, TRUE);
    }
}

static void device_class_init(ObjectClass *klass, const TypeInfo *type)
{
    klass->unparent = device_unparent;
}

static const TypeInfo device_type_info = {
    .name = TYPE_DEVICE,
    .abstract = true,
    .instance_size = sizeof(DeviceState),
    .class_size = sizeof(DeviceClass),
    .properties = device_properties,
    .class_init = device_class_init,
    .instance_finalize = device_instance_finalize,
};
TYPE_REGISTER(device_type_info);
