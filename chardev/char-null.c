/*
 * The end that takes everything and says nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"

static bool null_open(Chardev *chr, GError **err)
{
    chr->filename = g_strdup("null");
    chr->open = true;
    return true;
}

static int null_write(Chardev *chr, const uint8_t *buf, int len)
{
    return len;
}

static void null_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ChardevClass *cc = (ChardevClass *)klass;

    cc->open = null_open;
    cc->write = null_write;
}

static const TypeInfo null_type = {
    .name = "chardev-null",
    .parent = TYPE_CHARDEV,
    .desc = "discards output, has no input",
    .instance_size = sizeof(Chardev),
    .class_init = null_class_init,
};
TYPE_REGISTER(null_type);
