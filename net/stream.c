/*
 * Frames over a stream socket, each behind its length in four bytes, the highest first.
 *
 * One peer at a time; a further one waits in the kernel's queue. While there is none, frames
 * are dropped, as on a cable without another end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/net-internal.h"
#include "net/trace.h"
#include "qapi/json.h"
#include "util/fdset.h"
#include "util/iov.h"
#include "util/main-loop.h"
#include "util/sockets.h"
#include "util/timer.h"

enum { LENGTH_BYTES = 4, IOV_MAX_SENT = 64 };

typedef struct NetStream {
    NetClient nc;
    int listen_fd, fd;      /* -1: none */
    char *what;
    SocketAddress *addr;    /* to connect to again, or NULL */
    uint32_t reconnect_ms;
    Timer reconnect;
    bool paused;            /* the card has no room: read no more */
    size_t in_pos, in_len;  /* unread part of in */
    GByteArray *out;        /* what the socket did not take yet */
    uint8_t in[LENGTH_BYTES + NET_FRAME_MAX];
} NetStream;

static void update_watches(NetStream *s);

static void accept_peer(void *opaque);

static void watch_listener(NetStream *s)
{
    if (s->listen_fd >= 0) {
        main_loop_watch_fd(s->listen_fd, s->fd < 0 ? accept_peer : NULL, NULL, s);
    }
}

static void use_connection(NetStream *s, int fd)
{
    s->fd = fd;
    s->in_pos = s->in_len = 0;
    socket_set_nonblocking(fd);
    trace_net_stream_connect(s->nc.name, s->what);
    watch_listener(s);
    update_watches(s);
}

static void accept_peer(void *opaque)
{
    NetStream *s = opaque;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        use_connection(s, fd);
    }
}

static void arm_reconnect(NetStream *s)
{
    if (s->addr && s->reconnect_ms) {
        timer_mod(&s->reconnect,
                  clock_ns(CLOCK_TYPE_REALTIME) + (int64_t)s->reconnect_ms * 1000000);
    }
}

static void disconnect(NetStream *s)
{
    if (s->fd < 0) {
        return;
    }
    trace_net_stream_disconnect(s->nc.name);
    main_loop_watch_fd(s->fd, NULL, NULL, NULL);
    close(s->fd);
    s->fd = -1;
    s->in_pos = s->in_len = 0;
    g_byte_array_set_size(s->out, 0);
    watch_listener(s);
    arm_reconnect(s);
    net_flush(&s->nc);
}

/* ---- From the socket ---- */

static void sent(NetClient *nc);

/* Hand on all whole frames, as long as the card takes them. */
static bool parse(NetStream *s)
{
    while (!s->paused && s->in_len - s->in_pos >= LENGTH_BYTES) {
        const uint8_t *p = s->in + s->in_pos;
        uint32_t size = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        struct iovec iov = { (void *)(p + LENGTH_BYTES), size };

        if (size == 0 || size > NET_FRAME_MAX) {
            return false; /* no frame: what follows cannot be told apart */
        }
        if (s->in_len - s->in_pos - LENGTH_BYTES < size) {
            break;
        }
        s->in_pos += LENGTH_BYTES + size;
        s->paused = !net_send(&s->nc, &iov, 1, sent);
    }
    return true;
}

static void sent(NetClient *nc)
{
    NetStream *s = (NetStream *)nc;

    s->paused = false;
    if (!parse(s)) {
        disconnect(s);
    }
    update_watches(s);
}

static void readable(void *opaque)
{
    NetStream *s = opaque;
    ssize_t n;

    memmove(s->in, s->in + s->in_pos, s->in_len - s->in_pos);
    s->in_len -= s->in_pos;
    s->in_pos = 0;
    n = recv(s->fd, s->in + s->in_len, sizeof(s->in) - s->in_len, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        disconnect(s);
        return;
    }
    s->in_len += n;
    if (!parse(s)) {
        disconnect(s);
    }
    update_watches(s);
}

/* ---- To the socket ---- */

static void writable(void *opaque)
{
    NetStream *s = opaque;
    ssize_t n = send(s->fd, s->out->data, s->out->len, MSG_NOSIGNAL);

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n < 0) {
        disconnect(s);
        return;
    }
    g_byte_array_remove_range(s->out, 0, n);
    update_watches(s);
    if (!s->out->len) {
        net_flush(&s->nc);
    }
}

static void update_watches(NetStream *s)
{
    if (s->fd >= 0) {
        main_loop_watch_fd(s->fd, s->paused ? NULL : readable, s->out->len ? writable : NULL,
                           s);
    }
}

/* Keep what the socket did not take of header and frame. */
static void keep_rest(NetStream *s, const uint8_t *head, const struct iovec *iov, unsigned n,
                      size_t done)
{
    size_t size = iov_size(iov, n), from_head = MIN(done, LENGTH_BYTES);
    size_t skip = done - from_head;
    guint at;

    g_byte_array_append(s->out, head + from_head, LENGTH_BYTES - from_head);
    at = s->out->len;
    g_byte_array_set_size(s->out, at + size - skip);
    iov_to_buf(iov, n, skip, s->out->data + at, size - skip);
    update_watches(s);
}

static bool stream_receive(NetClient *nc, const struct iovec *iov, unsigned n)
{
    NetStream *s = (NetStream *)nc;
    uint32_t size = iov_size(iov, n);
    uint8_t head[LENGTH_BYTES] = { size >> 24, size >> 16, size >> 8, size };
    struct iovec all[IOV_MAX_SENT + 1] = { { head, LENGTH_BYTES } };
    struct msghdr msg = { .msg_iov = all, .msg_iovlen = n + 1 };
    ssize_t done = 0;

    if (s->fd < 0) {
        return true;
    }
    if (s->out->len) {
        return false;
    }
    if (n <= IOV_MAX_SENT) {
        memcpy(all + 1, iov, n * sizeof(*iov));
        done = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
    }
    if (done < 0 && errno != EINTR && errno != EAGAIN) {
        return true; /* the peer left: reading will find that */
    }
    done = MAX(done, 0);
    if (done < LENGTH_BYTES + size) {
        keep_rest(s, head, iov, n, done);
    }
    return true;
}

/* ---- Life ---- */

static int open_address(const SocketAddress *a, bool listening, GError **err)
{
    const InetSocketAddress *inet = &a->u.inet;
    bool no4 = inet->has_ipv4 && !inet->ipv4, no6 = inet->has_ipv6 && !inet->ipv6;
    int fd;

    switch (a->type) {
    case SOCKET_ADDRESS_TYPE_INET:
        if (no4 && no6) {
            error_set(err, "'ipv4' and 'ipv6' are both off");
            return -1;
        }
        no6 |= inet->has_ipv4 && inet->ipv4 && !inet->has_ipv6;
        no4 |= inet->has_ipv6 && inet->ipv6 && !inet->has_ipv4;
        return socket_open_tcp(inet->host, inet->port,
                               no6 ? AF_INET : no4 ? AF_INET6 : AF_UNSPEC, listening, err);
    case SOCKET_ADDRESS_TYPE_UNIX:
        return socket_open_unix(a->u.q_unix.path,
                                a->u.q_unix.has_abstract && a->u.q_unix.abstract, listening,
                                err);
    default:
        fd = named_fd_take(a->u.fd.str, err);
        if (fd >= 0 && socket_is_listening(fd) != listening) {
            error_set(err, "file descriptor '%s' is no %s socket", a->u.fd.str,
                      listening ? "listening" : "connected");
            close(fd);
            return -1;
        }
        return fd;
    }
}

static SocketAddress *copy_address(const SocketAddress *a)
{
    g_autoptr(Visitor) out = visitor_new_json_output(), in = NULL;
    g_autoptr(json_object) json = NULL;
    SocketAddress *copy = NULL;

    visit_type_SocketAddress(out, NULL, (SocketAddress **)&a, NULL);
    json = visitor_take_output(out);
    in = visitor_new_json_input(json);
    visit_type_SocketAddress(in, NULL, &copy, NULL);
    return copy;
}

static void try_reconnect(void *opaque)
{
    NetStream *s = opaque;
    int fd = open_address(s->addr, false, NULL);

    if (fd >= 0) {
        use_connection(s, fd);
    } else {
        arm_reconnect(s);
    }
}

static void stream_cleanup(NetClient *nc)
{
    NetStream *s = (NetStream *)nc;

    timer_del(&s->reconnect);
    if (s->fd >= 0) {
        main_loop_watch_fd(s->fd, NULL, NULL, NULL);
        close(s->fd);
    }
    if (s->listen_fd >= 0) {
        main_loop_watch_fd(s->listen_fd, NULL, NULL, NULL);
        close(s->listen_fd);
    }
    if (s->addr && s->addr->type == SOCKET_ADDRESS_TYPE_UNIX && s->listen_fd >= 0 &&
        !(s->addr->u.q_unix.has_abstract && s->addr->u.q_unix.abstract)) {
        socket_remove_old(s->addr->u.q_unix.path);
    }
    qapi_free_SocketAddress(s->addr);
    g_byte_array_free(s->out, TRUE);
    g_free(s->what);
}

static void stream_describe(NetClient *nc, GString *out)
{
    NetStream *s = (NetStream *)nc;

    g_string_append_printf(out, "%s%s", s->what, s->fd < 0 ? ",disconnected" : "");
}

static const NetClientInfo stream_info = {
    .type = "stream", .size = sizeof(NetStream), .receive = stream_receive,
    .cleanup = stream_cleanup, .describe = stream_describe,
};
static const NetClientInfo socket_info = {
    .type = "socket", .size = sizeof(NetStream), .receive = stream_receive,
    .cleanup = stream_cleanup, .describe = stream_describe,
};

void net_stream_new(const char *name, const char *type, const NetStreamSpec *spec)
{
    const NetClientInfo *info = g_str_equal(type, "socket") ? &socket_info : &stream_info;
    NetStream *s = (NetStream *)net_client_new(info, name);

    s->listen_fd = s->fd = -1;
    s->out = g_byte_array_new();
    s->what = g_strdup(spec->what);
    s->addr = spec->addr ? copy_address(spec->addr) : NULL;
    s->reconnect_ms = spec->reconnect_ms;
    timer_init(&s->reconnect, CLOCK_TYPE_REALTIME, try_reconnect, s);
    if (spec->listening) {
        s->listen_fd = spec->fd;
        watch_listener(s);
    } else if (spec->fd >= 0) {
        use_connection(s, spec->fd);
    } else {
        arm_reconnect(s);
    }
}

static char *address_text(const SocketAddress *a)
{
    switch (a->type) {
    case SOCKET_ADDRESS_TYPE_INET:
        return g_strdup_printf("tcp:%s:%s", a->u.inet.host, a->u.inet.port);
    case SOCKET_ADDRESS_TYPE_UNIX:
        return g_strdup_printf("unix:%s", a->u.q_unix.path);
    default:
        return g_strdup_printf("fd:%s", a->u.fd.str);
    }
}

bool net_init_stream(const Netdev *opts, GError **err)
{
    const NetdevStreamOptions *o = &opts->u.stream;
    bool server = o->has_server && o->server;
    uint64_t ms = o->has_reconnect_ms ? o->reconnect_ms
                                      : o->has_reconnect ? o->reconnect * UINT64_C(1000) : 0;
    g_autofree char *address = address_text(o->addr);
    g_autofree char *what = g_strdup_printf("%s%s", address, server ? ",server=on" : "");
    NetStreamSpec spec = { .listening = server, .reconnect_ms = MIN(ms, UINT32_MAX),
                           .addr = o->addr, .what = what };

    if (ms && (server || o->addr->type == SOCKET_ADDRESS_TYPE_FD)) {
        return error_set(err, "'reconnect' is for sockets that connect to an address");
    }
    spec.fd = open_address(o->addr, server, err);
    if (spec.fd < 0) {
        return false;
    }
    net_stream_new(opts->id, "stream", &spec);
    return true;
}
