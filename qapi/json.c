/*
 * JSON text to values and back (qapi/json.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/json.h"
#include "qapi/json-scanner.h"

typedef struct OneValue {
    struct json_object *value;
    GError *err;
    unsigned count;
} OneValue;

static void take_one(void *opaque, struct json_object *value, GError *err)
{
    OneValue *one = opaque;

    one->count++;
    if (one->count == 1 || (err && !one->err)) {
        json_object_put(one->value);
        one->value = value;
        one->err = err;
    } else {
        json_object_put(value);
        g_clear_error(&err);
    }
}

bool json_parse_value(const char *text, struct json_object **ret_value, GError **err)
{
    OneValue one = { 0 };
    g_autoptr(JsonScanner) s = json_scanner_new(take_one, &one);

    json_scanner_feed(s, text, strlen(text));
    json_scanner_finish(s);
    if (one.count == 1 && !one.err) {
        *ret_value = one.value;
        return true;
    }
    json_object_put(one.value);
    if (one.err) {
        g_propagate_error(err, one.err);
        return false;
    }
    return error_set(err, one.count ? "JSON text holds more than one value"
                                    : "JSON text is empty");
}

struct json_object *json_parse(const char *text, GError **err)
{
    struct json_object *value;

    if (!json_parse_value(text, &value, err)) {
        return NULL;
    }
    if (!value) {
        error_set(err, "JSON value is null");
    }
    return value;
}

struct json_object *json_parse_object(const char *text, GError **err)
{
    struct json_object *value;

    if (!json_parse_value(text, &value, err)) {
        return NULL;
    }
    if (!json_object_is_type(value, json_type_object)) {
        error_set(err, "JSON value is not an object but of type %s",
                  json_type_word(json_object_get_type(value)));
        json_object_put(value);
        return NULL;
    }
    return value;
}

static void append_string(GString *out, const char *p, size_t len)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *end = p + len;

    g_string_append_c(out, '"');
    while (p < end) {
        unsigned char c = *p;
        const char *at = c ? strchr(escaped, c) : NULL;
        gunichar u;

        if (at) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, letters[at - escaped]);
            p++;
        } else if (c >= 0x20 && c < 0x7f) {
            g_string_append_c(out, c);
            p++;
        } else if (c < 0x80) {
            g_string_append_printf(out, "\\u%04X", c);
            p++;
        } else {
            u = g_utf8_get_char_validated(p, end - p);
            if (u == (gunichar)-1 || u == (gunichar)-2) {
                u = 0xfffd;
                p++;
            } else {
                p = g_utf8_next_char(p);
            }
            if (u >= 0x10000) {
                u -= 0x10000;
                g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 + (u >> 10),
                                       0xdc00 + (u & 0x3ff));
            } else {
                g_string_append_printf(out, "\\u%04X", u);
            }
        }
    }
    g_string_append_c(out, '"');
}

static void append_double(GString *out, double d)
{
    char buf[G_ASCII_DTOSTR_BUF_SIZE];

    if (!(d >= -G_MAXDOUBLE && d <= G_MAXDOUBLE)) {
        g_string_append(out, "null"); /* JSON has no infinities and no NaN */
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        char fmt[8];

        g_snprintf(fmt, sizeof(fmt), "%%.%dg", digits);
        g_ascii_formatd(buf, sizeof(buf), fmt, d);
        if (g_ascii_strtod(buf, NULL) == d) {
            break;
        }
    }
    g_string_append(out, buf);
    if (!buf[strcspn(buf, ".e")]) {
        g_string_append(out, ".0"); /* so that it reads back as a double */
    }
}

static void append_line(GString *out, bool pretty, unsigned level)
{
    if (pretty) {
        g_string_append_printf(out, "\n%*s", (int)level * 4, "");
    }
}

static void append_value(GString *out, struct json_object *value, bool pretty,
                         unsigned level)
{
    const char *sep = pretty ? "," : ", ";
    bool first = true;
    uint64_t u;

    switch (json_object_get_type(value)) {
    case json_type_null: g_string_append(out, "null"); break;
    case json_type_boolean:
        g_string_append(out, json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_int:
        u = json_object_get_uint64(value);
        if (u > INT64_MAX) {
            g_string_append_printf(out, "%" PRIu64, u);
        } else {
            g_string_append_printf(out, "%" PRId64, json_object_get_int64(value));
        }
        break;
    case json_type_double: append_double(out, json_object_get_double(value)); break;
    case json_type_string:
        append_string(out, json_object_get_string(value),
                      json_object_get_string_len(value));
        break;
    case json_type_array:
        g_string_append_c(out, '[');
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            g_string_append(out, i ? sep : "");
            append_line(out, pretty, level + 1);
            append_value(out, json_object_array_get_idx(value, i), pretty, level + 1);
        }
        append_line(out, pretty, level);
        g_string_append_c(out, ']');
        break;
    case json_type_object: {
        json_object_object_foreach(value, key, member) {
            g_string_append(out, first ? "{" : sep);
            first = false;
            append_line(out, pretty, level + 1);
            append_string(out, key, strlen(key));
            g_string_append(out, ": ");
            append_value(out, member, pretty, level + 1);
        }
        g_string_append(out, first ? "{" : "");
        append_line(out, pretty, level);
        g_string_append_c(out, '}');
        break;
    }
    }
}

void json_append(GString *out, struct json_object *value, bool pretty)
{
    append_value(out, value, pretty, 0);
}

char *json_to_text(struct json_object *value, bool pretty)
{
    GString *out = g_string_new(NULL);

    json_append(out, value, pretty);
    return g_string_free(out, FALSE);
}

static bool object_equal(struct json_object *a, struct json_object *b)
{
    struct json_object *other;

    if (json_object_object_length(a) != json_object_object_length(b)) {
        return false;
    }
    json_object_object_foreach(a, key, member) {
        if (!json_object_object_get_ex(b, key, &other) || !json_equal(member, other)) {
            return false;
        }
    }
    return true;
}

bool json_equal(struct json_object *a, struct json_object *b)
{
    json_type type = json_object_get_type(a);

    if (type != json_object_get_type(b)) {
        return false;
    }
    switch (type) {
    case json_type_null:    return true;
    case json_type_boolean: return json_object_get_boolean(a) == json_object_get_boolean(b);
    case json_type_double:  return json_object_get_double(a) == json_object_get_double(b);
    case json_type_int:
        return json_object_get_int64(a) == json_object_get_int64(b) &&
               json_object_get_uint64(a) == json_object_get_uint64(b);
    case json_type_string:
        return json_object_get_string_len(a) == json_object_get_string_len(b) &&
               !memcmp(json_object_get_string(a), json_object_get_string(b),
                       json_object_get_string_len(a));
    case json_type_array:
        if (json_object_array_length(a) != json_object_array_length(b)) {
            return false;
        }
        for (size_t i = 0; i < json_object_array_length(a); i++) {
            if (!json_equal(json_object_array_get_idx(a, i),
                            json_object_array_get_idx(b, i))) {
                return false;
            }
        }
        return true;
    case json_type_object: return object_equal(a, b);
    }
    return false;
}

const char *json_type_word(json_type type)
{
    switch (type) {
    case json_type_null:    return "null";
    case json_type_boolean: return "boolean";
    case json_type_double:  return "number";
    case json_type_int:     return "integer";
    case json_type_string:  return "string";
    case json_type_array:   return "array";
    case json_type_object:  return "object";
    }
    return "unknown";
}
