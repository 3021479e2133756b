/*
 * Network clients: the pairs, their queues, their cables (net/net.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/net-internal.h"
#include "net/trace.h"
#include "util/iov.h"

/* What a sender that does not wait may leave in a queue. */
enum { QUEUE_FRAMES = 1024, QUEUE_BYTES = 4 << 20 };

typedef struct Frame {
    size_t size;
    void (*sent)(NetClient *nc);
    uint8_t data[];
} Frame;

static GPtrArray *clients; /* NetClient *, in order of making; machine lock */

static void append_frame(NetClient *to, const struct iovec *iov, unsigned n, size_t size,
                         void (*sent)(NetClient *nc))
{
    Frame *f;

    if (to->incoming.length >= QUEUE_FRAMES || to->incoming_bytes + size > QUEUE_BYTES) {
        trace_net_frame_drop(to->name, size);
        return;
    }
    f = g_malloc(sizeof(*f) + size);
    f->size = size;
    f->sent = sent;
    iov_to_buf(iov, n, 0, f->data, size);
    g_queue_push_tail(&to->incoming, f);
    to->incoming_bytes += size;
    trace_net_frame_hold(to->name, size, to->incoming.length);
}

static bool deliver(NetClient *to, const struct iovec *iov, unsigned n)
{
    bool taken;

    to->delivering = true;
    taken = to->link_down || to->info->receive(to, iov, n);
    to->delivering = false;
    return taken;
}

bool net_send(NetClient *nc, const struct iovec *iov, unsigned n, void (*sent)(NetClient *nc))
{
    NetClient *to = nc->peer;
    size_t size = iov_size(iov, n);

    if (!to || nc->link_down || to->link_down || size > NET_FRAME_MAX) {
        return true;
    }
    trace_net_frame_send(nc->name, to->name, size);
    if (to->delivering || to->incoming.length || !deliver(to, iov, n)) {
        append_frame(to, iov, n, size, sent);
        return false;
    }
    return true;
}

void net_flush(NetClient *nc)
{
    while (!nc->delivering && nc->incoming.length) {
        Frame *f = g_queue_peek_head(&nc->incoming);
        struct iovec iov = { f->data, f->size };

        if (!deliver(nc, &iov, 1)) {
            return;
        }
        g_queue_pop_head(&nc->incoming);
        nc->incoming_bytes -= f->size;
        if (f->sent && nc->peer) {
            f->sent(nc->peer);
        }
        g_free(f);
    }
}

void net_purge(NetClient *nc)
{
    Frame *f;

    while ((f = g_queue_pop_head(&nc->incoming))) {
        g_free(f);
    }
    nc->incoming_bytes = 0;
}

/* ---- Life ---- */

NetClient *net_client_new(const NetClientInfo *info, const char *name)
{
    NetClient *nc = g_malloc0(info->size);

    nc->info = info;
    nc->name = g_strdup(name);
    g_queue_init(&nc->incoming);
    if (!clients) {
        clients = g_ptr_array_new();
    }
    g_ptr_array_add(clients, nc);
    trace_net_client_new(name, info->type);
    return nc;
}

void net_client_remove(NetClient *nc)
{
    NetClient *peer = nc->peer;

    nc->removed = true;
    g_ptr_array_remove(clients, nc);
    net_purge(nc);
    if (peer) {
        net_purge(peer);
        peer->peer = nc->peer = NULL;
    }
    if (nc->info->cleanup) {
        nc->info->cleanup(nc);
    }
    if (peer && peer->info->link_changed) {
        peer->info->link_changed(peer);
    }
    trace_net_client_remove(nc->name);
}

void net_client_free(NetClient *nc)
{
    g_free(nc->name);
    g_free(nc);
}

NetClient *net_find(const char *name)
{
    for (guint i = 0; clients && i < clients->len; i++) {
        NetClient *nc = clients->pdata[i];

        if (g_str_equal(nc->name, name)) {
            return nc;
        }
    }
    return NULL;
}

void net_foreach(void (*fn)(NetClient *nc, void *opaque), void *opaque)
{
    for (guint i = 0; clients && i < clients->len; i++) {
        fn(clients->pdata[i], opaque);
    }
}

bool net_is_nic(const NetClient *nc)
{
    return nc->model != NULL;
}

/* ---- Cables ---- */

static void unknown_client(const char *name, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; clients && i < clients->len; i++) {
        g_ptr_array_add(names, ((NetClient *)clients->pdata[i])->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_class(err, ERROR_DEVICE_NOT_FOUND,
                    "there is no network card or backend '%s'", name);
    error_set_culprit(err, "name", name);
    error_set_nearest(err, name, (const char *const *)names->pdata);
}

static void set_cable(NetClient *nc, bool up)
{
    if (nc->link_down != !up) {
        nc->link_down = !up;
        trace_net_link_set(nc->name, up);
        if (nc->info->link_changed) {
            nc->info->link_changed(nc);
        }
    }
}

bool net_set_link(const char *name, bool up, GError **err)
{
    NetClient *nc = net_find(name);

    if (!nc) {
        unknown_client(name, err);
        return false;
    }
    set_cable(nc, up);
    if (!net_is_nic(nc) && nc->peer && net_is_nic(nc->peer)) {
        set_cable(nc->peer, up);
    }
    return true;
}

/* ---- Backends ---- */

NetClient *netdev_find(const char *id)
{
    NetClient *nc = net_find(id);

    return nc && !net_is_nic(nc) ? nc : NULL;
}

static bool id_is_valid(const char *id)
{
    return g_ascii_isalpha(*id) || *id == '#';
}

bool netdev_add(const Netdev *opts, GError **err)
{
    static bool (*const init[])(const Netdev *opts, GError **err) = {
        [NET_CLIENT_DRIVER_USER] = net_init_user,
        [NET_CLIENT_DRIVER_SOCKET] = net_init_socket,
        [NET_CLIENT_DRIVER_STREAM] = net_init_stream,
        [NET_CLIENT_DRIVER_DGRAM] = net_init_dgram,
    };

    if (!id_is_valid(opts->id)) {
        error_set(err, "invalid network backend id '%s'", opts->id);
        error_set_culprit(err, "id", opts->id);
        error_set_expected(err, "a letter, then letters, digits, '-', '.' and '_'");
        return false;
    }
    if (net_find(opts->id)) {
        error_set(err, "there is a network card or backend '%s' already", opts->id);
        error_set_culprit(err, "id", opts->id);
        return false;
    }
    return init[opts->type](opts, err) ||
           error_prefix(err, "network backend '%s'", opts->id);
}

bool netdev_del(const char *id, GError **err)
{
    NetClient *nc = netdev_find(id);

    if (!nc) {
        unknown_client(id, err);
        return false;
    }
    net_client_remove(nc);
    if (!nc->owner) {
        net_client_free(nc);
    }
    return true;
}

void net_cleanup(void)
{
    for (guint i = clients ? clients->len : 0; i-- > 0;) {
        NetClient *nc = clients->pdata[i];

        if (!net_is_nic(nc)) {
            netdev_del(nc->name, NULL);
            i = MIN(i, clients->len);
        }
    }
}

static void check_peer(NetClient *nc, void *opaque)
{
    if (!nc->peer) {
        warn_report("network %s '%s' is connected to nothing",
                    net_is_nic(nc) ? "card" : "backend", nc->name);
    }
}

void net_check_peers(void)
{
    net_foreach(check_peer, NULL);
}

bool net_split_address(const char *text, char **ret_host, char **ret_port)
{
    const char *colon = strrchr(text, ':');

    if (!colon || !colon[1]) {
        return false;
    }
    *ret_host = g_strndup(text, colon - text);
    *ret_port = g_strdup(colon + 1);
    return true;
}
