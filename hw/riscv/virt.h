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
       VIRT_VIRTIO, VIRT_RAM, VIRT_MAP_COUNT };
extern const VirtMapEntry virt_map[VIRT_MAP_COUNT];

/* Sources at the PLIC. */
enum { VIRT_VIRTIO_IRQ = 1, VIRT_VIRTIO_COUNT = 8, VIRT_UART_IRQ = 10, VIRT_RTC_IRQ = 11,
       VIRT_PLIC_SOURCES = 96 };
enum { VIRT_MAX_CPUS = 8, VIRT_UART_CLOCK = 3686400 };

typedef struct VirtMachine {
    MachineState parent;
    bool aclint;         /* property */
    RiscvCpu **harts;
    DeviceState *plic;
    MemoryRegion mrom;
    RiscvBoot boot;
} VirtMachine;

/* Build the device tree (or load -dtb and complete it) into the machine. */
bool virt_make_fdt(VirtMachine *s, GError **err);

#endif
