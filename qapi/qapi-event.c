/*
 * Delivery of events (qapi/qapi-event.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/qapi-event.h"

static struct {
    QapiEventSink *fn;
    void *opaque;
} sink;

void qapi_event_set_sink(QapiEventSink *fn, void *opaque)
{
    sink.fn = fn;
    sink.opaque = opaque;
}

void qapi_event_emit(const char *name, struct json_object *data)
{
    struct json_object *event, *timestamp;
    int64_t now = g_get_real_time();

    if (!sink.fn) {
        json_object_put(data);
        return;
    }
    timestamp = json_object_new_object();
    json_object_object_add(timestamp, "seconds", json_object_new_int64(now / 1000000));
    json_object_object_add(timestamp, "microseconds", json_object_new_int64(now % 1000000));
    event = json_object_new_object();
    json_object_object_add(event, "timestamp", timestamp);
    json_object_object_add(event, "event", json_object_new_string(name));
    if (data) {
        json_object_object_add(event, "data", data);
    }
    sink.fn(sink.opaque, name, event);
    json_object_put(event);
}
