/*
 * Parallel NOR flash: a bank of equal chips side by side with Intel's basic command set
 * (Intel StrataFlash memory datasheets; JEDEC JEP137, command set 0001) that describe
 * themselves by the Common Flash Interface (JEDEC JESD68.01).
 *
 * In read mode the bank is memory and code runs from it; every command makes it registers
 * until the next "read array". The chips of a bank do the same at the same time: a command
 * is taken from the lowest lane, and each lane answers alike. Programming and erasing take
 * no time. Not modelled: suspended operations (there is never one), protection registers.
 *
 * With a drive, what was programmed or erased is in the image before the status says so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "hw/block/pflash-cfi01.h"
#include "hw/block/trace.h"
#include "hw/core/sysbus.h"

/* Commands (datasheet, "Command definitions"). */
enum {
    CMD_LOCK = 0x01, CMD_PROGRAM_ALT = 0x10, CMD_ERASE = 0x20, CMD_LOCK_DOWN = 0x2f,
    CMD_PROGRAM = 0x40, CMD_CLEAR_STATUS = 0x50, CMD_LOCK_SETUP = 0x60,
    CMD_READ_STATUS = 0x70, CMD_READ_ID = 0x90, CMD_QUERY = 0x98, CMD_SUSPEND = 0xb0,
    CMD_CONFIRM = 0xd0, CMD_BUFFER = 0xe8, CMD_READ_ARRAY = 0xff,
};
/* Status register. */
enum { SR_LOCKED = 1 << 1, SR_PROGRAM = 1 << 4, SR_ERASE = 1 << 5, SR_READY = 1 << 7 };
/* What a sequence of commands that is none leaves. */
enum { SR_SEQUENCE = SR_PROGRAM | SR_ERASE };

typedef enum Mode { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_QUERY, MODE_COUNT } Mode;
/* What the next write means. */
typedef enum Phase {
    PHASE_COMMAND, PHASE_PROGRAM, PHASE_ERASE, PHASE_LOCK, PHASE_BUFFER_COUNT,
    PHASE_BUFFER_DATA, PHASE_BUFFER_CONFIRM, PHASE_COUNT,
} Phase;

enum {
    MAX_WIDTH = 4, BUFFER_LOG2 = 11, BUFFER_MAX = (1 << BUFFER_LOG2) * MAX_WIDTH,
    MAX_BLOCKS = 1 << 16, IMAGE_UNIT = 512, QUERY_SIZE = 0x40, QUERY_PRIMARY = 0x31,
};
#define MAX_SIZE (256 * MiB)

typedef struct PFlash {
    SysBusDevice parent;
    MemoryRegion mem;
    /* properties */
    BlockBackend *blk;
    char *name;
    uint64_t sector_length;   /* bytes of a block of the bank */
    uint32_t num_blocks;
    uint16_t id[2];
    uint8_t width, device_width; /* bytes */
    uint8_t query[QUERY_SIZE];
    uint64_t size;
    /* guest state */
    uint64_t buffer_start;    /* offset in the bank */
    uint32_t buffer_size;     /* bytes that the guest announced */
    uint32_t buffer_left;     /* and that it has not written yet */
    uint8_t mode, phase, status;
    uint8_t buffer[BUFFER_MAX];
    uint32_t n_locks;         /* bytes of the next */
    uint8_t *locks;           /* a bit a block */
} PFlash;

static const Property pflash_properties[] = {
    PROP_DRIVE(PFlash, blk, "drive", "image with the contents"),
    PROP_UINT32(PFlash, num_blocks, "num-blocks", "how many erase blocks the bank has",
                .max = MAX_BLOCKS),
    PROP_UINT64(PFlash, sector_length, "sector-length",
                "bytes of an erase block of the bank"),
    PROP_UINT8(PFlash, width, "width", "bytes of the bank's data bus"),
    PROP_UINT8(PFlash, device_width, "device-width",
               "bytes of one chip's data bus (0: as width)"),
    PROP_UINT16(PFlash, id[0], "id0", "manufacturer's identifier code"),
    PROP_UINT16(PFlash, id[1], "id1", "device's identifier code"),
    PROP_STR(PFlash, name, "name", "name of the memory region"),
    PROP_END
};

static const VMStateField pflash_vmstate[] = {
    VMS_UINT64(PFlash, buffer_start),
    VMS_UINT32(PFlash, buffer_size, .max = BUFFER_MAX),
    VMS_UINT32(PFlash, buffer_left, .max = BUFFER_MAX),
    VMS_UINT8(PFlash, mode, .max = MODE_COUNT - 1),
    VMS_UINT8(PFlash, phase, .max = PHASE_COUNT - 1),
    VMS_UINT8(PFlash, status),
    VMS_BUFFER(PFlash, buffer),
    VMS_UINT_VARRAY(PFlash, locks, n_locks),
    VMS_END
};

/* ---- Contents ---- */

static uint8_t *contents(PFlash *s)
{
    return memory_region_ram_ptr(&s->mem);
}

static void request_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

/* One request, waited for; 0 or -errno. */
static int image_io(PFlash *s, uint64_t offset, uint8_t *data, uint64_t len, bool is_write)
{
    int ret = 0;

    while (len && ret == 0) {
        struct iovec iov = { data, MIN(len, blk_max_transfer(s->blk)) };

        if (is_write) {
            blk_aio_writev(s->blk, offset, &iov, 1, false, request_done, &ret);
        } else {
            blk_aio_readv(s->blk, offset, &iov, 1, request_done, &ret);
        }
        blk_drain(s->blk);
        offset += iov.iov_len;
        data += iov.iov_len;
        len -= iov.iov_len;
    }
    return ret;
}

/* The image first, in whole units: what the guest reads is never newer than the image. */
static bool save(PFlash *s, uint64_t offset, const uint8_t *data, uint64_t len)
{
    uint64_t start = ROUND_DOWN(offset, IMAGE_UNIT);
    uint64_t end = MIN(ROUND_UP(offset + len, IMAGE_UNIT), s->size);
    g_autofree uint8_t *copy = NULL;
    int ret;

    if (!s->blk) {
        return true;
    }
    copy = g_memdup2(contents(s) + start, end - start);
    memcpy(copy + (offset - start), data, len);
    ret = image_io(s, start, copy, end - start, true);
    return ret == 0 || blk_error_action(s->blk, true, -ret) == BLOCK_ERROR_IGNORE;
}

static bool is_locked(const PFlash *s, uint64_t offset)
{
    uint64_t block = offset / s->sector_length;

    return s->locks[block / 8] & 1 << block % 8;
}

/* Replace bytes within one block; @fault is the status bit of a failure. */
static void store(PFlash *s, uint64_t offset, const uint8_t *data, uint64_t len,
                  unsigned fault)
{
    if (is_locked(s, offset) || (s->blk && blk_is_read_only(s->blk))) {
        s->status |= fault | SR_LOCKED;
    } else if (!save(s, offset, data, len)) {
        s->status |= fault;
    } else {
        memcpy(contents(s) + offset, data, len);
        ram_written(s->mem.ram, offset, len);
    }
    trace_pflash_store_finish(s, offset, len, s->status);
}

/* Programming can only clear bits. */
static void program(PFlash *s, uint64_t offset, uint8_t *data, uint64_t len)
{
    const uint8_t *old = contents(s) + offset;

    for (uint64_t i = 0; i < len; i++) {
        data[i] &= old[i];
    }
    store(s, offset, data, len, SR_PROGRAM);
}

static void erase(PFlash *s, uint64_t offset)
{
    g_autofree uint8_t *ones = g_malloc(s->sector_length);

    memset(ones, 0xff, s->sector_length);
    store(s, ROUND_DOWN(offset, s->sector_length), ones, s->sector_length, SR_ERASE);
}

/* ---- Commands ---- */

static void set_mode(PFlash *s, Mode mode)
{
    trace_pflash_mode_set(s, mode);
    s->mode = mode;
    memory_region_rom_device_set_romd(&s->mem, mode == MODE_ARRAY);
}

static void bad_sequence(PFlash *s, unsigned value)
{
    guest_error(s, "0x%02x does not continue the command", value);
    s->status |= SR_SEQUENCE;
}

static void command(PFlash *s, uint64_t offset, unsigned cmd)
{
    static const struct { uint8_t cmd, mode, phase; } table[] = {
        { CMD_READ_ARRAY, MODE_ARRAY, PHASE_COMMAND },
        { CMD_READ_ID, MODE_ID, PHASE_COMMAND },
        { CMD_QUERY, MODE_QUERY, PHASE_COMMAND },
        { CMD_READ_STATUS, MODE_STATUS, PHASE_COMMAND },
        { CMD_SUSPEND, MODE_STATUS, PHASE_COMMAND },
        { CMD_CONFIRM, MODE_STATUS, PHASE_COMMAND }, /* resume */
        { CMD_PROGRAM, MODE_STATUS, PHASE_PROGRAM },
        { CMD_PROGRAM_ALT, MODE_STATUS, PHASE_PROGRAM },
        { CMD_ERASE, MODE_STATUS, PHASE_ERASE },
        { CMD_LOCK_SETUP, MODE_STATUS, PHASE_LOCK },
        { CMD_BUFFER, MODE_STATUS, PHASE_BUFFER_COUNT },
    };

    trace_pflash_command_start(s, offset, cmd);
    if (cmd == CMD_CLEAR_STATUS) {
        s->status = SR_READY;
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (table[i].cmd == cmd) {
            s->phase = table[i].phase;
            set_mode(s, table[i].mode);
            return;
        }
    }
    guest_error(s, "unknown command 0x%02x", cmd);
    set_mode(s, MODE_ARRAY);
}

static void set_lock(PFlash *s, uint64_t offset, unsigned value)
{
    uint64_t block = offset / s->sector_length;
    uint8_t bit = 1 << block % 8;

    if (value == CMD_LOCK || value == CMD_LOCK_DOWN) {
        s->locks[block / 8] |= bit;
    } else if (value == CMD_CONFIRM) {
        s->locks[block / 8] &= ~bit;
    } else {
        bad_sequence(s, value);
    }
}

/* The number of words less one, in every lane. */
static void start_buffer(PFlash *s, uint64_t value)
{
    uint64_t mask = s->device_width == 1 ? 0xff : 0xffff;
    uint64_t bytes = ((value & mask) + 1) * s->width;

    if (bytes > (uint64_t)s->width / s->device_width << BUFFER_LOG2) {
        s->phase = PHASE_COMMAND;
        bad_sequence(s, value & 0xff);
        return;
    }
    s->buffer_size = s->buffer_left = bytes;
    s->phase = PHASE_BUFFER_DATA;
}

static bool buffer_in_block(const PFlash *s)
{
    return s->buffer_start < s->size &&
           s->buffer_start % s->sector_length + s->buffer_size <= s->sector_length;
}

/* Where the buffer goes is what its first word says; all of it is in one block. */
static void fill_buffer(PFlash *s, uint64_t offset, const uint8_t *data, unsigned size)
{
    uint64_t at;

    if (s->buffer_left == s->buffer_size) {
        s->buffer_start = ROUND_DOWN(offset, s->width);
        memset(s->buffer, 0xff, sizeof(s->buffer));
    }
    at = offset - s->buffer_start;
    if (offset < s->buffer_start || at + size > s->buffer_size || !buffer_in_block(s)) {
        guest_error(s, "buffer write to 0x%" PRIx64 " is outside of the %u bytes at 0x%"
                    PRIx64, offset, s->buffer_size, s->buffer_start);
        s->status |= SR_SEQUENCE;
        s->phase = PHASE_COMMAND;
        return;
    }
    memcpy(s->buffer + at, data, size);
    s->buffer_left -= MIN(s->buffer_left, size);
    if (s->buffer_left == 0) {
        s->phase = PHASE_BUFFER_CONFIRM;
    }
}

static void finish_buffer(PFlash *s, unsigned value)
{
    if (value == CMD_CONFIRM && buffer_in_block(s)) { /* a loaded state may lie */
        program(s, s->buffer_start, s->buffer, s->buffer_size);
    } else {
        bad_sequence(s, value);
    }
}

static void finish_erase(PFlash *s, uint64_t offset, unsigned value)
{
    if (value == CMD_CONFIRM) {
        erase(s, offset);
    } else {
        bad_sequence(s, value);
    }
}

static void pflash_write(void *opaque, uint64_t offset, uint64_t value, unsigned size)
{
    PFlash *s = opaque;
    unsigned low = value & 0xff;
    Phase phase = s->phase;
    uint8_t data[8];

    for (unsigned i = 0; i < size; i++) {
        data[i] = value >> i * 8;
    }
    /* most commands end here; the others say so */
    s->phase = phase == PHASE_BUFFER_DATA ? phase : PHASE_COMMAND;
    switch (phase) {
    case PHASE_PROGRAM:        program(s, offset, data, size); break;
    case PHASE_ERASE:          finish_erase(s, offset, low); break;
    case PHASE_LOCK:           set_lock(s, offset, low); break;
    case PHASE_BUFFER_COUNT:   start_buffer(s, value); break;
    case PHASE_BUFFER_DATA:    fill_buffer(s, offset, data, size); break;
    case PHASE_BUFFER_CONFIRM: finish_buffer(s, low); break;
    case PHASE_COMMAND: case PHASE_COUNT:
        command(s, offset, low);
    }
}

/* ---- Reading registers ---- */

/* What every chip answers in the present mode. */
static uint16_t chip_word(const PFlash *s, uint64_t offset)
{
    uint64_t index;

    switch (s->mode) {
    case MODE_ID:
        index = offset % s->sector_length / s->width;
        return index < ARRAY_SIZE(s->id) ? s->id[index] : index == 2 && is_locked(s, offset);
    case MODE_QUERY:
        index = offset / s->width & 0xff;
        return index < QUERY_SIZE ? s->query[index] : 0;
    default:
        return s->status;
    }
}

static uint64_t pflash_read(void *opaque, uint64_t offset, unsigned size)
{
    PFlash *s = opaque;
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;
        uint8_t byte = chip_word(s, at) >> at % s->device_width * 8;

        value |= (uint64_t)byte << i * 8;
    }
    return value;
}

static const MemoryRegionOps pflash_ops = {
    .read = pflash_read,
    .write = pflash_write,
    .access = { .min = 1, .max = 8 },
    .impl = { .min = 1, .max = MAX_WIDTH },
};

/* ---- Life ---- */

/* JESD68.01, "Query structure output"; the primary table is Intel's, without options. */
static void make_query(PFlash *s)
{
    unsigned lanes = s->width / s->device_width;
    uint64_t chip_block = s->sector_length / lanes;
    uint8_t *q = s->query;

    memcpy(q + 0x10, "QRY", 3);
    q[0x13] = 1;                         /* command set 0001 */
    q[0x15] = QUERY_PRIMARY;
    q[0x1b] = 0x45;                      /* supply from 4.5 V */
    q[0x1c] = 0x55;                      /* to 5.5 V */
    q[0x1f] = q[0x20] = 7;               /* typical times, powers of two: word, buffer (us) */
    q[0x21] = 10;                        /* block erase (ms) */
    q[0x23] = q[0x24] = q[0x25] = 4;     /* how much longer they may take */
    q[0x27] = __builtin_ctzll(s->size / lanes);
    q[0x28] = s->device_width == 1 ? 0 : 2; /* x8, or x8 and x16 */
    q[0x2a] = BUFFER_LOG2;
    q[0x2c] = 1;                         /* one region of equal blocks */
    q[0x2d] = (s->num_blocks - 1) & 0xff;
    q[0x2e] = (s->num_blocks - 1) >> 8;
    q[0x2f] = chip_block >> 8 & 0xff;
    q[0x30] = chip_block >> 16 & 0xff;
    memcpy(q + QUERY_PRIMARY, "PRI10", 5);
    q[0x3f] = 1;                         /* fields of protection registers */
}

static bool power_of_two(uint64_t v)
{
    return v && !(v & (v - 1));
}

static bool check_shape(PFlash *s, GError **err)
{
    s->device_width = s->device_width ? s->device_width : s->width;
    if (!power_of_two(s->width) || s->width > MAX_WIDTH || !power_of_two(s->device_width) ||
        s->device_width > MIN(s->width, 2)) {
        return error_set(err, "flash '%s': width=%u, device-width=%u: a bus of 1, 2 or 4 "
                         "bytes is made of chips of 1 or 2", s->name, s->width,
                         s->device_width);
    }
    if (!power_of_two(s->sector_length) || s->sector_length < 256 * MAX_WIDTH ||
        !power_of_two(s->num_blocks) || s->sector_length > MAX_SIZE ||
        s->sector_length * s->num_blocks > MAX_SIZE) {
        return error_set(err, "flash '%s': num-blocks=%u, sector-length=%" PRIu64 " must be "
                         "powers of two, of 1 KiB to 256 MiB in all", s->name, s->num_blocks,
                         s->sector_length);
    }
    s->size = s->sector_length * s->num_blocks;
    return true;
}

static bool check_image(PFlash *s, GError **err)
{
    if (blk_size(s->blk) != s->size) {
        error_set(err, "drive '%s' has %" PRIu64 " bytes, flash '%s' has %" PRIu64,
                  blk_name(s->blk), blk_size(s->blk), s->name, s->size);
        error_add_hint(err, "truncate -s %" PRIu64 " FILE makes the image fit", s->size);
        return false;
    }
    return true;
}

/* Take the drive and read it all. An error of the host is the guest's to handle: there is
 * no request that could wait. */
static bool open_image(PFlash *s, GError **err)
{
    int ret;

    if (!blk_set_on_error(s->blk, BLOCK_ON_ERROR_REPORT, BLOCK_ON_ERROR_REPORT, err) ||
        !blk_attach(s->blk, s, !blk_is_read_only(s->blk), err)) {
        return false;
    }
    ret = image_io(s, 0, contents(s), s->size, false);
    if (ret < 0) {
        blk_detach(s->blk, s);
        return error_set_errno(err, -ret, "cannot read drive '%s'", blk_name(s->blk));
    }
    return true;
}

static bool pflash_realize(PFlash *s, GError **err)
{
    if (!s->name) {
        return error_set(err, "property 'name' is missing");
    }
    if (!check_shape(s, err) || (s->blk && !check_image(s, err)) ||
        !memory_region_init_rom_device(&s->mem, s, &pflash_ops, s, s->name, s->size, err)) {
        return false;
    }
    if (s->blk && !open_image(s, err)) {
        memory_region_destroy(&s->mem);
        return false;
    }
    s->n_locks = DIV_ROUND_UP(s->num_blocks, 8);
    s->locks = g_new0(uint8_t, s->n_locks);
    make_query(s);
    sysbus_init_mmio(s, &s->mem);
    return true;
}

static void pflash_unrealize(PFlash *s)
{
    if (s->blk) {
        blk_detach(s->blk, s);
    }
    memory_region_destroy(&s->mem);
    g_clear_pointer(&s->locks, g_free);
}

/* The contents stay. */
static void pflash_reset(PFlash *s)
{
    s->phase = PHASE_COMMAND;
    s->status = SR_READY;
    s->buffer_start = s->buffer_size = s->buffer_left = 0;
    memset(s->buffer, 0, sizeof(s->buffer));
    memset(s->locks, 0, s->n_locks);
    set_mode(s, MODE_ARRAY);
}

static void pflash_loaded(PFlash *s)
{
    set_mode(s, s->mode);
}

DEVICE(PFlash, TYPE_PFLASH_CFI01, TYPE_SYS_BUS_DEVICE, "parallel flash, Intel command set",
       .properties = pflash_properties, .vmstate = pflash_vmstate,
       .realize = pflash_realize, .unrealize = pflash_unrealize, .reset = pflash_reset,
       .loaded = pflash_loaded, .category = DEVICE_STORAGE, .security_boundary = true);
