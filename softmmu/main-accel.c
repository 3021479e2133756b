/*
 * Choosing and starting the accelerator (softmmu/main-config.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-config.h"
#include "accel/accel.h"
#include "qapi/json.h"

/* Accelerators that clients name, with another behind them for where they are absent. */
static const char *const elsewhere[] = { "kvm", "xen", "hvf", "nvmm", "whpx", "mshv", NULL };

static ObjectClass *find_class(const char *name)
{
    g_autofree char *type = g_strdup_printf("%s-%s", name, TYPE_ACCEL);
    ObjectClass *klass = object_class_by_name(type);

    return klass && object_class_is_a(klass, TYPE_ACCEL) && !klass->type->abstract ? klass
                                                                                   : NULL;
}

static bool unknown_accel(const char *name, GError **err)
{
    g_auto(GStrv) names = object_class_names(TYPE_ACCEL);

    for (char **n = names; n && *n; n++) {
        char *suffix = g_strrstr(*n, "-" TYPE_ACCEL);

        if (suffix) {
            *suffix = '\0';
        }
    }
    return error_set_unknown(err, "accelerator", name, (const char *const *)names);
}

/* One that runs already is as good if nothing is asked of it. */
static bool use_running(const char *name, struct json_object *props, GError **err)
{
    const char *running = accel_class(accel_current())->name;

    if (strcmp(running, name)) {
        return error_set(err, "accelerator '%s': '%s' is in use already", name, running);
    }
    if (json_object_object_length(props) > 1) {
        return error_set(err, "accelerator '%s' is in use already: its properties are final",
                         name);
    }
    return true;
}

static bool start_one(const char *name, struct json_object *props, bool keyval, GError **err)
{
    static const char *const skip[] = { "accel", NULL };
    ObjectClass *klass = find_class(name);
    Object *obj;
    bool ok;

    if (!klass) {
        return unknown_accel(name, err);
    }
    if (accel_current()) {
        return use_running(name, props, err);
    }
    obj = object_new_with_class(klass);
    ok = object_set_properties(obj, props, keyval, skip, err)
             ? accel_start((AccelState *)obj, err)
             : error_prefix(err, "-accel %s", name);
    object_unref(obj);
    return ok;
}

typedef struct AccelChoice {
    char *name;
    struct json_object *props; /* borrowed */
} AccelChoice;

static void free_choice(void *p)
{
    AccelChoice *c = p;

    g_free(c->name);
    g_free(c);
}

/* All names in their order, whichever way they were given. */
static GPtrArray *choices(struct json_object *const *list, size_t n, GError **err)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_choice);

    for (size_t i = 0; i < n; i++) {
        struct json_object *value = NULL;
        g_auto(GStrv) names = NULL;

        if (!json_object_is_type(list[i], json_type_object) ||
            !json_object_object_get_ex(list[i], "accel", &value) ||
            !json_object_is_type(value, json_type_string)) {
            error_set(err, "-accel names no accelerator");
            return NULL;
        }
        names = g_strsplit(json_object_get_string(value), ":", -1);
        for (char **name = names; *name; name++) {
            AccelChoice *c = g_new0(AccelChoice, 1);

            c->name = g_strdup(*name);
            c->props = list[i];
            g_ptr_array_add(all, c);
        }
    }
    return g_steal_pointer(&all);
}

bool main_start_accel(struct json_object *const *list, size_t n, bool keyval, GError **err)
{
    g_autoptr(json_object) none = json_object_new_object();
    g_autoptr(GPtrArray) all = choices(list, n, err);

    if (!all) {
        return false;
    }
    if (all->len == 0) {
        return accel_current() || start_one("tcg", none, false, err);
    }
    for (guint i = 0; i < all->len; i++) {
        const AccelChoice *c = all->pdata[i];
        bool last = i + 1 == all->len;

        /* A name of no accelerator at all is a mistake, wherever it stands. */
        if (!find_class(c->name) && (last || !g_strv_contains(elsewhere, c->name))) {
            return unknown_accel(c->name, err);
        }
        if (start_one(c->name, c->props, keyval, last ? err : NULL)) {
            return true;
        }
    }
    return false;
}
