/*
 * Option strings become values; what is wrong is named.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/keyval.h"
#include "qapi/json.h"

static void check(const char *text, const char *implied, const char *expected)
{
    bool help;
    g_autoptr(GError) err = NULL;
    g_autoptr(json_object) value = keyval_parse(text, implied, &help, &err);

    g_assert_no_error(err);
    g_autofree char *got = json_to_text(value, false);
    g_assert_cmpstr(got, ==, expected);
    g_assert_false(help);

    g_autofree char *back = keyval_to_text(value, implied);
    g_autoptr(json_object) again = keyval_parse(back, implied, &help, &err);
    g_assert_no_error(err);
    g_assert_true(json_equal(value, again));
}

static void check_error(const char *text, const char *implied, const char *expected)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(keyval_parse(text, implied, NULL, &err));
    g_assert_cmpstr(err->message, ==, expected);
}

static void test_good(void)
{
    check("", "type", "{}");
    check("virt", "type", "{\"type\": \"virt\"}");
    check("type=virt,aclint=on", "type", "{\"type\": \"virt\", \"aclint\": \"on\"}");
    check("a=b,c.d=e,list.0=x,list.1=y,", NULL,
          "{\"a\": \"b\", \"c\": {\"d\": \"e\"}, \"list\": [\"x\", \"y\"]}");
    check("l.1.x=b,l.0.x=a", NULL, "{\"l\": [{\"x\": \"a\"}, {\"x\": \"b\"}]}");
    check("a,,b=c", "file", "{\"file\": \"a,b=c\"}");
    check("path=a,,b,x=", NULL, "{\"path\": \"a,b\", \"x\": \"\"}");
    check("x=1,x=2", NULL, "{\"x\": \"2\"}");
    check("x=a=b", NULL, "{\"x\": \"a=b\"}");
}

static void test_help(void)
{
    bool help;
    g_autoptr(json_object) a = keyval_parse("help", "driver", &help, NULL);
    g_assert_true(help);
    g_autoptr(json_object) b = keyval_parse("virtio-rng-device,?", "driver", &help, NULL);
    g_autofree char *text = json_to_text(b, false);
    g_assert_true(help);
    g_assert_cmpstr(text, ==, "{\"driver\": \"virtio-rng-device\"}");
    g_autoptr(json_object) c = keyval_parse("path=help", "driver", &help, NULL);
    g_assert_false(help);
}

static void test_bad(void)
{
    check_error("virt", NULL, "Parameter 'virt' lacks '='");
    check_error("socket,server", "backend", "Parameter 'server' lacks '='");
    check_error("a,,=b,c", NULL, "Parameter 'a,=b' lacks '='");
    check_error("a..b=c", NULL, "Invalid parameter 'a..b'");
    check_error(".=c", NULL, "Invalid parameter '.'");
    check_error("a b=c", NULL, "Invalid parameter 'a b'");
    check_error("a=1,a.b=2", NULL, "Parameter 'a.b' is given both as a value and with members");
    check_error("a.b=1,a=2", NULL, "Parameter 'a' is given both as a value and with members");
    check_error("a.0=1,a.2=2", NULL, "Parameter 'a.1' is missing");
    check_error("a.00=1", NULL, "Parameter 'a.0' is missing");
    check_error("x.a.0=1,x.a.b=2", NULL, "Parameters 'x.a.*' mix names and numbers");

    g_autoptr(GError) err = NULL;
    g_assert_null(keyval_parse("id=x,nowait", NULL, NULL, &err));
    g_assert_cmpstr(error_get_hint(err), ==, "for a boolean write 'wait=off'");

    g_autofree char *deep = g_strnfill(1000, '.');
    for (unsigned i = 0; i < 1000; i += 2) {
        deep[i] = 'a';
    }
    memcpy(deep + 997, "=1", 3);
    g_assert_null(keyval_parse(deep, NULL, NULL, NULL));
}

static void test_json(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Visitor) v = keyval_visitor("{\"size\": 5}", NULL, NULL, &err);
    uint64_t size = 0;

    g_assert_true(visit_start_struct(v, NULL, NULL, 0, &err));
    g_assert_true(visit_type_size(v, "size", &size, &err));
    g_assert_cmpuint(size, ==, 5);
    visit_end_struct(v, NULL);
    g_assert_null(keyval_visitor("{\"size\"", NULL, NULL, &err));
    g_assert_nonnull(err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/good", test_good);
    g_test_add_func("/keyval/help", test_help);
    g_test_add_func("/keyval/bad", test_bad);
    g_test_add_func("/keyval/json", test_json);
    return g_test_run();
}
