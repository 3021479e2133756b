/*
 * libslirp, opened at first use: who wants no network in the process does not load it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef NET_SLIRP_LIBRARY_H
#define NET_SLIRP_LIBRARY_H

#include "util/osdep.h"
#include "util/error.h"

#if CONFIG_SLIRP
#include <libslirp.h>

#define SLIRP_FUNCTIONS(F)                                                                \
    F(new) F(cleanup) F(pollfds_fill) F(pollfds_poll) F(input) F(handle_timer)            \
    F(add_hostfwd) F(remove_hostfwd) F(add_exec) F(add_guestfwd) F(socket_can_recv)       \
    F(socket_recv) F(connection_info) F(neighbor_info)

typedef struct SlirpLibrary {
#define F(name) __typeof__(&slirp_##name) name;
    SLIRP_FUNCTIONS(F)
#undef F
} SlirpLibrary;

/* The same table each time, or NULL where the library is missing. */
const SlirpLibrary *slirp_library(GError **err);

#endif
#endif
