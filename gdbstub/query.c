/*
 * Packets q and Q: what the server can, which threads there are, the description of registers,
 * commands of the monitor, and settings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/internal.h"
#include "qapi/qapi-commands-misc.h"

typedef struct Query {
    const char *name; /* what follows it in the packet is the handler's */
    void (*fn)(GdbStub *s, GdbText *t);
} Query;

/* ---- What was agreed ---- */

static void q_supported(GdbStub *s, GdbText *t)
{
    g_autofree char *text = g_strndup(t->p, t->end - t->p);
    g_auto(GStrv) features = g_strsplit_set(text, ":;", -1);

    s->multiprocess = g_strv_contains((const char *const *)features, "multiprocess+");
    s->swbreak = g_strv_contains((const char *const *)features, "swbreak+");
    s->hwbreak = g_strv_contains((const char *const *)features, "hwbreak+");
    g_string_printf(s->reply, "PacketSize=%x;qXfer:features:read+;vContSupported+;"
                    "multiprocess+;QStartNoAckMode+;swbreak+;hwbreak+", GDB_PACKET_SIZE);
}

static void set_no_ack(GdbStub *s, GdbText *t)
{
    s->no_ack = true;
    gdb_reply_ok(s);
}

static void q_server_version(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, "name:rhea;version:" RHEA_VERSION ";");
}

/* ---- Threads ---- */

static void q_current_thread(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, "QC");
    gdb_append_thread(s, s->reply, gdb_cpu(s));
}

/* The machine was there before us: a client that leaves lets it live. */
static void q_attached(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, "1");
}

static void q_first_threads(GdbStub *s, GdbText *t)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);

        if (cpu) {
            g_string_append_c(s->reply, s->reply->len ? ',' : 'm');
            gdb_append_thread(s, s->reply, cpu);
        }
    }
}

static void q_more_threads(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, "l");
}

static void q_thread_info(GdbStub *s, GdbText *t)
{
    GdbThread id;
    CpuState *cpu = NULL;
    g_autofree char *text = NULL;

    if (gdb_text_thread(t, &id) && gdb_text_at_end(t)) {
        cpu = gdb_cpu_by_thread(s, id);
    }
    if (!cpu) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    text = g_strdup_printf("CPU#%u [%s]", cpu->index,
                           atomic_read(&cpu->halted) ? "halted" : "running");
    gdb_append_hex(s->reply, text, strlen(text));
}

/* ---- Descriptions ---- */

/* "ANNEX:OFFSET,LENGTH" of a text. */
static void q_features(GdbStub *s, GdbText *t)
{
    const char *colon = memchr(t->p, ':', t->end - t->p);
    g_autofree char *annex = colon ? g_strndup(t->p, colon - t->p) : NULL;
    const char *xml = annex ? gdb_description_xml(s->description, annex) : NULL;
    uint64_t offset, length;
    size_t size;

    if (!xml) {
        gdb_reply_error(s, 0); /* no such annex */
        return;
    }
    t->p = colon + 1;
    size = strlen(xml);
    if (!gdb_text_hex(t, &offset) || !gdb_text_char(t, ',') || !gdb_text_hex(t, &length) ||
        !gdb_text_at_end(t) || offset > size) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    length = MIN(length, GDB_PACKET_SIZE / 2); /* escapes may double it */
    length = MIN(length, size - offset);
    g_string_append_c(s->reply, offset + length < size ? 'm' : 'l');
    g_string_append_len(s->reply, xml + offset, length);
}

/* ---- The monitor ---- */

static void q_monitor(GdbStub *s, GdbText *t)
{
    enum { CHUNK = GDB_PACKET_SIZE / 3 };
    g_autoptr(GByteArray) line = gdb_text_rest_bytes(t);
    g_autoptr(GString) packet = g_string_new("O");
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;
    size_t len, at = 0;

    if (line) {
        g_byte_array_append(line, (const uint8_t *)"", 1);
    }
    if (!line || strlen((const char *)line->data) != line->len - 1) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    text = qmp_human_monitor_command((const char *)line->data, true, gdb_cpu(s)->index, &err);
    len = text ? strlen(text) : 0;
    while (at < len) {
        size_t n = strcspn(text + at, "\r"); /* a monitor's lines end in CR LF */

        n = MIN(n, CHUNK);
        gdb_append_hex(packet, text + at, n);
        at += n + (text[at + n] == '\r');
        if (packet->len > CHUNK || at >= len) {
            gdb_send(s, packet->str, packet->len);
            g_string_assign(packet, "O");
        }
    }
    gdb_reply_ok(s);
}

/* ---- Steps and physical memory, as this class of programs has them ---- */

static void q_own(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, "sstepbits;sstep;PhyMemMode");
}

static void q_step_bits(GdbStub *s, GdbText *t)
{
    g_string_printf(s->reply, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", GDB_STEP_ENABLE,
                    GDB_STEP_NO_IRQ, GDB_STEP_NO_TIMER);
}

static void q_step(GdbStub *s, GdbText *t)
{
    g_string_printf(s->reply, "0x%x", s->step_mask);
}

static void set_step(GdbStub *s, GdbText *t)
{
    uint64_t mask;

    gdb_text_word(t, "0x");
    if (!gdb_text_hex(t, &mask) || !gdb_text_at_end(t) || (mask & ~(uint64_t)GDB_STEP_ALL)) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    s->step_mask = mask;
    gdb_reply_ok(s);
}

static void q_physical(GdbStub *s, GdbText *t)
{
    g_string_assign(s->reply, s->physical ? "1" : "0");
}

static void set_physical(GdbStub *s, GdbText *t)
{
    uint64_t on;

    if (!gdb_text_hex(t, &on) || !gdb_text_at_end(t) || on > 1) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    s->physical = on;
    gdb_reply_ok(s);
}

/* ---- Dispatch: the first whose name the packet begins with ---- */

static const Query queries[] = {
    { "Supported", q_supported },
    { "C", q_current_thread },
    { "Attached", q_attached },
    { "fThreadInfo", q_first_threads },
    { "sThreadInfo", q_more_threads },
    { "ThreadExtraInfo,", q_thread_info },
    { "Xfer:features:read:", q_features },
    { "Rcmd,", q_monitor },
    { "Search:memory:", gdb_search_memory },
    { "GDBServerVersion", q_server_version },
    { "qemu.Supported", q_own },
    { "qemu.sstepbits", q_step_bits },
    { "qemu.sstep", q_step },
    { "qemu.PhyMemMode", q_physical },
};

static const Query settings[] = {
    { "StartNoAckMode", set_no_ack },
    { "qemu.sstep=", set_step },
    { "qemu.PhyMemMode:", set_physical },
};

/* A name that does not say where it ends ends with the packet, or before ':' or ';'. */
static bool matches(GdbText *t, const char *name)
{
    GdbText u = *t;

    if (!gdb_text_word(&u, name) ||
        (g_ascii_isalpha(name[strlen(name) - 1]) && !gdb_text_at_end(&u) && *u.p != ':' &&
         *u.p != ';')) {
        return false;
    }
    *t = u;
    return true;
}

static void dispatch(GdbStub *s, GdbText *t, const Query *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (matches(t, table[i].name)) {
            table[i].fn(s, t);
            return;
        }
    }
}

void gdb_query(GdbStub *s, GdbText *t)
{
    dispatch(s, t, queries, ARRAY_SIZE(queries));
}

void gdb_set(GdbStub *s, GdbText *t)
{
    dispatch(s, t, settings, ARRAY_SIZE(settings));
}
