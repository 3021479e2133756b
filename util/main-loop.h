/*
 * The main loop (on glib), the machine lock, and work for the main thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_MAIN_LOOP_H
#define UTIL_MAIN_LOOP_H

#include "util/osdep.h"

/* The machine lock protects device state and the object tree. Recursive use is a bug;
 * functions ending in _locked or documented "machine lock" need it held. Neither the main thread
 * nor the others can keep it from each other by taking it again and again. */
void machine_lock(void);
void machine_unlock(void);
bool machine_locked(void);
/* Another thread waits for the lock; one that holds it for long gives it up for a moment. */
bool machine_lock_wanted(void);
void machine_lock_yield(void);
/* Call @fn in each thread that is about to wait for the lock, on that thread. For one user,
 * from then on. */
void machine_lock_on_wait(void (*fn)(void *opaque), void *opaque);
/* Wait on a condition with the machine lock as its mutex. */
void machine_cond_wait(GCond *cond);
bool machine_cond_wait_until(GCond *cond, int64_t end_time_us);

/* Set up the loop in the calling (main) thread; takes the machine lock. */
void main_loop_init(void);
/* Wait for the next event and dispatch: file descriptors, timers, bottom halves. The
 * machine lock is held on entry and return, released while waiting. */
void main_loop_wait(bool nonblocking);
/* Wake a waiting main loop; any thread and signal handlers. */
void main_loop_notify(void);
bool in_main_thread(void);

/* Call fn once from the main loop, machine lock held; any thread. Returns an id with which
 * the owner can cancel it (0 is never an id). */
unsigned main_loop_call(void (*fn)(void *opaque), void *opaque);
void main_loop_cancel(unsigned id);

/* Watch a file descriptor from the main loop (machine lock held in callbacks). Either
 * callback may be NULL; both NULL removes the watch. */
void main_loop_watch_fd(int fd, void (*on_read)(void *opaque), void (*on_write)(void *opaque),
                        void *opaque);

struct pollfd;
/* A library that names its descriptors anew before each wait. Main thread. */
typedef struct MainLoopPoller {
    /* Append struct pollfd to @fds; *timeout_ns (-1: none) may be lowered. */
    void (*fill)(void *opaque, GArray *fds, int64_t *timeout_ns);
    /* After the wait; @fds are those of the whole array that was appended to. */
    void (*ready)(void *opaque, const struct pollfd *fds);
    void *opaque;
    bool filled; /* main-loop.c's own */
} MainLoopPoller;
/* The structure is the caller's and stays until it is removed. */
void main_loop_add_poller(MainLoopPoller *poller);
void main_loop_remove_poller(MainLoopPoller *poller);

#endif
