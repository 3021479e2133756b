/*
 * QMP commands about machines, CPUs and the translator (qapi/machine.json, qapi/tcg.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/accel.h"
#include "hw/core/machine.h"
#include "hw/core/numa.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-machine.h"
#include "qapi/qapi-commands-tcg.h"
#include "qapi/qapi-util.h"

static const char *current_target(void)
{
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    return d.ctx->target;
}

static bool fits_target(const MachineClass *mc, const char *target)
{
    return !target || !mc->targets || g_strv_contains(mc->targets, target);
}

MachineInfoList *qmp_query_machines(GError **err)
{
    GPtrArray *classes = object_class_list(TYPE_MACHINE, false);
    MachineInfoList *list = g_new0(MachineInfoList, 1);
    const char *target = current_target();

    list->items = g_new0(MachineInfo *, classes->len);
    for (unsigned i = 0; i < classes->len; i++) {
        const MachineClass *mc = g_ptr_array_index(classes, i);
        MachineInfo *info;

        if (!fits_target(mc, target)) {
            continue;
        }
        info = g_new0(MachineInfo, 1);
        info->name = g_strdup(mc->name);
        info->cpu_max = MAX(mc->max_cpus, 1);
        info->has_is_default = mc->is_default;
        info->is_default = mc->is_default;
        info->default_ram_id = g_strdup(mc->default_ram_id);
        if (target && mc->default_cpu_model) {
            ObjectClass *cpu = cpu_class_by_model(target, mc->default_cpu_model(target), NULL);

            info->default_cpu_type = cpu ? g_strdup(object_class_name(cpu)) : NULL;
        }
        list->items[list->len++] = info;
    }
    g_ptr_array_unref(classes);
    return list;
}

static bool need_target(SysEmuTarget *ret, GError **err)
{
    const char *target = current_target();

    for (int i = 0; target && i < SYS_EMU_TARGET__MAX; i++) {
        if (g_str_equal(SysEmuTarget_names[i], target)) {
            *ret = i;
            return true;
        }
    }
    return error_set(err, "no target has been chosen");
}

TargetInfo *qmp_query_target(GError **err)
{
    SysEmuTarget arch;
    TargetInfo *info;

    if (!need_target(&arch, err)) {
        return NULL;
    }
    info = g_new0(TargetInfo, 1);
    info->arch = arch;
    return info;
}

/* CPUs are numbered thread by thread, core by core, socket by socket. */
static CpuInstanceProperties *place_of(unsigned index)
{
    const MachineState *m = machine_current();
    unsigned threads = MAX(m->smp_threads, 1), cores = MAX(m->smp_cores, 1);
    CpuInstanceProperties *p = g_new0(CpuInstanceProperties, 1);

    p->has_thread_id = p->has_core_id = p->has_socket_id = true;
    p->thread_id = index % threads;
    p->core_id = index / threads % cores;
    p->socket_id = index / threads / cores;
    return p;
}

CpuInfoFastList *qmp_query_cpus_fast(GError **err)
{
    CpuInfoFastList *list = g_new0(CpuInfoFastList, 1);
    SysEmuTarget arch = 0;

    if (cpu_count() && !need_target(&arch, err)) {
        g_free(list);
        return NULL;
    }
    list->items = g_new0(CpuInfoFast *, cpu_count());
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);
        CpuInfoFast *info = g_new0(CpuInfoFast, 1);

        info->cpu_index = i;
        info->qom_path = object_path(cpu);
        info->thread_id = cpu->thread_id;
        info->qom_type = g_strdup(object_class_name(cpu->parent.parent.klass));
        info->target = arch;
        info->props = place_of(i);
        list->items[list->len++] = info;
    }
    return list;
}

HotpluggableCPUList *qmp_query_hotpluggable_cpus(GError **err)
{
    HotpluggableCPUList *list = g_new0(HotpluggableCPUList, 1);

    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);
        HotpluggableCPU *info = g_new0(HotpluggableCPU, 1);

        info->type = g_strdup(object_class_name(cpu->parent.parent.klass));
        info->vcpus_count = 1;
        info->props = place_of(i);
        info->qom_path = object_path(cpu);
        QAPI_LIST_APPEND(list, info);
    }
    return list;
}

/* Features: what decides how the CPU is, not how it is shown. */
static struct json_object *cpu_features(Object *cpu)
{
    g_autoptr(GPtrArray) props = object_class_properties(cpu->klass, false);
    struct json_object *all = json_object_new_object();

    for (guint i = 0; i < props->len; i++) {
        const Property *p = props->pdata[i];
        struct json_object *value;

        if (!g_str_equal(property_type_name(p), "bool") ||
            (p->flags & (PROP_RUNTIME | PROP_READONLY))) {
            continue;
        }
        value = object_get_json(cpu, p->name, NULL);
        if (value) {
            json_object_object_add(all, p->name, value);
        }
    }
    return all;
}

CpuModelExpansionInfo *qmp_query_cpu_model_expansion(CpuModelExpansionType type,
                                                     CpuModelInfo *model, GError **err)
{
    CpuModelExpansionInfo *info = NULL;
    ObjectClass *klass;
    SysEmuTarget arch;
    Object *cpu;

    if (!need_target(&arch, err)) {
        return NULL;
    }
    klass = cpu_class_by_model(current_target(), model->name, err);
    if (!klass) {
        return NULL;
    }
    if (type != CPU_MODEL_EXPANSION_TYPE_FULL) {
        error_set(err, "CPU models of target '%s' have no static expansion", current_target());
        error_set_expected(err, "type full");
        return NULL;
    }
    if (model->props && !json_object_is_type(model->props, json_type_object)) {
        error_set(err, "argument 'model.props' is no object");
        return NULL;
    }
    cpu = object_new_with_class(klass);
    if (!model->props || object_set_properties(cpu, model->props, false, NULL, err)) {
        info = g_new0(CpuModelExpansionInfo, 1);
        info->model = g_new0(CpuModelInfo, 1);
        info->model->name = g_strdup(model->name);
        info->model->props = cpu_features(cpu);
    }
    object_unref(cpu);
    return info;
}

CpuDefinitionInfoList *qmp_query_cpu_definitions(GError **err)
{
    g_auto(GStrv) names = NULL;
    CpuDefinitionInfoList *list;
    SysEmuTarget arch;

    if (!need_target(&arch, err)) {
        return NULL;
    }
    list = g_new0(CpuDefinitionInfoList, 1);
    names = cpu_model_names(current_target());
    list->items = g_new0(CpuDefinitionInfo *, names ? g_strv_length(names) : 0);
    for (char **n = names; n && *n; n++) {
        ObjectClass *klass = cpu_class_by_model(current_target(), *n, NULL);
        CpuDefinitionInfo *info = g_new0(CpuDefinitionInfo, 1);

        info->name = g_strdup(*n);
        info->typename = g_strdup(klass ? object_class_name(klass) : "");
        list->items[list->len++] = info;
    }
    return list;
}

bool qmp_set_numa_node(NumaOptions *o, GError **err)
{
    return machine_current() ? machine_numa_add(machine_current(), o, err)
                             : error_set(err, "there is no machine yet");
}

HumanReadableText *qmp_x_query_numa(GError **err)
{
    GString *out = g_string_new(NULL);

    machine_numa_info(machine_current(), out);
    return human_readable_text(out);
}

MemoryInfo *qmp_query_memory_size_summary(GError **err)
{
    MemoryInfo *info = g_new0(MemoryInfo, 1);

    info->base_memory = machine_current() ? machine_current()->ram_size : 0;
    return info;
}

HumanReadableText *qmp_x_query_check(GError **err)
{
    AccelState *accel = accel_current();
    GString *text;

    if (!accel || !accel_class(accel)->check_info) {
        error_set(err, "the machine does not run under the self-check (-accel check)");
        return NULL;
    }
    text = g_string_new(NULL);
    accel_class(accel)->check_info(accel, text);
    return human_readable_text(text);
}

HumanReadableText *qmp_x_query_jit(GError **err)
{
    AccelState *accel = accel_current();
    GString *text;

    if (!accel || !accel_class(accel)->info) {
        error_set(err, "the machine does not run under TCG");
        return NULL;
    }
    text = g_string_new(NULL);
    accel_class(accel)->info(accel, text);
    return human_readable_text(text);
}

static AccelState *profiled_accel(GError **err)
{
    AccelState *accel = accel_current();

    if (!accel || !accel_class(accel)->profile) {
        error_set(err, "the machine does not run under TCG");
        return NULL;
    }
    return accel;
}

ProfileInfo *qmp_query_profile(bool has_limit, uint32_t limit, GError **err)
{
    AccelState *accel = profiled_accel(err);

    return accel ? accel_class(accel)->profile(accel, has_limit ? limit : 20, err) : NULL;
}

bool qmp_profile_reset(GError **err)
{
    AccelState *accel = profiled_accel(err);

    return accel && accel_class(accel)->profile_reset(accel, err);
}
