/*
 * QOM seen from outside: lists of objects, types and properties as JSON (qom/object.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/qom-internal.h"

const char *property_type_name(const Property *prop)
{
    static const char *const names[] = {
        [PROP_KIND_BOOL] = "bool",     [PROP_KIND_UINT8] = "uint8",
        [PROP_KIND_UINT16] = "uint16", [PROP_KIND_UINT32] = "uint32",
        [PROP_KIND_UINT64] = "uint64", [PROP_KIND_INT32] = "int32",
        [PROP_KIND_INT64] = "int64",   [PROP_KIND_SIZE] = "size",
        [PROP_KIND_STR] = "str",       [PROP_KIND_BIT] = "bool",
    };
    g_autofree char *name = NULL;

    switch (prop->kind) {
    case PROP_KIND_LINK:
        name = g_strdup_printf("link<%s>", prop->type ? prop->type : TYPE_OBJECT);
        return g_intern_string(name);
    case PROP_KIND_CUSTOM:
        return prop->type ? prop->type : "any";
    case PROP_KIND_ENUM:
        name = g_strjoinv("|", (char **)prop->names);
        return g_intern_string(name);
    default:
        return names[prop->kind];
    }
}

struct json_object *property_default_json(const Property *prop)
{
    if (prop->flags & (PROP_NO_DEFAULT | PROP_READONLY)) {
        return NULL;
    }
    switch (prop->kind) {
    case PROP_KIND_BOOL:
    case PROP_KIND_BIT:
        return json_object_new_boolean(prop->def != 0);
    case PROP_KIND_STR:
        return prop->def_str ? json_object_new_string(prop->def_str) : NULL;
    case PROP_KIND_ENUM:
        return json_object_new_string(prop->def_str ? prop->def_str
                                                    : prop->names[prop->def]);
    case PROP_KIND_INT32:
    case PROP_KIND_INT64:
        return json_object_new_int64(prop->def);
    case PROP_KIND_LINK:
    case PROP_KIND_CUSTOM:
        return NULL;
    default:
        return json_object_new_uint64(prop->def);
    }
}

static void add_str(struct json_object *obj, const char *key, const char *value)
{
    if (value) {
        json_object_object_add(obj, key, json_object_new_string(value));
    }
}

static struct json_object *property_json(const Property *prop, bool full)
{
    struct json_object *item = json_object_new_object();

    add_str(item, "name", prop->name);
    add_str(item, "type", property_type_name(prop));
    if (full) {
        struct json_object *def = property_default_json(prop);

        add_str(item, "description", prop->desc);
        if (def) {
            json_object_object_add(item, "default-value", def);
        }
    }
    return item;
}

static struct json_object *class_properties(const ObjectClass *klass, bool full)
{
    g_autoptr(GPtrArray) props = object_class_properties(klass, false);
    struct json_object *list = json_object_new_array();

    for (guint i = 0; i < props->len; i++) {
        json_object_array_add(list, property_json(props->pdata[i], full));
    }
    return list;
}

struct json_object *object_class_properties_json(const ObjectClass *klass)
{
    return class_properties(klass, true);
}

struct json_object *object_list_json(void *ptr)
{
    Object *obj = ptr;
    struct json_object *list = class_properties(obj->klass, false);

    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        Object *child = obj->child_order->pdata[i];
        struct json_object *item = json_object_new_object();
        g_autofree char *type =
            g_strdup_printf("child<%s>", object_class_name(child->klass));

        add_str(item, "name", child->name);
        add_str(item, "type", type);
        json_object_array_add(list, item);
    }
    return list;
}

struct json_object *object_types_json(const char *implements, bool include_abstract)
{
    g_autoptr(GPtrArray) types =
        type_list(implements ? implements : TYPE_OBJECT, include_abstract);
    struct json_object *list = json_object_new_array();

    for (guint i = 0; i < types->len; i++) {
        const TypeInfo *info = &((TypeImpl *)types->pdata[i])->info;
        struct json_object *item = json_object_new_object();

        add_str(item, "name", info->name);
        if (info->abstract) {
            json_object_object_add(item, "abstract", json_object_new_boolean(true));
        }
        if (strcmp(info->name, TYPE_OBJECT)) {
            add_str(item, "parent", info->parent ? info->parent : TYPE_OBJECT);
        }
        add_str(item, "description", info->desc);
        json_object_array_add(list, item);
    }
    return list;
}
