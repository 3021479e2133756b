/*
 * Virtio network card (Virtual I/O Device Specification 1.2, 5.1): one pair of queues and the
 * control queue.
 *
 * Modelled: mergeable buffers, checksums and segments that the driver leaves to the card,
 * filters of addresses and VLANs, link state. Not modelled: merging of what is received,
 * several pairs of queues.
 *
 * Frames are sent from the main loop, so that a guest that sends does not wait for the host's
 * network. While the machine is stopped its memory stays as it is: frames wait on the other
 * side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/net/offload.h"
#include "hw/net/trace.h"
#include "hw/net/virtio-net.h"
#include "softmmu/runstate.h"
#include "util/iov.h"
#include "util/main-loop.h"

enum { VIRTIO_ID_NET = 1, CTRL_SIZE = 64, MIN_MTU = 68 };
enum { HDR_F_NEEDS_CSUM = 1, HDR_F_DATA_VALID = 2 };                 /* 5.1.6 */
enum { GSO_TCPV4 = 1, GSO_TCPV6 = 4, GSO_ECN = 0x80 };
enum { STATUS_LINK_UP = 1 };                                         /* 5.1.4 */
enum { DUPLEX_AUTO, DUPLEX_HALF, DUPLEX_FULL, DUPLEX_UNKNOWN = 0xff };

/* 5.1.6; the last member is missing where neither MRG_RXBUF nor VERSION_1 is in use. */
typedef struct NetHdr {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
    uint16_t num_buffers;
} NetHdr;

/* 5.1.4 */
typedef struct __attribute__((packed)) NetConfig {
    uint8_t mac[ETH_ALEN];
    uint16_t status, max_virtqueue_pairs, mtu;
    uint32_t speed;
    uint8_t duplex;
} NetConfig;

static const char *const duplex_names[] = { "auto", "half", "full", NULL };

#define FEATURE(name, bit, text)                                                          \
    PROP_BIT(VirtIONet, wanted, name, text, bit, .def = 1)

static const Property virtio_net_properties[] = {
    PROP_NETDEV(VirtIONet, netdev, "netdev", "id of the network backend"),
    PROP_MAC(VirtIONet, conf_mac, "mac", "the card's address (all zeroes: the next free one)"),
    FEATURE("csum", NET_F_CSUM, "the card computes checksums of what it sends"),
    FEATURE("host_tso4", NET_F_HOST_TSO4, "the card cuts TCP data over IPv4 into segments"),
    FEATURE("host_tso6", NET_F_HOST_TSO6, "the card cuts TCP data over IPv6 into segments"),
    FEATURE("host_ecn", NET_F_HOST_ECN, "also if they tell of congestion"),
    FEATURE("guest_csum", NET_F_GUEST_CSUM, "the card may say that checksums are right"),
    FEATURE("mrg_rxbuf", NET_F_MRG_RXBUF, "a frame may use several receive buffers"),
    FEATURE("status", NET_F_STATUS, "the guest sees the link's state"),
    FEATURE("ctrl_vq", NET_F_CTRL_VQ, "there is a control queue"),
    FEATURE("ctrl_rx", NET_F_CTRL_RX, "the guest may choose what it receives"),
    FEATURE("ctrl_rx_extra", NET_F_CTRL_RX_EXTRA, "the guest may choose that more finely"),
    FEATURE("ctrl_vlan", NET_F_CTRL_VLAN, "the guest may choose VLANs"),
    FEATURE("ctrl_mac_addr", NET_F_CTRL_MAC_ADDR, "the guest may set the address"),
    PROP_UINT16(VirtIONet, rx_size, "rx_queue_size", "entries of the receive queue",
                .def = 256, .min = 64, .max = VIRTIO_QUEUE_MAX_SIZE),
    PROP_UINT16(VirtIONet, tx_size, "tx_queue_size", "entries of the send queue",
                .def = 256, .min = 64, .max = VIRTIO_QUEUE_MAX_SIZE),
    PROP_UINT16(VirtIONet, host_mtu, "host_mtu",
                "largest packet that the guest is told to send, in bytes; 0: not told"),
    PROP_INT32(VirtIONet, speed, "speed", "link speed in Mbit/s; -1: not told",
               .def = (uint64_t)INT64_C(-1)),
    PROP_ENUM(VirtIONet, duplex, "duplex", "whether the link goes both ways at once (auto: "
              "not told)", duplex_names, .def_str = "auto"),
    PROP_END
};

static const VMStateField virtio_net_vmstate[] = {
    VMS_BUFFER(VirtIONet, mac),
    VMS_STRUCT(VirtIONet, filter, rx_filter_vmstate),
    VMS_END
};

static size_t hdr_size(const VirtIONet *s)
{
    return virtio_has_feature(&s->parent, VIRTIO_F_VERSION_1) ||
                   virtio_has_feature(&s->parent, NET_F_MRG_RXBUF)
               ? sizeof(NetHdr) : offsetof(NetHdr, num_buffers);
}

/* ---- Receiving ---- */

/* Buffers for one frame. */
typedef struct RxBuffers {
    VirtQueueElement *elem[VIRTIO_QUEUE_MAX_SIZE];
    uint32_t written[VIRTIO_QUEUE_MAX_SIZE];
    unsigned n;
    uint64_t room;
} RxBuffers;

typedef enum RxResult { RX_OK, RX_WAIT, RX_DROP } RxResult;

static RxResult give_back(VirtIONet *s, RxBuffers *b, RxResult result)
{
    for (unsigned i = 0; i < b->n; i++) {
        virtqueue_discard(s->rx, b->elem[i]);
    }
    virtqueue_rewind(s->rx, b->n);
    b->n = 0;
    b->room = 0;
    return result;
}

static RxResult take_buffers(VirtIONet *s, RxBuffers *b, size_t total)
{
    bool merge = virtio_has_feature(&s->parent, NET_F_MRG_RXBUF);

    b->n = 0;
    b->room = 0;
    while (b->room < total) {
        VirtQueueElement *e = b->n < s->rx->num ? virtqueue_pop(s->rx) : NULL;

        if (!e) {
            /* All that the queue can have is too little: waiting would not help. */
            return give_back(s, b, b->n < s->rx->num && !virtio_is_broken(&s->parent)
                                       ? RX_WAIT : RX_DROP);
        }
        b->elem[b->n++] = e;
        b->room += e->in_bytes;
        if (e->in_bytes < (b->n == 1 ? hdr_size(s) : 1)) {
            give_back(s, b, RX_DROP);
            virtio_error(&s->parent, "a receive buffer without room for a header");
            return RX_DROP;
        }
        if (!merge && b->room < total) {
            return give_back(s, b, RX_DROP);
        }
    }
    return RX_OK;
}

/* The driver tells of new buffers only after it was asked to: so look once more then. */
static RxResult take_buffers_or_ask(VirtIONet *s, RxBuffers *b, size_t total)
{
    RxResult r = take_buffers(s, b, total);

    if (r == RX_WAIT) {
        virtqueue_enable_notify(s->rx, true);
        r = take_buffers(s, b, total);
    }
    if (r == RX_OK) {
        virtqueue_enable_notify(s->rx, false);
    }
    return r;
}

static void fill_buffers(VirtIONet *s, RxBuffers *b, const struct iovec *iov, unsigned n,
                         size_t size)
{
    bool good = s->nic->peer && s->nic->peer->info->checksums_good &&
                virtio_has_feature(&s->parent, NET_F_GUEST_CSUM);
    NetHdr hdr = { .flags = good ? HDR_F_DATA_VALID : 0, .num_buffers = b->n };
    size_t done = 0, skip = hdr_size(s);
    g_autofree uint8_t *copy = NULL;
    const uint8_t *frame = iov->iov_base;

    if (n > 1) {
        copy = g_malloc(size);
        iov_to_buf(iov, n, 0, copy, size);
        frame = copy;
    }
    iov_from_buf(b->elem[0]->in, b->elem[0]->n_in, 0, &hdr, skip);
    for (unsigned i = 0; i < b->n; i++) {
        VirtQueueElement *e = b->elem[i];
        size_t here = iov_from_buf(e->in, e->n_in, skip, frame + done, size - done);

        done += here;
        b->written[i] = here + skip;
        skip = 0;
    }
    virtqueue_push_all(s->rx, b->elem, b->written, b->n);
    virtqueue_notify(s->rx);
}

static bool virtio_net_receive(NetClient *nc, const struct iovec *iov, unsigned n)
{
    VirtIONet *s = (VirtIONet *)nc->owner;
    uint8_t head[ETH_HLEN + 4];
    size_t size = iov_size(iov, n);
    size_t head_len = iov_to_buf(iov, n, 0, head, sizeof(head));
    RxBuffers b;

    if (!run_state_running()) {
        return false;
    }
    if (!virtio_is_running(&s->parent) || !s->rx->ready || size == 0) {
        return true;
    }
    if (!rx_filter_match(&s->filter, s->mac.a, net_vlan_filter(s), head, head_len)) {
        trace_virtio_net_frame_refuse(s, size);
        return true;
    }
    switch (take_buffers_or_ask(s, &b, size + hdr_size(s))) {
    case RX_OK:
        trace_virtio_net_frame_receive(s, size, b.n);
        fill_buffers(s, &b, iov, n, size);
        return true;
    case RX_WAIT:
        trace_virtio_net_buffers_wait(s, size);
        return false;
    default:
        return true;
    }
}

static void handle_rx(VirtIODevice *vdev, VirtQueue *vq)
{
    net_flush(((VirtIONet *)vdev)->nic);
}

/* ---- Sending ---- */

static void tx_room(NetClient *nc);

static void emit(void *opaque, const uint8_t *frame, size_t size)
{
    VirtIONet *s = opaque;
    struct iovec iov = { (void *)frame, size };

    if (!net_send(s->nic, &iov, 1, tx_room)) {
        s->tx_held = true;
    }
}

/* The segmentation that the header asks for, if the driver may ask for it. */
static bool gso_is_allowed(const VirtIONet *s, const NetHdr *hdr)
{
    unsigned kind = hdr->gso_type & ~GSO_ECN;

    return (hdr->flags & HDR_F_NEEDS_CSUM) &&
           ((kind == GSO_TCPV4 && virtio_has_feature(&s->parent, NET_F_HOST_TSO4)) ||
            (kind == GSO_TCPV6 && virtio_has_feature(&s->parent, NET_F_HOST_TSO6)));
}

/* 5.1.6.2: what the driver left to the card is done. @frame is the card's own copy. */
static bool finish_frame(VirtIONet *s, const NetHdr *hdr, uint8_t *frame, size_t size)
{
    if (hdr->gso_type) {
        return gso_is_allowed(s, hdr) &&
               offload_segment(frame, size, (hdr->gso_type & ~GSO_ECN) == GSO_TCPV6,
                               hdr->csum_start, hdr->gso_size, emit, s);
    }
    if ((hdr->flags & HDR_F_NEEDS_CSUM) && virtio_has_feature(&s->parent, NET_F_CSUM) &&
        !offload_checksum(frame, size, hdr->csum_start, hdr->csum_offset)) {
        return false;
    }
    emit(s, frame, size);
    return true;
}

static void send_frame(VirtIONet *s, const NetHdr *hdr, const struct iovec *iov, unsigned n,
                       size_t size)
{
    g_autofree uint8_t *copy = NULL;

    trace_virtio_net_frame_send(s, size, hdr->flags);
    if (size < ETH_HLEN || size > NET_FRAME_MAX) {
        guest_error(s, "a frame of %zu bytes: dropped", size);
        return;
    }
    if (n == 1 && !hdr->flags && !hdr->gso_type) {
        emit(s, iov->iov_base, size);
        return;
    }
    copy = g_malloc(size);
    iov_to_buf(iov, n, 0, copy, size);
    if (!finish_frame(s, hdr, copy, size)) {
        guest_error(s, "a frame that asks for what the card cannot do: dropped");
    }
}

static bool send_chain(VirtIONet *s, VirtQueueElement *e)
{
    g_autofree struct iovec *iov = g_new(struct iovec, e->n_out + 1);
    size_t skip = hdr_size(s);
    NetHdr hdr = { .flags = 0 };
    unsigned n;

    if (iov_to_buf(e->out, e->n_out, 0, &hdr, skip) < skip || e->n_in) {
        virtqueue_discard(s->tx, e);
        virtio_error(&s->parent, "a frame to send without header, or with a part to write");
        return false;
    }
    n = iov_slice(iov, e->out, e->n_out, skip, e->out_bytes - skip);
    send_frame(s, &hdr, iov, n, e->out_bytes - skip);
    virtqueue_push(s->tx, e, 0);
    return true;
}

static void tx_serve(VirtIONet *s)
{
    VirtQueueElement *e;
    unsigned served = 0;
    bool later = false;

    if (!run_state_running() || !s->tx->ready) {
        return;
    }
    do {
        virtqueue_enable_notify(s->tx, false);
        while (!s->tx_held && !(later = virtqueue_round_done(s->tx, served)) &&
               (e = virtqueue_pop(s->tx)) && send_chain(s, e)) {
            served++;
        }
        if (served) {
            virtqueue_notify(s->tx);
        }
    } while (!s->tx_held && !later && !virtio_is_broken(&s->parent) &&
             virtqueue_enable_notify(s->tx, true));
}

static void tx_later(void *opaque)
{
    VirtIONet *s = opaque;

    s->tx_call = 0;
    tx_serve(s);
}

static void kick_tx(VirtIONet *s)
{
    if (!s->tx_call) {
        s->tx_call = main_loop_call(tx_later, s);
    }
}

static void tx_room(NetClient *nc)
{
    VirtIONet *s = (VirtIONet *)nc->owner;

    s->tx_held = false;
    kick_tx(s);
}

static void handle_tx(VirtIODevice *vdev, VirtQueue *vq)
{
    kick_tx((VirtIONet *)vdev);
}

/* ---- State ---- */

static void run_state_changed(void *opaque, bool running)
{
    VirtIONet *s = opaque;

    if (running) {
        net_flush(s->nic);
        kick_tx(s);
    }
}

static void virtio_net_set_status(VirtIODevice *vdev, uint8_t status)
{
    if (status & VIRTIO_STATUS_DRIVER_OK) {
        net_flush(((VirtIONet *)vdev)->nic);
    }
}

static void link_changed(NetClient *nc)
{
    VirtIONet *s = (VirtIONet *)nc->owner;

    virtio_notify_config(&s->parent);
    s->tx_held = false; /* what was held is lost */
    kick_tx(s);
}

static void virtio_net_stop(VirtIODevice *vdev)
{
    VirtIONet *s = (VirtIONet *)vdev;

    main_loop_cancel(s->tx_call);
    s->tx_call = 0;
    s->mac = s->nic->mac = s->conf_mac;
    rx_filter_reset(&s->filter);
}

static void virtio_net_loaded(VirtIONet *s)
{
    rx_filter_loaded(&s->filter);
    s->nic->mac = s->mac;
    virtio_loaded(&s->parent);
    kick_tx(s);
}

static RxFilterInfo *query_rx_filter(NetClient *nc)
{
    VirtIONet *s = (VirtIONet *)nc->owner;

    nc->filter_asked = true;
    return rx_filter_info(&s->filter, nc->name, s->mac.a, net_vlan_filter(s));
}

static void virtio_net_get_config(VirtIODevice *vdev, uint8_t *config)
{
    VirtIONet *s = (VirtIONet *)vdev;
    NetConfig c = {
        .status = s->nic->peer && !s->nic->link_down ? STATUS_LINK_UP : 0,
        .max_virtqueue_pairs = 1,
        .mtu = s->host_mtu,
        .speed = s->speed,
        .duplex = s->duplex == DUPLEX_AUTO ? DUPLEX_UNKNOWN : s->duplex - DUPLEX_HALF,
    };

    memcpy(c.mac, s->mac.a, sizeof(c.mac));
    memcpy(config, &c, sizeof(c));
}

/* Drivers of the legacy interface set the address here, where they have no command for it. */
static void virtio_net_set_config(VirtIODevice *vdev, const uint8_t *config)
{
    VirtIONet *s = (VirtIONet *)vdev;

    if (!virtio_has_feature(vdev, VIRTIO_F_VERSION_1) &&
        !virtio_has_feature(vdev, NET_F_CTRL_MAC_ADDR) &&
        memcmp(s->mac.a, config, sizeof(s->mac.a))) {
        memcpy(s->mac.a, config, sizeof(s->mac.a));
        s->nic->mac = s->mac;
        net_nic_filter_changed(s->nic);
    }
}

/* ---- Life ---- */

static const NetClientInfo nic_info = {
    .type = "nic", .size = sizeof(NetClient), .receive = virtio_net_receive,
    .link_changed = link_changed, .query_rx_filter = query_rx_filter,
};

static bool check_properties(const VirtIONet *s, GError **err)
{
    if (s->host_mtu && s->host_mtu < MIN_MTU) {
        error_set(err, "property 'host_mtu' is %u", s->host_mtu);
        error_set_expected(err, "0, or %u to 65535", MIN_MTU);
        return false;
    }
    if (s->speed < -1) {
        error_set(err, "property 'speed' is %d", s->speed);
        error_set_expected(err, "-1, or a speed in Mbit/s");
        return false;
    }
    if ((s->rx_size & (s->rx_size - 1)) || (s->tx_size & (s->tx_size - 1))) {
        return error_set(err, "properties 'rx_queue_size' and 'tx_queue_size' must be powers of "
                         "two");
    }
    return true;
}

static uint64_t features(const VirtIONet *s)
{
    const uint64_t ctrl = UINT64_C(1) << NET_F_CTRL_RX | UINT64_C(1) << NET_F_CTRL_RX_EXTRA |
                          UINT64_C(1) << NET_F_CTRL_VLAN | UINT64_C(1) << NET_F_CTRL_MAC_ADDR;
    const uint64_t tso = UINT64_C(1) << NET_F_HOST_TSO4 | UINT64_C(1) << NET_F_HOST_TSO6;
    uint64_t f = s->wanted | UINT64_C(1) << NET_F_MAC;

    /* 5.1.3.1: what needs what */
    if (!(f >> NET_F_CSUM & 1)) {
        f &= ~tso;
    }
    if (!(f & tso)) {
        f &= ~(UINT64_C(1) << NET_F_HOST_ECN);
    }
    if (!(f >> NET_F_CTRL_VQ & 1)) {
        f &= ~ctrl;
    }
    f |= s->host_mtu ? UINT64_C(1) << NET_F_MTU : 0;
    f |= s->speed >= 0 || s->duplex != DUPLEX_AUTO ? UINT64_C(1) << NET_F_SPEED_DUPLEX : 0;
    return f;
}

static bool virtio_net_realize(VirtIONet *s, GError **err)
{
    DeviceState *dev = &s->parent.parent;

    if (!check_properties(s, err) ||
        !virtio_init(&s->parent, VIRTIO_ID_NET, features(s), sizeof(NetConfig), err)) {
        return false;
    }
    s->rx = virtio_add_queue(&s->parent, s->rx_size, handle_rx);
    s->tx = virtio_add_queue(&s->parent, s->tx_size, handle_tx);
    if (s->parent.offered >> NET_F_CTRL_VQ & 1) {
        s->ctrl = virtio_add_queue(&s->parent, CTRL_SIZE, virtio_net_handle_ctrl);
    }
    s->nic = net_nic_new(&nic_info, &dev->parent, dev->id, &s->conf_mac, s->netdev);
    s->mac = s->conf_mac;
    rx_filter_reset(&s->filter);
    run_state_add_notifier(run_state_changed, s);
    return true;
}

static void virtio_net_unrealize(VirtIONet *s)
{
    virtio_net_stop(&s->parent);
    run_state_remove_notifier(run_state_changed, s);
    net_nic_free(s->nic);
    s->nic = NULL;
    virtio_cleanup(&s->parent);
}

static void virtio_net_class_init(ObjectClass *klass)
{
    VirtIODeviceClass *vc = (VirtIODeviceClass *)klass;

    vc->get_config = virtio_net_get_config;
    vc->set_config = virtio_net_set_config;
    vc->set_status = virtio_net_set_status;
    vc->stop = virtio_net_stop;
}

DEVICE(VirtIONet, "virtio-net-device", TYPE_VIRTIO_DEVICE, "virtio network card",
       .properties = virtio_net_properties, .vmstate = virtio_net_vmstate,
       .realize = virtio_net_realize, .unrealize = virtio_net_unrealize,
       .loaded = virtio_net_loaded, .class_init = virtio_net_class_init,
       .category = DEVICE_NETWORK, .user_creatable = true, .security_boundary = true);
