/*
 * The order in which firmware tries devices (hw/core/boot-order.h). A path names the device
 * by what lies on the way to it from the main system bus, which has "TYPE@ADDRESS" with 16
 * digits; a virtio transport's own bus adds nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/boot-order.h"
#include "hw/core/machine.h"
#include "hw/core/sysbus.h"
#include "qapi/qapi-types-options.h"

typedef struct BootEntry {
    DeviceState *dev;
    int32_t index;
    char *suffix;
} BootEntry;

static void entry_free(void *ptr)
{
    BootEntry *e = ptr;

    g_free(e->suffix);
    g_free(e);
}

static GPtrArray *entries(void)
{
    MachineState *m = machine_current();

    return m ? m->boot_order : NULL;
}

static char *device_name(DeviceState *dev)
{
    return dev->id ? g_strdup_printf("device '%s'", dev->id)
                   : g_strdup_printf("a device of type '%s'",
                                     object_class_name(dev->parent.klass));
}

bool boot_order_add(DeviceState *dev, int32_t index, const char *suffix, GError **err)
{
    MachineState *m = machine_current();
    BootEntry *entry;
    guint at = 0;

    if (index < 0 || !m) {
        return true;
    }
    if (!m->boot_order) {
        m->boot_order = g_ptr_array_new_with_free_func(entry_free);
    }
    for (; at < m->boot_order->len; at++) {
        BootEntry *e = m->boot_order->pdata[at];

        if (e->index == index) {
            g_autofree char *other = device_name(e->dev);

            error_set(err, "bootindex=%" PRId32 " is that of %s already", index, other);
            error_set_culprit(err, "property", "bootindex");
            return false;
        }
        if (e->index > index) {
            break;
        }
    }
    entry = g_new(BootEntry, 1);
    *entry = (BootEntry){ dev, index, g_strdup(suffix) };
    g_ptr_array_insert(m->boot_order, at, entry);
    return true;
}

void boot_order_remove(DeviceState *dev)
{
    GPtrArray *list = entries();

    for (guint i = 0; list && i < list->len; i++) {
        if (((BootEntry *)list->pdata[i])->dev == dev) {
            g_ptr_array_remove_index(list, i);
            return;
        }
    }
}

static void add_path(GString *out, DeviceState *dev)
{
    if (dev->bus && dev->bus->owner) {
        add_path(out, dev->bus->owner);
    }
    if (object_is_a(dev, TYPE_SYS_BUS_DEVICE)) {
        SysBusDevice *s = (SysBusDevice *)dev;

        g_string_append_printf(out, "/%s@%016" PRIx64, object_class_name(dev->parent.klass),
                               s->n_mmio ? s->mmio_addr[0] : 0);
    }
}

char *boot_order_text(void)
{
    const BootConfiguration *boot = machine_current() ? machine_current()->boot : NULL;
    bool strict = boot && boot->has_strict && boot->strict;
    GPtrArray *list = entries();
    guint n = list ? list->len : 0;
    GString *out;

    if (n == 0 && !strict) {
        return NULL;
    }
    out = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        BootEntry *e = list->pdata[i];

        g_string_append(out, i ? "\n" : "");
        add_path(out, e->dev);
        g_string_append(out, e->suffix);
    }
    if (strict) {
        g_string_append(out, n ? "\nHALT" : "HALT"); /* firmware tries nothing else */
    }
    return g_string_free(out, FALSE);
}
