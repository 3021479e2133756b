/*
 * JSON text: what is refused and where, how the stream goes on, and the form that is written.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qapi/json-scanner.h"

/* Every result of a stream on a line: compact JSON, or "! " and the message. */
static void note(void *opaque, struct json_object *value, GError *err)
{
    GString *out = opaque;

    if (err) {
        g_string_append_printf(out, "! %s\n", err->message);
        g_error_free(err);
    } else {
        json_append(out, value, false);
        g_string_append_c(out, '\n');
        json_object_put(value);
    }
}

static char *scan(const char *text, size_t len, size_t step)
{
    GString *out = g_string_new(NULL);
    g_autoptr(JsonScanner) s = json_scanner_new(note, out);

    for (size_t i = 0; i < len; i += step) {
        json_scanner_feed(s, text + i, MIN(step, len - i));
    }
    json_scanner_finish(s);
    return g_string_free(out, FALSE);
}

static void check(const char *text, size_t len, const char *expected)
{
    g_autofree char *whole = scan(text, len, len);
    g_autofree char *bytes = scan(text, len, 1);

    g_assert_cmpstr(whole, ==, expected);
    g_assert_cmpstr(bytes, ==, expected);
}

#define CHECK(text, expected) check(text, sizeof(text) - 1, expected)
#define ERR                   "JSON parse error, "

static void test_values(void)
{
    CHECK("{'a': \"it's\", \"b\": [1, -0, 2.50, 1e3, true, null]} {}[]",
          "{\"a\": \"it's\", \"b\": [1, 0, 2.5, 1000.0, true, null]}\n{}\n[]\n");
    CHECK("18446744073709551615 -9223372036854775808 18446744073709551616",
          "18446744073709551615\n-9223372036854775808\n1.8446744073709552e+19\n");
    CHECK("\"\\u00e9\\ud83d\\ude00\\u0000\\/\x7f\xc3\xa9\" '\\'\"'",
          "\"\\u00E9\\uD83D\\uDE00\\u0000/\\u007F\\u00E9\"\n\"'\\\"\"\n");
    CHECK("\"\xc0\x80\"", "\"\\u0000\"\n");
    CHECK("{\"z\":1,\n\"a\":2}\r\n\t{\"m\":{}}", "{\"z\": 1, \"a\": 2}\n{\"m\": {}}\n");
    CHECK("", "");
}

static void test_malformed(void)
{
    CHECK("foo {}", "! 1:1: " ERR "invalid keyword 'foo'\n{}\n");
    CHECK("tru", "! 1:1: " ERR "invalid keyword 'tru'\n");
    CHECK("{\"a\":1,}[]", "! 1:8: " ERR "expecting key\n[]\n");
    CHECK("{1:2}[]", "! 1:2: " ERR "expecting key\n[]\n");
    CHECK("{a:1}[]", "! 1:2: " ERR "expecting key\n[]\n");
    CHECK("{][]", "! 1:2: " ERR "expecting key\n[]\n");
    CHECK("{\"a\" 1}[]", "! 1:6: " ERR "expecting ':'\n[]\n");
    CHECK("{\"a\":}[]", "! 1:6: " ERR "expecting value\n[]\n");
    CHECK("}[]", "! 1:1: " ERR "expecting value\n[]\n");
    CHECK("][]", "! 1:1: " ERR "expecting value\n[]\n");
    CHECK("[}[]", "! 1:2: " ERR "expecting value\n[]\n");
    CHECK("[1 2][]", "! 1:4: " ERR "expecting ',' or ']'\n[]\n");
    CHECK("{\"a\":1 {\"b\":[2]}}[]", "! 1:8: " ERR "expecting ',' or '}'\n[]\n");
    CHECK("[1,][]", "! 1:4: " ERR "expecting value\n[]\n");
    CHECK(", : []", "! 1:1: " ERR "expecting value\n! 1:3: " ERR "expecting value\n[]\n");
    CHECK("{\"a\":{\"b\":1,\n \"b\":2}}[]", "! 2:2: " ERR "duplicate key 'b'\n[]\n");
    CHECK("{\"a\\u0000b\":1}[]", "! 1:2: " ERR "NUL character in key 'a\\x00b'\n[]\n");
    CHECK("\"\\q\" []", "! 1:1: " ERR "invalid escape sequence in string\n[]\n");
    CHECK("\"\\u12g4\"", "! 1:1: " ERR "invalid escape sequence in string\n");
    CHECK("\"\\u12", "! 1:6: " ERR "the text ends inside a value\n");
    CHECK("\"\\ud800\"", "! 1:1: " ERR "\\ud800 is half of a surrogate pair\n");
    CHECK("\"\\ud800\\u0041\"", "! 1:1: " ERR "\\ud800 is half of a surrogate pair\n");
    CHECK("\"\\udc00\"", "! 1:1: " ERR "\\udc00 is half of a surrogate pair\n");
    CHECK("\"\xed\xa0\x80\"", "! 1:1: " ERR "invalid UTF-8 sequence in string\n");
    CHECK("\"\xf4\x90\x80\x80\"", "! 1:1: " ERR "invalid UTF-8 sequence in string\n");
    CHECK("\"\xc1\x81\"", "! 1:1: " ERR "invalid UTF-8 sequence in string\n");
    CHECK("\xef\xbb\xbf {}", "! 1:1: " ERR "stray '\\xEF\\xBB\\xBF'\n{}\n");
    CHECK("{\"a\": \"b\tc\", \"d\": {}}[]",
          "! 1:7: " ERR "control character \\x09 in string\n[]\n");
    CHECK("[1e400][]", "! 1:2: " ERR "number '1e400' is out of range\n[]\n");
    CHECK("{\"a\": [", "! 1:8: " ERR "the text ends inside a value\n");
}

static void test_stray(void)
{
    static const char *const words[] = { "+1", "01", ".5", "1.", "NaN", "%d", "@", "/",
                                         "-",  "1e", "0x1", "--1", "1.e5" };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        g_autofree char *text = g_strdup_printf("[%s][]", words[i]);
        g_autofree char *expected =
            g_strdup_printf("! 1:2: " ERR "stray '%s'\n[]\n", words[i]);

        check(text, strlen(text), expected);
    }
    CHECK("[\f][]", "! 1:2: " ERR "stray '\\x0C'\n[]\n");
    CHECK("[true\0][]", "! 1:2: " ERR "stray 'true\\x00'\n[]\n");
}

/* A string left open ends with its line, and with it everything around it. */
static void test_open_string(void)
{
    CHECK("{\"a\": \"abc\n{\"execute\": 1}",
          "! 1:7: " ERR "string not closed before the end of the line\n{\"execute\": 1}\n");
    CHECK("[@, \"x\n{}", "! 1:2: " ERR "stray '@'\n{}\n");
}

static void test_reset(void)
{
    CHECK("{\"a\": [\xff{}", "! 1:8: " ERR "stray '\\xFF'\n{}\n");
    CHECK("\"a\xff{}", "! 1:3: " ERR "stray '\\xFF'\n{}\n");
    CHECK("\xff{}", "! 1:1: " ERR "stray '\\xFF'\n{}\n");
    CHECK("[@, \xff{}", "! 1:2: " ERR "stray '@'\n! 1:5: " ERR "stray '\\xFF'\n{}\n");
}

static void check_nesting(unsigned depth, bool good)
{
    g_autofree char *open = g_strnfill(depth, '[');
    g_autofree char *close = g_strnfill(depth, ']');
    g_autofree char *text = g_strconcat(open, close, " {}", NULL);
    g_autofree char *result = scan(text, strlen(text), 100);

    g_assert_cmpint(*result == '!', ==, !good);
    g_assert_true(g_str_has_suffix(result, "\n{}\n"));
}

static void test_limits(void)
{
    g_autofree char *digits = g_strnfill(2000, '1');
    GString *text = g_string_new("[");
    g_autofree char *result = NULL;

    check_nesting(JSON_MAX_DEPTH, true);
    check_nesting(JSON_MAX_DEPTH + 1, false);
    check_nesting(5 * JSON_MAX_DEPTH, false);

    for (unsigned i = 0; i < JSON_MAX_TOKENS / 2 + 1; i++) {
        g_string_append(text, "1,");
    }
    g_string_append(text, "1] {}");
    result = scan(text->str, text->len, text->len);
    g_assert_nonnull(strstr(result, "tokens in one value\n{}\n"));
    g_clear_pointer(&result, g_free);

    g_string_assign(text, digits);
    result = scan(text->str, text->len, text->len);
    g_assert_true(g_str_has_prefix(result, "! 1:1: " ERR "stray '1111"));
    g_string_free(text, TRUE);
}

static void test_size_limit(void)
{
    size_t len = JSON_MAX_SIZE + 100;
    g_autofree char *text = g_malloc(len + 8);
    g_autofree char *result = NULL;

    memset(text, 'x', len);
    memcpy(text, "[\"", 2);
    memcpy(text + len, "\"] {}", 5);
    result = scan(text, len + 5, len + 5);
    g_assert_cmpstr(result, ==, "! 1:2: " ERR "more than 67108864 bytes in one value\n{}\n");
}

static void test_pretty(void)
{
    g_autoptr(json_object) v = json_parse("{'a': [1, {}], 'b': {'c': 'd'}}", NULL);
    g_autofree char *text = json_to_text(v, true);

    g_assert_cmpstr(text, ==,
                    "{\n    \"a\": [\n        1,\n        {\n        }\n    ],\n"
                    "    \"b\": {\n        \"c\": \"d\"\n    }\n}");
}

static void test_whole(void)
{
    struct json_object *v;

    g_assert_true(json_parse_value(" null ", &v, NULL));
    g_assert_null(v);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const texts[] = { "", "{} {}", "[", "{}]" };
        g_autoptr(GError) err = NULL;

        g_assert_null(json_parse(texts[i], &err));
        g_assert_nonnull(err);
    }
    g_autoptr(GError) err = NULL;
    g_assert_null(json_parse_object("[]", &err));
    g_assert_cmpstr(err->message, ==, "JSON value is not an object but of type array");
}

/* Whatever arrives, the stream is usable after 0xFF. */
static void test_random(void)
{
    static const char alphabet[] = "{}[],:\"'\\ \nu0d8e-.1tfn\xff\xc3\xa9\x01@";

    for (unsigned round = 0; round < 3000; round++) {
        char buf[64];
        g_autofree char *result = NULL;

        for (unsigned i = 0; i < sizeof(buf); i++) {
            buf[i] = alphabet[g_test_rand_int_range(0, sizeof(alphabet) - 1)];
        }
        memcpy(buf + sizeof(buf) - 12, "\xff{\"good\":1}", 12);
        result = scan(buf, sizeof(buf) - 1, 1 + round % 9);
        g_assert_true(g_str_has_suffix(result, "\n{\"good\": 1}\n"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/malformed", test_malformed);
    g_test_add_func("/json/stray", test_stray);
    g_test_add_func("/json/open-string", test_open_string);
    g_test_add_func("/json/reset", test_reset);
    g_test_add_func("/json/limits", test_limits);
    g_test_add_func("/json/size-limit", test_size_limit);
    g_test_add_func("/json/pretty", test_pretty);
    g_test_add_func("/json/whole", test_whole);
    g_test_add_func("/json/random", test_random);
    return g_test_run();
}
