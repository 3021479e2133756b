/*
 * The qtest server: lines in, one reply a line out.
 *
 * A client may send as many lines as it likes without reading: input waits while more than
 * OUT_ENOUGH bytes of replies wait for the client. Nothing that it sends ends the process.
 * A client that goes and another that comes find the machine as it was.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/cpu.h"
#include "softmmu/qtest-internal.h"
#include "util/cutils.h"
#include "util/timer.h"

enum { IN_PIECE = 64 * 1024, OUT_ENOUGH = 1024 * 1024, LINE_KEPT = 1024 * 1024 };

/* ---- Commands without a file of their own ---- */

static bool run_endianness(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                           GError **err)
{
    g_string_append(reply, "little"); /* all targets that there are */
    return true;
}

/* Every device is linked in. */
static bool run_module_load(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                            GError **err)
{
    return true;
}

typedef struct CsrAccess {
    unsigned number;
    bool write, ok;
    uint64_t value;
} CsrAccess;

static void access_csr(CpuState *cpu, void *opaque)
{
    CsrAccess *a = opaque;

    a->ok = cpu->ops->access_csr(cpu, a->number, &a->value, a->write);
}

/* The first number of the reply is 0, or 1 if the CPU has no such register. */
static bool run_csr(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                    GError **err)
{
    CsrAccess a = { .write = g_str_equal(arg[0], "set_csr") };
    uint64_t index, number;
    CpuState *cpu;

    if (!a.write && !g_str_equal(arg[0], "get_csr")) {
        return error_set(err, "csr: '%s' is neither get_csr nor set_csr", arg[0]);
    }
    if (!qtest_number(arg[1], "CPU", UINT32_MAX, &index, err) ||
        !qtest_number(arg[2], "CSR", UINT32_MAX, &number, err) ||
        !qtest_number(arg[3], "VALUE", UINT64_MAX, &a.value, err)) {
        return false;
    }
    cpu = cpu_by_index(index);
    if (!cpu) {
        return error_set(err, "csr: there is no CPU %" PRIu64, index);
    }
    if (!cpu->ops->access_csr) {
        return error_set(err, "csr: CPU %" PRIu64 " has no CSRs", index);
    }
    a.number = number;
    cpu_run_sync(cpu, access_csr, &a);
    g_string_append_printf(reply, "%d %" PRIx64, a.ok ? 0 : 1, a.ok ? a.value : 0);
    return true;
}

/* ---- The table. Of two rows of a name, the one with more operands comes first. ---- */

static const QtestCommand commands[] = {
    { "readb", "ADDR", 1, qtest_run_read },
    { "readw", "ADDR", 2, qtest_run_read },
    { "readl", "ADDR", 4, qtest_run_read },
    { "readq", "ADDR", 8, qtest_run_read },
    { "writeb", "ADDR VALUE", 1, qtest_run_write },
    { "writew", "ADDR VALUE", 2, qtest_run_write },
    { "writel", "ADDR VALUE", 4, qtest_run_write },
    { "writeq", "ADDR VALUE", 8, qtest_run_write },
    { "read", "ADDR SIZE", 0, qtest_run_read_block },
    { "write", "ADDR SIZE DATA", 0, qtest_run_write_block },
    { "b64read", "ADDR SIZE", 0, qtest_run_b64read },
    { "b64write", "ADDR SIZE DATA", 0, qtest_run_b64write },
    { "memset", "ADDR SIZE BYTE", 0, qtest_run_memset },
    { "inb", "PORT", 1, qtest_run_in },
    { "inw", "PORT", 2, qtest_run_in },
    { "inl", "PORT", 4, qtest_run_in },
    { "outb", "PORT VALUE", 1, qtest_run_out },
    { "outw", "PORT VALUE", 2, qtest_run_out },
    { "outl", "PORT VALUE", 4, qtest_run_out },
    { "clock_step", "NS", 0, qtest_run_clock_step },
    { "clock_step", "", 0, qtest_run_clock_step_to_next },
    { "clock_set", "NS", 0, qtest_run_clock_set },
    { "irq_intercept_in", "PATH", 0, qtest_run_irq_intercept_in },
    { "irq_intercept_out", "PATH", 0, qtest_run_irq_intercept_out },
    { "irq_intercept_out_named", "PATH NAME", 0, qtest_run_irq_intercept_out },
    { "set_irq_in", "PATH NAME NUMBER LEVEL", 0, qtest_run_set_irq_in },
    { "endianness", "", 0, run_endianness },
    { "module_load", "PREFIX NAME", 0, run_module_load },
    { "csr", "get_csr|set_csr CPU CSR VALUE", 0, run_csr },
    { "vmstate_reload", "", 0, qtest_run_vmstate_reload },
    { "fuzz", "ADDR SIZE COUNT SEED", 0, qtest_run_fuzz },
};

/* ---- Replies ---- */

static void on_writable(void *opaque);

static void flush_out(Qtest *q)
{
    size_t done = 0;

    while (done < q->out->len) {
        int n = chr_fe_write(&q->fe, (uint8_t *)q->out->str + done,
                             MIN(q->out->len - done, OUT_ENOUGH));

        if (n <= 0) {
            break;
        }
        done += n;
    }
    g_string_erase(q->out, 0, done);
    if (q->out->len > 0) {
        chr_fe_watch_write(&q->fe, on_writable);
    }
}

static void write_log(Qtest *q, char from, const char *line)
{
    if (q->log) {
        fprintf(q->log, "[%c +%.6f] %s\n", from,
                (g_get_monotonic_time() - q->start_us) / 1e6, line);
    }
}

static void put_line(Qtest *q, const char *line)
{
    write_log(q, 'S', line);
    g_string_append(q->out, line);
    g_string_append_c(q->out, '\n');
}

void qtest_tell(Qtest *q, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    put_line(q, line);
    if (!q->in_lines) {
        flush_out(q);
    }
}

/* One line of text, whatever the error says. */
static GString *one_line(const char *message)
{
    g_autofree char *text = g_utf8_make_valid(message, -1);

    return g_string_new(g_strdelimit(text, "\r\n", ' '));
}

/* ---- Lines ---- */

bool qtest_number(const char *text, const char *what, uint64_t max, uint64_t *ret,
                  GError **err)
{
    if (parse_uint(text, max, ret)) {
        return true;
    }
    return max == UINT64_MAX
               ? error_set(err, "%s '%.40s' is no number", what, text)
               : error_set(err, "%s '%.40s' is no number up to 0x%" PRIx64, what, text, max);
}

DeviceState *qtest_device(const char *path, GError **err)
{
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, TYPE_DEVICE, &ambiguous);

    if (!obj) {
        error_set(err, ambiguous ? "Ambiguous device" : "Unknown device");
    }
    return (DeviceState *)obj;
}

/* The next word, ended in place; NULL if there is none. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " ");
    size_t len = strcspn(word, " ");

    if (len == 0) {
        return NULL;
    }
    *at = word + len + (word[len] != '\0');
    word[len] = '\0';
    return word;
}

static unsigned count_words(const char *text)
{
    unsigned n = *text != '\0';

    for (; *text; text++) {
        n += *text == ' ';
    }
    return n;
}

static const QtestCommand *find(const char *name, unsigned operands, const char **ret_usage)
{
    *ret_usage = NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        if (g_str_equal(commands[i].name, name)) {
            if (count_words(commands[i].operands) <= operands) {
                return &commands[i];
            }
            *ret_usage = commands[i].operands;
        }
    }
    return NULL;
}

/* The reply to a line. */
static GString *run_line(Qtest *q, char *line)
{
    g_autoptr(GString) reply = g_string_new("OK ");
    g_autoptr(GError) err = NULL;
    char *arg[QTEST_OPERANDS_MAX], *at = line, *name = next_word(&at);
    const QtestCommand *cmd;
    const char *usage;
    unsigned n = 0;

    while (n < QTEST_OPERANDS_MAX && (arg[n] = next_word(&at)) != NULL) {
        n++;
    }
    cmd = find(name ? name : "", n, &usage);
    if (!cmd) {
        g_autofree char *text = usage
            ? g_strdup_printf("FAIL %s needs %s", name, usage)
            : g_strdup_printf("FAIL Unknown command '%.80s'", name ? name : "");

        return one_line(text);
    }
    if (!cmd->run(q, cmd, arg, reply, &err)) {
        g_autofree char *text = g_strdup_printf("FAIL %s", err->message);

        return one_line(text);
    }
    if (reply->len == strlen("OK ")) {
        g_string_truncate(reply, strlen("OK"));
    }
    return g_steal_pointer(&reply);
}

/* Timers that a command made due run before its reply: what a client sees does not depend
 * on how its lines are cut into packets. */
static void settle(void)
{
    if (clock_virtual_is_manual() &&
        timer_next_deadline(CLOCK_TYPE_VIRTUAL) <= clock_ns(CLOCK_TYPE_VIRTUAL)) {
        clock_virtual_step(0);
    }
}

static GString *reply_to_line(Qtest *q)
{
    GString *reply;

    if (q->too_long) {
        return g_string_new("FAIL the line is too long");
    }
    if (memchr(q->line->str, '\0', q->line->len)) {
        return g_string_new("FAIL the line has a NUL byte");
    }
    write_log(q, 'R', q->line->str);
    reply = run_line(q, q->line->str);
    settle();
    return reply;
}

static void end_line(Qtest *q)
{
    if (q->too_long || q->line->len > 0) {
        g_autoptr(GString) reply = reply_to_line(q);

        put_line(q, reply->str);
    }
    q->too_long = false;
    if (q->line->allocated_len > LINE_KEPT) {
        g_string_free(q->line, TRUE);
        q->line = g_string_new(NULL);
    }
    g_string_truncate(q->line, 0);
}

static void add_to_line(Qtest *q, const uint8_t *buf, size_t n)
{
    if (q->too_long || q->line->len + n > QTEST_LINE_MAX) {
        q->too_long = true;
        g_string_truncate(q->line, 0);
    } else {
        g_string_append_len(q->line, (const char *)buf, n);
    }
}

/* ---- The connection ---- */

/* Work on lines that came, while their replies find room. */
static void run_lines(Qtest *q)
{
    const uint8_t *buf = q->in->data, *end = buf + q->in->len;

    q->in_lines = true;
    while (buf < end && q->out->len <= OUT_ENOUGH) {
        const uint8_t *eol = memchr(buf, '\n', end - buf);

        add_to_line(q, buf, (eol ? eol : end) - buf);
        buf = eol ? eol + 1 : end;
        if (eol) {
            end_line(q);
        }
        if (q->out->len > OUT_ENOUGH) {
            flush_out(q);
        }
    }
    q->in_lines = false;
    g_byte_array_remove_range(q->in, 0, buf - q->in->data);
    flush_out(q);
}

static void on_writable(void *opaque)
{
    Qtest *q = opaque;

    flush_out(q);
    run_lines(q);
    chr_fe_accept_input(&q->fe);
}

static int can_receive(void *opaque)
{
    Qtest *q = opaque;

    return q->in->len > 0 || q->out->len > OUT_ENOUGH ? 0 : IN_PIECE;
}

static void receive(void *opaque, const uint8_t *buf, int size)
{
    Qtest *q = opaque;

    g_byte_array_append(q->in, buf, size);
    run_lines(q);
}

/* What one client left half said is not the next one's. */
static void event(void *opaque, CharEvent event)
{
    Qtest *q = opaque;

    if (event == CHAR_EVENT_OPENED || event == CHAR_EVENT_CLOSED) {
        g_byte_array_set_size(q->in, 0);
        g_string_truncate(q->line, 0);
        g_string_truncate(q->out, 0);
        q->too_long = false;
        if (q->log) {
            fflush(q->log);
        }
    }
}

bool qtest_start(const char *spec, const char *log, Qtest **ret, GError **err)
{
    g_autofree Qtest *q = g_new0(Qtest, 1);
    Chardev *chr;
    bool mux;

    if (!chardev_new_from_legacy("qtest", spec, &chr, &mux, err)) {
        return error_prefix(err, "-qtest %s", spec);
    }
    if (!chr) {
        return true;
    }
    if (!chr_fe_init(&q->fe, chr, err)) {
        return error_prefix(err, "-qtest %s", spec);
    }
    if (log && !g_str_equal(log, "none")) {
        q->log = fopen(log, "we");
        if (!q->log) {
            error_set_errno(err, errno, "-qtest-log %s", log);
            chr_fe_deinit(&q->fe);
            return false;
        }
        setvbuf(q->log, NULL, _IOLBF, 0);
    }
    memory_lock_all_regions(); /* a watched wire is told of by whoever drives it */
    q->start_us = g_get_monotonic_time();
    q->in = g_byte_array_new();
    q->line = g_string_new(NULL);
    q->out = g_string_new(NULL);
    chr_fe_set_handlers(&q->fe, can_receive, receive, event, q);
    *ret = g_steal_pointer(&q);
    return true;
}

void qtest_free(Qtest *q)
{
    if (!q) {
        return;
    }
    qtest_wires_free(q);
    chr_fe_deinit(&q->fe);
    g_byte_array_unref(q->in);
    g_string_free(q->line, TRUE);
    g_string_free(q->out, TRUE);
    if (q->log) {
        fclose(q->log);
    }
    g_free(q);
}
