/*
 * The shape of the generated table of HMP commands ('hmp' in the schema).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_HMP_TABLE_H
#define QAPI_HMP_TABLE_H

#include "qapi/qapi-context.h"

typedef enum HmpArgKind {
    HMP_ARG_STR,    /* a word, or a string in quotes; enumerations too */
    HMP_ARG_INT,    /* an expression, signed */
    HMP_ARG_UINT,   /* an expression, unsigned */
    HMP_ARG_NUMBER,
    HMP_ARG_SIZE,   /* with suffixes as in option strings */
    HMP_ARG_BOOL,   /* on or off; a flag stands for on */
    HMP_ARG_ANY,    /* JSON; text that is none stands for a string */
    HMP_ARG_PROPS,  /* key=value,... as in option strings */
} HmpArgKind;

typedef struct HmpArg {
    const char *name;  /* of the QMP command's argument */
    HmpArgKind kind;
    bool optional;
    bool rest;         /* takes the rest of the line */
    const char *const *values; /* what it may be, where that is an enumeration; or NULL */
    char flag;         /* given as -x; '/': joined to the command by a slash; 0:
                          positional */
} HmpArg;

typedef struct HmpCommand {
    const char *words;    /* "info jit": one or more words, single blanks */
    const char *command;  /* the QMP command that it runs */
    const HmpArg *args;   /* ends with a NULL name; NULL for none */
    const char *usage;    /* words and arguments */
    const char *help;     /* one sentence */
    QapiCondition *cond;
} HmpCommand;

#endif
