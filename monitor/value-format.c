/*
 * Formats of x, xp and print (monitor/value-format.h). The columns are those that scripts of
 * this class of monitors read: see docs/system/monitor.rst.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/value-format.h"

static unsigned size_of_letter(char c)
{
    switch (c) {
    case 'b': return 1;
    case 'h': return 2;
    case 'w': return 4;
    case 'g': return 8;
    default:  return 0;
    }
}

static bool parse_count(const char **text, ValueFormat *f, GError **err)
{
    guint64 n;
    char *end;

    f->count = 1;
    if (g_ascii_isdigit(**text)) {
        n = g_ascii_strtoull(*text, &end, 10);
        if (n > VALUE_FORMAT_MAX_COUNT) {
            error_set(err, "count '%.*s' in the format is too large", (int)(end - *text),
                      *text);
            error_set_expected(err, "at most %d", VALUE_FORMAT_MAX_COUNT);
            return false;
        }
        f->count = n;
        *text = end;
    }
    return true;
}

bool value_format_parse(const char *text, ValueFormat *f, GError **err)
{
    ValueFormat n = *f;

    n.count = 1;
    n.size_given = false;
    if (text) {
        if (!parse_count(&text, &n, err)) {
            return false;
        }
        for (; *text; text++) {
            if (strchr("xduocis", *text)) {
                n.letter = *text;
            } else if (size_of_letter(*text)) {
                n.size = size_of_letter(*text);
                n.size_given = true;
            } else {
                const char *end = g_utf8_validate(text, -1, NULL) ? g_utf8_next_char(text)
                                                                  : text;

                error_set(err, "invalid character '%.*s' in format", (int)(end - text), text);
                error_set_expected(err, "a count, then letters of x d u o c i s and b h w g");
                return false;
            }
        }
    }
    if (n.letter == 'c' && !n.size_given) {
        n.size = 1;
    }
    *f = n;
    return true;
}

static void print_character(GString *out, uint64_t value)
{
    switch (value) {
    case '\n': g_string_append(out, "'\\n'"); break;
    case '\r': g_string_append(out, "'\\r'"); break;
    case '\t': g_string_append(out, "'\\t'"); break;
    case '\'': g_string_append(out, "'\\''"); break;
    case '\\': g_string_append(out, "'\\\\'"); break;
    default:
        if (value < 0x7f && g_ascii_isprint(value)) {
            g_string_append_printf(out, "'%c'", (char)value);
        } else {
            g_string_append_printf(out, "'\\x%02" PRIx64 "'", value);
        }
    }
}

void value_format_print(GString *out, char letter, unsigned size, bool padded, uint64_t value)
{
    static const uint8_t decimal[] = { 0, 3, 5, 0, 10, 0, 0, 0, 20 };
    unsigned bits = 8 * size;
    int octal = padded ? (bits + 2) / 3 : 0, columns = padded ? decimal[size] : 0;

    switch (letter) {
    case 'd': g_string_append_printf(out, "%*" PRId64, columns, value); break;
    case 'u': g_string_append_printf(out, "%*" PRIu64, columns, value); break;
    case 'o': g_string_append_printf(out, "%#*" PRIo64, octal, value); break;
    case 'c': print_character(out, value); break;
    default:
        if (padded) {
            g_string_append_printf(out, "0x%0*" PRIx64, (int)bits / 4, value);
        } else {
            g_string_append_printf(out, "%#" PRIx64, value);
        }
    }
}
