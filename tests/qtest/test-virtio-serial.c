/*
 * Virtio serial ports in a machine: the control queues, names, data both ways, a host that
 * takes nothing, ports that come and go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"
#include "tests/qtest/qm-virtio.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RING(n) (RAM + 0x10000 + 0x4000 * (uint64_t)(n))
#define CTRL_IN(n)  (RAM + 0x100000 + 0x1000 * (uint64_t)(n))
#define CTRL_OUT (RAM + 0x180000)
#define IN_BUF  (RAM + 0x200000)
#define OUT_BUF (RAM + 0x300000)
enum { QUEUE_SIZE = 16, SECOND_MS = 1000, HEAD = 8, F_MULTIPORT = 1 };
enum { DEVICE_READY = 0, DEVICE_ADD = 1, DEVICE_REMOVE = 2, PORT_READY = 3, CONSOLE_PORT = 4,
       PORT_OPEN = 6, PORT_NAME = 7 };
/* Queues (5.3.2). */
enum { Q_IN0 = 0, Q_OUT0 = 1, Q_CTRL_IN = 2, Q_CTRL_OUT = 3, Q_IN1 = 4, Q_OUT1 = 5 };

static char *agent_path, *console_path;

typedef struct Ports {
    QtestMachine *m;
    VirtDriver d, ctrl_in, ctrl_out, in, out; /* of port 1 */
    unsigned heard;
} Ports;

/* ---- The host's side ---- */

static int host_connect(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(at.sun_path, path, sizeof(at.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
    return fd;
}

static void host_expect(int fd, const char *text)
{
    size_t len = strlen(text);
    char seen[64];

    for (size_t done = 0; done < len;) {
        struct pollfd p = { fd, POLLIN, 0 };
        ssize_t n;

        g_assert_cmpint(poll(&p, 1, 10 * SECOND_MS * qm_slow()), ==, 1);
        n = recv(fd, seen + done, len - done, 0);
        g_assert_cmpint(n, >, 0);
        done += n;
    }
    g_assert_cmpmem(seen, len, text, len);
}

/* ---- The guest's side ---- */

static void offer_control(Ports *p, unsigned n)
{
    vd_desc(&p->ctrl_in, n, CTRL_IN(n), 0x1000, VD_F_WRITE, 0);
    vd_offer(&p->ctrl_in, n);
    vd_notify(&p->ctrl_in);
}

static void tell(Ports *p, uint32_t port, unsigned event, unsigned value)
{
    vd_store(&p->ctrl_out, CTRL_OUT, port, 4);
    vd_store(&p->ctrl_out, CTRL_OUT + 4, event, 2);
    vd_store(&p->ctrl_out, CTRL_OUT + 6, value, 2);
    vd_desc(&p->ctrl_out, 0, CTRL_OUT, HEAD, 0, 0);
    vd_offer(&p->ctrl_out, 0);
    vd_notify(&p->ctrl_out);
    vd_wait_used(&p->ctrl_out, 0, NULL);
}

/* The next message is this one; @name what follows it, or NULL. */
static void hear(Ports *p, uint32_t port, unsigned event, unsigned value, const char *name)
{
    unsigned n = p->heard++ % QUEUE_SIZE;
    uint32_t len;

    vd_wait_used(&p->ctrl_in, n, &len);
    g_assert_cmpuint(vd_load(&p->ctrl_in, CTRL_IN(n), 4), ==, port);
    g_assert_cmpuint(vd_load(&p->ctrl_in, CTRL_IN(n) + 4, 2), ==, event);
    g_assert_cmpuint(vd_load(&p->ctrl_in, CTRL_IN(n) + 6, 2), ==, value);
    g_assert_cmpuint(len, ==, HEAD + (name ? strlen(name) : 0));
    if (name) {
        char seen[64] = { 0 };

        qm_memread(p->m, CTRL_IN(n) + HEAD, seen, strlen(name));
        g_assert_cmpstr(seen, ==, name);
    }
    offer_control(p, n);
}

static void start(Ports *p, QtestMachine *m)
{
    *p = (Ports){ .m = m };
    qm_virtio(&p->d, m, VIRTIO(7));
    vd_start(&p->d, 1 << F_MULTIPORT, RING(0), QUEUE_SIZE);
    vd_add_queue(&p->ctrl_in, &p->d, Q_CTRL_IN, RING(1), QUEUE_SIZE);
    vd_add_queue(&p->ctrl_out, &p->d, Q_CTRL_OUT, RING(2), QUEUE_SIZE);
    vd_add_queue(&p->in, &p->d, Q_IN1, RING(3), QUEUE_SIZE);
    vd_add_queue(&p->out, &p->d, Q_OUT1, RING(4), QUEUE_SIZE);
    for (unsigned n = 0; n < QUEUE_SIZE; n++) {
        offer_control(p, n);
    }
}

/* As Linux does with a console on port 0 and an agent's channel on port 1. */
static void greet(Ports *p, QtestMachine *m)
{
    start(p, m);
    tell(p, 0, DEVICE_READY, 1);
    hear(p, 0, DEVICE_ADD, 1, NULL);
    hear(p, 1, DEVICE_ADD, 1, NULL);
    tell(p, 0, PORT_READY, 1);
    hear(p, 0, CONSOLE_PORT, 1, NULL);
    hear(p, 0, PORT_OPEN, 1, NULL);
    tell(p, 1, PORT_READY, 1);
    hear(p, 1, PORT_NAME, 1, "org.example.agent");
}

static void expect_change(QtestMachine *m, const char *id, bool open)
{
    struct json_object *data = qm_wait_event(m, "VSERPORT_CHANGE"), *v;

    g_assert_true(json_object_object_get_ex(data, "id", &v));
    g_assert_cmpstr(json_object_get_string(v), ==, id);
    g_assert_true(json_object_object_get_ex(data, "open", &v));
    g_assert_true(json_object_get_boolean(v) == open);
    json_object_put(data);
}

static void offer_in(VirtDriver *q, unsigned n, uint32_t len)
{
    vd_desc(q, n, IN_BUF + 0x1000 * n, len, VD_F_WRITE, 0);
    vd_offer(q, n);
    vd_notify(q);
}

static void expect_in(Ports *p, VirtDriver *q, unsigned n, const char *text)
{
    char seen[64] = { 0 };
    uint32_t len;

    vd_wait_used(q, n, &len);
    g_assert_cmpuint(len, ==, strlen(text));
    qm_memread(p->m, IN_BUF + 0x1000 * n, seen, len);
    g_assert_cmpstr(seen, ==, text);
}

static void send_out(Ports *p, VirtDriver *q, const char *text)
{
    qm_memwrite(p->m, OUT_BUF, text, strlen(text));
    vd_desc(q, 0, OUT_BUF, strlen(text), 0, 0);
    vd_offer(q, 0);
    vd_notify(q);
    vd_wait_used(q, 0, NULL);
}

/* ---- Tests ---- */

static void test_agent(QtestMachine *m)
{
    int host;
    Ports p;

    greet(&p, m);
    g_assert_cmpuint(qm_read32(m, VIRTIO(7) + VD_CONFIG + 4), ==, 31);
    host = host_connect(agent_path);
    hear(&p, 1, PORT_OPEN, 1, NULL);
    tell(&p, 1, PORT_OPEN, 1);
    if (!qm_restored(m)) { /* there each reset is seen as a close and an open */
        expect_change(m, "channel0", true);
    }
    send_out(&p, &p.out, "hello from the guest");
    host_expect(host, "hello from the guest");
    /* what comes before there is a buffer is not lost, nor what does not fit one */
    g_assert_cmpint(send(host, "hello back", 10, 0), ==, 10);
    offer_in(&p.in, 0, 6);
    expect_in(&p, &p.in, 0, "hello ");
    offer_in(&p.in, 1, 100);
    expect_in(&p, &p.in, 1, "back");
    close(host);
    hear(&p, 1, PORT_OPEN, 0, NULL);
    if (!qm_restored(m)) {
        tell(&p, 1, PORT_OPEN, 0);
        expect_change(m, "channel0", false);
        tell(&p, 1, PORT_OPEN, 1);
        expect_change(m, "channel0", true);
        qm_reset(m);
        expect_change(m, "channel0", false);
    }
}

/* A driver without several ports has the console's. */
static void test_console(QtestMachine *m)
{
    int host = host_connect(console_path);
    VirtDriver out;
    Ports p = { .m = m };

    qm_virtio(&p.d, m, VIRTIO(7));
    vd_start(&p.d, 0, RING(0), QUEUE_SIZE);
    vd_add_queue(&out, &p.d, Q_OUT0, RING(1), QUEUE_SIZE);
    send_out(&p, &out, "login: ");
    host_expect(host, "login: ");
    g_assert_cmpint(send(host, "root\n", 5, 0), ==, 5);
    offer_in(&p.d, 3, 64);
    expect_in(&p, &p.d, 3, "root\n");
    close(host);
}

/* Chains wait while the host takes nothing; every byte arrives, once. */
static void test_back_pressure(QtestMachine *m)
{
    enum { SIZE = 0x10000, CHAINS = 32, TOTAL = SIZE * CHAINS };
    g_autofree uint8_t *data = g_malloc(SIZE), *seen = g_malloc(SIZE);
    unsigned sent = 0, back = 0;
    uint32_t head, len;
    uint64_t got = 0;
    int host;
    Ports p;

    greet(&p, m);
    host = host_connect(agent_path);
    hear(&p, 1, PORT_OPEN, 1, NULL);
    tell(&p, 1, PORT_OPEN, 1);
    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = i * 5 + i / 256;
    }
    qm_memwrite(m, OUT_BUF, data, SIZE);
    for (unsigned n = 0; n < QUEUE_SIZE; n++) {
        vd_desc(&p.out, n, OUT_BUF, SIZE, 0, 0);
    }
    while (got < TOTAL || back < CHAINS) {
        bool progress = false;

        if (sent < CHAINS && sent - back < QUEUE_SIZE) {
            vd_offer(&p.out, sent++ % QUEUE_SIZE);
            vd_notify(&p.out);
            progress = true;
        }
        while (vd_used(&p.out, &head, &len)) {
            back++;
            progress = true;
        }
        if (!progress) {
            struct pollfd poll_host = { host, POLLIN, 0 };
            ssize_t n;

            g_assert_cmpint(poll(&poll_host, 1, 10 * SECOND_MS * qm_slow()), ==, 1);
            n = recv(host, seen, SIZE - got % SIZE, 0);
            g_assert_cmpint(n, >, 0);
            g_assert_cmpmem(seen, n, data + got % SIZE, n);
            got += n;
        }
    }
    g_assert_cmpuint(got, ==, TOTAL);
    close(host);
}

static void test_hot_plug(QtestMachine *m)
{
    int host;
    Ports p;

    greet(&p, m);
    json_object_put(qm_qmp(m, "chardev-remove", "{\"id\": \"spare\"}"));
    json_object_put(qm_qmp(m, "chardev-add",
                           "{\"id\": \"spare\", \"backend\": {\"type\": \"null\", \"data\": {}}}"));
    json_object_put(qm_qmp(m, "device_add",
                           "{\"driver\": \"virtserialport\", \"bus\": \"vs.0\", \"id\": \"late\","
                           " \"chardev\": \"spare\", \"name\": \"com.example.late\"}"));
    hear(&p, 2, DEVICE_ADD, 1, NULL);
    tell(&p, 2, PORT_READY, 1);
    hear(&p, 2, PORT_NAME, 1, "com.example.late");
    hear(&p, 2, PORT_OPEN, 1, NULL); /* this back end is always there */
    json_object_put(qm_qmp(m, "device_del", "{\"id\": \"late\"}"));
    hear(&p, 2, DEVICE_REMOVE, 1, NULL);
    json_object_put(qm_wait_event(m, "DEVICE_DELETED"));
    json_object_put(qm_qmp(m, "chardev-remove", "{\"id\": \"spare\"}"));
    /* the one in use goes too, with its host connected */
    host = host_connect(agent_path);
    hear(&p, 1, PORT_OPEN, 1, NULL);
    tell(&p, 1, PORT_OPEN, 1);
    json_object_put(qm_qmp(m, "device_del", "{\"id\": \"channel0\"}"));
    hear(&p, 1, DEVICE_REMOVE, 1, NULL);
    vd_desc(&p.out, 0, OUT_BUF, 4, 0, 0);
    vd_offer(&p.out, 0);
    vd_notify(&p.out);
    g_assert_false(vd_broken(&p.d));
    close(host);
}

/* A driver that offers no buffers, then too small ones. */
static void test_hostile(QtestMachine *m)
{
    Ports p;

    start(&p, m);
    for (unsigned i = 0; i < 200; i++) {
        tell(&p, i, i % 9, i);
        tell(&p, 0, DEVICE_READY, 1);
    }
    g_assert_false(vd_broken(&p.d));
    start(&p, m);
    vd_desc(&p.ctrl_out, 0, CTRL_OUT, HEAD - 1, 0, 0);
    vd_offer(&p.ctrl_out, 0);
    vd_notify(&p.ctrl_out);
    g_assert_true(vd_broken(&p.d));
    greet(&p, m);
}

int main(int argc, char **argv)
{
    g_autofree char *ports = NULL;
    static const struct {
        const char *name;
        void (*fn)(QtestMachine *m);
    } tests[] = {
        { "agent", test_agent },       { "console", test_console },
        { "hostile", test_hostile },   { "back-pressure", test_back_pressure },
        { "hot-plug", test_hot_plug },
    };

    g_test_init(&argc, &argv, NULL);
    agent_path = qm_scratch("agent");
    console_path = qm_scratch("console");
    ports = g_strdup_printf(
        "-device virtio-serial-device,id=vs -chardev null,id=spare "
        "-chardev socket,id=agent,path=%s,server=on,wait=off "
        "-chardev socket,id=con,path=%s,server=on,wait=off "
        "-device virtconsole,bus=vs.0,chardev=con,id=console0 "
        "-device virtserialport,bus=vs.0,nr=1,chardev=agent,id=channel0,name=org.example.agent",
        agent_path, console_path);
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        g_autofree char *options = g_strdup_printf(
            "-M virt -global virtio-mmio.force-legacy=%s %s", legacy ? "true" : "false", ports);

        for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
            g_autofree char *name = g_strdup_printf("/qtest/virtio-serial/%s/%s",
                                                    legacy ? "legacy" : "modern",
                                                    tests[i].name);

            qm_add_test(name, options, tests[i].fn);
        }
    }
    return g_test_run();
}
