/*
 * Throttled events (monitor/event-throttle.h). A client that is slow to read would otherwise
 * have its queue filled, and be closed, by whatever a guest does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/event-throttle.h"
#include "util/timer.h"

/* What is throttled; the member of the data that tells senders apart, or NULL. */
static const struct {
    const char *event, *sender;
} throttled[] = {
    { "RTC_CHANGE", "qom-path" },
    { "VSERPORT_CHANGE", "id" },
};

/* A kind of event that was passed on within the last second. */
typedef struct Quiet {
    char *name;
    char *key;
    Timer timer;
    struct json_object *latest; /* waits, or NULL */
    QapiEventSink *sink;
} Quiet;

static GHashTable *quiet; /* of Quiet by key, machine lock */

static void quiet_free(void *ptr)
{
    Quiet *q = ptr;

    timer_del(&q->timer);
    json_object_put(q->latest);
    g_free(q->name);
    g_free(q->key);
    g_free(q);
}

/* The event's kind as a text to free, NULL if it is not throttled. */
static char *key_of(const char *name, struct json_object *event)
{
    for (unsigned i = 0; i < ARRAY_SIZE(throttled); i++) {
        struct json_object *data, *sender;

        if (!g_str_equal(name, throttled[i].event)) {
            continue;
        }
        if (json_object_object_get_ex(event, "data", &data) &&
            json_object_object_get_ex(data, throttled[i].sender, &sender)) {
            return g_strdup_printf("%s %s", name, json_object_get_string(sender));
        }
        return g_strdup(name);
    }
    return NULL;
}

static void wait(Quiet *q)
{
    timer_mod(&q->timer, clock_ns(CLOCK_TYPE_REALTIME) + NANOSECONDS_PER_SECOND);
}

static void second_over(void *opaque)
{
    Quiet *q = opaque;
    struct json_object *event = g_steal_pointer(&q->latest);

    if (!event) {
        g_hash_table_remove(quiet, q->key);
        return;
    }
    wait(q);
    q->sink(NULL, q->name, event);
    json_object_put(event);
}

void event_throttle(const char *name, struct json_object *event, QapiEventSink *sink)
{
    g_autofree char *key = key_of(name, event);
    Quiet *q = key && quiet ? g_hash_table_lookup(quiet, key) : NULL;

    if (q) {
        json_object_put(q->latest);
        q->latest = json_object_get(event);
        return;
    }
    if (key) {
        q = g_new0(Quiet, 1);
        q->name = g_strdup(name);
        q->key = g_steal_pointer(&key);
        q->sink = sink;
        timer_init(&q->timer, CLOCK_TYPE_REALTIME, second_over, q);
        if (!quiet) {
            quiet = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, quiet_free);
        }
        g_hash_table_insert(quiet, q->key, q);
        wait(q);
    }
    sink(NULL, name, event);
}

void event_throttle_cleanup(void)
{
    g_clear_pointer(&quiet, g_hash_table_unref);
}
