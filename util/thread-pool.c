/*
 * A pool of threads for calls that block (util/thread-pool.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/thread-pool.h"
#include <pthread.h>
#include <signal.h>

/* Enough for system calls and their callbacks; address space, not memory. */
enum { STACK_BYTES = 256 * 1024 };

struct ThreadPool {
    const char *name;          /* (c) constant */
    unsigned max_threads;      /* (c) */
    unsigned idle_ms;          /* (c) */
    GMutex lock;               /* protects everything below */
    GCond work;                /* a job came, or the pool stops */
    GCond gone;                /* a thread ended */
    ThreadJob *head, **tail;
    unsigned threads, idle, queued;
    bool stopping;
};

/* The next job, or NULL when the thread should end; pool->lock held. */
static ThreadJob *take_job_locked(ThreadPool *pool)
{
    gint64 deadline = g_get_monotonic_time() + pool->idle_ms * G_TIME_SPAN_MILLISECOND;
    ThreadJob *job;
    bool in_time = true;

    pool->idle++;
    while (!pool->head && !pool->stopping && in_time) {
        in_time = g_cond_wait_until(&pool->work, &pool->lock, deadline);
    }
    pool->idle--;
    job = pool->head;
    if (job) {
        pool->head = job->next;
        pool->queued--;
        if (!pool->head) {
            pool->tail = &pool->head;
        }
    }
    return job;
}

static void *worker(void *opaque)
{
    ThreadPool *pool = opaque;
    ThreadJob *job;

    pthread_setname_np(pthread_self(), pool->name);
    g_mutex_lock(&pool->lock);
    while ((job = take_job_locked(pool))) {
        g_mutex_unlock(&pool->lock);
        job->run(job);
        g_mutex_lock(&pool->lock);
    }
    pool->threads--;
    g_cond_signal(&pool->gone);
    g_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are for the threads that wait for them. */
static bool start_thread(ThreadPool *pool)
{
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_t thread;
    int ret;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    ret = pthread_create(&thread, &attr, worker, pool);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ret == 0;
}

ThreadPool *thread_pool_new(const char *name, unsigned max_threads, unsigned idle_ms)
{
    ThreadPool *pool = g_new0(ThreadPool, 1);

    pool->name = name;
    pool->max_threads = MAX(max_threads, 1);
    pool->idle_ms = idle_ms;
    pool->tail = &pool->head;
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->work);
    g_cond_init(&pool->gone);
    return pool;
}

void thread_pool_free(ThreadPool *pool)
{
    g_mutex_lock(&pool->lock);
    pool->stopping = true;
    g_cond_broadcast(&pool->work);
    while (pool->threads) {
        g_cond_wait(&pool->gone, &pool->lock);
    }
    g_mutex_unlock(&pool->lock);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->work);
    g_cond_clear(&pool->gone);
    g_free(pool);
}

void thread_pool_submit(ThreadPool *pool, ThreadJob *job)
{
    bool here = false;

    job->next = NULL;
    g_mutex_lock(&pool->lock);
    /* A thread that was woken is idle until it runs: compare with all that wait. */
    if (pool->queued + 1 > pool->idle && pool->threads < pool->max_threads) {
        pool->threads++;
        if (!start_thread(pool)) {
            pool->threads--;
            here = pool->threads == 0;
        }
    }
    if (!here) {
        *pool->tail = job;
        pool->tail = &job->next;
        pool->queued++;
        g_cond_signal(&pool->work);
    }
    g_mutex_unlock(&pool->lock);
    if (here) {
        job->run(job);
    }
}

unsigned thread_pool_threads(ThreadPool *pool)
{
    unsigned n;

    g_mutex_lock(&pool->lock);
    n = pool->threads;
    g_mutex_unlock(&pool->lock);
    return n;
}
