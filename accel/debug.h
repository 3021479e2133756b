/*
 * Breakpoints, watchpoints and single step of a vCPU, as a debugger asks for them. One
 * interface for every accelerator and every target; gdbstub/ and the monitor use it.
 *
 * A vCPU that hits one stops before the instruction (breakpoint) or after it (watchpoint,
 * step), notes why (cpu_debug_stop()), and asks the machine to stop with RUN_STATE_DEBUG.
 * Where it stopped it goes on, even if a breakpoint is there. Breakpoints are by guest virtual
 * address and count in every address space and privilege mode.
 *
 * All functions: machine lock held, the vCPU stopped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_DEBUG_H
#define ACCEL_DEBUG_H

#include "util/osdep.h"
#include "util/error.h"

typedef struct CpuState CpuState;

/* Bits: an access watchpoint is both. */
typedef enum CpuWatch { CPU_WATCH_READ = 1, CPU_WATCH_WRITE = 2 } CpuWatch;

/* What a single step leaves out. */
enum {
    CPU_STEP_NO_IRQ = 1 << 0,   /* interrupts stay masked during the step */
    CPU_STEP_NO_TIMER = 1 << 1, /* the machine's time stands still during the step */
};

typedef enum CpuDebugReason {
    CPU_DEBUG_NONE,
    CPU_DEBUG_BREAKPOINT,
    CPU_DEBUG_WATCHPOINT,
    CPU_DEBUG_STEP,
} CpuDebugReason;

/* Why a vCPU stopped last; CPU_DEBUG_NONE if nothing of the debugger's made it stop. */
typedef struct CpuDebugStop {
    CpuDebugReason reason;
    uint64_t addr;   /* of the breakpoint; the first byte accessed that is watched; the pc
                        behind a step */
    CpuWatch access; /* WATCHPOINT: the kind of watchpoint that was hit, as inserted */
} CpuDebugStop;

/* Inserting what is there already counts: it must be removed as often. Errors: no room, or
 * the accelerator cannot. */
bool cpu_breakpoint_insert(CpuState *cpu, uint64_t vaddr, GError **err);
/* False if there was none. */
bool cpu_breakpoint_remove(CpuState *cpu, uint64_t vaddr);
bool cpu_watchpoint_insert(CpuState *cpu, uint64_t vaddr, uint64_t len, CpuWatch access,
                           GError **err);
bool cpu_watchpoint_remove(CpuState *cpu, uint64_t vaddr, uint64_t len, CpuWatch access);
/* All of them, step and hold too: a debugger left. */
void cpu_debug_remove_all(CpuState *cpu);

/* From the next start of the machine on, stop after each instruction (CPU_STEP_*), until
 * cpu_step_disable(). */
void cpu_step_enable(CpuState *cpu, unsigned flags);
void cpu_step_disable(CpuState *cpu);
/* A held vCPU stays stopped while the machine runs (a debugger lets some threads run only). */
void cpu_debug_hold(CpuState *cpu, bool hold);

/* Why it stopped; forgotten when the machine starts again. */
const CpuDebugStop *cpu_debug_stop(const CpuState *cpu);

#endif
