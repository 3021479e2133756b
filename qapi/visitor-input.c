/*
 * The visitors that read values: strict JSON, and key=value strings.
 *
 * Both walk the same tree of values; they differ in what a scalar may look like, which is
 * decided by one flag in the scalar functions below.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/visitor-impl.h"
#include "qapi/json.h"
#include "util/cutils.h"

typedef struct Level {
    struct json_object *value; /* object or array, borrowed from the root */
    char *name;                /* its own name, NULL at the root and in lists */
    GPtrArray *asked;          /* objects: names that were asked for */
    size_t next;               /* arrays: the element after the current one */
} Level;

typedef struct InputVisitor {
    Visitor parent;
    struct json_object *root;
    GArray *stack; /* of Level */
    bool strings;  /* scalars may be strings in option syntax */
} InputVisitor;

static InputVisitor *input(Visitor *v)
{
    return container_of(v, InputVisitor, parent);
}

static Level *top(InputVisitor *in)
{
    return in->stack->len ? &g_array_index(in->stack, Level, in->stack->len - 1) : NULL;
}

/* The path of member @name of the current level as users write it. */
static char *full_name(InputVisitor *in, const char *name)
{
    GString *path = g_string_new(NULL);

    for (guint i = 0; i < in->stack->len; i++) {
        Level *l = &g_array_index(in->stack, Level, i);

        if (l->name && i > 0) {
            g_string_append_printf(path, "%s%s", path->len ? "." : "", l->name);
        }
        if (l->value && json_object_is_type(l->value, json_type_array)) {
            size_t index = l->next ? l->next - 1 : 0;

            if (in->strings) {
                g_string_append_printf(path, "%s%zu", path->len ? "." : "", index);
            } else {
                g_string_append_printf(path, "[%zu]", index);
            }
        }
    }
    if (name) {
        g_string_append_printf(path, "%s%s", path->len ? "." : "", name);
    }
    if (path->len == 0) {
        g_string_append(path, "(value)");
    }
    return g_string_free(path, FALSE);
}

static bool fail(InputVisitor *in, const char *name, GError **err, const char *fmt, ...)
    PRINTF(4, 5);

/* @fmt has one %s for the full name, first, then its own. */
static bool fail(InputVisitor *in, const char *name, GError **err, const char *fmt, ...)
{
    g_autofree char *path = full_name(in, name);
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    error_set(err, "%s", text);
    error_set_culprit(err, "parameter", path);
    return false;
}

static bool asked_for(const Level *l, const char *name)
{
    for (guint i = 0; i < l->asked->len; i++) {
        if (!strcmp(g_ptr_array_index(l->asked, i), name)) {
            return true;
        }
    }
    return false;
}

/* The member that comes nearest to @name among those that no one has asked for; or NULL. */
static char *misspelt(InputVisitor *in, const char *name)
{
    Level *l = top(in);
    g_autoptr(GPtrArray) keys = NULL;
    g_auto(GStrv) near = NULL;

    if (!l || !l->asked || !name) {
        return NULL;
    }
    keys = g_ptr_array_new();
    json_object_object_foreach(l->value, key, member) {
        (void)member;
        if (!asked_for(l, key) && !g_str_has_prefix(key, name)) {
            g_ptr_array_add(keys, key);
        }
    }
    g_ptr_array_add(keys, NULL);
    near = error_nearest(name, (const char *const *)keys->pdata);
    return near ? g_strdup(near[0]) : NULL;
}

static bool fail_missing(InputVisitor *in, const char *name, GError **err)
{
    g_autofree char *path = full_name(in, name);
    g_autofree char *meant = misspelt(in, name);

    fail(in, name, err, "Parameter '%s' is missing", path);
    if (meant) {
        error_add_hint(err, "is it meant by '%s'?", meant);
    }
    return false;
}

static bool fail_type(InputVisitor *in, const char *name, const char *expected, GError **err)
{
    g_autofree char *path = full_name(in, name);

    return fail(in, name, err, "Invalid parameter type for '%s', expected: %s", path,
                expected);
}

static bool fail_value(InputVisitor *in, const char *name, const char *given, GError **err)
{
    g_autofree char *path = full_name(in, name);

    return fail(in, name, err, "Parameter '%s' does not accept value '%.64s'", path, given);
}

/* Member @name without taking it; false if there is none. */
static bool look(InputVisitor *in, const char *name, struct json_object **ret)
{
    Level *l = top(in);

    *ret = NULL;
    if (!l) {
        *ret = in->root;
        return true;
    }
    if (!l->value) {
        return false;
    }
    if (json_object_is_type(l->value, json_type_array)) {
        *ret = json_object_array_get_idx(l->value, l->next - 1);
        return true;
    }
    return json_object_object_get_ex(l->value, name, ret);
}

static void note_asked(InputVisitor *in, const char *name)
{
    Level *l = top(in);

    if (l && l->asked && name) {
        g_ptr_array_add(l->asked, g_strdup(name));
    }
}

/* Take member @name; an error if it is missing. */
static bool take(InputVisitor *in, const char *name, struct json_object **ret, GError **err)
{
    note_asked(in, name);
    return look(in, name, ret) || fail_missing(in, name, err);
}

/* The member's text if it may be read as an option string, else NULL. */
static const char *as_text(InputVisitor *in, struct json_object *value)
{
    return in->strings && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

static void push(InputVisitor *in, const char *name, struct json_object *value)
{
    Level l = { .value = value, .name = g_strdup(name) };

    if (json_object_is_type(value, json_type_object)) {
        l.asked = g_ptr_array_new_with_free_func(g_free);
    }
    g_array_append_val(in->stack, l);
}

static void pop(Visitor *v)
{
    InputVisitor *in = input(v);
    Level *l = top(in);

    g_free(l->name);
    if (l->asked) {
        g_ptr_array_free(l->asked, TRUE);
    }
    g_array_set_size(in->stack, in->stack->len - 1);
}

static bool input_start_struct(Visitor *v, const char *name, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;

    if (!take(in, name, &value, err)) {
        return false;
    }
    if (!json_object_is_type(value, json_type_object)) {
        return fail_type(in, name, "object", err);
    }
    push(in, name, value);
    return true;
}

static bool input_check_struct(Visitor *v, GError **err)
{
    InputVisitor *in = input(v);
    Level *l = top(in);

    json_object_object_foreach(l->value, key, member) {
        (void)member;
        if (!asked_for(l, key)) {
            g_autofree char *path = full_name(in, key);

            fail(in, key, err, "Parameter '%.200s' is unexpected", path);
            g_ptr_array_add(l->asked, NULL);
            error_set_nearest(err, key, (const char *const *)l->asked->pdata);
            return false;
        }
    }
    return true;
}

static bool input_start_list(Visitor *v, const char *name, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;

    if (!take(in, name, &value, err)) {
        return false;
    }
    if (!json_object_is_type(value, json_type_array)) {
        return fail_type(in, name, "array", err);
    }
    push(in, name, value);
    return true;
}

static bool input_next_list(Visitor *v, bool more)
{
    Level *l = top(input(v));

    return l->next++ < json_object_array_length(l->value);
}

static bool input_optional(Visitor *v, const char *name)
{
    InputVisitor *in = input(v);
    struct json_object *value;

    if (look(in, name, &value)) {
        return true;
    }
    note_asked(in, name);
    return false;
}

static json_type input_peek_type(Visitor *v, const char *name)
{
    struct json_object *value;

    look(input(v), name, &value);
    return json_object_get_type(value);
}

static bool parse_bool(const char *text, bool *ret)
{
    static const char *const words[] = { "off",  "on", "no", "yes", "false",
                                         "true", "n",  "y",  NULL };

    for (unsigned i = 0; words[i]; i++) {
        if (!strcmp(text, words[i])) {
            *ret = i & 1;
            return true;
        }
    }
    return false;
}

static json_type input_peek_scalar(Visitor *v, const char *name)
{
    struct json_object *value;
    const char *text;
    bool b;

    look(input(v), name, &value);
    text = as_text(input(v), value);
    if (!text) {
        return json_object_get_type(value);
    }
    return parse_bool(text, &b) ? json_type_boolean : *text ? json_type_int : json_type_null;
}

static bool input_wrong_type(Visitor *v, const char *name, const char *expected,
                             GError **err)
{
    struct json_object *value;

    return take(input(v), name, &value, err) && fail_type(input(v), name, expected, err);
}

static bool parse_int(const char *text, int64_t *ret)
{
    bool negative = *text == '-';
    uint64_t u;

    text += negative || *text == '+';
    if (!parse_uint(text, (uint64_t)INT64_MAX + negative, &u)) {
        return false;
    }
    *ret = negative ? -u : u;
    return true;
}

/* Whether @value is a JSON integer beyond int64_t. */
static bool is_big(struct json_object *value)
{
    return json_object_get_uint64(value) > INT64_MAX;
}

static bool input_type_int64(Visitor *v, const char *name, int64_t *obj, int64_t min,
                             int64_t max, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;
    int64_t i = 0;
    bool ok = true;

    if (!take(in, name, &value, err)) {
        return false;
    }
    text = as_text(in, value);
    if (text) {
        ok = parse_int(text, &i);
    } else if (json_object_is_type(value, json_type_int)) {
        ok = !is_big(value);
        i = json_object_get_int64(value);
    } else {
        return fail_type(in, name, "integer", err);
    }
    if (!ok || i < min || i > max) {
        fail_value(in, name, json_object_get_string(value), err);
        error_set_expected(err, "an integer from %" PRId64 " to %" PRId64, min, max);
        return false;
    }
    *obj = i;
    return true;
}

static bool input_type_uint64(Visitor *v, const char *name, uint64_t *obj, uint64_t max,
                              GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;
    uint64_t u = 0;
    bool ok = true;

    if (!take(in, name, &value, err)) {
        return false;
    }
    text = as_text(in, value);
    if (text) {
        ok = parse_uint(text, UINT64_MAX, &u);
    } else if (json_object_is_type(value, json_type_int)) {
        ok = is_big(value) || json_object_get_int64(value) >= 0;
        u = json_object_get_uint64(value);
    } else {
        return fail_type(in, name, "integer", err);
    }
    if (!ok || u > max) {
        fail_value(in, name, json_object_get_string(value), err);
        error_set_expected(err, "an integer from 0 to %" PRIu64, max);
        return false;
    }
    *obj = u;
    return true;
}

static bool input_type_size(Visitor *v, const char *name, uint64_t *obj, uint64_t unit,
                            GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!look(in, name, &value) || !(text = as_text(in, value))) {
        return input_type_uint64(v, name, obj, UINT64_MAX, err);
    }
    note_asked(in, name);
    if (!parse_size(text, unit, obj)) {
        fail_value(in, name, text, err);
        error_set_expected(err, "a size such as 512M or 1.5G below 16E");
        return false;
    }
    return true;
}

static bool input_type_bool(Visitor *v, const char *name, bool *obj, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!take(in, name, &value, err)) {
        return false;
    }
    text = as_text(in, value);
    if (text) {
        if (parse_bool(text, obj)) {
            return true;
        }
        fail_value(in, name, text, err);
        error_set_expected(err, "on or off");
        return false;
    }
    if (!json_object_is_type(value, json_type_boolean)) {
        return fail_type(in, name, "boolean", err);
    }
    *obj = json_object_get_boolean(value);
    return true;
}

static bool input_type_str(Visitor *v, const char *name, char **obj, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!take(in, name, &value, err)) {
        return false;
    }
    if (!json_object_is_type(value, json_type_string)) {
        return fail_type(in, name, "string", err);
    }
    text = json_object_get_string(value);
    if (strlen(text) != (size_t)json_object_get_string_len(value)) {
        g_autofree char *path = full_name(in, name);

        return fail(in, name, err, "Parameter '%s' must not contain NUL characters", path);
    }
    *obj = g_strdup(text);
    return true;
}

static bool input_type_number(Visitor *v, const char *name, double *obj, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!take(in, name, &value, err)) {
        return false;
    }
    text = as_text(in, value);
    if (text) {
        char *end;
        double d = g_ascii_strtod(text, &end);

        if (end == text || *end || !(d >= -G_MAXDOUBLE && d <= G_MAXDOUBLE)) {
            fail_value(in, name, text, err);
            error_set_expected(err, "a number");
            return false;
        }
        *obj = d;
        return true;
    }
    if (json_object_is_type(value, json_type_int)) {
        *obj = is_big(value) ? (double)json_object_get_uint64(value)
                             : (double)json_object_get_int64(value);
        return true;
    }
    if (!json_object_is_type(value, json_type_double)) {
        return fail_type(in, name, "number", err);
    }
    *obj = json_object_get_double(value);
    return true;
}

static bool input_type_null(Visitor *v, const char *name, GError **err)
{
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!take(in, name, &value, err)) {
        return false;
    }
    text = as_text(in, value);
    return (text ? !*text : !value) || fail_type(in, name, "null", err);
}

static bool input_type_any(Visitor *v, const char *name, struct json_object **obj,
                           GError **err)
{
    struct json_object *value;

    if (!take(input(v), name, &value, err)) {
        return false;
    }
    *obj = json_object_get(value);
    return true;
}

static bool input_type_enum(Visitor *v, const char *name, int *obj, const char *const *names,
                            GError **err)
{
    enum { MAX_LISTED = 12 };
    InputVisitor *in = input(v);
    struct json_object *value;
    const char *text;

    if (!take(in, name, &value, err)) {
        return false;
    }
    if (!json_object_is_type(value, json_type_string)) {
        return fail_type(in, name, "string", err);
    }
    text = json_object_get_string(value);
    for (int i = 0; names[i]; i++) {
        if (!strcmp(text, names[i])) {
            *obj = i;
            return true;
        }
    }
    fail_value(in, name, text, err);
    error_set_nearest(err, text, names);
    if (g_strv_length((char **)names) <= MAX_LISTED) {
        g_autofree char *all = g_strjoinv(", ", (char **)names);

        error_set_expected(err, "one of: %s", all);
    }
    return false;
}

static void input_free(Visitor *v)
{
    InputVisitor *in = input(v);

    while (in->stack->len) {
        pop(v);
    }
    g_array_free(in->stack, TRUE);
    json_object_put(in->root);
}

static Visitor *new_input(struct json_object *value, bool strings)
{
    static const VisitorOps ops = {
        .kind = VISITOR_INPUT,
        .start_struct = input_start_struct,
        .check_struct = input_check_struct,
        .end_struct = pop,
        .start_list = input_start_list,
        .next_list = input_next_list,
        .end_list = pop,
        .optional = input_optional,
        .peek_type = input_peek_type,
        .peek_scalar = input_peek_scalar,
        .wrong_type = input_wrong_type,
        .type_int64 = input_type_int64,
        .type_uint64 = input_type_uint64,
        .type_size = input_type_size,
        .type_bool = input_type_bool,
        .type_str = input_type_str,
        .type_number = input_type_number,
        .type_null = input_type_null,
        .type_any = input_type_any,
        .type_enum = input_type_enum,
        .free = input_free,
    };
    InputVisitor *in = g_new0(InputVisitor, 1);

    in->parent.ops = &ops;
    in->root = json_object_get(value);
    in->stack = g_array_new(FALSE, FALSE, sizeof(Level));
    in->strings = strings;
    return &in->parent;
}

Visitor *visitor_new_json_input(struct json_object *value)
{
    return new_input(value, false);
}

Visitor *visitor_new_keyval_input(struct json_object *value)
{
    return new_input(value, true);
}
