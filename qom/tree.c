/*
 * The composition tree: parents, names and paths (qom/object.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qom/qom-internal.h"

static Object *root;

Object *object_root(void)
{
    if (!root) {
        root = object_new("container");
    }
    return root;
}

static Object *child_of(Object *obj, const char *name)
{
    return obj->children ? g_hash_table_lookup(obj->children, name) : NULL;
}

Object *object_container(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    Object *obj = object_root();

    for (char **p = parts; *p; p++) {
        Object *child;

        if (!**p) {
            continue;
        }
        child = child_of(obj, *p);
        if (!child) {
            child = object_new("container");
            object_add_child(obj, *p, child, NULL);
        }
        obj = child;
    }
    return obj;
}

/* "name[*]": the first number that is free. */
static char *numbered_name(Object *parent, const char *name)
{
    size_t stem = strlen(name) - strlen("[*]");

    for (unsigned i = 0;; i++) {
        char *full = g_strdup_printf("%.*s[%u]", (int)stem, name, i);

        if (!child_of(parent, full)) {
            return full;
        }
        g_free(full);
    }
}

bool object_add_child(void *parent_ptr, const char *name, void *child_ptr, GError **err)
{
    Object *parent = parent_ptr, *child = child_ptr;
    g_autofree char *numbered = NULL;

    g_assert(!child->parent);
    if (g_str_has_suffix(name, "[*]")) {
        name = numbered = numbered_name(parent, name);
    }
    if (child_of(parent, name)) {
        g_autofree char *path = object_path(parent);

        error_set(err, "'%s' has a child '%s' already", path, name);
        error_set_culprit(err, "object", name);
        return false;
    }
    if (!parent->children) {
        parent->children = g_hash_table_new(g_str_hash, g_str_equal);
        parent->child_order = g_ptr_array_new();
    }
    g_free(child->name);
    child->name = g_strdup(name);
    child->parent = parent;
    g_hash_table_insert(parent->children, child->name, child);
    g_ptr_array_add(parent->child_order, child);
    return true;
}

void object_init_child(void *parent, const char *name, void *mem, size_t size,
                       const char *type)
{
    g_autoptr(GError) err = NULL;

    object_init(mem, size, type);
    if (!object_add_child(parent, name, mem, &err)) {
        g_error("%s", err->message);
    }
}

void object_unparent(void *ptr)
{
    Object *obj = ptr, *parent = obj->parent;

    if (!parent) {
        return;
    }
    if (obj->klass->unparent) {
        obj->klass->unparent(obj);
    }
    g_hash_table_remove(parent->children, obj->name);
    g_ptr_array_remove(parent->child_order, obj);
    obj->parent = NULL;
    object_unref(obj);
}

void tree_release_children(Object *obj)
{
    while (obj->child_order && obj->child_order->len > 0) {
        object_unparent(obj->child_order->pdata[obj->child_order->len - 1]);
    }
    if (obj->children) {
        g_hash_table_unref(g_steal_pointer(&obj->children));
        g_ptr_array_free(g_steal_pointer(&obj->child_order), TRUE);
    }
}

char *object_path(const void *ptr)
{
    const Object *obj = ptr;
    GString *path = g_string_new(NULL);

    for (; obj && obj != root; obj = obj->parent) {
        g_string_prepend(path, obj->name ? obj->name : "(orphan)");
        if (obj->parent) {
            g_string_prepend_c(path, '/');
        }
    }
    if (path->len == 0) {
        g_string_append_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

static Object *linked(Object *obj, const char *name)
{
    const Property *prop = object_class_find_property(obj->klass, name);
    struct json_object *value;
    Object *target = NULL;
    const char *path;

    if (!prop || !g_str_has_prefix(property_type_name(prop), "link<")) {
        return NULL;
    }
    value = object_get_json(obj, name, NULL);
    path = value ? json_object_get_string(value) : "";
    if (path[0] == '/') {
        target = object_resolve_path(path, NULL, NULL);
    }
    json_object_put(value);
    return target;
}

/* A step leads to a child or, in an absolute path, to what a property links to. */
static Object *follow(Object *obj, char **parts, bool links)
{
    for (; obj && *parts; parts++) {
        if (**parts) {
            Object *child = child_of(obj, *parts);

            obj = child || !links ? child : linked(obj, *parts);
        }
    }
    return obj;
}

/* Every place below @obj where the partial path leads to a @type; more than one sets
 * *ambiguous. An object under two names counts once. */
static Object *search(Object *obj, char **parts, const char *type, bool *ambiguous)
{
    Object *found = follow(obj, parts, false);

    if (found && type && !object_is_a(found, type)) {
        found = NULL;
    }
    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        Object *sub = search(obj->child_order->pdata[i], parts, type, ambiguous);

        if (sub && found && sub != found) {
            *ambiguous = true;
        }
        found = found ? found : sub;
    }
    return found;
}

/* A slash at the end of a path says nothing. */
static char *without_slash(const char *path)
{
    size_t n = strlen(path);

    return g_strndup(path, n > 1 && path[n - 1] == '/' ? n - 1 : n);
}

Object *object_resolve_path(const char *path, const char *type, bool *ambiguous)
{
    g_autofree char *trimmed = without_slash(path);
    g_auto(GStrv) parts = g_strsplit(trimmed, "/", -1);
    bool many = false;
    Object *obj = NULL;

    if (path[0] == '/') {
        obj = follow(object_root(), parts, true);
        if (obj && type && !object_is_a(obj, type)) {
            obj = NULL;
        }
    } else if (path[0]) {
        obj = search(object_root(), parts, type, &many);
    }
    if (ambiguous) {
        *ambiguous = many;
    }
    return many ? NULL : obj;
}

/* ---- Names that come near ---- */

static void add_child_names(GPtrArray *names, Object *parent, const char *prefix)
{
    for (guint i = 0; parent->child_order && i < parent->child_order->len; i++) {
        Object *child = parent->child_order->pdata[i];

        g_ptr_array_add(names, g_strconcat(prefix, child->name, NULL));
    }
}

static void set_nearest(GError **err, const char *given, GPtrArray *names)
{
    g_ptr_array_add(names, NULL);
    error_set_nearest(err, given, (const char *const *)names->pdata);
}

void object_set_nearest_child(GError **err, const char *given, Object *parent)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    add_child_names(names, parent, "");
    set_nearest(err, given, names);
}

void object_set_nearest_path(GError **err, const char *path)
{
    static const char *const of_users[] = { "/machine/peripheral", "/objects", "/chardevs" };
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    Object *obj = object_root();
    GString *way = g_string_new("/");

    if (!strchr(path, '/')) {
        for (unsigned i = 0; i < ARRAY_SIZE(of_users); i++) {
            add_child_names(names, object_container(of_users[i]), "");
        }
        set_nearest(err, path, names);
    }
    for (char **p = parts; path[0] == '/' && *p; p++) {
        Object *next = **p ? child_of(obj, *p) : obj;

        if (!next) {
            g_autofree char *given = g_strconcat(way->str, *p, NULL);
            add_child_names(names, obj, way->str);
            set_nearest(err, given, names);
            break;
        }
        if (**p) {
            g_string_append_printf(way, "%s/", *p);
        }
        obj = next;
    }
    g_string_free(way, TRUE);
}

bool object_foreach_child(void *ptr, bool recursive, bool (*fn)(Object *child, void *opaque),
                          void *opaque)
{
    Object *obj = ptr;

    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        Object *child = obj->child_order->pdata[i];

        if (!fn(child, opaque) ||
            (recursive && !object_foreach_child(child, true, fn, opaque))) {
            return false;
        }
    }
    return true;
}

static void tree_text(Object *obj, unsigned depth, GString *out)
{
    g_string_append_printf(out, "%*s/%s (%s)\n", depth * 2, "",
                           obj->parent && obj->name ? obj->name : "",
                           object_class_name(obj->klass));
    for (guint i = 0; obj->child_order && i < obj->child_order->len; i++) {
        tree_text(obj->child_order->pdata[i], depth + 1, out);
    }
}

void object_tree_text(void *obj, GString *out)
{
    tree_text(obj, 0, out);
}
