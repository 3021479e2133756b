/*
 * Small conversions of text, and files as bytes (util/cutils.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/cutils.h"
#include <fcntl.h>
#include <sys/stat.h>

bool parse_uint(const char *text, uint64_t max, uint64_t *ret)
{
    guint base = 10;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        base = 16;
    }
    return g_ascii_isxdigit(*text) &&
           g_ascii_string_to_unsigned(text, base, 0, max, ret, NULL);
}

bool parse_size(const char *text, uint64_t unit, uint64_t *ret)
{
    static const char suffixes[] = "BKMGTPE";
    size_t digits = strspn(text, "0123456789.");
    g_autofree char *number = g_strndup(text, digits);
    const char *rest = text + digits;
    uint64_t whole;
    double bytes;
    char *end;

    if (parse_uint(text, UINT64_MAX / unit, &whole)) {
        *ret = whole * unit;
        return true;
    }
    if (!g_ascii_isdigit(*number)) {
        return false;
    }
    if (*rest) {
        const char *at = strchr(suffixes, g_ascii_toupper(*rest));

        if (!at || rest[1]) {
            return false;
        }
        unit = UINT64_C(1) << (at - suffixes) * 10;
    }
    if (!strchr(number, '.')) {
        if (!parse_uint(number, UINT64_MAX / unit, &whole)) {
            return false;
        }
        *ret = whole * unit;
        return true;
    }
    bytes = g_ascii_strtod(number, &end) * (double)unit;
    if (*end || unit == 1 || bytes >= 0x1p64) {
        return false;
    }
    *ret = bytes;
    return true;
}

char *format_size(uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    unsigned u = 0;
    double value = bytes;

    while (value >= 1024 && u + 1 < ARRAY_SIZE(units)) {
        value /= 1024;
        u++;
    }
    return g_strdup_printf("%.3g %s", value, units[u]);
}

GMappedFile *map_file(const char *path, GError **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autoptr(GError) cause = NULL;
    GMappedFile *file = NULL;
    struct stat st;

    if (fd < 0) {
        error_set_errno(err, errno, "cannot open '%s'", path);
        error_set_culprit(err, "file", path);
        return NULL;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        file = g_mapped_file_new_from_fd(fd, FALSE, &cause);
        if (!file) {
            error_set(err, "cannot read '%s': %s", path, cause->message);
        }
    } else {
        error_set(err, "'%s' is not a regular file", path);
    }
    error_set_culprit(err, "file", path);
    close(fd);
    return file;
}

bool read_file(const char *path, char **ret, gsize *ret_size, GError **err)
{
    g_autoptr(GError) cause = NULL;
    const char *reason;

    if (g_file_get_contents(path, ret, ret_size, &cause)) {
        return true;
    }
    /* glib's text names the file in its own way; the reason is what stands last. */
    reason = strrchr(cause->message, ':');
    error_set(err, "cannot read '%s': %s", path, reason && reason[1] == ' ' ? reason + 2
                                                               : cause->message);
    error_set_culprit(err, "file", path);
    return false;
}
