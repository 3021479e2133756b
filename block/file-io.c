/*
 * The file driver's transfers: in threads, with buffers for what O_DIRECT does not take.
 *
 * With O_DIRECT a write that is not aligned reads its surroundings, changes them and
 * writes them back; another write to the same blocks must not run in between. So while
 * O_DIRECT is on, a write waits for those before it that touch the same blocks, if one of
 * the two is unaligned.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/file-internal.h"
#include "util/iov.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

enum { MAX_THREADS = 32, THREAD_IDLE_MS = 10000, BOUNCE_BYTES = 1 << 20,
       ZERO_CHUNK = 1 << 20 };

static ThreadPool *file_pool(void)
{
    static ThreadPool *pool; /* machine lock; started by the first request */

    if (!pool) {
        pool = thread_pool_new("block-io", MAX_THREADS, THREAD_IDLE_MS);
    }
    return pool;
}

/* ---- Plain transfers ---- */

/* A few vectors at a time, as the kernel limits them. Returns 0 or -errno. */
static int transfer_iov(FileState *s, bool write, const struct iovec *iov, int niov,
                        uint64_t offset, uint64_t len)
{
    g_autofree struct iovec *part = g_new(struct iovec, MIN(niov, IOV_MAX));
    uint64_t done = 0;

    while (done < len) {
        int first = 0, n;
        uint64_t skip = done;
        ssize_t ret;

        while (skip >= iov[first].iov_len) {
            skip -= iov[first++].iov_len;
        }
        n = MIN(niov - first, IOV_MAX);
        memcpy(part, iov + first, n * sizeof(*part));
        part[0].iov_base = (char *)part[0].iov_base + skip;
        part[0].iov_len -= skip;
        ret = write ? pwritev(s->fd, part, n, offset + done)
                    : preadv(s->fd, part, n, offset + done);
        if (ret < 0 && errno == EINTR) {
            continue;
        }
        if (ret < 0) {
            return -errno;
        }
        if (ret == 0 && write) {
            return -ENOSPC;
        }
        done += ret;
        /* At the end of the file, or so near that O_DIRECT could not go on. */
        if (!write && (ret == 0 || (s->direct && done % s->align))) {
            iov_memset(iov, niov, done, 0, len - done);
            break;
        }
    }
    return 0;
}

static int transfer_buf(FileState *s, bool write, void *buf, uint64_t offset, uint64_t len)
{
    struct iovec iov = { buf, len };

    return transfer_iov(s, write, &iov, 1, offset, len);
}

/* ---- Unaligned transfers with O_DIRECT ---- */

/* The last block of the file may have grown with what aligning added. */
static int trim_end(FileState *s, uint64_t end)
{
    return !s->is_device && end > s->size && ftruncate(s->fd, s->size) < 0 ? -errno : 0;
}

/* Bytes [offset, offset + len) of the request's vector from byte @at on. */
static int bounce_part(FileState *s, bool write, const struct iovec *iov, int niov,
                       uint64_t at, void *buf, uint64_t offset, uint64_t len)
{
    uint64_t start = ROUND_DOWN(offset, s->align);
    uint64_t end = ROUND_UP(offset + len, s->align);
    int ret = 0;

    if (!write) {
        ret = transfer_buf(s, false, buf, start, end - start);
        iov_from_buf(iov, niov, at, (char *)buf + (offset - start), len);
        return ret;
    }
    if (start != offset) {
        ret = transfer_buf(s, false, buf, start, s->align);
    }
    if (ret == 0 && end != offset + len && (end - s->align > start || start == offset)) {
        ret = transfer_buf(s, false, (char *)buf + (end - s->align - start),
                           end - s->align, s->align);
    }
    if (ret < 0) {
        return ret;
    }
    iov_to_buf(iov, niov, at, (char *)buf + (offset - start), len);
    ret = transfer_buf(s, true, buf, start, end - start);
    return ret < 0 ? ret : trim_end(s, end);
}

static int transfer_bounced(FileState *s, bool write, const struct iovec *iov, int niov,
                            uint64_t offset, uint64_t len)
{
    size_t bytes = MIN(len, BOUNCE_BYTES) + 2 * s->align;
    void *buf;
    int ret = 0;

    if (posix_memalign(&buf, MAX(s->mem_align, sizeof(void *)),
                       ROUND_UP(bytes, s->align)) != 0) {
        return -ENOMEM;
    }
    for (uint64_t done = 0; done < len && ret == 0;) {
        /* Parts end at block borders, so that only the first and last are unaligned. */
        uint64_t part = MIN(len - done,
                            BOUNCE_BYTES - (offset + done) % s->align);

        ret = bounce_part(s, write, iov, niov, done, buf, offset + done, part);
        done += part;
    }
    free(buf);
    return ret;
}

static bool iov_aligned(const FileState *s, const struct iovec *iov, int niov)
{
    for (int i = 0; i < niov; i++) {
        if ((uintptr_t)iov[i].iov_base % s->mem_align || iov[i].iov_len % s->align) {
            return false;
        }
    }
    return true;
}

static bool request_aligned(const FileState *s, const BlockRequest *req)
{
    return !s->direct || (req->offset % s->align == 0 && req->len % s->align == 0 &&
                          iov_aligned(s, req->iov, req->niov));
}

static int transfer(FileState *s, bool write, const struct iovec *iov, int niov,
                    uint64_t offset, uint64_t len, bool unaligned)
{
    return unaligned ? transfer_bounced(s, write, iov, niov, offset, len)
                     : transfer_iov(s, write, iov, niov, offset, len);
}

/* ---- Other requests ---- */

static int do_flush(FileState *s)
{
    int ret = atomic_read(&s->flush_error);

    if (ret) {
        return ret;
    }
    ret = fdatasync(s->fd) < 0 ? -errno : 0;
    if (ret == -EIO && !s->direct) {
        /* The kernel drops what it could not write and reports it once. */
        atomic_set(&s->flush_error, ret);
    }
    return ret;
}

static int do_fallocate(FileState *s, int mode, uint64_t offset, uint64_t len)
{
    int ret;

    do {
        ret = fallocate(s->fd, mode, offset, len) < 0 ? -errno : 0;
    } while (ret == -EINTR);
    return ret == -ENOSYS || ret == -ENOTSUP || ret == -ENODEV || ret == -EINVAL ||
                   ret == -EPERM
               ? -ENOTSUP
               : ret;
}

static int do_punch(FileState *s, uint64_t offset, uint64_t len)
{
    int ret;

    if (atomic_read(&s->no_punch)) {
        return -ENOTSUP;
    }
    ret = do_fallocate(s, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len);
    /* Block devices refuse ranges finer than their sectors: no verdict on others. */
    if (ret == -ENOTSUP && !s->is_device) {
        atomic_set(&s->no_punch, true);
    }
    return ret;
}

static int do_zero_range(FileState *s, uint64_t offset, uint64_t len)
{
    int ret;

    if (atomic_read(&s->no_zero_range)) {
        return -ENOTSUP;
    }
    ret = do_fallocate(s, FALLOC_FL_ZERO_RANGE, offset, len);
    if (ret == -ENOTSUP && !s->is_device) {
        atomic_set(&s->no_zero_range, true);
    }
    return ret;
}

static int write_plain_zeroes(FileState *s, uint64_t offset, uint64_t len)
{
    size_t bytes = MIN(ROUND_UP(len, 4096), ZERO_CHUNK);
    void *buf;
    int ret = 0;

    if (posix_memalign(&buf, MAX(s->mem_align, sizeof(void *)), bytes) != 0) {
        return -ENOMEM;
    }
    memset(buf, 0, bytes);
    while (len > 0 && ret == 0) {
        /* Up to a chunk's border, so that the parts behind it are aligned. */
        struct iovec iov = { buf, MIN(len, bytes - offset % bytes) };
        bool unaligned = s->direct && (offset % s->align || iov.iov_len % s->align);

        ret = transfer(s, true, &iov, 1, offset, iov.iov_len, unaligned);
        offset += iov.iov_len;
        len -= iov.iov_len;
    }
    free(buf);
    return ret;
}

static int do_write_zeroes(FileState *s, const BlockRequest *req)
{
    int ret = -ENOTSUP;

    if (req->flags & BLOCK_REQ_UNMAP) {
        ret = do_punch(s, req->offset, req->len);
    }
    if (ret == -ENOTSUP) {
        ret = do_zero_range(s, req->offset, req->len);
    }
    if (ret == -ENOTSUP) {
        ret = write_plain_zeroes(s, req->offset, req->len);
    }
    return ret;
}

static int do_discard(FileState *s, const BlockRequest *req)
{
    int ret = do_punch(s, req->offset, req->len);

    return ret == -ENOTSUP ? 0 : ret; /* advice */
}

static int file_perform(FileRequest *fr)
{
    const BlockRequest *req = fr->req;
    FileState *s = fr->s;
    int ret = 0;

    switch (req->op) {
    case BLOCK_READ: case BLOCK_WRITE:
        ret = transfer(s, req->op == BLOCK_WRITE, req->iov, req->niov, req->offset, req->len,
                       fr->unaligned);
        break;
    case BLOCK_FLUSH:
        return do_flush(s);
    case BLOCK_DISCARD:
        ret = do_discard(s, req);
        break;
    case BLOCK_WRITE_ZEROES:
        ret = do_write_zeroes(s, req);
        break;
    case BLOCK_OP_COUNT:
        break;
    }
    if (ret == 0 && (req->flags & BLOCK_REQ_FUA)) {
        ret = do_flush(s);
    }
    return ret;
}

/* ---- Start and end ---- */

static void run_job(ThreadJob *job)
{
    FileRequest *fr = container_of(job, FileRequest, job);

    block_complete(&fr->end, file_perform(fr));
}

void file_start_in_thread(FileRequest *fr)
{
    fr->job.run = run_job;
    thread_pool_submit(file_pool(), &fr->job);
}

static void start(FileRequest *fr)
{
    const BlockRequest *req = fr->req;
    bool fits = !(req->flags & BLOCK_REQ_FUA) && !fr->unaligned && req->niov <= IOV_MAX &&
                (req->op == BLOCK_READ || req->op == BLOCK_WRITE ||
                 (req->op == BLOCK_FLUSH && !atomic_read(&fr->s->flush_error)));

    if (!fr->s->use_uring || !fits || !uring_start(fr)) {
        file_start_in_thread(fr);
    }
}

static bool overlap(const FileRequest *a, const FileRequest *b)
{
    uint64_t align = a->s->align;

    return (a->unaligned || b->unaligned) &&
           ROUND_DOWN(a->req->offset, align) < ROUND_UP(b->req->offset + b->req->len, align) &&
           ROUND_DOWN(b->req->offset, align) < ROUND_UP(a->req->offset + a->req->len, align);
}

static bool overlaps_any(const GQueue *queue, const FileRequest *fr, const GList *end)
{
    for (const GList *l = queue->head; l && l != end; l = l->next) {
        if (overlap(l->data, fr)) {
            return true;
        }
    }
    return false;
}

static bool must_order(const FileRequest *fr)
{
    return fr->s->direct && block_op_writes(fr->req->op);
}

/* Start what no longer overlaps a request before it. */
static void start_waiting(FileState *s)
{
    for (GList *l = s->waiting.head, *next; l; l = next) {
        FileRequest *fr = l->data;

        next = l->next;
        if (!overlaps_any(&s->running, fr, NULL) && !overlaps_any(&s->waiting, fr, l)) {
            g_queue_delete_link(&s->waiting, l);
            g_queue_push_tail(&s->running, fr);
            start(fr);
        }
    }
}

static void file_done(void *opaque, int ret)
{
    FileRequest *fr = opaque;
    BlockRequest *req = fr->req;

    if (must_order(fr)) {
        g_queue_remove(&fr->s->running, fr);
        start_waiting(fr->s);
    }
    g_free(fr);
    req->cb(req->opaque, ret);
}

void file_submit(BlockNode *node, BlockRequest *req)
{
    FileState *s = node->state;
    FileRequest *fr = g_new0(FileRequest, 1);

    fr->s = s;
    fr->req = req;
    fr->end.cb = file_done;
    fr->end.opaque = fr;
    fr->unaligned = req->op != BLOCK_FLUSH && !request_aligned(s, req);
    if (!must_order(fr)) {
        start(fr);
    } else if (overlaps_any(&s->running, fr, NULL) || overlaps_any(&s->waiting, fr, NULL)) {
        g_queue_push_tail(&s->waiting, fr);
    } else {
        g_queue_push_tail(&s->running, fr);
        start(fr);
    }
}
