/*
 * The drivers that block/drivers.c lists.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_DRIVER_LIST_H
#define BLOCK_DRIVER_LIST_H

#include "block/block.h"

extern const BlockDriver block_driver_file, block_driver_host_device, block_driver_raw;

/* The node's format (driver raw) was guessed: no write makes its first sector look like
 * another format's. */
void raw_guard_format(BlockNode *node);

#endif
