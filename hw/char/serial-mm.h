/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_SERIAL_MM_H
#define HW_CHAR_SERIAL_MM_H

/* MMIO region 0: 8 << regshift bytes; interrupt 0. Properties: chardev, regshift,
 * baudbase. */
#define TYPE_SERIAL_MM "serial-mm"

#endif
