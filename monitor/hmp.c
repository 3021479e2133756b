/*
 * The interactive monitor: a prompt, lines with simple editing, their execution.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-internal.h"
#include "monitor/monitor.h"
#include "monitor/qmp-internal.h"
#include "softmmu/runstate.h"

enum { MAX_LINE = 4096, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_EOF = 4, KEY_DELETE = 127 };
#define PROMPT "(rhea) "

typedef struct HmpMonitor {
    CharFrontend chr;
    HmpSession session;
    GString *line;
    bool banner_shown, prompt_shown;
    bool skip_newline; /* the LF of CR LF */
    bool in_escape;    /* inside a terminal's escape sequence */
} HmpMonitor;

static GPtrArray *hmp_monitors;

static void print(HmpMonitor *m, const char *text)
{
    GString *wire = g_string_new(NULL);

    for (const char *p = text; *p; p++) {
        if (*p == '\n') {
            g_string_append_c(wire, '\r');
        }
        g_string_append_c(wire, *p);
    }
    chr_fe_write_all(&m->chr, (const uint8_t *)wire->str, wire->len);
    g_string_free(wire, TRUE);
}

static void show_prompt(HmpMonitor *m)
{
    if (!m->banner_shown) {
        print(m, "Rhea " RHEA_VERSION " monitor - type 'help' for more information\n");
        m->banner_shown = true;
    }
    print(m, PROMPT);
    m->prompt_shown = true;
}

static void line_done(HmpMonitor *m)
{
    GString *out = g_string_new(NULL);

    print(m, "\n");
    hmp_execute(&m->session, m->line->str, out);
    print(m, out->str);
    g_string_free(out, TRUE);
    g_string_truncate(m->line, 0);
    if (!run_state_ended()) {
        show_prompt(m);
    }
}

static void key(HmpMonitor *m, uint8_t c)
{
    bool lf_of_crlf = m->skip_newline && c == '\n';

    m->skip_newline = c == '\r';
    if (lf_of_crlf) {
        return;
    }
    if (m->in_escape) {
        m->in_escape = !(g_ascii_isalpha(c) || c == '~');
        return;
    }
    switch (c) {
    case '\r': case '\n':
        line_done(m);
        break;
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
    case 27:
        m->in_escape = true;
        break;
    default:
        if (c >= ' ' && m->line->len < MAX_LINE) {
            char text[2] = { c, 0 };

            g_string_append_c(m->line, c);
            print(m, text);
        }
    }
}

static int hmp_can_receive(void *opaque)
{
    return MAX_LINE;
}

static void hmp_receive(void *opaque, const uint8_t *buf, int size)
{
    HmpMonitor *m = opaque;

    for (int i = 0; i < size; i++) {
        key(m, buf[i]);
    }
}

static void hmp_event(void *opaque, CharEvent event)
{
    HmpMonitor *m = opaque;

    switch (event) {
    case CHAR_EVENT_OPENED:
        /* Behind a mux the prompt waits until the monitor has the focus. */
        if (!chardev_is_mux(m->chr.chr)) {
            m->banner_shown = false;
            show_prompt(m);
        }
        break;
    case CHAR_EVENT_MUX_IN:
        print(m, "\n");
        show_prompt(m);
        break;
    case CHAR_EVENT_MUX_OUT:
        print(m, "\n");
        break;
    case CHAR_EVENT_CLOSED:
        g_string_truncate(m->line, 0);
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

        chr_fe_deinit(&m->chr);
        g_string_free(m->line, TRUE);
        g_free(m);
    }
    g_clear_pointer(&hmp_monitors, g_ptr_array_unref);
}
