/*
 * Memory regions: making them, and the tree they form (softmmu/memory.h).
 *
 * The tree is changed under the machine lock. Every change asks for new flat views; inside
 * memory_begin/memory_commit they are rendered once, at the outermost commit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory-internal.h"

/* Under the machine lock. */
static struct {
    unsigned depth;
    bool pending;
} transaction;

void memory_begin(void)
{
    transaction.depth++;
}

void memory_commit(void)
{
    g_assert(transaction.depth > 0);
    if (--transaction.depth == 0 && transaction.pending) {
        transaction.pending = false;
        address_spaces_update();
    }
}

static void tree_changed(void)
{
    transaction.pending = true;
    memory_begin();
    memory_commit();
}

void memory_region_init(MemoryRegion *mr, void *owner, const char *name, uint64_t size)
{
    memset(mr, 0, sizeof(*mr));
    mr->owner = owner;
    mr->name = g_strdup(name);
    mr->size = size;
    mr->enabled = true;
    mr->in_io = &mr->own_io;
}

void memory_region_init_io(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                           void *opaque, const char *name, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->ops = ops;
    mr->opaque = opaque;
}

static bool init_with_ram(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                          int fd, bool readonly, bool shared, GError **err)
{
    memory_region_init(mr, owner, name, size);
    mr->ram = ram_block_new(name, size, fd, readonly, shared, err);
    if (!mr->ram) {
        g_free(mr->name);
        mr->name = NULL;
        return false;
    }
    mr->ram->mr = mr;
    return true;
}

bool memory_region_init_ram(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            GError **err)
{
    return init_with_ram(mr, owner, name, size, -1, false, false, err);
}

bool memory_region_init_ram_file(MemoryRegion *mr, void *owner, const char *name,
                                 uint64_t size, int fd, bool shared, GError **err)
{
    return init_with_ram(mr, owner, name, size, fd, false, shared, err);
}

bool memory_region_init_rom(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            GError **err)
{
    return init_with_ram(mr, owner, name, size, -1, true, false, err);
}

bool memory_region_init_rom_device(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, uint64_t size,
                                   GError **err)
{
    if (!init_with_ram(mr, owner, name, size, -1, true, false, err)) {
        return false;
    }
    mr->ops = ops;
    mr->opaque = opaque;
    mr->rom_device = true;
    mr->romd_mode = true;
    return true;
}

void memory_region_init_alias(MemoryRegion *mr, void *owner, const char *name,
                              MemoryRegion *target, uint64_t offset, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->alias = target;
    mr->alias_offset = offset;
}

void memory_region_destroy(MemoryRegion *mr)
{
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
    if (mr->subregions) {
        g_assert(mr->subregions->len == 0);
        g_ptr_array_unref(mr->subregions);
        mr->subregions = NULL;
    }
    if (mr->ram) {
        ram_block_free(mr->ram);
        mr->ram = NULL;
    }
    g_free(mr->name);
    mr->name = NULL;
}

/* Equal priorities: the later one wins, as the newer wiring. */
static void insert_by_priority(GPtrArray *subs, MemoryRegion *sub)
{
    unsigned i;

    for (i = 0; i < subs->len; i++) {
        MemoryRegion *other = g_ptr_array_index(subs, i);

        if (sub->priority >= other->priority) {
            break;
        }
    }
    g_ptr_array_insert(subs, i, sub);
}

static void add_subregion(MemoryRegion *mr, uint64_t addr, MemoryRegion *sub, int priority)
{
    g_assert(!sub->container);
    if (!mr->subregions) {
        mr->subregions = g_ptr_array_new();
    }
    sub->container = mr;
    sub->addr = addr;
    sub->priority = priority;
    insert_by_priority(mr->subregions, sub);
    tree_changed();
}

void memory_region_add_subregion(MemoryRegion *mr, uint64_t addr, MemoryRegion *sub)
{
    add_subregion(mr, addr, sub, 0);
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, uint64_t addr, MemoryRegion *sub,
                                         int priority)
{
    add_subregion(mr, addr, sub, priority);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub)
{
    g_assert(sub->container == mr);
    g_ptr_array_remove(mr->subregions, sub);
    sub->container = NULL;
    tree_changed();
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    if (mr->enabled != enabled) {
        mr->enabled = enabled;
        tree_changed();
    }
}

void memory_region_set_address(MemoryRegion *mr, uint64_t addr)
{
    if (mr->addr != addr) {
        mr->addr = addr;
        if (mr->container) {
            tree_changed();
        }
    }
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd)
{
    if (mr->romd_mode != romd) {
        mr->romd_mode = romd;
        tree_changed();
    }
}

/* ---- info mtree ---- */

static const char *kind_name(const MemoryRegion *mr)
{
    if (mr->rom_device) {
        return mr->romd_mode ? "romd" : "i/o";
    }
    if (mr->ram) {
        return mr->ram->readonly ? "rom" : "ram";
    }
    return "i/o";
}

typedef struct Info {
    GString *out;
    MemoryInfoFlags flags;
    unsigned views;     /* shown so far */
    GPtrArray *aliased; /* regions that aliases showed, to be shown themselves */
} Info;

static void info_owner(const Info *info, const MemoryRegion *mr)
{
    g_autofree char *path = NULL;

    if (!(info->flags & MEMORY_INFO_OWNERS)) {
        return;
    }
    path = mr->owner ? object_path(mr->owner) : NULL;
    if (path) {
        g_string_append_printf(info->out, " owner:{%s path=%s}",
                               object_is_a(mr->owner, "device") ? "dev" : "obj", path);
    }
}

/* By address; of one address the one in front first. */
static int compare_regions(const void *a, const void *b)
{
    const MemoryRegion *x = *(MemoryRegion *const *)a, *y = *(MemoryRegion *const *)b;

    return x->addr != y->addr ? (x->addr < y->addr ? -1 : 1) : y->priority - x->priority;
}

static void info_region(const Info *info, MemoryRegion *mr, uint64_t base, unsigned depth)
{
    GString *out = info->out;

    if (!mr->enabled && !(info->flags & MEMORY_INFO_DISABLED)) {
        return;
    }
    g_string_append_printf(out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): ", depth * 2,
                           "", base, base + memory_region_last(mr), mr->priority,
                           kind_name(mr->alias ? mr->alias : mr));
    if (mr->alias) {
        g_string_append_printf(out, "alias %s @%s %016" PRIx64 "-%016" PRIx64, mr->name,
                               mr->alias->name, mr->alias_offset,
                               mr->alias_offset + memory_region_last(mr));
        if (!g_ptr_array_find(info->aliased, mr->alias, NULL)) {
            g_ptr_array_add(info->aliased, mr->alias);
        }
    } else {
        g_string_append(out, mr->name);
    }
    g_string_append(out, mr->enabled ? "" : " [disabled]");
    info_owner(info, mr);
    g_string_append_c(out, '\n');
    if (mr->subregions) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_copy(mr->subregions, NULL, NULL);

        g_ptr_array_sort(sorted, compare_regions);
        for (unsigned i = 0; i < sorted->len; i++) {
            MemoryRegion *sub = g_ptr_array_index(sorted, i);

            info_region(info, sub, base + sub->addr, depth + 1);
        }
    }
}

static void info_tree(AddressSpace *as, void *opaque)
{
    const Info *info = opaque;

    g_string_append_printf(info->out, "address-space: %s\n", as->name);
    info_region(info, as->root, as->root->addr, 1);
    g_string_append_c(info->out, '\n');
}

/* What the slow path of an access does in a range. */
static void info_dispatch(const Info *info, const FlatRange *r)
{
    const MemoryRegionOps *ops = r->mr->ops;

    if (!(info->flags & MEMORY_INFO_DISPATCH)) {
        return;
    }
    if (r->mr->ram) {
        g_string_append_printf(info->out, "\n    ram \"%s\" @%" PRIx64 ", %s",
                               r->mr->ram->name, r->offset,
                               r->direct_write  ? "read and written in place"
                               : r->direct_read ? "read in place"
                                                : "not in place");
    }
    if (ops && !r->direct_write) {
        g_string_append_printf(info->out, "\n    handlers: %u to %u bytes%s, %s",
                               ops->access.min ? ops->access.min : 1,
                               ops->access.max ? ops->access.max : 8,
                               ops->access.unaligned ? ", unaligned too" : "",
                               memory_region_locks(r->mr) ? "machine lock" : "no lock");
        g_string_append(info->out, ops->peer_to_peer ? ", other devices too" : "");
    }
}

static void info_flat(AddressSpace *as, void *opaque)
{
    Info *info = opaque;
    GString *out = info->out;

    g_string_append_printf(out, "FlatView #%u\n AS \"%s\", root: %s\n Root memory region: %s\n",
                           info->views++, as->name, as->root->name, as->root->name);
    memory_read_lock();
    const FlatView *view = __atomic_load_n(&as->view, __ATOMIC_CONSUME);
    for (unsigned i = 0; i < view->n; i++) {
        const FlatRange *r = &view->ranges[i];

        g_string_append_printf(out, "  %016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s",
                               r->start, r->last, r->mr->priority, kind_name(r->mr),
                               r->mr->name);
        if (r->offset) {
            g_string_append_printf(out, " @%016" PRIx64, r->offset);
        }
        info_owner(info, r->mr);
        info_dispatch(info, r);
        g_string_append_c(out, '\n');
    }
    memory_read_unlock();
    g_string_append_c(out, '\n');
}

void memory_info(GString *out, MemoryInfoFlags flags)
{
    g_autoptr(GPtrArray) aliased = g_ptr_array_new();
    Info info = { .out = out, .flags = flags, .aliased = aliased };

    if (flags & (MEMORY_INFO_FLAT | MEMORY_INFO_DISPATCH)) {
        address_spaces_foreach(info_flat, &info);
        return;
    }
    address_spaces_foreach(info_tree, &info);
    for (unsigned i = 0; i < aliased->len; i++) { /* grows */
        MemoryRegion *mr = g_ptr_array_index(aliased, i);

        g_string_append_printf(out, "memory-region: %s\n", mr->name);
        info_region(&info, mr, mr->addr, 1);
        g_string_append_c(out, '\n');
    }
}
