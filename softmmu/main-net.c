/*
 * Networks of the command line: -netdev, and -nic and -net, which make a card besides.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "net/net.h"
#include "qapi/json.h"

bool main_add_netdevs(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->netdev && i < o->netdev->len; i++) {
        if (!netdev_add(o->netdev->items[i], err)) {
            return error_prefix(err, "-netdev");
        }
    }
    return true;
}

/* A key's value, which leaves @props; free it. */
static char *take_key(struct json_object *props, const char *key)
{
    struct json_object *v;
    char *text;

    if (!json_object_object_get_ex(props, key, &v)) {
        return NULL;
    }
    text = g_strdup(json_object_get_string(v));
    json_object_object_del(props, key);
    return text;
}

static void add(struct json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

static bool add_backend(const QapiProps *props, GError **err)
{
    g_autoptr(Visitor) v = qapi_props_visitor(props);
    g_autoptr(Netdev) opts = NULL;

    return visit_type_Netdev(v, NULL, &opts, err) && netdev_add(opts, err);
}

/* "virtio" is short for the machine's own virtio card. */
static bool add_card(const char *model, const char *mac, const char *backend, GError **err)
{
    const char *usual = machine_class(machine_current())->default_nic;
    g_autoptr(json_object) opts = json_object_new_object();

    if (!model || g_str_equal(model, "virtio")) {
        model = usual;
    }
    if (!model) {
        error_set(err, "machine '%s' has no usual network card",
                  machine_class(machine_current())->name);
        error_set_expected(err, "model=DEVICE");
        return false;
    }
    add(opts, "driver", model);
    if (backend) {
        add(opts, "netdev", backend);
    }
    if (mac) {
        add(opts, "mac", mac);
    }
    return device_add(opts, true, err) != NULL;
}

/* A name for a backend that has none. */
static char *name_backend(const QapiProps *props, unsigned n)
{
    struct json_object *v;

    if (!json_object_object_get_ex(props->value, "id", &v)) {
        g_autofree char *id = g_strdup_printf("#net%u", n);

        add(props->value, "id", id);
        return g_steal_pointer(&id);
    }
    return g_strdup(json_object_get_string(v));
}

static bool add_nic(const QapiProps *props, unsigned n, GError **err)
{
    g_autofree char *model = take_key(props->value, "model");
    g_autofree char *mac = take_key(props->value, "mac");
    g_autofree char *macaddr = take_key(props->value, "macaddr");
    g_autofree char *id = name_backend(props, n);

    return add_backend(props, err) && add_card(model, mac ? mac : macaddr, id, err);
}

/* ---- -net: one card and one backend in any order ---- */

typedef struct OldNet {
    bool card;
    char *model, *mac, *backend;
} OldNet;

static bool take_old(OldNet *net, const QapiProps *props, unsigned n, GError **err)
{
    g_autofree char *type = NULL;
    struct json_object *v;

    if (json_object_object_get_ex(props->value, "type", &v)) {
        type = g_strdup(json_object_get_string(v));
    }
    if (g_strcmp0(type, "none") == 0) {
        return true;
    }
    if (g_strcmp0(type, "nic") == 0) {
        if (net->card) {
            return error_set(err, "a second card needs -nic");
        }
        net->card = true;
        take_key(props->value, "type");
        net->model = take_key(props->value, "model");
        net->mac = take_key(props->value, "macaddr");
        json_object_object_foreach(props->value, key, unused) {
            (void)unused;
            return error_set(err, "unknown property '%s' of a card", key);
        }
        return true;
    }
    if (net->backend) {
        return error_set(err, "a second backend needs -nic or -netdev");
    }
    net->backend = name_backend(props, n);
    return add_backend(props, err);
}

static bool add_old_nets(const QapiOptions *o, unsigned n, GError **err)
{
    OldNet net = { 0 };
    bool ok = true;

    for (size_t i = 0; ok && o->net && i < o->net->len; i++) {
        ok = take_old(&net, o->net->items[i], n, err);
    }
    if (ok && net.card) {
        ok = add_card(net.model, net.mac, net.backend, err);
    }
    g_free(net.model);
    g_free(net.mac);
    g_free(net.backend);
    return ok || error_prefix(err, "-net");
}

bool main_add_nics(const QapiOptions *o, GError **err)
{
    size_t n = o->nic ? o->nic->len : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *type;

        if (json_object_object_get_ex(o->nic->items[i]->value, "type", &type) &&
            g_str_equal(json_object_get_string(type), "none")) {
            continue;
        }
        if (!add_nic(o->nic->items[i], i, err)) {
            return error_prefix(err, "-nic");
        }
    }
    return add_old_nets(o, n, err);
}
