/*
 * See each-backend.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <sys/wait.h>

#include "tcg/tcg.h"
#include "tests/unit/each-backend.h"

typedef struct Run {
    const void *one;
    const char *backend;
    void (*run)(const void *one, const char *backend);
} Run;

double each_backend_slowness(void)
{
    const char *slow = getenv("RHEA_TEST_SLOW");
    return MAX(1, slow ? atof(slow) : 1);
}

static void no_backend(void)
{
    g_test_skip("this build has no such backend");
}

static void run_case(gconstpointer data)
{
    const Run *r = data;
    fflush(NULL);
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        alarm((g_test_slow() ? 1000 : 200) * each_backend_slowness());
        r->run(r->one, r->backend);
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

int each_backend_main(int argc, char **argv, const char *name, const void *cases, size_t n,
                      size_t size, void (*run)(const void *one, const char *backend))
{
    static const char *const backends[] = { "interp", "x86_64", "interp-tier2",
                                            "x86_64-tier2" };
    g_test_init(&argc, &argv, NULL);
    Run *runs = g_new(Run, n * ARRAY_SIZE(backends));
    Run *r = runs;
    for (unsigned b = 0; b < ARRAY_SIZE(backends); b++) {
        g_auto(GStrv) words = g_strsplit(backends[b], "-", 2);
        if (!tcg_backend_find(words[0])) {
            g_autofree char *path = g_strdup_printf("/%s/%s", name, backends[b]);
            g_test_add_func(path, no_backend);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            const void *one = (const char *)cases + i * size;
            g_autofree char *path = g_strdup_printf("/%s/%s/%s", name, backends[b],
                                                    *(const char *const *)one);
            *r = (Run){ one, backends[b], run };
            g_test_add_data_func(path, r++, run_case);
        }
    }
    int status = g_test_run();
    g_free(runs);
    return status;
}

void each_backend_set(Object *accel, const char *backend)
{
    GError *err = NULL;
    g_auto(GStrv) words = g_strsplit(backend, "-", 2);
    g_assert_true(object_set_str(accel, "backend", words[0], &err));
    g_assert_true(object_set_bool(accel, "tier2", words[1] != NULL, &err));
    g_assert_true(object_set_uint(accel, "tier2-threshold", 1, &err));
}
