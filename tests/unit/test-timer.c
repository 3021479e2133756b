/*
 * Timers fire in order and on time; the virtual clock stands while the machine does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/main-loop.h"
#include "util/timer.h"

static GString *fired;

static void note(void *opaque)
{
    g_string_append_c(fired, *(char *)opaque);
}

/* Whatever the order of arming, the order of firing is that of deadlines. */
static void test_order(void)
{
    enum { N = 200 };
    Timer timers[N];
    static char names[N];
    int64_t base = clock_ns(CLOCK_TYPE_VIRTUAL);
    GRand *rand = g_rand_new_with_seed(1);

    g_string_truncate(fired, 0);
    for (int i = 0; i < N; i++) {
        names[i] = '0' + i % 10;
        timer_init(&timers[i], CLOCK_TYPE_VIRTUAL, note, &names[i]);
        timer_mod(&timers[i], base + 1 + g_rand_int_range(rand, 0, 1000));
    }
    for (int i = 0; i < N; i++) {
        timer_mod(&timers[i], base + 10 + i * 10);
    }
    for (int i = 1; i < N; i += 2) {
        timer_del(&timers[i]);
        g_assert_false(timer_pending(&timers[i]));
    }
    g_assert_cmpint(timer_next_deadline(CLOCK_TYPE_VIRTUAL), ==, base + 10);
    g_assert_cmpint(clock_virtual_step(-1), ==, base + 10);
    clock_virtual_step(N * 10);
    g_assert_cmpint(fired->len, ==, N / 2);
    for (int i = 0; i < N / 2; i++) {
        g_assert_cmpint(fired->str[i], ==, '0' + i * 2 % 10);
    }
    g_assert_cmpint(timer_next_deadline(CLOCK_TYPE_VIRTUAL), ==, INT64_MAX);
    g_rand_free(rand);
}

static Timer again;
static int again_count;

static void rearm_in_the_past(void *opaque)
{
    again_count++;
    timer_mod(&again, 0);
}

/* A timer that is always due does not keep the main loop to itself. */
static void test_always_due(void)
{
    timer_init(&again, CLOCK_TYPE_REALTIME, rearm_in_the_past, NULL);
    timer_mod(&again, 0);
    for (int i = 0; i < 3; i++) {
        main_loop_wait(true);
    }
    g_assert_cmpint(again_count, ==, 3);
    timer_del(&again);
}

static bool flag;

static void set_flag(void *opaque)
{
    flag = true;
}

/* The main loop sleeps until the deadline, to well below a millisecond. */
static void test_precision(void)
{
    Timer t;
    int64_t best = INT64_MAX;

    timer_init(&t, CLOCK_TYPE_REALTIME, set_flag, NULL);
    for (int i = 0; i < 20; i++) {
        int64_t deadline = clock_ns(CLOCK_TYPE_REALTIME) + 300000;

        flag = false;
        timer_mod(&t, deadline);
        while (!flag) {
            main_loop_wait(false);
        }
        g_assert_cmpint(clock_ns(CLOCK_TYPE_REALTIME), >=, deadline);
        best = MIN(best, clock_ns(CLOCK_TYPE_REALTIME) - deadline);
    }
    g_assert_cmpint(best, <, 5000000);
}

static void *arm_from_thread(void *opaque)
{
    timer_mod(opaque, clock_ns(CLOCK_TYPE_REALTIME) + 1000000);
    return NULL;
}

/* Arming from another thread wakes a main loop that waits. */
static void test_thread(void)
{
    Timer t;
    GThread *thread;

    flag = false;
    timer_init(&t, CLOCK_TYPE_REALTIME, set_flag, NULL);
    thread = g_thread_new("arm", arm_from_thread, &t);
    while (!flag) {
        main_loop_wait(false);
    }
    g_thread_join(thread);
}

enum { ARMERS = 3, ROUNDS = 20000 };
static unsigned armers_left; /* (a) */

static void count_up(void *opaque)
{
    atomic_fetch_add((unsigned *)opaque, 1);
}

static void armer_ended(void *opaque)
{
    atomic_fetch_add(&armers_left, -1);
}

/* Arms a timer and waits for it, again and again. */
static void *arm_often(void *opaque)
{
    unsigned count = 0;
    Timer t;

    timer_init(&t, CLOCK_TYPE_REALTIME, count_up, &count);
    for (unsigned i = 0; i < ROUNDS; i++) {
        timer_mod(&t, clock_ns(CLOCK_TYPE_REALTIME));
        while (atomic_read(&count) == i) {
            g_thread_yield();
        }
    }
    main_loop_call(armer_ended, NULL);
    return NULL;
}

/* However threads and the main loop meet, none of what they arm is slept through. */
static void test_threads(void)
{
    GThread *thread[ARMERS];

    armers_left = ARMERS;
    for (unsigned i = 0; i < ARMERS; i++) {
        thread[i] = g_thread_new("arm", arm_often, NULL);
    }
    while (atomic_read(&armers_left)) {
        main_loop_wait(false);
    }
    for (unsigned i = 0; i < ARMERS; i++) {
        g_thread_join(thread[i]);
    }
}

/* Before manual mode: the clock stands, runs, stands, and has no gap in between. */
static void test_virtual_stands(void)
{
    int64_t a, b;
    Timer t;

    a = clock_ns(CLOCK_TYPE_VIRTUAL);
    g_usleep(1000);
    g_assert_cmpint(clock_ns(CLOCK_TYPE_VIRTUAL), ==, a);

    flag = false;
    timer_init(&t, CLOCK_TYPE_VIRTUAL, set_flag, NULL);
    timer_mod(&t, a);
    main_loop_wait(true);
    g_assert_false(flag); /* due, but the machine is stopped */

    clock_virtual_enable(true);
    g_usleep(1000);
    main_loop_wait(true);
    g_assert_true(flag);
    clock_virtual_enable(false);
    b = clock_ns(CLOCK_TYPE_VIRTUAL);
    g_assert_cmpint(b, >=, a + 1000000);
    g_usleep(1000);
    g_assert_cmpint(clock_ns(CLOCK_TYPE_VIRTUAL), ==, b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fired = g_string_new(NULL);
    main_loop_init();
    test_virtual_stands();
    clock_virtual_set_manual(0);
    g_test_add_func("/timer/order", test_order);
    g_test_add_func("/timer/always-due", test_always_due);
    g_test_add_func("/timer/precision", test_precision);
    g_test_add_func("/timer/thread", test_thread);
    g_test_add_func("/timer/threads", test_threads);
    return g_test_run();
}
