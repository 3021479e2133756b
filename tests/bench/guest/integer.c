/*
 * Integer benchmarks: what compiled programs spend their loops on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* ---- A list, a matrix, a state machine, a checksum ---- */

typedef struct Node {
    struct Node *next;
    uint32_t key;
} Node;

static uint32_t list_work(Node *nodes, unsigned n, uint32_t seed)
{
    Node *head = NULL, *reversed = NULL;
    uint32_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        nodes[i].key = seed = seed * 1103515245u + 12345u;
        nodes[i].next = head;
        head = &nodes[i];
    }
    while (head) {
        Node *next = head->next;

        head->next = reversed;
        reversed = head;
        head = next;
    }
    for (const Node *p = reversed; p; p = p->next) {
        sum = sum * 31 + (p->key & 1 ? p->key >> 3 : p->key << 1);
    }
    return sum;
}

static uint32_t matrix_work(int16_t *a, int16_t *b, int32_t *c, unsigned n)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++) {
            int32_t x = 0;

            for (unsigned k = 0; k < n; k++) {
                x += a[i * n + k] * b[k * n + j];
            }
            c[i * n + j] = x;
            sum += (uint32_t)x >> 2;
        }
    }
    return sum;
}

/* Counts the numbers of each kind in a text. */
static uint32_t state_machine(const char *text)
{
    enum { START, SIGN, INTEGER, FRACTION, WORD } state = START;
    uint32_t count[5] = { 0 };

    for (; *text; text++) {
        char ch = *text;

        if (ch == ' ') {
            count[state]++;
            state = START;
            continue;
        }
        switch (state) {
        case START:
            state = ch >= '0' && ch <= '9' ? INTEGER : ch == '-' ? SIGN : WORD;
            break;
        case SIGN:
        case INTEGER:
            state = ch >= '0' && ch <= '9' ? INTEGER : ch == '.' ? FRACTION : WORD;
            break;
        case FRACTION:
            state = ch >= '0' && ch <= '9' ? FRACTION : WORD;
            break;
        case WORD:
            break;
        }
    }
    return count[INTEGER] * 10007 + count[FRACTION] * 101 + count[WORD];
}

static uint16_t crc16(const uint8_t *data, size_t n)
{
    uint16_t crc = 0xffff;

    while (n--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
        }
    }
    return crc;
}

uint64_t bench_int(unsigned scale)
{
    enum { NODES = 2000, SIDE = 24 };
    static Node nodes[NODES];
    static int16_t a[SIDE * SIDE], b[SIDE * SIDE];
    static int32_t c[SIDE * SIDE];
    char text[256] = "";
    uint64_t sum = 0;

    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = (int16_t)(i * 7 - 100);
        b[i] = (int16_t)(i * 3 + 5);
    }
    while (strlen(text) < sizeof(text) - 24) {
        strcat(text, "12 -3.25 abc 77 4.5x ");
    }
    for (unsigned i = 0; i < scale * 20; i++) {
        sum += list_work(nodes, NODES, i);
        sum = sum * 3 + matrix_work(a, b, c, SIDE);
        for (int k = 0; k < 10; k++) {
            sum += state_machine(text);
        }
        sum = sum << 1 ^ crc16((const uint8_t *)c, 512);
        a[i % (SIDE * SIDE)] ^= (int16_t)sum;
    }
    return sum;
}

/* ---- SHA-256 (FIPS 180-4) ---- */

static const uint32_t sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void sha256_block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], s[8];

    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 |
               p[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];

        w[i] = w[i - 16] + (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[i - 7] +
               (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
    }
    memcpy(s, h, sizeof(s));
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t t1 = s[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
                      ((e & s[5]) ^ (~e & s[6])) + sha_k[i] + w[i];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
                      ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

        memmove(s + 1, s, 7 * sizeof(*s));
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        h[i] += s[i];
    }
}

uint64_t bench_sha256(unsigned scale)
{
    uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    static uint8_t data[4096];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 17 >> 3);
    }
    for (unsigned i = 0; i < scale * 10; i++) {
        for (size_t at = 0; at < sizeof(data); at += 64) {
            sha256_block(h, data + at);
        }
    }
    return (uint64_t)h[0] << 32 | h[7];
}

/* ---- Strings ---- */

uint64_t bench_strings(unsigned scale)
{
    static const char *const words[] = { "boot", "kernel", "a", "translation", "page",
                                         "interrupt", "of", "register", "the", "virtual" };
    char line[512], copy[512];
    uint64_t sum = 0, seed = 12345;

    for (unsigned i = 0; i < scale * 1000; i++) {
        line[0] = 0;
        for (int w = 0; w < 12; w++) {
            strcat(line, words[random_next(&seed) % 10]);
            strcat(line, " ");
        }
        strcpy(copy, line);
        for (char *save, *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
            for (int w = 0; w < 10; w++) {
                sum += !strcmp(t, words[w]);
            }
        }
        sum = sum * 31 + strlen(line) + (strstr(line, "register") != NULL) +
              (size_t)(strrchr(line, 'v') ? strrchr(line, 'v') - line : 0);
        sum ^= (uint64_t)(memchr(line, 'k', strlen(line)) != NULL) << 20;
    }
    return sum;
}

/* ---- Structures and small calls, in the manner of the classic synthetic mixes ---- */

typedef struct Record {
    struct Record *link;
    int kind, choice;
    int value;
    char text[32];
} Record;

static Record *volatile current_record;
static int global_int;
static char global_char;

static __attribute__((noinline)) int pick(int a, int *b)
{
    *b = a + 2;
    return a > global_int ? a - global_int : a + 1;
}

static __attribute__((noinline)) int same_char(char a, char b)
{
    if (a == b) {
        global_char = a;
        return 1;
    }
    return 0;
}

static __attribute__((noinline)) int compare_text(const char *a, const char *b)
{
    int at = 2;

    while (at <= 2) {
        if (!same_char(a[at], b[at + 1])) {
            at++;
        } else {
            break;
        }
    }
    return strcmp(a, b) > 0 ? at + 7 : at;
}

static __attribute__((noinline)) void update(Record *r)
{
    Record *next = r->link;

    *next = *r;
    r->value = 5;
    next->value = r->value;
    next->link = r->link;
    next->kind = pick(next->choice, &next->value);
    if (next->kind) {
        next->choice = next->kind % 7;
    } else {
        *r = *next;
    }
}

uint64_t bench_dhry(unsigned scale)
{
    static Record one, two;
    int table[50] = { 0 };
    uint64_t sum = 0;

    one = (Record){ .link = &two, .choice = 3, .value = 40, .text = "a program, some string" };
    current_record = &one;
    for (unsigned i = 0; i < scale * 50000; i++) {
        char text[32];
        int a = 2, b = 3, c, d = 0;

        global_int = (int)(i & 7);
        strcpy(text, "a program, 2nd string");
        c = compare_text(current_record->text, text);
        while (a < b) {
            c = 5 * a - b;
            c += pick(a, &d);
            a++;
        }
        table[(a + c) & 15] += b + d;
        update(current_record);
        b = b * a;
        a = b / (d ? d : 1);
        sum += (uint64_t)(a + b + table[c & 15] + current_record->link->kind + global_char);
    }
    return sum;
}
