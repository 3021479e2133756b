/*
 * Options that are about other options: -readconfig, -set and -writeconfig
 * (softmmu/main-process.h). All three work on the text of arguments, before the generated
 * parser reads it, so they hold for every option that the schema has.
 *
 * A file for -readconfig has sections of lines key = "value"; a section begins with
 * [option] or [option "id"]. Sections of a few options have names of their own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-process.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "util/cutils.h"

static const struct { const char *section, *option; } names[] = {
    { "memory", "m" }, { "smp-opts", "smp" }, { "boot-opts", "boot" },
};

static const char *option_of(const char *section)
{
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (g_str_equal(names[i].section, section)) {
            return names[i].option;
        }
    }
    return section;
}

static const char *section_of(const char *option)
{
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (g_str_equal(names[i].option, option)) {
            return names[i].section;
        }
    }
    return option;
}

/* An option with keys. */
static const QapiOption *find_group(const char *name, GError **err)
{
    const QapiOption *opt = qapi_option_find(qapi_options, option_of(name), NULL);
    g_autoptr(GPtrArray) all = NULL;

    if (opt && (opt->kind == QAPI_OPTION_PROPS || opt->kind == QAPI_OPTION_STRUCT)) {
        return opt;
    }
    all = g_ptr_array_new();
    for (opt = qapi_options; opt->name; opt++) {
        if (opt->kind == QAPI_OPTION_PROPS || opt->kind == QAPI_OPTION_STRUCT) {
            g_ptr_array_add(all, (void *)section_of(opt->name));
        }
    }
    g_ptr_array_add(all, NULL);
    error_set_unknown(err, "option with keys", name, (const char *const *)all->pdata);
    return NULL;
}

/* "key=value" with commas doubled. */
static void append_item(GString *text, const char *key, const char *value)
{
    g_string_append_printf(text, "%s%s=", text->len ? "," : "", key);
    for (; *value; value++) {
        g_string_append(text, *value == ',' ? ",," : (char[]){ *value, '\0' });
    }
}

/* ---- -readconfig ---- */

/* The id is the key "id", but for nodes of -blockdev. */
static const char *id_key(const QapiOption *opt)
{
    return g_str_equal(opt->name, "blockdev") ? "node-name" : "id";
}

typedef struct Section {
    const QapiOption *opt; /* NULL before the first */
    GString *text;
} Section;

static void end_section(Section *s, GPtrArray *out)
{
    if (s->opt) {
        g_ptr_array_add(out, g_strdup_printf("-%s", s->opt->name));
        g_ptr_array_add(out, g_strdup(s->text->str));
    }
    g_string_truncate(s->text, 0);
}

/* [NAME] or [NAME "ID"]. */
static bool begin_section(Section *s, char *line, GError **err)
{
    char *end = strrchr(line, ']'), *quote = strchr(line, '"');
    g_autofree char *name = NULL;

    if (!end || end[1]) {
        return error_set(err, "a section's line does not end with ']'");
    }
    *end = '\0';
    name = g_strstrip(quote ? g_strndup(line + 1, quote - line - 1) : g_strdup(line + 1));
    s->opt = find_group(name, err);
    if (!s->opt) {
        return false;
    }
    if (quote) {
        char *last = strrchr(quote + 1, '"');

        if (!last || g_strstrip(last + 1)[0]) {
            return error_set(err, "the id of section '%s' does not end with '\"'", name);
        }
        *last = '\0';
        append_item(s->text, id_key(s->opt), quote + 1);
    }
    return true;
}

/* KEY = "VALUE". */
static bool take_line(Section *s, char *line, GError **err)
{
    char *eq = strchr(line, '='), *value;
    size_t len;

    if (!s->opt) {
        return error_set(err, "a key stands before the first section");
    }
    if (!eq) {
        error_set(err, "'%s' has no value", line);
        error_set_expected(err, "key = \"value\"");
        return false;
    }
    *eq = '\0';
    value = g_strstrip(eq + 1);
    len = strlen(value);
    if (len < 2 || *value != '"' || value[len - 1] != '"') {
        error_set(err, "the value of '%s' is not in double quotes", g_strstrip(line));
        return false;
    }
    value[len - 1] = '\0';
    append_item(s->text, g_strstrip(line), value + 1);
    return true;
}

static bool read_config(const char *path, GPtrArray *out, GError **err)
{
    g_autofree char *data = NULL;
    g_auto(GStrv) lines = NULL;
    Section s = { .text = g_string_new(NULL) };
    bool ok = true;

    if (!read_file(path, &data, NULL, err)) {
        g_string_free(s.text, TRUE);
        return error_prefix(err, "-readconfig");
    }
    lines = g_strsplit(data, "\n", -1);
    for (unsigned i = 0; ok && lines[i]; i++) {
        char *line = g_strstrip(lines[i]);

        if (!*line || *line == '#') {
            continue;
        }
        if (*line == '[') {
            end_section(&s, out);
            ok = begin_section(&s, line, err);
        } else {
            ok = take_line(&s, line, err);
        }
        if (!ok) {
            error_prefix(err, "-readconfig %s, line %u", path, i + 1);
        }
    }
    end_section(&s, out);
    g_string_free(s.text, TRUE);
    return ok;
}

/* ---- -set ---- */

static const QapiOption *option_at(const char *arg)
{
    return arg[0] == '-' && arg[1]
               ? qapi_option_find(qapi_options, arg + 1 + (arg[1] == '-'), NULL) : NULL;
}

static bool has_id(const QapiOption *opt, const char *text, const char *id)
{
    g_autoptr(json_object) value = *text == '{'
                                       ? json_parse_object(text, NULL)
                                       : keyval_parse_lists(text, opt->implied, opt->lists,
                                                            &(bool){ false }, NULL);
    struct json_object *v;

    return value && json_object_object_get_ex(value, id_key(opt), &v) &&
           g_str_equal(json_object_get_string(v), id);
}

static char *with_key(const char *text, const char *key, const char *value)
{
    g_autoptr(json_object) o = *text == '{' ? json_parse_object(text, NULL) : NULL;
    GString *s;

    if (o) {
        struct json_object *v = NULL;

        if (!json_parse_value(value, &v, NULL)) {
            v = json_object_new_string(value);
        }
        json_object_object_add(o, key, v);
        return json_to_text(o, false);
    }
    s = g_string_new(text);
    append_item(s, key, value);
    return g_string_free(s, FALSE);
}

/* OPTION.ID.KEY=VALUE */
static bool apply_set(const char *arg, GPtrArray *args, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(arg, ".", 3);
    char *eq = g_strv_length(parts) == 3 ? strchr(parts[2], '=') : NULL;
    const QapiOption *opt;

    if (!eq) {
        error_set(err, "-set %s", arg);
        error_set_expected(err, "OPTION.ID.KEY=VALUE");
        return false;
    }
    *eq = '\0';
    opt = find_group(parts[0], err);
    if (!opt) {
        return error_prefix(err, "-set %s", arg);
    }
    for (guint i = 1; i + 1 < args->len; i++) {
        if (option_at(args->pdata[i]) == opt && has_id(opt, args->pdata[i + 1], parts[1])) {
            char *text = with_key(args->pdata[i + 1], parts[2], eq + 1);

            g_free(args->pdata[i + 1]);
            args->pdata[i + 1] = text;
            return true;
        }
    }
    return error_set(err, "-set %s: there is no -%s with id '%s'", arg, opt->name, parts[1]);
}

/* ---- -writeconfig ---- */

static void write_keys(struct json_object *o, const char *prefix, const char *skip,
                       GString *out)
{
    json_object_object_foreach(o, key, value) {
        g_autofree char *full = prefix ? g_strdup_printf("%s.%s", prefix, key) : g_strdup(key);

        if (g_str_equal(full, skip)) {
            continue;
        }
        if (json_object_is_type(value, json_type_object)) {
            write_keys(value, full, skip, out);
        } else if (json_object_is_type(value, json_type_array)) {
            for (size_t i = 0; i < json_object_array_length(value); i++) {
                g_string_append_printf(
                    out, "  %s = \"%s\"\n", full,
                    json_object_get_string(json_object_array_get_idx(value, i)));
            }
        } else if (json_object_is_type(value, json_type_boolean)) {
            g_string_append_printf(out, "  %s = \"%s\"\n", full,
                                   json_object_get_boolean(value) ? "on" : "off");
        } else {
            g_string_append_printf(out, "  %s = \"%s\"\n", full,
                                   json_object_get_string(value));
        }
    }
}

/* Faults of an option are the parser's to tell. */
static void write_section(const QapiOption *opt, const char *text, GString *out)
{
    bool help = false;
    g_autoptr(json_object) value = *text == '{'
                                       ? json_parse_object(text, NULL)
                                       : keyval_parse_lists(text, opt->implied, opt->lists,
                                                            &help, NULL);
    struct json_object *id;

    if (!value) {
        return;
    }
    if (json_object_object_get_ex(value, id_key(opt), &id)) {
        g_string_append_printf(out, "[%s \"%s\"]\n", section_of(opt->name),
                               json_object_get_string(id));
    } else {
        g_string_append_printf(out, "[%s]\n", section_of(opt->name));
    }
    write_keys(value, NULL, id_key(opt), out);
    g_string_append_c(out, '\n');
}

static bool write_config(const char *path, const GPtrArray *args, GError **err)
{
    GString *out = g_string_new("# options for -readconfig\n\n");
    g_autoptr(GError) cause = NULL;
    bool ok = true;

    for (guint i = 1; i + 1 < args->len; i++) {
        const QapiOption *opt = option_at(args->pdata[i]);

        if (opt && opt->kind != QAPI_OPTION_FLAG) {
            i++;
            if (opt->kind != QAPI_OPTION_STR) {
                write_section(opt, args->pdata[i], out);
            }
        }
    }
    if (g_str_equal(path, "-")) {
        fputs(out->str, stdout);
    } else if (!g_file_set_contents(path, out->str, out->len, &cause)) {
        ok = error_set(err, "-writeconfig: %s", cause->message);
    }
    g_string_free(out, TRUE);
    return ok;
}

/* ---- All of them ---- */

char **main_expand_argv(int argc, char **argv, int *ret_argc, GError **err)
{
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    const char *write_to = NULL;

    g_ptr_array_add(args, g_strdup(argv[0]));
    for (int i = 1; i < argc; i++) {
        const QapiOption *opt = option_at(argv[i]);
        bool more = opt && opt->kind != QAPI_OPTION_FLAG && i + 1 < argc;

        if (more && g_str_equal(opt->name, "readconfig")) {
            if (!read_config(argv[++i], args, err)) {
                return NULL;
            }
        } else if (more && g_str_equal(opt->name, "set")) {
            g_ptr_array_add(sets, argv[++i]);
        } else if (more && g_str_equal(opt->name, "writeconfig")) {
            write_to = argv[++i];
        } else {
            g_ptr_array_add(args, g_strdup(argv[i]));
            if (more) {
                g_ptr_array_add(args, g_strdup(argv[++i]));
            }
        }
    }
    for (guint i = 0; i < sets->len; i++) {
        if (!apply_set(sets->pdata[i], args, err)) {
            return NULL;
        }
    }
    if (write_to && !write_config(write_to, args, err)) {
        return NULL;
    }
    *ret_argc = args->len;
    g_ptr_array_add(args, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&args), FALSE);
}
