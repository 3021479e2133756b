/*
 * Block nodes: named things that hold bytes, each driven by a driver, in a graph.
 *
 * A node is made from options (blockdev-add's object), belongs to whoever uses it, and
 * serves requests asynchronously: block_submit() starts one, its callback ends it, later
 * and never inside block_submit(). Devices use nodes through a BlockBackend
 * (block/block-backend.h) only.
 *
 * All functions need the machine lock, but block_complete(). docs/devel/block.rst has the
 * principles.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include "block/block-backend.h"

typedef struct BlockNode BlockNode;
typedef struct BlockDriver BlockDriver;
typedef struct BlockUser BlockUser;
typedef struct BlockRequest BlockRequest;

/* Sizes of nodes are whole sectors; a file's last part of one reads zeroes behind its
 * end, and a write there completes it. */
#define BLOCK_SECTOR UINT64_C(512)

/* ---- Requests ---- */
typedef enum BlockOp {
    BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES, BLOCK_OP_COUNT,
} BlockOp;

enum {
    BLOCK_REQ_FUA = 1 << 0,   /* the data are on the medium when the request is done */
    BLOCK_REQ_UNMAP = 1 << 1, /* write zeroes: may give the space back */
};

struct BlockRequest {
    BlockOp op;
    unsigned flags;           /* BLOCK_REQ_* */
    uint64_t offset, len;     /* bytes */
    const struct iovec *iov;  /* reads and writes: len bytes in all */
    int niov;
    BlockCompletion *cb;      /* main loop, machine lock */
    void *opaque;
    /* From here on block/request.c's own. */
    int ret;
    BlockRequest *next;
};

static inline bool block_op_writes(BlockOp op)
{
    return op == BLOCK_WRITE || op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES;
}

/* Start @req, which stays the caller's and must stay unchanged until its callback. Out of
 * range: -EINVAL; a write to a read-only node: -EPERM. */
void block_submit(BlockNode *node, BlockRequest *req);
/* For drivers: @req is done with @ret (0 or -errno). Any thread, any lock, also inside the
 * driver's submit; the callback runs from the main loop or a drain. */
void block_complete(BlockRequest *req, int ret);
/* Run the callbacks of requests that are done; @wait: until there was one at least. Ends
 * at once, false, if nothing was done. For drains: nothing else of the main loop runs. */
bool block_poll(bool wait);
/* A descriptor whose readability means that @fn has work; it returns whether it called
 * callbacks of requests. */
void block_poll_add_fd(int fd, bool (*fn)(void *opaque), void *opaque);
/* One request, waited for: for opening and closing images, not for a running guest. */
int block_run_sync(BlockNode *node, BlockOp op, uint64_t offset, void *buf, uint64_t len);

/* ---- Options that every node has ---- */
typedef enum DetectZeroes {
    DETECT_ZEROES_OFF, DETECT_ZEROES_ON, DETECT_ZEROES_UNMAP,
} DetectZeroes;

typedef struct BlockOptions {
    bool read_only;
    bool auto_read_only;      /* read-only where the host does not let us write */
    bool force_share;         /* take no part in locking; needs read-only */
    bool cache_direct;        /* past the host's page cache */
    bool cache_no_flush;      /* flushes do nothing */
    bool discard;             /* discards reach the storage */
    DetectZeroes detect_zeroes;
} BlockOptions;

/* ---- Nodes ---- */

/* What a user does with a node, and lets others do. The order is that of the lock bytes
 * that block/file-lock.c shares with other programs. */
enum {
    BLOCK_PERM_CONSISTENT_READ = 1 << 0, BLOCK_PERM_WRITE = 1 << 1,
    BLOCK_PERM_WRITE_UNCHANGED = 1 << 2, /* writes that change no visible byte */
    BLOCK_PERM_RESIZE = 1 << 3, BLOCK_PERM_COUNT = 4, BLOCK_PERM_ALL = 0xf,
};

struct BlockDriver {
    const char *name;
    size_t state_size;
    bool filter;              /* passes what its users do to its one child */
    /*
     * Make the node usable: read the driver's own options from @v (inside the node's
     * object; BlockNode has those of every node), set node->size and the limits. May turn
     * the node read-only if auto-read-only is set. After a failure close is not called.
     */
    bool (*open)(BlockNode *node, Visitor *v, GError **err);
    void (*close)(BlockNode *node);
    /* Start a request that block_submit() has checked; block_complete() ends it. */
    void (*submit)(BlockNode *node, BlockRequest *req);
    /* All users together do @perm and let others do @shared; may refuse, and then nothing
     * has changed. NULL: nothing to do. */
    bool (*set_perm)(BlockNode *node, unsigned perm, unsigned shared, GError **err);
    /* Add what only this driver knows to the node's line in `info block`; may be NULL. */
    void (*describe)(BlockNode *node, GString *out);
};

struct BlockNode {
    const BlockDriver *drv;
    void *state;              /* the driver's, zeroed before open */
    char *name;
    BlockOptions opt;
    char *filename;           /* of the file at the bottom, or NULL */
    char *note;               /* what the user should know about how it was opened, or NULL */
    uint64_t size;            /* bytes, whole sectors */
    uint32_t max_transfer;    /* bytes a read or write, whole sectors; 0: any */
    bool can_discard;
    /* block.c's own */
    unsigned ref;
    bool named;               /* by the user */
    bool owned;               /* by the monitor: blockdev-add made it */
    BlockUser *child;
    GList *users;             /* BlockUser * */
    unsigned perm, shared;    /* of all users together */
};

/* The types of nodes, NULL-terminated; block/drivers.c. */
extern const BlockDriver *const block_drivers[];
const char *const *block_driver_names(void);

/* The node of that name, or NULL; nothing is referenced. */
BlockNode *block_node_find(const char *name);
/* The same; an error with the nearest names if there is none. */
BlockNode *block_node_get(const char *name, GError **err);
/* All nodes, oldest first. */
GList *block_nodes(void);
/* Whether a node or drive may have this name: well-formed and not in use. */
bool block_check_name(const char *name, GError **err);

/*
 * Open the node that @v's member @name describes: an object, or the name of a node that
 * exists. What an object leaves open it takes over from @inherit (NULL: the defaults).
 * Returns a reference.
 */
BlockNode *block_open(Visitor *v, const char *name, const BlockOptions *inherit,
                      GError **err);
/* For a driver's open: the node's child, from member @name. */
bool block_open_child(BlockNode *node, Visitor *v, const char *name, GError **err);
BlockNode *block_child(const BlockNode *node);
/* For tests: a node of a driver that is in no table. */
BlockNode *block_node_new(const BlockDriver *drv, const char *name, const BlockOptions *opt,
                          GError **err);
BlockNode *block_node_ref(BlockNode *node);
/* The last reference closes the node. No request may be in flight. */
void block_node_unref(BlockNode *node);

/* Use @node (a reference is taken), as @what (copied: "node 'a'", "device '/machine/...'")
 * for messages. Refused if other users or processes conflict. */
BlockUser *block_user_new(BlockNode *node, const char *what, unsigned perm, unsigned shared,
                          GError **err);
bool block_user_set(BlockUser *user, unsigned perm, unsigned shared, GError **err);
void block_user_free(BlockUser *user);
/* The user has got a better name. */
void block_user_rename(BlockUser *user, const char *what);
BlockNode *block_user_node(const BlockUser *user);
/* Who uses @node, as messages name it, or NULL. */
const char *block_node_user(const BlockNode *node);

/* The first sector of an image that is not raw: the format's name, or NULL. */
const char *block_foreign_format(const void *sector, size_t len);

#endif
