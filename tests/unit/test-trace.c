/*
 * Trace events (util/tracing.c, util/tracing-ctf.c) by a table of their own: names and patterns,
 * arguments that are not evaluated, every type as text, and a file that several threads
 * write, read back here byte for byte (tests/clients/trace reads one by babeltrace2).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/trace.h"
#include "util/log.h"
#include "util/tracing-record.h"
#include <glib/gstdio.h>

static char *folder;

static void state_of(const char *name, uint8_t *flag, void *opaque)
{
    *(unsigned *)opaque = *(unsigned *)opaque * 2 + *flag;
}

/* The flags of the table's events, the first one the highest bit. */
static unsigned states(void)
{
    unsigned bits = 0;

    g_assert_cmpuint(trace_foreach(NULL, state_of, &bits), ==, 5);
    return bits;
}

static void refused(bool ok, GError **err, const char *text)
{
    g_assert_false(ok);
    g_assert_nonnull(*err);
    if (!strstr((*err)->message, text)) {
        g_error("'%s' does not contain '%s'", (*err)->message, text);
    }
    g_clear_error(err);
}

static void test_patterns(void)
{
    static const struct {
        const char *pattern;
        unsigned states;
    } steps[] = {
        { "sample_nothing_at_all", 0x04 }, { "sample_????_types", 0x0c }, { "*", 0x1f },
        { "-sample_*", 0x01 },             { "*thing*", 0x05 },           { "-*", 0 },
    };
    GError *err = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_assert_true(trace_enable(steps[i].pattern, &err));
        g_assert_cmphex(states(), ==, steps[i].states);
    }
    refused(trace_enable("sample_nothing", &err), &err,
            "unknown trace event 'sample_nothing'");
    refused(trace_enable("sample_x*", &err), &err, "no trace event matches 'sample_x*'");
    refused(trace_enable("", &err), &err, "unknown trace event ''");
    refused(trace_enable("-", &err), &err, "unknown trace event ''");
    g_assert_false(trace_enable("other_thing_od", &err));
    g_assert_cmpstr(error_get_nearest(err), ==, "other_thing_do");
    g_clear_error(&err);
    g_assert_cmphex(states(), ==, 0);
}

static void test_events_file(void)
{
    g_autofree char *path = g_build_filename(folder, "events", NULL);
    GError *err = NULL;

    g_assert_true(g_file_set_contents(path, "# all but one\n\n *sample* \n-*cost*", -1, NULL));
    g_assert_true(trace_enable_file(path, &err));
    g_assert_cmphex(states(), ==, 0x1c);
    g_assert_true(trace_enable("-*", &err));
    g_assert_true(g_file_set_contents(path, "sample_*\nnonsense\n", -1, NULL));
    refused(trace_enable_file(path, &err), &err, "/events:2: unknown trace event 'nonsense'");
    g_assert_true(trace_enable("-*", &err));
    refused(trace_enable_file("/nonexistent/events", &err), &err, "/nonexistent/events");
}

static unsigned evaluated;
static unsigned evaluate(void)
{
    return ++evaluated;
}

static void test_not_evaluated(void)
{
    g_assert_false(trace_sample_cost_of_enabled());
    trace_sample_cost_of(evaluate());
    g_assert_cmpuint(evaluated, ==, 0);
}

static void send_samples(void)
{
    trace_sample_all_types(true, 'x', INT8_MIN, UINT8_MAX, INT16_MIN, 0xfeed, INT32_MIN,
                           UINT32_MAX, INT64_MIN, UINT64_MAX);
    trace_sample_more_types(-1, 2, -3, 4, 5, -6, NULL, (void *)0x1234, NULL);
    trace_sample_nothing_at_all();
    trace_other_thing_do("a name");
}

static void test_text(void)
{
    g_autofree char *path = g_build_filename(folder, "log", NULL), *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(log_set_file(path, NULL));
    g_assert_true(log_set_items("trace:*", NULL));
    send_samples();
    trace_set_timestamps(true);
    trace_sample_nothing_at_all();
    trace_set_timestamps(false);
    g_assert_true(trace_enable("-*", NULL));
    send_samples();
    log_close();
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 6);
    g_assert_cmpstr(lines[0], ==,
                    "sample_all_types 1 x -128 255 -32768 feed -2147483648 4294967295 "
                    "-9223372036854775808 0xffffffffffffffff");
    g_assert_cmpstr(lines[1], ==,
                    "sample_more_types -1 2 -3 4 5 -6 (nil) 0x1234 '(null)' 100%");
    g_assert_cmpstr(lines[2], ==, "sample_nothing_at_all");
    g_assert_cmpstr(lines[3], ==, "other_thing_do a name");
    g_assert_true(g_regex_match_simple("^[0-9]+@[0-9]+\\.[0-9]{6}:sample_nothing_at_all$",
                                       lines[4], 0, 0));
    GError *err = NULL;
    refused(log_set_items("in_asm,trace:sampel_*", &err), &err, "'sampel_*'");
}

/* ---- Reading a stream file back ---- */

enum { HEAD = 48, RECORD_HEAD = 16, N_THREADS = 4, PER_THREAD = 20000 };

static uint64_t get(const char *p, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

typedef struct Found {
    unsigned records, discarded;
    unsigned last[N_THREADS]; /* number in each thread */
    char *first;              /* payload of the first record */
} Found;

/* Check every packet's head and each record's id, time and payload. */
static void read_stream(const char *path, Found *f)
{
    g_autofree char *data = NULL;
    gsize size, at = 0;
    uint64_t time = 0;

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    while (at < size) {
        const char *p = data + at;
        uint64_t content = get(p + 24, 8) / 8, packet = get(p + 32, 8) / 8;

        g_assert_cmphex(get(p, 4), ==, 0xc1fc1fc1);
        g_assert_cmpuint(get(p + 4, 4), ==, 0);
        g_assert_cmpuint(content, <=, packet);
        g_assert_cmpuint(at + packet, <=, size);
        f->discarded = get(p + 40, 8);
        for (uint64_t r = HEAD; r < content;) {
            uint64_t now = get(p + r + 4, 8);
            const char *args = p + r + RECORD_HEAD;

            g_assert_cmpuint(now, >=, time);
            time = now;
            f->records++;
            /* Numbers follow the order of the table. */
            if (get(p + r, 4) == 3) {
                uint32_t value = get(args, 4), thread = value / PER_THREAD;

                g_assert_cmpuint(value % PER_THREAD, ==, f->last[thread]);
                f->last[thread]++;
                r += RECORD_HEAD + 4;
            } else {
                g_assert_cmpuint(get(p + r, 4), ==, 4);
                if (!f->first) {
                    f->first = g_strdup(args);
                }
                r += RECORD_HEAD + strlen(args) + 1;
            }
        }
        at += packet;
    }
}

static void *write_many(void *opaque)
{
    unsigned thread = GPOINTER_TO_UINT(opaque);

    for (unsigned i = 0; i < PER_THREAD; i++) {
        trace_sample_cost_of(thread * PER_THREAD + i);
    }
    return NULL;
}

static void test_ctf(void)
{
    g_autofree char *path = g_build_filename(folder, "ctf", NULL);
    g_autofree char *metadata = g_build_filename(path, "metadata", NULL), *text = NULL;
    g_autofree char *alien = g_build_filename(path, "alien", NULL);
    g_autofree char *longest = g_strnfill(3000, 'x');
    GThread *threads[N_THREADS];
    Found found = { 0 };
    GError *err = NULL;

    refused(trace_open("/nonexistent/trace", TRACE_CTF, &err), &err, "/nonexistent/trace");
    refused(trace_open("/nonexistent/trace", TRACE_TEXT, &err), &err, "/nonexistent/trace");
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    g_assert_true(g_file_set_contents(alien, "", 0, NULL));
    refused(trace_open(path, TRACE_CTF, &err), &err, "holds 'alien'");
    g_unlink(alien);
    g_assert_true(trace_open(path, TRACE_CTF, &err));
    g_assert_true(g_file_get_contents(metadata, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "name = \"sample_all_types\""));
    g_assert_nonnull(strstr(text, "signed = true; base = 10; } _i16;"));
    g_assert_nonnull(strstr(text, "size = 64; align = 8; signed = false; base = 16; } _u64;"));
    g_assert_nonnull(strstr(text, "string _text;"));

    g_assert_true(trace_enable("sample_cost_of", NULL));
    g_assert_true(trace_enable("other_*", NULL));
    trace_other_thing_do(longest); /* cut */
    for (unsigned i = 0; i < N_THREADS; i++) {
        threads[i] = g_thread_new("writer", write_many, GUINT_TO_POINTER(i));
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(trace_close(), ==, 0);
    trace_other_thing_do("off");
    for (unsigned i = 0; i <= N_THREADS; i++) {
        g_autofree char *name = g_strdup_printf("%s/stream-%u", path, i);

        if (g_file_test(name, G_FILE_TEST_EXISTS)) { /* threads one by one share streams */
            read_stream(name, &found);
        }
    }
    g_assert_cmpuint(found.records, ==, N_THREADS * PER_THREAD + 1);
    g_assert_cmpuint(found.discarded, ==, 0);
    g_assert_cmpuint(strlen(found.first), ==, TRACE_STRING_MAX);
    for (unsigned i = 0; i < N_THREADS; i++) {
        g_assert_cmpuint(found.last[i], ==, PER_THREAD);
    }
    g_free(found.first);
    /* What an earlier trace left is replaced. */
    g_assert_true(trace_open(path, TRACE_CTF, &err));
    g_autofree char *stream = g_build_filename(path, "stream-0", NULL);
    g_assert_false(g_file_test(stream, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("rhea-trace-XXXXXX", NULL);
    g_test_add_func("/trace/patterns", test_patterns);
    g_test_add_func("/trace/events-file", test_events_file);
    g_test_add_func("/trace/not-evaluated", test_not_evaluated);
    g_test_add_func("/trace/text", test_text);
    g_test_add_func("/trace/ctf", test_ctf);
    status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
    if (system(command) != 0) {
        status = 1;
    }
    return status;
}
