/*
 * The command line as a list of commands of the machine protocol.
 *
 * Whatever an option asks of the machine is said by a command that clients have too, and
 * done by the same code; -dump-qmp prints the list. Arguments keep the strings of option
 * syntax until a property or the schema gives them their type.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "block/block-backend.h"
#include "chardev/char.h"
#include "monitor/monitor.h"
#include "qapi/json.h"
#include "qapi/qapi-types-machine.h"
#include "util/cutils.h"

static void free_command(void *p)
{
    MainCommand *c = p;

    json_object_put(c->args);
    g_free(c->origin);
    g_free(c);
}

MainCommand *main_command_add(GPtrArray *list, const char *name, struct json_object *args,
                              bool keyval, const char *origin, ...)
{
    MainCommand *c = g_new0(MainCommand, 1);
    va_list ap;

    c->name = name;
    c->args = args;
    c->keyval = keyval;
    if (origin) {
        va_start(ap, origin);
        c->origin = g_strdup_vprintf(origin, ap);
        va_end(ap);
    }
    g_ptr_array_add(list, c);
    return c;
}

static struct json_object *new_member(const char *key, const char *value)
{
    struct json_object *o = json_object_new_object();

    main_put(o, key, value);
    return o;
}

/* ---- machine-create ---- */

typedef bool VisitStructFn(Visitor *v, const char *name, void **obj, GError **err);

struct json_object *main_struct_json(void *visit, const void *obj)
{
    g_autoptr(Visitor) v = visitor_new_json_output();
    VisitStructFn *fn = (VisitStructFn *)visit;
    void *copy = (void *)obj;

    fn(v, NULL, &copy, NULL);
    return visitor_take_output(v);
}

static void add_struct(struct json_object *args, const char *key, void *visit,
                       const void *obj)
{
    if (obj) {
        json_object_object_add(args, key, main_struct_json(visit, obj));
    }
}

/* -machine: its properties, but accel=, which is an argument of its own. */
static bool add_machine(struct json_object *args, const QapiOptions *o, GError **err)
{
    struct json_object *accel;

    if (!o->machine) {
        return true;
    }
    json_object_object_foreach(o->machine->value, key, value) {
        json_object_object_add(args, key, json_object_get(value));
    }
    if (json_object_object_get_ex(args, "accel", &accel)) {
        struct json_object *list = json_object_new_array(), *one = json_object_new_object();

        json_object_object_add(one, "accel", json_object_get(accel));
        json_object_array_add(list, one);
        json_object_object_add(args, "accel", list);
        if (o->accel) {
            return error_set(err, "-accel and -machine accel= exclude each other");
        }
    }
    return true;
}

/* An option of its own that stands for a property of the accelerator. */
static bool add_accel_flag(struct json_object *accel, const char *flag, GError **err)
{
    const char *name = json_object_get_string(json_object_object_get(accel, "accel"));
    g_autofree char *type = g_strdup_printf("%s-accel", name);
    const ObjectClass *klass = object_class_by_name(type);

    if (klass && !object_class_find_property(klass, flag)) {
        return error_set(err, "-%s: accelerator '%s' does not translate", flag, name);
    }
    json_object_object_add(accel, flag, json_object_new_boolean(true));
    return true;
}

static bool add_accels(struct json_object *args, const QapiOptions *o, GError **err)
{
    struct json_object *list;

    if (o->accel) {
        list = json_object_new_array();
        for (size_t i = 0; i < o->accel->len; i++) {
            json_object_array_add(list, json_object_get(o->accel->items[i]->value));
        }
        json_object_object_add(args, "accel", list);
    }
    if (!o->perfmap && !o->jitdump) {
        return true;
    }
    if (!json_object_object_get_ex(args, "accel", &list)) {
        list = json_object_new_array();
        json_object_array_add(list, new_member("accel", "tcg"));
        json_object_object_add(args, "accel", list);
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *accel = json_object_array_get_idx(list, i);

        if ((o->perfmap && !add_accel_flag(accel, "perfmap", err)) ||
            (o->jitdump && !add_accel_flag(accel, "jitdump", err))) {
            return false;
        }
    }
    return true;
}

static void add_boot(struct json_object *args, const QapiOptions *o)
{
    const struct { const char *key, *value; } strings[] = {
        { "firmware", o->bios }, { "kernel", o->kernel }, { "initrd", o->initrd },
        { "append", o->append }, { "dtb", o->dtb },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(strings); i++) {
        if (strings[i].value) {
            main_put(args, strings[i].key, strings[i].value);
        }
    }
    if (o->nographic) {
        json_object_object_add(args, "graphics", json_object_new_boolean(false));
    }
}

static void add_semihosting(struct json_object *args, const QapiOptions *o)
{
    const SemihostingConfiguration on = { .has_enable = true, .enable = true };
    const SemihostingConfiguration *c = o->semihosting_config;

    add_struct(args, "semihosting", visit_type_SemihostingConfiguration,
               c ? c : o->semihosting ? &on : NULL);
}

static void add_drives(struct json_object *args, const QapiOptions *o)
{
    struct json_object *list;

    if (!o->drive) {
        return;
    }
    list = json_object_new_array();
    for (size_t i = 0; i < o->drive->len; i++) {
        json_object_array_add(list, json_object_get(o->drive->items[i]->value));
    }
    json_object_object_add(args, "drive", list);
}

static void add_fw_cfg(struct json_object *args, const QapiOptions *o)
{
    struct json_object *list;

    if (!o->fw_cfg) {
        return;
    }
    list = json_object_new_array();
    for (size_t i = 0; i < o->fw_cfg->len; i++) {
        json_object_array_add(list, main_struct_json(visit_type_FwCfgOptions,
                                                     o->fw_cfg->items[i]));
    }
    json_object_object_add(args, "fw-cfg", list);
}

/* Takes @serial. */
static struct json_object *machine_args(const QapiOptions *o, const GuestTarget *target,
                                        struct json_object *serial, GError **err)
{
    struct json_object *args = json_object_new_object();

    if (!add_machine(args, o, err) || !add_accels(args, o, err)) {
        json_object_put(serial);
        json_object_put(args);
        return NULL;
    }
    if (target) {
        main_put(args, "target", target->name);
    }
    if (o->cpu) {
        json_object_object_add(args, "cpu", json_object_get(o->cpu->value));
    }
    add_struct(args, "smp", visit_type_SMPConfiguration, o->smp);
    add_struct(args, "memory", visit_type_MemorySizeConfiguration, o->m);
    add_struct(args, "boot", visit_type_BootConfiguration, o->boot);
    add_boot(args, o);
    add_semihosting(args, o);
    add_struct(args, "rtc", visit_type_RtcConfiguration, o->rtc);
    add_drives(args, o);
    add_fw_cfg(args, o);
    if (o->name && o->name->guest) {
        main_put(args, "name", o->name->guest);
    }
    if (o->uuid) {
        main_put(args, "uuid", o->uuid);
    }
    if (json_object_array_length(serial)) {
        json_object_object_add(args, "serial", serial);
    } else {
        json_object_put(serial);
    }
    return args;
}

/* ---- Other options ---- */

static bool add_globals(GPtrArray *list, const QapiOptions *o, GError **err)
{
    for (size_t i = 0; o->global && i < o->global->len; i++) {
        const char *text = o->global->items[i];
        const char *dot = strchr(text, '.'), *eq = dot ? strchr(dot, '=') : NULL;
        struct json_object *args;

        if (!eq) {
            error_set(err, "-global %s", text);
            error_set_expected(err, "TYPE.PROPERTY=VALUE");
            return false;
        }
        args = json_object_new_object();
        json_object_object_add(args, "driver", json_object_new_string_len(text, dot - text));
        json_object_object_add(args, "property",
                               json_object_new_string_len(dot + 1, eq - dot - 1));
        main_put(args, "value", eq + 1);
        main_command_add(list, "global-add", args, false, "-global");
    }
    return true;
}

/* The short forms count more: -no-reboot is -action reboot=shutdown. */
static void add_actions(GPtrArray *list, const QapiOptions *o)
{
    struct json_object *args = o->action ? main_struct_json(visit_type_ActionParameters,
                                                            o->action)
                                         : json_object_new_object();

    if (o->no_reboot) {
        main_put(args, "reboot", "shutdown");
    }
    if (o->no_shutdown) {
        main_put(args, "shutdown", "pause");
    }
    if (json_object_object_length(args)) {
        main_command_add(list, "set-action", args, false, "-action");
    } else {
        json_object_put(args);
    }
}

static void add_logs(GPtrArray *list, const QapiOptions *o)
{
    if (o->D) {
        main_command_add(list, "x-logfile", new_member("filename", o->D), false, "-D");
    }
    if (o->d) {
        GString *items = g_string_new(NULL);

        for (size_t i = 0; i < o->d->len; i++) {
            g_string_append_printf(items, "%s%s", i ? "," : "", o->d->items[i]);
        }
        main_command_add(list, "x-log", new_member("items", items->str), false, "-d");
        g_string_free(items, TRUE);
    }
}

static void add_props(GPtrArray *list, const char *name, const QapiPropsList *props, bool late,
                      const char *option)
{
    for (size_t i = 0; props && i < props->len; i++) {
        const QapiProps *p = props->items[i];

        main_command_add(list, name, json_object_get(p->value), p->keyval, "%s",
                         option)->late = late;
    }
}

/* "FIRST-LAST" as numbers. */
static bool expand_range(const char *text, struct json_object *list, GError **err)
{
    const char *dash = strchr(text, '-');
    g_autofree char *first = dash ? g_strndup(text, dash - text) : g_strdup(text);
    uint64_t from, to;

    if (!parse_uint(first, UINT16_MAX, &from) ||
        !parse_uint(dash ? dash + 1 : first, UINT16_MAX, &to) || to < from) {
        error_set(err, "-numa cpus=%s", text);
        error_set_expected(err, "a CPU's number, or FIRST-LAST");
        return false;
    }
    for (uint64_t i = from; i <= to; i++) {
        json_object_array_add(list, json_object_new_uint64(i));
    }
    return true;
}

static bool add_numa(GPtrArray *list, const QapiProps *props, GError **err)
{
    g_autoptr(json_object) value = NULL;
    g_autoptr(NumaOptions) o = NULL;
    g_autoptr(Visitor) v = NULL;
    struct json_object *cpus;

    json_object_deep_copy(props->value, &value, NULL);
    if (props->keyval && json_object_object_get_ex(value, "cpus", &cpus)) {
        struct json_object *numbers = json_object_new_array();

        for (size_t i = 0; i < json_object_array_length(cpus); i++) {
            if (!expand_range(json_object_get_string(json_object_array_get_idx(cpus, i)),
                              numbers, err)) {
                json_object_put(numbers);
                return false;
            }
        }
        json_object_object_add(value, "cpus", numbers);
    }
    v = props->keyval ? visitor_new_keyval_input(value) : visitor_new_json_input(value);
    if (!visit_type_NumaOptions(v, NULL, &o, err)) {
        return error_prefix(err, "-numa");
    }
    main_command_add(list, "set-numa-node", main_struct_json(visit_type_NumaOptions, o), false,
                     NULL);
    return true;
}

/* -s is short for one -gdb; an explicit one counts. */
static void add_gdb(GPtrArray *list, const QapiOptions *o)
{
    const char *device = o->gdb ? o->gdb : o->s ? "tcp::1234" : NULL;
    MainCommand *c;

    if (device) {
        c = main_command_add(list, "x-gdbserver", new_member("device", device), false,
                             o->gdb ? "-gdb %s" : "-s", device);
        c->late = c->whole = true;
    }
}

/* Whether the machine that is asked for runs a guest. */
static bool has_cpus(const QapiOptions *o)
{
    struct json_object *type;

    return o->machine && json_object_object_get_ex(o->machine->value, "type", &type) &&
           strcmp(json_object_get_string(type), "none");
}

static bool check_machine(const QapiOptions *o, GError **err)
{
    if (o->preconfig && !o->machine) {
        return true;
    }
    if (!o->machine || !json_object_object_get_ex(o->machine->value, "type", NULL)) {
        error_set(err, "no machine is named");
        error_set_expected(err, "-machine NAME");
        error_add_hint(err, "-machine help lists the machines");
        return false;
    }
    return true;
}

GPtrArray *main_commands_new(const QapiOptions *o, const GuestTarget *target, GError **err)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_command);
    g_autoptr(GPtrArray) consoles = g_ptr_array_new();
    struct json_object *serial = NULL, *machine;

    add_logs(list, o);
    add_actions(list, o);
    if (!check_machine(o, err) || !add_globals(list, o, err) ||
        !main_add_consoles(o, has_cpus(o), consoles, &serial, err)) {
        json_object_put(serial);
        g_ptr_array_foreach(consoles, (GFunc)(void *)free_command, NULL);
        return NULL;
    }
    machine = machine_args(o, target, serial, err);
    if (machine && o->machine) {
        main_command_add(list, "machine-create", machine, true, NULL);
    } else {
        json_object_put(machine);
    }
    g_ptr_array_extend_and_steal(list, g_steal_pointer(&consoles));
    if (!machine) {
        return NULL;
    }
    add_props(list, "object-add", o->object, false, "-object");
    add_props(list, "blockdev-add", o->blockdev, false, "-blockdev");
    for (size_t i = 0; o->numa && i < o->numa->len; i++) {
        if (!add_numa(list, o->numa->items[i], err)) {
            return NULL;
        }
    }
    if (!main_add_netdevs(o, list, err)) {
        return NULL;
    }
    add_props(list, "device_add", o->device, true, "-device");
    if (!main_add_nics(o, target, list, err)) {
        return NULL;
    }
    add_gdb(list, o);
    return g_steal_pointer(&list);
}

/* ---- Execution ---- */

static bool run_chardev(struct json_object *args, bool keyval, GError **err)
{
    Chardev *chr = chardev_new(args, keyval, err);

    if (chr && g_str_has_prefix(chr->filename, "pty:")) {
        fprintf(stderr, "char device redirected to %s (label %s)\n",
                chr->filename + strlen("pty:"), chr->label);
    }
    return chr != NULL;
}

static bool run_object(struct json_object *args, bool keyval, GError **err)
{
    return object_add_user(args, keyval, err) != NULL;
}

static bool run_device(struct json_object *args, bool keyval, GError **err)
{
    return main_config_add_device(args, keyval, err) != NULL;
}

/* Commands whose arguments objects know rather than the schema; the protocol's handlers end
 * in the same functions. */
static const struct {
    const char *name;
    bool (*run)(struct json_object *args, bool keyval, GError **err);
} direct[] = {
    { "machine-create", main_config_create }, { "chardev-add", run_chardev },
    { "object-add", run_object },             { "blockdev-add", blockdev_add },
    { "device_add", run_device },
};

static bool run(const MainCommand *c, GError **err)
{
    g_autoptr(json_object) result = NULL;
    const QmpCommand *cmd;
    QmpDispatch d;

    for (unsigned i = 0; i < ARRAY_SIZE(direct); i++) {
        if (g_str_equal(direct[i].name, c->name)) {
            return direct[i].run(c->args, c->keyval, err);
        }
    }
    monitor_dispatch_setup(&d);
    cmd = qmp_find_command(&d, c->name, err);
    return cmd && cmd->marshal(c->args, &result, err);
}

bool main_commands_run(const GPtrArray *list, bool late, GError **err)
{
    for (guint i = 0; i < list->len; i++) {
        const MainCommand *c = list->pdata[i];

        if (c->late == late && !run(c, err)) {
            return c->origin ? error_prefix(err, "%s", c->origin) : false;
        }
    }
    return true;
}
