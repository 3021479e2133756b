/*
 * Line editing by libedit.
 *
 * libedit wants a terminal and reads it. It gets a pseudo terminal of its own, of which only
 * the window size is used: keys come from line_editor_key(), which lets it execute what is
 * complete (its unbuffered mode), and output goes to a stream of ours. A sequence of bytes
 * that is not complete is kept and offered again, from its start, with the next byte; those
 * of cursor keys become the control characters that do the same, unknown ones nothing.
 * Commands of libedit that read further keys themselves cannot work so, and have no key.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/line-editor.h"

enum { DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24, MAX_COLUMNS = 1000 };

void line_editor_columns(GPtrArray *words, unsigned columns, GString *out)
{
    unsigned width = 0, per_row, rows;

    for (unsigned i = 0; i < words->len; i++) {
        width = MAX(width, strlen(words->pdata[i]) + 2);
    }
    per_row = MAX((columns ? columns : DEFAULT_COLUMNS) / MAX(width, 1), 1);
    rows = DIV_ROUND_UP(words->len, per_row);
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned i = row; i < words->len; i += rows) {
            bool last = i + rows >= words->len;

            g_string_append_printf(out, "%-*s", last ? 0 : (int)width,
                                   (const char *)words->pdata[i]);
        }
        g_string_append_c(out, '\n');
    }
}

#if CONFIG_LIBEDIT

#include <errno.h>
#include <fcntl.h>
#include <gmodule.h>
#include <histedit.h>
#include <locale.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MAX_SEQUENCE = 16, HISTORY_SIZE = 500, MAX_LINE = 4096, KEY_ESCAPE = 27 };

typedef struct Library {
    __typeof__(&el_init_fd) init_fd;
    __typeof__(&el_end) end;
    __typeof__(&el_gets) gets;
    __typeof__(&el_set) set;
    __typeof__(&el_get) get;
    __typeof__(&el_line) line;
    __typeof__(&el_insertstr) insertstr;
    __typeof__(&el_resize) resize;
    __typeof__(&history_init) history_init;
    __typeof__(&history_end) history_end;
    __typeof__(&history) history;
    locale_t locale;      /* characters are UTF-8, whatever the process's locale is */
} Library;

struct LineEditor {
    const Library *lib;
    const LineEditorOps *ops;
    void *opaque;
    const char *prompt;
    EditLine *el;
    History *history;
    FILE *out, *errors;
    int master, slave;    /* the pseudo terminal */
    unsigned columns;
    bool muted;           /* libedit's output is dropped */
    uint8_t keys[MAX_SEQUENCE];
    unsigned n_keys;
    unsigned next_key;
    bool starved;         /* libedit asked for more than keys[] has */
};

static gpointer library_load(gpointer data)
{
    GModule *m = g_module_open("libedit.so.2", G_MODULE_BIND_LAZY);
    g_autofree Library *l = g_new0(Library, 1);

    if (m && g_module_symbol(m, "el_init_fd", (gpointer *)&l->init_fd) &&
        g_module_symbol(m, "el_end", (gpointer *)&l->end) &&
        g_module_symbol(m, "el_gets", (gpointer *)&l->gets) &&
        g_module_symbol(m, "el_set", (gpointer *)&l->set) &&
        g_module_symbol(m, "el_get", (gpointer *)&l->get) &&
        g_module_symbol(m, "el_line", (gpointer *)&l->line) &&
        g_module_symbol(m, "el_insertstr", (gpointer *)&l->insertstr) &&
        g_module_symbol(m, "el_resize", (gpointer *)&l->resize) &&
        g_module_symbol(m, "history_init", (gpointer *)&l->history_init) &&
        g_module_symbol(m, "history_end", (gpointer *)&l->history_end) &&
        g_module_symbol(m, "history", (gpointer *)&l->history)) {
        g_module_make_resident(m);
        l->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        return g_steal_pointer(&l);
    }
    if (m) {
        g_module_close(m);
    }
    return NULL;
}

/* libedit reads the thread's locale at every call. Returns what to set afterwards. */
static locale_t enter(const LineEditor *e)
{
    return uselocale(e->lib->locale);
}

static void leave(locale_t before)
{
    uselocale(before);
}

static LineEditor *editor_of(EditLine *el, const Library *lib)
{
    void *data = NULL;

    lib->get(el, EL_CLIENTDATA, &data);
    return data;
}

static const Library *library(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, library_load, NULL);
}

/* ---- What libedit calls ---- */

static ssize_t write_output(void *cookie, const char *buf, size_t size)
{
    LineEditor *e = cookie;
    g_autoptr(GString) wire = g_string_sized_new(size);

    if (e->muted) {
        return size;
    }
    for (size_t i = 0; i < size; i++) {
        if (buf[i] == '\n') {
            g_string_append_c(wire, '\r');
        }
        g_string_append_c(wire, buf[i]);
    }
    e->ops->output(e->opaque, wire->str, wire->len);
    return size;
}

static ssize_t drop_output(void *cookie, const char *buf, size_t size)
{
    return size;
}

static char *prompt(EditLine *el)
{
    return (char *)editor_of(el, library())->prompt;
}

/* The next character of keys[]: 1, or 0 at their end. */
static int read_key(EditLine *el, wchar_t *ret)
{
    LineEditor *e = editor_of(el, library());
    const char *p = (const char *)e->keys + e->next_key;
    unsigned left = e->n_keys - e->next_key;
    gunichar c = left ? g_utf8_get_char_validated(p, left) : (gunichar)-2;

    if (c == (gunichar)-2) {
        e->starved = true;
        return 0;
    }
    if (c == (gunichar)-1) {
        *ret = '?';
        e->next_key++;
    } else {
        *ret = c == '\r' ? '\n' : c;
        e->next_key += g_utf8_next_char(p) - p;
    }
    return 1;
}

static unsigned common_prefix(GPtrArray *words)
{
    const char *first = words->pdata[0];
    unsigned n = strlen(first);

    for (unsigned i = 1; i < words->len; i++) {
        const char *w = words->pdata[i];
        unsigned k = 0;

        while (k < n && w[k] == first[k]) {
            k++;
        }
        n = k;
    }
    return n;
}

static unsigned char complete(EditLine *el, int key)
{
    LineEditor *e = editor_of(el, library());
    const LineInfo *line = e->lib->line(el);
    g_autofree char *text = g_strndup(line->buffer, line->cursor - line->buffer);
    size_t start = strlen(text);
    bool blank = true;
    g_autoptr(GPtrArray) words = e->ops->complete(e->opaque, text, &start, &blank);
    g_autofree char *more = NULL;
    const char *first;
    unsigned n;

    if (!words || !words->len) {
        return CC_REFRESH_BEEP;
    }
    first = words->pdata[0];
    n = common_prefix(words);
    if (n > strlen(text) - start) {
        more = g_strndup(first + strlen(text) - start, n - (strlen(text) - start));
        e->lib->insertstr(el, more);
    }
    if (words->len == 1) {
        if (blank && n && first[n - 1] != '/') {
            e->lib->insertstr(el, " ");
        }
        return CC_REFRESH;
    } else {
        g_autoptr(GString) list = g_string_new("\n");

        line_editor_columns(words, e->columns, list);
        fputs(list->str, e->out);
        return CC_REDISPLAY;
    }
}

/* ---- Life cycle ---- */

/* On top of libedit's own map for Emacs' keys. */
static void bind_keys(const LineEditor *e)
{
    static const struct {
        const char *key, *command;
    } keys[] = {
        { "\t", "rhea-complete" },
        { "\004", "ed-delete-next-char" },          /* not the end of input */
        { "\022", "ed-search-prev-history" },
        { "\025", "vi-kill-line-prev" },
        { "\027", "ed-delete-prev-word" },
        { "\026", "ed-unassigned" },                /* quoting and sequences read */
        { "\030", "ed-unassigned" },                /* further keys */
    };

    e->lib->set(e->el, EL_ADDFN, "rhea-complete", "complete a word", complete);
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        e->lib->set(e->el, EL_BIND, keys[i].key, keys[i].command, NULL);
    }
}

static bool open_terminal(LineEditor *e)
{
    if (openpty(&e->master, &e->slave, NULL, NULL, NULL) < 0) {
        e->master = e->slave = -1;
        return false;
    }
    fcntl(e->master, F_SETFD, FD_CLOEXEC);
    fcntl(e->slave, F_SETFD, FD_CLOEXEC);
    return true;
}

LineEditor *line_editor_new(const char *type, const char *prompt_text,
                            const LineEditorOps *ops, void *opaque)
{
    const Library *lib = library();
    LineEditor *e;
    HistEvent event;
    locale_t before;

    if (!lib) {
        return NULL;
    }
    e = g_new0(LineEditor, 1);
    *e = (LineEditor){ .lib = lib, .ops = ops, .opaque = opaque, .prompt = prompt_text };
    e->out = fopencookie(e, "w", (cookie_io_functions_t){ .write = write_output });
    e->errors = fopencookie(e, "w", (cookie_io_functions_t){ .write = drop_output });
    if (!open_terminal(e)) {
        line_editor_free(e);
        return NULL;
    }
    before = enter(e);
    e->muted = true;
    e->el = lib->init_fd("rhea", e->out, e->out, e->errors, e->slave, e->slave, e->slave);
    e->history = lib->history_init();
    if (e->el && e->history) {
        lib->set(e->el, EL_CLIENTDATA, e);
        lib->set(e->el, EL_SIGNAL, 0);
        lib->set(e->el, EL_GETCFN, read_key);
        lib->set(e->el, EL_PROMPT, prompt);
        lib->set(e->el, EL_EDITOR, "emacs");
        if (type) {
            lib->set(e->el, EL_TERMINAL, type);
        }
        lib->history(e->history, &event, H_SETSIZE, HISTORY_SIZE);
        lib->history(e->history, &event, H_SETUNIQUE, 1);
        lib->set(e->el, EL_HIST, lib->history, e->history);
        bind_keys(e);
    }
    e->muted = false;
    leave(before);
    if (!e->el || !e->history) {
        line_editor_free(e);
        return NULL;
    }
    return e;
}

void line_editor_free(LineEditor *e)
{
    if (!e) {
        return;
    }
    e->muted = true;
    if (e->el) {
        e->lib->end(e->el);
    }
    if (e->history) {
        e->lib->history_end(e->history);
    }
    fclose(e->out);
    fclose(e->errors);
    if (e->slave >= 0) {
        close(e->slave);
        close(e->master);
    }
    g_free(e);
}

void line_editor_remember(LineEditor *e, const char *line)
{
    HistEvent event;
    locale_t before = enter(e);

    e->lib->history(e->history, &event, H_ENTER, line);
    leave(before);
}

/* ---- Lines ---- */

/* Move to where the prompt begins: the text may take several rows. */
static void go_to_start(LineEditor *e, const char *text)
{
    unsigned rows = (strlen(e->prompt) + strlen(text)) / e->columns;
    g_autofree char *move = rows ? g_strdup_printf("\r\033[%uA", rows) : g_strdup("\r");

    e->ops->output(e->opaque, move, strlen(move));
}

void line_editor_begin(LineEditor *e, unsigned rows, unsigned columns, const char *text,
                       bool shown)
{
    struct winsize size = {
        .ws_row = rows ? MIN(rows, MAX_COLUMNS) : DEFAULT_ROWS,
        .ws_col = columns ? CLAMP(columns, 2, MAX_COLUMNS) : DEFAULT_COLUMNS,
    };
    locale_t before = enter(e);

    ioctl(e->master, TIOCSWINSZ, &size);
    e->columns = size.ws_col;
    e->n_keys = 0;
    /* This shows the prompt, before there is text. */
    e->muted = true;
    e->lib->set(e->el, EL_UNBUFFERED, 1);
    fflush(e->out);
    e->muted = false;
    if (*text) {
        e->lib->insertstr(e->el, text);
    }
    if (shown) {
        go_to_start(e, text);
    }
    e->lib->set(e->el, EL_REFRESH);
    fflush(e->out);
    leave(before);
}

void line_editor_refresh(LineEditor *e)
{
    locale_t before = enter(e);

    e->lib->set(e->el, EL_REFRESH);
    fflush(e->out);
    leave(before);
}

/* Let libedit take one key of keys[]; the line if that finishes it. */
static char *take_key(LineEditor *e)
{
    const char *line;
    char *done = NULL;
    int n = 0;

    e->next_key = 0;
    e->starved = false;
    line = e->lib->gets(e->el, &n);
    if (e->starved && e->n_keys < MAX_SEQUENCE) {
        return NULL;
    }
    if (e->starved || !e->next_key) {
        e->next_key = e->n_keys;
    }
    e->n_keys -= e->next_key;
    memmove(e->keys, e->keys + e->next_key, e->n_keys);
    if (line && n > 0 && line[n - 1] == '\n') {
        done = g_strndup(line, n - 1);
        e->lib->set(e->el, EL_UNBUFFERED, 0);
        fflush(e->out);
    }
    return done;
}

/* keys[] begins with an escape: whether all of its sequence is there. Terminals send for
 * cursor and function keys CSI or SS3, parameters and one final byte (ECMA-48). */
static bool sequence_complete(const LineEditor *e)
{
    uint8_t last = e->keys[e->n_keys - 1];

    if (e->n_keys < 2 || (e->keys[1] != '[' && e->keys[1] != 'O')) {
        return e->n_keys == 2;
    }
    return e->n_keys > 2 && last >= 0x40 && last < 0x7f;
}

/* Replace the sequence by a key that libedit knows, or nothing: what it does not know it
 * would take for the beginning of something. */
static void map_sequence(LineEditor *e)
{
    static const char meta[] = "bcdfluwnpBCDFLUWNP\b\177";
    static const struct {
        const char *sequence, *key; /* behind CSI or SS3 */
    } map[] = {
        { "A", "\020" }, { "B", "\016" }, { "C", "\006" }, { "D", "\002" },
        { "H", "\001" }, { "1~", "\001" }, { "7~", "\001" },
        { "F", "\005" }, { "4~", "\005" }, { "8~", "\005" },
        { "3~", "\004" }, { "1;5D", "\033b" }, { "1;5C", "\033f" },
    };
    g_autofree char *sequence = g_strndup((const char *)e->keys + 2, e->n_keys - 2);

    if (e->n_keys == 2 && e->keys[1] && strchr(meta, e->keys[1])) {
        return;
    }
    e->n_keys = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(map); i++) {
        if (g_str_equal(map[i].sequence, sequence)) {
            e->n_keys = strlen(map[i].key);
            memcpy(e->keys, map[i].key, e->n_keys);
        }
    }
}

/* Let libedit have what is complete of keys[]. */
static char *take_keys(LineEditor *e)
{
    char *done = NULL;

    if (e->keys[0] == KEY_ESCAPE) {
        if (!sequence_complete(e)) {
            e->n_keys %= MAX_SEQUENCE; /* too long for any: forget it */
            return NULL;
        }
        map_sequence(e);
    }
    while (!done && e->n_keys) {
        done = take_key(e);
        if (e->starved) {
            break;
        }
    }
    return done;
}

char *line_editor_key(LineEditor *e, uint8_t byte)
{
    locale_t before = enter(e);
    const LineInfo *line = e->lib->line(e->el);
    bool full = line->lastchar - line->buffer >= MAX_LINE;
    char *done = NULL;

    if (!full || byte < ' ' || byte == 127 || e->n_keys) {
        e->keys[e->n_keys++] = byte;
        done = take_keys(e);
        fflush(e->out);
    }
    leave(before);
    return done;
}

#else

LineEditor *line_editor_new(const char *type, const char *prompt_text,
                            const LineEditorOps *ops, void *opaque)
{
    return NULL;
}

void line_editor_free(LineEditor *e)
{
}

void line_editor_remember(LineEditor *e, const char *line)
{
}

void line_editor_begin(LineEditor *e, unsigned rows, unsigned columns, const char *text,
                       bool shown)
{
}

void line_editor_refresh(LineEditor *e)
{
}

char *line_editor_key(LineEditor *e, uint8_t byte)
{
    return NULL;
}

#endif
