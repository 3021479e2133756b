/*
 * Character devices: the registry of back ends and the calls that back ends make.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "chardev/trace.h"
#include "util/fdset.h"
#include <fcntl.h>

void (*chardev_quit_hook)(void);

ChardevClass *chardev_class(const Chardev *chr)
{
    return (ChardevClass *)chr->parent.klass;
}

static void chardev_instance_init(Object *obj)
{
    ((Chardev *)obj)->log_fd = -1;
    ((Chardev *)obj)->serial_port = -1;
}

static void chardev_instance_finalize(Object *obj)
{
    Chardev *chr = (Chardev *)obj;

    trace_chardev_close(chr->label);
    if (chr->log_fd >= 0) {
        close(chr->log_fd);
    }
    g_free(chr->label);
    g_free(chr->filename);
}

/* logfile= appends or truncates by logappend=; both are set before open. */
static bool set_logfile(Object *obj, const Property *prop, Visitor *v, const char *name,
                        GError **err)
{
    Chardev *chr = (Chardev *)obj;
    g_autofree char *path = NULL;
    int fd;

    if (!visit_type_str(v, name, &path, err)) {
        return false;
    }
    fd = fdset_open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open log file '%s'", path);
    }
    if (chr->log_fd >= 0) {
        close(chr->log_fd);
    }
    chr->log_fd = fd;
    return true;
}

static bool get_label(Object *obj, const Property *prop, Visitor *v, const char *name,
                      GError **err)
{
    return visit_type_str(v, name, &((Chardev *)obj)->label, err);
}

static const Property chardev_properties[] = {
    PROP_CUSTOM("logfile", "file to which all output is copied", "str", NULL, set_logfile),
    PROP_CUSTOM("label", "name of the device", "str", get_label, NULL,
                .flags = PROP_READONLY),
    PROP_END
};

static const TypeInfo chardev_type = {
    .name = TYPE_CHARDEV,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(Chardev),
    .class_size = sizeof(ChardevClass),
    .abstract = true,
    .properties = chardev_properties,
    .instance_init = chardev_instance_init,
    .instance_finalize = chardev_instance_finalize,
};
TYPE_REGISTER(chardev_type);

bool chardev_register(Chardev *chr, const char *label, GError **err)
{
    ChardevClass *cc = chardev_class(chr);

    chr->label = g_strdup(label);
    if (!object_add_child(object_container("/chardevs"), label, chr, err)) {
        object_unref(chr);
        return false;
    }
    if (cc->open && !cc->open(chr, err)) {
        error_prefix(err, "character device '%s'", label);
        trace_chardev_open_fail(label, object_class_name(chr->parent.klass));
        object_unparent(chr);
        return false;
    }
    trace_chardev_open(label, object_class_name(chr->parent.klass));
    return true;
}

Chardev *chardev_find(const char *id)
{
    Object *c = object_container("/chardevs");

    return c->children ? g_hash_table_lookup(c->children, id) : NULL;
}

Chardev *chardev_need(const char *id, GError **err)
{
    Chardev *chr = chardev_find(id);

    if (!chr) {
        error_set(err, "character device '%s' not found", id);
        error_set_culprit(err, "character device", id);
        object_set_nearest_child(err, id, object_container("/chardevs"));
    }
    return chr;
}

bool chardev_remove(const char *id, GError **err)
{
    Chardev *chr = chardev_need(id, err);

    if (!chr) {
        return false;
    }
    if (chr->fe) {
        return error_set(err, "character device '%s' is in use", id);
    }
    object_unparent(chr);
    return true;
}

bool chardev_in_use(const Chardev *chr)
{
    return chr->fe != NULL;
}

/* Put @chr under another name. */
static void rename_chardev(Chardev *chr, const char *label)
{
    object_ref(chr);
    object_unparent(chr);
    g_free(chr->label);
    chr->label = g_strdup(label);
    object_add_child(object_container("/chardevs"), label, chr, NULL);
}

Chardev *chardev_change(const char *id, struct json_object *opts, bool keyval, GError **err)
{
    Chardev *old = chardev_need(id, err), *chr;
    g_autofree char *aside = g_strconcat(id, " (replaced)", NULL);
    CharFrontend *fe;

    if (!old) {
        return NULL;
    }
    if (chardev_class(old)->attach) {
        error_set(err, "character device '%s' is shared: it cannot change", id);
        return NULL;
    }
    rename_chardev(old, aside);
    chr = chardev_new(opts, keyval, err);
    if (!chr) {
        rename_chardev(old, id);
        return NULL;
    }
    fe = old->fe;
    if (fe) {
        chr->serial_port = old->serial_port;
        if (old->open && fe->event) {
            fe->event(fe->opaque, CHAR_EVENT_CLOSED);
        }
        old->fe = NULL;
        fe->chr = object_ref(chr);
        chr->fe = fe;
        object_unref(old);
        chr_fe_set_handlers(fe, fe->can_receive, fe->receive, fe->event, fe->opaque);
    }
    object_unparent(old);
    return chr;
}

typedef struct ForeachArg {
    void (*fn)(Chardev *chr, void *opaque);
    void *opaque;
} ForeachArg;

static bool foreach_one(Object *child, void *opaque)
{
    ForeachArg *a = opaque;

    a->fn((Chardev *)child, a->opaque);
    return true;
}

void chardev_foreach(void (*fn)(Chardev *chr, void *opaque), void *opaque)
{
    ForeachArg a = { fn, opaque };

    object_foreach_child(object_container("/chardevs"), false, foreach_one, &a);
}

typedef struct SerialSearch {
    int port;
    Chardev *found;
} SerialSearch;

static void find_serial(Chardev *chr, void *opaque)
{
    SerialSearch *s = opaque;

    if (chr->serial_port == s->port) {
        s->found = chr;
    }
}

Chardev *chardev_for_serial(unsigned n)
{
    SerialSearch s = { .port = n };

    chardev_foreach(find_serial, &s);
    return s.found;
}

static void end_one(Chardev *chr, void *opaque)
{
    if (chardev_class(chr)->end) {
        chardev_class(chr)->end(chr);
    }
}

void chardev_end_all(void)
{
    chardev_foreach(end_one, NULL);
}

/* ---- Calls of back ends ---- */

int chr_be_can_receive(Chardev *chr)
{
    CharFrontend *fe = chr->fe;

    return fe && fe->can_receive ? fe->can_receive(fe->opaque) : 0;
}

void chr_be_receive(Chardev *chr, const uint8_t *buf, int size)
{
    CharFrontend *fe = chr->fe;

    trace_chardev_receive(chr->label, size);
    if (fe && fe->receive) {
        fe->receive(fe->opaque, buf, size);
    }
}

void chr_be_event(Chardev *chr, CharEvent event)
{
    CharFrontend *fe = chr->fe;

    trace_chardev_event(chr->label, event, fe && fe->event);
    if (event == CHAR_EVENT_OPENED) {
        chr->open = true;
    } else if (event == CHAR_EVENT_CLOSED) {
        chr->open = false;
    }
    if (fe && fe->event) {
        fe->event(fe->opaque, event);
    }
}

void chr_be_writable(Chardev *chr)
{
    CharFrontend *fe = chr->fe;

    if (fe && fe->writable) {
        void (*writable)(void *opaque) = fe->writable;

        fe->writable = NULL;
        writable(fe->opaque);
    }
}
