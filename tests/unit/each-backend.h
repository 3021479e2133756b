/*
 * Test cases that each run on every backend of the translator that the host has, in a
 * process of their own, because an accelerator is started once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_EACH_BACKEND_H
#define TESTS_UNIT_EACH_BACKEND_H

#include "util/osdep.h"
#include "qom/object.h"

/* A backend is its name, with "-tier2" behind it where the second tier takes all that runs
 * twice. @cases: @n structs of @size bytes that begin with their name (const char *). */
int each_backend_main(int argc, char **argv, const char *name, const void *cases, size_t n,
                      size_t size, void (*run)(const void *one, const char *backend));
/* The factor on time limits that a build with sanitizers needs ($RHEA_TEST_SLOW). */
double each_backend_slowness(void);
/* Set the properties of a "tcg" accelerator. */
void each_backend_set(Object *accel, const char *backend);

#endif
