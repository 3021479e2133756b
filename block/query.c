/*
 * Reports about drives and nodes: `info block` and what the query commands answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/backend-internal.h"
#include "util/cutils.h"
#include <sys/stat.h>

static void put(struct json_object *obj, const char *key, struct json_object *value)
{
    json_object_object_add(obj, key, value);
}

static void put_str(struct json_object *obj, const char *key, const char *value)
{
    put(obj, key, json_object_new_string(value));
}

static void put_bool(struct json_object *obj, const char *key, bool value)
{
    put(obj, key, json_object_new_boolean(value));
}

static void put_uint(struct json_object *obj, const char *key, uint64_t value)
{
    put(obj, key, json_object_new_uint64(value));
}

static const char *const detect_names[] = { "off", "on", "unmap" };

/* ---- query-named-block-nodes, and the same in query-block ---- */

static struct json_object *node_children(const BlockNode *node)
{
    struct json_object *list = json_object_new_array();

    if (block_child(node)) {
        struct json_object *child = json_object_new_object();

        put_str(child, "child", "file");
        put_str(child, "node-name", block_child(node)->name);
        json_object_array_add(list, child);
    }
    return list;
}

static struct json_object *node_json(const BlockNode *node, bool write_cache)
{
    static const char *const no_limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd",
                                             "iops_wr", "write_threshold",
                                             "backing_file_depth" };
    struct json_object *o = json_object_new_object(), *cache = json_object_new_object();
    struct json_object *image = json_object_new_object();
    const char *file = node->filename ? node->filename : "";

    put_str(o, "node-name", node->name);
    put_str(o, "drv", node->drv->name);
    put_str(o, "file", file);
    put_bool(o, "ro", node->opt.read_only);
    put_bool(o, "active", true);
    put_bool(o, "encrypted", false);
    put_str(o, "detect_zeroes", detect_names[node->opt.detect_zeroes]);
    for (unsigned i = 0; i < ARRAY_SIZE(no_limits); i++) {
        put_uint(o, no_limits[i], 0);
    }
    put_bool(cache, "writeback", write_cache);
    put_bool(cache, "direct", node->opt.cache_direct);
    put_bool(cache, "no-flush", node->opt.cache_no_flush);
    put(o, "cache", cache);
    put_str(image, "filename", file);
    put_str(image, "format", node->drv->name);
    put_uint(image, "virtual-size", node->size);
    put(o, "image", image);
    put(o, "children", node_children(node));
    return o;
}

struct json_object *block_query_nodes(void)
{
    struct json_object *list = json_object_new_array();

    for (GList *l = block_nodes(); l; l = l->next) {
        json_object_array_add(list, node_json(l->data, true));
    }
    return list;
}

/* ---- query-block ---- */

/* libvirt looks for the virtio function of a device, wherever that is: see hw/virtio. */
static void put_qdev(struct json_object *o, const BlockBackend *blk)
{
    static const char backend[] = "virtio-backend";
    Object *owner = blk->owner;
    g_autofree char *path = owner ? object_path(owner) : NULL;
    g_autofree char *below = NULL;

    if (!owner) {
        return;
    }
    if (object_class_find_property(owner->klass, backend) && owner->parent &&
        !g_str_equal(owner->name, backend)) {
        below = g_strdup_printf("%s/%s", path, backend);
    }
    put_str(o, "qdev", below ? below : path);
}

static const char *io_status(const BlockBackend *blk)
{
    return !blk->io_error ? "ok"
           : blk->io_error == ENOSPC || blk->io_error == EDQUOT ? "nospace" : "failed";
}

struct json_object *block_query(void)
{
    struct json_object *list = json_object_new_array();

    for (GList *l = blk_all(); l; l = l->next) {
        const BlockBackend *blk = l->data;
        struct json_object *o = json_object_new_object();

        put_str(o, "device", blk->name ? blk->name : "");
        put_qdev(o, blk);
        put_str(o, "type", "unknown");
        put_bool(o, "removable", false);
        put_bool(o, "locked", false);
        put(o, "inserted", node_json(blk_node(blk), blk->write_cache));
        put_str(o, "io-status", io_status(blk));
        json_object_array_add(list, o);
    }
    return list;
}

/* ---- query-blockstats ---- */

static struct json_object *stats_json(const BlockBackend *blk)
{
    static const struct {
        BlockOp op;
        const char *word;
    } kinds[] = { { BLOCK_READ, "rd" }, { BLOCK_WRITE, "wr" }, { BLOCK_FLUSH, "flush" },
                  { BLOCK_DISCARD, "unmap" } };
    static const char *const suffixes[] = { "bytes", "operations", "total_time_ns" };
    struct json_object *o = json_object_new_object();

    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        const BlkOpStats *st = &blk->stats[kinds[i].op];
        const uint64_t values[] = { st->bytes, st->ops, st->time_ns };

        for (unsigned k = kinds[i].op == BLOCK_FLUSH; k < ARRAY_SIZE(suffixes); k++) {
            g_autofree char *key = g_strdup_printf("%s_%s", kinds[i].word, suffixes[k]);

            put_uint(o, key, values[k]);
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_autofree char *failed = g_strdup_printf("failed_%s_operations", kinds[i].word);
        g_autofree char *invalid = g_strdup_printf("invalid_%s_operations", kinds[i].word);

        put_uint(o, failed, blk->stats[kinds[i].op].failed);
        put_uint(o, invalid, blk->stats[kinds[i].op].invalid);
    }
    return o;
}

struct json_object *block_query_stats(void)
{
    struct json_object *list = json_object_new_array();

    for (GList *l = blk_all(); l; l = l->next) {
        const BlockBackend *blk = l->data;
        struct json_object *o = json_object_new_object();

        put_str(o, "device", blk->name ? blk->name : "");
        put_str(o, "node-name", blk_node(blk)->name);
        put_qdev(o, blk);
        put(o, "stats", stats_json(blk));
        json_object_array_add(list, o);
    }
    return list;
}

/* ---- info block ---- */

static void describe_node(GString *out, BlockNode *node)
{
    BlockNode *bottom = node;
    g_autofree char *size = format_size(node->size);

    while (block_child(bottom)) {
        bottom = block_child(bottom);
    }
    g_string_append_printf(out, "%s (%s, %s%s", node->filename ? node->filename : "-",
                           node->drv->name, size, node->opt.read_only ? ", read-only" : "");
    if (bottom->drv->describe) {
        bottom->drv->describe(bottom, out);
    }
    g_string_append(out, ")\n");
    if (node->note) {
        g_string_append_printf(out, "    Note:             %s\n", node->note);
    }
}

static void describe_cache(GString *out, const BlockNode *node, bool write_cache)
{
    g_string_append_printf(out, "    Cache mode:       %s%s%s\n",
                           write_cache ? "writeback" : "writethrough",
                           node->opt.cache_direct ? ", direct" : "",
                           node->opt.cache_no_flush ? ", ignore flushes" : "");
}

static void describe_image(GString *out, const BlockNode *node)
{
    g_autofree char *size = format_size(node->size);
    struct stat st;

    g_string_append_printf(out, "\nImages:\nimage: %s\nfile format: %s\n"
                           "virtual size: %s (%" PRIu64 " bytes)\n",
                           node->filename ? node->filename : "-", node->drv->name, size,
                           node->size);
    if (node->filename && stat(node->filename, &st) == 0 && S_ISREG(st.st_mode)) {
        g_autofree char *disk = format_size((uint64_t)st.st_blocks * 512);

        g_string_append_printf(out, "disk size: %s\n", disk);
    }
}

static void describe_drive(GString *out, const BlockBackend *blk)
{
    BlockNode *node = blk_node(blk);
    g_autofree char *path = blk->owner ? object_path(blk->owner) : NULL;

    g_string_append_printf(out, "%s (%s): ", blk->name ? blk->name : "(no drive)", node->name);
    describe_node(out, node);
    if (path) {
        g_string_append_printf(out, "    Attached to:      %s\n", path);
    }
    describe_cache(out, node, blk->write_cache);
    if (blk->io_error) {
        g_string_append_printf(out, "    I/O status:       %s: %s\n", io_status(blk),
                               g_strerror(blk->io_error));
    }
}

bool block_info(const char *device, bool nodes, bool verbose, GString *out, GError **err)
{
    size_t before = out->len;
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (GList *l = nodes ? NULL : blk_all(); l; l = l->next) {
        const BlockBackend *blk = l->data;

        if (blk->name) {
            g_ptr_array_add(names, blk->name);
        }
        if (!device || g_strcmp0(device, blk->name) == 0) {
            g_string_append(out, out->len > before ? "\n" : "");
            describe_drive(out, blk);
            if (verbose) {
                describe_image(out, blk_node(blk));
            }
        }
    }
    for (GList *l = nodes || (device && out->len == before) ? block_nodes() : NULL; l;
         l = l->next) {
        BlockNode *node = l->data;

        g_ptr_array_add(names, node->name);
        if (!device || g_str_equal(device, node->name)) {
            g_string_append_printf(out, "%s%s: ", out->len > before ? "\n" : "", node->name);
            describe_node(out, node);
            describe_cache(out, node, true);
            if (verbose) {
                describe_image(out, node);
            }
        }
    }
    g_ptr_array_add(names, NULL);
    return !device || out->len > before ||
           error_set_unknown(err, "drive or block node", device,
                             (const char *const *)names->pdata);
}
