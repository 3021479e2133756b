/*
 * Packets of gdb's remote serial protocol (GDB manual, appendix "Remote Protocol",
 * "Overview"): taking them out of a stream of bytes that may hold anything, making them, and
 * the pieces of their text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GDBSTUB_PACKET_H
#define GDBSTUB_PACKET_H

#include "util/osdep.h"

/* Bytes of a packet's payload, after escapes were taken out; what PacketSize announces. */
enum { GDB_PACKET_SIZE = 0x4000 };

typedef enum GdbInput {
    GDB_INPUT_NONE,      /* nothing complete yet */
    GDB_INPUT_PACKET,    /* a good packet: payload and len */
    GDB_INPUT_BAD,       /* a packet whose checksum is wrong: to be sent again */
    GDB_INPUT_REFUSED,   /* too long, or ends inside an escape */
    GDB_INPUT_ACK,       /* '+' */
    GDB_INPUT_NAK,       /* '-' */
    GDB_INPUT_INTERRUPT, /* Ctrl-c */
} GdbInput;

typedef struct GdbReader {
    enum { GDB_READ_IDLE, GDB_READ_PAYLOAD, GDB_READ_ESCAPE, GDB_READ_SUM1,
           GDB_READ_SUM2 } state;
    uint8_t sum;         /* of the bytes so far */
    int digit;           /* the first of the checksum, -1: none */
    bool refused;
    size_t len;
    char payload[GDB_PACKET_SIZE + 1]; /* ends with '\0' */
} GdbReader;

void gdb_reader_reset(GdbReader *r);
/* Take one byte. @no_ack: checksums are not looked at. */
GdbInput gdb_reader_feed(GdbReader *r, uint8_t byte, bool no_ack);

/* Append "$payload#xx", with escapes where the payload needs them. */
void gdb_packet_append(GString *out, const char *payload, size_t len);

/* ---- Text of packets. A cursor walks over it; functions advance it only on success. ---- */
typedef struct GdbText {
    const char *p, *end;
} GdbText;

bool gdb_text_at_end(const GdbText *t);
/* The character @c comes next. */
bool gdb_text_char(GdbText *t, char c);
/* The word comes next. */
bool gdb_text_word(GdbText *t, const char *word);
/* A number of 1 to 16 hexadecimal digits. */
bool gdb_text_hex(GdbText *t, uint64_t *ret);
/* Exactly @n bytes, each as two hexadecimal digits. */
bool gdb_text_bytes(GdbText *t, uint8_t *buf, size_t n);
/* Two hexadecimal digits a byte up to the end of the text; NULL: it is something else. */
GByteArray *gdb_text_rest_bytes(GdbText *t);

/* "p1.2", "1", "-1", "0": a thread, all (-1), or any (0). */
enum { GDB_THREAD_ALL = -1, GDB_THREAD_ANY = 0 };
typedef struct GdbThread {
    int pid, tid; /* GDB_THREAD_*, or a number from 1 */
} GdbThread;
bool gdb_text_thread(GdbText *t, GdbThread *ret);

void gdb_append_hex(GString *out, const void *buf, size_t len);

#endif
