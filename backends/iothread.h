/*
 * Threads with an event loop of their own (-object iothread).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BACKENDS_IOTHREAD_H
#define BACKENDS_IOTHREAD_H

#include "qom/object.h"

#define TYPE_IOTHREAD "iothread"

typedef struct IoThread {
    Object parent;
    int64_t poll_max_ns, poll_grow, poll_shrink, aio_max_batch; /* properties */
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    int thread_id;       /* the host's */
} IoThread;

#endif
