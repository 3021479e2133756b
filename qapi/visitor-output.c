/*
 * The visitor that writes C data as JSON values (visitor_new_json_output()).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/visitor-impl.h"

typedef struct OutputVisitor {
    Visitor parent;
    struct json_object *root;
    GPtrArray *stack; /* open objects and arrays, borrowed from their parents */
} OutputVisitor;

static OutputVisitor *output(Visitor *v)
{
    return container_of(v, OutputVisitor, parent);
}

/* Hand @value to the innermost container, or make it the root. */
static bool put(Visitor *v, const char *name, struct json_object *value)
{
    OutputVisitor *o = output(v);
    struct json_object *in = o->stack->len ? g_ptr_array_index(o->stack, o->stack->len - 1)
                                           : NULL;

    if (!in) {
        json_object_put(o->root);
        o->root = value;
    } else if (json_object_is_type(in, json_type_array)) {
        json_object_array_add(in, value);
    } else {
        json_object_object_add(in, name, value);
    }
    return true;
}

static void open_container(Visitor *v, const char *name, struct json_object *value)
{
    put(v, name, value);
    g_ptr_array_add(output(v)->stack, value);
}

static void close_container(Visitor *v)
{
    GPtrArray *stack = output(v)->stack;

    g_ptr_array_set_size(stack, stack->len - 1);
}

static bool output_start_struct(Visitor *v, const char *name, GError **err)
{
    open_container(v, name, json_object_new_object());
    return true;
}

static bool output_start_list(Visitor *v, const char *name, GError **err)
{
    open_container(v, name, json_object_new_array());
    return true;
}

static bool output_type_int64(Visitor *v, const char *name, int64_t *obj, int64_t min,
                              int64_t max, GError **err)
{
    return put(v, name, json_object_new_int64(*obj));
}

static struct json_object *new_uint64(uint64_t u)
{
    return u > INT64_MAX ? json_object_new_uint64(u) : json_object_new_int64(u);
}

static bool output_type_uint64(Visitor *v, const char *name, uint64_t *obj, uint64_t max,
                               GError **err)
{
    return put(v, name, new_uint64(*obj));
}

static bool output_type_size(Visitor *v, const char *name, uint64_t *obj, uint64_t unit,
                             GError **err)
{
    return put(v, name, new_uint64(*obj));
}

static bool output_type_bool(Visitor *v, const char *name, bool *obj, GError **err)
{
    return put(v, name, json_object_new_boolean(*obj));
}

static bool output_type_str(Visitor *v, const char *name, char **obj, GError **err)
{
    return put(v, name, json_object_new_string(*obj ? *obj : ""));
}

static bool output_type_number(Visitor *v, const char *name, double *obj, GError **err)
{
    return put(v, name, json_object_new_double(*obj));
}

static bool output_type_null(Visitor *v, const char *name, GError **err)
{
    return put(v, name, NULL);
}

static bool output_type_any(Visitor *v, const char *name, struct json_object **obj,
                            GError **err)
{
    return put(v, name, json_object_get(*obj));
}

static bool output_type_enum(Visitor *v, const char *name, int *obj,
                             const char *const *names, GError **err)
{
    return put(v, name, json_object_new_string(names[*obj]));
}

static struct json_object *output_take_output(Visitor *v)
{
    return g_steal_pointer(&output(v)->root);
}

static void output_free(Visitor *v)
{
    OutputVisitor *o = output(v);

    json_object_put(o->root);
    g_ptr_array_free(o->stack, TRUE);
}

Visitor *visitor_new_json_output(void)
{
    static const VisitorOps ops = {
        .kind = VISITOR_OUTPUT,
        .start_struct = output_start_struct,
        .end_struct = close_container,
        .start_list = output_start_list,
        .end_list = close_container,
        .type_int64 = output_type_int64,
        .type_uint64 = output_type_uint64,
        .type_size = output_type_size,
        .type_bool = output_type_bool,
        .type_str = output_type_str,
        .type_number = output_type_number,
        .type_null = output_type_null,
        .type_any = output_type_any,
        .type_enum = output_type_enum,
        .take_output = output_take_output,
        .free = output_free,
    };
    OutputVisitor *o = g_new0(OutputVisitor, 1);

    o->parent.ops = &ops;
    o->stack = g_ptr_array_new();
    return &o->parent;
}
