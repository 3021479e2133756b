/*
 * The interactive monitor: a prompt, lines, their execution, long answers page by page.
 *
 * Who types plain lines is served by a few keys handled here: programs, and people until
 * they press a key that edits or completes. From that key on the terminal has a line editor
 * (util/line-editor.h), which starting up and scripts therefore never pay for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-internal.h"
#include "monitor/monitor.h"
#include "monitor/qmp-internal.h"
#include "softmmu/runstate.h"
#include "util/line-editor.h"

enum {
    KEY_INTERRUPT = 3, KEY_EOF = 4, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_ESCAPE = 27,
    KEY_DELETE = 127,
    MAX_LINE = 4096,
    INPUT_CHUNK = 256,   /* bytes taken at once */
    MIN_PAGE_ROWS = 3,
};
#define PROMPT         "(rhea) "
#define MORE           "\033[7m--More--\033[0m"
#define MORE_GONE      "\r\033[K"
/* What terminals understand whose kind nobody tells. */
#define TERMINAL_TYPE  "vt102"

typedef struct HmpMonitor {
    CharFrontend chr;
    HmpSession session;
    GString *line;       /* as far as it is typed; unused once there is an editor */
    LineEditor *editor;  /* or NULL */
    bool no_editor;      /* there cannot be one */
    bool editing;        /* the editor has a line in work */
    bool closed;         /* the other side has left: start afresh */
    bool banner_shown;
    bool skip_newline;   /* the LF of CR LF */
    bool in_escape;      /* inside a terminal's escape sequence */
    GString *out;        /* what a slow reader has not taken yet */
    char *paged;         /* the rest of an answer that waits at --More--, or NULL */
} HmpMonitor;

static GPtrArray *hmp_monitors;

static void writable(void *opaque);

/* Send what the reader takes; nobody waits for the rest. */
static void flush(HmpMonitor *m)
{
    int n = 1;

    while (m->out->len && n > 0) {
        n = chr_fe_write(&m->chr, (const uint8_t *)m->out->str, m->out->len);
        g_string_erase(m->out, 0, MAX(n, 0));
    }
    if (m->out->len) {
        chr_fe_watch_write(&m->chr, writable);
    }
}

static void writable(void *opaque)
{
    HmpMonitor *m = opaque;

    flush(m);
    if (!m->out->len) {
        chr_fe_accept_input(&m->chr);
    }
}

static void print_bytes(void *opaque, const char *text, size_t size)
{
    HmpMonitor *m = opaque;
    bool waiting = m->out->len;

    g_string_append_len(m->out, text, size);
    if (!waiting) {
        flush(m);
    }
}

static void print(HmpMonitor *m, const char *text)
{
    g_autoptr(GString) wire = g_string_new(NULL);

    for (const char *p = text; *p; p++) {
        if (*p == '\n') {
            g_string_append_c(wire, '\r');
        }
        g_string_append_c(wire, *p);
    }
    print_bytes(m, wire->str, wire->len);
}

/* The terminal, if there is one that understands more than text. */
static bool terminal(HmpMonitor *m, ChardevTerminal *ret)
{
    const char *type = g_getenv("TERM");

    return chr_fe_get_terminal(&m->chr, ret) &&
           !(ret->own && (!type || !*type || g_str_equal(type, "dumb")));
}

static void show_prompt(HmpMonitor *m)
{
    ChardevTerminal t;

    if (!m->banner_shown) {
        print(m, "Rhea " RHEA_VERSION " monitor - type 'help' for more information\n");
        m->banner_shown = true;
    }
    if (!m->editor) {
        print(m, PROMPT);
        return;
    }
    terminal(m, &t);
    line_editor_begin(m->editor, t.rows, t.columns, "", false);
    m->editing = true;
}

/* ---- Paging ---- */

/* How much of text @rows of the screen can show. */
static size_t page_size(const char *text, unsigned rows, unsigned columns)
{
    unsigned column = 0;
    const char *p;

    for (p = text; *p; p++) {
        if (*p == '\n' || column == columns) {
            column = 0;
            if (--rows == 0) {
                return p - text + (*p == '\n');
            }
        }
        column += *p != '\n';
    }
    return p - text;
}

/* Show as much of an answer as fits in so many rows, 0: as many as the terminal has, and keep
 * the rest; the prompt when all is shown. */
static void show_page(HmpMonitor *m, const char *text, unsigned rows)
{
    ChardevTerminal t;
    size_t size = strlen(text);
    g_autofree char *rest = NULL;
    g_autofree char *page = NULL;

    if (terminal(m, &t) && t.rows >= MIN_PAGE_ROWS && t.columns) {
        size = page_size(text, rows ? rows : t.rows - 1, t.columns);
    }
    page = g_strndup(text, size);
    rest = text[size] ? g_strdup(text + size) : NULL;
    print(m, page);
    g_free(m->paged);
    m->paged = g_steal_pointer(&rest);
    if (m->paged) {
        print(m, MORE);
    } else if (!run_state_ended()) {
        show_prompt(m);
    }
}

/* A key at --More--. False: it shows the rest, and begins the next line. */
static bool page_key(HmpMonitor *m, uint8_t c)
{
    g_autofree char *rest = g_steal_pointer(&m->paged);

    print(m, MORE_GONE);
    switch (c) {
    case ' ': case 'f':
        show_page(m, rest, 0);
        return true;
    case '\r': case '\n':
        show_page(m, rest, 1);
        return true;
    case 'q': case 'Q': case KEY_INTERRUPT: case KEY_EOF:
        show_prompt(m);
        return true;
    default:
        print(m, rest);
        show_prompt(m);
        return false;
    }
}

/* ---- Lines ---- */

static void line_done(HmpMonitor *m, const char *line)
{
    g_autoptr(GString) out = g_string_new(NULL);

    hmp_session_remember(&m->session, line);
    if (m->editor && *line) {
        line_editor_remember(m->editor, line);
    }
    hmp_execute(&m->session, line, out);
    show_page(m, out->str, 0);
}

static GPtrArray *complete(void *opaque, const char *text, size_t *ret_start, bool *ret_blank)
{
    return hmp_complete(&((HmpMonitor *)opaque)->session, text, ret_start, ret_blank);
}

static const LineEditorOps editor_ops = { .output = print_bytes, .complete = complete };

static bool start_editor(HmpMonitor *m)
{
    ChardevTerminal t;

    if (m->no_editor || !terminal(m, &t)) {
        return false;
    }
    m->editor = line_editor_new(t.own ? NULL : TERMINAL_TYPE, PROMPT, &editor_ops, m);
    if (!m->editor) {
        m->no_editor = true;
        return false;
    }
    for (unsigned i = 0; i < hmp_history(&m->session)->len; i++) {
        line_editor_remember(m->editor, hmp_history(&m->session)->pdata[i]);
    }
    line_editor_begin(m->editor, t.rows, t.columns, m->line->str, true);
    m->editing = true;
    g_string_truncate(m->line, 0);
    return true;
}

static void edit(HmpMonitor *m, uint8_t c)
{
    g_autofree char *line = line_editor_key(m->editor, c);

    if (line) {
        m->editing = false;
        line_done(m, line);
    }
}

static void key(HmpMonitor *m, uint8_t c)
{
    bool lf_of_crlf = m->skip_newline && c == '\n';

    m->skip_newline = c == '\r';
    if (lf_of_crlf || (m->paged && page_key(m, c))) {
        return;
    }
    if (m->editor) {
        edit(m, c);
        return;
    }
    if (m->in_escape) {
        m->in_escape = !(g_ascii_isalpha(c) || c == '~');
        return;
    }
    switch (c) {
    case '\r': case '\n': {
        g_autofree char *line = g_strdup(m->line->str);

        g_string_truncate(m->line, 0);
        print(m, "\n");
        line_done(m, line);
        break;
    }
    case KEY_BACKSPACE: case KEY_DELETE:
        if (m->line->len) {
            g_string_truncate(m->line, m->line->len - 1);
            print(m, "\b \b");
        }
        break;
    case KEY_KILL:
        while (m->line->len) {
            g_string_truncate(m->line, m->line->len - 1);
            print(m, "\b \b");
        }
        break;
    case 0:
        break;
    default:
        if (c >= ' ' && m->line->len < MAX_LINE) {
            char text[2] = { c, 0 };

            g_string_append_c(m->line, c);
            print(m, text);
        } else if (c < ' ' && start_editor(m)) {
            edit(m, c);
        } else {
            m->in_escape = c == KEY_ESCAPE;
        }
    }
}

/* ---- The character device ---- */

/* Somebody else may come: nothing of the last one's line and terminal is left. */
static void start_afresh(HmpMonitor *m)
{
    line_editor_free(m->editor);
    m->editor = NULL;
    g_clear_pointer(&m->paged, g_free);
    g_string_truncate(m->line, 0);
    g_string_truncate(m->out, 0);
    m->editing = m->closed = m->in_escape = m->skip_newline = false;
}

/* Who does not read is not listened to. */
static int hmp_can_receive(void *opaque)
{
    return ((HmpMonitor *)opaque)->out->len ? 0 : INPUT_CHUNK;
}

static void hmp_receive(void *opaque, const uint8_t *buf, int size)
{
    HmpMonitor *m = opaque;

    for (int i = 0; i < size && !m->closed; i++) {
        key(m, buf[i]);
    }
}

static void hmp_event(void *opaque, CharEvent event)
{
    HmpMonitor *m = opaque;

    switch (event) {
    case CHAR_EVENT_OPENED:
        start_afresh(m);
        /* Behind a mux the prompt waits until the monitor has the focus. */
        if (!chardev_is_mux(m->chr.chr)) {
            m->banner_shown = false;
            show_prompt(m);
        }
        break;
    case CHAR_EVENT_MUX_IN:
        print(m, "\n");
        if (m->paged) {
            print(m, MORE);
        } else if (m->editing) {
            line_editor_refresh(m->editor);
        } else {
            show_prompt(m);
        }
        break;
    case CHAR_EVENT_MUX_OUT:
        print(m, "\n");
        break;
    case CHAR_EVENT_CLOSED:
        /* The editor may be writing at this moment. */
        m->closed = true;
        break;
    case CHAR_EVENT_BREAK:
        break;
    }
}

bool monitor_start_hmp(Chardev *chr, GError **err)
{
    HmpMonitor *m = g_new0(HmpMonitor, 1);

    if (!chr_fe_init(&m->chr, chr, err)) {
        g_free(m);
        return false;
    }
    m->line = g_string_new(NULL);
    m->out = g_string_new(NULL);
    hmp_session_init(&m->session, 0);
    if (!hmp_monitors) {
        hmp_monitors = g_ptr_array_new();
    }
    g_ptr_array_add(hmp_monitors, m);
    chr_fe_set_handlers(&m->chr, hmp_can_receive, hmp_receive, hmp_event, m);
    return true;
}

void hmp_monitors_cleanup(void)
{
    for (unsigned i = 0; hmp_monitors && i < hmp_monitors->len; i++) {
        HmpMonitor *m = g_ptr_array_index(hmp_monitors, i);

        chr_fe_write_all(&m->chr, (const uint8_t *)m->out->str, m->out->len);
        start_afresh(m);
        chr_fe_deinit(&m->chr);
        g_string_free(m->line, TRUE);
        g_string_free(m->out, TRUE);
        hmp_session_clear(&m->session);
        g_free(m);
    }
    g_clear_pointer(&hmp_monitors, g_ptr_array_unref);
}
