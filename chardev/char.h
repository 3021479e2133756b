/*
 * Character devices: the host ends of serial ports, consoles and monitors.
 *
 * A Chardev is the back end (stdio, file, null, pipe, socket, pty, mux); a CharFrontend is
 * the user's end (a UART, a monitor), held as a field and connected by the property
 * "chardev". One front end a back end, several behind a mux. Main loop thread with the
 * machine lock, unless noted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CHARDEV_CHAR_H
#define CHARDEV_CHAR_H

#include "qom/object.h"

#define TYPE_CHARDEV "chardev"

typedef struct Chardev Chardev;
typedef struct CharFrontend CharFrontend;

typedef enum CharEvent {
    CHAR_EVENT_OPENED,  /* the other side is there */
    CHAR_EVENT_CLOSED,
    CHAR_EVENT_BREAK,   /* serial break */
    CHAR_EVENT_MUX_IN,  /* the mux now sends its input here */
    CHAR_EVENT_MUX_OUT, /* and no longer */
} CharEvent;

/* What is known of a terminal at the other side. */
typedef struct ChardevTerminal {
    unsigned rows, columns; /* 0: unknown */
    bool own;               /* the process's own, of which TERM speaks */
} ChardevTerminal;

struct Chardev {
    Object parent;
    char *label;          /* id */
    char *filename;       /* as query-chardev tells, e.g. "unix:/x,server=on" */
    CharFrontend *fe;     /* connected front end, or NULL */
    bool open;            /* the other side is there */
    bool fe_closed;       /* the front end says that nobody listens behind it */
    int log_fd;           /* logfile=, or -1 */
    bool wants_monitor;   /* a mux that a monitor joins once devices have: they come first */
    int serial_port;      /* -serial: the machine's port that it is for, else -1 */
};

typedef struct ChardevClass {
    ObjectClass parent;
    /* Properties are set: open the host end. What it holds is released at finalize. */
    bool (*open)(Chardev *chr, GError **err);
    /* A mux takes several front ends; others use the core's own. */
    bool (*attach)(Chardev *chr, CharFrontend *fe, GError **err);
    void (*detach)(Chardev *chr, CharFrontend *fe);
    /* Bytes taken (0: would block, a write watch tells when to retry), -1 on a dead end. */
    int (*write)(Chardev *chr, const uint8_t *buf, int len);
    /* Call chr_be_writable() once bytes can be taken again. */
    void (*watch_write)(Chardev *chr);
    /* What the front end can take changed (new handlers, room again): read or pause. */
    void (*accept_input)(Chardev *chr);
    void (*set_echo)(Chardev *chr, bool echo);
    void (*send_break)(Chardev *chr);
    /* Whether people may sit at a terminal at the other side; NULL: they do not. */
    bool (*get_terminal)(Chardev *chr, ChardevTerminal *ret);
    /* The process ends: remove what must not stay behind on the host. */
    void (*end)(Chardev *chr);
    /* SCM_RIGHTS: the oldest passed descriptor, or -1. */
    int (*get_fd)(Chardev *chr);
    /* Use @fd (taken over) as the connection. */
    bool (*add_client)(Chardev *chr, int fd, GError **err);
    /* Cut the connection, as if the other side had left; NULL: there is none. */
    void (*yank)(Chardev *chr);
} ChardevClass;

struct CharFrontend {
    Chardev *chr;         /* NULL: not connected; output is dropped */
    void *opaque;
    /* How many bytes receive() takes now. */
    int (*can_receive)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *buf, int size);
    void (*event)(void *opaque, CharEvent event);
    void (*writable)(void *opaque); /* after a short chr_fe_write + chr_fe_watch_write */
    int mux_tag;          /* mux's own */
};

/* Property of a device: PROP_CHARDEV(TinyUart, chr, "chardev", "host end of the line"). */
bool chardev_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                      GError **err);
bool chardev_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                      GError **err);
void chardev_prop_release(Object *obj, const Property *prop);
#define PROP_CHARDEV(T, f, n, d, ...)                                                     \
    { .name = n, .desc = d, .kind = PROP_KIND_CUSTOM, .type = "str",                      \
      .offset = offsetof(T, f) + 0 * sizeof((CharFrontend *)0 - &((T *)0)->f),            \
      .get = chardev_prop_get, .set = chardev_prop_set, .release = chardev_prop_release,  \
      __VA_ARGS__ }

/* ---- Front ends ---- */
/* Connect (error if the back end has a front end already and is no mux). */
bool chr_fe_init(CharFrontend *fe, Chardev *chr, GError **err);
void chr_fe_deinit(CharFrontend *fe);
void chr_fe_set_handlers(CharFrontend *fe, int (*can_receive)(void *opaque),
                         void (*receive)(void *opaque, const uint8_t *buf, int size),
                         void (*event)(void *opaque, CharEvent event), void *opaque);
/* Bytes taken, may be short; any thread with the machine lock. */
int chr_fe_write(CharFrontend *fe, const uint8_t *buf, int len);
/* Write all, waiting at most briefly for a slow reader, then dropping (consoles). */
int chr_fe_write_all(CharFrontend *fe, const uint8_t *buf, int len);
void chr_fe_printf(CharFrontend *fe, const char *fmt, ...) PRINTF(2, 3);
void chr_fe_watch_write(CharFrontend *fe, void (*writable)(void *opaque));
/* The device can take input again. */
void chr_fe_accept_input(CharFrontend *fe);
void chr_fe_set_echo(CharFrontend *fe, bool echo);
void chr_fe_set_open(CharFrontend *fe, bool open);
int chr_fe_get_fd(CharFrontend *fe);
bool chr_fe_connected(const CharFrontend *fe);
bool chr_fe_get_terminal(CharFrontend *fe, ChardevTerminal *ret);

/* ---- Back ends ---- */
/* From the short forms of -serial and -monitor ("stdio", "mon:stdio", "pty", "null",
 * "none", "file:PATH", "pipe:PATH", "unix:PATH,server=on,wait=off", "tcp:H:P,...",
 * "chardev:ID") under @label. *ret is NULL for "none". @ret_mux_monitor: "mon:" was said. */
bool chardev_new_from_legacy(const char *label, const char *spec, Chardev **ret,
                             bool *ret_mux_monitor, GError **err);
/* The same, made nowhere: what chardev_new() would take (*ret_opts, in option syntax; NULL if
 * the device exists, or for "none") and the name that the device has then (*ret_id; NULL for
 * "none"). New references. */
bool chardev_parse_legacy(const char *label, const char *spec, char **ret_id,
                          struct json_object **ret_opts, bool *ret_mux_monitor, GError **err);
/* From -chardev / chardev-add: keyval or JSON object with id, backend and options. */
Chardev *chardev_new(struct json_object *opts, bool keyval, GError **err);
Chardev *chardev_find(const char *id);
/* The same with an error that has the nearest ids. */
Chardev *chardev_need(const char *id, GError **err);
/* What -serial named for the machine's serial port @n, or NULL. */
Chardev *chardev_for_serial(unsigned n);
bool chardev_remove(const char *id, GError **err);
/* Make another back end from @opts (as for chardev_new(), with the same id) and give it the
 * front end of @id, which goes. The old one stays if that fails. */
Chardev *chardev_change(const char *id, struct json_object *opts, bool keyval, GError **err);
/* Whether a front end is connected. */
bool chardev_in_use(const Chardev *chr);
/* Names for -chardev and chardev-add; g_strfreev(). */
char **chardev_backend_names(void);
void chardev_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque);
/* A mux over @base: the returned back end takes several front ends; Ctrl-a (or @escape)
 * then h, x, s, b, c, Ctrl-a as users know them. */
Chardev *chardev_mux_new(const char *label, Chardev *base, int escape, GError **err);
/* The key of muxes made without @escape from now on (-echr); 0: Ctrl-a. */
void chardev_mux_set_escape(int escape);
/* Which front end of a mux has the input. */
void chardev_mux_focus(Chardev *mux, CharFrontend *fe);
bool chardev_is_mux(const Chardev *chr);
/* Remove what must not stay behind on the host: sockets' names. The process ends. */
void chardev_end_all(void);
/* Flush and restore terminals; safe at every way out, also from a signal handler. */
void chardev_cleanup(void);
/* Set by main: what Ctrl-a x does. */
extern void (*chardev_quit_hook)(void);

/* ---- For implementations of back ends ---- */
ChardevClass *chardev_class(const Chardev *chr);
/* Register under its label below /chardevs and open; the reference is taken, also on
 * failure. */
bool chardev_register(Chardev *chr, const char *label, GError **err);
/* Input for the front end: at most chr_be_can_receive() bytes. */
int chr_be_can_receive(Chardev *chr);
void chr_be_receive(Chardev *chr, const uint8_t *buf, int size);
void chr_be_event(Chardev *chr, CharEvent event);
void chr_be_writable(Chardev *chr);
/* The window size of the terminal @fd, for get_terminal(). */
void chardev_window_size(int fd, ChardevTerminal *ret);

#endif
