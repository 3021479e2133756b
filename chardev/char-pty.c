/*
 * A pseudo terminal: its name is reported, any terminal program can open it.
 *
 * A pty without a reader reports hang-up; it is looked at again every second until
 * somebody has opened it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char-fd.h"
#include "util/timer.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>

typedef struct PtyChardev {
    FdChardev parent;
    Timer poll;
} PtyChardev;

static void poll_again(PtyChardev *s)
{
    timer_mod(&s->poll, clock_ns(CLOCK_TYPE_REALTIME) + NANOSECONDS_PER_SECOND);
}

static void check_peer(void *opaque)
{
    PtyChardev *s = opaque;
    struct pollfd p = { .fd = s->parent.fd_in, .events = POLLOUT };

    if (poll(&p, 1, 0) < 0 || (p.revents & POLLHUP)) {
        poll_again(s);
        return;
    }
    fd_chardev_start(&s->parent);
    if (!s->parent.parent.open) {
        chr_be_event(&s->parent.parent, CHAR_EVENT_OPENED);
    }
}

static void pty_hangup(FdChardev *fds)
{
    PtyChardev *s = (PtyChardev *)fds;

    chr_be_event(&fds->parent, CHAR_EVENT_CLOSED);
    poll_again(s);
}

static int pty_write(Chardev *chr, const uint8_t *buf, int len)
{
    FdChardev *s = (FdChardev *)chr;

    /* Nobody listens: output is dropped, as on a line without a cable. */
    return chr->open ? fd_write_some(s->fd_out, buf, len) : len;
}

static bool pty_open(Chardev *chr, GError **err)
{
    PtyChardev *s = (PtyChardev *)chr;
    struct termios t;
    int master, slave;
    char *name;

    if (openpty(&master, &slave, NULL, NULL, NULL) < 0) {
        return error_set_errno(err, errno, "cannot make a pseudo terminal");
    }
    tcgetattr(slave, &t);
    cfmakeraw(&t);
    tcsetattr(slave, TCSAFLUSH, &t);
    name = ttyname(slave);
    chr->filename = g_strdup_printf("pty:%s", name ? name : "?");
    close(slave);
    fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    s->parent.fd_in = s->parent.fd_out = master;
    s->parent.close_fds = true;
    s->parent.on_hangup = pty_hangup;
    check_peer(s);
    return true;
}

static bool pty_get_terminal(Chardev *chr, ChardevTerminal *ret)
{
    chardev_window_size(((FdChardev *)chr)->fd_in, ret);
    return true;
}

static void pty_init(Object *obj)
{
    timer_init(&((PtyChardev *)obj)->poll, CLOCK_TYPE_REALTIME, check_peer, obj);
}

static void pty_finalize(Object *obj)
{
    timer_del(&((PtyChardev *)obj)->poll);
}

static void pty_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = pty_open;
    cc->write = pty_write;
    cc->get_terminal = pty_get_terminal;
}

static const TypeInfo pty_type = {
    .name = "chardev-pty",
    .parent = TYPE_CHARDEV_FD,
    .desc = "a pseudo terminal",
    .instance_size = sizeof(PtyChardev),
    .class_init = pty_class_init,
    .instance_init = pty_init,
    .instance_finalize = pty_finalize,
};
TYPE_REGISTER(pty_type);
