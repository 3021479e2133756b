/*
 * What devices there are and how their interrupts are, as text for people (hw/core/device.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <json-c/json.h>
#include "hw/core/sysbus.h"
#include "qapi/json.h"

enum { INDENT = 2 };

/* ---- info qtree ---- */

typedef struct Tree {
    GString *out;
    unsigned depth;
    bool brief;
} Tree;

static void PRINTF(2, 3) line(const Tree *t, const char *fmt, ...)
{
    va_list ap;

    g_string_append_printf(t->out, "%*s", t->depth * INDENT, "");
    va_start(ap, fmt);
    g_string_append_vprintf(t->out, fmt, ap);
    va_end(ap);
    g_string_append_c(t->out, '\n');
}

static void show_wires(DeviceState *dev, const char *name, unsigned in, unsigned out,
                       void *opaque)
{
    if (in) {
        line(opaque, "gpio-in \"%s\" %u", name ? name : "", in);
    }
    if (out) {
        line(opaque, "gpio-out \"%s\" %u", name ? name : "", out);
    }
}

static void show_property(const Tree *t, const char *name, struct json_object *value)
{
    if (json_object_is_type(value, json_type_int)) {
        uint64_t n = json_object_get_uint64(value);

        if (json_object_get_int64(value) < 0) {
            line(t, "%s = %" PRId64, name, json_object_get_int64(value));
        } else {
            line(t, "%s = %" PRIu64 " (0x%" PRIx64 ")", name, n, n);
        }
    } else {
        line(t, "%s = %s", name,
             value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE)
                   : "null");
    }
}

static void show_properties(const Tree *t, DeviceState *dev)
{
    const ObjectClass *base = object_class_by_name(TYPE_DEVICE);
    g_autoptr(GPtrArray) props = object_class_properties(dev->parent.klass, false);

    for (unsigned i = 0; i < props->len; i++) {
        const Property *p = props->pdata[i];
        g_autoptr(json_object) value = NULL;
        g_autoptr(GError) err = NULL;

        if (object_class_find_property(base, p->name)) {
            continue; /* what every device has */
        }
        value = object_get_json(dev, p->name, &err);
        if (!err) {
            show_property(t, p->name, value);
        }
    }
}

static void show_regions(const Tree *t, const SysBusDevice *dev)
{
    for (unsigned i = 0; i < dev->n_mmio; i++) {
        line(t, "mmio %016" PRIx64 "/%016" PRIx64, dev->mmio_addr[i], dev->mmio[i]->size);
    }
}

static void show_bus(Tree *t, BusState *bus);

static void show_device(Tree *t, DeviceState *dev)
{
    line(t, "dev: %s, id \"%s\"", object_class_name(dev->parent.klass), dev->id ? dev->id : "");
    t->depth++;
    if (!t->brief) {
        device_foreach_irqs(dev, show_wires, t);
        show_properties(t, dev);
        if (object_is_a(dev, TYPE_SYS_BUS_DEVICE)) {
            show_regions(t, (const SysBusDevice *)dev);
        }
    }
    for (unsigned i = 0; dev->child_buses && i < dev->child_buses->len; i++) {
        show_bus(t, dev->child_buses->pdata[i]);
    }
    t->depth--;
}

static void show_bus(Tree *t, BusState *bus)
{
    line(t, "bus: %s", bus->owner ? bus->parent.name : "main-system-bus");
    t->depth++;
    line(t, "type %s", object_class_name(bus->parent.klass));
    for (unsigned i = 0; i < bus->devices->len; i++) {
        show_device(t, bus->devices->pdata[i]);
    }
    t->depth--;
}

void device_tree_info(GString *out, bool brief)
{
    Tree t = { .out = out, .brief = brief };
    Object *bus = object_resolve_path("/machine/unattached/sysbus", TYPE_SYS_BUS, NULL);

    if (bus) {
        show_bus(&t, (BusState *)bus);
    }
}

/* ---- info irq ---- */

typedef struct Counts {
    GString *out;
    bool headed; /* the present device's heading is written */
} Counts;

static void count_wires(DeviceState *dev, const char *name, unsigned in, unsigned out,
                        void *opaque)
{
    Counts *c = opaque;

    for (unsigned i = 0; i < in; i++) {
        uint64_t raised = atomic_read(&device_irq_in(dev, name, i)->raised);

        if (!raised) {
            continue;
        }
        if (!c->headed) {
            g_autofree char *path = object_path(dev);

            g_string_append_printf(c->out, "IRQ statistics for %s (%s):\n",
                                   object_class_name(dev->parent.klass), path);
            c->headed = true;
        }
        if (name) {
            g_string_append_printf(c->out, "%s ", name);
        }
        g_string_append_printf(c->out, "%2u: %" PRIu64 "\n", i, raised);
    }
}

static void count_device(DeviceState *dev, void *opaque)
{
    Counts *c = opaque;

    c->headed = false;
    device_foreach_irqs(dev, count_wires, c);
}

void device_irq_counts_info(GString *out)
{
    Counts c = { .out = out };

    device_foreach(NULL, count_device, &c);
}

/* ---- info pic ---- */

static void controller_info(DeviceState *dev, void *opaque)
{
    GString *out = opaque;
    g_autofree char *path = NULL;

    if (device_class(dev)->irq_info && dev->realized) {
        path = object_path(dev);
        g_string_append_printf(out, "%s (%s):\n", object_class_name(dev->parent.klass), path);
        device_class(dev)->irq_info(dev, out);
    }
}

void device_irq_info(GString *out)
{
    device_foreach(NULL, controller_info, out);
}
