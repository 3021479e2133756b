/*
 * The log of -d and -D (util/log.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/log.h"
#include "util/cutils.h"
#include "util/tracing.h"
#include <fcntl.h>

typedef struct LogItem {
    const char *name;
    unsigned bits;
    const char *help;
} LogItem;

static const LogItem log_items[] = {
    { "in_asm", LOG_IN_ASM, "guest instructions of each region that is translated" },
    { "op", LOG_OP, "the intermediate representation of each region" },
    { "out_asm", LOG_OUT_ASM, "host instructions made for each region" },
    { "int", LOG_INT, "interrupts and exceptions that vCPUs take" },
    { "exec", LOG_EXEC, "each region as it is entered" },
    { "cpu", LOG_CPU, "vCPU registers before each region (with exec)" },
    { "mmu", LOG_MMU, "page-table walks" },
    { "guest_errors", LOG_GUEST_ERRORS, "guests doing what a device's manual forbids" },
    { "unimp", LOG_UNIMP, "guests using what is not implemented" },
    { "cpu_reset", LOG_CPU_RESET, "vCPU registers before each reset" },
    { "page", LOG_PAGE, "changes of guest memory mappings" },
    { "nochain", LOG_NOCHAIN, "do not link regions, so that exec shows each one" },
    { "strace", LOG_STRACE, "semihosting calls" },
};

typedef struct LogRange {
    uint64_t first, last;
} LogRange;

/* Bits are read without a lock; the rest is set before threads start or under the lock. */
unsigned log_mask;
static int log_fd = STDERR_FILENO;
static GArray *log_filter; /* of LogRange; NULL: everything */
static GMutex log_lock;

bool log_set_items(const char *items, GError **err)
{
    g_auto(GStrv) words = g_strsplit(items, ",", -1);
    unsigned mask = 0;

    for (char **w = words; *w; w++) {
        size_t i;

        if (!strcmp(*w, "all")) {
            mask |= ~LOG_NOCHAIN;
            continue;
        }
        if (g_str_has_prefix(*w, "trace:")) {
            if (!trace_enable(*w + strlen("trace:"), err)) {
                return false;
            }
            continue;
        }
        if (!strcmp(*w, "none") || !**w) {
            continue;
        }
        for (i = 0; i < ARRAY_SIZE(log_items); i++) {
            if (!strcmp(*w, log_items[i].name)) {
                mask |= log_items[i].bits;
                break;
            }
        }
        if (i == ARRAY_SIZE(log_items)) {
            const char *names[ARRAY_SIZE(log_items) + 3] = { "all", "none" };

            for (i = 0; i < ARRAY_SIZE(log_items); i++) {
                names[i + 2] = log_items[i].name;
            }
            return error_set_unknown(err, "log item", *w, names);
        }
    }
    atomic_set(&log_mask, mask);
    return true;
}

void log_items_help(GString *out)
{
    g_string_append(out, "Log items (separated by commas):\n");
    for (size_t i = 0; i < ARRAY_SIZE(log_items); i++) {
        g_string_append_printf(out, "%-14s  %s\n", log_items[i].name, log_items[i].help);
    }
    g_string_append_printf(out, "%-14s  everything but nochain\n", "all");
    g_string_append_printf(out, "%-14s  nothing\n", "none");
    g_string_append_printf(out, "%-14s  the trace events that match (-trace help)\n",
                           "trace:PATTERN");
}

bool log_set_file(const char *path, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(path, "%d", 2);
    g_autofree char *name = NULL;
    int fd;

    /* %d stands for the process id. */
    name = parts[0] && parts[1]
               ? g_strdup_printf("%s%d%s", parts[0], (int)getpid(), parts[1])
               : g_strdup(path);
    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        return error_set_errno(err, errno, "log file '%s'", name);
    }
    log_close();
    g_mutex_lock(&log_lock);
    log_fd = fd;
    g_mutex_unlock(&log_lock);
    return true;
}

static bool parse_range(const char *text, LogRange *ret)
{
    g_auto(GStrv) parts = NULL;
    uint64_t a, b;
    const char *sep = strstr(text, "..") ? ".." : strchr(text, '+') ? "+" : "-";

    parts = g_strsplit(text, sep, 2);
    if (!parts[0] || !parts[1] || !parse_uint(parts[0], UINT64_MAX, &a) ||
        !parse_uint(parts[1], UINT64_MAX, &b)) {
        return false;
    }
    switch (*sep) {
    case '.':
        *ret = (LogRange){ a, b };
        return a <= b;
    case '+':
        *ret = (LogRange){ a, a + (b - 1) };
        return b > 0 && ret->last >= a;
    default:
        *ret = (LogRange){ a - (b - 1), a };
        return b > 0 && b - 1 <= a;
    }
}

bool log_set_filter(const char *ranges, GError **err)
{
    g_auto(GStrv) words = g_strsplit(ranges, ",", -1);
    g_autoptr(GArray) filter = g_array_new(FALSE, FALSE, sizeof(LogRange));

    for (char **w = words; *w; w++) {
        LogRange r;

        if (!parse_range(*w, &r)) {
            error_set(err, "invalid address range '%s'", *w);
            error_set_culprit(err, "address range", *w);
            error_set_expected(err, "START+LENGTH, END-LENGTH or FIRST..LAST");
            return false;
        }
        g_array_append_val(filter, r);
    }
    g_mutex_lock(&log_lock);
    if (log_filter) {
        g_array_free(log_filter, TRUE);
    }
    log_filter = g_steal_pointer(&filter);
    g_mutex_unlock(&log_lock);
    return true;
}

bool log_in_filter(uint64_t addr)
{
    bool in = false;

    if (!log_filter) {
        return true;
    }
    g_mutex_lock(&log_lock);
    for (guint i = 0; i < log_filter->len; i++) {
        LogRange *r = &g_array_index(log_filter, LogRange, i);

        in |= addr >= r->first && addr <= r->last;
    }
    g_mutex_unlock(&log_lock);
    return in;
}

void log_write(const char *text)
{
    size_t len = strlen(text);

    g_mutex_lock(&log_lock);
    while (len > 0) {
        ssize_t n = write(log_fd, text, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break; /* a full disk must not stop the guest */
        }
        text += n;
        len -= n;
    }
    g_mutex_unlock(&log_lock);
}

void log_printf(const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    log_write(text);
}

void log_close(void)
{
    g_mutex_lock(&log_lock);
    if (log_fd != STDERR_FILENO) {
        close(log_fd);
        log_fd = STDERR_FILENO;
    }
    g_mutex_unlock(&log_lock);
}
