/*
 * Random accesses to a device's registers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_DEVICE_FUZZ_H
#define TESTS_UNIT_DEVICE_FUZZ_H

#include "tests/unit/tm.h"

enum { DEVICE_FUZZ_ACCESSES = 200000 };

/* Read and write @size bytes at @base, and a little beyond, in all sizes and alignments,
 * with values that devices find interesting. Every now and then time moves on, the main loop
 * runs, the machine is reset, its state goes through save and load or is damaged; @more
 * (may be NULL) does what else the test wants. Nothing is checked but that the process
 * survives, and that saved state loads. Fewer accesses in the restored run. */
void device_fuzz(TestMachine *m, uint64_t base, uint64_t size, unsigned accesses,
                 void (*more)(TestMachine *m));
/* A random value: small, a power of two, all ones, or anything. */
uint64_t device_fuzz_value(void);

#endif
