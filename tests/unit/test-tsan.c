/*
 * What ThreadSanitizer sees of our locks: nothing where they order two threads, a race where
 * one does without them. Each case is a process of its own, as a race ends it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <urcu.h>
#include "util/tsan.h"

enum { TURNS = 1000, NODES = 20 };

typedef struct Shared {
    GMutex lock;
    GCond cond;
    bool ready;
    bool careless;      /* the other thread does without the lock */
    int value;
    struct Node *node;  /* replaced by RCU */
    unsigned freed;     /* of those replaced */
} Shared;

typedef struct Node {
    struct rcu_head rcu;
    Shared *shared;
    int value;
} Node;

static void increment(Shared *s, bool locked)
{
    for (int i = 0; i < TURNS; i++) {
        if (locked) {
            g_mutex_lock(&s->lock);
        }
        s->value++;
        if (locked) {
            g_mutex_unlock(&s->lock);
        }
    }
}

static void *other_increments(void *opaque)
{
    Shared *s = opaque;

    increment(s, !s->careless);
    return NULL;
}

static void both_increment(bool careless)
{
    Shared s = { .careless = careless };
    GThread *t = g_thread_new("other", other_increments, &s);

    increment(&s, true);
    g_thread_join(t);
    s.value++;
}

static void *other_hands_over(void *opaque)
{
    Shared *s = opaque;

    s->value = 1;
    g_mutex_lock(&s->lock);
    s->ready = true;
    g_cond_signal(&s->cond);
    g_mutex_unlock(&s->lock);
    return NULL;
}

static void hand_over(void)
{
    Shared s = { 0 };
    GThread *t = g_thread_new("other", other_hands_over, &s);

    g_mutex_lock(&s.lock);
    while (!s.ready) {
        g_cond_wait(&s.cond, &s.lock);
    }
    g_mutex_unlock(&s.lock);
    s.value++;
    g_thread_join(t);
}

static void node_free(struct rcu_head *rcu)
{
    Node *n = container_of(rcu, Node, rcu);

    Shared *s = n->shared;

    n->value = -1;
    g_free(n);
    g_mutex_lock(&s->lock);
    s->freed++;
    g_cond_signal(&s->cond);
    g_mutex_unlock(&s->lock);
}

static Node *node_new(Shared *s, int value)
{
    Node *n = g_new0(Node, 1);

    n->shared = s;
    n->value = value;
    return n;
}

static void *other_reads(void *opaque)
{
    Shared *s = opaque;

    rcu_register_thread();
    for (int i = 0; i < TURNS; i++) {
        rcu_read_lock();
        g_assert_cmpint(atomic_load_acquire(&s->node)->value, >=, 0);
        rcu_read_unlock();
    }
    rcu_unregister_thread();
    return NULL;
}

static void replace_by_rcu(void)
{
    Shared s = { 0 };
    s.node = node_new(&s, 0);
    GThread *t = g_thread_new("other", other_reads, &s);

    for (int i = 1; i <= NODES; i++) {
        Node *old = s.node;
        atomic_store_release(&s.node, node_new(&s, i));
        call_rcu(&old->rcu, node_free);
        g_usleep(100);
    }
    g_thread_join(t);
    g_mutex_lock(&s.lock);
    while (s.freed < NODES) {
        g_cond_wait(&s.cond, &s.lock);
    }
    g_mutex_unlock(&s.lock);
    g_free(s.node);
}

static void in_process(void (*run)(void), bool races)
{
    if (g_test_subprocess()) {
        run();
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    if (races) {
        g_test_trap_assert_failed();
        g_test_trap_assert_stderr("*WARNING: ThreadSanitizer: data race*");
    } else {
        g_test_trap_assert_passed();
        g_test_trap_assert_stderr_unmatched("*ThreadSanitizer*");
    }
}

static void increments_in_order(void)
{
    both_increment(false);
}

static void increments_that_race(void)
{
    both_increment(true);
}

/* An unwatched function's access that is watched after all. */
TSAN_UNWATCHED static void *other_watched(void *opaque)
{
    Shared *s = opaque;

    for (int i = 0; i < TURNS; i++) {
        tsan_write(&s->value, sizeof(s->value));
        *(volatile int *)&s->value = i;
    }
    return NULL;
}

static void watched_in_unwatched(void)
{
    Shared s = { 0 };
    GThread *t = g_thread_new("other", other_watched, &s);

    increment(&s, true);
    g_thread_join(t);
}

static void test_lock(void)
{
    in_process(increments_in_order, false);
}

static void test_no_lock(void)
{
    in_process(increments_that_race, true);
}

static void test_cond(void)
{
    in_process(hand_over, false);
}

static void test_rcu(void)
{
    in_process(replace_by_rcu, false);
}

static void test_watched(void)
{
    in_process(watched_in_unwatched, true);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tsan/lock", test_lock);
    g_test_add_func("/tsan/one-without-the-lock", test_no_lock);
    g_test_add_func("/tsan/condition", test_cond);
    g_test_add_func("/tsan/rcu", test_rcu);
    g_test_add_func("/tsan/watched-in-unwatched", test_watched);
    return g_test_run();
}
