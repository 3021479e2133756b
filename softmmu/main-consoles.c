/*
 * Character devices of the command line: -chardev, -qmp, -mon, -serial, -monitor and what
 * stands for them where they are not given.
 *
 * Without a graphical display the first serial port and the monitor share the terminal,
 * unless an option uses the terminal otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "chardev/char.h"
#include "monitor/monitor.h"
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

static bool start_qmp_list(const strList *list, const char *option, bool pretty, GError **err)
{
    for (size_t i = 0; list && i < list->len; i++) {
        g_autofree char *label = g_strdup_printf("compat_monitor_%s%zu", option, i);
        Chardev *chr;
        bool mux;

        if (!chardev_new_from_legacy(label, list->items[i], &chr, &mux, err)) {
            return error_prefix(err, "-%s %s", option, list->items[i]);
        }
        if (chr && !monitor_start_qmp(chr, pretty, err)) {
            return error_prefix(err, "-%s %s", option, list->items[i]);
        }
    }
    return true;
}

/* Behind a mux the guest's end comes first and has the input. */
static bool start_hmp(Chardev *chr, GError **err)
{
    if (chardev_is_mux(chr)) {
        chr->wants_monitor = true;
        return true;
    }
    return monitor_start_hmp(chr, err);
}

static bool start_mon_list(const MonitorOptionsList *list, GError **err)
{
    for (size_t i = 0; list && i < list->len; i++) {
        const MonitorOptions *m = list->items[i];
        Chardev *chr = chardev_find(m->chardev);
        bool ok;

        if (!chr) {
            return error_set(err, "-mon: character device '%s' not found", m->chardev);
        }
        ok = m->has_mode && m->mode == MONITOR_MODE_CONTROL
                 ? monitor_start_qmp(chr, m->has_pretty && m->pretty, err)
                 : start_hmp(chr, err);
        if (!ok) {
            return error_prefix(err, "-mon");
        }
    }
    return true;
}

static bool start_serials(const strList *list, GError **err)
{
    for (size_t i = 0; list && i < list->len; i++) {
        g_autofree char *label = g_strdup_printf("serial%zu", i);
        Chardev *chr;
        bool mux;

        if (!chardev_new_from_legacy(label, list->items[i], &chr, &mux, err)) {
            return error_prefix(err, "-serial %s", list->items[i]);
        }
        if (chr && chr->serial_port >= 0) {
            error_set(err, "-serial %s: it is serial port %d already", list->items[i],
                      chr->serial_port);
            return false;
        }
        if (chr) {
            chr->serial_port = i;
            chr->wants_monitor |= mux;
        }
        if (chr && g_str_has_prefix(chr->filename, "pty:")) {
            fprintf(stderr, "char device redirected to %s (label %s)\n",
                    chr->filename + strlen("pty:"), label);
        }
    }
    return true;
}

static bool start_monitors(const strList *list, GError **err)
{
    for (size_t i = 0; list && i < list->len; i++) {
        g_autofree char *label = g_strdup_printf("monitor%zu", i);
        Chardev *chr;
        bool mux;

        if (!chardev_new_from_legacy(label, list->items[i], &chr, &mux, err) ||
            (chr && !start_hmp(chr, err))) {
            return error_prefix(err, "-monitor %s", list->items[i]);
        }
    }
    return true;
}

static bool parse_escape(const char *text, int *ret, GError **err)
{
    uint64_t key;

    *ret = 0;
    if (!text) {
        return true;
    }
    if (strlen(text) == 1 && !g_ascii_isdigit(*text)) {
        *ret = *text;
        return true;
    }
    if (!parse_uint(text, 255, &key) || key == 0) {
        error_set(err, "-echr %s", text);
        error_set_expected(err, "a character or its code from 1 to 255");
        return false;
    }
    *ret = key;
    return true;
}

/* The terminal as a back end; @keys_for_guest: Ctrl-c is input, not a signal. */
static Chardev *new_terminal(const char *label, bool keys_for_guest, GError **err)
{
    struct json_object *opts = json_object_new_object();
    Chardev *chr;

    json_object_object_add(opts, "id", json_object_new_string(label));
    json_object_object_add(opts, "backend", json_object_new_string("stdio"));
    json_object_object_add(opts, "signal", json_object_new_boolean(!keys_for_guest));
    chr = chardev_new(opts, false, err);
    json_object_put(opts);
    return chr;
}

/* The terminal for the default serial port and the default monitor. */
static bool start_default_terminal(bool serial, bool monitor, GError **err)
{
    Chardev *chr;

    if (serial && monitor) {
        chr = new_terminal("stdio", true, err);
        chr = chr ? chardev_mux_new("serial0", chr, 0, err) : NULL;
        if (chr) {
            chr->serial_port = 0;
            chr->wants_monitor = true;
        }
        return chr != NULL;
    }
    chr = new_terminal(serial ? "serial0" : "monitor0", serial, err);
    if (chr && serial) {
        chr->serial_port = 0;
    }
    return chr && (serial || monitor_start_hmp(chr, err));
}

static void join_monitor(Chardev *chr, void *opaque)
{
    GError **err = opaque;

    if (chr->wants_monitor && !*err) {
        chr->wants_monitor = false;
        monitor_start_hmp(chr, err);
    }
}

bool main_finish_consoles(GError **err)
{
    GError *fault = NULL;

    /* The guest's end is there and keeps the input. */
    chardev_foreach(join_monitor, &fault);
    if (fault) {
        g_propagate_error(err, fault);
        return false;
    }
    return true;
}

bool main_start_consoles(const QapiOptions *o, bool has_machine, GError **err)
{
    bool taken = stdio_is_taken(o);
    bool terminal = !taken && (o->nographic || (!o->display && !o->nodefaults)) && has_machine;
    bool serial = terminal && !o->serial, monitor = terminal && !o->monitor && !o->mon;
    int escape;

    if (!parse_escape(o->echr, &escape, err)) {
        return false;
    }
    chardev_mux_set_escape(escape);
    for (size_t i = 0; o->chardev && i < o->chardev->len; i++) {
        QapiProps *c = o->chardev->items[i];

        if (!chardev_new(c->value, c->keyval, err)) {
            return error_prefix(err, "-chardev");
        }
    }
    if (!start_qmp_list(o->qmp, "qmp", false, err) ||
        !start_qmp_list(o->qmp_pretty, "qmp-pretty", true, err) ||
        !start_mon_list(o->mon, err) || !start_serials(o->serial, err) ||
        !start_monitors(o->monitor, err)) {
        return false;
    }
    return !(serial || monitor) || start_default_terminal(serial, monitor, err);
}
