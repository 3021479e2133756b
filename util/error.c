/*
 * The extended GError domain (util/error.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/error.h"

typedef struct RheaErrorPrivate {
    ErrorClass klass;
    char *culprit;
    char *expected;
    char *nearest;
    char *hint;
} RheaErrorPrivate;

typedef GError RheaError;

static void rhea_error_private_init(RheaErrorPrivate *p)
{
    memset(p, 0, sizeof(*p));
}

static void rhea_error_private_copy(const RheaErrorPrivate *src, RheaErrorPrivate *dst)
{
    dst->klass = src->klass;
    dst->culprit = g_strdup(src->culprit);
    dst->expected = g_strdup(src->expected);
    dst->nearest = g_strdup(src->nearest);
    dst->hint = g_strdup(src->hint);
}

static void rhea_error_private_clear(RheaErrorPrivate *p)
{
    g_free(p->culprit);
    g_free(p->expected);
    g_free(p->nearest);
    g_free(p->hint);
}

G_DEFINE_EXTENDED_ERROR(RheaError, rhea_error)

static const char *program_name = "rhea";
static const char *message_guest; /* -msg guest-name: stands before messages, or NULL */
static bool message_times;        /* -msg timestamp */

static RheaErrorPrivate *priv_of(GError **err)
{
    if (!err || !*err || (*err)->domain != RHEA_ERROR) {
        return NULL;
    }
    return rhea_error_get_private(*err);
}

static void set_va(GError **err, ErrorClass klass, const char *fmt, va_list ap)
{
    if (err) {
        g_assert(*err == NULL);
        *err = g_error_new_valist(RHEA_ERROR, klass, fmt, ap);
        rhea_error_get_private(*err)->klass = klass;
    }
}

bool error_set(GError **err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set_va(err, ERROR_GENERIC, fmt, ap);
    va_end(ap);
    return false;
}

bool error_set_class(GError **err, ErrorClass klass, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set_va(err, klass, fmt, ap);
    va_end(ap);
    return false;
}

bool error_set_errno(GError **err, int errnum, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return error_set(err, "%s: %s", text, g_strerror(errnum));
}

static void replace(char **field, const char *fmt, va_list ap)
{
    g_free(*field);
    *field = g_strdup_vprintf(fmt, ap);
}

void error_set_culprit(GError **err, const char *kind, const char *name)
{
    RheaErrorPrivate *p = priv_of(err);

    if (p) {
        g_free(p->culprit);
        p->culprit = g_strdup_printf("%s '%s'", kind, name);
    }
}

void error_set_expected(GError **err, const char *fmt, ...)
{
    RheaErrorPrivate *p = priv_of(err);
    va_list ap;

    if (p) {
        va_start(ap, fmt);
        replace(&p->expected, fmt, ap);
        va_end(ap);
    }
}

void error_add_hint(GError **err, const char *fmt, ...)
{
    RheaErrorPrivate *p = priv_of(err);
    va_list ap;

    if (p) {
        g_autofree char *old = g_steal_pointer(&p->hint);
        g_autofree char *text = NULL;

        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        p->hint = old ? g_strdup_printf("%s; %s", old, text) : g_strdup(text);
    }
}

bool error_prefix(GError **err, const char *fmt, ...)
{
    if (err && *err) {
        g_autofree char *text = NULL;
        char *old = (*err)->message;
        va_list ap;

        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        (*err)->message = g_strdup_printf("%s: %s", text, old);
        g_free(old);
    }
    return false;
}

/* Edit distance with transpositions of neighbours, letter case ignored. */
static unsigned edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    g_autofree unsigned *rows = g_new(unsigned, 3 * (m + 1));
    unsigned *prev2 = rows, *prev = rows + m + 1, *cur = rows + 2 * (m + 1);

    for (size_t j = 0; j <= m; j++) {
        prev[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        unsigned *spare;

        cur[0] = i;
        for (size_t j = 1; j <= m; j++) {
            char ca = g_ascii_tolower(a[i - 1]), cb = g_ascii_tolower(b[j - 1]);
            unsigned best = prev[j - 1] + (ca != cb);

            best = MIN(best, prev[j] + 1);
            best = MIN(best, cur[j - 1] + 1);
            if (i > 1 && j > 1 && ca == g_ascii_tolower(b[j - 2]) &&
                g_ascii_tolower(a[i - 2]) == cb) {
                best = MIN(best, prev2[j - 2] + 1);
            }
            cur[j] = best;
        }
        spare = prev2;
        prev2 = prev;
        prev = cur;
        cur = spare;
    }
    return prev[m];
}

char **error_nearest(const char *given, const char *const *candidates)
{
    enum { MAX_NEAREST = 3, MAX_NAME = 64 };
    const char *best[MAX_NEAREST];
    unsigned dist[MAX_NEAREST];
    unsigned n = 0;
    size_t len = strlen(given);
    /* One or two letters are near everything: only the letter case may differ. */
    unsigned limit = MIN(len, 12) / 3;
    char **ret;

    if (!candidates || len == 0 || len > MAX_NAME) {
        return NULL;
    }
    for (; *candidates; candidates++) {
        unsigned d, i;

        if (strlen(*candidates) > MAX_NAME) {
            continue;
        }
        d = edit_distance(given, *candidates);
        if (len >= 3 && g_str_has_prefix(*candidates, given)) {
            d = MIN(d, 1);
        }
        if (d > limit) {
            continue;
        }
        for (i = n; i > 0 && dist[i - 1] > d; i--) {
            if (i < MAX_NEAREST) {
                best[i] = best[i - 1];
                dist[i] = dist[i - 1];
            }
        }
        if (i < MAX_NEAREST) {
            best[i] = *candidates;
            dist[i] = d;
            n = MIN(n + 1, MAX_NEAREST);
        }
    }
    if (n == 0) {
        return NULL;
    }
    ret = g_new0(char *, n + 1);
    for (unsigned i = 0; i < n; i++) {
        ret[i] = g_strdup(best[i]);
    }
    return ret;
}

void error_set_nearest(GError **err, const char *given, const char *const *candidates)
{
    RheaErrorPrivate *p = priv_of(err);
    g_auto(GStrv) nearest = p ? error_nearest(given, candidates) : NULL;

    if (nearest) {
        g_free(p->nearest);
        p->nearest = g_strjoinv(", ", nearest);
    }
}

bool error_set_unknown(GError **err, const char *kind, const char *given,
                       const char *const *candidates)
{
    error_set(err, "unknown %s '%s'", kind, given);
    error_set_culprit(err, kind, given);
    error_set_nearest(err, given, candidates);
    return false;
}

static const RheaErrorPrivate *const_priv_of(const GError *err)
{
    if (!err || err->domain != RHEA_ERROR) {
        return NULL;
    }
    return rhea_error_get_private(err);
}

ErrorClass error_get_class(const GError *err)
{
    const RheaErrorPrivate *p = const_priv_of(err);

    return p ? p->klass : ERROR_GENERIC;
}

const char *error_get_culprit(const GError *err)
{
    const RheaErrorPrivate *p = const_priv_of(err);

    return p ? p->culprit : NULL;
}

const char *error_get_expected(const GError *err)
{
    const RheaErrorPrivate *p = const_priv_of(err);

    return p ? p->expected : NULL;
}

const char *error_get_nearest(const GError *err)
{
    const RheaErrorPrivate *p = const_priv_of(err);

    return p ? p->nearest : NULL;
}

const char *error_get_hint(const GError *err)
{
    const RheaErrorPrivate *p = const_priv_of(err);

    return p ? p->hint : NULL;
}

const char *error_class_name(ErrorClass klass)
{
    static const char *const names[] = {
        [ERROR_GENERIC] = "GenericError",
        [ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [ERROR_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [ERROR_KVM_MISSING_CAP] = "KVMMissingCap",
    };

    return names[klass];
}

void error_set_program(const char *name)
{
    program_name = name;
}

void error_set_message_form(bool timestamps, const char *guest)
{
    message_times = timestamps;
    message_guest = guest;
}

/* What stands before a message. */
static GString *message_new(void)
{
    GString *s = g_string_new(NULL);

    if (message_times) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *text = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");

        g_string_append_printf(s, "%s.%06dZ ", text, g_date_time_get_microsecond(now));
    }
    if (message_guest) {
        g_string_append_printf(s, "%s ", message_guest);
    }
    g_string_append_printf(s, "%s: ", program_name);
    return s;
}

/* Takes @s. */
static void message_print(GString *s)
{
    fprintf(stderr, "%s\n", s->str);
    g_string_free(s, TRUE);
}

char *error_full_text(const GError *err)
{
    GString *out = g_string_new(err->message);

    if (error_get_expected(err)) {
        g_string_append_printf(out, " (expected %s)", error_get_expected(err));
    }
    if (error_get_nearest(err)) {
        g_string_append_printf(out, "; did you mean: %s?", error_get_nearest(err));
    }
    if (error_get_hint(err)) {
        g_string_append_printf(out, "; %s", error_get_hint(err));
    }
    return g_string_free(out, FALSE);
}

void error_report(const GError *err)
{
    g_autofree char *text = error_full_text(err);
    GString *s = message_new();

    g_string_append(s, text);
    message_print(s);
}

void error_report_and_free(GError *err)
{
    error_report(err);
    g_error_free(err);
}

void error_printf(const char *fmt, ...)
{
    GString *s = message_new();
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(s, fmt, ap);
    va_end(ap);
    message_print(s);
}

void warn_report(const char *fmt, ...)
{
    GString *s = message_new();
    va_list ap;

    g_string_append(s, "warning: ");
    va_start(ap, fmt);
    g_string_append_vprintf(s, fmt, ap);
    va_end(ap);
    message_print(s);
}
