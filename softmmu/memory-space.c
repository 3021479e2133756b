/*
 * Address spaces: publishing flat views, and access through them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory-internal.h"
#include "softmmu/trace.h"
#include "util/log.h"
#include "util/main-loop.h"

/* Under the machine lock. */
static GPtrArray *spaces;

static void free_view(void *ptr)
{
    flatview_free(ptr);
}

static bool views_equal(const FlatView *a, const FlatView *b)
{
    if (!a || a->n != b->n) {
        return false;
    }
    for (unsigned i = 0; i < a->n; i++) {
        const FlatRange *x = &a->ranges[i], *y = &b->ranges[i];

        if (x->start != y->start || x->last != y->last || x->mr != y->mr ||
            x->offset != y->offset || x->direct_read != y->direct_read ||
            x->direct_write != y->direct_write) {
            return false;
        }
    }
    return true;
}

static void publish(AddressSpace *as)
{
    FlatView *view = flatview_render(as->root);
    FlatView *old = as->view;

    if (views_equal(old, view)) {
        flatview_free(view);
        return;
    }
    __atomic_store_n(&as->view, view, __ATOMIC_RELEASE);
    atomic_fetch_add(&as->generation, 1);
    for (unsigned i = 0; as->listeners && i < as->listeners->len; i++) {
        MemoryListener *l = g_ptr_array_index(as->listeners, i);

        l->changed(l, as);
    }
    trace_memory_view_publish(as->name, view->n);
    memory_defer(free_view, old);
}

void address_spaces_update(void)
{
    for (unsigned i = 0; spaces && i < spaces->len; i++) {
        publish(g_ptr_array_index(spaces, i));
    }
}

void address_spaces_foreach(void (*fn)(AddressSpace *as, void *opaque), void *opaque)
{
    for (unsigned i = 0; spaces && i < spaces->len; i++) {
        fn(g_ptr_array_index(spaces, i), opaque);
    }
}

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name)
{
    memset(as, 0, sizeof(*as));
    as->name = g_strdup(name);
    as->root = root;
    if (!spaces) {
        spaces = g_ptr_array_new();
    }
    g_ptr_array_add(spaces, as);
    publish(as);
}

void address_space_destroy(AddressSpace *as)
{
    g_ptr_array_remove(spaces, as);
    memory_defer(free_view, as->view);
    as->view = NULL;
    if (as->listeners) {
        g_ptr_array_unref(as->listeners);
        as->listeners = NULL;
    }
    g_free(as->name);
    as->name = NULL;
}

void address_space_add_listener(AddressSpace *as, MemoryListener *l)
{
    if (!as->listeners) {
        as->listeners = g_ptr_array_new();
    }
    g_ptr_array_add(as->listeners, l);
}

void address_space_remove_listener(AddressSpace *as, MemoryListener *l)
{
    g_ptr_array_remove(as->listeners, l);
}

const FlatRange *address_space_lookup(AddressSpace *as, uint64_t addr)
{
    const FlatView *view = __atomic_load_n(&as->view, __ATOMIC_CONSUME);
    unsigned i = flatview_find(view, addr);

    if (i < view->n && view->ranges[i].start <= addr) {
        return &view->ranges[i];
    }
    return NULL;
}

/* ---- MMIO ---- */

static uint64_t mask_of(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - size * 8);
}

static bool access_allowed(const MemoryRegionOps *ops, uint64_t offset, unsigned size)
{
    unsigned min = ops->access.min ? ops->access.min : 1;
    unsigned max = ops->access.max ? ops->access.max : 8;

    return size >= min && size <= max && (ops->access.unaligned || offset % size == 0);
}

/* Read or write once, at a size that the functions implement. */
static MemTxResult access_once(MemoryRegion *mr, uint64_t offset, unsigned size,
                               uint64_t *value, bool is_write, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = mr->ops;
    bool swap = ops->endian == BIG_ENDIAN_IO;
    MemTxResult r = MEMTX_OK;
    uint64_t v;

    if (is_write) {
        v = swap ? swap_bytes(*value & mask_of(size), size) : *value & mask_of(size);
        if (ops->write_attrs) {
            r = ops->write_attrs(mr->opaque, offset, v, size, attrs);
        } else if (ops->write) {
            ops->write(mr->opaque, offset, v, size);
        } else {
            r = MEMTX_ERROR;
        }
        return r;
    }
    v = 0;
    if (ops->read_attrs) {
        r = ops->read_attrs(mr->opaque, offset, &v, size, attrs);
    } else if (ops->read) {
        v = ops->read(mr->opaque, offset, size);
    } else {
        r = MEMTX_ERROR;
    }
    v &= mask_of(size);
    *value = swap ? swap_bytes(v, size) : v;
    return r;
}

/* Fit the guest's size to the sizes that the functions implement. A write that is narrower
 * than the narrowest arrives in place, its neighbours zero. */
static MemTxResult access_sized(MemoryRegion *mr, uint64_t offset, unsigned size,
                                uint64_t *value, bool is_write, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = mr->ops;
    unsigned min = ops->impl.min ? ops->impl.min : ops->access.min ? ops->access.min : 1;
    unsigned max = ops->impl.max ? ops->impl.max : ops->access.max ? ops->access.max : 8;
    MemTxResult r = MEMTX_OK;

    if (size < min) {
        uint64_t base = ROUND_DOWN(offset, min);
        unsigned shift = (offset - base) * 8;
        uint64_t wide = is_write ? (*value & mask_of(size)) << shift : 0;

        r = access_once(mr, base, min, &wide, is_write, attrs);
        if (!is_write) {
            *value = wide >> shift & mask_of(size);
        }
        return r;
    }
    if (size <= max) {
        return access_once(mr, offset, size, value, is_write, attrs);
    }
    uint64_t whole = 0;
    for (unsigned i = 0; i < size; i += max) {
        uint64_t part = is_write ? *value >> i * 8 & mask_of(max) : 0;

        r |= access_once(mr, offset + i, max, &part, is_write, attrs);
        whole |= part << i * 8;
    }
    if (!is_write) {
        *value = whole;
    }
    return r;
}

static MemTxResult refuse(MemoryRegion *mr, uint64_t offset, unsigned size, bool is_write,
                          const char *why)
{
    trace_memory_access_refuse(mr->name, offset, size, is_write, why);
    log_if(LOG_GUEST_ERRORS, "memory: %s of %u bytes at %s + 0x%" PRIx64 " refused: %s\n",
           is_write ? "write" : "read", size, mr->name, offset, why);
    return MEMTX_ACCESS_ERROR;
}

static bool all_regions_lock; /* written before vCPUs run */

void memory_lock_all_regions(void)
{
    all_regions_lock = true;
}

bool memory_region_locks(const MemoryRegion *mr)
{
    return mr->ops && (mr->ops->lock == LOCK_MACHINE || all_regions_lock);
}

static MemTxResult dispatch(MemoryRegion *mr, uint64_t offset, unsigned size, uint64_t *value,
                            bool is_write, MemTxAttrs attrs)
{
    bool guard = memory_region_locks(mr);
    bool lock = guard && !machine_locked();
    MemTxResult r;

    if (!access_allowed(mr->ops, offset, size)) {
        return refuse(mr, offset, size, is_write, "size or alignment");
    }
    if (attrs.dma && !mr->ops->peer_to_peer) {
        return refuse(mr, offset, size, is_write, "DMA reaches memory only");
    }
    if (lock) {
        machine_lock();
    }
    if (guard && *mr->in_io) {
        r = refuse(mr, offset, size, is_write, "the device is inside its own handler");
    } else {
        if (guard) {
            *mr->in_io = true;
        }
        /* Here, not in access_once(), where they would cost the hot path registers. */
        if (is_write) {
            trace_memory_mmio_write(mr->name, offset, *value & mask_of(size), size);
        }
        r = access_sized(mr, offset, size, value, is_write, attrs);
        if (!is_write) {
            trace_memory_mmio_read(mr->name, offset, *value, size);
        }
        if (guard) {
            *mr->in_io = false;
        }
    }
    if (lock) {
        machine_unlock();
    }
    return r;
}

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, uint64_t offset, unsigned size,
                                        uint64_t *value, MemTxAttrs attrs)
{
    *value = 0;
    if (mr->ram && (!mr->rom_device || mr->romd_mode)) {
        memcpy(value, mr->ram->host + offset, size);
        return MEMTX_OK;
    }
    return dispatch(mr, offset, size, value, false, attrs);
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, uint64_t offset, unsigned size,
                                         uint64_t value, MemTxAttrs attrs)
{
    if (mr->ram && !mr->rom_device) {
        if (!mr->ram->readonly) {
            memcpy(mr->ram->host + offset, &value, size);
            ram_written(mr->ram, offset, size);
        }
        return MEMTX_OK; /* writes to ROM are dropped */
    }
    return dispatch(mr, offset, size, &value, true, attrs);
}

/* ---- Copies ---- */

/* The widest access that fits at offset within what remains. */
static unsigned piece_size(const MemoryRegion *mr, uint64_t offset, uint64_t remaining)
{
    unsigned max = mr->ops && mr->ops->access.max ? mr->ops->access.max : 8;
    unsigned size = 1;

    while (size * 2 <= max && size * 2 <= remaining && offset % (size * 2) == 0) {
        size *= 2;
    }
    return size;
}

typedef enum CopyKind { COPY_READ, COPY_WRITE, COPY_WRITE_ROM } CopyKind;

static MemTxResult copy_direct(const FlatRange *r, uint64_t offset, uint8_t *buf, uint64_t n,
                               CopyKind kind)
{
    RamBlock *rb = r->mr->ram;

    if (kind == COPY_READ) {
        memcpy(buf, rb->host + offset, n);
    } else {
        memcpy(rb->host + offset, buf, n);
        ram_written(rb, offset, n);
    }
    return MEMTX_OK;
}

static MemTxResult copy_mmio(const FlatRange *r, uint64_t offset, uint8_t *buf, uint64_t n,
                             CopyKind kind, MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;

    while (n > 0) {
        unsigned size = piece_size(r->mr, offset, n);
        uint64_t value = 0;

        if (kind == COPY_READ) {
            result |= memory_region_dispatch_read(r->mr, offset, size, &value, attrs);
            memcpy(buf, &value, size);
        } else {
            memcpy(&value, buf, size);
            result |= memory_region_dispatch_write(r->mr, offset, size, value, attrs);
        }
        buf += size;
        offset += size;
        n -= size;
    }
    return result;
}

static MemTxResult copy(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, uint8_t *buf,
                        uint64_t len, CopyKind kind)
{
    MemTxResult result = MEMTX_OK;

    memory_read_lock();
    while (len > 0) {
        const FlatRange *r = address_space_lookup(as, addr);
        uint64_t n = len;

        if (!r) {
            /* Skip to the next range at once: a hostile length must not cost time. */
            const FlatView *view = __atomic_load_n(&as->view, __ATOMIC_CONSUME);
            unsigned i = flatview_find(view, addr);

            if (i < view->n) {
                n = MIN(n, view->ranges[i].start - addr);
            }
            if (kind == COPY_READ) {
                memset(buf, 0, n);
            }
            result |= MEMTX_DECODE_ERROR;
        } else {
            uint64_t offset = addr - r->start + r->offset;

            if (r->last - addr < n - 1) {
                n = r->last - addr + 1;
            }
            if (kind == COPY_READ ? r->direct_read
                : kind == COPY_WRITE ? r->direct_write : r->mr->ram != NULL) {
                result |= copy_direct(r, offset, buf, n, kind);
            } else if (kind == COPY_WRITE_ROM) {
                result |= MEMTX_ACCESS_ERROR;
            } else {
                result |= copy_mmio(r, offset, buf, n, kind, attrs);
            }
        }
        buf += n;
        addr += n;
        len -= n;
    }
    memory_read_unlock();
    return result;
}

MemTxResult address_space_read(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, void *buf,
                               uint64_t len)
{
    return copy(as, addr, attrs, buf, len, COPY_READ);
}

MemTxResult address_space_write(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                const void *buf, uint64_t len)
{
    return copy(as, addr, attrs, (uint8_t *)buf, len, COPY_WRITE);
}

MemTxResult address_space_write_rom(AddressSpace *as, uint64_t addr, const void *buf,
                                    uint64_t len)
{
    return copy(as, addr, MEMTXATTRS_CPU, (uint8_t *)buf, len, COPY_WRITE_ROM);
}

MemTxResult address_space_set(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, uint8_t byte,
                              uint64_t len)
{
    MemTxResult result = MEMTX_OK;
    uint8_t buf[512];

    memset(buf, byte, sizeof(buf));
    while (len > 0) {
        uint64_t n = MIN(len, sizeof(buf));

        result |= address_space_write(as, addr, attrs, buf, n);
        addr += n;
        len -= n;
    }
    return result;
}

/* One access of a device is one call of its handler, refused if that takes no such size;
 * only what is memory or crosses a border of regions is copied in pieces. */
static MemTxResult access_single(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                 unsigned size, uint64_t *value, bool is_write)
{
    const FlatRange *r;
    MemTxResult result;

    memory_read_lock();
    r = address_space_lookup(as, addr);
    if (r && !r->mr->ram && r->last - addr >= size - 1) {
        uint64_t offset = addr - r->start + r->offset;

        result = is_write ? memory_region_dispatch_write(r->mr, offset, size, *value, attrs)
                          : memory_region_dispatch_read(r->mr, offset, size, value, attrs);
    } else {
        result = copy(as, addr, attrs, (uint8_t *)value, size,
                      is_write ? COPY_WRITE : COPY_READ);
    }
    memory_read_unlock();
    return result;
}

MemTxResult address_space_load(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                               unsigned size, uint64_t *value)
{
    *value = 0;
    return access_single(as, addr, attrs, size, value, false);
}

MemTxResult address_space_store(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                unsigned size, uint64_t value)
{
    return access_single(as, addr, attrs, size, &value, true);
}

void *address_space_map(AddressSpace *as, uint64_t addr, uint64_t *len, bool is_write)
{
    void *host = NULL;

    memory_read_lock();
    const FlatRange *r = address_space_lookup(as, addr);
    if (r && *len > 0 && (is_write ? r->direct_write : r->direct_read)) {
        *len = MIN(*len - 1, r->last - addr) + 1;
        host = r->mr->ram->host + (addr - r->start + r->offset);
    }
    memory_read_unlock();
    return host;
}

void address_space_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write,
                         uint64_t written)
{
    uint64_t offset;

    memory_read_lock();
    RamBlock *rb = ram_block_from_host(host, &offset);
    if (rb && is_write) {
        ram_written(rb, offset, MIN(written, len));
    }
    memory_read_unlock();
}
