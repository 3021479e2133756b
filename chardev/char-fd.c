/*
 * Back ends on file descriptors.
 *
 * Descriptors keep their blocking mode, because a terminal's is shared with the shell that
 * started the process: readiness is asked for before each short write.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char-fd.h"
#include "util/main-loop.h"
#include <poll.h>

/* What poll's "writable" promises for a pipe (PIPE_BUF is never smaller). */
enum { WRITE_CHUNK = 512, READ_CHUNK = 4096 };

static void update_watches(FdChardev *s);

static void fd_readable(void *opaque)
{
    FdChardev *s = opaque;
    uint8_t buf[READ_CHUNK];
    int room = MIN(chr_be_can_receive(&s->parent), READ_CHUNK);
    ssize_t n;

    if (room <= 0) {
        update_watches(s);
        return;
    }
    n = read(s->fd_in, buf, room);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        s->eof = true;
        update_watches(s);
        if (s->on_hangup) {
            s->on_hangup(s);
        }
        return;
    }
    chr_be_receive(&s->parent, buf, n);
    update_watches(s);
}

static void fd_writable(void *opaque)
{
    FdChardev *s = opaque;

    s->want_write = false;
    update_watches(s);
    chr_be_writable(&s->parent);
}

static void update_watches(FdChardev *s)
{
    bool rd = s->fd_in >= 0 && !s->eof && chr_be_can_receive(&s->parent) > 0;
    bool wr = s->fd_out >= 0 && s->want_write;

    if (s->fd_in >= 0 && s->fd_in == s->fd_out) {
        main_loop_watch_fd(s->fd_in, rd ? fd_readable : NULL, wr ? fd_writable : NULL, s);
        return;
    }
    if (s->fd_in >= 0) {
        main_loop_watch_fd(s->fd_in, rd ? fd_readable : NULL, NULL, s);
    }
    if (s->fd_out >= 0) {
        main_loop_watch_fd(s->fd_out, NULL, wr ? fd_writable : NULL, s);
    }
}

void fd_chardev_start(FdChardev *s)
{
    s->eof = false;
    update_watches(s);
}

void fd_chardev_stop(FdChardev *s)
{
    if (s->fd_in >= 0) {
        main_loop_watch_fd(s->fd_in, NULL, NULL, NULL);
    }
    if (s->fd_out >= 0 && s->fd_out != s->fd_in) {
        main_loop_watch_fd(s->fd_out, NULL, NULL, NULL);
    }
    if (s->close_fds) {
        if (s->fd_in >= 0) {
            close(s->fd_in);
        }
        if (s->fd_out >= 0 && s->fd_out != s->fd_in) {
            close(s->fd_out);
        }
    }
    s->fd_in = s->fd_out = -1;
    s->want_write = false;
}

int fd_write_some(int fd, const uint8_t *buf, int len)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    ssize_t n;
    int r;

    do {
        r = poll(&p, 1, 0);
    } while (r < 0 && errno == EINTR);
    if (r == 0) {
        return 0;
    }
    do {
        n = write(fd, buf, MIN(len, WRITE_CHUNK));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? 0 : -1;
    }
    return n;
}

static int fd_chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
    FdChardev *s = (FdChardev *)chr;
    int done = 0;

    if (s->fd_out < 0) {
        return len;
    }
    while (done < len) {
        int n = fd_write_some(s->fd_out, buf + done, len - done);

        if (n <= 0) {
            return done ? done : n;
        }
        done += n;
    }
    return done;
}

static void fd_chardev_watch_write(Chardev *chr)
{
    FdChardev *s = (FdChardev *)chr;

    s->want_write = true;
    update_watches(s);
}

static void fd_chardev_accept_input(Chardev *chr)
{
    update_watches((FdChardev *)chr);
}

static void fd_chardev_init(Object *obj)
{
    FdChardev *s = (FdChardev *)obj;

    s->fd_in = s->fd_out = -1;
}

static void fd_chardev_finalize(Object *obj)
{
    fd_chardev_stop((FdChardev *)obj);
}

static void fd_chardev_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->write = fd_chardev_write;
    cc->watch_write = fd_chardev_watch_write;
    cc->accept_input = fd_chardev_accept_input;
}

static const TypeInfo fd_chardev_type = {
    .name = TYPE_CHARDEV_FD,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(FdChardev),
    .abstract = true,
    .class_init = fd_chardev_class_init,
    .instance_init = fd_chardev_init,
    .instance_finalize = fd_chardev_finalize,
};
TYPE_REGISTER(fd_chardev_type);
