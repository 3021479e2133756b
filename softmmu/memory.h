/*
 * Guest physical memory: regions, address spaces, flat views.
 *
 * A tree of MemoryRegions (RAM, ROM, MMIO, containers, aliases, priorities) is rendered
 * to a flat view, which readers use under RCU (liburcu). Changes are made under the
 * machine lock and published as a whole; several between memory_begin and memory_commit
 * become one.
 *
 * Re-entrancy: a device whose MMIO handler is running is not entered again, neither by its
 * own DMA nor through a bottom half: such an access fails with MEMTX_ACCESS_ERROR and is
 * logged. DMA (address_space_* with attrs.dma) reaches RAM and ROM only, unless the
 * region allows peer-to-peer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_MEMORY_H
#define SOFTMMU_MEMORY_H

#include "qom/object.h"

typedef struct MemoryRegion MemoryRegion;
typedef struct AddressSpace AddressSpace;
typedef struct FlatView FlatView;
typedef struct RamBlock RamBlock;

typedef enum MemTxResult {
    MEMTX_OK = 0,
    MEMTX_ERROR = 1,        /* the device answered with an error */
    MEMTX_DECODE_ERROR = 2, /* nothing answers there */
    MEMTX_ACCESS_ERROR = 4, /* refused: re-entrancy, DMA to MMIO, bad size */
} MemTxResult;

typedef struct MemTxAttrs {
    bool dma;          /* a device is the master, not a CPU */
    uint16_t requester; /* bus master's id */
} MemTxAttrs;
#define MEMTXATTRS_CPU ((MemTxAttrs){ 0 })
#define MEMTXATTRS_DMA ((MemTxAttrs){ .dma = true })

typedef enum MemEndian { LITTLE_ENDIAN_IO, BIG_ENDIAN_IO } MemEndian;
typedef enum MemLock { LOCK_MACHINE, LOCK_NONE } MemLock;

/* How a region answers. Either the plain or the _attrs form of a function. Values are in
 * the low bits, host order; the core converts by endian. */
typedef struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, uint64_t addr, unsigned size);
    void (*write)(void *opaque, uint64_t addr, uint64_t value, unsigned size);
    MemTxResult (*read_attrs)(void *opaque, uint64_t addr, uint64_t *value, unsigned size,
                              MemTxAttrs attrs);
    MemTxResult (*write_attrs)(void *opaque, uint64_t addr, uint64_t value, unsigned size,
                               MemTxAttrs attrs);
    MemEndian endian;
    /* Sizes that the guest may use (others fail with MEMTX_ACCESS_ERROR); 0: 1 and 8. */
    struct { uint8_t min, max; bool unaligned; } access;
    /* Sizes that the functions implement: the core splits and widens; 0: as access. */
    struct { uint8_t min, max; } impl;
    MemLock lock;
    bool peer_to_peer; /* DMA of other devices may reach it */
} MemoryRegionOps;

/* A piece of host memory that guests use. */
struct RamBlock {
    uint8_t *host;
    uint64_t size;          /* bytes, whole pages */
    uint64_t ram_addr;      /* unique over all blocks, page-aligned: names pages of RAM for
                               translated code and dirty tracking */
    uint8_t *page_flags;    /* (a) RAM_PAGE_*, one a 4 KiB page */
    int fd;                 /* memfd, or -1 */
    bool readonly;          /* ROM: guests cannot write */
    char *name;
    MemoryRegion *mr;
};
enum {
    RAM_PAGE_CODE = 1 << 0,            /* translations were made from the page */
    RAM_PAGE_DIRTY_MIGRATION = 1 << 1, /* written since the client cleared it */
    RAM_PAGE_DIRTY_VGA = 1 << 2,
};

struct MemoryRegion {
    Object *owner;          /* device (not referenced), or NULL */
    char *name;
    uint64_t size;          /* UINT64_MAX stands for 2^64 */
    /* where it is */
    MemoryRegion *container;
    uint64_t addr;
    int priority;
    bool enabled;
    GPtrArray *subregions;  /* by priority, highest first */
    /* what it is */
    const MemoryRegionOps *ops; /* MMIO (and ROM devices out of read mode) */
    void *opaque;
    RamBlock *ram;          /* RAM, ROM, ROM device */
    bool rom_device, romd_mode;
    MemoryRegion *alias;
    uint64_t alias_offset;
    bool *in_io;            /* re-entrancy flag of the owner (DeviceState.in_io), or own_io */
    bool own_io;
};

/* ---- Making regions. The MemoryRegion is embedded in its owner; name is copied. ---- */
void memory_region_init(MemoryRegion *mr, void *owner, const char *name, uint64_t size);
void memory_region_init_io(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                           void *opaque, const char *name, uint64_t size);
/* Anonymous memory, huge pages advised, reserved but not touched. */
bool memory_region_init_ram(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            GError **err);
/* The same of a file, which is taken over on success and has @size bytes at least; without
 * one (@fd is negative) as above. @shared: what the guest writes is seen in the file. */
bool memory_region_init_ram_file(MemoryRegion *mr, void *owner, const char *name,
                                 uint64_t size, int fd, bool shared, GError **err);
bool memory_region_init_rom(MemoryRegion *mr, void *owner, const char *name, uint64_t size,
                            GError **err);
bool memory_region_init_rom_device(MemoryRegion *mr, void *owner, const MemoryRegionOps *ops,
                                   void *opaque, const char *name, uint64_t size,
                                   GError **err);
void memory_region_init_alias(MemoryRegion *mr, void *owner, const char *name,
                              MemoryRegion *target, uint64_t offset, uint64_t size);
/* Remove from its container and free what it holds (RAM after a grace period). */
void memory_region_destroy(MemoryRegion *mr);

void memory_region_add_subregion(MemoryRegion *mr, uint64_t addr, MemoryRegion *sub);
void memory_region_add_subregion_overlap(MemoryRegion *mr, uint64_t addr, MemoryRegion *sub,
                                         int priority);
void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *sub);
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_address(MemoryRegion *mr, uint64_t addr);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd);
void memory_begin(void);
void memory_commit(void);
static inline bool memory_region_is_ram(const MemoryRegion *mr)
{
    return mr->ram && !mr->rom_device;
}
/* Host pointer of a RAM or ROM region's first byte. */
static inline void *memory_region_ram_ptr(MemoryRegion *mr)
{
    return mr->ram ? mr->ram->host : NULL;
}

/* ---- Address spaces ---- */
typedef struct FlatRange {
    uint64_t start, last;   /* inclusive */
    MemoryRegion *mr;       /* terminal region */
    uint64_t offset;        /* of start in mr */
    bool direct_read;       /* RAM, ROM, ROM device in read mode */
    bool direct_write;      /* RAM */
} FlatRange;

struct FlatView {
    unsigned n;
    FlatRange *ranges;      /* sorted, disjoint */
    struct FlatView *next_free;
};

struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView *view;         /* (r) */
    uint64_t generation;    /* (a) counts published views */
    GPtrArray *listeners;   /* MemoryListener * */
};

/* Told after a new view was published, machine lock held. The old view is freed only after
 * a grace period that begins after the calls. */
typedef struct MemoryListener {
    void (*changed)(struct MemoryListener *l, AddressSpace *as);
} MemoryListener;

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name);
void address_space_destroy(AddressSpace *as);
void address_space_add_listener(AddressSpace *as, MemoryListener *l);
void address_space_remove_listener(AddressSpace *as, MemoryListener *l);

/* Threads that read views register with RCU once and say when they are idle for long. */
void memory_thread_register(void);
void memory_thread_unregister(void);
void memory_thread_offline(void);
void memory_thread_online(void);
void memory_read_lock(void);
void memory_read_unlock(void);

/* The range at addr, or NULL; under memory_read_lock. */
const FlatRange *address_space_lookup(AddressSpace *as, uint64_t addr);

/* Copies of any length; parts that fail read as 0 and are told in the result. Any thread. */
MemTxResult address_space_read(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, void *buf,
                               uint64_t len);
MemTxResult address_space_write(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                const void *buf, uint64_t len);
MemTxResult address_space_set(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, uint8_t byte,
                              uint64_t len);
/* One access of 1, 2, 4 or 8 bytes, little-endian. */
MemTxResult address_space_load(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                               unsigned size, uint64_t *value);
MemTxResult address_space_store(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                unsigned size, uint64_t value);
/* Write also to ROM (loaders, debuggers); RAM and ROM only. */
MemTxResult address_space_write_rom(AddressSpace *as, uint64_t addr, const void *buf,
                                    uint64_t len);
/*
 * Direct access for DMA: host memory for [addr, addr + *len), *len shortened to what is
 * contiguous RAM; NULL if it is none (for writing: or is ROM). The memory stays valid until
 * the matching unmap, which marks what was written.
 */
void *address_space_map(AddressSpace *as, uint64_t addr, uint64_t *len, bool is_write);
void address_space_unmap(AddressSpace *as, void *host, uint64_t len, bool is_write,
                         uint64_t written);

/* Whether its functions are called with the machine lock, which dispatching takes. */
bool memory_region_locks(const MemoryRegion *mr);
/* From now on all regions are as LOCK_MACHINE: somebody watches what devices do. Before vCPUs run. */
void memory_lock_all_regions(void);
/* Access a region directly (accel's slow path; the region came from a FlatRange under
 * memory_read_lock). */
MemTxResult memory_region_dispatch_read(MemoryRegion *mr, uint64_t offset, unsigned size,
                                        uint64_t *value, MemTxAttrs attrs);
MemTxResult memory_region_dispatch_write(MemoryRegion *mr, uint64_t offset, unsigned size,
                                         uint64_t value, MemTxAttrs attrs);

/* ---- RAM blocks, dirty tracking and translated code ---- */
/* Whoever writes RAM directly calls this afterwards: sets dirty flags and, where pages
 * have RAM_PAGE_CODE, calls the hook below. */
void ram_written(RamBlock *rb, uint64_t offset, uint64_t len);
/* accel/tcg's: drop translations of [offset, offset + len); any thread. */
extern void (*ram_code_written_hook)(RamBlock *rb, uint64_t offset, uint64_t len);
/* Block and offset of a host pointer, or NULL. */
RamBlock *ram_block_from_host(const void *host, uint64_t *ret_offset);
RamBlock *ram_block_from_addr(uint64_t ram_addr, uint64_t *ret_offset);

/* info mtree */
typedef enum MemoryInfoFlags {
    MEMORY_INFO_FLAT = 1 << 0,     /* views as rendered, else trees */
    MEMORY_INFO_OWNERS = 1 << 1,
    MEMORY_INFO_DISABLED = 1 << 2, /* regions that are disabled, too */
    MEMORY_INFO_DISPATCH = 1 << 3, /* views, and what accesses to each range meet */
} MemoryInfoFlags;
void memory_info(GString *out, MemoryInfoFlags flags);
/* info ramblock: a line a block of guest memory. */
void ram_info(GString *out);

#endif
