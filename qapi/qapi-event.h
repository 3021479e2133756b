/*
 * Where generated qapi_event_send_X() functions deliver.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_EVENT_H
#define QAPI_EVENT_H

#include "util/osdep.h"
#include <json-c/json.h>

/*
 * Receives every event, in the thread that sends it. @event is the complete message
 * {"timestamp": ..., "event": NAME, "data": ...}, borrowed for the call.
 */
typedef void QapiEventSink(void *opaque, const char *name, struct json_object *event);

/* Register the one sink (the monitors); NULL for none. Before threads start, or with the
 * machine lock held. */
void qapi_event_set_sink(QapiEventSink *fn, void *opaque);

/* Send event @name with @data (NULL for none, otherwise the reference is taken). Called by
 * generated code only. */
void qapi_event_emit(const char *name, struct json_object *data);

#endif
