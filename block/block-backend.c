/*
 * Devices' view of block nodes: requests and their count, the write cache, what happens
 * at errors (block/block-backend.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/backend-internal.h"
#include "block/trace.h"
#include "qapi/qapi-events-block.h"
#include "softmmu/runstate.h"
#include "util/timer.h"

enum { DEFAULT_MAX_TRANSFER = 1 << 30 };

typedef struct BlkRequest {
    BlockRequest req;
    BlockBackend *blk;
    BlockCompletion *cb;
    void *opaque;
    int64_t start_ns;
    BlockOp op;
} BlkRequest;

static GList *backends; /* BlockBackend *, oldest first; machine lock */

/* ---- Life ---- */

/* The machine goes on: what failed is tried again. */
static void run_state_changed(void *opaque, bool running)
{
    for (GList *l = running ? backends : NULL; l; l = l->next) {
        ((BlockBackend *)l->data)->io_error = 0;
    }
}

GList *blk_all(void)
{
    return backends;
}

BlockBackend *blk_new(BlockNode *node, const char *name, GError **err)
{
    BlockBackend *blk = g_new0(BlockBackend, 1);
    g_autofree char *what = name ? g_strdup_printf("drive '%s'", name)
                                 : g_strdup_printf("a device on '%s'", node->name);

    blk->user = block_user_new(node, what, 0, BLOCK_PERM_ALL, err);
    if (!blk->user) {
        g_free(blk);
        return NULL;
    }
    blk->name = g_strdup(name);
    blk->ref = 1;
    blk->write_cache = true;
    blk->werror = BLOCK_ON_ERROR_ENOSPC;
    blk->rerror = BLOCK_ON_ERROR_REPORT;
    if (!backends) {
        run_state_add_notifier(run_state_changed, NULL);
    }
    backends = g_list_append(backends, blk);
    return blk;
}

BlockBackend *blk_ref(BlockBackend *blk)
{
    blk->ref++;
    return blk;
}

void blk_unref(BlockBackend *blk)
{
    if (--blk->ref > 0) {
        return;
    }
    g_assert(!blk->in_flight);
    backends = g_list_remove(backends, blk);
    if (!backends) {
        run_state_remove_notifier(run_state_changed, NULL);
    }
    block_user_free(blk->user);
    g_free(blk->name);
    g_free(blk);
}

BlockNode *blk_node(const BlockBackend *blk)
{
    return block_user_node(blk->user);
}

const char *blk_name(const BlockBackend *blk)
{
    return blk->name ? blk->name : blk_node(blk)->name;
}

BlockBackend *blk_by_name(const char *id_or_node)
{
    BlockBackend *found = NULL;

    for (GList *l = backends; l; l = l->next) {
        BlockBackend *blk = l->data;

        if (blk->name && !strcmp(blk->name, id_or_node)) {
            return blk;
        }
        if (!blk->name && !strcmp(blk_node(blk)->name, id_or_node)) {
            found = blk;
        }
    }
    return found;
}

/* For messages to others that want the node. */
static void name_user(BlockBackend *blk)
{
    g_autofree char *path = blk->owner ? object_path(blk->owner) : NULL;

    if (path) {
        g_autofree char *what = g_strdup_printf("device '%s'", path);

        block_user_rename(blk->user, what);
    }
}

bool blk_attach(BlockBackend *blk, void *dev, bool writable, GError **err)
{
    unsigned perm = BLOCK_PERM_CONSISTENT_READ;
    unsigned shared = BLOCK_PERM_ALL & ~(blk->share_rw ? 0 : BLOCK_PERM_WRITE);

    if (blk->dev) {
        return error_set(err, "drive '%s' is in use by another device", blk_name(blk));
    }
    if (writable) {
        perm |= BLOCK_PERM_WRITE;
    }
    name_user(blk);
    if (!block_user_set(blk->user, perm, shared, err)) {
        return error_prefix(err, "drive '%s'", blk_name(blk));
    }
    blk->dev = dev;
    blk->writable = writable;
    return true;
}

void blk_set_share_rw(BlockBackend *blk, bool share)
{
    blk->share_rw = share;
}

void blk_detach(BlockBackend *blk, void *dev)
{
    if (blk->dev != dev || !dev) {
        return;
    }
    blk_drain(blk);
    block_user_set(blk->user, 0, BLOCK_PERM_ALL, NULL);
    blk->dev = NULL;
    blk->writable = false;
}

/* ---- Facts ---- */

uint64_t blk_size(BlockBackend *blk)
{
    return blk_node(blk)->size;
}

bool blk_is_read_only(BlockBackend *blk)
{
    return blk_node(blk)->opt.read_only;
}

bool blk_write_cache(BlockBackend *blk)
{
    return blk->write_cache;
}

void blk_set_write_cache(BlockBackend *blk, bool on)
{
    blk->write_cache = on;
}

uint32_t blk_max_transfer(BlockBackend *blk)
{
    uint32_t max = blk_node(blk)->max_transfer;

    return max ? max : DEFAULT_MAX_TRANSFER;
}

bool blk_can_discard(BlockBackend *blk)
{
    const BlockNode *node = blk_node(blk);

    return node->opt.discard && node->can_discard;
}

/* ---- Requests ---- */

/* For traces. */
static const char *const op_names[BLOCK_OP_COUNT] = {
    [BLOCK_READ] = "read", [BLOCK_WRITE] = "write", [BLOCK_FLUSH] = "flush",
    [BLOCK_DISCARD] = "discard", [BLOCK_WRITE_ZEROES] = "write-zeroes",
};

static void count(BlkRequest *r, int ret)
{
    BlkOpStats *st = &r->blk->stats[r->op];

    if (ret == -EINVAL) {
        st->invalid++;
    } else if (ret < 0) {
        st->failed++;
    } else {
        st->ops++;
        st->bytes += r->req.len;
        st->time_ns += clock_ns(CLOCK_TYPE_REALTIME) - r->start_ns;
    }
}

static void blk_request_done(void *opaque, int ret)
{
    BlkRequest *r = opaque;
    BlockBackend *blk = r->blk;
    BlockCompletion *cb = r->cb;
    void *cb_opaque = r->opaque;

    trace_block_request_complete(r, op_names[r->op], ret);
    count(r, ret);
    g_free(r);
    blk->in_flight--;
    cb(cb_opaque, ret);
    blk_unref(blk);
}

static void blk_submit(BlockBackend *blk, BlockRequest req, BlockCompletion *cb, void *opaque)
{
    BlkRequest *r = g_new(BlkRequest, 1);

    *r = (BlkRequest){ .req = req, .blk = blk_ref(blk), .cb = cb, .opaque = opaque,
                       .op = req.op, .start_ns = clock_ns(CLOCK_TYPE_REALTIME) };
    r->req.cb = blk_request_done;
    r->req.opaque = r;
    blk->in_flight++;
    trace_block_request_submit(r, blk_node(blk)->name, op_names[req.op], req.offset, req.len,
                               req.flags);
    if (block_op_writes(req.op)) {
        r->req.flags |= blk->write_cache ? 0 : BLOCK_REQ_FUA;
        if (!blk->writable) {
            block_complete(&r->req, -EPERM);
            return;
        }
    }
    block_submit(blk_node(blk), &r->req);
}

/* The vector's length; SIZE_MAX, which no range holds, if it has none that counts. */
static uint64_t iov_len(const struct iovec *iov, int niov)
{
    uint64_t sum = 0;

    for (int i = 0; i < niov; i++) {
        if (iov[i].iov_len > SIZE_MAX - sum) {
            return SIZE_MAX;
        }
        sum += iov[i].iov_len;
    }
    return sum;
}

void blk_aio_readv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                   BlockCompletion *cb, void *opaque)
{
    blk_submit(blk, (BlockRequest){ .op = BLOCK_READ, .offset = offset, .iov = iov,
                                    .niov = niov, .len = iov_len(iov, niov) }, cb, opaque);
}

void blk_aio_writev(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                    bool fua, BlockCompletion *cb, void *opaque)
{
    blk_submit(blk, (BlockRequest){ .op = BLOCK_WRITE, .offset = offset, .iov = iov,
                                    .niov = niov, .len = iov_len(iov, niov),
                                    .flags = fua ? BLOCK_REQ_FUA : 0 }, cb, opaque);
}

void blk_aio_flush(BlockBackend *blk, BlockCompletion *cb, void *opaque)
{
    blk_submit(blk, (BlockRequest){ .op = BLOCK_FLUSH }, cb, opaque);
}

void blk_aio_discard(BlockBackend *blk, uint64_t offset, uint64_t len, BlockCompletion *cb,
                     void *opaque)
{
    blk_submit(blk, (BlockRequest){ .op = BLOCK_DISCARD, .offset = offset, .len = len }, cb,
               opaque);
}

void blk_aio_write_zeroes(BlockBackend *blk, uint64_t offset, uint64_t len, bool unmap,
                          BlockCompletion *cb, void *opaque)
{
    blk_submit(blk, (BlockRequest){ .op = BLOCK_WRITE_ZEROES, .offset = offset, .len = len,
                                    .flags = unmap ? BLOCK_REQ_UNMAP : 0 }, cb, opaque);
}

/* ---- Errors ---- */

const char *const block_on_error_names[] = {
    "auto", "report", "ignore", "enospc", "stop", NULL,
};

bool blk_set_on_error(BlockBackend *blk, BlockOnError rerror, BlockOnError werror,
                      GError **err)
{
    if (rerror == BLOCK_ON_ERROR_ENOSPC) {
        return error_set(err, "drive '%s': rerror=enospc: reads need no space (report, "
                         "ignore, stop)", blk_name(blk));
    }
    blk->rerror = rerror == BLOCK_ON_ERROR_AUTO ? blk->rerror : rerror;
    blk->werror = werror == BLOCK_ON_ERROR_AUTO ? blk->werror : werror;
    return true;
}

static BlockErrorAction choose_action(BlockOnError policy, bool no_space)
{
    switch (policy) {
    case BLOCK_ON_ERROR_IGNORE:
        return BLOCK_ERROR_IGNORE;
    case BLOCK_ON_ERROR_STOP:
        return BLOCK_ERROR_STOP;
    case BLOCK_ON_ERROR_ENOSPC:
        return no_space ? BLOCK_ERROR_STOP : BLOCK_ERROR_REPORT;
    case BLOCK_ON_ERROR_REPORT: case BLOCK_ON_ERROR_AUTO:
        break;
    }
    return BLOCK_ERROR_REPORT;
}

static void send_event(BlockBackend *blk, bool is_write, BlockErrorAction action,
                       bool no_space, int error)
{
    static const BlockErrorReaction reactions[] = {
        [BLOCK_ERROR_REPORT] = BLOCK_ERROR_REACTION_REPORT,
        [BLOCK_ERROR_IGNORE] = BLOCK_ERROR_REACTION_IGNORE,
        [BLOCK_ERROR_STOP] = BLOCK_ERROR_REACTION_STOP,
    };
    g_autofree char *path = blk->owner ? object_path(blk->owner) : NULL;

    qapi_event_send_block_io_error(path ? path : "", blk->name ? blk->name : "",
                                   blk_node(blk)->name,
                                   is_write ? IO_OPERATION_TYPE_WRITE
                                            : IO_OPERATION_TYPE_READ,
                                   reactions[action], action == BLOCK_ERROR_STOP, no_space,
                                   g_strerror(error));
}

BlockErrorAction blk_error_action(BlockBackend *blk, bool is_write, int error)
{
    bool no_space = error == ENOSPC || error == EDQUOT;
    BlockErrorAction action = choose_action(is_write ? blk->werror : blk->rerror, no_space);

    trace_block_error_act(blk_node(blk)->name, is_write, error, action);
    send_event(blk, is_write, action, no_space, error);
    if (action == BLOCK_ERROR_STOP) {
        blk->io_error = error;
        vm_stop_request(RUN_STATE_IO_ERROR);
    }
    return action;
}

/* ---- All of them ---- */

void blk_drain(BlockBackend *blk)
{
    blk_ref(blk);
    while (blk->in_flight) {
        block_poll(true);
    }
    blk_unref(blk);
}

void blk_drain_all(void)
{
    bool busy;

    do {
        busy = false;
        for (GList *l = backends; l && !busy; l = l->next) {
            busy = ((BlockBackend *)l->data)->in_flight > 0;
        }
        if (busy) {
            block_poll(true);
        }
    } while (busy);
}

int blk_flush_all(void)
{
    int ret = 0;

    trace_block_all_flush();
    blk_drain_all();
    for (GList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;
        int r;

        /* A filter's flush is its child's. */
        if (node->opt.read_only || block_child(node)) {
            continue;
        }
        r = block_run_sync(node, BLOCK_FLUSH, 0, NULL, 0);
        ret = ret ? ret : r;
    }
    return ret;
}

void block_cleanup(void)
{
    blk_flush_all();
    drive_release_all();
    blockdev_release_all();
}
