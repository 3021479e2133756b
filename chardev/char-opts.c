/*
 * Making back ends from -chardev and from the short forms of -serial and -monitor.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "qapi/json.h"
#include "qapi/keyval.h"

#define TYPE_PREFIX "chardev-"

static const char *string_member(struct json_object *opts, const char *name)
{
    struct json_object *v;

    return json_object_object_get_ex(opts, name, &v) ? json_object_get_string(v) : NULL;
}

char **chardev_backend_names(void)
{
    char **types = object_class_names(TYPE_CHARDEV);
    GPtrArray *names = g_ptr_array_new();

    for (char **t = types; t && *t; t++) {
        const ObjectClass *klass = object_class_by_name(*t);

        if (klass->type->desc && g_str_has_prefix(*t, TYPE_PREFIX)) {
            g_ptr_array_add(names, g_strdup(*t + strlen(TYPE_PREFIX)));
        }
    }
    g_strfreev(types);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static Chardev *new_mux(const char *id, const char *base, GError **err)
{
    Chardev *chr;

    if (!base) {
        error_set(err, "Parameter 'chardev' is missing");
        error_set_expected(err, "the character device that is shared");
        return NULL;
    }
    chr = chardev_need(base, err);
    if (!chr) {
        return NULL;
    }
    return chardev_mux_new(id, chr, 0, err);
}

Chardev *chardev_new(struct json_object *opts, bool keyval, GError **err)
{
    static const char *const skip[] = { "id", "backend", "mux", "logappend", NULL };
    const char *id = string_member(opts, "id"), *backend = string_member(opts, "backend");
    const char *mux = string_member(opts, "mux");
    bool is_mux = mux && (g_str_equal(mux, "on") || g_str_equal(mux, "true"));
    g_autofree char *type = NULL, *base_label = NULL;
    const ObjectClass *klass;
    Chardev *chr;

    if (!id || !backend) {
        error_set(err, "Parameter '%s' is missing", id ? "backend" : "id");
        return NULL;
    }
    if (chardev_find(id)) {
        error_set(err, "character device '%s' exists already", id);
        return NULL;
    }
    if (g_str_equal(backend, "mux")) {
        return new_mux(id, string_member(opts, "chardev"), err);
    }
    type = g_strconcat(TYPE_PREFIX, backend, NULL);
    klass = object_class_by_name(type);
    if (!klass || !klass->type->desc || !object_class_is_a(klass, TYPE_CHARDEV)) {
        g_auto(GStrv) names = chardev_backend_names();

        error_set_unknown(err, "character device backend", backend,
                          (const char *const *)names);
        return NULL;
    }
    chr = (Chardev *)object_new(type);
    if (!object_set_properties(chr, opts, keyval, skip, err)) {
        error_prefix(err, "character device '%s'", id);
        object_unref(chr);
        return NULL;
    }
    base_label = is_mux ? g_strdup_printf("%s-base", id) : g_strdup(id);
    if (!chardev_register(chr, base_label, err)) {
        return NULL;
    }
    return is_mux ? chardev_mux_new(id, chr, 0, err) : chr;
}

static struct json_object *backend_opts(const char *label, const char *backend)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "id", json_object_new_string(label));
    json_object_object_add(o, "backend", json_object_new_string(backend));
    return o;
}

static void add(struct json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

/* The options after the address: "server", "nowait" and "nodelay" without a value too. */
static bool add_socket_flags(struct json_object *o, const char *flags, GError **err)
{
    g_auto(GStrv) items = g_strsplit(flags, ",", -1);

    for (char **i = items; *i; i++) {
        char *eq = strchr(*i, '=');

        if (eq) {
            *eq = '\0';
            add(o, *i, eq + 1);
        } else if (g_str_equal(*i, "nowait")) {
            add(o, "wait", "off");
        } else if (**i) {
            add(o, *i, "on");
        }
    }
    return true;
}

/* "HOST:PORT[,flags]" or "PATH[,flags]" */
static struct json_object *socket_opts(const char *label, const char *spec, bool is_unix,
                                       GError **err)
{
    const char *comma = strchr(spec, ',');
    g_autofree char *address = comma ? g_strndup(spec, comma - spec) : g_strdup(spec);
    struct json_object *o = backend_opts(label, "socket");

    if (is_unix) {
        add(o, "path", address);
    } else {
        char *colon = strrchr(address, ':');

        if (!colon) {
            error_set(err, "'tcp:%s' names no port", spec);
            error_set_expected(err, "tcp:HOST:PORT");
            json_object_put(o);
            return NULL;
        }
        *colon = '\0';
        add(o, "host", address);
        add(o, "port", colon + 1);
    }
    if (comma && !add_socket_flags(o, comma + 1, err)) {
        json_object_put(o);
        return NULL;
    }
    return o;
}

static struct json_object *legacy_opts(const char *label, const char *spec, GError **err)
{
    static const char *const forms[] = { "stdio", "null", "none", "pty", "file", "pipe",
                                         "unix", "tcp", "mon", "chardev", NULL };
    struct json_object *o;
    g_autofree char *word = NULL;

    if (g_str_equal(spec, "stdio") || g_str_equal(spec, "null") || g_str_equal(spec, "pty")) {
        return backend_opts(label, spec);
    }
    if (g_str_has_prefix(spec, "file:") || g_str_has_prefix(spec, "pipe:")) {
        o = backend_opts(label, spec[0] == 'f' ? "file" : "pipe");
        add(o, "path", spec + strlen("file:"));
        return o;
    }
    if (g_str_has_prefix(spec, "unix:")) {
        return socket_opts(label, spec + strlen("unix:"), true, err);
    }
    if (g_str_has_prefix(spec, "tcp:")) {
        return socket_opts(label, spec + strlen("tcp:"), false, err);
    }
    word = g_strndup(spec, strcspn(spec, ":,"));
    error_set_unknown(err, "character device", word, forms);
    return NULL;
}

bool chardev_parse_legacy(const char *label, const char *spec, char **ret_id,
                          struct json_object **ret_opts, bool *ret_mux_monitor, GError **err)
{
    *ret_id = NULL;
    *ret_opts = NULL;
    *ret_mux_monitor = g_str_has_prefix(spec, "mon:");
    if (*ret_mux_monitor) {
        spec += strlen("mon:");
    }
    if (g_str_equal(spec, "none")) {
        return true;
    }
    if (g_str_has_prefix(spec, "chardev:")) {
        *ret_id = g_strdup(spec + strlen("chardev:"));
        return true;
    }
    *ret_opts = legacy_opts(label, spec, err);
    if (!*ret_opts) {
        return false;
    }
    if (*ret_mux_monitor) {
        add(*ret_opts, "mux", "on");
    }
    if (*ret_mux_monitor && g_str_equal(spec, "stdio")) {
        add(*ret_opts, "signal", "off"); /* Ctrl-c belongs to the guest */
    }
    *ret_id = g_strdup(label);
    return true;
}

bool chardev_new_from_legacy(const char *label, const char *spec, Chardev **ret,
                             bool *ret_mux_monitor, GError **err)
{
    g_autoptr(json_object) opts = NULL;
    g_autofree char *id = NULL;

    *ret = NULL;
    if (!chardev_parse_legacy(label, spec, &id, &opts, ret_mux_monitor, err)) {
        return false;
    }
    if (!id) {
        return true;
    }
    *ret = opts ? chardev_new(opts, true, err) : chardev_need(id, err);
    return *ret != NULL;
}
