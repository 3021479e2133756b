/*
 * Threads with an event loop of their own (backends/iothread.h). Nothing is dispatched to
 * them yet: block nodes use a pool of threads. The polling properties are kept for clients
 * that set and read them; the loop sleeps in the kernel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/iothread.h"
#include <pthread.h>
#include <signal.h>

static gboolean started(void *opaque)
{
    IoThread *s = opaque;

    __atomic_store_n(&s->thread_id, gettid(), __ATOMIC_RELEASE);
    return G_SOURCE_REMOVE;
}

static void *run(void *opaque)
{
    IoThread *s = opaque;

    g_main_context_push_thread_default(s->context);
    g_main_loop_run(s->loop);
    g_main_context_pop_thread_default(s->context);
    return NULL;
}

static bool iothread_complete(Object *obj, GError **err)
{
    IoThread *s = (IoThread *)obj;
    g_autofree char *name = g_strdup_printf("IO %.12s", obj->name);
    g_autoptr(GSource) source = g_idle_source_new();
    sigset_t all, old;

    s->context = g_main_context_new();
    s->loop = g_main_loop_new(s->context, false);
    g_source_set_callback(source, started, s, NULL);
    g_source_attach(source, s->context);
    /* Signals are the main loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    s->thread = g_thread_new(name, run, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    while (!__atomic_load_n(&s->thread_id, __ATOMIC_ACQUIRE)) {
        g_thread_yield();
    }
    return true;
}

static gboolean quit(void *opaque)
{
    g_main_loop_quit(opaque);
    return G_SOURCE_REMOVE;
}

static void iothread_finalize(Object *obj)
{
    IoThread *s = (IoThread *)obj;

    if (s->thread) {
        g_main_context_invoke(s->context, quit, s->loop);
        g_thread_join(s->thread);
        g_main_loop_unref(s->loop);
        g_main_context_unref(s->context);
    }
}

static bool iothread_can_be_deleted(Object *obj)
{
    return obj->ref == 1;
}

static const Property iothread_properties[] = {
    PROP_INT64(IoThread, poll_max_ns, "poll-max-ns", "nanoseconds to poll before sleeping",
               .def = 32768, .max = INT64_MAX, .flags = PROP_RUNTIME),
    PROP_INT64(IoThread, poll_grow, "poll-grow", "factor by which polling grows; 0: the default",
               .max = INT64_MAX, .flags = PROP_RUNTIME),
    PROP_INT64(IoThread, poll_shrink, "poll-shrink",
               "divisor by which polling shrinks; 0: to nothing", .max = INT64_MAX,
               .flags = PROP_RUNTIME),
    PROP_INT64(IoThread, aio_max_batch, "aio-max-batch",
               "requests submitted at once; 0: the default", .max = INT64_MAX,
               .flags = PROP_RUNTIME),
    PROP_END
};

static const TypeInfo iothread_type = {
    .name = TYPE_IOTHREAD,
    .parent = TYPE_OBJECT,
    .desc = "thread with an event loop",
    .instance_size = sizeof(IoThread),
    .properties = iothread_properties,
    .instance_finalize = iothread_finalize,
    .user_creatable = true,
    .complete = iothread_complete,
    .can_be_deleted = iothread_can_be_deleted,
};
TYPE_REGISTER(iothread_type);
