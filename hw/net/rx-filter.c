/*
 * Which frames a network card receives (Virtual I/O Device Specification 1.2, 5.1.6.5.1 to
 * 5.1.6.5.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/net/virtio-net.h"
#include "qapi/qapi-util.h"

enum { TYPE_AT = 12, VLAN_AT = 14, TYPE_VLAN = 0x8100, VLAN_MASK = 0xfff };

const VMStateField rx_filter_vmstate[] = {
    VMS_BOOL(RxFilter, promisc),
    VMS_BOOL(RxFilter, allmulti),
    VMS_BOOL(RxFilter, alluni),
    VMS_BOOL(RxFilter, nomulti),
    VMS_BOOL(RxFilter, nouni),
    VMS_BOOL(RxFilter, nobcast),
    VMS_BOOL(RxFilter, uni_overflow),
    VMS_BOOL(RxFilter, multi_overflow),
    VMS_UINT32(RxFilter, entries, .max = MAC_TABLE_ENTRIES),
    VMS_UINT32(RxFilter, first_multi, .max = MAC_TABLE_ENTRIES),
    VMS_BUFFER(RxFilter, macs),
    VMS_BUFFER(RxFilter, vlans),
    VMS_END
};

void rx_filter_reset(RxFilter *f)
{
    *f = (RxFilter){ .promisc = true };
}

void rx_filter_loaded(RxFilter *f)
{
    f->first_multi = MIN(f->first_multi, f->entries);
}

static bool in_table(const RxFilter *f, unsigned first, unsigned end, const uint8_t *mac)
{
    for (unsigned i = first; i < end; i++) {
        if (!memcmp(f->macs + i * ETH_ALEN, mac, ETH_ALEN)) {
            return true;
        }
    }
    return false;
}

static bool is_broadcast(const uint8_t *mac)
{
    static const uint8_t all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    return !memcmp(mac, all, ETH_ALEN);
}

bool rx_filter_match(const RxFilter *f, const uint8_t *mac, bool vlan_filter,
                     const uint8_t *head, size_t len)
{
    if (f->promisc) {
        return true;
    }
    if (len < ETH_HLEN) {
        return false;
    }
    if (vlan_filter && len >= VLAN_AT + 2 && head[TYPE_AT] == TYPE_VLAN >> 8 &&
        head[TYPE_AT + 1] == (TYPE_VLAN & 0xff)) {
        unsigned vid = (head[VLAN_AT] << 8 | head[VLAN_AT + 1]) & VLAN_MASK;

        if (!(f->vlans[vid / 8] >> vid % 8 & 1)) {
            return false;
        }
    }
    if (is_broadcast(head)) {
        return !f->nobcast;
    }
    if (head[0] & 1) {
        return !f->nomulti && (f->allmulti || f->multi_overflow ||
                               in_table(f, f->first_multi, f->entries, head));
    }
    return !f->nouni && (f->alluni || f->uni_overflow || !memcmp(head, mac, ETH_ALEN) ||
                         in_table(f, 0, f->first_multi, head));
}

static strList *table_of(const RxFilter *f, unsigned first, unsigned end)
{
    strList *list = g_new0(strList, 1);

    for (unsigned i = first; i < end; i++) {
        QAPI_LIST_APPEND(list, mac_text(f->macs + i * ETH_ALEN));
    }
    return list;
}

RxFilterInfo *rx_filter_info(const RxFilter *f, const char *name, const uint8_t *mac,
                             bool vlan_filter)
{
    RxFilterInfo *info = g_new0(RxFilterInfo, 1);

    info->name = g_strdup(name);
    info->promiscuous = f->promisc;
    info->multicast = f->nomulti ? RX_STATE_NONE
                      : f->allmulti || f->multi_overflow ? RX_STATE_ALL : RX_STATE_NORMAL;
    info->unicast = f->nouni ? RX_STATE_NONE
                    : f->alluni || f->uni_overflow ? RX_STATE_ALL : RX_STATE_NORMAL;
    info->vlan = vlan_filter ? RX_STATE_NORMAL : RX_STATE_ALL;
    info->broadcast_allowed = !f->nobcast;
    info->multicast_overflow = f->multi_overflow;
    info->unicast_overflow = f->uni_overflow;
    info->main_mac = mac_text(mac);
    info->vlan_table = g_new0(intList, 1);
    for (unsigned i = 0; vlan_filter && i < VLANS; i++) {
        if (f->vlans[i / 8] >> i % 8 & 1) {
            QAPI_LIST_APPEND(info->vlan_table, i);
        }
    }
    info->unicast_table = table_of(f, 0, f->first_multi);
    info->multicast_table = table_of(f, f->first_multi, f->entries);
    return info;
}
