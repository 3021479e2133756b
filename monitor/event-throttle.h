/*
 * Events that a guest can cause as often as it likes reach clients once a second.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_EVENT_THROTTLE_H
#define MONITOR_EVENT_THROTTLE_H

#include "qapi/qapi-event.h"

/*
 * Pass an event on to @sink: at once, or, if one of its kind was passed on within the last
 * second, when that is over; of those that wait only the latest is. Machine lock.
 */
void event_throttle(const char *name, struct json_object *event, QapiEventSink *sink);
/* Forget what waits. */
void event_throttle_cleanup(void);

#endif
