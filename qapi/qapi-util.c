/*
 * Helpers for generated types (qapi/qapi-util.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/qapi-util.h"

/* Capacity is the next power of two, at least 4, so it need not be stored. */
void *qapi_list_grow(void *items, size_t len, size_t item_size)
{
    if (len == 0) {
        return g_realloc_n(items, 4, item_size);
    }
    if (len >= 4 && (len & (len - 1)) == 0) {
        return g_realloc_n(items, len * 2, item_size);
    }
    return items;
}
