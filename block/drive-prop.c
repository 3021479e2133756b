/*
 * The property "drive" of devices: names a drive or a block node.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/backend-internal.h"

static BlockBackend **prop_blk(Object *obj, const Property *prop)
{
    return prop_field(obj, prop);
}

bool drive_prop_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    BlockBackend *blk = *prop_blk(obj, prop);
    g_autofree char *text = g_strdup(blk ? blk_name(blk) : "");

    return visit_type_str(v, name, &text, err);
}

static void unknown_drive(const char *given, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (GList *l = blk_all(); l; l = l->next) {
        BlockBackend *blk = l->data;

        if (blk->name) {
            g_ptr_array_add(names, blk->name);
        }
    }
    for (GList *l = block_nodes(); l; l = l->next) {
        g_ptr_array_add(names, ((BlockNode *)l->data)->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(err, "drive or block node", given, (const char *const *)names->pdata);
}

/* A reference to the drive of that name, or to a new back end for the node of that name. */
static BlockBackend *find_or_make(const char *name, GError **err)
{
    BlockBackend *blk = blk_by_name(name);
    BlockNode *node;

    if (blk && blk->name) {
        return blk_ref(blk);
    }
    node = block_node_find(name);
    if (!node) {
        unknown_drive(name, err);
        return NULL;
    }
    return blk_new(node, NULL, err);
}

bool drive_prop_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    g_autofree char *text = NULL;
    BlockBackend *blk = NULL;

    if (!visit_type_str(v, name, &text, err)) {
        return false;
    }
    if (*text) {
        blk = find_or_make(text, err);
        if (!blk) {
            return error_prefix(err, "property '%s'", prop->name);
        }
        if (blk->owner && (blk->owner != obj || blk->owner_prop != prop)) {
            g_autofree char *path = object_path(blk->owner);

            blk_unref(blk);
            return error_set(err, "property '%s': drive '%s' belongs to device '%s'",
                             prop->name, text, path ? path : "?");
        }
    }
    drive_prop_release(obj, prop);
    if (blk) {
        blk->owner = obj;
        blk->owner_prop = prop;
    }
    *prop_blk(obj, prop) = blk;
    return true;
}

void drive_prop_release(Object *obj, const Property *prop)
{
    BlockBackend *blk = *prop_blk(obj, prop);

    if (blk) {
        *prop_blk(obj, prop) = NULL;
        blk->owner = NULL;
        blk->owner_prop = NULL;
        blk_unref(blk);
    }
}
