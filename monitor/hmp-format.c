/*
 * Results of QMP commands as text: a few that users' scripts know have a form of their own,
 * the others are printed as a tree.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-format.h"
#include "monitor/hmp-session.h"
#include "qapi/json.h"

static const char *member(struct json_object *o, const char *name)
{
    struct json_object *v;

    return json_object_object_get_ex(o, name, &v) ? json_object_get_string(v) : "";
}

static void format_status(struct json_object *v, GString *out)
{
    struct json_object *running;
    bool on = json_object_object_get_ex(v, "running", &running) &&
              json_object_get_boolean(running);

    g_string_append_printf(out, "VM status: %s", on ? "running" : "paused");
    if (!on && !g_str_equal(member(v, "status"), "paused")) {
        g_string_append_printf(out, " (%s)", member(v, "status"));
    }
    g_string_append_c(out, '\n');
}

static void format_version(struct json_object *v, GString *out)
{
    g_string_append_printf(out, "%s\n", member(v, "package"));
}

static void format_name(struct json_object *v, GString *out)
{
    g_string_append_printf(out, "%s\n", member(v, "name"));
}

static void format_uuid(struct json_object *v, GString *out)
{
    g_string_append_printf(out, "%s\n", member(v, "UUID"));
}

static void format_kvm(struct json_object *v, GString *out)
{
    struct json_object *enabled;
    bool on = json_object_object_get_ex(v, "enabled", &enabled) &&
              json_object_get_boolean(enabled);

    g_string_append_printf(out, "kvm support: %s\n", on ? "enabled" : "disabled");
}

static void format_text(struct json_object *v, GString *out)
{
    g_string_append(out, member(v, "human-readable-text"));
}

static void format_cpus(struct json_object *v, GString *out)
{
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        struct json_object *cpu = json_object_array_get_idx(v, i);
        const char *index = member(cpu, "cpu-index");

        g_string_append_printf(out, "%c CPU #%s: thread_id=%s\n",
                               strtoul(index, NULL, 10) == hmp_session()->cpu ? '*' : ' ',
                               index, member(cpu, "thread-id"));
    }
}

static void format_hotpluggable(struct json_object *v, GString *out)
{
    g_string_append(out, "Hotpluggable CPUs:\n");
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        struct json_object *cpu = json_object_array_get_idx(v, i), *props;

        g_string_append_printf(out, "  type: \"%s\"\n  vcpus_count: \"%s\"\n",
                               member(cpu, "type"), member(cpu, "vcpus-count"));
        if (*member(cpu, "qom-path")) {
            g_string_append_printf(out, "  qom_path: \"%s\"\n", member(cpu, "qom-path"));
        }
        g_string_append(out, "  CPUInstance Properties:\n");
        if (json_object_object_get_ex(cpu, "props", &props)) {
            json_object_object_foreach(props, key, value) {
                g_string_append_printf(out, "    %s: \"%s\"\n", key,
                                       json_object_get_string(value));
            }
        }
    }
}

static void format_chardev(struct json_object *v, GString *out)
{
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        struct json_object *chr = json_object_array_get_idx(v, i);

        g_string_append_printf(out, "%s: filename=%s\n", member(chr, "label"),
                               member(chr, "filename"));
    }
}

static void format_memory_size(struct json_object *v, GString *out)
{
    g_string_append_printf(out, "base memory: %s\n", member(v, "base-memory"));
    if (*member(v, "plugged-memory")) {
        g_string_append_printf(out, "plugged memory: %s\n", member(v, "plugged-memory"));
    }
}

static void format_qom_list(struct json_object *v, GString *out)
{
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        struct json_object *p = json_object_array_get_idx(v, i);

        g_string_append_printf(out, "%s (%s)\n", member(p, "name"), member(p, "type"));
    }
}

static void format_json(struct json_object *v, GString *out)
{
    g_string_append_printf(out, "%s\n", json_object_to_json_string_ext(
                               v, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                  JSON_C_TO_STRING_NOSLASHESCAPE));
}

static const struct {
    const char *words;
    void (*format)(struct json_object *v, GString *out);
} formats[] = {
    { "info chardev", format_chardev },
    { "info cpus", format_cpus },
    { "info hotpluggable-cpus", format_hotpluggable },
    { "info kvm", format_kvm },
    { "info memory_size_summary", format_memory_size },
    { "info name", format_name },
    { "info profile", hmp_format_profile },
    { "info status", format_status },
    { "info uuid", format_uuid },
    { "info version", format_version },
    { "qom-get", format_json },
    { "qom-list", format_qom_list },
};

static void format_tree(struct json_object *v, unsigned depth, GString *out);

static void format_value(struct json_object *v, unsigned depth, GString *out)
{
    if (json_object_is_type(v, json_type_object) || json_object_is_type(v, json_type_array)) {
        g_string_append_c(out, '\n');
        format_tree(v, depth + 1, out);
    } else {
        g_string_append_printf(out, " %s\n", v ? json_object_get_string(v) : "null");
    }
}

static void format_tree(struct json_object *v, unsigned depth, GString *out)
{
    if (json_object_is_type(v, json_type_object)) {
        json_object_object_foreach(v, key, item) {
            g_string_append_printf(out, "%*s%s:", depth * 2, "", key);
            format_value(item, depth, out);
        }
    } else if (json_object_is_type(v, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(v); i++) {
            g_string_append_printf(out, "%*s-", depth * 2, "");
            format_value(json_object_array_get_idx(v, i), depth, out);
        }
    } else if (v) {
        g_string_append_printf(out, "%*s%s\n", depth * 2, "", json_object_get_string(v));
    }
}

void hmp_format(const HmpCommand *c, struct json_object *value, GString *out)
{
    struct json_object *text;

    for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
        if (g_str_equal(c->words, formats[i].words)) {
            formats[i].format(value, out);
            return;
        }
    }
    if (json_object_is_type(value, json_type_object) &&
        json_object_object_get_ex(value, "human-readable-text", &text)) {
        format_text(value, out);
    } else if (!(json_object_is_type(value, json_type_object) &&
                 json_object_object_length(value) == 0)) {
        format_tree(value, 0, out);
    }
}
