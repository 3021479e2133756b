/*
 * The virtio driver on the machine of unit tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_TM_H
#define TESTS_UNIT_VIRTIO_DRIVER_TM_H

#include "tests/unit/tm.h"
#include "tests/unit/virtio-driver.h"

extern const VirtBus tm_virt_bus;

/* A transport and a device on it: "virtio-rng-device,...". */
void vd_setup(VirtDriver *d, TestMachine *m, bool legacy, uint64_t base,
              const char *device);

#endif
