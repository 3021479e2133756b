/*
 * Parallel NOR flash with Intel's command set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_BLOCK_PFLASH_CFI01_H
#define HW_BLOCK_PFLASH_CFI01_H

/* Region 0 is the bank; num-blocks, sector-length, width, device-width, id0, id1 and name
 * say what it is made of. Without "drive" the contents start as zeros and end with the
 * process. */
#define TYPE_PFLASH_CFI01 "cfi.pflash01"

#endif
