/*
 * A bounded queue of bytes (util/fifo8.h), as a ring.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/fifo8.h"

void fifo8_create(Fifo8 *f, uint32_t capacity)
{
    f->data = g_malloc0(capacity);
    f->capacity = capacity;
    fifo8_reset(f);
}

void fifo8_destroy(Fifo8 *f)
{
    g_clear_pointer(&f->data, g_free);
    f->capacity = 0;
    fifo8_reset(f);
}

void fifo8_reset(Fifo8 *f)
{
    f->head = 0;
    f->num = 0;
}

/* head and num are at most the capacity, which fits 31 bits in any device. */
static uint32_t index_of(const Fifo8 *f, uint32_t n)
{
    uint64_t i = (uint64_t)f->head + n;

    return i >= f->capacity ? i - f->capacity : i;
}

void fifo8_push(Fifo8 *f, uint8_t byte)
{
    if (!fifo8_is_full(f)) {
        f->data[index_of(f, f->num)] = byte;
        f->num++;
    }
}

uint8_t fifo8_pop(Fifo8 *f)
{
    uint8_t byte;

    if (fifo8_is_empty(f)) {
        return 0;
    }
    byte = f->data[f->head];
    f->head = index_of(f, 1);
    f->num--;
    return byte;
}

uint8_t fifo8_peek(const Fifo8 *f, uint32_t index)
{
    return index < f->num ? f->data[index_of(f, index)] : 0;
}
