/*
 * Tests of util/thread-pool.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/thread-pool.h"

enum { JOBS = 2000, THREADS = 4 };

typedef struct CountJob {
    ThreadJob job;
    int *done;
    int *at_once, *most;
    int order;
} CountJob;

static void count_run(ThreadJob *job)
{
    CountJob *c = (CountJob *)job;
    int now = atomic_fetch_add(c->at_once, 1) + 1;

    if (now > atomic_read(c->most)) {
        atomic_set(c->most, now);
    }
    g_usleep(10);
    atomic_fetch_add(c->at_once, -1);
    atomic_fetch_add(c->done, 1);
}

static void wait_until_equal(int *value, int want)
{
    for (int i = 0; atomic_read(value) != want && i < 5000; i++) {
        g_usleep(1000);
    }
    g_assert_cmpint(atomic_read(value), ==, want);
}

/* Every job runs once, and no more threads than allowed. */
static void test_all_run(void)
{
    ThreadPool *pool = thread_pool_new("test", THREADS, 1000);
    g_autofree CountJob *jobs = g_new0(CountJob, JOBS);
    int done = 0, at_once = 0, most = 0;

    g_assert_cmpuint(thread_pool_threads(pool), ==, 0);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (CountJob){ { count_run }, &done, &at_once, &most };
        thread_pool_submit(pool, &jobs[i].job);
    }
    wait_until_equal(&done, JOBS);
    g_assert_cmpint(most, <=, THREADS);
    g_assert_cmpuint(thread_pool_threads(pool), <=, THREADS);
    thread_pool_free(pool);
}

/* A job that blocks does not hold up another: a second thread starts. */
typedef struct GateJob {
    ThreadJob job;
    GMutex *gate;
    int *done;
} GateJob;

static void gate_run(ThreadJob *job)
{
    GateJob *g = (GateJob *)job;

    g_mutex_lock(g->gate);
    g_mutex_unlock(g->gate);
    atomic_fetch_add(g->done, 1);
}

static void test_blocked(void)
{
    ThreadPool *pool = thread_pool_new("test", THREADS, 1000);
    int gate_done = 0, done = 0, at_once = 0, most = 0;
    GMutex gate;
    GateJob blocked = { { gate_run }, &gate, &gate_done };
    CountJob quick = { { count_run }, &done, &at_once, &most };

    g_mutex_init(&gate);
    g_mutex_lock(&gate);
    thread_pool_submit(pool, &blocked.job);
    thread_pool_submit(pool, &quick.job);
    wait_until_equal(&done, 1);
    g_assert_cmpint(gate_done, ==, 0);
    g_mutex_unlock(&gate);
    wait_until_equal(&gate_done, 1);
    g_mutex_clear(&gate);
    thread_pool_free(pool);
}

static void test_idle_threads_end(void)
{
    ThreadPool *pool = thread_pool_new("test", THREADS, 20);
    int done = 0, at_once = 0, most = 0;
    CountJob job = { { count_run }, &done, &at_once, &most };

    for (int round = 1; round <= 2; round++) {
        thread_pool_submit(pool, &job.job);
        wait_until_equal(&done, round);
        for (int i = 0; thread_pool_threads(pool) && i < 5000; i++) {
            g_usleep(1000);
        }
        g_assert_cmpuint(thread_pool_threads(pool), ==, 0);
    }
    thread_pool_free(pool);
}

/* Freeing a pool waits for what is queued. */
static void test_free_waits(void)
{
    ThreadPool *pool = thread_pool_new("test", 1, 1000);
    g_autofree CountJob *jobs = g_new0(CountJob, 100);
    int done = 0, at_once = 0, most = 0;

    for (int i = 0; i < 100; i++) {
        jobs[i] = (CountJob){ { count_run }, &done, &at_once, &most };
        thread_pool_submit(pool, &jobs[i].job);
    }
    thread_pool_free(pool);
    g_assert_cmpint(done, ==, 100);
    g_assert_cmpint(most, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thread-pool/all-run", test_all_run);
    g_test_add_func("/thread-pool/blocked", test_blocked);
    g_test_add_func("/thread-pool/idle-threads-end", test_idle_threads_end);
    g_test_add_func("/thread-pool/free-waits", test_free_waits);
    return g_test_run();
}
