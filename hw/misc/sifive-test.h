/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_MISC_SIFIVE_TEST_H
#define HW_MISC_SIFIVE_TEST_H

#define TYPE_SIFIVE_TEST "riscv.sifive.test"

enum { SIFIVE_TEST_SIZE = 0x1000 };

#endif
