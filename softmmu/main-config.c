/*
 * Making a machine: machine-create, its board, its start (softmmu/main-config.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-config.h"
#include "accel/cpu.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "monitor/monitor.h"
#include "monitor/process-info.h"
#include "net/net.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-types-config.h"
#include "semihosting/semihosting.h"
#include "softmmu/runstate.h"
#include "util/rtc.h"

typedef enum ConfigPhase { PHASE_EMPTY, PHASE_CREATED, PHASE_BUILT, PHASE_READY } ConfigPhase;

static struct {
    ConfigPhase phase;
    const GuestTarget *target; /* chosen, or NULL */
    bool target_preset;        /* by -target or the program's name */
    bool preconfig, autostart;
    bool broken;               /* the board could not be built */
    MachineCreateOptions *options; /* of the machine; its properties are not in it */
    MainCompleteFn *complete;
    void *opaque;
} config;

/* ---- Targets ---- */

static const GuestTarget targets[] = {
    { "riscv64", "riscv" },
    { "riscv32", "riscv" },
};

const char *const *target_names(void)
{
    static const char *names[ARRAY_SIZE(targets) + 1];

    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        names[i] = targets[i].name;
    }
    return names;
}

const GuestTarget *target_find(const char *name, GError **err)
{
    g_autofree char *list = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        if (g_str_equal(targets[i].name, name)) {
            return &targets[i];
        }
    }
    list = g_strjoinv(", ", (char **)target_names());
    error_set_unknown(err, "target", name, target_names());
    error_set_expected(err, "one of %s", list);
    return NULL;
}

static void set_target(const GuestTarget *target)
{
    config.target = target;
    monitor_set_target(target ? target->name : NULL, target ? target->family : NULL);
}

/* The target that a machine shall have: named, or chosen before. */
static bool choose_target(const char *name, const GuestTarget **ret, GError **err)
{
    *ret = config.target_preset ? config.target : NULL;
    if (!name) {
        return true;
    }
    if (*ret && strcmp(name, (*ret)->name)) {
        error_set(err, "target '%s': the process was started for target '%s'", name,
                  (*ret)->name);
        error_set_culprit(err, "target", name);
        return false;
    }
    *ret = target_find(name, err);
    return *ret != NULL;
}

static bool check_target(const MachineClass *mc, const GuestTarget *target, GError **err)
{
    g_autofree char *list = NULL;

    if (target || mc->no_cpu) {
        return true;
    }
    list = g_strjoinv(", ", (char **)target_names());
    error_set(err, "machine '%s' needs a target", mc->name);
    error_set_expected(err, "-target with one of %s", list);
    return false;
}

/* ---- The machine object ---- */

void main_config_init(const GuestTarget *target, bool preconfig, bool autostart,
                      MainCompleteFn *complete, void *opaque)
{
    config.target_preset = target != NULL;
    config.preconfig = preconfig;
    config.autostart = autostart;
    config.complete = complete;
    config.opaque = opaque;
    set_target(target);
    monitor_set_preconfig(preconfig);
}

bool main_config_pending(void)
{
    return config.phase == PHASE_CREATED || config.phase == PHASE_BUILT ||
           (config.phase == PHASE_EMPTY && config.preconfig);
}

/* Members of machine-create's arguments that are no properties of the machine. */
static const char *const own_members[] = {
    "type", "target", "cpu", "accel", "serial", "drive", "fw-cfg", "rtc", "semihosting",
    "name", "uuid", NULL,
};
/* Properties that have options of their own: their errors name those. */
static const char *const option_members[] = {
    "smp", "memory", "boot", "firmware", "kernel", "initrd", "append", "dtb", NULL,
};

static void split_args(struct json_object *args, struct json_object *own,
                       struct json_object *options, struct json_object *props)
{
    json_object_object_foreach(args, key, value) {
        struct json_object *to = g_strv_contains(own_members, key)      ? own
                                 : g_strv_contains(option_members, key) ? options
                                                                        : props;

        json_object_object_add(to, key, json_object_get(value));
    }
}

/* Whether a machine may be made now: there is none, or the empty one without devices. */
static bool check_free(GError **err)
{
    MachineState *m = machine_current();
    const char *places[] = { "/machine/peripheral", "/machine/peripheral-anon" };

    if (!m) {
        return true;
    }
    if (!machine_class(m)->no_cpu || config.phase != PHASE_READY) {
        error_set(err, "there is a machine '%s' already", machine_class(m)->name);
        error_add_hint(err, "start with --preconfig or -machine none to make one");
        return false;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        Object *o = object_container(places[i]);

        if (o->child_order && o->child_order->len) {
            return error_set(err, "the machine '%s' has devices and cannot be replaced",
                             machine_class(m)->name);
        }
    }
    return true;
}

static bool set_cpu(MachineState *m, struct json_object *cpu, GError **err)
{
    struct json_object *model;

    if (!cpu) {
        return true;
    }
    if (!json_object_is_type(cpu, json_type_object) ||
        !json_object_object_get_ex(cpu, "model", &model) ||
        !json_object_is_type(model, json_type_string)) {
        error_set(err, "'cpu' names no model");
        error_set_expected(err, "an object with the member model");
        return false;
    }
    if (machine_class(m)->no_cpu) {
        return error_set(err, "machine '%s' has no CPUs", machine_class(m)->name);
    }
    m->cpu_model = keyval_to_text(cpu, "model");
    return cpu_class_by_model(m->target, json_object_get_string(model), err) != NULL;
}

static bool set_identity(const MachineCreateOptions *o, GError **err)
{
    if (o->uuid && !g_uuid_string_is_valid(o->uuid)) {
        error_set(err, "-uuid %s is no UUID", o->uuid);
        error_set_expected(err, "a text such as 12345678-1234-1234-1234-123456789abc");
        return false;
    }
    if (o->rtc &&
        !rtc_configure(o->rtc->base,
                       o->rtc->has_clock ? RtcClock_names[o->rtc->clock] : NULL, err)) {
        return false;
    }
    if (o->name) {
        process_info_set_name(o->name);
    }
    if (o->uuid) {
        process_info_set_uuid(o->uuid);
    }
    return true;
}

static bool start_accel(const MachineClass *mc, const MachineCreateOptions *o, bool keyval,
                        GError **err)
{
    if (!o->accel && mc->no_cpu) {
        return true;
    }
    return main_start_accel(o->accel ? o->accel->items : NULL, o->accel ? o->accel->len : 0,
                            keyval, err);
}

/* The object with all that is said of it; the caller unparents it on failure. */
static bool fill_machine(MachineState *m, const MachineCreateOptions *o,
                         struct json_object *options, struct json_object *props, bool keyval,
                         GError **err)
{
    const MachineClass *mc = machine_class(m);

    if (!object_set_properties(m, props, keyval, NULL, err)) {
        return error_prefix(err, "machine '%s'", mc->name);
    }
    return object_set_properties(m, options, keyval, NULL, err) && set_cpu(m, o->cpu, err) &&
           set_identity(o, err) && start_accel(mc, o, keyval, err);
}

/* The machine of process without one that asked for none. */
static void restore_empty(MachineClass *mc)
{
    MachineState *m = machine_create(mc);

    m->initialized = m->ready = true;
    m->parent.frozen = true;
}

static bool create(MachineCreateOptions *o, struct json_object *options,
                   struct json_object *props, bool keyval, GError **err)
{
    MachineClass *empty = machine_current() ? machine_class(machine_current()) : NULL;
    const GuestTarget *target;
    MachineClass *mc;
    MachineState *m;

    if (!choose_target(o->target, &target, err)) {
        return false;
    }
    mc = machine_find(o->type, target ? target->name : NULL, err);
    if (!mc || !check_target(mc, target, err)) {
        return false;
    }
    if (empty) {
        vm_stop(RUN_STATE_PRELAUNCH);
        object_unparent(machine_current());
    }
    m = machine_create(mc);
    m->target = g_strdup(target ? target->name : NULL);
    if (!fill_machine(m, o, options, props, keyval, err)) {
        object_unparent(m);
        if (empty) {
            restore_empty(empty);
        }
        return false;
    }
    set_target(target);
    return true;
}

bool main_config_create(struct json_object *args, bool keyval, GError **err)
{
    g_autoptr(json_object) own = json_object_new_object();
    g_autoptr(json_object) options = json_object_new_object();
    g_autoptr(json_object) props = json_object_new_object();
    g_autoptr(MachineCreateOptions) o = NULL;
    g_autoptr(Visitor) v = NULL;

    if (!check_free(err)) {
        return false;
    }
    split_args(args, own, options, props);
    v = keyval ? visitor_new_keyval_input(own) : visitor_new_json_input(own);
    if (!visit_type_MachineCreateOptions(v, NULL, &o, err) ||
        !create(o, options, props, keyval, err)) {
        return false;
    }
    qapi_free_MachineCreateOptions(config.options);
    config.options = g_steal_pointer(&o);
    config.phase = PHASE_CREATED;
    monitor_set_preconfig(true);
    return true;
}

/* ---- The board ---- */

static bool connect_serials(const strList *serial, GError **err)
{
    for (size_t i = 0; serial && i < serial->len; i++) {
        Chardev *chr;

        if (!*serial->items[i]) {
            continue;
        }
        chr = chardev_need(serial->items[i], err);
        if (!chr) {
            return error_prefix(err, "serial port %zu", i);
        }
        if (chr->serial_port >= 0 && chr->serial_port != (int)i) {
            return error_set(err, "serial port %zu: '%s' is serial port %d already", i,
                             serial->items[i], chr->serial_port);
        }
        chr->serial_port = i;
    }
    return true;
}

static bool add_drives(const MachineClass *mc, const MachineCreateOptions *o, GError **err)
{
    for (size_t i = 0; o->drive && i < o->drive->len; i++) {
        struct json_object *drive = o->drive->items[i];

        if (!json_object_is_type(drive, json_type_object)) {
            return error_set(err, "'drive' has an element that is no object");
        }
        if (!drive_add(drive, mc->block_default, err)) {
            return error_prefix(err, "-drive");
        }
    }
    return true;
}

static bool setup_semihosting(const MachineState *m, const SemihostingConfiguration *c,
                              GError **err)
{
    SemihostingConfig semi = { .kernel = m->kernel, .append = m->append };

    if (c) {
        semi.enabled = !c->has_enable || c->enable;
        semi.userspace = c->has_userspace && c->userspace;
        semi.chardev = c->chardev;
        semi.n_args = c->q_arg ? c->q_arg->len : 0;
        semi.args = c->q_arg ? (const char *const *)c->q_arg->items : NULL;
    }
    return semihosting_configure(&semi, err);
}

bool main_config_build(GError **err)
{
    const MachineCreateOptions *o = config.options;
    MachineState *m = machine_current();

    if (config.phase >= PHASE_BUILT) {
        return true;
    }
    if (config.phase == PHASE_EMPTY) {
        error_set(err, "there is no machine yet");
        error_set_expected(err, "machine-create before");
        return false;
    }
    if (config.broken) {
        return error_set(err, "the machine '%s' could not be built: the process is of no more "
                         "use", machine_class(m)->name);
    }
    if (!connect_serials(o->serial, err)) {
        return false;
    }
    config.broken = true;
    if (!add_drives(machine_class(m), o, err) || !setup_semihosting(m, o->semihosting, err) ||
        !machine_run_init(m, err) || !main_add_fw_cfg(m, o->fw_cfg, o->uuid, err)) {
        return false;
    }
    config.broken = false;
    config.phase = PHASE_BUILT;
    monitor_set_preconfig(false);
    return true;
}

DeviceState *main_config_add_device(struct json_object *opts, bool keyval, GError **err)
{
    if (main_config_pending() && !main_config_build(err)) {
        return NULL;
    }
    return device_add(opts, keyval, err);
}

/* ---- Monitors ---- */

static bool start_hmp(Chardev *chr, GError **err)
{
    if (chardev_is_mux(chr) && config.phase != PHASE_READY) {
        chr->wants_monitor = true;
        return true;
    }
    return monitor_start_hmp(chr, err);
}

bool main_monitor_add(const MonitorOptions *m, GError **err)
{
    Chardev *chr = chardev_need(m->chardev, err);

    if (!chr) {
        return false;
    }
    return m->has_mode && m->mode == MONITOR_MODE_CONTROL
               ? monitor_start_qmp(chr, m->has_pretty && m->pretty, err)
               : start_hmp(chr, err);
}

static void join_monitor(Chardev *chr, void *opaque)
{
    GError **err = opaque;

    if (chr->wants_monitor && !*err) {
        chr->wants_monitor = false;
        monitor_start_hmp(chr, err);
    }
}

/* The guest's end is there and keeps the input. */
static bool join_monitors(GError **err)
{
    GError *fault = NULL;

    chardev_foreach(join_monitor, &fault);
    if (fault) {
        g_propagate_error(err, fault);
        return false;
    }
    return true;
}

/* ---- The start ---- */

bool main_config_finish(GError **err)
{
    if (config.phase == PHASE_READY) {
        return true;
    }
    if (!main_config_build(err) ||
        (config.complete && !config.complete(config.opaque, err)) ||
        !drive_check_unused(err) || !object_check_globals(err) || !join_monitors(err)) {
        return false;
    }
    net_check_peers();
    machine_reset(machine_current());
    config.phase = PHASE_READY;
    return true;
}

bool main_config_exit_preconfig(GError **err)
{
    if (!main_config_pending()) {
        return error_set(err, "no machine is being made");
    }
    if (!main_config_finish(err)) {
        return false;
    }
    if (config.autostart) {
        vm_start();
    }
    return true;
}
