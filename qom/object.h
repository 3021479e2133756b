/*
 * QOM: types, objects, properties and the composition tree.
 *
 * An object's properties are its only configuration interface: the command line, QMP,
 * HMP and -global end in object_property_set(). Types are static tables in a linker
 * section; a class is made at its first use.
 *
 * Objects are reference-counted; a child is owned by its parent in the composition tree
 * (object_add_child transfers the caller's reference). All functions need the machine
 * lock unless noted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QOM_OBJECT_H
#define QOM_OBJECT_H

#include "util/osdep.h"
#include "util/error.h"
#include "qapi/visitor.h"

typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct TypeInfo TypeInfo;
typedef struct Property Property;

#define TYPE_OBJECT "object"

struct ObjectClass {
    const TypeInfo *type;
    ObjectClass *parent_class;
    GHashTable *properties;  /* name -> const Property *, own and inherited */
    /* Called by object_unparent() before the object leaves the tree; inherited. */
    void (*unparent)(Object *obj);
    const char *cast_cache[2]; /* (a) types that this class was found to be */
};

struct Object {
    ObjectClass *klass;
    int ref;                 /* (a) */
    Object *parent;
    char *name;              /* in the parent, or NULL */
    GHashTable *children;    /* name -> Object *; made at first use; insertion order kept in: */
    GPtrArray *child_order;
    GHashTable *set_props;   /* names set by the user or -global so far (internal) */
    GError *init_error;      /* a -global value was refused: told when it is realized */
    bool embedded;           /* the memory belongs to another object */
    bool frozen;             /* realized or complete: properties are final, see
                                PROP_RUNTIME */
};

struct TypeInfo {
    const char *name;
    const char *parent;              /* TYPE_OBJECT if NULL */
    const char *desc;                /* one line for help; NULL: not for users */
    size_t instance_size;            /* 0: as the parent */
    bool instance_apart;             /* instances, of subtypes too, share no line of the host's caches
                                        with other memory (util/apart.h) */
    size_t class_size;               /* 0: as the parent */
    bool abstract;
    bool user_creatable;             /* -object / object-add */
    const char *const *interfaces;   /* NULL-terminated names of marker types, or NULL */
    const Property *properties;      /* ends with PROP_END, or NULL */
    void (*class_init)(ObjectClass *klass, const TypeInfo *type);
    const void *class_data;
    /* Families of types with a declaration of their own (DEVICE) fill in the rest of the
     * table from class_data here, before anything else reads it. */
    void (*expand)(TypeInfo *info);
    void (*instance_init)(Object *obj);
    void (*instance_finalize)(Object *obj);
    /* -object only: called when all properties are set; and before removal. */
    bool (*complete)(Object *obj, GError **err);
    bool (*can_be_deleted)(Object *obj);
};

/* Put a static TypeInfo into the table of types. */
#define TYPE_REGISTER(info)                                                               \
    static const TypeInfo *const type_reg_##info                                          \
        __attribute__((section("rhea_types"), used)) = &(info)

/* ---- Types ---- */
/* Add a type at run time (modules, tests); the table must stay. Aborts on a name taken. */
void type_register(const TypeInfo *info);
/* NULL if there is none of that name. */
ObjectClass *object_class_by_name(const char *type);
const char *object_class_name(const ObjectClass *klass);
/* The class's type or one of its parents or interfaces is @type. */
bool object_class_is_a(const ObjectClass *klass, const char *type);
/* Concrete (or all) classes that implement @type, sorted by name; free the array. */
GPtrArray *object_class_list(const char *type, bool include_abstract);
/* Names of the same, a NULL-terminated vector for g_strfreev (for error_set_unknown). */
char **object_class_names(const char *type);

/* ---- Objects ---- */
/* A new object with one reference; the type must exist and be concrete. */
Object *object_new(const char *type);
Object *object_new_with_class(ObjectClass *klass);
/* Initialise memory that is part of another object; the owner unrefs it at its end. */
void object_init(void *mem, size_t size, const char *type);
void *object_ref(void *obj);
void object_unref(void *obj);
bool object_is_a(const void *obj, const char *type);
/* Checked casts: abort on our own bugs only, never for names that came from outside. */
void *object_cast(const void *obj, const char *type);
#define OBJECT(obj) ((Object *)(obj))
#define OBJECT_CHECK(T, obj, type) ((T *)object_cast(obj, type))

/* ---- Composition tree ---- */
Object *object_root(void);
/* "/machine", "/objects", "/chardevs": made at first use. */
Object *object_container(const char *path);
/* Fails if the name is taken. Names may end in "[*]" for the next free number. */
bool object_add_child(void *parent, const char *name, void *child, GError **err);
/* Embedded child: object_init + object_add_child (cannot fail for fresh names). */
void object_init_child(void *parent, const char *name, void *mem, size_t size,
                       const char *type);
void object_unparent(void *obj);
/* Add to an error about @given: the nearest names among the children of @parent. */
void object_set_nearest_child(GError **err, const char *given, Object *parent);
/* Add to an error about an absolute path that leads nowhere: where its first wrong step may
 * have been meant to go; about a name without a slash: objects of users with such a name. */
void object_set_nearest_path(GError **err, const char *path);
/* Absolute path, or partial path that must be unique; NULL with *ambiguous set or not. */
Object *object_resolve_path(const char *path, const char *type, bool *ambiguous);
char *object_path(const void *obj);
/* Depth-first over children in order; stops when fn returns false. */
bool object_foreach_child(void *obj, bool recursive, bool (*fn)(Object *child, void *opaque),
                          void *opaque);

/* ---- Properties ---- */
typedef enum PropKind {
    PROP_KIND_BOOL, PROP_KIND_UINT8, PROP_KIND_UINT16, PROP_KIND_UINT32, PROP_KIND_UINT64,
    PROP_KIND_INT32, PROP_KIND_INT64, PROP_KIND_SIZE, PROP_KIND_STR, PROP_KIND_ENUM,
    PROP_KIND_LINK, PROP_KIND_BIT, PROP_KIND_CUSTOM, PROP_KIND_END,
} PropKind;

enum {
    PROP_INTERNAL = 1 << 0,   /* wiring: not settable from outside, not in help */
    PROP_READONLY = 1 << 1,
    PROP_RUNTIME = 1 << 2,    /* may be set after realize */
    PROP_NO_DEFAULT = 1 << 3, /* the field keeps what instance_init gave it */
    PROP_ON_OFF_AUTO = 1 << 4, /* enum of qapi/OnOffAuto */
};

/* One property, normally of a field; declared by the PROP_* macros in a static table. */
struct Property {
    const char *name;
    const char *desc;         /* one line; help, schema and manual show it */
    PropKind kind;
    uint8_t flags;
    uint8_t bit;              /* BIT: in a uint64_t field */
    size_t offset;
    uint64_t def, min, max;   /* integers; max 0: no limit but the type's */
    const char *def_str;      /* STR and ENUM */
    const char *const *names; /* ENUM: spellings, index = value, in an int field */
    const char *type;         /* LINK: type of the object; CUSTOM: type name for help */
    /* CUSTOM, or to replace the field access */
    bool (*get)(Object *obj, const Property *prop, Visitor *v, const char *name,
                GError **err);
    bool (*set)(Object *obj, const Property *prop, Visitor *v, const char *name,
                GError **err);
    /* Called after a field was set; may refuse (the old value is restored). */
    bool (*check)(Object *obj, const Property *prop, GError **err);
    /* Release what a CUSTOM property's field holds, when the object ends. */
    void (*release)(Object *obj, const Property *prop);
    const void *opaque;
};

#define PROP_FIELD_(T, f, ctype)                                                          \
    .offset = offsetof(T, f) + 0 * sizeof((ctype *)0 - &((T *)0)->f)
#define PROP_BOOL(T, f, n, d, ...)                                                        \
    { .name = n, .desc = d, .kind = PROP_KIND_BOOL, PROP_FIELD_(T, f, bool), __VA_ARGS__ }
#define PROP_UINT8(T, f, n, d, ...)                                                       \
    { .name = n, .desc = d, .kind = PROP_KIND_UINT8, PROP_FIELD_(T, f, uint8_t), __VA_ARGS__ }
#define PROP_UINT16(T, f, n, d, ...)                                                      \
    { .name = n, .desc = d, .kind = PROP_KIND_UINT16, PROP_FIELD_(T, f, uint16_t), __VA_ARGS__ }
#define PROP_UINT32(T, f, n, d, ...)                                                      \
    { .name = n, .desc = d, .kind = PROP_KIND_UINT32, PROP_FIELD_(T, f, uint32_t), __VA_ARGS__ }
#define PROP_UINT64(T, f, n, d, ...)                                                      \
    { .name = n, .desc = d, .kind = PROP_KIND_UINT64, PROP_FIELD_(T, f, uint64_t), __VA_ARGS__ }
#define PROP_INT32(T, f, n, d, ...)                                                       \
    { .name = n, .desc = d, .kind = PROP_KIND_INT32, PROP_FIELD_(T, f, int32_t), __VA_ARGS__ }
#define PROP_INT64(T, f, n, d, ...)                                                       \
    { .name = n, .desc = d, .kind = PROP_KIND_INT64, PROP_FIELD_(T, f, int64_t), __VA_ARGS__ }
#define PROP_SIZE(T, f, n, d, ...)                                                        \
    { .name = n, .desc = d, .kind = PROP_KIND_SIZE, PROP_FIELD_(T, f, uint64_t), __VA_ARGS__ }
#define PROP_STR(T, f, n, d, ...)                                                         \
    { .name = n, .desc = d, .kind = PROP_KIND_STR, PROP_FIELD_(T, f, char *), __VA_ARGS__ }
#define PROP_ENUM(T, f, n, d, table, ...)                                                 \
    { .name = n, .desc = d, .kind = PROP_KIND_ENUM, .names = table,                       \
      .offset = offsetof(T, f) + 0 * sizeof(char[sizeof(((T *)0)->f) == sizeof(int) ? 1 : -1]), \
      __VA_ARGS__ }
/* A link: the field is a pointer to an object of type t (a reference is held); set by
 * path or id. */
#define PROP_LINK(T, f, n, d, t, ...)                                                     \
    { .name = n, .desc = d, .kind = PROP_KIND_LINK, .type = t, .offset = offsetof(T, f),  \
      __VA_ARGS__ }
#define PROP_BIT(T, f, n, d, b, ...)                                                      \
    { .name = n, .desc = d, .kind = PROP_KIND_BIT, .bit = b,                              \
      PROP_FIELD_(T, f, uint64_t), __VA_ARGS__ }
#define PROP_CUSTOM(n, d, t, g, s, ...)                                                   \
    { .name = n, .desc = d, .kind = PROP_KIND_CUSTOM, .type = t, .get = g, .set = s,      \
      __VA_ARGS__ }
#define PROP_END { .kind = PROP_KIND_END }

/* The property's field in an object. */
static inline void *prop_field(Object *obj, const Property *prop)
{
    return (char *)obj + prop->offset;
}

/* For class_init: add (or replace inherited) properties; the table must stay. */
void object_class_add_properties(ObjectClass *klass, const Property *props);
const Property *object_class_find_property(const ObjectClass *klass, const char *name);
/* Own and inherited, sorted by name; internal ones only if asked for. */
GPtrArray *object_class_properties(const ObjectClass *klass, bool internal);
/* "bool", "uint32", "size", "string", "link<T>", an enum's name list..., as help shows it */
const char *property_type_name(const Property *prop);

/*
 * Set from a visitor. @outside: the value comes from a user or client, so internal and
 * read-only properties are refused, as are properties that are final after realize.
 */
bool object_property_set(void *obj, const char *name, Visitor *v, bool outside, GError **err);
bool object_property_get(void *obj, const char *name, Visitor *v, GError **err);
/* Whether a user or -global has set the property. */
bool object_property_was_set(void *obj, const char *name);
/* Shorthands for code (not "outside"). */
bool object_set_bool(void *obj, const char *name, bool value, GError **err);
bool object_set_uint(void *obj, const char *name, uint64_t value, GError **err);
bool object_set_str(void *obj, const char *name, const char *value, GError **err);
bool object_set_link(void *obj, const char *name, void *target, GError **err);
bool object_set_json(void *obj, const char *name, struct json_object *value, GError **err);
struct json_object *object_get_json(void *obj, const char *name, GError **err);
/*
 * Set every member of a keyval or JSON object as a property from outside, but those in
 * @skip (NULL-terminated, may be NULL). @keyval: scalars are strings.
 */
bool object_set_properties(void *obj, struct json_object *props, bool keyval,
                           const char *const *skip, GError **err);
/* -object and object-add: make, set properties, complete, put below /objects. @opts has
 * qom-type, id and properties. */
Object *object_add_user(struct json_object *opts, bool keyval, GError **err);
bool object_del_user(const char *id, GError **err);
/* -global TYPE.PROP=VALUE: defaults applied at object_new to objects of the type, before
 * the user's own. Unknown types or properties are reported by object_check_globals(). */
void object_add_global(const char *type, const char *prop, const char *value);
bool object_check_globals(GError **err);
/* Moves an error that a -global value met at object_new() to *err; false if there is one. */
bool object_init_ok(void *obj, GError **err);
/* "TYPE 'NAME'" or "TYPE", as messages call an object; free it. */
char *object_label(void *obj);

/* ---- Introspection, as JSON for QMP and the monitor ---- */
/* qom-list: [{"name", "type"}], children as "child<TYPE>". */
struct json_object *object_list_json(void *obj);
/* qom-list-types: [{"name", "abstract", "parent", "description"}]. */
struct json_object *object_types_json(const char *implements, bool include_abstract);
/* qom-list-properties, device-list-properties: [{"name", "type", "description",
 * "default-value"}]; only what users may set or read. */
struct json_object *object_class_properties_json(const ObjectClass *klass);
/* The default as JSON, or NULL if it has none. */
struct json_object *property_default_json(const Property *prop);
/* The tree below @obj, a line an object, indented (info qom-tree). */
void object_tree_text(void *obj, GString *out);

#endif
