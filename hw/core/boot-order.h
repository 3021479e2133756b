/*
 * Which devices firmware tries to boot from, and in what order: the property bootindex, and
 * fw_cfg's file "bootorder" that tells the firmware.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_BOOT_ORDER_H
#define HW_CORE_BOOT_ORDER_H

#include "hw/core/device.h"

/* The property of a device that firmware can boot from; the field is an int32_t. */
#define PROP_BOOTINDEX(T, f)                                                              \
    PROP_INT32(T, f, "bootindex",                                                         \
               "turn among the devices that firmware boots from, from 0 (-1: none)",      \
               .def = -1, .min = -1, .max = INT32_MAX)

/*
 * In realize: the device's turn, -1 for none. @suffix is the part of its Open Firmware path
 * that the type adds, such as "/disk@0,0". Fails if another device has that turn.
 */
bool boot_order_add(DeviceState *dev, int32_t index, const char *suffix, GError **err);
void boot_order_remove(DeviceState *dev);
/* Open Firmware paths in order, one a line, and HALT behind them with -boot strict=on; NULL if
 * there is nothing to say. */
char *boot_order_text(void);

#endif
