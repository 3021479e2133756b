/*
 * A device's interrupt wires by name (hw/core/device.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/device.h"

typedef struct NamedIrqs {
    char *name;       /* NULL: the unnamed ones */
    GPtrArray *in;    /* IrqInput *, owned */
    GPtrArray *out;   /* IrqLine *, the device's */
} NamedIrqs;

static void named_irqs_free(void *ptr)
{
    NamedIrqs *group = ptr;

    g_ptr_array_free(group->in, TRUE);
    g_ptr_array_free(group->out, TRUE);
    g_free(group->name);
    g_free(group);
}

static NamedIrqs *find(DeviceState *dev, const char *name)
{
    for (guint i = 0; dev->irqs && i < dev->irqs->len; i++) {
        NamedIrqs *group = dev->irqs->pdata[i];

        if (!g_strcmp0(group->name, name)) {
            return group;
        }
    }
    return NULL;
}

static NamedIrqs *find_or_make(DeviceState *dev, const char *name)
{
    NamedIrqs *group = find(dev, name);

    if (!group) {
        group = g_new0(NamedIrqs, 1);
        group->name = g_strdup(name);
        group->in = g_ptr_array_new_with_free_func(g_free);
        group->out = g_ptr_array_new();
        if (!dev->irqs) {
            dev->irqs = g_ptr_array_new_with_free_func(named_irqs_free);
        }
        g_ptr_array_add(dev->irqs, group);
    }
    return group;
}

void device_init_irq_in(DeviceState *dev, const char *name,
                        void (*handler)(void *dev, int n, int level), unsigned count)
{
    NamedIrqs *group = find_or_make(dev, name);

    for (unsigned i = 0; i < count; i++) {
        IrqInput *in = g_new(IrqInput, 1);

        irq_input_init(in, handler, dev, group->in->len);
        g_ptr_array_add(group->in, in);
    }
}

void device_init_irq_out(DeviceState *dev, const char *name, IrqLine *lines, unsigned count)
{
    NamedIrqs *group = find_or_make(dev, name);

    for (unsigned i = 0; i < count; i++) {
        g_ptr_array_add(group->out, &lines[i]);
    }
}

IrqInput *device_irq_in(DeviceState *dev, const char *name, unsigned n)
{
    NamedIrqs *group = find(dev, name);

    return group && n < group->in->len ? group->in->pdata[n] : NULL;
}

IrqLine *device_irq_out(DeviceState *dev, const char *name, unsigned n)
{
    NamedIrqs *group = find(dev, name);

    return group && n < group->out->len ? group->out->pdata[n] : NULL;
}

void device_connect_irq(DeviceState *dev, const char *name, unsigned n, IrqInput *in)
{
    IrqLine *line = device_irq_out(dev, name, n);

    g_assert(line);
    irq_connect(line, in);
}

unsigned device_count_irqs(DeviceState *dev, const char *name, bool in)
{
    NamedIrqs *group = find(dev, name);

    return !group ? 0 : in ? group->in->len : group->out->len;
}

void device_foreach_irqs(DeviceState *dev,
                         void (*fn)(DeviceState *dev, const char *name, unsigned in,
                                    unsigned out, void *opaque),
                         void *opaque)
{
    for (guint i = 0; dev->irqs && i < dev->irqs->len; i++) {
        const NamedIrqs *group = dev->irqs->pdata[i];

        fn(dev, group->name, group->in->len, group->out->len, opaque);
    }
}
