/*
 * A hart as the monitor and debuggers look at it: registers by name, addresses and page
 * tables (Privileged ISA, 12.3 "Sv32" to 12.6 "Sv57") without side effects.
 *
 * Page tables are whatever a guest put there, loops too: a walk of all mappings reads at
 * most MAX_TABLES tables, and RAM only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

enum { MAX_TABLES = 16384 };

/* ---- Registers ---- */

enum {
    REG_PC, REG_PRIV, REG_FP, REG_X, REG_X_ABI = REG_X + 32, REG_F = REG_X_ABI + 32,
    REG_F_ABI = REG_F + 32, REG_CSR = REG_F_ABI + 32, REG_COUNT = REG_CSR + 4096,
};

bool riscv_get_register(CpuState *cs, unsigned n, GString *name, uint64_t *value)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t mask = cpu->xlen == 32 ? UINT32_MAX : UINT64_MAX;

    if (n >= REG_COUNT) {
        return false;
    }
    if (n >= REG_CSR) {
        if (riscv_csr_debug_read(cpu, n - REG_CSR, value)) {
            riscv_csr_print_name(name, n - REG_CSR);
            *value &= mask;
        }
    } else if (n >= REG_F) {
        if (riscv_has_ext(cpu, RISCV_EXT_F)) {
            unsigned i = (n - REG_F) % 32;

            if (n < REG_F_ABI) {
                g_string_append_printf(name, "f%u", i);
            } else {
                g_string_append(name, riscv_f_names[i]);
            }
            *value = cpu->f[i];
        }
    } else if (n >= REG_X) {
        unsigned i = (n - REG_X) % 32;

        if (n < REG_X_ABI) {
            g_string_append_printf(name, "x%u", i);
        } else {
            g_string_append(name, riscv_x_names[i]);
        }
        *value = cpu->x[i] & mask;
    } else {
        static const char *const names[] = { "pc", "priv", "fp" };

        g_string_append(name, names[n]);
        *value = n == REG_PC ? cpu->pc & mask : n == REG_PRIV ? cpu->priv : cpu->x[8] & mask;
    }
    return true;
}

/* ---- Page tables ---- */

/* A copy of a whole table (RAM only). */
static bool read_table(RiscvCpu *cpu, uint64_t table, uint8_t *copy)
{
    uint64_t len = TCG_PAGE_SIZE;
    void *host = address_space_map(cpu->parent.as, table, &len, false);

    if (!host) {
        return false;
    }
    if (len == TCG_PAGE_SIZE) {
        memcpy(copy, host, len);
    }
    address_space_unmap(cpu->parent.as, host, len, false, 0);
    return len == TCG_PAGE_SIZE;
}

static uint64_t table_entry(const RiscvScheme *s, const uint8_t *table, unsigned index)
{
    uint64_t pte = 0;

    memcpy(&pte, table + index * s->pte_size, s->pte_size); /* hosts are little-endian */
    return pte;
}

typedef enum PteKind { PTE_NOTHING, PTE_TABLE, PTE_LEAF } PteKind;

static PteKind pte_kind(const RiscvScheme *s, uint64_t pte, unsigned shift)
{
    uint64_t base = field_get(pte, s->pte_ppn) << TCG_PAGE_BITS;

    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || (pte & s->pte_reserved)) {
        return PTE_NOTHING;
    }
    if (pte & (PTE_R | PTE_X)) {
        return base & ((UINT64_C(1) << shift) - 1) ? PTE_NOTHING : PTE_LEAF;
    }
    return pte & (PTE_A | PTE_D | PTE_U) || shift == TCG_PAGE_BITS ? PTE_NOTHING : PTE_TABLE;
}

bool riscv_debug_translate(CpuState *cs, uint64_t vaddr, uint64_t *phys)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    CpuViewKey key = riscv_view_key(cpu, CPU_VIEW_DATA);
    uint64_t va = cpu->xlen == 32 ? (uint32_t)vaddr : vaddr, table;
    const RiscvScheme *s;

    if (!(key.k[1] & RISCV_KEY_XLATE)) {
        *phys = va;
        return true;
    }
    s = riscv_scheme(cpu, &key, &table);
    if (s->va_bits) {
        int64_t top = (int64_t)va >> (s->va_bits - 1);

        if (top != 0 && top != -1) {
            return false;
        }
    }
    for (unsigned level = s->levels; level-- > 0;) {
        unsigned shift = TCG_PAGE_BITS + level * s->index_bits;
        uint8_t copy[TCG_PAGE_SIZE];
        uint64_t pte;

        if (!read_table(cpu, table, copy)) {
            return false;
        }
        pte = table_entry(s, copy, va >> shift & ((1u << s->index_bits) - 1));
        table = field_get(pte, s->pte_ppn) << TCG_PAGE_BITS;
        switch (pte_kind(s, pte, shift)) {
        case PTE_NOTHING:
            return false;
        case PTE_LEAF:
            *phys = table | (va & ((UINT64_C(1) << shift) - 1));
            return true;
        case PTE_TABLE:
            break;
        }
    }
    return false;
}

typedef struct Walk {
    RiscvCpu *cpu;
    const RiscvScheme *scheme;
    unsigned tables;
    bool (*fn)(const CpuMapping *m, void *opaque);
    void *opaque;
} Walk;

static bool visit_leaf(Walk *w, uint64_t va, unsigned shift, uint64_t pte, bool global)
{
    static const char letters[] = "rwxugad"; /* bits 1 to 7 */
    CpuMapping m = {
        .vaddr = va, .size = UINT64_C(1) << shift,
        .paddr = field_get(pte, w->scheme->pte_ppn) << TCG_PAGE_BITS,
    };

    pte |= global ? PTE_G : 0;
    for (unsigned i = 0; letters[i]; i++) {
        m.attrs[i] = pte >> (i + 1) & 1 ? letters[i] : '-';
    }
    return w->fn(&m, w->opaque);
}

/* False: enough. */
static bool visit_table(Walk *w, uint64_t table, unsigned level, uint64_t base, bool global)
{
    const RiscvScheme *s = w->scheme;
    unsigned shift = TCG_PAGE_BITS + level * s->index_bits;
    uint8_t copy[TCG_PAGE_SIZE];

    if (w->tables++ >= MAX_TABLES) {
        return false;
    }
    if (!read_table(w->cpu, table, copy)) {
        return true;
    }
    for (unsigned i = 0; i < 1u << s->index_bits; i++) {
        uint64_t pte = table_entry(s, copy, i);
        uint64_t va = base | (uint64_t)i << shift;
        bool more = true;

        if (s->va_bits && va >> (s->va_bits - 1) & 1) {
            va |= ~UINT64_C(0) << (s->va_bits - 1);
        }
        switch (pte_kind(s, pte, shift)) {
        case PTE_NOTHING:
            break;
        case PTE_LEAF:
            more = visit_leaf(w, va, shift, pte, global);
            break;
        case PTE_TABLE:
            more = visit_table(w, field_get(pte, s->pte_ppn) << TCG_PAGE_BITS, level - 1, va,
                               global || (pte & PTE_G));
            break;
        }
        if (!more) {
            return false;
        }
    }
    return true;
}

CpuMappings riscv_mappings(CpuState *cs, bool (*fn)(const CpuMapping *m, void *opaque),
                           void *opaque)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    CpuViewKey key = { .k = { cpu->satp } };
    Walk w = { .cpu = cpu, .fn = fn, .opaque = opaque };
    uint64_t root;

    if (!(cpu->satp & (cpu->xlen == 32 ? SATP32_MODE : SATP64_MODE))) {
        return CPU_MAPPINGS_NONE;
    }
    w.scheme = riscv_scheme(cpu, &key, &root);
    return visit_table(&w, root, w.scheme->levels - 1, 0, false) ? CPU_MAPPINGS_ALL
                                                                 : CPU_MAPPINGS_CUT;
}
