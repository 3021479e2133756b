/*
 * Streaming JSON reader (qapi/json-scanner.h).
 *
 * Bytes become tokens (lex_*), tokens drive a stack of open containers (token_*). Nothing
 * recurses, so depth costs heap only, and the three limits bound that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json-scanner.h"

/* Longer numbers are refused; their head serves the message. */
#define MAX_WORD 1024

typedef enum LexState {
    LEX_BETWEEN, /* outside tokens */
    LEX_WORD,    /* number, keyword, or something that is neither */
    LEX_STRING,
    LEX_ESCAPE,  /* after the backslash in a string */
} LexState;

typedef enum Expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END,
    EXPECT_KEY,
    EXPECT_KEY_OR_END,
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
} Expect;

typedef struct Frame {
    struct json_object *container; /* owned by the scanner until it is complete */
    char *key;                     /* of the member whose value comes next */
    Expect expect;
} Frame;

struct JsonScanner {
    JsonScannerFn *fn;
    void *opaque;

    LexState lex;
    char quote;      /* the quote that ends the string */
    bool bad_string; /* its fault is already reported */
    GString *text;   /* of the token so far */
    unsigned line, column;
    unsigned token_line, token_column;

    GArray *stack;     /* of Frame */
    unsigned skipping; /* depth still to leave after a fault; 0: not skipping */
    size_t tokens, size;
};

static Frame *top(JsonScanner *s)
{
    return s->stack->len ? &g_array_index(s->stack, Frame, s->stack->len - 1) : NULL;
}

static void drop_stack(JsonScanner *s)
{
    for (guint i = 0; i < s->stack->len; i++) {
        Frame *f = &g_array_index(s->stack, Frame, i);

        json_object_put(f->container);
        g_free(f->key);
    }
    g_array_set_size(s->stack, 0);
    s->tokens = 0;
    s->size = 0;
}

static void fault(JsonScanner *s, const char *fmt, ...) PRINTF(2, 3);

/* Report a fault at the current token, unless the text around it is being skipped
 * already, and skip the rest of the open containers. */
static void fault(JsonScanner *s, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    GError *err = NULL;
    va_list ap;

    if (s->skipping) {
        return;
    }
    s->skipping = s->stack->len;
    drop_stack(s);
    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    error_set(&err, "%u:%u: JSON parse error, %s", s->token_line, s->token_column, text);
    s->fn(s->opaque, NULL, err);
}

/* The token's text for a message: short and printable. */
static char *shown(const GString *text)
{
    enum { MAX_SHOWN = 32 };
    GString *out = g_string_new(NULL);

    for (gsize i = 0; i < text->len && i < MAX_SHOWN; i++) {
        unsigned char c = text->str[i];

        if (c < 0x20 || c >= 0x7f) {
            g_string_append_printf(out, "\\x%02X", c);
        } else {
            g_string_append_c(out, c);
        }
    }
    if (text->len > MAX_SHOWN) {
        g_string_append(out, "...");
    }
    return g_string_free(out, FALSE);
}

/* A complete value: member or element of the open container, or a result. */
static void put_value(JsonScanner *s, struct json_object *value)
{
    Frame *f = top(s);

    if (!f) {
        s->tokens = 0;
        s->size = 0;
        s->fn(s->opaque, value, NULL);
        return;
    }
    if (f->key) {
        json_object_object_add(f->container, f->key, value);
        g_clear_pointer(&f->key, g_free);
    } else {
        json_object_array_add(f->container, value);
    }
    f->expect = EXPECT_COMMA_OR_END;
}

/* Count the token against the limit; false if it is to be ignored. */
static bool token_begin(JsonScanner *s)
{
    if (s->skipping) {
        return false;
    }
    if (++s->tokens > JSON_MAX_TOKENS) {
        fault(s, "more than %d tokens in one value", JSON_MAX_TOKENS);
        return false;
    }
    return true;
}

static bool value_allowed(JsonScanner *s)
{
    Frame *f = top(s);

    if (!f || f->expect == EXPECT_VALUE || f->expect == EXPECT_VALUE_OR_END) {
        return true;
    }
    switch (f->expect) {
    case EXPECT_KEY:
    case EXPECT_KEY_OR_END: fault(s, "expecting key"); break;
    case EXPECT_COLON:      fault(s, "expecting ':'"); break;
    default:
        fault(s, "expecting ',' or '%c'",
              json_object_is_type(f->container, json_type_object) ? '}' : ']');
        break;
    }
    return false;
}

static void token_open(JsonScanner *s, char c)
{
    Frame f = { 0 };

    if (s->skipping) {
        s->skipping++;
        return;
    }
    if (!token_begin(s)) {
        return;
    }
    if (!value_allowed(s)) {
        s->skipping++;
        return;
    }
    if (s->stack->len == JSON_MAX_DEPTH) {
        fault(s, "nesting deeper than %d", JSON_MAX_DEPTH);
        s->skipping++;
        return;
    }
    f.container = c == '{' ? json_object_new_object() : json_object_new_array();
    f.expect = c == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    g_array_append_val(s->stack, f);
}

static void token_close(JsonScanner *s, char c)
{
    Frame *f = top(s);
    struct json_object *done;

    if (s->skipping) {
        s->skipping--;
        return;
    }
    if (!token_begin(s)) {
        s->skipping -= s->skipping > 0;
        return;
    }
    if (!f) {
        fault(s, "expecting value");
        return;
    }
    if (json_object_is_type(f->container, json_type_object) != (c == '}') ||
        f->expect == EXPECT_VALUE || f->expect == EXPECT_KEY ||
        f->expect == EXPECT_COLON) {
        if (f->expect == EXPECT_VALUE || f->expect == EXPECT_VALUE_OR_END) {
            fault(s, "expecting value");
        } else {
            value_allowed(s);
        }
        s->skipping--; /* the closer leaves the container, right or wrong */
        return;
    }
    done = f->container;
    g_array_set_size(s->stack, s->stack->len - 1);
    put_value(s, done);
}

static void token_separator(JsonScanner *s, char c)
{
    Frame *f = top(s);

    if (!token_begin(s)) {
        return;
    }
    if (f && c == ':' && f->expect == EXPECT_COLON) {
        f->expect = EXPECT_VALUE;
    } else if (f && c == ',' && f->expect == EXPECT_COMMA_OR_END) {
        f->expect = json_object_is_type(f->container, json_type_object) ? EXPECT_KEY
                                                                        : EXPECT_VALUE;
    } else if (!f || f->expect == EXPECT_VALUE || f->expect == EXPECT_VALUE_OR_END) {
        fault(s, "expecting value");
    } else {
        value_allowed(s);
    }
}

static bool is_number(const char *p)
{
    p += *p == '-';
    if (*p == '0') {
        p++;
    } else if (g_ascii_isdigit(*p)) {
        p += strspn(p, "0123456789");
    } else {
        return false;
    }
    if (*p == '.') {
        size_t n = strspn(++p, "0123456789");

        if (n == 0) {
            return false;
        }
        p += n;
    }
    if (*p == 'e' || *p == 'E') {
        size_t n;

        p++;
        p += *p == '+' || *p == '-';
        n = strspn(p, "0123456789");
        if (n == 0) {
            return false;
        }
        p += n;
    }
    return *p == '\0';
}

/* Integers stay integers as far as 64 bits go. */
static struct json_object *number_from_text(const char *text)
{
    if (!text[strcspn(text, ".eE")]) {
        int64_t i;
        uint64_t u;

        if (g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, &i, NULL)) {
            return json_object_new_int64(i);
        }
        if (g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, &u, NULL)) {
            return json_object_new_uint64(u);
        }
    }
    double d = g_ascii_strtod(text, NULL);
    return d >= -G_MAXDOUBLE && d <= G_MAXDOUBLE ? json_object_new_double(d) : NULL;
}

static void token_word(JsonScanner *s)
{
    const char *t = s->text->str;
    g_autofree char *text = NULL;
    struct json_object *value = NULL;

    if (!token_begin(s) || !value_allowed(s)) {
        return;
    }
    text = shown(s->text);
    if (strlen(t) != s->text->len || s->text->len > MAX_WORD) {
        fault(s, "stray '%s'", text);
        return;
    }
    if (is_number(t)) {
        value = number_from_text(t);
        if (!value) {
            fault(s, "number '%s' is out of range", text);
            return;
        }
    } else if (!strcmp(t, "true") || !strcmp(t, "false")) {
        value = json_object_new_boolean(*t == 't');
    } else if (strcmp(t, "null") != 0) {
        if (g_ascii_islower(*t)) {
            fault(s, "invalid keyword '%s'", text);
        } else {
            fault(s, "stray '%s'", text);
        }
        return;
    }
    put_value(s, value);
}

/* Length of the UTF-8 sequence at @p, 0 if it is none. C0 80 passes as NUL, which other
 * programs write so. */
static unsigned utf8_sequence(const char *p, size_t left, gunichar *ret_char)
{
    unsigned char c = *p;
    gunichar u;

    if (c < 0x80) {
        *ret_char = c;
        return 1;
    }
    if (left >= 2 && c == 0xc0 && (unsigned char)p[1] == 0x80) {
        *ret_char = 0;
        return 2;
    }
    u = g_utf8_get_char_validated(p, left);
    if (u == (gunichar)-1 || u == (gunichar)-2) {
        return 0;
    }
    *ret_char = u;
    return g_utf8_skip[c];
}

static bool hex4(const char *p, const char *end, unsigned *ret)
{
    unsigned v = 0;

    if (end - p < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        if (!g_ascii_isxdigit(p[i])) {
            return false;
        }
        v = v << 4 | g_ascii_xdigit_value(p[i]);
    }
    *ret = v;
    return true;
}

/* One escape sequence after the backslash at p[-1]; returns the end, NULL on a fault. */
static const char *unescape(JsonScanner *s, const char *p, const char *end, GString *out)
{
    static const char names[] = "\"'\\/bfnrt", values[] = "\"'\\/\b\f\n\r\t";
    const char *at = strchr(names, *p);
    unsigned hi, lo;

    if (*p && at) {
        g_string_append_c(out, values[at - names]);
        return p + 1;
    }
    if (*p != 'u' || !hex4(p + 1, end, &hi)) {
        fault(s, "invalid escape sequence in string");
        return NULL;
    }
    p += 5;
    if (hi >= 0xdc00 && hi <= 0xdfff) {
        fault(s, "\\u%04x is half of a surrogate pair", hi);
        return NULL;
    }
    if (hi >= 0xd800 && hi <= 0xdbff) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &lo) ||
            lo < 0xdc00 || lo > 0xdfff) {
            fault(s, "\\u%04x is half of a surrogate pair", hi);
            return NULL;
        }
        p += 6;
        hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
    }
    g_string_append_unichar(out, hi);
    return p;
}

/* The string's value from its text without quotes; NULL after reporting a fault. */
static GString *decode_string(JsonScanner *s)
{
    const char *p = s->text->str, *end = p + s->text->len;
    GString *out = g_string_sized_new(s->text->len);

    while (p && p < end) {
        gunichar u;
        unsigned n;

        if (*p == '\\') {
            p = unescape(s, p + 1, end, out);
            continue;
        }
        n = utf8_sequence(p, end - p, &u);
        if (n == 0) {
            fault(s, "invalid UTF-8 sequence in string");
            p = NULL;
        } else if (u == 0) {
            g_string_append_c(out, '\0');
            p += n;
        } else {
            g_string_append_len(out, p, n);
            p += n;
        }
    }
    if (!p) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return out;
}

static void token_key(JsonScanner *s, Frame *f, const GString *key)
{
    g_autofree char *text = shown(key);

    if (strlen(key->str) != key->len) {
        fault(s, "NUL character in key '%s'", text);
    } else if (json_object_object_get_ex(f->container, key->str, NULL)) {
        fault(s, "duplicate key '%s'", text);
    } else {
        f->key = g_strndup(key->str, key->len);
        f->expect = EXPECT_COLON;
    }
}

static void token_string(JsonScanner *s)
{
    Frame *f = top(s);
    GString *str;

    if (!token_begin(s)) {
        return;
    }
    if (f && (f->expect == EXPECT_KEY || f->expect == EXPECT_KEY_OR_END)) {
        str = decode_string(s);
        if (str) {
            token_key(s, f, str);
            g_string_free(str, TRUE);
        }
        return;
    }
    if (!value_allowed(s)) {
        return;
    }
    str = decode_string(s);
    if (str) {
        put_value(s, json_object_new_string_len(str->str, str->len));
        g_string_free(str, TRUE);
    }
}

static void token_start(JsonScanner *s)
{
    s->token_line = s->line;
    s->token_column = s->column;
    if (s->text->allocated_len > 64 * KiB) {
        /* One huge string must not pin its memory for the connection's life. */
        g_string_free(s->text, TRUE);
        s->text = g_string_new(NULL);
    }
    g_string_truncate(s->text, 0);
}

static void lex_reset(JsonScanner *s)
{
    s->lex = LEX_BETWEEN;
    s->bad_string = false;
    s->skipping = 0;
    drop_stack(s);
}

static void lex_string(JsonScanner *s, unsigned char c)
{
    if (c == '\n') {
        /* The string was never closed: nothing tells how deep the next line is. */
        if (!s->bad_string) {
            fault(s, "string not closed before the end of the line");
        }
        lex_reset(s);
    } else if (c < 0x20) {
        if (!s->bad_string) {
            fault(s, "control character \\x%02X in string", c);
        }
        s->bad_string = true;
        s->lex = LEX_STRING;
    } else if (s->lex == LEX_ESCAPE || (c != s->quote && c != '\\')) {
        if (!s->skipping && !s->bad_string) {
            g_string_append_c(s->text, c);
        }
        s->lex = LEX_STRING;
    } else if (c == '\\') {
        if (!s->skipping && !s->bad_string) {
            g_string_append_c(s->text, c);
        }
        s->lex = LEX_ESCAPE;
    } else {
        s->lex = LEX_BETWEEN;
        if (!s->bad_string) {
            token_string(s);
        }
        s->bad_string = false;
    }
}

static bool ends_word(unsigned char c)
{
    return c && strchr(" \t\r\n{}[],:\"'", c);
}

static void lex_between(JsonScanner *s, unsigned char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': return;
    default: break;
    }
    token_start(s);
    switch (c) {
    case '{':
    case '[': token_open(s, c); break;
    case '}':
    case ']': token_close(s, c); break;
    case ',':
    case ':': token_separator(s, c); break;
    case '"':
    case '\'':
        s->quote = c;
        s->lex = LEX_STRING;
        break;
    default:
        g_string_append_c(s->text, c);
        s->lex = LEX_WORD;
        break;
    }
}

static void lex_byte(JsonScanner *s, unsigned char c)
{
    if (c == 0xff) {
        s->token_line = s->line;
        s->token_column = s->column;
        lex_reset(s);
        fault(s, "stray '\\xFF'");
        return;
    }
    if (s->stack->len || s->lex != LEX_BETWEEN) {
        if (++s->size > JSON_MAX_SIZE) {
            fault(s, "more than %" PRIu64 " bytes in one value", JSON_MAX_SIZE);
            s->bad_string = s->lex == LEX_STRING || s->lex == LEX_ESCAPE;
            s->size = 0;
            g_string_truncate(s->text, 0);
        }
    }
    switch (s->lex) {
    case LEX_WORD:
        if (!ends_word(c)) {
            if (s->text->len <= MAX_WORD) {
                g_string_append_c(s->text, c);
            }
            break;
        }
        s->lex = LEX_BETWEEN;
        token_word(s);
        lex_between(s, c);
        break;
    case LEX_STRING:
    case LEX_ESCAPE:  lex_string(s, c); break;
    case LEX_BETWEEN: lex_between(s, c); break;
    }
}

void json_scanner_feed(JsonScanner *s, const char *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        lex_byte(s, buf[i]);
        s->column++;
        if (buf[i] == '\n') {
            s->line++;
            s->column = 1;
        }
    }
}

void json_scanner_finish(JsonScanner *s)
{
    if (s->lex == LEX_WORD) {
        s->lex = LEX_BETWEEN;
        token_word(s);
    }
    if (s->stack->len || (s->lex != LEX_BETWEEN && !s->bad_string)) {
        s->token_line = s->line;
        s->token_column = s->column;
        fault(s, "the text ends inside a value");
    }
    lex_reset(s);
}

void json_scanner_reset(JsonScanner *s)
{
    lex_reset(s);
    s->line = 1;
    s->column = 1;
}

JsonScanner *json_scanner_new(JsonScannerFn *fn, void *opaque)
{
    JsonScanner *s = g_new0(JsonScanner, 1);

    s->fn = fn;
    s->opaque = opaque;
    s->text = g_string_new(NULL);
    s->stack = g_array_new(FALSE, FALSE, sizeof(Frame));
    json_scanner_reset(s);
    return s;
}

void json_scanner_free(JsonScanner *s)
{
    if (s) {
        drop_stack(s);
        g_array_free(s->stack, TRUE);
        g_string_free(s->text, TRUE);
        g_free(s);
    }
}
