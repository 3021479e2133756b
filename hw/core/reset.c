/*
 * Reset of the whole machine, and machine time (hw/core/machine.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "hw/core/trace.h"

typedef struct Notifier {
    void (*fn)(void *opaque);
    void *opaque;
} Notifier;

static GArray *resets;         /* of Notifier, machine lock */
static GArray *time_notifiers; /* of Notifier, machine lock */
static const MachineTimeOps *time_ops; /* (a) set while the board is made */
static void *time_opaque;

static void add(GArray **list, void (*fn)(void *opaque), void *opaque)
{
    Notifier n = { fn, opaque };

    if (!*list) {
        *list = g_array_new(FALSE, FALSE, sizeof(Notifier));
    }
    g_array_append_val(*list, n);
}

static void call_all(GArray *list)
{
    for (guint i = 0; list && i < list->len; i++) {
        Notifier *n = &g_array_index(list, Notifier, i);

        n->fn(n->opaque);
    }
}

void reset_register(void (*fn)(void *opaque), void *opaque)
{
    add(&resets, fn, opaque);
}

void reset_unregister(void (*fn)(void *opaque), void *opaque)
{
    for (guint i = 0; resets && i < resets->len; i++) {
        Notifier *n = &g_array_index(resets, Notifier, i);

        if (n->fn == fn && n->opaque == opaque) {
            g_array_remove_index(resets, i);
            return;
        }
    }
}

/* Devices on a device's bus are reset by that device. */
static bool is_reset_root(DeviceState *dev)
{
    return !dev->bus || !dev->bus->owner;
}

static void reset_device(DeviceState *dev, void *opaque)
{
    bool cpus = *(bool *)opaque;

    if (is_reset_root(dev) && (device_class(dev)->category == DEVICE_CPU) == cpus) {
        device_reset(dev);
    }
}

void machine_reset(MachineState *m)
{
    MachineClass *mc = machine_class(m);
    bool cpus = false;

    trace_machine_reset(object_class_name(m->parent.klass));
    rom_reset();
    if (mc->reset) {
        mc->reset(m);
    } else {
        device_foreach(m, reset_device, &cpus);
        cpus = true;
        device_foreach(m, reset_device, &cpus);
    }
    call_all(resets);
    m->ready = true;
}

/* ---- Machine time ---- */

void machine_time_set(const MachineTimeOps *ops, void *opaque)
{
    time_opaque = opaque;
    atomic_store_release(&time_ops, ops);
}

const MachineTimeOps *machine_time(void **ret_opaque)
{
    const MachineTimeOps *ops = atomic_load_acquire(&time_ops);

    *ret_opaque = time_opaque;
    return ops;
}

void machine_time_notify(void)
{
    call_all(time_notifiers);
}

void machine_time_add_notifier(void (*fn)(void *opaque), void *opaque)
{
    add(&time_notifiers, fn, opaque);
}
