/*
 * Sizes, FIFOs, the log, the main loop's calls and descriptors, signals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/cutils.h"
#include "util/fifo8.h"
#include "util/log.h"
#include "util/main-loop.h"
#include "util/signals.h"
#include <fcntl.h>
#include <signal.h>

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t unit;
        uint64_t value; /* UINT64_MAX: refused */
    } cases[] = {
        { "0", 1, 0 },
        { "17", 1, 17 },
        { "17", MiB, 17 * MiB },
        { "0x10", 1, 16 },
        { "1.5G", MiB, 1536 * MiB },
        { "1.5", MiB, 1536 * KiB },
        { "0.5k", 1, 512 },
        { "3b", MiB, 3 },
        { "2T", 1, 2 * TiB },
        { "010", 1, 10 },
        { "16383P", 1, UINT64_C(16383) << 50 },
        { "16384P", 1, UINT64_MAX },
        { "16E", 1, UINT64_MAX },
        { "1.5", 1, UINT64_MAX },
        { "1.5.5G", 1, UINT64_MAX },
        { "-1", 1, UINT64_MAX },
        { "+1", 1, UINT64_MAX },
        { " 1", 1, UINT64_MAX },
        { "1 ", 1, UINT64_MAX },
        { "1X", 1, UINT64_MAX },
        { "1kk", 1, UINT64_MAX },
        { ".5G", 1, UINT64_MAX },
        { "", 1, UINT64_MAX },
        { "0x", 1, UINT64_MAX },
        { "99999999999999999999999", 1, UINT64_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t value = UINT64_MAX;
        bool ok = parse_size(cases[i].text, cases[i].unit, &value);

        g_test_message("%s", cases[i].text);
        g_assert_cmpuint(value, ==, cases[i].value);
        g_assert_cmpint(ok, ==, cases[i].value != UINT64_MAX);
    }
}

static void test_format_size(void)
{
    g_autofree char *a = format_size(1536 * MiB), *b = format_size(17);

    g_assert_cmpstr(a, ==, "1.5 GiB");
    g_assert_cmpstr(b, ==, "17 B");
}

/* The FIFO is a queue however its ring has turned; full and empty do no harm. */
static void test_fifo(void)
{
    Fifo8 f;
    uint8_t in = 0, out = 0;

    fifo8_create(&f, 5);
    g_assert_cmpint(fifo8_pop(&f), ==, 0);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < round % 6; i++) {
            if (!fifo8_is_full(&f)) {
                fifo8_push(&f, in++);
            }
        }
        g_assert_cmpint(f.num, ==, (uint8_t)(in - out));
        for (uint32_t i = 0; i < f.num; i++) {
            g_assert_cmpint(fifo8_peek(&f, i), ==, (uint8_t)(out + i));
        }
        for (int i = 0; i < round % 4 && !fifo8_is_empty(&f); i++) {
            g_assert_cmpint(fifo8_pop(&f), ==, out++);
        }
    }
    while (!fifo8_is_full(&f)) {
        fifo8_push(&f, 1);
    }
    fifo8_push(&f, 99);
    g_assert_cmpint(f.num, ==, 5);
    g_assert_cmpint(fifo8_num_free(&f), ==, 0);
    g_assert_cmpint(fifo8_peek(&f, 5), ==, 0);
    fifo8_destroy(&f);
}

static void test_log_items(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) help = g_string_new(NULL);

    g_assert_true(log_set_items("int,guest_errors", NULL));
    g_assert_true(log_enabled(LOG_INT));
    g_assert_false(log_enabled(LOG_EXEC));
    g_assert_false(log_set_items("int,in_asn", &err));
    g_assert_cmpstr(error_get_nearest(err), ==, "in_asm");
    g_assert_true(log_enabled(LOG_INT));
    g_assert_true(log_set_items("all", NULL));
    g_assert_false(log_enabled(LOG_NOCHAIN));
    g_assert_true(log_set_items("none", NULL));
    log_items_help(help);
    g_assert_nonnull(strstr(help->str, "out_asm"));
}

static void test_log_filter(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(log_in_filter(7));
    g_assert_true(log_set_filter("0x1000+0x10,0x2fff-0x10,0x4000..0x4001", NULL));
    g_assert_false(log_in_filter(0xfff));
    g_assert_true(log_in_filter(0x1000));
    g_assert_true(log_in_filter(0x100f));
    g_assert_false(log_in_filter(0x1010));
    g_assert_false(log_in_filter(0x2fef));
    g_assert_true(log_in_filter(0x2ff0));
    g_assert_true(log_in_filter(0x4001));
    g_assert_false(log_set_filter("0x1000+0", NULL));
    g_assert_false(log_set_filter("2..1", NULL));
    g_assert_false(log_set_filter("0xffffffffffffffff+2", NULL));
    g_assert_false(log_set_filter("x", &err));
    g_assert_cmpstr(error_get_culprit(err), ==, "address range 'x'");
    g_assert_true(log_in_filter(0x1000));
}

static void test_log_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("rhea-test-XXXXXX", NULL);
    g_autofree char *pattern = g_build_filename(dir, "log-%d", NULL);
    g_autofree char *path = g_strdup_printf("%s/log-%d", dir, (int)getpid());
    g_autofree char *missing = g_build_filename(dir, "none", "log", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;

    g_assert_true(log_set_file(pattern, NULL));
    log_printf("%d %s\n", 1, "one");
    g_assert_false(log_set_file(missing, &err));
    g_assert_nonnull(strstr(err->message, missing));
    log_write("two\n");
    log_close();
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "1 one\ntwo\n");
    unlink(path);
    rmdir(dir);
}

/* ---- The main loop ---- */

static int calls;

static void count_call(void *opaque)
{
    g_assert_true(machine_locked());
    calls++;
}

static void call_again(void *opaque)
{
    calls++;
    main_loop_call(call_again, NULL);
}

static void *call_from_thread(void *opaque)
{
    main_loop_call(count_call, NULL);
    return NULL;
}

static void test_calls(void)
{
    unsigned id = main_loop_call(count_call, NULL);
    GThread *thread;

    main_loop_call(count_call, NULL);
    main_loop_cancel(id);
    main_loop_wait(false); /* does not block: a call is pending */
    g_assert_cmpint(calls, ==, 1);

    calls = 0;
    thread = g_thread_new("call", call_from_thread, NULL);
    while (!calls) {
        main_loop_wait(false);
    }
    g_thread_join(thread);

    calls = 0;
    main_loop_call(call_again, NULL);
    main_loop_wait(true);
    g_assert_cmpint(calls, ==, 1); /* one turn, not for ever */
}

static int fds[2];
static int reads;

static void on_readable(void *opaque)
{
    char c;

    g_assert_cmpint(read(fds[0], &c, 1), >=, 0);
    reads++;
    if (reads == 2) {
        main_loop_watch_fd(fds[0], NULL, NULL, NULL);
    }
}

static void test_watch(void)
{
    g_assert_cmpint(pipe2(fds, O_NONBLOCK), ==, 0);
    main_loop_watch_fd(fds[0], on_readable, NULL, NULL);
    main_loop_wait(true);
    g_assert_cmpint(reads, ==, 0);
    g_assert_cmpint(write(fds[1], "abc", 3), ==, 3);
    for (int i = 0; i < 5; i++) {
        main_loop_wait(true);
    }
    g_assert_cmpint(reads, ==, 2); /* it removed itself */
    main_loop_watch_fd(fds[0], on_readable, NULL, NULL);
    close(fds[1]);
    reads = 2;
    main_loop_wait(true);
    main_loop_wait(true);
    g_assert_cmpint(reads, >, 2); /* the end of file is told too */
    main_loop_watch_fd(fds[0], on_readable, NULL, NULL);
    close(fds[0]);                /* closed without a word: no spinning, no crash */
    main_loop_wait(true);
    reads = 0;
    main_loop_wait(true);
    g_assert_cmpint(reads, ==, 0);
}

static int idle_ran;

static gboolean on_idle(void *opaque)
{
    idle_ran++;
    return G_SOURCE_REMOVE;
}

static void test_glib_source(void)
{
    g_idle_add(on_idle, NULL);
    g_timeout_add(1, on_idle, NULL);
    while (idle_ran < 2) {
        main_loop_wait(false);
    }
}

static int caught;
static pid_t caught_from;

static void on_signal(int signum, pid_t sender, void *opaque)
{
    caught = signum;
    caught_from = sender;
}

static void test_signals(void)
{
    g_assert_true(signals_init(on_signal, NULL, NULL));
    kill(getpid(), SIGTERM);
    while (!caught) {
        main_loop_wait(false);
    }
    g_assert_cmpint(caught, ==, SIGTERM);
    g_assert_cmpint(caught_from, ==, getpid());
    kill(getpid(), SIGPIPE); /* ignored */
}

typedef struct Greedy {
    uint32_t end;     /* (a) */
    uint32_t turns;   /* (a) times that it had the lock */
    uint32_t selfish; /* (a) while another thread waited */
} Greedy;

/* Takes the lock again as soon as it has given it up, which it does late once it is asked to. */
static void *greedy_thread(void *opaque)
{
    Greedy *g = opaque;

    while (!atomic_read(&g->end)) {
        machine_lock();
        atomic_fetch_add(&g->turns, 1);
        if (machine_lock_wanted()) {
            atomic_fetch_add(&g->selfish, 1);
            g_usleep(1000); /* longer than anybody's patience */
        }
        machine_unlock();
    }
    return NULL;
}

static void test_fair_lock(void)
{
    Greedy g = { 0 };
    GThread *thread = g_thread_new("greedy", greedy_thread, &g);

    for (unsigned i = 0; i < 50; i++) {
        machine_unlock();
        while (!atomic_read(&g.turns)) {
            sched_yield();
        }
        atomic_set(&g.turns, 0);
        atomic_set(&g.selfish, 0);
        machine_lock();
        /* One or two; more where this thread is not run though it was woken. */
        g_assert_cmpuint(atomic_read(&g.selfish), <, 300);
    }
    atomic_set(&g.end, 1);
    machine_lock_yield();
    machine_unlock();
    g_thread_join(thread);
    machine_lock();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    g_test_add_func("/util/sizes", test_sizes);
    g_test_add_func("/util/format-size", test_format_size);
    g_test_add_func("/util/fifo8", test_fifo);
    g_test_add_func("/log/items", test_log_items);
    g_test_add_func("/log/filter", test_log_filter);
    g_test_add_func("/log/file", test_log_file);
    g_test_add_func("/main-loop/fair-lock", test_fair_lock);
    g_test_add_func("/main-loop/watch", test_watch);
    g_test_add_func("/main-loop/glib", test_glib_source);
    g_test_add_func("/main-loop/signals", test_signals);
    g_test_add_func("/main-loop/calls", test_calls);
    return g_test_run();
}
