/*
 * Packets about registers and memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/internal.h"

/* Bytes of memory that one packet reads at most, and that a search goes through. */
enum { READ_MAX = GDB_PACKET_SIZE / 2, PAGE = 4096, SEARCH_CHUNK = 65536 };
#define SEARCH_MAX (256 * MiB)

/* ---- Registers ---- */

typedef struct RegWrite {
    const GdbReg *reg;
    const uint8_t *buf;
    bool ok;
} RegWrite;

static void write_on_thread(CpuState *cpu, void *opaque)
{
    RegWrite *w = opaque;

    w->ok = cpu->ops->gdb->write(cpu, w->reg, w->buf);
}

static bool write_reg(CpuState *cpu, const GdbReg *reg, const uint8_t *buf)
{
    RegWrite w = { .reg = reg, .buf = buf };

    cpu_run_sync(cpu, write_on_thread, &w);
    return w.ok;
}

/* An unavailable register is told as x's. */
static void append_reg(GdbStub *s, const GdbReg *reg)
{
    CpuState *cpu = gdb_cpu(s);
    uint8_t buf[GDB_REG_MAX_BYTES];

    if (cpu->ops->gdb->read(cpu, reg, buf)) {
        gdb_append_hex(s->reply, buf, reg->bits / 8);
    } else {
        for (unsigned i = 0; i < reg->bits / 8; i++) {
            g_string_append(s->reply, "xx");
        }
    }
}

void gdb_read_registers(GdbStub *s)
{
    const GdbReg *reg;

    for (unsigned i = 0; (reg = gdb_description_general(s->description, i)); i++) {
        append_reg(s, reg);
    }
}

void gdb_write_registers(GdbStub *s, GdbText *t)
{
    g_autoptr(GByteArray) data = gdb_text_rest_bytes(t);
    const GdbReg *reg;
    unsigned size = 0, at = 0;

    for (unsigned i = 0; (reg = gdb_description_general(s->description, i)); i++) {
        size += reg->bits / 8;
    }
    if (!data || data->len != size) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    for (unsigned i = 0; (reg = gdb_description_general(s->description, i)); i++) {
        write_reg(gdb_cpu(s), reg, data->data + at);
        at += reg->bits / 8;
    }
    gdb_reply_ok(s);
}

static const GdbReg *reg_argument(GdbStub *s, GdbText *t)
{
    uint64_t n;

    return gdb_text_hex(t, &n) && n <= UINT32_MAX ? gdb_description_reg(s->description, n)
                                                  : NULL;
}

void gdb_read_register(GdbStub *s, GdbText *t)
{
    const GdbReg *reg = reg_argument(s, t);

    if (!reg || !gdb_text_at_end(t)) {
        gdb_reply_error(s, GDB_EINVAL);
    } else {
        append_reg(s, reg);
    }
}

void gdb_write_register(GdbStub *s, GdbText *t)
{
    const GdbReg *reg = reg_argument(s, t);
    uint8_t buf[GDB_REG_MAX_BYTES];

    if (!reg || !gdb_text_char(t, '=') || !gdb_text_bytes(t, buf, reg->bits / 8) ||
        !gdb_text_at_end(t) || !write_reg(gdb_cpu(s), reg, buf)) {
        gdb_reply_error(s, GDB_EINVAL);
    } else {
        gdb_reply_ok(s);
    }
}

/* ---- Memory ---- */

static bool access_physical(CpuState *cpu, uint64_t addr, void *buf, size_t len, bool write)
{
    if (!write) {
        return address_space_read(cpu->as, addr, MEMTXATTRS_CPU, buf, len) == MEMTX_OK;
    }
    return address_space_write(cpu->as, addr, MEMTXATTRS_CPU, buf, len) == MEMTX_OK ||
           address_space_write_rom(cpu->as, addr, buf, len) == MEMTX_OK;
}

/* By pages, since the next one may not be there: how many bytes were accessed. */
static size_t access_memory(GdbStub *s, uint64_t addr, uint8_t *buf, size_t len, bool write)
{
    CpuState *cpu = gdb_cpu(s);
    size_t done = 0;

    while (done < len) {
        size_t n = MIN(len - done, PAGE - (addr + done) % PAGE);

        if (!(s->physical ? access_physical(cpu, addr + done, buf + done, n, write)
                          : cpu_debug_rw(cpu, addr + done, buf + done, n, write))) {
            break;
        }
        done += n;
    }
    return done;
}

static bool addr_and_len(GdbText *t, uint64_t *addr, uint64_t *len)
{
    return gdb_text_hex(t, addr) && gdb_text_char(t, ',') && gdb_text_hex(t, len);
}

void gdb_read_memory(GdbStub *s, GdbText *t)
{
    uint8_t buf[READ_MAX];
    uint64_t addr, len;
    size_t done;

    if (!addr_and_len(t, &addr, &len) || !gdb_text_at_end(t)) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    len = MIN(len, READ_MAX); /* the answer may be shorter than was asked for */
    done = access_memory(s, addr, buf, len, false);
    if (done == 0 && len > 0) {
        gdb_reply_error(s, GDB_EFAULT);
    } else {
        gdb_append_hex(s->reply, buf, done);
    }
}

static void write_bytes(GdbStub *s, uint64_t addr, uint8_t *buf, size_t len)
{
    if (access_memory(s, addr, buf, len, true) == len) {
        gdb_reply_ok(s);
    } else {
        gdb_reply_error(s, GDB_EFAULT);
    }
}

void gdb_write_memory(GdbStub *s, GdbText *t)
{
    g_autoptr(GByteArray) data = NULL;
    uint64_t addr, len;

    if (addr_and_len(t, &addr, &len) && gdb_text_char(t, ':')) {
        data = gdb_text_rest_bytes(t);
    }
    if (!data || data->len != len) {
        gdb_reply_error(s, GDB_EINVAL);
    } else {
        write_bytes(s, addr, data->data, len);
    }
}

void gdb_write_memory_binary(GdbStub *s, GdbText *t)
{
    uint64_t addr, len;

    if (!addr_and_len(t, &addr, &len) || !gdb_text_char(t, ':') || t->end - t->p != len) {
        gdb_reply_error(s, GDB_EINVAL);
    } else {
        write_bytes(s, addr, (uint8_t *)t->p, len);
    }
}

/* "addr;len;pattern". Chunks overlap by the pattern less one byte. */
void gdb_search_memory(GdbStub *s, GdbText *t)
{
    g_autofree uint8_t *buf = NULL;
    uint64_t addr, len, at = 0;
    size_t size;

    if (!gdb_text_hex(t, &addr) || !gdb_text_char(t, ';') || !gdb_text_hex(t, &len) ||
        !gdb_text_char(t, ';') || gdb_text_at_end(t) || len > SEARCH_MAX) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    size = t->end - t->p;
    buf = g_malloc(SEARCH_CHUNK + size);
    while (len - at >= size && at < len) {
        size_t want = MIN(len - at, SEARCH_CHUNK + size - 1);
        size_t got = access_memory(s, addr + at, buf, want, false);
        const uint8_t *hit = memmem(buf, got, t->p, size);

        if (hit) {
            g_string_printf(s->reply, "1,%" PRIx64, addr + at + (hit - buf));
            return;
        }
        if (got < want) {
            gdb_reply_error(s, GDB_EFAULT);
            return;
        }
        at += want - (size - 1);
    }
    g_string_assign(s->reply, "0");
}
