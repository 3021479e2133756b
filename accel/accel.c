/*
 * The accelerator base type and the accelerator in use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/accel.h"

static AccelState *accel_in_use; /* (a) written once, under the machine lock */

AccelState *accel_current(void)
{
    return atomic_load_acquire(&accel_in_use);
}

AccelClass *accel_class(AccelState *accel)
{
    return (AccelClass *)accel->parent.klass;
}

bool accel_start(AccelState *accel, GError **err)
{
    AccelClass *ac = accel_class(accel);
    if (accel_in_use) {
        return error_set(err, "accelerator '%s': '%s' is in use already", ac->name,
                         accel_class(accel_in_use)->name);
    }
    if (ac->init && !ac->init(accel, err)) {
        return false;
    }
    object_ref(accel);
    atomic_store_release(&accel_in_use, accel);
    return true;
}

void accel_finish(void)
{
    AccelState *accel = accel_current();
    if (accel && accel_class(accel)->finish) {
        accel_class(accel)->finish(accel);
    }
}

static const TypeInfo accel_type = {
    .name = TYPE_ACCEL,
    .instance_size = sizeof(AccelState),
    .class_size = sizeof(AccelClass),
    .abstract = true,
};
TYPE_REGISTER(accel_type);
