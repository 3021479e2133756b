/*
 * The virtio network card's parts (Virtual I/O Device Specification 1.2, 5.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_NET_VIRTIO_NET_H
#define HW_NET_VIRTIO_NET_H

#include "hw/virtio/virtio.h"
#include "net/net.h"

/* 5.1.3: feature bits */
enum {
    NET_F_CSUM = 0, NET_F_GUEST_CSUM = 1, NET_F_MTU = 3, NET_F_MAC = 5,
    NET_F_HOST_TSO4 = 11, NET_F_HOST_TSO6 = 12, NET_F_HOST_ECN = 13, NET_F_MRG_RXBUF = 15,
    NET_F_STATUS = 16, NET_F_CTRL_VQ = 17, NET_F_CTRL_RX = 18, NET_F_CTRL_VLAN = 19,
    NET_F_CTRL_RX_EXTRA = 20, NET_F_CTRL_MAC_ADDR = 23, NET_F_SPEED_DUPLEX = 63,
};

/* Addresses beside the card's own; a driver with more gets all frames of the kind. */
enum { MAC_TABLE_ENTRIES = 64, VLANS = 4096 };

/* What the driver wants to receive: guest state. */
typedef struct RxFilter {
    bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
    bool uni_overflow, multi_overflow;
    uint32_t entries, first_multi;  /* unicast first */
    uint8_t macs[MAC_TABLE_ENTRIES * ETH_ALEN];
    uint8_t vlans[VLANS / 8];
} RxFilter;
extern const VMStateField rx_filter_vmstate[];

/* As a driver finds it that does not speak of filters; @vlans: it may name VLANs. */
void rx_filter_reset(RxFilter *f);
/* After a load: what is derived is right, or made so. */
void rx_filter_loaded(RxFilter *f);
/* Whether a frame that begins with @head (ETH_HLEN + 4 bytes, or fewer as @len says) is for
 * a card with address @mac; @vlan_filter: VLANs are filtered too. */
bool rx_filter_match(const RxFilter *f, const uint8_t *mac, bool vlan_filter,
                     const uint8_t *head, size_t len);
/* What query-rx-filter says. */
RxFilterInfo *rx_filter_info(const RxFilter *f, const char *name, const uint8_t *mac,
                             bool vlan_filter);

typedef struct VirtIONet {
    VirtIODevice parent;
    NetClient *netdev;       /* property */
    MacAddr conf_mac;        /* property */
    uint64_t wanted;         /* properties: feature bits */
    uint16_t rx_size, tx_size; /* properties */
    uint16_t host_mtu;       /* property */
    int32_t speed;           /* property */
    int duplex;              /* property */
    NetClient *nic;
    VirtQueue *rx, *tx, *ctrl;
    unsigned tx_call;        /* id of a main loop call that sends, or 0 */
    bool tx_held;            /* the backend has no room */
    /* guest state */
    MacAddr mac;
    RxFilter filter;
} VirtIONet;

static inline bool net_vlan_filter(const VirtIONet *s)
{
    return virtio_has_feature(&s->parent, NET_F_CTRL_VLAN);
}

/* The control queue has commands. */
void virtio_net_handle_ctrl(VirtIODevice *vdev, VirtQueue *vq);

#endif
