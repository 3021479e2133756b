/*
 * Visitors: one walk over typed data, several sources and sinks.
 *
 * Generated visit_type_X() functions and object property setters call the functions
 * below; the Visitor behind them reads strict JSON, reads key=value strings, writes
 * JSON, or frees what an input visitor built. An input visitor checks types, missing
 * and surplus members and reports them with the full path of the member.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_VISITOR_H
#define QAPI_VISITOR_H

#include "util/osdep.h"
#include "util/error.h"
#include <json-c/json.h>

typedef struct Visitor Visitor;

typedef enum VisitorKind {
    VISITOR_INPUT,   /* fills C data from a value */
    VISITOR_OUTPUT,  /* makes a value from C data */
    VISITOR_DEALLOC, /* frees C data */
} VisitorKind;

/* Read from @value (a reference is taken), scalars as JSON has them. */
Visitor *visitor_new_json_input(struct json_object *value);
/* Read from @value whose scalars are all strings ("on", "0x10", "4k" for sizes), as
 * key=value options make them; see qapi/keyval.h. Real JSON scalars are accepted too. */
Visitor *visitor_new_keyval_input(struct json_object *value);
/* Write JSON; fetch it with visitor_take_output(). */
Visitor *visitor_new_json_output(void);
/* Free generated data. */
Visitor *visitor_new_dealloc(void);
/* The value written so far, a new reference for the caller; NULL if nothing was. */
struct json_object *visitor_take_output(Visitor *v);
void visitor_free(Visitor *v);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Visitor, visitor_free)
VisitorKind visitor_kind(const Visitor *v);

/*
 * Each visit_* takes the member's name (NULL for the top level and for list elements)
 * and returns false with *err set on failure. On failure of an input visitor scalars are
 * untouched.
 */

/* Structures: on input allocates *obj (size bytes, zeroed) unless obj is NULL, in which
 * case only the nesting is entered. */
bool visit_start_struct(Visitor *v, const char *name, void **obj, size_t size, GError **err);
/* Input: error for members that nobody visited. */
bool visit_check_struct(Visitor *v, GError **err);
void visit_end_struct(Visitor *v, void **obj);

/* Lists, as a walk: visit_start_list enters; visit_next_list says whether an element
 * follows (input) ; the caller loops on elements with name NULL. On output the caller
 * passes *more. */
bool visit_start_list(Visitor *v, const char *name, GError **err);
bool visit_next_list(Visitor *v, bool more);
void visit_end_list(Visitor *v);

/* Optional members: input sets *present, output reads it. Returns *present. */
bool visit_optional(Visitor *v, const char *name, bool *present);

/* Alternates: the JSON type of the member about to be visited (input only). */
json_type visit_peek_type(Visitor *v, const char *name);
/* The same for alternates without a string branch: an option string counts as what it
 * spells, a boolean, null if it is empty, otherwise an integer. */
json_type visit_peek_scalar(Visitor *v, const char *name);
/* Input: report that the member is missing or is none of @expected. Returns false. */
bool visit_wrong_type(Visitor *v, const char *name, const char *expected, GError **err);

bool visit_type_int64(Visitor *v, const char *name, int64_t *obj, GError **err);
bool visit_type_uint64(Visitor *v, const char *name, uint64_t *obj, GError **err);
bool visit_type_int8(Visitor *v, const char *name, int8_t *obj, GError **err);
bool visit_type_int16(Visitor *v, const char *name, int16_t *obj, GError **err);
bool visit_type_int32(Visitor *v, const char *name, int32_t *obj, GError **err);
bool visit_type_uint8(Visitor *v, const char *name, uint8_t *obj, GError **err);
bool visit_type_uint16(Visitor *v, const char *name, uint16_t *obj, GError **err);
bool visit_type_uint32(Visitor *v, const char *name, uint32_t *obj, GError **err);
/* A byte count; strings may carry the suffixes k, M, G, T (powers of 1024). */
bool visit_type_size(Visitor *v, const char *name, uint64_t *obj, GError **err);
/* The same; a plain number in a string counts in MiB. */
bool visit_type_size_mib(Visitor *v, const char *name, uint64_t *obj, GError **err);
bool visit_type_bool(Visitor *v, const char *name, bool *obj, GError **err);
/* Input: *obj is a new string for the caller. */
bool visit_type_str(Visitor *v, const char *name, char **obj, GError **err);
bool visit_type_number(Visitor *v, const char *name, double *obj, GError **err);
bool visit_type_null(Visitor *v, const char *name, GError **err);
/* Any JSON value; input: a new reference for the caller. */
bool visit_type_any(Visitor *v, const char *name, struct json_object **obj, GError **err);
/* An enumeration given by its NULL-terminated table of spellings, index = value.
 * Unknown spellings get the nearest valid ones. */
bool visit_type_enum(Visitor *v, const char *name, int *obj, const char *const *names,
                     GError **err);

#endif
