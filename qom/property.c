/*
 * QOM properties: fields of objects, set and read through visitors (qom/object.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/qom-internal.h"

typedef struct GlobalProp {
    char *type, *prop, *value;
} GlobalProp;

static GArray *globals; /* of GlobalProp, in the order of the command line */

/* ---- Classes ---- */

void object_class_add_properties(ObjectClass *klass, const Property *props)
{
    for (const Property *p = props; p->kind != PROP_KIND_END; p++) {
        g_hash_table_insert(klass->properties, (void *)p->name, (void *)p);
    }
}

const Property *object_class_find_property(const ObjectClass *klass, const char *name)
{
    return g_hash_table_lookup(klass->properties, name);
}

static int compare_props(const void *a, const void *b)
{
    return strcmp((*(const Property *const *)a)->name, (*(const Property *const *)b)->name);
}

GPtrArray *object_class_properties(const ObjectClass *klass, bool internal)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, klass->properties);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        if (internal || !(((const Property *)value)->flags & PROP_INTERNAL)) {
            g_ptr_array_add(list, value);
        }
    }
    g_ptr_array_sort(list, compare_props);
    return list;
}

/* ---- Fields ---- */

static bool is_uint(PropKind kind)
{
    return kind == PROP_KIND_UINT8 || kind == PROP_KIND_UINT16 || kind == PROP_KIND_UINT32 ||
           kind == PROP_KIND_UINT64 || kind == PROP_KIND_SIZE;
}

static bool is_int(PropKind kind)
{
    return kind == PROP_KIND_INT32 || kind == PROP_KIND_INT64;
}

static uint64_t field_load(Object *obj, const Property *prop)
{
    void *f = prop_field(obj, prop);

    switch (prop->kind) {
    case PROP_KIND_UINT8: return *(uint8_t *)f;
    case PROP_KIND_UINT16: return *(uint16_t *)f;
    case PROP_KIND_UINT32: return *(uint32_t *)f;
    case PROP_KIND_INT32: return (int64_t)*(int32_t *)f;
    case PROP_KIND_BOOL: return *(bool *)f;
    case PROP_KIND_ENUM: return *(int *)f;
    case PROP_KIND_BIT: return (*(uint64_t *)f >> prop->bit) & 1;
    default: return *(uint64_t *)f;
    }
}

static void field_store(Object *obj, const Property *prop, uint64_t value)
{
    void *f = prop_field(obj, prop);

    switch (prop->kind) {
    case PROP_KIND_UINT8: *(uint8_t *)f = value; break;
    case PROP_KIND_UINT16: *(uint16_t *)f = value; break;
    case PROP_KIND_UINT32: *(uint32_t *)f = value; break;
    case PROP_KIND_INT32: *(int32_t *)f = value; break;
    case PROP_KIND_BOOL: *(bool *)f = value; break;
    case PROP_KIND_ENUM: *(int *)f = value; break;
    case PROP_KIND_BIT:
        *(uint64_t *)f &= ~(UINT64_C(1) << prop->bit);
        *(uint64_t *)f |= (value & 1) << prop->bit;
        break;
    default: *(uint64_t *)f = value; break;
    }
}

static int enum_index(const char *const *names, const char *name)
{
    for (int i = 0; names && names[i]; i++) {
        if (!strcmp(names[i], name)) {
            return i;
        }
    }
    return -1;
}

void properties_init(Object *obj)
{
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, obj->klass->properties);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const Property *p = value;

        if (p->flags & PROP_NO_DEFAULT) {
            continue;
        }
        switch (p->kind) {
        case PROP_KIND_STR:
            if (p->def_str) {
                *(char **)prop_field(obj, p) = g_strdup(p->def_str);
            }
            break;
        case PROP_KIND_ENUM:
            field_store(obj, p, p->def_str ? enum_index(p->names, p->def_str) : p->def);
            break;
        case PROP_KIND_LINK:
        case PROP_KIND_CUSTOM:
            break;
        default:
            if (!p->set || p->def) {
                field_store(obj, p, p->def);
            }
            break;
        }
    }
}

void properties_release(Object *obj)
{
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, obj->klass->properties);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const Property *p = value;

        if (p->release) {
            p->release(obj, p);
        } else if (p->kind == PROP_KIND_STR) {
            g_clear_pointer((char **)prop_field(obj, p), g_free);
        } else if (p->kind == PROP_KIND_LINK) {
            g_clear_pointer((void **)prop_field(obj, p), object_unref);
        }
    }
}

/* ---- Setting ---- */

static bool out_of_range(Object *obj, const Property *prop, GError **err)
{
    g_autofree char *label = object_label(obj);
    g_autofree char *given = is_int(prop->kind)
                                 ? g_strdup_printf("%" PRId64,
                                                   (int64_t)field_load(obj, prop))
                                 : g_strdup_printf("%" PRIu64, field_load(obj, prop));

    error_set(err, "%s: property '%s' does not accept value %s", label, prop->name, given);
    if (is_int(prop->kind)) {
        error_set_expected(err, "%" PRId64 " to %" PRId64, (int64_t)prop->min,
                           (int64_t)prop->max);
    } else if (prop->max) {
        error_set_expected(err, "%" PRIu64 " to %" PRIu64, prop->min, prop->max);
    } else {
        error_set_expected(err, "at least %" PRIu64, prop->min);
    }
    return false;
}

static bool in_range(Object *obj, const Property *prop)
{
    uint64_t value = field_load(obj, prop);

    if (is_int(prop->kind)) {
        return (!prop->min && !prop->max) || ((int64_t)value >= (int64_t)prop->min &&
                                              (int64_t)value <= (int64_t)prop->max);
    }
    return value >= prop->min && (!prop->max || value <= prop->max);
}

static bool checked(Object *obj, const Property *prop, GError **err)
{
    if ((is_uint(prop->kind) || is_int(prop->kind)) && !in_range(obj, prop)) {
        return out_of_range(obj, prop, err);
    }
    return !prop->check || prop->check(obj, prop, err);
}

static bool visit_scalar(const Property *prop, Visitor *v, const char *name, uint64_t *value,
                         GError **err)
{
    bool b = *value;
    int e = *value;
    int32_t i32 = *value;
    int64_t i64 = *value;
    uint8_t u8 = *value;
    uint16_t u16 = *value;
    uint32_t u32 = *value;

    switch (prop->kind) {
    case PROP_KIND_BOOL:
    case PROP_KIND_BIT:
        if (!visit_type_bool(v, name, &b, err)) {
            return false;
        }
        *value = b;
        return true;
    case PROP_KIND_UINT8:
        if (!visit_type_uint8(v, name, &u8, err)) {
            return false;
        }
        *value = u8;
        return true;
    case PROP_KIND_UINT16:
        if (!visit_type_uint16(v, name, &u16, err)) {
            return false;
        }
        *value = u16;
        return true;
    case PROP_KIND_UINT32:
        if (!visit_type_uint32(v, name, &u32, err)) {
            return false;
        }
        *value = u32;
        return true;
    case PROP_KIND_INT32:
        if (!visit_type_int32(v, name, &i32, err)) {
            return false;
        }
        *value = (int64_t)i32;
        return true;
    case PROP_KIND_INT64:
        if (!visit_type_int64(v, name, &i64, err)) {
            return false;
        }
        *value = i64;
        return true;
    case PROP_KIND_SIZE:
        return visit_type_size(v, name, value, err);
    case PROP_KIND_ENUM:
        if (!visit_type_enum(v, name, &e, prop->names, err)) {
            return false;
        }
        *value = e;
        return true;
    default:
        return visit_type_uint64(v, name, value, err);
    }
}

static bool set_scalar(Object *obj, const Property *prop, Visitor *v, const char *name,
                       GError **err)
{
    uint64_t old = field_load(obj, prop), value = old;

    if (!visit_scalar(prop, v, name, &value, err)) {
        return false;
    }
    field_store(obj, prop, value);
    if (!checked(obj, prop, err)) {
        field_store(obj, prop, old);
        return false;
    }
    return true;
}

static bool set_str(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    char **field = prop_field(obj, prop);
    char *old = *field, *value = NULL;

    if (!visit_type_str(v, name, &value, err)) {
        return false;
    }
    *field = value;
    if (!checked(obj, prop, err)) {
        *field = old;
        g_free(value);
        return false;
    }
    g_free(old);
    return true;
}

static bool set_link_target(Object *obj, const Property *prop, Object *target, GError **err)
{
    Object **field = prop_field(obj, prop), *old = *field;

    if (target && prop->type && !object_is_a(target, prop->type)) {
        g_autofree char *label = object_label(obj);
        g_autofree char *given = object_label(target);

        error_set(err, "%s: property '%s' does not accept %s", label, prop->name, given);
        error_set_expected(err, "an object of type '%s'", prop->type);
        return false;
    }
    *field = object_ref(target);
    if (!checked(obj, prop, err)) {
        *field = old;
        object_unref(target);
        return false;
    }
    object_unref(old);
    return true;
}

static bool add_name(Object *child, void *opaque)
{
    const char *const *type = ((void **)opaque)[1];

    if (object_is_a(child, *type)) {
        g_ptr_array_add(((void **)opaque)[0], child->name);
    }
    return true;
}

static bool link_not_found(Object *obj, const Property *prop, const char *path,
                           bool ambiguous, GError **err)
{
    g_autofree char *label = object_label(obj);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *type = prop->type ? prop->type : TYPE_OBJECT;
    void *opaque[] = { names, &type };

    if (ambiguous) {
        error_set(err, "%s: property '%s': path '%s' is ambiguous", label, prop->name, path);
        error_set_expected(err, "an absolute path");
        return false;
    }
    if (object_resolve_path(path, NULL, NULL)) {
        error_set(err, "%s: property '%s': object '%s' has another type", label, prop->name,
                  path);
        error_set_expected(err, "an object of type '%s'", type);
        return false;
    }
    error_set_class(err, ERROR_DEVICE_NOT_FOUND, "%s: property '%s': there is no object '%s'",
                    label, prop->name, path);
    object_foreach_child(object_root(), true, add_name, opaque);
    g_ptr_array_add(names, NULL);
    error_set_nearest(err, path, (const char *const *)names->pdata);
    return false;
}

static bool set_link(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    g_autofree char *path = NULL;
    Object *target = NULL;
    bool ambiguous = false;

    if (!visit_type_str(v, name, &path, err)) {
        return false;
    }
    if (*path) {
        target = object_resolve_path(path, prop->type, &ambiguous);
        if (!target) {
            return link_not_found(obj, prop, path, ambiguous, err);
        }
    }
    return set_link_target(obj, prop, target, err);
}

static bool set_any(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    if (prop->set) {
        return prop->set(obj, prop, v, name, err);
    }
    switch (prop->kind) {
    case PROP_KIND_STR: return set_str(obj, prop, v, name, err);
    case PROP_KIND_LINK: return set_link(obj, prop, v, name, err);
    case PROP_KIND_CUSTOM: {
        g_autofree char *label = object_label(obj);

        return error_set(err, "%s: property '%s' cannot be set", label, prop->name);
    }
    default: return set_scalar(obj, prop, v, name, err);
    }
}

static const Property *find(Object *obj, const char *name, bool outside, GError **err)
{
    const Property *prop = object_class_find_property(obj->klass, name);
    g_autofree char *label = NULL;
    g_autoptr(GPtrArray) list = NULL;

    if (prop && !(outside && (prop->flags & PROP_INTERNAL))) {
        return prop;
    }
    label = object_label(obj);
    list = object_class_properties(obj->klass, false);
    for (guint i = 0; i < list->len; i++) {
        list->pdata[i] = (void *)((const Property *)list->pdata[i])->name;
    }
    g_ptr_array_add(list, NULL);
    error_set(err, "%s has no property '%s'", label, name);
    error_set_culprit(err, "property", name);
    error_set_nearest(err, name, (const char *const *)list->pdata);
    return NULL;
}

/* The visitor's own messages name the member only: say whose it is. */
static bool set_failed(Object *obj, const char *name, GError **err)
{
    if (err && *err && (g_str_has_prefix((*err)->message, "Parameter ") ||
                        g_str_has_prefix((*err)->message, "Invalid parameter"))) {
        g_autofree char *label = object_label(obj);

        error_prefix(err, "%s", label);
    }
    error_set_culprit(err, "property", name);
    return false;
}

static void note_set(Object *obj, const char *name)
{
    if (!obj->set_props) {
        obj->set_props = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_hash_table_add(obj->set_props, (void *)name);
}

bool object_property_set(void *ptr, const char *name, Visitor *v, bool outside, GError **err)
{
    Object *obj = ptr;
    const Property *prop = find(obj, name, outside, err);

    if (!prop) {
        return false;
    }
    if (outside && ((prop->flags & PROP_READONLY) ||
                    (obj->frozen && !(prop->flags & PROP_RUNTIME)))) {
        g_autofree char *label = object_label(obj);

        error_set(err, "%s: property '%s' %s", label, name,
                  prop->flags & PROP_READONLY ? "is read-only"
                                              : "cannot be changed any more");
        error_set_culprit(err, "property", name);
        return false;
    }
    if (!set_any(obj, prop, v, name, err)) {
        return set_failed(obj, name, err);
    }
    if (outside) {
        note_set(obj, prop->name);
    }
    return true;
}

bool object_property_was_set(void *obj, const char *name)
{
    return OBJECT(obj)->set_props && g_hash_table_contains(OBJECT(obj)->set_props, name);
}

/* ---- Reading ---- */

bool object_property_get(void *ptr, const char *name, Visitor *v, GError **err)
{
    Object *obj = ptr;
    const Property *prop = find(obj, name, false, err);
    uint64_t value;
    char *text;

    if (!prop) {
        return false;
    }
    if (prop->get) {
        return prop->get(obj, prop, v, name, err);
    }
    switch (prop->kind) {
    case PROP_KIND_STR:
        text = *(char **)prop_field(obj, prop);
        text = text ? text : (char *)"";
        return visit_type_str(v, name, &text, err);
    case PROP_KIND_LINK: {
        Object *target = *(Object **)prop_field(obj, prop);
        g_autofree char *path = target ? object_path(target) : g_strdup("");

        return visit_type_str(v, name, &path, err);
    }
    case PROP_KIND_CUSTOM: {
        g_autofree char *label = object_label(obj);

        error_set(err, "%s: property '%s' cannot be read", label, name);
        error_set_culprit(err, "property", name);
        return false;
    }
    default:
        value = field_load(obj, prop);
        return visit_scalar(prop, v, name, &value, err);
    }
}

/* ---- Shorthands ---- */

bool object_set_json(void *obj, const char *name, struct json_object *value, GError **err)
{
    g_autoptr(Visitor) v = visitor_new_json_input(value);

    return object_property_set(obj, name, v, false, err);
}

static bool set_json_take(void *obj, const char *name, struct json_object *value,
                          GError **err)
{
    bool ok = object_set_json(obj, name, value, err);

    json_object_put(value);
    return ok;
}

bool object_set_bool(void *obj, const char *name, bool value, GError **err)
{
    return set_json_take(obj, name, json_object_new_boolean(value), err);
}

bool object_set_uint(void *obj, const char *name, uint64_t value, GError **err)
{
    return set_json_take(obj, name, json_object_new_uint64(value), err);
}

bool object_set_str(void *obj, const char *name, const char *value, GError **err)
{
    return set_json_take(obj, name, json_object_new_string(value), err);
}

bool object_set_link(void *obj, const char *name, void *target, GError **err)
{
    const Property *prop = find(obj, name, false, err);

    return prop && (set_link_target(obj, prop, target, err) || set_failed(obj, name, err));
}

struct json_object *object_get_json(void *obj, const char *name, GError **err)
{
    g_autoptr(Visitor) v = visitor_new_json_output();

    return object_property_get(obj, name, v, err) ? visitor_take_output(v) : NULL;
}

bool object_set_properties(void *obj, struct json_object *props, bool keyval,
                           const char *const *skip, GError **err)
{
    struct json_object_iterator it = json_object_iter_begin(props);
    struct json_object_iterator end = json_object_iter_end(props);

    for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
        const char *name = json_object_iter_peek_name(&it);
        struct json_object *value = json_object_iter_peek_value(&it);
        g_autoptr(Visitor) v = NULL;

        if (enum_index(skip, name) >= 0) {
            continue;
        }
        /* The value is the visitor's root, so that names in messages have no prefix. */
        v = keyval ? visitor_new_keyval_input(value) : visitor_new_json_input(value);
        if (!object_property_set(obj, name, v, true, err)) {
            return false;
        }
    }
    return true;
}

/* ---- -global ---- */

void object_add_global(const char *type, const char *prop, const char *value)
{
    GlobalProp g = { g_strdup(type), g_strdup(prop), g_strdup(value) };

    if (!globals) {
        globals = g_array_new(FALSE, FALSE, sizeof(GlobalProp));
    }
    g_array_append_val(globals, g);
}

void properties_apply_globals(Object *obj)
{
    for (guint i = 0; globals && i < globals->len; i++) {
        GlobalProp *g = &g_array_index(globals, GlobalProp, i);
        g_autoptr(Visitor) v = NULL;
        struct json_object *value;

        if (obj->init_error || !object_is_a(obj, g->type)) {
            continue;
        }
        value = json_object_new_string(g->value);
        v = visitor_new_keyval_input(value);
        json_object_put(value);
        if (!object_property_set(obj, g->prop, v, true, &obj->init_error)) {
            error_prefix(&obj->init_error, "-global %s.%s=%s", g->type, g->prop, g->value);
        }
    }
}

bool object_check_globals(GError **err)
{
    for (guint i = 0; globals && i < globals->len; i++) {
        GlobalProp *g = &g_array_index(globals, GlobalProp, i);
        ObjectClass *klass = object_class_by_name(g->type);

        if (!klass) {
            g_auto(GStrv) names = object_class_names(TYPE_OBJECT);

            error_set_unknown(err, "type", g->type, (const char *const *)names);
            return error_prefix(err, "-global %s.%s", g->type, g->prop);
        }
        if (klass->type->abstract && !object_class_find_property(klass, g->prop)) {
            /* Subtypes may have it: object_new() of one tells if not. */
            g_autoptr(GPtrArray) subs = object_class_list(g->type, false);
            bool found = false;

            for (guint j = 0; j < subs->len; j++) {
                found |= object_class_find_property(subs->pdata[j], g->prop) != NULL;
            }
            if (found) {
                continue;
            }
        }
        if (!object_class_find_property(klass, g->prop)) {
            g_autoptr(GPtrArray) list = object_class_properties(klass, false);

            for (guint j = 0; j < list->len; j++) {
                list->pdata[j] = (void *)((const Property *)list->pdata[j])->name;
            }
            g_ptr_array_add(list, NULL);
            error_set(err, "-global %s.%s: type '%s' has no property '%s'", g->type, g->prop,
                      g->type, g->prop);
            error_set_culprit(err, "property", g->prop);
            error_set_nearest(err, g->prop, (const char *const *)list->pdata);
            return false;
        }
    }
    return true;
}

bool object_init_ok(void *ptr, GError **err)
{
    Object *obj = ptr;

    if (!obj->init_error) {
        return true;
    }
    g_propagate_error(err, g_steal_pointer(&obj->init_error));
    return false;
}
