/*
 * QMP commands of trace events (qapi/trace.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-trace.h"
#include "util/tracing.h"

/* A pattern may match nothing; a name may not. */
static bool check_request(const char *name, bool has_vcpu, GError **err)
{
    if (has_vcpu) {
        error_set(err, "trace events have no state for each virtual CPU");
        error_set_culprit(err, "argument", "vcpu");
        return false;
    }
    return trace_is_pattern(name) || trace_foreach(name, NULL, NULL) > 0 ||
           trace_error_unknown(name, err);
}

static void add_state(const char *name, uint8_t *flag, void *opaque)
{
    TraceEventGetStateRetList *list = opaque;
    TraceEventGetStateRet *item = g_new0(TraceEventGetStateRet, 1);

    item->name = g_strdup(name);
    item->state = atomic_read(flag) ? TRACE_EVENT_GET_STATE_RET_STATE_ENABLED
                                    : TRACE_EVENT_GET_STATE_RET_STATE_DISABLED;
    QAPI_LIST_APPEND(list, item);
}

TraceEventGetStateRetList *qmp_trace_event_get_state(const char *name, bool has_vcpu,
                                                     int64_t vcpu, GError **err)
{
    TraceEventGetStateRetList *list;

    if (!check_request(name, has_vcpu, err)) {
        return NULL;
    }
    list = g_new0(TraceEventGetStateRetList, 1);
    trace_foreach(name, add_state, list);
    return list;
}

static void set_state(const char *name, uint8_t *flag, void *opaque)
{
    atomic_set(flag, *(bool *)opaque);
}

bool qmp_trace_event_set_state(const char *name, bool enable, bool has_ignore_unavailable,
                               bool ignore_unavailable, bool has_vcpu, int64_t vcpu,
                               GError **err)
{
    if (!check_request(name, has_vcpu, err)) {
        return false;
    }
    trace_foreach(name, set_state, &enable);
    return true;
}

static void print_state(const char *name, uint8_t *flag, void *opaque)
{
    g_string_append_printf(opaque, "%s : state %d\n", name, atomic_read(flag));
}

HumanReadableText *qmp_x_query_trace_events(const char *name, GError **err)
{
    GString *out;

    if (name && !check_request(name, false, err)) {
        return NULL;
    }
    out = g_string_new(NULL);
    trace_foreach(name, print_state, out);
    return human_readable_text(out);
}
