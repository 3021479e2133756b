/*
 * From a QMP request to the handler of its command and back to a reply.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_QMP_DISPATCH_H
#define QAPI_QMP_DISPATCH_H

#include "util/osdep.h"
#include "util/error.h"
#include "qapi/qapi-context.h"
#include <json-c/json.h>

enum {
    QMP_COMMAND_OOB = 1 << 0,        /* may be executed out of band */
    QMP_COMMAND_PRECONFIG = 1 << 1,  /* allowed before the machine exists */
    QMP_COMMAND_NO_SUCCESS = 1 << 2, /* no reply on success */
    QMP_COMMAND_DEPRECATED = 1 << 3,
    QMP_COMMAND_UNSTABLE = 1 << 4,
};

/* Generated: check and convert @args, call the handler, convert what it returns.
 * *ret_value is a new reference. */
typedef bool QmpMarshal(struct json_object *args, struct json_object **ret_value,
                        GError **err);

typedef struct QmpCommand {
    const char *name;
    QmpMarshal *marshal;
    unsigned flags;
    QapiCondition *cond;
} QmpCommand;

/* One entity of introspection: a SchemaInfo object as JSON text. */
typedef struct QapiEntity {
    const char *text;
    QapiCondition *cond;
} QapiEntity;

/* How a request is to be taken. */
typedef struct QmpDispatch {
    const QmpCommand *commands; /* ends with a NULL name */
    const QapiContext *ctx;     /* for conditions; may be NULL */
    bool oob_enabled;           /* the client negotiated "oob" */
    bool preconfig;             /* the machine does not exist yet */
    /* A last word on a known command (capabilities negotiation); may be NULL. */
    bool (*allow)(void *opaque, const QmpCommand *cmd, GError **err);
    void *opaque;
} QmpDispatch;

/* The command of that name if its condition holds; else NULL with *err (which suggests the
 * nearest names). */
const QmpCommand *qmp_find_command(const QmpDispatch *d, const char *name, GError **err);

/* Whether @request asks for out-of-band execution; says nothing of its validity. */
bool qmp_request_is_oob(struct json_object *request);

/*
 * Execute one request and return the reply for the wire (a new reference): NULL only for a
 * command without a reply. @request is any JSON value, also NULL for JSON null. Runs in the
 * caller's thread, with whatever locks its handlers need held.
 */
struct json_object *qmp_dispatch(const QmpDispatch *d, struct json_object *request);

/* {"id": ID, "error": {...}}; @id (borrowed) is left out if @has_id is false. The description
 * is the message with expected, nearest and hint on the same line. */
struct json_object *qmp_error_reply(const GError *err, bool has_id, struct json_object *id);

/* SchemaInfo objects whose conditions hold, as a JSON array (a new reference). */
struct json_object *qapi_introspection_json(const QapiEntity *entities,
                                            const QapiContext *ctx);

/* For marshallers: take over @fault, or say that the handler failed without a reason.
 * Always returns false. */
bool qmp_marshal_failed(GError *fault, GError **err);

#endif
