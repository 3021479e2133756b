/*
 * What run-time conditions of the schema ('if') look at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_CONTEXT_H
#define QAPI_CONTEXT_H

#include "util/osdep.h"

typedef struct QapiContext {
    const char *target;            /* "riscv64"; NULL while none is chosen */
    const char *family;            /* "riscv": the target's folder; NULL likewise */
    const char *const *has;        /* names of optional features present, or NULL */
} QapiContext;

/* A condition of the schema; NULL stands for always. */
typedef bool QapiCondition(const QapiContext *ctx);

/* {'target': T}: @value is the target or its family. Without a target everything is there,
 * because the schema is then the union of all targets. */
bool qapi_context_target(const QapiContext *ctx, const char *value);
/* 'NAME': the optional feature is present. */
bool qapi_context_has(const QapiContext *ctx, const char *value);

/* Whether @cond (may be NULL) holds; a NULL @ctx has no target and no features. */
bool qapi_condition(QapiCondition *cond, const QapiContext *ctx);

#endif
