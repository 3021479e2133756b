/*
 * The virtio driver of tests on a whole machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_QM_VIRTIO_H
#define TESTS_QTEST_QM_VIRTIO_H

#include "tests/qtest/qm.h"
#include "tests/unit/virtio-driver.h"

/* A driver of the transport whose registers lie at @base. */
void qm_virtio(VirtDriver *d, QtestMachine *m, uint64_t base);

#endif
