/*
 * The RISC-V board "virt": what its wiring and its device tree share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RISCV_VIRT_H
#define HW_RISCV_VIRT_H

#include "hw/riscv/boot.h"
#include "hw/riscv/harts.h"

typedef struct VirtMapEntry {
    uint64_t base, size;
} VirtMapEntry;

enum { VIRT_MROM, VIRT_TEST, VIRT_RTC, VIRT_CLINT, VIRT_SSWI, VIRT_PLIC, VIRT_UART,
       VIRT_VIRTIO, VIRT_FW_CFG, VIRT_FLASH, VIRT_RAM, VIRT_MAP_COUNT };
extern const VirtMapEntry virt_map[VIRT_MAP_COUNT];

/* Sources at the PLIC. */
enum { VIRT_VIRTIO_IRQ = 1, VIRT_VIRTIO_COUNT = 8, VIRT_UART_IRQ = 10, VIRT_RTC_IRQ = 11,
       VIRT_PLIC_SOURCES = 96 };
enum { VIRT_MAX_CPUS = 8, VIRT_UART_CLOCK = 3686400 };
/* Two banks of flash, one behind the other. */
enum { VIRT_FLASH_BANKS = 2, VIRT_FLASH_WIDTH = 4, VIRT_FLASH_CHIP_WIDTH = 2 };

typedef struct VirtMachine {
    MachineState parent;
    bool aclint;         /* property */
    RiscvCpu **harts;
    char *pflash[VIRT_FLASH_BANKS]; /* properties: node names */
    DeviceState *plic;
    DeviceState *fw_cfg;
    bool boot_flash;     /* the first bank has an image */
    MemoryRegion mrom;
    RiscvBoot boot;
} VirtMachine;

/* virt-firmware.c: the devices that firmware boots from and is told by. */
bool virt_add_flash(VirtMachine *s, GError **err);
bool virt_add_fw_cfg(VirtMachine *s, GError **err);
/* What a next stage in flash does not find in memory: kernel, initrd, command line. */
bool virt_pass_kernel(VirtMachine *s, GError **err);
/* Build the device tree (or load -dtb and complete it) into the machine. */
bool virt_make_fdt(VirtMachine *s, GError **err);

#endif
