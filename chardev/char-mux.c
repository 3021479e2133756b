/*
 * A mux: several front ends on one back end, with the keys that switch between them.
 *
 * Input goes to the front end in focus; output of all goes out. Keys after the escape
 * (Ctrl-a unless set otherwise): h help, x quit, s flush, t time stamps, b break, c next
 * front end, and the escape itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "util/timer.h"

#define TYPE_CHARDEV_MUX "chardev-mux"

enum { MAX_FRONTENDS = 4, BUFFER_SIZE = 256, DEFAULT_ESCAPE = 1 };

typedef struct MuxChardev {
    Chardev parent;
    CharFrontend base;
    CharFrontend *fe[MAX_FRONTENDS];
    int focus;
    int escape;
    bool escaped;        /* the escape was the last key */
    bool timestamps;
    bool line_start;     /* the next output begins a line */
    int64_t start_ns;
    uint8_t buf[BUFFER_SIZE]; /* input the front end in focus had no room for */
    unsigned n_buf;
} MuxChardev;

/* -echr is a setting of the process, as its terminal is. */
static int default_escape = DEFAULT_ESCAPE;

void chardev_mux_set_escape(int escape)
{
    default_escape = escape ? escape : DEFAULT_ESCAPE;
}

static CharFrontend *focused(MuxChardev *s)
{
    return s->fe[s->focus];
}

static void drain_input(MuxChardev *s)
{
    CharFrontend *fe = focused(s);

    while (s->n_buf && fe && fe->can_receive && fe->receive) {
        int n = MIN(fe->can_receive(fe->opaque), (int)s->n_buf);
        uint8_t chunk[BUFFER_SIZE];

        if (n <= 0) {
            return;
        }
        memcpy(chunk, s->buf, n);
        s->n_buf -= n;
        memmove(s->buf, s->buf + n, s->n_buf);
        fe->receive(fe->opaque, chunk, n);
        fe = focused(s);
    }
}

static void set_focus(MuxChardev *s, int index)
{
    CharFrontend *old = focused(s), *fe;

    if (old && old->event) {
        old->event(old->opaque, CHAR_EVENT_MUX_OUT);
    }
    s->focus = index;
    fe = focused(s);
    if (fe && fe->event) {
        fe->event(fe->opaque, CHAR_EVENT_MUX_IN);
    }
    drain_input(s);
}

static void next_focus(MuxChardev *s)
{
    for (int i = 1; i <= MAX_FRONTENDS; i++) {
        int index = (s->focus + i) % MAX_FRONTENDS;

        if (s->fe[index]) {
            set_focus(s, index);
            return;
        }
    }
}

static void print_help(MuxChardev *s)
{
    static const char *const lines[] = {
        "h    this help", "x    end the emulator", "s    flush disk images",
        "t    time stamps on or off", "b    send a break", "c    switch between console and monitor",
    };
    char key[16] = "C-a";

    if (s->escape != DEFAULT_ESCAPE) {
        g_snprintf(key, sizeof(key), s->escape < 27 ? "C-%c" : "%c",
                   s->escape < 27 ? s->escape - 1 + 'a' : s->escape);
    }
    chr_fe_printf(&s->base, "\r\n");
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        chr_fe_printf(&s->base, "%s %s\r\n", key, lines[i]);
    }
    chr_fe_printf(&s->base, "%s %s  send %s\r\n", key, key, key);
}

/* True if the key is input for the front end. */
static bool filter_key(MuxChardev *s, uint8_t key)
{
    if (!s->escaped) {
        s->escaped = key == s->escape;
        return !s->escaped;
    }
    s->escaped = false;
    if (key == s->escape) {
        return true;
    }
    switch (key) {
    case 'h': case '?':
        print_help(s);
        break;
    case 'x':
        chr_fe_printf(&s->base, "\r\nRhea: terminated\r\n");
        if (chardev_quit_hook) {
            chardev_quit_hook();
        }
        break;
    case 't':
        s->timestamps = !s->timestamps;
        s->start_ns = clock_ns(CLOCK_TYPE_REALTIME);
        s->line_start = false;
        break;
    case 'b':
        if (focused(s) && focused(s)->event) {
            focused(s)->event(focused(s)->opaque, CHAR_EVENT_BREAK);
        }
        break;
    case 'c':
        next_focus(s);
        break;
    default:
        break;
    }
    return false;
}

static int base_can_receive(void *opaque)
{
    MuxChardev *s = opaque;

    return BUFFER_SIZE - s->n_buf;
}

static void base_receive(void *opaque, const uint8_t *buf, int size)
{
    MuxChardev *s = opaque;

    for (int i = 0; i < size; i++) {
        if (filter_key(s, buf[i]) && s->n_buf < BUFFER_SIZE) {
            s->buf[s->n_buf++] = buf[i];
        }
        drain_input(s);
    }
}

static void base_event(void *opaque, CharEvent event)
{
    MuxChardev *s = opaque;

    s->parent.open = s->base.chr && s->base.chr->open;
    for (int i = 0; i < MAX_FRONTENDS; i++) {
        CharFrontend *fe = s->fe[i];

        if (fe && fe->event && (event != CHAR_EVENT_BREAK || i == s->focus)) {
            fe->event(fe->opaque, event);
        }
    }
}

static bool mux_attach(Chardev *chr, CharFrontend *fe, GError **err)
{
    MuxChardev *s = (MuxChardev *)chr;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        if (!s->fe[i]) {
            s->fe[i] = fe;
            fe->mux_tag = i;
            chr->fe = fe;
            return true;
        }
    }
    return error_set(err, "character device '%s' has %d users already", chr->label,
                     MAX_FRONTENDS);
}

static void mux_detach(Chardev *chr, CharFrontend *fe)
{
    MuxChardev *s = (MuxChardev *)chr;

    s->fe[fe->mux_tag] = NULL;
    chr->fe = NULL;
    for (int i = 0; i < MAX_FRONTENDS; i++) {
        chr->fe = s->fe[i] ? s->fe[i] : chr->fe;
    }
    if (s->focus == fe->mux_tag && chr->fe) {
        set_focus(s, chr->fe->mux_tag);
    }
}

static void print_timestamp(MuxChardev *s)
{
    int64_t ms = (clock_ns(CLOCK_TYPE_REALTIME) - s->start_ns) / 1000000;
    int64_t sec = ms / 1000;

    chr_fe_printf(&s->base, "[%02d:%02d:%02d.%03d] ", (int)(sec / 3600),
                  (int)(sec / 60 % 60), (int)(sec % 60), (int)(ms % 1000));
}

static int mux_write(Chardev *chr, const uint8_t *buf, int len)
{
    MuxChardev *s = (MuxChardev *)chr;

    if (!s->timestamps) {
        return chr_fe_write(&s->base, buf, len);
    }
    for (int i = 0; i < len; i++) {
        if (s->line_start) {
            print_timestamp(s);
        }
        if (chr_fe_write(&s->base, buf + i, 1) == 0) {
            return i;
        }
        s->line_start = buf[i] == '\n';
    }
    return len;
}

static void base_writable(void *opaque)
{
    MuxChardev *s = opaque;

    for (int i = 0; i < MAX_FRONTENDS; i++) {
        CharFrontend *fe = s->fe[i];

        if (fe && fe->writable) {
            void (*writable)(void *o) = fe->writable;

            fe->writable = NULL;
            writable(fe->opaque);
        }
    }
}

static void mux_watch_write(Chardev *chr)
{
    chr_fe_watch_write(&((MuxChardev *)chr)->base, base_writable);
}

static void mux_accept_input(Chardev *chr)
{
    MuxChardev *s = (MuxChardev *)chr;

    drain_input(s);
    chr_fe_accept_input(&s->base);
}

static void mux_set_echo(Chardev *chr, bool echo)
{
    chr_fe_set_echo(&((MuxChardev *)chr)->base, echo);
}

static bool mux_get_terminal(Chardev *chr, ChardevTerminal *ret)
{
    return chr_fe_get_terminal(&((MuxChardev *)chr)->base, ret);
}

static void mux_finalize(Object *obj)
{
    chr_fe_deinit(&((MuxChardev *)obj)->base);
}

static void mux_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->attach = mux_attach;
    cc->detach = mux_detach;
    cc->write = mux_write;
    cc->watch_write = mux_watch_write;
    cc->accept_input = mux_accept_input;
    cc->set_echo = mux_set_echo;
    cc->get_terminal = mux_get_terminal;
}

static const TypeInfo mux_type = {
    .name = TYPE_CHARDEV_MUX,
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(MuxChardev),
    .class_init = mux_class_init,
    .instance_finalize = mux_finalize,
};
TYPE_REGISTER(mux_type);

Chardev *chardev_mux_new(const char *label, Chardev *base, int escape, GError **err)
{
    MuxChardev *s = (MuxChardev *)object_new(TYPE_CHARDEV_MUX);

    s->escape = escape ? escape : default_escape;
    s->start_ns = clock_ns(CLOCK_TYPE_REALTIME);
    s->parent.filename = g_strdup("mux");
    if (!chr_fe_init(&s->base, base, err)) {
        object_unref(s);
        return NULL;
    }
    if (!chardev_register(&s->parent, label, err)) {
        return NULL;
    }
    s->parent.open = base->open;
    chr_fe_set_handlers(&s->base, base_can_receive, base_receive, base_event, s);
    return &s->parent;
}

bool chardev_is_mux(const Chardev *chr)
{
    return object_is_a(chr, TYPE_CHARDEV_MUX);
}

void chardev_mux_focus(Chardev *mux, CharFrontend *fe)
{
    set_focus((MuxChardev *)mux, fe->mux_tag);
}
