/*
 * The command line by the generated table of options (option entries of the schema).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_OPTIONS_H
#define QAPI_OPTIONS_H

#include "qapi/visitor.h"
#include "qapi/qapi-context.h"

typedef enum QapiOptionKind {
    QAPI_OPTION_FLAG,   /* bool */
    QAPI_OPTION_STR,    /* char *, or strList * if it accumulates */
    QAPI_OPTION_PROPS,  /* QapiProps *, or QapiPropsList * */
    QAPI_OPTION_STRUCT, /* the schema's type or a list of it, by pointer */
} QapiOptionKind;

/* Properties whose names the schema does not know: of -device, -object, ... */
typedef struct QapiProps {
    struct json_object *value; /* an object */
    bool keyval;               /* its scalars are strings in option syntax */
} QapiProps;

typedef struct QapiPropsList {
    size_t len;
    QapiProps **items;
} QapiPropsList;

/* An input visitor over @props. */
Visitor *qapi_props_visitor(const QapiProps *props);
void qapi_free_QapiProps(QapiProps *props);

typedef bool QapiVisitFn(Visitor *v, const char *name, void **obj, GError **err);

typedef struct QapiOption {
    const char *name, *alias;   /* without dash; alias may be NULL */
    QapiOptionKind kind;
    bool repeat;                /* accumulates; else the last wins, or keys merge */
    bool help;                  /* "help" is a value */
    const char *implied;        /* key of a first item without '=' */
    const char *const *lists;   /* keys that accumulate to arrays, or NULL */
    size_t offset;              /* of its field in the generated QapiOptions */
    QapiVisitFn *visit;         /* STRUCT: one value */
    QapiVisitFn *visit_field;   /* STRUCT: the field, which may be a list */
    QapiCondition *cond;
    const char *syntax;         /* of the argument, for messages */
} QapiOption;

/* What is common to all generated option structs; their first member. */
typedef struct QapiOptionsHead {
    const QapiOption *help_option;  /* help was asked as this one's value; not an error */
    struct json_object *help_props; /* the other keys given with it, or NULL */
} QapiOptionsHead;

/*
 * Parse @argv[1..] into the zeroed struct that @table describes. Options begin with one
 * dash or two. A fault names the option; what was parsed so far stays in @opts, to be
 * freed. Options whose condition does not hold in @ctx are unknown.
 */
bool qapi_options_parse(const QapiOption *table, void *opts, const QapiContext *ctx, int argc,
                        char **argv, GError **err);
/* Free what the fields hold and zero them. */
void qapi_options_clear(const QapiOption *table, void *opts);
/* The table's entry of that name or alias, NULL if there is none. */
const QapiOption *qapi_option_find(const QapiOption *table, const char *name,
                                   const QapiContext *ctx);

#endif
