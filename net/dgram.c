/*
 * Frames as datagrams, one each: UDP, multicast groups, Unix.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/net-internal.h"
#include "util/fdset.h"
#include "util/main-loop.h"
#include "util/sockets.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

/* Datagrams read before others get their turn. */
enum { BURST = 64 };

typedef struct NetDgram {
    NetClient nc;
    int fd;
    char *what, *unlink_path;
    struct sockaddr_storage dest;
    socklen_t dest_len;     /* 0: connected, or nowhere to send */
    bool paused, want_write;
    uint8_t buf[NET_FRAME_MAX];
} NetDgram;

static void update_watches(NetDgram *s);

static void sent(NetClient *nc)
{
    ((NetDgram *)nc)->paused = false;
    update_watches((NetDgram *)nc);
}

static void readable(void *opaque)
{
    NetDgram *s = opaque;

    for (unsigned i = 0; i < BURST && !s->paused; i++) {
        ssize_t n = recv(s->fd, s->buf, sizeof(s->buf), MSG_DONTWAIT);
        struct iovec iov = { s->buf, n };

        if (n < 0) {
            break; /* nothing more, or an earlier datagram found nobody: both pass */
        }
        if (n > 0) {
            s->paused = !net_send(&s->nc, &iov, 1, sent);
        }
    }
    update_watches(s);
}

static void writable(void *opaque)
{
    NetDgram *s = opaque;

    s->want_write = false;
    update_watches(s);
    net_flush(&s->nc);
}

static void update_watches(NetDgram *s)
{
    main_loop_watch_fd(s->fd, s->paused ? NULL : readable, s->want_write ? writable : NULL, s);
}

static bool dgram_receive(NetClient *nc, const struct iovec *iov, unsigned n)
{
    NetDgram *s = (NetDgram *)nc;
    struct msghdr msg = {
        .msg_name = s->dest_len ? &s->dest : NULL, .msg_namelen = s->dest_len,
        .msg_iov = (struct iovec *)iov, .msg_iovlen = n,
    };

    if (sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
        (errno == EAGAIN || errno == EINTR)) {
        s->want_write = true;
        update_watches(s);
        return false;
    }
    return true; /* what cannot be sent is lost, as frames are */
}

static void dgram_cleanup(NetClient *nc)
{
    NetDgram *s = (NetDgram *)nc;

    main_loop_watch_fd(s->fd, NULL, NULL, NULL);
    close(s->fd);
    if (s->unlink_path) {
        socket_remove_old(s->unlink_path);
    }
    g_free(s->unlink_path);
    g_free(s->what);
}

static void dgram_describe(NetClient *nc, GString *out)
{
    g_string_append(out, ((NetDgram *)nc)->what);
}

static const NetClientInfo dgram_info = {
    .type = "dgram", .size = sizeof(NetDgram), .receive = dgram_receive,
    .cleanup = dgram_cleanup, .describe = dgram_describe,
};
static const NetClientInfo socket_info = {
    .type = "socket", .size = sizeof(NetDgram), .receive = dgram_receive,
    .cleanup = dgram_cleanup, .describe = dgram_describe,
};

static NetDgram *new_dgram(const char *name, const char *type, int fd, const void *dest,
                           size_t dest_len, const char *what)
{
    const NetClientInfo *info = g_str_equal(type, "socket") ? &socket_info : &dgram_info;
    NetDgram *s = (NetDgram *)net_client_new(info, name);

    s->fd = fd;
    s->what = g_strdup(what);
    memcpy(&s->dest, dest ? dest : "", dest ? dest_len : 0);
    s->dest_len = dest ? dest_len : 0;
    socket_set_nonblocking(fd);
    update_watches(s);
    return s;
}

void net_dgram_new(const char *name, const char *type, int fd, const void *dest,
                   size_t dest_len, const char *what)
{
    new_dgram(name, type, fd, dest, dest_len, what);
}

/* ---- Addresses ---- */

bool net_resolve_udp(const char *host, const char *port, struct sockaddr_in *ret, GError **err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_family = AF_INET }, *list;
    int r = getaddrinfo(host && *host ? host : "0.0.0.0", port, &hints, &list);

    if (r != 0) {
        return error_set(err, "cannot resolve '%s:%s': %s", host, port, gai_strerror(r));
    }
    memcpy(ret, list->ai_addr, sizeof(*ret));
    freeaddrinfo(list);
    return true;
}

/* A UDP socket bound to @at. */
static int bind_udp(const struct sockaddr_in *at, GError **err)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0) {
            return fd;
        }
    }
    error_set_errno(err, errno, "cannot receive at '%s:%u'", inet_ntoa(at->sin_addr),
                    ntohs(at->sin_port));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int net_open_udp(const char *host, const char *port, GError **err)
{
    struct sockaddr_in at;

    return net_resolve_udp(host, port, &at, err) ? bind_udp(&at, err) : -1;
}

int net_open_mcast(const char *host, const char *port, const char *local, GError **err)
{
    struct ip_mreq group = { .imr_interface.s_addr = htonl(INADDR_ANY) };
    struct sockaddr_in addr;
    int on = 1, fd;

    if (!net_resolve_udp(host, port, &addr, err)) {
        return -1;
    }
    if (!IN_MULTICAST(ntohl(addr.sin_addr.s_addr))) {
        error_set(err, "'%s' is no multicast address", host);
        error_set_expected(err, "an address from 224.0.0.0 to 239.255.255.255");
        return -1;
    }
    if (local && inet_pton(AF_INET, local, &group.imr_interface) != 1) {
        error_set(err, "'%s' is no address of an interface", local);
        return -1;
    }
    fd = bind_udp(&addr, err);
    if (fd < 0) {
        return -1;
    }
    group.imr_multiaddr = addr.sin_addr;
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on)) != 0 ||
        (local && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group.imr_interface,
                             sizeof(group.imr_interface)) != 0)) {
        error_set_errno(err, errno, "cannot join the group '%s'", host);
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- -netdev dgram ---- */

static bool init_inet(const char *id, const InetSocketAddress *local,
                      const InetSocketAddress *remote, GError **err)
{
    struct sockaddr_in dest;
    g_autofree char *what = remote ? g_strdup_printf("udp:%s:%s", remote->host, remote->port)
                                   : g_strdup_printf("udp,local=%s:%s", local->host,
                                                     local->port);
    int fd;

    if (remote && !net_resolve_udp(remote->host, remote->port, &dest, err)) {
        return false;
    }
    if (remote && IN_MULTICAST(ntohl(dest.sin_addr.s_addr))) {
        fd = net_open_mcast(remote->host, remote->port, local ? local->host : NULL, err);
    } else if (!local) {
        return error_set(err, "'local' is missing");
    } else {
        fd = net_open_udp(local->host, local->port, err);
    }
    if (fd < 0) {
        return false;
    }
    net_dgram_new(id, "dgram", fd, remote ? &dest : NULL, sizeof(dest), what);
    return true;
}

static bool init_unix(const char *id, const UnixSocketAddress *local,
                      const UnixSocketAddress *remote, GError **err)
{
    bool abstract = local->has_abstract && local->abstract;
    struct sockaddr_un at, dest;
    socklen_t at_len, dest_len = 0;
    g_autofree char *what = g_strdup_printf("unix:%s", remote ? remote->path : local->path);
    NetDgram *s;
    int fd;

    if (!socket_unix_address(local->path, abstract, &at, &at_len, err) ||
        (remote && !socket_unix_address(remote->path, remote->has_abstract && remote->abstract,
                                        &dest, &dest_len, err))) {
        return false;
    }
    if (!abstract) {
        socket_remove_old(local->path);
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, at_len) != 0) {
        error_set_errno(err, errno, "cannot receive at '%s'", local->path);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    s = new_dgram(id, "dgram", fd, remote ? &dest : NULL, dest_len, what);
    s->unlink_path = abstract ? NULL : g_strdup(local->path);
    return true;
}

bool net_init_dgram(const Netdev *opts, GError **err)
{
    const SocketAddress *local = opts->u.dgram.local, *remote = opts->u.dgram.remote;
    g_autofree char *what = NULL;
    int fd;

    if (!local && !remote) {
        return error_set(err, "'local' or 'remote' is missing");
    }
    if (local && local->type == SOCKET_ADDRESS_TYPE_FD) {
        if (remote) {
            return error_set(err, "a socket that was passed is connected: 'remote' has no use");
        }
        fd = named_fd_take(local->u.fd.str, err);
        if (fd < 0) {
            return false;
        }
        what = g_strdup_printf("fd:%s", local->u.fd.str);
        net_dgram_new(opts->id, "dgram", fd, NULL, 0, what);
        return true;
    }
    if (local && remote && local->type != remote->type) {
        return error_set(err, "'local' is of type '%s', 'remote' of type '%s'",
                         SocketAddressType_names[local->type],
                         SocketAddressType_names[remote->type]);
    }
    switch ((local ? local : remote)->type) {
    case SOCKET_ADDRESS_TYPE_INET:
        return init_inet(opts->id, local ? &local->u.inet : NULL,
                         remote ? &remote->u.inet : NULL, err);
    case SOCKET_ADDRESS_TYPE_UNIX:
        if (!local) {
            return error_set(err, "'local' is missing");
        }
        return init_unix(opts->id, &local->u.q_unix, remote ? &remote->u.q_unix : NULL, err);
    default:
        return error_set(err, "'remote' cannot be a socket that was passed");
    }
}
