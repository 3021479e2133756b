/*
 * Run-time conditions (qapi/qapi-context.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/qapi-context.h"

bool qapi_context_target(const QapiContext *ctx, const char *value)
{
    return !ctx->target || !strcmp(ctx->target, value) || !g_strcmp0(ctx->family, value);
}

bool qapi_context_has(const QapiContext *ctx, const char *value)
{
    return ctx->has && g_strv_contains(ctx->has, value);
}

bool qapi_condition(QapiCondition *cond, const QapiContext *ctx)
{
    static const QapiContext nothing;

    return !cond || cond(ctx ? ctx : &nothing);
}
