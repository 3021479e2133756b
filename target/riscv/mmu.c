/*
 * Address translation (Privileged ISA, 12.3 "Sv32" to 12.6 "Sv57", 12.10 "Svadu"): the page
 * table walker behind CpuOps.fill, and the faults of memory accesses.
 *
 * A walk uses the view key alone, and PMP as it stands: what the key says decides root,
 * privilege and permissions. Nothing invalid is ever remembered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"
#include "util/log.h"

typedef enum WalkResult { WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT, WALK_AGAIN } WalkResult;

static const RiscvScheme sv32 = { 2, 10, 4, 0, PTE32_PPN, 0 };
static const RiscvScheme sv39 = { 3, 9, 8, 39, PTE64_PPN, PTE64_RESERVED };
static const RiscvScheme sv48 = { 4, 9, 8, 48, PTE64_PPN, PTE64_RESERVED };
static const RiscvScheme sv57 = { 5, 9, 8, 57, PTE64_PPN, PTE64_RESERVED };

const RiscvScheme *riscv_scheme(const RiscvCpu *cpu, const CpuViewKey *key, uint64_t *root)
{
    if (cpu->xlen == 32) {
        *root = (key->k[0] & SATP32_PPN) << TCG_PAGE_BITS;
        return &sv32;
    }
    *root = (key->k[0] & SATP64_PPN) << TCG_PAGE_BITS;
    switch (field_get(key->k[0], SATP64_MODE)) {
    case SATP_MODE_SV39: return &sv39;
    case SATP_MODE_SV48: return &sv48;
    default:             return &sv57;
    }
}

/* A leaf lets @access happen in the view of @key. */
static bool leaf_permits(uint64_t pte, const CpuViewKey *key, CpuAccess access)
{
    if (key->k[1] & RISCV_KEY_U) {
        if (!(pte & PTE_U)) {
            return false;
        }
    } else if ((pte & PTE_U) && (access == CPU_ACCESS_FETCH || !(key->k[1] & RISCV_KEY_SUM))) {
        return false;
    }
    switch (access) {
    case CPU_ACCESS_FETCH:
        return pte & PTE_X;
    case CPU_ACCESS_LOAD:
        return (pte & PTE_R) || ((key->k[1] & RISCV_KEY_MXR) && (pte & PTE_X));
    default:
        return pte & PTE_W;
    }
}

/* Set A, and D for a store, in the entry itself. */
static WalkResult update_leaf(RiscvCpu *cpu, const RiscvScheme *s, uint64_t pte_addr, uint64_t pte,
                              uint64_t bits)
{
    bool swapped;

    if (!(riscv_pmp_rights(cpu, pte_addr, s->pte_size, false) & PMP_W) ||
        !cpu_phys_cas(&cpu->parent, pte_addr, s->pte_size, pte, pte | bits, &swapped)) {
        return WALK_ACCESS_FAULT;
    }
    return swapped ? WALK_OK : WALK_AGAIN;
}

static WalkResult leaf(RiscvCpu *cpu, const CpuViewKey *key, const RiscvScheme *s, uint64_t va,
                       uint64_t pte_addr, uint64_t pte, unsigned shift, CpuAccess access,
                       bool probe, CpuFill *fill)
{
    uint64_t base = field_get(pte, s->pte_ppn) << TCG_PAGE_BITS;
    uint64_t offset_mask = (UINT64_C(1) << shift) - 1;
    uint64_t wanted = PTE_A | (access == CPU_ACCESS_STORE ? PTE_D : 0);

    if (!leaf_permits(pte, key, access) || (base & offset_mask)) {
        return WALK_PAGE_FAULT;
    }
    fill->no_cache = false;
    if ((pte & wanted) != wanted) {
        WalkResult r;

        if (!(key->k[1] & RISCV_KEY_HW_AD)) {
            return WALK_PAGE_FAULT;
        }
        if (probe) {
            fill->no_cache = true; /* a probe changes nothing: the access itself will */
        } else {
            r = update_leaf(cpu, s, pte_addr, pte, wanted);
            if (r != WALK_OK) {
                return r;
            }
            pte |= wanted;
        }
    }
    fill->phys = base | (va & offset_mask);
    fill->leaf_bits = shift;
    fill->global = pte & PTE_G;
    if (access == CPU_ACCESS_FETCH) {
        fill->fetch = true;
        fill->load = fill->store = false;
    } else {
        fill->fetch = false;
        fill->load = leaf_permits(pte, key, CPU_ACCESS_LOAD);
        fill->store = leaf_permits(pte, key, CPU_ACCESS_STORE) &&
                      ((pte & PTE_D) || access == CPU_ACCESS_STORE);
    }
    return WALK_OK;
}

static WalkResult walk(RiscvCpu *cpu, const CpuViewKey *key, uint64_t va, CpuAccess access,
                       bool probe, CpuFill *fill)
{
    uint64_t table;
    const RiscvScheme *s = riscv_scheme(cpu, key, &table);
    bool global = false;

    if (s->va_bits) {
        int64_t top = (int64_t)va >> (s->va_bits - 1);

        if (top != 0 && top != -1) {
            return WALK_PAGE_FAULT;
        }
    }
    for (unsigned level = s->levels; level-- > 0;) {
        unsigned shift = TCG_PAGE_BITS + level * s->index_bits;
        uint64_t index = va >> shift & ((UINT64_C(1) << s->index_bits) - 1);
        uint64_t pte_addr = table + index * s->pte_size;
        uint64_t pte;

        if (!(riscv_pmp_rights(cpu, pte_addr, s->pte_size, false) & PMP_R) ||
            !cpu_phys_load(&cpu->parent, pte_addr, s->pte_size, &pte)) {
            return WALK_ACCESS_FAULT;
        }
        if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || (pte & s->pte_reserved)) {
            return WALK_PAGE_FAULT;
        }
        if (pte & (PTE_R | PTE_X)) {
            WalkResult r = leaf(cpu, key, s, va, pte_addr, pte, shift, access, probe, fill);

            if (r == WALK_OK) {
                fill->global |= global;
            }
            return r;
        }
        if (pte & (PTE_A | PTE_D | PTE_U)) {
            return WALK_PAGE_FAULT; /* reserved where the entry is no leaf */
        }
        global |= (pte & PTE_G) != 0;
        table = field_get(pte, s->pte_ppn) << TCG_PAGE_BITS;
    }
    return WALK_PAGE_FAULT;
}

static void record_fault(RiscvCpu *cpu, bool page, CpuAccess access, uint64_t vaddr)
{
    static const uint8_t causes[2][3] = {
        { RISCV_EXC_INSN_ACCESS, RISCV_EXC_LOAD_ACCESS, RISCV_EXC_STORE_ACCESS },
        { RISCV_EXC_INSN_PAGE, RISCV_EXC_LOAD_PAGE, RISCV_EXC_STORE_PAGE },
    };

    cpu->exc_cause = causes[page][access];
    cpu->exc_tval = vaddr;
}

/* What PMP says of the translated access, and of the rest of its page. */
static bool apply_pmp(RiscvCpu *cpu, const CpuViewKey *key, unsigned size, CpuAccess access,
                      CpuFill *fill)
{
    static const uint8_t right[] = { PMP_X, PMP_R, PMP_W };
    bool m = key->k[1] & RISCV_KEY_M;
    bool partial;
    unsigned rights;

    if (riscv_pmp_open(cpu, m)) {
        return true;
    }
    if (!(riscv_pmp_rights(cpu, fill->phys, MAX(size, 1), m) & right[access])) {
        return false;
    }
    rights = riscv_pmp_page_rights(cpu, fill->phys, m, &partial);
    if (partial) {
        fill->no_cache = true;
    } else {
        fill->load = fill->load && (rights & PMP_R);
        fill->store = fill->store && (rights & PMP_W);
        fill->fetch = fill->fetch && (rights & PMP_X);
    }
    return true;
}

bool riscv_fill(CpuState *cs, const CpuViewKey *key, uint64_t vaddr, unsigned size,
                CpuAccess access, bool probe, CpuFill *fill)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t va = cpu->xlen == 32 ? (uint32_t)vaddr : vaddr;
    WalkResult r = WALK_OK;

    if (key->k[1] & RISCV_KEY_XLATE) {
        do {
            r = walk(cpu, key, va, access, probe, fill);
        } while (r == WALK_AGAIN);
    } else {
        *fill = (CpuFill){
            .phys = va, .leaf_bits = TCG_PAGE_BITS, .fetch = access == CPU_ACCESS_FETCH,
            .load = access != CPU_ACCESS_FETCH, .store = access != CPU_ACCESS_FETCH,
        };
    }
    if (r == WALK_OK && !apply_pmp(cpu, key, size, access, fill)) {
        r = WALK_ACCESS_FAULT;
    }
    log_if(LOG_MMU, "riscv_mmu: hart:%" PRIu64 " vaddr:0x%" PRIx64 " access:%d view:%" PRIx64
           "/%" PRIx64 " result:%d phys:0x%" PRIx64 "\n", cpu->hartid, va, access, key->k[0],
           key->k[1], r, r == WALK_OK ? fill->phys : 0);
    if (r != WALK_OK && !probe) {
        record_fault(cpu, r == WALK_PAGE_FAULT, access, vaddr);
    }
    return r == WALK_OK;
}

void riscv_access_fault(CpuState *cs, uint64_t vaddr, uint64_t phys, CpuAccess access)
{
    record_fault(riscv_cpu(cs), false, access, vaddr);
}

void riscv_misaligned(CpuState *cs, uint64_t vaddr, CpuAccess access)
{
    static const uint8_t causes[] = { RISCV_EXC_INSN_MISALIGNED, RISCV_EXC_LOAD_MISALIGNED,
                                      RISCV_EXC_STORE_MISALIGNED };
    RiscvCpu *cpu = riscv_cpu(cs);

    cpu->exc_cause = causes[access];
    cpu->exc_tval = vaddr;
}

/* ---- Accesses that raise nothing ---- */

bool riscv_data_rw(RiscvCpu *cpu, uint64_t vaddr, void *buf, size_t len, bool write)
{
    CpuViewKey key = riscv_view_key(cpu, CPU_VIEW_DATA);
    CpuAccess access = write ? CPU_ACCESS_STORE : CPU_ACCESS_LOAD;
    uint64_t cause = cpu->exc_cause, tval = cpu->exc_tval;
    uint8_t *p = buf;

    while (len) {
        size_t n = MIN(len, TCG_PAGE_SIZE - (vaddr & ~TCG_PAGE_MASK));
        MemTxResult r;
        CpuFill fill;

        if (!riscv_fill(&cpu->parent, &key, vaddr, n, access, false, &fill)) {
            cpu->exc_cause = cause;
            cpu->exc_tval = tval;
            return false;
        }
        r = write ? address_space_write(cpu->parent.as, fill.phys, MEMTXATTRS_CPU, p, n)
                  : address_space_read(cpu->parent.as, fill.phys, MEMTXATTRS_CPU, p, n);
        if (r != MEMTX_OK) {
            return false;
        }
        vaddr += n;
        p += n;
        len -= n;
    }
    return true;
}

bool riscv_fetch_u16(RiscvCpu *cpu, uint64_t vaddr, uint16_t *ret)
{
    CpuViewKey key = riscv_view_key(cpu, CPU_VIEW_FETCH);
    CpuFill fill;
    uint64_t value;

    if (!riscv_fill(&cpu->parent, &key, vaddr, 2, CPU_ACCESS_FETCH, true, &fill) ||
        !cpu_phys_load(&cpu->parent, fill.phys, 2, &value)) {
        return false;
    }
    *ret = value;
    return true;
}
