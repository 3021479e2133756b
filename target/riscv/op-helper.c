/*
 * Carry-less multiplication (Unprivileged ISA, chapter "B", Zbc) and the checks of a failing
 * store-conditional.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/cpu.h"
#include "target/riscv/op-helper.h"

static uint64_t do_clmul(CpuState *cpu, uint64_t a, uint64_t b)
{
    uint64_t r = 0;

    for (; b; b &= b - 1) {
        r ^= a << __builtin_ctzll(b);
    }
    return r;
}

/* Bits 126..63: those of the reversed operands' low half, reversed. */
static uint64_t do_clmulr(CpuState *cpu, uint64_t a, uint64_t b)
{
    uint64_t r = 0;

    for (; b; b &= b - 1) {
        r ^= a >> (63 - __builtin_ctzll(b));
    }
    return r;
}

static uint64_t do_clmulh(CpuState *cpu, uint64_t a, uint64_t b)
{
    return do_clmulr(cpu, a, b) >> 1;
}

static void do_sc_check(CpuState *cpu, uint64_t addr, uint32_t size_log2)
{
    if (addr & ((1u << size_log2) - 1)) {
        riscv_raise(riscv_cpu(cpu), RISCV_EXC_STORE_MISALIGNED, addr);
    }
    cpu_probe(cpu, addr, 1u << size_log2, CPU_ACCESS_STORE);
}

const IrHelper riscv_h_clmul = {
    "clmul", do_clmul, IR_CALL_PURE, IR_I64, 2, { IR_I64, IR_I64 }
};
const IrHelper riscv_h_clmulh = {
    "clmulh", do_clmulh, IR_CALL_PURE, IR_I64, 2, { IR_I64, IR_I64 }
};
const IrHelper riscv_h_clmulr = {
    "clmulr", do_clmulr, IR_CALL_PURE, IR_I64, 2, { IR_I64, IR_I64 }
};
const IrHelper riscv_h_sc_check = {
    "sc_check", do_sc_check, IR_CALL_FAULTS, -1, 2, { IR_I64, IR_I32 }
};
