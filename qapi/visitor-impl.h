/*
 * What a visitor implementation provides. For qapi/visitor*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_VISITOR_IMPL_H
#define QAPI_VISITOR_IMPL_H

#include "qapi/visitor.h"

/* Slots as the visit_* functions of the same names; NULL does nothing and succeeds. */
typedef struct VisitorOps {
    VisitorKind kind;
    bool (*start_struct)(Visitor *v, const char *name, GError **err);
    bool (*check_struct)(Visitor *v, GError **err);
    void (*end_struct)(Visitor *v);
    bool (*start_list)(Visitor *v, const char *name, GError **err);
    bool (*next_list)(Visitor *v, bool more);
    void (*end_list)(Visitor *v);
    bool (*optional)(Visitor *v, const char *name);
    json_type (*peek_type)(Visitor *v, const char *name);
    json_type (*peek_scalar)(Visitor *v, const char *name);
    bool (*wrong_type)(Visitor *v, const char *name, const char *expected, GError **err);
    bool (*type_int64)(Visitor *v, const char *name, int64_t *obj, int64_t min, int64_t max,
                       GError **err);
    bool (*type_uint64)(Visitor *v, const char *name, uint64_t *obj, uint64_t max,
                        GError **err);
    bool (*type_size)(Visitor *v, const char *name, uint64_t *obj, uint64_t unit,
                      GError **err);
    bool (*type_bool)(Visitor *v, const char *name, bool *obj, GError **err);
    bool (*type_str)(Visitor *v, const char *name, char **obj, GError **err);
    bool (*type_number)(Visitor *v, const char *name, double *obj, GError **err);
    bool (*type_null)(Visitor *v, const char *name, GError **err);
    bool (*type_any)(Visitor *v, const char *name, struct json_object **obj, GError **err);
    bool (*type_enum)(Visitor *v, const char *name, int *obj, const char *const *names,
                      GError **err);
    struct json_object *(*take_output)(Visitor *v);
    void (*free)(Visitor *v);
} VisitorOps;

/* First member of every implementation's state. */
struct Visitor {
    const VisitorOps *ops;
};

#endif
