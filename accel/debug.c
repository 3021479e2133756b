/*
 * What debuggers ask of vCPUs, kept for whichever accelerator runs them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/accel.h"
#include "accel/debug-state.h"
#include "softmmu/runstate.h"
#include "util/timer.h"

enum { BREAKS_MAX = 4096, WATCHES_MAX = 256 };

static uint64_t cpu_pc(const CpuState *cpu)
{
    return *(const uint64_t *)((const char *)cpu + cpu->ops->pc_offset);
}

/* ---- The lists ---- */

/* The first breakpoint at or behind a pc. */
static guint breaks_lower_bound(const CpuDebug *d, uint64_t pc)
{
    guint low = 0, high = d->breaks->len;

    while (low < high) {
        guint mid = low + (high - low) / 2;

        if (g_array_index(d->breaks, CpuBreak, mid).pc < pc) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool cpu_debug_breaks_within(const CpuDebug *d, uint64_t first, uint64_t last)
{
    guint i = breaks_lower_bound(d, first);

    return i < d->breaks->len && g_array_index(d->breaks, CpuBreak, i).pc <= last;
}

static CpuBreak *break_at(const CpuDebug *d, uint64_t pc)
{
    guint i = breaks_lower_bound(d, pc);
    CpuBreak *b = &g_array_index(d->breaks, CpuBreak, i);

    return i < d->breaks->len && b->pc == pc ? b : NULL;
}

const CpuBreak *cpu_debug_break_at(const CpuDebug *d, uint64_t pc)
{
    return break_at(d, pc);
}

const CpuWatchpoint *cpu_debug_watch_at(const CpuDebug *d, uint64_t vaddr, uint64_t size,
                                        unsigned access)
{
    for (guint i = 0; i < d->watches->len; i++) {
        const CpuWatchpoint *w = &g_array_index(d->watches, CpuWatchpoint, i);

        /* Modulo 2^64, for an access that wraps around. */
        if ((w->access & access) &&
            (w->first - vaddr < size || vaddr - w->first <= w->last - w->first)) {
            return w;
        }
    }
    return NULL;
}

static CpuWatchpoint *watch_find(const CpuDebug *d, uint64_t first, uint64_t last,
                                 CpuWatch access)
{
    for (guint i = 0; i < d->watches->len; i++) {
        CpuWatchpoint *w = &g_array_index(d->watches, CpuWatchpoint, i);

        if (w->first == first && w->last == last && w->access == access) {
            return w;
        }
    }
    return NULL;
}

/* ---- Life ---- */

static void debug_changed(CpuState *cpu)
{
    AccelState *accel = accel_current();

    if (accel && accel_class(accel)->debug_changed) {
        accel_class(accel)->debug_changed(cpu);
    }
}

/* The machine starts: stops are forgotten, and who was stopped runs the instruction at
 * which it stands, whether a breakpoint is there or not. A held vCPU does so later. */
static void debug_run_state_changed(void *opaque, bool running)
{
    CpuState *cpu = opaque;
    CpuDebug *d = cpu->debug;

    if (!running) {
        return;
    }
    d->stop = (CpuDebugStop){ .reason = CPU_DEBUG_NONE };
    atomic_fetch_and(&cpu->debug_pause, ~(uint32_t)CPU_PAUSE_STOPPED);
    if (atomic_read(&cpu->debug_pause) & CPU_PAUSE_HELD) {
        return;
    }
    d->pass = (d->pass || d->at_stop) && cpu_pc(cpu) == d->stop_pc && break_at(d, d->stop_pc);
    d->at_stop = false;
    if (d->stepping) {
        /* To wait for an interrupt is nothing to do in a step. */
        atomic_set(&cpu->halted, 0);
        if (d->step_flags & CPU_STEP_NO_TIMER) {
            clock_virtual_enable(false);
        }
    }
}

/* False if the accelerator cannot. */
static bool debug_ensure(CpuState *cpu, GError **err)
{
    AccelState *accel = accel_current();

    if (cpu->debug) {
        return true;
    }
    if (!accel || !accel_class(accel)->debug_changed) {
        return error_set(err, "%s: accelerator '%s' has no breakpoints and single step",
                         cpu->name, accel ? accel_class(accel)->name : "none");
    }
    cpu->debug = g_new0(CpuDebug, 1);
    cpu->debug->breaks = g_array_new(FALSE, FALSE, sizeof(CpuBreak));
    cpu->debug->watches = g_array_new(FALSE, FALSE, sizeof(CpuWatchpoint));
    run_state_add_notifier(debug_run_state_changed, cpu);
    debug_changed(cpu);
    return true;
}

void cpu_debug_remove_all(CpuState *cpu)
{
    CpuDebug *d = cpu->debug;

    if (!d) {
        return;
    }
    run_state_remove_notifier(debug_run_state_changed, cpu);
    cpu->debug = NULL;
    atomic_set(&cpu->debug_pause, 0);
    g_array_free(d->breaks, TRUE);
    g_array_free(d->watches, TRUE);
    g_free(d);
    debug_changed(cpu);
}

/* ---- Breakpoints and watchpoints ---- */

static uint64_t break_pc(CpuState *cpu, uint64_t vaddr)
{
    return cpu->ops->code_address ? cpu->ops->code_address(cpu, vaddr) : vaddr;
}

bool cpu_breakpoint_insert(CpuState *cpu, uint64_t vaddr, GError **err)
{
    if (!debug_ensure(cpu, err)) {
        return false;
    }
    CpuDebug *d = cpu->debug;
    CpuBreak b = { .pc = break_pc(cpu, vaddr), .vaddr = vaddr, .count = 1 };
    CpuBreak *there = break_at(d, b.pc);

    if (there) {
        there->count++;
        return true;
    }
    if (d->breaks->len == BREAKS_MAX) {
        return error_set(err, "%s: there are %d breakpoints already, which is the limit",
                         cpu->name, BREAKS_MAX);
    }
    g_array_insert_val(d->breaks, breaks_lower_bound(d, b.pc), b);
    debug_changed(cpu);
    return true;
}

bool cpu_breakpoint_remove(CpuState *cpu, uint64_t vaddr)
{
    CpuDebug *d = cpu->debug;
    CpuBreak *b = d ? break_at(d, break_pc(cpu, vaddr)) : NULL;

    if (!b) {
        return false;
    }
    if (--b->count == 0) {
        g_array_remove_index(d->breaks, b - &g_array_index(d->breaks, CpuBreak, 0));
        debug_changed(cpu);
    }
    return true;
}

bool cpu_watchpoint_insert(CpuState *cpu, uint64_t vaddr, uint64_t len, CpuWatch access,
                           GError **err)
{
    CpuWatchpoint w = { .first = vaddr, .last = vaddr + len - 1, .access = access, .count = 1 };

    if (!len || w.last < w.first) {
        return error_set(err, "watchpoint at 0x%" PRIx64 ": no such range of %" PRIu64 " bytes",
                         vaddr, len);
    }
    if (!debug_ensure(cpu, err)) {
        return false;
    }
    CpuDebug *d = cpu->debug;
    CpuWatchpoint *there = watch_find(d, w.first, w.last, access);

    if (there) {
        there->count++;
        return true;
    }
    if (d->watches->len == WATCHES_MAX) {
        return error_set(err, "%s: there are %d watchpoints already, which is the limit",
                         cpu->name, WATCHES_MAX);
    }
    g_array_append_val(d->watches, w);
    debug_changed(cpu);
    return true;
}

bool cpu_watchpoint_remove(CpuState *cpu, uint64_t vaddr, uint64_t len, CpuWatch access)
{
    CpuDebug *d = cpu->debug;
    CpuWatchpoint *w = d ? watch_find(d, vaddr, vaddr + len - 1, access) : NULL;

    if (!w) {
        return false;
    }
    if (--w->count == 0) {
        g_array_remove_index(d->watches, w - &g_array_index(d->watches, CpuWatchpoint, 0));
        debug_changed(cpu);
    }
    return true;
}

/* ---- Running ---- */

void cpu_step_enable(CpuState *cpu, unsigned flags)
{
    if (debug_ensure(cpu, NULL)) {
        cpu->debug->stepping = true;
        cpu->debug->step_flags = flags;
    }
}

void cpu_step_disable(CpuState *cpu)
{
    if (cpu->debug) {
        cpu->debug->stepping = false;
    }
}

void cpu_debug_hold(CpuState *cpu, bool hold)
{
    if (!hold) {
        atomic_fetch_and(&cpu->debug_pause, ~(uint32_t)CPU_PAUSE_HELD);
    } else if (debug_ensure(cpu, NULL)) {
        atomic_fetch_or(&cpu->debug_pause, CPU_PAUSE_HELD);
    }
}

/* ---- Stops ---- */

const CpuDebugStop *cpu_debug_stop(const CpuState *cpu)
{
    static const CpuDebugStop none;

    return cpu->debug ? &cpu->debug->stop : &none;
}

CpuDebugStop cpu_debug_watch_stop(const CpuWatchpoint *w, uint64_t vaddr)
{
    /* The first byte of the access that is watched. */
    bool inside = vaddr - w->first <= w->last - w->first;

    return (CpuDebugStop){ CPU_DEBUG_WATCHPOINT, inside ? vaddr : w->first, w->access };
}

void cpu_debug_report(CpuState *cpu, const CpuDebugStop *stop)
{
    CpuDebug *d = cpu->debug;

    d->stop = *stop;
    d->at_stop = true;
    d->stop_pc = cpu_pc(cpu);
    atomic_fetch_or(&cpu->debug_pause, (uint32_t)CPU_PAUSE_STOPPED);
    __atomic_store_n(&cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
    vm_stop_request(RUN_STATE_DEBUG);
}
