/*
 * Streaming JSON reader: takes bytes as they come, delivers complete values.
 *
 * json-c builds the values, but lets duplicate keys, leading zeros, control characters,
 * bad UTF-8 and endless nesting pass and knows no positions, so the text is delimited and
 * checked here (RFC 8259, with single-quoted strings allowed besides).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_JSON_SCANNER_H
#define QAPI_JSON_SCANNER_H

#include "util/osdep.h"
#include "util/error.h"
#include <json-c/json.h>

/* Limits on one top-level value. */
#define JSON_MAX_DEPTH  1024
#define JSON_MAX_TOKENS (2 * 1024 * 1024)
#define JSON_MAX_SIZE   (64 * MiB)

typedef struct JsonScanner JsonScanner;

/*
 * Called once per top-level value or fault, in stream order. On success @err is NULL and
 * @value is the callee's (NULL stands for JSON null); on a fault @value is NULL and @err is
 * the callee's. Must not feed, reset or free the scanner.
 */
typedef void JsonScannerFn(void *opaque, struct json_object *value, GError *err);

JsonScanner *json_scanner_new(JsonScannerFn *fn, void *opaque);
void json_scanner_free(JsonScanner *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonScanner, json_scanner_free)

/*
 * Feed @len bytes. Faults are reported with line and column (both from 1, columns in
 * bytes) since the scanner was made. After a fault inside an object or array its rest is
 * skipped; a line end in a string ends the string and everything around it; a byte 0xFF
 * drops whatever was pending. So the next object always parses.
 */
void json_scanner_feed(JsonScanner *s, const char *buf, size_t len);
/* End of input: deliver a pending number or keyword, report an incomplete value. */
void json_scanner_finish(JsonScanner *s);
/* Drop what is pending, count lines from 1 again (for a new connection). */
void json_scanner_reset(JsonScanner *s);

#endif
