/*
 * The file driver's requests through io_uring(7).
 *
 * One ring a process, made for the first node that asks for it. Requests are submitted
 * under the machine lock; the ring's eventfd wakes the main loop. What the kernel does not
 * finish in one piece is done again in a thread, which knows all the cases.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/file-internal.h"

#if CONFIG_IO_URING
#include <liburing.h>
#include <sys/eventfd.h>

enum { RING_ENTRIES = 256 };

static struct {
    bool tried;
    int error;             /* errno of the attempt */
    struct io_uring ring;
    int event_fd;
    unsigned in_flight;    /* fewer than the completion queue holds */
} uring;

static void finish(FileRequest *fr, int res)
{
    const BlockRequest *req = fr->req;

    if (req->op == BLOCK_FLUSH) {
        /* A thread asks again, and remembers that data were lost. */
        if (res == -EIO && !fr->s->direct) {
            atomic_set(&fr->s->flush_error, res);
        }
    } else if (res >= 0 && res < req->len) {
        res = -EAGAIN;
    }
    /* Cancelled: the thread that submitted it has ended. */
    if (res == -EAGAIN || res == -EINTR || res == -EOPNOTSUPP || res == -ECANCELED) {
        file_start_in_thread(fr);
    } else {
        fr->end.cb(fr->end.opaque, MIN(res, 0));
    }
}

static bool reap(void *opaque)
{
    struct io_uring_cqe *cqe;
    uint64_t count;
    bool any = false;
    ssize_t n = read(uring.event_fd, &count, sizeof(count));

    (void)n;
    while (uring.in_flight && io_uring_peek_cqe(&uring.ring, &cqe) == 0) {
        FileRequest *fr = io_uring_cqe_get_data(cqe);
        int res = cqe->res;

        /* Seen before the callback, which may come back here. */
        io_uring_cqe_seen(&uring.ring, cqe);
        uring.in_flight--;
        finish(fr, res);
        any = true;
    }
    return any;
}

static int make_ring(void)
{
    int ret = io_uring_queue_init(RING_ENTRIES, &uring.ring, 0);

    if (ret < 0) {
        return -ret;
    }
    uring.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ret = uring.event_fd < 0 ? -errno : io_uring_register_eventfd(&uring.ring, uring.event_fd);
    if (ret < 0) {
        if (uring.event_fd >= 0) {
            close(uring.event_fd);
        }
        io_uring_queue_exit(&uring.ring);
        return -ret;
    }
    block_poll_add_fd(uring.event_fd, reap, NULL);
    return 0;
}

bool uring_available(GError **err)
{
    if (!uring.tried) {
        uring.tried = true;
        uring.error = make_ring();
    }
    if (uring.error) {
        error_set_errno(err, uring.error, "aio=io_uring: the kernel grants no ring");
        error_add_hint(err, "aio=threads works everywhere");
        return false;
    }
    return true;
}

bool uring_start(FileRequest *fr)
{
    const BlockRequest *req = fr->req;
    struct io_uring_sqe *sqe;
    int ret;

    if (uring.in_flight >= RING_ENTRIES || !(sqe = io_uring_get_sqe(&uring.ring))) {
        return false;
    }
    if (req->op == BLOCK_READ) {
        io_uring_prep_readv(sqe, fr->s->fd, req->iov, req->niov, req->offset);
    } else if (req->op == BLOCK_WRITE) {
        io_uring_prep_writev(sqe, fr->s->fd, req->iov, req->niov, req->offset);
    } else {
        io_uring_prep_fsync(sqe, fr->s->fd, IORING_FSYNC_DATASYNC);
    }
    io_uring_sqe_set_data(sqe, fr);
    uring.in_flight++;
    do {
        ret = io_uring_submit(&uring.ring); /* short of memory: it passes */
    } while (ret == -EINTR || ret == -EAGAIN || ret == -EBUSY);
    return true;
}

#else

bool uring_available(GError **err)
{
    error_set(err, "aio=io_uring: this program was built without liburing");
    error_add_hint(err, "aio=threads works everywhere");
    return false;
}

bool uring_start(FileRequest *fr)
{
    return false;
}
#endif
