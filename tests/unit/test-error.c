/*
 * Every error names its culprit and the nearest spelling.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/error.h"

static void test_nearest(void)
{
    const char *const names[] = { "virt", "spike", "none", "virtio-blk-device", NULL };
    g_autoptr(GError) err = NULL;

    g_assert_false(error_set_unknown(&err, "machine", "vitr", names));
    g_assert_cmpstr(err->message, ==, "unknown machine 'vitr'");
    g_assert_cmpstr(error_get_culprit(err), ==, "machine 'vitr'");
    g_assert_cmpstr(error_get_nearest(err), ==, "virt");
    g_assert_null(error_nearest("something-else", names));
}

static void test_prefix_and_hint(void)
{
    g_autoptr(GError) err = NULL;

    error_set_errno(&err, ENOENT, "file '%s'", "x");
    error_prefix(&err, "option -%s", "bios");
    error_add_hint(&err, "a");
    error_add_hint(&err, "b");
    g_assert_cmpstr(err->message, ==, "option -bios: file 'x': No such file or directory");
    g_assert_cmpstr(error_get_hint(err), ==, "a; b");
    g_assert_cmpint(error_get_class(err), ==, ERROR_GENERIC);
}

static void test_null_is_fine(void)
{
    g_assert_false(error_set(NULL, "x"));
    error_add_hint(NULL, "x");
    error_set_unknown(NULL, "a", "b", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/nearest", test_nearest);
    g_test_add_func("/error/prefix-and-hint", test_prefix_and_hint);
    g_test_add_func("/error/null", test_null_is_fine);
    return g_test_run();
}
