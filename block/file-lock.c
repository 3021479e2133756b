/*
 * Locks against other processes that use an image.
 *
 * Open file description locks (fcntl(2)), all of the shared kind, on single bytes that
 * stand for permissions: byte 100 + n is held by who uses permission n, byte 200 + n by
 * who does not let others use it. After taking its bytes a process asks whether someone
 * else holds one that contradicts. This is the scheme by which other programs of this
 * family guard images, so that each sees the other's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/file-internal.h"
#include <fcntl.h>

enum { USED_BASE = 100, UNSHARED_BASE = 200, UNSHARED_BIT = 32 };

/* Bit n: byte 100 + n; bit 32 + n: byte 200 + n. */
static uint64_t lock_bits(unsigned perm, unsigned shared)
{
    return perm | (uint64_t)(~shared & BLOCK_PERM_ALL) << UNSHARED_BIT;
}

static off_t lock_byte(unsigned bit)
{
    return bit >= UNSHARED_BIT ? UNSHARED_BASE + bit - UNSHARED_BIT : USED_BASE + bit;
}

static int lock_op(int fd, int cmd, short type, unsigned bit, struct flock *fl)
{
    int ret;

    *fl = (struct flock){ .l_whence = SEEK_SET, .l_start = lock_byte(bit), .l_len = 1,
                          .l_type = type };
    do {
        ret = fcntl(fd, cmd, fl);
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? errno : 0;
}

bool file_lock_supported(int fd)
{
    struct flock fl;

    return lock_op(fd, F_OFD_GETLK, F_WRLCK, 0, &fl) == 0;
}

static int for_each_bit(int fd, uint64_t bits, int cmd, short type)
{
    struct flock fl;
    int ret = 0;

    for (; bits && !ret; bits &= bits - 1) {
        ret = lock_op(fd, cmd, type, __builtin_ctzll(bits), &fl);
    }
    return ret;
}

/* The bit of a byte that someone else holds against @bits, or -1. */
static int find_conflict(int fd, uint64_t bits)
{
    /* What we use, others must share; what we do not share, others must not use. */
    uint64_t against = bits >> UNSHARED_BIT | (bits & BLOCK_PERM_ALL) << UNSHARED_BIT;
    struct flock fl;

    for (; against; against &= against - 1) {
        int bit = __builtin_ctzll(against);

        if (lock_op(fd, F_OFD_GETLK, F_WRLCK, bit, &fl) == 0 && fl.l_type != F_UNLCK) {
            return bit;
        }
    }
    return -1;
}

static bool conflict_error(const char *filename, int bit, GError **err)
{
    static const char *const verbs[BLOCK_PERM_COUNT] = {
        "reads it", "writes to it", "rewrites it", "resizes it",
    };
    static const char *const nouns[BLOCK_PERM_COUNT] = {
        "read it", "write to it", "rewrite it", "resize it",
    };

    if (bit >= UNSHARED_BIT) {
        error_set(err, "'%s' is in use by another process or node, which does not let "
                  "others %s", filename, nouns[bit - UNSHARED_BIT]);
    } else {
        error_set(err, "'%s' is in use by another process or node, which %s", filename,
                  verbs[bit]);
    }
    error_set_culprit(err, "file", filename);
    error_add_hint(err, "read-only=on,force-share=on reads it all the same, and may see "
                   "half-written data; locking=off takes no part in locking");
    return false;
}

bool file_lock_set(FileState *s, const char *filename, unsigned perm, unsigned shared,
                   GError **err)
{
    uint64_t want = lock_bits(perm, shared), add = want & ~s->held;
    int ret, conflict;

    if (!s->in_locks) {
        return true;
    }
    ret = for_each_bit(s->fd, add, F_OFD_SETLK, F_RDLCK);
    if (ret) {
        for_each_bit(s->fd, add, F_OFD_SETLK, F_UNLCK);
        return error_set_errno(err, ret, "cannot lock '%s'", filename);
    }
    conflict = find_conflict(s->fd, add);
    if (conflict >= 0) {
        for_each_bit(s->fd, add, F_OFD_SETLK, F_UNLCK);
        return conflict_error(filename, conflict, err);
    }
    for_each_bit(s->fd, s->held & ~want, F_OFD_SETLK, F_UNLCK);
    s->held = want;
    return true;
}
