/*
 * The virtio console device and the ports on its bus (Virtual I/O Device Specification 1.2,
 * 5.3). Machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CHAR_VIRTIO_SERIAL_H
#define HW_CHAR_VIRTIO_SERIAL_H

#include "chardev/char.h"
#include "hw/virtio/virtio.h"
#include "util/fifo8.h"

#define TYPE_VIRTIO_SERIAL_BUS  "virtio-serial-bus"
#define TYPE_VIRTIO_SERIAL_PORT "virtio-serial-port"

/* Two queues for each port and two of control; see VIRTIO_MAX_QUEUES. */
enum { VIRTIO_SERIAL_MAX_PORTS = 31, VIRTIO_SERIAL_PENDING = 128 };

/* 5.3.3: feature bits */
enum { CONSOLE_F_SIZE = 0, CONSOLE_F_MULTIPORT = 1 };
/* 5.3.6.2: events of the control queues */
enum {
    CONSOLE_DEVICE_READY = 0, CONSOLE_DEVICE_ADD = 1, CONSOLE_DEVICE_REMOVE = 2,
    CONSOLE_PORT_READY = 3, CONSOLE_CONSOLE_PORT = 4, CONSOLE_RESIZE = 5,
    CONSOLE_PORT_OPEN = 6, CONSOLE_PORT_NAME = 7,
};

typedef struct VirtIOSerial VirtIOSerial;
typedef struct VirtIOSerialPort VirtIOSerialPort;

struct VirtIOSerial {
    VirtIODevice parent;
    uint32_t max_ports;     /* property */
    BusState *bus;
    VirtIOSerialPort *ports[VIRTIO_SERIAL_MAX_PORTS];
    VirtQueue *in[VIRTIO_SERIAL_MAX_PORTS], *out[VIRTIO_SERIAL_MAX_PORTS];
    VirtQueue *ctrl_in, *ctrl_out; /* NULL with one port */
    /* guest state */
    bool ready;             /* the driver wants to be told of ports */
    uint32_t n_pending;     /* messages that found no buffer yet */
    uint64_t pending[VIRTIO_SERIAL_PENDING]; /* port, event and value as they are sent */
};

struct VirtIOSerialPort {
    DeviceState parent;
    uint32_t nr;            /* property; UINT32_MAX: the next free one */
    char *name;             /* property */
    CharFrontend chr;       /* property */
    VirtIOSerial *vser;     /* NULL before it is plugged */
    bool host_open;
    bool blocked;           /* the host takes no more for now */
    /* guest state */
    bool guest_open;
    uint32_t out_done;      /* bytes of the next chain that went to the host already */
    Fifo8 in;               /* from the host, before there is a buffer */
};

typedef struct VirtIOSerialPortClass {
    DeviceClass parent;
    bool is_console;
} VirtIOSerialPortClass;

bool virtio_serial_port_is_console(const VirtIOSerialPort *port);

/* ---- The device's, for ports ---- */
/* Give the port its number and queues; the driver is told of it. */
bool virtio_serial_add_port(VirtIOSerial *s, VirtIOSerialPort *port, GError **err);
void virtio_serial_remove_port(VirtIOSerial *s, VirtIOSerialPort *port);
/* Tell the driver of something at a port. */
void virtio_serial_tell(VirtIOSerial *s, uint32_t port, uint16_t event, uint16_t value);
/* Whether the guest's side takes data. */
bool virtio_serial_port_ready(const VirtIOSerialPort *port);

/* ---- The port's, for the device ---- */
/* The guest has data, or buffers, for the port. */
void virtio_serial_port_serve_out(VirtIOSerialPort *port);
void virtio_serial_port_serve_in(VirtIOSerialPort *port);
/* A program in the guest has opened or closed the port. */
void virtio_serial_port_set_guest_open(VirtIOSerialPort *port, bool open);
/* The device is reset, or was loaded. */
void virtio_serial_port_stop(VirtIOSerialPort *port);

#endif
