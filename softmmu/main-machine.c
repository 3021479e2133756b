/*
 * From the command line to the machine object and the accelerator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "accel/accel.h"
#include "qapi/json.h"
#include "qapi/keyval.h"

static const GuestTarget targets[] = {
    { "riscv64", "riscv" },
    { "riscv32", "riscv" },
};

const char *const *target_names(void)
{
    static const char *names[ARRAY_SIZE(targets) + 1];

    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        names[i] = targets[i].name;
    }
    return names;
}

const GuestTarget *target_find(const char *name, GError **err)
{
    g_autofree char *list = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        if (g_str_equal(targets[i].name, name)) {
            return &targets[i];
        }
    }
    list = g_strjoinv(", ", (char **)target_names());
    error_set_unknown(err, "target", name, target_names());
    error_set_expected(err, "one of %s", list);
    return NULL;
}

static const char *member(const QapiProps *props, const char *name)
{
    struct json_object *v;

    return props && json_object_object_get_ex(props->value, name, &v)
               ? json_object_get_string(v) : NULL;
}

static bool set_topology(MachineState *m, const SMPConfiguration *smp, GError **err)
{
    if (!smp) {
        return true;
    }
    if ((smp->has_cpus && smp->cpus == 0) || (smp->has_maxcpus && smp->maxcpus == 0) ||
        (smp->has_sockets && smp->sockets == 0) || (smp->has_cores && smp->cores == 0) ||
        (smp->has_threads && smp->threads == 0)) {
        error_set(err, "-smp: a count of 0 is no machine");
        error_set_expected(err, "at least 1");
        return false;
    }
    return machine_set_topology(m, smp->has_cpus ? smp->cpus : 0,
                                smp->has_sockets ? smp->sockets : 0,
                                smp->has_cores ? smp->cores : 0,
                                smp->has_threads ? smp->threads : 0,
                                smp->has_maxcpus ? smp->maxcpus : 0, err);
}

static bool set_strings(MachineState *m, const QapiOptions *o, GError **err)
{
    const struct { const char *prop, *value; } strings[] = {
        { "kernel", o->kernel }, { "initrd", o->initrd }, { "append", o->append },
        { "dtb", o->dtb },       { "firmware", o->bios },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(strings); i++) {
        if (strings[i].value && !object_set_str(m, strings[i].prop, strings[i].value, err)) {
            return false;
        }
    }
    if (o->cpu) {
        m->cpu_model = keyval_to_text(o->cpu->value, "model");
    }
    return true;
}

MachineState *main_create_machine(const QapiOptions *o, const GuestTarget *target,
                                  GError **err)
{
    static const char *const skip[] = { "type", NULL };
    const char *type = member(o->machine, "type");
    MachineClass *mc;
    MachineState *m;

    if (!type) {
        error_set(err, "no machine is named");
        error_set_expected(err, "-machine NAME");
        error_add_hint(err, "-machine help lists the machines");
        return NULL;
    }
    mc = machine_find(type, target ? target->name : NULL, err);
    if (!mc) {
        return NULL;
    }
    if (!target && !mc->no_cpu) {
        g_autofree char *list = g_strjoinv(", ", (char **)target_names());

        error_set(err, "machine '%s' needs a target", type);
        error_set_expected(err, "-target with one of %s", list);
        return NULL;
    }
    m = machine_create(mc);
    m->target = g_strdup(target ? target->name : NULL);
    if (o->machine &&
        !object_set_properties(m, o->machine->value, o->machine->keyval, skip, err)) {
        error_prefix(err, "-machine %s", type);
        return NULL;
    }
    if (o->m && o->m->has_size) {
        m->ram_size = o->m->size;
        m->ram_size_given = true;
        if (m->ram_size == 0) {
            error_set(err, "-m 0: a machine without memory cannot run");
            error_set_expected(err, "a size such as 512M or 2G");
            return NULL;
        }
    }
    if (!set_topology(m, o->smp, err) || !set_strings(m, o, err)) {
        return NULL;
    }
    return m;
}

/* Options of their own that stand for properties of the accelerator. */
static bool set_accel_flags(const QapiOptions *o, Object *obj, GError **err)
{
    return (!o->perfmap || object_set_bool(obj, "perfmap", true, err) ||
            error_prefix(err, "-perfmap")) &&
           (!o->jitdump || object_set_bool(obj, "jitdump", true, err) ||
            error_prefix(err, "-jitdump"));
}

static bool start_one(const QapiOptions *o, const char *name, const QapiProps *props,
                      GError **err)
{
    static const char *const skip[] = { "accel", NULL };
    g_autofree char *type = g_strdup_printf("%s-%s", name, TYPE_ACCEL);
    ObjectClass *klass = object_class_by_name(type);
    Object *obj;

    if (!klass || !object_class_is_a(klass, TYPE_ACCEL)) {
        g_auto(GStrv) names = object_class_names(TYPE_ACCEL);

        for (char **n = names; n && *n; n++) {
            char *suffix = g_strrstr(*n, "-" TYPE_ACCEL);

            if (suffix) {
                *suffix = '\0';
            }
        }
        return error_set_unknown(err, "accelerator", name, (const char *const *)names);
    }
    obj = object_new(type);
    if (props && !object_set_properties(obj, props->value, props->keyval, skip, err)) {
        object_unref(obj);
        return error_prefix(err, "-accel %s", name);
    }
    if (!set_accel_flags(o, obj, err)) {
        object_unref(obj);
        return false;
    }
    return accel_start((AccelState *)obj, err);
}

bool main_start_accel(const QapiOptions *o, GError **err)
{
    size_t n = o->accel ? o->accel->len : 0;

    if (machine_current() && machine_class(machine_current())->no_cpu && n == 0) {
        return true;
    }
    if (n == 0) {
        return start_one(o, "tcg", NULL, err);
    }
    /* Several: the first that works. */
    for (size_t i = 0; i < n; i++) {
        const char *name = member(o->accel->items[i], "accel");
        g_autoptr(GError) fault = NULL;

        if (!name) {
            return error_set(err, "-accel names no accelerator");
        }
        if (start_one(o, name, o->accel->items[i], &fault)) {
            return true;
        }
        if (i + 1 == n) {
            g_propagate_error(err, g_steal_pointer(&fault));
        } else {
            error_report(fault);
        }
    }
    return false;
}
