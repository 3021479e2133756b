/*
 * Guest atomics: host atomics on the RAM behind a naturally aligned address. Devices and
 * ROM cannot do them and answer with an access fault.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"

static void atomic_target(TcgVcpu *v, uint64_t vaddr, unsigned size, TcgStoreTarget *t)
{
    CpuState *cpu = v->cpu;
    if (vaddr & (size - 1)) {
        cpu->ops->misaligned(cpu, vaddr, CPU_ACCESS_STORE);
        cpu_raise(cpu);
    }
    tcg_debug_access(v, vaddr, size, CPU_WATCH_READ | CPU_WATCH_WRITE);
    tcg_store_target(v, vaddr, size, t);
    if (!t->host) {
        cpu->ops->access_fault(cpu, vaddr, t->phys, CPU_ACCESS_STORE);
        cpu_raise(cpu);
    }
}

/* The new value, for operands that are sign-extended (s) and zero-extended (u). */
static uint64_t amo_apply(IrAmo op, uint64_t old, uint64_t value, uint32_t memop)
{
    int64_t so = tcg_memop_extend(old, memop | IR_MO_SIGN);
    int64_t sv = tcg_memop_extend(value, memop | IR_MO_SIGN);
    uint64_t uo = tcg_memop_extend(old, memop & ~IR_MO_SIGN);
    uint64_t uv = tcg_memop_extend(value, memop & ~IR_MO_SIGN);
    switch (op) {
    case IR_AMO_SWAP:
        return value;
    case IR_AMO_ADD:
        return old + value;
    case IR_AMO_AND:
        return old & value;
    case IR_AMO_OR:
        return old | value;
    case IR_AMO_XOR:
        return old ^ value;
    case IR_AMO_MIN:
        return so < sv ? old : value;
    case IR_AMO_MAX:
        return so > sv ? old : value;
    case IR_AMO_MINU:
        return uo < uv ? old : value;
    case IR_AMO_MAXU:
        return uo > uv ? old : value;
    }
    g_assert_not_reached();
}

/* [host] = desired if it holds expected; either way what it held. Raw, as in memory. */
static uint64_t host_cas(uint8_t *host, uint64_t expected, uint64_t desired, unsigned size)
{
#define CAS(T)                                                                            \
    do {                                                                                  \
        T seen = expected;                                                                \
        __atomic_compare_exchange_n((T *)host, &seen, (T)desired, false,                  \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                  \
        return seen;                                                                      \
    } while (0)
    switch (size) {
    case 1:
        CAS(uint8_t);
    case 2:
        CAS(uint16_t);
    case 4:
        CAS(uint32_t);
    default:
        CAS(uint64_t);
    }
#undef CAS
}

/* Through the vCPU's tap, which nobody else stores to. */
static uint64_t ram_cas(TcgVcpu *v, uint8_t *host, uint64_t expected, uint64_t desired,
                        unsigned size)
{
    if (likely(!v || !v->tap)) {
        return host_cas(host, expected, desired, size);
    }
    uint64_t seen = tcg_ram_load(v, host, size);
    if (seen == expected) {
        tcg_ram_store(v, host, desired, size);
    }
    return seen;
}

static uint64_t host_amo(TcgVcpu *v, uint8_t *host, IrAmo op, uint64_t value, uint32_t memop)
{
    unsigned size = tcg_memop_size(memop);
    uint64_t mask = UINT64_MAX >> (64 - 8 * size);
    /* The common ones on little-endian data of 32 and 64 bits have host instructions. */
    if (!(memop & IR_MO_BE) && size >= 4 && likely(!v->tap)) {
        uint32_t *p32 = (uint32_t *)host;
        uint64_t *p64 = (uint64_t *)host;
#define FETCH(f)                                                                          \
    (size == 8 ? f(p64, value, __ATOMIC_SEQ_CST)                                          \
               : (uint64_t)f(p32, (uint32_t)value, __ATOMIC_SEQ_CST))
        switch (op) {
        case IR_AMO_SWAP:
            return FETCH(__atomic_exchange_n);
        case IR_AMO_ADD:
            return FETCH(__atomic_fetch_add);
        case IR_AMO_AND:
            return FETCH(__atomic_fetch_and);
        case IR_AMO_OR:
            return FETCH(__atomic_fetch_or);
        case IR_AMO_XOR:
            return FETCH(__atomic_fetch_xor);
        default:
            break;
        }
#undef FETCH
    }
    uint64_t raw = tcg_ram_load(v, host, size);
    for (;;) {
        uint64_t old = tcg_memop_swap(raw, memop);
        uint64_t next = amo_apply(op, old, value, memop) & mask;
        uint64_t seen = ram_cas(v, host, raw, tcg_memop_swap(next, memop), size);
        if (seen == raw) {
            return old;
        }
        raw = seen;
    }
}

uint64_t tcg_slow_amo(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop_amo)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    uint32_t memop = memop_amo & 0xff;
    unsigned size = tcg_memop_size(memop);
    TcgStoreTarget t;
    atomic_target(v, vaddr, size, &t);
    uint64_t old = host_amo(v, t.host, memop_amo >> 8, value, memop);
    if (unlikely(t.code)) {
        tcg_store_code(v, &t, vaddr, size);
    }
    return tcg_memop_extend(old, memop);
}

uint64_t tcg_slow_cas(CpuState *cpu, uint64_t vaddr, uint64_t expected, uint64_t value,
                      uint32_t memop)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned size = tcg_memop_size(memop);
    uint64_t mask = UINT64_MAX >> (64 - 8 * size);
    TcgStoreTarget t;
    atomic_target(v, vaddr, size, &t);
    uint64_t raw = ram_cas(v, t.host, tcg_memop_swap(expected & mask, memop),
                           tcg_memop_swap(value & mask, memop), size);
    if (unlikely(t.code)) {
        tcg_store_code(v, &t, vaddr, size);
    }
    return tcg_memop_extend(tcg_memop_swap(raw, memop), memop);
}

/* ---- Physical accesses of the page-table walker ---- */

bool cpu_phys_load(CpuState *cpu, uint64_t phys, unsigned size, uint64_t *value)
{
    bool ok = true;
    TcgVcpu *v = tcg_vcpu(cpu);
    memory_read_lock();
    const FlatRange *fr = address_space_lookup(cpu->as, phys);
    if (fr && fr->direct_read && fr->last - phys >= size - 1) {
        const uint8_t *host = fr->mr->ram->host + fr->offset + (phys - fr->start);
        if (v && unlikely(v->tap)) {
            *value = tcg_ram_load(v, host, size);
        } else if (size == 8 && !((uintptr_t)host & 7)) {
            *value = atomic_load_acquire((const uint64_t *)host);
        } else if (size == 4 && !((uintptr_t)host & 3)) {
            *value = atomic_load_acquire((const uint32_t *)host);
        } else {
            *value = 0;
            memcpy(value, host, size);
        }
    } else {
        ok = fr && address_space_load(cpu->as, phys, MEMTXATTRS_CPU, size, value) == MEMTX_OK;
    }
    memory_read_unlock();
    return ok;
}

bool cpu_phys_cas(CpuState *cpu, uint64_t phys, unsigned size, uint64_t expected,
                  uint64_t value, bool *ret_swapped)
{
    bool ok = false;
    *ret_swapped = false;
    memory_read_lock();
    const FlatRange *fr = address_space_lookup(cpu->as, phys);
    if (fr && fr->direct_write && fr->last - phys >= size - 1 && !(phys & (size - 1))) {
        RamBlock *rb = fr->mr->ram;
        uint64_t offset = fr->offset + (phys - fr->start);
        uint64_t mask = UINT64_MAX >> (64 - 8 * size);
        ok = true;
        if (ram_cas(tcg_vcpu(cpu), rb->host + offset, expected & mask, value & mask, size) ==
            (expected & mask)) {
            *ret_swapped = true;
            ram_written(rb, offset, size);
        }
    }
    memory_read_unlock();
    return ok;
}

/* ---- Debugger ---- */

bool cpu_debug_translate(CpuState *cpu, uint64_t vaddr, uint64_t *phys)
{
    static const CpuAccess tries[] = { CPU_ACCESS_LOAD, CPU_ACCESS_FETCH, CPU_ACCESS_STORE };
    TcgVcpu *v = tcg_vcpu(cpu);
    CpuFill f = { 0 };
    if (cpu->ops->debug_translate) {
        return cpu->ops->debug_translate(cpu, vaddr, phys);
    }
    for (unsigned i = 0; v && i < ARRAY_SIZE(tries); i++) {
        CpuViewKind k = tries[i] == CPU_ACCESS_FETCH ? CPU_VIEW_FETCH : CPU_VIEW_DATA;
        if (cpu->ops->fill(cpu, tcg_view_key(&v->pool[k]), vaddr, 1, tries[i], true, &f)) {
            *phys = f.phys;
            return true;
        }
    }
    return false;
}

bool cpu_debug_rw(CpuState *cpu, uint64_t vaddr, void *buf, size_t len, bool write)
{
    uint8_t *p = buf;
    while (len) {
        size_t n = MIN(len, TCG_PAGE_SIZE - (vaddr & ~TCG_PAGE_MASK));
        uint64_t phys;
        if (!cpu_debug_translate(cpu, vaddr, &phys)) {
            return false;
        }
        MemTxResult r = write ? address_space_write_rom(cpu->as, phys, p, n)
                              : address_space_read(cpu->as, phys, MEMTXATTRS_CPU, p, n);
        if (r != MEMTX_OK) {
            return false;
        }
        vaddr += n;
        p += n;
        len -= n;
    }
    return true;
}
