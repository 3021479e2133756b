/*
 * -drive and -blockdev: both end in block nodes; a drive is a node with a back end whose
 * properties a device takes over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/backend-internal.h"
#include "block/driver-list.h"
#include "qapi/json.h"
#include <sys/stat.h>

static const char *const if_names[] = {
    "none", "virtio", "ide", "scsi", "floppy", "pflash", "mtd", "sd", "xen", NULL,
};

/* What a -drive may have: for the drive itself, for its root node, and not yet. */
static const char *const drive_keys[] = {
    "file", "format", "driver", "if", "index", "bus", "unit", "id", "media", "cache", "aio",
    "readonly", "snapshot", "rerror", "werror", "copy-on-read", NULL,
};
static const char *const node_keys[] = {
    "node-name", "read-only", "auto-read-only", "force-share", "discard", "detect-zeroes",
    "offset", "size", NULL,
};
static const char *const later_keys[] = {
    "throttling", "stats-intervals", "bps", "bps_rd", "bps_wr", "iops", "iops_rd",
    "iops_wr", "bps_max", "iops_max", "iops_size", "group", "active",
    "stats-account-invalid", "stats-account-failed", NULL,
};

typedef struct DriveOptions {
    char *id, *format;
    int if_type, media;
    int64_t index, bus, unit;     /* -1: not given */
    bool read_only, snapshot, copy_on_read;
    bool write_cache, cache_direct, cache_no_flush;
    char *aio;
    int rerror, werror;
} DriveOptions;

static void drive_options_clear(DriveOptions *o)
{
    g_free(o->id);
    g_free(o->format);
    g_free(o->aio);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DriveOptions, drive_options_clear)

/* ---- Options ---- */

static bool has_name(const char *const *names, const char *name)
{
    return g_strv_contains(names, name);
}

static bool check_keys(struct json_object *opts, GError **err)
{
    json_object_object_foreach(opts, key, value) {
        g_autoptr(GPtrArray) all = NULL;

        (void)value;
        if (has_name(drive_keys, key) || has_name(node_keys, key)) {
            continue;
        }
        if (!strcmp(key, "serial")) {
            error_set(err, "-drive has no option 'serial'");
            error_add_hint(err, "it is a property of the disk: -device "
                           "virtio-blk-device,drive=ID,serial=TEXT");
            return false;
        }
        if (has_name(later_keys, key)) {
            return error_set(err, "-drive option '%s' is not supported yet", key);
        }
        all = g_ptr_array_new();
        for (unsigned i = 0; drive_keys[i]; i++) {
            g_ptr_array_add(all, (void *)drive_keys[i]);
        }
        for (unsigned i = 0; node_keys[i]; i++) {
            g_ptr_array_add(all, (void *)node_keys[i]);
        }
        g_ptr_array_add(all, NULL);
        return error_set_unknown(err, "-drive option", key,
                                 (const char *const *)all->pdata);
    }
    return true;
}

static bool visit_cache_mode(Visitor *v, DriveOptions *o, GError **err)
{
    static const char *const names[] = {
        "writeback", "writethrough", "none", "directsync", "unsafe", NULL,
    };
    static const struct {
        bool write_cache, direct, no_flush;
    } modes[] = { { true, false, false }, { false, false, false }, { true, true, false },
                  { false, true, false }, { true, false, true } };
    int mode;

    if (!visit_type_enum(v, "cache", &mode, names, err)) {
        return false;
    }
    o->write_cache = modes[mode].write_cache;
    o->cache_direct = modes[mode].direct;
    o->cache_no_flush = modes[mode].no_flush;
    return true;
}

static bool visit_cache(Visitor *v, DriveOptions *o, GError **err)
{
    bool present, ok;

    if (!visit_optional(v, "cache", &present)) {
        return true;
    }
    if (visit_peek_type(v, "cache") == json_type_string) {
        return visit_cache_mode(v, o, err);
    }
    if (!visit_start_struct(v, "cache", NULL, 0, err)) {
        return false;
    }
    ok = (!visit_optional(v, "writeback", &present) ||
          visit_type_bool(v, "writeback", &o->write_cache, err)) &&
         (!visit_optional(v, "direct", &present) ||
          visit_type_bool(v, "direct", &o->cache_direct, err)) &&
         (!visit_optional(v, "no-flush", &present) ||
          visit_type_bool(v, "no-flush", &o->cache_no_flush, err)) &&
         visit_check_struct(v, err);
    visit_end_struct(v, NULL);
    return ok;
}

static bool opt_int(Visitor *v, const char *name, int64_t *ret, GError **err)
{
    bool present;

    if (!visit_optional(v, name, &present)) {
        return true;
    }
    if (!visit_type_int64(v, name, ret, err)) {
        return false;
    }
    if (*ret < 0 || *ret > 255) {
        return error_set(err, "-drive option '%s' must be between 0 and 255", name);
    }
    return true;
}

static bool opt_bool(Visitor *v, const char *name, bool *ret, GError **err)
{
    bool present;

    return !visit_optional(v, name, &present) || visit_type_bool(v, name, ret, err);
}

static bool opt_str(Visitor *v, const char *name, char **ret, GError **err)
{
    bool present;

    if (!visit_optional(v, name, &present)) {
        return true;
    }
    g_clear_pointer(ret, g_free);
    return visit_type_str(v, name, ret, err);
}

static bool opt_enum(Visitor *v, const char *name, int *ret, const char *const *names,
                     GError **err)
{
    bool present;

    return !visit_optional(v, name, &present) || visit_type_enum(v, name, ret, names, err);
}

static bool check_drive(const DriveOptions *o, GError **err)
{
    if (o->snapshot) {
        return error_set(err, "snapshot=on is not supported yet: it needs the format qcow2");
    }
    if (o->copy_on_read) {
        return error_set(err, "copy-on-read=on is not supported yet: it needs a backing "
                         "file");
    }
    return true;
}

static bool visit_drive(Visitor *v, const char *default_if, DriveOptions *o, GError **err)
{
    static const char *const media_names[] = { "disk", "cdrom", NULL };
    g_autofree char *driver = NULL;
    bool ok;

    *o = (DriveOptions){ .index = -1, .bus = -1, .unit = -1, .write_cache = true };
    for (int i = 0; default_if && if_names[i]; i++) {
        o->if_type = strcmp(if_names[i], default_if) ? o->if_type : i;
    }
    if (!visit_start_struct(v, NULL, NULL, 0, err)) {
        return false;
    }
    ok = opt_str(v, "id", &o->id, err) && opt_str(v, "format", &o->format, err) &&
         opt_str(v, "driver", &driver, err) &&
         opt_enum(v, "if", &o->if_type, if_names, err) &&
         opt_enum(v, "media", &o->media, media_names, err) &&
         opt_int(v, "index", &o->index, err) && opt_int(v, "bus", &o->bus, err) &&
         opt_int(v, "unit", &o->unit, err) && opt_bool(v, "readonly", &o->read_only, err) &&
         opt_bool(v, "read-only", &o->read_only, err) &&
         opt_bool(v, "snapshot", &o->snapshot, err) &&
         opt_bool(v, "copy-on-read", &o->copy_on_read, err) &&
         opt_str(v, "aio", &o->aio, err) &&
         opt_enum(v, "rerror", &o->rerror, block_on_error_names, err) &&
         opt_enum(v, "werror", &o->werror, block_on_error_names, err) && visit_cache(v, o, err) &&
         check_drive(o, err);
    visit_end_struct(v, NULL);
    if (ok && driver) {
        if (o->format && strcmp(driver, o->format)) {
            return error_set(err, "format=%s and driver=%s contradict each other", o->format,
                             driver);
        }
        g_free(o->format);
        o->format = g_steal_pointer(&driver);
    }
    return ok;
}

/* ---- The node ---- */

static void put_str(struct json_object *obj, const char *key, const char *value)
{
    json_object_object_add(obj, key, json_object_new_string(value));
}

/* Names with a protocol in front, which we do not have. */
static bool check_protocol(const char *name, GError **err)
{
    static const char *const protocols[] = {
        "nbd", "nbd+unix", "http", "https", "ftp", "ftps", "ssh", "iscsi", "rbd", "nfs",
        "fat", "vvfat", "gluster", "nvme", "blkdebug", "null-co", "null-aio", NULL,
    };
    const char *colon = strchr(name, ':');
    g_autofree char *protocol = colon ? g_strndup(name, colon - name) : NULL;

    if (protocol && has_name(protocols, protocol)) {
        error_set(err, "file=%s: protocol '%s' is not supported yet", name, protocol);
        error_add_hint(err, "a file of that name is spelt file=./%s", name);
        return false;
    }
    return true;
}

/* The node below, for file=NAME. */
static struct json_object *named_file(const char *name, GError **err)
{
    struct json_object *file;
    struct stat st;

    if (g_str_has_prefix(name, "json:")) {
        file = json_parse_object(name + strlen("json:"), err);
        if (!file) {
            error_prefix(err, "file=json:");
        }
        return file;
    }
    if (!check_protocol(name, err)) {
        return NULL;
    }
    name += g_str_has_prefix(name, "file:") ? strlen("file:") : 0;
    file = json_object_new_object();
    put_str(file, "driver",
            stat(name, &st) == 0 && S_ISBLK(st.st_mode) ? "host_device" : "file");
    put_str(file, "filename", name);
    return file;
}

static struct json_object *file_options(struct json_object *opts, const DriveOptions *o,
                                        GError **err)
{
    struct json_object *given, *file;

    if (!json_object_object_get_ex(opts, "file", &given) ||
        (json_object_is_type(given, json_type_string) &&
         !json_object_get_string_len(given))) {
        error_set(err, "-drive needs file=NAME");
        return NULL;
    }
    if (json_object_is_type(given, json_type_string)) {
        file = named_file(json_object_get_string(given), err);
    } else {
        file = NULL;
        json_object_deep_copy(given, &file, NULL);
        if (!json_object_object_get_ex(file, "driver", NULL)) {
            put_str(file, "driver", "file");
        }
    }
    if (file && o->aio) {
        put_str(file, "aio", o->aio);
    }
    return file;
}

/* The root node's options, as for blockdev-add. */
static struct json_object *node_options(struct json_object *opts, const DriveOptions *o,
                                        GError **err)
{
    struct json_object *file = file_options(opts, o, err), *node, *cache, *value;

    if (!file) {
        return NULL;
    }
    node = json_object_new_object();
    cache = json_object_new_object();
    json_object_object_add(cache, "direct", json_object_new_boolean(o->cache_direct));
    json_object_object_add(cache, "no-flush", json_object_new_boolean(o->cache_no_flush));
    put_str(node, "driver", o->format ? o->format : "raw");
    for (unsigned i = 0; node_keys[i]; i++) {
        if (json_object_object_get_ex(opts, node_keys[i], &value)) {
            json_object_object_add(node, node_keys[i], json_object_get(value));
        }
    }
    json_object_object_add(node, "cache", cache);
    json_object_object_add(node, "read-only",
                           json_object_new_boolean(o->read_only || o->media == 1));
    json_object_object_add(node, "file", file);
    return node;
}

/* Without format= the image is raw: unless that would surprise its owner. */
static bool check_guess(BlockNode *node, GError **err)
{
    char sector[BLOCK_SECTOR];
    const char *format;
    int ret;

    if (node->size < BLOCK_SECTOR) {
        return true;
    }
    ret = block_run_sync(node, BLOCK_READ, 0, sector, sizeof(sector));
    if (ret < 0) {
        return error_set_errno(err, -ret, "cannot read '%s'", node->filename);
    }
    format = block_foreign_format(sector, sizeof(sector));
    if (format) {
        error_set(err, "'%s' looks like a %s image, and format= was not given",
                  node->filename, format);
        error_add_hint(err, "format=raw shows the guest its bytes as they are");
        return false;
    }
    if (!node->opt.read_only) {
        raw_guard_format(node);
        warn_report("the format of image '%s' was not given: it is used as raw, and the "
                    "guest may not make it look like another (format=raw)", node->filename);
    }
    return true;
}

static BlockNode *open_drive_node(struct json_object *opts, const DriveOptions *o,
                                  GError **err)
{
    struct json_object *options = node_options(opts, o, err);
    g_autoptr(Visitor) v = NULL;
    BlockNode *node;

    if (!options) {
        return NULL;
    }
    v = visitor_new_keyval_input(options);
    json_object_put(options);
    node = block_open(v, NULL, NULL, err);
    if (node && !o->format && !check_guess(node, err)) {
        block_node_unref(node);
        return NULL;
    }
    if (node && node->note) {
        warn_report("%s", node->note);
    }
    return node;
}

/* ---- The drive ---- */

static int units_per_bus(int if_type)
{
    return !strcmp(if_names[if_type], "ide") ? 2 : !strcmp(if_names[if_type], "scsi") ? 7 : 0;
}

static BlockBackend *drive_at(int if_type, int index)
{
    for (GList *l = blk_all(); l; l = l->next) {
        BlockBackend *blk = l->data;

        if (blk->if_type == if_names[if_type] && blk->index == index) {
            return blk;
        }
    }
    return NULL;
}

/* From index, or bus and unit, or the next that is free. */
static bool choose_index(const DriveOptions *o, int *ret, GError **err)
{
    int units = units_per_bus(o->if_type), index = o->index;
    BlockBackend *other;

    if (o->index >= 0 && (o->bus >= 0 || o->unit >= 0)) {
        return error_set(err, "-drive: index= and bus=,unit= exclude each other");
    }
    if (index < 0 && (o->bus >= 0 || o->unit >= 0)) {
        index = MAX(o->bus, 0) * MAX(units, 1) + MAX(o->unit, 0);
    }
    if (index < 0) {
        for (index = 0; drive_at(o->if_type, index); index++) {
        }
    }
    other = drive_at(o->if_type, index);
    if (other) {
        return error_set(err, "-drive if=%s,index=%d is drive '%s' already",
                         if_names[o->if_type], index, other->name);
    }
    *ret = index;
    return true;
}

static char *default_id(const DriveOptions *o, int index)
{
    int units = units_per_bus(o->if_type);

    if (units) {
        return g_strdup_printf("%s%d-%s%d", if_names[o->if_type], index / units,
                               o->media ? "cd" : "hd", index % units);
    }
    return g_strdup_printf("%s%d", if_names[o->if_type], index);
}

static bool add_drive(struct json_object *opts, DriveOptions *o, GError **err)
{
    BlockBackend *blk;
    BlockNode *node;
    int index = 0;

    if (!choose_index(o, &index, err)) {
        return false;
    }
    o->id = o->id ? o->id : default_id(o, index);
    if (!block_check_name(o->id, err)) {
        return false;
    }
    node = open_drive_node(opts, o, err);
    if (!node) {
        return error_prefix(err, "drive '%s'", o->id);
    }
    blk = blk_new(node, o->id, err);
    block_node_unref(node);
    if (!blk || !blk_set_on_error(blk, o->rerror, o->werror, err)) {
        if (blk) {
            blk_unref(blk);
        }
        return false;
    }
    blk->if_type = if_names[o->if_type];
    blk->index = index;
    blk->write_cache = o->write_cache;
    return true;
}

bool drive_add(struct json_object *opts, const char *default_if, GError **err)
{
    g_autoptr(Visitor) v = visitor_new_keyval_input(opts);
    g_auto(DriveOptions) o = { 0 };

    return check_keys(opts, err) && visit_drive(v, default_if, &o, err) &&
           add_drive(opts, &o, err);
}

/* The first at @index, or at all (-1). */
static BlockBackend *take(const char *if_type, int index)
{
    BlockBackend *first = NULL;

    for (GList *l = blk_all(); l; l = l->next) {
        BlockBackend *blk = l->data;

        if (blk->if_type && !strcmp(blk->if_type, if_type) && !blk->taken && !blk->owner &&
            !blk->dev && (index < 0 || blk->index == index) &&
            (!first || blk->index < first->index)) {
            first = blk;
        }
    }
    if (first) {
        first->taken = true;
    }
    return first;
}

BlockBackend *drive_next(const char *if_type)
{
    return take(if_type, -1);
}

BlockBackend *drive_take(const char *if_type, int index)
{
    return take(if_type, index);
}

bool drive_check_unused(GError **err)
{
    for (GList *l = blk_all(); l; l = l->next) {
        BlockBackend *blk = l->data;

        if (blk->if_type && strcmp(blk->if_type, "none") && !blk->taken && !blk->owner &&
            !blk->dev) {
            error_set(err, "drive '%s': this machine has no place for if=%s,index=%d",
                      blk->name, blk->if_type, blk->index);
            error_add_hint(err, "if=none with -device connects it to a device of your "
                           "choice");
            return false;
        }
    }
    return true;
}

void drive_release_all(void)
{
    for (GList *l = blk_all(), *next; l; l = next) {
        BlockBackend *blk = l->data;

        next = l->next;
        if (blk->if_type && !blk->owner && !blk->dev) {
            blk_unref(blk);
        }
    }
}

/* ---- Nodes of blockdev-add ---- */

bool blockdev_add(struct json_object *opts, bool keyval, GError **err)
{
    g_autoptr(Visitor) v = keyval ? visitor_new_keyval_input(opts)
                                  : visitor_new_json_input(opts);
    struct json_object *name = NULL;
    BlockNode *node;

    json_object_object_get_ex(opts, "node-name", &name);
    if (!name) {
        return error_set(err, "Parameter 'node-name' is missing: the root node needs one");
    }
    node = block_open(v, NULL, NULL, err);
    if (!node) {
        return error_prefix(err, "block node '%.64s'", json_object_get_string(name));
    }
    node->owned = true;
    return true;
}

bool blockdev_del(const char *node_name, GError **err)
{
    BlockNode *node = block_node_get(node_name, err);
    const char *user;

    if (!node) {
        return false;
    }
    if (!node->owned) {
        return error_set(err, "block node '%s' was not made by blockdev-add", node_name);
    }
    user = block_node_user(node);
    if (user) {
        return error_set(err, "block node '%s' is in use by %s", node_name, user);
    }
    node->owned = false;
    block_node_unref(node);
    return true;
}

static BlockNode *find_owned(void)
{
    for (GList *l = block_nodes(); l; l = l->next) {
        BlockNode *node = l->data;

        if (node->owned) {
            return node;
        }
    }
    return NULL;
}

void blockdev_release_all(void)
{
    BlockNode *node;

    /* From the start after each: closing one may close others. */
    while ((node = find_owned())) {
        node->owned = false;
        block_node_unref(node);
    }
}
