/*
 * Machine code as text: one interface over printers that targets make from their decode
 * tables (disas/decode-table.h) and over capstone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef DISAS_DISAS_H
#define DISAS_DISAS_H

#include "util/osdep.h"

/* A printer of instructions. */
typedef struct Disas {
    /* Append the instruction that begins at @code as text without line end. Returns its
     * length, from 1 to @avail (at least 1) bytes; what is no instruction, or cut off, is
     * printed as data. */
    unsigned (*insn)(const void *opaque, uint64_t pc, const uint8_t *code, unsigned avail,
                     GString *out);
    const void *opaque;
    bool words; /* listings show an instruction as one little-endian number, not bytes */
} Disas;

/* What capstone is used for. */
typedef enum DisasArch {
    DISAS_X86_64, DISAS_X86_32, DISAS_X86_16, DISAS_AARCH64, DISAS_ARM, DISAS_ARCH_COUNT,
} DisasArch;

/* A printer by capstone, which is loaded at the first call. NULL: the library is not there,
 * or does not know the architecture. Any thread. */
const Disas *disas_capstone(DisasArch arch);
/* Prints data: where nothing knows the code. */
extern const Disas disas_data;
/* A printer for the host's code; disas_data where there is no capstone. */
const Disas *disas_host(void);

/* Append one line, "0x0000000000001000:  00000297          auipc   t0,0x0", with its line
 * end; returns the instruction's length. */
unsigned disas_line(const Disas *d, uint64_t pc, const uint8_t *code, unsigned avail,
                    GString *out);
/* Append a line for each instruction of a block. */
void disas_block(const Disas *d, uint64_t pc, const uint8_t *code, size_t size, GString *out);

#endif
