/*
 * What target/riscv calls in the accelerator and the machine, as recorders.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/riscv-hart.h"
#include "hw/core/machine.h"
#include "semihosting/semihosting.h"

HartWorld world;

/* ---- Accelerator ---- */

void cpu_raise(CpuState *cpu)
{
    siglongjmp(world.unwind, 1);
}

void cpu_request_exit(CpuState *cpu)
{
    cpu->tcg.exit_request = 1;
}

void cpu_kick_interrupt(CpuState *cpu)
{
    cpu->interrupt_request = 1;
    world.n_kicks++;
}

void cpu_nap(CpuState *cpu, uint32_t us)
{
    cpu->nap_us = us;
}

void cpu_halt(CpuState *cpu)
{
    cpu->halted = 1;
    world.n_halts++;
}

void cpu_outside(CpuState *cpu)
{
}

bool cpu_exception_now(CpuState *cpu)
{
    return false;
}

void cpu_fence_i(CpuState *cpu)
{
}

void cpu_set_view(CpuState *cpu, CpuViewKind kind, const CpuViewKey *key)
{
    world.view[kind] = *key;
    world.n_set_view++;
}

void cpu_invalidate(CpuState *cpu, bool all_pages, uint64_t vaddr,
                    bool (*match)(const CpuViewKey *key, void *opaque), void *opaque,
                    bool keep_global)
{
    world.n_invalidate++;
    world.inv_all_pages = all_pages;
    world.inv_vaddr = vaddr;
    world.inv_keep_global = keep_global;
    world.inv_mask = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(world.inv_keys); i++) {
        world.inv_mask |= (!match || match(&world.inv_keys[i], opaque)) << i;
    }
}

static uint8_t *ram_at(uint64_t phys, uint64_t size)
{
    if (phys < HART_RAM_BASE || phys + size > (uint64_t)HART_RAM_BASE + HART_RAM_SIZE) {
        return NULL;
    }
    return &world.ram[phys - HART_RAM_BASE];
}

void hart_ram_write(uint64_t phys, uint64_t value, unsigned size)
{
    uint8_t *p = ram_at(phys, size);

    g_assert_nonnull(p);
    memcpy(p, &value, size);
}

uint64_t hart_ram_read(uint64_t phys, unsigned size)
{
    uint64_t value = 0;
    const uint8_t *p = ram_at(phys, size);

    g_assert_nonnull(p);
    memcpy(&value, p, size);
    return value;
}

bool cpu_phys_load(CpuState *cpu, uint64_t phys, unsigned size, uint64_t *value)
{
    if (!ram_at(phys, size)) {
        return false;
    }
    *value = hart_ram_read(phys, size);
    return true;
}

bool cpu_phys_cas(CpuState *cpu, uint64_t phys, unsigned size, uint64_t expected,
                  uint64_t value, bool *ret_swapped)
{
    if (!ram_at(phys, size)) {
        return false;
    }
    if (world.race_addr == phys) {
        world.race_addr = 0;
        hart_ram_write(phys, world.race_value, size);
    }
    *ret_swapped = hart_ram_read(phys, size) == expected;
    if (*ret_swapped) {
        hart_ram_write(phys, value, size);
    }
    return true;
}

void cpu_set_bytes(CpuState *cs, uint64_t vaddr, uint8_t byte, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        cpu_store(cs, vaddr + i, byte, IR_MO_8);
    }
}

void cpu_store(CpuState *cs, uint64_t vaddr, uint64_t value, uint32_t memop)
{
    CpuFill fill;

    if (!riscv_fill(cs, &world.view[CPU_VIEW_DATA], vaddr, 8, CPU_ACCESS_STORE, false, &fill)) {
        cpu_raise(cs);
    }
    hart_ram_write(fill.phys, value, 1u << (memop & IR_MO_SIZE));
}

void cpu_probe(CpuState *cs, uint64_t vaddr, unsigned size, CpuAccess access)
{
    CpuFill fill;

    if (!riscv_fill(cs, &world.view[CPU_VIEW_DATA], vaddr, size, access, false, &fill)) {
        cpu_raise(cs);
    }
}

/* ---- Machine ---- */

MemTxResult address_space_read(AddressSpace *as, uint64_t addr, MemTxAttrs attrs, void *buf,
                               uint64_t len)
{
    const uint8_t *p = ram_at(addr, len);

    if (!p) {
        return MEMTX_DECODE_ERROR;
    }
    memcpy(buf, p, len);
    return MEMTX_OK;
}

MemTxResult address_space_write(AddressSpace *as, uint64_t addr, MemTxAttrs attrs,
                                const void *buf, uint64_t len)
{
    uint8_t *p = ram_at(addr, len);

    if (!p) {
        return MEMTX_DECODE_ERROR;
    }
    memcpy(p, buf, len);
    return MEMTX_OK;
}

static uint64_t time_get(void *opaque)
{
    return world.time;
}

static int64_t time_deadline(void *opaque, uint64_t value)
{
    return value;
}

const MachineTimeOps *machine_time(void **ret_opaque)
{
    static const MachineTimeOps ops = { time_get, 1000000000, time_deadline };

    *ret_opaque = NULL;
    return &ops;
}

int64_t clock_ns(ClockType type)
{
    return world.clock;
}

void timer_init(Timer *t, ClockType type, void (*cb)(void *opaque), void *opaque)
{
    *t = (Timer){ .type = type, .cb = cb, .opaque = opaque, .expire_ns = INT64_MAX };
}

void timer_mod(Timer *t, int64_t expire_ns)
{
    t->expire_ns = expire_ns;
}

void timer_del(Timer *t)
{
    t->expire_ns = INT64_MAX;
}

bool semihosting_enabled(bool user)
{
    return true;
}

uint64_t semihosting_call(const SemihostingGuest *g, uint32_t op, uint64_t param)
{
    uint64_t word = 0;

    return g->mem(g->opaque, param, &word, g->word_size, false) ? word + op : UINT64_MAX;
}

/* ---- The hart ---- */

RiscvCpu *hart_new(unsigned xlen)
{
    RiscvCpu *cpu = g_new0(RiscvCpu, 1);

    memset(&world, 0, sizeof(world));
    cpu->xlen = xlen;
    cpu->ext = riscv_ext_max(xlen);
    cpu->has_s = cpu->has_u = cpu->mmu = cpu->pmp = true;
    cpu->satp_modes = xlen == 32 ? RISCV_SV32 : RISCV_SV39 | RISCV_SV48;
    cpu->reset_vector = 0x1000;
    riscv_stimer_init(cpu);
    riscv_cpu_reset_state(cpu);
    return cpu;
}

void hart_free(RiscvCpu *cpu)
{
    riscv_stimer_destroy(cpu);
    g_free(cpu);
}

enum { CSRRW = 1, CSRRS = 2, CSRRC = 3 };

static bool csr_insn(RiscvCpu *cpu, unsigned funct3, unsigned csr, uint64_t value,
                     uint64_t *old)
{
    uint64_t ignored;
    uint32_t insn = csr << 20 | 1 << 15 | funct3 << 12 | 2 << 7 | 0x73;

    return riscv_csr_insn(cpu, insn, value, old ? old : &ignored);
}

bool hart_csrrw(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old)
{
    return csr_insn(cpu, CSRRW, csr, value, old);
}

bool hart_csrrs(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old)
{
    return csr_insn(cpu, CSRRS, csr, value, old);
}

bool hart_csrrc(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old)
{
    return csr_insn(cpu, CSRRC, csr, value, old);
}

uint64_t hart_csrr(RiscvCpu *cpu, unsigned csr)
{
    uint64_t value;
    uint32_t insn = csr << 20 | CSRRS << 12 | 2 << 7 | 0x73;

    g_assert_true(riscv_csr_insn(cpu, insn, 0, &value));
    return value;
}

void hart_csrw(RiscvCpu *cpu, unsigned csr, uint64_t value)
{
    g_assert_true(hart_csrrw(cpu, csr, value, NULL));
}
