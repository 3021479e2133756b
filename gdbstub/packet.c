/*
 * Packets of gdb's remote serial protocol.
 *
 * A packet is "$payload#xx" with the sum of the payload's bytes, modulo 256, in two
 * hexadecimal digits. In a payload '}' announces a byte that was XORed with 0x20; '$' and
 * '#' occur escaped only, so that a '$' always begins a packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/packet.h"

enum { ESCAPE = '}', ESCAPE_XOR = 0x20, INTERRUPT = 3 };

/* ---- Reading ---- */

void gdb_reader_reset(GdbReader *r)
{
    r->state = GDB_READ_IDLE;
    r->len = 0;
    r->sum = 0;
    r->refused = false;
    r->payload[0] = '\0';
}

static void begin(GdbReader *r)
{
    gdb_reader_reset(r);
    r->state = GDB_READ_PAYLOAD;
}

static void store(GdbReader *r, uint8_t byte)
{
    if (r->len < GDB_PACKET_SIZE) {
        r->payload[r->len++] = byte;
    } else {
        r->refused = true;
    }
}

static GdbInput feed_idle(GdbReader *r, uint8_t byte)
{
    switch (byte) {
    case '$':
        begin(r);
        return GDB_INPUT_NONE;
    case '+':
        return GDB_INPUT_ACK;
    case '-':
        return GDB_INPUT_NAK;
    case INTERRUPT:
        return GDB_INPUT_INTERRUPT;
    default:
        return GDB_INPUT_NONE; /* noise between packets */
    }
}

static GdbInput finish(GdbReader *r, uint8_t byte, bool no_ack)
{
    int second = g_ascii_xdigit_value(byte);
    bool good = r->digit >= 0 && second >= 0 && (r->digit << 4 | second) == r->sum;

    r->state = GDB_READ_IDLE;
    r->payload[r->len] = '\0';
    if (!good && !no_ack) {
        return GDB_INPUT_BAD;
    }
    return r->refused ? GDB_INPUT_REFUSED : GDB_INPUT_PACKET;
}

GdbInput gdb_reader_feed(GdbReader *r, uint8_t byte, bool no_ack)
{
    if (r->state == GDB_READ_IDLE) {
        return feed_idle(r, byte);
    }
    if (byte == '$') {
        begin(r); /* the packet before it was cut off */
        return GDB_INPUT_NONE;
    }
    switch (r->state) {
    case GDB_READ_PAYLOAD:
        if (byte == '#') {
            r->state = GDB_READ_SUM1;
            return GDB_INPUT_NONE;
        }
        r->sum += byte;
        if (byte == ESCAPE) {
            r->state = GDB_READ_ESCAPE;
        } else {
            store(r, byte);
        }
        return GDB_INPUT_NONE;
    case GDB_READ_ESCAPE:
        if (byte == '#') { /* an escape of nothing: the packet is refused */
            r->state = GDB_READ_SUM1;
            r->refused = true;
            return GDB_INPUT_NONE;
        }
        r->sum += byte;
        store(r, byte ^ ESCAPE_XOR);
        r->state = GDB_READ_PAYLOAD;
        return GDB_INPUT_NONE;
    case GDB_READ_SUM1:
        r->digit = g_ascii_xdigit_value(byte);
        r->state = GDB_READ_SUM2;
        return GDB_INPUT_NONE;
    default:
        return finish(r, byte, no_ack);
    }
}

/* ---- Writing ---- */

void gdb_packet_append(GString *out, const char *payload, size_t len)
{
    uint8_t sum = 0;

    g_string_append_c(out, '$');
    for (size_t i = 0; i < len; i++) {
        uint8_t c = payload[i];

        if (c == '$' || c == '#' || c == ESCAPE || c == '*') {
            g_string_append_c(out, ESCAPE);
            sum += ESCAPE;
            c ^= ESCAPE_XOR;
        }
        g_string_append_c(out, c);
        sum += c;
    }
    g_string_append_printf(out, "#%02x", sum);
}

/* ---- Text ---- */

bool gdb_text_at_end(const GdbText *t)
{
    return t->p == t->end;
}

bool gdb_text_char(GdbText *t, char c)
{
    if (t->p < t->end && *t->p == c) {
        t->p++;
        return true;
    }
    return false;
}

bool gdb_text_word(GdbText *t, const char *word)
{
    size_t n = strlen(word);

    if (n > (size_t)(t->end - t->p) || memcmp(t->p, word, n) != 0) {
        return false;
    }
    t->p += n;
    return true;
}

bool gdb_text_hex(GdbText *t, uint64_t *ret)
{
    const char *p = t->p;
    uint64_t value = 0;

    while (p < t->end && g_ascii_isxdigit(*p)) {
        if (p - t->p == 16) {
            return false;
        }
        value = value << 4 | g_ascii_xdigit_value(*p++);
    }
    if (p == t->p) {
        return false;
    }
    *ret = value;
    t->p = p;
    return true;
}

bool gdb_text_bytes(GdbText *t, uint8_t *buf, size_t n)
{
    if ((size_t)(t->end - t->p) / 2 < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int hi = g_ascii_xdigit_value(t->p[2 * i]), lo = g_ascii_xdigit_value(t->p[2 * i + 1]);

        if (hi < 0 || lo < 0) {
            return false;
        }
        buf[i] = hi << 4 | lo;
    }
    t->p += 2 * n;
    return true;
}

GByteArray *gdb_text_rest_bytes(GdbText *t)
{
    size_t n = (t->end - t->p) / 2;
    GByteArray *a = g_byte_array_new();

    g_byte_array_set_size(a, n);
    if ((t->end - t->p) % 2 != 0 || !gdb_text_bytes(t, a->data, n)) {
        g_byte_array_unref(a);
        return NULL;
    }
    return a;
}

static bool thread_number(GdbText *t, int *ret)
{
    uint64_t n;

    if (gdb_text_word(t, "-1")) {
        *ret = GDB_THREAD_ALL;
        return true;
    }
    if (!gdb_text_hex(t, &n) || n > INT_MAX) {
        return false;
    }
    *ret = n;
    return true;
}

bool gdb_text_thread(GdbText *t, GdbThread *ret)
{
    GdbText u = *t;
    GdbThread id = { .pid = GDB_THREAD_ANY, .tid = GDB_THREAD_ALL };

    if (gdb_text_char(&u, 'p')) {
        if (!thread_number(&u, &id.pid) ||
            (gdb_text_char(&u, '.') && !thread_number(&u, &id.tid))) {
            return false;
        }
    } else if (!thread_number(&u, &id.tid)) {
        return false;
    }
    *t = u;
    *ret = id;
    return true;
}

void gdb_append_hex(GString *out, const void *buf, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = buf;
    size_t at = out->len;

    g_string_set_size(out, at + 2 * len);
    for (size_t i = 0; i < len; i++) {
        out->str[at + 2 * i] = digits[p[i] >> 4];
        out->str[at + 2 * i + 1] = digits[p[i] & 15];
    }
}
