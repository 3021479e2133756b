/*
 * Page-table walks: permissions, superpages, reserved bits, A and D, faults and their
 * causes, keys of views, fences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/riscv-hart.h"

enum { TABLE = HART_RAM_BASE + 0x10000, DATA = HART_RAM_BASE + 0x40000 };

#define RWX (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

typedef struct Walk {
    RiscvCpu *cpu;
    unsigned levels, bits, pte_size;
} Walk;

/* Open everything to PMP, choose the mode; tables lie one after another from TABLE. */
static Walk walk_new(unsigned mode)
{
    unsigned levels = mode == SATP_MODE_SV32 ? 2 : mode == SATP_MODE_SV39 ? 3
                      : mode == SATP_MODE_SV48 ? 4 : 5;
    unsigned xlen = mode == SATP_MODE_SV32 ? 32 : 64;
    Walk w = { hart_new(xlen), levels, xlen == 32 ? 10 : 9, xlen / 8 };

    riscv_pmpaddr_write(w.cpu, 0, UINT64_MAX);
    riscv_pmpcfg_write(w.cpu, 0, PMP_A_NAPOT | PMP_R | PMP_W | PMP_X);
    w.cpu->satp = (uint64_t)TABLE >> 12;
    w.cpu->satp |= xlen == 32 ? SATP32_MODE : field_set(0, SATP64_MODE, mode);
    w.cpu->priv = RISCV_PRV_S;
    riscv_update_mode(w.cpu);
    return w;
}

static uint64_t pte_addr(const Walk *w, unsigned level, uint64_t va)
{
    uint64_t index = va >> (12 + level * w->bits) & ((1u << w->bits) - 1);

    return TABLE + (uint64_t)(w->levels - 1 - level) * 0x1000 + index * w->pte_size;
}

/* Map va to pa by a leaf at @level. */
static void map(const Walk *w, uint64_t va, uint64_t pa, unsigned level, uint64_t flags)
{
    for (unsigned l = w->levels - 1; l > level; l--) {
        uint64_t next = TABLE + (uint64_t)(w->levels - l) * 0x1000;

        hart_ram_write(pte_addr(w, l, va), next >> 12 << 10 | PTE_V, w->pte_size);
    }
    hart_ram_write(pte_addr(w, level, va), pa >> 12 << 10 | flags, w->pte_size);
}

static bool fill(const Walk *w, uint64_t va, CpuAccess access, CpuFill *f)
{
    CpuViewKind kind = access == CPU_ACCESS_FETCH ? CPU_VIEW_FETCH : CPU_VIEW_DATA;

    riscv_update_mode(w->cpu);
    w->cpu->exc_cause = w->cpu->exc_tval = 0;
    return riscv_fill(&w->cpu->parent, &world.view[kind], va, 4, access, false, f);
}

static void expect(const Walk *w, uint64_t va, CpuAccess access, uint64_t cause)
{
    CpuFill f;
    bool ok = fill(w, va, access, &f);

    g_assert_cmphex(w->cpu->exc_cause, ==, cause);
    g_assert_cmpint(ok, ==, cause == 0);
    g_assert_cmphex(w->cpu->exc_tval, ==, cause ? va : 0);
}

static void test_levels(gconstpointer data)
{
    Walk w = walk_new(GPOINTER_TO_UINT(data));
    uint64_t va = 0x12345678;
    CpuFill f;

    for (unsigned level = 0; level < w.levels; level++) {
        unsigned shift = 12 + level * w.bits;
        uint64_t mask = (UINT64_C(1) << shift) - 1;
        uint64_t pa = w.cpu->xlen == 64 ? ~mask & MASK64(55, 0) : ~mask & MASK64(33, 0);

        map(&w, va, pa, level, RWX);
        g_assert_true(fill(&w, va, CPU_ACCESS_LOAD, &f));
        g_assert_cmphex(f.phys, ==, pa | (va & mask));
        g_assert_cmpuint(f.leaf_bits, ==, shift);
        g_assert_true(f.load && f.store && !f.fetch && !f.global && !f.no_cache);
        g_assert_true(fill(&w, va, CPU_ACCESS_FETCH, &f));
        g_assert_true(f.fetch && !f.load && !f.store);
        if (level) {
            map(&w, va, pa | 0x1000, level, RWX); /* misaligned superpage */
            expect(&w, va, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_PAGE);
        }
    }
    hart_free(w.cpu);
}

static void test_canonical(void)
{
    static const struct { unsigned mode; uint64_t good, bad; } rows[] = {
        { SATP_MODE_SV39, 0xffffffc000000000, 0x0000004000000000 },
        { SATP_MODE_SV48, 0xffff800000000000, 0x0000800000000000 },
        { SATP_MODE_SV57, 0xff00000000000000, 0x0100000000000000 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        Walk w = walk_new(rows[i].mode);

        map(&w, rows[i].good, DATA, 0, RWX);
        expect(&w, rows[i].good, CPU_ACCESS_LOAD, 0);
        map(&w, rows[i].bad, DATA, 0, RWX);
        expect(&w, rows[i].bad, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_PAGE);
        expect(&w, rows[i].bad, CPU_ACCESS_STORE, RISCV_EXC_STORE_PAGE);
        expect(&w, rows[i].bad, CPU_ACCESS_FETCH, RISCV_EXC_INSN_PAGE);
        hart_free(w.cpu);
    }
}

/* Every combination of R, W, X, U, SUM, MXR and privilege, by the manual's sentences. */
static void test_permissions(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    uint64_t va = 0x7000;

    for (unsigned bits = 0; bits < 128; bits++) {
        bool r = bits & 1, wr = bits & 2, x = bits & 4, u = bits & 8;
        bool sum = bits & 16, mxr = bits & 32, user = bits & 64;
        bool reserved = (wr && !r) || (!r && !x); /* the latter: a pointer at level 0 */
        bool data = user ? u : !u || sum;

        map(&w, va, DATA, 0, PTE_V | PTE_A | PTE_D | (r ? PTE_R : 0) | (wr ? PTE_W : 0) |
                             (x ? PTE_X : 0) | (u ? PTE_U : 0));
        w.cpu->priv = user ? RISCV_PRV_U : RISCV_PRV_S;
        w.cpu->mstatus = (sum ? MSTATUS_SUM : 0) | (mxr ? MSTATUS_MXR : 0);
        expect(&w, va, CPU_ACCESS_LOAD,
               !reserved && data && (r || (mxr && x)) ? 0 : RISCV_EXC_LOAD_PAGE);
        expect(&w, va, CPU_ACCESS_STORE, !reserved && data && wr ? 0 : RISCV_EXC_STORE_PAGE);
        expect(&w, va, CPU_ACCESS_FETCH,
               !reserved && u == user && x ? 0 : RISCV_EXC_INSN_PAGE);
        /* MPRV: machine mode loads and stores as that mode, and fetches as itself */
        w.cpu->priv = RISCV_PRV_M;
        w.cpu->mstatus |= MSTATUS_MPRV;
        w.cpu->mstatus = field_set(w.cpu->mstatus, MSTATUS_MPP,
                                   user ? RISCV_PRV_U : RISCV_PRV_S);
        expect(&w, va, CPU_ACCESS_LOAD,
               !reserved && data && (r || (mxr && x)) ? 0 : RISCV_EXC_LOAD_PAGE);
        expect(&w, va, CPU_ACCESS_FETCH, 0);
    }
    hart_free(w.cpu);
}

static void test_reserved(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    uint64_t va = 0x7000;

    for (unsigned bit = 54; bit < 64; bit++) {
        map(&w, va, DATA, 0, RWX | BIT64(bit));
        expect(&w, va, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_PAGE);
    }
    map(&w, va, DATA, 0, RWX | BIT64(8) | BIT64(9)); /* software's */
    expect(&w, va, CPU_ACCESS_LOAD, 0);
    for (unsigned i = 0; i < 3; i++) {
        static const uint64_t flags[] = { PTE_A, PTE_D, PTE_U };
        uint64_t at = pte_addr(&w, 1, va);
        uint64_t pte = hart_ram_read(at, 8);

        hart_ram_write(at, pte | flags[i], 8); /* reserved in a pointer */
        expect(&w, va, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_PAGE);
        hart_ram_write(at, pte, 8);
    }
    hart_ram_write(pte_addr(&w, 1, va), 0, 8);
    expect(&w, va, CPU_ACCESS_FETCH, RISCV_EXC_INSN_PAGE);
    hart_free(w.cpu);
}

static void test_accessed_dirty(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    uint64_t va = 0x7000, at = pte_addr(&w, 0, va);
    CpuFill f;

    map(&w, va, DATA, 0, RWX & ~(PTE_A | PTE_D));
    g_assert_true(fill(&w, va, CPU_ACCESS_LOAD, &f));
    g_assert_true(f.load && !f.store); /* D is clear: a store must come here again */
    g_assert_cmphex(hart_ram_read(at, 8) & (PTE_A | PTE_D), ==, PTE_A);
    g_assert_true(fill(&w, va, CPU_ACCESS_STORE, &f));
    g_assert_true(f.load && f.store);
    g_assert_cmphex(hart_ram_read(at, 8) & (PTE_A | PTE_D), ==, PTE_A | PTE_D);

    /* only a permitted access updates */
    map(&w, va, DATA, 0, PTE_V | PTE_R);
    expect(&w, va, CPU_ACCESS_STORE, RISCV_EXC_STORE_PAGE);
    g_assert_cmphex(hart_ram_read(at, 8) & (PTE_A | PTE_D), ==, 0);

    /* a probe changes nothing, and its result is not kept */
    map(&w, va, DATA, 0, RWX & ~(PTE_A | PTE_D));
    g_assert_true(riscv_fill(&w.cpu->parent, &world.view[CPU_VIEW_DATA], va, 4,
                             CPU_ACCESS_STORE, true, &f));
    g_assert_true(f.no_cache);
    g_assert_cmphex(hart_ram_read(at, 8) & (PTE_A | PTE_D), ==, 0);

    /* the entry changes meanwhile: it is read again, and not overwritten */
    world.race_addr = at;
    world.race_value = (uint64_t)(DATA + 0x1000) >> 12 << 10 | (RWX & ~PTE_D);
    g_assert_true(fill(&w, va, CPU_ACCESS_LOAD, &f));
    g_assert_cmphex(f.phys, ==, DATA + 0x1000);
    world.race_addr = at;
    world.race_value = 0;
    expect(&w, va, CPU_ACCESS_STORE, RISCV_EXC_STORE_PAGE);
    g_assert_cmphex(hart_ram_read(at, 8), ==, 0);

    /* Svade, and Svadu turned off */
    map(&w, va, DATA, 0, RWX & ~PTE_D);
    w.cpu->menvcfg &= ~MENVCFG_ADUE;
    expect(&w, va, CPU_ACCESS_LOAD, 0);
    expect(&w, va, CPU_ACCESS_STORE, RISCV_EXC_STORE_PAGE);
    map(&w, va, DATA, 0, RWX & ~PTE_A);
    expect(&w, va, CPU_ACCESS_FETCH, RISCV_EXC_INSN_PAGE);
    hart_free(w.cpu);
}

static void test_global(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    uint64_t va = 0x7000, at = pte_addr(&w, 1, va);
    CpuFill f;

    map(&w, va, DATA, 0, RWX | PTE_G);
    g_assert_true(fill(&w, va, CPU_ACCESS_LOAD, &f));
    g_assert_true(f.global);
    map(&w, va, DATA, 0, RWX);
    hart_ram_write(at, hart_ram_read(at, 8) | PTE_G, 8); /* all below a global pointer is */
    g_assert_true(fill(&w, va, CPU_ACCESS_LOAD, &f));
    g_assert_true(f.global);
    hart_free(w.cpu);
}

/* Tables where nothing answers, and PMP over tables and data. */
static void test_access_faults(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    uint64_t va = 0x7000;
    CpuFill f;

    w.cpu->satp = field_set(w.cpu->satp, SATP64_PPN, 0x1000 >> 12);
    expect(&w, va, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_ACCESS);
    expect(&w, va, CPU_ACCESS_STORE, RISCV_EXC_STORE_ACCESS);
    expect(&w, va, CPU_ACCESS_FETCH, RISCV_EXC_INSN_ACCESS);
    w.cpu->satp = field_set(w.cpu->satp, SATP64_PPN, TABLE >> 12);

    /* the last table may be read but not written: no update of A */
    riscv_pmpaddr_write(w.cpu, 1, UINT64_MAX);
    riscv_pmpcfg_write(w.cpu, 1, PMP_A_NAPOT | PMP_R | PMP_W | PMP_X);
    riscv_pmpaddr_write(w.cpu, 0, (TABLE + 0x2000) >> 2 | 0x1ff);
    riscv_pmpcfg_write(w.cpu, 0, PMP_A_NAPOT | PMP_R);
    map(&w, va, DATA, 0, RWX & ~PTE_A);
    expect(&w, va, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_ACCESS);
    map(&w, va, DATA, 0, RWX);
    expect(&w, va, CPU_ACCESS_LOAD, 0);
    riscv_pmpcfg_write(w.cpu, 0, PMP_A_NAPOT); /* nor read */
    expect(&w, va, CPU_ACCESS_STORE, RISCV_EXC_STORE_ACCESS);

    /* eight bytes of the data page are read-only: the page is not remembered */
    riscv_pmpaddr_write(w.cpu, 0, (DATA + 0x100) >> 2);
    riscv_pmpcfg_write(w.cpu, 0, PMP_A_NAPOT | PMP_R);
    g_assert_true(fill(&w, va, CPU_ACCESS_STORE, &f));
    g_assert_true(f.no_cache);
    expect(&w, va + 0x100, CPU_ACCESS_STORE, RISCV_EXC_STORE_ACCESS);
    expect(&w, va + 0x0fe, CPU_ACCESS_LOAD, RISCV_EXC_LOAD_ACCESS); /* straddles */
    expect(&w, va + 0x104, CPU_ACCESS_LOAD, 0);
    hart_free(w.cpu);
}

static void test_bare(void)
{
    Walk w = walk_new(SATP_MODE_SV32);
    CpuFill f;

    w.cpu->satp = 0;
    g_assert_true(fill(&w, 0xffffffff80000010, CPU_ACCESS_LOAD, &f)); /* rv32: 32 bits */
    g_assert_cmphex(f.phys, ==, 0x80000010);
    g_assert_true(f.load && f.store);
    hart_free(w.cpu);
}

/* What changes a translation or a permission changes the key; what does not, does not. */
static void test_keys(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    RiscvCpu *cpu = w.cpu;
    CpuViewKey data, fetch;

#define CHANGES(kind, key) (memcmp(&world.view[kind], &(key), sizeof(key)) != 0)
    riscv_update_mode(cpu);
    data = world.view[CPU_VIEW_DATA];
    fetch = world.view[CPU_VIEW_FETCH];
    riscv_mstatus_write(cpu, MSTATUS_SUM, MSTATUS_SUM);
    g_assert_true(CHANGES(CPU_VIEW_DATA, data));
    g_assert_false(CHANGES(CPU_VIEW_FETCH, fetch));
    riscv_mstatus_write(cpu, 0, MSTATUS_SUM);
    g_assert_false(CHANGES(CPU_VIEW_DATA, data));
    riscv_mstatus_write(cpu, MSTATUS_SIE, MSTATUS_SIE);
    g_assert_false(CHANGES(CPU_VIEW_DATA, data));
    cpu->satp ^= BIT64(44); /* ASID */
    riscv_update_mode(cpu);
    g_assert_true(CHANGES(CPU_VIEW_DATA, data) && CHANGES(CPU_VIEW_FETCH, fetch));
    cpu->satp ^= BIT64(44);
    cpu->priv = RISCV_PRV_U;
    riscv_update_mode(cpu);
    g_assert_true(CHANGES(CPU_VIEW_DATA, data) && CHANGES(CPU_VIEW_FETCH, fetch));
    cpu->priv = RISCV_PRV_M;
    riscv_update_mode(cpu);
    g_assert_cmphex(world.view[CPU_VIEW_DATA].k[0], ==, 0);
    /* MPRV is the data view's alone */
    cpu->mstatus = field_set(cpu->mstatus, MSTATUS_MPP, RISCV_PRV_S);
    riscv_mstatus_write(cpu, MSTATUS_MPRV, MSTATUS_MPRV);
    g_assert_false(CHANGES(CPU_VIEW_DATA, data));
    g_assert_cmphex(world.view[CPU_VIEW_FETCH].k[0], ==, 0);
#undef CHANGES
    hart_free(cpu);
}

static void fence(RiscvCpu *cpu, unsigned funct7, unsigned rs1, unsigned rs2, uint64_t vaddr,
                  uint64_t asid)
{
    void (*fn)(CpuState *, uint32_t, uint64_t, uint64_t) = riscv_h_sfence_vma.fn;

    fn(&cpu->parent, funct7 << 25 | rs2 << 20 | rs1 << 15 | 0x73, vaddr, asid);
}

static void test_fences(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    RiscvCpu *cpu = w.cpu;
    enum { SFENCE = 9, SINVAL = 11, ORDER = 12 };

    for (unsigned i = 0; i < 3; i++) { /* ASIDs 0 to 2, and an untranslated view */
        world.inv_keys[i].k[0] = field_set(cpu->satp, SATP64_ASID, i);
        world.inv_keys[i].k[1] = RISCV_KEY_XLATE;
    }
    fence(cpu, SFENCE, 0, 0, 0x1000, 1);
    g_assert_true(world.inv_all_pages && !world.inv_keep_global);
    g_assert_cmphex(world.inv_mask, ==, 7);
    fence(cpu, SFENCE, 0, 5, 0x1000, 1);
    g_assert_true(world.inv_all_pages && world.inv_keep_global);
    g_assert_cmphex(world.inv_mask, ==, 2);
    fence(cpu, SINVAL, 5, 5, 0x1000, 0x10002); /* bits above the ASID's are ignored */
    g_assert_true(!world.inv_all_pages && world.inv_keep_global);
    g_assert_cmphex(world.inv_vaddr, ==, 0x1000);
    g_assert_cmphex(world.inv_mask, ==, 4);
    g_assert_cmpuint(world.n_invalidate, ==, 3);
    fence(cpu, ORDER, 0, 1, 0, 0);
    g_assert_cmpuint(world.n_invalidate, ==, 3);

    cpu->mstatus |= MSTATUS_TVM;
    g_assert_true(HART_RAISES(fence(cpu, SFENCE, 0, 0, 0, 0)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_ILLEGAL);
    g_assert_false(HART_RAISES(fence(cpu, ORDER, 0, 0, 0, 0)));
    cpu->mstatus &= ~MSTATUS_TVM;
    cpu->priv = RISCV_PRV_U;
    g_assert_true(HART_RAISES(fence(cpu, SFENCE, 0, 0, 0, 0)));
    hart_free(cpu);

    /* rv32: the upper half may be known by either form of the address */
    w = walk_new(SATP_MODE_SV32);
    fence(w.cpu, SFENCE, 5, 0, 0xffffffffc0000000, 0);
    g_assert_cmpuint(world.n_invalidate, ==, 2);
    hart_free(w.cpu);
}

static void cbo(RiscvCpu *cpu, unsigned op, uint64_t vaddr)
{
    void (*fn)(CpuState *, uint32_t, uint64_t) = riscv_h_cbo.fn;

    fn(&cpu->parent, op << 20 | 5 << 15 | 2 << 12 | 0x0f, vaddr);
}

static void test_cache_blocks(void)
{
    Walk w = walk_new(SATP_MODE_SV39);
    RiscvCpu *cpu = w.cpu;
    uint64_t va = 0x7000;

    map(&w, va, DATA, 0, RWX);
    g_assert_true(HART_RAISES(cbo(cpu, 4, va)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_ILLEGAL);
    cpu->menvcfg |= ENVCFG_CBZE | ENVCFG_CBCFE;
    memset(&world.ram[DATA - HART_RAM_BASE], 0xff, 0x100);
    cbo(cpu, 4, va + 0x7b);
    g_assert_cmphex(hart_ram_read(DATA + 0x38, 8), ==, UINT64_MAX);
    for (unsigned i = 0x40; i < 0x80; i += 8) {
        g_assert_cmphex(hart_ram_read(DATA + i, 8), ==, 0);
    }
    g_assert_cmphex(hart_ram_read(DATA + 0x80, 8), ==, UINT64_MAX);
    cbo(cpu, 1, va);
    g_assert_true(HART_RAISES(cbo(cpu, 0, va))); /* CBIE is 0 */
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_ILLEGAL);

    /* a clean needs to be able to load, and faults as a store */
    map(&w, va, DATA, 0, PTE_V | PTE_X | PTE_A);
    g_assert_true(HART_RAISES(cbo(cpu, 1, va + 5)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_STORE_PAGE);
    g_assert_cmphex(cpu->exc_tval, ==, va + 5);
    map(&w, va, DATA, 0, PTE_V | PTE_R | PTE_A);
    cbo(cpu, 2, va);
    g_assert_true(HART_RAISES(cbo(cpu, 4, va + 5)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_STORE_PAGE);
    g_assert_cmphex(cpu->exc_tval, ==, va + 5);
    /* user mode asks senvcfg too */
    cpu->priv = RISCV_PRV_U;
    g_assert_true(HART_RAISES(cbo(cpu, 1, va)));
    g_assert_cmphex(cpu->exc_cause, ==, RISCV_EXC_ILLEGAL);
    hart_free(cpu);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/riscv-mmu/levels/sv32", GUINT_TO_POINTER(SATP_MODE_SV32),
                         test_levels);
    g_test_add_data_func("/riscv-mmu/levels/sv39", GUINT_TO_POINTER(SATP_MODE_SV39),
                         test_levels);
    g_test_add_data_func("/riscv-mmu/levels/sv48", GUINT_TO_POINTER(SATP_MODE_SV48),
                         test_levels);
    g_test_add_data_func("/riscv-mmu/levels/sv57", GUINT_TO_POINTER(SATP_MODE_SV57),
                         test_levels);
    g_test_add_func("/riscv-mmu/canonical", test_canonical);
    g_test_add_func("/riscv-mmu/permissions", test_permissions);
    g_test_add_func("/riscv-mmu/reserved", test_reserved);
    g_test_add_func("/riscv-mmu/accessed-dirty", test_accessed_dirty);
    g_test_add_func("/riscv-mmu/global", test_global);
    g_test_add_func("/riscv-mmu/access-faults", test_access_faults);
    g_test_add_func("/riscv-mmu/bare", test_bare);
    g_test_add_func("/riscv-mmu/keys", test_keys);
    g_test_add_func("/riscv-mmu/fences", test_fences);
    g_test_add_func("/riscv-mmu/cache-blocks", test_cache_blocks);
    return g_test_run();
}
