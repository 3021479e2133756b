/*
 * Opening stream sockets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_SOCKETS_H
#define UTIL_SOCKETS_H

#include "util/osdep.h"
#include "util/error.h"
#include <sys/socket.h>
#include <sys/un.h>

/* The address of a path (in the abstract name space with @abstract) with its length. */
bool socket_unix_address(const char *path, bool abstract, struct sockaddr_un *ret,
                         socklen_t *ret_len, GError **err);
/* Remove a socket that an earlier process left behind; never a file of another kind. */
void socket_remove_old(const char *path);
/* Listen (@listening) or connect; the descriptor, or -1. Close-on-exec, blocking. */
int socket_open_unix(const char *path, bool abstract, bool listening, GError **err);
/* @host NULL or empty: any address, or localhost to connect to. @family: AF_UNSPEC, AF_INET,
 * AF_INET6. */
int socket_open_tcp(const char *host, const char *port, int family, bool listening,
                    GError **err);
/* Whether a descriptor is a socket that listens; -1: it is no socket. */
int socket_is_listening(int fd);
void socket_set_nonblocking(int fd);

#endif
