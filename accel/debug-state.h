/*
 * A vCPU's breakpoints, watchpoints and step as its accelerator sees them; what debuggers
 * call is in accel/debug.h.
 *
 * Everything here is written with the machine lock held while the vCPU is stopped, or by
 * the vCPU's own thread while it runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_DEBUG_STATE_H
#define ACCEL_DEBUG_STATE_H

#include "accel/cpu.h"
#include "accel/debug.h"

/* A breakpoint: where the pc has the value that vaddr gives it. */
typedef struct CpuBreak {
    uint64_t pc;
    uint64_t vaddr;     /* as inserted */
    unsigned count;
} CpuBreak;

typedef struct CpuWatchpoint {
    uint64_t first, last;
    CpuWatch access;
    unsigned count;
} CpuWatchpoint;

typedef struct CpuDebug {
    GArray *breaks;     /* CpuBreak, by pc */
    GArray *watches;    /* CpuWatchpoint */
    bool stepping;
    unsigned step_flags; /* CPU_STEP_* */
    bool pass;          /* the accelerator runs the instruction at pc without a look at
                           breakpoints, and clears this */
    CpuDebugStop stop;
    bool at_stop;       /* it has not run since it stopped, */
    uint64_t stop_pc;   /* here */
} CpuDebug;

/* The breakpoint at a pc, or NULL. */
const CpuBreak *cpu_debug_break_at(const CpuDebug *d, uint64_t pc);
/* Is there a breakpoint from first to last? */
bool cpu_debug_breaks_within(const CpuDebug *d, uint64_t first, uint64_t last);
/* A watchpoint of one of the kinds in @access (CpuWatch bits) that overlaps the bytes, or
 * NULL. */
const CpuWatchpoint *cpu_debug_watch_at(const CpuDebug *d, uint64_t vaddr, uint64_t size,
                                        unsigned access);

/* The vCPU's thread: note why it stops, at its pc, and ask the machine to stop. It runs
 * nothing more until the machine starts again (the accelerator returns from cpu_run). */
void cpu_debug_report(CpuState *cpu, const CpuDebugStop *stop);
/* The same for an access that hit a watchpoint. */
CpuDebugStop cpu_debug_watch_stop(const CpuWatchpoint *w, uint64_t vaddr);

#endif
