/*
 * Saving and loading device state by tables (migration/vmstate.h).
 *
 * Stream: records until the end of the enclosing block, each
 *   u8 length of name, name, u8 kind, u32 length of payload, payload     (little-endian)
 * An integer's payload is its elements; a structure's is a nested block an element, each
 * behind a u32 length. Records come in the order of the table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "migration/trace.h"
#include "migration/vmstate.h"
#include "util/fifo8.h"
#include "util/timer.h"

static void put_u32(GByteArray *out, uint32_t v)
{
    uint8_t b[4] = { v, v >> 8, v >> 16, v >> 24 };

    g_byte_array_append(out, b, sizeof(b));
}

static void set_u32(GByteArray *out, size_t at, uint32_t v)
{
    uint8_t b[4] = { v, v >> 8, v >> 16, v >> 24 };

    memcpy(out->data + at, b, sizeof(b));
}

static uint32_t element_count(const VMStateField *f, void *obj)
{
    return f->pointer ? *(uint32_t *)((char *)obj + f->count_offset) : f->count;
}

static char *first_element(const VMStateField *f, void *obj)
{
    char *field = (char *)obj + f->offset;

    return f->pointer ? *(char **)field : field;
}

static uint64_t load_int(const void *p, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

static void save_fifo(const Fifo8 *f, GByteArray *out)
{
    for (uint32_t i = 0; i < f->num; i++) {
        uint8_t byte = fifo8_peek(f, i);

        g_byte_array_append(out, &byte, 1);
    }
}

static void save_payload(const VMStateField *f, void *obj, GByteArray *out)
{
    char *p = first_element(f, obj);
    uint32_t n = element_count(f, obj);

    switch (f->kind) {
    case VMS_KIND_UINT: case VMS_KIND_INT: case VMS_KIND_BUFFER:
        g_byte_array_append(out, (uint8_t *)p, f->size * n);
        break;
    case VMS_KIND_BOOL: {
        uint8_t b = *(bool *)p;

        g_byte_array_append(out, &b, 1);
        break;
    }
    case VMS_KIND_STRUCT:
        for (uint32_t i = 0; i < n; i++) {
            size_t at = out->len;

            put_u32(out, 0);
            vmstate_save(f->fields, p + (size_t)i * f->size, out);
            set_u32(out, at, out->len - at - 4);
        }
        break;
    case VMS_KIND_FIFO8:
        save_fifo((Fifo8 *)p, out);
        break;
    case VMS_KIND_TIMER:
        g_byte_array_append(out, (uint8_t *)&((Timer *)p)->expire_ns, 8);
        break;
    case VMS_KIND_CUSTOM:
        f->save(p, out);
        break;
    case VMS_KIND_END:
        break;
    }
}

void vmstate_save(const VMStateField *fields, void *obj, GByteArray *out)
{
    for (const VMStateField *f = fields; f && f->kind != VMS_KIND_END; f++) {
        uint8_t name_len = strlen(f->name), kind = f->kind;
        size_t at;

        if (f->needed && !f->needed(obj)) {
            continue;
        }
        g_byte_array_append(out, &name_len, 1);
        g_byte_array_append(out, (const uint8_t *)f->name, name_len);
        g_byte_array_append(out, &kind, 1);
        at = out->len;
        put_u32(out, 0);
        save_payload(f, obj, out);
        set_u32(out, at, out->len - at - 4);
        trace_vmstate_field_save(f->name, kind, out->len - at - 4);
    }
}

/* ---- Loading: everything is checked ---- */

typedef struct Reader {
    const uint8_t *p;
    size_t left;
} Reader;

static bool take(Reader *r, size_t n, const uint8_t **ret)
{
    if (n > r->left) {
        return false;
    }
    *ret = r->p;
    r->p += n;
    r->left -= n;
    return true;
}

static bool take_u32(Reader *r, uint32_t *ret)
{
    const uint8_t *b;

    if (!take(r, 4, &b)) {
        return false;
    }
    *ret = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
    return true;
}

static bool check_uint(const VMStateField *f, uint64_t v, GError **err)
{
    if ((f->mask && (v & ~f->mask)) || v < f->min || (f->max && v > f->max)) {
        return error_set(err, "saved field '%s': value 0x%" PRIx64 " is out of range",
                         f->name, v);
    }
    return true;
}

static bool check_int(const VMStateField *f, int64_t v, GError **err)
{
    if ((f->min || f->max) && (v < (int64_t)f->min || v > (int64_t)f->max)) {
        return error_set(err, "saved field '%s': value %" PRId64 " is out of range", f->name,
                         v);
    }
    return true;
}

static bool bad_size(const VMStateField *f, size_t size, GError **err)
{
    return error_set(err, "saved field '%s': %zu bytes do not fit", f->name, size);
}

static bool load_structs(const VMStateField *f, char *p, uint32_t n, Reader r, GError **err)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *block;
        uint32_t len;

        if (!take_u32(&r, &len) || !take(&r, len, &block)) {
            return error_set(err, "saved field '%s' ends early", f->name);
        }
        if (!vmstate_load(f->fields, p + (size_t)i * f->size, block, len, err)) {
            return error_prefix(err, "saved field '%s'", f->name);
        }
    }
    return r.left == 0 || bad_size(f, r.left, err);
}

static bool load_payload(const VMStateField *f, void *obj, const uint8_t *data, size_t size,
                         GError **err)
{
    char *p = first_element(f, obj);
    uint32_t n = element_count(f, obj);

    switch (f->kind) {
    case VMS_KIND_UINT:
        if (size != (size_t)f->size * n) {
            return bad_size(f, size, err);
        }
        for (uint32_t i = 0; i < n; i++) {
            if (!check_uint(f, load_int(data + (size_t)i * f->size, f->size), err)) {
                return false;
            }
        }
        memcpy(p, data, size);
        return true;
    case VMS_KIND_INT:
        if (size != (size_t)f->size * n) {
            return bad_size(f, size, err);
        }
        for (uint32_t i = 0; i < n; i++) {
            uint64_t v = load_int(data + (size_t)i * f->size, f->size);

            if (!check_int(f, f->size == 4 ? (int32_t)v : (int64_t)v, err)) {
                return false;
            }
        }
        memcpy(p, data, size);
        return true;
    case VMS_KIND_BUFFER:
        if (size != (size_t)f->size * n) {
            return bad_size(f, size, err);
        }
        memcpy(p, data, size);
        return true;
    case VMS_KIND_BOOL:
        if (size != 1 || data[0] > 1) {
            return bad_size(f, size, err);
        }
        *(bool *)p = data[0];
        return true;
    case VMS_KIND_STRUCT:
        return load_structs(f, p, n, (Reader){ data, size }, err);
    case VMS_KIND_FIFO8:
        if (size > ((Fifo8 *)p)->capacity) {
            return bad_size(f, size, err);
        }
        fifo8_reset((Fifo8 *)p);
        for (size_t i = 0; i < size; i++) {
            fifo8_push((Fifo8 *)p, data[i]);
        }
        return true;
    case VMS_KIND_TIMER: {
        int64_t expire;

        if (size != sizeof(expire)) {
            return bad_size(f, size, err);
        }
        memcpy(&expire, data, sizeof(expire));
        if (expire == INT64_MAX) {
            timer_del((Timer *)p);
        } else {
            timer_mod((Timer *)p, MAX(expire, 0));
        }
        return true;
    }
    case VMS_KIND_CUSTOM:
        return f->load(p, data, size, err);
    case VMS_KIND_END:
        break;
    }
    return false;
}

static bool load_field(const VMStateField *f, void *obj, Reader *r, GError **err)
{
    const uint8_t *name, *len, *kind, *payload;
    uint32_t size;

    if (!take(r, 1, &len) || !take(r, *len, &name) || !take(r, 1, &kind) ||
        !take_u32(r, &size) || !take(r, size, &payload)) {
        return error_set(err, "saved state ends before field '%s'", f->name);
    }
    if (*len != strlen(f->name) || memcmp(name, f->name, *len) != 0) {
        return error_set(err, "saved state has another field where '%s' belongs",
                         f->name);
    }
    if (*kind != f->kind) {
        return error_set(err, "saved field '%s' has another type", f->name);
    }
    trace_vmstate_field_load(f->name, *kind, size);
    return load_payload(f, obj, payload, size, err);
}

bool vmstate_load(const VMStateField *fields, void *obj, const uint8_t *data, size_t size,
                  GError **err)
{
    Reader r = { data, size };

    for (const VMStateField *f = fields; f && f->kind != VMS_KIND_END; f++) {
        if (f->needed && !f->needed(obj)) {
            continue;
        }
        if (!load_field(f, obj, &r, err)) {
            trace_vmstate_field_refuse(f->name);
            return false;
        }
    }
    return r.left == 0 ||
           error_set(err, "saved state has %zu bytes that no field claims", r.left);
}
