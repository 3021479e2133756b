/*
 * Requests to block nodes: checks that hold for every node, splitting, completion.
 *
 * Completed requests wait in one queue, whose eventfd the main loop watches. A drain
 * polls the same descriptors itself, so that it works in any thread that holds the
 * machine lock and runs nothing but completions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block.h"
#include "util/iov.h"
#include "util/main-loop.h"
#include <poll.h>
#include <sys/eventfd.h>

typedef struct Poller {
    int fd;
    bool (*fn)(void *opaque);
    void *opaque;
} Poller;

static struct {
    GMutex lock;               /* protects the queue; completions come from any thread */
    BlockRequest *head, **tail;
    bool signalled;            /* the eventfd was written since it was last read */
    int event_fd;
    GPtrArray *pollers;        /* Poller *; machine lock */
} done = { .tail = &done.head, .event_fd = -1 };

/* ---- Completion ---- */

void block_complete(BlockRequest *req, int ret)
{
    uint64_t one = 1;
    bool wake;

    req->ret = ret;
    req->next = NULL;
    g_mutex_lock(&done.lock);
    *done.tail = req;
    done.tail = &req->next;
    wake = !done.signalled;
    done.signalled = true;
    g_mutex_unlock(&done.lock);
    if (wake) {
        ssize_t n = write(done.event_fd, &one, sizeof(one));

        (void)n; /* cannot fill up: one write between two reads */
    }
}

/* One at a time: a callback may drain, and must find the others. */
static BlockRequest *take_done(void)
{
    BlockRequest *req;

    g_mutex_lock(&done.lock);
    req = done.head;
    if (req) {
        done.head = req->next;
        if (!done.head) {
            done.tail = &done.head;
        }
    } else if (done.signalled) {
        uint64_t count;
        ssize_t n = read(done.event_fd, &count, sizeof(count));

        (void)n; /* written by now or soon; then it wakes us once more for nothing */
        done.signalled = false;
    }
    g_mutex_unlock(&done.lock);
    return req;
}

static bool run_done(void)
{
    BlockRequest *req;
    bool any = false;

    while ((req = take_done())) {
        any = true;
        req->cb(req->opaque, req->ret);
    }
    return any;
}

static void on_done(void *opaque)
{
    run_done();
}

static void init_once(void)
{
    if (done.event_fd >= 0) {
        return;
    }
    done.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (done.event_fd < 0) {
        g_error("eventfd: %s", g_strerror(errno));
    }
    done.pollers = g_ptr_array_new();
    main_loop_watch_fd(done.event_fd, on_done, NULL, NULL);
}

static void on_poller(void *opaque)
{
    Poller *p = opaque;

    p->fn(p->opaque);
}

void block_poll_add_fd(int fd, bool (*fn)(void *opaque), void *opaque)
{
    Poller *p = g_new(Poller, 1);

    *p = (Poller){ fd, fn, opaque };
    init_once();
    g_ptr_array_add(done.pollers, p);
    main_loop_watch_fd(fd, on_poller, NULL, p);
}

static void wait_for_events(void)
{
    g_autofree struct pollfd *fds = g_new(struct pollfd, done.pollers->len + 1);

    fds[0] = (struct pollfd){ .fd = done.event_fd, .events = POLLIN };
    for (guint i = 0; i < done.pollers->len; i++) {
        fds[i + 1].fd = ((Poller *)g_ptr_array_index(done.pollers, i))->fd;
        fds[i + 1].events = POLLIN;
    }
    while (poll(fds, done.pollers->len + 1, -1) < 0 && errno == EINTR) {
    }
}

bool block_poll(bool wait)
{
    init_once();
    for (;;) {
        bool any = false;

        for (guint i = 0; i < done.pollers->len; i++) {
            Poller *p = g_ptr_array_index(done.pollers, i);

            any |= p->fn(p->opaque);
        }
        if (run_done() || any) {
            return true;
        }
        if (!wait) {
            return false;
        }
        wait_for_events();
    }
}

/* ---- Splitting ---- */

/* Parts one after the other: rare, and an error leaves no later part behind. */
typedef struct Split {
    BlockRequest part;
    BlockNode *node;
    BlockRequest *whole;
    uint64_t done;
    struct iovec iov[];
} Split;

static void split_next(Split *s)
{
    const BlockRequest *whole = s->whole;

    s->part.offset = whole->offset + s->done;
    s->part.len = MIN(whole->len - s->done, s->node->max_transfer);
    s->part.niov = iov_slice(s->iov, whole->iov, whole->niov, s->done, s->part.len);
    s->node->drv->submit(s->node, &s->part);
}

static void split_done(void *opaque, int ret)
{
    Split *s = opaque;
    BlockRequest *whole = s->whole;

    s->done += s->part.len;
    if (ret == 0 && s->done < whole->len) {
        split_next(s);
        return;
    }
    g_free(s);
    whole->cb(whole->opaque, ret);
}

static void split_start(BlockNode *node, BlockRequest *whole)
{
    Split *s = g_malloc0(sizeof(*s) + whole->niov * sizeof(struct iovec));

    s->node = node;
    s->whole = whole;
    s->part = (BlockRequest){ .op = whole->op, .flags = whole->flags, .iov = s->iov,
                              .cb = split_done, .opaque = s };
    split_next(s);
}

/* ---- Submission ---- */

static bool iov_is_zero(const struct iovec *iov, int niov)
{
    static const char zeroes[4096];

    for (int i = 0; i < niov; i++) {
        const char *p = iov[i].iov_base;

        for (size_t left = iov[i].iov_len; left > 0;) {
            size_t n = MIN(left, sizeof(zeroes));

            if (memcmp(p, zeroes, n)) {
                return false;
            }
            p += n;
            left -= n;
        }
    }
    return true;
}

static void apply_options(const BlockNode *node, BlockRequest *req)
{
    const BlockOptions *opt = &node->opt;

    if (opt->cache_no_flush) {
        req->flags &= ~BLOCK_REQ_FUA;
    }
    if (req->op == BLOCK_WRITE && opt->detect_zeroes != DETECT_ZEROES_OFF &&
        iov_is_zero(req->iov, req->niov)) {
        req->op = BLOCK_WRITE_ZEROES;
        req->flags |= opt->detect_zeroes == DETECT_ZEROES_UNMAP ? BLOCK_REQ_UNMAP : 0;
    }
    if (!opt->discard) {
        req->flags &= ~BLOCK_REQ_UNMAP;
    }
}

/* Nothing is left to do, or *ret says why not. */
static bool is_done(const BlockNode *node, const BlockRequest *req, int *ret)
{
    *ret = 0;
    if (req->op == BLOCK_FLUSH) {
        return node->opt.cache_no_flush;
    }
    if (req->offset > node->size || req->len > node->size - req->offset) {
        *ret = -EINVAL;
        return true;
    }
    if (block_op_writes(req->op) && node->opt.read_only) {
        *ret = -EPERM;
        return true;
    }
    return req->len == 0 ||
           (req->op == BLOCK_DISCARD && (!node->opt.discard || !node->can_discard));
}

void block_submit(BlockNode *node, BlockRequest *req)
{
    int ret;

    init_once();
    if (is_done(node, req, &ret)) {
        block_complete(req, ret);
        return;
    }
    apply_options(node, req);
    if ((req->op == BLOCK_READ || req->op == BLOCK_WRITE) && node->max_transfer &&
        req->len > node->max_transfer) {
        split_start(node, req);
    } else {
        node->drv->submit(node, req);
    }
}

static void sync_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

int block_run_sync(BlockNode *node, BlockOp op, uint64_t offset, void *buf, uint64_t len)
{
    struct iovec iov = { buf, len };
    int ret = INT_MAX;
    BlockRequest req = { .op = op, .offset = offset, .len = len, .iov = &iov, .niov = buf != NULL,
                         .cb = sync_done, .opaque = &ret };

    block_submit(node, &req);
    while (ret == INT_MAX) {
        block_poll(true);
    }
    return ret;
}
