/*
 * Objects that users make: -object, object-add, object-del (qom/object.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/object.h"

static bool string_member(struct json_object *opts, const char *name, const char *expected,
                          const char **ret, GError **err)
{
    struct json_object *v;

    if (!json_object_object_get_ex(opts, name, &v)) {
        error_set(err, "Parameter '%s' is missing", name);
        error_set_expected(err, "%s", expected);
    } else if (!json_object_is_type(v, json_type_string)) {
        error_set(err, "Invalid parameter type for '%s', expected: string", name);
    } else {
        *ret = json_object_get_string(v);
        return true;
    }
    error_set_culprit(err, "parameter", name);
    return false;
}

static char **creatable_names(void)
{
    GPtrArray *classes = object_class_list(TYPE_OBJECT, false);
    GPtrArray *names = g_ptr_array_new();

    for (unsigned i = 0; i < classes->len; i++) {
        const ObjectClass *klass = g_ptr_array_index(classes, i);

        if (klass->type->user_creatable) {
            g_ptr_array_add(names, g_strdup(object_class_name(klass)));
        }
    }
    g_ptr_array_unref(classes);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static const TypeInfo *find_type(const char *name, GError **err)
{
    const ObjectClass *klass = object_class_by_name(name);
    g_auto(GStrv) names = NULL;

    if (klass && klass->type->user_creatable && !klass->type->abstract) {
        return klass->type;
    }
    names = creatable_names();
    error_set_unknown(err, "object type", name, (const char *const *)names);
    return NULL;
}

Object *object_add_user(struct json_object *opts, bool keyval, GError **err)
{
    static const char *const skip[] = { "qom-type", "id", NULL };
    const char *type_name, *id;
    const TypeInfo *type;
    Object *obj;

    if (!string_member(opts, "qom-type", "a type of objects", &type_name, err)) {
        return NULL;
    }
    type = find_type(type_name, err);
    if (!type || !string_member(opts, "id", "a name for the object", &id, err)) {
        error_prefix(err, "%s", type ? type_name : "qom-type");
        return NULL;
    }
    obj = object_new(type_name);
    if (!object_add_child(object_container("/objects"), id, obj, NULL)) {
        error_set(err, "there is an object '%s' already", id);
        error_set_culprit(err, "id", id);
        object_unref(obj);
        return NULL;
    }
    if (!object_init_ok(obj, err) || !object_set_properties(obj, opts, keyval, skip, err) ||
        (type->complete && !type->complete(obj, err))) {
        error_prefix(err, "object '%s'", id);
        object_unparent(obj);
        return NULL;
    }
    obj->frozen = true;
    return obj;
}

bool object_del_user(const char *id, GError **err)
{
    Object *all = object_container("/objects");
    Object *obj = all->children ? g_hash_table_lookup(all->children, id) : NULL;

    if (!obj) {
        error_set(err, "object '%s' not found", id);
        error_set_culprit(err, "id", id);
        object_set_nearest_child(err, id, all);
        return false;
    }
    if (obj->klass->type->can_be_deleted && !obj->klass->type->can_be_deleted(obj)) {
        return error_set(err, "object '%s' is in use", id);
    }
    object_unparent(obj);
    return true;
}
