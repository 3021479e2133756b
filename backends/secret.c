/*
 * Secrets: passwords and keys that other objects name by id (-object secret).
 *
 * A secret can be set and used, never read back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/secret.h"
#include "util/fdset.h"
#include <fcntl.h>

enum { MAX_SECRET = 1024 * 1024 };

typedef enum SecretFormat { SECRET_RAW, SECRET_BASE64 } SecretFormat;
static const char *const format_names[] = { "raw", "base64", NULL };

typedef struct Secret {
    Object parent;
    char *data, *file; /* properties, as given */
    int format;        /* property */
    GBytes *bytes;     /* once the object is complete */
} Secret;

static bool read_file(const char *path, GByteArray *out, GError **err)
{
    int fd = fdset_open(path, O_RDONLY, 0);
    uint8_t buf[4096];
    ssize_t n = fd;

    while (n >= 0 && (n = read(fd, buf, sizeof(buf))) > 0 && out->len <= MAX_SECRET) {
        g_byte_array_append(out, buf, n);
    }
    if (n < 0) {
        error_set_errno(err, errno, "cannot read '%s'", path);
    } else if (out->len > MAX_SECRET) {
        error_set(err, "'%s' is larger than %d bytes", path, MAX_SECRET);
        n = -1;
    }
    if (fd >= 0) {
        close(fd);
    }
    return n >= 0;
}

/* Line ends and blanks may stand between the characters, nothing else. */
static bool decode_base64(GByteArray *data, GError **err)
{
    size_t len = 0, digits = 0;
    g_autofree uint8_t *bytes = NULL;

    g_byte_array_append(data, (const uint8_t *)"", 1);
    for (guint i = 0; i + 1 < data->len; i++) {
        char c = data->data[i];

        if (g_ascii_isspace(c)) {
            continue;
        }
        if (!g_ascii_isalnum(c) && (!c || !strchr("+/=", c))) {
            return error_set(err, "byte %u is no base64", i);
        }
        digits++;
    }
    if (digits % 4) {
        return error_set(err, "%zu characters of base64 are no whole number of bytes", digits);
    }
    bytes = g_base64_decode((const char *)data->data, &len);
    g_byte_array_set_size(data, 0);
    g_byte_array_append(data, bytes, len);
    return true;
}

static bool secret_complete(Object *obj, GError **err)
{
    Secret *s = (Secret *)obj;
    GByteArray *data;

    if (!s->data == !s->file) {
        return error_set(err, "exactly one of 'data' and 'file' must be given");
    }
    data = g_byte_array_new();
    if (s->data) {
        g_byte_array_append(data, (const uint8_t *)s->data, strlen(s->data));
    }
    if ((s->file && !read_file(s->file, data, err)) ||
        (s->format == SECRET_BASE64 && !decode_base64(data, err))) {
        g_byte_array_unref(data);
        return false;
    }
    s->bytes = g_byte_array_free_to_bytes(data);
    return true;
}

GBytes *secret_lookup(const char *id, GError **err)
{
    Object *all = object_container("/objects");
    Secret *s = all->children ? g_hash_table_lookup(all->children, id) : NULL;

    if (!s || !object_is_a(s, TYPE_SECRET)) {
        error_set(err, s ? "object '%s' is no secret" : "secret '%s' not found", id);
        error_set_culprit(err, "object", id);
        return NULL;
    }
    return g_bytes_ref(s->bytes);
}

static bool set_data(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    Secret *s = (Secret *)obj;

    g_clear_pointer(&s->data, g_free);
    return visit_type_str(v, name, &s->data, err);
}

static void secret_finalize(Object *obj)
{
    Secret *s = (Secret *)obj;

    g_free(s->data);
    g_clear_pointer(&s->bytes, g_bytes_unref);
}

static const Property secret_properties[] = {
    PROP_CUSTOM("data", "the secret itself, which other users of the host may see", "str",
                NULL, set_data),
    PROP_STR(Secret, file, "file", "file that holds the secret"),
    PROP_ENUM(Secret, format, "format", "how the secret is written", format_names),
    PROP_END
};

static const TypeInfo secret_type = {
    .name = TYPE_SECRET,
    .parent = TYPE_OBJECT,
    .desc = "password or key",
    .instance_size = sizeof(Secret),
    .properties = secret_properties,
    .instance_finalize = secret_finalize,
    .user_creatable = true,
    .complete = secret_complete,
};
TYPE_REGISTER(secret_type);
