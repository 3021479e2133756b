/*
 * BlockBackend: a device's view of a block node. All requests are asynchronous; callbacks
 * run in the main loop with the machine lock. Implemented by block/; devices use nothing
 * else of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_BLOCK_BACKEND_H
#define BLOCK_BLOCK_BACKEND_H

#include "qom/object.h"
#include <sys/uio.h>

typedef struct BlockBackend BlockBackend;

/* What happens to the guest at an I/O error (rerror=, werror=). */
typedef enum BlockErrorAction {
    BLOCK_ERROR_REPORT, /* the guest gets the error */
    BLOCK_ERROR_IGNORE, /* the request counts as done */
    BLOCK_ERROR_STOP,   /* the machine stops; the request is retried when it goes on */
} BlockErrorAction;

/* What rerror= and werror= say. */
typedef enum BlockOnError {
    BLOCK_ON_ERROR_AUTO,   /* as it is: werror=enospc, rerror=report unless changed */
    BLOCK_ON_ERROR_REPORT, BLOCK_ON_ERROR_IGNORE,
    BLOCK_ON_ERROR_ENOSPC, /* stop if the host has no room, otherwise report */
    BLOCK_ON_ERROR_STOP,
} BlockOnError;
extern const char *const block_on_error_names[];

/* ret: 0 or -errno. */
typedef void BlockCompletion(void *opaque, int ret);

/* Property of a device: PROP_DRIVE(VirtIOBlk, blk, "drive", "...") names a drive id or a
 * node-name. */
bool drive_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err);
bool drive_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err);
void drive_prop_release(Object *obj, const Property *prop);
#define PROP_DRIVE(T, f, n, d, ...)                                                       \
    { .name = n, .desc = d, .kind = PROP_KIND_CUSTOM, .type = "str",                      \
      .offset = offsetof(T, f) + 0 * sizeof((BlockBackend **)0 - &((T *)0)->f),           \
      .get = drive_prop_get, .set = drive_prop_set, .release = drive_prop_release,        \
      __VA_ARGS__ }

/* The device takes the drive: permissions are checked against other users of the node
 * (error), a read-only node refuses @writable. */
bool blk_attach(BlockBackend *blk, void *dev, bool writable, GError **err);
void blk_detach(BlockBackend *blk, void *dev);
/* For devices with properties rerror, werror: what a drive may have said is replaced. */
bool blk_set_on_error(BlockBackend *blk, BlockOnError rerror, BlockOnError werror,
                      GError **err);
/* Before blk_attach(): other devices and processes may write to the node too. */
void blk_set_share_rw(BlockBackend *blk, bool share);
const char *blk_name(const BlockBackend *blk);

uint64_t blk_size(BlockBackend *blk);          /* bytes */
bool blk_is_read_only(BlockBackend *blk);
bool blk_write_cache(BlockBackend *blk);       /* false: every write is flushed */
void blk_set_write_cache(BlockBackend *blk, bool on);
uint32_t blk_max_transfer(BlockBackend *blk);  /* bytes a request */
bool blk_can_discard(BlockBackend *blk);

/* Offsets and lengths in bytes; the iovec and its buffers stay valid until the callback.
 * Out-of-range requests complete with -EINVAL. */
void blk_aio_readv(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                   BlockCompletion *cb, void *opaque);
void blk_aio_writev(BlockBackend *blk, uint64_t offset, const struct iovec *iov, int niov,
                    bool fua, BlockCompletion *cb, void *opaque);
void blk_aio_flush(BlockBackend *blk, BlockCompletion *cb, void *opaque);
void blk_aio_discard(BlockBackend *blk, uint64_t offset, uint64_t len, BlockCompletion *cb,
                     void *opaque);
void blk_aio_write_zeroes(BlockBackend *blk, uint64_t offset, uint64_t len, bool unmap,
                          BlockCompletion *cb, void *opaque);

/* What the device does about an error: by rerror/werror; emits BLOCK_IO_ERROR and, for
 * STOP, asks the machine to stop. */
BlockErrorAction blk_error_action(BlockBackend *blk, bool is_write, int error);

/* Wait until no request of blk is in flight. Machine lock, any thread: callbacks of
 * requests run in the thread that waits, and nothing else of the main loop does. */
void blk_drain(BlockBackend *blk);
void blk_drain_all(void);
/* Flush every node; before the machine stops or the process ends. */
int blk_flush_all(void);

/*
 * -drive / -blockdev / blockdev-add: keyval or JSON objects. -drive without format= takes
 * the image as raw and says so; an image that looks like another format is refused, and
 * the guest cannot make it look like one.
 */
bool drive_add(struct json_object *opts, const char *default_if, GError **err);
bool blockdev_add(struct json_object *opts, bool keyval, GError **err);
bool blockdev_del(const char *node_name, GError **err);
/* A drive that -drive made for the board with if=TYPE and that nobody took yet, or NULL:
 * for default devices. */
BlockBackend *drive_next(const char *if_type);
/* The same for one place of the board: index= (or unit=) @index. */
BlockBackend *drive_take(const char *if_type, int index);
/* When the machine is complete: an error that names a drive with an if= other than none
 * that neither the board nor a device took. */
bool drive_check_unused(GError **err);
BlockBackend *blk_by_name(const char *id_or_node);
/* Text of `info block`; answers of query-block, query-named-block-nodes and
 * query-blockstats in the schema's shape (new references). */
/* info block: the drives, or those and nodes that are called @device (NULL: all); @nodes: the
 * nodes instead; @verbose: with what the images are. False with the error set if there is
 * nothing of that name. */
bool block_info(const char *device, bool nodes, bool verbose, GString *out, GError **err);
struct json_object *block_query(void);
struct json_object *block_query_nodes(void);
struct json_object *block_query_stats(void);
/* Flush, and close what no device uses; at the end of the process. */
void block_cleanup(void);

#endif
