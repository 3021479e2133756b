/*
 * A network in this process (-netdev user): libslirp answers ARP, DHCP, DNS and TFTP, and
 * makes sockets of the guest's connections.
 *
 * The library's timers run on the virtual clock, its sockets with the main loop's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/user-internal.h"
#include "util/iov.h"
#include "util/log.h"
#include "util/timer.h"
#include <arpa/inet.h>
#include <poll.h>

#if CONFIG_SLIRP

/* What the library takes of one frame (its buffers are allocated for each). */
enum { SLIRP_FRAME_MAX = 65536 };

/* ---- What the library calls ---- */

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    UserNet *u = opaque;
    struct iovec iov = { (void *)buf, len };

    /* What finds no room waits in the queue, or is lost: TCP sends again. */
    net_send(&u->nc, &iov, 1, NULL);
    return len;
}

static void slirp_guest_error(const char *msg, void *opaque)
{
    log_if(LOG_GUEST_ERRORS, "network '%s': %s\n", ((UserNet *)opaque)->nc.name, msg);
}

static int64_t slirp_clock(void *opaque)
{
    return clock_ns(CLOCK_TYPE_VIRTUAL);
}

typedef struct SlirpTimer {
    Timer timer;
    UserNet *u;
    SlirpTimerId id;
    void *opaque;
} SlirpTimer;

static void timer_fired(void *opaque)
{
    SlirpTimer *t = opaque;

    t->u->lib->handle_timer(t->u->slirp, t->id, t->opaque);
}

static void *slirp_timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    SlirpTimer *t = g_new0(SlirpTimer, 1);

    t->u = opaque;
    t->id = id;
    t->opaque = cb_opaque;
    timer_init(&t->timer, CLOCK_TYPE_VIRTUAL, timer_fired, t);
    return t;
}

static void slirp_timer_free(void *timer, void *opaque)
{
    timer_del(&((SlirpTimer *)timer)->timer);
    g_free(timer);
}

static void slirp_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    timer_mod(&((SlirpTimer *)timer)->timer, expire_ms * 1000000);
}

/* All descriptors are asked for anew each turn (fill_fds). */
static void ignore_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
    main_loop_notify();
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = slirp_guest_error,
    .clock_get_ns = slirp_clock,
    .timer_new_opaque = slirp_timer_new,
    .timer_free = slirp_timer_free,
    .timer_mod = slirp_timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = notify,
};

/* ---- The main loop ---- */

static int add_fd(int fd, int events, void *opaque)
{
    struct pollfd p = { .fd = fd };

    p.events = (events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
               (events & SLIRP_POLL_PRI ? POLLPRI : 0);
    g_array_append_val((GArray *)opaque, p);
    return ((GArray *)opaque)->len - 1;
}

static void fill_fds(void *opaque, GArray *fds, int64_t *timeout_ns)
{
    UserNet *u = opaque;
    uint32_t timeout_ms = UINT32_MAX;

    user_net_poll_forwards(u);
    u->lib->pollfds_fill(u->slirp, &timeout_ms, add_fd, fds);
    if (timeout_ms != UINT32_MAX &&
        (*timeout_ns < 0 || *timeout_ns > timeout_ms * INT64_C(1000000))) {
        *timeout_ns = timeout_ms * INT64_C(1000000);
    }
}

static int get_revents(int index, void *opaque)
{
    const struct pollfd *fds = opaque;
    short r = fds[index].revents;

    return (r & POLLIN ? SLIRP_POLL_IN : 0) | (r & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (r & POLLPRI ? SLIRP_POLL_PRI : 0) | (r & POLLERR ? SLIRP_POLL_ERR : 0) |
           (r & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static void fds_ready(void *opaque, const struct pollfd *fds)
{
    UserNet *u = opaque;

    u->lib->pollfds_poll(u->slirp, 0, get_revents, (void *)fds);
}

/* ---- The client ---- */

static bool user_receive(NetClient *nc, const struct iovec *iov, unsigned n)
{
    UserNet *u = (UserNet *)nc;
    size_t size = iov_size(iov, n);
    g_autofree uint8_t *copy = NULL;
    const uint8_t *frame = iov->iov_base;

    if (size > SLIRP_FRAME_MAX) {
        return true;
    }
    if (n > 1) {
        copy = g_malloc(size);
        iov_to_buf(iov, n, 0, copy, size);
        frame = copy;
    }
    u->lib->input(u->slirp, frame, size);
    if (!in_main_thread()) {
        main_loop_notify(); /* there may be new sockets to wait for */
    }
    return true;
}

static void user_cleanup(NetClient *nc)
{
    UserNet *u = (UserNet *)nc;

    main_loop_remove_poller(&u->poller);
    user_net_free_forwards(u);
    if (u->slirp) {
        u->lib->cleanup(u->slirp);
    }
    g_strfreev(u->search);
}

static void user_describe(NetClient *nc, GString *out)
{
    const UserNet *u = (UserNet *)nc;

    g_string_append_printf(out, "net=%s,restrict=%s", inet_ntoa(u->config.vnetwork),
                           u->config.restricted ? "on" : "off");
}

static void user_describe_traffic(NetClient *nc, GString *out)
{
    UserNet *u = (UserNet *)nc;
    g_autofree char *connections = u->lib->connection_info(u->slirp);
    g_autofree char *neighbours = u->lib->neighbor_info(u->slirp);

    g_string_append_printf(out, "%s:\n%s%s", nc->name, connections, neighbours);
}

static const NetClientInfo user_info = {
    .type = "user", .size = sizeof(UserNet), .checksums_good = true,
    .receive = user_receive, .cleanup = user_cleanup, .describe = user_describe,
    .describe_traffic = user_describe_traffic,
};

bool net_init_user(const Netdev *opts, GError **err)
{
    const SlirpLibrary *lib = slirp_library(err);
    UserNet *u;

    if (!lib) {
        return false;
    }
    u = (UserNet *)net_client_new(&user_info, opts->id);
    u->lib = lib;
    u->forwards = g_ptr_array_new();
    if (user_net_configure(u, &opts->u.user, err)) {
        u->slirp = lib->new(&u->config, &callbacks, u);
        u->poller = (MainLoopPoller){ .fill = fill_fds, .ready = fds_ready, .opaque = u };
        main_loop_add_poller(&u->poller);
        if (user_net_add_forwards(u, &opts->u.user, err)) {
            return true;
        }
    }
    net_client_remove(&u->nc);
    net_client_free(&u->nc);
    return false;
}

/* ---- Forwarded ports, for the monitor ---- */

typedef struct UserSearch {
    UserNet *found;
    unsigned count;
} UserSearch;

static void count_user(NetClient *nc, void *opaque)
{
    UserSearch *s = opaque;

    if (nc->info == &user_info) {
        s->found = (UserNet *)nc;
        s->count++;
    }
}

static UserNet *find_user(const char *id, GError **err)
{
    UserSearch s = { 0 };

    if (id) {
        NetClient *nc = netdev_find(id);

        if (nc && nc->info == &user_info) {
            return (UserNet *)nc;
        }
        error_set_class(err, ERROR_DEVICE_NOT_FOUND,
                        nc ? "network backend '%s' is not of kind user"
                           : "there is no network backend '%s'", id);
        return NULL;
    }
    net_foreach(count_user, &s);
    if (s.count == 1) {
        return s.found;
    }
    error_set(err, s.count ? "there are several network backends of kind user: name one"
                           : "there is no network backend of kind user");
    return NULL;
}

bool net_user_hostfwd_add(const char *id, const char *rule, GError **err)
{
    UserNet *u = find_user(id, err);

    return u && user_net_hostfwd(u, rule, true, err);
}

bool net_user_hostfwd_remove(const char *id, const char *rule, GError **err)
{
    UserNet *u = find_user(id, err);

    return u && user_net_hostfwd(u, rule, false, err);
}

#else

bool net_init_user(const Netdev *opts, GError **err)
{
    return error_set(err, "this program was built without libslirp");
}

bool net_user_hostfwd_add(const char *id, const char *rule, GError **err)
{
    return net_init_user(NULL, err);
}

bool net_user_hostfwd_remove(const char *id, const char *rule, GError **err)
{
    return net_init_user(NULL, err);
}

#endif
