/*
 * Block nodes: names, the graph, who uses a node for what (block/block.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/block.h"
#include "block/trace.h"

enum { MAX_NAME = 31 };

struct BlockUser {
    BlockNode *node;
    char *what;
    unsigned perm, shared;
};

static struct {
    GList *nodes;        /* BlockNode *, oldest first; machine lock */
    unsigned next_auto;
} graph;

/* ---- Names ---- */

GList *block_nodes(void)
{
    return graph.nodes;
}

BlockNode *block_node_find(const char *name)
{
    for (GList *l = graph.nodes; l; l = l->next) {
        BlockNode *node = l->data;

        if (!strcmp(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

BlockNode *block_node_get(const char *name, GError **err)
{
    BlockNode *node = block_node_find(name);
    g_autoptr(GPtrArray) names = NULL;

    if (node) {
        return node;
    }
    names = g_ptr_array_new();
    for (GList *l = graph.nodes; l; l = l->next) {
        g_ptr_array_add(names, ((BlockNode *)l->data)->name);
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(err, "block node", name, (const char *const *)names->pdata);
    return NULL;
}

static bool name_well_formed(const char *name)
{
    if (!g_ascii_isalpha(*name) || strlen(name) > MAX_NAME) {
        return false;
    }
    for (; *name; name++) {
        if (!g_ascii_isalnum(*name) && !strchr("-._", *name)) {
            return false;
        }
    }
    return true;
}

bool block_check_name(const char *name, GError **err)
{
    if (!name_well_formed(name)) {
        error_set(err, "'%.64s' cannot be the name of a block node or drive", name);
        error_set_expected(err, "a letter, then letters, digits, '-', '.' and '_', at most "
                           "%d characters in all", MAX_NAME);
        return false;
    }
    if (block_node_find(name)) {
        return error_set(err, "there is a block node '%s' already", name);
    }
    if (blk_by_name(name)) {
        return error_set(err, "there is a drive '%s' already", name);
    }
    return true;
}

static char *auto_name(void)
{
    for (;;) {
        char *name = g_strdup_printf("#block%03u", graph.next_auto++);

        if (!block_node_find(name)) {
            return name;
        }
        g_free(name);
    }
}

/* ---- Users and permissions ---- */

static const char *const perm_words[BLOCK_PERM_COUNT] = {
    "reads", "writes", "rewrites", "resizes",
};

/* "writes" for the lowest bit: one reason is enough for a message. */
static const char *perm_word(unsigned perms)
{
    return perm_words[__builtin_ctz(perms)];
}

static bool check_conflicts(const BlockNode *node, const BlockUser *self, unsigned perm,
                            unsigned shared, GError **err)
{
    for (GList *l = node->users; l; l = l->next) {
        const BlockUser *u = l->data;

        if (u == self) {
            continue;
        }
        if (perm & ~u->shared) {
            return error_set(err, "%s %s block node '%s', which %s does not let others do",
                             self->what, perm_word(perm & ~u->shared), node->name, u->what);
        }
        if (u->perm & ~shared) {
            return error_set(err, "%s %s block node '%s', which %s does not let others do",
                             u->what, perm_word(u->perm & ~shared), node->name, self->what);
        }
    }
    return true;
}

static bool node_set_perm(BlockNode *node, unsigned perm, unsigned shared, GError **err)
{
    if (perm == node->perm && shared == node->shared) {
        return true;
    }
    if ((perm & (BLOCK_PERM_WRITE | BLOCK_PERM_RESIZE)) && node->opt.read_only) {
        error_set(err, "block node '%s'%s%s is read-only", node->name,
                  node->filename ? " of " : "", node->filename ? node->filename : "");
        if (node->note) {
            error_add_hint(err, "%s", node->note);
        }
        return false;
    }
    if (node->child && node->drv->filter &&
        !block_user_set(node->child, perm, shared, err)) {
        return false;
    }
    if (node->drv->set_perm && !node->drv->set_perm(node, perm, shared, err)) {
        return false;
    }
    node->perm = perm;
    node->shared = shared;
    return true;
}

/* What all users of @node want, @self's part apart. */
static void others_perm(const BlockNode *node, const BlockUser *self, unsigned *perm,
                        unsigned *shared)
{
    for (GList *l = node->users; l; l = l->next) {
        const BlockUser *u = l->data;

        if (u != self) {
            *perm |= u->perm;
            *shared &= u->shared;
        }
    }
}

bool block_user_set(BlockUser *user, unsigned perm, unsigned shared, GError **err)
{
    BlockNode *node = user->node;
    unsigned all_perm = perm, all_shared = shared;

    others_perm(node, user, &all_perm, &all_shared);
    if (!check_conflicts(node, user, perm, shared, err) ||
        !node_set_perm(node, all_perm, all_shared, err)) {
        return false;
    }
    user->perm = perm;
    user->shared = shared;
    return true;
}

BlockUser *block_user_new(BlockNode *node, const char *what, unsigned perm, unsigned shared,
                          GError **err)
{
    BlockUser *user = g_new0(BlockUser, 1);

    user->node = block_node_ref(node);
    user->what = g_strdup(what);
    user->shared = BLOCK_PERM_ALL;
    node->users = g_list_append(node->users, user);
    if (!block_user_set(user, perm, shared, err)) {
        block_user_free(user);
        return NULL;
    }
    return user;
}

void block_user_free(BlockUser *user)
{
    BlockNode *node = user->node;

    /* Giving up rights is never refused by other users; a driver that cannot keeps more. */
    block_user_set(user, 0, BLOCK_PERM_ALL, NULL);
    node->users = g_list_remove(node->users, user);
    g_free(user->what);
    g_free(user);
    block_node_unref(node);
}

void block_user_rename(BlockUser *user, const char *what)
{
    g_free(user->what);
    user->what = g_strdup(what);
}

BlockNode *block_user_node(const BlockUser *user)
{
    return user->node;
}

const char *block_node_user(const BlockNode *node)
{
    return node->users ? ((BlockUser *)node->users->data)->what : NULL;
}

/* ---- Life of a node ---- */

BlockNode *block_node_ref(BlockNode *node)
{
    node->ref++;
    return node;
}

void block_node_unref(BlockNode *node)
{
    if (--node->ref > 0) {
        return;
    }
    g_assert(!node->users);
    trace_block_node_close(node->name, node->drv->name);
    graph.nodes = g_list_remove(graph.nodes, node);
    if (node->state && node->drv->close) {
        node->drv->close(node);
    }
    if (node->child) {
        block_user_free(node->child);
    }
    g_free(node->state);
    g_free(node->name);
    g_free(node->filename);
    g_free(node->note);
    g_free(node);
}

/* Open @drv's node; @v is inside the node's object, or NULL. */
static BlockNode *open_node(const BlockDriver *drv, const char *name,
                            const BlockOptions *opt, Visitor *v, GError **err)
{
    BlockNode *node;

    if (name && !block_check_name(name, err)) {
        return NULL;
    }
    if (opt->force_share && !opt->read_only) {
        error_set(err, "force-share=on needs read-only=on");
        return NULL;
    }
    node = g_new0(BlockNode, 1);
    node->drv = drv;
    node->ref = 1;
    node->opt = *opt;
    node->name = name ? g_strdup(name) : auto_name();
    node->named = name != NULL;
    node->shared = BLOCK_PERM_ALL;
    node->state = g_malloc0(MAX(drv->state_size, 1));
    graph.nodes = g_list_append(graph.nodes, node);
    if (drv->open && !drv->open(node, v, err)) {
        trace_block_node_open_fail(node->name, drv->name);
        g_free(node->state);
        node->state = NULL;
        block_node_unref(node);
        return NULL;
    }
    trace_block_node_open(node->name, drv->name, node->filename);
    return node;
}

BlockNode *block_node_new(const BlockDriver *drv, const char *name, const BlockOptions *opt,
                          GError **err)
{
    return open_node(drv, name, opt, NULL, err);
}

BlockNode *block_child(const BlockNode *node)
{
    return node->child ? node->child->node : NULL;
}

/* ---- Options ---- */

static bool visit_bool_option(Visitor *v, const char *name, bool *obj, GError **err)
{
    bool present;

    return !visit_optional(v, name, &present) || visit_type_bool(v, name, obj, err);
}

static bool visit_enum_option(Visitor *v, const char *name, int *obj,
                              const char *const *names, GError **err)
{
    bool present;

    return !visit_optional(v, name, &present) || visit_type_enum(v, name, obj, names, err);
}

static bool visit_cache(Visitor *v, BlockOptions *opt, GError **err)
{
    bool present, ok;

    if (!visit_optional(v, "cache", &present)) {
        return true;
    }
    if (!visit_start_struct(v, "cache", NULL, 0, err)) {
        return false;
    }
    ok = visit_bool_option(v, "direct", &opt->cache_direct, err) &&
         visit_bool_option(v, "no-flush", &opt->cache_no_flush, err) &&
         visit_check_struct(v, err);
    visit_end_struct(v, NULL);
    return ok;
}

static bool visit_options(Visitor *v, BlockOptions *opt, GError **err)
{
    static const char *const discard_names[] = { "ignore", "unmap", NULL };
    static const char *const detect_names[] = { "off", "on", "unmap", NULL };
    int discard = opt->discard, detect = opt->detect_zeroes;
    bool active = true;

    if (!visit_bool_option(v, "read-only", &opt->read_only, err) ||
        !visit_bool_option(v, "auto-read-only", &opt->auto_read_only, err) ||
        !visit_bool_option(v, "force-share", &opt->force_share, err) ||
        !visit_bool_option(v, "active", &active, err) ||
        !visit_enum_option(v, "discard", &discard, discard_names, err) ||
        !visit_enum_option(v, "detect-zeroes", &detect, detect_names, err) ||
        !visit_cache(v, opt, err)) {
        return false;
    }
    if (!active) {
        return error_set(err, "inactive nodes (active=off) are not supported");
    }
    opt->discard = discard;
    opt->detect_zeroes = detect;
    if (opt->detect_zeroes == DETECT_ZEROES_UNMAP && !opt->discard) {
        return error_set(err, "detect-zeroes=unmap needs discard=unmap");
    }
    return true;
}

const char *const *block_driver_names(void)
{
    static const char *names[16];

    if (!names[0]) {
        for (unsigned i = 0; block_drivers[i] && i < ARRAY_SIZE(names) - 1; i++) {
            names[i] = block_drivers[i]->name;
        }
    }
    return names;
}

/* @v is inside the object. */
static BlockNode *open_members(Visitor *v, const BlockOptions *inherit, GError **err)
{
    BlockOptions opt = inherit ? *inherit : (BlockOptions){ 0 };
    g_autofree char *name = NULL;
    BlockNode *node;
    bool present;
    int driver;

    if (!visit_type_enum(v, "driver", &driver, block_driver_names(), err) ||
        (visit_optional(v, "node-name", &present) &&
         !visit_type_str(v, "node-name", &name, err)) ||
        !visit_options(v, &opt, err)) {
        return NULL;
    }
    node = open_node(block_drivers[driver], name, &opt, v, err);
    if (node && !visit_check_struct(v, err)) {
        block_node_unref(node);
        return NULL;
    }
    return node;
}

BlockNode *block_open(Visitor *v, const char *name, const BlockOptions *inherit,
                      GError **err)
{
    BlockNode *node;

    if (name && visit_peek_type(v, name) == json_type_string) {
        g_autofree char *ref = NULL;

        if (!visit_type_str(v, name, &ref, err)) {
            return NULL;
        }
        node = block_node_get(ref, err);
        if (!node) {
            error_prefix(err, "parameter '%s'", name);
        }
        return node ? block_node_ref(node) : NULL;
    }
    if (!visit_start_struct(v, name, NULL, 0, err)) {
        return NULL;
    }
    node = open_members(v, inherit, err);
    visit_end_struct(v, NULL);
    return node;
}

bool block_open_child(BlockNode *node, Visitor *v, const char *name, GError **err)
{
    /* A layer above decides what is discarded or detected; below, all of it passes. */
    BlockOptions opt = node->opt;
    g_autofree char *what = g_strdup_printf("block node '%s'", node->name);
    BlockNode *child;

    opt.discard = true;
    opt.detect_zeroes = DETECT_ZEROES_OFF;
    child = block_open(v, name, &opt, err);
    if (!child) {
        return false;
    }
    node->child = block_user_new(child, what, 0, BLOCK_PERM_ALL, err);
    block_node_unref(child);
    if (!node->child) {
        return false;
    }
    if (child->opt.read_only && !node->opt.read_only) {
        if (!node->opt.auto_read_only) {
            return error_set(err, "block node '%s'%s%s is read-only; so must '%s' be "
                             "(read-only=on)", child->name,
                             child->filename ? " of " : "",
                             child->filename ? child->filename : "", node->name);
        }
        node->opt.read_only = true;
    }
    node->filename = g_strdup(child->filename);
    node->note = g_strdup(child->note);
    return true;
}
