/*
 * QMP commands for looking at a running machine (qapi/inspect.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/cpu.h"
#include "hw/core/loader.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-inspect.h"
#include "softmmu/memory.h"

HumanReadableText *human_readable_text(GString *text)
{
    HumanReadableText *t = g_new0(HumanReadableText, 1);

    t->human_readable_text = g_string_free(text, FALSE);
    return t;
}

/* On the vCPU's own thread, so that its registers are all in the state. */
static void dump_registers(CpuState *cpu, void *opaque)
{
    GString *out = opaque;

    g_string_append_printf(out, "CPU#%u\n", cpu->index);
    cpu->ops->dump(cpu, out);
}

HumanReadableText *qmp_x_query_registers(bool has_cpu, uint32_t cpu, GError **err)
{
    GString *out;

    if (has_cpu && !cpu_by_index(cpu)) {
        error_set(err, "there is no CPU %u", cpu);
        error_set_expected(err, "a number below %u", cpu_count());
        return NULL;
    }
    out = g_string_new(NULL);
    for (unsigned i = 0; i < cpu_count(); i++) {
        if (!has_cpu || i == cpu) {
            cpu_run_sync(cpu_by_index(i), dump_registers, out);
        }
    }
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_mtree(bool has_flat, bool flat, GError **err)
{
    GString *out = g_string_new(NULL);

    memory_info(out, has_flat && flat);
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_qom_tree(const char *path, GError **err)
{
    Object *obj = path ? object_resolve_path(path, NULL, NULL) : object_root();
    GString *out;

    if (!obj) {
        error_set(err, "object '%s' not found", path);
        return NULL;
    }
    out = g_string_new(NULL);
    object_tree_text(obj, out);
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_roms(GError **err)
{
    GString *out = g_string_new(NULL);

    rom_info(out);
    return human_readable_text(out);
}
