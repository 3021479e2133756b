/*
 * Berkeley Host-Target Interface: a register to the host and one from it, as proxy kernels
 * and public test suites use them.
 *
 * A 64-bit command: device in bits 63:56, command in 55:48, payload below. Device 0 command
 * 0 with bit 0 set ends the process with status payload >> 1; device 1 is a console
 * (command 0 reads a character, 1 writes one). System calls by a packet in memory are not
 * served.
 *
 * Guests without 64-bit stores write the low word first; the command runs when the high
 * word is written, or when the low word is written a second time (old test environments
 * never write the high one).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "chardev/char.h"
#include "hw/char/riscv-htif.h"
#include "hw/char/trace.h"
#include "hw/core/sysbus.h"
#include "softmmu/runstate.h"

enum { DEV_SYSTEM = 0, DEV_CONSOLE = 1, CMD_SYSCALL = 0, CMD_GETC = 0, CMD_PUTC = 1,
       REG_SIZE = 8, MAX_GAP = 4096 };
#define PAYLOAD_MASK ((UINT64_C(1) << 48) - 1)

typedef struct Htif {
    SysBusDevice parent;
    MemoryRegion mmio;
    CharFrontend chr;                        /* property */
    uint64_t tohost_at, fromhost_at, size;   /* properties */
    /* guest state */
    uint64_t tohost, fromhost;
    bool low_written;      /* the low word waits for the high one */
    bool wants_char;       /* a console read waits for input */
} Htif;

static const Property htif_properties[] = {
    PROP_CHARDEV(Htif, chr, "chardev", "host end of the console"),
    PROP_UINT64(Htif, tohost_at, "tohost-offset", "place of tohost", .flags = PROP_INTERNAL),
    PROP_UINT64(Htif, fromhost_at, "fromhost-offset", "place of fromhost", .def = REG_SIZE,
                .flags = PROP_INTERNAL),
    PROP_UINT64(Htif, size, "size", "bytes from the first register to the end of the last",
                .def = 2 * REG_SIZE, .min = 2 * REG_SIZE, .max = MAX_GAP,
                .flags = PROP_INTERNAL),
    PROP_END
};

static const VMStateField htif_vmstate[] = {
    VMS_UINT64(Htif, tohost),
    VMS_UINT64(Htif, fromhost),
    VMS_BOOL(Htif, low_written),
    VMS_BOOL(Htif, wants_char),
    VMS_END
};

static void respond(Htif *s, unsigned device, unsigned command, uint64_t payload)
{
    s->fromhost = (uint64_t)device << 56 | (uint64_t)command << 48 | payload;
    trace_htif_response_set(s->fromhost);
}

static int htif_can_receive(void *opaque)
{
    Htif *s = opaque;

    return s->wants_char;
}

static void htif_receive(void *opaque, const uint8_t *buf, int size)
{
    Htif *s = opaque;

    s->wants_char = false;
    respond(s, DEV_CONSOLE, CMD_GETC, 0x100 | buf[0]);
}

static void console_command(Htif *s, unsigned command, uint64_t payload)
{
    uint8_t c = payload & 0xff;

    if (command == CMD_GETC) {
        s->wants_char = true;
        chr_fe_accept_input(&s->chr);
    } else if (command == CMD_PUTC) {
        chr_fe_write_all(&s->chr, &c, 1);
        respond(s, DEV_CONSOLE, CMD_PUTC, 0x100 | c);
    } else {
        guest_error(s, "console command %u does not exist", command);
    }
}

static void run_command(Htif *s)
{
    unsigned device = s->tohost >> 56, command = s->tohost >> 48 & 0xff;
    uint64_t payload = s->tohost & PAYLOAD_MASK;

    trace_htif_command_run(device, command, payload);
    s->tohost = 0;
    s->low_written = false;
    if (device == DEV_SYSTEM && command == CMD_SYSCALL && (payload & 1)) {
        int code = payload >> 1 & 0xff;

        shutdown_request_with_code(SHUTDOWN_GUEST_SHUTDOWN, code);
    } else if (device == DEV_CONSOLE) {
        console_command(s, command, payload);
    } else if (payload || device || command) {
        guest_error(s, "device %u command %u is not served", device, command);
        respond(s, device, 0, 0);
    }
}

static void write_tohost(Htif *s, uint64_t offset, uint64_t value, unsigned size)
{
    bool again = s->low_written;

    if (size == 8) {
        s->tohost = value;
        run_command(s);
    } else if (offset == 0) {
        s->tohost = value;
        s->low_written = true;
        if (again && value) {
            run_command(s);
        }
    } else {
        s->tohost = (s->tohost & UINT32_MAX) | value << 32;
        run_command(s);
    }
}

static uint64_t htif_read(void *opaque, uint64_t addr, unsigned size)
{
    Htif *s = opaque;
    uint64_t reg = 0;

    if (addr - s->tohost_at < REG_SIZE) {
        reg = s->tohost;
    } else if (addr - s->fromhost_at < REG_SIZE) {
        reg = s->fromhost;
    }
    return size == 4 && (addr & 4) ? reg >> 32 : reg;
}

static void htif_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    Htif *s = opaque;

    if (addr - s->tohost_at < REG_SIZE) {
        write_tohost(s, addr - s->tohost_at, value, size);
    } else if (addr - s->fromhost_at < REG_SIZE) {
        uint64_t high = addr & 4 ? value << 32 : s->fromhost & ~(uint64_t)UINT32_MAX;

        s->fromhost = size == 8 ? value
                      : addr & 4 ? high | (s->fromhost & UINT32_MAX) : high | value;
    }
}

static const MemoryRegionOps htif_ops = {
    .read = htif_read,
    .write = htif_write,
    .access = { .min = 1, .max = 8 },
    .impl = { .min = 4, .max = 8 },
};

static bool htif_realize(Htif *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &htif_ops, s, TYPE_RISCV_HTIF, s->size);
    sysbus_init_mmio(s, &s->mmio);
    chr_fe_set_handlers(&s->chr, htif_can_receive, htif_receive, NULL, s);
    return true;
}

static void htif_unrealize(Htif *s)
{
    chr_fe_set_handlers(&s->chr, NULL, NULL, NULL, NULL);
    memory_region_destroy(&s->mmio);
}

static void htif_reset(Htif *s)
{
    s->tohost = s->fromhost = 0;
    s->low_written = s->wants_char = false;
}

DEVICE(Htif, TYPE_RISCV_HTIF, TYPE_SYS_BUS_DEVICE, "Berkeley host-target interface",
       .properties = htif_properties, .vmstate = htif_vmstate, .realize = htif_realize,
       .unrealize = htif_unrealize, .reset = htif_reset, .category = DEVICE_INPUT);
