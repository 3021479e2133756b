/*
 * The names that a Linux kernel carries for itself (CONFIG_KALLSYMS), read from its image:
 * uncompressed, as a flat file in which offsets are distances in memory (arm64 and riscv
 * "Image").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_SYMBOLS_LINUX_H
#define UTIL_SYMBOLS_LINUX_H

#include "util/symbols.h"

/* Add the code's names. @base: the virtual address of the image's first byte, for images
 * that do not tell. False: no table was found. The table's lock is held. */
bool symbols_read_linux_locked(SymbolTable *t, const uint8_t *data, size_t size, uint64_t base);

#endif
