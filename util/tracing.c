/*
 * Trace events: turning them on by name, and their form as text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/tracing-record.h"
#include "util/log.h"
#include "util/cutils.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

bool trace_text_mode = true;
/* Set before other threads run. */
static int text_fd = -1; /* -1: the log */
static bool timestamps;
static bool file_open;

bool trace_is_pattern(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

unsigned trace_foreach(const char *pattern,
                       void (*fn)(const char *name, uint8_t *flag, void *opaque),
                       void *opaque)
{
    unsigned found = 0;

    for (TraceGroup *const *g = __start_rhea_traces; g && g < __stop_rhea_traces; g++) {
        for (unsigned i = 0; i < (*g)->n_events; i++) {
            const char *name = (*g)->events[i].name;

            if (!pattern || g_pattern_match_simple(pattern, name)) {
                if (fn) {
                    fn(name, &(*g)->on[i], opaque);
                }
                found++;
            }
        }
    }
    return found;
}

static void add_name(const char *name, uint8_t *flag, void *opaque)
{
    g_ptr_array_add(opaque, (char *)name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, with a NULL behind the last. */
static GPtrArray *all_names(void)
{
    GPtrArray *names = g_ptr_array_new();

    trace_foreach(NULL, add_name, names);
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return names;
}

bool trace_error_unknown(const char *name, GError **err)
{
    g_autoptr(GPtrArray) names = NULL;

    if (trace_is_pattern(name)) {
        error_set(err, "no trace event matches '%s'", name);
        error_set_culprit(err, "trace event", name);
        error_add_hint(err, "-trace help lists all events.");
        return false;
    }
    names = all_names();
    return error_set_unknown(err, "trace event", name, (const char *const *)names->pdata);
}

static void set_flag(const char *name, uint8_t *flag, void *opaque)
{
    atomic_set(flag, *(bool *)opaque);
}

bool trace_enable(const char *pattern, GError **err)
{
    bool on = *pattern != '-';

    pattern += !on;
    if (trace_foreach(pattern, set_flag, &on) == 0) {
        return trace_error_unknown(pattern, err);
    }
    return true;
}

bool trace_enable_file(const char *path, GError **err)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!read_file(path, &text, NULL, err)) {
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);

        if (*line && *line != '#' && !trace_enable(line, err)) {
            return error_prefix(err, "%s:%u", path, i + 1);
        }
    }
    return true;
}

void trace_help(GString *out)
{
    g_autoptr(GPtrArray) names = all_names();

    for (unsigned i = 0; i + 1 < names->len; i++) {
        g_string_append_printf(out, "%s\n", (const char *)names->pdata[i]);
    }
}

/* ---- Text ---- */

void trace_set_timestamps(bool on)
{
    timestamps = on;
}

void trace_text(const TraceEvent *event, const char *fmt, ...)
{
    g_autoptr(GString) line = g_string_new(NULL);
    va_list ap;

    if (timestamps) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        g_string_append_printf(line, "%d@%" PRId64 ".%06ld:", (int)syscall(SYS_gettid),
                               (int64_t)now.tv_sec, now.tv_nsec / 1000);
    }
    g_string_append(line, event->name);
    g_string_append_c(line, ' ');
    va_start(ap, fmt);
    g_string_append_vprintf(line, fmt, ap);
    va_end(ap);
    if (line->str[line->len - 1] == ' ') {
        g_string_truncate(line, line->len - 1);
    }
    g_string_append_c(line, '\n');
    if (text_fd < 0) {
        log_write(line->str);
    } else if (write(text_fd, line->str, line->len) != (ssize_t)line->len) {
        return; /* a full disk must not stop the guest */
    }
}

bool trace_open(const char *path, TraceFormat format, GError **err)
{
    if (file_open) {
        return error_set(err, "trace file '%s': events go to another file already", path);
    }
    if (format == TRACE_CTF) {
        if (!trace_ctf_open(path, err)) {
            return false;
        }
        file_open = true;
        trace_text_mode = false;
        return true;
    }
    /* O_APPEND: the lines of several threads do not mix. */
    text_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (text_fd < 0) {
        return error_set_errno(err, errno, "trace file '%s'", path);
    }
    file_open = true;
    trace_text_mode = true;
    return true;
}

uint64_t trace_close(void)
{
    bool off = false;

    trace_foreach(NULL, set_flag, &off);
    file_open = false;
    /* A thread may be inside an event still: the text file stays open until the end. */
    return trace_text_mode ? 0 : trace_ctf_close();
}
