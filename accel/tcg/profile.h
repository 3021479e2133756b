/*
 * Profiles of vCPUs: where their time goes, and which guest code is hot.
 *
 * A timer of the host's interrupts each vCPU's thread at a fixed rate while it runs. The
 * signal's handler notes what the thread was doing (TcgVcpu.phase, the host's pc) in a ring
 * and sets exit_request. At its next poll, with the guest's state complete, the thread
 * itself empties the ring (tcg_profile_drain()): it finds guest addresses, walks the guest's
 * stack, and counts. Nothing else is added to what a vCPU does; without a profile, what is
 * left is a store to TcgVcpu.phase at the edges of the slow paths.
 *
 * Sampled: how the time inside tcg_cpu_run() divides. Measured: the time outside of it.
 *
 * Letters at fields are those of internal.h; (h) is written by the thread's signal handler
 * too, (s) is under the struct's own lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_PROFILE_H
#define ACCEL_TCG_PROFILE_H

#include "accel/tcg/internal.h"
#include "util/symbols.h"
#include <time.h>

/* What a sample counts for. */
typedef enum TcgShare {
    TCG_SHARE_CODE,
    TCG_SHARE_HELPERS,
    TCG_SHARE_TRANSLATION,
    TCG_SHARE_MEMORY,
    TCG_SHARE_DEVICES,
    TCG_SHARE_LOCKS,
    TCG_SHARE_DISPATCH,
    TCG_SHARE_COUNT,
} TcgShare;

/* As the handler takes it. */
typedef struct TcgSample {
    uint64_t pc;          /* as the state has it */
    uint64_t entry_pc;
    const uint8_t *code;  /* the place in the buffer, or NULL */
    MemoryRegion *device; /* TCG_SHARE_DEVICES */
    uint32_t mode;
    uint8_t share;        /* TcgShare */
    bool called;          /* code is a return address, entry_pc is not known */
} TcgSample;

enum { TCG_SAMPLES = 256, TCG_STACK_MAX = 64 };

/* A counted place in guest code. */
typedef struct TcgPlaceKey {
    uint64_t pc;
    CpuCodeSpace space;
} TcgPlaceKey;

/* A counted call stack: n addresses follow, from the inside out. */
typedef struct TcgStackKey {
    CpuCodeSpace space;
    uint32_t share;
    uint32_t n;
    const char *device; /* interned, or NULL */
    uint64_t pcs[];
} TcgStackKey;

struct TcgVcpuProfile {
    TcgVcpu *v;
    timer_t timer;
    pid_t timer_thread;      /* (v) whose it is; 0: none was made */
    bool armed;              /* (h) */
    uint32_t in;             /* (h) samples taken, and */
    uint32_t out;            /* (v) counted; modulo the ring's size */
    TcgSample ring[TCG_SAMPLES];
    uint64_t share[TCG_SHARE_COUNT]; /* (h) */
    uint64_t lost;           /* (h) samples of which only the share is known */
    TcgMark *marks;          /* (v) scratch of a translation */
    unsigned n_marks;

    GMutex lock;
    GHashTable *places;      /* (s) TcgPlaceKey -> count */
    GHashTable *devices;     /* (s) interned name -> count */
    GHashTable *stacks;      /* (s) GBytes of TcgStackKey -> count; NULL: not wanted */
    uint64_t share_base[TCG_SHARE_COUNT], lost_base; /* (s) at the last reset */
    int64_t begun_ns;        /* (s) 0: it has not run yet */
    int64_t idle_ns, paused_ns;
    int64_t left_ns;         /* (s) since when it is outside; 0: it is inside */
    bool left_idle;          /* (s) outside because it waits for an interrupt */
    bool has_cpu_clock;      /* (s) */
    clockid_t cpu_clock;     /* (s) of its thread */
    int64_t cpu_base_ns;     /* (s) */
};

/* Properties of the accelerator. */
typedef struct TcgProfileOptions {
    bool on;
    uint32_t frequency;
    char *symbols;     /* files, separated by ':' */
    char *stacks;      /* file */
} TcgProfileOptions;

struct TcgProfile {
    TcgEngine *engine;   /* (c) set with the first vCPU */
    SymbolTable *symbols;
    char *stacks_path;
    unsigned frequency;
};

/* Check the options and prepare; *ret is NULL if no profile is wanted. */
bool tcg_profile_new(const TcgProfileOptions *o, TcgProfile **ret, GError **err);
void tcg_profile_free(TcgProfile *p);
/* A vCPU joins, at its realize. */
void tcg_profile_cpu_init(TcgVcpu *v);
void tcg_profile_cpu_free(TcgVcpu *v);
/* The vCPU's thread enters and leaves tcg_cpu_run(). */
void tcg_profile_enter(TcgVcpu *v);
void tcg_profile_leave(TcgVcpu *v);
/* Count what the handler has taken: the state is complete, and no region has been
 * reclaimed since. */
void tcg_profile_drain(TcgVcpu *v);
/* Room for the marks of a translation of @n instructions. */
TcgMark *tcg_profile_marks(TcgVcpu *v, unsigned n);
/* Put the marks of the region just compiled behind its code in the vCPU's slice. */
void tcg_profile_keep_marks(TcgVcpu *v, TcgRegion *r, const TcgMark *marks, unsigned n);

/* profile-report.c */
struct ProfileInfo *tcg_profile_report(TcgProfile *p, unsigned limit);
void tcg_profile_reset(TcgProfile *p);
/* Write folded stacks. */
bool tcg_profile_write_stacks(TcgProfile *p, GError **err);

int64_t tcg_profile_now(void);

#endif
