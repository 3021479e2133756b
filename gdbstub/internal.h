/*
 * What the files of the server share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GDBSTUB_INTERNAL_H
#define GDBSTUB_INTERNAL_H

#include "accel/cpu.h"
#include "accel/debug.h"
#include "chardev/char.h"
#include "gdbstub/gdbstub.h"
#include "gdbstub/packet.h"

enum { GDB_INPUT_ROOM = 4096, GDB_MAX_POINTS = 1024, GDB_PID = 1 };

/* Numbers of signals as the protocol has them, whatever the host's are. */
enum {
    GDB_SIGNAL_0 = 0, GDB_SIGNAL_INT = 2, GDB_SIGNAL_QUIT = 3, GDB_SIGNAL_TRAP = 5,
    GDB_SIGNAL_ABRT = 6, GDB_SIGNAL_STOP = 17,
};

/* Numbers of errors in E packets (those of Linux). */
enum { GDB_EFAULT = 14, GDB_EINVAL = 22 };

/* As packets Z and z number them. */
typedef enum GdbPointKind {
    GDB_POINT_SW_BREAK, GDB_POINT_HW_BREAK, GDB_POINT_WRITE, GDB_POINT_READ, GDB_POINT_ACCESS,
    GDB_POINT_KINDS,
} GdbPointKind;

typedef struct GdbPoint {
    GdbPointKind kind;
    uint64_t addr, len; /* len: of a watchpoint */
} GdbPoint;

/* What a vCPU does when the machine goes on. */
typedef enum GdbAction { GDB_HOLD, GDB_CONTINUE, GDB_STEP } GdbAction;

struct GdbStub {
    Object parent;
    CharFrontend chr;
    bool own_chardev;       /* it was made for us and goes with us */
    bool connected;

    /* Bytes on their way */
    GByteArray *in;         /* at most GDB_INPUT_ROOM */
    unsigned in_pos;        /* what is before it was looked at */
    GString *out;           /* not yet taken by the device; while there is any, no packet is
                               looked at, so that it stays as small as the answer to one */
    GString *last;          /* the last packet sent, for '-' */
    GString *reply;         /* payload being made */
    bool processing;        /* packets are looked at further up the stack */
    GdbReader reader;

    /* What was agreed with the client */
    bool no_ack, multiprocess, swbreak, hwbreak;

    GdbDescription *description;
    unsigned current;       /* index of the vCPU that registers and memory are of (Hg) */
    unsigned resume_cpu;    /* index of the one that 's' steps (Hc) */
    bool waiting;           /* the client has let the machine run and waits for its stop */
    unsigned step_mask;     /* GDB_STEP_* */
    bool physical;          /* memory packets are about physical addresses */
    GArray *points;         /* GdbPoint */
    GArray *pending;        /* CpuDebugStop by index of the vCPU: stops not told yet, because
                               the client was told of another vCPU's at the same time */
    unsigned check_end;     /* id of a main loop call, or 0 */
};

enum { GDB_STEP_ENABLE = 1, GDB_STEP_NO_IRQ = 2, GDB_STEP_NO_TIMER = 4,
       GDB_STEP_ALL = GDB_STEP_ENABLE | GDB_STEP_NO_IRQ | GDB_STEP_NO_TIMER };

/* ---- server.c ---- */
/* Send a packet. */
void gdb_send(GdbStub *s, const char *payload, size_t len);
void gdb_send_text(GdbStub *s, const char *text);

/* ---- command.c: one packet; the answer, if there is one, was sent ---- */
void gdb_command(GdbStub *s, const char *payload, size_t len);
/* Handlers append to s->reply. Without anything appended the answer is empty: "unknown". */
void gdb_reply_ok(GdbStub *s);
void gdb_reply_error(GdbStub *s, unsigned number);
/* The vCPU that packets are about; never NULL while connected. */
CpuState *gdb_cpu(GdbStub *s);
/* By a thread of the client's; "any" is the current one, "all" the first. NULL: none. */
CpuState *gdb_cpu_by_thread(GdbStub *s, GdbThread t);
void gdb_append_thread(GdbStub *s, GString *out, const CpuState *cpu);

/* ---- query.c: packets q and Q ---- */
void gdb_query(GdbStub *s, GdbText *t);
void gdb_set(GdbStub *s, GdbText *t);

/* ---- data.c: registers and memory ---- */
void gdb_read_registers(GdbStub *s);
void gdb_write_registers(GdbStub *s, GdbText *t);
void gdb_read_register(GdbStub *s, GdbText *t);
void gdb_write_register(GdbStub *s, GdbText *t);
void gdb_read_memory(GdbStub *s, GdbText *t);
void gdb_write_memory(GdbStub *s, GdbText *t);
void gdb_write_memory_binary(GdbStub *s, GdbText *t);
void gdb_search_memory(GdbStub *s, GdbText *t);

/* ---- points.c: breakpoints and watchpoints ---- */
void gdb_insert_point(GdbStub *s, GdbText *t);
void gdb_remove_point(GdbStub *s, GdbText *t);
void gdb_remove_all_points(GdbStub *s);
/* What made a vCPU stop; NULL: nothing of the client's. */
const GdbPoint *gdb_find_point(GdbStub *s, const CpuDebugStop *stop);

/* ---- run.c: going on and stopping ---- */
void gdb_vcont(GdbStub *s, GdbText *t);
/* 's', 'c' with an optional address, or 'S', 'C' with a signal too. */
void gdb_resume_old(GdbStub *s, GdbText *t, bool step, bool with_signal);
/* Stop the machine if it runs. */
void gdb_stop_machine(GdbStub *s);
/* Why the machine is stopped, as '?' asks. */
void gdb_reply_stop(GdbStub *s);
/* Forget steps and held vCPUs. */
void gdb_release_cpus(void);
void gdb_run_state_changed(void *opaque, bool running);
/* Packets that let the machine run need not stop it first. */
bool gdb_is_resume(const char *payload);

#endif
