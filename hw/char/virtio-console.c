/*
 * Ports of the virtio console device on character devices: virtconsole, and virtserialport
 * for guest agents and the like (Virtual I/O Device Specification 1.2, 5.3.6).
 *
 * Nothing is lost on the way: while the host takes no more, the guest's chain waits in its
 * queue; while the guest offers no buffer, the host is not read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/char/trace.h"
#include "hw/char/virtio-serial.h"
#include "qapi/qapi-events-char.h"
#include "softmmu/runstate.h"
#include "util/iov.h"

enum { IN_BYTES = 4096 };

static const Property port_properties[] = {
    PROP_UINT32(VirtIOSerialPort, nr, "nr", "the port's number (default: the next free one)",
                .def = UINT32_MAX),
    PROP_STR(VirtIOSerialPort, name, "name", "name by which programs in the guest find it"),
    PROP_CHARDEV(VirtIOSerialPort, chr, "chardev", "host end of the port"),
    PROP_END
};

static const VMStateField port_vmstate[] = {
    VMS_BOOL(VirtIOSerialPort, guest_open),
    VMS_UINT32(VirtIOSerialPort, out_done),
    VMS_FIFO8(VirtIOSerialPort, in),
    VMS_END
};

bool virtio_serial_port_is_console(const VirtIOSerialPort *port)
{
    return ((VirtIOSerialPortClass *)port->parent.parent.klass)->is_console;
}

/* ---- From the guest ---- */

static void host_writable(void *opaque)
{
    VirtIOSerialPort *port = opaque;

    port->blocked = false;
    virtio_serial_port_serve_out(port);
}

/* Pass on a chain from byte out_done on; false if the host takes no more for now. */
static bool pass_on(VirtIOSerialPort *port, const VirtQueueElement *e)
{
    uint64_t skip = port->out_done;

    for (unsigned i = 0; i < e->n_out; i++) {
        const uint8_t *buf = e->out[i].iov_base;
        size_t len = e->out[i].iov_len, at = MIN(skip, len);

        skip -= at;
        while (at < len) {
            int n = chr_fe_write(&port->chr, buf + at, MIN(len - at, INT_MAX));

            if (n <= 0) {
                return false;
            }
            port->out_done += n;
            at += n;
        }
    }
    return true;
}

void virtio_serial_port_serve_out(VirtIOSerialPort *port)
{
    VirtQueue *vq = port->vser->out[port->nr];
    VirtQueueElement *e;
    unsigned served = 0;

    while (!port->blocked && run_state_running() && !virtqueue_round_done(vq, served) &&
           (e = virtqueue_pop(vq))) {
        if (!pass_on(port, e)) {
            virtqueue_discard(vq, e);
            virtqueue_rewind(vq, 1);
            port->blocked = true;
            chr_fe_watch_write(&port->chr, host_writable);
            break;
        }
        trace_virtio_serial_data_send(port, port->nr, e->out_bytes);
        port->out_done = 0;
        virtqueue_push(vq, e, 0);
        served++;
    }
    if (served) {
        virtqueue_notify(vq);
    }
}

/* ---- To the guest ---- */

void virtio_serial_port_serve_in(VirtIOSerialPort *port)
{
    VirtQueue *vq = port->vser->in[port->nr];
    VirtQueueElement *e;
    unsigned served = 0;

    while (virtio_serial_port_ready(port) && !fifo8_is_empty(&port->in) &&
           !virtqueue_round_done(vq, served) && (e = virtqueue_pop(vq))) {
        uint8_t buf[IN_BYTES];
        size_t n = 0;

        while (n < e->in_bytes && !fifo8_is_empty(&port->in)) {
            buf[n++] = fifo8_pop(&port->in);
        }
        trace_virtio_serial_data_receive(port, port->nr, n);
        iov_from_buf(e->in, e->n_in, 0, buf, n);
        virtqueue_push(vq, e, n);
        served++;
    }
    if (served) {
        virtqueue_notify(vq);
    }
    chr_fe_accept_input(&port->chr);
}

static int can_receive(void *opaque)
{
    VirtIOSerialPort *port = opaque;

    return virtio_serial_port_ready(port) ? fifo8_num_free(&port->in) : 0;
}

static void receive(void *opaque, const uint8_t *buf, int size)
{
    VirtIOSerialPort *port = opaque;

    for (int i = 0; i < size; i++) {
        fifo8_push(&port->in, buf[i]);
    }
    virtio_serial_port_serve_in(port);
}

/* ---- Open and close ---- */

static void host_event(void *opaque, CharEvent event)
{
    VirtIOSerialPort *port = opaque;

    if (virtio_serial_port_is_console(port) ||
        (event != CHAR_EVENT_OPENED && event != CHAR_EVENT_CLOSED) ||
        port->host_open == (event == CHAR_EVENT_OPENED)) {
        return;
    }
    port->host_open = event == CHAR_EVENT_OPENED;
    virtio_serial_tell(port->vser, port->nr, CONSOLE_PORT_OPEN, port->host_open);
}

/* The host's side follows what the guest's is. */
static void tell_host(VirtIOSerialPort *port)
{
    if (virtio_serial_port_is_console(port)) {
        return;
    }
    chr_fe_set_open(&port->chr, port->guest_open);
    if (port->parent.id) {
        qapi_event_send_vserport_change(port->parent.id, port->guest_open);
    }
}

void virtio_serial_port_set_guest_open(VirtIOSerialPort *port, bool open)
{
    if (port->guest_open == open) {
        return;
    }
    trace_virtio_serial_guest_open(port, port->nr, open);
    port->guest_open = open;
    if (!open) {
        fifo8_reset(&port->in);
    }
    tell_host(port);
    chr_fe_accept_input(&port->chr);
}

void virtio_serial_port_stop(VirtIOSerialPort *port)
{
    port->out_done = 0;
    fifo8_reset(&port->in);
    virtio_serial_port_set_guest_open(port, false);
}

static void port_loaded(VirtIOSerialPort *port)
{
    if (port->guest_open) {
        tell_host(port);
    }
    chr_fe_accept_input(&port->chr);
}

/* ---- Life ---- */

static bool port_realize(VirtIOSerialPort *port, GError **err)
{
    VirtIOSerial *s = (VirtIOSerial *)port->parent.bus->owner;
    bool console = virtio_serial_port_is_console(port);

    fifo8_create(&port->in, IN_BYTES);
    port->host_open = console || (port->chr.chr && port->chr.chr->open);
    if (!virtio_serial_add_port(s, port, err)) {
        fifo8_destroy(&port->in);
        return false;
    }
    chr_fe_set_handlers(&port->chr, can_receive, receive, host_event, port);
    if (!console) {
        chr_fe_set_open(&port->chr, false);
    }
    return true;
}

static void port_unrealize(VirtIOSerialPort *port)
{
    virtio_serial_port_set_guest_open(port, false);
    chr_fe_set_handlers(&port->chr, NULL, NULL, NULL, NULL);
    virtio_serial_remove_port(port->vser, port);
    port->out_done = 0;
    port->blocked = false;
    fifo8_destroy(&port->in);
}

DEVICE(VirtIOSerialPort, TYPE_VIRTIO_SERIAL_PORT, TYPE_DEVICE, NULL, .abstract = true,
       .properties = port_properties, .vmstate = port_vmstate, .realize = port_realize,
       .unrealize = port_unrealize, .loaded = port_loaded,
       .class_size = sizeof(VirtIOSerialPortClass), .bus_type = TYPE_VIRTIO_SERIAL_BUS);

typedef VirtIOSerialPort VirtConsole;
typedef VirtIOSerialPort VirtSerialPort;

static void virtconsole_class_init(ObjectClass *klass)
{
    ((VirtIOSerialPortClass *)klass)->is_console = true;
}

DEVICE(VirtConsole, "virtconsole", TYPE_VIRTIO_SERIAL_PORT, "virtio console",
       .class_init = virtconsole_class_init, .category = DEVICE_INPUT, .user_creatable = true,
       .hotpluggable = true, .security_boundary = true);
DEVICE(VirtSerialPort, "virtserialport", TYPE_VIRTIO_SERIAL_PORT, "virtio serial port",
       .category = DEVICE_INPUT, .user_creatable = true, .hotpluggable = true,
       .security_boundary = true);
