/*
 * Print instructions: each input line has a pc and a word in hexadecimal; the hart has
 * every extension. usage: riscv-disas 32|64 [raw]
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/decode.h"

int main(int argc, char **argv)
{
    g_autofree RiscvCpu *cpu = g_new0(RiscvCpu, 1);
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t pc;
    uint32_t insn;

    cpu->xlen = argc > 1 ? atoi(argv[1]) : 64;
    cpu->ext = UINT64_MAX >> 2;
    cpu->raw_spelling = argc > 2;
    while (scanf("%" SCNx64 " %" SCNx32, &pc, &insn) == 2) {
        uint8_t code[4] = { insn, insn >> 8, insn >> 16, insn >> 24 };

        g_string_truncate(out, 0);
        riscv_disas(&cpu->parent, pc, code, sizeof(code), out);
        puts(out->str);
    }
    return 0;
}
