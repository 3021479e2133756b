/*
 * Option strings: "type=virt,smp.cpus=4,list.0=a" to JSON values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_KEYVAL_H
#define QAPI_KEYVAL_H

#include "qapi/visitor.h"

/*
 * Parse key=value items separated by commas into an object whose scalars are all strings.
 *
 * A comma in a value is written twice. Dots in keys open nested objects; members that are
 * the numbers 0 to n-1 make an array. A key given twice keeps its last value.
 * @implied_key, if not NULL, names the first item when it has no '='. An item "help" or "?"
 * without '=' sets *ret_help (an error if @ret_help is NULL) and is left out. Any other
 * item without '=' is an error that names it.
 *
 * Returns a new reference, NULL on failure.
 */
struct json_object *keyval_parse(const char *text, const char *implied_key, bool *ret_help,
                                 GError **err);

/* The same; each key in @lists (NULL-terminated, may be NULL) collects its values in an array,
 * also when it is given once. */
struct json_object *keyval_parse_lists(const char *text, const char *implied_key,
                                       const char *const *lists, bool *ret_help,
                                       GError **err);

/*
 * An input visitor over an option's argument: strict JSON if it begins with '{', otherwise
 * keyval_parse(). *ret_help as there. NULL on failure.
 */
Visitor *keyval_visitor(const char *text, const char *implied_key, bool *ret_help,
                        GError **err);

/* The argument as an object: JSON if it begins with '{', otherwise keyval_parse(); *ret_keyval:
 * which of the two, that is, whether numbers are strings. */
struct json_object *keyval_or_json(const char *text, const char *implied_key, bool *ret_keyval,
                                   GError **err);

/* The inverse of keyval_parse(), for messages and dumps: @value's scalars in text form,
 * commas doubled; @implied_key's own key is left out where it stands first. */
char *keyval_to_text(struct json_object *value, const char *implied_key);

/* Whether @text as a whole asks for help ("help" or "?"). */
bool keyval_is_help(const char *text);

#endif
