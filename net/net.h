/*
 * Networks: clients, which are network cards and the host's backends, joined in pairs.
 *
 * A frame goes from a client to its peer. A peer that has no room keeps it in a queue, and
 * the sender is told to wait: so a full card holds up a socket, and nothing grows. Main loop
 * thread or any other with the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "qapi/qapi-types-net.h"
#include "qom/object.h"
#include <sys/uio.h>

typedef struct NetClient NetClient;

enum {
    ETH_ALEN = 6, ETH_HLEN = 14,
    NET_FRAME_MAX = 65536 + 1024, /* longer ones are dropped: segments in one frame fit */
};

typedef struct MacAddr {
    uint8_t a[ETH_ALEN];
} MacAddr;

typedef struct NetClientInfo {
    const char *type;       /* "user", ...; "nic" for cards */
    size_t size;            /* of the structure that begins with NetClient */
    bool checksums_good;    /* frames come from this process: nobody need verify them */
    /* Take a frame, or drop it; false: there is no room, net_flush() will tell. */
    bool (*receive)(NetClient *nc, const struct iovec *iov, unsigned n);
    void (*link_changed)(NetClient *nc);
    /* Before the client is gone. */
    void (*cleanup)(NetClient *nc);
    RxFilterInfo *(*query_rx_filter)(NetClient *nc);
    /* What "info network" and "info usernet" say of it. */
    void (*describe)(NetClient *nc, GString *out);
    void (*describe_traffic)(NetClient *nc, GString *out);
} NetClientInfo;

struct NetClient {
    const NetClientInfo *info;
    char *name;
    NetClient *peer;        /* or NULL */
    bool link_down;
    bool removed;           /* netdev_del: only a card's property still refers to it */
    /* a backend: the property of a card that names it; a card: the device */
    Object *owner;
    const Property *owner_prop;
    const char *model;      /* cards: the device's type */
    MacAddr mac;            /* cards */
    bool filter_asked;      /* cards: the next change is told */
    /* net.c's own */
    GQueue incoming;        /* frames that wait for room here */
    size_t incoming_bytes;
    bool delivering;
};

/* ---- Both kinds ---- */
/*
 * Send a frame to the peer. True: it is gone. False: a copy waits there, and the sender
 * should send no more until @sent (may be NULL) is called; what it sends anyway waits too,
 * up to a limit, and is dropped then.
 */
bool net_send(NetClient *nc, const struct iovec *iov, unsigned n, void (*sent)(NetClient *nc));
/* The client has room again. */
void net_flush(NetClient *nc);
/* By the name of a card or a backend, or NULL. */
NetClient *net_find(const char *name);
void net_foreach(void (*fn)(NetClient *nc, void *opaque), void *opaque);
bool net_is_nic(const NetClient *nc);
/* The cable of the client, and of the card at a backend's other end. */
bool net_set_link(const char *name, bool up, GError **err);

/* ---- Cards ---- */
/* Make a card's client, joined to @backend (its property's value, or NULL); @mac of zeroes
 * gets the next default address. @id NULL: "MODEL.N". */
NetClient *net_nic_new(const NetClientInfo *info, Object *device, const char *id,
                       MacAddr *mac, NetClient *backend);
void net_nic_free(NetClient *nc);
/* Note that the driver changed the filter; sends the event if somebody asked since. */
void net_nic_filter_changed(NetClient *nc);

/* Properties of cards: a backend by its id, and an address. */
bool netdev_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err);
bool netdev_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err);
void netdev_prop_release(Object *obj, const Property *prop);
bool mac_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                  GError **err);
bool mac_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                  GError **err);
#define PROP_NETDEV(T, f, n, d, ...)                                                      \
    { .name = n, .desc = d, .kind = PROP_KIND_CUSTOM, .type = "str",                      \
      .offset = offsetof(T, f) + 0 * sizeof((NetClient **)0 - &((T *)0)->f),              \
      .get = netdev_prop_get, .set = netdev_prop_set, .release = netdev_prop_release,     \
      __VA_ARGS__ }
#define PROP_MAC(T, f, n, d, ...)                                                         \
    { .name = n, .desc = d, .kind = PROP_KIND_CUSTOM, .type = "str",                      \
      .offset = offsetof(T, f) + 0 * sizeof((MacAddr *)0 - &((T *)0)->f),                 \
      .get = mac_prop_get, .set = mac_prop_set, __VA_ARGS__ }
bool mac_parse(const char *text, MacAddr *ret);
/* "52:54:00:12:34:56" */
char *mac_text(const uint8_t *mac);

/* ---- Backends ---- */
bool netdev_add(const Netdev *opts, GError **err);
bool netdev_del(const char *id, GError **err);
/* A backend that no card has taken, or NULL. */
NetClient *netdev_find(const char *id);
/* All backends end: what must not stay behind on the host goes. */
void net_cleanup(void);
/* Warn of backends and cards without another end. */
void net_check_peers(void);
/* Ports of the host that lead into the guest; @id NULL: the only backend of kind user. */
bool net_user_hostfwd_add(const char *id, const char *rule, GError **err);
bool net_user_hostfwd_remove(const char *id, const char *rule, GError **err);

#endif
