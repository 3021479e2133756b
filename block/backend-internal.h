/*
 * What the parts of the block back end share: block-backend.c (requests), drive.c
 * (options), drive-prop.c (device properties), query.c (reports).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_BACKEND_INTERNAL_H
#define BLOCK_BACKEND_INTERNAL_H

#include "block/block.h"

typedef struct BlkOpStats {
    uint64_t ops, bytes, failed, invalid;
    uint64_t time_ns;
} BlkOpStats;

struct BlockBackend {
    char *name;              /* of a drive; NULL: made for a device from a node's name */
    unsigned ref;
    BlockUser *user;         /* of the root node */
    void *dev;               /* who attached, or NULL */
    Object *owner;           /* whose property names us, or NULL */
    const Property *owner_prop;
    bool writable;           /* the device attached for writing */
    bool share_rw;           /* others may write too */
    bool write_cache;
    BlockOnError rerror, werror;
    int io_error;            /* the last error that stopped the machine, or 0 */
    unsigned in_flight;
    BlkOpStats stats[BLOCK_OP_COUNT];
    /* drives for boards */
    const char *if_type;     /* one of drive_if_names, or NULL */
    int index;
    bool taken;              /* drive_next() gave it away */
};

/* All back ends, oldest first. */
GList *blk_all(void);
/* On a new reference to @node (kept by the back end). */
BlockBackend *blk_new(BlockNode *node, const char *name, GError **err);
BlockBackend *blk_ref(BlockBackend *blk);
void blk_unref(BlockBackend *blk);
BlockNode *blk_node(const BlockBackend *blk);
/* Nodes that blockdev-add made are the monitor's until blockdev-del. */
void blockdev_release_all(void);
/* Drives are main's until the end. */
void drive_release_all(void);

#endif
