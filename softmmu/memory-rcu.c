/*
 * RCU for guest memory: readers of flat views and of RAM blocks.
 *
 * Nobody waits for a grace period with the machine lock held (a reader may be waiting for
 * that lock): memory is handed to liburcu's callback thread. Before a second thread reads,
 * nothing need be deferred.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory-internal.h"
#include <urcu.h>

static unsigned n_readers;
static __thread bool registered;

void memory_thread_register(void)
{
    if (!registered) {
        registered = true;
        rcu_register_thread();
        atomic_fetch_add(&n_readers, 1);
    }
}

void memory_thread_unregister(void)
{
    if (registered) {
        registered = false;
        rcu_unregister_thread();
        atomic_fetch_add(&n_readers, -1);
    }
}

/* liburcu's default flavour tracks read sections, not threads: nothing to say. */
void memory_thread_offline(void)
{
}

void memory_thread_online(void)
{
}

void memory_read_lock(void)
{
    if (unlikely(!registered)) {
        memory_thread_register();
    }
    rcu_read_lock();
}

void memory_read_unlock(void)
{
    rcu_read_unlock();
}

typedef struct Deferred {
    struct rcu_head head;
    void (*fn)(void *ptr);
    void *ptr;
} Deferred;

static void run_deferred(struct rcu_head *head)
{
    Deferred *d = container_of(head, Deferred, head);

    d->fn(d->ptr);
    g_free(d);
}

void memory_defer(void (*fn)(void *ptr), void *ptr)
{
    unsigned own = registered ? 1 : 0;

    if (!ptr) {
        return;
    }
    if (atomic_read(&n_readers) <= own && !rcu_read_ongoing()) {
        fn(ptr);
        return;
    }
    Deferred *d = g_new0(Deferred, 1);
    d->fn = fn;
    d->ptr = ptr;
    memory_thread_register();
    call_rcu(&d->head, run_deferred);
}
