/*
 * Clocks and timers (util/timer.h): a binary heap of deadlines for each clock.
 *
 * The virtual clock is two words, (standing, base): it shows base while it stands and the
 * host's monotonic clock plus base while it runs. Readers on any thread take both under a
 * sequence count; writers hold virtual_lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/timer.h"
#include "util/main-loop.h"
#include "util/trace.h"
#include <time.h>

typedef struct TimerHeap {
    GMutex lock;
    Timer **timers; /* [0] is the earliest */
    unsigned n, size;
} TimerHeap;

static TimerHeap heaps[CLOCK_TYPE_COUNT];

static GMutex virtual_lock;
static uint32_t virtual_seq;     /* (a) odd while being written */
static bool virtual_standing = true; /* (a) */
static int64_t virtual_base;     /* (a) */
static bool virtual_manual;      /* (a) */

/* What this thread holds on to. */
static __thread bool virtual_hold, virtual_held;
static __thread int64_t virtual_seen;

static int64_t host_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NANOSECONDS_PER_SECOND + ts.tv_nsec;
}

static int64_t virtual_now(void)
{
    uint32_t seq;
    bool standing;
    int64_t base;

    do {
        seq = atomic_load_acquire(&virtual_seq);
        standing = atomic_read(&virtual_standing);
        base = atomic_read(&virtual_base);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (unlikely((seq & 1) || seq != atomic_read(&virtual_seq)));
    return standing ? base : host_clock(CLOCK_MONOTONIC) + base;
}

void clock_virtual_hold(void)
{
    virtual_hold = true;
    virtual_held = false;
}

void clock_virtual_release(void)
{
    virtual_hold = false;
}

int64_t clock_ns(ClockType type)
{
    switch (type) {
    case CLOCK_TYPE_HOST:
        return host_clock(CLOCK_REALTIME);
    case CLOCK_TYPE_VIRTUAL:
        if (unlikely(virtual_hold)) {
            if (!virtual_held) {
                virtual_seen = virtual_now();
                virtual_held = true;
            }
            return virtual_seen;
        }
        return virtual_now();
    default:
        return host_clock(CLOCK_MONOTONIC);
    }
}

/* virtual_lock held. */
static void virtual_publish(bool standing, int64_t base)
{
    atomic_set(&virtual_seq, virtual_seq + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    atomic_set(&virtual_standing, standing);
    atomic_set(&virtual_base, base);
    atomic_store_release(&virtual_seq, virtual_seq + 1);
}

void clock_virtual_enable(bool run)
{
    trace_clock_virtual_enable(run);
    g_mutex_lock(&virtual_lock);
    if (!virtual_manual && run == virtual_standing) {
        int64_t now = host_clock(CLOCK_MONOTONIC);

        virtual_publish(!run, run ? virtual_base - now : virtual_base + now);
    }
    g_mutex_unlock(&virtual_lock);
    if (run && !in_main_thread()) {
        main_loop_notify(); /* its deadlines count again */
    }
}

void clock_virtual_set_manual(int64_t ns)
{
    g_mutex_lock(&virtual_lock);
    atomic_set(&virtual_manual, true);
    virtual_publish(true, ns);
    g_mutex_unlock(&virtual_lock);
}

bool clock_virtual_is_manual(void)
{
    return atomic_read(&virtual_manual);
}

static void virtual_set(int64_t ns)
{
    g_mutex_lock(&virtual_lock);
    virtual_publish(true, ns);
    g_mutex_unlock(&virtual_lock);
}

/* ---- The heap; its lock is held ---- */

static void heap_put(TimerHeap *h, unsigned i, Timer *t)
{
    h->timers[i] = t;
    t->heap_index = i;
}

static void heap_up(TimerHeap *h, unsigned i)
{
    Timer *t = h->timers[i];

    while (i > 0 && h->timers[(i - 1) / 2]->expire_ns > t->expire_ns) {
        heap_put(h, i, h->timers[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(h, i, t);
}

static void heap_down(TimerHeap *h, unsigned i)
{
    Timer *t = h->timers[i];

    for (;;) {
        unsigned child = 2 * i + 1;

        if (child + 1 < h->n &&
            h->timers[child + 1]->expire_ns < h->timers[child]->expire_ns) {
            child++;
        }
        if (child >= h->n || h->timers[child]->expire_ns >= t->expire_ns) {
            break;
        }
        heap_put(h, i, h->timers[child]);
        i = child;
    }
    heap_put(h, i, t);
}

static void heap_remove(TimerHeap *h, Timer *t)
{
    unsigned i = t->heap_index;
    Timer *last = h->timers[--h->n];

    t->heap_index = -1;
    if (last != t) {
        heap_put(h, i, last);
        heap_up(h, i);
        heap_down(h, last->heap_index);
    }
}

static void heap_insert(TimerHeap *h, Timer *t)
{
    if (h->n == h->size) {
        h->size = MAX(16, h->size * 2);
        h->timers = g_renew(Timer *, h->timers, h->size);
    }
    h->timers[h->n] = t;
    heap_up(h, h->n++);
}

/* ---- Timers ---- */

/* For traces. */
static const char *const clock_names[] = { "realtime", "virtual", "host" };
G_STATIC_ASSERT(G_N_ELEMENTS(clock_names) == CLOCK_TYPE_COUNT);

void timer_init(Timer *t, ClockType type, void (*cb)(void *opaque), void *opaque)
{
    *t = (Timer){ .type = type, .expire_ns = INT64_MAX, .cb = cb, .opaque = opaque,
                  .heap_index = -1 };
}

void timer_mod(Timer *t, int64_t expire_ns)
{
    TimerHeap *h = &heaps[t->type];
    bool earlier;

    if (!t->cb) {
        return; /* never initialised */
    }
    g_mutex_lock(&h->lock);
    if (t->heap_index >= 0) {
        if (t->expire_ns == expire_ns) {
            g_mutex_unlock(&h->lock);
            return;
        }
        heap_remove(h, t);
    }
    atomic_set(&t->expire_ns, expire_ns);
    if (expire_ns != INT64_MAX) {
        trace_timer_arm(t, clock_names[t->type], expire_ns);
        heap_insert(h, t);
    } else {
        trace_timer_disarm(t, clock_names[t->type]);
    }
    earlier = t->heap_index == 0;
    g_mutex_unlock(&h->lock);
    if (earlier && !in_main_thread()) {
        main_loop_notify();
    }
}

void timer_del(Timer *t)
{
    timer_mod(t, INT64_MAX);
}

bool timer_pending(const Timer *t)
{
    return t->cb && atomic_read(&t->expire_ns) != INT64_MAX;
}

int64_t timer_next_deadline(ClockType type)
{
    TimerHeap *h = &heaps[type];
    int64_t ns;

    g_mutex_lock(&h->lock);
    ns = h->n ? h->timers[0]->expire_ns : INT64_MAX;
    g_mutex_unlock(&h->lock);
    return ns;
}

/*
 * Run timers of one clock that are due at @now. A callback that arms its timer in the past
 * again waits for the next call: no guest can keep the main loop here.
 */
static void run_clock(ClockType type, int64_t now)
{
    TimerHeap *h = &heaps[type];
    unsigned limit;

    g_mutex_lock(&h->lock);
    limit = h->n;
    while (limit-- > 0 && h->n > 0 && h->timers[0]->expire_ns <= now) {
        Timer *t = h->timers[0];
        void (*cb)(void *opaque) = t->cb;
        void *opaque = t->opaque;

        trace_timer_expire(t, clock_names[type], t->expire_ns, now);
        heap_remove(h, t);
        atomic_set(&t->expire_ns, INT64_MAX);
        g_mutex_unlock(&h->lock);
        cb(opaque);
        g_mutex_lock(&h->lock);
    }
    g_mutex_unlock(&h->lock);
}

static bool clock_dispatches(ClockType type)
{
    return type != CLOCK_TYPE_VIRTUAL || !atomic_read(&virtual_standing) ||
           atomic_read(&virtual_manual);
}

void timers_run_due(void)
{
    for (ClockType type = 0; type < CLOCK_TYPE_COUNT; type++) {
        if (clock_dispatches(type) && timer_next_deadline(type) != INT64_MAX) {
            run_clock(type, clock_ns(type));
        }
    }
}

int64_t timers_poll_timeout(void)
{
    int64_t timeout = INT64_MAX;

    for (ClockType type = 0; type < CLOCK_TYPE_COUNT; type++) {
        int64_t deadline = timer_next_deadline(type);
        int64_t now;

        if (deadline == INT64_MAX || !clock_dispatches(type)) {
            continue;
        }
        now = clock_ns(type);
        if (deadline <= now) {
            return 0;
        }
        if (type == CLOCK_TYPE_VIRTUAL && atomic_read(&virtual_manual)) {
            continue; /* moves by steps only */
        }
        /* The wall clock may be set while we wait: look again every second. */
        timeout = MIN(timeout, type == CLOCK_TYPE_HOST
                                   ? MIN(deadline - now, NANOSECONDS_PER_SECOND)
                                   : deadline - now);
    }
    return timeout == INT64_MAX ? -1 : timeout;
}

/* ---- Manual mode ---- */

int64_t clock_virtual_set(int64_t ns)
{
    /* A timer that arms itself for no later time ends the walk, not the process. */
    unsigned budget = 1000000;
    int64_t deadline;

    while (budget-- > 0 && (deadline = timer_next_deadline(CLOCK_TYPE_VIRTUAL)) <= ns &&
           deadline != INT64_MAX) {
        virtual_set(MAX(clock_ns(CLOCK_TYPE_VIRTUAL), deadline));
        run_clock(CLOCK_TYPE_VIRTUAL, clock_ns(CLOCK_TYPE_VIRTUAL));
    }
    virtual_set(MAX(clock_ns(CLOCK_TYPE_VIRTUAL), ns));
    return clock_ns(CLOCK_TYPE_VIRTUAL);
}

int64_t clock_virtual_step(int64_t ns)
{
    int64_t now = clock_ns(CLOCK_TYPE_VIRTUAL);

    if (ns < 0) {
        int64_t deadline = timer_next_deadline(CLOCK_TYPE_VIRTUAL);

        return deadline == INT64_MAX ? now : clock_virtual_set(MAX(now, deadline));
    }
    return clock_virtual_set(ns > INT64_MAX - now ? INT64_MAX - 1 : now + ns);
}
