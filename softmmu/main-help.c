/*
 * "help" as the value of an option.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "accel/accel.h"
#include "chardev/char.h"
#include "util/log.h"
#include "util/tracing.h"

enum { NAME_COLUMN = 20, OPTION_COLUMN = 25 };

static const char *string_member(struct json_object *o, const char *name)
{
    struct json_object *v;

    return o && json_object_object_get_ex(o, name, &v) ? json_object_get_string(v) : NULL;
}

static void print_properties(const ObjectClass *klass)
{
    GPtrArray *props = object_class_properties(klass, false);

    for (unsigned i = 0; i < props->len; i++) {
        const Property *p = g_ptr_array_index(props, i);
        int n = printf("  %s=<%s>", p->name, property_type_name(p));

        printf("%*s - %s", MAX(OPTION_COLUMN - n, 0), "", p->desc);
        switch (p->kind) {
        case PROP_KIND_BOOL:
            printf(" (default: %s)", p->def ? "on" : "off");
            break;
        case PROP_KIND_UINT8: case PROP_KIND_UINT16: case PROP_KIND_UINT32:
        case PROP_KIND_UINT64: case PROP_KIND_SIZE:
            if (!(p->flags & PROP_NO_DEFAULT)) {
                printf(" (default: %" PRIu64 ")", p->def);
            }
            break;
        case PROP_KIND_STR: case PROP_KIND_ENUM:
            if (p->def_str) {
                printf(" (default: %s)", p->def_str);
            }
            break;
        default:
            break;
        }
        putchar('\n');
    }
    g_ptr_array_unref(props);
}

static bool machine_fits(const MachineClass *mc, const GuestTarget *target)
{
    return !target || !mc->targets || g_strv_contains(mc->targets, target->name);
}

static bool help_machine(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    const char *type = string_member(o->head.help_props, "type");
    GPtrArray *classes;

    if (type) {
        MachineClass *mc = machine_find(type, target ? target->name : NULL, err);

        if (mc) {
            printf("%s-machine options:\n", mc->name);
            print_properties(&mc->parent);
        }
        return mc != NULL;
    }
    classes = object_class_list(TYPE_MACHINE, false);
    printf("Supported machines are:\n");
    for (unsigned i = 0; i < classes->len; i++) {
        const MachineClass *mc = g_ptr_array_index(classes, i);

        if (machine_fits(mc, target)) {
            printf("%-*s %s%s\n", NAME_COLUMN, mc->name, mc->parent.type->desc,
                   mc->is_default ? " (default)" : "");
        }
    }
    g_ptr_array_unref(classes);
    return true;
}

static bool help_cpu(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    const char *model = string_member(o->head.help_props, "model");
    g_auto(GStrv) names = NULL;

    if (!target) {
        g_autofree char *list = g_strjoinv(", ", (char **)target_names());

        error_set(err, "-cpu help needs a target");
        error_set_expected(err, "-target with one of %s", list);
        return false;
    }
    if (model) {
        ObjectClass *klass = cpu_class_by_model(target->name, model, err);

        if (klass) {
            printf("%s options:\n", model);
            print_properties(klass);
        }
        return klass != NULL;
    }
    printf("Available CPUs:\n");
    names = cpu_model_names(target->name);
    for (char **n = names; n && *n; n++) {
        printf("  %s\n", *n);
    }
    return true;
}

static bool help_device(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    const char *driver = string_member(o->head.help_props, "driver");
    GString *out = g_string_new(NULL);
    bool ok = true;

    if (driver) {
        ok = device_type_help(driver, out, err);
    } else {
        device_help(out);
    }
    fputs(out->str, stdout);
    g_string_free(out, TRUE);
    return ok;
}

/* Types below @base, named without @prefix and @suffix. */
static void list_types(const char *title, const char *base, const char *prefix,
                       const char *suffix)
{
    GPtrArray *classes = object_class_list(base, false);

    printf("%s\n", title);
    for (unsigned i = 0; i < classes->len; i++) {
        const ObjectClass *klass = g_ptr_array_index(classes, i);
        g_autofree char *name = g_strdup(klass->type->name + strlen(prefix));
        char *end = *suffix ? g_strrstr(name, suffix) : NULL;

        if (end) {
            *end = '\0';
        }
        if (klass->type->desc) {
            printf("%-*s %s\n", NAME_COLUMN, name, klass->type->desc);
        }
    }
    g_ptr_array_unref(classes);
}

static bool help_accel(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    const char *name = string_member(o->head.help_props, "accel");

    if (name) {
        g_autofree char *type = g_strdup_printf("%s-accel", name);
        ObjectClass *klass = object_class_by_name(type);

        if (!klass) {
            return error_set(err, "unknown accelerator '%s'", name);
        }
        printf("%s options:\n", name);
        print_properties(klass);
        return true;
    }
    list_types("Accelerators supported by this program:", TYPE_ACCEL, "", "-accel");
    return true;
}

static bool help_target(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    printf("Targets:\n");
    for (const char *const *n = target_names(); *n; n++) {
        printf("  %s\n", *n);
    }
    return true;
}

static bool help_chardev(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    list_types("Available character device backends:", TYPE_CHARDEV, "chardev-", "");
    return true;
}

static bool help_netdev(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    printf("Available network backends:\n");
    for (unsigned i = 0; i < NET_CLIENT_DRIVER__MAX; i++) {
        printf("%s\n", NetClientDriver_names[i]);
    }
    return true;
}

static bool help_object(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    GPtrArray *classes = object_class_list(TYPE_OBJECT, false);

    printf("Objects that users may make:\n");
    for (unsigned i = 0; i < classes->len; i++) {
        const ObjectClass *klass = g_ptr_array_index(classes, i);

        if (klass->type->user_creatable) {
            printf("  %-*s %s\n", NAME_COLUMN, klass->type->name, klass->type->desc);
        }
    }
    g_ptr_array_unref(classes);
    return true;
}

static bool help_d(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    GString *out = g_string_new(NULL);

    log_items_help(out);
    fputs(out->str, stdout);
    g_string_free(out, TRUE);
    return true;
}

static bool help_trace(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    GString *out = g_string_new(NULL);

    trace_help(out);
    fputs(out->str, stdout);
    g_string_free(out, TRUE);
    return true;
}

bool main_print_help_for(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    static const struct {
        const char *option;
        bool (*print)(const QapiOptions *o, const GuestTarget *target, GError **err);
    } topics[] = {
        { "machine", help_machine }, { "cpu", help_cpu },       { "device", help_device },
        { "accel", help_accel },     { "target", help_target }, { "chardev", help_chardev },
        { "netdev", help_netdev }, { "object", help_object },   { "d", help_d },             { "trace", help_trace },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(topics); i++) {
        if (g_str_equal(topics[i].option, o->head.help_option->name)) {
            return topics[i].print(o, target, err);
        }
    }
    return error_set(err, "-%s has no help of its own", o->head.help_option->name);
}
