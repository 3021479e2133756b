/*
 * Names from a Linux kernel's image (util/symbols-linux.h).
 *
 * The tables have no header, so they are found by their shape. In the image lie, little-endian:
 *
 *   num_syms      u32
 *   names         for each symbol a length (7 bits, or 14 in two bytes with the first one's top
 *                 bit set) and as many tokens; the first letter is the symbol's type
 *   markers       u32 for every 256th symbol: where in names it begins
 *   token_table   256 strings, ended by zeros: what a token stands for
 *   token_index   u16 for each: where in token_table it begins
 *   addresses     i32 for each symbol, in one of two forms
 *
 * The token of a digit is the digit, because every name may need it: ten strings "0" to "9"
 * in a row, and an index that agrees with the strings, are the token table. All else follows
 * from it. Addresses are
 *
 *   relative to their own place: behind token_index (kernels since 7.0), or
 *   relative to a u64 that follows them: behind token_index (since 6.4), or with it in front
 *   of num_syms (before).
 *
 * Kernels 6.2 and 6.3 have another table in front of token_table and are not understood.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/symbols-linux.h"

enum {
    TOKENS = 256,
    SYMS_PER_MARKER = 256,
    MAX_SYMS = 1 << 22,
    NAME_ROOM = 1024,
    /* 256 names behind the last marker take no more. */
    MAX_TAIL = SYMS_PER_MARKER * 512,
};

typedef struct Kallsyms {
    const uint8_t *data;
    size_t size;
    size_t token[TOKENS];      /* where its string is */
    size_t token_table, index_end;
    size_t markers;
    unsigned n_markers;
    size_t names;
    unsigned n;                /* symbols */
} Kallsyms;

static uint32_t get32(const Kallsyms *k, size_t at)
{
    uint32_t v;
    memcpy(&v, k->data + at, sizeof(v));
    return GUINT32_FROM_LE(v);
}

static uint64_t get64(const Kallsyms *k, size_t at)
{
    return get32(k, at) | (uint64_t)get32(k, at + 4) << 32;
}

/* ---- Tokens ---- */

/* The 256 strings at k->token_table and their index behind them. */
static bool read_tokens(Kallsyms *k)
{
    size_t at = k->token_table;

    for (unsigned i = 0; i < TOKENS; i++) {
        const uint8_t *end = memchr(k->data + at, 0, MIN(k->size - at, (size_t)NAME_ROOM));
        if (!end) {
            return false;
        }
        k->token[i] = at;
        at = end - k->data + 1;
    }
    for (size_t index = ROUND_UP(at, (size_t)2); index < at + 16; index += 2) {
        unsigned i = 0;
        if (index + TOKENS * 2 > k->size) {
            return false;
        }
        while (i < TOKENS && (k->data[index + 2 * i] | k->data[index + 2 * i + 1] << 8) ==
                                 (int)(k->token[i] - k->token_table)) {
            i++;
        }
        if (i == TOKENS) {
            k->index_end = index + TOKENS * 2;
            return true;
        }
    }
    return false;
}

/* From the digits' strings at @at back to the table's first one. */
static bool table_of_digits(Kallsyms *k, size_t at)
{
    for (unsigned i = 0; i < '0'; i++) {
        if (at < 2 || k->data[at - 1]) {
            return false;
        }
        for (at--; at && k->data[at - 1]; at--) {
        }
    }
    /* Padding in front of it looks like one more end of a string. */
    k->token_table = at;
    return read_tokens(k);
}

static bool find_tokens(Kallsyms *k)
{
    static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    size_t at = 0;

    while (at < k->size) {
        const uint8_t *hit = memmem(k->data + at, k->size - at, digits, sizeof(digits));
        if (!hit) {
            return false;
        }
        if (table_of_digits(k, hit - k->data)) {
            return true;
        }
        at = hit - k->data + 1;
    }
    return false;
}

/* ---- Markers and names ---- */

/* They end in front of the token table, rise, and begin with 0. */
static bool find_markers(Kallsyms *k)
{
    size_t at = k->token_table & ~(size_t)3, last;

    do {
        if (at < 8) {
            return false;
        }
        at -= 4;
    } while (!get32(k, at));
    last = at;
    while (get32(k, at)) {
        if (at < 8 || get32(k, at - 4) >= get32(k, at)) {
            return false;
        }
        at -= 4;
    }
    k->markers = at;
    k->n_markers = (last - at) / 4 + 1;
    return k->n_markers > 1 && k->n_markers < MAX_SYMS / SYMS_PER_MARKER;
}

/* The length and place of the name at *at, which moves on; false at the markers. */
static bool next_name(const Kallsyms *k, size_t *at, size_t *ret_tokens, unsigned *ret_len)
{
    size_t p = *at;
    unsigned len;

    if (p + 2 > k->markers) {
        return false;
    }
    len = k->data[p++];
    if (len & 0x80) {
        len = (len & 0x7f) | k->data[p++] << 7;
    }
    if (!len || len > k->markers - p) {
        return false;
    }
    *ret_tokens = p;
    *ret_len = len;
    *at = p + len;
    return true;
}

/* Names that begin at @names agree with their number and with all markers. */
static bool names_agree(const Kallsyms *k, size_t names, unsigned n)
{
    size_t at = names, tokens;
    unsigned len;

    if (DIV_ROUND_UP(n, SYMS_PER_MARKER) != k->n_markers) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (i % SYMS_PER_MARKER == 0 &&
            at - names != get32(k, k->markers + i / SYMS_PER_MARKER * 4)) {
            return false;
        }
        if (!next_name(k, &at, &tokens, &len)) {
            return false;
        }
    }
    return true;
}

static bool find_names(Kallsyms *k)
{
    size_t last = get32(k, k->markers + (k->n_markers - 1) * 4);

    if (last > k->markers) {
        return false;
    }
    size_t at = (k->markers - last) & ~(size_t)3;
    size_t low = at > MAX_TAIL ? at - MAX_TAIL : 8;
    for (; at >= MAX(low, (size_t)8); at -= 4) {
        /* The number is in front of them, aligned to 4 or to 8 bytes. */
        for (unsigned back = 4; back <= 8; back += 4) {
            unsigned n = get32(k, at - back);
            if (n < MAX_SYMS && names_agree(k, at, n)) {
                k->names = at;
                k->n = n;
                return true;
            }
        }
    }
    return false;
}

/* ---- Addresses ---- */

typedef struct Addresses {
    size_t at;         /* of the first i32 */
    bool own_place;    /* relative to their own place in the image */
    uint64_t base;
} Addresses;

static bool rising(const Kallsyms *k, size_t at)
{
    for (unsigned i = 1; i < k->n; i++) {
        if (get32(k, at + 4 * i) < get32(k, at + 4 * (i - 1))) {
            return false;
        }
    }
    return true;
}

static bool rising_from_own_place(const Kallsyms *k, size_t at)
{
    int64_t before = INT64_MIN;

    for (unsigned i = 0; i < k->n; i++) {
        int64_t to = (int64_t)(at + 4 * i) + (int32_t)get32(k, at + 4 * i);
        if (to < before) {
            return false;
        }
        before = to;
    }
    return true;
}

/* Where kernels are. */
static bool in_upper_half(uint64_t addr)
{
    return addr >> 63;
}

static bool find_addresses(const Kallsyms *k, uint64_t base, Addresses *ret)
{
    size_t size = (size_t)k->n * 4;
    size_t count = k->names - (get32(k, k->names - 4) == k->n ? 4 : 8);

    for (unsigned align = 8; align >= 4; align -= 4) {
        size_t at = ROUND_UP(k->index_end, (size_t)align);
        size_t end = ROUND_UP(at + size, (size_t)8);
        if (end + 8 > k->size) {
            continue;
        }
        if (in_upper_half(get64(k, end)) && rising(k, at)) {
            *ret = (Addresses){ at, false, get64(k, end) };
            return true;
        }
        /* Second, because what rises does so from its own place too. */
        if (rising_from_own_place(k, at)) {
            *ret = (Addresses){ at, true, base };
            return true;
        }
    }
    if (count >= ROUND_UP(size, (size_t)8) + 8) {
        size_t at = count - 8 - ROUND_UP(size, (size_t)8);
        if (in_upper_half(get64(k, count - 8)) && rising(k, at)) {
            *ret = (Addresses){ at, false, get64(k, count - 8) };
            return true;
        }
    }
    return false;
}

static uint64_t address_of(const Kallsyms *k, const Addresses *a, unsigned i)
{
    size_t at = a->at + 4 * (size_t)i;

    return a->own_place ? a->base + at + (int64_t)(int32_t)get32(k, at)
                        : a->base + get32(k, at);
}

/* ---- All of it ---- */

static void spell(const Kallsyms *k, size_t tokens, unsigned len, char name[NAME_ROOM])
{
    size_t n = 0;

    for (unsigned i = 0; i < len; i++) {
        const char *text = (const char *)k->data + k->token[k->data[tokens + i]];
        for (; *text && n < NAME_ROOM - 1; text++) {
            name[n++] = *text;
        }
    }
    name[n] = '\0';
}

bool symbols_read_linux_locked(SymbolTable *t, const uint8_t *data, size_t size, uint64_t base)
{
    Kallsyms k = { .data = data, .size = size };
    Addresses a;
    char name[NAME_ROOM];

    if (!find_tokens(&k) || !find_markers(&k) || !find_names(&k) ||
        !find_addresses(&k, base, &a)) {
        return false;
    }
    size_t at = k.names;
    for (unsigned i = 0; i < k.n; i++) {
        size_t tokens;
        unsigned len;
        if (!next_name(&k, &at, &tokens, &len)) {
            break;
        }
        spell(&k, tokens, len, name);
        if (name[0] && strchr("tTwW", name[0]) && name[1] && name[1] != '$') {
            symbol_table_put_locked(t, address_of(&k, &a, i), 0, name + 1,
                                    g_ascii_isupper(name[0]) ? SYMBOL_RANK_GLOBAL
                                                             : SYMBOL_RANK_LOCAL);
        }
    }
    return true;
}
