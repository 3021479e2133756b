/*
 * The guest's physical memory as an address space (hw/core/machine.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"

enum { N_PORTS = 0x10000 };

/* One machine a process: its memory outlives everything that refers to it. */
static struct {
    MemoryRegion root;
    AddressSpace as;
    bool made;
} sysmem;

static void make(void)
{
    if (unlikely(!sysmem.made)) {
        sysmem.made = true;
        memory_region_init(&sysmem.root, NULL, "system", UINT64_MAX);
        address_space_init(&sysmem.as, &sysmem.root, "memory");
    }
}

AddressSpace *system_memory_as(void)
{
    make();
    return &sysmem.as;
}

MemoryRegion *system_memory(void)
{
    make();
    return &sysmem.root;
}

AddressSpace *system_ports_as(void)
{
    static struct {
        MemoryRegion root;
        AddressSpace as;
        bool made;
    } ports;

    if (!ports.made) {
        ports.made = true;
        memory_region_init(&ports.root, NULL, "io", N_PORTS);
        address_space_init(&ports.as, &ports.root, "I/O");
    }
    return &ports.as;
}
