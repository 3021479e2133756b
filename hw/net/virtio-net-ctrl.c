/*
 * The virtio network card's control queue (Virtual I/O Device Specification 1.2, 5.1.6.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/net/trace.h"
#include "hw/net/virtio-net.h"
#include "util/iov.h"

enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2 };
enum { RX_PROMISC = 0, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST };
enum { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1 };
enum { VLAN_ADD = 0, VLAN_DEL = 1 };
enum { ACK_OK = 0, ACK_ERR = 1 };
enum { HEADER = 2 };

typedef struct Command {
    VirtIONet *dev;
    const VirtQueueElement *elem;
    size_t at;              /* into the part that the device reads */
} Command;

/* The next @len bytes of the command; false if there are fewer. */
static bool take(Command *c, void *buf, size_t len)
{
    size_t n = iov_to_buf(c->elem->out, c->elem->n_out, c->at, buf, len);

    c->at += n;
    return n == len;
}

static bool has(const VirtIONet *s, unsigned feature)
{
    return virtio_has_feature(&s->parent, feature);
}

static bool set_rx(Command *c, uint8_t cmd)
{
    RxFilter *f = &c->dev->filter;
    bool *const flags[] = {
        [RX_PROMISC] = &f->promisc, [RX_ALLMULTI] = &f->allmulti, [RX_ALLUNI] = &f->alluni,
        [RX_NOMULTI] = &f->nomulti, [RX_NOUNI] = &f->nouni, [RX_NOBCAST] = &f->nobcast,
    };
    uint8_t on;

    if (cmd >= ARRAY_SIZE(flags) || !take(c, &on, sizeof(on)) ||
        !has(c->dev, cmd >= RX_ALLUNI ? NET_F_CTRL_RX_EXTRA : NET_F_CTRL_RX)) {
        return false;
    }
    *flags[cmd] = on;
    return true;
}

/* One of the two tables, which add to *entries; what has no room sets *overflow. */
static bool take_table(Command *c, RxFilter *f, bool *overflow)
{
    uint64_t left = c->elem->out_bytes - c->at;
    uint32_t n;

    *overflow = false;
    if (!take(c, &n, sizeof(n)) || n > (left - sizeof(n)) / ETH_ALEN) {
        return false;
    }
    if (n > MAC_TABLE_ENTRIES - f->entries) {
        *overflow = true;
        c->at += (uint64_t)n * ETH_ALEN;
        return true;
    }
    take(c, f->macs + f->entries * ETH_ALEN, n * ETH_ALEN);
    f->entries += n;
    return true;
}

static bool set_table(Command *c)
{
    RxFilter f = c->dev->filter;

    f.entries = 0;
    memset(f.macs, 0, sizeof(f.macs));
    if (!take_table(c, &f, &f.uni_overflow)) {
        return false;
    }
    f.first_multi = f.entries;
    if (!take_table(c, &f, &f.multi_overflow)) {
        return false;
    }
    c->dev->filter = f;
    return true;
}

static bool set_mac(Command *c, uint8_t cmd)
{
    VirtIONet *s = c->dev;
    MacAddr mac;

    switch (cmd) {
    case MAC_TABLE_SET:
        return has(s, NET_F_CTRL_RX) && set_table(c);
    case MAC_ADDR_SET:
        if (!has(s, NET_F_CTRL_MAC_ADDR) || !take(c, mac.a, sizeof(mac.a))) {
            return false;
        }
        s->mac = s->nic->mac = mac;
        return true;
    default:
        return false;
    }
}

static bool set_vlan(Command *c, uint8_t cmd)
{
    uint8_t *vlans = c->dev->filter.vlans;
    uint16_t vid;

    if (!has(c->dev, NET_F_CTRL_VLAN) || !take(c, &vid, sizeof(vid)) || vid >= VLANS ||
        cmd > VLAN_DEL) {
        return false;
    }
    if (cmd == VLAN_ADD) {
        vlans[vid / 8] |= 1 << vid % 8;
    } else {
        vlans[vid / 8] &= ~(1 << vid % 8);
    }
    return true;
}

static bool execute(Command *c)
{
    uint8_t header[HEADER];
    bool ok;

    if (!take(c, header, sizeof(header))) {
        return false;
    }
    switch (header[0]) {
    case CLASS_RX:   ok = set_rx(c, header[1]); break;
    case CLASS_MAC:  ok = set_mac(c, header[1]); break;
    case CLASS_VLAN: ok = set_vlan(c, header[1]); break;
    default:         ok = false;
    }
    trace_virtio_net_ctrl_execute(c->dev, header[0], header[1], ok);
    if (ok) {
        net_nic_filter_changed(c->dev->nic);
    }
    return ok;
}

void virtio_net_handle_ctrl(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIONet *s = (VirtIONet *)vdev;
    VirtQueueElement *e;
    unsigned served = 0;

    for (; !virtqueue_round_done(vq, served) && (e = virtqueue_pop(vq)); served++) {
        Command c = { .dev = s, .elem = e };
        uint8_t ack;

        if (e->in_bytes < sizeof(ack) || e->out_bytes < HEADER) {
            virtqueue_discard(vq, e);
            virtio_error(vdev, "a control command without header or status");
            return;
        }
        ack = execute(&c) ? ACK_OK : ACK_ERR;
        iov_from_buf(e->in, e->n_in, 0, &ack, sizeof(ack));
        virtqueue_push(vq, e, sizeof(ack));
    }
    if (served) {
        virtqueue_notify(vq);
    }
}
