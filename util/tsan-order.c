/*
 * Tells ThreadSanitizer what glib's locks and RCU order, and what memory is a guest's. The
 * locks are built on futex(2), a grace period on membarrier(2), in libraries that are built
 * without it. The linker leads our calls here (--wrap, in meson.build); only builds with
 * ThreadSanitizer have this file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <urcu.h>
#include "util/tsan.h"

void AnnotateBenignRaceSized(const char *file, int line, const volatile void *memory,
                             unsigned long size, const char *description);

void __real_g_mutex_lock(GMutex *m);
gboolean __real_g_mutex_trylock(GMutex *m);
void __real_g_mutex_unlock(GMutex *m);
void __real_g_cond_wait(GCond *c, GMutex *m);
gboolean __real_g_cond_wait_until(GCond *c, GMutex *m, gint64 end_time);

void __real_urcu_memb_read_unlock(void);
void __real_urcu_memb_call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));

void __wrap_g_mutex_lock(GMutex *m);
gboolean __wrap_g_mutex_trylock(GMutex *m);
void __wrap_g_mutex_unlock(GMutex *m);
void __wrap_g_cond_wait(GCond *c, GMutex *m);
gboolean __wrap_g_cond_wait_until(GCond *c, GMutex *m, gint64 end_time);
void __wrap_urcu_memb_read_unlock(void);
void __wrap_urcu_memb_call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));

void __wrap_g_mutex_lock(GMutex *m)
{
    __real_g_mutex_lock(m);
    tsan_acquire(m);
}

gboolean __wrap_g_mutex_trylock(GMutex *m)
{
    gboolean taken = __real_g_mutex_trylock(m);
    if (taken) {
        tsan_acquire(m);
    }
    return taken;
}

void __wrap_g_mutex_unlock(GMutex *m)
{
    tsan_release(m);
    __real_g_mutex_unlock(m);
}

void __wrap_g_cond_wait(GCond *c, GMutex *m)
{
    tsan_release(m);
    __real_g_cond_wait(c, m);
    tsan_acquire(m);
}

gboolean __wrap_g_cond_wait_until(GCond *c, GMutex *m, gint64 end_time)
{
    tsan_release(m);
    gboolean signalled = __real_g_cond_wait_until(c, m, end_time);
    tsan_acquire(m);
    return signalled;
}

/* ---- RCU: what runs after a grace period comes after all read sections before it ---- */

typedef struct Call {
    struct rcu_head head;
    struct rcu_head *theirs;
    void (*fn)(struct rcu_head *head);
} Call;

static char sections;

void __wrap_urcu_memb_read_unlock(void)
{
    tsan_release(&sections);
    __real_urcu_memb_read_unlock();
}

static void run_call(struct rcu_head *head)
{
    Call *c = container_of(head, Call, head);

    tsan_acquire(&sections);
    tsan_acquire(c);
    c->fn(c->theirs);
    g_free(c);
}

void __wrap_urcu_memb_call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
    Call *c = g_new0(Call, 1);

    c->theirs = head;
    c->fn = fn;
    tsan_release(c);
    __real_urcu_memb_call_rcu(&c->head, run_call);
}

/* ---- Guest memory ---- */

void tsan_guest_memory(const volatile void *memory, size_t size)
{
    AnnotateBenignRaceSized(__FILE__, __LINE__, memory, size, "guest memory");
}
