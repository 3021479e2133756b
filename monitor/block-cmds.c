/*
 * QMP commands and events of disks (qapi/block.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block-backend.h"
#include "monitor/qmp-internal.h"
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
