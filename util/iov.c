/*
 * Scatter-gather lists (util/iov.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/iov.h"

size_t iov_size(const struct iovec *iov, unsigned n)
{
    size_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        sum += iov[i].iov_len;
    }
    return sum;
}

unsigned iov_slice(struct iovec *dst, const struct iovec *iov, unsigned n, size_t offset,
                   size_t len)
{
    unsigned used = 0;

    for (unsigned i = 0; i < n && len > 0; i++) {
        size_t here;

        if (offset >= iov[i].iov_len) {
            offset -= iov[i].iov_len;
            continue;
        }
        here = MIN(iov[i].iov_len - offset, len);
        dst[used++] = (struct iovec){ (char *)iov[i].iov_base + offset, here };
        len -= here;
        offset = 0;
    }
    return used;
}

/* Walk the part that [offset, offset + len) covers. */
#define IOV_WALK(iov, n, offset, len, done, ptr, here)                                    \
    for (unsigned i_ = 0; i_ < (n) && done < (len); i_++)                                 \
        if (offset >= (iov)[i_].iov_len) {                                                \
            offset -= (iov)[i_].iov_len;                                                  \
        } else                                                                            \
            for (size_t here = MIN((iov)[i_].iov_len - offset, (len)-done), once_ = 1;    \
                 once_; once_ = 0, done += here, offset = 0)                              \
                for (char *ptr = (char *)(iov)[i_].iov_base + offset; ptr; ptr = NULL)

size_t iov_to_buf(const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t len)
{
    size_t done = 0;

    IOV_WALK (iov, n, offset, len, done, ptr, here) {
        memcpy((char *)buf + done, ptr, here);
    }
    return done;
}

size_t iov_from_buf(const struct iovec *iov, unsigned n, size_t offset, const void *buf,
                    size_t len)
{
    size_t done = 0;

    IOV_WALK (iov, n, offset, len, done, ptr, here) {
        memcpy(ptr, (const char *)buf + done, here);
    }
    return done;
}

size_t iov_memset(const struct iovec *iov, unsigned n, size_t offset, int byte, size_t len)
{
    size_t done = 0;

    IOV_WALK (iov, n, offset, len, done, ptr, here) {
        memset(ptr, byte, here);
    }
    return done;
}
