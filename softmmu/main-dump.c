/*
 * -dump-qmp: the command line's commands as a client of the machine protocol would send them.
 *
 * Strings of option syntax get the types that properties and the schema have. What stays a
 * string because nothing knows better is refused or accepted by the command itself, as on the
 * command line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-internal.h"
#include "accel/cpu.h"
#include "qapi/json.h"
#include "qapi/qapi-types-block.h"

static const char *text_member(struct json_object *o, const char *name)
{
    struct json_object *v;

    return json_object_object_get_ex(o, name, &v) && json_object_is_type(v, json_type_string)
               ? json_object_get_string(v) : NULL;
}

/* ---- Types ---- */

typedef bool VisitFn(Visitor *v, const char *name, void **obj, GError **err);

/* @value in option syntax, as the schema's type has it; itself if it does not fit. */
static struct json_object *by_schema(struct json_object *value, void *visit)
{
    g_autoptr(Visitor) in = visitor_new_keyval_input(value), out = visitor_new_json_output(),
                       dealloc = visitor_new_dealloc();
    VisitFn *fn = (VisitFn *)visit;
    struct json_object *typed;
    void *obj = NULL;

    if (!fn(in, NULL, &obj, NULL)) {
        return json_object_get(value);
    }
    fn(out, NULL, &obj, NULL);
    typed = visitor_take_output(out);
    fn(dealloc, NULL, &obj, NULL);
    return typed;
}

static struct json_object *by_kind(const Property *p, struct json_object *props)
{
    g_autoptr(Visitor) v = visitor_new_keyval_input(props);
    struct json_object *typed = NULL;
    uint64_t u;
    int64_t i;
    bool b;

    visit_start_struct(v, NULL, NULL, 0, NULL);
    switch (p->kind) {
    case PROP_KIND_BOOL: case PROP_KIND_BIT:
        typed = visit_type_bool(v, p->name, &b, NULL) ? json_object_new_boolean(b) : NULL;
        break;
    case PROP_KIND_UINT8: case PROP_KIND_UINT16: case PROP_KIND_UINT32: case PROP_KIND_UINT64:
        typed = visit_type_uint64(v, p->name, &u, NULL) ? json_object_new_uint64(u) : NULL;
        break;
    case PROP_KIND_SIZE:
        typed = visit_type_size(v, p->name, &u, NULL) ? json_object_new_uint64(u) : NULL;
        break;
    case PROP_KIND_INT32: case PROP_KIND_INT64:
        typed = visit_type_int64(v, p->name, &i, NULL) ? json_object_new_int64(i) : NULL;
        break;
    case PROP_KIND_CUSTOM:
        if (!g_strcmp0(p->type, "bool")) {
            typed = visit_type_bool(v, p->name, &b, NULL) ? json_object_new_boolean(b) : NULL;
        }
        break;
    default:
        break;
    }
    visit_end_struct(v, NULL);
    return typed;
}

static struct json_object *by_property(const ObjectClass *klass, const char *key,
                                       struct json_object *value, struct json_object *props)
{
    const Property *p = klass ? object_class_find_property(klass, key) : NULL;
    struct json_object *typed = NULL;

    if (p && !g_strcmp0(p->type, "SMPConfiguration")) {
        return by_schema(value, visit_type_SMPConfiguration);
    }
    if (p && !g_strcmp0(p->type, "MemorySizeConfiguration")) {
        return by_schema(value, visit_type_MemorySizeConfiguration);
    }
    if (p && !g_strcmp0(p->type, "BootConfiguration")) {
        return by_schema(value, visit_type_BootConfiguration);
    }
    if (p && json_object_is_type(value, json_type_string)) {
        typed = by_kind(p, props);
    }
    return typed ? typed : json_object_get(value);
}

/* Members of @props as the properties of a type have them; others stay as they are. */
static struct json_object *typed_props(const ObjectClass *klass, struct json_object *props)
{
    struct json_object *typed = json_object_new_object();

    json_object_object_foreach(props, key, value) {
        json_object_object_add(typed, key, by_property(klass, key, value, props));
    }
    return typed;
}

static ObjectClass *class_named(const char *name)
{
    return name ? object_class_by_name(name) : NULL;
}

/* ---- Commands ---- */

static struct json_object *machine_args(struct json_object *args)
{
    const char *target = text_member(args, "target"), *type = text_member(args, "type");
    MachineClass *mc = type ? machine_find(type, target, NULL) : NULL;
    struct json_object *typed = typed_props(mc ? &mc->parent : NULL, args), *cpu, *accels;

    if (json_object_object_get_ex(args, "cpu", &cpu) && target && text_member(cpu, "model")) {
        json_object_object_add(
            typed, "cpu",
            typed_props(cpu_class_by_model(target, text_member(cpu, "model"), NULL), cpu));
    }
    if (json_object_object_get_ex(args, "accel", &accels)) {
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < json_object_array_length(accels); i++) {
            struct json_object *accel = json_object_array_get_idx(accels, i);
            const char *name = text_member(accel, "accel");
            g_autofree char *klass = g_strconcat(name ? name : "", "-accel", NULL);

            json_object_array_add(list, typed_props(class_named(klass), accel));
        }
        json_object_object_add(typed, "accel", list);
    }
    return typed;
}

/* Move a member to another object under another name. */
static void move(struct json_object *from, const char *key, struct json_object *to,
                 const char *new_key)
{
    struct json_object *v;

    if (json_object_object_get_ex(from, key, &v)) {
        json_object_object_add(to, new_key, json_object_get(v));
        json_object_object_del(from, key);
    }
}

static struct json_object *wrapped(const char *type, struct json_object *data)
{
    struct json_object *o = json_object_new_object();

    main_put(o, "type", type);
    json_object_object_add(o, "data", data);
    return o;
}

/* The address out of a socket's options, and the defaults that -chardev has. */
static void socket_data(struct json_object *opts, struct json_object *data)
{
    struct json_object *addr = json_object_new_object(), *flag;
    const char *type = text_member(opts, "path") ? "unix" : text_member(opts, "fd") ? "fd"
                                                                                    : "inet";
    bool server = json_object_object_get_ex(opts, "server", &flag) &&
                  json_object_get_boolean(flag);

    move(opts, "path", addr, "path");
    move(opts, "abstract", addr, "abstract");
    move(opts, "fd", addr, "str");
    move(opts, "host", addr, "host");
    move(opts, "port", addr, "port");
    move(opts, "ipv4", addr, "ipv4");
    move(opts, "ipv6", addr, "ipv6");
    json_object_object_add(data, "addr", wrapped(type, addr));
    json_object_object_add(data, "server", json_object_new_boolean(server));
    if (server && !json_object_object_get_ex(opts, "wait", NULL)) {
        json_object_object_add(data, "wait", json_object_new_boolean(true));
    }
}

static struct json_object *chardev_args(const char *id, const char *backend,
                                        struct json_object *opts)
{
    struct json_object *args = json_object_new_object(), *data = json_object_new_object();

    if (g_str_equal(backend, "socket")) {
        socket_data(opts, data);
    } else if (g_str_equal(backend, "file")) {
        move(opts, "path", data, "out");
        move(opts, "input-path", data, "in");
    } else if (g_str_equal(backend, "pipe")) {
        move(opts, "path", data, "device");
    }
    json_object_object_foreach(opts, key, value) {
        json_object_object_add(data, key, json_object_get(value));
    }
    main_put(args, "id", id);
    json_object_object_add(args, "backend", wrapped(backend, data));
    return args;
}

/* ---- Printing ---- */

/* Takes @args. */
static void print(const char *name, struct json_object *args)
{
    g_autoptr(json_object) request = json_object_new_object();
    g_autofree char *text = NULL;

    main_put(request, "execute", name);
    if (args && json_object_object_length(args)) {
        json_object_object_add(request, "arguments", args);
    } else {
        json_object_put(args);
    }
    text = json_to_text(request, false);
    puts(text);
}

/* mux=on makes two devices. */
static void print_chardev(struct json_object *args)
{
    const char *backend = text_member(args, "backend"), *id = text_member(args, "id");
    g_autofree char *type = g_strconcat("chardev-", backend ? backend : "", NULL);
    g_autoptr(json_object) opts = typed_props(class_named(type), args);
    g_autofree char *base = id ? g_strconcat(id, "-base", NULL) : NULL;
    struct json_object *mux = NULL;
    bool is_mux;

    if (!backend || !id) {
        print("chardev-add", json_object_get(args));
        return;
    }
    is_mux = json_object_object_get_ex(args, "mux", &mux) &&
             (json_object_is_type(mux, json_type_boolean)
                  ? json_object_get_boolean(mux)
                  : g_str_equal(json_object_get_string(mux), "on") ||
                        g_str_equal(json_object_get_string(mux), "true"));
    json_object_object_del(opts, "id");
    json_object_object_del(opts, "backend");
    json_object_object_del(opts, "mux");
    json_object_object_del(opts, "logappend");
    print("chardev-add", chardev_args(is_mux ? base : id, backend, opts));
    if (is_mux) {
        g_autoptr(json_object) over = json_object_new_object();

        main_put(over, "chardev", base);
        print("chardev-add", chardev_args(id, "mux", over));
    }
}

static void print_command(const MainCommand *c)
{
    if (g_str_equal(c->name, "chardev-add")) {
        print_chardev(c->args);
    } else if (!c->keyval) {
        print(c->name, json_object_get(c->args));
    } else if (g_str_equal(c->name, "machine-create")) {
        print(c->name, machine_args(c->args));
    } else if (g_str_equal(c->name, "device_add")) {
        print(c->name, typed_props(class_named(text_member(c->args, "driver")), c->args));
    } else if (g_str_equal(c->name, "object-add")) {
        print(c->name, typed_props(class_named(text_member(c->args, "qom-type")), c->args));
    } else if (g_str_equal(c->name, "blockdev-add")) {
        print(c->name, by_schema(c->args, visit_type_BlockdevOptions));
    } else {
        print(c->name, json_object_get(c->args));
    }
}

/* Options of the process itself: nobody can ask for them once it runs. */
static void note_rest(const QapiOptions *o)
{
    const struct { const char *name; bool given; } rest[] = {
        { "pidfile", o->pidfile }, { "echr", o->echr }, { "trace", o->trace },
        { "qtest", o->qtest }, { "daemonize", o->daemonize }, { "run-with", o->run_with },
        { "sandbox", o->sandbox }, { "overcommit", o->overcommit }, { "add-fd", o->add_fd },
        { "msg", o->msg }, { "audiodev", o->audiodev }, { "L", o->L },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rest); i++) {
        if (rest[i].given) {
            warn_report("-%s has no command: it is left out", rest[i].name);
        }
    }
}

bool main_commands_dump(const QapiOptions *o, const GPtrArray *list, GError **err)
{
    bool ready = false;

    note_rest(o);
    for (guint i = 0; i < list->len; i++) {
        const MainCommand *c = list->pdata[i];

        if (c->whole && !ready) {
            print("x-exit-preconfig", NULL);
            ready = true;
        }
        if (!c->connection) {
            print_command(c);
        }
    }
    if (!o->preconfig && (!ready || !o->S)) {
        print(o->S ? "x-exit-preconfig" : "cont", NULL);
    }
    if (fflush(stdout) != 0) {
        return error_set_errno(err, errno, "-dump-qmp: standard output");
    }
    return true;
}
