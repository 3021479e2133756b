/*
 * Character devices and monitors of the command line: -chardev, -qmp, -mon, -serial, -monitor
 * and what stands for them where they are not given.
 *
 * Without a graphical display the first serial port and the monitor share the terminal,
 * unless an option uses the terminal otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "chardev/char.h"
#include "util/cutils.h"

static bool uses_stdio(const strList *list)
{
    for (size_t i = 0; list && i < list->len; i++) {
        if (g_str_equal(list->items[i], "stdio") || g_str_equal(list->items[i], "mon:stdio")) {
            return true;
        }
    }
    return false;
}

static bool chardev_uses_stdio(const QapiPropsList *list)
{
    for (size_t i = 0; list && i < list->len; i++) {
        struct json_object *v;

        if (json_object_object_get_ex(list->items[i]->value, "backend", &v) &&
            g_str_equal(json_object_get_string(v), "stdio")) {
            return true;
        }
    }
    return false;
}

static bool stdio_is_taken(const QapiOptions *o)
{
    return uses_stdio(o->serial) || uses_stdio(o->monitor) || uses_stdio(o->qmp) ||
           uses_stdio(o->qmp_pretty) ||
           (o->qtest && g_str_equal(o->qtest, "stdio")) ||
           (o->gdb && g_str_equal(o->gdb, "stdio")) || chardev_uses_stdio(o->chardev);
}

static MainCommand *add_monitor(GPtrArray *list, const char *chardev, const char *mode,
                                bool pretty, const char *option)
{
    struct json_object *args = json_object_new_object();

    main_put(args, "chardev", chardev);
    main_put(args, "mode", mode);
    if (pretty) {
        json_object_object_add(args, "pretty", json_object_new_boolean(true));
    }
    return main_command_add(list, "monitor-add", args, false, "%s", option);
}

/* A device in its short form: *ret_id is its name, NULL for "none". */
static bool add_legacy(GPtrArray *list, const char *option, const char *spec, size_t n,
                       const char *stem, bool connection, char **ret_id, bool *ret_mux,
                       GError **err)
{
    g_autofree char *label = g_strdup_printf("%s%zu", stem, n);
    struct json_object *opts;

    if (!chardev_parse_legacy(label, spec, ret_id, &opts, ret_mux, err)) {
        return error_prefix(err, "-%s %s", option, spec);
    }
    if (opts) {
        main_command_add(list, "chardev-add", opts, true, "-%s %s", option, spec)->connection =
            connection;
    }
    return true;
}

static bool add_qmp_list(GPtrArray *list, const strList *specs, const char *option,
                         bool pretty, GError **err)
{
    g_autofree char *stem = g_strdup_printf("compat_monitor_%s", option);

    for (size_t i = 0; specs && i < specs->len; i++) {
        g_autofree char *origin = g_strdup_printf("-%s %s", option, specs->items[i]);
        g_autofree char *id = NULL;
        bool mux;

        if (!add_legacy(list, option, specs->items[i], i, stem, true, &id, &mux, err)) {
            return false;
        }
        if (id) {
            add_monitor(list, id, "control", pretty, origin)->connection = true;
        }
    }
    return true;
}

static void add_mon_list(GPtrArray *list, const MonitorOptionsList *mon)
{
    for (size_t i = 0; mon && i < mon->len; i++) {
        const MonitorOptions *m = mon->items[i];

        add_monitor(list, m->chardev,
                    m->has_mode && m->mode == MONITOR_MODE_CONTROL ? "control" : "readline",
                    m->has_pretty && m->pretty, "-mon");
    }
}

static bool add_serials(GPtrArray *list, const strList *specs, struct json_object *serial,
                        GError **err)
{
    for (size_t i = 0; specs && i < specs->len; i++) {
        g_autofree char *id = NULL;
        bool mux;

        if (!add_legacy(list, "serial", specs->items[i], i, "serial", false, &id, &mux, err)) {
            return false;
        }
        json_object_array_add(serial, json_object_new_string(id ? id : ""));
        if (mux && id) {
            add_monitor(list, id, "readline", false, "-serial");
        }
    }
    return true;
}

static bool add_monitors(GPtrArray *list, const strList *specs, GError **err)
{
    for (size_t i = 0; specs && i < specs->len; i++) {
        g_autofree char *origin = g_strdup_printf("-monitor %s", specs->items[i]);
        g_autofree char *id = NULL;
        bool mux;

        if (!add_legacy(list, "monitor", specs->items[i], i, "monitor", false, &id, &mux,
                        err)) {
            return false;
        }
        if (id) {
            add_monitor(list, id, "readline", false, origin);
        }
    }
    return true;
}

/* The terminal as a back end; @keys_for_guest: Ctrl-c is input, not a signal. */
static void add_terminal(GPtrArray *list, const char *id, bool keys_for_guest)
{
    struct json_object *opts = json_object_new_object();

    main_put(opts, "id", id);
    main_put(opts, "backend", "stdio");
    json_object_object_add(opts, "signal", json_object_new_boolean(!keys_for_guest));
    main_command_add(list, "chardev-add", opts, false, NULL);
}

/* The terminal for the default serial port and the default monitor. */
static void add_default_terminal(GPtrArray *list, bool serial, bool monitor,
                                 struct json_object *ports)
{
    if (serial && monitor) {
        struct json_object *mux = json_object_new_object();

        add_terminal(list, "stdio", true);
        main_put(mux, "id", "serial0");
        main_put(mux, "backend", "mux");
        main_put(mux, "chardev", "stdio");
        main_command_add(list, "chardev-add", mux, false, NULL);
        add_monitor(list, "serial0", "readline", false, "-monitor");
    } else {
        add_terminal(list, serial ? "serial0" : "monitor0", serial);
    }
    if (serial) {
        json_object_array_add(ports, json_object_new_string("serial0"));
    } else {
        add_monitor(list, "monitor0", "readline", false, "-monitor");
    }
}

bool main_set_escape(const char *text, GError **err)
{
    uint64_t key = 0;

    if (!text) {
        return true;
    }
    if (strlen(text) == 1 && !g_ascii_isdigit(*text)) {
        key = (uint8_t)*text;
    } else if (!parse_uint(text, 255, &key) || key == 0) {
        error_set(err, "-echr %s", text);
        error_set_expected(err, "a character or its code from 1 to 255");
        return false;
    }
    chardev_mux_set_escape(key);
    return true;
}

bool main_add_consoles(const QapiOptions *o, bool has_machine, GPtrArray *list,
                       struct json_object **ret_serial, GError **err)
{
    bool taken = stdio_is_taken(o);
    bool terminal = !taken && !o->daemonize && has_machine &&
                    (o->nographic || (!o->display && !o->nodefaults));
    bool serial = terminal && !o->serial, monitor = terminal && !o->monitor && !o->mon;

    *ret_serial = json_object_new_array();
    for (size_t i = 0; o->chardev && i < o->chardev->len; i++) {
        const QapiProps *c = o->chardev->items[i];

        main_command_add(list, "chardev-add", json_object_get(c->value), c->keyval,
                         "-chardev");
    }
    if (!add_qmp_list(list, o->qmp, "qmp", false, err) ||
        !add_qmp_list(list, o->qmp_pretty, "qmp-pretty", true, err)) {
        return false;
    }
    add_mon_list(list, o->mon);
    if (!add_serials(list, o->serial, *ret_serial, err) ||
        !add_monitors(list, o->monitor, err)) {
        return false;
    }
    if (serial || monitor) {
        add_default_terminal(list, serial, monitor, *ret_serial);
    }
    return true;
}
