/*
 * Building device trees: libfdt behind calls that cannot fail half-way. All nodes of
 * RISC-V boards that do not depend on one board are made here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_RISCV_FDT_H
#define HW_RISCV_FDT_H

#include "hw/riscv/boot.h"
#include "hw/riscv/harts.h"

typedef struct FdtBuilder {
    void *fdt;        /* grows as needed */
    int size;
    uint32_t next_phandle;
} FdtBuilder;

void fdtb_init(FdtBuilder *f);
/* Add a node by full path; parents are there already. */
void fdtb_node(FdtBuilder *f, const char *path);
void fdtb_str(FdtBuilder *f, const char *path, const char *prop, const char *value);
/* Several NUL-separated strings: the length counts the NULs. */
void fdtb_bytes(FdtBuilder *f, const char *path, const char *prop, const void *data, int len);
void fdtb_empty(FdtBuilder *f, const char *path, const char *prop);
void fdtb_u32(FdtBuilder *f, const char *path, const char *prop, uint32_t value);
void fdtb_cells(FdtBuilder *f, const char *path, const char *prop, const uint32_t *cells,
                unsigned n);
/* A reg property with 2 address and 2 size cells. */
void fdtb_reg(FdtBuilder *f, const char *path, uint64_t addr, uint64_t size);
/* Give the node a phandle and return it. */
uint32_t fdtb_phandle(FdtBuilder *f, const char *path);

/* /cpus with all harts; intc_phandles[i] is hart i's interrupt controller. */
void fdtb_riscv_cpus(FdtBuilder *f, RiscvCpu **harts, unsigned n, uint32_t timebase,
                     uint32_t *intc_phandles);
/* /memory@BASE */
void fdtb_memory(FdtBuilder *f, uint64_t base, uint64_t size);
/* /chosen: bootargs, initrd, and a fresh rng-seed if @seed. */
void fdtb_chosen(FdtBuilder *f, const RiscvBoot *b, bool seed);
/* Pack; the blob then belongs to the machine. */
void fdtb_finish(FdtBuilder *f, MachineState *m);
/* A tree from a file (-dtb) instead of a built one. */
bool fdtb_load(FdtBuilder *f, const char *path, GError **err);
/* A new rng-seed in the tree's copy in guest memory (at every reset). */
void fdtb_reseed(MachineState *m, uint64_t fdt_addr);

#endif
