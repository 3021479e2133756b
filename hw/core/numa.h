/*
 * NUMA nodes of a machine: what -numa and set-numa-node say, checked and completed before the
 * board describes them to the guest. All memory is equally near to all CPUs in fact.
 *
 * Main thread, machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_NUMA_H
#define HW_CORE_NUMA_H

#include "hw/core/machine.h"
#include "qapi/qapi-types-machine.h"

enum { NUMA_MAX_NODES = 128, NUMA_LOCAL = 10, NUMA_REMOTE = 20 };

struct NumaState {
    unsigned n_nodes;
    bool present[NUMA_MAX_NODES];
    uint64_t mem[NUMA_MAX_NODES];   /* bytes of main memory, from its start on in order */
    bool has_distances;             /* 0: not given */
    uint8_t distance[NUMA_MAX_NODES][NUMA_MAX_NODES];
    unsigned n_cpus;
    int16_t *node_of;               /* by CPU number; -1: not given */
};

/* Before the board is built. */
bool machine_numa_add(MachineState *m, const NumaOptions *o, GError **err);
/* When all is said: fill in the rest, and check that it fits the machine. */
bool machine_numa_complete(MachineState *m, GError **err);
void machine_numa_free(MachineState *m);
void machine_numa_info(const MachineState *m, GString *out);

#endif
