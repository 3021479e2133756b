/*
 * QMP commands about the process and the protocol (qapi/misc.json, qapi/introspect.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-internal.h"
#include "monitor/monitor.h"
#include "monitor/process-info.h"
#include "monitor/qmp-internal.h"
#include "qapi/json.h"
#include "qapi/qapi-command-table.h"
#include "qapi/qapi-commands-cmdline.h"
#include "qapi/qapi-commands-introspect.h"
#include "qapi/qapi-commands-misc.h"
#include "qapi/qapi-introspect.h"
#include "qapi/qapi-options.h"
#include "qapi/qapi-util.h"

/* The release of the protocol that clients compare with (they take newer ones to have
 * more); Rhea's own version is the package. */
enum { PROTOCOL_MAJOR = 7, PROTOCOL_MINOR = 2, PROTOCOL_MICRO = 0 };

static struct {
    char *name, *uuid;
} process;

void process_info_set_name(const char *name)
{
    g_free(process.name);
    process.name = g_strdup(name);
}

void process_info_set_uuid(const char *uuid)
{
    g_free(process.uuid);
    process.uuid = g_strdup(uuid);
}

const char *process_info_name(void)
{
    return process.name;
}

VersionInfo *qmp_query_version(GError **err)
{
    VersionInfo *v = g_new0(VersionInfo, 1);

    v->qemu = g_new0(VersionTriple, 1);
    v->qemu->major = PROTOCOL_MAJOR;
    v->qemu->minor = PROTOCOL_MINOR;
    v->qemu->micro = PROTOCOL_MICRO;
    v->package = g_strdup("rhea-" RHEA_VERSION);
    return v;
}

struct json_object *qmp_greeting(void)
{
    struct json_object *greeting = json_object_new_object();
    struct json_object *body = json_object_new_object();
    struct json_object *capabilities = json_object_new_array();
    g_autoptr(json_object) no_args = json_object_new_object();
    struct json_object *version = NULL;

    qmp_marshal_query_version(no_args, &version, NULL);
    json_object_array_add(capabilities, json_object_new_string("oob"));
    json_object_object_add(body, "version", version);
    json_object_object_add(body, "capabilities", capabilities);
    json_object_object_add(greeting, "QMP", body);
    return greeting;
}

bool qmp_qmp_capabilities(QMPCapabilityList *enable, GError **err)
{
    QmpMonitor *m = qmp_monitor_current();
    bool oob = false;

    for (size_t i = 0; enable && i < enable->len; i++) {
        oob |= enable->items[i] == QMP_CAPABILITY_OOB;
    }
    if (m) {
        qmp_monitor_negotiated(m, oob);
    }
    return true;
}

NameInfo *qmp_query_name(GError **err)
{
    NameInfo *info = g_new0(NameInfo, 1);

    info->name = g_strdup(process.name);
    return info;
}

UuidInfo *qmp_query_uuid(GError **err)
{
    UuidInfo *info = g_new0(UuidInfo, 1);

    info->UUID = g_strdup(process.uuid ? process.uuid
                                       : "00000000-0000-0000-0000-000000000000");
    return info;
}

KvmInfo *qmp_query_kvm(GError **err)
{
    return g_new0(KvmInfo, 1);
}

static int compare_info(const void *a, const void *b)
{
    const CommandInfo *x = *(CommandInfo *const *)a, *y = *(CommandInfo *const *)b;

    return strcmp(x->name, y->name);
}

CommandInfoList *qmp_query_commands(GError **err)
{
    CommandInfoList *list = g_new0(CommandInfoList, 1);
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    for (const QmpCommand *c = qapi_commands; c->name; c++) {
        if (qapi_condition(c->cond, d.ctx)) {
            CommandInfo *info = g_new0(CommandInfo, 1);

            info->name = g_strdup(c->name);
            list->items = g_renew(CommandInfo *, list->items, list->len + 1);
            list->items[list->len++] = info;
        }
    }
    qsort(list->items, list->len, sizeof(list->items[0]), compare_info);
    return list;
}

EventInfoList *qmp_query_events(GError **err)
{
    EventInfoList *list = g_new0(EventInfoList, 1);
    g_autoptr(json_object) all = NULL;
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    all = qapi_introspection_json(qapi_introspection, d.ctx);
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *entity = json_object_array_get_idx(all, i), *kind, *name;

        if (json_object_object_get_ex(entity, "meta-type", &kind) &&
            g_str_equal(json_object_get_string(kind), "event") &&
            json_object_object_get_ex(entity, "name", &name)) {
            EventInfo *info = g_new0(EventInfo, 1);

            info->name = g_strdup(json_object_get_string(name));
            QAPI_LIST_APPEND(list, info);
        }
    }
    return list;
}

char *qmp_human_monitor_command(const char *command_line, bool has_cpu_index,
                                int64_t cpu_index, GError **err)
{
    GString *out, *wire;
    HmpSession session;

    if (has_cpu_index && !monitor_cpu(true, cpu_index, err)) {
        return NULL;
    }
    out = g_string_new(NULL);
    wire = g_string_new(NULL);
    hmp_session_init(&session, has_cpu_index ? cpu_index : 0);
    hmp_execute(&session, command_line, out);
    hmp_session_clear(&session);
    for (const char *p = out->str; *p; p++) {
        g_string_append(wire, *p == '\n' ? "\r\n" : (char[]){ *p, 0 });
    }
    g_string_free(out, TRUE);
    return g_string_free(wire, FALSE);
}

struct json_object *qmp_query_qmp_schema(struct json_object *args, GError **err)
{
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    return qapi_introspection_json(qapi_introspection, d.ctx);
}

static void set_nearest_option(GError **err, const char *option, struct json_object *all)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    struct json_object *name;

    for (size_t i = 0; i < json_object_array_length(all); i++) {
        if (json_object_object_get_ex(json_object_array_get_idx(all, i), "option", &name)) {
            g_ptr_array_add(names, (char *)json_object_get_string(name));
        }
    }
    g_ptr_array_add(names, NULL);
    error_set_nearest(err, option, (const char *const *)names->pdata);
}

CommandLineOptionInfoList *qmp_query_command_line_options(const char *option, GError **err)
{
    QmpDispatch d;

    monitor_dispatch_setup(&d);
    g_autoptr(json_object) all = qapi_introspection_json(qapi_option_parameters, d.ctx);
    g_autoptr(json_object) chosen = json_object_new_array();
    g_autoptr(Visitor) v = NULL;
    CommandLineOptionInfoList *list = NULL;

    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *o = json_object_array_get_idx(all, i), *name;

        if (!option || (json_object_object_get_ex(o, "option", &name) &&
                        g_str_equal(json_object_get_string(name), option))) {
            json_object_array_add(chosen, json_object_get(o));
        }
    }
    if (option && json_object_array_length(chosen) == 0) {
        error_set(err, "no option '-%s'", option);
        set_nearest_option(err, option, all);
        return NULL;
    }
    v = visitor_new_json_input(chosen);
    visit_type_CommandLineOptionInfoList(v, NULL, &list, err);
    return list;
}
