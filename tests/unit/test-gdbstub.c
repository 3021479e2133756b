/*
 * Packets of gdb's remote protocol: whatever bytes come, packets are told from noise, nothing
 * grows, and a good packet that follows is understood.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/packet.h"

/* Feeds bytes; the last thing that was complete. */
static GdbInput feed(GdbReader *r, const char *bytes, size_t len, bool no_ack)
{
    GdbInput last = GDB_INPUT_NONE;

    for (size_t i = 0; i < len; i++) {
        GdbInput in = gdb_reader_feed(r, bytes[i], no_ack);

        last = in != GDB_INPUT_NONE ? in : last;
    }
    return last;
}

static GdbInput feed_text(GdbReader *r, const char *text)
{
    return feed(r, text, strlen(text), false);
}

static GdbReader *new_reader(void)
{
    GdbReader *r = g_new0(GdbReader, 1);

    gdb_reader_reset(r);
    return r;
}

static void test_read(void)
{
    g_autofree GdbReader *r = new_reader();

    g_assert_cmpint(feed_text(r, "$g#67"), ==, GDB_INPUT_PACKET);
    g_assert_cmpstr(r->payload, ==, "g");
    g_assert_cmpint(feed_text(r, "+"), ==, GDB_INPUT_ACK);
    g_assert_cmpint(feed_text(r, "-"), ==, GDB_INPUT_NAK);
    g_assert_cmpint(feed_text(r, "\x03"), ==, GDB_INPUT_INTERRUPT);
    g_assert_cmpint(feed_text(r, "noise\xff#00"), ==, GDB_INPUT_NONE);
    g_assert_cmpint(feed_text(r, "$#00"), ==, GDB_INPUT_PACKET);
    g_assert_cmpint(r->len, ==, 0);
    /* an escaped '#', a NUL */
    g_assert_cmpint(feed(r, "$X}\x03\0#d8", 8, false), ==, GDB_INPUT_PACKET);
    g_assert_cmpmem(r->payload, r->len, "X#\0", 3);
    /* capital digits */
    g_assert_cmpint(feed_text(r, "$m0,4#FD"), ==, GDB_INPUT_PACKET);
}

static void test_refuse(void)
{
    g_autofree GdbReader *r = new_reader();

    g_assert_cmpint(feed_text(r, "$g#68"), ==, GDB_INPUT_BAD);
    g_assert_cmpint(feed_text(r, "$g#zz"), ==, GDB_INPUT_BAD);
    g_assert_cmpint(feed_text(r, "$g}#e4"), ==, GDB_INPUT_REFUSED);
    /* cut off; the next one counts */
    g_assert_cmpint(feed_text(r, "$m1234$g#67"), ==, GDB_INPUT_PACKET);
    g_assert_cmpstr(r->payload, ==, "g");
    /* without acknowledgements a sum is not looked at */
    g_assert_cmpint(feed(r, "$g#00", 5, true), ==, GDB_INPUT_PACKET);
}

static void test_long(void)
{
    g_autofree GdbReader *r = new_reader();
    g_autoptr(GString) packet = g_string_new(NULL);
    g_autofree char *payload = g_malloc(GDB_PACKET_SIZE + 1);

    memset(payload, 'a', GDB_PACKET_SIZE + 1);
    gdb_packet_append(packet, payload, GDB_PACKET_SIZE);
    g_assert_cmpint(feed(r, packet->str, packet->len, false), ==, GDB_INPUT_PACKET);
    g_assert_cmpmem(r->payload, r->len, payload, GDB_PACKET_SIZE);
    g_string_truncate(packet, 0);
    gdb_packet_append(packet, payload, GDB_PACKET_SIZE + 1);
    g_assert_cmpint(feed(r, packet->str, packet->len, false), ==, GDB_INPUT_REFUSED);
    g_assert_cmpint(feed_text(r, "$g#67"), ==, GDB_INPUT_PACKET);
    g_assert_cmpstr(r->payload, ==, "g");
}

static void test_write(void)
{
    g_autofree GdbReader *r = new_reader();
    g_autoptr(GString) packet = g_string_new(NULL);
    char all[256];

    for (int i = 0; i < 256; i++) {
        all[i] = i;
    }
    gdb_packet_append(packet, "OK", 2);
    g_assert_cmpstr(packet->str, ==, "$OK#9a");
    g_string_truncate(packet, 0);
    gdb_packet_append(packet, all, 256);
    g_assert_cmpint(feed(r, packet->str, packet->len, false), ==, GDB_INPUT_PACKET);
    g_assert_cmpmem(r->payload, r->len, all, 256);
}

static GdbText text_of(const char *s)
{
    return (GdbText){ s, s + strlen(s) };
}

static void test_text(void)
{
    GdbText t = text_of("1f,G");
    uint64_t n;
    uint8_t buf[4];

    g_assert_true(gdb_text_hex(&t, &n) && n == 0x1f);
    g_assert_true(gdb_text_char(&t, ',') && !gdb_text_char(&t, ','));
    g_assert_false(gdb_text_hex(&t, &n));
    g_assert_true(gdb_text_word(&t, "G") && gdb_text_at_end(&t) && !gdb_text_word(&t, "G"));
    t = text_of("ffffffffffffffff");
    g_assert_true(gdb_text_hex(&t, &n) && n == UINT64_MAX);
    t = text_of("10000000000000000");
    g_assert_false(gdb_text_hex(&t, &n));
    t = text_of("0102x");
    g_assert_false(gdb_text_bytes(&t, buf, 3));
    g_assert_true(gdb_text_bytes(&t, buf, 2) && buf[0] == 1 && buf[1] == 2);
    g_assert_null(gdb_text_rest_bytes(&t));
    t = text_of("abc");
    g_assert_null(gdb_text_rest_bytes(&t));
}

static void check_thread(const char *text, bool good, int pid, int tid)
{
    GdbText t = text_of(text);
    GdbThread id;
    bool is = gdb_text_thread(&t, &id) && gdb_text_at_end(&t);

    g_assert_cmpint(is, ==, good);
    if (good) {
        g_assert_cmpint(id.pid, ==, pid);
        g_assert_cmpint(id.tid, ==, tid);
    }
}

static void test_thread(void)
{
    check_thread("1", true, GDB_THREAD_ANY, 1);
    check_thread("-1", true, GDB_THREAD_ANY, GDB_THREAD_ALL);
    check_thread("0", true, GDB_THREAD_ANY, GDB_THREAD_ANY);
    check_thread("p1.a", true, 1, 10);
    check_thread("p1", true, 1, GDB_THREAD_ALL);
    check_thread("p-1.-1", true, GDB_THREAD_ALL, GDB_THREAD_ALL);
    check_thread("p1.", false, 0, 0);
    check_thread("p", false, 0, 0);
    check_thread("", false, 0, 0);
    check_thread("-2", false, 0, 0);
    check_thread("80000000", false, 0, 0);
    check_thread("ffffffffffffffffff", false, 0, 0);
}

/* Random bytes, many of them special, then a good packet. */
static void test_noise(void)
{
    static const char special[] = "$#}+-*\x03:;,0";
    g_autofree GdbReader *r = new_reader();
    g_autoptr(GRand) rnd = NULL;

    rnd = g_rand_new_with_seed(20261124);
    for (int round = 0; round < 10000; round++) {
        int n = g_rand_int_range(rnd, 0, 60);

        for (int i = 0; i < n; i++) {
            uint8_t c = g_rand_boolean(rnd)
                            ? special[g_rand_int_range(rnd, 0, sizeof(special) - 1)]
                            : g_rand_int_range(rnd, 0, 256);

            gdb_reader_feed(r, c, g_rand_boolean(rnd));
            g_assert_cmpuint(r->len, <=, GDB_PACKET_SIZE);
        }
        /* what is unfinished may take two bytes for its sum */
        feed_text(r, "#00");
        g_assert_cmpint(feed_text(r, "$qC#b4"), ==, GDB_INPUT_PACKET);
        g_assert_cmpstr(r->payload, ==, "qC");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gdbstub/read", test_read);
    g_test_add_func("/gdbstub/refuse", test_refuse);
    g_test_add_func("/gdbstub/long", test_long);
    g_test_add_func("/gdbstub/write", test_write);
    g_test_add_func("/gdbstub/text", test_text);
    g_test_add_func("/gdbstub/thread", test_thread);
    g_test_add_func("/gdbstub/noise", test_noise);
    return g_test_run();
}
