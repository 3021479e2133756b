/*
 * Expressions in monitor commands (monitor/expr.h): recursive descent over the line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/expr.h"

enum { MAX_DEPTH = 64 };

typedef struct Expr {
    const char *p;
    ExprRegister reg;
    void *opaque;
    unsigned depth;
    GError **err;
} Expr;

static bool parse_sum(Expr *e, uint64_t *ret);
static bool parse_unary(Expr *e, uint64_t *ret);

/* The next character that is not blank. */
static char peek(Expr *e)
{
    while (g_ascii_isspace(*e->p)) {
        e->p++;
    }
    return *e->p;
}

static bool take(Expr *e, char c)
{
    if (peek(e) != c) {
        return false;
    }
    e->p++;
    return true;
}

/* '*e->p' is not what an expression goes on with. */
static bool unexpected(Expr *e, const char *expected)
{
    if (*e->p) {
        const char *end = g_utf8_validate(e->p, -1, NULL) ? g_utf8_next_char(e->p) : e->p + 1;

        if (end == e->p + 1 && (!g_ascii_isprint(*e->p))) {
            error_set(e->err, "invalid character '\\x%02x' in expression", (uint8_t)*e->p);
        } else {
            error_set(e->err, "invalid character '%.*s' in expression", (int)(end - e->p),
                      e->p);
        }
    } else {
        error_set(e->err, "unexpected end of expression");
    }
    error_set_expected(e->err, "%s", expected);
    return false;
}

static bool parse_number(Expr *e, uint64_t *ret)
{
    const char *start = e->p;
    char *end;

    errno = 0;
    *ret = g_ascii_strtoull(start, &end, 0);
    if (errno == ERANGE) {
        return error_set(e->err, "number '%.*s' is too large", (int)(end - start), start);
    }
    if (g_ascii_isalnum(*end)) { /* 0x, 09, 12ab */
        while (g_ascii_isalnum(*end)) {
            end++;
        }
        return error_set(e->err, "'%.*s' is not a number", (int)(end - start), start);
    }
    e->p = end;
    return true;
}

static bool parse_register(Expr *e, uint64_t *ret)
{
    const char *start = ++e->p;
    g_autofree char *name = NULL;

    while (g_ascii_isalnum(*e->p) || *e->p == '_' || *e->p == '.') {
        e->p++;
    }
    name = g_strndup(start, e->p - start);
    if (!*name) {
        return unexpected(e, "a register's name after '$'");
    }
    return e->reg ? e->reg(name, ret, e->opaque, e->err)
                  : error_set(e->err, "no registers here for '$%s'", name);
}

static bool parse_character(Expr *e, uint64_t *ret)
{
    static const char from[] = "ntr0\\'", to[] = "\n\t\r\0\\'";

    e->p++;
    if (*e->p == '\\') {
        const char *k = e->p[1] ? strchr(from, e->p[1]) : NULL;

        if (!k) {
            e->p++;
            return unexpected(e, "one of n t r 0 \\ ' after the backslash");
        }
        *ret = (uint8_t)to[k - from];
        e->p += 2;
    } else if (*e->p && *e->p != '\'') {
        *ret = (uint8_t)*e->p++;
    } else {
        return unexpected(e, "a character between single quotes");
    }
    if (*e->p != '\'') {
        return unexpected(e, "a closing single quote");
    }
    e->p++;
    return true;
}

static bool parse_parentheses(Expr *e, uint64_t *ret)
{
    e->p++;
    if (!parse_sum(e, ret)) {
        return false;
    }
    return take(e, ')') || (peek(e), unexpected(e, "')'"));
}

static bool parse_unary_at_depth(Expr *e, uint64_t *ret)
{
    char c = peek(e);

    switch (c) {
    case '+': case '-': case '~':
        e->p++;
        if (!parse_unary(e, ret)) {
            return false;
        }
        *ret = c == '-' ? -*ret : c == '~' ? ~*ret : *ret;
        return true;
    case '(':
        return parse_parentheses(e, ret);
    case '\'':
        return parse_character(e, ret);
    case '$':
        return parse_register(e, ret);
    default:
        return g_ascii_isdigit(c) ? parse_number(e, ret)
                                  : unexpected(e, "a number, a register or '('");
    }
}

static bool parse_unary(Expr *e, uint64_t *ret)
{
    bool ok;

    if (e->depth == MAX_DEPTH) {
        return error_set(e->err, "expression is nested more than %d deep", MAX_DEPTH);
    }
    e->depth++;
    ok = parse_unary_at_depth(e, ret);
    e->depth--;
    return ok;
}

/* Signed, as people count; the one overflow wraps like everything else. */
static bool divide(Expr *e, char op, int64_t a, int64_t b, uint64_t *ret)
{
    if (b == 0) {
        return error_set(e->err, "division by zero");
    }
    if (b == -1) {
        *ret = op == '/' ? -(uint64_t)a : 0;
    } else {
        *ret = op == '/' ? a / b : a % b;
    }
    return true;
}

/* "16 /tmp/file": a blank, a slash and a letter begin a file's name, not a division. */
static bool at_path(const Expr *e)
{
    return g_ascii_isspace(e->p[-1]) && e->p[0] == '/' &&
           (g_ascii_isalpha(e->p[1]) || e->p[1] == '_' || e->p[1] == '.');
}

static bool parse_product(Expr *e, uint64_t *ret)
{
    uint64_t right;

    if (!parse_unary(e, ret)) {
        return false;
    }
    for (;;) {
        char op = peek(e);

        if ((op != '*' && op != '/' && op != '%') || at_path(e)) {
            return true;
        }
        e->p++;
        if (!parse_unary(e, &right)) {
            return false;
        }
        if (op == '*') {
            *ret *= right;
        } else if (!divide(e, op, *ret, right, ret)) {
            return false;
        }
    }
}

static bool parse_logic(Expr *e, uint64_t *ret)
{
    uint64_t right;

    if (!parse_product(e, ret)) {
        return false;
    }
    for (;;) {
        char op = peek(e);

        if (op != '&' && op != '|' && op != '^') {
            return true;
        }
        e->p++;
        if (!parse_product(e, &right)) {
            return false;
        }
        *ret = op == '&' ? *ret & right : op == '|' ? *ret | right : *ret ^ right;
    }
}

static bool parse_sum(Expr *e, uint64_t *ret)
{
    uint64_t right;

    if (!parse_logic(e, ret)) {
        return false;
    }
    for (;;) {
        char op = peek(e);

        if (op != '+' && op != '-') {
            return true;
        }
        e->p++;
        if (!parse_logic(e, &right)) {
            return false;
        }
        *ret += op == '+' ? right : -right;
    }
}

bool expr_evaluate(const char **text, ExprRegister reg, void *opaque, uint64_t *ret,
                   GError **err)
{
    Expr e = { .p = *text, .reg = reg, .opaque = opaque, .err = err };

    if (!parse_sum(&e, ret)) {
        return false;
    }
    *text = e.p;
    return true;
}
