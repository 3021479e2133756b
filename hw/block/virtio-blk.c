/*
 * Virtio block device (Virtual I/O Device Specification 1.2, 5.2).
 *
 * Requests of any layout; reads, writes, flush, discard, write zeroes, the device's id.
 * Failed requests follow rerror and werror: those that wait for the machine to go on are
 * kept in order and served again then. Resetting the device waits for what is in flight.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "hw/block/trace.h"
#include "hw/core/boot-order.h"
#include "hw/virtio/virtio.h"
#include "softmmu/runstate.h"
#include "util/iov.h"

enum { VIRTIO_ID_BLOCK = 2, SECTOR_BITS = 9, ID_BYTES = 20, MAX_SEGMENTS_FOR_DATA = 254,
       MAX_UNMAP_SECTORS = 1 << 22 };
#define SECTOR_SIZE ((uint64_t)1 << SECTOR_BITS)

enum { F_SEG_MAX = 2, F_GEOMETRY = 4, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9,
       F_TOPOLOGY = 10, F_CONFIG_WCE = 11, F_MQ = 12, F_DISCARD = 13,
       F_WRITE_ZEROES = 14 };                                     /* 5.2.3 */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11,
       T_WRITE_ZEROES = 13 };                                     /* 5.2.6 */
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

typedef struct ReqHeader {
    uint32_t type, reserved;
    uint64_t sector;
} ReqHeader;

typedef struct Segment { /* discard and write zeroes */
    uint64_t sector;
    uint32_t num_sectors, flags;
} Segment;

/* 5.2.4 */
typedef struct __attribute__((packed)) BlkConfig {
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
} BlkConfig;

typedef struct VirtIOBlk {
    VirtIODevice parent;
    BlockBackend *blk;        /* property */
    char *serial;             /* property */
    uint16_t queue_size;      /* property */
    uint32_t logical_block_size, physical_block_size; /* properties */
    bool config_wce;          /* property */
    int rerror, werror;       /* properties: BlockOnError */
    int32_t bootindex;        /* property */
    int write_cache;          /* property: index in on_off_auto */
    bool share_rw, discard, write_zeroes; /* properties */
    VirtQueue *vq;
    bool cached;              /* write cache as configured: resets go back to it */
    bool wce;                 /* guest state: the write cache is on */
    GQueue held;              /* requests that wait for the machine to go on */
} VirtIOBlk;

typedef struct Request {
    VirtIOBlk *dev;
    VirtQueueElement *elem;
    ReqHeader hdr;
    Segment seg;              /* discard, write zeroes */
    uint64_t data_bytes;
    unsigned n_iov;
    struct iovec iov[];
} Request;

enum { WRITE_CACHE_AUTO, WRITE_CACHE_ON, WRITE_CACHE_OFF };
static const char *const on_off_auto[] = { "auto", "on", "off", NULL };

static const Property virtio_blk_properties[] = {
    PROP_DRIVE(VirtIOBlk, blk, "drive", "drive id or block node that holds the data"),
    PROP_BOOTINDEX(VirtIOBlk, bootindex),
    PROP_STR(VirtIOBlk, serial, "serial", "serial number that the guest sees"),
    PROP_UINT16(VirtIOBlk, queue_size, "queue-size", "entries of the request queue",
                .def = 256, .min = 4, .max = VIRTIO_QUEUE_MAX_SIZE),
    PROP_UINT32(VirtIOBlk, logical_block_size, "logical_block_size",
                "smallest unit of a request, in bytes", .def = 512, .min = 512,
                .max = 32768),
    PROP_UINT32(VirtIOBlk, physical_block_size, "physical_block_size",
                "unit that the medium writes whole, in bytes", .def = 512, .min = 512,
                .max = 2 * 1024 * 1024),
    PROP_BOOL(VirtIOBlk, config_wce, "config-wce",
              "the guest may switch the write cache", .def = true),
    PROP_ENUM(VirtIOBlk, rerror, "rerror", "what happens when the host fails to read",
              block_on_error_names, .def_str = "auto"),
    PROP_ENUM(VirtIOBlk, werror, "werror", "what happens when the host fails to write",
              block_on_error_names, .def_str = "auto"),
    PROP_ENUM(VirtIOBlk, write_cache, "write-cache",
              "writes may stay in the host's cache until a flush (auto: as the drive says)",
              on_off_auto, .def_str = "auto"),
    PROP_BOOL(VirtIOBlk, share_rw, "share-rw", "others may write to the data too"),
    PROP_BOOL(VirtIOBlk, discard, "discard", "the guest may discard", .def = true),
    PROP_BOOL(VirtIOBlk, write_zeroes, "write-zeroes",
              "the guest may write zeroes without sending them", .def = true),
    PROP_END
};

static const VMStateField virtio_blk_vmstate[] = {
    VMS_BOOL(VirtIOBlk, wce),
    VMS_END
};

static void start_request(Request *req);

static void finish_request(Request *req, uint8_t status)
{
    VirtIOBlk *s = req->dev;
    VirtQueueElement *e = req->elem;
    uint64_t written = req->hdr.type == T_IN || req->hdr.type == T_GET_ID
                           ? req->data_bytes + 1 : 1;

    trace_virtio_blk_request_finish(s, req, status);
    iov_from_buf(e->in, e->n_in, e->in_bytes - 1, &status, 1);
    virtqueue_push(s->vq, e, MIN(written, e->in_bytes));
    virtqueue_notify(s->vq);
    g_free(req);
}

static void request_done(void *opaque, int ret)
{
    Request *req = opaque;
    bool is_write = req->hdr.type != T_IN;

    if (ret < 0) {
        switch (blk_error_action(req->dev->blk, is_write, -ret)) {
        case BLOCK_ERROR_STOP:
            trace_virtio_blk_request_hold(req->dev, req, -ret);
            g_queue_push_tail(&req->dev->held, req);
            return;
        case BLOCK_ERROR_REPORT:
            finish_request(req, S_IOERR);
            return;
        case BLOCK_ERROR_IGNORE:
            break;
        }
    }
    finish_request(req, S_OK);
}

static bool range_ok(const VirtIOBlk *s, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = blk_size(s->blk) >> SECTOR_BITS;
    uint64_t align = s->logical_block_size;

    return bytes % align == 0 && (sector << SECTOR_BITS) % align == 0 && sector <= sectors &&
           bytes >> SECTOR_BITS <= sectors - sector;
}

static void start_transfer(Request *req)
{
    VirtIOBlk *s = req->dev;
    uint64_t offset = req->hdr.sector << SECTOR_BITS;

    if (!range_ok(s, req->hdr.sector, req->data_bytes)) {
        finish_request(req, S_IOERR);
    } else if (req->hdr.type == T_IN) {
        blk_aio_readv(s->blk, offset, req->iov, req->n_iov, request_done, req);
    } else if (blk_is_read_only(s->blk)) {
        finish_request(req, S_IOERR);
    } else {
        blk_aio_writev(s->blk, offset, req->iov, req->n_iov, false, request_done, req);
    }
}

static void start_unmap(Request *req)
{
    VirtIOBlk *s = req->dev;
    bool zeroes = req->hdr.type == T_WRITE_ZEROES;
    uint64_t bytes = (uint64_t)req->seg.num_sectors << SECTOR_BITS;
    uint64_t offset = req->seg.sector << SECTOR_BITS;

    if (blk_is_read_only(s->blk) || req->seg.num_sectors > MAX_UNMAP_SECTORS ||
        !range_ok(s, req->seg.sector, bytes)) {
        finish_request(req, S_IOERR);
    } else if (req->seg.flags & ~(zeroes ? 1u : 0u)) {
        finish_request(req, S_UNSUPP); /* unknown flags (5.2.6.2) */
    } else if (zeroes) {
        blk_aio_write_zeroes(s->blk, offset, bytes, req->seg.flags & 1, request_done, req);
    } else {
        blk_aio_discard(s->blk, offset, bytes, request_done, req);
    }
}

static void start_get_id(Request *req)
{
    char id[ID_BYTES] = { 0 };
    const char *text = req->dev->serial ? req->dev->serial : blk_name(req->dev->blk);

    memcpy(id, text, strnlen(text, ID_BYTES));
    req->data_bytes = iov_from_buf(req->iov, req->n_iov, 0, id,
                                   MIN(sizeof(id), req->data_bytes));
    finish_request(req, S_OK);
}

static void start_request(Request *req)
{
    trace_virtio_blk_request_start(req->dev, req, req->hdr.type, req->hdr.sector,
                                   req->data_bytes);
    switch (req->hdr.type) {
    case T_IN: case T_OUT:
        start_transfer(req);
        break;
    case T_FLUSH:
        blk_aio_flush(req->dev->blk, request_done, req);
        break;
    case T_GET_ID:
        start_get_id(req);
        break;
    case T_DISCARD: case T_WRITE_ZEROES:
        start_unmap(req);
        break;
    default:
        finish_request(req, S_UNSUPP);
    }
}

/* Take a chain apart (any layout: 2.7.4); NULL if it is no request. */
static Request *parse_request(VirtIOBlk *s, VirtQueueElement *e)
{
    unsigned max = MAX(e->n_in, e->n_out);
    Request *req = g_malloc0(sizeof(*req) + max * sizeof(struct iovec));

    req->dev = s;
    req->elem = e;
    if (e->in_bytes < 1 ||
        iov_to_buf(e->out, e->n_out, 0, &req->hdr, sizeof(req->hdr)) < sizeof(req->hdr)) {
        g_free(req);
        return NULL;
    }
    if (req->hdr.type == T_IN || req->hdr.type == T_GET_ID) {
        req->data_bytes = e->in_bytes - 1;
        req->n_iov = iov_slice(req->iov, e->in, e->n_in, 0, req->data_bytes);
    } else {
        req->data_bytes = e->out_bytes - sizeof(req->hdr);
        req->n_iov = iov_slice(req->iov, e->out, e->n_out, sizeof(req->hdr),
                               req->data_bytes);
    }
    if (req->hdr.type == T_DISCARD || req->hdr.type == T_WRITE_ZEROES) {
        /* One segment is what the configuration space allows. */
        if (req->data_bytes != sizeof(req->seg)) {
            req->hdr.type = UINT32_MAX;
        }
        iov_to_buf(req->iov, req->n_iov, 0, &req->seg, sizeof(req->seg));
    }
    return req;
}

static void handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOBlk *s = (VirtIOBlk *)vdev;
    VirtQueueElement *e;

    for (unsigned served = 0;
         !virtqueue_round_done(vq, served) && (e = virtqueue_pop(vq)); served++) {
        Request *req = parse_request(s, e);

        if (!req) {
            virtqueue_discard(vq, e);
            virtio_error(vdev, "a request without header or status");
            return;
        }
        start_request(req);
    }
}

/* The machine goes on: serve what an error had put aside. */
static void run_state_changed(void *opaque, bool running)
{
    VirtIOBlk *s = opaque;
    GQueue held = s->held;
    Request *req;

    if (!running) {
        return;
    }
    g_queue_init(&s->held);
    while ((req = g_queue_pop_head(&held))) {
        start_request(req);
    }
}

static void set_write_cache(VirtIOBlk *s, bool on)
{
    trace_virtio_blk_cache_set(s, on);
    s->wce = on;
    blk_set_write_cache(s->blk, on);
}

static void virtio_blk_loaded(VirtIOBlk *s)
{
    virtio_loaded(&s->parent);
    set_write_cache(s, s->wce);
}

static void virtio_blk_stop(VirtIODevice *vdev)
{
    VirtIOBlk *s = (VirtIOBlk *)vdev;
    Request *req;

    blk_drain(s->blk);
    while ((req = g_queue_pop_head(&s->held))) {
        virtqueue_discard(s->vq, req->elem);
        g_free(req);
    }
    set_write_cache(s, s->cached);
}

static void virtio_blk_get_config(VirtIODevice *vdev, uint8_t *config)
{
    VirtIOBlk *s = (VirtIOBlk *)vdev;
    uint64_t sectors = blk_size(s->blk) >> SECTOR_BITS;
    BlkConfig c = {
        .capacity = sectors,
        .seg_max = MIN(s->queue_size - 2, MAX_SEGMENTS_FOR_DATA),
        .cylinders = MIN(sectors / (16 * 63), 65535),
        .heads = 16,
        .sectors = 63,
        .blk_size = s->logical_block_size,
        .physical_block_exp =
            __builtin_ctz(s->physical_block_size) - __builtin_ctz(s->logical_block_size),
        .min_io_size = 1,
        .writeback = blk_write_cache(s->blk),
        .num_queues = 1,
        .max_discard_sectors = MAX_UNMAP_SECTORS,
        .max_discard_seg = 1,
        .discard_sector_alignment = s->logical_block_size >> SECTOR_BITS,
        .max_write_zeroes_sectors = MAX_UNMAP_SECTORS,
        .max_write_zeroes_seg = 1,
        .write_zeroes_may_unmap = blk_can_discard(s->blk),
    };

    memcpy(config, &c, sizeof(c));
}

static void virtio_blk_set_config(VirtIODevice *vdev, const uint8_t *config)
{
    VirtIOBlk *s = (VirtIOBlk *)vdev;

    if (virtio_has_feature(vdev, F_CONFIG_WCE)) {
        set_write_cache(s, config[offsetof(BlkConfig, writeback)]);
    }
}

/* A driver that knows no flush must find its writes on the medium (5.2.5.2). */
static void virtio_blk_set_status(VirtIODevice *vdev, uint8_t status)
{
    VirtIOBlk *s = (VirtIOBlk *)vdev;

    if ((status & VIRTIO_STATUS_DRIVER_OK) && !virtio_has_feature(vdev, F_CONFIG_WCE) &&
        !virtio_has_feature(vdev, F_FLUSH)) {
        set_write_cache(s, false);
    }
}

static bool check_block_sizes(VirtIOBlk *s, GError **err)
{
    uint32_t l = s->logical_block_size, p = s->physical_block_size;

    if ((l & (l - 1)) || (p & (p - 1)) || p < l) {
        return error_set(err, "logical_block_size=%u and physical_block_size=%u must be "
                         "powers of two, the second not smaller", l, p);
    }
    return true;
}

/* The device's properties, where given, go before the drive's. */
static bool set_up_backend(VirtIOBlk *s, GError **err)
{
    if (!blk_set_on_error(s->blk, s->rerror, s->werror, err)) {
        return false;
    }
    if (s->write_cache != WRITE_CACHE_AUTO) {
        blk_set_write_cache(s->blk, s->write_cache == WRITE_CACHE_ON);
    }
    blk_set_share_rw(s->blk, s->share_rw);
    return blk_attach(s->blk, s, !blk_is_read_only(s->blk), err);
}

static bool virtio_blk_realize(VirtIOBlk *s, GError **err)
{
    DeviceState *dev = &s->parent.parent;
    uint64_t f = UINT64_C(1) << F_SEG_MAX | UINT64_C(1) << F_GEOMETRY |
                 UINT64_C(1) << F_BLK_SIZE | UINT64_C(1) << F_FLUSH |
                 UINT64_C(1) << F_TOPOLOGY;

    if (!s->blk) {
        return error_set(err, "property 'drive' is missing");
    }
    if (!check_block_sizes(s, err) || !set_up_backend(s, err)) {
        return false;
    }
    if (blk_is_read_only(s->blk)) {
        f |= UINT64_C(1) << F_RO;
    } else {
        f |= s->write_zeroes ? UINT64_C(1) << F_WRITE_ZEROES : 0;
        f |= s->discard ? UINT64_C(1) << F_DISCARD : 0;
        f |= s->config_wce ? UINT64_C(1) << F_CONFIG_WCE : 0;
    }
    if (!boot_order_add(dev, s->bootindex, "/disk@0,0", err)) {
        blk_detach(s->blk, s);
        return false;
    }
    if (!virtio_init(&s->parent, VIRTIO_ID_BLOCK, f, sizeof(BlkConfig), err)) {
        boot_order_remove(dev);
        blk_detach(s->blk, s);
        return false;
    }
    s->vq = virtio_add_queue(&s->parent, s->queue_size, handle_output);
    s->cached = s->wce = blk_write_cache(s->blk);
    g_queue_init(&s->held);
    run_state_add_notifier(run_state_changed, s);
    return true;
}

static void virtio_blk_unrealize(VirtIOBlk *s)
{
    virtio_blk_stop(&s->parent);
    run_state_remove_notifier(run_state_changed, s);
    boot_order_remove(&s->parent.parent);
    blk_detach(s->blk, s);
    virtio_cleanup(&s->parent);
}

static void virtio_blk_class_init(ObjectClass *klass)
{
    VirtIODeviceClass *vc = (VirtIODeviceClass *)klass;

    vc->get_config = virtio_blk_get_config;
    vc->set_config = virtio_blk_set_config;
    vc->set_status = virtio_blk_set_status;
    vc->stop = virtio_blk_stop;
}

DEVICE(VirtIOBlk, "virtio-blk-device", TYPE_VIRTIO_DEVICE, "virtio disk",
       .properties = virtio_blk_properties, .vmstate = virtio_blk_vmstate,
       .realize = virtio_blk_realize, .unrealize = virtio_blk_unrealize,
       .loaded = virtio_blk_loaded, .class_init = virtio_blk_class_init,
       .category = DEVICE_STORAGE, .user_creatable = true, .security_boundary = true);
