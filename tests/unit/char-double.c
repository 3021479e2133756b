/*
 * A character device for tests (tests/unit/char-double.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/char-double.h"
#include "util/main-loop.h"

static void feed(void *opaque)
{
    CharDouble *c = opaque;
    int room;

    c->feeding = 0;
    while (c->in->len && (room = chr_be_can_receive(&c->parent)) > 0) {
        unsigned n = MIN((unsigned)room, c->in->len);
        g_autofree uint8_t *bytes = g_memdup2(c->in->str, n);

        g_string_erase(c->in, 0, n);
        chr_be_receive(&c->parent, bytes, n);
    }
}

/* As a file descriptor would: input comes from the main loop, never out of a register
 * access. */
static void char_double_accept_input(Chardev *chr)
{
    CharDouble *c = (CharDouble *)chr;

    if (c->in->len && !c->feeding) {
        c->feeding = main_loop_call(feed, c);
    }
}

static int char_double_write(Chardev *chr, const uint8_t *buf, int len)
{
    CharDouble *c = (CharDouble *)chr;
    unsigned n = MIN((unsigned)len, c->room);

    g_string_append_len(c->out, (const char *)buf, n);
    c->room -= c->room == UINT_MAX ? 0 : n;
    return n;
}

static void char_double_watch_write(Chardev *chr)
{
    ((CharDouble *)chr)->watched = true;
}

void char_double_type(CharDouble *c, const char *text, size_t len)
{
    g_string_append_len(c->in, text, len);
    char_double_accept_input(&c->parent);
}

void char_double_set_room(CharDouble *c, unsigned room)
{
    c->room = room;
    if (c->watched && room) {
        c->watched = false;
        chr_be_writable(&c->parent);
    }
}

void char_double_break(CharDouble *c)
{
    chr_be_event(&c->parent, CHAR_EVENT_BREAK);
}

CharDouble *char_double_new(const char *label)
{
    CharDouble *c;

    if (chardev_find(label)) {
        g_assert_true(chardev_remove(label, NULL));
    }
    c = (CharDouble *)object_new("chardev-double");
    g_assert_true(chardev_register(&c->parent, label, NULL));
    return c;
}

static void char_double_init(Object *obj)
{
    CharDouble *c = (CharDouble *)obj;

    c->out = g_string_new(NULL);
    c->in = g_string_new(NULL);
    c->room = UINT_MAX;
    c->parent.open = true;
}

static void char_double_finalize(Object *obj)
{
    CharDouble *c = (CharDouble *)obj;

    main_loop_cancel(c->feeding);
    g_string_free(c->out, TRUE);
    g_string_free(c->in, TRUE);
}

static void char_double_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->write = char_double_write;
    cc->watch_write = char_double_watch_write;
    cc->accept_input = char_double_accept_input;
}

static const TypeInfo char_double_type_info = {
    .name = "chardev-double",
    .parent = TYPE_CHARDEV,
    .instance_size = sizeof(CharDouble),
    .class_init = char_double_class_init,
    .instance_init = char_double_init,
    .instance_finalize = char_double_finalize,
};
TYPE_REGISTER(char_double_type_info);
