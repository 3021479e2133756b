/*
 * Scatter-gather lists.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_IOV_H
#define UTIL_IOV_H

#include "util/osdep.h"
#include <sys/uio.h>

/* Bytes in all. */
size_t iov_size(const struct iovec *iov, unsigned n);
/* Copy out of / into the list from byte @offset on; returns how many bytes fit. */
size_t iov_to_buf(const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t len);
size_t iov_from_buf(const struct iovec *iov, unsigned n, size_t offset, const void *buf,
                    size_t len);
size_t iov_memset(const struct iovec *iov, unsigned n, size_t offset, int byte, size_t len);
/* The part [offset, offset + len) as a list of its own in @dst (room for n entries);
 * returns the number of entries. */
unsigned iov_slice(struct iovec *dst, const struct iovec *iov, unsigned n, size_t offset,
                   size_t len);

#endif
