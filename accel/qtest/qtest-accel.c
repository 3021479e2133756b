/*
 * The accelerator of device tests: CPUs exist, have no threads and never run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/accel.h"

static void qtest_accel_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((AccelClass *)klass)->name = "qtest";
}

static const TypeInfo qtest_accel_type = {
    .name = "qtest-accel",
    .parent = TYPE_ACCEL,
    .desc = "CPUs never run; for tests of devices",
    .instance_size = sizeof(AccelState),
    .class_init = qtest_accel_class_init,
};
TYPE_REGISTER(qtest_accel_type);
