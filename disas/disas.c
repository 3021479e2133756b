/*
 * Listings of instructions (disas/disas.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "disas/disas.h"

enum { WORD_COLUMNS = 16, BYTES_COLUMNS = 30, MAX_INSN = 16 };

static unsigned print_data(const void *opaque, uint64_t pc, const uint8_t *code, unsigned avail,
                           GString *out)
{
    g_string_append_printf(out, ".byte   0x%02x", code[0]);
    return 1;
}

const Disas disas_data = { .insn = print_data };

static void append_code(const Disas *d, const uint8_t *code, unsigned n, GString *out)
{
    size_t start = out->len;

    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(out, d->words ? "%02x" : "%02x ",
                               d->words ? code[n - 1 - i] : code[i]);
    }
    do {
        g_string_append_c(out, ' ');
    } while (out->len < start + (d->words ? WORD_COLUMNS : BYTES_COLUMNS) + 2);
}

unsigned disas_line(const Disas *d, uint64_t pc, const uint8_t *code, unsigned avail,
                    GString *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned n = d->insn(d->opaque, pc, code, avail, text);

    g_string_append_printf(out, "0x%016" PRIx64 ":  ", pc);
    append_code(d, code, n, out);
    g_string_append(out, text->str);
    g_string_append_c(out, '\n');
    return n;
}

void disas_block(const Disas *d, uint64_t pc, const uint8_t *code, size_t size, GString *out)
{
    while (size) {
        unsigned n = disas_line(d, pc, code, MIN(size, MAX_INSN), out);

        pc += n;
        code += n;
        size -= n;
    }
}
