/*
 * See debug-session.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "tests/unit/debug-session.h"
#include "tests/unit/each-backend.h"
#include "util/main-loop.h"

/* ---- Running ---- */

void debug_start(void)
{
    static const RunStateHooks hooks = { .pause_vcpus = cpus_pause_all,
                                         .resume_vcpus = cpus_resume_all };
    run_state_set_hooks(&hooks);
    g_assert_true(vm_start());
}

bool debug_wait(bool (*done)(void))
{
    gint64 end = g_get_monotonic_time() + 60 * each_backend_slowness() * G_TIME_SPAN_SECOND;
    unsigned turns = 0;

    while (run_state_running() && !(done && done())) {
        run_state_carry_out_requests();
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        /* Sleeps now and then: a vCPU that has to share the core with us gets on. */
        machine_unlock();
        if (++turns % 64) {
            g_thread_yield();
        } else {
            g_usleep(50);
        }
        machine_lock();
    }
    run_state_carry_out_requests();
    if (run_state() == RUN_STATE_DEBUG) {
        return true;
    }
    vm_stop(RUN_STATE_PAUSED);
    return false;
}

bool debug_go(bool (*done)(void))
{
    debug_start();
    return debug_wait(done);
}

/* ---- Stops ---- */

uint64_t *debug_pc(unsigned n)
{
    CpuState *cpu = cpu_by_index(n);

    return (uint64_t *)((char *)cpu + cpu->ops->pc_offset);
}

void debug_check(unsigned n, CpuDebugReason reason, uint64_t addr, uint64_t pc)
{
    const CpuDebugStop *s = cpu_debug_stop(cpu_by_index(n));

    g_assert_cmphex(*debug_pc(n), ==, pc);
    g_assert_cmpint(s->reason, ==, reason);
    g_assert_cmphex(s->addr, ==, addr);
}

void debug_go_break(unsigned n, uint64_t addr)
{
    CpuState *cpu = cpu_by_index(n);

    g_assert_true(debug_go(NULL));
    debug_check(n, CPU_DEBUG_BREAKPOINT, addr,
                cpu->ops->code_address ? cpu->ops->code_address(cpu, addr) : addr);
}

void debug_go_watch(uint64_t addr, CpuWatch access, uint64_t pc)
{
    g_assert_true(debug_go(NULL));
    debug_check(0, CPU_DEBUG_WATCHPOINT, addr, pc);
    g_assert_cmpint(cpu_debug_stop(cpu_by_index(0))->access, ==, access);
}

void debug_go_step(uint64_t pc)
{
    g_assert_true(debug_go(NULL));
    debug_check(0, CPU_DEBUG_STEP, pc, pc);
}

/* ---- Breakpoints and watchpoints ---- */

void debug_insert(unsigned n, uint64_t vaddr)
{
    GError *err = NULL;

    g_assert_true(cpu_breakpoint_insert(cpu_by_index(n), vaddr, &err));
    g_assert_no_error(err);
}

void debug_remove(unsigned n, uint64_t vaddr)
{
    g_assert_true(cpu_breakpoint_remove(cpu_by_index(n), vaddr));
}

void debug_watch(uint64_t vaddr, uint64_t len, CpuWatch access)
{
    GError *err = NULL;

    g_assert_true(cpu_watchpoint_insert(cpu_by_index(0), vaddr, len, access, &err));
    g_assert_no_error(err);
}

void debug_unwatch(uint64_t vaddr, uint64_t len, CpuWatch access)
{
    g_assert_true(cpu_watchpoint_remove(cpu_by_index(0), vaddr, len, access));
}
