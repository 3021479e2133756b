/*
 * Entropy objects: where random number generators of the guest get their bytes (-object
 * rng-*).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_RNG_H
#define BACKENDS_RNG_H

#include "qom/object.h"

#define TYPE_RNG_BACKEND "rng-backend"

typedef struct RngBackend {
    Object parent;
    GSList *waiting; /* RngWaiter */
} RngBackend;

typedef struct RngBackendClass {
    ObjectClass parent;
    /* Bytes that are there now, at most @len; 0: none, and waiting() of a waiter tells. */
    size_t (*read)(RngBackend *rng, void *buf, size_t len);
    bool (*ready)(RngBackend *rng);
    /* Call rng_backend_wake() once there are bytes. */
    void (*watch)(RngBackend *rng);
} RngBackendClass;

/* Whether a read would yield bytes now. */
bool rng_backend_ready(RngBackend *rng);
/* Bytes read into @buf, at most @len; never waits. */
size_t rng_backend_read(RngBackend *rng, void *buf, size_t len);
/* Call @fn once, from the main loop, when there are bytes; again only if asked again. */
void rng_backend_wait(RngBackend *rng, void (*fn)(void *opaque), void *opaque);
void rng_backend_cancel(RngBackend *rng, void *opaque);
/* For implementations. */
void rng_backend_wake(RngBackend *rng);

#endif
