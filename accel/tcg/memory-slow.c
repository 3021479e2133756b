/*
 * Guest accesses that generated code cannot make by itself: translations that are not in
 * the view, page crossing, misaligned, devices, ROM, pages that hold code.
 *
 * All of this runs inside a vCPU's run with the RCU read lock held (exec.c), so that what
 * address_space_lookup() returns stays while it is used, and raising needs no clean-up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "util/log.h"
#include "util/main-loop.h"

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

/* What is behind a virtual address. */
typedef struct Resolved {
    CpuFill fill;
    MemoryRegion *mr;
    uint64_t offset;    /* in mr */
    uint64_t avail;     /* bytes from there to the end of the range */
    RamBlock *rb;       /* RAM or ROM that may be accessed directly, or NULL */
    uint8_t *host;
    bool writable;
    bool whole_page;    /* all of the page lies in the range, and at a page of the block */
} Resolved;

/* False: nothing answers at the physical address. */
static bool resolve_phys(CpuState *cpu, Resolved *r)
{
    uint64_t phys = r->fill.phys;
    const FlatRange *fr = address_space_lookup(cpu->as, phys);
    if (!fr) {
        return false;
    }
    r->mr = fr->mr;
    r->offset = fr->offset + (phys - fr->start);
    r->avail = fr->last - phys < UINT64_MAX ? fr->last - phys + 1 : UINT64_MAX;
    r->writable = fr->direct_write;
    r->rb = NULL;
    r->host = NULL;
    r->whole_page = false;
    if (fr->direct_read || fr->direct_write) {
        r->rb = fr->mr->ram;
        r->host = r->rb->host + r->offset;
        r->whole_page = (phys & TCG_PAGE_MASK) >= fr->start &&
                        (phys | ~TCG_PAGE_MASK) <= fr->last &&
                        !((phys ^ r->offset) & ~TCG_PAGE_MASK);
    }
    return true;
}

static inline uint64_t resolved_ram_page(const Resolved *r)
{
    return r->rb->ram_addr + (r->offset & TCG_PAGE_MASK);
}

static void resolve(TcgVcpu *v, CpuViewKind kind, uint64_t vaddr, unsigned size,
                    CpuAccess access, Resolved *r)
{
    CpuState *cpu = v->cpu;
    r->fill = (CpuFill){ .leaf_bits = TCG_PAGE_BITS };
    tcg_count(&v->stats.fills, 1);
    uint8_t phase = tcg_phase(v, TCG_PHASE_MEMORY);
    if (!cpu->ops->fill(cpu, tcg_view_key(&v->pool[kind]), vaddr, size, access, false,
                        &r->fill)) {
        cpu_raise(cpu);
    }
    if (!resolve_phys(cpu, r)) {
        cpu->ops->access_fault(cpu, vaddr, r->fill.phys, access);
        cpu_raise(cpu);
    }
    tcg_phase(v, phase);
}

static bool page_watched(const CpuState *cpu, uint64_t vaddr, unsigned access)
{
    return unlikely(cpu->debug) &&
           cpu_debug_watch_at(cpu->debug, vaddr & TCG_PAGE_MASK, TCG_PAGE_SIZE, access);
}

/* Enter what the translation allows; generated code uses it from now on. Returns whether a
 * store must be told to tcg_store_code(). */
static bool resolved_enter(TcgVcpu *v, uint64_t vaddr, const Resolved *r, bool store)
{
    if (!r->rb || !r->whole_page || r->fill.no_cache) {
        return true;
    }
    bool direct = false;
    if (r->fill.load && !page_watched(v->cpu, vaddr, CPU_WATCH_READ)) {
        tcg_view_enter_load(v, vaddr, r->host, &r->fill);
    }
    /* Atomics, which read too, use store entries. */
    if (r->fill.store && r->writable &&
        !page_watched(v->cpu, vaddr, CPU_WATCH_READ | CPU_WATCH_WRITE)) {
        /* A load does not displace another page's store entry. */
        uint64_t tag = v->cpu->tcg.data_view->store[tcg_view_index(vaddr)].tag;
        if (store || !tag || tag == TCG_TAG_INVALID) {
            direct = tcg_view_enter_store(v, vaddr, r->host, resolved_ram_page(r),
                                          &r->rb->page_flags[r->offset >> TCG_PAGE_BITS],
                                          &r->fill);
        }
    }
    return !direct;
}

static inline bool crosses_page(uint64_t vaddr, unsigned size)
{
    return (vaddr & ~TCG_PAGE_MASK) + size > TCG_PAGE_SIZE;
}

/* ---- Loads ---- */

static uint64_t host_load(const uint8_t *host, unsigned size)
{
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    bool aligned = !((uintptr_t)host & (size - 1));
    switch (size) {
    case 1:
        return atomic_read(host);
    case 2:
        memcpy(&v16, host, 2);
        return aligned ? atomic_read((const uint16_t *)host) : v16;
    case 4:
        memcpy(&v32, host, 4);
        return aligned ? atomic_read((const uint32_t *)host) : v32;
    default:
        memcpy(&v64, host, 8);
        return aligned ? atomic_read((const uint64_t *)host) : v64;
    }
}

uint64_t tcg_ram_load(TcgVcpu *v, const uint8_t *host, unsigned size)
{
    TcgTap *t = v->tap;
    return unlikely(t) && t->load ? t->load(t, host, size) : host_load(host, size);
}

static uint64_t load_raw(TcgVcpu *v, uint64_t vaddr, unsigned size);

/* Byte by byte: each part faults at its own address. */
static uint64_t load_split(TcgVcpu *v, uint64_t vaddr, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (load_raw(v, vaddr + i, 1) & 0xff) << (8 * i);
    }
    return value;
}

/* Where a profile is taken, the machine lock is taken here, to see how long that takes;
 * dispatching leaves a lock that is held alone. */
typedef struct TcgDevicePhase {
    uint8_t phase;
    bool locked;
} TcgDevicePhase;

static inline TcgDevicePhase tcg_device_enter(TcgVcpu *v, MemoryRegion *mr)
{
    TcgDevicePhase p = { .phase = v->phase };
    if (unlikely(v->profile)) {
        p.locked = memory_region_locks(mr) && !machine_locked();
        if (p.locked) {
            tcg_phase(v, TCG_PHASE_LOCK);
            machine_lock();
        }
        atomic_set(&v->phase_device, mr);
        tcg_phase(v, TCG_PHASE_DEVICE);
    }
    return p;
}

static inline void tcg_device_leave(TcgVcpu *v, TcgDevicePhase p)
{
    if (unlikely(v->profile)) {
        if (p.locked) {
            machine_unlock();
        }
        tcg_phase(v, p.phase);
    }
}

static uint64_t load_device(TcgVcpu *v, uint64_t vaddr, unsigned size, const Resolved *r)
{
    CpuState *cpu = v->cpu;
    uint64_t value = 0;
    tcg_count(&v->stats.mmio, 1);
    TcgDevicePhase phase = tcg_device_enter(v, r->mr);
    MemTxResult result =
        unlikely(v->tap) && v->tap->device
            ? v->tap->device(v->tap, r->mr, r->offset, size, &value, false, r->fill.phys)
            : memory_region_dispatch_read(r->mr, r->offset, size, &value, MEMTXATTRS_CPU);
    tcg_device_leave(v, phase);
    if (result != MEMTX_OK) {
        cpu->ops->access_fault(cpu, vaddr, r->fill.phys, CPU_ACCESS_LOAD);
        cpu_raise(cpu);
    }
    return value;
}

static uint64_t load_raw(TcgVcpu *v, uint64_t vaddr, unsigned size)
{
    if (crosses_page(vaddr, size)) {
        return load_split(v, vaddr, size);
    }
    const TcgViewEntry *e = &v->cpu->tcg.data_view->load[tcg_view_index(vaddr)];
    if ((e->tag & ~TCG_TAG_SLOW) == (vaddr & TCG_PAGE_MASK) ||
        tcg_view_inherit(v, vaddr, false)) {
        return tcg_ram_load(v, (uint8_t *)(uintptr_t)(vaddr + e->addend), size);
    }
    Resolved r;
    resolve(v, CPU_VIEW_DATA, vaddr, size, CPU_ACCESS_LOAD, &r);
    if (r.avail < size) {
        return load_split(v, vaddr, size);
    }
    if (!r.rb) {
        return load_device(v, vaddr, size, &r);
    }
    uint64_t value = tcg_ram_load(v, r.host, size);
    resolved_enter(v, vaddr, &r, false);
    return value;
}

uint64_t tcg_slow_load(CpuState *cpu, uint64_t vaddr, uint32_t memop)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned size = tcg_memop_size(memop);
    tcg_count(&v->stats.slow_loads, 1);
    if (unlikely(memop & IR_MO_ALIGN) && vaddr & (size - 1)) {
        cpu->ops->misaligned(cpu, vaddr, CPU_ACCESS_LOAD);
        cpu_raise(cpu);
    }
    tcg_debug_access(v, vaddr, size, CPU_WATCH_READ);
    uint8_t phase = tcg_phase(v, TCG_PHASE_MEMORY);
    uint64_t value = load_raw(v, vaddr, size);
    tcg_phase(v, phase);
    return tcg_memop_extend(tcg_memop_swap(value, memop), memop);
}

uint64_t cpu_load(CpuState *cpu, uint64_t vaddr, uint32_t memop)
{
    return tcg_slow_load(cpu, vaddr, memop);
}

/* ---- Stores ---- */

void tcg_store_target(TcgVcpu *v, uint64_t vaddr, unsigned size, TcgStoreTarget *ret)
{
    TcgViewPool *p = &v->pool[CPU_VIEW_DATA];
    TcgDataSlot *s = &p->data[p->current];
    unsigned i = tcg_view_index(vaddr);
    TcgViewEntry *e = &s->table.store[i];

    if ((e->tag != TCG_TAG_INVALID && (e->tag & ~TCG_TAG_SLOW) == (vaddr & TCG_PAGE_MASK)) ||
        tcg_view_inherit(v, vaddr, true)) {
        ret->host = (uint8_t *)(uintptr_t)(vaddr + e->addend);
        ret->ram_page = (uint64_t)s->side.store_page[i] << TCG_PAGE_BITS;
        ret->code = e->tag & TCG_TAG_SLOW;
        if (ret->code) {
            uint64_t offset;
            RamBlock *rb = ram_block_from_addr(ret->ram_page, &offset);
            uint8_t flags = rb ? atomic_read(&rb->page_flags[offset >> TCG_PAGE_BITS]) : 0;
            if (!(flags & RAM_PAGE_CODE)) {
                /* Its code is gone. The entry is announced still: should code come back,
                 * we are asked to revoke it again. */
                e->tag &= v->slow_views ? UINT64_MAX : ~TCG_TAG_SLOW;
                ret->code = false;
            }
        }
        return;
    }
    Resolved r;
    resolve(v, CPU_VIEW_DATA, vaddr, size, CPU_ACCESS_STORE, &r);
    *ret = (TcgStoreTarget){ .mr = r.mr, .offset = r.offset, .phys = r.fill.phys };
    if (r.rb && r.writable && r.avail >= size) {
        ret->host = r.host;
        ret->ram_page = resolved_ram_page(&r);
        ret->code = resolved_enter(v, vaddr, &r, true);
    }
}

void tcg_store_code(TcgVcpu *v, const TcgStoreTarget *t, uint64_t vaddr, unsigned size)
{
    enum { DIRTY = RAM_PAGE_DIRTY_MIGRATION | RAM_PAGE_DIRTY_VGA };
    uint64_t offset;
    RamBlock *rb = ram_block_from_addr(t->ram_page, &offset);
    bool code = false;
    tcg_count(&v->stats.code_stores, 1);
    if (rb) {
        uint8_t *flags = &rb->page_flags[offset >> TCG_PAGE_BITS];
        code = atomic_read(flags) & RAM_PAGE_CODE;
        if ((atomic_read(flags) & DIRTY) != DIRTY) {
            atomic_fetch_or(flags, DIRTY);
        }
    }
    unsigned in_page = (uint64_t)(uintptr_t)t->host & ~TCG_PAGE_MASK;
    if (tcg_page_written(v->engine, t->ram_page, in_page, size) || (unlikely(v->tap) && code)) {
        v->cpu->tcg.exit_after_store = 1;
    }
}

static void host_store(uint8_t *host, uint64_t value, unsigned size)
{
    bool aligned = !((uintptr_t)host & (size - 1));
    if (!aligned) {
        memcpy(host, &value, size);
        return;
    }
    switch (size) {
    case 1:
        atomic_set(host, (uint8_t)value);
        break;
    case 2:
        atomic_set((uint16_t *)host, (uint16_t)value);
        break;
    case 4:
        atomic_set((uint32_t *)host, (uint32_t)value);
        break;
    default:
        atomic_set((uint64_t *)host, value);
        break;
    }
}

void tcg_ram_store(TcgVcpu *v, uint8_t *host, uint64_t value, unsigned size)
{
    TcgTap *t = v->tap;
    if (unlikely(t) && t->store) {
        t->store(t, host, value, size);
    } else {
        host_store(host, value, size);
    }
}

static void store_device(TcgVcpu *v, uint64_t vaddr, uint64_t value, unsigned size,
                         const TcgStoreTarget *t)
{
    CpuState *cpu = v->cpu;
    tcg_count(&v->stats.mmio, 1);
    if (!t->mr->ops && t->mr->ram) {
        log_if(LOG_GUEST_ERRORS, "%s: write to ROM '%s' at 0x%" PRIx64 " ignored\n", cpu->name,
               t->mr->name ? t->mr->name : "", t->phys);
        return;
    }
    TcgDevicePhase phase = tcg_device_enter(v, t->mr);
    MemTxResult result =
        unlikely(v->tap) && v->tap->device
            ? v->tap->device(v->tap, t->mr, t->offset, size, &value, true, t->phys)
            : memory_region_dispatch_write(t->mr, t->offset, size, value, MEMTXATTRS_CPU);
    tcg_device_leave(v, phase);
    if (result != MEMTX_OK) {
        cpu->ops->access_fault(cpu, vaddr, t->phys, CPU_ACCESS_STORE);
        cpu_raise(cpu);
    }
}

static void store_raw(TcgVcpu *v, uint64_t vaddr, uint64_t value, unsigned size);

/* Nothing is written unless all of it can be. */
static void store_split(TcgVcpu *v, uint64_t vaddr, uint64_t value, unsigned size)
{
    TcgStoreTarget t;
    unsigned first = TCG_PAGE_SIZE - (vaddr & ~TCG_PAGE_MASK);
    tcg_store_target(v, vaddr, first, &t);
    tcg_store_target(v, vaddr + first, size - first, &t);
    for (unsigned i = 0; i < size; i++) {
        store_raw(v, vaddr + i, value >> (8 * i) & 0xff, 1);
    }
}

static void store_raw(TcgVcpu *v, uint64_t vaddr, uint64_t value, unsigned size)
{
    TcgStoreTarget t;
    if (crosses_page(vaddr, size)) {
        store_split(v, vaddr, value, size);
        return;
    }
    tcg_store_target(v, vaddr, size, &t);
    if (likely(t.host)) {
        tcg_ram_store(v, t.host, value, size);
        if (unlikely(t.code)) {
            tcg_store_code(v, &t, vaddr, size);
        }
        return;
    }
    store_device(v, vaddr, value, size, &t);
}

void tcg_slow_store(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned size = tcg_memop_size(memop);
    tcg_count(&v->stats.slow_stores, 1);
    if (unlikely(v->tap)) {
        /* Which stores are slow must not matter. */
        cpu->tcg.exit_after_store = 0;
    }
    if (unlikely(memop & IR_MO_ALIGN) && vaddr & (size - 1)) {
        cpu->ops->misaligned(cpu, vaddr, CPU_ACCESS_STORE);
        cpu_raise(cpu);
    }
    tcg_debug_access(v, vaddr, size, CPU_WATCH_WRITE);
    uint8_t phase = tcg_phase(v, TCG_PHASE_MEMORY);
    store_raw(v, vaddr, tcg_memop_swap(tcg_memop_extend(value, memop & ~IR_MO_SIGN), memop),
              size);
    tcg_phase(v, phase);
}

void cpu_store(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop)
{
    tcg_slow_store(cpu, vaddr, value, memop);
}

void cpu_set_bytes(CpuState *cpu, uint64_t vaddr, uint8_t byte, unsigned size)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    TcgStoreTarget t;
    tcg_debug_access(v, vaddr, size, CPU_WATCH_WRITE);
    tcg_store_target(v, vaddr, size, &t);
    if (likely(t.host)) {
        if (unlikely(v->tap)) {
            for (unsigned i = 0; i < size; i++) {
                tcg_ram_store(v, t.host + i, byte, 1);
            }
        } else {
            memset(t.host, byte, size);
        }
        if (unlikely(t.code)) {
            tcg_store_code(v, &t, vaddr, size);
            if (cpu->tcg.exit_after_store) { /* the helper's region polls */
                atomic_set(&cpu->tcg.exit_request, 1);
            }
        }
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        store_raw(v, vaddr + i, byte, 1);
    }
}

/* ---- Fetches ---- */

static uint64_t fetch_ram_addr(const Resolved *r)
{
    return r->rb->ram_addr + r->offset;
}

/* The fetch view remembers blocks' addresses, not guest physical ones: remapping RAM
 * invalidates no translation, and aliases share theirs. */
static void fetch_enter(TcgVcpu *v, uint64_t vaddr, const Resolved *r, bool slow)
{
    if (r->whole_page && !r->fill.no_cache) {
        tcg_view_enter_fetch(v, vaddr, resolved_ram_page(r), &r->fill, slow);
    }
}

/* Every fetch is looked at in pages that hold a breakpoint. */
static bool page_breaks(const CpuState *cpu, uint64_t vaddr)
{
    return unlikely(cpu->debug) &&
           cpu_debug_breaks_within(cpu->debug, vaddr & TCG_PAGE_MASK, vaddr | ~TCG_PAGE_MASK);
}

void tcg_fetch(TcgVcpu *v, uint64_t pc, TcgFetch *ret)
{
    const TcgFetchEntry *e = &v->cpu->tcg.fetch_view->entry[tcg_fetch_index(pc)];
    if (likely((e->tag & ~TCG_TAG_SLOW) == (pc & TCG_PAGE_MASK))) {
        ret->ram_addr = e->phys_page | (pc & ~TCG_PAGE_MASK);
        ret->avail = TCG_PAGE_SIZE - (pc & ~TCG_PAGE_MASK);
        ret->no_cache = e->tag & TCG_TAG_SLOW;
        return;
    }
    Resolved r;
    tcg_count(&v->stats.fetch_fills, 1);
    resolve(v, CPU_VIEW_FETCH, pc, pc & 3 ? 2 : 4, CPU_ACCESS_FETCH, &r);
    /* Code is known by its place in a page. */
    if (!r.rb || (r.fill.phys ^ r.offset) & ~TCG_PAGE_MASK) {
        v->cpu->ops->access_fault(v->cpu, pc, r.fill.phys, CPU_ACCESS_FETCH);
        cpu_raise(v->cpu);
    }
    ret->ram_addr = fetch_ram_addr(&r);
    ret->avail = MIN(r.avail, TCG_PAGE_SIZE - (pc & ~TCG_PAGE_MASK));
    bool slow = page_breaks(v->cpu, pc);
    ret->no_cache = r.fill.no_cache || !r.whole_page || slow;
    fetch_enter(v, pc, &r, slow);
}

bool tcg_fetch_probe(TcgVcpu *v, uint64_t vaddr, uint64_t *ret_ram_page)
{
    CpuState *cpu = v->cpu;
    const TcgFetchEntry *e = &cpu->tcg.fetch_view->entry[tcg_fetch_index(vaddr)];
    if ((e->tag & ~TCG_TAG_SLOW) == (vaddr & TCG_PAGE_MASK)) {
        *ret_ram_page = e->phys_page;
        return true;
    }
    Resolved r = { .fill.leaf_bits = TCG_PAGE_BITS };
    if (!cpu->ops->fill(cpu, tcg_view_key(&v->pool[CPU_VIEW_FETCH]), vaddr, 2,
                        CPU_ACCESS_FETCH, true, &r.fill) ||
        !resolve_phys(cpu, &r) || !r.rb || (r.fill.phys ^ r.offset) & ~TCG_PAGE_MASK) {
        return false;
    }
    fetch_enter(v, vaddr, &r, page_breaks(cpu, vaddr));
    *ret_ram_page = resolved_ram_page(&r);
    return true;
}

/* ---- Probes ---- */

bool tcg_peek(TcgVcpu *v, uint64_t vaddr, void *buf, unsigned size)
{
    CpuState *cpu = v->cpu;
    if (crosses_page(vaddr, size)) {
        return false;
    }
    const TcgViewEntry *e = &cpu->tcg.data_view->load[tcg_view_index(vaddr)];
    if (e->tag == (vaddr & TCG_PAGE_MASK)) {
        memcpy(buf, (const uint8_t *)(uintptr_t)(vaddr + e->addend), size);
        return true;
    }
    Resolved r = { .fill.leaf_bits = TCG_PAGE_BITS };
    if (!cpu->ops->fill(cpu, tcg_view_key(&v->pool[CPU_VIEW_DATA]), vaddr, size,
                        CPU_ACCESS_LOAD, true, &r.fill) ||
        !resolve_phys(cpu, &r) || !r.rb || r.avail < size) {
        return false;
    }
    memcpy(buf, r.host, size);
    return true;
}

static void probe_part(TcgVcpu *v, uint64_t vaddr, unsigned size, CpuAccess access)
{
    Resolved r;
    TcgStoreTarget t;
    switch (access) {
    case CPU_ACCESS_STORE:
        tcg_store_target(v, vaddr, size, &t);
        break;
    case CPU_ACCESS_LOAD:
        if ((v->cpu->tcg.data_view->load[tcg_view_index(vaddr)].tag & ~TCG_TAG_SLOW) !=
                (vaddr & TCG_PAGE_MASK) &&
            !tcg_view_inherit(v, vaddr, false)) {
            resolve(v, CPU_VIEW_DATA, vaddr, size, access, &r);
            resolved_enter(v, vaddr, &r, false);
        }
        break;
    case CPU_ACCESS_FETCH:
        resolve(v, CPU_VIEW_FETCH, vaddr, size, access, &r);
        break;
    }
}

void cpu_probe(CpuState *cpu, uint64_t vaddr, unsigned size, CpuAccess access)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    while (size) {
        unsigned n = MIN(size, TCG_PAGE_SIZE - (vaddr & ~TCG_PAGE_MASK));
        probe_part(v, vaddr, n, access);
        vaddr += n;
        size -= n;
    }
}
