/*
 * A debugger's session with vCPUs, for tests of accel/debug.h: the test is the main loop.
 * The machine lock is held around all functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_DEBUG_SESSION_H
#define TESTS_UNIT_DEBUG_SESSION_H

#include "accel/accel.h"
#include "accel/debug.h"
#include "softmmu/runstate.h"

void debug_start(void);
/* Until a debug stop (true), or until @done (may be NULL) tells that nothing runs any more, or
 * somebody else stopped the machine: then it is stopped and the result is false. */
bool debug_wait(bool (*done)(void));
bool debug_go(bool (*done)(void));

/* Checks of why vCPU @n stopped, and at which pc. */
void debug_check(unsigned n, CpuDebugReason reason, uint64_t addr, uint64_t pc);
/* Run on until a stop, which must be this one of vCPU @n, or of vCPU 0. */
void debug_go_break(unsigned n, uint64_t addr);
void debug_go_watch(uint64_t addr, CpuWatch access, uint64_t pc);
void debug_go_step(uint64_t pc);

/* These fail the test on errors. */
void debug_insert(unsigned n, uint64_t vaddr);
void debug_remove(unsigned n, uint64_t vaddr);
void debug_watch(uint64_t vaddr, uint64_t len, CpuWatch access);
void debug_unwatch(uint64_t vaddr, uint64_t len, CpuWatch access);

uint64_t *debug_pc(unsigned n);

#endif
