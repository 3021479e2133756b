/*
 * Shared by the files of the qtest server (softmmu/qtest*.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SOFTMMU_QTEST_INTERNAL_H
#define SOFTMMU_QTEST_INTERNAL_H

#include "chardev/char.h"
#include "hw/core/device.h"
#include "softmmu/qtest.h"

enum {
    QTEST_BLOCK_MAX = 16 * MiB,              /* bytes of memory in one command */
    QTEST_LINE_MAX = 2 * QTEST_BLOCK_MAX + 256,
    QTEST_OPERANDS_MAX = 6,
    QTEST_FUZZ_MAX = 1000000,                /* accesses of one command */
};

typedef struct QtestCommand QtestCommand;
struct QtestCommand {
    const char *name;
    const char *operands;   /* as the manual calls them, one word each */
    unsigned size;          /* of an access, where several commands share a function */
    /* True: the reply is OK and what was put into @reply; false: FAIL and the error. */
    bool (*run)(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply, GError **err);
};

/* The wires of one device that a client watches (softmmu/qtest-irq.c). */
typedef struct QtestWires QtestWires;

struct Qtest {
    CharFrontend fe;
    FILE *log;
    int64_t start_us;
    GByteArray *in;         /* came, but waits for room for replies */
    GString *line;          /* what came of an unfinished line */
    bool in_lines;          /* replies are being made; they are sent together */
    bool too_long;          /* and it is dropped up to its end */
    GString *out;           /* what the client has not taken yet */
    QtestWires *wires;      /* or NULL */
};

/* A line that no command asked for. */
void qtest_tell(Qtest *q, const char *fmt, ...) PRINTF(2, 3);
/* An operand as a number that is at most @max. */
bool qtest_number(const char *text, const char *what, uint64_t max, uint64_t *ret,
                  GError **err);
/* The device at a path, absolute or partial. */
DeviceState *qtest_device(const char *path, GError **err);

/* A device test's view of wires while the machine's state is saved, reset and loaded: what
 * did not change in the end is not told. */
void qtest_wires_hold(Qtest *q);
void qtest_wires_release(Qtest *q);
void qtest_wires_free(Qtest *q);

typedef bool QtestRun(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                      GError **err);
QtestRun qtest_run_read, qtest_run_write, qtest_run_read_block, qtest_run_write_block,
    qtest_run_b64read, qtest_run_b64write, qtest_run_memset, qtest_run_in, qtest_run_out;
QtestRun qtest_run_clock_step, qtest_run_clock_step_to_next, qtest_run_clock_set;
QtestRun qtest_run_irq_intercept_in, qtest_run_irq_intercept_out, qtest_run_set_irq_in;
QtestRun qtest_run_vmstate_reload, qtest_run_fuzz;

#endif
