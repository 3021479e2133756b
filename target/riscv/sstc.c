/*
 * The supervisor's timer (Unprivileged volume's companion "Sstc"): STIP is up while time is
 * not below stimecmp and menvcfg.STCE is set.
 *
 * The hart's thread writes stimecmp, the main loop runs the timer: both recompute STIP from
 * the registers under stimer_lock, so that neither puts back what the other changed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"
#include "hw/core/machine.h"
#include "target/riscv/trace.h"

enum { FAR_SECONDS = 1 << 30 }; /* no timer is armed for what is decades ahead */

/* True if STIP rose. */
static bool recompute_locked(RiscvCpu *cpu)
{
    void *opaque;
    const MachineTimeOps *ops = machine_time(&opaque);
    uint64_t now;

    if (!ops || !(atomic_read(&cpu->menvcfg) & MENVCFG_STCE)) {
        timer_del(&cpu->stimer);
        atomic_fetch_and(&cpu->irq_lines, ~MIP_STIP);
        return false;
    }
    now = ops->get(opaque);
    if (now >= cpu->stimecmp) {
        timer_del(&cpu->stimer);
        return !(atomic_fetch_or(&cpu->irq_lines, MIP_STIP) & MIP_STIP);
    }
    atomic_fetch_and(&cpu->irq_lines, ~MIP_STIP);
    if ((cpu->stimecmp - now) / FAR_SECONDS >= ops->frequency_hz) {
        timer_del(&cpu->stimer);
    } else {
        timer_mod(&cpu->stimer, ops->deadline(opaque, cpu->stimecmp));
    }
    return false;
}

void riscv_stimer_update(RiscvCpu *cpu)
{
    bool rose;

    g_mutex_lock(&cpu->stimer_lock);
    rose = recompute_locked(cpu);
    g_mutex_unlock(&cpu->stimer_lock);
    if (rose) {
        cpu_kick_interrupt(&cpu->parent);
    }
}

void riscv_stimer_set(RiscvCpu *cpu, uint64_t value)
{
    trace_riscv_stimecmp_write(cpu->hartid, value);
    g_mutex_lock(&cpu->stimer_lock);
    cpu->stimecmp = value;
    g_mutex_unlock(&cpu->stimer_lock);
    riscv_stimer_update(cpu);
}

static void stimer_cb(void *opaque)
{
    riscv_stimer_update(opaque);
}

void riscv_stimer_init(RiscvCpu *cpu)
{
    g_mutex_init(&cpu->stimer_lock);
    timer_init(&cpu->stimer, CLOCK_TYPE_VIRTUAL, stimer_cb, cpu);
}

void riscv_stimer_destroy(RiscvCpu *cpu)
{
    timer_del(&cpu->stimer);
    g_mutex_clear(&cpu->stimer_lock);
}
