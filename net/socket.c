/*
 * -netdev socket: the short forms of stream and dgram.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/net-internal.h"
#include "util/fdset.h"
#include "util/sockets.h"
#include <netinet/in.h>

static bool split(const char *key, const char *text, char **host, char **port, GError **err)
{
    if (net_split_address(text, host, port)) {
        return true;
    }
    error_set(err, "%s=%s names no port", key, text);
    error_set_expected(err, "%s=HOST:PORT", key);
    return false;
}

static bool init_fd(const char *id, const char *text, GError **err)
{
    g_autofree char *what = g_strdup_printf("fd=%s", text);
    int fd = named_fd_take(text, err), type = 0, listening;
    socklen_t len = sizeof(type);

    if (fd < 0) {
        return false;
    }
    listening = socket_is_listening(fd);
    if (listening < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
        (type != SOCK_STREAM && type != SOCK_DGRAM)) {
        close(fd);
        return error_set(err, "file descriptor '%s' is no stream or datagram socket", text);
    }
    if (type == SOCK_STREAM) {
        net_stream_new(id, "socket",
                       &(NetStreamSpec){ .fd = fd, .listening = listening, .what = what });
    } else {
        net_dgram_new(id, "socket", fd, NULL, 0, what);
    }
    return true;
}

static bool init_tcp(const char *id, const char *key, const char *text, GError **err)
{
    g_autofree char *host = NULL, *port = NULL;
    g_autofree char *what = g_strdup_printf("%s=%s", key, text);
    bool listening = g_str_equal(key, "listen");
    int fd;

    if (!split(key, text, &host, &port, err)) {
        return false;
    }
    fd = socket_open_tcp(host, port, AF_UNSPEC, listening, err);
    if (fd >= 0) {
        net_stream_new(id, "socket",
                       &(NetStreamSpec){ .fd = fd, .listening = listening, .what = what });
    }
    return fd >= 0;
}

static bool init_mcast(const char *id, const NetdevSocketOptions *o, GError **err)
{
    g_autofree char *host = NULL, *port = NULL;
    g_autofree char *what = g_strdup_printf("mcast=%s", o->mcast);
    struct sockaddr_in dest;
    int fd;

    if (!split("mcast", o->mcast, &host, &port, err) ||
        !net_resolve_udp(host, port, &dest, err)) {
        return false;
    }
    fd = net_open_mcast(host, port, o->localaddr, err);
    if (fd >= 0) {
        net_dgram_new(id, "socket", fd, &dest, sizeof(dest), what);
    }
    return fd >= 0;
}

static bool init_udp(const char *id, const NetdevSocketOptions *o, GError **err)
{
    g_autofree char *host = NULL, *port = NULL, *local = NULL, *local_port = NULL;
    g_autofree char *what = g_strdup_printf("udp=%s", o->udp);
    struct sockaddr_in dest;
    int fd;

    if (!o->localaddr) {
        error_set(err, "udp=%s needs 'localaddr'", o->udp);
        error_set_expected(err, "localaddr=[HOST]:PORT");
        return false;
    }
    if (!split("udp", o->udp, &host, &port, err) ||
        !split("localaddr", o->localaddr, &local, &local_port, err) ||
        !net_resolve_udp(host, port, &dest, err)) {
        return false;
    }
    fd = net_open_udp(local, local_port, err);
    if (fd >= 0) {
        net_dgram_new(id, "socket", fd, &dest, sizeof(dest), what);
    }
    return fd >= 0;
}

bool net_init_socket(const Netdev *opts, GError **err)
{
    const NetdevSocketOptions *o = &opts->u.socket;

    if (!!o->fd + !!o->listen + !!o->connect + !!o->mcast + !!o->udp != 1) {
        return error_set(err, "exactly one of 'fd', 'listen', 'connect', 'mcast' and 'udp' must "
                         "be given");
    }
    if (o->localaddr && !o->mcast && !o->udp) {
        return error_set(err, "'localaddr' goes with 'mcast' or 'udp'");
    }
    return o->fd ? init_fd(opts->id, o->fd, err)
           : o->mcast ? init_mcast(opts->id, o, err)
           : o->udp ? init_udp(opts->id, o, err)
           : init_tcp(opts->id, o->listen ? "listen" : "connect",
                      o->listen ? o->listen : o->connect, err);
}
