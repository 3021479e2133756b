/*
 * Option strings to JSON values (qapi/keyval.h).
 *
 * Nested keys are first collected as objects throughout; objects whose keys are all
 * numbers become arrays in a second pass, when all items are known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/keyval.h"
#include "qapi/json.h"

enum { MAX_FRAGMENT = 127, MAX_NESTING = 32 };

bool keyval_is_help(const char *text)
{
    return !strcmp(text, "help") || !strcmp(text, "?");
}

/* The text up to the next single comma, pairs of commas reduced; *p is moved behind it. */
static char *take_item(const char **p)
{
    GString *out = g_string_new(NULL);
    const char *s = *p;

    while (*s) {
        if (*s == ',') {
            if (s[1] != ',') {
                s++;
                break;
            }
            s++;
        }
        g_string_append_c(out, *s++);
    }
    *p = s;
    return g_string_free(out, FALSE);
}

static bool check_fragment(const char *frag, const char *key, GError **err)
{
    size_t len = strlen(frag);

    if (len == 0 || len > MAX_FRAGMENT) {
        error_set(err, "Invalid parameter '%.*s'", MAX_FRAGMENT, key);
        error_set_culprit(err, "parameter", key);
        error_set_expected(err, "names of 1 to %d characters between dots", MAX_FRAGMENT);
        return false;
    }
    for (const char *c = frag; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("-_[]:/+", *c)) {
            error_set(err, "Invalid parameter '%.*s'", MAX_FRAGMENT, key);
            error_set_culprit(err, "parameter", key);
            error_set_expected(err, "letters, digits, '-', '_' and '.' in a name");
            return false;
        }
    }
    return true;
}

static bool clash(const char *key, GError **err)
{
    error_set(err, "Parameter '%s' is given both as a value and with members", key);
    error_set_culprit(err, "parameter", key);
    return false;
}

static bool put(struct json_object *root, const char *key, const char *value, GError **err)
{
    g_auto(GStrv) frags = g_strsplit(key, ".", -1);
    guint n = g_strv_length(frags);
    struct json_object *at = root, *next;

    if (n > MAX_NESTING) {
        error_set(err, "Parameter '%.*s...' is nested too deeply", MAX_FRAGMENT, key);
        return false;
    }
    for (guint i = 0; i < MAX(n, 1); i++) {
        if (!check_fragment(n ? frags[i] : "", key, err)) {
            return false;
        }
        if (!json_object_object_get_ex(at, frags[i], &next)) {
            next = NULL;
        }
        if (i == n - 1) {
            if (next && !json_object_is_type(next, json_type_string)) {
                return clash(key, err);
            }
            json_object_object_add(at, frags[i], json_object_new_string(value));
            break;
        }
        if (!next) {
            next = json_object_new_object();
            json_object_object_add(at, frags[i], next);
        } else if (!json_object_is_type(next, json_type_object)) {
            return clash(key, err);
        }
        at = next;
    }
    return true;
}

static bool is_index(const char *key)
{
    return *key && strspn(key, "0123456789") == strlen(key);
}

/* *ret: @obj as an array if its keys are numbers, otherwise NULL. */
static bool to_array(struct json_object *obj, const char *path, struct json_object **ret,
                     GError **err)
{
    unsigned indices = 0, names = 0;
    struct json_object *array, *elem;

    *ret = NULL;
    json_object_object_foreach(obj, key, member) {
        (void)member;
        if (is_index(key)) {
            indices++;
        } else {
            names++;
        }
    }
    if (indices == 0) {
        return true;
    }
    if (names) {
        error_set(err, "Parameters '%s.*' mix names and numbers", path);
        error_set_culprit(err, "parameter", path);
        return false;
    }
    array = json_object_new_array();
    for (unsigned i = 0; i < indices; i++) {
        char name[16];

        g_snprintf(name, sizeof(name), "%u", i);
        if (!json_object_object_get_ex(obj, name, &elem)) {
            error_set(err, "Parameter '%s.%u' is missing", path, i);
            error_set_culprit(err, "parameter", path);
            json_object_put(array);
            return false;
        }
        json_object_array_add(array, json_object_get(elem));
    }
    *ret = array;
    return true;
}

/* Turn numbered members below @obj into arrays, innermost first. */
static bool make_arrays(struct json_object *obj, const char *path, GError **err)
{
    json_object_object_foreach(obj, key, member) {
        g_autofree char *sub = path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);
        struct json_object *array;

        if (!json_object_is_type(member, json_type_object)) {
            continue;
        }
        if (!make_arrays(member, sub, err) || !to_array(member, sub, &array, err)) {
            return false;
        }
        if (array) {
            json_object_object_add(obj, key, array); /* replaces in place */
        }
    }
    return true;
}

/* Add @value to the array @key, unless that is used otherwise already. */
static bool put_in_list(struct json_object *root, const char *key, const char *value,
                        GError **err)
{
    struct json_object *list;

    if (!json_object_object_get_ex(root, key, &list)) {
        list = json_object_new_array();
        json_object_object_add(root, key, list);
    } else if (!json_object_is_type(list, json_type_array)) {
        return clash(key, err);
    }
    json_object_array_add(list, json_object_new_string(value));
    return true;
}

struct json_object *keyval_parse(const char *text, const char *implied_key, bool *ret_help,
                                 GError **err)
{
    return keyval_parse_lists(text, implied_key, NULL, ret_help, err);
}

struct json_object *keyval_parse_lists(const char *text, const char *implied_key,
                                       const char *const *lists, bool *ret_help,
                                       GError **err)
{
    g_autoptr(json_object) root = json_object_new_object();
    const char *p = text;

    if (ret_help) {
        *ret_help = false;
    }
    while (*p) {
        size_t key_len = strcspn(p, "=,");
        bool first = p == text;
        g_autofree char *key = NULL;
        g_autofree char *value = NULL;

        if (p[key_len] == '=' && key_len > 0) {
            key = g_strndup(p, key_len);
            p += key_len + 1;
            value = take_item(&p);
        } else {
            value = take_item(&p);
            if (ret_help && keyval_is_help(value)) {
                *ret_help = true;
                continue;
            }
            if (!first || !implied_key) {
                error_set(err, "Parameter '%.*s' lacks '='", MAX_FRAGMENT, value);
                error_set_culprit(err, "parameter", value);
                if (*value) {
                    bool no = g_str_has_prefix(value, "no") && strlen(value) > 2;

                    error_add_hint(err, "for a boolean write '%.*s=%s'", MAX_FRAGMENT,
                                   no ? value + 2 : value, no ? "off" : "on");
                }
                return NULL;
            }
            key = g_strdup(implied_key);
        }
        if (lists && g_strv_contains(lists, key)) {
            if (!put_in_list(root, key, value, err)) {
                return NULL;
            }
        } else if (!put(root, key, value, err)) {
            return NULL;
        }
    }
    if (!make_arrays(root, NULL, err)) {
        return NULL;
    }
    return g_steal_pointer(&root);
}

struct json_object *keyval_or_json(const char *text, const char *implied_key, bool *ret_keyval,
                                   GError **err)
{
    *ret_keyval = *text != '{';
    return *ret_keyval ? keyval_parse(text, implied_key, NULL, err)
                       : json_parse_object(text, err);
}

Visitor *keyval_visitor(const char *text, const char *implied_key, bool *ret_help,
                        GError **err)
{
    g_autoptr(json_object) value = NULL;

    if (*text == '{') {
        if (ret_help) {
            *ret_help = false;
        }
        value = json_parse_object(text, err);
        return value ? visitor_new_json_input(value) : NULL;
    }
    value = keyval_parse(text, implied_key, ret_help, err);
    return value ? visitor_new_keyval_input(value) : NULL;
}

static void append_text(GString *out, struct json_object *value, const char *path,
                        const char *implied_key)
{
    g_autofree char *scalar = NULL;
    const char *text;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member) {
            g_autofree char *sub = path ? g_strdup_printf("%s.%s", path, key)
                                        : g_strdup(key);

            append_text(out, member, sub, implied_key);
        }
        return;
    }
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            g_autofree char *sub = g_strdup_printf("%s.%zu", path ? path : "", i);

            append_text(out, json_object_array_get_idx(value, i), sub, implied_key);
        }
        return;
    }
    if (json_object_is_type(value, json_type_boolean)) {
        text = json_object_get_boolean(value) ? "on" : "off";
    } else if (json_object_is_type(value, json_type_string)) {
        text = json_object_get_string(value);
    } else {
        text = scalar = value ? json_to_text(value, false) : g_strdup("");
    }
    if (out->len > 0) {
        g_string_append_c(out, ',');
    }
    if (path && (out->len > 0 || g_strcmp0(path, implied_key) != 0 || strchr(text, '='))) {
        g_string_append_printf(out, "%s=", path);
    }
    for (; *text; text++) {
        g_string_append(out, *text == ',' ? "," : "");
        g_string_append_c(out, *text);
    }
}

char *keyval_to_text(struct json_object *value, const char *implied_key)
{
    GString *out = g_string_new(NULL);

    append_text(out, value, NULL, implied_key);
    return g_string_free(out, FALSE);
}
