/*
 * Virtio entropy device (Virtual I/O Device Specification 1.2, 5.4).
 *
 * Buffers are filled from the host's generator at once; a rate limit (max-bytes a period)
 * delays the rest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/rng.h"
#include "hw/virtio/trace.h"
#include "hw/virtio/virtio.h"
#include "util/iov.h"
#include "util/timer.h"
#include <sys/random.h>

enum { VIRTIO_ID_RNG = 4, QUEUE_SIZE = 8, CHUNK = 4096 };
/* The device may use less than the buffer (5.4.6.1); the machine waits meanwhile. */
enum { MAX_FILL = 64 * KiB };

typedef struct VirtIORng {
    VirtIODevice parent;
    VirtQueue *vq;
    uint64_t max_bytes;   /* property */
    uint32_t period_ms;   /* property */
    RngBackend *rng;      /* property; NULL: the host's generator */
    Timer refill;
    uint64_t quota;       /* guest state: bytes left in this period */
} VirtIORng;

static const Property virtio_rng_properties[] = {
    PROP_UINT64(VirtIORng, max_bytes, "max-bytes", "bytes handed out a period at most",
                .def = INT64_MAX, .min = 1, .max = INT64_MAX),
    PROP_LINK(VirtIORng, rng, "rng", "entropy object (default: the host's generator)",
              TYPE_RNG_BACKEND),
    PROP_UINT32(VirtIORng, period_ms, "period", "milliseconds of a period", .def = 65536,
                .min = 1),
    PROP_END
};

static const VMStateField virtio_rng_vmstate[] = {
    VMS_UINT64(VirtIORng, quota),
    VMS_TIMER(VirtIORng, refill),
    VMS_END
};

static size_t get_bytes(VirtIORng *s, void *buf, size_t len)
{
    ssize_t n;

    if (s->rng) {
        return rng_backend_read(s->rng, buf, len);
    }
    n = getrandom(buf, len, 0);
    return MAX(n, 0);
}

static uint64_t fill(VirtIORng *s, const VirtQueueElement *e, uint64_t limit)
{
    uint64_t done = 0;

    while (done < limit) {
        uint8_t buf[CHUNK];
        size_t n = get_bytes(s, buf, MIN(sizeof(buf), limit - done));

        if (n == 0) {
            break;
        }
        iov_from_buf(e->in, e->n_in, done, buf, n);
        done += n;
    }
    return done;
}

static void serve_later(void *opaque);

/* Buffers wait in the queue while there is nothing to put into them. */
static bool source_ready(VirtIORng *s)
{
    if (!s->rng || rng_backend_ready(s->rng)) {
        return true;
    }
    rng_backend_wait(s->rng, serve_later, s);
    return false;
}

static void serve(VirtIORng *s)
{
    VirtQueueElement *e;
    unsigned served = 0;

    while (s->quota > 0 && virtio_is_running(&s->parent) &&
           !virtqueue_round_done(s->vq, served) && source_ready(s) &&
           (e = virtqueue_pop(s->vq))) {
        uint64_t n = fill(s, e, MIN(MIN(e->in_bytes, MAX_FILL), s->quota));

        trace_virtio_rng_request_serve(s, e->in_bytes, n);
        s->quota -= n;
        virtqueue_push(s->vq, e, n);
        served++;
    }
    if (served) {
        virtqueue_notify(s->vq);
    }
    if (s->max_bytes != INT64_MAX && s->quota < s->max_bytes && !timer_pending(&s->refill)) {
        timer_mod(&s->refill, clock_ns(CLOCK_TYPE_VIRTUAL) + (int64_t)s->period_ms * 1000000);
    }
}

static void serve_later(void *opaque)
{
    serve(opaque);
}

static void refill(void *opaque)
{
    VirtIORng *s = opaque;

    s->quota = s->max_bytes;
    serve(s);
}

static void handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
    serve((VirtIORng *)vdev);
}

static void virtio_rng_set_status(VirtIODevice *vdev, uint8_t status)
{
    serve((VirtIORng *)vdev);
}

static void virtio_rng_init(VirtIORng *s)
{
    timer_init(&s->refill, CLOCK_TYPE_VIRTUAL, refill, s);
}

static bool virtio_rng_realize(VirtIORng *s, GError **err)
{
    if (!virtio_init(&s->parent, VIRTIO_ID_RNG, 0, 0, err)) {
        return false;
    }
    s->vq = virtio_add_queue(&s->parent, QUEUE_SIZE, handle_output);
    s->quota = s->max_bytes;
    return true;
}

static void virtio_rng_unrealize(VirtIORng *s)
{
    timer_del(&s->refill);
    if (s->rng) {
        rng_backend_cancel(s->rng, s);
    }
    virtio_cleanup(&s->parent);
}

static void virtio_rng_reset(VirtIORng *s)
{
    timer_del(&s->refill);
    s->quota = s->max_bytes;
    virtio_reset(&s->parent);
}

static void virtio_rng_class_init(ObjectClass *klass)
{
    ((VirtIODeviceClass *)klass)->set_status = virtio_rng_set_status;
}

DEVICE(VirtIORng, "virtio-rng-device", TYPE_VIRTIO_DEVICE, "virtio entropy source",
       .properties = virtio_rng_properties, .vmstate = virtio_rng_vmstate,
       .init = virtio_rng_init, .realize = virtio_rng_realize,
       .unrealize = virtio_rng_unrealize, .reset = virtio_rng_reset,
       .class_init = virtio_rng_class_init, .category = DEVICE_MISC, .user_creatable = true,
       .security_boundary = true);
