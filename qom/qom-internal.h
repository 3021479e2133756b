/*
 * Shared by the files of qom only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QOM_QOM_INTERNAL_H
#define QOM_QOM_INTERNAL_H

#include "qom/object.h"

/* type.c: a registered type; info is the declaration after expand(). */
typedef struct TypeImpl {
    TypeInfo info;
    struct TypeImpl *parent;  /* resolved with the class */
    size_t instance_size, class_size;
    bool instance_apart;
    ObjectClass *klass;       /* NULL until first use */
    bool being_made;
} TypeImpl;
TypeImpl *type_by_name(const char *name);
/* The class, made if need be. */
ObjectClass *type_class(TypeImpl *type);
/* Size of instances of a class. */
size_t object_class_instance_size(const ObjectClass *klass);
/* Memory for an instance, zeros. */
void *object_class_instance_alloc(const ObjectClass *klass);
/* Whether instances or subtypes of @type are @name; makes no class. */
bool type_is_a(const TypeImpl *type, const char *name);
GPtrArray *type_list(const char *name, bool include_abstract);

/* property.c: life of an object's property fields. */
void properties_init(Object *obj);
void properties_apply_globals(Object *obj);
void properties_release(Object *obj);

/* tree.c */
void tree_release_children(Object *obj);

#endif
