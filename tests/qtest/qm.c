/*
 * A whole machine for tests of devices (tests/qtest/qm.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/qm.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { WIRES = 1024, REPLY_MS = 20000, WAIT_MS = 10000, CSR_MIP = 0x344,
       FUZZ_PIECE = 20000, PIPELINE_MAX = 256 };

/* A connection that the emulator made to us. */
typedef struct Link {
    int fd;
    GString *in;
} Link;

struct QtestMachine {
    pid_t pid;
    bool restored;
    const void *data;
    Link qtest, qmp, serial;
    GQueue *events;      /* struct json_object * */
    bool level[WIRES];
    unsigned rises[WIRES];
};

/* ---- Files and time ---- */

static char *folder;

static void remove_folder(void)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_rmdir(folder);
}

char *qm_scratch(const char *name)
{
    if (!folder) {
        folder = g_dir_make_tmp("rhea-XXXXXX", NULL); /* short: sockets live here */
        g_assert_nonnull(folder);
        atexit(remove_folder);
    }
    return g_build_filename(folder, name, NULL);
}

double qm_slow(void)
{
    const char *text = g_getenv("RHEA_TEST_SLOW");
    double slow = text ? g_ascii_strtod(text, NULL) : 1;

    return slow > 0 ? slow : 1;
}

static int64_t deadline_us(int ms)
{
    return g_get_monotonic_time() + (int64_t)(ms * 1000 * qm_slow());
}

/* ---- Connections ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void wait_ready(int fd, short events, int64_t deadline, const char *what)
{
    struct pollfd p = { .fd = fd, .events = events };
    int64_t left = (deadline - g_get_monotonic_time()) / 1000;

    if (poll(&p, 1, CLAMP(left, 0, INT_MAX)) <= 0) {
        g_error("no %s from the emulator in time", what);
    }
}

/* The connection that the emulator makes to a socket that listens. */
static void accept_from(Link *l, int listener, const char *path)
{
    wait_ready(listener, POLLIN, deadline_us(REPLY_MS), "connection");
    l->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(l->fd, >=, 0);
    l->in = g_string_new(NULL);
    close(listener);
    g_unlink(path);
}

static void link_close(Link *l)
{
    close(l->fd);
    g_string_free(l->in, TRUE);
}

static void link_send(Link *l, const char *data, size_t len)
{
    int64_t deadline = deadline_us(REPLY_MS);

    while (len > 0) {
        ssize_t n = send(l->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            wait_ready(l->fd, POLLOUT, deadline, "room for input");
            continue;
        }
        if (n < 0) {
            g_error("the emulator ended");
        }
        data += n;
        len -= n;
    }
}

static void link_receive(Link *l, int64_t deadline, const char *what)
{
    char buf[64 * 1024];
    ssize_t n;

    wait_ready(l->fd, POLLIN, deadline, what);
    n = recv(l->fd, buf, sizeof(buf), 0);
    if (n <= 0) {
        g_error("the emulator ended before a %s came", what);
    }
    g_string_append_len(l->in, buf, n);
}

static char *link_line(Link *l, const char *what)
{
    int64_t deadline = deadline_us(REPLY_MS);
    size_t seen = 0;
    char *eol, *line;

    while (!(eol = memchr(l->in->str + seen, '\n', l->in->len - seen))) {
        seen = l->in->len;
        link_receive(l, deadline, what);
    }
    line = g_strndup(l->in->str, eol - l->in->str);
    g_string_erase(l->in, 0, eol - l->in->str + 1);
    return line;
}

/* ---- Commands ---- */

static bool take_wire_line(QtestMachine *m, const char *line)
{
    bool raise = g_str_has_prefix(line, "IRQ raise ");
    unsigned n;

    if (!raise && !g_str_has_prefix(line, "IRQ lower ")) {
        return false;
    }
    n = strtoul(line + strlen("IRQ raise "), NULL, 10);
    g_assert_cmpuint(n, <, WIRES);
    m->rises[n] += raise && !m->level[n];
    m->level[n] = raise;
    return true;
}

/* What stands behind OK; free it. */
static char *reply(QtestMachine *m, const char *command)
{
    char *line = link_line(&m->qtest, "reply");

    while (take_wire_line(m, line)) {
        g_free(line);
        line = link_line(&m->qtest, "reply");
    }
    if (!g_str_has_prefix(line, "OK")) {
        g_error("%.200s: %s", command, line);
    }
    memmove(line, line + 2 + (line[2] == ' '), strlen(line) - 1 - (line[2] == ' '));
    return line;
}

static char *vask(QtestMachine *m, bool reload, const char *fmt, va_list ap)
{
    static const char first[] = "vmstate_reload\n";
    g_autofree char *line = g_strdup_vprintf(fmt, ap);
    g_autofree char *sent = g_strconcat(reload ? first : "", line, "\n", NULL);

    link_send(&m->qtest, sent, strlen(sent));
    if (reload) {
        g_free(reply(m, first));
    }
    return reply(m, line);
}

static char *ask(QtestMachine *m, const char *fmt, ...) PRINTF(2, 3);
static char *ask(QtestMachine *m, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = vask(m, false, fmt, ap);
    va_end(ap);
    return text;
}

/* The same, in the restored run with the state saved and loaded before. */
static char *ask_device(QtestMachine *m, const char *fmt, ...) PRINTF(2, 3);
static char *ask_device(QtestMachine *m, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = vask(m, m->restored, fmt, ap);
    va_end(ap);
    return text;
}

void qm_pipeline(QtestMachine *m, const char *lines)
{
    unsigned n = 0;

    for (const char *p = lines; *p; p++) {
        n += *p == '\n';
    }
    g_assert_cmpuint(n, <=, PIPELINE_MAX);
    link_send(&m->qtest, lines, strlen(lines));
    while (n-- > 0) {
        g_free(reply(m, lines));
    }
}

static uint64_t read_register(QtestMachine *m, const char *command, uint64_t addr)
{
    g_autofree char *text = ask_device(m, "%s 0x%" PRIx64, command, addr);

    return g_ascii_strtoull(text, NULL, 16);
}

uint8_t qm_read8(QtestMachine *m, uint64_t addr)
{
    return read_register(m, "readb", addr);
}

uint16_t qm_read16(QtestMachine *m, uint64_t addr)
{
    return read_register(m, "readw", addr);
}

uint32_t qm_read32(QtestMachine *m, uint64_t addr)
{
    return read_register(m, "readl", addr);
}

uint64_t qm_read64(QtestMachine *m, uint64_t addr)
{
    return read_register(m, "readq", addr);
}

static void write_register(QtestMachine *m, const char *command, uint64_t addr, uint64_t value)
{
    g_free(ask_device(m, "%s 0x%" PRIx64 " 0x%" PRIx64, command, addr, value));
}

void qm_write8(QtestMachine *m, uint64_t addr, uint8_t value)
{
    write_register(m, "writeb", addr, value);
}

void qm_write16(QtestMachine *m, uint64_t addr, uint16_t value)
{
    write_register(m, "writew", addr, value);
}

void qm_write32(QtestMachine *m, uint64_t addr, uint32_t value)
{
    write_register(m, "writel", addr, value);
}

void qm_write64(QtestMachine *m, uint64_t addr, uint64_t value)
{
    write_register(m, "writeq", addr, value);
}

void qm_memread(QtestMachine *m, uint64_t addr, void *buf, size_t len)
{
    g_autofree char *text = ask(m, "b64read 0x%" PRIx64 " %zu", addr, len);
    gsize n;
    g_autofree guchar *data = g_base64_decode(text, &n);

    g_assert_cmpuint(n, ==, len);
    memcpy(buf, data, len);
}

void qm_memwrite(QtestMachine *m, uint64_t addr, const void *buf, size_t len)
{
    g_autofree char *text = g_base64_encode(buf, len);

    g_free(ask(m, "b64write 0x%" PRIx64 " %zu %s", addr, len, text));
}

void qm_memset(QtestMachine *m, uint64_t addr, uint8_t byte, size_t len)
{
    g_free(ask(m, "memset 0x%" PRIx64 " %zu %u", addr, len, byte));
}

int64_t qm_clock_step(QtestMachine *m, int64_t ns)
{
    g_autofree char *text = ask_device(m, "clock_step %" PRId64, ns);

    return g_ascii_strtoll(text, NULL, 10);
}

int64_t qm_clock_step_to_next(QtestMachine *m)
{
    g_autofree char *text = ask_device(m, "clock_step");

    return g_ascii_strtoll(text, NULL, 10);
}

void qm_watch_inputs(QtestMachine *m, const char *path)
{
    g_free(ask(m, "irq_intercept_in %s", path));
}

void qm_watch_outputs(QtestMachine *m, const char *path)
{
    g_free(ask(m, "irq_intercept_out %s", path));
}

/* A command whose reply comes behind all changes until now. */
static void catch_up(QtestMachine *m)
{
    g_free(ask_device(m, "endianness"));
}

bool qm_wire(QtestMachine *m, unsigned n)
{
    catch_up(m);
    return m->level[n];
}

unsigned qm_wire_rises(QtestMachine *m, unsigned n)
{
    catch_up(m);
    return m->rises[n];
}

void qm_set_input(QtestMachine *m, const char *path, unsigned n, int level)
{
    g_free(ask_device(m, "set_irq_in %s unnamed-gpio-in %u %d", path, n, level));
}

static bool csr(QtestMachine *m, const char *what, unsigned hart, unsigned number,
                uint64_t *value)
{
    g_autofree char *text = ask_device(m, "csr %s %u %u 0x%" PRIx64, what, hart, number,
                                       *value);
    char *rest;
    bool ok = g_ascii_strtoull(text, &rest, 10) == 0;

    *value = g_ascii_strtoull(rest, NULL, 16);
    return ok;
}

bool qm_get_csr(QtestMachine *m, unsigned hart, unsigned number, uint64_t *ret)
{
    *ret = 0;
    return csr(m, "get_csr", hart, number, ret);
}

bool qm_set_csr(QtestMachine *m, unsigned hart, unsigned number, uint64_t value)
{
    return csr(m, "set_csr", hart, number, &value);
}

uint64_t qm_mip(QtestMachine *m, unsigned hart)
{
    uint64_t value;

    g_assert_true(qm_get_csr(m, hart, CSR_MIP, &value));
    return value;
}

void qm_reload(QtestMachine *m)
{
    g_free(ask(m, "vmstate_reload"));
}

void qm_fuzz(QtestMachine *m, uint64_t addr, uint64_t size, unsigned count, uint64_t seed)
{
    for (unsigned done = 0; done < count; done += FUZZ_PIECE) {
        g_free(ask(m, "fuzz 0x%" PRIx64 " 0x%" PRIx64 " %u 0x%" PRIx64, addr, size,
                   MIN(count - done, FUZZ_PIECE), seed + done));
    }
}

bool qm_restored(const QtestMachine *m)
{
    return m->restored;
}

bool qm_wait_until(QtestMachine *m, bool (*done)(void *opaque), void *opaque)
{
    int64_t end = deadline_us(WAIT_MS);

    while (!done(opaque)) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(200);
    }
    return true;
}

/* ---- QMP ---- */

static struct json_object *qmp_message(QtestMachine *m)
{
    g_autofree char *line = link_line(&m->qmp, "QMP message");
    struct json_object *message = json_tokener_parse(line);

    if (!message) {
        g_error("no QMP message: %s", line);
    }
    return message;
}

/* The member's own reference; the message goes. */
static struct json_object *take_member(struct json_object *message, const char *name)
{
    struct json_object *value = NULL;

    if (json_object_object_get_ex(message, name, &value)) {
        json_object_get(value);
    }
    json_object_put(message);
    return value;
}

struct json_object *qm_qmp(QtestMachine *m, const char *command, const char *arguments)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\"%s%s}\n", command,
                                            arguments ? ", \"arguments\": " : "",
                                            arguments ? arguments : "");

    link_send(&m->qmp, line, strlen(line));
    for (;;) {
        struct json_object *message = qmp_message(m);

        if (json_object_object_get_ex(message, "return", NULL)) {
            return take_member(message, "return");
        }
        if (!json_object_object_get_ex(message, "event", NULL)) {
            g_error("%s: %s", command, json_object_to_json_string(message));
        }
        g_queue_push_tail(m->events, message);
    }
}

static bool is_event(struct json_object *message, const char *name)
{
    struct json_object *value;

    return json_object_object_get_ex(message, "event", &value) &&
           g_str_equal(json_object_get_string(value), name);
}

struct json_object *qm_wait_event(QtestMachine *m, const char *event)
{
    for (GList *l = m->events->head; l; l = l->next) {
        if (is_event(l->data, event)) {
            struct json_object *message = l->data;

            g_queue_delete_link(m->events, l);
            return take_member(message, "data");
        }
    }
    for (;;) {
        struct json_object *message = qmp_message(m);

        if (is_event(message, event)) {
            return take_member(message, "data");
        }
        g_queue_push_tail(m->events, message);
    }
}

void qm_reset(QtestMachine *m)
{
    json_object_put(qm_qmp(m, "system_reset", NULL));
    json_object_put(qm_wait_event(m, "RESET"));
}

/* ---- The serial port ---- */

void qm_serial_send(QtestMachine *m, const char *text)
{
    link_send(&m->serial, text, strlen(text));
}

void qm_serial_offer(QtestMachine *m, const char *text)
{
    if (send(m->serial.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        g_assert_cmpint(errno, ==, EAGAIN);
    }
}

void qm_serial_expect(QtestMachine *m, const char *text)
{
    int64_t deadline = deadline_us(REPLY_MS);
    size_t n = strlen(text);

    while (m->serial.in->len < n) {
        link_receive(&m->serial, deadline, "serial output");
    }
    g_assert_cmpmem(m->serial.in->str, n, text, n);
    g_string_erase(m->serial.in, 0, n);
}

void qm_serial_drain(QtestMachine *m)
{
    char buf[4096];

    while (recv(m->serial.fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
        continue;
    }
    g_string_truncate(m->serial.in, 0);
}

/* ---- Life ---- */

uint64_t qm_resident_kib(const QtestMachine *m)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)m->pid);
    g_autofree char *text = NULL;
    unsigned long long size, pages;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%llu %llu", &size, &pages), ==, 2);
    return pages * sysconf(_SC_PAGESIZE) / KiB;
}

const void *qm_data(const QtestMachine *m)
{
    return m->data;
}

static void exec_emulator(char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(argv[0], argv);
    _exit(127);
}

static QtestMachine *qm_start(const char *options, bool restored)
{
    static const struct { const char *option, *name; } uses[] = {
        { "-qtest", "qtest" }, { "-qmp", "qmp" }, { "-serial", "serial" },
    };
    const char *build = g_getenv("RHEA_BUILD");
    QtestMachine *m = g_new0(QtestMachine, 1);
    g_autofree char *path[ARRAY_SIZE(uses)] = { NULL };
    int listener[ARRAY_SIZE(uses)];
    g_autoptr(GString) line = g_string_new(NULL);
    g_auto(GStrv) argv = NULL;

    g_assert_nonnull(build);
    m->restored = restored;
    m->events = g_queue_new();
    g_string_printf(line, "'%s/rhea'%s -accel qtest -bios none -display none -monitor none %s",
                    build, strstr(options, "-target ") ? "" : " -target riscv64", options);
    for (unsigned i = 0; i < ARRAY_SIZE(uses); i++) {
        path[i] = qm_scratch(uses[i].name);
        listener[i] = listen_at(path[i]);
        g_string_append_printf(line, " %s unix:%s", uses[i].option, path[i]);
    }
    if (g_getenv("RHEA_QTEST_LOG")) {
        g_string_append_printf(line, " -qtest-log '%s'", g_getenv("RHEA_QTEST_LOG"));
    }
    g_test_message("%s", line->str);
    g_assert_true(g_shell_parse_argv(line->str, NULL, &argv, NULL));
    m->pid = fork();
    if (m->pid == 0) {
        exec_emulator(argv);
    }
    g_assert_cmpint(m->pid, >, 0);
    /* In the order in which the emulator connects. */
    accept_from(&m->qmp, listener[1], path[1]);
    accept_from(&m->serial, listener[2], path[2]);
    accept_from(&m->qtest, listener[0], path[0]);
    json_object_put(qmp_message(m)); /* the greeting */
    json_object_put(qm_qmp(m, "qmp_capabilities", NULL));
    return m;
}

static void free_message(void *message)
{
    json_object_put(message);
}

/* It must end when asked to, and well. */
static void qm_end(QtestMachine *m)
{
    int64_t end = deadline_us(WAIT_MS);
    int status = -1;

    kill(m->pid, SIGTERM);
    while (waitpid(m->pid, &status, WNOHANG) == 0) {
        if (g_get_monotonic_time() > end) {
            kill(m->pid, SIGKILL);
            waitpid(m->pid, &status, 0);
            g_error("the emulator does not end");
        }
        g_usleep(200);
    }
    if (!WIFEXITED(status)) {
        g_error("the emulator ended by signal %d", WTERMSIG(status));
    }
    link_close(&m->qtest);
    link_close(&m->qmp);
    link_close(&m->serial);
    g_queue_free_full(m->events, free_message);
    g_free(m);
}

typedef struct TestCase {
    char *options;
    void (*fn)(QtestMachine *m);
    const void *data;
    bool restored;
} TestCase;

static void case_free(void *opaque)
{
    TestCase *tc = opaque;

    g_free(tc->options);
    g_free(tc);
}

static void run_case(const void *opaque)
{
    const TestCase *tc = opaque;
    QtestMachine *m = qm_start(tc->options, tc->restored);

    m->data = tc->data;
    tc->fn(m);
    qm_end(m);
}

static void add_case(const char *name, TestCase tc)
{
    g_autofree char *path = g_strdup_printf("%s/%s", name, tc.restored ? "restored" : "fresh");

    tc.options = g_strdup(tc.options);
    g_test_add_data_func_full(path, g_memdup2(&tc, sizeof(tc)), run_case, case_free);
}

void qm_add_fresh_test(const char *name, const char *options, void (*fn)(QtestMachine *m),
                       const void *data)
{
    add_case(name, (TestCase){ (char *)options, fn, data, false });
}

void qm_add_test(const char *name, const char *options, void (*fn)(QtestMachine *m))
{
    add_case(name, (TestCase){ (char *)options, fn, NULL, false });
    add_case(name, (TestCase){ (char *)options, fn, NULL, true });
}
