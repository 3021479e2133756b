/*
 * Shared by the files of the network in the process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef NET_USER_INTERNAL_H
#define NET_USER_INTERNAL_H

#include "net/net-internal.h"
#include "net/slirp-library.h"
#include "util/main-loop.h"

#if CONFIG_SLIRP

typedef struct UserNet {
    NetClient nc;
    const SlirpLibrary *lib;
    Slirp *slirp;
    SlirpConfig config;
    GStrv search;           /* config.vdnssearch points here */
    MainLoopPoller poller;
    GPtrArray *forwards;    /* guestfwd's own, user-forward.c */
} UserNet;

/* Fill u->config; texts stay the options'. */
bool user_net_configure(UserNet *u, const NetdevUserOptions *o, GError **err);
/* hostfwd and guestfwd of the options. */
bool user_net_add_forwards(UserNet *u, const NetdevUserOptions *o, GError **err);
/* Data may have gone to or come from the guest: those that wait to send look again. */
void user_net_poll_forwards(UserNet *u);
void user_net_free_forwards(UserNet *u);
bool user_net_hostfwd(UserNet *u, const char *rule, bool add, GError **err);

static inline const char *string_or_object(const StringOrObject *s)
{
    return s->type == STRING_OR_OBJECT_KIND_TEXT ? s->u.text : s->u.object.str;
}

#endif
#endif
