/*
 * Expressions and formats of monitor commands (monitor/expr.h, monitor/value-format.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/expr.h"
#include "monitor/value-format.h"

static bool reg(const char *name, uint64_t *ret, void *opaque, GError **err)
{
    static const char *const names[] = { "pc", "a0", NULL };

    if (strcmp(name, "pc") == 0) {
        *ret = 0x80000000;
        return true;
    }
    return error_set_unknown(err, "register", name, names);
}

/* Blanks at the ends are skipped; @rest is what is left. */
static void check(const char *text, uint64_t expected, const char *rest)
{
    uint64_t value = 0;
    g_autoptr(GError) err = NULL;
    bool ok = expr_evaluate(&text, reg, NULL, &value, &err);

    g_assert_no_error(err);
    g_assert_true(ok);
    g_assert_cmphex(value, ==, expected);
    g_assert_cmpstr(text, ==, rest);
}

static void test_values(void)
{
    check("0", 0, "");
    check(" 12 ", 12, "");
    check("0x10 20", 0x10, "20");
    check("010", 8, "");
    check("0xffffffffffffffff", UINT64_MAX, "");
    check("'a'", 'a', "");
    check("' '", ' ', "");
    check("'\\n'", '\n', "");
    check("'\\''", '\'', "");
    check("'\\0'", 0, "");
    check("$pc+4", 0x80000004, "");
    check("$pc file", 0x80000000, "file");
}

/* & | and ^ bind tighter than + and -, looser than * / and %. */
static void test_operators(void)
{
    check("1+2*3", 7, "");
    check("1+2&3", 3, "");
    check("2*3&1", 0, "");
    check("1|2+1", 4, "");
    check("4^1+1", 6, "");
    check("10-3-2", 5, "");
    check("100/7/2", 7, "");
    check("-7/2", -3, "");
    check("-7%3", -1, "");
    check("7/-2", -3, "");
    check("~0", UINT64_MAX, "");
    check("~~1", 1, "");
    check("-(3)", -3, "");
    check("+5", 5, "");
    check("- - 5", 5, "");
    check("((1 + 2) * (3 + 4))", 21, "");
    check("0x8000000000000000/-1", UINT64_C(1) << 63, "");
    check("0x8000000000000000%-1", 0, "");
    check("0xffffffffffffffff+1", 0, "");
    check("8 /2", 4, "");
    check("8 /tmp/file", 8, "/tmp/file");
    check("1==1", 1, "==1");
    check("1)", 1, ")");
}

static void refuse(const char *text, const char *message)
{
    const char *start = text;
    uint64_t value;
    g_autoptr(GError) err = NULL;

    g_assert_false(expr_evaluate(&text, reg, NULL, &value, &err));
    g_assert_nonnull(err);
    g_assert_cmpstr(err->message, ==, message);
    g_assert_true(text == start);
}

static void test_errors(void)
{
    g_autofree char *deep = g_strnfill(100000, '(');
    g_autofree char *signs = g_strnfill(100000, '-');

    refuse("", "unexpected end of expression");
    refuse("  ", "unexpected end of expression");
    refuse("1 +", "unexpected end of expression");
    refuse("(1", "unexpected end of expression");
    refuse("(1 2)", "invalid character '2' in expression");
    refuse(")", "invalid character ')' in expression");
    refuse("*5", "invalid character '*' in expression");
    refuse("1 && 2", "invalid character '&' in expression");
    refuse("zzz", "invalid character 'z' in expression");
    refuse("1+\xc3\xa4", "invalid character '\xc3\xa4' in expression");
    refuse("1+\xff", "invalid character '\\xff' in expression");
    refuse("\x01", "invalid character '\\x01' in expression");
    refuse("1/0", "division by zero");
    refuse("1%(2-2)", "division by zero");
    refuse("0x", "'0x' is not a number");
    refuse("09", "'09' is not a number");
    refuse("12ab", "'12ab' is not a number");
    refuse("18446744073709551616", "number '18446744073709551616' is too large");
    refuse("$", "unexpected end of expression");
    refuse("$ pc", "invalid character ' ' in expression");
    refuse("$foo", "unknown register 'foo'");
    refuse("''", "invalid character ''' in expression");
    refuse("'ab'", "invalid character 'b' in expression");
    refuse("'\\q'", "invalid character 'q' in expression");
    refuse("'\\", "unexpected end of expression");
    refuse("'", "unexpected end of expression");
    refuse(deep, "expression is nested more than 64 deep");
    refuse(signs, "expression is nested more than 64 deep");
}

static void test_formats(void)
{
    ValueFormat f = VALUE_FORMAT_DEFAULT;
    static const char *const wrong[] = { "z", "4xz", "-1x", "x4", "99999999999999999999x",
                                         "1048577x", "\xff", "\xc3\xa4" };

    g_assert_true(value_format_parse("12dg", &f, NULL));
    g_assert_true(f.count == 12 && f.letter == 'd' && f.size == 8);
    /* Letter and size stay, the count does not. */
    g_assert_true(value_format_parse("3", &f, NULL));
    g_assert_true(f.count == 3 && f.letter == 'd' && f.size == 8);
    g_assert_true(value_format_parse(NULL, &f, NULL));
    g_assert_true(f.count == 1 && f.letter == 'd' && f.size == 8);
    g_assert_true(value_format_parse("c", &f, NULL));
    g_assert_true(f.letter == 'c' && f.size == 1);
    g_assert_true(value_format_parse("4cw", &f, NULL));
    g_assert_true(f.letter == 'c' && f.size == 4);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(value_format_parse(wrong[i], &f, &err));
        g_assert_nonnull(err);
        g_assert_true(f.letter == 'c' && f.size == 4);
    }
}

static void print(char letter, unsigned size, bool padded, uint64_t value, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);

    value_format_print(out, letter, size, padded, value);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_printing(void)
{
    print('x', 1, true, 0x97, "0x97");
    print('x', 4, true, 0x297, "0x00000297");
    print('x', 8, true, 1, "0x0000000000000001");
    print('d', 1, true, 2, "  2");
    print('u', 2, true, 642, "  642");
    print('d', 4, true, 663, "       663");
    print('u', 8, true, 2147483648, "          2147483648");
    print('o', 1, true, 2, " 02");
    print('o', 2, true, 0, "     0");
    print('o', 4, true, 0x297, "      01227");
    print('c', 1, true, 's', "'s'");
    print('c', 1, true, 0x97, "'\\x97'");
    print('c', 1, true, 10, "'\\n'");
    print('x', 8, false, 0x61, "0x61");
    print('x', 8, false, 0, "0");
    print('d', 8, false, -10, "-10");
    print('u', 8, false, UINT64_MAX, "18446744073709551615");
    print('o', 8, false, 8, "010");
    print('c', 8, false, 300, "'\\x12c'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/expr/values", test_values);
    g_test_add_func("/expr/operators", test_operators);
    g_test_add_func("/expr/errors", test_errors);
    g_test_add_func("/expr/formats", test_formats);
    g_test_add_func("/expr/printing", test_printing);
    return g_test_run();
}
