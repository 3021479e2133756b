/*
 * QMP commands and events of the run state (qapi/run-state.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/monitor.h"
#include "monitor/qmp-internal.h"
#include "qapi/qapi-commands-run-state.h"
#include "qapi/qapi-events-run-state.h"
#include "softmmu/main-config.h"
#include "softmmu/runstate.h"

/* Both tables have the same spellings: the schema's is what clients see. */
static int enum_by_name(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++) {
        if (g_str_equal(names[i], name)) {
            return i;
        }
    }
    g_assert_not_reached();
}

StatusInfo *qmp_query_status(GError **err)
{
    StatusInfo *info = g_new0(StatusInfo, 1);

    info->running = run_state_running();
    info->status = enum_by_name(RunState_names, run_state_names[run_state()]);
    return info;
}

bool qmp_stop(GError **err)
{
    if (run_state_running()) {
        vm_stop(RUN_STATE_PAUSED);
    }
    return true;
}

bool qmp_cont(GError **err)
{
    if (run_state_running()) {
        return true;
    }
    if (run_state() == RUN_STATE_SHUTDOWN || run_state() == RUN_STATE_INTERNAL_ERROR) {
        error_set(err, "the machine has been shut down");
        error_add_hint(err, "reset it with system_reset first");
        return false;
    }
    if (main_config_pending() && !main_config_finish(err)) {
        return false;
    }
    vm_start();
    return true;
}

bool qmp_quit(GError **err)
{
    shutdown_request(SHUTDOWN_HOST_QMP_QUIT);
    run_state_carry_out_requests();
    return true;
}

bool qmp_system_reset(GError **err)
{
    reset_request(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    run_state_carry_out_requests();
    return true;
}

bool qmp_system_powerdown(GError **err)
{
    powerdown_request();
    run_state_carry_out_requests();
    return true;
}

bool qmp_set_action(bool has_reboot, RebootAction reboot, bool has_shutdown,
                    ShutdownAction shutdown, GError **err)
{
    RunStateActions *a = run_state_actions();

    if (has_reboot) {
        a->reboot_is_shutdown = reboot == REBOOT_ACTION_SHUTDOWN;
    }
    if (has_shutdown) {
        a->shutdown_is_pause = shutdown == SHUTDOWN_ACTION_PAUSE;
    }
    return true;
}

static ShutdownCause cause_of(ShutdownReason reason)
{
    return enum_by_name(ShutdownCause_names, shutdown_reason_names[reason]);
}

static void send_shutdown(bool guest, ShutdownReason reason)
{
    qapi_event_send_shutdown(guest, cause_of(reason));
}

static void send_reset(bool guest, ShutdownReason reason)
{
    qapi_event_send_reset(guest, cause_of(reason));
}

static const RunStateEvents events = {
    .stop = qapi_event_send_stop,
    .resume = qapi_event_send_resume,
    .shutdown = send_shutdown,
    .reset = send_reset,
    .powerdown = qapi_event_send_powerdown,
};

void monitor_init(void)
{
    qmp_monitors_init();
    run_state_set_events(&events);
}

void monitor_cleanup(void)
{
    hmp_monitors_cleanup();
    qmp_monitors_cleanup();
}
