/*
 * Completion of human monitor lines: commands and their words from the generated table,
 * arguments from the schema's enumerations, the object model and what the machine has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <json-c/json.h>
#include "accel/cpu.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "hw/core/device.h"
#include "monitor/hmp-internal.h"
#include "monitor/monitor.h"
#include "net/net.h"
#include "qapi/json.h"
#include "qapi/qapi-hmp.h"
#include "qapi/qapi-options.h"
#include "qapi/qapi-types-net.h"
#include "qom/object.h"
#include "util/log.h"
#include "util/tracing.h"

typedef struct Completion {
    GPtrArray *words;     /* found so far */
    const char *typed;    /* the word to complete, as far as it goes */
    const char *before;   /* arguments before it, from the command's words on */
    size_t start;         /* where typed begins in the line */
    bool is_item;         /* of a list: more may follow without a blank */
} Completion;

static void offer(Completion *c, const char *word)
{
    if (word && *word && g_str_has_prefix(word, c->typed)) {
        g_ptr_array_add(c->words, g_strdup(word));
    }
}

static void offer_names(Completion *c, const char *const *names)
{
    for (unsigned i = 0; names && names[i]; i++) {
        offer(c, names[i]);
    }
}

/* Complete a part of the word only, from its byte n on. */
static void skip_typed(Completion *c, size_t n)
{
    c->typed += n;
    c->start += n;
    c->is_item = true;
}

static const char *skip_blanks(const char *p)
{
    while (g_ascii_isspace(*p)) {
        p++;
    }
    return p;
}

/* ---- What the machine has ---- */

static void offer_children(Completion *c, const char *container)
{
    Object *all = object_resolve_path(container, NULL, NULL);

    for (unsigned i = 0; all && all->child_order && i < all->child_order->len; i++) {
        offer(c, ((Object *)all->child_order->pdata[i])->name);
    }
}

static void offer_devices(Completion *c)
{
    offer_children(c, "/machine/peripheral");
}

static void offer_objects(Completion *c)
{
    offer_children(c, "/objects");
}

static void offer_chardevs(Completion *c)
{
    offer_children(c, "/chardevs");
}

static void offer_client(NetClient *nc, void *opaque)
{
    offer(opaque, nc->name);
}

static void offer_net_clients(Completion *c)
{
    net_foreach(offer_client, c);
}

static void offer_netdev(NetClient *nc, void *opaque)
{
    if (!net_is_nic(nc)) {
        offer(opaque, nc->name);
    }
}

static void offer_netdevs(Completion *c)
{
    net_foreach(offer_netdev, c);
}

static void offer_members(Completion *c, struct json_object *list, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *v;

        if (json_object_object_get_ex(json_object_array_get_idx(list, i), name, &v)) {
            offer(c, json_object_get_string(v));
        }
    }
    json_object_put(list);
}

static void offer_drives(Completion *c)
{
    offer_members(c, block_query(), "device");
}

static void offer_nodes(Completion *c)
{
    offer_drives(c);
    offer_members(c, block_query_nodes(), "node-name");
}

static void offer_cpus(Completion *c)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        g_autofree char *index = g_strdup_printf("%u", i);

        offer(c, index);
    }
}

/* An object's path, one level of the tree at a time. */
static void offer_paths(Completion *c)
{
    const char *slash = strrchr(c->typed, '/');
    g_autofree char *parent = slash ? g_strndup(c->typed, slash - c->typed) : NULL;
    Object *obj;

    if (!parent) {
        offer(c, "/");
        return;
    }
    obj = *parent ? object_resolve_path(parent, NULL, NULL) : object_root();
    for (unsigned i = 0; obj && obj->child_order && i < obj->child_order->len; i++) {
        Object *child = obj->child_order->pdata[i];
        bool inner = child->child_order && child->child_order->len;
        g_autofree char *path = g_strdup_printf("%s/%s%s", parent, child->name,
                                                inner ? "/" : "");

        offer(c, path);
    }
}

/* Of the object that the argument before names. */
static void offer_object_properties(Completion *c)
{
    g_autofree char *path = g_strchomp(g_strdup(skip_blanks(c->before)));
    Object *obj = object_resolve_path(path, NULL, NULL);
    g_autoptr(GPtrArray) props = NULL;

    if (!obj) {
        return;
    }
    props = object_class_properties(obj->klass, false);
    for (unsigned i = 0; i < props->len; i++) {
        offer(c, ((const Property *)props->pdata[i])->name);
    }
}

static void offer_trace_event(const char *name, uint8_t *flag, void *opaque)
{
    offer(opaque, name);
}

static void offer_trace_events(Completion *c)
{
    trace_foreach("*", offer_trace_event, c);
}

/* The first word of each line but the title, in a list that help prints. */
static void offer_help_lines(Completion *c, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

    for (unsigned i = 1; lines[0] && lines[i]; i++) {
        g_autofree char *word = g_strdup(skip_blanks(lines[i]));

        word[strcspn(word, " \t")] = '\0';
        offer(c, word);
    }
}

static void offer_log_items(Completion *c)
{
    const char *comma = strrchr(c->typed, ',');
    g_autoptr(GString) text = g_string_new(NULL);

    skip_typed(c, comma ? comma + 1 - c->typed : 0);
    log_items_help(text);
    offer_help_lines(c, text->str);
    offer(c, "none");
}

static void offer_files(Completion *c)
{
    const char *slash = strrchr(c->typed, '/');
    g_autofree char *folder = slash ? g_strndup(c->typed, slash + 1 - c->typed) : g_strdup("");
    GDir *dir = g_dir_open(*folder ? folder : ".", 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_strconcat(folder, name, NULL);
        g_autofree char *inside = g_strconcat(path, "/", NULL);

        if (*name != '.' || (slash && slash[1] == '.')) {
            offer(c, g_file_test(path, G_FILE_TEST_IS_DIR) ? inside : path);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

/* Registers, in an expression. */
static void offer_registers(Completion *c)
{
    const char *dollar = strrchr(c->typed, '$');
    g_autoptr(GPtrArray) names = NULL;

    if (!dollar) {
        return;
    }
    skip_typed(c, dollar + 1 - c->typed);
    names = monitor_register_names();
    for (unsigned i = 0; i < names->len; i++) {
        offer(c, names->pdata[i]);
    }
}

/* ---- TYPE,KEY=VALUE,... ---- */

static void offer_device_types(Completion *c)
{
    g_autoptr(GPtrArray) all = object_class_list(TYPE_DEVICE, false);

    for (unsigned i = 0; i < all->len; i++) {
        if (((const DeviceClass *)all->pdata[i])->user_creatable) {
            offer(c, object_class_name(all->pdata[i]));
        }
    }
}

static void offer_object_types(Completion *c)
{
    g_autoptr(GPtrArray) all = object_class_list(TYPE_OBJECT, false);

    for (unsigned i = 0; i < all->len; i++) {
        const ObjectClass *klass = all->pdata[i];

        if (klass->type->user_creatable) {
            offer(c, object_class_name(klass));
        }
    }
}

static void offer_chardev_types(Completion *c)
{
    g_auto(GStrv) names = chardev_backend_names();

    offer_names(c, (const char *const *)names);
}

static void offer_values(Completion *c, const Property *p)
{
    static const char *const switches[] = { "on", "off", NULL };

    if (p->kind == PROP_KIND_BOOL || p->kind == PROP_KIND_BIT) {
        offer_names(c, switches);
    } else if (p->kind == PROP_KIND_ENUM) {
        offer_names(c, p->names);
    } else if (p->kind == PROP_KIND_LINK) {
        offer_objects(c);
    } else if (p->set == chardev_prop_set) {
        offer_chardevs(c);
    } else if (p->set == drive_prop_set) {
        offer_nodes(c);
    } else if (p->set == netdev_prop_set) {
        offer_netdevs(c);
    }
}

/* @items: the typed word, its last item cut off; @klass: what the first item names. */
static void offer_keys(Completion *c, const char *items, const ObjectClass *klass)
{
    g_autoptr(GPtrArray) props = object_class_properties(klass, false);
    const char *equals = strchr(c->typed, '=');

    for (unsigned i = 0; i < props->len; i++) {
        const Property *p = props->pdata[i];
        g_autofree char *key = g_strconcat(p->name, "=", NULL);
        g_autofree char *given = g_strdup_printf(",%s", key);

        if (p->flags & PROP_READONLY || !p->desc) {
            continue;
        }
        if (!equals && !strstr(items, given)) {
            offer(c, key);
        } else if (equals && g_str_has_prefix(c->typed, key)) {
            skip_typed(c, strlen(key));
            offer_values(c, p);
            return;
        }
    }
    if (!equals && !strstr(items, ",id=")) {
        offer(c, "id=");
    }
}

static void offer_props(Completion *c, void (*offer_types)(Completion *c),
                        const char *class_prefix)
{
    const char *comma = strrchr(c->typed, ',');
    g_autofree char *items = comma ? g_strndup(c->typed, comma - c->typed) : NULL;
    g_autofree char *type = NULL;
    const ObjectClass *klass;

    c->is_item = true;
    if (!items) {
        offer_types(c);
        return;
    }
    skip_typed(c, comma + 1 - c->typed);
    type = g_strconcat(class_prefix, items, NULL);
    type[strcspn(type, ",")] = '\0';
    klass = object_class_by_name(type);
    if (klass) {
        offer_keys(c, items, klass);
    }
}

/* The keys of a command-line option, of which the schema knows all, whatever its kind. */
static void offer_option_keys(Completion *c, const char *option)
{
    g_autoptr(json_object) all = NULL;
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    all = qapi_introspection_json(qapi_option_parameters, d.ctx);
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *o = json_object_array_get_idx(all, i), *name, *keys;

        if (!json_object_object_get_ex(o, "option", &name) ||
            !g_str_equal(json_object_get_string(name), option) ||
            !json_object_object_get_ex(o, "parameters", &keys)) {
            continue;
        }
        for (size_t k = 0; k < json_object_array_length(keys); k++) {
            if (json_object_object_get_ex(json_object_array_get_idx(keys, k), "name", &name)) {
                g_autofree char *key = g_strconcat(json_object_get_string(name), "=", NULL);

                offer(c, key);
            }
        }
    }
}

static void offer_net_backend(Completion *c)
{
    const char *comma = strrchr(c->typed, ',');

    c->is_item = true;
    if (comma) {
        skip_typed(c, comma + 1 - c->typed);
        offer_option_keys(c, "netdev");
    } else {
        offer_names(c, NetClientDriver_names);
    }
}

static void offer_device(Completion *c)
{
    offer_props(c, offer_device_types, "");
}

static void offer_object(Completion *c)
{
    offer_props(c, offer_object_types, "");
}

static void offer_chardev(Completion *c)
{
    offer_props(c, offer_chardev_types, "chardev-");
}

/* ---- Arguments ---- */

/* What the schema cannot tell: the argument of a command, NULL: of any. */
static const struct {
    const char *words, *arg;
    void (*offer)(Completion *c);
} sources[] = {
    { "chardev-add", "options", offer_chardev },
    { "chardev-change", "options", offer_chardev },
    { "chardev-change", "id", offer_chardevs },
    { "chardev-remove", "id", offer_chardevs },
    { "chardev-send-break", "id", offer_chardevs },
    { "cpu", "index", offer_cpus },
    { "device_add", "options", offer_device },
    { "device_del", "id", offer_devices },
    { "hostfwd_add", "netdev-or-rule", offer_netdevs },
    { "hostfwd_remove", "netdev-or-rule", offer_netdevs },
    { "info block", "device", offer_nodes },
    { "info registers", "cpu", offer_cpus },
    { "info trace-events", "name", offer_trace_events },
    { "log", "items", offer_log_items },
    { "netdev_add", "options", offer_net_backend },
    { "netdev_del", "id", offer_netdevs },
    { "object_add", "options", offer_object },
    { "object_del", "id", offer_objects },
    { "set_link", "name", offer_net_clients },
    { "trace-event", "name", offer_trace_events },
    { NULL, "addr", offer_registers },
    { NULL, "expr", offer_registers },
    { NULL, "filename", offer_files },
    { NULL, "path", offer_paths },
    { NULL, "property", offer_object_properties },
    { NULL, "size", offer_registers },
    { NULL, "val", offer_registers },
};

static void offer_flags(Completion *c, const HmpCommand *cmd)
{
    for (const HmpArg *a = cmd->args; a && a->name; a++) {
        char flag[] = { '-', a->flag, '\0' };

        if (a->flag && a->flag != '/') {
            offer(c, flag);
        }
    }
}

/* @index: how many words without a dash stand before it. */
static void offer_argument(Completion *c, const HmpCommand *cmd, unsigned index)
{
    static const char *const switches[] = { "on", "off", NULL };
    const HmpArg *a = cmd->args;

    if (c->typed[0] == '-') {
        offer_flags(c, cmd);
        return;
    }
    for (; a && a->name && (a->flag || index > 0); a++) {
        /* The rest of the line is one argument. */
        if (!a->flag && !a->rest) {
            index--;
        } else if (!a->flag) {
            break;
        }
    }
    if (!a || !a->name) {
        return;
    }
    if (a->values) {
        offer_names(c, a->values);
    } else if (a->kind == HMP_ARG_BOOL) {
        offer_names(c, switches);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
        if (g_str_equal(sources[i].arg, a->name) &&
            (!sources[i].words || g_str_equal(sources[i].words, cmd->words))) {
            sources[i].offer(c);
            return;
        }
    }
}

/* ---- Commands ---- */

/* The word of @words behind those that @before has, if these are its first; NULL if not. */
static char *word_behind(const char *words, const char *before)
{
    for (before = skip_blanks(before); *before; before = skip_blanks(before)) {
        size_t n = strcspn(before, " \t");

        if (strncmp(words, before, n) != 0 || words[n] != ' ') {
            return NULL;
        }
        words += n + 1;
        before += n;
    }
    return g_strndup(words, strcspn(words, " "));
}

static void offer_commands(Completion *c, const char *before, const QapiContext *ctx)
{
    for (const HmpCommand *cmd = qapi_hmp_commands; cmd->words; cmd++) {
        g_autofree char *word = qapi_condition(cmd->cond, ctx)
                                    ? word_behind(cmd->words, before)
                                    : NULL;

        offer(c, word);
    }
    if (!*skip_blanks(before)) {
        offer(c, "help");
    }
}

/* Positional arguments in the text behind a command's words. */
static unsigned count_arguments(const HmpCommand *cmd, const char *text)
{
    unsigned n = 0;

    text = skip_blanks(text);
    if (cmd->args && cmd->args->flag == '/' && *text == '/') {
        text += strcspn(text, " \t");
    }
    for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
        n += *text != '-';
        text += strcspn(text, " \t");
    }
    return n;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(GPtrArray *words)
{
    g_ptr_array_sort(words, compare);
    for (unsigned i = words->len; i > 1; i--) {
        if (g_str_equal(words->pdata[i - 1], words->pdata[i - 2])) {
            g_ptr_array_remove_index(words, i - 1);
        }
    }
}

GPtrArray *hmp_complete(HmpSession *s, const char *line, size_t *ret_start, bool *ret_blank)
{
    HmpSession *outer = hmp_session_enter(s);
    size_t start = strlen(line);
    g_autofree char *before = NULL;
    const HmpCommand *cmd;
    const char *rest = NULL;
    Completion c;
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    while (start > 0 && !g_ascii_isspace(line[start - 1])) {
        start--;
    }
    before = g_strndup(line, start);
    c = (Completion){ .words = g_ptr_array_new_with_free_func(g_free), .typed = line + start,
                      .before = before, .start = start };
    if (g_str_has_prefix(skip_blanks(before), "help ")) {
        offer_commands(&c, skip_blanks(before) + strlen("help"), d.ctx);
    } else {
        offer_commands(&c, before, d.ctx);
    }
    cmd = hmp_find_command(before, d.ctx, &rest);
    if (cmd) {
        c.before = rest;
        offer_argument(&c, cmd, count_arguments(cmd, rest));
    }
    sort_unique(c.words);
    *ret_start = c.start;
    *ret_blank = !c.is_item;
    hmp_session_enter(outer);
    return c.words;
}
