/*
 * The loop of a vCPU under TCG: find or make the region at pc, run it, look why it ended.
 *
 * The loop is "inside" (see sync.c) and holds the RCU read lock from entry to return. Both
 * are given up for a moment whenever exit_request is seen: it is cleared first, with a
 * full barrier, and every reason for it is looked at afterwards, so that a request that
 * comes in between is seen now or makes the next turn leave (I6).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/profile.h"
#include "util/log.h"

void cpu_raise(CpuState *cpu)
{
    cpu->tcg.icount += cpu->tcg.pending_icount;
    cpu->tcg.pending_icount = 0;
    siglongjmp(*(sigjmp_buf *)cpu->tcg.unwind, 1);
}

bool cpu_exception_now(CpuState *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    if (!v || unlikely(cpu->debug || v->tap)) {
        return false;
    }
    cpu->tcg.icount--;
    cpu->ops->take_exception(cpu);
    return true;
}

void cpu_fence_i(CpuState *cpu)
{
    /* Earlier stores have invalidated what they overlap already; those of others
     * too, as far as they are ordered before this. Requests are read at the loop. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    atomic_set(&cpu->tcg.exit_request, 1);
}

void cpu_outside(CpuState *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    if (v && unlikely(v->tap) && v->tap->outside) {
        v->tap->outside(v->tap);
    }
}

/* Something outside of this loop is to be done by the vCPU's thread. */
static bool thread_is_wanted(const CpuState *cpu)
{
    return atomic_read(&cpu->stop) || atomic_read(&cpu->stopped) || atomic_read(&cpu->unplug) ||
           atomic_read(&cpu->work.length) || atomic_read(&cpu->debug_pause);
}

bool tcg_loop_serve(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    atomic_xchg(&cpu->tcg.exit_request, 0);
    if (unlikely(v->profile)) {
        tcg_profile_drain(v);
    }
    memory_read_unlock();
    memory_thread_offline();
    memory_thread_online();
    memory_read_lock();
    tcg_vcpu_serve(v);
    if (thread_is_wanted(cpu)) {
        atomic_set(&cpu->tcg.exit_request, 1);
        return false;
    }
    return true;
}

bool tcg_take_interrupt(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    atomic_xchg(&cpu->interrupt_request, 0);
    if (likely(!cpu->debug)) {
        return cpu->ops->take_interrupt(cpu);
    }
    tcg_debug_delivery(v, true);
    bool taken = cpu->ops->take_interrupt(cpu);
    tcg_debug_delivery(v, false);
    return taken;
}

static void take_exception(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    tcg_translate_abort(v);
    if (unlikely(cpu->debug)) {
        tcg_debug_delivery(v, true);
    }
    cpu->ops->take_exception(cpu);
    if (unlikely(cpu->debug)) {
        tcg_debug_delivery(v, false);
    }
}

bool tcg_loop_poll(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    if (unlikely(atomic_read(&cpu->halted))) {
        if (!cpu->ops->has_work(cpu)) {
            return false;
        }
        atomic_set(&cpu->halted, 0);
    }
    bool taken = tcg_take_interrupt(v);
    if (unlikely(atomic_read(&cpu->debug_pause))) {
        return false;
    }
    return taken || likely(!cpu->nap_us);
}

static void log_exec(TcgVcpu *v, uint64_t pc, const TcgRegion *r)
{
    const CpuState *cpu = v->cpu;
    if (!log_in_filter(pc)) {
        return;
    }
    log_printf("Trace %u: %p [0x%016" PRIx64 "/0x%x]\n", cpu->index,
               tcg_region_entry(&v->engine->cache, r), pc, r->mode);
    if (log_enabled(LOG_CPU) && cpu->ops->dump) {
        g_autoptr(GString) out = g_string_new(NULL);
        cpu->ops->dump((CpuState *)cpu, out);
        log_write(out->str);
    }
}

TcgRegion *tcg_loop_region(TcgVcpu *v, uint64_t pc, uint32_t cflags)
{
    TcgFetch f;
    tcg_fetch(v, pc, &f);
    if (unlikely(f.no_cache) && !v->alone && tcg_debug_break(v, pc)) {
        return NULL;
    }
    TcgRegionKey key = {
        .ram_addr = f.ram_addr,
        .mode = v->cpu->tcg.mode,
        .cflags = f.no_cache ? TCG_CF_SINGLE : cflags,
    };
    TcgRegion *r = tcg_region_find(v, &key, pc);
    if (unlikely(!r)) {
        r = tcg_translate(v, pc, &key, f.avail);
    }
    if (r && log_enabled(LOG_EXEC)) {
        log_exec(v, pc, r);
    }
    return r;
}

/*
 * Code that asked for the loop mostly goes on where it went before: through the jump cache,
 * whose entries check themselves.
 */
static const void *entry_cached(const TcgVcpu *v, uint64_t pc)
{
    return log_enabled(LOG_EXEC | LOG_NOCHAIN) ? NULL : tcg_jump_get(v, pc);
}

/* The entry of the region at pc; NULL: begin the turn again. */
static const void *entry_at(TcgVcpu *v, uint64_t pc, const TcgExit *ex)
{
    uint64_t served = v->served;
    TcgRegion *r = tcg_loop_region(v, pc, 0);
    if (unlikely(!r)) {
        return NULL;
    }
    if (!log_enabled(LOG_NOCHAIN)) {
        if (ex->reason != TCG_EXIT_LINK) {
            if (!r->cflags) {
                tcg_jump_set(v, pc, r);
            }
        } else if (v->served == served) {
            tcg_region_link(v, ex->region, ex->link, r);
        }
    }
    return tcg_region_entry(&v->engine->cache, r);
}

/* Turns until something wants the thread. */
static void run_turns(TcgVcpu *v)
{
    CpuState *cpu = v->cpu;
    TcgEngine *e = v->engine;
    const uint64_t *pc_field = (const uint64_t *)((const char *)cpu + e->ops->pc_offset);
    TcgExit ex = { .reason = TCG_EXIT_POLL };

    for (;;) {
        if (unlikely(atomic_load_acquire(&cpu->tcg.exit_request)) ||
            ex.reason == TCG_EXIT_POLL) {
            if (atomic_read(&cpu->tcg.exit_request) && !tcg_loop_serve(v)) {
                return;
            }
            ex.reason = TCG_EXIT_POLL;
            if (!tcg_loop_poll(v)) {
                return;
            }
        }
        cpu->tcg.exit_after_store = 0;
        const void *entry = NULL;
        if (ex.reason == TCG_EXIT_POLL) {
            entry = entry_cached(v, *pc_field);
        }
        if (!entry) {
            entry = entry_at(v, *pc_field, &ex);
            if (unlikely(!entry)) {
                ex.reason = TCG_EXIT_LOOKUP;
                continue;
            }
        }
        atomic_set(&v->phase, TCG_PHASE_RUN);
        ex = tcg_run(e->ctx, cpu, entry);
        atomic_set(&v->phase, TCG_PHASE_LOOP);
        tcg_count(&v->stats.exits[ex.reason], 1);
        cpu->tcg.pending_icount = 0;
        if (unlikely(ex.reason == TCG_EXIT_HOT)) {
            tcg_hot(v, *pc_field, ex.link);
            ex.reason = TCG_EXIT_LOOKUP;
        }
    }
}

void tcg_cpu_run(CpuState *cpu)
{
    sigjmp_buf unwind;

    memory_read_lock();
    tcg_vcpu_enter(tcg_vcpu(cpu));
    if (unlikely(tcg_vcpu(cpu)->profile)) {
        tcg_profile_enter(tcg_vcpu(cpu));
    }
    cpu->tcg.unwind = &unwind;
    TcgUnwind why = sigsetjmp(unwind, 0);
    if (why != TCG_UNWIND_NONE) {
        atomic_set(&tcg_vcpu(cpu)->phase, TCG_PHASE_LOOP);
    }
    if (why == TCG_UNWIND_EXCEPTION) {
        take_exception(tcg_vcpu(cpu));
    }
    if (likely(!cpu->debug) || tcg_debug_run(tcg_vcpu(cpu), why)) {
        run_turns(tcg_vcpu(cpu));
    }
    if (unlikely(tcg_vcpu(cpu)->profile)) {
        tcg_profile_leave(tcg_vcpu(cpu));
    }
    tcg_vcpu_leave(tcg_vcpu(cpu));
    memory_read_unlock();
}
