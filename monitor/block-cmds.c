/*
 * QMP commands and events of disks (qapi/block.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "monitor/monitor.h"
#include "monitor/qmp-internal.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-events-block.h"

struct json_object *qmp_blockdev_add(struct json_object *args, GError **err)
{
    return blockdev_add(args, false, err) ? json_object_new_object() : NULL;
}

bool qmp_blockdev_del(const char *node_name, GError **err)
{
    return blockdev_del(node_name, err);
}

struct json_object *qmp_query_named_block_nodes(struct json_object *args, GError **err)
{
    return block_query_nodes();
}

struct json_object *qmp_query_block(struct json_object *args, GError **err)
{
    return block_query();
}

struct json_object *qmp_query_blockstats(struct json_object *args, GError **err)
{
    return block_query_stats();
}

HumanReadableText *qmp_x_query_block(bool has_nodes, bool nodes, bool has_verbose, bool verbose,
                                     const char *device, GError **err)
{
    GString *out = g_string_new(NULL);

    if (!block_info(device, has_nodes && nodes, has_verbose && verbose, out, err)) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return human_readable_text(out);
}

static bool add_drive(const char *options, GError **err)
{
    g_autoptr(json_object) opts = keyval_parse(options, NULL, NULL, err);
    struct json_object *type;

    if (opts && json_object_object_get_ex(opts, "if", &type) &&
        !g_str_equal(json_object_get_string(type), "none")) {
        error_set(err, "a drive with if=%s needs a device, which boards make at start only",
                  json_object_get_string(type));
        error_add_hint(err, "use if=none and device_add");
        return false;
    }
    return opts && drive_add(opts, "none", err);
}

static bool add_node(const char *options, GError **err)
{
    bool keyval;
    g_autoptr(json_object) opts = keyval_or_json(options, "driver", &keyval, err);

    return opts && blockdev_add(opts, keyval, err);
}

HumanReadableText *qmp_x_hmp_drive_add(bool has_node, bool node, const char *address,
                                       const char *options, GError **err)
{
    if (has_node && node ? !add_node(options, err) : !add_drive(options, err)) {
        return NULL;
    }
    return human_readable_text(g_string_new("OK\n"));
}
