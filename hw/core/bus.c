/*
 * Buses (hw/core/device.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/device.h"

/* "<type>.<n>", the first number that no bus of the machine has. */
static char *default_name(const char *type)
{
    g_autofree char *lower = g_ascii_strdown(type, -1);

    for (unsigned n = 0;; n++) {
        char *name = g_strdup_printf("%s.%u", lower, n);
        bool ambiguous;

        if (!object_resolve_path(name, TYPE_BUS, &ambiguous) && !ambiguous) {
            return name;
        }
        g_free(name);
    }
}

static void attach(BusState *bus, DeviceState *owner, const char *name)
{
    g_autofree char *made = name ? NULL : default_name(object_class_name(bus->parent.klass));
    Object *parent = owner ? OBJECT(owner) : object_container("/machine/unattached");

    bus->owner = owner;
    if (owner) {
        if (!owner->child_buses) {
            owner->child_buses = g_ptr_array_new();
        }
        g_ptr_array_add(owner->child_buses, bus);
    }
    if (!object_add_child(parent, name ? name : made, bus, NULL)) {
        /* The owner has a child of that name: its own mistake, but a name can be found. */
        g_autofree char *numbered = g_strdup_printf("%s[*]", name ? name : made);

        object_add_child(parent, numbered, bus, NULL);
    }
}

BusState *bus_new(const char *type, DeviceState *owner, const char *name)
{
    BusState *bus = (BusState *)object_new(type);

    attach(bus, owner, name);
    return bus;
}

void bus_init(void *bus, size_t size, const char *type, DeviceState *owner, const char *name)
{
    object_init(bus, size, type);
    attach(bus, owner, name);
}

bool bus_is_full(const BusState *bus)
{
    unsigned max = ((BusClass *)bus->parent.klass)->max_devices;

    return max && bus->devices->len >= max;
}

typedef struct BusSearch {
    const char *type;
    BusState *found;
    GPtrArray *names;
} BusSearch;

static bool match_type(Object *obj, void *opaque)
{
    BusSearch *s = opaque;

    if (object_is_a(obj, s->type) && !bus_is_full((BusState *)obj)) {
        s->found = (BusState *)obj;
        return false;
    }
    return true;
}

BusState *bus_find_by_type(const char *type)
{
    BusSearch s = { .type = type };

    object_foreach_child(object_root(), true, match_type, &s);
    return s.found;
}

static bool collect_names(Object *obj, void *opaque)
{
    if (object_is_a(obj, TYPE_BUS)) {
        g_ptr_array_add(((BusSearch *)opaque)->names, obj->name);
    }
    return true;
}

BusState *bus_find(const char *name_or_path, GError **err)
{
    bool ambiguous;
    BusState *bus = (BusState *)object_resolve_path(name_or_path, TYPE_BUS, &ambiguous);
    g_autoptr(GPtrArray) names = NULL;
    BusSearch s;

    if (bus) {
        return bus;
    }
    if (ambiguous) {
        error_set(err, "bus '%s' is ambiguous", name_or_path);
        error_set_expected(err, "an absolute path");
        error_set_culprit(err, "bus", name_or_path);
        return NULL;
    }
    names = g_ptr_array_new();
    s = (BusSearch){ .names = names };
    object_foreach_child(object_root(), true, collect_names, &s);
    g_ptr_array_add(names, NULL);
    error_set_unknown(err, "bus", name_or_path, (const char *const *)names->pdata);
    return NULL;
}

/* ---- The type ---- */

static void bus_unparent(Object *obj)
{
    BusState *bus = (BusState *)obj;

    while (bus->devices->len > 0) {
        DeviceState *dev = bus->devices->pdata[bus->devices->len - 1];

        object_ref(dev);
        device_unrealize(dev);
        object_unparent(dev);
        object_unref(dev);
    }
    if (bus->owner && bus->owner->child_buses) {
        g_ptr_array_remove(bus->owner->child_buses, bus);
    }
}

static void bus_instance_init(Object *obj)
{
    ((BusState *)obj)->devices = g_ptr_array_new();
}

static void bus_instance_finalize(Object *obj)
{
    g_ptr_array_free(((BusState *)obj)->devices, TRUE);
}

static void bus_class_init(ObjectClass *klass, const TypeInfo *type)
{
    klass->unparent = bus_unparent;
}

static const TypeInfo bus_type_info = {
    .name = TYPE_BUS,
    .abstract = true,
    .instance_size = sizeof(BusState),
    .class_size = sizeof(BusClass),
    .class_init = bus_class_init,
    .instance_init = bus_instance_init,
    .instance_finalize = bus_instance_finalize,
};
TYPE_REGISTER(bus_type_info);
