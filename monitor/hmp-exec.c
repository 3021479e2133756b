/*
 * One HMP line: find the command in the generated table, turn words into the arguments of
 * its QMP command, run that, print what it returns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/expr.h"
#include "monitor/hmp-format.h"
#include "monitor/hmp-internal.h"
#include "monitor/monitor.h"
#include "monitor/trace.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "qapi/qapi-hmp.h"
#include "util/cutils.h"

static const char *skip_blanks(const char *p)
{
    while (g_ascii_isspace(*p)) {
        p++;
    }
    return p;
}

/* If the line begins with the command's words, what follows them; @slash: that may be a
 * slash. */
static const char *match_words(const char *line, const char *words, bool slash)
{
    for (;;) {
        size_t n = strcspn(words, " ");

        line = skip_blanks(line);
        if (strncmp(line, words, n) != 0 || (line[n] && !g_ascii_isspace(line[n]) &&
                                             !(slash && !words[n] && line[n] == '/'))) {
            return NULL;
        }
        line += n;
        words += n;
        if (!*words) {
            return line;
        }
        words++;
    }
}

const HmpCommand *hmp_find_command(const char *line, const QapiContext *ctx,
                                   const char **ret_rest)
{
    const HmpCommand *best = NULL;
    size_t best_len = 0;

    for (const HmpCommand *c = qapi_hmp_commands; c->words; c++) {
        const char *rest = match_words(line, c->words, c->args && c->args->flag == '/');

        if (rest && strlen(c->words) > best_len && qapi_condition(c->cond, ctx)) {
            best = c;
            best_len = strlen(c->words);
            *ret_rest = rest;
        }
    }
    return best;
}

/* The next word, or string in quotes; NULL at the end of the line. */
static char *next_word(const char **line)
{
    GString *w;
    const char *p = skip_blanks(*line);

    if (!*p) {
        *line = p;
        return NULL;
    }
    w = g_string_new(NULL);
    if (*p == '"') {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1]) {
                p++;
            }
            g_string_append_c(w, *p);
        }
        p += *p == '"';
    } else {
        for (; *p && !g_ascii_isspace(*p); p++) {
            g_string_append_c(w, *p);
        }
    }
    *line = p;
    return g_string_free(w, FALSE);
}

/* An integer is an expression, which may have blanks. */
static bool add_integer(struct json_object *args, const HmpArg *a, const char **line,
                        GError **err)
{
    GError *cause = NULL;
    uint64_t value;

    if (!expr_evaluate(line, monitor_register, NULL, &value, &cause)) {
        g_propagate_prefixed_error(err, cause, "argument '%s': ", a->name);
        return false;
    }
    json_object_object_add(args, a->name, a->kind == HMP_ARG_UINT
                                              ? json_object_new_uint64(value)
                                              : json_object_new_int64(value));
    return true;
}

static bool add_arg(struct json_object *args, const HmpArg *a, const char *text, bool json,
                    GError **err)
{
    struct json_object *v = NULL;
    gchar *end = NULL;

    switch (a->kind) {
    case HMP_ARG_STR:
        v = json_object_new_string(text);
        break;
    case HMP_ARG_INT:
    case HMP_ARG_UINT:
        g_assert_not_reached(); /* add_integer() */
    case HMP_ARG_NUMBER:
        v = json_object_new_double(g_ascii_strtod(text, &end));
        break;
    case HMP_ARG_SIZE: {
        uint64_t size;

        if (!parse_size(text, 0, &size)) {
            error_set(err, "argument '%s' is '%s'", a->name, text);
            error_set_expected(err, "a size such as 64M");
            return false;
        }
        v = json_object_new_uint64(size);
        break;
    }
    case HMP_ARG_BOOL:
        if (!g_str_equal(text, "on") && !g_str_equal(text, "off")) {
            error_set(err, "argument '%s' is '%s'", a->name, text);
            error_set_expected(err, "on or off");
            return false;
        }
        v = json_object_new_boolean(g_str_equal(text, "on"));
        break;
    case HMP_ARG_ANY:
        if (!json_parse_value(text, &v, json ? err : NULL)) {
            if (json) {
                return false;
            }
            v = json_object_new_string(text);
        }
        break;
    case HMP_ARG_PROPS:
        v = keyval_parse(text, NULL, NULL, err);
        if (!v) {
            return false;
        }
        break;
    }
    if (end && (end == text || *end)) {
        json_object_put(v);
        error_set(err, "argument '%s' is '%s'", a->name, text);
        error_set_expected(err, "a number");
        return false;
    }
    json_object_object_add(args, a->name, v);
    return true;
}

/* Whether the command has a value of any type, which -j says is JSON. */
static bool takes_json(const HmpCommand *c)
{
    const HmpArg *a = c->args;

    while (a && a->name && a->kind != HMP_ARG_ANY) {
        a++;
    }
    return a && a->name;
}

/* A word that begins with a dash sets flags of the command. */
static bool take_flags(const HmpCommand *c, struct json_object *args, const char *word,
                       bool *json, GError **err)
{
    for (const char *p = word + 1; *p; p++) {
        const HmpArg *a = c->args;

        if (*p == 'j' && takes_json(c)) {
            *json = true;
            continue;
        }
        while (a && a->name && a->flag != *p) {
            a++;
        }
        if (!a || !a->name) {
            return error_set(err, "%s: unknown flag '-%c'", c->words, *p);
        }
        json_object_object_add(args, a->name, json_object_new_boolean(true));
    }
    return true;
}

static bool is_flags(const HmpCommand *c, const char *line)
{
    const char *p = skip_blanks(line);

    if (p[0] == '-' && p[1] == 'j' && takes_json(c)) {
        return true;
    }
    for (const HmpArg *a = c->args; a && a->name; a++) {
        if (a->flag && a->flag != '/' && p[0] == '-' && p[1] == a->flag) {
            return true;
        }
    }
    return false;
}

/* The next positional argument, or that behind the slash: false on errors; *ret_end: the
 * line ends before it. */
static bool parse_arg(const HmpArg *a, const char **line, struct json_object *args,
                      bool json, bool *ret_end, GError **err)
{
    g_autofree char *word = NULL;

    *line = skip_blanks(*line);
    *ret_end = !**line;
    if (*ret_end) {
        return true;
    }
    if (a->kind == HMP_ARG_INT || a->kind == HMP_ARG_UINT) {
        return add_integer(args, a, line, err);
    }
    if (a->rest) {
        word = g_strchomp(g_strdup(*line));
        *line += strlen(*line);
    } else {
        word = next_word(line);
    }
    return add_arg(args, a, word, json, err);
}

static bool parse_args(const HmpCommand *c, const char *line, struct json_object *args,
                       GError **err)
{
    bool json = false;

    while (is_flags(c, line)) {
        g_autofree char *word = next_word(&line);

        if (!take_flags(c, args, word, &json, err)) {
            return false;
        }
    }
    for (const HmpArg *a = c->args; a && a->name; a++) {
        bool end;

        if (a->flag == '/') {
            line = skip_blanks(line);
            if (*line == '/') {
                g_autofree char *word = (line++, next_word(&line));

                json_object_object_add(args, a->name, json_object_new_string(word ? word : ""));
            }
        }
        if (a->flag) {
            continue;
        }
        if (!parse_arg(a, &line, args, json, &end, err)) {
            return false;
        }
        if (end && a->optional) {
            break;
        }
        if (end) {
            error_set(err, "%s: argument '%s' is missing", c->words, a->name);
            error_set_expected(err, "%s", c->usage);
            return false;
        }
    }
    line = skip_blanks(line);
    if (*line) {
        error_set(err, "%s: surplus argument '%s'", c->words, line);
        error_set_expected(err, "%s", c->usage);
        return false;
    }
    return true;
}

static bool run_command(const HmpCommand *c, const char *rest, QmpDispatch *d, GString *out,
                        GError **err)
{
    g_autoptr(json_object) args = json_object_new_object();
    g_autoptr(json_object) value = NULL;
    const QmpCommand *cmd;

    if (!parse_args(c, rest, args, err)) {
        return false;
    }
    cmd = qmp_find_command(d, c->command, err);
    if (!cmd) {
        return false;
    }
    if (d->preconfig && !(cmd->flags & QMP_COMMAND_PRECONFIG)) {
        return error_set(err, "%s needs a machine", c->words);
    }
    if (!cmd->marshal(args, &value, err)) {
        return false;
    }
    hmp_format(c, value, out);
    return true;
}

static void print_help(const char *about, const QapiContext *ctx, GString *out)
{
    about = skip_blanks(about);
    for (const HmpCommand *c = qapi_hmp_commands; c->words; c++) {
        if (qapi_condition(c->cond, ctx) &&
            (!*about ? !g_str_has_prefix(c->words, "info ")
                     : g_str_has_prefix(c->words, about))) {
            g_string_append_printf(out, "%s -- %s\n", c->usage, c->help);
        }
    }
    if (!*about) {
        g_string_append(out, "help [command] -- Show this list, or the commands that begin "
                        "with a word.\ninfo [topic] -- Show information; without a topic, "
                        "the list of topics.\n");
    }
}

static void report(const GError *err, GString *out)
{
    g_autofree char *text = error_full_text(err);

    g_string_append_printf(out, "Error: %s\n", text);
}

static void report_unknown(const char *line, const QapiContext *ctx, GString *out)
{
    GPtrArray *names = g_ptr_array_new();
    g_autofree char *given = g_strchomp(g_strdup(skip_blanks(line)));
    g_autoptr(GError) err = NULL;

    for (const HmpCommand *c = qapi_hmp_commands; c->words; c++) {
        if (qapi_condition(c->cond, ctx)) {
            g_ptr_array_add(names, (char *)c->words);
        }
    }
    g_ptr_array_add(names, NULL);
    if (!g_str_has_prefix(given, "info ")) {
        given[strcspn(given, " \t")] = '\0';
    }
    error_set_unknown(&err, "command", given, (const char *const *)names->pdata);
    g_ptr_array_unref(names);
    report(err, out);
}

static void execute(const char *line, GString *out)
{
    g_autoptr(GError) err = NULL;
    const HmpCommand *c;
    const char *rest;
    QmpDispatch d;

    line = skip_blanks(line);
    if (!*line) {
        return;
    }
    monitor_dispatch_setup(&d);
    rest = match_words(line, "help", false);
    if (!rest) {
        rest = match_words(line, "?", false);
    }
    if (rest) {
        print_help(rest, d.ctx, out);
        return;
    }
    rest = match_words(line, "info", false);
    if (rest && !*skip_blanks(rest)) {
        print_help("info ", d.ctx, out);
        return;
    }
    c = hmp_find_command(line, d.ctx, &rest);
    if (!c) {
        report_unknown(line, d.ctx, out);
    } else if (!run_command(c, rest, &d, out, &err)) {
        report(err, out);
    }
}

void hmp_execute(HmpSession *s, const char *line, GString *out)
{
    trace_monitor_hmp_execute(line);
    HmpSession *outer = hmp_session_enter(s);

    execute(line, out);
    hmp_session_enter(outer);
}
