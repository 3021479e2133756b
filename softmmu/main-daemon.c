/*
 * -daemonize (softmmu/main-process.h).
 *
 * The process forks while it has no thread. The parent waits at a pipe: one byte means that
 * the machine is ready, its end without one that the child failed, after it printed why.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-process.h"
#include <fcntl.h>
#include <sys/stat.h>

static int ready_fd = -1; /* the child's end of the pipe, or -1 */

static bool uses_stdio(const strList *list)
{
    for (size_t i = 0; list && i < list->len; i++) {
        if (g_str_equal(list->items[i], "stdio") || g_str_equal(list->items[i], "mon:stdio")) {
            return true;
        }
    }
    return false;
}

static bool check_stdio(const QapiOptions *o, GError **err)
{
    const struct { const char *name; const strList *list; } users[] = {
        { "serial", o->serial }, { "monitor", o->monitor }, { "qmp", o->qmp },
        { "qmp-pretty", o->qmp_pretty },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(users); i++) {
        if (uses_stdio(users[i].list)) {
            return error_set(err, "-daemonize leaves no standard input for -%s stdio",
                             users[i].name);
        }
    }
    return true;
}

static void G_GNUC_NORETURN wait_for_child(int fd)
{
    ssize_t n;
    char byte;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    _exit(n == 1 ? 0 : 1);
}

bool main_daemonize(const QapiOptions *o, GError **err)
{
    int fds[2];
    pid_t pid;

    if (!o->daemonize) {
        return true;
    }
    if (!check_stdio(o, err)) {
        return false;
    }
    if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        return error_set_errno(err, errno, "-daemonize");
    }
    if (pid > 0) {
        close(fds[1]);
        wait_for_child(fds[0]);
    }
    close(fds[0]);
    ready_fd = fds[1];
    /* A session of its own, which it does not lead, so that no terminal becomes its own. */
    if (setsid() < 0 || (pid = fork()) < 0) {
        return error_set_errno(err, errno, "-daemonize");
    }
    if (pid > 0) {
        _exit(0);
    }
    umask(027);
    return true;
}

bool main_daemon_ready(GError **err)
{
    int null;

    if (ready_fd < 0) {
        return true;
    }
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") != 0) {
        return error_set_errno(err, errno, "-daemonize");
    }
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
    if (write(ready_fd, "", 1) != 1) {
        return error_set_errno(err, errno, "-daemonize");
    }
    close(ready_fd);
    ready_fd = -1;
    return true;
}
