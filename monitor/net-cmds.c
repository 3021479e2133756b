/*
 * QMP commands on networks (qapi/net.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/monitor.h"
#include "net/net.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-commands-net.h"
#include "qapi/qapi-util.h"

bool qmp_netdev_add(Netdev *arg, GError **err)
{
    return netdev_add(arg, err);
}

bool qmp_x_hmp_netdev_add(const char *options, GError **err)
{
    static const char *const lists[] = { "hostfwd", "guestfwd", "dnssearch", NULL };
    g_autoptr(json_object) value = keyval_parse_lists(options, "type", lists, NULL, err);
    g_autoptr(Visitor) v = value ? visitor_new_keyval_input(value) : NULL;
    g_autoptr(Netdev) opts = NULL;

    return v && visit_type_Netdev(v, NULL, &opts, err) && netdev_add(opts, err);
}

bool qmp_netdev_del(const char *id, GError **err)
{
    return netdev_del(id, err);
}

bool qmp_set_link(const char *name, bool up, GError **err)
{
    return net_set_link(name, up, err);
}

/* ---- Filters ---- */

static void add_filter(NetClient *nc, void *opaque)
{
    RxFilterInfoList *list = opaque;

    if (nc->info->query_rx_filter) {
        QAPI_LIST_APPEND(list, nc->info->query_rx_filter(nc));
    }
}

RxFilterInfoList *qmp_query_rx_filter(const char *name, GError **err)
{
    RxFilterInfoList *list;
    NetClient *nc = name ? net_find(name) : NULL;

    if (name && (!nc || !net_is_nic(nc))) {
        error_set_class(err, ERROR_DEVICE_NOT_FOUND, "there is no network card '%s'", name);
        return NULL;
    }
    if (nc && !nc->info->query_rx_filter) {
        error_set(err, "network card '%s' has no filter", name);
        return NULL;
    }
    list = g_new0(RxFilterInfoList, 1);
    if (nc) {
        add_filter(nc, list);
    } else {
        net_foreach(add_filter, list);
    }
    return list;
}

/* ---- For people ---- */

static void describe(NetClient *nc, const char *indent, GString *out)
{
    g_string_append_printf(out, "%s%s: type=%s,", indent, nc->name, nc->info->type);
    if (net_is_nic(nc)) {
        g_autofree char *mac = mac_text(nc->mac.a);

        g_string_append_printf(out, "model=%s,macaddr=%s", nc->model, mac);
    } else if (nc->info->describe) {
        nc->info->describe(nc, out);
    }
    g_string_append(out, nc->link_down ? ",link=off\n" : "\n");
}

static void describe_pair(NetClient *nc, void *opaque)
{
    if (net_is_nic(nc) || !nc->peer) {
        describe(nc, "", opaque);
    }
    if (net_is_nic(nc) && nc->peer) {
        describe(nc->peer, " \\ ", opaque);
    }
}

HumanReadableText *qmp_x_query_network(GError **err)
{
    GString *out = g_string_new(NULL);

    net_foreach(describe_pair, out);
    return human_readable_text(out);
}

static void describe_traffic(NetClient *nc, void *opaque)
{
    if (nc->info->describe_traffic) {
        nc->info->describe_traffic(nc, opaque);
    }
}

HumanReadableText *qmp_x_query_usernet(GError **err)
{
    GString *out = g_string_new(NULL);

    net_foreach(describe_traffic, out);
    return human_readable_text(out);
}

bool qmp_x_hmp_hostfwd_add(const char *netdev_or_rule, const char *rule, GError **err)
{
    return net_user_hostfwd_add(rule ? netdev_or_rule : NULL, rule ? rule : netdev_or_rule,
                                err);
}

bool qmp_x_hmp_hostfwd_remove(const char *netdev_or_rule, const char *rule, GError **err)
{
    return net_user_hostfwd_remove(rule ? netdev_or_rule : NULL, rule ? rule : netdev_or_rule,
                                   err);
}
