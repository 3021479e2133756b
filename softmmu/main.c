/*
 * The process: from the command line to the main loop and out again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "accel/accel.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "gdbstub/gdbstub.h"
#include "hw/core/loader.h"
#include "monitor/monitor.h"
#include "monitor/process-info.h"
#include "net/net.h"
#include "qapi/json.h"
#include "qapi/qapi-types-run-state.h"
#include "semihosting/semihosting.h"
#include "softmmu/qtest.h"
#include "softmmu/runstate.h"
#include "util/log.h"
#include "util/main-loop.h"
#include "util/rtc.h"
#include "util/signals.h"
#include "util/timer.h"
#include "util/tracing.h"
#include <signal.h>
#include <fcntl.h>

#define PROGRAM_MARK "-system-"

typedef struct Process {
    QapiOptions o;
    const GuestTarget *target; /* NULL: none chosen */
    MachineState *machine;
    Qtest *qtest; /* or NULL */
    GdbStub *gdbstub;
    char *pidfile;
} Process;

static void hook_pause(void)
{
    cpus_pause_all();
}

static void hook_resume(void)
{
    cpus_resume_all();
}

static void hook_reset(void)
{
    if (machine_current()) {
        machine_reset(machine_current());
    }
}

static void hook_powerdown(void)
{
    if (machine_current()) {
        irq_pulse(&machine_current()->powerdown);
    }
}

static void hook_flush(void)
{
    blk_drain_all();
    blk_flush_all();
}

static const RunStateHooks hooks = {
    .pause_vcpus = hook_pause,
    .resume_vcpus = hook_resume,
    .reset_machine = hook_reset,
    .powerdown_machine = hook_powerdown,
    .flush = hook_flush,
};

static void terminated(int signum, pid_t sender, void *opaque)
{
    if (sender) {
        error_printf("terminating on signal %d from process %d", signum, (int)sender);
    } else {
        error_printf("terminating on signal %d", signum);
    }
    shutdown_request(SHUTDOWN_HOST_SIGNAL);
}

static void quit_by_key(void)
{
    shutdown_request(SHUTDOWN_HOST_UI);
}

/* rhea-system-ARCH presets the target, and so does another name of that form: management
 * software looks for one of its own. */
static const char *target_of_program(const char *program)
{
    const char *mark = strstr(program, PROGRAM_MARK);

    return mark ? mark + strlen(PROGRAM_MARK) : NULL;
}

static bool choose_target(Process *p, const char *program, GError **err)
{
    const char *name = p->o.target ? p->o.target : target_of_program(program);

    if (!name) {
        return true;
    }
    p->target = target_find(name, err);
    if (p->target) {
        monitor_set_target(p->target->name, p->target->family);
    }
    return p->target != NULL;
}

static bool setup_log(const QapiOptions *o, GError **err)
{
    if (o->D && !log_set_file(o->D, err)) {
        return error_prefix(err, "-D");
    }
    for (size_t i = 0; o->d && i < o->d->len; i++) {
        if (!log_set_items(o->d->items[i], err)) {
            return error_prefix(err, "-d");
        }
    }
    return true;
}

static bool setup_trace(const TraceOptions *t, GError **err)
{
    TraceFormat format = t->has_format && t->format == TRACE_FILE_FORMAT_TEXT ? TRACE_TEXT
                                                                              : TRACE_CTF;

    if (t->has_format && !t->file) {
        return error_set(err, "format needs file=");
    }
    if (t->has_timestamp) {
        trace_set_timestamps(t->timestamp);
    }
    return (!t->file || trace_open(t->file, format, err)) &&
           (!t->enable || trace_enable(t->enable, err)) &&
           (!t->events || trace_enable_file(t->events, err));
}

static bool setup_traces(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->trace && i < o->trace->len; i++) {
        if (!setup_trace(o->trace->items[i], err)) {
            return error_prefix(err, "-trace");
        }
    }
    return true;
}

static bool setup_globals(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->global && i < o->global->len; i++) {
        const char *text = o->global->items[i];
        const char *dot = strchr(text, '.'), *eq = dot ? strchr(dot, '=') : NULL;

        if (!eq) {
            error_set(err, "-global %s", text);
            error_set_expected(err, "TYPE.PROPERTY=VALUE");
            return false;
        }
        g_autofree char *type = g_strndup(text, dot - text);
        g_autofree char *prop = g_strndup(dot + 1, eq - dot - 1);
        object_add_global(type, prop, eq + 1);
    }
    return true;
}

static void setup_actions(const QapiOptions *o)
{
    RunStateActions *a = run_state_actions();

    if (o->action && o->action->has_reboot) {
        a->reboot_is_shutdown = o->action->reboot == REBOOT_ACTION_SHUTDOWN;
    }
    if (o->action && o->action->has_shutdown) {
        a->shutdown_is_pause = o->action->shutdown == SHUTDOWN_ACTION_PAUSE;
    }
    a->reboot_is_shutdown |= o->no_reboot;
    a->shutdown_is_pause |= o->no_shutdown;
}

static bool setup_identity(const QapiOptions *o, GError **err)
{
    if (o->name && o->name->guest) {
        process_info_set_name(o->name->guest);
    }
    if (o->uuid) {
        if (!g_uuid_string_is_valid(o->uuid)) {
            error_set(err, "-uuid %s is no UUID", o->uuid);
            error_set_expected(err, "a text such as 12345678-1234-1234-1234-123456789abc");
            return false;
        }
        process_info_set_uuid(o->uuid);
    }
    if (o->rtc) {
        return rtc_configure(o->rtc->base,
                             o->rtc->has_clock ? RtcClock_names[o->rtc->clock] : NULL, err);
    }
    return true;
}

static bool write_pidfile(Process *p, GError **err)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    int fd;

    if (!p->o.pidfile) {
        return true;
    }
    fd = open(p->o.pidfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        error_set_errno(err, errno, "-pidfile %s", p->o.pidfile);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    close(fd);
    p->pidfile = g_strdup(p->o.pidfile);
    return true;
}

static bool add_backends(const QapiOptions *o, GError **err)
{
    const char *default_if = machine_current()
                                 ? machine_class(machine_current())->block_default : NULL;

    for (size_t i = 0; o->object && i < o->object->len; i++) {
        QapiProps *obj = o->object->items[i];

        if (!object_add_user(obj->value, obj->keyval, err)) {
            return error_prefix(err, "-object");
        }
    }
    for (size_t i = 0; o->blockdev && i < o->blockdev->len; i++) {
        QapiProps *b = o->blockdev->items[i];

        if (!blockdev_add(b->value, b->keyval, err)) {
            return error_prefix(err, "-blockdev");
        }
    }
    for (size_t i = 0; o->drive && i < o->drive->len; i++) {
        if (!drive_add(o->drive->items[i]->value, default_if, err)) {
            return error_prefix(err, "-drive");
        }
    }
    return main_add_netdevs(o, err);
}

static bool add_devices(const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->device && i < o->device->len; i++) {
        QapiProps *d = o->device->items[i];

        if (!device_add(d->value, d->keyval, err)) {
            return error_prefix(err, "-device");
        }
    }
    return true;
}

/* -machine dumpdtb=FILE: write the tree, start nothing. */
static bool dump_dtb(MachineState *m, GError **err)
{
    g_autoptr(GError) cause = NULL;

    if (!m->fdt) {
        return error_set(err, "-machine dumpdtb=%s: this machine has no device tree",
                         m->dumpdtb);
    }
    if (!g_file_set_contents(m->dumpdtb, m->fdt, m->fdt_size, &cause)) {
        return error_set(err, "-machine dumpdtb=%s: %s", m->dumpdtb, cause->message);
    }
    return true;
}

static bool setup_semihosting(const QapiOptions *o, GError **err)
{
    const SemihostingConfiguration *c = o->semihosting_config;
    SemihostingConfig config = { .enabled = o->semihosting };

    if (c) {
        config.enabled = !c->has_enable || c->enable;
        config.userspace = c->has_userspace && c->userspace;
        config.chardev = c->chardev;
        config.n_args = c->q_arg ? c->q_arg->len : 0;
        config.args = c->q_arg ? (const char *const *)c->q_arg->items : NULL;
    }
    config.kernel = o->kernel;
    config.append = o->append;
    return semihosting_configure(&config, err);
}

/* -s is short for one -gdb; an explicit one counts. */
static bool start_gdbstub(Process *p, GError **err)
{
    const char *device = p->o.gdb ? p->o.gdb : p->o.s ? "tcp::1234" : NULL;

    p->gdbstub = gdbstub_new();
    if (device && !gdbstub_start(p->gdbstub, device, err)) {
        return error_prefix(err, p->o.gdb ? "-gdb %s" : "-s", device);
    }
    return true;
}

static bool build_machine(Process *p, GError **err)
{
    const QapiOptions *o = &p->o;

    if (!main_start_accel(o, err) || !add_backends(o, err) || !setup_semihosting(o, err) ||
        !machine_run_init(p->machine, err) || !main_add_fw_cfg(o, err) ||
        !add_devices(o, err) || !main_add_nics(o, err) ||
        !drive_check_unused(err) || !object_check_globals(err) ||
        !main_finish_consoles(err)) {
        return false;
    }
    net_check_peers();
    return !o->qtest || qtest_start(o->qtest, o->qtest_log, &p->qtest, err);
}

/* Everything up to the main loop. *ret_done: an answer was printed, the process ends. */
static bool start(Process *p, int argc, char **argv, const char *program, bool *ret_done,
                  GError **err)
{
    const QapiOptions *o = &p->o;

    if (!qapi_options_parse(qapi_options, &p->o, NULL, argc, argv, err)) {
        return false;
    }
    *ret_done = true;
    if (o->h) {
        printf("usage: %s [options]\n\n%s", program, qapi_options_help);
        return true;
    }
    if (o->version) {
        printf("Rhea emulator version %s\n", RHEA_VERSION);
        return true;
    }
    if (!choose_target(p, program, err)) {
        return false;
    }
    if (o->head.help_option) {
        return main_print_help_for(o, p->target, err);
    }
    *ret_done = false;
    if (!setup_log(o, err) || !setup_traces(o, err) || !setup_globals(o, err) || !setup_identity(o, err) ||
        !write_pidfile(p, err) || !signals_init(terminated, NULL, err)) {
        return false;
    }
    setup_actions(o);
    run_state_set_hooks(&hooks);
    monitor_init();
    chardev_quit_hook = quit_by_key;
    p->machine = main_create_machine(o, p->target, err);
    if (!p->machine ||
        !main_start_consoles(o, !machine_class(p->machine)->no_cpu, err) ||
        !build_machine(p, err)) {
        return false;
    }
    if (p->machine->dumpdtb) {
        *ret_done = true;
        return dump_dtb(p->machine, err);
    }
    return start_gdbstub(p, err);
}

/* Leave nothing behind on the host, however the process ends. */
static void clean_host(Process *p)
{
    chardev_end_all();
    chardev_cleanup();
    if (p->pidfile) {
        unlink(p->pidfile);
    }
}

static void end_traces(void)
{
    uint64_t lost = trace_close();

    if (lost) {
        warn_report("%" PRIu64 " trace events found no room in the trace file", lost);
    }
}

static void finish(Process *p, int status)
{
    cpus_pause_all();
    accel_finish();
    hook_flush();
    gdbstub_end(p->gdbstub, status);
    monitor_cleanup();
    net_cleanup();
    qtest_free(p->qtest);
    clean_host(p);
    block_cleanup();
    end_traces();
    log_close();
}

int main(int argc, char **argv)
{
    g_autofree char *program = g_path_get_basename(argv[0]);
    GError *err = NULL;
    Process p = { 0 };
    bool done = false;
    int status = 0;

    error_set_program(program);
    main_loop_init();
    if (!start(&p, argc, argv, program, &done, &err)) {
        clean_host(&p);
        error_report_and_free(err);
        status = 1;
    } else if (!done) {
        machine_reset(p.machine);
        if (!p.o.S) {
            vm_start();
        }
        status = run_state_main_loop();
        finish(&p, status);
    }
    /* The process ends: its memory goes with it, and vCPU threads must not see it go. */
    fflush(NULL);
    _exit(status);
}
