/*
 * Shared by the files of net/ only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef NET_NET_INTERNAL_H
#define NET_NET_INTERNAL_H

#include "net/net.h"

/* A new client of that kind in the list of clients. */
NetClient *net_client_new(const NetClientInfo *info, const char *name);
/* Leave the list, part from the peer, call cleanup; the memory stays for net_client_free()
 * while a property refers to it. */
void net_client_remove(NetClient *nc);
void net_client_free(NetClient *nc);
/* What waits for the client is dropped. */
void net_purge(NetClient *nc);

/* Backends: each makes its client with the name opts->id, or fails. */
bool net_init_user(const Netdev *opts, GError **err);
bool net_init_socket(const Netdev *opts, GError **err);
bool net_init_stream(const Netdev *opts, GError **err);
bool net_init_dgram(const Netdev *opts, GError **err);

/* "HOST:PORT" with an optional host; false leaves both alone. Free both. */
bool net_split_address(const char *text, char **ret_host, char **ret_port);

/* A stream of frames over the connected socket @fd, which is taken over. */
typedef struct NetStreamSpec {
    int fd;                /* connected or listening */
    bool listening;
    uint32_t reconnect_ms; /* with connect_again */
    const SocketAddress *addr; /* to connect to again; copied */
    const char *what;      /* for "info network" */
} NetStreamSpec;
void net_stream_new(const char *name, const char *type, const NetStreamSpec *spec);

/* Frames as datagrams over @fd, taken over; @dest NULL: it is connected. */
void net_dgram_new(const char *name, const char *type, int fd, const void *dest,
                   size_t dest_len, const char *what);
/* A multicast socket of the group; -1 on failure. */
int net_open_mcast(const char *host, const char *port, const char *local, GError **err);
/* A UDP socket that receives at @local (NULL: anywhere). */
int net_open_udp(const char *host, const char *port, GError **err);
/* Resolve an IPv4 UDP address. */
struct sockaddr_in;
bool net_resolve_udp(const char *host, const char *port, struct sockaddr_in *ret,
                     GError **err);

#endif
