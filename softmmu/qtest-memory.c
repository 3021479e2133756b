/*
 * qtest commands that access memory and I/O ports, and that move the clock.
 *
 * Memory that does not answer reads as 0 and swallows writes, as for a client of the
 * protocol's first implementation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "softmmu/qtest-internal.h"
#include "util/timer.h"

static bool address(const char *text, uint64_t *ret, GError **err)
{
    return qtest_number(text, "ADDR", UINT64_MAX, ret, err);
}

static uint64_t size_mask(unsigned size)
{
    return UINT64_MAX >> (64 - size * 8);
}

/* ---- One access ---- */

bool qtest_run_read(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                    GError **err)
{
    uint64_t addr, value;

    if (!address(arg[0], &addr, err)) {
        return false;
    }
    address_space_load(system_memory_as(), addr, MEMTXATTRS_CPU, cmd->size, &value);
    g_string_append_printf(reply, "0x%016" PRIx64, value & size_mask(cmd->size));
    return true;
}

bool qtest_run_write(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                     GError **err)
{
    uint64_t addr, value;

    if (!address(arg[0], &addr, err) ||
        !qtest_number(arg[1], "VALUE", UINT64_MAX, &value, err)) {
        return false;
    }
    address_space_store(system_memory_as(), addr, MEMTXATTRS_CPU, cmd->size,
                        value & size_mask(cmd->size));
    return true;
}

/* ---- I/O ports: no target has them yet; nobody answers ---- */

bool qtest_run_in(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply, GError **err)
{
    uint64_t port;

    if (!qtest_number(arg[0], "PORT", UINT16_MAX, &port, err)) {
        return false;
    }
    g_string_append_printf(reply, "0x%04x", cmd->size == 1 ? 0xff : 0);
    return true;
}

bool qtest_run_out(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply, GError **err)
{
    uint64_t port, value;

    return qtest_number(arg[0], "PORT", UINT16_MAX, &port, err) &&
           qtest_number(arg[1], "VALUE", UINT64_MAX, &value, err);
}

/* ---- Blocks ---- */

static bool block(char **arg, uint64_t *ret_addr, uint64_t *ret_size, GError **err)
{
    if (!address(arg[0], ret_addr, err) ||
        !qtest_number(arg[1], "SIZE", QTEST_BLOCK_MAX, ret_size, err)) {
        return false;
    }
    if (*ret_size > 0 && *ret_addr > UINT64_MAX - (*ret_size - 1)) {
        return error_set(err, "the block goes beyond the address space");
    }
    return true;
}

static uint8_t *read_bytes(char **arg, uint64_t *ret_size, GError **err)
{
    uint64_t addr;
    uint8_t *buf;

    if (!block(arg, &addr, ret_size, err)) {
        return NULL;
    }
    if (*ret_size == 0) {
        error_set(err, "SIZE is 0");
        return NULL;
    }
    buf = g_malloc(*ret_size);
    address_space_read(system_memory_as(), addr, MEMTXATTRS_CPU, buf, *ret_size);
    return buf;
}

bool qtest_run_read_block(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                          GError **err)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t size;
    g_autofree uint8_t *buf = read_bytes(arg, &size, err);
    size_t at;

    if (!buf) {
        return false;
    }
    g_string_append(reply, "0x");
    at = reply->len;
    g_string_set_size(reply, at + 2 * size);
    for (uint64_t i = 0; i < size; i++) {
        reply->str[at++] = digits[buf[i] >> 4];
        reply->str[at++] = digits[buf[i] & 0xf];
    }
    return true;
}

bool qtest_run_b64read(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                       GError **err)
{
    uint64_t size;
    g_autofree uint8_t *buf = read_bytes(arg, &size, err);
    g_autofree char *text = buf ? g_base64_encode(buf, size) : NULL;

    if (text) {
        g_string_append(reply, text);
    }
    return text != NULL;
}

/* Less data than SIZE is filled up with zeros. */
static bool write_bytes(uint64_t addr, uint64_t size, const uint8_t *data, size_t len,
                        GError **err)
{
    if (size == 0) {
        return error_set(err, "SIZE is 0");
    }
    if (len > size) {
        return error_set(err, "DATA has %zu bytes, SIZE is %" PRIu64, len, size);
    }
    address_space_write(system_memory_as(), addr, MEMTXATTRS_CPU, data, len);
    address_space_set(system_memory_as(), addr + len, MEMTXATTRS_CPU, 0, size - len);
    return true;
}

/* Turns hexadecimal text into bytes, in place. */
static bool unhex(char *text, size_t *ret_len, GError **err)
{
    size_t n = strlen(text);
    const char *in = text + 2;
    uint8_t *out = (uint8_t *)text;

    if (n < 4 || n % 2 || strncmp(text, "0x", 2)) {
        return error_set(err, "DATA is not 0x and pairs of digits");
    }
    *ret_len = n / 2 - 1;
    for (size_t i = 0; i < *ret_len; i++) {
        int high = g_ascii_xdigit_value(in[2 * i]), low = g_ascii_xdigit_value(in[2 * i + 1]);

        if (high < 0 || low < 0) {
            return error_set(err, "DATA is not 0x and pairs of digits");
        }
        out[i] = high << 4 | low;
    }
    return true;
}

bool qtest_run_write_block(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                           GError **err)
{
    uint64_t addr, size;
    size_t len = 0;

    return block(arg, &addr, &size, err) && unhex(arg[2], &len, err) &&
           write_bytes(addr, size, (uint8_t *)arg[2], len, err);
}

bool qtest_run_b64write(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                        GError **err)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t digits = strspn(arg[2], alphabet), len = strlen(arg[2]);
    uint64_t addr, size;
    gsize n;

    if (!block(arg, &addr, &size, err)) {
        return false;
    }
    if (len % 4 || len - digits > 2 || strspn(arg[2] + digits, "=") != len - digits) {
        return error_set(err, "DATA is not base64");
    }
    g_base64_decode_inplace(arg[2], &n);
    return write_bytes(addr, size, (uint8_t *)arg[2], n, err);
}

bool qtest_run_memset(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                      GError **err)
{
    uint64_t addr, size, byte;

    if (!block(arg, &addr, &size, err) ||
        !qtest_number(arg[2], "BYTE", UINT64_MAX, &byte, err)) {
        return false;
    }
    address_space_set(system_memory_as(), addr, MEMTXATTRS_CPU, byte & 0xff, size);
    return true;
}

/* ---- The virtual clock ---- */

static bool clock_is_ours(GError **err)
{
    return clock_virtual_is_manual() ||
           error_set(err, "the clock is moved by hand under -accel qtest only");
}

bool qtest_run_clock_step(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                          GError **err)
{
    uint64_t ns;

    if (!qtest_number(arg[0], "NS", INT64_MAX, &ns, err) || !clock_is_ours(err)) {
        return false;
    }
    g_string_append_printf(reply, "%" PRId64, clock_virtual_step(ns));
    return true;
}

bool qtest_run_clock_step_to_next(Qtest *q, const QtestCommand *cmd, char **arg,
                                  GString *reply, GError **err)
{
    if (!clock_is_ours(err)) {
        return false;
    }
    if (timer_next_deadline(CLOCK_TYPE_VIRTUAL) == INT64_MAX) {
        return error_set(err, "no timer is armed");
    }
    g_string_append_printf(reply, "%" PRId64, clock_virtual_step(-1));
    return true;
}

bool qtest_run_clock_set(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                         GError **err)
{
    int64_t now = clock_ns(CLOCK_TYPE_VIRTUAL);
    uint64_t ns;

    if (!qtest_number(arg[0], "NS", INT64_MAX - 1, &ns, err) || !clock_is_ours(err)) {
        return false;
    }
    if ((int64_t)ns < now) {
        return error_set(err, "%" PRId64, now);
    }
    g_string_append_printf(reply, "%" PRId64, clock_virtual_set(ns));
    return true;
}
