/*
 * The server of device tests (-qtest): commands as lines of text on a character device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_QTEST_H
#define SOFTMMU_QTEST_H

#include "util/error.h"

typedef struct Qtest Qtest;

/* Serve on the character device that @spec describes as -serial would. Lines go to the file
 * @log too, unless it is NULL or "none". The machine is there and was not reset yet. *ret is
 * to be freed; NULL if @spec is "none". */
bool qtest_start(const char *spec, const char *log, Qtest **ret, GError **err);
/* NULL is allowed. Wires that were intercepted are as before. */
void qtest_free(Qtest *q);

#endif
