/*
 * From a packet to its handler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/internal.h"
#include "softmmu/runstate.h"

void gdb_reply_ok(GdbStub *s)
{
    g_string_assign(s->reply, "OK");
}

void gdb_reply_error(GdbStub *s, unsigned number)
{
    g_string_printf(s->reply, "E%02x", number);
}

/* ---- Threads ---- */

CpuState *gdb_cpu(GdbStub *s)
{
    CpuState *cpu = cpu_by_index(s->current);

    return cpu ? cpu : cpu_by_index(0);
}

CpuState *gdb_cpu_by_thread(GdbStub *s, GdbThread t)
{
    if (t.pid > GDB_PID) {
        return NULL;
    }
    if (t.tid == GDB_THREAD_ANY) {
        return gdb_cpu(s);
    }
    return t.tid == GDB_THREAD_ALL ? cpu_by_index(0) : cpu_by_index(t.tid - 1);
}

void gdb_append_thread(GdbStub *s, GString *out, const CpuState *cpu)
{
    if (s->multiprocess) {
        g_string_append_printf(out, "p%02x.%02x", GDB_PID, cpu->index + 1);
    } else {
        g_string_append_printf(out, "%02x", cpu->index + 1);
    }
}

/* The thread up to the end of the packet. */
static CpuState *thread_argument(GdbStub *s, GdbText *t)
{
    GdbThread id;
    CpuState *cpu = NULL;

    if (gdb_text_thread(t, &id) && gdb_text_at_end(t)) {
        cpu = gdb_cpu_by_thread(s, id);
    }
    if (!cpu) {
        gdb_reply_error(s, GDB_EINVAL);
    }
    return cpu;
}

/* ---- Packets without a file of their own ---- */

static void set_thread(GdbStub *s, GdbText *t)
{
    bool resume = gdb_text_char(t, 'c');
    CpuState *cpu;

    if (!resume && !gdb_text_char(t, 'g')) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    cpu = thread_argument(s, t);
    if (cpu) {
        *(resume ? &s->resume_cpu : &s->current) = cpu->index;
        gdb_reply_ok(s);
    }
}

static void thread_alive(GdbStub *s, GdbText *t)
{
    if (thread_argument(s, t)) {
        gdb_reply_ok(s);
    }
}

/* The first thing that a new client asks: what another one has set goes. */
static void why_stopped(GdbStub *s, GdbText *t)
{
    gdb_remove_all_points(s);
    gdb_reply_stop(s);
}

/* "D" or "D;1": the machine goes on without us. */
static void detach(GdbStub *s, GdbText *t)
{
    uint64_t pid = GDB_PID;

    if (!gdb_text_at_end(t) &&
        !(gdb_text_char(t, ';') && gdb_text_hex(t, &pid) && gdb_text_at_end(t))) {
        pid = 0;
    }
    if (pid != GDB_PID) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    gdb_remove_all_points(s);
    gdb_reply_ok(s);
    vm_start();
}

static void kill_machine(GdbStub *s, GdbText *t)
{
    shutdown_request(SHUTDOWN_HOST_UI);
}

/* ---- Packets v ---- */

static void v_kill(GdbStub *s, GdbText *t)
{
    uint64_t pid;

    if (!gdb_text_hex(t, &pid) || !gdb_text_at_end(t) || pid != GDB_PID) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    gdb_reply_ok(s);
    shutdown_request(SHUTDOWN_HOST_UI);
}

static void v_attach(GdbStub *s, GdbText *t)
{
    uint64_t pid;

    if (!gdb_text_hex(t, &pid) || !gdb_text_at_end(t) || pid != GDB_PID) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    s->current = s->resume_cpu = 0;
    gdb_reply_stop(s);
}

static void v_packet(GdbStub *s, GdbText *t)
{
    if (gdb_text_word(t, "Cont?")) {
        g_string_assign(s->reply, "vCont;c;C;s;S;t");
    } else if (gdb_text_word(t, "Cont")) {
        gdb_vcont(s, t);
    } else if (gdb_text_word(t, "Kill;")) {
        v_kill(s, t);
    } else if (gdb_text_word(t, "Attach;")) {
        v_attach(s, t);
    }
}

/* ---- Dispatch ---- */

/* Only these carry bytes that are no text. */
static bool may_be_binary(const char *payload)
{
    return payload[0] == 'X' || g_str_has_prefix(payload, "qSearch:memory:");
}

static bool is_text(const char *payload, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isprint(payload[i])) {
            return false;
        }
    }
    return true;
}

static void dispatch(GdbStub *s, char command, GdbText *t)
{
    switch (command) {
    case '?': why_stopped(s, t); break;
    case 'c': case 'C': gdb_resume_old(s, t, false, command == 'C'); break;
    case 's': case 'S': gdb_resume_old(s, t, true, command == 'S'); break;
    case 'D': detach(s, t); break;
    case 'g': gdb_read_registers(s); break;
    case 'G': gdb_write_registers(s, t); break;
    case 'H': set_thread(s, t); break;
    case 'k': kill_machine(s, t); break;
    case 'm': gdb_read_memory(s, t); break;
    case 'M': gdb_write_memory(s, t); break;
    case 'p': gdb_read_register(s, t); break;
    case 'P': gdb_write_register(s, t); break;
    case 'q': gdb_query(s, t); break;
    case 'Q': gdb_set(s, t); break;
    case 'T': thread_alive(s, t); break;
    case 'v': v_packet(s, t); break;
    case 'X': gdb_write_memory_binary(s, t); break;
    case 'z': gdb_remove_point(s, t); break;
    case 'Z': gdb_insert_point(s, t); break;
    default: break; /* unknown: an empty answer */
    }
}

/* Packets that are answered when the machine stops, or not at all. */
static bool answered_later(const GdbStub *s, char command)
{
    return s->waiting || command == 'k';
}

void gdb_command(GdbStub *s, const char *payload, size_t len)
{
    GdbText t = { payload + 1, payload + len };
    char command = payload[0];

    g_string_truncate(s->reply, 0);
    if (len == 0) {
        gdb_send_text(s, "");
        return;
    }
    if (!may_be_binary(payload) && !is_text(payload, len)) {
        gdb_reply_error(s, GDB_EINVAL);
    } else {
        dispatch(s, command, &t);
    }
    if (!answered_later(s, command)) {
        gdb_send(s, s->reply->str, s->reply->len);
    }
}
