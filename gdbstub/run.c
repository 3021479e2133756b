/*
 * Going on, stepping, and telling the client why the machine stopped.
 *
 * The machine is stopped and started as a whole; vCPUs that the client wants to stand still
 * meanwhile are held. A client is told of a stop only if it has let the machine run and
 * waits; a monitor may stop and start it at other times, of which the client knows nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/internal.h"
#include "softmmu/runstate.h"
#include "util/main-loop.h"

enum { ACTION_UNSET = 0xff };

/* ---- Why it stopped ---- */

static unsigned signal_of(RunStateId state)
{
    switch (state) {
    case RUN_STATE_PAUSED: return GDB_SIGNAL_INT;
    case RUN_STATE_SHUTDOWN: return GDB_SIGNAL_QUIT;
    case RUN_STATE_IO_ERROR: return GDB_SIGNAL_STOP;
    case RUN_STATE_INTERNAL_ERROR: case RUN_STATE_GUEST_PANICKED: return GDB_SIGNAL_ABRT;
    default: return GDB_SIGNAL_TRAP;
    }
}

static void append_reason(GdbStub *s, GString *out, const CpuDebugStop *stop)
{
    static const char *const watches[] = {
        [CPU_WATCH_WRITE] = "watch", [CPU_WATCH_READ] = "rwatch",
        [CPU_WATCH_READ | CPU_WATCH_WRITE] = "awatch",
    };
    const GdbPoint *p = gdb_find_point(s, stop);

    if (!p) {
        return;
    }
    if (stop->reason == CPU_DEBUG_WATCHPOINT) {
        g_string_append_printf(out, "%s:%" PRIx64 ";", watches[stop->access], stop->addr);
    } else if (p->kind == GDB_POINT_SW_BREAK && s->swbreak) {
        g_string_append(out, "swbreak:;");
    } else if (p->kind == GDB_POINT_HW_BREAK && s->hwbreak) {
        g_string_append(out, "hwbreak:;");
    }
}

static void append_stop_of(GdbStub *s, GString *out, unsigned signal, const CpuState *cpu,
                           const CpuDebugStop *stop)
{
    g_string_append_printf(out, "T%02xthread:", signal);
    gdb_append_thread(s, out, cpu);
    g_string_append_c(out, ';');
    append_reason(s, out, stop);
}

static void append_stop(GdbStub *s, GString *out, unsigned signal)
{
    const CpuState *cpu = gdb_cpu(s);

    append_stop_of(s, out, signal, cpu, cpu_debug_stop(cpu));
}

void gdb_reply_stop(GdbStub *s)
{
    append_stop(s, s->reply, GDB_SIGNAL_TRAP);
}

static void send_stop(GdbStub *s, unsigned signal)
{
    g_autoptr(GString) text = g_string_new(NULL);

    append_stop(s, text, signal);
    gdb_send(s, text->str, text->len);
}

/* ---- Stopping ---- */

void gdb_stop_machine(GdbStub *s)
{
    if (run_state_running()) {
        vm_stop(RUN_STATE_PAUSED);
    }
}

void gdb_release_cpus(void)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);

        if (cpu) {
            cpu_step_disable(cpu);
            cpu_debug_hold(cpu, false);
        }
    }
}

/* The vCPU that the stop is about becomes the one that packets are about. */
static void choose_cpu(GdbStub *s)
{
    CpuState *now = cpu_by_index(s->current);
    bool found = now && cpu_debug_stop(now)->reason != CPU_DEBUG_NONE;

    for (unsigned i = 0; i < cpu_count() && !found; i++) {
        CpuState *cpu = cpu_by_index(i);

        if (cpu && cpu_debug_stop(cpu)->reason != CPU_DEBUG_NONE) {
            s->current = i;
            found = true;
        }
    }
    s->resume_cpu = s->current;
}

/* ---- Stops of several vCPUs at once ---- */

static bool by_point(const CpuDebugStop *stop)
{
    return stop->reason == CPU_DEBUG_BREAKPOINT || stop->reason == CPU_DEBUG_WATCHPOINT;
}

/* The client is told of one; the others come when it lets their vCPUs go on. */
static void keep_others(GdbStub *s)
{
    if (s->pending->len < cpu_count()) {
        g_array_set_size(s->pending, cpu_count());
    }
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cpu = cpu_by_index(i);

        if (cpu && by_point(cpu_debug_stop(cpu))) {
            g_array_index(s->pending, CpuDebugStop, i) =
                i == s->current ? (CpuDebugStop){ 0 } : *cpu_debug_stop(cpu);
        }
    }
}

/* It is still true: the point is there, and the vCPU stands at the breakpoint. */
static bool still_counts(GdbStub *s, CpuState *cpu, const CpuDebugStop *stop)
{
    uint64_t pc = stop->addr;

    if (cpu->ops->code_address) {
        pc = cpu->ops->code_address(cpu, pc);
    }
    return gdb_find_point(s, stop) &&
           (stop->reason != CPU_DEBUG_BREAKPOINT || cpu->ops->get_pc(cpu) == pc);
}

/* One of the vCPUs that are to go on has a stop to tell: true, and it was told. */
static bool tell_pending(GdbStub *s, const uint8_t *actions, unsigned n)
{
    for (unsigned i = 0; i < MIN(n, s->pending->len); i++) {
        CpuDebugStop *p = &g_array_index(s->pending, CpuDebugStop, i), stop = *p;
        CpuState *cpu = cpu_by_index(i);

        if (!stop.reason || (actions[i] != GDB_CONTINUE && actions[i] != GDB_STEP)) {
            continue;
        }
        p->reason = CPU_DEBUG_NONE;
        if (cpu && still_counts(s, cpu, &stop)) {
            s->current = s->resume_cpu = i;
            append_stop_of(s, s->reply, GDB_SIGNAL_TRAP, cpu, &stop);
            return true;
        }
    }
    return false;
}

static void tell_stop(GdbStub *s)
{
    if (s->waiting) {
        s->waiting = false;
        send_stop(s, signal_of(run_state()));
    }
}

/* Run where a process that ends comes no more: gdbstub_end() tells of that. */
static void still_here(void *opaque)
{
    GdbStub *s = opaque;

    s->check_end = 0;
    tell_stop(s);
}

void gdb_run_state_changed(void *opaque, bool running)
{
    GdbStub *s = opaque;

    if (!s->connected) {
        return;
    }
    if (running) {
        if (!s->waiting) {
            g_array_set_size(s->pending, 0); /* a monitor has started it: all run */
        }
        return;
    }
    gdb_release_cpus();
    choose_cpu(s);
    keep_others(s);
    if (run_state() != RUN_STATE_SHUTDOWN) {
        tell_stop(s);
    } else if (!s->check_end) {
        s->check_end = main_loop_call(still_here, s);
    }
}

/* ---- Going on ---- */

bool gdb_is_resume(const char *payload)
{
    return g_str_equal(payload, "c") || g_str_has_prefix(payload, "vCont");
}

static unsigned step_flags(const GdbStub *s)
{
    return (s->step_mask & GDB_STEP_NO_IRQ ? CPU_STEP_NO_IRQ : 0) |
           (s->step_mask & GDB_STEP_NO_TIMER ? CPU_STEP_NO_TIMER : 0);
}

static void apply(GdbStub *s, CpuState *cpu, uint8_t action)
{
    if (action == GDB_STEP) {
        cpu_step_enable(cpu, step_flags(s));
    } else if (action != GDB_CONTINUE) {
        cpu_debug_hold(cpu, true);
    }
}

/* The machine cannot go on: the client, which waits for a stop, gets one at once. */
static void refuse_to_go_on(GdbStub *s)
{
    static const char why[] = "The machine has been shut down: reset it first "
                              "(monitor system_reset).\n";
    g_autoptr(GString) text = g_string_new("O");

    gdb_release_cpus();
    gdb_append_hex(text, why, strlen(why));
    gdb_send(s, text->str, text->len);
    s->waiting = false;
    append_stop(s, s->reply, GDB_SIGNAL_0);
}

/* @actions: GdbAction by index of the vCPU. */
static void resume(GdbStub *s, const uint8_t *actions, unsigned n)
{
    unsigned going = 0, plain = 0;

    for (unsigned i = 0; i < n; i++) {
        going += actions[i] == GDB_CONTINUE || actions[i] == GDB_STEP;
        plain += actions[i] == GDB_CONTINUE;
    }
    if (going == 0) {
        gdb_stop_machine(s);
        append_stop(s, s->reply, GDB_SIGNAL_0);
        return;
    }
    if (!run_state_running() && tell_pending(s, actions, n)) {
        return;
    }
    if (plain < n) {
        gdb_stop_machine(s); /* a monitor has started it */
        for (unsigned i = 0; i < n; i++) {
            CpuState *cpu = cpu_by_index(i);

            if (cpu) {
                apply(s, cpu, actions[i]);
            }
        }
    }
    s->waiting = true;
    if (!vm_start()) {
        refuse_to_go_on(s);
    }
}

/* ";action:thread" goes to those threads that no earlier one went to. */
static bool vcont_action(GdbStub *s, GdbText *t, uint8_t *actions, unsigned n)
{
    char c = t->p < t->end ? *t->p++ : 0;
    GdbAction action = g_ascii_tolower(c) == 'c' ? GDB_CONTINUE
                       : g_ascii_tolower(c) == 's' ? GDB_STEP : GDB_HOLD;
    GdbThread id = { .pid = GDB_THREAD_ALL, .tid = GDB_THREAD_ALL };
    uint64_t signal;
    CpuState *one = NULL;

    if (!c || !strchr("cCsSt", c) || ((c == 'C' || c == 'S') && !gdb_text_hex(t, &signal)) ||
        (gdb_text_char(t, ':') && !gdb_text_thread(t, &id))) {
        return false;
    }
    if (id.tid != GDB_THREAD_ALL) {
        one = gdb_cpu_by_thread(s, id);
    }
    if (id.pid > GDB_PID || (id.tid != GDB_THREAD_ALL && !one)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (actions[i] == ACTION_UNSET && (!one || one->index == i)) {
            actions[i] = action;
        }
    }
    return true;
}

void gdb_vcont(GdbStub *s, GdbText *t)
{
    unsigned n = cpu_count();
    g_autofree uint8_t *actions = g_malloc(n);

    memset(actions, ACTION_UNSET, n);
    do {
        if (!gdb_text_char(t, ';') || !vcont_action(s, t, actions, n)) {
            gdb_reply_error(s, GDB_EINVAL);
            return;
        }
    } while (!gdb_text_at_end(t));
    resume(s, actions, n);
}

void gdb_resume_old(GdbStub *s, GdbText *t, bool step, bool with_signal)
{
    unsigned n = cpu_count();
    g_autofree uint8_t *actions = g_malloc(n);
    CpuState *cpu = cpu_by_index(s->resume_cpu);
    uint64_t signal, addr;
    bool good = !with_signal || gdb_text_hex(t, &signal), at = false;

    if (good && !gdb_text_at_end(t)) {
        good = (!with_signal || gdb_text_char(t, ';')) && gdb_text_hex(t, &addr) &&
               gdb_text_at_end(t);
        at = good;
    }
    if (!good || !cpu) {
        gdb_reply_error(s, GDB_EINVAL);
        return;
    }
    if (at) {
        cpu->ops->set_pc(cpu, addr);
    }
    memset(actions, step ? GDB_HOLD : GDB_CONTINUE, n);
    if (step) {
        actions[cpu->index] = GDB_STEP;
    }
    resume(s, actions, n);
}
