/*
 * CPU models by name; what every target's CPUs share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/cpu.h"

static const char *model_name(const ObjectClass *klass, const char *target)
{
    const CpuModelName *m = ((const CpuClass *)klass)->models;

    for (; m && m->target; m++) {
        if (strcmp(m->target, target) == 0) {
            return m->model;
        }
    }
    return NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **cpu_model_names(const char *target)
{
    g_autoptr(GPtrArray) classes = object_class_list(TYPE_CPU, false);
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < classes->len; i++) {
        const char *name = model_name(g_ptr_array_index(classes, i), target);

        if (name) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

ObjectClass *cpu_class_by_model(const char *target, const char *model, GError **err)
{
    g_autoptr(GPtrArray) classes = object_class_list(TYPE_CPU, false);
    g_auto(GStrv) names = NULL;

    for (guint i = 0; i < classes->len; i++) {
        ObjectClass *klass = g_ptr_array_index(classes, i);
        const char *name = model_name(klass, target);

        if (name && strcmp(name, model) == 0) {
            return klass;
        }
    }
    names = cpu_model_names(target);
    error_set_unknown(err, "CPU model", model, (const char *const *)names);
    return NULL;
}

static unsigned print_insn(const void *opaque, uint64_t pc, const uint8_t *code, unsigned avail,
                           GString *out)
{
    CpuState *cpu = (CpuState *)opaque;

    return cpu->ops->disas(cpu, pc, code, avail, out);
}

Disas cpu_disas(const CpuState *cpu)
{
    return cpu->ops->disas ? (Disas){ .insn = print_insn, .opaque = cpu,
                                      .words = cpu->ops->disas_words }
                           : disas_data;
}
