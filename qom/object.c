/*
 * QOM objects: making, references, end, checked casts (qom/object.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/qom-internal.h"

/* instance_init runs from the root type down, finalize the other way. */
static void run_instance_init(Object *obj, ObjectClass *klass)
{
    if (klass->parent_class) {
        run_instance_init(obj, klass->parent_class);
    }
    if (klass->type->instance_init) {
        klass->type->instance_init(obj);
    }
}

static void init_with_class(Object *obj, ObjectClass *klass, bool embedded)
{
    g_assert(!klass->type->abstract);
    obj->klass = klass;
    obj->ref = 1;
    obj->embedded = embedded;
    properties_init(obj);
    run_instance_init(obj, klass);
    properties_apply_globals(obj);
}

Object *object_new_with_class(ObjectClass *klass)
{
    Object *obj = object_class_instance_alloc(klass);

    init_with_class(obj, klass, false);
    return obj;
}

Object *object_new(const char *type)
{
    ObjectClass *klass = object_class_by_name(type);

    if (!klass) {
        g_error("type '%s' does not exist", type);
    }
    return object_new_with_class(klass);
}

void object_init(void *mem, size_t size, const char *type)
{
    ObjectClass *klass = object_class_by_name(type);

    if (!klass) {
        g_error("type '%s' does not exist", type);
    }
    g_assert(size >= object_class_instance_size(klass));
    memset(mem, 0, object_class_instance_size(klass));
    init_with_class(mem, klass, true);
}

void *object_ref(void *obj)
{
    if (obj) {
        atomic_fetch_add(&OBJECT(obj)->ref, 1);
    }
    return obj;
}

static void finalize(Object *obj)
{
    bool embedded = obj->embedded;

    tree_release_children(obj);
    for (ObjectClass *k = obj->klass; k; k = k->parent_class) {
        if (k->type->instance_finalize) {
            k->type->instance_finalize(obj);
        }
    }
    properties_release(obj);
    g_clear_pointer(&obj->name, g_free);
    g_clear_pointer(&obj->set_props, g_hash_table_unref);
    g_clear_error(&obj->init_error);
    obj->klass = NULL;
    if (!embedded) {
        g_free(obj);
    }
}

void object_unref(void *p)
{
    Object *obj = p;

    if (obj && atomic_fetch_add(&obj->ref, -1) == 1) {
        g_assert(!obj->parent);
        finalize(obj);
    }
}

bool object_is_a(const void *obj, const char *type)
{
    return obj && object_class_is_a(OBJECT(obj)->klass, type);
}

void *object_cast(const void *obj, const char *type)
{
    ObjectClass *k;

    if (!obj) {
        return NULL;
    }
    k = OBJECT(obj)->klass;
    if (likely(k->type->name == type || atomic_read(&k->cast_cache[0]) == type ||
               atomic_read(&k->cast_cache[1]) == type)) {
        return (void *)obj;
    }
    if (!object_class_is_a(k, type)) {
        g_error("object of type '%s' is not a '%s'", k->type->name, type);
    }
    atomic_set(&k->cast_cache[1], atomic_read(&k->cast_cache[0]));
    atomic_set(&k->cast_cache[0], type);
    return (void *)obj;
}

char *object_label(void *p)
{
    Object *obj = p;
    const char *type = object_class_name(obj->klass);

    return obj->name ? g_strdup_printf("%s '%s'", type, obj->name) : g_strdup(type);
}

/* ---- The root type ---- */

static bool object_get_type(Object *obj, const Property *prop, Visitor *v, const char *name,
                            GError **err)
{
    char *type = (char *)object_class_name(obj->klass);

    return visit_type_str(v, name, &type, err);
}

static const Property object_properties[] = {
    PROP_CUSTOM("type", "name of the object's type", "string", object_get_type, NULL,
                .flags = PROP_READONLY),
    PROP_END
};

static const TypeInfo object_type_info = {
    .name = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(Object),
    .class_size = sizeof(ObjectClass),
    .properties = object_properties,
};
TYPE_REGISTER(object_type_info);

/* A plain node of the tree that only has children. */
static const TypeInfo container_type_info = {
    .name = "container",
};
TYPE_REGISTER(container_type_info);
