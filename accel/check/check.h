/*
 * The self-check (docs/devel/self-check.rst): the same instructions run on one side, with
 * stores diverted to a log, and then on the other, with stores to RAM; what both leave
 * behind is compared. One is the interpreter, the other the translator.
 *
 * All of it belongs to the thread of the one vCPU, which holds the machine lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_CHECK_CHECK_H
#define ACCEL_CHECK_CHECK_H

#include "accel/tcg/internal.h"

#define TYPE_CHECK_ACCEL "check-accel"

typedef struct Check Check;

/* The sides, in the order in which they run. */
typedef enum CheckSideId { CHECK_FIRST, CHECK_SECOND, CHECK_SIDES } CheckSideId;

/* ---- What a side leaves behind (check-state.c) ---- */

/* The CPU's state. What other threads write (exit_request, interrupt_request) is no part. */
typedef struct CheckState {
    uint64_t icount;
    uint32_t mode, halted, nap_us;
    bool raised;        /* the last instruction raised an exception, which was taken */
    uint8_t *bytes;     /* the target's part */
} CheckState;

void check_state_init(Check *c, CheckState *s);
void check_state_save(Check *c, CheckState *s);
void check_state_restore(Check *c, const CheckState *s);
bool check_state_equal(const Check *c, const CheckState *a, const CheckState *b);

/* ---- Memory (check-memory.c) ---- */

enum { CHECK_LINE = 64, CHECK_LINES = 4096, CHECK_SLOTS = 4 * CHECK_LINES };

/* A piece of RAM that the first side stored to. */
typedef struct CheckLine {
    uint8_t *host;      /* aligned */
    uint64_t mask;      /* bytes stored to */
    uint8_t old[CHECK_LINE], new[CHECK_LINE];
} CheckLine;

/* What the first side found in RAM; its own stores left out. */
typedef struct CheckLoad {
    const uint8_t *host;
    uint64_t value;
    unsigned size;
} CheckLoad;

/* A device access: made by the first side, given to the second. */
typedef struct CheckDevice {
    MemoryRegion *mr;
    uint64_t offset, phys, value;
    unsigned size;
    bool write;
    MemTxResult result;
} CheckDevice;

/* A byte of the CPU's state that a device changed (an interrupt line). */
typedef struct CheckPatch {
    unsigned device;    /* the access that did it */
    uint32_t offset;
    uint8_t value;
} CheckPatch;

typedef struct CheckLog {
    CheckLine *line;
    unsigned n_lines;
    uint64_t pages;     /* a bit per hash of a page in line[] */
    struct { uint32_t generation; uint32_t line; } *slot;
    uint32_t generation;
    GArray *loads;      /* CheckLoad */
    GArray *devices;    /* CheckDevice */
    GArray *patches;    /* CheckPatch */
    unsigned replayed;  /* of devices */
    char *fault;        /* the second side's access that does not fit */
} CheckLog;

void check_log_init(CheckLog *log);
void check_log_free(CheckLog *log);
void check_log_clear(CheckLog *log);
/* Whether the log may hold stores to a page of RAM. */
bool check_log_has_page(const CheckLog *log, const uint8_t *host);
/* It has grown: the grain should end. */
bool check_log_has_grown(const CheckLog *log);
/* RAM is what the log says. */
bool check_log_matches(const CheckLog *log);
/* Put the bytes back that were stored to: those of @line, or of all. */
void check_log_undo(CheckLog *log);
/* Make the stores that are only in the log. */
void check_log_carry_out(CheckLog *log);
/* RAM under a load of the first side is not what it was (after an undo): somebody else
 * writes there. */
bool check_log_loads_changed(const CheckLog *log);
void check_taps_init(Check *c);

/* ---- Running (check-run.c) ---- */

/* A region that the first side ran. */
typedef struct CheckStep {
    uint64_t pc, ram_addr;
    unsigned n_insns;
} CheckStep;
enum { CHECK_STEPS = 64 };

/* How much is run before a comparison. */
typedef struct CheckGrain {
    unsigned count;    /* instructions of a region, 0: all */
    unsigned regions;
} CheckGrain;

/* Where a region was found last; checked against the fetch view when used. */
typedef struct CheckFound {
    uint64_t pc;
    uint32_t mode, count;
    TcgRegion *region; /* NULL: nothing */
} CheckFound;
enum { CHECK_FOUND = 1 << 15 };

typedef struct CheckSide {
    Check *check;
    TcgEngine *engine;
    TcgVcpu *vcpu;
    TcgTap tap;
    const char *name;  /* for reports */
    CheckFound *found;
    uint64_t reclaims; /* of the cache of regions, when found[] was good */
} CheckSide;

typedef enum CheckResult {
    CHECK_SAME,
    CHECK_DIFFERENT,
    CHECK_ABORTED,     /* nothing happened: in smaller grains, please */
    CHECK_ONCE,        /* ran on one side alone, because it acts on the outside */
} CheckResult;

typedef struct CheckStats {
    uint64_t grains, regions, insns, single, aborts, devices, once, transients;
} CheckStats;

struct Check {
    CpuState *cpu;
    CheckSide side[CHECK_SIDES];
    CheckGrain grain;      /* as asked for */
    bool full_report, stop_by_exit;
    CheckSideId translator; /* the side that it is */

    CheckState before, first, second; /* the last: scratch while the first side runs */
    bool before_valid;     /* the CPU is in that state */
    CheckLog log;
    CheckGrain now;        /* of the grain at hand */
    CheckStep step[CHECK_STEPS];
    unsigned n_steps;
    bool peeked;           /* the first side looked at the code behind its last region */
    bool once;
    bool hot;              /* the first side counted a jump to the end: to pc, */
    unsigned hot_counter;  /* with this counter */
    bool poll;             /* interrupts are to be looked at */
    unsigned single_left;  /* instructions to be run one by one */
    uint64_t *marks;       /* hash of a region's address -> a bit: it accesses devices */
    sigjmp_buf unwind;

    bool failed;           /* stopped at a difference */
    GMutex report_lock;
    GString *report;       /* under report_lock; NULL: no difference was found */
    CheckStats stats;      /* read without care by info */
};

enum { CHECK_MARK_BITS = 16 };

/* Begin with a CPU whose sides are set. */
void check_init(Check *c);
void check_destroy(Check *c);
void check_run(Check *c);
/* Give up what the first side does (from within its run). */
void check_abort(Check *c) __attribute__((noreturn));
/* The region at @pc, translated if need be: of @count instructions at most, 0: as usual. May
 * raise. */
TcgRegion *check_region_at(CheckSide *s, uint64_t pc, unsigned count);
/* Run @g from the state before on both sides and compare; nothing is kept or undone. */
CheckResult check_attempt(Check *c, CheckGrain g);
/* Take what was attempted as done. */
void check_commit(Check *c);
/* Undo what was attempted. */
void check_rewind(Check *c);

/* ---- A difference (check-report.c) ---- */

/* The attempt with @g differed: look closer, and write the report. False: RAM changed under
 * it by somebody else's hand; run it again. */
bool check_difference(Check *c, CheckGrain g);

/* ---- Faults planted by tests (check-plant.c) ---- */

typedef struct CheckPlant CheckPlant;
/* "op:NAME" or "insn:NAME"; the translator's side gets it wrong from now on. */
CheckPlant *check_plant_new(const char *what, GError **err);
void check_plant_free(CheckPlant *p);
/* TcgEngine.edit */
void check_plant_edit(void *plant, const CpuTranslate *t, const IrCode *code);

#endif
