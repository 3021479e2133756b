/*
 * The main loop, the machine lock and work for the main thread (util/main-loop.h).
 *
 * One ppoll covers glib's descriptors (its default context is owned by the main thread),
 * ours, and an eventfd that wakes the wait; its timeout is the next timer's deadline in
 * nanoseconds, which glib's own milliseconds could not keep.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/main-loop.h"
#include "util/timer.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

/* ---- The machine lock ---- */

/*
 * The mutex is not fair: who gives it up and wants it again at once mostly gets it, because who
 * was woken is not there yet. That is fast, and may go on for ever: a guest that accesses devices in
 * a loop would keep the main loop, and with it the monitor, waiting; a main loop that never
 * sleeps would keep vCPUs waiting. So there are two sides, the main thread and all others. Who
 * comes while the other side has been waiting for PATIENCE stands aside until one of that has had
 * the lock.
 */
enum { PATIENCE_NS = 200 * 1000, ASIDE_MAX_NS = 10 * 1000 * 1000 };
typedef struct LockSide {
    uint32_t waiting; /* (a) threads */
    uint32_t served;  /* (a) counts those who waited and got the lock; a futex */
    uint32_t aside;   /* (a) threads of the other side that wait for served */
    int64_t since;    /* (a) when the wait of the first of them began, or the last was served */
} LockSide;

static GMutex lock;
static __thread bool lock_mine;
static __thread bool lock_main; /* the main thread */
static LockSide lock_side[2];   /* others, main thread */
static void (*lock_wait_hook)(void *opaque); /* (a) written once */
static void *lock_wait_opaque;

static int64_t monotonic_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NANOSECONDS_PER_SECOND + t.tv_nsec;
}

void machine_lock_on_wait(void (*fn)(void *opaque), void *opaque)
{
    lock_wait_opaque = opaque;
    atomic_store_release(&lock_wait_hook, fn);
}

/* Until one of @side that has waited for so long has had the lock; not for ever, whatever
 * happens to that thread. */
static void stand_aside(LockSide *side, int64_t patience_ns)
{
    uint32_t served = atomic_read(&side->served);

    if (atomic_read(&side->waiting) && monotonic_ns() - atomic_read(&side->since) >= patience_ns) {
        struct timespec t = { .tv_nsec = ASIDE_MAX_NS };

        atomic_fetch_add(&side->aside, 1);
        syscall(SYS_futex, &side->served, FUTEX_WAIT_PRIVATE, served, &t, NULL, 0);
        atomic_fetch_add(&side->aside, -1);
    }
}

static void lock_wait(LockSide *side)
{
    void (*hook)(void *) = atomic_load_acquire(&lock_wait_hook);

    if (!atomic_read(&side->waiting)) {
        atomic_set(&side->since, monotonic_ns());
    }
    atomic_fetch_add(&side->waiting, 1);
    if (hook) {
        hook(lock_wait_opaque);
    }
    g_mutex_lock(&lock);
    atomic_set(&side->since, monotonic_ns());
    atomic_fetch_add(&side->waiting, -1);
    atomic_fetch_add(&side->served, 1);
    if (atomic_read(&side->aside)) {
        syscall(SYS_futex, &side->served, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    }
}

void machine_lock(void)
{
    LockSide *other = &lock_side[!lock_main];

    g_assert(!lock_mine);
    if (unlikely(atomic_read(&other->waiting))) {
        stand_aside(other, PATIENCE_NS);
    }
    if (!g_mutex_trylock(&lock)) {
        lock_wait(&lock_side[lock_main]);
    }
    lock_mine = true;
}

bool machine_lock_wanted(void)
{
    return atomic_read(&lock_side[0].waiting) || atomic_read(&lock_side[1].waiting);
}

void machine_lock_yield(void)
{
    machine_unlock();
    for (unsigned i = 0; i < ARRAY_SIZE(lock_side); i++) {
        stand_aside(&lock_side[i], 0);
    }
    machine_lock();
}

void machine_unlock(void)
{
    g_assert(lock_mine);
    lock_mine = false;
    g_mutex_unlock(&lock);
}

bool machine_locked(void)
{
    return lock_mine;
}

void machine_cond_wait(GCond *cond)
{
    g_assert(lock_mine);
    lock_mine = false;
    g_cond_wait(cond, &lock);
    lock_mine = true;
}

bool machine_cond_wait_until(GCond *cond, int64_t end_time_us)
{
    bool signalled;

    g_assert(lock_mine);
    lock_mine = false;
    signalled = g_cond_wait_until(cond, &lock, end_time_us);
    lock_mine = true;
    return signalled;
}

/* ---- State of the loop ---- */

typedef struct Watch {
    int fd;
    void (*on_read)(void *opaque);
    void (*on_write)(void *opaque);
    void *opaque;
    short revents; /* of the last poll, not yet handled */
} Watch;

typedef struct Call {
    unsigned id;
    void (*fn)(void *opaque);
    void *opaque;
} Call;

static struct {
    GThread *thread;
    GMainContext *context;
    int event_fd;
    uint32_t notified;   /* (a) event_fd was written since it was last drained */
    GArray *watches;     /* Watch, machine lock; fd -1: removed, swept by the loop */
    GArray *pollfds;     /* struct pollfd, main thread */
    GPtrArray *pollers;  /* MainLoopPoller *, main thread */
    GArray *poller_fds;  /* struct pollfd, main thread */
    GMutex calls_lock;
    GQueue calls;        /* Call *, under calls_lock */
    unsigned next_id;    /* under calls_lock */
} loop = { .event_fd = -1 };

void main_loop_init(void)
{
    loop.thread = g_thread_self();
    lock_main = true;
    machine_lock();
    if (loop.event_fd < 0) {
        loop.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (loop.event_fd < 0) {
            g_error("eventfd: %s", g_strerror(errno));
        }
        loop.watches = g_array_new(FALSE, TRUE, sizeof(Watch));
        loop.pollfds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
        loop.pollers = g_ptr_array_new();
        loop.poller_fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
        loop.context = g_main_context_default();
        if (!g_main_context_acquire(loop.context)) {
            g_error("glib's default main context has another owner");
        }
    }
}

bool in_main_thread(void)
{
    return !loop.thread || loop.thread == g_thread_self();
}

void main_loop_notify(void)
{
    uint64_t one = 1;
    int saved = errno;

    if (loop.event_fd >= 0 && !atomic_xchg(&loop.notified, 1)) {
        ssize_t n = write(loop.event_fd, &one, sizeof(one));

        (void)n; /* a full counter wakes the loop just as well */
    }
    errno = saved;
}

/*
 * Read first, then cleared: who notifies in between finds it set and writes nothing, but what it is
 * about is seen, for it is looked at after this. In the other order the read could take the write
 * of a notification that has just set it again, and all later ones would be lost.
 * @readable: the descriptor, as a notification that was seen before its write leaves it.
 */
static void drain_notify(bool readable)
{
    uint64_t count;

    if (readable || atomic_read(&loop.notified)) {
        ssize_t n = read(loop.event_fd, &count, sizeof(count));

        (void)n;
        atomic_xchg(&loop.notified, 0);
    }
}

/* ---- Calls (bottom halves) ---- */

unsigned main_loop_call(void (*fn)(void *opaque), void *opaque)
{
    Call *c = g_new(Call, 1);
    unsigned id;

    g_mutex_lock(&loop.calls_lock);
    if (++loop.next_id == 0) {
        loop.next_id = 1;
    }
    id = loop.next_id;
    *c = (Call){ id, fn, opaque };
    g_queue_push_tail(&loop.calls, c);
    g_mutex_unlock(&loop.calls_lock);
    if (!in_main_thread()) {
        main_loop_notify();
    }
    return id;
}

void main_loop_cancel(unsigned id)
{
    g_mutex_lock(&loop.calls_lock);
    for (GList *l = loop.calls.head; l; l = l->next) {
        Call *c = l->data;

        if (c->id == id) {
            g_queue_delete_link(&loop.calls, l);
            g_free(c);
            break;
        }
    }
    g_mutex_unlock(&loop.calls_lock);
}

static Call *take_call(void)
{
    Call *c;

    g_mutex_lock(&loop.calls_lock);
    c = g_queue_pop_head(&loop.calls);
    g_mutex_unlock(&loop.calls_lock);
    return c;
}

static unsigned count_calls(void)
{
    unsigned n;

    g_mutex_lock(&loop.calls_lock);
    n = loop.calls.length;
    g_mutex_unlock(&loop.calls_lock);
    return n;
}

/* Calls made by calls wait for the next turn. */
static void run_calls(void)
{
    for (unsigned n = count_calls(); n > 0; n--) {
        Call *c = take_call();

        if (!c) {
            break;
        }
        c->fn(c->opaque);
        g_free(c);
    }
}

/* ---- File descriptors ---- */

void main_loop_watch_fd(int fd, void (*on_read)(void *opaque), void (*on_write)(void *opaque),
                        void *opaque)
{
    Watch *w = NULL;

    g_assert(loop.watches);
    for (guint i = 0; i < loop.watches->len; i++) {
        w = &g_array_index(loop.watches, Watch, i);
        if (w->fd == fd) {
            break;
        }
        w = NULL;
    }
    if (!w) {
        if (!on_read && !on_write) {
            return;
        }
        g_array_set_size(loop.watches, loop.watches->len + 1);
        w = &g_array_index(loop.watches, Watch, loop.watches->len - 1);
        w->revents = 0;
    }
    w->fd = on_read || on_write ? fd : -1;
    w->on_read = on_read;
    w->on_write = on_write;
    w->opaque = opaque;
    if (w->fd < 0) {
        w->revents = 0;
    }
    if (!in_main_thread()) {
        main_loop_notify();
    }
}

/* The array may grow and entries change while callbacks run, so each is fetched anew. */
static void dispatch_watches(guint n)
{
    for (guint i = 0; i < n && i < loop.watches->len; i++) {
        Watch *w = &g_array_index(loop.watches, Watch, i);
        short revents = w->revents;

        if (w->fd < 0 || !revents) {
            continue;
        }
        w->revents = 0;
        if (revents & POLLNVAL) {
            w->fd = -1; /* its owner closed it without telling: do not spin */
            continue;
        }
        if (w->on_read && (revents & (POLLIN | POLLHUP | POLLERR | POLLPRI))) {
            int fd = w->fd;

            w->on_read(w->opaque);
            w = &g_array_index(loop.watches, Watch, i);
            if (w->fd != fd) {
                continue;
            }
        }
        if (w->on_write && (revents & (POLLOUT | POLLHUP | POLLERR))) {
            w->on_write(w->opaque);
        }
    }
    for (guint i = loop.watches->len; i-- > 0;) {
        if (g_array_index(loop.watches, Watch, i).fd < 0) {
            g_array_remove_index(loop.watches, i);
        }
    }
}

/* ---- Pollers ---- */

void main_loop_add_poller(MainLoopPoller *poller)
{
    g_assert(in_main_thread());
    poller->filled = false;
    g_ptr_array_add(loop.pollers, poller);
}

void main_loop_remove_poller(MainLoopPoller *poller)
{
    if (loop.pollers) {
        g_ptr_array_remove(loop.pollers, poller);
    }
}

static void fill_pollers(int64_t *timeout_ns)
{
    g_array_set_size(loop.poller_fds, 0);
    for (guint i = 0; i < loop.pollers->len; i++) {
        MainLoopPoller *p = loop.pollers->pdata[i];

        p->fill(p->opaque, loop.poller_fds, timeout_ns);
        p->filled = true;
    }
}

/* One that came since the wait has no descriptors there. */
static void dispatch_pollers(void)
{
    for (guint i = 0; i < loop.pollers->len; i++) {
        MainLoopPoller *p = loop.pollers->pdata[i];

        if (p->filled) {
            p->ready(p->opaque, (const struct pollfd *)loop.poller_fds->data);
        }
    }
}

/* ---- The turn ---- */

static struct pollfd *pollfd_at(guint i)
{
    return &g_array_index(loop.pollfds, struct pollfd, i);
}

/* glib's descriptors first (GPollFD has pollfd's layout by design of g_poll). */
static int prepare_glib(int64_t *timeout_ns, int *ret_priority)
{
    int n, ms;

    G_STATIC_ASSERT(sizeof(GPollFD) == sizeof(struct pollfd));
    g_main_context_prepare(loop.context, ret_priority);
    if (loop.pollfds->len < 16) {
        g_array_set_size(loop.pollfds, 16);
    }
    while ((n = g_main_context_query(loop.context, *ret_priority, &ms, (GPollFD *)pollfd_at(0),
                                     loop.pollfds->len)) > loop.pollfds->len) {
        g_array_set_size(loop.pollfds, n);
    }
    if (ms >= 0 && (*timeout_ns < 0 || ms * INT64_C(1000000) < *timeout_ns)) {
        *timeout_ns = ms * INT64_C(1000000);
    }
    return n;
}

void main_loop_wait(bool nonblocking)
{
    int64_t timeout_ns = count_calls() ? 0 : timers_poll_timeout();
    struct timespec ts = { 0 };
    int priority, n_glib, ready;
    guint n_watches, n_fds;

    n_glib = prepare_glib(&timeout_ns, &priority);
    fill_pollers(&timeout_ns); /* may change watches */
    n_watches = loop.watches->len;
    n_fds = n_glib + n_watches + 1;
    g_array_set_size(loop.pollfds, MAX(loop.pollfds->len, n_fds + loop.poller_fds->len));
    for (guint i = 0; i < n_watches; i++) {
        Watch *w = &g_array_index(loop.watches, Watch, i);

        w->revents = 0;
        *pollfd_at(n_glib + i) = (struct pollfd){
            .fd = w->fd,
            .events = (w->on_read ? POLLIN : 0) | (w->on_write ? POLLOUT : 0),
        };
    }
    *pollfd_at(n_fds - 1) = (struct pollfd){ loop.event_fd, POLLIN, 0 };
    if (loop.poller_fds->len) {
        memcpy(pollfd_at(n_fds), loop.poller_fds->data,
               loop.poller_fds->len * sizeof(struct pollfd));
    }

    if (nonblocking) {
        timeout_ns = 0;
    }
    if (timeout_ns >= 0) {
        ts.tv_sec = timeout_ns / NANOSECONDS_PER_SECOND;
        ts.tv_nsec = timeout_ns % NANOSECONDS_PER_SECOND;
    }
    if (!nonblocking) {
        machine_unlock();
    }
    ready = ppoll(pollfd_at(0), n_fds + loop.poller_fds->len, timeout_ns < 0 ? NULL : &ts,
                  NULL);
    if (!nonblocking) {
        machine_lock();
    }
    drain_notify(ready > 0 && pollfd_at(n_fds - 1)->revents);

    if (ready > 0) {
        /* Another thread may have changed watches while the lock was free. */
        for (guint i = 0; i < n_watches; i++) {
            Watch *w = &g_array_index(loop.watches, Watch, i);

            if (w->fd == pollfd_at(n_glib + i)->fd) {
                w->revents = pollfd_at(n_glib + i)->revents;
            }
        }
    } else {
        for (int i = 0; i < n_glib; i++) {
            pollfd_at(i)->revents = 0;
        }
    }
    if (ready > 0 && loop.poller_fds->len) {
        memcpy(loop.poller_fds->data, pollfd_at(n_fds),
               loop.poller_fds->len * sizeof(struct pollfd));
    }
    if (g_main_context_check(loop.context, priority, (GPollFD *)pollfd_at(0), n_glib)) {
        g_main_context_dispatch(loop.context);
    }
    dispatch_watches(n_watches);
    dispatch_pollers();
    timers_run_due();
    run_calls();
}
