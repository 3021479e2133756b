/*
 * File descriptors that the process was given: named ones (getfd) and sets (add-fd), which
 * stand for files as "/dev/fdset/N".
 *
 * Machine lock, or before threads start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_FDSET_H
#define UTIL_FDSET_H

#include "util/osdep.h"
#include "util/error.h"

/* ---- Descriptors with a name ---- */
/* Keep @fd (taken over) under @name; one that had the name is closed. Names that begin with
 * a digit are refused: they are numbers of inherited descriptors. */
bool named_fd_add(const char *name, int fd, GError **err);
bool named_fd_close(const char *name, GError **err);
/*
 * Hand out the descriptor that @text means, which is the caller's from now on: a number is
 * one that the process inherited, anything else a name. It is closed on exec. -1 on errors.
 */
int named_fd_take(const char *text, GError **err);

/* ---- Sets ---- */
/* Put @fd (taken over, also on failure) into set @set_id; a negative one means a new set.
 * Returns the set's number, or -1. @opaque (may be NULL) is copied. */
int64_t fdset_add(int64_t set_id, int fd, const char *opaque, GError **err);
/* Remove @fd from the set, or all if @fd is negative; they are closed. What was opened from
 * the set stays open. */
bool fdset_remove(int64_t set_id, int fd, GError **err);
/* Visit all members, sets in ascending order; @opaque as given to fdset_add(), or NULL. */
void fdset_foreach(void (*fn)(int64_t set_id, int fd, const char *opaque, void *data),
                   void *data);

/*
 * open(2) that knows "/dev/fdset/N": that yields a duplicate of the member of the set whose
 * access mode is the one asked for. O_CLOEXEC is implied. -1 with errno on failure.
 */
int fdset_open(const char *path, int flags, mode_t mode);

#endif
