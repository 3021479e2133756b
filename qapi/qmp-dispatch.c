/*
 * QMP requests to commands (qapi/qmp-dispatch.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qapi/qmp-dispatch.h"

const QmpCommand *qmp_find_command(const QmpDispatch *d, const char *name, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const QmpCommand *c = d->commands; c->name; c++) {
        if (!qapi_condition(c->cond, d->ctx)) {
            continue;
        }
        if (!strcmp(c->name, name)) {
            return c;
        }
        g_ptr_array_add(names, (char *)c->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_class(err, ERROR_COMMAND_NOT_FOUND, "The command '%.100s' has not been found",
                    name);
    error_set_culprit(err, "command", name);
    error_set_nearest(err, name, (const char *const *)names->pdata);
    return NULL;
}

bool qmp_request_is_oob(struct json_object *request)
{
    return json_object_is_type(request, json_type_object) &&
           json_object_object_get_ex(request, "exec-oob", NULL);
}

struct json_object *qmp_error_reply(const GError *err, bool has_id, struct json_object *id)
{
    g_autofree char *text = error_full_text(err);
    const char *klass = error_class_name(error_get_class(err));
    struct json_object *reply = json_object_new_object();
    struct json_object *error = json_object_new_object();

    json_object_object_add(error, "class", json_object_new_string(klass));
    json_object_object_add(error, "desc", json_object_new_string(text));
    if (has_id) {
        json_object_object_add(reply, "id", json_object_get(id));
    }
    json_object_object_add(reply, "error", error);
    return reply;
}

typedef struct Request {
    const char *command;
    bool oob;
    struct json_object *args; /* borrowed, NULL if not given */
} Request;

static bool bad_member(GError **err, const char *name, const char *what)
{
    error_set(err, "QMP input member '%.100s' %s", name, what);
    error_set_culprit(err, "QMP input member", name);
    return false;
}

static bool parse_request(const QmpDispatch *d, struct json_object *request, Request *ret,
                          GError **err)
{
    static const char *const members[] = { "execute", "exec-oob", "arguments", "id", NULL };

    if (!json_object_is_type(request, json_type_object)) {
        return error_set(err, "QMP input must be a JSON object, not of type %s",
                         json_type_word(json_object_get_type(request)));
    }
    json_object_object_foreach(request, key, value) {
        bool oob = !strcmp(key, "exec-oob");

        if (!strcmp(key, "execute") || (oob && d->oob_enabled)) {
            if (!json_object_is_type(value, json_type_string)) {
                return bad_member(err, key, "must be a string");
            }
            if (ret->command) {
                return error_set(err,
                                 "QMP input member 'execute' clashes with 'exec-oob'");
            }
            ret->command = json_object_get_string(value);
            ret->oob = oob;
        } else if (!strcmp(key, "arguments")) {
            if (!json_object_is_type(value, json_type_object)) {
                return bad_member(err, key, "must be an object");
            }
            ret->args = value;
        } else if (strcmp(key, "id") != 0) {
            bad_member(err, key, "is unexpected");
            if (oob) {
                error_add_hint(err, "the capability 'oob' was not negotiated");
            } else {
                error_set_nearest(err, key, members);
            }
            return false;
        }
    }
    if (!ret->command) {
        return error_set(err, "QMP input lacks member 'execute'");
    }
    return true;
}

static bool check_allowed(const QmpDispatch *d, const QmpCommand *cmd, bool oob,
                          GError **err)
{
    if (d->allow && !d->allow(d->opaque, cmd, err)) {
        return false;
    }
    if (oob && !(cmd->flags & QMP_COMMAND_OOB)) {
        return error_set(err, "The command '%s' does not support out-of-band execution",
                         cmd->name);
    }
    if (d->preconfig && !(cmd->flags & QMP_COMMAND_PRECONFIG)) {
        error_set(err, "The command '%s' needs a machine", cmd->name);
        error_add_hint(err, "leave the preconfig state first, with x-exit-preconfig");
        return false;
    }
    return true;
}

static bool execute(const QmpDispatch *d, struct json_object *request, bool *ret_reply,
                    struct json_object **ret_value, GError **err)
{
    Request r = { 0 };
    g_autoptr(json_object) none = NULL;
    const QmpCommand *cmd;

    *ret_reply = true;
    if (!parse_request(d, request, &r, err)) {
        return false;
    }
    cmd = qmp_find_command(d, r.command, err);
    if (!cmd || !check_allowed(d, cmd, r.oob, err)) {
        return false;
    }
    none = r.args ? NULL : json_object_new_object();
    if (!cmd->marshal(r.args ? r.args : none, ret_value, err)) {
        return false;
    }
    *ret_reply = !(cmd->flags & QMP_COMMAND_NO_SUCCESS);
    return true;
}

struct json_object *qmp_dispatch(const QmpDispatch *d, struct json_object *request)
{
    g_autoptr(GError) err = NULL;
    struct json_object *id = NULL, *value = NULL, *reply;
    bool has_id = json_object_is_type(request, json_type_object) &&
                  json_object_object_get_ex(request, "id", &id);
    bool wanted;

    if (!execute(d, request, &wanted, &value, &err)) {
        return qmp_error_reply(err, has_id, id);
    }
    if (!wanted) {
        json_object_put(value);
        return NULL;
    }
    reply = json_object_new_object();
    json_object_object_add(reply, "return", value);
    if (has_id) {
        json_object_object_add(reply, "id", json_object_get(id));
    }
    return reply;
}

struct json_object *qapi_introspection_json(const QapiEntity *entities,
                                            const QapiContext *ctx)
{
    struct json_object *array = json_object_new_array();

    for (; entities->text; entities++) {
        if (qapi_condition(entities->cond, ctx)) {
            struct json_object *entity = json_parse_object(entities->text, NULL);

            g_assert(entity);
            json_object_array_add(array, entity);
        }
    }
    return array;
}

bool qmp_marshal_failed(GError *fault, GError **err)
{
    if (fault) {
        g_propagate_error(err, fault);
        return false;
    }
    return error_set(err, "The command failed without giving a reason");
}
