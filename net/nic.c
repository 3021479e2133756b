/*
 * Network cards' clients, and the properties by which users configure them (net/net.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/net-internal.h"
#include "qapi/qapi-events-net.h"

/* The first address of those that users see on machines of this class. */
static const MacAddr default_mac = { { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 } };

bool mac_parse(const char *text, MacAddr *ret)
{
    for (unsigned i = 0; i < ETH_ALEN; i++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        char end = i + 1 < ETH_ALEN ? text[0] && text[1] ? text[2] : 0 : ':';

        if (low < 0 || (end != ':' && end != '-')) {
            return false;
        }
        ret->a[i] = high << 4 | low;
        text += i + 1 < ETH_ALEN ? 3 : 2;
    }
    return !*text;
}

char *mac_text(const uint8_t *m)
{
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* ---- The card's client ---- */

typedef struct MacSearch {
    MacAddr mac;
    bool taken;
} MacSearch;

static void match_mac(NetClient *nc, void *opaque)
{
    MacSearch *s = opaque;

    s->taken |= net_is_nic(nc) && !memcmp(&nc->mac, &s->mac, sizeof(s->mac));
}

static void pick_mac(MacAddr *mac)
{
    static const MacAddr none;
    MacSearch s = { .mac = default_mac, .taken = true };

    if (memcmp(mac, &none, sizeof(none))) {
        return;
    }
    for (unsigned n = 0; s.taken && n < 256; n++) {
        s.taken = false;
        s.mac.a[5] = default_mac.a[5] + n;
        net_foreach(match_mac, &s);
    }
    *mac = s.mac;
}

static char *pick_name(const char *model)
{
    for (unsigned n = 0;; n++) {
        char *name = g_strdup_printf("%s.%u", model, n);

        if (!net_find(name)) {
            return name;
        }
        g_free(name);
    }
}

NetClient *net_nic_new(const NetClientInfo *info, Object *device, const char *id,
                       MacAddr *mac, NetClient *backend)
{
    const char *model = object_class_name(device->klass);
    g_autofree char *name = id ? g_strdup(id) : pick_name(model);
    NetClient *nc;

    pick_mac(mac);
    nc = net_client_new(info, name);
    nc->model = model;
    nc->owner = device;
    nc->mac = *mac;
    nc->filter_asked = true; /* the first event needs no question */
    if (backend && !backend->removed) {
        nc->peer = backend;
        backend->peer = nc;
        nc->link_down = backend->link_down;
    }
    return nc;
}

void net_nic_free(NetClient *nc)
{
    net_client_remove(nc);
    net_client_free(nc);
}

void net_nic_filter_changed(NetClient *nc)
{
    if (nc->filter_asked) {
        g_autofree char *path = object_path(nc->owner);

        nc->filter_asked = false;
        qapi_event_send_nic_rx_filter_changed(nc->name, path);
    }
}

/* ---- Properties ---- */

static NetClient **prop_netdev(Object *obj, const Property *prop)
{
    return prop_field(obj, prop);
}

bool netdev_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    NetClient *nc = *prop_netdev(obj, prop);
    g_autofree char *text = g_strdup(nc && !nc->removed ? nc->name : "");

    return visit_type_str(v, name, &text, err);
}

static void add_backend_name(NetClient *nc, void *opaque)
{
    if (!net_is_nic(nc)) {
        g_ptr_array_add(opaque, nc->name);
    }
}

bool netdev_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    g_autofree char *text = NULL;
    NetClient *nc = NULL;

    if (!visit_type_str(v, name, &text, err)) {
        return false;
    }
    if (*text) {
        nc = netdev_find(text);
        if (!nc) {
            g_autoptr(GPtrArray) names = g_ptr_array_new();

            net_foreach(add_backend_name, names);
            g_ptr_array_add(names, NULL);
            error_set_unknown(err, "network backend", text, (const char *const *)names->pdata);
            return error_prefix(err, "property '%s'", prop->name);
        }
        if (nc->owner && (nc->owner != obj || nc->owner_prop != prop)) {
            g_autofree char *path = object_path(nc->owner);

            return error_set(err, "property '%s': network backend '%s' belongs to device '%s'",
                             prop->name, text, path ? path : "?");
        }
    }
    netdev_prop_release(obj, prop);
    if (nc) {
        nc->owner = obj;
        nc->owner_prop = prop;
    }
    *prop_netdev(obj, prop) = nc;
    return true;
}

void netdev_prop_release(Object *obj, const Property *prop)
{
    NetClient *nc = *prop_netdev(obj, prop);

    if (nc) {
        *prop_netdev(obj, prop) = NULL;
        nc->owner = NULL;
        nc->owner_prop = NULL;
        if (nc->removed) {
            net_client_free(nc);
        }
    }
}

bool mac_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name, GError **err)
{
    const MacAddr *mac = prop_field(obj, prop);
    g_autofree char *text = mac_text(mac->a);

    return visit_type_str(v, name, &text, err);
}

bool mac_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name, GError **err)
{
    g_autofree char *text = NULL;
    MacAddr mac;

    if (!visit_type_str(v, name, &text, err)) {
        return false;
    }
    if (!mac_parse(text, &mac)) {
        error_set(err, "property '%s': '%s' is no network address", prop->name, text);
        error_set_expected(err, "six bytes such as 52:54:00:12:34:56");
        return false;
    }
    if (mac.a[0] & 1) {
        return error_set(err, "property '%s': '%s' is a multicast address", prop->name, text);
    }
    *(MacAddr *)prop_field(obj, prop) = mac;
    return true;
}
