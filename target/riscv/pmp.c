/*
 * Physical memory protection (Privileged ISA, 3.7): 16 entries, granularity 4 bytes.
 *
 * Entries are kept as inclusive ranges. The lowest-numbered entry that matches any byte of
 * an access decides it, and must match all of its bytes. Without a match machine mode may
 * do everything, other modes nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

static bool entry_locked(const RiscvCpu *cpu, unsigned entry)
{
    return entry < RISCV_PMP_ENTRIES && (cpu->pmpcfg[entry] & PMP_L);
}

/* Range of an active entry; false if it matches nothing. pmpaddr holds address bits from
 * bit 2 up: 56 bits of address on rv64, 34 on rv32. */
static bool entry_range(const RiscvCpu *cpu, unsigned entry, uint64_t *first, uint64_t *last)
{
    uint64_t addr = cpu->pmpaddr[entry];
    uint64_t low;

    switch (cpu->pmpcfg[entry] & PMP_A) {
    case PMP_A_TOR:
        low = entry ? cpu->pmpaddr[entry - 1] : 0;
        *first = low << 2;
        *last = (addr << 2) - 1;
        return low < addr;
    case PMP_A_NA4:
        *first = addr << 2;
        *last = *first + 3;
        return true;
    case PMP_A_NAPOT:
        /* n trailing ones: 2^(n + 3) bytes */
        low = addr ^ (addr + 1);
        *first = (addr & ~low) << 2;
        *last = ((addr | low) << 2) + 3;
        return true;
    default:
        return false;
    }
}

void riscv_pmp_update(RiscvCpu *cpu)
{
    RiscvPmp *map = &cpu->pmp_map;

    map->active = 0;
    for (unsigned i = 0; i < RISCV_PMP_ENTRIES; i++) {
        if (entry_range(cpu, i, &map->first[i], &map->last[i])) {
            map->active |= 1u << i;
        }
    }
    /* Never 0, which in a view key stands for no protection at all. */
    map->generation++;
}

uint64_t riscv_pmpcfg_read(const RiscvCpu *cpu, unsigned entry)
{
    return cpu->pmpcfg[entry];
}

void riscv_pmpcfg_write(RiscvCpu *cpu, unsigned entry, uint8_t value)
{
    value &= PMP_CFG_BITS;
    if ((value & (PMP_R | PMP_W)) == PMP_W) {
        value &= ~PMP_W; /* writable but not readable is reserved */
    }
    if (entry_locked(cpu, entry) || cpu->pmpcfg[entry] == value) {
        return;
    }
    cpu->pmpcfg[entry] = value;
    riscv_pmp_update(cpu);
}

void riscv_pmpaddr_write(RiscvCpu *cpu, unsigned entry, uint64_t value)
{
    value &= cpu->xlen == 32 ? MASK64(31, 0) : MASK64(53, 0);
    /* A locked TOR entry locks the address below it, which is its lower bound. */
    if (entry_locked(cpu, entry) ||
        (entry_locked(cpu, entry + 1) && (cpu->pmpcfg[entry + 1] & PMP_A) == PMP_A_TOR) ||
        cpu->pmpaddr[entry] == value) {
        return;
    }
    cpu->pmpaddr[entry] = value;
    riscv_pmp_update(cpu);
}

/* Entries that are not locked bind machine mode in one way: an access that one of them
 * matches in part fails whatever its bits say. */
bool riscv_pmp_open(const RiscvCpu *cpu, bool m)
{
    return !cpu->pmp || (m && !cpu->pmp_map.active);
}

/* What entry @i grants, or what holds if none matches (i < 0). */
static unsigned entry_rights(const RiscvCpu *cpu, int i, bool m)
{
    if (m && (i < 0 || !(cpu->pmpcfg[i] & PMP_L))) {
        return PMP_R | PMP_W | PMP_X;
    }
    return i < 0 ? 0 : cpu->pmpcfg[i] & (PMP_R | PMP_W | PMP_X);
}

/* The lowest entry that touches [first, last], or -1; *ret_whole: it holds all of it. */
static int first_match(const RiscvCpu *cpu, uint64_t first, uint64_t last, bool *ret_whole)
{
    const RiscvPmp *map = &cpu->pmp_map;

    for (uint32_t left = map->active; left; left &= left - 1) {
        unsigned i = __builtin_ctz(left);

        if (first <= map->last[i] && last >= map->first[i]) {
            *ret_whole = first >= map->first[i] && last <= map->last[i];
            return i;
        }
    }
    *ret_whole = true;
    return -1;
}

unsigned riscv_pmp_rights(const RiscvCpu *cpu, uint64_t phys, uint64_t size, bool m)
{
    bool whole;
    int i;

    if (riscv_pmp_open(cpu, m)) {
        return PMP_R | PMP_W | PMP_X;
    }
    i = first_match(cpu, phys, phys + size - 1, &whole);
    return whole ? entry_rights(cpu, i, m) : 0;
}

unsigned riscv_pmp_page_rights(const RiscvCpu *cpu, uint64_t phys, bool m, bool *ret_partial)
{
    bool whole;
    int i;

    *ret_partial = false;
    if (riscv_pmp_open(cpu, m)) {
        return PMP_R | PMP_W | PMP_X;
    }
    phys &= TCG_PAGE_MASK;
    i = first_match(cpu, phys, phys + TCG_PAGE_SIZE - 1, &whole);
    *ret_partial = !whole;
    return whole ? entry_rights(cpu, i, m) : 0;
}
