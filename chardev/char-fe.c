/*
 * Front ends of character devices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "chardev/trace.h"
#include <sys/ioctl.h>

/* How long output waits for a slow reader before it is dropped. */
enum { WRITE_ALL_TRIES = 100, WRITE_ALL_PAUSE_US = 1000 };

bool chr_fe_init(CharFrontend *fe, Chardev *chr, GError **err)
{
    ChardevClass *cc = chardev_class(chr);

    memset(fe, 0, sizeof(*fe));
    if (cc->attach) {
        if (!cc->attach(chr, fe, err)) {
            return false;
        }
    } else if (chr->fe) {
        error_set(err, "character device '%s' is in use already", chr->label);
        error_add_hint(err, "mux=on lets several users share it");
        return false;
    } else {
        chr->fe = fe;
    }
    fe->chr = object_ref(chr);
    trace_chardev_attach(chr->label, fe);
    return true;
}

void chr_fe_deinit(CharFrontend *fe)
{
    Chardev *chr = fe->chr;

    if (!chr) {
        return;
    }
    trace_chardev_detach(chr->label, fe);
    chr->fe_closed = false;
    chr_fe_set_handlers(fe, NULL, NULL, NULL, NULL);
    if (chardev_class(chr)->detach) {
        chardev_class(chr)->detach(chr, fe);
    } else if (chr->fe == fe) {
        chr->fe = NULL;
    }
    fe->chr = NULL;
    object_unref(chr);
}

void chr_fe_set_handlers(CharFrontend *fe, int (*can_receive)(void *opaque),
                         void (*receive)(void *opaque, const uint8_t *buf, int size),
                         void (*event)(void *opaque, CharEvent event), void *opaque)
{
    if (!fe->chr) {
        return;
    }
    fe->opaque = opaque;
    fe->can_receive = can_receive;
    fe->receive = receive;
    fe->event = event;
    if (!receive) {
        fe->writable = NULL;
    }
    if (event && fe->chr->open) {
        event(opaque, CHAR_EVENT_OPENED);
    }
    chr_fe_accept_input(fe);
}

static void log_output(Chardev *chr, const uint8_t *buf, int len)
{
    while (chr->log_fd >= 0 && len > 0) {
        ssize_t n = write(chr->log_fd, buf, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* a full disk must not stop the guest's console */
        }
        buf += n;
        len -= n;
    }
}

int chr_fe_write(CharFrontend *fe, const uint8_t *buf, int len)
{
    int n;

    if (!fe->chr) {
        return len;
    }
    if (!chardev_class(fe->chr)->write) {
        log_output(fe->chr, buf, len);
        return len;
    }
    n = chardev_class(fe->chr)->write(fe->chr, buf, len);
    trace_chardev_write(fe->chr->label, len, n);
    if (n < 0) {
        log_output(fe->chr, buf, len);
        return len; /* a dead end: output is dropped, the guest goes on */
    }
    log_output(fe->chr, buf, n);
    return n;
}

int chr_fe_write_all(CharFrontend *fe, const uint8_t *buf, int len)
{
    int done = 0;

    for (int tries = 0; done < len && tries < WRITE_ALL_TRIES;) {
        int n = chr_fe_write(fe, buf + done, len - done);

        done += n;
        if (n == 0) {
            g_usleep(WRITE_ALL_PAUSE_US);
            tries++;
        }
    }
    return done;
}

void chr_fe_printf(CharFrontend *fe, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    chr_fe_write_all(fe, (const uint8_t *)text, strlen(text));
}

void chr_fe_watch_write(CharFrontend *fe, void (*writable)(void *opaque))
{
    if (!fe->chr) {
        return;
    }
    fe->writable = writable;
    if (chardev_class(fe->chr)->watch_write) {
        chardev_class(fe->chr)->watch_write(fe->chr);
    }
}

void chr_fe_accept_input(CharFrontend *fe)
{
    if (fe->chr && chardev_class(fe->chr)->accept_input) {
        chardev_class(fe->chr)->accept_input(fe->chr);
    }
}

void chr_fe_set_echo(CharFrontend *fe, bool echo)
{
    if (fe->chr && chardev_class(fe->chr)->set_echo) {
        chardev_class(fe->chr)->set_echo(fe->chr, echo);
    }
}

void chr_fe_set_open(CharFrontend *fe, bool open)
{
    if (fe->chr) {
        fe->chr->fe_closed = !open;
    }
}

int chr_fe_get_fd(CharFrontend *fe)
{
    if (fe->chr && chardev_class(fe->chr)->get_fd) {
        return chardev_class(fe->chr)->get_fd(fe->chr);
    }
    return -1;
}

bool chr_fe_connected(const CharFrontend *fe)
{
    return fe->chr != NULL;
}

bool chr_fe_get_terminal(CharFrontend *fe, ChardevTerminal *ret)
{
    *ret = (ChardevTerminal){ 0 };
    return fe->chr && chardev_class(fe->chr)->get_terminal &&
           chardev_class(fe->chr)->get_terminal(fe->chr, ret);
}

void chardev_window_size(int fd, ChardevTerminal *ret)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
        ret->rows = size.ws_row;
        ret->columns = size.ws_col;
    }
}

/* ---- The property of devices ---- */

bool chardev_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                      GError **err)
{
    CharFrontend *fe = prop_field(obj, prop);
    g_autofree char *label = g_strdup(fe->chr ? fe->chr->label : "");

    return visit_type_str(v, name, &label, err);
}

bool chardev_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                      GError **err)
{
    CharFrontend *fe = prop_field(obj, prop);
    g_autofree char *label = NULL;
    Chardev *chr;

    if (!visit_type_str(v, name, &label, err)) {
        return false;
    }
    chr = chardev_need(label, err);
    if (!chr) {
        return false;
    }
    chr_fe_deinit(fe);
    return chr_fe_init(fe, chr, err);
}

void chardev_prop_release(Object *obj, const Property *prop)
{
    chr_fe_deinit(prop_field(obj, prop));
}
