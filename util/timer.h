/*
 * Clocks and timers. Callbacks run in the main loop thread with the machine lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_TIMER_H
#define UTIL_TIMER_H

#include "util/osdep.h"

typedef enum ClockType {
    CLOCK_TYPE_REALTIME, /* host monotonic; runs while the machine is stopped */
    CLOCK_TYPE_VIRTUAL,  /* guest time: stands still while the machine is stopped */
    CLOCK_TYPE_HOST,     /* host wall clock, nanoseconds since 1970 */
    CLOCK_TYPE_COUNT,
} ClockType;

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

/* Nanoseconds; any thread, lock-free. */
int64_t clock_ns(ClockType type);
/* The calling thread sees the virtual clock stand from its next look on, until it lets go:
 * what runs twice must find one time. */
void clock_virtual_hold(void);
void clock_virtual_release(void);
/* The virtual clock runs or stands (run state changes); machine lock. */
void clock_virtual_enable(bool run);
/* qtest: the virtual clock stands and moves only by these. Step runs due timers; a negative
 * argument steps to the next deadline. Returns the new time. */
void clock_virtual_set_manual(int64_t ns);
bool clock_virtual_is_manual(void);
int64_t clock_virtual_step(int64_t ns);
int64_t clock_virtual_set(int64_t ns);

typedef struct Timer {
    ClockType type;
    int64_t expire_ns;  /* INT64_MAX: not armed */
    void (*cb)(void *opaque);
    void *opaque;
    int heap_index;     /* timer.c's own, -1 while not armed */
} Timer;

void timer_init(Timer *t, ClockType type, void (*cb)(void *opaque), void *opaque);
/* Arm for an absolute time (past: at once); any thread. */
void timer_mod(Timer *t, int64_t expire_ns);
void timer_del(Timer *t);
bool timer_pending(const Timer *t);
/* Deadline of the earliest armed timer of a clock, INT64_MAX if none. */
int64_t timer_next_deadline(ClockType type);

/* ---- For the main loop ---- */
/* Run what is due (main thread, machine lock); each timer at most once a call. */
void timers_run_due(void);
/* Nanoseconds until something may be due, 0 if something is, -1 if nothing is armed. */
int64_t timers_poll_timeout(void);

#endif
