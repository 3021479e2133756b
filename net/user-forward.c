/*
 * Forwarded ports of a network in this process: from the host into the guest (hostfwd), and
 * from addresses in the guest's network to the host (guestfwd).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/user-internal.h"
#include "chardev/char.h"
#include "util/cutils.h"
#include <arpa/inet.h>

#if CONFIG_SLIRP

/* A guestfwd to a character device. */
typedef struct Forward {
    UserNet *u;
    CharFrontend chr;
    Chardev *own;           /* made for it, goes with it */
    struct in_addr addr;
    int port;
} Forward;

/* The text up to @end, which is skipped; NULL if there is none. */
static char *take_part(const char **p, char end)
{
    const char *at = strchr(*p, end);
    char *part;

    if (!at) {
        return NULL;
    }
    part = g_strndup(*p, at - *p);
    *p = at + 1;
    return part;
}

static bool parse_protocol(const char *text, bool *ret_udp)
{
    *ret_udp = text && g_str_equal(text, "udp");
    return text && (*ret_udp || g_str_equal(text, "tcp") || !*text);
}

static bool parse_address(const char *text, struct in_addr *ret)
{
    ret->s_addr = 0;
    return text && (!*text || inet_pton(AF_INET, text, ret) == 1);
}

static bool parse_port(const char *text, unsigned min, int *ret)
{
    uint64_t port;

    if (!text || !parse_uint(text, 65535, &port) || port < min) {
        return false;
    }
    *ret = port;
    return true;
}

/* ---- Into the guest ---- */

typedef struct HostForward {
    bool udp;
    struct in_addr host, guest;
    int host_port, guest_port;
} HostForward;

static bool parse_hostfwd(const char *rule, bool with_guest, HostForward *ret, GError **err)
{
    const char *p = rule;
    g_autofree char *proto = take_part(&p, ':'), *host = take_part(&p, ':');
    g_autofree char *port = with_guest ? take_part(&p, '-') : g_strdup(p);
    g_autofree char *guest = with_guest ? take_part(&p, ':') : NULL;
    const char *fault = NULL;

    if (!parse_protocol(proto, &ret->udp)) {
        fault = "the protocol";
    } else if (!parse_address(host, &ret->host)) {
        fault = "the host's address";
    } else if (!parse_port(port, 0, &ret->host_port)) {
        fault = "the host's port";
    } else if (with_guest && !parse_address(guest, &ret->guest)) {
        fault = "the guest's address";
    } else if (with_guest && !parse_port(p, 1, &ret->guest_port)) {
        fault = "the guest's port";
    } else {
        return true;
    }
    error_set(err, "hostfwd '%s': %s is not right", rule, fault);
    error_set_culprit(err, "property", "hostfwd");
    error_set_expected(err, with_guest ? "[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT"
                                       : "[tcp|udp]:[HOSTADDR]:HOSTPORT");
    return false;
}

bool user_net_hostfwd(UserNet *u, const char *rule, bool add, GError **err)
{
    HostForward f = { 0 };

    if (!parse_hostfwd(rule, add, &f, err)) {
        return false;
    }
    errno = 0;
    if (add) {
        if (u->lib->add_hostfwd(u->slirp, f.udp, f.host, f.host_port, f.guest,
                                f.guest_port) < 0) {
            return errno ? error_set_errno(err, errno, "hostfwd '%s' cannot be set up", rule)
                         : error_set(err, "hostfwd '%s' cannot be set up", rule);
        }
        main_loop_notify();
        return true;
    }
    return u->lib->remove_hostfwd(u->slirp, f.udp, f.host, f.host_port) == 0 ||
           error_set(err, "hostfwd '%s': no such port is forwarded", rule);
}

/* ---- Out of the guest's network ---- */

static ssize_t forward_write(const void *buf, size_t len, void *opaque)
{
    Forward *f = opaque;

    return chr_fe_write(&f->chr, buf, len);
}

static int forward_can_receive(void *opaque)
{
    Forward *f = opaque;

    return MIN(f->u->lib->socket_can_recv(f->u->slirp, f->addr, f->port), INT_MAX);
}

static void forward_receive(void *opaque, const uint8_t *buf, int size)
{
    Forward *f = opaque;

    f->u->lib->socket_recv(f->u->slirp, f->addr, f->port, buf, size);
}

void user_net_poll_forwards(UserNet *u)
{
    for (guint i = 0; i < u->forwards->len; i++) {
        chr_fe_accept_input(&((Forward *)u->forwards->pdata[i])->chr);
    }
}

static void free_forward(Forward *f)
{
    chr_fe_deinit(&f->chr);
    if (f->own) {
        chardev_remove(f->own->label, NULL);
    }
    g_free(f);
}

void user_net_free_forwards(UserNet *u)
{
    for (guint i = 0; i < u->forwards->len; i++) {
        free_forward(u->forwards->pdata[i]);
    }
    g_ptr_array_free(u->forwards, TRUE);
}

static bool forward_to_chardev(UserNet *u, const char *dev, struct in_addr addr, int port,
                               GError **err)
{
    g_autofree char *label = g_strdup_printf("guestfwd.%s.%u", u->nc.name, u->forwards->len);
    Forward *f = g_new0(Forward, 1);
    Chardev *chr;
    bool mux;

    *f = (Forward){ .u = u, .addr = addr, .port = port };
    if (!chardev_new_from_legacy(label, dev, &chr, &mux, err)) {
        g_free(f);
        return false;
    }
    if (!chr) {
        g_free(f);
        return error_set(err, "'%s' is no character device", dev);
    }
    if (!g_str_has_prefix(dev, "chardev:")) {
        f->own = chr;
    }
    if (!chr_fe_init(&f->chr, chr, err)) {
        free_forward(f);
        return false;
    }
    if (u->lib->add_guestfwd(u->slirp, forward_write, f, &f->addr, port) < 0) {
        free_forward(f);
        return error_set(err, "address and port are in use, or not in the network");
    }
    chr_fe_set_handlers(&f->chr, forward_can_receive, forward_receive, NULL, f);
    g_ptr_array_add(u->forwards, f);
    return true;
}

static bool add_guestfwd(UserNet *u, const char *rule, GError **err)
{
    const char *p = rule;
    g_autofree char *proto = take_part(&p, ':'), *host = take_part(&p, ':');
    g_autofree char *port_text = take_part(&p, '-');
    struct in_addr addr;
    bool udp, ok;
    int port;

    if (!parse_protocol(proto, &udp) || udp || !parse_address(host, &addr) ||
        !parse_port(port_text, 1, &port) || !*p) {
        error_set(err, "guestfwd '%s' is not right", rule);
        error_set_culprit(err, "property", "guestfwd");
        error_set_expected(err, "[tcp]:SERVER:PORT-DEV or [tcp]:SERVER:PORT-cmd:COMMAND");
        return false;
    }
    if (g_str_has_prefix(p, "cmd:")) {
        ok = u->lib->add_exec(u->slirp, p + strlen("cmd:"), &addr, port) >= 0 ||
             error_set(err, "address and port are in use, or not in the network");
    } else {
        ok = forward_to_chardev(u, p, addr, port, err);
    }
    return ok || error_prefix(err, "guestfwd '%s'", rule);
}

bool user_net_add_forwards(UserNet *u, const NetdevUserOptions *o, GError **err)
{
    for (size_t i = 0; o->hostfwd && i < o->hostfwd->len; i++) {
        if (!user_net_hostfwd(u, string_or_object(o->hostfwd->items[i]), true, err)) {
            return false;
        }
    }
    for (size_t i = 0; o->guestfwd && i < o->guestfwd->len; i++) {
        if (!add_guestfwd(u, string_or_object(o->guestfwd->items[i]), err)) {
            return false;
        }
    }
    return true;
}

#endif
