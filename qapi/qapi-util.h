/*
 * Helpers for generated types.
 *
 * An array of T in the schema is `struct TList { size_t len; T *items; }` in C (items of
 * structures are pointers). An absent array is NULL, an empty one has len 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QAPI_UTIL_H
#define QAPI_UTIL_H

#include "util/osdep.h"

/* Append @item, which the list owns from now on. */
#define QAPI_LIST_APPEND(list, item)                                                     \
    do {                                                                                 \
        typeof(list) list_ = (list);                                                     \
        typeof(*list_->items) item_ = (item);                                            \
        list_->items = qapi_list_grow(list_->items, list_->len, sizeof(item_));          \
        list_->items[list_->len++] = item_;                                              \
    } while (0)

/* Room for one more item than @len; for QAPI_LIST_APPEND. */
void *qapi_list_grow(void *items, size_t len, size_t item_size);

#endif
