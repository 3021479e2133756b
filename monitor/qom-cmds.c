/*
 * QMP commands on objects and devices (qapi/qom.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/device.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-commands-qom.h"
#include "qapi/qapi-events-qom.h"
#include "qom/object.h"
#include "softmmu/main-config.h"

/* QOM's introspection speaks JSON; the schema's types are read back from it. */
static ObjectPropertyInfoList *property_list(struct json_object *array, GError **err)
{
    g_autoptr(json_object) value = array;
    g_autoptr(Visitor) v = visitor_new_json_input(value);
    ObjectPropertyInfoList *list = NULL;

    visit_type_ObjectPropertyInfoList(v, NULL, &list, err);
    return list;
}

static Object *resolve(const char *path, GError **err)
{
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, NULL, &ambiguous);

    if (!obj) {
        error_set_class(err, ERROR_DEVICE_NOT_FOUND,
                        ambiguous ? "path '%s' is ambiguous" : "object '%s' not found", path);
        if (!ambiguous) {
            object_set_nearest_path(err, path);
        }
    }
    return obj;
}

ObjectPropertyInfoList *qmp_qom_list(const char *path, GError **err)
{
    Object *obj = resolve(path, err);

    return obj ? property_list(object_list_json(obj), err) : NULL;
}

struct json_object *qmp_qom_get(const char *path, const char *property, GError **err)
{
    Object *obj = resolve(path, err);

    return obj ? object_get_json(obj, property, err) : NULL;
}

bool qmp_qom_set(const char *path, const char *property, struct json_object *value,
                 GError **err)
{
    Object *obj = resolve(path, err);
    /* HMP has only text: it is read as option values are. */
    g_autoptr(Visitor) v = json_object_is_type(value, json_type_string)
                               ? visitor_new_keyval_input(value)
                               : visitor_new_json_input(value);

    return obj && object_property_set(obj, property, v, true, err);
}

ObjectTypeInfoList *qmp_qom_list_types(const char *implements, bool has_abstract,
                                       bool abstract, GError **err)
{
    g_autoptr(json_object) array = object_types_json(implements, has_abstract && abstract);
    g_autoptr(Visitor) v = visitor_new_json_input(array);
    ObjectTypeInfoList *list = NULL;

    visit_type_ObjectTypeInfoList(v, NULL, &list, err);
    return list;
}

static ObjectClass *class_of(const char *name, const char *base, GError **err)
{
    ObjectClass *klass = object_class_by_name(name);

    if (!klass) {
        g_auto(GStrv) names = object_class_names(base);

        error_set_class(err, ERROR_DEVICE_NOT_FOUND, "unknown type '%s'", name);
        error_set_culprit(err, "type", name);
        error_set_nearest(err, name, (const char *const *)names);
        return NULL;
    }
    if (!object_class_is_a(klass, base)) {
        error_set(err, "type '%s' is no %s", name, base);
        return NULL;
    }
    return klass;
}

ObjectPropertyInfoList *qmp_qom_list_properties(const char *typename, GError **err)
{
    ObjectClass *klass = object_class_by_name(typename);

    /* Clients ask for types of other builds; some do not survive an error. */
    return klass ? property_list(object_class_properties_json(klass), err)
                 : g_new0(ObjectPropertyInfoList, 1);
}

ObjectPropertyInfoList *qmp_device_list_properties(const char *typename, GError **err)
{
    ObjectClass *klass = class_of(typename, TYPE_DEVICE, err);

    return klass ? property_list(object_class_properties_json(klass), err) : NULL;
}

struct json_object *qmp_object_add(struct json_object *args, GError **err)
{
    return object_add_user(args, false, err) ? json_object_new_object() : NULL;
}

bool qmp_x_hmp_object_add(const char *options, GError **err)
{
    bool keyval;
    g_autoptr(json_object) args = keyval_or_json(options, "qom-type", &keyval, err);

    return args && object_add_user(args, keyval, err);
}

bool qmp_object_del(const char *id, GError **err)
{
    return object_del_user(id, err);
}

static void send_deleted(const char *id, const char *path)
{
    qapi_event_send_device_deleted(id, path);
}

static bool add_device(struct json_object *args, bool keyval, GError **err)
{
    device_deleted_hook = send_deleted;
    return main_config_add_device(args, keyval, err) != NULL;
}

struct json_object *qmp_device_add(struct json_object *args, GError **err)
{
    return add_device(args, false, err) ? json_object_new_object() : NULL;
}

bool qmp_x_hmp_device_add(const char *options, GError **err)
{
    bool keyval;
    g_autoptr(json_object) args = keyval_or_json(options, "driver", &keyval, err);

    return args && add_device(args, keyval, err);
}

bool qmp_device_del(const char *id, GError **err)
{
    device_deleted_hook = send_deleted;
    return device_del(id, err);
}
