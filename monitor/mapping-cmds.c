/*
 * info tlb and info mem: the address space that a vCPU has now, by its target's walk.
 *
 * What a guest has in its page tables may be large without end: reports have at most
 * MAX_LINES lines and say where they end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-session.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-inspect.h"

enum { MAX_LINES = 8192 };

typedef struct Report {
    GString *lines;
    unsigned n;
    bool merge;
    CpuMapping open;   /* merge: the range that may go on; size 0: none */
    CpuMappings result;
} Report;

static void add_line(Report *r, const CpuMapping *m)
{
    g_string_append_printf(r->lines, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %s\n",
                           m->vaddr, m->paddr, m->size, m->attrs);
    r->n++;
}

static bool add_mapping(const CpuMapping *m, void *opaque)
{
    Report *r = opaque;
    CpuMapping *o = &r->open;

    if (!r->merge) {
        add_line(r, m);
        return r->n < MAX_LINES;
    }
    if (o->size && m->vaddr == o->vaddr + o->size && m->paddr == o->paddr + o->size &&
        strcmp(m->attrs, o->attrs) == 0) {
        o->size += m->size;
        return true;
    }
    if (o->size) {
        add_line(r, o);
    }
    *o = *m;
    return r->n < MAX_LINES - 1;
}

static void walk(CpuState *cpu, void *opaque)
{
    Report *r = opaque;

    r->result = cpu->ops->mappings(cpu, add_mapping, r);
}

static HumanReadableText *report(bool has_cpu_index, uint32_t cpu_index, bool merge,
                                 GError **err)
{
    CpuState *cpu = monitor_cpu(has_cpu_index, cpu_index, err);
    Report r = { .merge = merge };

    if (!cpu) {
        return NULL;
    }
    if (!cpu->ops->mappings) {
        error_set(err, "%s: its page tables cannot be shown",
                  object_class_name(cpu->parent.parent.klass));
        return NULL;
    }
    r.lines = g_string_new("vaddr            paddr            size             attr\n"
                           "---------------- ---------------- ---------------- -------\n");
    cpu_run_sync(cpu, walk, &r);
    if (r.result == CPU_MAPPINGS_NONE) {
        g_string_assign(r.lines, "No translation or protection\n");
        return human_readable_text(r.lines);
    }
    if (r.open.size) {
        add_line(&r, &r.open);
    }
    if (r.result == CPU_MAPPINGS_CUT) {
        g_string_append_printf(r.lines, "... cut short after %u lines: the page tables have "
                               "more\n", r.n);
    }
    return human_readable_text(r.lines);
}

HumanReadableText *qmp_x_query_tlb(bool has_cpu_index, uint32_t cpu_index, GError **err)
{
    return report(has_cpu_index, cpu_index, false, err);
}

HumanReadableText *qmp_x_query_mem(bool has_cpu_index, uint32_t cpu_index, GError **err)
{
    return report(has_cpu_index, cpu_index, true, err);
}
