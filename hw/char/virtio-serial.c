/*
 * The virtio console device: its bus, its control queues (Virtual I/O Device Specification
 * 1.2, 5.3). Ports are devices of their own (virtio-console.c).
 *
 * Modelled: ports that come and go, names, open and close. Not modelled: the console's size,
 * emergency write.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/trace.h"
#include "hw/char/virtio-serial.h"
#include "softmmu/runstate.h"
#include "util/iov.h"

enum { VIRTIO_ID_CONSOLE = 3, QUEUE_SIZE = 128, MAX_NAME = 512 };

/* 5.3.4 */
typedef struct ConsoleConfig {
    uint16_t cols, rows;
    uint32_t max_nr_ports, emerg_wr;
} ConsoleConfig;

/* 5.3.6.2 */
typedef struct Control {
    uint32_t id;
    uint16_t event, value;
} Control;

static const Property virtio_serial_properties[] = {
    PROP_UINT32(VirtIOSerial, max_ports, "max_ports", "ports that there can be", .def = 31,
                .min = 1, .max = VIRTIO_SERIAL_MAX_PORTS),
    PROP_END
};

static const VMStateField virtio_serial_vmstate[] = {
    VMS_BOOL(VirtIOSerial, ready),
    VMS_UINT32(VirtIOSerial, n_pending, .max = VIRTIO_SERIAL_PENDING),
    VMS_UINT_ARRAY(VirtIOSerial, pending),
    VMS_END
};

static bool multiport(const VirtIOSerial *s)
{
    return virtio_has_feature(&s->parent, CONSOLE_F_MULTIPORT);
}

bool virtio_serial_port_ready(const VirtIOSerialPort *port)
{
    const VirtIOSerial *s = port->vser;

    return s && run_state_running() && virtio_is_running(&s->parent) &&
           (port->guest_open || !multiport(s));
}

/* ---- To the driver ---- */

/* The message with what follows it: bytes in @buf. */
static size_t make_message(const VirtIOSerial *s, uint64_t message, uint8_t *buf)
{
    const VirtIOSerialPort *port;
    Control c;
    size_t n;

    memcpy(&c, &message, sizeof(c));
    memcpy(buf, &c, sizeof(c));
    port = c.id < VIRTIO_SERIAL_MAX_PORTS ? s->ports[c.id] : NULL;
    if (c.event != CONSOLE_PORT_NAME || !port || !port->name) {
        return sizeof(c);
    }
    n = strnlen(port->name, MAX_NAME);
    memcpy(buf + sizeof(c), port->name, n);
    return sizeof(c) + n;
}

static void send_pending(VirtIOSerial *s)
{
    VirtQueueElement *e;
    uint32_t done = 0;

    while (done < s->n_pending && (e = virtqueue_pop(s->ctrl_in))) {
        uint8_t buf[sizeof(Control) + MAX_NAME];
        size_t len = make_message(s, s->pending[done], buf);

        if (e->in_bytes < sizeof(Control)) {
            virtqueue_discard(s->ctrl_in, e);
            virtio_error(&s->parent, "a control buffer without room for a message");
            return;
        }
        len = iov_from_buf(e->in, e->n_in, 0, buf, MIN(len, e->in_bytes));
        virtqueue_push(s->ctrl_in, e, len);
        done++;
    }
    if (done) {
        s->n_pending -= done;
        memmove(s->pending, s->pending + done, s->n_pending * sizeof(s->pending[0]));
        virtqueue_notify(s->ctrl_in);
    }
}

void virtio_serial_tell(VirtIOSerial *s, uint32_t port, uint16_t event, uint16_t value)
{
    Control c = { port, event, value };

    if (!s->ready || !multiport(s)) {
        return;
    }
    if (s->n_pending == VIRTIO_SERIAL_PENDING) {
        guest_error(s, "no buffers for control messages: one is dropped");
        return;
    }
    trace_virtio_serial_control_send(s, port, event, value);
    memcpy(&s->pending[s->n_pending++], &c, sizeof(c));
    if (run_state_running()) {
        send_pending(s);
    }
}

/* ---- From the driver ---- */

static void tell_of_ports(VirtIOSerial *s)
{
    for (uint32_t i = 0; i < s->max_ports; i++) {
        if (s->ports[i]) {
            virtio_serial_tell(s, i, CONSOLE_DEVICE_ADD, 1);
        }
    }
}

static void port_ready(VirtIOSerial *s, VirtIOSerialPort *port)
{
    if (virtio_serial_port_is_console(port)) {
        virtio_serial_tell(s, port->nr, CONSOLE_CONSOLE_PORT, 1);
    }
    if (port->name) {
        virtio_serial_tell(s, port->nr, CONSOLE_PORT_NAME, 1);
    }
    if (port->host_open) {
        virtio_serial_tell(s, port->nr, CONSOLE_PORT_OPEN, 1);
    }
}

static void obey(VirtIOSerial *s, const Control *c)
{
    VirtIOSerialPort *port = c->id < s->max_ports ? s->ports[c->id] : NULL;

    trace_virtio_serial_control_receive(s, c->id, c->event, c->value);
    switch (c->event) {
    case CONSOLE_DEVICE_READY:
        s->ready = c->value;
        if (s->ready) {
            tell_of_ports(s);
        }
        break;
    case CONSOLE_PORT_READY:
        if (port && c->value) {
            port_ready(s, port);
        }
        break;
    case CONSOLE_PORT_OPEN:
        if (port) {
            virtio_serial_port_set_guest_open(port, c->value);
        }
        break;
    default:
        guest_error(s, "control message %u, which drivers do not send", c->event);
    }
}

static void handle_ctrl_out(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtQueueElement *e;
    unsigned served = 0;

    for (; !virtqueue_round_done(vq, served) && (e = virtqueue_pop(vq)); served++) {
        Control c;

        if (iov_to_buf(e->out, e->n_out, 0, &c, sizeof(c)) < sizeof(c)) {
            virtqueue_discard(vq, e);
            virtio_error(vdev, "a control message of less than 8 bytes");
            return;
        }
        obey((VirtIOSerial *)vdev, &c);
        virtqueue_push(vq, e, 0);
    }
    if (served) {
        virtqueue_notify(vq);
    }
}

static void handle_ctrl_in(VirtIODevice *vdev, VirtQueue *vq)
{
    send_pending((VirtIOSerial *)vdev);
}

/* A queue's port, or NULL: the pairs are port 0, control, port 1, ... (5.3.2). */
static VirtIOSerialPort *port_of(VirtIODevice *vdev, VirtQueue *vq)
{
    unsigned pair = (vq - vdev->vq) / 2;

    return ((VirtIOSerial *)vdev)->ports[pair ? pair - 1 : 0];
}

static void handle_out(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerialPort *port = port_of(vdev, vq);

    if (port) {
        virtio_serial_port_serve_out(port);
    }
}

static void handle_in(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerialPort *port = port_of(vdev, vq);

    if (port) {
        virtio_serial_port_serve_in(port);
    }
}

/* ---- Ports ---- */

static bool choose_number(VirtIOSerial *s, VirtIOSerialPort *port, GError **err)
{
    bool console = virtio_serial_port_is_console(port);

    /* Port 0 is what drivers of one port know: a console. */
    for (uint32_t i = !console; port->nr == UINT32_MAX && i < s->max_ports; i++) {
        if (!s->ports[i]) {
            port->nr = i;
        }
    }
    if (port->nr == UINT32_MAX) {
        return error_set(err, "bus '%s' has no free port (max_ports=%u)", s->bus->parent.name,
                         s->max_ports);
    }
    if (port->nr >= s->max_ports) {
        error_set(err, "property 'nr' is %u", port->nr);
        error_set_expected(err, "a number below max_ports, which is %u", s->max_ports);
        return false;
    }
    if (port->nr == 0 && !console) {
        return error_set(err, "property 'nr' is 0: that port can only be a virtconsole");
    }
    if (s->ports[port->nr]) {
        return error_set(err, "property 'nr' is %u: there is a port of that number on bus '%s'",
                         port->nr, s->bus->parent.name);
    }
    return true;
}

bool virtio_serial_add_port(VirtIOSerial *s, VirtIOSerialPort *port, GError **err)
{
    for (uint32_t i = 0; port->name && i < s->max_ports; i++) {
        if (s->ports[i] && !g_strcmp0(s->ports[i]->name, port->name)) {
            return error_set(err, "property 'name': there is a port '%s' on bus '%s'",
                             port->name, s->bus->parent.name);
        }
    }
    if (!choose_number(s, port, err)) {
        return false;
    }
    s->ports[port->nr] = port;
    port->vser = s;
    virtio_serial_tell(s, port->nr, CONSOLE_DEVICE_ADD, 1);
    return true;
}

void virtio_serial_remove_port(VirtIOSerial *s, VirtIOSerialPort *port)
{
    virtio_serial_tell(s, port->nr, CONSOLE_DEVICE_REMOVE, 1);
    s->ports[port->nr] = NULL;
    port->vser = NULL;
}

static void foreach_port(VirtIOSerial *s, void (*fn)(VirtIOSerialPort *port))
{
    for (uint32_t i = 0; i < s->max_ports; i++) {
        if (s->ports[i]) {
            fn(s->ports[i]);
        }
    }
}

/* ---- State ---- */

static void virtio_serial_stop(VirtIODevice *vdev)
{
    VirtIOSerial *s = (VirtIOSerial *)vdev;

    s->ready = false;
    s->n_pending = 0;
    memset(s->pending, 0, sizeof(s->pending));
    foreach_port(s, virtio_serial_port_stop);
}

static void serve_all(VirtIOSerial *s)
{
    if (virtio_is_running(&s->parent)) {
        foreach_port(s, virtio_serial_port_serve_out);
        foreach_port(s, virtio_serial_port_serve_in);
        if (s->ctrl_in) {
            send_pending(s);
        }
    }
}

static void run_state_changed(void *opaque, bool running)
{
    if (running) {
        serve_all(opaque);
    }
}

static void virtio_serial_set_status(VirtIODevice *vdev, uint8_t status)
{
    if ((status & VIRTIO_STATUS_DRIVER_OK) && run_state_running()) {
        serve_all((VirtIOSerial *)vdev);
    }
}

static void virtio_serial_get_config(VirtIODevice *vdev, uint8_t *config)
{
    ConsoleConfig c = { .max_nr_ports = ((VirtIOSerial *)vdev)->max_ports };

    memcpy(config, &c, sizeof(c));
}

/* ---- Life ---- */

static void add_pair(VirtIOSerial *s, unsigned port)
{
    s->in[port] = virtio_add_queue(&s->parent, QUEUE_SIZE, handle_in);
    s->out[port] = virtio_add_queue(&s->parent, QUEUE_SIZE, handle_out);
}

static bool virtio_serial_realize(VirtIOSerial *s, GError **err)
{
    DeviceState *dev = &s->parent.parent;
    uint64_t features = s->max_ports > 1 ? UINT64_C(1) << CONSOLE_F_MULTIPORT : 0;
    g_autofree char *name = dev->id ? g_strdup_printf("%s.0", dev->id) : NULL;

    if (!virtio_init(&s->parent, VIRTIO_ID_CONSOLE, features, sizeof(ConsoleConfig), err)) {
        return false;
    }
    add_pair(s, 0);
    if (s->max_ports > 1) {
        s->ctrl_in = virtio_add_queue(&s->parent, QUEUE_SIZE, handle_ctrl_in);
        s->ctrl_out = virtio_add_queue(&s->parent, QUEUE_SIZE, handle_ctrl_out);
    }
    for (uint32_t i = 1; i < s->max_ports; i++) {
        add_pair(s, i);
    }
    s->bus = bus_new(TYPE_VIRTIO_SERIAL_BUS, dev, name);
    run_state_add_notifier(run_state_changed, s);
    return true;
}

static void virtio_serial_unrealize(VirtIOSerial *s)
{
    virtio_serial_stop(&s->parent);
    run_state_remove_notifier(run_state_changed, s);
    s->ctrl_in = s->ctrl_out = NULL;
    virtio_cleanup(&s->parent);
}

static void virtio_serial_class_init(ObjectClass *klass)
{
    VirtIODeviceClass *vc = (VirtIODeviceClass *)klass;

    vc->get_config = virtio_serial_get_config;
    vc->set_status = virtio_serial_set_status;
    vc->stop = virtio_serial_stop;
}

DEVICE(VirtIOSerial, "virtio-serial-device", TYPE_VIRTIO_DEVICE, "virtio serial ports",
       .properties = virtio_serial_properties, .vmstate = virtio_serial_vmstate,
       .realize = virtio_serial_realize, .unrealize = virtio_serial_unrealize,
       .class_init = virtio_serial_class_init, .category = DEVICE_INPUT,
       .user_creatable = true, .security_boundary = true);

static const TypeInfo virtio_serial_bus_type = {
    .name = TYPE_VIRTIO_SERIAL_BUS,
    .parent = TYPE_BUS,
    .instance_size = sizeof(BusState),
};
TYPE_REGISTER(virtio_serial_bus_type);
