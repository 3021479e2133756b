/*
 * One error type for every part of Rhea: a GError whose domain carries what a user
 * needs to act on it.
 *
 * A function that can fail takes `GError **err` last and says failure in its return
 * value too (false, NULL or -1). Library code never prints: the caller decides. The
 * finder of a fault sets the error; a caller may add what it knows (culprit, hint) or
 * wrap it, never repeat it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include "util/osdep.h"

/* Error classes as they appear on the QMP wire. */
typedef enum ErrorClass {
    ERROR_GENERIC,
    ERROR_COMMAND_NOT_FOUND,
    ERROR_DEVICE_NOT_ACTIVE,
    ERROR_DEVICE_NOT_FOUND,
    ERROR_KVM_MISSING_CAP,
} ErrorClass;

#define RHEA_ERROR (rhea_error_quark())
GQuark rhea_error_quark(void);

/*
 * Set *err (which may be NULL) to a new error of class ERROR_GENERIC. The text is one
 * sentence without a final stop that names the culprit: an option, object, property or
 * file. Always returns false, so that callers can write `return error_set(err, ...)`.
 */
bool error_set(GError **err, const char *fmt, ...) PRINTF(2, 3);

/* The same with an explicit class. */
bool error_set_class(GError **err, ErrorClass klass, const char *fmt, ...) PRINTF(3, 4);

/* The same with ": " and the text of errno value @errnum appended. */
bool error_set_errno(GError **err, int errnum, const char *fmt, ...) PRINTF(3, 4);

/* Details, each optional, for an error already set; nothing happens if err is NULL or
 * *err is. The texts are copied. */
void error_set_culprit(GError **err, const char *kind, const char *name);
void error_set_expected(GError **err, const char *fmt, ...) PRINTF(2, 3);
void error_add_hint(GError **err, const char *fmt, ...) PRINTF(2, 3);
/* The spellings nearest to @given among @candidates (NULL-terminated), if any is near. */
void error_set_nearest(GError **err, const char *given, const char *const *candidates);

/* Put "text: " in front of the message (the cause stays readable behind it).
 * Always returns false. */
bool error_prefix(GError **err, const char *fmt, ...) PRINTF(2, 3);

/*
 * Report an unknown name with the nearest valid spellings: sets
 * "unknown KIND 'GIVEN'" and, where one of @candidates (NULL-terminated) is close,
 * a "did you mean" list. Always returns false.
 */
bool error_set_unknown(GError **err, const char *kind, const char *given,
                       const char *const *candidates);

/* Parts of an error of this domain (class ERROR_GENERIC and NULLs for any other). */
ErrorClass error_get_class(const GError *err);
const char *error_get_culprit(const GError *err);
const char *error_get_expected(const GError *err);
const char *error_get_nearest(const GError *err);
const char *error_get_hint(const GError *err);
/* "GenericError", ... as QMP spells the class. */
const char *error_class_name(ErrorClass klass);

/* Nearest spellings of @given among @candidates by edit distance (with transposition),
 * best first, at most three; a NULL-terminated vector to g_strfreev(), or NULL. */
char **error_nearest(const char *given, const char *const *candidates);

/* Message, expectation, nearest spellings and hint in one line. */
char *error_full_text(const GError *err);
/* Print "PROG: " and that line to stderr. For main and for the monitors only. */
void error_report(const GError *err);
void error_report_and_free(GError *err);
/* A message of the same form that comes from no GError. */
void error_printf(const char *fmt, ...) PRINTF(1, 2);
void warn_report(const char *fmt, ...) PRINTF(1, 2);
/* The name that stands before messages; main sets it from argv[0]. */
void error_set_program(const char *name);
/* -msg: put the time, and @guest unless it is NULL (not copied), before messages. */
void error_set_message_form(bool timestamps, const char *guest);

#endif
