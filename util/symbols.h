/*
 * Names of guest code: which function an address lies in.
 *
 * A table has sources (files), which are read when a name is first asked for: a machine that
 * never asks pays nothing for them. Known are ELF files (.symtab, else .dynsym) and text as
 * nm, System.map and /proc/kallsyms have it: "address [size] type name ...", of which code
 * (types t, T, w, W) counts, and Linux kernel images (util/symbols-linux.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_SYMBOLS_H
#define UTIL_SYMBOLS_H

#include "util/osdep.h"
#include "util/error.h"

typedef struct SymbolTable SymbolTable;

/* A function. The name lives as long as the table. */
typedef struct Symbol {
    uint64_t addr;
    uint64_t size; /* 0: not known, it ends where the next one begins */
    const char *name;
} Symbol;

SymbolTable *symbol_table_new(void);
void symbol_table_free(SymbolTable *t);

/* Read a file now. @shift is added to its addresses. Errors: the file cannot be read, or is
 * of no known kind. Any thread. */
bool symbol_table_read(SymbolTable *t, const char *path, uint64_t shift, GError **err);
/* The same when first needed, and in silence: what it does not hold has no names. */
void symbol_table_add_source(SymbolTable *t, const char *path, uint64_t shift);
/* The same for a raw image that is loaded at @load: a Linux kernel, which runs at @link, or
 * "NAME.bin" with an ELF file "NAME.elf" beside it, which runs where it is loaded. */
void symbol_table_add_image(SymbolTable *t, const char *path, uint64_t load, uint64_t link);

/* The function that holds @addr: false if none is known. Any thread. */
bool symbol_table_find(SymbolTable *t, uint64_t addr, Symbol *ret);
/* The address of a name: false if it is not known. */
bool symbol_table_address(SymbolTable *t, const char *name, uint64_t *ret);
/* "name+0x12", or "name" at its beginning; NULL if not known. */
char *symbol_table_describe(SymbolTable *t, uint64_t addr);
/* How many there are, all sources read. */
size_t symbol_table_size(SymbolTable *t);

/* The table of the guest: what boards load adds to it. */
SymbolTable *symbols_guest(void);

/* ---- For readers of a kind of file ---- */

/* Add one; the name is copied. The table's lock is held. */
void symbol_table_put_locked(SymbolTable *t, uint64_t addr, uint64_t size, const char *name,
                             unsigned rank);
/* Which name of an address is kept: the lowest rank, then the first. */
enum { SYMBOL_RANK_GLOBAL, SYMBOL_RANK_LOCAL, SYMBOL_RANK_LABEL };

#endif
