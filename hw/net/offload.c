/*
 * Checksums and segments that drivers leave to network cards (hw/net/offload.h): RFC 1071,
 * RFC 791, RFC 8200, RFC 9293.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/net/offload.h"

enum { TYPE_AT = 12, VLAN_BYTES = 4, TYPE_VLAN = 0x8100, TYPE_IPV4 = 0x0800,
       TYPE_IPV6 = 0x86dd, PROTO_TCP = 6 };
enum { IPV4_HEADER = 20, IPV4_LENGTH = 2, IPV4_ID = 4, IPV4_PROTO = 9, IPV4_SUM = 10 };
enum { IPV6_HEADER = 40, IPV6_LENGTH = 4 };
enum { TCP_HEADER = 20, TCP_SEQ = 4, TCP_DATA = 12, TCP_FLAGS = 13, TCP_SUM = 16 };
enum { FLAG_FIN = 0x01, FLAG_PSH = 0x08, FLAG_CWR = 0x80 };

static unsigned get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = value >> 8;
    p[1] = value;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

static uint64_t sum_bytes(const uint8_t *p, size_t size)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i + 1 < size; i += 2) {
        sum += get16(p + i);
    }
    return i < size ? sum + (p[i] << 8) : sum;
}

static unsigned fold(uint64_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

bool offload_checksum(uint8_t *frame, size_t size, size_t start, size_t offset)
{
    unsigned sum;

    if (start + offset + 2 > size) {
        return false;
    }
    sum = ~fold(sum_bytes(frame + start, size - start)) & 0xffff;
    put16(frame + start + offset, sum ? sum : 0xffff); /* in UDP zero says that there is none */
    return true;
}

/* ---- Segments ---- */

/* Where the frame's headers are. */
typedef struct Layout {
    bool ipv6;
    size_t ip, tcp, data;
} Layout;

static bool find_headers(const uint8_t *frame, size_t size, Layout *l)
{
    size_t type = TYPE_AT;

    while (type + 2 + VLAN_BYTES <= size && get16(frame + type) == TYPE_VLAN) {
        type += VLAN_BYTES;
    }
    l->ip = type + 2;
    if (l->tcp < l->ip + (l->ipv6 ? IPV6_HEADER : IPV4_HEADER) || l->tcp + TCP_HEADER > size) {
        return false;
    }
    if (get16(frame + type) != (l->ipv6 ? TYPE_IPV6 : TYPE_IPV4)) {
        return false;
    }
    if (!l->ipv6 && (l->ip + (frame[l->ip] & 0xf) * 4 != l->tcp ||
                     frame[l->ip + IPV4_PROTO] != PROTO_TCP)) {
        return false;
    }
    l->data = l->tcp + (frame[l->tcp + TCP_DATA] >> 4) * 4;
    return l->data >= l->tcp + TCP_HEADER && l->data <= size;
}

static void set_ip_header(uint8_t *out, const Layout *l, unsigned index, size_t size)
{
    uint8_t *ip = out + l->ip;

    if (l->ipv6) {
        put16(ip + IPV6_LENGTH, size - l->ip - IPV6_HEADER);
        return;
    }
    put16(ip + IPV4_LENGTH, size - l->ip);
    put16(ip + IPV4_ID, get16(ip + IPV4_ID) + index);
    put16(ip + IPV4_SUM, 0);
    put16(ip + IPV4_SUM, ~fold(sum_bytes(ip, l->tcp - l->ip)));
}

/* The pseudo header counts the length: the old one goes, the new one comes. */
static void set_tcp_header(uint8_t *out, const Layout *l, size_t done, bool last, size_t size,
                           size_t whole)
{
    uint8_t *tcp = out + l->tcp;
    uint64_t pseudo = get16(tcp + TCP_SUM);

    pseudo += (0xffff ^ fold(whole - l->tcp)) + fold(size - l->tcp);
    put32(tcp + TCP_SEQ, get32(tcp + TCP_SEQ) + done);
    tcp[TCP_FLAGS] &= ~((last ? 0 : FLAG_FIN | FLAG_PSH) | (done ? FLAG_CWR : 0));
    put16(tcp + TCP_SUM, fold(pseudo));
    offload_checksum(out, size, l->tcp, TCP_SUM);
}

bool offload_segment(const uint8_t *frame, size_t size, bool ipv6, size_t tcp, size_t mss,
                     void (*emit)(void *opaque, const uint8_t *frame, size_t size),
                     void *opaque)
{
    Layout l = { .ipv6 = ipv6, .tcp = tcp };
    g_autofree uint8_t *out = NULL;
    unsigned index = 0;
    size_t done = 0;

    if (mss < OFFLOAD_MIN_SEGMENT || !find_headers(frame, size, &l)) {
        return false;
    }
    out = g_malloc(l.data + MIN(mss, size));
    do {
        size_t here = MIN(mss, size - l.data - done);

        memcpy(out, frame, l.data);
        memcpy(out + l.data, frame + l.data + done, here);
        set_ip_header(out, &l, index++, l.data + here);
        set_tcp_header(out, &l, done, l.data + done + here == size, l.data + here, size);
        emit(opaque, out, l.data + here);
        done += here;
    } while (l.data + done < size);
    return true;
}
