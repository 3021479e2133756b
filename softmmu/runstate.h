/*
 * Whether the machine runs, and requests to change that. Requests may come from any thread
 * and from vCPUs; the main loop carries them out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_RUNSTATE_H
#define SOFTMMU_RUNSTATE_H

#include "util/osdep.h"

/* In the order and spelling of the schema's RunState. */
typedef enum RunStateId {
    RUN_STATE_PRELAUNCH, RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_SHUTDOWN,
    RUN_STATE_IO_ERROR, RUN_STATE_INTERNAL_ERROR, RUN_STATE_GUEST_PANICKED,
    RUN_STATE_DEBUG, RUN_STATE_COUNT,
} RunStateId;
extern const char *const run_state_names[];

/* Why a shutdown or reset happens; spelt as the schema's ShutdownCause. */
typedef enum ShutdownReason {
    SHUTDOWN_NONE, SHUTDOWN_HOST_ERROR, SHUTDOWN_HOST_QMP_QUIT,
    SHUTDOWN_HOST_QMP_SYSTEM_RESET, SHUTDOWN_HOST_SIGNAL, SHUTDOWN_HOST_UI,
    SHUTDOWN_GUEST_SHUTDOWN, SHUTDOWN_GUEST_RESET, SHUTDOWN_GUEST_PANIC,
    SHUTDOWN_SUBSYSTEM_RESET,
} ShutdownReason;
extern const char *const shutdown_reason_names[];

RunStateId run_state(void);
bool run_state_running(void);
/* Stop into a state, or go on (machine lock, main thread). */
void vm_stop(RunStateId state);
bool vm_start(void);
/* Any thread: stop soon (a write error under werror=stop, ...). */
void vm_stop_request(RunStateId state);

/* Any thread. */
void shutdown_request(ShutdownReason reason);
/* With an exit status for the process (test devices, semihosting). */
void shutdown_request_with_code(ShutdownReason reason, int code);
void reset_request(ShutdownReason reason);
void powerdown_request(void);

/* Carry out now what was requested, so that the events of a monitor command precede its
 * reply (machine lock, main thread). */
void run_state_carry_out_requests(void);
/* A shutdown was carried out: the main loop ends, monitors take no more commands. */
bool run_state_ended(void);

/* Called at each change of run_state_running() with the machine lock. */
void run_state_add_notifier(void (*fn)(void *opaque, bool running), void *opaque);
void run_state_remove_notifier(void (*fn)(void *opaque, bool running), void *opaque);

/* What -no-reboot, -no-shutdown, -action and -S set; main and QMP. */
typedef struct RunStateActions {
    bool reboot_is_shutdown;
    bool shutdown_is_pause;
} RunStateActions;
RunStateActions *run_state_actions(void);

/* The main loop until shutdown; returns the process's exit status. */
int run_state_main_loop(void);

/* Sinks for events (the monitor sets them; floor 8). */
typedef struct RunStateEvents {
    void (*stop)(void);
    void (*resume)(void);
    void (*shutdown)(bool guest, ShutdownReason reason);
    void (*reset)(bool guest, ShutdownReason reason);
    void (*powerdown)(void);
} RunStateEvents;
void run_state_set_events(const RunStateEvents *ev);

/* What happens to the machine, by floors above: set once by main. */
typedef struct RunStateHooks {
    void (*pause_vcpus)(void);
    void (*resume_vcpus)(void);
    void (*reset_machine)(void);
    void (*powerdown_machine)(void);
    void (*flush)(void); /* block devices, before the process ends or stops */
} RunStateHooks;
void run_state_set_hooks(const RunStateHooks *hooks);

#endif
