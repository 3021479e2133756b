/*
 * QMP commands on passed file descriptors (qapi/fd.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/qmp-internal.h"
#include "qapi/qapi-commands-fd.h"
#include "qapi/qapi-util.h"
#include "util/fdset.h"

/* The descriptor that came with the request. */
static int passed_fd(GError **err)
{
    QmpMonitor *m = qmp_monitor_current();
    int fd = m ? qmp_monitor_take_fd(m) : -1;

    if (fd < 0) {
        error_set(err, "No file descriptor supplied via SCM_RIGHTS");
    }
    return fd;
}

bool qmp_getfd(const char *fdname, GError **err)
{
    int fd = passed_fd(err);

    if (fd < 0) {
        return false;
    }
    if (!named_fd_add(fdname, fd, err)) {
        close(fd);
        return false;
    }
    return true;
}

bool qmp_closefd(const char *fdname, GError **err)
{
    return named_fd_close(fdname, err);
}

AddfdInfo *qmp_add_fd(bool has_fdset_id, int64_t fdset_id, const char *opaque, GError **err)
{
    int fd = passed_fd(err);
    AddfdInfo *info;
    int64_t id;

    if (fd < 0) {
        return NULL;
    }
    if (has_fdset_id && fdset_id < 0) {
        close(fd);
        error_set(err, "argument 'fdset-id' is negative");
        error_set_expected(err, "0 or more");
        return NULL;
    }
    id = fdset_add(has_fdset_id ? fdset_id : -1, fd, opaque, err);
    if (id < 0) {
        return NULL;
    }
    info = g_new0(AddfdInfo, 1);
    info->fdset_id = id;
    info->fd = fd;
    return info;
}

bool qmp_remove_fd(int64_t fdset_id, bool has_fd, int64_t fd, GError **err)
{
    if (has_fd && (fd < 0 || fd > INT32_MAX)) {
        return error_set(err, "file descriptor %" PRId64 " of set %" PRId64 " not found", fd,
                         fdset_id);
    }
    return fdset_remove(fdset_id, has_fd ? fd : -1, err);
}

static void add_member(int64_t set_id, int fd, const char *opaque, void *data)
{
    FdsetInfoList *list = data;
    FdsetInfo *set = list->len ? list->items[list->len - 1] : NULL;
    FdsetFdInfo *info = g_new0(FdsetFdInfo, 1);

    if (!set || set->fdset_id != set_id) {
        set = g_new0(FdsetInfo, 1);
        set->fdset_id = set_id;
        set->fds = g_new0(FdsetFdInfoList, 1);
        QAPI_LIST_APPEND(list, set);
    }
    info->fd = fd;
    info->opaque = g_strdup(opaque);
    QAPI_LIST_APPEND(set->fds, info);
}

FdsetInfoList *qmp_query_fdsets(GError **err)
{
    FdsetInfoList *list = g_new0(FdsetInfoList, 1);

    fdset_foreach(add_member, list);
    return list;
}
