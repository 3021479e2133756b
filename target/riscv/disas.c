/*
 * Print RISC-V instructions as the manual and the GNU assembler spell them, with the
 * aliases of the decode tables (insn32.decode).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/decode.h"

const char *const riscv_x_names[32] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};
const char *const riscv_f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6",  "ft7",  "fs0", "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7",  "fs2",  "fs3", "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};
static const char *const rounding_names[8] = {
    "rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown", "dyn",
};

static const struct {
    uint16_t number, count;
    const char *name;
} csr_names[] = {
#define CSR(number, name, needs, read, write) { number, 1, #name },
#define CSR_RANGE(number, count, name, needs, read, write) { number, count, #name },
#define CSR_FIELD(number, name, needs, field, mask) { number, 1, #name },
#include "target/riscv/csrs.def"
#undef CSR
#undef CSR_RANGE
#undef CSR_FIELD
};

void riscv_csr_print_name(GString *out, unsigned csr)
{
    for (unsigned i = 0; i < ARRAY_SIZE(csr_names); i++) {
        unsigned n = csr - csr_names[i].number;
        const char *name = csr_names[i].name;

        if (n < csr_names[i].count) {
            /* Of a range the first name is known: mhpmcounter3h stands for the 5th, too. */
            size_t stem = strcspn(name, "0123456789");
            if (csr_names[i].count == 1) {
                g_string_append(out, name);
            } else {
                char *rest;
                unsigned first = strtoul(name + stem, &rest, 10);
                g_string_append_printf(out, "%.*s%u%s", (int)stem, name, first + n, rest);
            }
            return;
        }
    }
    g_string_append_printf(out, "0x%x", csr);
}

static void print_fence_set(GString *out, unsigned set)
{
    static const char letters[] = "wroi"; /* bits 0 to 3 */

    if (!set) {
        g_string_append(out, "unknown");
    }
    for (int bit = 3; bit >= 0; bit--) {
        if (set >> bit & 1) {
            g_string_append_c(out, letters[bit]);
        }
    }
}

static void print_operand(GString *out, char kind, int32_t v, uint64_t pc, const void *opaque)
{
    static const char *const order[] = { "", ".rl", ".aq", ".aqrl" };
    const RiscvCpu *cpu = opaque;
    uint64_t target = pc + v;

    switch (kind) {
    case 'x': g_string_append(out, riscv_x_names[v & 31]); break;
    case 'f': g_string_append(out, riscv_f_names[v & 31]); break;
    case 'd': g_string_append_printf(out, "%d", v); break;
    case 'h': g_string_append_printf(out, "0x%x", v); break;
    case 'u': g_string_append_printf(out, "0x%x", (uint32_t)v >> 12); break;
    case 't':
        g_string_append_printf(out, "0x%" PRIx64, cpu->xlen == 32 ? (uint32_t)target : target);
        break;
    case 'c': riscv_csr_print_name(out, v); break;
    case 'o': print_fence_set(out, v); break;
    case 'q': g_string_append(out, order[v & 3]); break;
    case 'r':
    case 'e':
        if (v != 7 && (kind == 'r' || v != 0)) {
            g_string_append_printf(out, ",%s", rounding_names[v & 7]);
        }
        break;
    }
}

static const DisasTable riscv_table = {
    .rows = riscv_rows,
    .aliases = riscv_aliases,
    .op_aliases = riscv_op_aliases,
    .operand = print_operand,
};

unsigned riscv_disas(CpuState *cs, uint64_t pc, const uint8_t *code, unsigned avail,
                     GString *out)
{
    const RiscvCpu *cpu = riscv_cpu(cs);
    bool rv32 = cpu->xlen == 32;
    uint8_t bytes[4] = { 0 };
    unsigned len = MIN(avail, 2), row;
    uint32_t insn;
    RiscvArgs a;

    memcpy(bytes, code, len);
    if (len == 2 && riscv_insn_length(bytes[0]) == 4 && avail >= 4) {
        len = 4;
        memcpy(bytes, code, len);
    }
    insn = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    row = len == riscv_insn_length(insn) ? riscv_decode(insn, riscv_isa(cpu->ext, rv32), &a)
                                         : 0;
    if (row) {
        disas_table_print(&riscv_table, row, a.v, pc, cpu->raw_spelling, cpu, out);
    } else if (len == 2 && insn == 0) {
        g_string_append(out, "unimp");
    } else {
        g_string_append_printf(out, ".%ubyte  0x%x", len, insn);
    }
    return MAX(len, 1);
}
