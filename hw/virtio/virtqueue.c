/*
 * Split virtqueues (Virtual I/O Device Specification 1.2, 2.7): the one place that reads
 * descriptor rings.
 *
 * Everything that the guest can change is copied once and checked as a copy. A chain is
 * bounded by the queue's size in hops, and by 4 GiB in bytes (2.7.5.3.1 allows no more
 * in total).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "hw/virtio/trace.h"
#include "hw/virtio/virtio.h"

enum { DESC_F_NEXT = 1, DESC_F_WRITE = 2, DESC_F_INDIRECT = 4 };
enum { AVAIL_F_NO_INTERRUPT = 1, USED_F_NO_NOTIFY = 1 };
enum { DESC_SIZE = 16, MAX_SEGMENTS = VIRTIO_QUEUE_MAX_SIZE * 2 };

typedef struct Desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Desc;

/* For traces: whose queue it is, and which. */
static const char *vq_type(const VirtQueue *vq)
{
    return object_class_name(vq->vdev->parent.parent.klass);
}

static unsigned vq_index(const VirtQueue *vq)
{
    return vq - vq->vdev->vq;
}

static uint16_t load16(uint64_t addr)
{
    uint64_t v;

    address_space_load(system_memory_as(), addr, MEMTXATTRS_DMA, 2, &v);
    return v;
}

static void store16(uint64_t addr, uint16_t value)
{
    address_space_store(system_memory_as(), addr, MEMTXATTRS_DMA, 2, value);
}

static uint16_t avail_idx(const VirtQueue *vq)
{
    return load16(vq->avail + 2);
}

static uint64_t used_event_addr(const VirtQueue *vq)
{
    return vq->avail + 4 + 2 * (uint64_t)vq->num;
}

static uint64_t avail_event_addr(const VirtQueue *vq)
{
    return vq->used + 4 + 8 * (uint64_t)vq->num;
}

static bool read_desc(uint64_t table, uint16_t index, Desc *ret)
{
    uint8_t raw[DESC_SIZE];

    if (address_space_read(system_memory_as(), table + (uint64_t)index * DESC_SIZE,
                           MEMTXATTRS_DMA, raw, sizeof(raw)) != MEMTX_OK) {
        return false;
    }
    memcpy(&ret->addr, raw, 8);
    memcpy(&ret->len, raw + 8, 4);
    memcpy(&ret->flags, raw + 12, 2);
    memcpy(&ret->next, raw + 14, 2);
    return true;
}

typedef struct Chain {
    struct iovec seg[MAX_SEGMENTS];
    unsigned n_out, n_in;
    uint64_t out_bytes, in_bytes;
} Chain;

static void unmap_segments(const struct iovec *iov, unsigned n, bool is_write,
                           uint64_t written)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t here = MIN(written, iov[i].iov_len);

        address_space_unmap(system_memory_as(), iov[i].iov_base, iov[i].iov_len, is_write,
                            here);
        written -= here;
    }
}

/* Map one descriptor's buffer; it may span several pieces of host memory. */
static const char *add_buffer(Chain *c, const Desc *d)
{
    bool write = d->flags & DESC_F_WRITE;
    uint64_t addr = d->addr, left = d->len;

    if (!write && c->n_in) {
        return "a device-readable descriptor follows a device-writable one";
    }
    while (left) {
        uint64_t len = left;
        void *host;

        if (c->n_out + c->n_in == MAX_SEGMENTS) {
            return "too many segments in a chain";
        }
        host = address_space_map(system_memory_as(), addr, &len, write);
        if (!host) {
            return "a buffer lies outside of memory";
        }
        c->seg[c->n_out + c->n_in] = (struct iovec){ host, len };
        *(write ? &c->n_in : &c->n_out) += 1;
        *(write ? &c->in_bytes : &c->out_bytes) += len;
        addr += len;
        left -= len;
    }
    if (c->in_bytes + c->out_bytes > UINT32_MAX) {
        return "a chain of more than 4 GiB";
    }
    return NULL;
}

/* Collect the chain at head; NULL or what is wrong with it. */
static const char *collect(VirtQueue *vq, uint16_t head, Chain *c)
{
    uint64_t table = vq->desc;
    uint32_t table_size = vq->num, hops = 0;
    bool indirect = false;
    Desc d = { .flags = DESC_F_NEXT, .next = head };

    while (d.flags & DESC_F_NEXT) {
        const char *fault;

        if (d.next >= table_size) {
            return "a descriptor index beyond the table";
        }
        if (hops++ >= table_size) {
            return "a chain that loops";
        }
        if (!read_desc(table, d.next, &d)) {
            return "a descriptor table outside of memory";
        }
        if (d.flags & DESC_F_INDIRECT) {
            if (indirect || (d.flags & DESC_F_NEXT)) {
                return "an indirect descriptor inside a chain";
            }
            if (d.len == 0 || d.len % DESC_SIZE || d.len / DESC_SIZE > UINT16_MAX) {
                return "an indirect table of a bad size";
            }
            indirect = true;
            table = d.addr;
            table_size = MIN(d.len / DESC_SIZE, MAX_SEGMENTS);
            hops = 0;
            d = (Desc){ .flags = DESC_F_NEXT, .next = 0 };
            continue;
        }
        fault = add_buffer(c, &d);
        if (fault) {
            return fault;
        }
    }
    return NULL;
}

static VirtQueueElement *element_of(const Chain *c, uint16_t head)
{
    unsigned n = c->n_out + c->n_in;
    VirtQueueElement *e = g_malloc0(sizeof(*e) + n * sizeof(struct iovec));

    e->head = head;
    e->out = (struct iovec *)(e + 1);
    e->in = e->out + c->n_out;
    e->n_out = c->n_out;
    e->n_in = c->n_in;
    e->out_bytes = c->out_bytes;
    e->in_bytes = c->in_bytes;
    memcpy(e->out, c->seg, n * sizeof(struct iovec));
    return e;
}

VirtQueueElement *virtqueue_pop(VirtQueue *vq)
{
    uint16_t waiting, head;
    Chain c = { .n_out = 0 };
    const char *fault;

    if (!vq->ready || virtio_is_broken(vq->vdev)) {
        return NULL;
    }
    waiting = avail_idx(vq) - vq->last_avail_idx;
    if (waiting == 0) {
        return NULL;
    }
    if (waiting > vq->num || vq->in_use >= vq->num) {
        virtio_error(vq->vdev, "the available index moved by %u in a queue of %u", waiting,
                     vq->num);
        return NULL;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the entry after the index (2.7.13.3) */
    head = load16(vq->avail + 4 + 2 * (uint64_t)(vq->last_avail_idx % vq->num));
    fault = collect(vq, head, &c);
    if (fault) {
        unmap_segments(c.seg, c.n_out, false, 0);
        unmap_segments(c.seg + c.n_out, c.n_in, true, 0);
        virtio_error(vq->vdev, "%s (chain %u)", fault, head);
        return NULL;
    }
    vq->last_avail_idx++;
    vq->in_use++;
    if (virtio_has_feature(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        store16(avail_event_addr(vq), vq->last_avail_idx);
    }
    trace_virtqueue_element_pop(vq_type(vq), vq->vdev, vq_index(vq), head, c.out_bytes,
                                c.in_bytes);
    return element_of(&c, head);
}

void virtqueue_discard(VirtQueue *vq, VirtQueueElement *elem)
{
    unmap_segments(elem->out, elem->n_out, false, 0);
    unmap_segments(elem->in, elem->n_in, true, 0);
    vq->in_use--;
    g_free(elem);
}

void virtqueue_rewind(VirtQueue *vq, unsigned n)
{
    vq->last_avail_idx -= n;
}

/* Write the used entry @ahead of the index, which the guest does not see yet. */
static void put_used(VirtQueue *vq, VirtQueueElement *elem, uint32_t written, unsigned ahead)
{
    uint16_t slot = (uint16_t)(vq->used_idx + ahead) % vq->num;
    uint8_t entry[8] = { 0 };

    trace_virtqueue_element_push(vq_type(vq), vq->vdev, vq_index(vq), elem->head, written);
    unmap_segments(elem->out, elem->n_out, false, 0);
    unmap_segments(elem->in, elem->n_in, true, written);
    vq->in_use--;
    if (vq->ready && !virtio_is_broken(vq->vdev)) {
        memcpy(entry, &elem->head, 2);
        memcpy(entry + 4, &written, 4);
        address_space_write(system_memory_as(), vq->used + 4 + 8 * (uint64_t)slot,
                            MEMTXATTRS_DMA, entry, sizeof(entry));
    }
    g_free(elem);
}

/* Show the guest @n entries at once. */
static void publish_used(VirtQueue *vq, unsigned n)
{
    if (vq->ready && !virtio_is_broken(vq->vdev)) {
        __atomic_thread_fence(__ATOMIC_RELEASE); /* the entries before the index */
        vq->used_idx += n;
        store16(vq->used + 2, vq->used_idx);
    }
}

void virtqueue_push(VirtQueue *vq, VirtQueueElement *elem, uint32_t written)
{
    put_used(vq, elem, written, 0);
    publish_used(vq, 1);
}

void virtqueue_push_all(VirtQueue *vq, VirtQueueElement **elems, const uint32_t *written,
                        unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put_used(vq, elems[i], written[i], i);
    }
    publish_used(vq, n);
}

/* 2.7.7.2: has the index passed event since old? */
static bool need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
    return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

static bool guest_wants_interrupt(VirtQueue *vq)
{
    VirtIODevice *vdev = vq->vdev;
    uint16_t old = vq->signalled_used;
    bool valid = vq->signalled_valid;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the index before the guest's wish */
    if (virtio_has_feature(vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && vq->in_use == 0 &&
        avail_idx(vq) == vq->last_avail_idx) {
        return true;
    }
    if (!virtio_has_feature(vdev, VIRTIO_F_EVENT_IDX)) {
        return !(load16(vq->avail) & AVAIL_F_NO_INTERRUPT);
    }
    vq->signalled_used = vq->used_idx;
    vq->signalled_valid = true;
    return !valid || need_event(load16(used_event_addr(vq)), vq->used_idx, old);
}

void virtqueue_notify(VirtQueue *vq)
{
    VirtIOBus *bus = (VirtIOBus *)vq->vdev->parent.bus;

    if (vq->ready && !virtio_is_broken(vq->vdev) && guest_wants_interrupt(vq)) {
        trace_virtqueue_irq_raise(vq_type(vq), vq->vdev, vq_index(vq), vq->used_idx);
        vq->vdev->isr |= VIRTIO_ISR_QUEUE;
        bus->update_irq(bus);
    }
}

bool virtqueue_enable_notify(VirtQueue *vq, bool on)
{
    if (!vq->ready) {
        return false;
    }
    if (virtio_has_feature(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        if (on) {
            store16(avail_event_addr(vq), avail_idx(vq));
        }
    } else {
        uint16_t flags = load16(vq->used) & ~USED_F_NO_NOTIFY;

        store16(vq->used, on ? flags : flags | USED_F_NO_NOTIFY);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return on && avail_idx(vq) != vq->last_avail_idx;
}

void virtio_queue_set_legacy(VirtQueue *vq, uint64_t addr, uint32_t align)
{
    vq->legacy_align = align;
    vq->desc = addr;
    vq->avail = addr + (uint64_t)vq->num * DESC_SIZE;
    vq->used = ROUND_UP(vq->avail + 6 + 2 * (uint64_t)vq->num, align);
}
