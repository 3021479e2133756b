/*
 * A character device for tests: what is written is kept, what the test types is received.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_CHAR_DOUBLE_H
#define TESTS_UNIT_CHAR_DOUBLE_H

#include "chardev/char.h"

typedef struct CharDouble {
    Chardev parent;
    GString *out;     /* all that was written */
    GString *in;      /* typed, not yet received */
    unsigned room;    /* bytes that it still takes */
    bool watched;
    unsigned feeding; /* id of the pending main loop call */
} CharDouble;

/* Register a new one under @label, in place of an earlier one. */
CharDouble *char_double_new(const char *label);
/* Input; arrives in the main loop as the front end has room (tm_run()). */
void char_double_type(CharDouble *c, const char *text, size_t len);
/* Take @room more bytes from now on; tells the front end if it waits. */
void char_double_set_room(CharDouble *c, unsigned room);
void char_double_break(CharDouble *c);

#endif
