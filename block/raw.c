/*
 * Driver raw: the bytes of its child as they are, or a part of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/driver-list.h"
#include "util/iov.h"

typedef struct RawState {
    uint64_t offset;    /* bytes of the child before ours */
    bool guard;         /* the first sector must not look like another format's */
} RawState;

/* A write to a guarded first sector, in two parts: the sector, and what is behind it. */
typedef struct GuardedWrite {
    BlockRequest part;
    BlockNode *node;
    BlockRequest *whole;
    struct iovec sector_iov;
    char sector[BLOCK_SECTOR]; /* our copy: the guest could change its own after the check */
    struct iovec rest[];
} GuardedWrite;

static void guarded_rest_done(void *opaque, int ret)
{
    GuardedWrite *g = opaque;
    BlockRequest *whole = g->whole;

    g_free(g);
    whole->cb(whole->opaque, ret);
}

static void guarded_sector_done(void *opaque, int ret)
{
    GuardedWrite *g = opaque;
    const BlockRequest *whole = g->whole;
    RawState *s = g->node->state;

    if (ret < 0 || whole->len == BLOCK_SECTOR) {
        guarded_rest_done(g, ret);
        return;
    }
    g->part = (BlockRequest){ .op = BLOCK_WRITE, .flags = whole->flags, .iov = g->rest,
                              .offset = s->offset + BLOCK_SECTOR,
                              .len = whole->len - BLOCK_SECTOR, .cb = guarded_rest_done,
                              .opaque = g };
    g->part.niov = iov_slice(g->rest, whole->iov, whole->niov, BLOCK_SECTOR, g->part.len);
    block_submit(block_child(g->node), &g->part);
}

static void guarded_write(BlockNode *node, BlockRequest *req)
{
    RawState *s = node->state;
    GuardedWrite *g;

    if (req->offset || req->len < BLOCK_SECTOR) {
        block_complete(req, -EPERM); /* devices write whole sectors */
        return;
    }
    g = g_malloc0(sizeof(*g) + req->niov * sizeof(struct iovec));
    iov_to_buf(req->iov, req->niov, 0, g->sector, BLOCK_SECTOR);
    if (block_foreign_format(g->sector, BLOCK_SECTOR)) {
        g_free(g);
        block_complete(req, -EPERM);
        return;
    }
    g->node = node;
    g->whole = req;
    g->sector_iov = (struct iovec){ g->sector, BLOCK_SECTOR };
    g->part = (BlockRequest){ .op = BLOCK_WRITE, .flags = req->flags, .offset = s->offset,
                              .len = BLOCK_SECTOR, .iov = &g->sector_iov, .niov = 1,
                              .cb = guarded_sector_done, .opaque = g };
    block_submit(block_child(node), &g->part);
}

void raw_guard_format(BlockNode *node)
{
    if (node->drv == &block_driver_raw) {
        ((RawState *)node->state)->guard = true;
    }
}

static void raw_submit(BlockNode *node, BlockRequest *req)
{
    RawState *s = node->state;

    if (s->guard && req->op == BLOCK_WRITE && req->offset < BLOCK_SECTOR) {
        guarded_write(node, req);
        return;
    }
    req->offset += s->offset; /* block_submit() checked it against our size */
    block_submit(block_child(node), req);
}

/* size and offset: a part that lies within the child. */
static bool set_range(BlockNode *node, uint64_t offset, bool has_size, uint64_t size,
                      GError **err)
{
    uint64_t whole = block_child(node)->size;

    if (offset % BLOCK_SECTOR || (has_size && size % BLOCK_SECTOR)) {
        return error_set(err, "parameters 'offset' and 'size' of block node '%s' must be "
                         "multiples of %d", node->name, (int)BLOCK_SECTOR);
    }
    if (offset > whole || (has_size && size > whole - offset)) {
        return error_set(err, "block node '%s': offset=%" PRIu64 " and size=%" PRIu64
                         " reach beyond the end of %s%s, %" PRIu64 " bytes", node->name,
                         offset, size, block_child(node)->filename ? "" : "its child",
                         block_child(node)->filename ? block_child(node)->filename : "",
                         whole);
    }
    ((RawState *)node->state)->offset = offset;
    node->size = has_size ? size : whole - offset;
    return true;
}

static bool raw_open(BlockNode *node, Visitor *v, GError **err)
{
    uint64_t offset = 0, size = 0;
    bool has_offset, has_size;

    if (!block_open_child(node, v, "file", err) ||
        (visit_optional(v, "offset", &has_offset) &&
         !visit_type_size(v, "offset", &offset, err)) ||
        (visit_optional(v, "size", &has_size) &&
         !visit_type_size(v, "size", &size, err)) ||
        !set_range(node, offset, has_size, size, err)) {
        return false;
    }
    node->max_transfer = block_child(node)->max_transfer;
    node->can_discard = block_child(node)->can_discard;
    return true;
}

const BlockDriver block_driver_raw = {
    .name = "raw",
    .state_size = sizeof(RawState),
    .filter = true,
    .open = raw_open,
    .submit = raw_submit,
};
