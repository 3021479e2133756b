/*
 * Run state: whether the machine runs, and requests to change that.
 *
 * Requests are words that any thread (or a signal handler) sets atomically before it
 * wakes the main loop; the main loop takes and carries them out between two events, in
 * this order: stop, shutdown, reset, power-down. Everything else here belongs to the main
 * thread and needs the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "softmmu/runstate.h"
#include "softmmu/trace.h"
#include "util/main-loop.h"
#include "util/timer.h"

const char *const run_state_names[] = {
    [RUN_STATE_PRELAUNCH] = "prelaunch",
    [RUN_STATE_RUNNING] = "running",
    [RUN_STATE_PAUSED] = "paused",
    [RUN_STATE_SHUTDOWN] = "shutdown",
    [RUN_STATE_IO_ERROR] = "io-error",
    [RUN_STATE_INTERNAL_ERROR] = "internal-error",
    [RUN_STATE_GUEST_PANICKED] = "guest-panicked",
    [RUN_STATE_DEBUG] = "debug",
    [RUN_STATE_COUNT] = NULL,
};

const char *const shutdown_reason_names[] = {
    [SHUTDOWN_NONE] = "none",
    [SHUTDOWN_HOST_ERROR] = "host-error",
    [SHUTDOWN_HOST_QMP_QUIT] = "host-qmp-quit",
    [SHUTDOWN_HOST_QMP_SYSTEM_RESET] = "host-qmp-system-reset",
    [SHUTDOWN_HOST_SIGNAL] = "host-signal",
    [SHUTDOWN_HOST_UI] = "host-ui",
    [SHUTDOWN_GUEST_SHUTDOWN] = "guest-shutdown",
    [SHUTDOWN_GUEST_RESET] = "guest-reset",
    [SHUTDOWN_GUEST_PANIC] = "guest-panic",
    [SHUTDOWN_SUBSYSTEM_RESET] = "subsystem-reset",
    NULL,
};

typedef struct RunStateNotifier {
    void (*fn)(void *opaque, bool running);
    void *opaque;
} RunStateNotifier;

static struct {
    RunStateId state;    /* (a) written by the main thread under the machine lock */
    GList *notifiers;    /* (m) RunStateNotifier * */
    RunStateActions actions;
    RunStateEvents events;
    RunStateHooks hooks;
    /* (a) requests; 0: none */
    int stop_request;    /* RunStateId + 1 */
    int shutdown_request; /* ShutdownReason */
    int exit_code;
    int reset_request;   /* ShutdownReason */
    int powerdown_request;
    bool ended;          /* (m) a shutdown was carried out: the main loop ends */
} rs;

RunStateId run_state(void)
{
    return atomic_load_acquire(&rs.state);
}

bool run_state_running(void)
{
    return run_state() == RUN_STATE_RUNNING;
}

static void run_state_set(RunStateId state)
{
    trace_run_state_set(run_state_names[rs.state], run_state_names[state]);
    atomic_store_release(&rs.state, state);
}

RunStateActions *run_state_actions(void)
{
    return &rs.actions;
}

void run_state_set_events(const RunStateEvents *ev)
{
    rs.events = *ev;
}

void run_state_set_hooks(const RunStateHooks *hooks)
{
    rs.hooks = *hooks;
}

static void run_state_call(void (*fn)(void))
{
    if (fn) {
        fn();
    }
}

void run_state_add_notifier(void (*fn)(void *opaque, bool running), void *opaque)
{
    RunStateNotifier *n = g_new(RunStateNotifier, 1);
    *n = (RunStateNotifier){ fn, opaque };
    rs.notifiers = g_list_append(rs.notifiers, n);
}

void run_state_remove_notifier(void (*fn)(void *opaque, bool running), void *opaque)
{
    for (GList *l = rs.notifiers; l; l = l->next) {
        RunStateNotifier *n = l->data;
        if (n->fn == fn && n->opaque == opaque) {
            rs.notifiers = g_list_delete_link(rs.notifiers, l);
            g_free(n);
            return;
        }
    }
}

/* A notifier may remove itself. */
static void run_state_notify(bool running)
{
    for (GList *l = rs.notifiers, *next; l; l = next) {
        RunStateNotifier *n = l->data;
        next = l->next;
        n->fn(n->opaque, running);
    }
}

/* ---- Stop and go on ---- */

/* True if the machine ran until now. */
static bool machine_stop(RunStateId state)
{
    if (!run_state_running()) {
        /* Stopped already: a graver state replaces the plain ones. */
        if (state != RUN_STATE_PAUSED) {
            run_state_set(state);
        }
        return false;
    }
    run_state_call(rs.hooks.pause_vcpus);
    clock_virtual_enable(false);
    run_state_set(state);
    run_state_notify(false);
    run_state_call(rs.hooks.flush);
    return true;
}

void vm_stop(RunStateId state)
{
    if (machine_stop(state)) {
        run_state_call(rs.events.stop);
    }
}

/* The state that the machine is in cannot go on before a reset. */
static bool run_state_needs_reset(void)
{
    RunStateId s = run_state();
    return s == RUN_STATE_SHUTDOWN || s == RUN_STATE_INTERNAL_ERROR;
}

bool vm_start(void)
{
    if (run_state_running()) {
        return true;
    }
    if (run_state_needs_reset()) {
        return false;
    }
    atomic_set(&rs.stop_request, 0);
    run_state_set(RUN_STATE_RUNNING);
    clock_virtual_enable(true);
    run_state_notify(true);
    run_state_call(rs.events.resume);
    run_state_call(rs.hooks.resume_vcpus);
    return true;
}

/* ---- Requests ---- */

void vm_stop_request(RunStateId state)
{
    trace_run_state_stop_request(run_state_names[state]);
    atomic_xchg(&rs.stop_request, state + 1);
    main_loop_notify();
}

void shutdown_request_with_code(ShutdownReason reason, int code)
{
    trace_run_state_shutdown_request(shutdown_reason_names[reason]);
    atomic_set(&rs.exit_code, code);
    atomic_xchg(&rs.shutdown_request, reason);
    main_loop_notify();
}

void shutdown_request(ShutdownReason reason)
{
    trace_run_state_shutdown_request(shutdown_reason_names[reason]);
    atomic_xchg(&rs.shutdown_request, reason);
    main_loop_notify();
}

void reset_request(ShutdownReason reason)
{
    trace_run_state_reset_request(shutdown_reason_names[reason]);
    atomic_xchg(&rs.reset_request, reason);
    main_loop_notify();
}

void powerdown_request(void)
{
    trace_run_state_powerdown_request();
    atomic_xchg(&rs.powerdown_request, 1);
    main_loop_notify();
}

static bool shutdown_by_guest(ShutdownReason reason)
{
    return reason == SHUTDOWN_GUEST_SHUTDOWN || reason == SHUTDOWN_GUEST_RESET ||
           reason == SHUTDOWN_GUEST_PANIC;
}

/* The last event of a process is SHUTDOWN: no STOP follows where the main loop ends. */
static void shutdown_carry_out(ShutdownReason reason)
{
    trace_run_state_shutdown(shutdown_reason_names[reason]);
    if (rs.events.shutdown) {
        rs.events.shutdown(shutdown_by_guest(reason), reason);
    }
    /* A monitor's quit and a signal end the process whatever -no-shutdown says. */
    if (rs.actions.shutdown_is_pause && reason != SHUTDOWN_HOST_QMP_QUIT &&
        reason != SHUTDOWN_HOST_SIGNAL && reason != SHUTDOWN_HOST_UI &&
        reason != SHUTDOWN_HOST_ERROR) {
        vm_stop(RUN_STATE_SHUTDOWN);
        return;
    }
    machine_stop(RUN_STATE_SHUTDOWN);
    run_state_call(rs.hooks.flush);
    rs.ended = true;
}

static void reset_carry_out(ShutdownReason reason)
{
    trace_run_state_reset(shutdown_reason_names[reason]);
    bool running = run_state_running();
    if (running) {
        run_state_call(rs.hooks.pause_vcpus);
    }
    run_state_call(rs.hooks.reset_machine);
    if (rs.events.reset) {
        rs.events.reset(shutdown_by_guest(reason), reason);
    }
    if (running) {
        run_state_call(rs.hooks.resume_vcpus);
    } else {
        run_state_set(RUN_STATE_PRELAUNCH);
    }
}

void run_state_carry_out_requests(void)
{
    if (rs.ended) {
        return;
    }
    if (atomic_read(&rs.stop_request)) {
        int stop = atomic_xchg(&rs.stop_request, 0);
        if (stop) {
            vm_stop(stop - 1);
        }
    }
    if (atomic_read(&rs.reset_request) && rs.actions.reboot_is_shutdown) {
        int reason = atomic_xchg(&rs.reset_request, 0);
        int none = SHUTDOWN_NONE;
        __atomic_compare_exchange_n(&rs.shutdown_request, &none, reason, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    if (atomic_read(&rs.shutdown_request)) {
        shutdown_carry_out(atomic_xchg(&rs.shutdown_request, 0));
        if (rs.ended) {
            return;
        }
    }
    if (atomic_read(&rs.reset_request)) {
        reset_carry_out(atomic_xchg(&rs.reset_request, 0));
    }
    if (atomic_read(&rs.powerdown_request)) {
        atomic_xchg(&rs.powerdown_request, 0);
        run_state_call(rs.events.powerdown);
        run_state_call(rs.hooks.powerdown_machine);
    }
}

bool run_state_ended(void)
{
    return rs.ended;
}

int run_state_main_loop(void)
{
    run_state_carry_out_requests();
    while (!rs.ended) {
        main_loop_wait(false);
        run_state_carry_out_requests();
    }
    return atomic_read(&rs.exit_code);
}
