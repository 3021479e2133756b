/*
 * Back ends on file descriptors: what stdio, file, pipe and pty share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_CHAR_FD_H
#define CHARDEV_CHAR_FD_H

#include "chardev/char.h"

#define TYPE_CHARDEV_FD "chardev-fd"

typedef struct FdChardev {
    Chardev parent;
    int fd_in, fd_out;      /* -1: none; may be equal */
    bool close_fds;         /* at the end */
    bool want_write;        /* a front end waits for room */
    bool eof;               /* input has ended */
    void (*on_hangup)(struct FdChardev *s); /* input ended; NULL: stop reading */
} FdChardev;

/* After fd_in and fd_out are set. */
void fd_chardev_start(FdChardev *s);
/* Stop watching and close. */
void fd_chardev_stop(FdChardev *s);
/* Bytes written without blocking, 0 if it would, -1 on error. */
int fd_write_some(int fd, const uint8_t *buf, int len);

#endif
