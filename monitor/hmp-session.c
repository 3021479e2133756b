/*
 * The state of a human monitor, and the vCPU that its commands mean.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-internal.h"
#include "monitor/hmp-session.h"

enum { MAX_HISTORY = 500 };

static HmpSession *current;

void hmp_session_init(HmpSession *s, unsigned cpu)
{
    *s = (HmpSession){ .cpu = cpu, .format = VALUE_FORMAT_DEFAULT };
}

void hmp_session_clear(HmpSession *s)
{
    g_clear_pointer(&s->history, g_ptr_array_unref);
}

GPtrArray *hmp_history(HmpSession *s)
{
    if (!s->history) {
        s->history = g_ptr_array_new_with_free_func(g_free);
    }
    return s->history;
}

void hmp_session_remember(HmpSession *s, const char *line)
{
    GPtrArray *h = hmp_history(s);

    if (!*line || (h->len && g_str_equal(h->pdata[h->len - 1], line))) {
        return;
    }
    if (h->len == MAX_HISTORY) {
        g_ptr_array_remove_index(h, 0);
    }
    g_ptr_array_add(h, g_strdup(line));
}

HmpSession *hmp_session(void)
{
    static HmpSession fresh;

    if (current) {
        return current;
    }
    hmp_session_clear(&fresh);
    hmp_session_init(&fresh, 0);
    return &fresh;
}

HmpSession *hmp_session_enter(HmpSession *s)
{
    HmpSession *outer = current;

    current = s;
    return outer;
}

CpuState *monitor_cpu(bool has_index, int64_t index, GError **err)
{
    CpuState *cpu;

    index = has_index ? index : hmp_session()->cpu;
    cpu = index >= 0 && index < cpu_count() ? cpu_by_index(index) : NULL;
    if (!cpu) {
        error_set(err, "there is no CPU %" PRId64, index);
        error_set_expected(err, "a number below %u", cpu_count());
    }
    return cpu;
}

typedef struct RegisterSearch {
    const char *name;
    uint64_t value;
    bool found;
    GPtrArray *names;
} RegisterSearch;

static void find_register(CpuState *cpu, void *opaque)
{
    RegisterSearch *s = opaque;
    g_autoptr(GString) name = g_string_new(NULL);

    for (unsigned n = 0; cpu->ops->get_register(cpu, n, name, &s->value); n++) {
        if (strcmp(name->str, s->name) == 0) {
            s->found = true;
            return;
        }
        if (name->len) {
            g_ptr_array_add(s->names, g_strdup(name->str));
        }
        g_string_truncate(name, 0);
    }
}

bool monitor_register(const char *name, uint64_t *ret, void *opaque, GError **err)
{
    CpuState *cpu = monitor_cpu(false, 0, err);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    RegisterSearch s = { .name = name, .names = names };

    if (!cpu) {
        return false;
    }
    if (cpu->ops->get_register) {
        cpu_run_sync(cpu, find_register, &s);
    }
    if (!s.found) {
        g_ptr_array_add(names, NULL);
        return error_set_unknown(err, "register", name, (const char *const *)names->pdata);
    }
    *ret = s.value;
    return true;
}

GPtrArray *monitor_register_names(void)
{
    CpuState *cpu = monitor_cpu(false, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    RegisterSearch s = { .name = "\n", .names = names }; /* is none, so all are listed */

    if (cpu && cpu->ops->get_register) {
        cpu_run_sync(cpu, find_register, &s);
    }
    return names;
}
