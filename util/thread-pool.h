/*
 * A pool of threads for calls that block (files, name look-ups).
 *
 * Threads start when there is work and none is idle, and end after they were idle for a
 * while: a process that does no such call has no such thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_THREAD_POOL_H
#define UTIL_THREAD_POOL_H

#include "util/osdep.h"

typedef struct ThreadPool ThreadPool;
typedef struct ThreadJob ThreadJob;

/* Part of the submitter's own structure, which must stay until @run is called; @run may
 * free it. */
struct ThreadJob {
    void (*run)(ThreadJob *job); /* in a thread of the pool, all signals blocked, no lock held */
    ThreadJob *next;             /* the pool's own */
};

/* At most @max_threads threads, each of which ends after @idle_ms without work. @name (at
 * most 15 characters, not copied) is what the threads are called in the host's lists. */
ThreadPool *thread_pool_new(const char *name, unsigned max_threads, unsigned idle_ms);
/* Wait until every job is done and every thread gone, then free the pool. */
void thread_pool_free(ThreadPool *pool);

/* Queue a job; any thread. Jobs begin in the order in which they were submitted. Where the
 * host grants no thread at all the job runs here and now. */
void thread_pool_submit(ThreadPool *pool, ThreadJob *job);

/* Threads that exist now, for statistics and tests. */
unsigned thread_pool_threads(ThreadPool *pool);

#endif
