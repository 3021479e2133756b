/*
 * Memory for generated code: one memfd mapped twice, so that no address is ever writable
 * and executable at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <sys/mman.h>
#include "tcg/tcg.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

bool tcg_buffer_alloc(TcgBuffer *buf, size_t size, GError **err)
{
    void *rw, *rx;
    int fd;

    *buf = (TcgBuffer){ .fd = -1 };
    size = ROUND_UP(size, (size_t)sysconf(_SC_PAGESIZE));
    /* MFD_EXEC asks for what was the default before Linux 6.3, which does not know it. */
    fd = memfd_create("rhea-code", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("rhea-code", MFD_CLOEXEC);
    }
    if (fd < 0) {
        error_set_errno(err, errno, "cannot create an executable memory file for the "
                        "translation buffer");
        if (errno == EACCES) {
            error_add_hint(err, "the sysctl vm.memfd_noexec forbids it");
        }
        return false;
    }
    if (ftruncate(fd, size) < 0) {
        error_set_errno(err, errno, "cannot size the translation buffer to %zu bytes", size);
        close(fd);
        return false;
    }
    rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    rx = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (rw == MAP_FAILED || rx == MAP_FAILED) {
        error_set_errno(err, errno, "cannot map the translation buffer (%zu bytes, %s)",
                        size, rw == MAP_FAILED ? "writable" : "executable");
        if (rw != MAP_FAILED) {
            munmap(rw, size);
        }
        if (rx != MAP_FAILED) {
            munmap(rx, size);
        }
        close(fd);
        return false;
    }
    *buf = (TcgBuffer){ .rw = rw, .rx = rx, .size = size, .fd = fd };
    return true;
}

bool tcg_buffer_alloc_unnamed(TcgBuffer *buf, size_t size, GError **err)
{
    void *rw, *rx;

    *buf = (TcgBuffer){ .fd = -1 };
    size = ROUND_UP(size, (size_t)sysconf(_SC_PAGESIZE));
    rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rw == MAP_FAILED) {
        return error_set_errno(err, errno, "cannot map the translation buffer (%zu bytes)",
                               size);
    }
    /* Of a shared mapping an old size of 0 makes a second one (mremap(2)). */
    rx = mremap(rw, 0, size, MREMAP_MAYMOVE);
    if (rx == MAP_FAILED || mprotect(rx, size, PROT_READ | PROT_EXEC) != 0) {
        error_set_errno(err, errno, "cannot map the translation buffer (%zu bytes, executable)",
                        size);
        if (rx != MAP_FAILED) {
            munmap(rx, size);
        }
        munmap(rw, size);
        return false;
    }
    *buf = (TcgBuffer){ .rw = rw, .rx = rx, .size = size, .fd = -1 };
    return true;
}

void tcg_buffer_free(TcgBuffer *buf)
{
    if (buf->rw) {
        munmap(buf->rw, buf->size);
        munmap((void *)buf->rx, buf->size);
        if (buf->fd >= 0) {
            close(buf->fd);
        }
    }
    *buf = (TcgBuffer){ .fd = -1 };
}
