/*
 * Secrets: passwords and keys that other objects name by id.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_SECRET_H
#define BACKENDS_SECRET_H

#include "qom/object.h"

#define TYPE_SECRET "secret"

/* The bytes of the secret @id, a new reference; NULL if there is none. */
GBytes *secret_lookup(const char *id, GError **err);

#endif
