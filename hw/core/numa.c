/*
 * NUMA nodes (hw/core/numa.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/numa.h"

static NumaState *state_of(MachineState *m)
{
    if (!m->numa) {
        m->numa = g_new0(NumaState, 1);
    }
    return m->numa;
}

/* Room for every CPU that the topology has. */
static void size_cpus(MachineState *m)
{
    NumaState *s = m->numa;

    if (s->n_cpus < m->smp_max_cpus) {
        s->node_of = g_renew(int16_t, s->node_of, m->smp_max_cpus);
        while (s->n_cpus < m->smp_max_cpus) {
            s->node_of[s->n_cpus++] = -1;
        }
    }
}

static bool check_node(const NumaState *s, unsigned node, GError **err)
{
    return (node < NUMA_MAX_NODES && s->present[node]) ||
           error_set(err, "-numa: there is no node %u", node);
}

static bool assign(NumaState *s, unsigned cpu, unsigned node, GError **err)
{
    if (s->node_of[cpu] >= 0 && s->node_of[cpu] != (int)node) {
        return error_set(err, "-numa: CPU %u is in node %d already", cpu, s->node_of[cpu]);
    }
    s->node_of[cpu] = node;
    return true;
}

static bool add_node(MachineState *m, const NumaNodeOptions *o, GError **err)
{
    NumaState *s = m->numa;
    unsigned id = o->has_nodeid ? o->nodeid : s->n_nodes;

    if (id >= NUMA_MAX_NODES) {
        error_set(err, "-numa: node %u is too many", id);
        error_set_expected(err, "0 to %d", NUMA_MAX_NODES - 1);
        return false;
    }
    if (s->present[id]) {
        return error_set(err, "-numa: there is a node %u already", id);
    }
    for (size_t i = 0; o->cpus && i < o->cpus->len; i++) {
        if (o->cpus->items[i] >= m->smp_max_cpus) {
            error_set(err, "-numa: node %u has CPU %u, the machine has %u CPUs", id,
                      o->cpus->items[i], m->smp_max_cpus);
            return false;
        }
        if (!assign(s, o->cpus->items[i], id, err)) {
            return false;
        }
    }
    s->present[id] = true;
    s->mem[id] = o->has_mem ? o->mem : 0;
    s->n_nodes++;
    return true;
}

static bool add_distance(NumaState *s, const NumaDistOptions *o, GError **err)
{
    if (!check_node(s, o->src, err) || !check_node(s, o->dst, err)) {
        return false;
    }
    if (o->val < NUMA_LOCAL || (o->src == o->dst) != (o->val == NUMA_LOCAL)) {
        error_set(err, "-numa: distance %u from node %u to %u", o->val, o->src, o->dst);
        error_set_expected(err, "%d within a node, %d to 255 between nodes", NUMA_LOCAL,
                           NUMA_LOCAL + 1);
        return false;
    }
    s->has_distances = true;
    s->distance[o->src][o->dst] = o->val;
    return true;
}

/* CPUs are numbered thread by thread, core by core, socket by socket. */
static bool add_cpus(MachineState *m, const NumaCpuOptions *o, GError **err)
{
    unsigned threads = m->smp_threads, cores = m->smp_cores, found = 0;

    if (!check_node(m->numa, o->node_id, err)) {
        return false;
    }
    for (unsigned i = 0; i < m->smp_max_cpus; i++) {
        if ((o->has_thread_id && o->thread_id != i % threads) ||
            (o->has_core_id && o->core_id != i / threads % cores) ||
            (o->has_socket_id && o->socket_id != i / threads / cores)) {
            continue;
        }
        found++;
        if (!assign(m->numa, i, o->node_id, err)) {
            return false;
        }
    }
    return found > 0 || error_set(err, "-numa: no CPU is in that place");
}

bool machine_numa_add(MachineState *m, const NumaOptions *o, GError **err)
{
    if (m->initialized || machine_class(m)->no_cpu) {
        return error_set(err, "-numa: the machine '%s' is complete already",
                         machine_class(m)->name);
    }
    if (!machine_class(m)->numa) {
        return error_set(err, "-numa: machine '%s' has no nodes", machine_class(m)->name);
    }
    state_of(m);
    size_cpus(m);
    switch (o->type) {
    case NUMA_OPTIONS_TYPE_NODE: return add_node(m, &o->u.node, err);
    case NUMA_OPTIONS_TYPE_DIST: return add_distance(m->numa, &o->u.dist, err);
    default: return add_cpus(m, &o->u.cpu, err);
    }
}

/* The way back is as long, unless it was given; without any, all others are equally far. */
static bool complete_distances(NumaState *s, GError **err)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned j = 0; j < s->n_nodes; j++) {
            uint8_t *d = &s->distance[i][j];

            if (i == j) {
                *d = NUMA_LOCAL;
            } else if (!*d) {
                *d = s->has_distances ? s->distance[j][i] : NUMA_REMOTE;
            }
            if (!*d) {
                error_set(err, "-numa: the distance of nodes %u and %u is missing", i, j);
                error_set_expected(err, "one for each pair, or none at all");
                return false;
            }
        }
    }
    return true;
}

bool machine_numa_complete(MachineState *m, GError **err)
{
    NumaState *s = m->numa;
    uint64_t sum = 0;

    if (!s) {
        return true;
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        if (!s->present[i]) {
            return error_set(err, "-numa: node %u is missing", i);
        }
        sum += s->mem[i];
    }
    if (sum != m->ram_size) {
        return error_set(err, "-numa: the nodes have %" PRIu64 " bytes of memory, the machine %"
                         PRIu64, sum, m->ram_size);
    }
    size_cpus(m);
    for (unsigned i = 0; i < s->n_cpus; i++) {
        /* In turns of whole sockets, so that none is divided. */
        if (s->node_of[i] < 0) {
            s->node_of[i] = i / (m->smp_cores * m->smp_threads) % s->n_nodes;
        }
    }
    return complete_distances(s, err);
}

void machine_numa_free(MachineState *m)
{
    if (m->numa) {
        g_free(m->numa->node_of);
        g_free(m->numa);
    }
}

void machine_numa_info(const MachineState *m, GString *out)
{
    const NumaState *s = m ? m->numa : NULL;

    g_string_append_printf(out, "%u nodes\n", s ? s->n_nodes : 0);
    for (unsigned i = 0; s && i < s->n_nodes; i++) {
        g_string_append_printf(out, "node %u cpus:", i);
        for (unsigned c = 0; c < MIN(s->n_cpus, m->smp_cpus); c++) {
            if (s->node_of[c] == (int)i) {
                g_string_append_printf(out, " %u", c);
            }
        }
        g_string_append_printf(out, "\nnode %u size: %" PRIu64 " MB\nnode %u plugged: 0 MB\n",
                               i, s->mem[i] / MiB, i);
    }
}
