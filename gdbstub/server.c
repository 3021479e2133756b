/*
 * The debugger's connection: bytes in and out, acknowledgements, clients that come and go.
 *
 * A client that does not read makes its own packets wait: while an answer has not been
 * taken, nothing is read, so neither queue grows. Bytes that come while the machine runs
 * are looked at at once: they may be a Ctrl-c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/accel.h"
#include "gdbstub/internal.h"
#include "softmmu/runstate.h"
#include "util/main-loop.h"

static void process(GdbStub *s);

/* ---- Output ---- */

static void out_writable(void *opaque);

static void flush(GdbStub *s)
{
    while (s->out->len) {
        int n = chr_fe_write(&s->chr, (const uint8_t *)s->out->str, s->out->len);

        if (n <= 0) {
            chr_fe_watch_write(&s->chr, out_writable);
            return;
        }
        g_string_erase(s->out, 0, n);
    }
}

static void out_writable(void *opaque)
{
    GdbStub *s = opaque;

    flush(s);
    process(s);
}

static void send_raw(GdbStub *s, const char *bytes, size_t len)
{
    if (s->connected) {
        g_string_append_len(s->out, bytes, len);
        flush(s);
    }
}

void gdb_send(GdbStub *s, const char *payload, size_t len)
{
    g_string_truncate(s->last, 0);
    gdb_packet_append(s->last, payload, len);
    send_raw(s, s->last->str, s->last->len);
}

void gdb_send_text(GdbStub *s, const char *text)
{
    gdb_send(s, text, strlen(text));
}

/* ---- Input ---- */

static void take_packet(GdbStub *s)
{
    const GdbReader *r = &s->reader;

    /* A vCPU that runs has no registers to show. */
    if (!gdb_is_resume(r->payload)) {
        gdb_stop_machine(s);
    }
    gdb_command(s, r->payload, r->len);
}

static void take(GdbStub *s, uint8_t byte)
{
    switch (gdb_reader_feed(&s->reader, byte, s->no_ack)) {
    case GDB_INPUT_NONE:
    case GDB_INPUT_ACK:
        break;
    case GDB_INPUT_NAK:
        if (!s->no_ack && s->last->len) {
            send_raw(s, s->last->str, s->last->len);
        }
        break;
    case GDB_INPUT_BAD:
        send_raw(s, "-", 1);
        break;
    case GDB_INPUT_REFUSED:
        if (!s->no_ack) {
            send_raw(s, "+", 1);
        }
        gdb_send_text(s, "E16");
        break;
    case GDB_INPUT_PACKET:
        if (!s->no_ack) {
            send_raw(s, "+", 1);
        }
        take_packet(s);
        break;
    case GDB_INPUT_INTERRUPT:
        gdb_stop_machine(s);
        break;
    }
}

/* A command may end the connection, or let others talk on this device: not twice at once. */
static void process(GdbStub *s)
{
    if (s->processing) {
        return;
    }
    s->processing = true;
    while (s->in_pos < s->in->len && !s->out->len) {
        take(s, s->in->data[s->in_pos++]);
    }
    if (s->in_pos == s->in->len) {
        g_byte_array_set_size(s->in, 0);
        s->in_pos = 0;
    }
    s->processing = false;
    chr_fe_accept_input(&s->chr);
}

static int can_receive(void *opaque)
{
    GdbStub *s = opaque;

    return s->out->len || s->processing ? 0 : GDB_INPUT_ROOM - s->in->len;
}

static void receive(void *opaque, const uint8_t *buf, int size)
{
    GdbStub *s = opaque;

    if (s->connected) {
        g_byte_array_append(s->in, buf, size);
        process(s);
    }
}

/* ---- Clients ---- */

static void forget_client(GdbStub *s)
{
    s->connected = s->no_ack = s->multiprocess = s->swbreak = s->hwbreak = false;
    s->waiting = s->physical = false;
    s->step_mask = GDB_STEP_ALL;
    s->current = s->resume_cpu = 0;
    s->in_pos = s->in->len; /* the rest is nobody's */
    g_array_set_size(s->pending, 0);
    g_string_truncate(s->out, 0);
    g_string_truncate(s->last, 0);
    gdb_reader_reset(&s->reader);
    main_loop_cancel(s->check_end);
    s->check_end = 0;
}

/* What the client has set goes with it. Whether the machine runs stays as it is. */
static void client_left(GdbStub *s)
{
    bool running = run_state_running();

    if (!s->connected) {
        return;
    }
    if (running) {
        cpus_pause_all(); /* vCPUs read what is removed */
    }
    gdb_remove_all_points(s);
    gdb_release_cpus();
    forget_client(s);
    if (running) {
        cpus_resume_all();
    }
}

static void client_came(GdbStub *s)
{
    client_left(s);
    forget_client(s);
    s->connected = true;
    gdb_stop_machine(s);
}

static void event(void *opaque, CharEvent e)
{
    GdbStub *s = opaque;

    if (e == CHAR_EVENT_OPENED) {
        client_came(s);
    } else if (e == CHAR_EVENT_CLOSED) {
        client_left(s);
    } else if (e == CHAR_EVENT_BREAK) {
        gdb_stop_machine(s);
    }
}

/* ---- Starting and stopping to listen ---- */

static void stop_listening(GdbStub *s)
{
    Chardev *chr = s->chr.chr;

    client_left(s);
    if (!chr) {
        return;
    }
    object_ref(chr);
    chr_fe_deinit(&s->chr);
    if (s->own_chardev) {
        object_unparent(chr);
    }
    object_unref(chr);
    run_state_remove_notifier(gdb_run_state_changed, s);
    g_clear_pointer(&s->description, gdb_description_free);
}

/* Debuggers connect to us, and nobody waits for them, unless the device says otherwise. */
static char *complete_device(const char *device)
{
    static const struct { const char *key, *text; } defaults[] = {
        { ",server", ",server=on" }, { ",wait", ",wait=off" }, { ",nodelay", ",nodelay=on" },
    };
    bool tcp = g_str_has_prefix(device, "tcp:");
    GString *full = g_string_new(device);

    for (unsigned i = 0; i < ARRAY_SIZE(defaults); i++) {
        if ((tcp || (g_str_has_prefix(device, "unix:") && i < 2)) &&
            !strstr(device, defaults[i].key) &&
            !(i == 1 && strstr(device, ",nowait"))) {
            g_string_append(full, defaults[i].text);
        }
    }
    return g_string_free(full, FALSE);
}

static bool open_device(GdbStub *s, const char *device, GError **err)
{
    g_autofree char *full = complete_device(device);
    Chardev *chr;
    bool mux;

    if (!chardev_new_from_legacy("gdb", full, &chr, &mux, err)) {
        return false;
    }
    if (!chr) {
        return true;
    }
    s->own_chardev = !g_str_has_prefix(device, "chardev:");
    if (!chr_fe_init(&s->chr, chr, err)) {
        if (s->own_chardev) {
            object_unparent(chr);
        }
        return false;
    }
    return true;
}

bool gdbstub_start(GdbStub *s, const char *device, GError **err)
{
    CpuState *cpu = cpu_by_index(0);

    stop_listening(s);
    if (g_str_equal(device, "none")) {
        return true;
    }
    if (!cpu || !cpu->ops->gdb) {
        return error_set(err, "a debugger needs a machine with CPUs, and this one has none");
    }
    if (!open_device(s, device, err)) {
        return false;
    }
    if (!chr_fe_connected(&s->chr)) {
        return true; /* "mon:none" */
    }
    s->description = cpu->ops->gdb->describe(cpu);
    run_state_add_notifier(gdb_run_state_changed, s);
    chr_fe_set_handlers(&s->chr, can_receive, receive, event, s);
    return true;
}

void gdbstub_end(GdbStub *s, int status)
{
    if (s->connected) {
        g_autofree char *text = g_strdup_printf("W%02x%s", status & 0xff,
                                                s->multiprocess ? ";process:1" : "");

        gdb_send_text(s, text);
        chr_fe_write_all(&s->chr, (const uint8_t *)s->out->str, s->out->len);
    }
    stop_listening(s);
}

/* ---- The type ---- */

static void gdbstub_init(Object *obj)
{
    GdbStub *s = (GdbStub *)obj;

    s->in = g_byte_array_new();
    s->out = g_string_new(NULL);
    s->last = g_string_new(NULL);
    s->reply = g_string_new(NULL);
    s->points = g_array_new(FALSE, FALSE, sizeof(GdbPoint));
    s->pending = g_array_new(FALSE, TRUE, sizeof(CpuDebugStop));
    forget_client(s);
}

static void gdbstub_finalize(Object *obj)
{
    GdbStub *s = (GdbStub *)obj;

    stop_listening(s);
    g_byte_array_unref(s->in);
    g_string_free(s->out, TRUE);
    g_string_free(s->last, TRUE);
    g_string_free(s->reply, TRUE);
    g_array_unref(s->points);
    g_array_unref(s->pending);
}

static const TypeInfo gdbstub_type = {
    .name = TYPE_GDBSTUB,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(GdbStub),
    .instance_init = gdbstub_init,
    .instance_finalize = gdbstub_finalize,
};
TYPE_REGISTER(gdbstub_type);

GdbStub *gdbstub_new(void)
{
    GdbStub *s = (GdbStub *)object_new(TYPE_GDBSTUB);

    object_add_child(object_root(), "gdbstub", s, NULL);
    return s;
}
