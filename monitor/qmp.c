/*
 * The QMP server: greeting, capabilities negotiation, requests in order, events.
 *
 * Requests are parsed as they come and executed one after the other; out-of-band ones as
 * soon as they are parsed. A client that does not read has its output queued up to a limit
 * and is then closed; nobody waits for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/event-throttle.h"
#include "monitor/monitor.h"
#include "monitor/qmp-internal.h"
#include "monitor/trace.h"
#include "qapi/json-scanner.h"
#include "qapi/json.h"
#include "qapi/qapi-command-table.h"
#include "softmmu/runstate.h"

enum { MAX_QUEUED_REQUESTS = 8, READ_CHUNK = 4096 };
#define MAX_QUEUED_OUTPUT (64 * MiB)

typedef struct QmpRequest {
    struct json_object *value; /* NULL: JSON null, or a fault */
    GError *fault;
} QmpRequest;

struct QmpMonitor {
    CharFrontend chr;
    bool pretty;
    bool connected, negotiated, oob;
    JsonScanner *scanner;
    GQueue requests, oob_requests;
    GString *out;      /* not yet taken by the character device */
    bool executing;    /* a handler runs: requests that come meanwhile wait */
    bool watching;     /* for room in the character device */
};

/* All QMP monitors, and the one whose request is being executed. */
static struct {
    GPtrArray *list;
    QmpMonitor *current;
    const char *target, *family;
    bool preconfig;
} monitors;

static QapiContext monitor_context;

static void drop_request(QmpRequest *r)
{
    json_object_put(r->value);
    g_clear_error(&r->fault);
    g_free(r);
}

/* Out-of-band requests go first, each kind in order. */
static QmpRequest *next_request(QmpMonitor *m)
{
    QmpRequest *r = g_queue_pop_head(&m->oob_requests);

    return r ? r : g_queue_pop_head(&m->requests);
}

static void clear_session(QmpMonitor *m)
{
    QmpRequest *r;

    m->connected = m->negotiated = m->oob = false;
    json_scanner_reset(m->scanner);
    g_string_truncate(m->out, 0);
    while ((r = next_request(m))) {
        drop_request(r);
    }
}

static void flush_output(void *opaque)
{
    QmpMonitor *m = opaque;

    m->watching = false;
    while (m->out->len) {
        int n = chr_fe_write(&m->chr, (const uint8_t *)m->out->str,
                             MIN(m->out->len, G_MAXINT));

        if (n <= 0) {
            m->watching = true;
            chr_fe_watch_write(&m->chr, flush_output);
            return;
        }
        g_string_erase(m->out, 0, n);
    }
}

static void send_value(QmpMonitor *m, struct json_object *value)
{
    if (!m->connected) {
        return;
    }
    trace_monitor_qmp_send(m, json_object_to_json_string(value));
    json_append(m->out, value, m->pretty);
    g_string_append(m->out, "\r\n");
    if (m->out->len > MAX_QUEUED_OUTPUT) {
        clear_session(m);
        chr_fe_set_open(&m->chr, false);
        return;
    }
    if (!m->watching) {
        flush_output(m);
    }
}

static void send_greeting(QmpMonitor *m)
{
    g_autoptr(json_object) greeting = qmp_greeting();

    send_value(m, greeting);
}

/* Before negotiation only qmp_capabilities, afterwards anything but it. */
static bool allow_command(void *opaque, const QmpCommand *cmd, GError **err)
{
    QmpMonitor *m = opaque;
    bool is_negotiation = g_str_equal(cmd->name, "qmp_capabilities");

    if (m->negotiated == !is_negotiation) {
        return true;
    }
    return error_set_class(err, ERROR_COMMAND_NOT_FOUND,
                           m->negotiated
                               ? "capabilities are negotiated already, %s is ignored"
                               : "capabilities must be negotiated with 'qmp_capabilities' "
                                 "before '%s'", cmd->name);
}

void monitor_dispatch_setup(QmpDispatch *d)
{
    monitor_context.target = monitors.target;
    monitor_context.family = monitors.family;
    *d = (QmpDispatch){ .commands = qapi_commands, .ctx = &monitor_context,
                        .preconfig = monitors.preconfig };
}

void monitor_set_target(const char *target, const char *family)
{
    monitors.target = target;
    monitors.family = family;
}

void monitor_set_preconfig(bool preconfig)
{
    monitors.preconfig = preconfig;
}

QmpMonitor *qmp_monitor_current(void)
{
    return monitors.current;
}

void qmp_monitor_negotiated(QmpMonitor *m, bool oob)
{
    m->negotiated = true;
    m->oob = oob;
}

int qmp_monitor_take_fd(QmpMonitor *m)
{
    return chr_fe_get_fd(&m->chr);
}

static void execute(QmpMonitor *m, QmpRequest *r)
{
    g_autoptr(json_object) reply = NULL;
    QmpMonitor *outer = monitors.current;
    QmpDispatch d;

    if (r->fault) {
        reply = qmp_error_reply(r->fault, false, NULL);
    } else {
        monitor_dispatch_setup(&d);
        d.oob_enabled = m->oob;
        d.allow = allow_command;
        d.opaque = m;
        monitors.current = m;
        reply = qmp_dispatch(&d, r->value);
        monitors.current = outer;
    }
    if (reply) {
        send_value(m, reply);
    }
    drop_request(r);
}

static void execute_queued(QmpMonitor *m)
{
    QmpRequest *r;

    if (m->executing) {
        return;
    }
    m->executing = true;
    /* After quit nothing is answered; clear_session() frees the rest. */
    while (!run_state_ended() && (r = next_request(m))) {
        execute(m, r);
    }
    m->executing = false;
}

static void value_parsed(void *opaque, struct json_object *value, GError *fault)
{
    QmpMonitor *m = opaque;
    QmpRequest *r = g_new0(QmpRequest, 1);

    trace_monitor_qmp_receive(m, json_object_to_json_string(value));
    r->value = value;
    r->fault = fault;
    if (m->oob && !fault && qmp_request_is_oob(value)) {
        g_queue_push_tail(&m->oob_requests, r);
    } else {
        g_queue_push_tail(&m->requests, r);
    }
}

static int qmp_can_receive(void *opaque)
{
    QmpMonitor *m = opaque;

    return g_queue_get_length(&m->requests) < MAX_QUEUED_REQUESTS ? READ_CHUNK : 0;
}

static void qmp_receive(void *opaque, const uint8_t *buf, int size)
{
    QmpMonitor *m = opaque;

    json_scanner_feed(m->scanner, (const char *)buf, size);
    execute_queued(m);
    chr_fe_accept_input(&m->chr);
}

static void qmp_event(void *opaque, CharEvent event)
{
    QmpMonitor *m = opaque;

    switch (event) {
    case CHAR_EVENT_OPENED:
        clear_session(m);
        m->connected = true;
        trace_monitor_qmp_connect(m);
        send_greeting(m);
        break;
    case CHAR_EVENT_CLOSED:
        trace_monitor_qmp_disconnect(m);
        clear_session(m);
        break;
    default:
        break;
    }
}

/* Generated events go to every client that has negotiated. */
static void deliver_event(void *opaque, const char *name, struct json_object *event)
{
    for (unsigned i = 0; monitors.list && i < monitors.list->len; i++) {
        QmpMonitor *m = g_ptr_array_index(monitors.list, i);

        if (m->negotiated) {
            send_value(m, event);
        }
    }
}

static void throttle_event(void *opaque, const char *name, struct json_object *event)
{
    event_throttle(name, event, deliver_event);
}

bool monitor_start_qmp(Chardev *chr, bool pretty, GError **err)
{
    QmpMonitor *m = g_new0(QmpMonitor, 1);

    if (!chr_fe_init(&m->chr, chr, err)) {
        g_free(m);
        return false;
    }
    m->pretty = pretty;
    m->out = g_string_new(NULL);
    m->scanner = json_scanner_new(value_parsed, m);
    g_queue_init(&m->requests);
    g_queue_init(&m->oob_requests);
    if (!monitors.list) {
        monitors.list = g_ptr_array_new();
    }
    g_ptr_array_add(monitors.list, m);
    chr_fe_set_handlers(&m->chr, qmp_can_receive, qmp_receive, qmp_event, m);
    return true;
}

void qmp_monitors_init(void)
{
    qapi_event_set_sink(throttle_event, NULL);
}

void qmp_monitors_cleanup(void)
{
    qapi_event_set_sink(NULL, NULL);
    event_throttle_cleanup();
    for (unsigned i = 0; monitors.list && i < monitors.list->len; i++) {
        QmpMonitor *m = g_ptr_array_index(monitors.list, i);

        chr_fe_write_all(&m->chr, (const uint8_t *)m->out->str, MIN(m->out->len, G_MAXINT));
        chr_fe_deinit(&m->chr);
        clear_session(m);
        json_scanner_free(m->scanner);
        g_string_free(m->out, TRUE);
        g_free(m);
    }
    g_clear_pointer(&monitors.list, g_ptr_array_unref);
}
