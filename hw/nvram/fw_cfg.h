/*
 * fw_cfg: named and numbered items that the host hands to the guest's firmware.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NVRAM_FW_CFG_H
#define HW_NVRAM_FW_CFG_H

#include "hw/core/sysbus.h"

#define TYPE_FW_CFG_MEM "fw_cfg_mem"

/* Its regions, to be mapped by number (sysbus_map), and their sizes. */
enum { FW_CFG_REGION_CTL, FW_CFG_REGION_DATA, FW_CFG_REGION_DMA };
enum { FW_CFG_CTL_SIZE = 2, FW_CFG_DATA_SIZE = 8, FW_CFG_DMA_SIZE = 8 };

/* Numbered items, integers little-endian. */
enum {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05, FW_CFG_KERNEL_SIZE = 0x08, FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e, FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_SIZE = 0x14, FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

/*
 * Items are added before the guest runs; a key that is there already gets the new contents.
 * Takes ownership of @data (g_malloc).
 */
void fw_cfg_add(DeviceState *dev, uint16_t key, void *data, uint32_t size);
void fw_cfg_add_uint16(DeviceState *dev, uint16_t key, uint16_t value);
/* A size item (4 bytes) and its data item. */
void fw_cfg_add_sized(DeviceState *dev, uint16_t size_key, uint16_t data_key, void *data,
                      uint32_t size);
/*
 * A file of the directory: sorted by name, keys are given in that order. Takes ownership of
 * @data in any case. Fails for a name that is empty, too long or there already, and when no
 * slot is left.
 */
bool fw_cfg_add_file(DeviceState *dev, const char *name, void *data, uint64_t size,
                     GError **err);
/* The machine's device, or NULL. */
DeviceState *fw_cfg_find(void);

#endif
