/*
 * JSON text to values and back, for whole texts. For streams see qapi/json-scanner.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_JSON_H
#define QAPI_JSON_H

#include "util/osdep.h"
#include "util/error.h"
#include <json-c/json.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_object, json_object_put)

/*
 * Parse @text, which holds exactly one value, into *ret_value (a new reference, NULL for
 * JSON null). The checks and limits are those of the scanner.
 */
bool json_parse_value(const char *text, struct json_object **ret_value, GError **err);
/* The same for a text that must be an object; NULL on failure. */
struct json_object *json_parse_object(const char *text, GError **err);
/* The same for any value but null, which is refused; NULL on failure. */
struct json_object *json_parse(const char *text, GError **err);

/*
 * Append @value as text in the form QMP has on the wire: ", " and ": " separators,
 * everything outside printable ASCII as \uXXXX. @pretty puts each member and element on a
 * line of its own, indented by four spaces a level. Doubles are written with the fewest
 * digits that read back equal; invalid UTF-8 becomes U+FFFD.
 */
void json_append(GString *out, struct json_object *value, bool pretty);
/* The same as a new string. */
char *json_to_text(struct json_object *value, bool pretty);

/* Whether two values are equal, numbers by value and members in any order. */
bool json_equal(struct json_object *a, struct json_object *b);

/* "string", "integer", "number", "boolean", "object", "array", "null". */
const char *json_type_word(json_type type);

#endif
