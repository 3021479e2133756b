/*
 * Opening stream sockets (util/sockets.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/sockets.h"
#include "util/cutils.h"
#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>

enum { BACKLOG = 1 };

bool socket_unix_address(const char *path, bool abstract, struct sockaddr_un *ret,
                         socklen_t *ret_len, GError **err)
{
    size_t n = strlen(path);

    memset(ret, 0, sizeof(*ret));
    ret->sun_family = AF_UNIX;
    if (n >= sizeof(ret->sun_path)) {
        return error_set(err, "socket path '%s' is longer than %zu bytes", path,
                         sizeof(ret->sun_path) - 1);
    }
    memcpy(ret->sun_path + abstract, path, n);
    *ret_len = abstract ? offsetof(struct sockaddr_un, sun_path) + 1 + n : sizeof(*ret);
    return true;
}

void socket_remove_old(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(path);
    }
}

int socket_open_unix(const char *path, bool abstract, bool listening, GError **err)
{
    struct sockaddr_un un;
    socklen_t len = 0;
    int fd;

    if (!socket_unix_address(path, abstract, &un, &len, err)) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening) {
        if (!abstract) {
            socket_remove_old(path);
        }
        if (bind(fd, (struct sockaddr *)&un, len) == 0 && listen(fd, BACKLOG) == 0) {
            return fd;
        }
        error_set_errno(err, errno, "cannot listen on '%s'", path);
    } else {
        if (connect(fd, (struct sockaddr *)&un, len) == 0) {
            return fd;
        }
        error_set_errno(err, errno, "cannot connect to '%s'", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static int try_address(const struct addrinfo *ai, bool listening)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
    int on = 1;

    if (fd < 0) {
        return -1;
    }
    if (listening) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
            return fd;
        }
    } else if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0) {
        return fd;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int socket_open_tcp(const char *host, const char *port, int family, bool listening,
                    GError **err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = family }, *list;
    uint64_t number;
    int fd = -1, r;

    /* The resolver would take the low bits of larger numbers. */
    if (parse_uint(port, UINT64_MAX, &number) && number > UINT16_MAX) {
        error_set(err, "'%s' is no TCP port", port);
        error_set_expected(err, "a number below %u or the name of a service", UINT16_MAX + 1);
        error_set_culprit(err, "port", port);
        return -1;
    }
    host = host && *host ? host : listening ? NULL : "localhost";
    hints.ai_flags = listening ? AI_PASSIVE : 0;
    r = getaddrinfo(host, port, &hints, &list);
    if (r != 0) {
        error_set(err, "cannot resolve '%s:%s': %s", host ? host : "", port, gai_strerror(r));
        return -1;
    }
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = try_address(ai, listening);
    }
    if (fd < 0) {
        error_set_errno(err, errno, "cannot %s '%s:%s'",
                        listening ? "listen on" : "connect to", host ? host : "", port);
    }
    freeaddrinfo(list);
    return fd;
}

int socket_is_listening(int fd)
{
    int listening = 0;
    socklen_t len = sizeof(listening);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 ? !!listening : -1;
}

void socket_set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}
