/*
 * The process: from the command line to the main loop and out again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "softmmu/main-process.h"
#include "accel/accel.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "gdbstub/gdbstub.h"
#include "monitor/monitor.h"
#include "net/net.h"
#include "softmmu/qtest.h"
#include "softmmu/runstate.h"
#include "util/log.h"
#include "util/main-loop.h"
#include "util/signals.h"
#include "util/timer.h"
#include "util/tracing.h"
#include <signal.h>
#include <fcntl.h>

#define PROGRAM_MARK "-system-"

typedef struct Process {
    QapiOptions o;
    const GuestTarget *target; /* NULL: none chosen */
    GPtrArray *commands; /* what the options ask of the machine */
    bool dumped;         /* -machine dumpdtb= was served: the process ends */
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
    return p->target != NULL;
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

/* The board is there: devices and what else the command line adds to it, then the process's
 * own ends of it. */
static bool complete_machine(void *opaque, GError **err)
{
    Process *p = opaque;
    const QapiOptions *o = &p->o;
    MachineState *m = machine_current();

    if (!main_commands_run(p->commands, true, err) ||
        (o->qtest && !qtest_start(o->qtest, o->qtest_log, &p->qtest, err))) {
        return false;
    }
    if (m->dumpdtb) {
        p->dumped = true;
        shutdown_request(SHUTDOWN_HOST_QMP_QUIT);
        return dump_dtb(m, err);
    }
    return true;
}

/* What the process needs before it has a machine. */
static bool setup_process(Process *p, GError **err)
{
    const QapiOptions *o = &p->o;

    main_loop_init();
    if (!main_setup_early(o, err) || !setup_traces(o, err) ||
        !main_set_escape(o->echr, err) || !write_pidfile(p, err) ||
        !signals_init(terminated, NULL, err)) {
        return false;
    }
    run_state_set_hooks(&hooks);
    monitor_init();
    chardev_quit_hook = quit_by_key;
    p->gdbstub = gdbstub_new();
    return true;
}

/* Everything up to the main loop. *ret_done: an answer was printed, the process ends. */
static bool start(Process *p, int argc, char **argv, const char *program, bool *ret_done,
                  GError **err)
{
    const QapiOptions *o = &p->o;

    g_auto(GStrv) args = main_expand_argv(argc, argv, &argc, err);

    if (!args || !qapi_options_parse(qapi_options, &p->o, NULL, argc, args, err)) {
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
    main_config_init(p->target, o->preconfig, o->preconfig && !o->S, complete_machine, p);
    p->commands = main_commands_new(o, p->target, err);
    if (!p->commands) {
        return false;
    }
    if (o->dump_qmp) {
        return main_commands_dump(o, p->commands, err);
    }
    *ret_done = false;
    return main_daemonize(o, err) && setup_process(p, err) &&
           main_commands_run(p->commands, false, err) &&
           (o->preconfig || main_config_finish(err)) && main_drop_rights(o, err) &&
           main_daemon_ready(err);
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
    if (!start(&p, argc, argv, program, &done, &err)) {
        clean_host(&p);
        error_report_and_free(err);
        status = 1;
    } else if (!done) {
        if (!p.o.S && !p.dumped && !main_config_pending()) {
            vm_start();
        }
        status = run_state_main_loop();
        finish(&p, status);
    }
    /* The process ends: its memory goes with it, and vCPU threads must not see it go. */
    fflush(NULL);
    _exit(status);
}
