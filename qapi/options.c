/*
 * The command line by the generated table of options (qapi/options.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/options.h"
#include "qapi/qapi-util.h"
#include "qapi/qapi-types-builtin.h"

/* Any list of pointers: all generated ones have this layout. */
typedef struct PointerList {
    size_t len;
    void **items;
} PointerList;

Visitor *qapi_props_visitor(const QapiProps *props)
{
    return props->keyval ? visitor_new_keyval_input(props->value)
                         : visitor_new_json_input(props->value);
}

void qapi_free_QapiProps(QapiProps *props)
{
    if (props) {
        json_object_put(props->value);
        g_free(props);
    }
}

const QapiOption *qapi_option_find(const QapiOption *table, const char *name,
                                   const QapiContext *ctx)
{
    for (; table->name; table++) {
        if ((!strcmp(table->name, name) || !g_strcmp0(table->alias, name)) &&
            qapi_condition(table->cond, ctx)) {
            return table;
        }
    }
    return NULL;
}

static bool unknown_option(const QapiOption *table, const char *arg, const QapiContext *ctx,
                           GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    bool two_dashes = arg[1] == '-';

    for (; table->name; table++) {
        if (qapi_condition(table->cond, ctx)) {
            g_ptr_array_add(names, g_strdup_printf("-%s", table->name));
            if (table->alias) {
                g_ptr_array_add(names, g_strdup_printf("-%s", table->alias));
            }
        }
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(err, "option", arg + two_dashes, (const char *const *)names->pdata);
    return false;
}

static void *field_of(const QapiOption *opt, void *opts)
{
    return (char *)opts + opt->offset;
}

static void append_pointer(void *field, void *item)
{
    PointerList **list = field;

    if (!*list) {
        *list = g_new0(PointerList, 1);
    }
    QAPI_LIST_APPEND(*list, item);
}

static bool take_help(const QapiOption *opt, QapiOptionsHead *head,
                      struct json_object *props)
{
    if (!head->help_option) {
        head->help_option = opt;
        head->help_props = json_object_get(props);
    }
    return true;
}

static bool parse_str(const QapiOption *opt, void *opts, const char *arg, GError **err)
{
    char **field = field_of(opt, opts);

    if (opt->help && keyval_is_help(arg)) {
        return take_help(opt, opts, NULL);
    }
    if (opt->repeat) {
        append_pointer(field, g_strdup(arg));
    } else {
        g_free(*field);
        *field = g_strdup(arg);
    }
    return true;
}

/* Add @from's members to @to, later ones replacing; arrays grow. */
static void merge(struct json_object *to, struct json_object *from)
{
    json_object_object_foreach(from, key, value) {
        struct json_object *old;

        if (!json_object_object_get_ex(to, key, &old)) {
            old = NULL;
        }
        if (json_object_is_type(value, json_type_object) &&
            json_object_is_type(old, json_type_object)) {
            merge(old, value);
        } else if (json_object_is_type(value, json_type_array) &&
                   json_object_is_type(old, json_type_array)) {
            for (size_t i = 0; i < json_object_array_length(value); i++) {
                json_object_array_add(
                    old, json_object_get(json_object_array_get_idx(value, i)));
            }
        } else {
            json_object_object_add(to, key, json_object_get(value));
        }
    }
}

/* One structured argument; *collected keeps what non-repeating options gathered. */
static bool parse_props(const QapiOption *opt, void *opts, const char *arg,
                        GHashTable *collected, GError **err)
{
    bool keyval = *arg != '{', help = false;
    g_autoptr(json_object) value =
        keyval ? keyval_parse_lists(arg, opt->implied, opt->lists,
                                    opt->help ? &help : NULL, err)
               : json_parse_object(arg, err);
    QapiProps *props, *old;

    if (!value) {
        return false;
    }
    if (help) {
        return take_help(opt, opts, value);
    }
    props = g_new0(QapiProps, 1);
    props->value = g_steal_pointer(&value);
    props->keyval = keyval;
    if (opt->kind == QAPI_OPTION_PROPS && opt->repeat) {
        append_pointer(field_of(opt, opts), props);
        return true;
    }
    if (!opt->repeat) {
        old = g_hash_table_lookup(collected, opt);
        if (old && old->keyval && keyval) {
            merge(old->value, props->value);
            qapi_free_QapiProps(props);
        } else {
            g_hash_table_insert(collected, (void *)opt, props);
        }
        return true;
    }
    g_autoptr(Visitor) v = qapi_props_visitor(props);
    void *item = NULL;
    bool ok = opt->visit(v, NULL, &item, err);

    qapi_free_QapiProps(props);
    if (ok) {
        append_pointer(field_of(opt, opts), item);
    }
    return ok;
}

/* Give non-repeating structured options their values, now that all keys are known. */
static bool finish(const QapiOption *table, void *opts, GHashTable *collected, GError **err)
{
    for (const QapiOption *opt = table; opt->name; opt++) {
        QapiProps *props = g_hash_table_lookup(collected, opt);
        void **field = field_of(opt, opts);
        g_autoptr(Visitor) v = NULL;

        if (!props) {
            continue;
        }
        if (opt->kind == QAPI_OPTION_PROPS) {
            g_hash_table_steal(collected, opt);
            *field = props;
            continue;
        }
        v = qapi_props_visitor(props);
        if (!opt->visit(v, NULL, field, err)) {
            return error_prefix(err, "option -%s", opt->name);
        }
    }
    return true;
}

bool qapi_options_parse(const QapiOption *table, void *opts, const QapiContext *ctx, int argc,
                        char **argv, GError **err)
{
    g_autoptr(GHashTable) collected =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)qapi_free_QapiProps);

    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const QapiOption *opt;
        bool ok;

        if (arg[0] != '-' || !arg[1]) {
            error_set(err, "unexpected argument '%s'", arg);
            error_set_culprit(err, "argument", arg);
            error_add_hint(err, "a disk image is given by -drive file=%s", arg);
            return false;
        }
        opt = qapi_option_find(table, arg + 1 + (arg[1] == '-'), ctx);
        if (!opt) {
            return unknown_option(table, arg, ctx, err);
        }
        if (opt->kind == QAPI_OPTION_FLAG) {
            *(bool *)field_of(opt, opts) = true;
            continue;
        }
        if (++i == argc) {
            error_set(err, "option -%s lacks its argument", opt->name);
            error_set_culprit(err, "option", arg);
            error_set_expected(err, "-%s %s", opt->name, opt->syntax);
            return false;
        }
        ok = opt->kind == QAPI_OPTION_STR
                 ? parse_str(opt, opts, argv[i], err)
                 : parse_props(opt, opts, argv[i], collected, err);
        if (!ok) {
            return error_prefix(err, "option -%s", opt->name);
        }
    }
    return finish(table, opts, collected, err);
}

void qapi_options_clear(const QapiOption *table, void *opts)
{
    QapiOptionsHead *head = opts;

    for (const QapiOption *opt = table; opt->name; opt++) {
        void **field = field_of(opt, opts);
        PointerList *list = opt->repeat ? *field : NULL;

        switch (opt->kind) {
        case QAPI_OPTION_FLAG: *(bool *)field_of(opt, opts) = false; continue;
        case QAPI_OPTION_STR:
            if (opt->repeat) {
                qapi_free_strList(*field);
            } else {
                g_free(*field);
            }
            break;
        case QAPI_OPTION_PROPS:
            for (size_t i = 0; list && i < list->len; i++) {
                qapi_free_QapiProps(list->items[i]);
            }
            if (list) {
                g_free(list->items);
                g_free(list);
            } else if (!opt->repeat) {
                qapi_free_QapiProps(*field);
            }
            break;
        case QAPI_OPTION_STRUCT:
            if (*field) {
                g_autoptr(Visitor) v = visitor_new_dealloc();

                opt->visit_field(v, NULL, field, NULL);
            }
            break;
        }
        *field = NULL;
    }
    json_object_put(head->help_props);
    head->help_props = NULL;
    head->help_option = NULL;
}
