/*
 * Saved state of devices: tables of fields. Each field declares its valid range, because a
 * saved state is input like any other.
 *
 * A stream is self-describing: name, type and length come with each field.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MIGRATION_VMSTATE_H
#define MIGRATION_VMSTATE_H

#include "util/osdep.h"
#include "util/error.h"

typedef struct VMStateField VMStateField;

typedef enum VMStateKind {
    VMS_KIND_END, VMS_KIND_UINT, VMS_KIND_INT, VMS_KIND_BOOL, VMS_KIND_BUFFER,
    VMS_KIND_STRUCT, VMS_KIND_FIFO8, VMS_KIND_TIMER, VMS_KIND_CUSTOM,
} VMStateKind;

struct VMStateField {
    const char *name;
    VMStateKind kind;
    size_t offset;
    uint32_t size;      /* of one element */
    uint32_t count;     /* elements (arrays), else 1 */
    size_t count_offset; /* count_at: the array is behind a pointer, its length in a uint32_t field */
    bool pointer;
    uint64_t mask;      /* UINT: bits that may be set; 0: all */
    uint64_t min, max;  /* UINT: range; max 0: no limit */
    const VMStateField *fields; /* STRUCT */
    /* CUSTOM: write to / read from a byte array of the field's own */
    void (*save)(void *field, GByteArray *out);
    bool (*load)(void *field, const uint8_t *data, size_t size, GError **err);
    /* Saved only if this is NULL or says so (on load: accepted only then). */
    bool (*needed)(void *obj);
};

#define VMS_FIELD_(T, f) .name = #f, .offset = offsetof(T, f), .count = 1
#define VMS_UINT_(T, f, ctype, ...)                                                       \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_UINT,                                            \
      .size = sizeof(((T *)0)->f) + 0 * sizeof((ctype *)0 - &((T *)0)->f), __VA_ARGS__ }
#define VMS_UINT8(T, f, ...)  VMS_UINT_(T, f, uint8_t, __VA_ARGS__)
#define VMS_UINT16(T, f, ...) VMS_UINT_(T, f, uint16_t, __VA_ARGS__)
#define VMS_UINT32(T, f, ...) VMS_UINT_(T, f, uint32_t, __VA_ARGS__)
#define VMS_UINT64(T, f, ...) VMS_UINT_(T, f, uint64_t, __VA_ARGS__)
#define VMS_INT32(T, f, ...)                                                              \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_INT, .size = 4, __VA_ARGS__ }
#define VMS_INT64(T, f, ...)                                                              \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_INT, .size = 8, __VA_ARGS__ }
#define VMS_BOOL(T, f, ...)                                                               \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_BOOL, .size = sizeof(bool), __VA_ARGS__ }
/* Arrays of integers in the structure itself. */
#define VMS_UINT_ARRAY(T, f, ...)                                                         \
    { .name = #f, .offset = offsetof(T, f), .kind = VMS_KIND_UINT,                        \
      .size = sizeof(((T *)0)->f[0]),                                                     \
      .count = sizeof(((T *)0)->f) / sizeof(((T *)0)->f[0]), __VA_ARGS__ }
/* An array behind a pointer, its length in the uint32_t field n. */
#define VMS_UINT_VARRAY(T, f, n, ...)                                                     \
    { .name = #f, .offset = offsetof(T, f), .kind = VMS_KIND_UINT, .pointer = true,       \
      .size = sizeof(((T *)0)->f[0]), .count_offset = offsetof(T, n), __VA_ARGS__ }
#define VMS_BUFFER(T, f, ...)                                                             \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_BUFFER, .size = sizeof(((T *)0)->f), __VA_ARGS__ }
#define VMS_STRUCT(T, f, sub, ...)                                                        \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_STRUCT, .size = sizeof(((T *)0)->f),             \
      .fields = sub, __VA_ARGS__ }
#define VMS_STRUCT_ARRAY(T, f, sub, ...)                                                  \
    { .name = #f, .offset = offsetof(T, f), .kind = VMS_KIND_STRUCT,                      \
      .size = sizeof(((T *)0)->f[0]),                                                     \
      .count = sizeof(((T *)0)->f) / sizeof(((T *)0)->f[0]), .fields = sub, __VA_ARGS__ }
#define VMS_STRUCT_VARRAY(T, f, n, sub, ...)                                              \
    { .name = #f, .offset = offsetof(T, f), .kind = VMS_KIND_STRUCT, .pointer = true,     \
      .size = sizeof(((T *)0)->f[0]), .count_offset = offsetof(T, n), .fields = sub,      \
      __VA_ARGS__ }
#define VMS_FIFO8(T, f, ...)                                                              \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_FIFO8, .size = sizeof(((T *)0)->f), __VA_ARGS__ }
/* An embedded Timer (util/timer.h): its deadline. */
#define VMS_TIMER(T, f, ...)                                                              \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_TIMER, .size = sizeof(((T *)0)->f), __VA_ARGS__ }
#define VMS_CUSTOM(T, f, s, l, ...)                                                       \
    { VMS_FIELD_(T, f), .kind = VMS_KIND_CUSTOM, .save = s, .load = l, __VA_ARGS__ }
#define VMS_END { .kind = VMS_KIND_END }

/* Append the fields of obj. */
void vmstate_save(const VMStateField *fields, void *obj, GByteArray *out);
/* Read them back; consumes all of data. On failure the object may be half loaded: the
 * caller resets it. Unknown, missing, short or out-of-range fields are errors. */
bool vmstate_load(const VMStateField *fields, void *obj, const uint8_t *data, size_t size,
                  GError **err);

#endif
