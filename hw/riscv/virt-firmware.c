/*
 * The RISC-V board "virt": flash banks and fw_cfg (docs/system/riscv-virt.rst, "Flash" and
 * "fw_cfg").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/virt.h"
#include "block/block-backend.h"
#include "hw/block/pflash-cfi01.h"
#include "hw/core/sysbus.h"
#include "hw/nvram/fw_cfg.h"
#include "util/cutils.h"

enum { FLASH_BLOCK = 256 * KiB, FLASH_MANUFACTURER = 0x89, FLASH_CHIP = 0x18 };

/* ---- Flash ---- */

/* The drive or node of bank @n, by -drive if=pflash or -machine pflashN=; NULL: none. */
static bool find_image(VirtMachine *s, unsigned n, const char **ret, GError **err)
{
    BlockBackend *blk = drive_take("pflash", n);

    if (blk && s->pflash[n]) {
        return error_set(err, "pflash%u=%s: the bank has drive '%s' already", n,
                         s->pflash[n], blk_name(blk));
    }
    *ret = blk ? blk_name(blk) : s->pflash[n];
    return true;
}

static bool add_bank(VirtMachine *s, unsigned n, GError **err)
{
    g_autofree char *name = g_strdup_printf("virt.flash%u", n);
    DeviceState *dev = machine_new_device(&s->parent, TYPE_PFLASH_CFI01, name);
    const char *image = NULL;

    object_set_str(dev, "name", name, NULL);
    object_set_uint(dev, "sector-length", FLASH_BLOCK, NULL);
    object_set_uint(dev, "num-blocks", virt_map[VIRT_FLASH].size / FLASH_BLOCK, NULL);
    object_set_uint(dev, "width", VIRT_FLASH_WIDTH, NULL);
    object_set_uint(dev, "device-width", VIRT_FLASH_CHIP_WIDTH, NULL);
    object_set_uint(dev, "id0", FLASH_MANUFACTURER, NULL);
    object_set_uint(dev, "id1", FLASH_CHIP, NULL);
    if (!find_image(s, n, &image, err) ||
        (image && !object_set_str(dev, "drive", image, err)) || !sysbus_realize(dev, err)) {
        return error_prefix(err, "flash bank %u", n);
    }
    sysbus_map(dev, 0, virt_map[VIRT_FLASH].base + n * virt_map[VIRT_FLASH].size);
    s->boot_flash |= n == 0 && image;
    return true;
}

bool virt_add_flash(VirtMachine *s, GError **err)
{
    for (unsigned n = 0; n < VIRT_FLASH_BANKS; n++) {
        if (!add_bank(s, n, err)) {
            return false;
        }
    }
    return true;
}

/* ---- fw_cfg ---- */

bool virt_add_fw_cfg(VirtMachine *s, GError **err)
{
    uint64_t base = virt_map[VIRT_FW_CFG].base;
    DeviceState *dev = machine_new_device(&s->parent, TYPE_FW_CFG_MEM, "fw_cfg");

    if (!sysbus_realize(dev, err)) {
        return false;
    }
    sysbus_map(dev, FW_CFG_REGION_DATA, base);
    sysbus_map(dev, FW_CFG_REGION_CTL, base + FW_CFG_DATA_SIZE);
    if (((SysBusDevice *)dev)->n_mmio > FW_CFG_REGION_DMA) {
        sysbus_map(dev, FW_CFG_REGION_DMA, base + 2 * FW_CFG_DATA_SIZE);
    }
    fw_cfg_add_uint16(dev, FW_CFG_NB_CPUS, s->parent.smp_cpus);
    fw_cfg_add_uint16(dev, FW_CFG_BOOT_MENU, 0);
    s->fw_cfg = dev;
    return true;
}

static bool pass_file(VirtMachine *s, const char *what, const char *path, uint16_t size_key,
                      uint16_t data_key, GError **err)
{
    char *data;
    size_t size;

    if (!path) {
        return true;
    }
    if (!read_file(path, &data, &size, err)) {
        return error_prefix(err, "%s", what);
    }
    if (size > UINT32_MAX) {
        g_free(data);
        return error_set(err, "%s '%s' is larger than 4 GiB", what, path);
    }
    fw_cfg_add_sized(s->fw_cfg, size_key, data_key, data, size);
    return true;
}

bool virt_pass_kernel(VirtMachine *s, GError **err)
{
    const MachineState *m = &s->parent;

    if (!riscv_boot_flash_is_next(&s->boot)) {
        return true;
    }
    if (m->append) {
        fw_cfg_add_sized(s->fw_cfg, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA,
                         g_strdup(m->append), strlen(m->append) + 1);
    }
    return pass_file(s, "kernel", m->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, err) &&
           pass_file(s, "initrd", m->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, err);
}
