/*
 * Debugging under TCG: breakpoints, watchpoints and single step.
 *
 * Generated code knows nothing of them. A page with a breakpoint has a fetch entry that only
 * the loop matches, so that each of its instructions is run by the loop, which looks for
 * breakpoints; a page with a watchpoint has no data entry, so that each access to it comes
 * to the slow path, which looks for watchpoints. An instruction that is to be followed by a
 * stop runs alone: as a region of one instruction, from which no link or jump leads on.
 * docs/devel/tcg-execution.rst, "Debugging", tells the rest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"

void tcg_debug_changed(CpuState *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    if (!v) {
        return;
    }
    if (!v->no_jumps) {
        v->no_jumps = g_new0(TcgJumpEntry, TCG_JUMP_ENTRIES);
        tcg_jump_init(v->no_jumps);
    }
    /* Served when it enters, before any entry is used. */
    atomic_xchg(&v->req.flush, 1);
}

bool tcg_debug_break(TcgVcpu *v, uint64_t pc)
{
    const CpuDebug *d = v->cpu->debug;
    const CpuBreak *b = d ? cpu_debug_break_at(d, pc) : NULL;

    if (!b) {
        return false;
    }
    CpuDebugStop stop = { .reason = CPU_DEBUG_BREAKPOINT, .addr = b->vaddr };
    cpu_debug_report(v->cpu, &stop);
    return true;
}

void tcg_debug_watch(TcgVcpu *v, uint64_t vaddr, uint64_t size, unsigned access)
{
    CpuState *cpu = v->cpu;
    const CpuWatchpoint *w = cpu_debug_watch_at(cpu->debug, vaddr, size, access);

    if (!w || v->hit.reason) {
        return;
    }
    if (!v->alone) {
        /* Nothing was accessed yet: begin the instruction again, alone. */
        cpu->tcg.icount += cpu->tcg.pending_icount;
        cpu->tcg.pending_icount = 0;
        siglongjmp(*(sigjmp_buf *)cpu->tcg.unwind, TCG_UNWIND_WATCH);
    }
    v->hit = cpu_debug_watch_stop(w, vaddr);
}

/* Stop behind what ran alone, if it hit a watchpoint. */
static bool alone_end(TcgVcpu *v)
{
    v->alone = false;
    v->cpu->tcg.jump_cache = v->jump_cache;
    if (!v->hit.reason) {
        return false;
    }
    cpu_debug_report(v->cpu, &v->hit);
    v->hit.reason = CPU_DEBUG_NONE;
    return true;
}

static void alone_begin(TcgVcpu *v)
{
    v->hit.reason = CPU_DEBUG_NONE;
    v->alone = true;
}

void tcg_debug_delivery(TcgVcpu *v, bool begin)
{
    if (begin) {
        alone_begin(v);
    } else {
        alone_end(v);
    }
}

/* Run the instruction at pc, whatever breakpoints there are. True if it has hit a watchpoint
 * and the vCPU stops; exceptions unwind. */
static bool run_alone(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    const uint64_t *pc = (const uint64_t *)((const char *)cpu + v->engine->ops->pc_offset);
    const TcgRegion *r;

    alone_begin(v);
    while (!(r = tcg_loop_region(v, *pc, TCG_CF_SINGLE))) {
        tcg_vcpu_serve(v);
    }
    cpu->tcg.jump_cache = v->no_jumps;
    TcgExit ex = tcg_run(v->engine->ctx, cpu, tcg_region_entry(&v->engine->cache, r));
    tcg_count(&v->stats.exits[ex.reason], 1);
    cpu->tcg.pending_icount = 0;
    return alone_end(v);
}

static void step_report(CpuState *cpu)
{
    CpuDebugStop stop = { .reason = CPU_DEBUG_STEP,
                          .addr = *(uint64_t *)((char *)cpu + cpu->ops->pc_offset) };
    cpu_debug_report(cpu, &stop);
}

static bool is_stopped(const CpuState *cpu)
{
    return atomic_read(&cpu->debug_pause) & CPU_PAUSE_STOPPED;
}

/* One instruction, or one interrupt that is taken. */
static void step(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    bool irq = false;

    if (!(cpu->debug->step_flags & CPU_STEP_NO_IRQ)) {
        irq = tcg_take_interrupt(v);
    }
    if (!irq) {
        run_alone(v);
    }
    /* It has not waited for what it would wait for. */
    atomic_set(&cpu->halted, 0);
    cpu->nap_us = 0;
    if (!is_stopped(cpu)) {
        step_report(cpu);
    }
}

bool tcg_debug_run(TcgVcpu *v, TcgUnwind why)
{
    CpuState *cpu = v->cpu;
    CpuDebug *d = cpu->debug;

    if (is_stopped(cpu)) {
        return false; /* as the handler was entered */
    }
    if (why == TCG_UNWIND_WATCH) {
        return !run_alone(v);
    }
    if (d->stepping && why == TCG_UNWIND_EXCEPTION) {
        step_report(cpu);
        return false;
    }
    if (!d->stepping && !d->pass) {
        return true;
    }
    if (!tcg_loop_serve(v)) {
        return false;
    }
    d->pass = false;
    if (d->stepping) {
        step(v);
        return false;
    }
    return !run_alone(v);
}
