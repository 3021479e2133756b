/*
 * Networks of the command line: -netdev, and -nic and -net, which make a card besides.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "qapi/json.h"
#include "qapi/qapi-types-net.h"

static void add_command(GPtrArray *list, const Netdev *opts, const char *option)
{
    main_command_add(list, "netdev_add", main_struct_json(visit_type_Netdev, opts), false,
                     "%s", option);
}

bool main_add_netdevs(const QapiOptions *o, GPtrArray *list, GError **err)
{
    for (size_t i = 0; o->netdev && i < o->netdev->len; i++) {
        add_command(list, o->netdev->items[i], "-netdev");
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

/* The machine that is asked for; NULL: there is none of that name, as its making will tell. */
static const MachineClass *asked_machine(const QapiOptions *o, const GuestTarget *target)
{
    struct json_object *type;

    return o->machine && json_object_object_get_ex(o->machine->value, "type", &type)
               ? machine_find(json_object_get_string(type), target ? target->name : NULL, NULL)
               : NULL;
}

static bool add_backend(const QapiProps *props, GPtrArray *list, const char *option,
                        GError **err)
{
    g_autoptr(Visitor) v = qapi_props_visitor(props);
    g_autoptr(Netdev) opts = NULL;

    if (!visit_type_Netdev(v, NULL, &opts, err)) {
        return false;
    }
    add_command(list, opts, option);
    return true;
}

/* "virtio" is short for the machine's own virtio card. */
static bool add_card(const MachineClass *mc, const char *model, const char *mac,
                     const char *backend, GPtrArray *list, const char *option, GError **err)
{
    struct json_object *opts;

    if (!mc) {
        return true;
    }
    if (!model || g_str_equal(model, "virtio")) {
        model = mc->default_nic;
    }
    if (!model) {
        error_set(err, "machine '%s' has no usual network card", mc->name);
        error_set_expected(err, "model=DEVICE");
        return false;
    }
    opts = json_object_new_object();
    main_put(opts, "driver", model);
    if (backend) {
        main_put(opts, "netdev", backend);
    }
    if (mac) {
        main_put(opts, "mac", mac);
    }
    main_command_add(list, "device_add", opts, true, "%s", option)->late = true;
    return true;
}

/* A name for a backend that has none. */
static char *name_backend(const QapiProps *props, unsigned n)
{
    struct json_object *v;

    if (!json_object_object_get_ex(props->value, "id", &v)) {
        g_autofree char *id = g_strdup_printf("#net%u", n);

        main_put(props->value, "id", id);
        return g_steal_pointer(&id);
    }
    return g_strdup(json_object_get_string(v));
}

static bool add_nic(const MachineClass *mc, const QapiProps *props, unsigned n,
                    GPtrArray *list, GError **err)
{
    g_autofree char *model = take_key(props->value, "model");
    g_autofree char *mac = take_key(props->value, "mac");
    g_autofree char *macaddr = take_key(props->value, "macaddr");
    g_autofree char *id = name_backend(props, n);

    return add_backend(props, list, "-nic", err) &&
           add_card(mc, model, mac ? mac : macaddr, id, list, "-nic", err);
}

/* ---- -net: one card and one backend in any order ---- */

typedef struct OldNet {
    bool card;
    char *model, *mac, *backend;
} OldNet;

static bool take_old(OldNet *net, const QapiProps *props, unsigned n, GPtrArray *list,
                     GError **err)
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
    return add_backend(props, list, "-net", err);
}

static bool add_old_nets(const MachineClass *mc, const QapiOptions *o, unsigned n,
                         GPtrArray *list, GError **err)
{
    OldNet net = { 0 };
    bool ok = true;

    for (size_t i = 0; ok && o->net && i < o->net->len; i++) {
        ok = take_old(&net, o->net->items[i], n, list, err);
    }
    if (ok && net.card) {
        ok = add_card(mc, net.model, net.mac, net.backend, list, "-net", err);
    }
    g_free(net.model);
    g_free(net.mac);
    g_free(net.backend);
    return ok || error_prefix(err, "-net");
}

bool main_add_nics(const QapiOptions *o, const GuestTarget *target, GPtrArray *list,
                   GError **err)
{
    const MachineClass *mc = asked_machine(o, target);
    size_t n = o->nic ? o->nic->len : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *type;

        if (json_object_object_get_ex(o->nic->items[i]->value, "type", &type) &&
            g_str_equal(json_object_get_string(type), "none")) {
            continue;
        }
        if (!add_nic(mc, o->nic->items[i], i, list, err)) {
            return error_prefix(err, "-nic");
        }
    }
    return add_old_nets(mc, o, n, list, err);
}
