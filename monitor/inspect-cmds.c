/*
 * QMP commands for looking at a running machine (qapi/inspect.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/cpu.h"
#include "chardev/char.h"
#include "hw/core/device.h"
#include "hw/core/loader.h"
#include "monitor/hmp-session.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-inspect.h"
#include "softmmu/memory.h"
#include "util/log.h"

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

HumanReadableText *qmp_x_query_registers(bool has_cpu, uint32_t cpu, bool has_all, bool all,
                                         GError **err)
{
    CpuState *one = monitor_cpu(has_cpu, cpu, err);
    GString *out;

    if (!one) {
        return NULL;
    }
    out = g_string_new(NULL);
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *c = cpu_by_index(i);

        if (c && ((has_all && all) || c == one)) {
            cpu_run_sync(c, dump_registers, out);
        }
    }
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_history(GError **err)
{
    GString *out = g_string_new(NULL);
    GPtrArray *history = hmp_history(hmp_session());

    for (unsigned i = 0; i < history->len; i++) {
        g_string_append_printf(out, "%u: %s\n", i, (const char *)history->pdata[i]);
    }
    return human_readable_text(out);
}

bool qmp_x_hmp_cpu(uint32_t index, GError **err)
{
    if (!monitor_cpu(true, index, err)) {
        return false;
    }
    hmp_session()->cpu = index;
    return true;
}

bool qmp_x_log(const char *items, GError **err)
{
    return log_set_items(items, err);
}

bool qmp_x_logfile(const char *filename, GError **err)
{
    return log_set_file(filename, err);
}

HumanReadableText *qmp_x_query_mtree(bool has_flat, bool flat, bool has_owner, bool owner,
                                     bool has_disabled, bool disabled, bool has_dispatch,
                                     bool dispatch, GError **err)
{
    GString *out = g_string_new(NULL);

    memory_info(out, (has_flat && flat ? MEMORY_INFO_FLAT : 0) |
                         (has_owner && owner ? MEMORY_INFO_OWNERS : 0) |
                         (has_disabled && disabled ? MEMORY_INFO_DISABLED : 0) |
                         (has_dispatch && dispatch ? MEMORY_INFO_DISPATCH : 0));
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_ramblock(GError **err)
{
    GString *out = g_string_new(NULL);

    ram_info(out);
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_qtree(bool has_brief, bool brief, GError **err)
{
    GString *out = g_string_new(NULL);

    device_tree_info(out, has_brief && brief);
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_irq(GError **err)
{
    GString *out = g_string_new(NULL);

    device_irq_counts_info(out);
    return human_readable_text(out);
}

HumanReadableText *qmp_x_query_interrupt_controllers(GError **err)
{
    GString *out = g_string_new(NULL);

    device_irq_info(out);
    return human_readable_text(out);
}

static void add_chardev(Chardev *chr, void *opaque)
{
    ChardevInfo *info = g_new0(ChardevInfo, 1);
    ChardevInfoList *list = opaque;

    info->label = g_strdup(chr->label);
    info->filename = g_strdup(chr->filename ? chr->filename : "");
    info->frontend_open = chr->fe && !chr->fe_closed;
    QAPI_LIST_APPEND(list, info);
}

ChardevInfoList *qmp_query_chardev(GError **err)
{
    ChardevInfoList *list = g_new0(ChardevInfoList, 1);

    chardev_foreach(add_chardev, list);
    return list;
}

HumanReadableText *qmp_x_query_qom_tree(const char *path, GError **err)
{
    Object *obj = path ? object_resolve_path(path, NULL, NULL) : object_root();
    GString *out;

    if (!obj) {
        error_set(err, "object '%s' not found", path);
        object_set_nearest_path(err, path);
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
