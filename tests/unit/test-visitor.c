/*
 * Visitors: types, ranges, missing and surplus members, each named by its full path.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qapi/visitor.h"

/* Visits { x: { TYPE m } } and returns the error's text, NULL if there is none. */
#define ERROR_OF(make, text, TYPE, var)                                                  \
    ({                                                                                   \
        g_autoptr(json_object) value_ = json_parse("{'x': {'m': " text "}}", NULL);      \
        g_autoptr(Visitor) v_ = make(value_);                                            \
        GError *err_ = NULL;                                                             \
        char *msg_ = NULL;                                                               \
        g_assert_true(visit_start_struct(v_, NULL, NULL, 0, NULL));                      \
        g_assert_true(visit_start_struct(v_, "x", NULL, 0, NULL));                       \
        if (!TYPE(v_, "m", var, &err_)) {                                                \
            msg_ = g_strdup(err_->message);                                              \
            g_error_free(err_);                                                          \
        }                                                                                \
        visit_end_struct(v_, NULL);                                                      \
        visit_end_struct(v_, NULL);                                                      \
        msg_;                                                                            \
    })
#define JSON_BAD(text, TYPE, var, msg)                                                   \
    do {                                                                                 \
        g_autofree char *m_ = ERROR_OF(visitor_new_json_input, text, TYPE, var);         \
        g_assert_cmpstr(m_, ==, msg);                                                    \
    } while (0)
#define JSON_GOOD(text, TYPE, var) JSON_BAD(text, TYPE, var, NULL)
#define STR_BAD(text, TYPE, var, msg)                                                    \
    do {                                                                                 \
        g_autofree char *m_ = ERROR_OF(visitor_new_keyval_input, text, TYPE, var);       \
        g_assert_cmpstr(m_, ==, msg);                                                    \
    } while (0)
#define STR_GOOD(text, TYPE, var) STR_BAD(text, TYPE, var, NULL)
#define BAD_VALUE(v)              "Parameter 'x.m' does not accept value '" v "'"
#define BAD_TYPE(t)               "Invalid parameter type for 'x.m', expected: " t

static void test_json_scalars(void)
{
    int64_t i = 7;
    uint64_t u = 7;
    uint8_t u8 = 7;
    int32_t i32 = 7;
    double d = 7;
    bool b = true;
    g_autofree char *s = NULL;

    JSON_GOOD("-9223372036854775808", visit_type_int64, &i);
    g_assert_cmpint(i, ==, INT64_MIN);
    JSON_BAD("9223372036854775808", visit_type_int64, &i, BAD_VALUE("9223372036854775808"));
    JSON_BAD("1.0", visit_type_int64, &i, BAD_TYPE("integer"));
    JSON_BAD("'1'", visit_type_int64, &i, BAD_TYPE("integer"));
    g_assert_cmpint(i, ==, INT64_MIN);
    JSON_GOOD("18446744073709551615", visit_type_uint64, &u);
    g_assert_cmpuint(u, ==, UINT64_MAX);
    JSON_BAD("-1", visit_type_uint64, &u, BAD_VALUE("-1"));
    JSON_BAD("256", visit_type_uint8, &u8, BAD_VALUE("256"));
    g_assert_cmpuint(u8, ==, 7);
    JSON_GOOD("255", visit_type_uint8, &u8);
    g_assert_cmpuint(u8, ==, 255);
    JSON_BAD("-2147483649", visit_type_int32, &i32, BAD_VALUE("-2147483649"));
    JSON_GOOD("-2147483648", visit_type_int32, &i32);
    g_assert_cmpint(i32, ==, INT32_MIN);
    JSON_GOOD("3", visit_type_number, &d);
    g_assert_cmpfloat(d, ==, 3);
    JSON_BAD("null", visit_type_bool, &b, BAD_TYPE("boolean"));
    JSON_BAD("'on'", visit_type_bool, &b, BAD_TYPE("boolean"));
    JSON_BAD("5", visit_type_str, &s, BAD_TYPE("string"));
    JSON_BAD("'a\\u0000b'", visit_type_str, &s, "Parameter 'x.m' must not contain NUL characters");
    JSON_BAD("'1k'", visit_type_size, &u, BAD_TYPE("integer"));
}

static void test_string_scalars(void)
{
    int64_t i = 0;
    uint64_t u = 0;
    int8_t i8 = 0;
    double d = 0;
    bool b = false;

    STR_GOOD("'0x7fffffffffffffff'", visit_type_int64, &i);
    g_assert_cmpint(i, ==, INT64_MAX);
    STR_GOOD("'-0x80'", visit_type_int8, &i8);
    g_assert_cmpint(i8, ==, -128);
    STR_GOOD("'010'", visit_type_int64, &i);
    g_assert_cmpint(i, ==, 10);
    STR_GOOD("5", visit_type_int64, &i);
    STR_BAD("''", visit_type_int64, &i, BAD_VALUE(""));
    STR_BAD("'0x'", visit_type_int64, &i, BAD_VALUE("0x"));
    STR_BAD("'1 '", visit_type_int64, &i, BAD_VALUE("1 "));
    STR_BAD("' 1'", visit_type_uint64, &u, BAD_VALUE(" 1"));
    STR_BAD("'-1'", visit_type_uint64, &u, BAD_VALUE("-1"));
    STR_BAD("'18446744073709551616'", visit_type_uint64, &u, BAD_VALUE("18446744073709551616"));
    STR_GOOD("'1.5G'", visit_type_size, &u);
    g_assert_cmpuint(u, ==, 3 * GiB / 2);
    STR_GOOD("'128m'", visit_type_size, &u);
    g_assert_cmpuint(u, ==, 128 * MiB);
    STR_GOOD("'0x1000'", visit_type_size, &u);
    g_assert_cmpuint(u, ==, 0x1000);
    STR_GOOD("'15E'", visit_type_size, &u);
    STR_GOOD("'128'", visit_type_size_mib, &u);
    g_assert_cmpuint(u, ==, 128 * MiB);
    STR_GOOD("'128k'", visit_type_size_mib, &u);
    g_assert_cmpuint(u, ==, 128 * KiB);
    JSON_GOOD("128", visit_type_size_mib, &u);
    g_assert_cmpuint(u, ==, 128);
    STR_BAD("'17592186044416'", visit_type_size_mib, &u, BAD_VALUE("17592186044416"));
    STR_BAD("'16E'", visit_type_size, &u, BAD_VALUE("16E"));
    STR_BAD("'15.99999999999999999999E'", visit_type_size, &u, BAD_VALUE("15.99999999999999999999E"));
    STR_BAD("'1.5'", visit_type_size, &u, BAD_VALUE("1.5"));
    STR_BAD("'1..5k'", visit_type_size, &u, BAD_VALUE("1..5k"));
    STR_BAD("'1kB'", visit_type_size, &u, BAD_VALUE("1kB"));
    STR_BAD("'-1k'", visit_type_size, &u, BAD_VALUE("-1k"));
    STR_BAD("''", visit_type_size, &u, BAD_VALUE(""));
    STR_GOOD("'-2.5e3'", visit_type_number, &d);
    g_assert_cmpfloat(d, ==, -2500);
    STR_BAD("'nan'", visit_type_number, &d, BAD_VALUE("nan"));
    STR_GOOD("'yes'", visit_type_bool, &b);
    g_assert_true(b);
    STR_GOOD("'off'", visit_type_bool, &b);
    g_assert_false(b);
    STR_BAD("'1'", visit_type_bool, &b, BAD_VALUE("1"));
}

static const char *const colours[] = { "red", "green", "blue", NULL };

static bool visit_colour(Visitor *v, int *obj, GError **err)
{
    return visit_type_enum(v, "colour", obj, colours, err);
}

static void test_enum(void)
{
    g_autoptr(json_object) value = json_parse("{'colour': 'gren'}", NULL);
    g_autoptr(Visitor) v = visitor_new_json_input(value);
    g_autoptr(GError) err = NULL;
    int colour = 2;

    visit_start_struct(v, NULL, NULL, 0, NULL);
    g_assert_false(visit_colour(v, &colour, &err));
    g_assert_cmpstr(err->message, ==, "Parameter 'colour' does not accept value 'gren'");
    g_assert_cmpstr(error_get_nearest(err), ==, "green");
    g_assert_cmpstr(error_get_expected(err), ==, "one of: red, green, blue");
    g_assert_cmpint(colour, ==, 2);
}

static void test_members(void)
{
    g_autoptr(json_object) value = json_parse("{'path': 'a', 'l': [{'flie': 1}]}", NULL);
    g_autoptr(Visitor) v = visitor_new_json_input(value);
    g_autofree char *path = NULL;
    bool present = true;
    void *s = NULL;

    g_assert_true(visit_start_struct(v, NULL, &s, 16, NULL));
    g_assert_nonnull(s);
    g_assert_true(visit_type_str(v, "path", &path, NULL));
    g_assert_true(visit_start_list(v, "l", NULL));
    g_assert_true(visit_next_list(v, false));
    g_assert_true(visit_start_struct(v, NULL, NULL, 0, NULL));
    g_assert_false(visit_optional(v, "file", &present));
    {
        g_autoptr(GError) err = NULL;
        g_assert_false(visit_type_str(v, "name", &path, &err));
        g_assert_cmpstr(err->message, ==, "Parameter 'l[0].name' is missing");
    }
    {
        g_autoptr(GError) err = NULL;
        g_assert_false(visit_check_struct(v, &err));
        g_assert_cmpstr(err->message, ==, "Parameter 'l[0].flie' is unexpected");
        g_assert_cmpstr(error_get_nearest(err), ==, "file");
    }
    visit_end_struct(v, NULL);
    g_assert_false(visit_next_list(v, false));
    visit_end_list(v);
    g_assert_true(visit_check_struct(v, NULL));
    visit_end_struct(v, &s);
    g_free(s);
}

static void test_output(void)
{
    g_autoptr(Visitor) v = visitor_new_json_output();
    uint64_t big = UINT64_MAX;
    int colour = 1;
    bool yes = true;
    char *none = NULL;

    visit_start_struct(v, NULL, NULL, 0, NULL);
    visit_type_uint64(v, "u", &big, NULL);
    visit_start_list(v, "l", NULL);
    g_assert_true(visit_next_list(v, true));
    visit_type_bool(v, NULL, &yes, NULL);
    g_assert_false(visit_next_list(v, false));
    visit_end_list(v);
    visit_colour(v, &colour, NULL);
    visit_type_null(v, "n", NULL);
    visit_type_str(v, "s", &none, NULL);
    visit_end_struct(v, NULL);

    g_autoptr(json_object) value = visitor_take_output(v);
    g_autofree char *text = json_to_text(value, false);
    g_assert_cmpstr(text, ==,
                    "{\"u\": 18446744073709551615, \"l\": [true], \"colour\": \"green\", "
                    "\"n\": null, \"s\": \"\"}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/visitor/json-scalars", test_json_scalars);
    g_test_add_func("/visitor/string-scalars", test_string_scalars);
    g_test_add_func("/visitor/enum", test_enum);
    g_test_add_func("/visitor/members", test_members);
    g_test_add_func("/visitor/output", test_output);
    return g_test_run();
}
