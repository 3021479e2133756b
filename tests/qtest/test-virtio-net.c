/*
 * The network card in a machine, with a TCP socket of the test as its network: frames both
 * ways, checksums, buffers that come late, filters, the cable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define RING(n) (RAM + 0x10000 + 0x4000 * (uint64_t)(n))
#define TX_BUF  (RAM + 0x100000)
#define RX_BUF  (RAM + 0x200000)
#define CTRL    (RAM + 0x300000)
enum { QUEUE_SIZE = 16, RX_PIECE = 0x1000, ALEN = 6, HLEN = 14, SECOND_MS = 1000 };
enum { F_CSUM = 0, F_GUEST_CSUM = 1, F_MTU = 3, F_MAC = 5, F_HOST_TSO4 = 11,
       F_HOST_TSO6 = 12, F_MRG_RXBUF = 15, F_STATUS = 16,
       F_CTRL_VQ = 17, F_CTRL_RX = 18, F_CTRL_VLAN = 19, F_CTRL_RX_EXTRA = 20,
       F_CTRL_MAC_ADDR = 23 };
#define BIT(n) (UINT64_C(1) << (n))
#define CTRL_FEATURES (BIT(F_CTRL_VQ) | BIT(F_CTRL_RX) | BIT(F_CTRL_VLAN) |               \
                       BIT(F_CTRL_RX_EXTRA) | BIT(F_CTRL_MAC_ADDR))
enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2 };

static const uint8_t card_mac[ALEN] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static int listener;
static uint16_t port;

typedef struct Net {
    QtestMachine *m;
    VirtDriver rx, tx, ctrl;
    int wire;
    unsigned hdr;
} Net;

/* ---- The wire ---- */

static void wait_readable(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };

    g_assert_cmpint(poll(&p, 1, 10 * SECOND_MS * qm_slow()), ==, 1);
}

static void read_all(int fd, uint8_t *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n;

        wait_readable(fd);
        n = recv(fd, buf + done, len - done, 0);
        g_assert_cmpint(n, >, 0);
        done += n;
    }
}

static void wire_send(Net *net, const uint8_t *frame, uint32_t size)
{
    uint32_t head = htonl(size);

    g_assert_cmpint(send(net->wire, &head, 4, MSG_NOSIGNAL), ==, 4);
    g_assert_cmpint(send(net->wire, frame, size, MSG_NOSIGNAL), ==, size);
}

static void wire_expect(Net *net, const uint8_t *frame, uint32_t size)
{
    g_autofree uint8_t *seen = g_malloc(size);
    uint32_t head;

    read_all(net->wire, (uint8_t *)&head, 4);
    g_assert_cmpuint(ntohl(head), ==, size);
    read_all(net->wire, seen, size);
    g_assert_cmpmem(seen, size, frame, size);
}

/* A frame to @to whose bytes can be told from those of another @kind. */
static void make_frame(uint8_t *frame, size_t size, const uint8_t *to, unsigned kind)
{
    memcpy(frame, to, ALEN);
    memcpy(frame + ALEN, "\x52\x54\x00\x99\x99\x99\x08\x00", HLEN - ALEN);
    for (size_t i = HLEN; i < size; i++) {
        frame[i] = i * 3 + kind;
    }
}

/* ---- The card ---- */

static void start(Net *net, QtestMachine *m, uint64_t features)
{
    *net = (Net){ .m = m };
    wait_readable(listener);
    net->wire = accept(listener, NULL, NULL);
    g_assert_cmpint(net->wire, >=, 0);
    qm_virtio(&net->rx, m, VIRTIO(7));
    vd_start(&net->rx, features, RING(0), QUEUE_SIZE);
    vd_add_queue(&net->tx, &net->rx, 1, RING(1), QUEUE_SIZE);
    vd_add_queue(&net->ctrl, &net->rx, 2, RING(2), QUEUE_SIZE);
    net->hdr = net->rx.legacy && !(features & BIT(F_MRG_RXBUF)) ? 10 : 12;
}

static void finish(Net *net)
{
    close(net->wire);
}

static void send_with(Net *net, const uint8_t *hdr, const uint8_t *frame, size_t size)
{
    qm_memwrite(net->m, TX_BUF, hdr, net->hdr);
    qm_memwrite(net->m, TX_BUF + 0x100, frame, size);
    vd_desc(&net->tx, 0, TX_BUF, net->hdr, VD_F_NEXT, 1);
    vd_desc(&net->tx, 1, TX_BUF + 0x100, size, 0, 0);
    vd_offer(&net->tx, 0);
    vd_notify(&net->tx);
    vd_wait_used(&net->tx, 0, NULL);
}

static void offer_buffer(Net *net, unsigned n, uint32_t len)
{
    vd_desc(&net->rx, n, RX_BUF + n * RX_PIECE, len, VD_F_WRITE, 0);
    vd_offer(&net->rx, n);
}

static void expect_in_buffer(Net *net, unsigned n, const uint8_t *frame, size_t size)
{
    g_autofree uint8_t *seen = g_malloc(size + net->hdr);
    uint32_t len;

    vd_wait_used(&net->rx, n, &len);
    g_assert_cmpuint(len, ==, size + net->hdr);
    qm_memread(net->m, RX_BUF + n * RX_PIECE, seen, len);
    g_assert_cmpmem(seen + net->hdr, size, frame, size);
    if (net->hdr == 12) {
        g_assert_cmpuint(seen[10] | seen[11] << 8, ==, 1);
    }
}

static uint8_t control(Net *net, uint8_t class, uint8_t cmd, const void *data, size_t len)
{
    uint8_t head[2] = { class, cmd };

    qm_memwrite(net->m, CTRL, head, sizeof(head));
    qm_memwrite(net->m, CTRL + 0x10, data, len);
    vd_store(&net->ctrl, CTRL + 0x8, 0xaa, 1);
    vd_desc(&net->ctrl, 0, CTRL, sizeof(head), VD_F_NEXT, len ? 1 : 2);
    vd_desc(&net->ctrl, 1, CTRL + 0x10, len, VD_F_NEXT, 2);
    vd_desc(&net->ctrl, 2, CTRL + 0x8, 1, VD_F_WRITE, 0);
    vd_offer(&net->ctrl, 0);
    vd_notify(&net->ctrl);
    vd_wait_used(&net->ctrl, 0, NULL);
    return vd_load(&net->ctrl, CTRL + 0x8, 1);
}

/* ---- Tests ---- */

static void test_frames(QtestMachine *m)
{
    uint8_t frame[1514], hdr[12] = { 0 };
    Net net;

    start(&net, m, 0);
    for (unsigned i = 0; i < ALEN; i++) {
        g_assert_cmphex(qm_read8(m, VIRTIO(7) + VD_CONFIG + i), ==, card_mac[i]);
    }
    for (unsigned round = 0; round < 4; round++) {
        size_t size = round ? sizeof(frame) - round : 60;

        make_frame(frame, size, card_mac, round);
        send_with(&net, hdr, frame, size);
        wire_expect(&net, frame, size);
        offer_buffer(&net, round, 1526 + 12);
        vd_notify(&net.rx);
        wire_send(&net, frame, size);
        expect_in_buffer(&net, round, frame, size);
    }
    finish(&net);
}

/* What the driver leaves open is filled in: the sum over the rest, also of an odd length. */
static void test_checksum(QtestMachine *m)
{
    static const uint8_t want[2] = { 0x10 ^ 0xff, 0x21 ^ 0xff };
    uint8_t frame[61] = { 0 }, hdr[12] = { 1, 0, 0, 0, 0, 0, 40, 0, 6, 0 };
    Net net;

    start(&net, m, BIT(F_CSUM));
    /* 0x0102 + 0x0f1e + 0x0001 (what stands in the field) = 0x1021; the last odd byte 0 */
    frame[40] = 0x01;
    frame[41] = 0x02;
    frame[50] = 0x0f;
    frame[51] = 0x1e;
    frame[47] = 0x01;
    send_with(&net, hdr, frame, sizeof(frame));
    frame[46] = want[0];
    frame[47] = want[1];
    wire_expect(&net, frame, sizeof(frame));
    /* beyond the frame's end: dropped, and the next one goes */
    hdr[6] = 60;
    send_with(&net, hdr, frame, sizeof(frame));
    hdr[0] = 0;
    send_with(&net, hdr, frame, 60);
    wire_expect(&net, frame, 60);
    g_assert_false(vd_broken(&net.tx));
    finish(&net);
}

/* The Internet checksum of two ranges, as one who receives computes it: 0 if all is right. */
static unsigned rest_of_sum(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                            uint32_t more)
{
    uint64_t sum = more;

    for (size_t i = 0; i < a_len; i++) {
        sum += a[i] << (i % 2 ? 0 : 8);
    }
    for (size_t i = 0; i < b_len; i++) {
        sum += b[i] << (i % 2 ? 0 : 8);
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum ^ 0xffff;
}

/* One frame off the wire. */
static size_t wire_take(Net *net, uint8_t *buf, size_t max)
{
    uint32_t head;

    read_all(net->wire, (uint8_t *)&head, 4);
    head = ntohl(head);
    g_assert_cmpuint(head, <=, max);
    read_all(net->wire, buf, head);
    return head;
}

/* Data that the card cuts into segments: each is right in itself, together they are it. */
static void check_segments(Net *net, bool ipv6)
{
    enum { MSS = 1400, DATA = 5000, TCP_LEN = 32 };
    size_t ip_len = ipv6 ? 40 : 20, tcp = HLEN + ip_len, at = tcp + TCP_LEN, done = 0;
    uint8_t frame[HLEN + 40 + TCP_LEN + DATA] = { 0 }, seen[1600];
    uint8_t hdr[12] = { 1, ipv6 ? 4 : 1, 0, 0, MSS & 0xff, MSS >> 8, tcp, 0, 16, 0 };
    size_t size = at + DATA, addresses = ipv6 ? HLEN + 8 : HLEN + 12;
    size_t address_len = ipv6 ? 32 : 8;
    unsigned pseudo;

    make_frame(frame, size, card_mac, 3);
    memset(frame + HLEN, 0, at - HLEN);
    if (ipv6) {
        memcpy(frame + 12, "\x86\xdd\x60\0\0\0\0\0\x06\x40", 10);
    } else {
        memcpy(frame + 12, "\x08\0\x45\0\0\0\xff\xfe\x40\0\x40\x06\0\0", 14);
    }
    memset(frame + addresses, 0xa5, address_len);
    frame[tcp + 4] = frame[tcp + 5] = frame[tcp + 6] = 0xff; /* the number will wrap */
    frame[tcp + 12] = TCP_LEN / 4 << 4;
    frame[tcp + 13] = 0x80 | 0x18 | 0x01;
    pseudo = rest_of_sum(frame + addresses, address_len, NULL, 0, 6 + size - tcp) ^ 0xffff;
    frame[tcp + 16] = pseudo >> 8;
    frame[tcp + 17] = pseudo;
    send_with(net, hdr, frame, size);
    for (unsigned i = 0; done < DATA; i++) {
        size_t len = wire_take(net, seen, sizeof(seen)), here = len - at;
        bool last = done + here == DATA;
        uint32_t seq = (uint32_t)seen[tcp + 4] << 24 | seen[tcp + 5] << 16 |
                       seen[tcp + 6] << 8 | seen[tcp + 7];

        g_assert_cmpuint(here, ==, MIN(MSS, DATA - done));
        g_assert_cmpmem(seen + at, here, frame + at + done, here);
        g_assert_cmphex(seq, ==, (uint32_t)(0xffffff00 + done));
        g_assert_cmphex(seen[tcp + 13], ==, 0x10 | (i ? 0 : 0x80) | (last ? 0x09 : 0));
        if (ipv6) {
            g_assert_cmpuint(seen[HLEN + 4] << 8 | seen[HLEN + 5], ==, len - tcp);
        } else {
            g_assert_cmpuint(seen[HLEN + 2] << 8 | seen[HLEN + 3], ==, len - HLEN);
            g_assert_cmphex(seen[HLEN + 4] << 8 | seen[HLEN + 5], ==, (0xfffe + i) & 0xffff);
            g_assert_cmpuint(rest_of_sum(seen + HLEN, ip_len, NULL, 0, 0), ==, 0);
        }
        g_assert_cmpuint(rest_of_sum(seen + addresses, address_len, seen + tcp, len - tcp,
                                     6 + len - tcp), ==, 0);
        done += here;
    }
    /* what cannot be cut is dropped, and nothing breaks */
    for (unsigned i = 0; i < 4; i++) {
        uint8_t bad[12];

        memcpy(bad, hdr, sizeof(bad));
        bad[i == 0 ? 4 : i == 1 ? 6 : i == 2 ? 1 : 0] = i == 1 ? 20 : i == 2 ? 3 : 0;
        bad[5] = i == 0 ? 0 : bad[5];
        send_with(net, bad, frame, size);
    }
    send_with(net, hdr, frame, tcp + 10);
    memset(hdr, 0, sizeof(hdr));
    send_with(net, hdr, frame, 60);
    wire_expect(net, frame, 60);
}

static void test_segments(QtestMachine *m)
{
    Net net;

    start(&net, m, BIT(F_CSUM) | BIT(F_HOST_TSO4) | BIT(F_HOST_TSO6));
    check_segments(&net, false);
    check_segments(&net, true);
    g_assert_false(vd_broken(&net.tx));
    finish(&net);
}

/* A frame in pieces: none is seen before all are there. */
static void test_merge(QtestMachine *m)
{
    uint8_t frame[1200], seen[1200 + 12];
    uint32_t lens[3], head;
    Net net;

    start(&net, m, BIT(F_MRG_RXBUF));
    make_frame(frame, sizeof(frame), card_mac, 1);
    wire_send(&net, frame, sizeof(frame));
    for (unsigned n = 0; n < 3; n++) {
        offer_buffer(&net, n, 500);
        vd_notify(&net.rx);
        if (n < 2) {
            g_assert_false(vd_used(&net.rx, &head, lens));
        }
    }
    for (unsigned n = 0; n < 3; n++) {
        vd_wait_used(&net.rx, n, &lens[n]);
        qm_memread(m, RX_BUF + n * RX_PIECE, seen + 500 * n, lens[n]);
    }
    g_assert_cmpuint(lens[0] + lens[1] + lens[2], ==, sizeof(seen));
    g_assert_cmpuint(seen[10], ==, 3);
    g_assert_cmpmem(seen + 12, sizeof(frame), frame, sizeof(frame));
    finish(&net);
}

/* Frames wait for buffers, in order, and none is lost. */
static void test_wait(QtestMachine *m)
{
    enum { FRAMES = 40, SIZE = 900 };
    uint8_t frame[SIZE];
    Net net;

    start(&net, m, 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        make_frame(frame, SIZE, card_mac, i);
        wire_send(&net, frame, SIZE);
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        offer_buffer(&net, i % QUEUE_SIZE, 1600);
        vd_notify(&net.rx);
        make_frame(frame, SIZE, card_mac, i);
        expect_in_buffer(&net, i % QUEUE_SIZE, frame, SIZE);
    }
    finish(&net);
}

/* The frame comes, or it does not and the next one for everybody does. */
static bool passes(Net *net, const uint8_t *to, const uint8_t *tag)
{
    static unsigned kind;
    uint8_t frame[80], last[80];
    uint8_t seen[80];
    bool came;
    uint32_t len;

    make_frame(frame, sizeof(frame), to, ++kind);
    make_frame(last, sizeof(last), card_mac, ++kind);
    if (tag) {
        memcpy(frame + 12, tag, 4);
    }
    offer_buffer(net, 0, 1600);
    offer_buffer(net, 1, 1600);
    vd_notify(&net->rx);
    wire_send(net, frame, sizeof(frame));
    wire_send(net, last, sizeof(last));
    vd_wait_used(&net->rx, 0, &len);
    qm_memread(net->m, RX_BUF + net->hdr, seen, sizeof(seen));
    came = !memcmp(seen, frame, sizeof(frame));
    if (!came) { /* the other buffer is used up by one more */
        g_assert_cmpmem(seen, sizeof(seen), last, sizeof(last));
        wire_send(net, last, sizeof(last));
    }
    vd_wait_used(&net->rx, 1, &len);
    return came;
}

static void test_filter(QtestMachine *m)
{
    static const uint8_t other[ALEN] = { 0x02, 1, 2, 3, 4, 5 };
    static const uint8_t multi[ALEN] = { 0x01, 0, 0x5e, 1, 2, 3 };
    static const uint8_t all[ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const uint8_t tag[4] = { 0x81, 0x00, 0x00, 0x05 };
    uint8_t on = 1, off = 0, table[4 + ALEN + 4 + ALEN] = { 1 };
    uint16_t vlan = 5;
    Net net;

    start(&net, m, CTRL_FEATURES);
    g_assert_true(passes(&net, other, NULL)); /* drivers without a wish get all */
    g_assert_cmpuint(control(&net, CLASS_RX, 0, &off, 1), ==, 0);
    json_object_put(qm_wait_event(m, "NIC_RX_FILTER_CHANGED"));
    g_assert_false(passes(&net, other, NULL));
    g_assert_false(passes(&net, multi, NULL));
    g_assert_true(passes(&net, all, NULL));
    g_assert_true(passes(&net, card_mac, NULL));
    memcpy(table + 4, other, ALEN);
    table[4 + ALEN] = 1;
    memcpy(table + 8 + ALEN, multi, ALEN);
    g_assert_cmpuint(control(&net, CLASS_MAC, 0, table, sizeof(table)), ==, 0);
    g_assert_true(passes(&net, other, NULL));
    g_assert_true(passes(&net, multi, NULL));
    g_assert_cmpuint(control(&net, CLASS_RX, 3, &on, 1), ==, 0); /* no multicast */
    g_assert_false(passes(&net, multi, NULL));
    g_assert_false(passes(&net, card_mac, tag));
    g_assert_cmpuint(control(&net, CLASS_VLAN, 0, &vlan, 2), ==, 0);
    g_assert_true(passes(&net, card_mac, tag));
    /* what is not right changes nothing */
    table[0] = 200;
    g_assert_cmpuint(control(&net, CLASS_MAC, 0, table, sizeof(table)), ==, 1);
    g_assert_cmpuint(control(&net, CLASS_MAC, 0, table, 3), ==, 1);
    g_assert_cmpuint(control(&net, CLASS_RX, 9, &on, 1), ==, 1);
    g_assert_cmpuint(control(&net, 77, 0, &on, 1), ==, 1);
    vlan = 4096;
    g_assert_cmpuint(control(&net, CLASS_VLAN, 0, &vlan, 2), ==, 1);
    g_assert_true(passes(&net, other, NULL));
    finish(&net);
}

static const char *member(struct json_object *o, const char *key)
{
    struct json_object *v;

    g_assert_true(json_object_object_get_ex(o, key, &v));
    return json_object_get_string(v);
}

static void test_query(QtestMachine *m)
{
    uint8_t off = 0, mac[ALEN] = { 0x52, 0x54, 0, 1, 2, 3 }, table[8 + ALEN] = { 0 };
    struct json_object *list, *info;
    Net net;

    start(&net, m, CTRL_FEATURES);
    table[4] = 1;
    memcpy(table + 8, "\x33\x33\x00\x00\x00\x01", ALEN);
    g_assert_cmpuint(control(&net, CLASS_RX, 0, &off, 1), ==, 0);
    g_assert_cmpuint(control(&net, CLASS_MAC, 0, table, sizeof(table)), ==, 0);
    g_assert_cmpuint(control(&net, CLASS_MAC, 1, mac, ALEN), ==, 0);
    g_assert_cmphex(qm_read8(m, VIRTIO(7) + VD_CONFIG + 5), ==, 3);
    list = qm_qmp(m, "query-rx-filter", "{\"name\": \"card\"}");
    g_assert_cmpuint(json_object_array_length(list), ==, 1);
    info = json_object_array_get_idx(list, 0);
    g_assert_cmpstr(member(info, "main-mac"), ==, "52:54:00:01:02:03");
    g_assert_cmpstr(member(info, "promiscuous"), ==, "false");
    g_assert_cmpstr(member(info, "multicast"), ==, "normal");
    g_assert_cmpstr(member(info, "multicast-table"), ==, "[ \"33:33:00:00:00:01\" ]");
    json_object_put(list);
    finish(&net);
}

static void test_link(QtestMachine *m)
{
    uint8_t frame[60], hdr[12] = { 0 };
    Net net;

    start(&net, m, BIT(F_STATUS));
    make_frame(frame, sizeof(frame), card_mac, 0);
    for (unsigned round = 0; round < 2; round++) {
        const char *name = round ? "wire" : "card";
        g_autofree char *down = g_strdup_printf("{\"name\": \"%s\", \"up\": false}", name);
        g_autofree char *up = g_strdup_printf("{\"name\": \"%s\", \"up\": true}", name);

        g_assert_cmpuint(qm_read16(m, VIRTIO(7) + VD_CONFIG + 6), ==, 1);
        vd_out(&net.rx, VD_ACK, 3);
        json_object_put(qm_qmp(m, "set_link", down));
        g_assert_cmpuint(qm_read16(m, VIRTIO(7) + VD_CONFIG + 6), ==, 0);
        g_assert_cmpuint(vd_in(&net.rx, VD_ISR) & 2, ==, 2);
        send_with(&net, hdr, frame, sizeof(frame)); /* lost */
        json_object_put(qm_qmp(m, "set_link", up));
        g_assert_cmpuint(qm_read16(m, VIRTIO(7) + VD_CONFIG + 6), ==, 1);
        frame[20] = round;
        send_with(&net, hdr, frame, sizeof(frame));
        wire_expect(&net, frame, sizeof(frame));
    }
    json_object_put(qm_qmp(m, "netdev_del", "{\"id\": \"wire\"}"));
    g_assert_cmpuint(qm_read16(m, VIRTIO(7) + VD_CONFIG + 6), ==, 0);
    send_with(&net, hdr, frame, sizeof(frame));
    finish(&net);
}

/* The other side takes nothing: the card stops sending, and goes on when it does. */
static void test_back_pressure(QtestMachine *m)
{
    enum { FRAMES = 400, SIZE = 60000 };
    g_autofree uint8_t *frame = g_malloc(SIZE);
    uint8_t hdr[12] = { 0 };
    unsigned sent = 0, back = 0;
    Net net;

    start(&net, m, 0);
    qm_memwrite(m, TX_BUF, hdr, sizeof(hdr));
    make_frame(frame, SIZE, card_mac, 7);
    qm_memwrite(m, TX_BUF + 0x100, frame, SIZE);
    for (unsigned i = 0; i < QUEUE_SIZE / 2; i++) {
        vd_desc(&net.tx, 2 * i, TX_BUF, net.hdr, VD_F_NEXT, 2 * i + 1);
        vd_desc(&net.tx, 2 * i + 1, TX_BUF + 0x100, SIZE, 0, 0);
    }
    while (back < FRAMES) {
        uint32_t head, len;
        bool progress = false;

        if (sent < FRAMES && sent - back < QUEUE_SIZE / 2) {
            vd_offer(&net.tx, sent++ % (QUEUE_SIZE / 2) * 2);
            vd_notify(&net.tx);
            progress = true;
        }
        while (vd_used(&net.tx, &head, &len)) {
            back++;
            progress = true;
        }
        if (!progress) {
            wire_expect(&net, frame, SIZE);
        }
    }
    finish(&net);
}

static void test_broken(QtestMachine *m)
{
    uint8_t frame[60], hdr[12] = { 0 };
    Net net;

    start(&net, m, CTRL_FEATURES);
    vd_desc(&net.ctrl, 0, CTRL, 2, 0, 0); /* no place for the answer */
    vd_offer(&net.ctrl, 0);
    vd_notify(&net.ctrl);
    g_assert_true(vd_broken(&net.ctrl));
    vd_start(&net.rx, 0, RING(0), QUEUE_SIZE);
    vd_add_queue(&net.tx, &net.rx, 1, RING(1), QUEUE_SIZE);
    make_frame(frame, sizeof(frame), card_mac, 0);
    send_with(&net, hdr, frame, sizeof(frame));
    wire_expect(&net, frame, sizeof(frame));
    vd_desc(&net.tx, 0, TX_BUF, 5, 0, 0); /* less than a header */
    vd_offer(&net.tx, 0);
    vd_notify(&net.tx);
    for (unsigned i = 0; i < 1000 && !vd_broken(&net.tx); i++) {
        g_usleep(1000);
    }
    g_assert_true(vd_broken(&net.tx));
    finish(&net);
}

static void open_listener(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&at, len), ==, 0);
    g_assert_cmpint(listen(listener, 4), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&at, &len), ==, 0);
    port = ntohs(at.sin_port);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(QtestMachine *m);
    } tests[] = {
        { "frames", test_frames },   { "checksum", test_checksum },
        { "segments", test_segments }, { "merge", test_merge },     { "wait", test_wait },
        { "filter", test_filter },   { "query", test_query },
        { "link", test_link },       { "back-pressure", test_back_pressure },
        { "broken", test_broken },
    };

    g_test_init(&argc, &argv, NULL);
    open_listener();
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        g_autofree char *options = g_strdup_printf(
            "-M virt -global virtio-mmio.force-legacy=%s "
            "-netdev socket,id=wire,connect=127.0.0.1:%u "
            "-device virtio-net-device,id=card,netdev=wire", legacy ? "true" : "false", port);

        for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
            g_autofree char *name = g_strdup_printf("/qtest/virtio-net/%s/%s",
                                                    legacy ? "legacy" : "modern",
                                                    tests[i].name);

            qm_add_test(name, options, tests[i].fn);
        }
    }
    return g_test_run();
}
