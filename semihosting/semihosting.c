/*
 * The operations of semihosting (Semihosting for AArch32 and AArch64, 2.0, chapter
 * "Semihosting operations"). Not offered: SYS_SYSTEM and SYS_TMPNAM, which answer -1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "semihosting/semihosting.h"
#include "semihosting/files.h"
#include "softmmu/runstate.h"
#include "util/log.h"
#include "util/timer.h"

enum {
    SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_READC = 0x07, SYS_ISERROR = 0x08,
    SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_REMOVE = 0x0e,
    SYS_RENAME = 0x0f, SYS_CLOCK = 0x10, SYS_TIME = 0x11, SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30, SYS_TICKFREQ = 0x31,
};
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };
enum { MAX_PARAMS = 4, MAX_NAME = 4096, MAX_TEXT = 1 << 20, CHUNK = 64 * 1024 };
#define FAILED UINT64_MAX

/* Set once by main, before CPUs run; last_errno is the latest failure of any CPU (a). */
static struct {
    bool enabled, userspace;
    char *cmdline;
    uint64_t heap_base, heap_limit;
    int last_errno;
} config;

/* ---- Configuration ---- */

bool semihosting_configure(const SemihostingConfig *c, GError **err)
{
    GString *line = g_string_new(NULL);

    for (unsigned i = 0; i < c->n_args; i++) {
        g_string_append_printf(line, "%s%s", i ? " " : "", c->args[i]);
    }
    if (!c->n_args && c->kernel) {
        g_string_append(line, c->kernel);
        if (c->append && *c->append) {
            g_string_append_printf(line, " %s", c->append);
        }
    }
    g_free(config.cmdline);
    config.cmdline = g_string_free(line, FALSE);
    config.enabled = c->enabled;
    config.userspace = c->userspace;
    return !c->enabled || semihosting_console_open(c->chardev, err);
}

void semihosting_set_heap(uint64_t base, uint64_t limit)
{
    config.heap_base = base;
    config.heap_limit = limit;
}

bool semihosting_enabled(bool user)
{
    return config.enabled && (!user || config.userspace);
}

/* ---- Guest memory ---- */

static bool word_get(const SemihostingGuest *g, uint64_t addr, uint64_t *ret)
{
    uint64_t value = 0;

    if (!g->mem(g->opaque, addr, &value, g->word_size, false)) {
        return false;
    }
    *ret = GUINT64_FROM_LE(value);
    return true;
}

static bool word_put(const SemihostingGuest *g, uint64_t addr, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    return g->mem(g->opaque, addr, &value, g->word_size, true);
}

static bool params_get(const SemihostingGuest *g, uint64_t block, uint64_t *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!word_get(g, block + i * g->word_size, &p[i])) {
            return false;
        }
    }
    return true;
}

/* A name of known length; NULL if it is out of reach, too long or holds a NUL. */
static char *name_get(const SemihostingGuest *g, uint64_t addr, uint64_t len)
{
    g_autofree char *name = NULL;

    if (len >= MAX_NAME) {
        return NULL;
    }
    name = g_malloc0(len + 1);
    if (!g->mem(g->opaque, addr, name, len, false) || strlen(name) != len) {
        return NULL;
    }
    return g_steal_pointer(&name);
}

/* ---- Operations ---- */

static uint64_t failed(int errnum)
{
    atomic_set(&config.last_errno, errnum);
    return FAILED;
}

static uint64_t sys_open(const SemihostingGuest *g, const uint64_t *p)
{
    g_autofree char *name = name_get(g, p[0], p[2]);
    int errnum = EFAULT;
    int handle = name ? semihosting_file_open(name, MIN(p[1], 0xff), &errnum) : -1;

    return handle < 0 ? failed(errnum) : (uint64_t)handle;
}

static void write_string(const SemihostingGuest *g, uint64_t addr)
{
    char c;

    for (unsigned i = 0; i < MAX_TEXT; i++) {
        if (!g->mem(g->opaque, addr + i, &c, 1, false) || c == '\0') {
            break;
        }
        semihosting_console_write(&c, 1);
    }
}

/* Returns how many bytes were not written. */
static uint64_t sys_write(const SemihostingGuest *g, const uint64_t *p)
{
    g_autofree char *buf = g_malloc(CHUNK);
    uint64_t done = 0;

    while (done < p[2]) {
        size_t n = MIN(p[2] - done, CHUNK);
        int errnum = EFAULT;
        ssize_t written = -1;

        if (g->mem(g->opaque, p[1] + done, buf, n, false)) {
            written = semihosting_file_write((int)p[0], buf, n, &errnum);
        }
        if (written < 0) {
            failed(errnum);
            break;
        }
        done += written;
        if ((size_t)written < n) {
            break;
        }
    }
    return p[2] - done;
}

/* Returns how many bytes were not read. */
static uint64_t sys_read(const SemihostingGuest *g, const uint64_t *p)
{
    g_autofree char *buf = g_malloc(CHUNK);
    uint64_t done = 0;

    while (done < p[2]) {
        size_t n = MIN(p[2] - done, CHUNK);
        int errnum = 0;
        ssize_t got = semihosting_file_read((int)p[0], buf, n, &errnum);

        if (got > 0 && !g->mem(g->opaque, p[1] + done, buf, got, true)) {
            got = -1;
            errnum = EFAULT;
        }
        if (got < 0) {
            failed(errnum);
            break;
        }
        done += got;
        if ((size_t)got < n) {
            break; /* end of file, or all that a terminal has for now */
        }
    }
    return p[2] - done;
}

static uint64_t sys_remove_or_rename(const SemihostingGuest *g, const uint64_t *p, bool rename_it)
{
    g_autofree char *from = name_get(g, p[0], p[1]);
    g_autofree char *to = rename_it ? name_get(g, p[2], p[3]) : NULL;

    if (!from || (rename_it && !to)) {
        return failed(EFAULT);
    }
    return (rename_it ? rename(from, to) : remove(from)) ? failed(errno) : 0;
}

static uint64_t sys_get_cmdline(const SemihostingGuest *g, uint64_t block, const uint64_t *p)
{
    const char *line = config.cmdline ? config.cmdline : "";
    size_t len = strlen(line);

    if (len + 1 > p[1] || !g->mem(g->opaque, p[0], (void *)line, len + 1, true) ||
        !word_put(g, block + g->word_size, len)) {
        return failed(EFAULT);
    }
    return 0;
}

static uint64_t sys_heapinfo(const SemihostingGuest *g, uint64_t block)
{
    const uint64_t info[] = { config.heap_base, config.heap_limit, config.heap_limit, 0 };

    for (unsigned i = 0; i < ARRAY_SIZE(info); i++) {
        if (!word_put(g, block + i * g->word_size, info[i])) {
            return failed(EFAULT);
        }
    }
    return 0;
}

/* 32-bit programs give SYS_EXIT the reason itself, which has no room for a status. */
static uint64_t sys_exit(const SemihostingGuest *g, uint32_t op, uint64_t param)
{
    uint64_t p[2] = { param, 0 };
    int code = 1;

    if ((op == SYS_EXIT_EXTENDED || g->word_size == 8) && !params_get(g, param, p, 2)) {
        return failed(EFAULT);
    }
    if ((uint32_t)p[0] == ADP_STOPPED_APPLICATION_EXIT) {
        code = p[1] & 0xff;
    }
    shutdown_request_with_code(SHUTDOWN_GUEST_SHUTDOWN, code);
    return 0;
}

static uint64_t sys_elapsed(const SemihostingGuest *g, uint64_t addr)
{
    uint64_t ticks = GUINT64_TO_LE(clock_ns(CLOCK_TYPE_VIRTUAL));

    return g->mem(g->opaque, addr, &ticks, sizeof(ticks), true) ? 0 : failed(EFAULT);
}

static unsigned param_count(uint32_t op)
{
    switch (op) {
    case SYS_OPEN: case SYS_WRITE: case SYS_READ:
        return 3;
    case SYS_SEEK: case SYS_REMOVE: case SYS_GET_CMDLINE:
        return 2;
    case SYS_CLOSE: case SYS_ISERROR: case SYS_ISTTY: case SYS_FLEN: case SYS_HEAPINFO:
        return 1;
    case SYS_RENAME:
        return 4;
    default:
        return 0;
    }
}

static uint64_t result(int64_t value, int errnum)
{
    return value < 0 ? failed(errnum) : (uint64_t)value;
}

static uint64_t perform(const SemihostingGuest *g, uint32_t op, uint64_t param)
{
    uint64_t p[MAX_PARAMS] = { 0 };
    int errnum = 0;
    int64_t r;
    char c;

    if (!params_get(g, param, p, param_count(op))) {
        return failed(EFAULT);
    }
    switch (op) {
    case SYS_OPEN:
        return sys_open(g, p);
    case SYS_CLOSE:
        r = semihosting_file_close((int)p[0], &errnum);
        return result(r, errnum);
    case SYS_WRITEC:
        if (g->mem(g->opaque, param, &c, 1, false)) {
            semihosting_console_write(&c, 1);
        }
        return 0;
    case SYS_WRITE0:
        write_string(g, param);
        return 0;
    case SYS_WRITE:
        return sys_write(g, p);
    case SYS_READ:
        return sys_read(g, p);
    case SYS_READC:
        return (int64_t)semihosting_console_getc();
    case SYS_ISERROR:
        return (g->word_size == 4 ? (int32_t)p[0] : (int64_t)p[0]) < 0;
    case SYS_ISTTY:
        r = semihosting_file_isatty((int)p[0], &errnum);
        return result(r, errnum);
    case SYS_SEEK:
        r = semihosting_file_seek((int)p[0], p[1], &errnum);
        return result(r, errnum);
    case SYS_FLEN:
        r = semihosting_file_size((int)p[0], &errnum);
        return result(r, errnum);
    case SYS_REMOVE:
    case SYS_RENAME:
        return sys_remove_or_rename(g, p, op == SYS_RENAME);
    case SYS_CLOCK:
        return clock_ns(CLOCK_TYPE_VIRTUAL) / (NANOSECONDS_PER_SECOND / 100);
    case SYS_TIME:
        return clock_ns(CLOCK_TYPE_HOST) / NANOSECONDS_PER_SECOND;
    case SYS_ERRNO:
        return atomic_read(&config.last_errno);
    case SYS_GET_CMDLINE:
        return sys_get_cmdline(g, param, p);
    case SYS_HEAPINFO:
        return sys_heapinfo(g, p[0]);
    case SYS_EXIT:
    case SYS_EXIT_EXTENDED:
        return sys_exit(g, op, param);
    case SYS_ELAPSED:
        return sys_elapsed(g, param);
    case SYS_TICKFREQ:
        return NANOSECONDS_PER_SECOND;
    default:
        return failed(ENOSYS);
    }
}

uint64_t semihosting_call(const SemihostingGuest *g, uint32_t op, uint64_t param)
{
    uint64_t r = perform(g, op, param);

    log_if(LOG_STRACE, "semihosting: op:0x%02x param:0x%" PRIx64 " result:0x%" PRIx64 "\n", op,
           param, r);
    return r;
}
