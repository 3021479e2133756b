/*
 * The accelerator of device tests: CPUs exist, have no threads and never run.
 * The virtual clock stands at 0 and is moved by the test.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/accel.h"
#include "util/timer.h"

static bool qtest_accel_init(AccelState *accel, GError **err)
{
    clock_virtual_set_manual(0);
    return true;
}

static void qtest_accel_class_init(ObjectClass *klass, const TypeInfo *type)
{
    AccelClass *ac = (AccelClass *)klass;

    ac->name = "qtest";
    ac->init = qtest_accel_init;
}

static const TypeInfo qtest_accel_type = {
    .name = "qtest-accel",
    .parent = TYPE_ACCEL,
    .desc = "CPUs never run; for tests of devices",
    .instance_size = sizeof(AccelState),
    .class_init = qtest_accel_class_init,
};
TYPE_REGISTER(qtest_accel_type);
