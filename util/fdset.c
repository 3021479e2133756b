/*
 * Descriptors that the process was given (util/fdset.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/cutils.h"
#include "util/fdset.h"
#include <fcntl.h>

#define FDSET_PREFIX "/dev/fdset/"

/* A descriptor of a set. */
typedef struct FdsetMember {
    int64_t set_id;
    int fd;
    char *opaque;
} FdsetMember;

/* Descriptors belong to the process, and so do their names. */
static struct {
    GHashTable *named;  /* name -> descriptor */
    GArray *members;    /* FdsetMember, by set */
} given;

bool named_fd_add(const char *name, int fd, GError **err)
{
    if (!*name || g_ascii_isdigit(*name)) {
        error_set(err, "'%s' is no name for a file descriptor", name);
        error_set_expected(err, "a name that does not begin with a digit");
        return false;
    }
    if (!given.named) {
        given.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    named_fd_close(name, NULL);
    g_hash_table_insert(given.named, g_strdup(name), GINT_TO_POINTER(fd));
    return true;
}

static void set_nearest_name(GError **err, const char *name)
{
    if (given.named) {
        g_autofree gpointer *names = g_hash_table_get_keys_as_array(given.named, NULL);

        error_set_nearest(err, name, (const char *const *)names);
    }
}

static int take_named(const char *name, GError **err)
{
    gpointer key, value;

    if (!given.named ||
        !g_hash_table_steal_extended(given.named, name, &key, &value)) {
        error_set(err, "file descriptor named '%s' not found", name);
        error_set_culprit(err, "file descriptor", name);
        set_nearest_name(err, name);
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value);
}

bool named_fd_close(const char *name, GError **err)
{
    int fd = take_named(name, err);

    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

/* What the process opened itself is marked to be closed on exec. */
static int take_inherited(const char *text, GError **err)
{
    uint64_t fd;
    int flags;

    if (!parse_uint(text, INT32_MAX, &fd)) {
        error_set(err, "'%s' is no file descriptor", text);
        error_set_expected(err, "a number, or a name that getfd has given");
        return -1;
    }
    flags = fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC)) {
        error_set(err, "file descriptor %" PRIu64 " was not passed to the process", fd);
        return -1;
    }
    fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    return fd;
}

int named_fd_take(const char *text, GError **err)
{
    return g_ascii_isdigit(*text) ? take_inherited(text, err) : take_named(text, err);
}

/* ---- Sets ---- */

static unsigned n_members(void)
{
    return given.members ? given.members->len : 0;
}

static FdsetMember *member(unsigned i)
{
    return &g_array_index(given.members, FdsetMember, i);
}

static int64_t unused_id(void)
{
    int64_t id = 0;

    for (unsigned i = 0; i < n_members(); i++) { /* ascending */
        id += member(i)->set_id == id;
    }
    return id;
}

int64_t fdset_add(int64_t set_id, int fd, const char *opaque, GError **err)
{
    FdsetMember m = { .set_id = set_id < 0 ? unused_id() : set_id, .fd = fd,
                      .opaque = g_strdup(opaque) };
    unsigned at = 0;

    if (fcntl(fd, F_GETFL) < 0) {
        error_set(err, "file descriptor %d is not open", fd);
        g_free(m.opaque);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!given.members) {
        given.members = g_array_new(false, false, sizeof(FdsetMember));
    }
    while (at < n_members() && member(at)->set_id <= m.set_id) {
        at++;
    }
    g_array_insert_val(given.members, at, m);
    return m.set_id;
}

bool fdset_remove(int64_t set_id, int fd, GError **err)
{
    bool found = false;

    for (unsigned i = n_members(); i-- > 0;) {
        FdsetMember *m = member(i);

        if (m->set_id == set_id && (fd < 0 || m->fd == fd)) {
            close(m->fd);
            g_free(m->opaque);
            g_array_remove_index(given.members, i);
            found = true;
        }
    }
    if (found) {
        return true;
    }
    return fd < 0 ? error_set(err, "file descriptor set %" PRId64 " not found", set_id)
                  : error_set(err, "file descriptor %d of set %" PRId64 " not found", fd,
                              set_id);
}

void fdset_foreach(void (*fn)(int64_t set_id, int fd, const char *opaque, void *data),
                   void *data)
{
    for (unsigned i = 0; i < n_members(); i++) {
        fn(member(i)->set_id, member(i)->fd, member(i)->opaque, data);
    }
}

static int open_member(const char *number, int flags)
{
    bool found = false;
    uint64_t id;

    if (!parse_uint(number, INT64_MAX, &id)) {
        errno = EINVAL;
        return -1;
    }
    for (unsigned i = 0; i < n_members(); i++) {
        FdsetMember *m = member(i);

        if (m->set_id != (int64_t)id) {
            continue;
        }
        found = true;
        if ((fcntl(m->fd, F_GETFL) & O_ACCMODE) == (flags & O_ACCMODE)) {
            return fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
        }
    }
    errno = found ? EACCES : ENOENT;
    return -1;
}

int fdset_open(const char *path, int flags, mode_t mode)
{
    if (g_str_has_prefix(path, FDSET_PREFIX)) {
        return open_member(path + strlen(FDSET_PREFIX), flags);
    }
    return open(path, flags | O_CLOEXEC, mode);
}
