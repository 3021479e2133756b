/*
 * Expressions in monitor commands: numbers, character constants, registers, operators.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MONITOR_EXPR_H
#define MONITOR_EXPR_H

#include "util/osdep.h"
#include "util/error.h"

/* What $name stands for; false with the error set if there is no such register. */
typedef bool (*ExprRegister)(const char *name, uint64_t *ret, void *opaque, GError **err);

/*
 * Evaluate the longest expression at *text and move *text behind it; blanks before and
 * within are skipped. Arithmetic is modulo 2^64; / and % are signed.
 *
 *     sum     := logic { (+ | -) logic }
 *     logic   := product { (& | | | ^) product }
 *     product := unary { (* | / | %) unary }
 *     unary   := (+ | - | ~) unary | ( sum ) | number | 'c' | $register
 *
 * A slash between a blank and a letter ends it: a path follows. Numbers are decimal, 0x hexadecimal or 0 octal. Errors name what cannot be read:
 * a character, the end of the line, a division by zero, nesting too deep.
 */
bool expr_evaluate(const char **text, ExprRegister reg, void *opaque, uint64_t *ret,
                   GError **err);

#endif
