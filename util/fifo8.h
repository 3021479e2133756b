/*
 * A bounded queue of bytes, as FIFOs of devices are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_FIFO8_H
#define UTIL_FIFO8_H

#include "util/osdep.h"

typedef struct Fifo8 {
    uint8_t *data;
    uint32_t capacity;
    uint32_t head;
    uint32_t num;
} Fifo8;

void fifo8_create(Fifo8 *f, uint32_t capacity);
void fifo8_destroy(Fifo8 *f);
void fifo8_reset(Fifo8 *f);
/* The caller has checked fifo8_is_full / fifo8_is_empty; otherwise nothing happens (0). */
void fifo8_push(Fifo8 *f, uint8_t byte);
uint8_t fifo8_pop(Fifo8 *f);
uint8_t fifo8_peek(const Fifo8 *f, uint32_t index);
static inline bool fifo8_is_empty(const Fifo8 *f)
{
    return f->num == 0;
}
static inline bool fifo8_is_full(const Fifo8 *f)
{
    return f->num == f->capacity;
}
static inline uint32_t fifo8_num_free(const Fifo8 *f)
{
    return f->capacity - f->num;
}

#endif
