/*
 * Files and named pipes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char-fd.h"
#include "util/fdset.h"
#include <fcntl.h>

typedef struct FileChardev {
    FdChardev parent;
    char *path, *in;  /* properties */
    bool append;      /* property */
} FileChardev;

static bool open_one(const char *path, int flags, int *ret_fd, GError **err)
{
    *ret_fd = fdset_open(path, flags, 0666);
    if (*ret_fd < 0) {
        return error_set_errno(err, errno, "cannot open '%s'", path);
    }
    return true;
}

static bool file_open(Chardev *chr, GError **err)
{
    FileChardev *s = (FileChardev *)chr;
    int how = s->append ? O_APPEND : O_TRUNC;

    if (!s->path) {
        return error_set(err, "property 'path' is missing");
    }
    s->parent.close_fds = true;
    if (!open_one(s->path, O_WRONLY | O_CREAT | how, &s->parent.fd_out, err)) {
        return false;
    }
    if (s->in && !open_one(s->in, O_RDONLY, &s->parent.fd_in, err)) {
        return false;
    }
    chr->filename = g_strdup_printf("file:%s", s->path);
    chr->open = true;
    fd_chardev_start(&s->parent);
    return true;
}

/* PATH.in and PATH.out if both exist, else one pipe for both directions. */
static bool pipe_open(Chardev *chr, GError **err)
{
    FileChardev *s = (FileChardev *)chr;
    g_autofree char *in = NULL, *out = NULL;

    if (!s->path) {
        return error_set(err, "property 'path' is missing");
    }
    in = g_strconcat(s->path, ".in", NULL);
    out = g_strconcat(s->path, ".out", NULL);
    s->parent.close_fds = true;
    if (access(in, F_OK) == 0 && access(out, F_OK) == 0) {
        if (!open_one(in, O_RDWR | O_NONBLOCK, &s->parent.fd_in, err) ||
            !open_one(out, O_RDWR | O_NONBLOCK, &s->parent.fd_out, err)) {
            return false;
        }
    } else {
        if (!open_one(s->path, O_RDWR | O_NONBLOCK, &s->parent.fd_in, err)) {
            return false;
        }
        s->parent.fd_out = s->parent.fd_in;
    }
    chr->filename = g_strdup_printf("pipe:%s", s->path);
    chr->open = true;
    fd_chardev_start(&s->parent);
    return true;
}

static const Property file_properties[] = {
    PROP_STR(FileChardev, path, "path", "file that gets the output"),
    PROP_STR(FileChardev, in, "input-path", "file that is read as input"),
    PROP_BOOL(FileChardev, append, "append", "keep what the file holds"),
    PROP_END
};

static const Property pipe_properties[] = {
    PROP_STR(FileChardev, path, "path", "named pipe, or the common part of PATH.in and "
             "PATH.out"),
    PROP_END
};

static void file_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((ChardevClass *)klass)->open = file_open;
}

static void pipe_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((ChardevClass *)klass)->open = pipe_open;
}

static const TypeInfo file_type = {
    .name = "chardev-file",
    .parent = TYPE_CHARDEV_FD,
    .desc = "a file that gets the output",
    .instance_size = sizeof(FileChardev),
    .properties = file_properties,
    .class_init = file_class_init,
};
TYPE_REGISTER(file_type);

static const TypeInfo pipe_type = {
    .name = "chardev-pipe",
    .parent = TYPE_CHARDEV_FD,
    .desc = "named pipes",
    .instance_size = sizeof(FileChardev),
    .properties = pipe_properties,
    .class_init = pipe_class_init,
};
TYPE_REGISTER(pipe_type);
