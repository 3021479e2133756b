/*
 * Saving and loading the state of all devices (hw/core/device.h).
 *
 * Stream: the magic, then a record for each realized device that has saved fields, in the
 * order of the tree:
 *   u16 length of path, path, u8 number of sections,
 *   each section: u32 length, fields of one class (migration/vmstate.h), base class first.
 * Integers are little-endian. Loading accepts exactly the devices that the machine has.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/device.h"
#include "hw/core/trace.h"

static const char magic[8] = "RHEADEV1";

enum { MAX_SECTIONS = 16 };

/* A class whose fields were only copied from its parent has none of its own. */
static const VMStateField *own_fields(const ObjectClass *klass)
{
    const VMStateField *fields = ((const DeviceClass *)klass)->vmstate;
    const ObjectClass *parent = klass->parent_class;

    if (!strcmp(klass->type->name, TYPE_DEVICE)) {
        return NULL;
    }
    return parent && strcmp(parent->type->name, TYPE_OBJECT) &&
                   ((const DeviceClass *)parent)->vmstate == fields
               ? NULL
               : fields;
}

/* Tables of a device, base class first. */
static unsigned sections(DeviceState *dev, const VMStateField *ret[MAX_SECTIONS])
{
    unsigned n = 0;

    for (ObjectClass *k = dev->parent.klass; k && strcmp(k->type->name, TYPE_DEVICE);
         k = k->parent_class) {
        const VMStateField *fields = own_fields(k);

        if (fields) {
            g_assert(n < MAX_SECTIONS);
            ret[n++] = fields;
        }
    }
    for (unsigned i = 0; i < n / 2; i++) {
        const VMStateField *t = ret[i];

        ret[i] = ret[n - 1 - i];
        ret[n - 1 - i] = t;
    }
    return n;
}

/* ---- Saving ---- */

static void put_le(GByteArray *out, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = value >> 8 * i;

        g_byte_array_append(out, &byte, 1);
    }
}

static void save_one(DeviceState *dev, void *opaque)
{
    GByteArray *out = opaque;
    const VMStateField *fields[MAX_SECTIONS];
    unsigned n = dev->realized ? sections(dev, fields) : 0;
    g_autofree char *path = object_path(dev);

    if (n == 0) {
        return;
    }
    trace_device_state_save(path, n);
    put_le(out, strlen(path), 2);
    g_byte_array_append(out, (const uint8_t *)path, strlen(path));
    put_le(out, n, 1);
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(GByteArray) block = g_byte_array_new();

        vmstate_save(fields[i], dev, block);
        put_le(out, block->len, 4);
        g_byte_array_append(out, block->data, block->len);
    }
}

void devices_save(GByteArray *out)
{
    g_byte_array_append(out, (const uint8_t *)magic, sizeof(magic));
    device_foreach(NULL, save_one, out);
}

/* ---- Loading ---- */

typedef struct Reader {
    const uint8_t *p;
    size_t left;
} Reader;

static bool get(Reader *r, size_t n, const uint8_t **ret)
{
    if (n > r->left) {
        return false;
    }
    *ret = r->p;
    r->p += n;
    r->left -= n;
    return true;
}

static bool get_le(Reader *r, unsigned size, uint32_t *ret)
{
    const uint8_t *p;

    if (!get(r, size, &p)) {
        return false;
    }
    *ret = 0;
    for (unsigned i = 0; i < size; i++) {
        *ret |= (uint32_t)p[i] << 8 * i;
    }
    return true;
}

static bool ends_early(GError **err)
{
    return error_set(err, "saved device state ends early");
}

static bool load_sections(DeviceState *dev, Reader *r, GError **err)
{
    const VMStateField *fields[MAX_SECTIONS];
    unsigned n = sections(dev, fields);
    uint32_t count, len;
    const uint8_t *block;

    if (!get_le(r, 1, &count)) {
        return ends_early(err);
    }
    if (count != n) {
        return error_set(err, "saved device state has %u sections, the device %u", count, n);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!get_le(r, 4, &len) || !get(r, len, &block)) {
            return ends_early(err);
        }
        if (!vmstate_load(fields[i], dev, block, len, err)) {
            return false;
        }
    }
    return true;
}

/* @missing: devices that still wait for their record, by path. */
static bool load_record(GHashTable *missing, Reader *r, GError **err)
{
    g_autofree char *path = NULL;
    const uint8_t *text;
    DeviceState *dev;
    uint32_t len;

    if (!get_le(r, 2, &len) || !get(r, len, &text)) {
        return ends_early(err);
    }
    path = g_strndup((const char *)text, len);
    trace_device_state_load(path);
    dev = g_hash_table_lookup(missing, path);
    if (!dev) {
        g_autofree char *shown = g_utf8_make_valid(path, -1);

        error_set(err, "saved state of device '%.200s' has no place in this machine", shown);
        error_set_culprit(err, "device", shown);
        return false;
    }
    if (!load_sections(dev, r, err)) {
        error_prefix(err, "device '%s'", path);
        error_set_culprit(err, "device", path);
        return false;
    }
    g_hash_table_remove(missing, path);
    return true;
}

static void add_expected(DeviceState *dev, void *opaque)
{
    const VMStateField *fields[MAX_SECTIONS];

    if (dev->realized && sections(dev, fields) > 0) {
        g_hash_table_insert(opaque, object_path(dev), dev);
    }
}

static void call_loaded(DeviceState *dev, void *opaque)
{
    if (dev->realized && device_class(dev)->loaded) {
        device_class(dev)->loaded(dev);
    }
}

bool devices_load(const uint8_t *data, size_t size, GError **err)
{
    g_autoptr(GHashTable) missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                          NULL);
    Reader r = { data, size };
    const uint8_t *head;

    if (!get(&r, sizeof(magic), &head) || memcmp(head, magic, sizeof(magic))) {
        return error_set(err, "this is no saved device state");
    }
    device_foreach(NULL, add_expected, missing);
    while (r.left > 0) {
        if (!load_record(missing, &r, err)) {
            return false;
        }
    }
    if (g_hash_table_size(missing) > 0) {
        GHashTableIter it;
        void *path;

        g_hash_table_iter_init(&it, missing);
        g_hash_table_iter_next(&it, &path, NULL);
        error_set(err, "saved state lacks device '%s'", (char *)path);
        error_set_culprit(err, "device", path);
        return false;
    }
    device_foreach(NULL, call_loaded, NULL);
    return true;
}
