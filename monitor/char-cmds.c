/*
 * QMP commands on character devices (qapi/char.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-commands-char.h"
#include "qapi/qapi-util.h"
#include "util/fdset.h"

ChardevBackendInfoList *qmp_query_chardev_backends(GError **err)
{
    ChardevBackendInfoList *list = g_new0(ChardevBackendInfoList, 1);
    g_auto(GStrv) names = chardev_backend_names();

    for (char **n = names; *n; n++) {
        ChardevBackendInfo *info = g_new0(ChardevBackendInfo, 1);

        info->name = g_strdup(*n);
        QAPI_LIST_APPEND(list, info);
    }
    return list;
}

/* ---- The schema's form to the properties that -chardev has ---- */

static void add_str(struct json_object *o, const char *key, const char *value)
{
    if (value) {
        json_object_object_add(o, key, json_object_new_string(value));
    }
}

static void add_bool(struct json_object *o, const char *key, bool has, bool value)
{
    if (has) {
        json_object_object_add(o, key, json_object_new_boolean(value));
    }
}

static void add_address(struct json_object *o, const SocketAddressLegacy *a)
{
    const InetSocketAddress *inet;
    const UnixSocketAddress *un;

    switch (a->type) {
    case SOCKET_ADDRESS_TYPE_INET:
        inet = a->u.inet.data;
        add_str(o, "host", inet->host);
        add_str(o, "port", inet->port);
        add_bool(o, "ipv4", inet->has_ipv4, inet->ipv4);
        add_bool(o, "ipv6", inet->has_ipv6, inet->ipv6);
        break;
    case SOCKET_ADDRESS_TYPE_UNIX:
        un = a->u.q_unix.data;
        add_str(o, "path", un->path);
        add_bool(o, "abstract", un->has_abstract, un->abstract);
        break;
    default:
        add_str(o, "fd", a->u.fd.data->str);
    }
}

static void add_socket(struct json_object *o, const ChardevSocket *s)
{
    add_address(o, s->addr);
    add_bool(o, "server", true, !s->has_server || s->server);
    add_bool(o, "wait", true, s->has_wait && s->wait);
    add_bool(o, "nodelay", s->has_nodelay, s->nodelay);
    if (s->has_reconnect) {
        json_object_object_add(o, "reconnect", json_object_new_uint64(s->reconnect));
    }
    if (s->has_reconnect_ms) {
        json_object_object_add(o, "reconnect-ms", json_object_new_uint64(s->reconnect_ms));
    }
}

/* What -chardev would have said. */
static struct json_object *backend_opts(const char *id, const ChardevBackend *b)
{
    struct json_object *o = json_object_new_object();
    const char *logfile = NULL;

    add_str(o, "id", id);
    add_str(o, "backend", ChardevBackendKind_names[b->type]);
    switch (b->type) {
    case CHARDEV_BACKEND_KIND_FILE:
        add_str(o, "path", b->u.file.data->out);
        add_str(o, "input-path", b->u.file.data->in);
        add_bool(o, "append", b->u.file.data->has_append, b->u.file.data->append);
        logfile = b->u.file.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_PIPE:
        add_str(o, "path", b->u.pipe.data->device);
        logfile = b->u.pipe.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_SOCKET:
        add_socket(o, b->u.socket.data);
        logfile = b->u.socket.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_STDIO:
        add_bool(o, "signal", b->u.stdio.data->has_signal, b->u.stdio.data->signal);
        logfile = b->u.stdio.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_PTY:
        logfile = b->u.pty.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_NULL:
        logfile = b->u.null.data->logfile;
        break;
    case CHARDEV_BACKEND_KIND_MUX:
        add_str(o, "chardev", b->u.mux.data->chardev);
        break;
    default:
        break;
    }
    add_str(o, "logfile", logfile);
    return o;
}

static ChardevReturn *made(const Chardev *chr)
{
    ChardevReturn *ret;

    if (!chr) {
        return NULL;
    }
    ret = g_new0(ChardevReturn, 1);
    if (chr->filename && g_str_has_prefix(chr->filename, "pty:")) {
        ret->pty = g_strdup(chr->filename + strlen("pty:"));
    }
    return ret;
}

ChardevReturn *qmp_chardev_add(const char *id, ChardevBackend *backend, GError **err)
{
    g_autoptr(json_object) opts = NULL;

    opts = backend_opts(id, backend);
    return made(chardev_new(opts, false, err));
}

ChardevReturn *qmp_chardev_change(const char *id, ChardevBackend *backend, GError **err)
{
    g_autoptr(json_object) opts = NULL;

    if (backend->type == CHARDEV_BACKEND_KIND_MUX) {
        error_set(err, "character device '%s' cannot become a mux", id);
        return NULL;
    }
    opts = backend_opts(id, backend);
    return made(chardev_change(id, opts, false, err));
}

bool qmp_x_hmp_chardev_add(const char *options, GError **err)
{
    bool keyval;
    g_autoptr(json_object) opts = keyval_or_json(options, "backend", &keyval, err);

    return opts && chardev_new(opts, keyval, err);
}

bool qmp_x_hmp_chardev_change(const char *id, const char *options, GError **err)
{
    bool keyval;
    g_autoptr(json_object) opts = keyval_or_json(options, "backend", &keyval, err);

    if (!opts) {
        return false;
    }
    json_object_object_add(opts, "id", json_object_new_string(id));
    return chardev_change(id, opts, keyval, err) != NULL;
}

bool qmp_chardev_send_break(const char *id, GError **err)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        return error_set(err, "character device '%s' not found", id);
    }
    chr_be_event(chr, CHAR_EVENT_BREAK);
    return true;
}

bool qmp_chardev_remove(const char *id, GError **err)
{
    return chardev_remove(id, err);
}

bool qmp_add_client(const char *protocol, const char *fdname, bool has_skipauth, bool skipauth,
                    bool has_tls, bool tls, GError **err)
{
    Chardev *chr = chardev_find(protocol);
    int fd;

    if (!chr) {
        return error_set(err, "protocol '%s' is no character device", protocol);
    }
    if (has_tls && tls) {
        return error_set(err, "character device '%s' does not encrypt", protocol);
    }
    fd = named_fd_take(fdname, err);
    if (fd < 0) {
        return false;
    }
    if (!chardev_class(chr)->add_client) {
        close(fd);
        return error_set(err, "character device '%s' is no socket", protocol);
    }
    return chardev_class(chr)->add_client(chr, fd, err);
}
