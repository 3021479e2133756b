/*
 * Unix and TCP sockets, listening or connecting. One client at a time; a further one waits
 * in the kernel's queue until the first leaves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char-fd.h"
#include "util/fdset.h"
#include "util/main-loop.h"
#include "util/sockets.h"
#include "util/timer.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>

enum { MAX_PASSED_FDS = 16, READ_CHUNK = 4096, WAIT_POLL_MS = 100,
       HANGUP_NS = 500000000 };

typedef struct SocketChardev {
    Chardev parent;
    char *path, *host, *port, *fd_name; /* properties */
    bool server, wait, nodelay, ipv4, ipv6, abstract;
    uint32_t reconnect_s, reconnect_ms;
    int listen_fd, fd;              /* -1: none */
    bool want_write, unlink_path;
    int passed[MAX_PASSED_FDS];
    unsigned n_passed;
    Timer reconnect;
    Timer hangup;                   /* looks for a peer that left while nothing is read */
    unsigned leaving;               /* id of a main loop call that disconnects, or 0 */
} SocketChardev;

static void update_watches(SocketChardev *s);

static int open_socket(SocketChardev *s, GError **err)
{
    int family = s->ipv4 == s->ipv6 ? AF_UNSPEC : s->ipv4 ? AF_INET : AF_INET6;
    int fd;

    if (!s->path) {
        return socket_open_tcp(s->host, s->port, family, s->server, err);
    }
    fd = socket_open_unix(s->path, s->abstract, s->server, err);
    s->unlink_path = fd >= 0 && s->server && !s->abstract;
    return fd;
}

static void accept_client(void *opaque);

static void watch_listener(SocketChardev *s)
{
    if (s->listen_fd >= 0) {
        main_loop_watch_fd(s->listen_fd, s->fd < 0 ? accept_client : NULL, NULL, s);
    }
}

static void use_connection(SocketChardev *s, int fd)
{
    int on = 1;

    s->fd = fd;
    socket_set_nonblocking(fd);
    if (s->nodelay && !s->path) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    watch_listener(s);
    chr_be_event(&s->parent, CHAR_EVENT_OPENED);
    update_watches(s);
}

static void accept_client(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        use_connection(s, fd);
    }
}

static void drop_passed_fds(SocketChardev *s)
{
    while (s->n_passed) {
        close(s->passed[--s->n_passed]);
    }
}

static void disconnect(SocketChardev *s)
{
    main_loop_cancel(s->leaving);
    s->leaving = 0;
    timer_del(&s->hangup);
    if (s->fd < 0) {
        return;
    }
    main_loop_watch_fd(s->fd, NULL, NULL, NULL);
    close(s->fd);
    s->fd = -1;
    s->want_write = false;
    drop_passed_fds(s);
    chr_be_event(&s->parent, CHAR_EVENT_CLOSED);
    watch_listener(s);
    chr_be_writable(&s->parent);
    if (!s->server && s->reconnect_ms) {
        timer_mod(&s->reconnect,
                  clock_ns(CLOCK_TYPE_REALTIME) + (int64_t)s->reconnect_ms * 1000000);
    }
}

static void take_passed_fds(SocketChardev *s, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        unsigned n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        drop_passed_fds(s); /* nobody asked for the earlier ones */

        for (unsigned i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (s->n_passed < MAX_PASSED_FDS) {
                s->passed[s->n_passed++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

static void socket_readable(void *opaque)
{
    SocketChardev *s = opaque;
    uint8_t buf[READ_CHUNK];
    char control[CMSG_SPACE(MAX_PASSED_FDS * sizeof(int))];
    int room = MIN(chr_be_can_receive(&s->parent), READ_CHUNK);
    struct iovec iov = { buf, room };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                          .msg_controllen = sizeof(control) };
    ssize_t n;

    if (room <= 0) {
        update_watches(s);
        return;
    }
    n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        disconnect(s);
        return;
    }
    take_passed_fds(s, &msg);
    object_ref(s);
    chr_be_receive(&s->parent, buf, n);
    update_watches(s);
    object_unref(s);
}

static void socket_writable(void *opaque)
{
    SocketChardev *s = opaque;

    s->want_write = false;
    update_watches(s);
    chr_be_writable(&s->parent);
}

/* While the front end takes nothing, the end of the stream is not seen. What a peer has
 * sent before it left is kept for the front end, unless the next client waits already. */
static void look_for_hangup(void *opaque)
{
    SocketChardev *s = opaque;
    struct pollfd peer = { .fd = s->fd, .events = POLLRDHUP };
    struct pollfd next = { .fd = s->listen_fd, .events = POLLIN };

    if (s->listen_fd >= 0 && poll(&peer, 1, 0) > 0 && poll(&next, 1, 0) > 0) {
        disconnect(s);
    } else {
        update_watches(s);
    }
}

static void update_watches(SocketChardev *s)
{
    if (s->fd >= 0) {
        bool rd = chr_be_can_receive(&s->parent) > 0;

        if (rd) {
            timer_del(&s->hangup);
        } else if (s->listen_fd >= 0 && !timer_pending(&s->hangup)) {
            timer_mod(&s->hangup, clock_ns(CLOCK_TYPE_REALTIME) + HANGUP_NS);
        }
        main_loop_watch_fd(s->fd, rd ? socket_readable : NULL,
                           s->want_write ? socket_writable : NULL, s);
    }
}

static void peer_left(void *opaque)
{
    SocketChardev *s = opaque;

    s->leaving = 0;
    disconnect(s);
}

static int socket_write(Chardev *chr, const uint8_t *buf, int len)
{
    SocketChardev *s = (SocketChardev *)chr;
    ssize_t n;

    if (s->fd < 0) {
        return -1;
    }
    do {
        n = send(s->fd, buf, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    if (n < 0 && !s->leaving) {
        s->leaving = main_loop_call(peer_left, s); /* not inside the front end's call */
    }
    return n;
}

static void socket_watch_write(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;

    s->want_write = true;
    update_watches(s);
}

static void socket_accept_input(Chardev *chr)
{
    update_watches((SocketChardev *)chr);
}

static int socket_get_fd(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;
    int fd;

    if (s->n_passed == 0) {
        return -1;
    }
    fd = s->passed[0];
    memmove(s->passed, s->passed + 1, --s->n_passed * sizeof(int));
    return fd;
}

static void socket_yank(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;

    if (s->fd >= 0) {
        shutdown(s->fd, SHUT_RDWR); /* the main loop finds its end */
    }
}

static void try_reconnect(void *opaque)
{
    SocketChardev *s = opaque;
    int fd = open_socket(s, NULL);

    if (fd >= 0) {
        use_connection(s, fd);
    } else {
        timer_mod(&s->reconnect,
                  clock_ns(CLOCK_TYPE_REALTIME) + (int64_t)s->reconnect_ms * 1000000);
    }
}

/* Signals that end the process are blocked and not served yet: look for them. */
static bool wait_for_client(SocketChardev *s, GError **err)
{
    struct pollfd listener = { .fd = s->listen_fd, .events = POLLIN };
    sigset_t pending;

    while (s->fd < 0) {
        if (poll(&listener, 1, WAIT_POLL_MS) > 0) {
            accept_client(s);
        }
        if (sigpending(&pending) == 0 &&
            (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
             sigismember(&pending, SIGHUP))) {
            return error_set(err, "terminated while waiting for a client");
        }
    }
    return true;
}

/* A socket from outside: listening for a server, connected otherwise. */
static int open_passed(SocketChardev *s, GError **err)
{
    int fd = named_fd_take(s->fd_name, err), listening;

    if (fd < 0) {
        return -1;
    }
    listening = socket_is_listening(fd);
    if (listening < 0) {
        error_set(err, "file descriptor '%s' is no socket", s->fd_name);
    } else if (!listening != !s->server) {
        error_set(err, "file descriptor '%s' is %s", s->fd_name,
                  listening ? "a listening socket" : "no listening socket");
        error_set_expected(err, "server=%s", listening ? "on" : "off");
    } else if (!listening && s->reconnect_ms) {
        error_set(err, "a socket that was passed cannot connect again");
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static bool socket_add_client(Chardev *chr, int fd, GError **err)
{
    SocketChardev *s = (SocketChardev *)chr;
    int type = 0;
    socklen_t len = sizeof(type);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM) {
        error_set(err, "the descriptor passed is no stream socket");
    } else if (s->fd >= 0) {
        error_set(err, "character device '%s' has a client already", chr->label);
    } else {
        use_connection(s, fd);
        return true;
    }
    close(fd);
    return false;
}

static bool socket_open(Chardev *chr, GError **err)
{
    SocketChardev *s = (SocketChardev *)chr;
    int fd;

    if (!!s->path + !!s->port + !!s->fd_name != 1) {
        return error_set(err, "exactly one of 'path', 'port' and 'fd' must be given");
    }
    if (s->reconnect_s) {
        s->reconnect_ms = s->reconnect_s * 1000;
    }
    chr->filename = s->fd_name
        ? g_strdup_printf("fd:%s%s", s->fd_name, s->server ? ",server=on" : "")
        : s->path
        ? g_strdup_printf("unix:%s%s", s->path, s->server ? ",server=on" : "")
        : g_strdup_printf("tcp:%s:%s%s", s->host ? s->host : "", s->port,
                          s->server ? ",server=on" : "");
    fd = s->fd_name ? open_passed(s, err) : open_socket(s, err);
    if (fd < 0) {
        return false;
    }
    if (!s->server) {
        use_connection(s, fd);
        return true;
    }
    s->listen_fd = fd;
    if (s->wait) {
        return wait_for_client(s, err);
    }
    watch_listener(s);
    return true;
}

static void socket_init(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;

    s->listen_fd = s->fd = -1;
    timer_init(&s->reconnect, CLOCK_TYPE_REALTIME, try_reconnect, s);
    timer_init(&s->hangup, CLOCK_TYPE_REALTIME, look_for_hangup, s);
}

static void socket_end(Chardev *chr)
{
    SocketChardev *s = (SocketChardev *)chr;

    if (s->unlink_path) {
        unlink(s->path);
        s->unlink_path = false;
    }
}

static void socket_finalize(Object *obj)
{
    SocketChardev *s = (SocketChardev *)obj;

    timer_del(&s->reconnect);
    timer_del(&s->hangup);
    main_loop_cancel(s->leaving);
    if (s->fd >= 0) {
        main_loop_watch_fd(s->fd, NULL, NULL, NULL);
        close(s->fd);
    }
    if (s->listen_fd >= 0) {
        main_loop_watch_fd(s->listen_fd, NULL, NULL, NULL);
        close(s->listen_fd);
    }
    socket_end(&s->parent);
    drop_passed_fds(s);
}

static const Property socket_properties[] = {
    PROP_STR(SocketChardev, path, "path", "path of a Unix socket"),
    PROP_STR(SocketChardev, host, "host", "host name or address of a TCP socket"),
    PROP_STR(SocketChardev, port, "port", "TCP port number or service name"),
    PROP_BOOL(SocketChardev, server, "server", "listen instead of connecting"),
    PROP_BOOL(SocketChardev, wait, "wait", "wait for a client before the machine starts",
              .def = true),
    PROP_BOOL(SocketChardev, nodelay, "nodelay", "send small packets at once"),
    PROP_BOOL(SocketChardev, ipv4, "ipv4", "use IPv4"),
    PROP_BOOL(SocketChardev, ipv6, "ipv6", "use IPv6"),
    PROP_BOOL(SocketChardev, abstract, "abstract", "the path is in the abstract name space"),
    PROP_STR(SocketChardev, fd_name, "fd",
             "number of an inherited socket, or the name of a passed one"),
    PROP_UINT32(SocketChardev, reconnect_s, "reconnect",
                "connect again this many seconds after the peer left; 0: never",
                .max = 86400),
    PROP_UINT32(SocketChardev, reconnect_ms, "reconnect-ms",
                "connect again this many milliseconds after the peer left; 0: never"),
    PROP_END
};

/* socat and the like bring a terminal; who sends whole lines does not notice. */
static bool socket_get_terminal(Chardev *chr, ChardevTerminal *ret)
{
    return true;
}

static void socket_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = socket_open;
    cc->write = socket_write;
    cc->watch_write = socket_watch_write;
    cc->accept_input = socket_accept_input;
    cc->get_fd = socket_get_fd;
    cc->add_client = socket_add_client;
    cc->yank = socket_yank;
    cc->get_terminal = socket_get_terminal;
    cc->end = socket_end;
}

static const TypeInfo socket_type = {
    .name = "chardev-socket",
    .parent = TYPE_CHARDEV,
    .desc = "Unix or TCP socket",
    .instance_size = sizeof(SocketChardev),
    .properties = socket_properties,
    .class_init = socket_class_init,
    .instance_init = socket_init,
    .instance_finalize = socket_finalize,
};
TYPE_REGISTER(socket_type);
