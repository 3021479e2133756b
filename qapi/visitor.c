/*
 * The visit_* functions (qapi/visitor.h): dispatch to the implementation, allocation of
 * structures, ranges of the narrow integer types, and the dealloc visitor.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/visitor-impl.h"

void visitor_free(Visitor *v)
{
    if (v) {
        if (v->ops->free) {
            v->ops->free(v);
        }
        g_free(v);
    }
}

VisitorKind visitor_kind(const Visitor *v)
{
    return v->ops->kind;
}

struct json_object *visitor_take_output(Visitor *v)
{
    return v->ops->take_output ? v->ops->take_output(v) : NULL;
}

bool visit_start_struct(Visitor *v, const char *name, void **obj, size_t size, GError **err)
{
    if (obj && v->ops->kind == VISITOR_INPUT) {
        *obj = NULL;
    }
    if (v->ops->start_struct && !v->ops->start_struct(v, name, err)) {
        return false;
    }
    if (obj && v->ops->kind == VISITOR_INPUT) {
        *obj = g_malloc0(size);
    }
    return true;
}

bool visit_check_struct(Visitor *v, GError **err)
{
    return !v->ops->check_struct || v->ops->check_struct(v, err);
}

void visit_end_struct(Visitor *v, void **obj)
{
    if (v->ops->end_struct) {
        v->ops->end_struct(v);
    }
    if (obj && v->ops->kind == VISITOR_DEALLOC) {
        g_clear_pointer(obj, g_free);
    }
}

bool visit_start_list(Visitor *v, const char *name, GError **err)
{
    return !v->ops->start_list || v->ops->start_list(v, name, err);
}

bool visit_next_list(Visitor *v, bool more)
{
    return v->ops->next_list ? v->ops->next_list(v, more) : more;
}

void visit_end_list(Visitor *v)
{
    if (v->ops->end_list) {
        v->ops->end_list(v);
    }
}

bool visit_optional(Visitor *v, const char *name, bool *present)
{
    if (v->ops->optional) {
        *present = v->ops->optional(v, name);
    }
    return *present;
}

json_type visit_peek_type(Visitor *v, const char *name)
{
    return v->ops->peek_type ? v->ops->peek_type(v, name) : json_type_null;
}

json_type visit_peek_scalar(Visitor *v, const char *name)
{
    return v->ops->peek_scalar ? v->ops->peek_scalar(v, name) : json_type_null;
}

bool visit_wrong_type(Visitor *v, const char *name, const char *expected, GError **err)
{
    return v->ops->wrong_type && v->ops->wrong_type(v, name, expected, err);
}

bool visit_type_int64(Visitor *v, const char *name, int64_t *obj, GError **err)
{
    return !v->ops->type_int64 ||
           v->ops->type_int64(v, name, obj, INT64_MIN, INT64_MAX, err);
}

bool visit_type_uint64(Visitor *v, const char *name, uint64_t *obj, GError **err)
{
    return !v->ops->type_uint64 || v->ops->type_uint64(v, name, obj, UINT64_MAX, err);
}

#define NARROW_INT(bits)                                                                 \
    bool visit_type_int##bits(Visitor *v, const char *name, int##bits##_t *obj,          \
                              GError **err)                                              \
    {                                                                                    \
        int64_t wide = *obj;                                                             \
                                                                                         \
        if (v->ops->type_int64 && !v->ops->type_int64(v, name, &wide, INT##bits##_MIN,   \
                                                      INT##bits##_MAX, err)) {           \
            return false;                                                                \
        }                                                                                \
        *obj = wide;                                                                     \
        return true;                                                                     \
    }                                                                                    \
    bool visit_type_uint##bits(Visitor *v, const char *name, uint##bits##_t *obj,        \
                               GError **err)                                             \
    {                                                                                    \
        uint64_t wide = *obj;                                                            \
                                                                                         \
        if (v->ops->type_uint64 &&                                                       \
            !v->ops->type_uint64(v, name, &wide, UINT##bits##_MAX, err)) {               \
            return false;                                                                \
        }                                                                                \
        *obj = wide;                                                                     \
        return true;                                                                     \
    }

NARROW_INT(8)
NARROW_INT(16)
NARROW_INT(32)

bool visit_type_size(Visitor *v, const char *name, uint64_t *obj, GError **err)
{
    return !v->ops->type_size || v->ops->type_size(v, name, obj, 1, err);
}

bool visit_type_size_mib(Visitor *v, const char *name, uint64_t *obj, GError **err)
{
    return !v->ops->type_size || v->ops->type_size(v, name, obj, MiB, err);
}

bool visit_type_bool(Visitor *v, const char *name, bool *obj, GError **err)
{
    return !v->ops->type_bool || v->ops->type_bool(v, name, obj, err);
}

bool visit_type_str(Visitor *v, const char *name, char **obj, GError **err)
{
    return !v->ops->type_str || v->ops->type_str(v, name, obj, err);
}

bool visit_type_number(Visitor *v, const char *name, double *obj, GError **err)
{
    return !v->ops->type_number || v->ops->type_number(v, name, obj, err);
}

bool visit_type_null(Visitor *v, const char *name, GError **err)
{
    return !v->ops->type_null || v->ops->type_null(v, name, err);
}

bool visit_type_any(Visitor *v, const char *name, struct json_object **obj, GError **err)
{
    return !v->ops->type_any || v->ops->type_any(v, name, obj, err);
}

bool visit_type_enum(Visitor *v, const char *name, int *obj, const char *const *names,
                     GError **err)
{
    return !v->ops->type_enum || v->ops->type_enum(v, name, obj, names, err);
}

/* Dealloc: structures are freed by visit_end_struct() above, only leaves are left. */

static bool dealloc_type_str(Visitor *v, const char *name, char **obj, GError **err)
{
    g_clear_pointer(obj, g_free);
    return true;
}

static bool dealloc_type_any(Visitor *v, const char *name, struct json_object **obj,
                             GError **err)
{
    g_clear_pointer(obj, json_object_put);
    return true;
}

Visitor *visitor_new_dealloc(void)
{
    static const VisitorOps ops = {
        .kind = VISITOR_DEALLOC,
        .type_str = dealloc_type_str,
        .type_any = dealloc_type_any,
    };
    Visitor *v = g_new0(Visitor, 1);

    v->ops = &ops;
    return v;
}
