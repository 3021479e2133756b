/*
 * QOM types and classes (qom/object.h).
 *
 * The linker gathers pointers to the static TypeInfo tables in the section rhea_types. They
 * are hashed by name at the first look-up; a class is made when it is first asked for, after
 * its parents', as a copy of the parent's with class_init run over it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/qom-internal.h"
#include "util/apart.h"

extern const TypeInfo *const __start_rhea_types[] __attribute__((weak));
extern const TypeInfo *const __stop_rhea_types[] __attribute__((weak));

static GHashTable *types; /* name -> TypeImpl *; machine lock, grows only */

static TypeImpl *table_add(const TypeInfo *decl)
{
    TypeImpl *t = g_new0(TypeImpl, 1);

    t->info = *decl;
    if (t->info.expand) {
        t->info.expand(&t->info);
    }
    if (!g_hash_table_insert(types, (void *)t->info.name, t)) {
        g_error("type '%s' is registered twice", t->info.name);
    }
    return t;
}

static void table_build(void)
{
    types = g_hash_table_new(g_str_hash, g_str_equal);
    for (const TypeInfo *const *p = __start_rhea_types; p && p < __stop_rhea_types; p++) {
        table_add(*p);
    }
}

void type_register(const TypeInfo *info)
{
    if (!types) {
        table_build();
    }
    table_add(info);
}

TypeImpl *type_by_name(const char *name)
{
    if (unlikely(!types)) {
        table_build();
    }
    return g_hash_table_lookup(types, name);
}

static const char *parent_name(const TypeInfo *info)
{
    if (info->parent) {
        return info->parent;
    }
    return strcmp(info->name, TYPE_OBJECT) ? TYPE_OBJECT : NULL;
}

static TypeImpl *type_parent(const TypeImpl *type)
{
    const char *name = parent_name(&type->info);
    TypeImpl *parent;

    if (!name) {
        return NULL;
    }
    parent = type_by_name(name);
    if (!parent) {
        g_error("type '%s': parent type '%s' does not exist", type->info.name, name);
    }
    return parent;
}

bool type_is_a(const TypeImpl *type, const char *name)
{
    for (; type; type = type_parent(type)) {
        if (type->info.name == name || !strcmp(type->info.name, name)) {
            return true;
        }
        for (const char *const *i = type->info.interfaces; i && *i; i++) {
            const TypeImpl *iface = type_by_name(*i);

            if (!strcmp(*i, name) || (iface && type_is_a(iface, name))) {
                return true;
            }
        }
    }
    return false;
}

ObjectClass *type_class(TypeImpl *type)
{
    ObjectClass *k, *pk;

    if (likely(type->klass)) {
        return type->klass;
    }
    if (type->being_made) {
        g_error("type '%s' is its own ancestor, or its class_init uses its class",
                type->info.name);
    }
    type->being_made = true;
    type->parent = type_parent(type);
    pk = type->parent ? type_class(type->parent) : NULL;
    type->instance_size = type->info.instance_size ?: type->parent->instance_size;
    type->instance_apart = type->info.instance_apart || (type->parent && type->parent->instance_apart);
    type->class_size = type->info.class_size;
    if (!type->class_size) {
        type->class_size = type->parent ? type->parent->class_size : sizeof(ObjectClass);
    }
    g_assert(!type->parent || (type->class_size >= type->parent->class_size &&
                               type->instance_size >= type->parent->instance_size));

    k = g_malloc0(type->class_size);
    if (pk) {
        memcpy(k, pk, type->parent->class_size);
    }
    k->type = &type->info;
    k->parent_class = pk;
    k->cast_cache[0] = k->cast_cache[1] = NULL;
    k->properties = g_hash_table_new(g_str_hash, g_str_equal);
    if (pk) {
        GHashTableIter it;
        void *name, *prop;

        g_hash_table_iter_init(&it, pk->properties);
        while (g_hash_table_iter_next(&it, &name, &prop)) {
            g_hash_table_insert(k->properties, name, prop);
        }
    }
    if (type->info.properties) {
        object_class_add_properties(k, type->info.properties);
    }
    if (type->info.class_init) {
        type->info.class_init(k, &type->info);
    }
    type->being_made = false;
    type->klass = k;
    return k;
}

static TypeImpl *class_impl(const ObjectClass *klass)
{
    return container_of(klass->type, TypeImpl, info);
}

size_t object_class_instance_size(const ObjectClass *klass)
{
    return class_impl(klass)->instance_size;
}

void *object_class_instance_alloc(const ObjectClass *klass)
{
    const TypeImpl *type = class_impl(klass);

    return type->instance_apart ? alloc_apart0(type->instance_size)
                                : g_malloc0(type->instance_size);
}

/* ---- Public ---- */

ObjectClass *object_class_by_name(const char *name)
{
    TypeImpl *type = type_by_name(name);

    return type ? type_class(type) : NULL;
}

const char *object_class_name(const ObjectClass *klass)
{
    return klass->type->name;
}

bool object_class_is_a(const ObjectClass *klass, const char *type)
{
    return type_is_a(class_impl(klass), type);
}

static int compare_types(const void *a, const void *b)
{
    const TypeImpl *x = *(TypeImpl *const *)a, *y = *(TypeImpl *const *)b;

    return strcmp(x->info.name, y->info.name);
}

GPtrArray *type_list(const char *name, bool include_abstract)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter it;
    void *value;

    if (!types) {
        table_build();
    }
    g_hash_table_iter_init(&it, types);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        TypeImpl *type = value;

        if ((include_abstract || !type->info.abstract) && type_is_a(type, name)) {
            g_ptr_array_add(list, type);
        }
    }
    g_ptr_array_sort(list, compare_types);
    return list;
}

GPtrArray *object_class_list(const char *type, bool include_abstract)
{
    GPtrArray *list = type_list(type, include_abstract);

    for (guint i = 0; i < list->len; i++) {
        list->pdata[i] = type_class(list->pdata[i]);
    }
    return list;
}

char **object_class_names(const char *type)
{
    g_autoptr(GPtrArray) list = type_list(type, false);
    char **names = g_new0(char *, list->len + 1);

    for (guint i = 0; i < list->len; i++) {
        names[i] = g_strdup(((TypeImpl *)list->pdata[i])->info.name);
    }
    return names;
}
