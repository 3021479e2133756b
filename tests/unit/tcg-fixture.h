/*
 * A CPU, its memory and its surroundings for tests of tcg/, on one backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_TCG_FIXTURE_H
#define TESTS_TCG_FIXTURE_H

#include "util/osdep.h"
#include <setjmp.h>
#include "tcg/ir.h"
#include "tcg/tcg.h"

/* Globals of the test CPU. */
enum {
    G_PC = 0,
    G_P1 = 1, /* pinned 1..6, I64 */
    G_P6 = 6,
    G_P7_32 = 7, /* pinned 7, I32 */
    G_M1 = 8, /* in memory, I64 */
    G_M2, G_M3, G_M4,
    G_M5_32, /* in memory, I32 */
    G_M6_32,
    G_F1, /* F64 */
    G_F2, G_F3, G_F4,
    N_GLOBALS
};

enum {
    RAM_BASE = 0x40000,  /* guest virtual = physical */
    RAM_SIZE = 0x4000,
    CODE_PC = 0x20010,   /* entry pc of test regions */
};

struct CpuState {
    uint64_t env[40];        /* beyond the reach of a byte displacement, partly */
    uint64_t g[N_GLOBALS];   /* an I32 global is the low half */
    uint32_t fp_rounding;    /* IR_FP_* */
    uint8_t fp_flags;
    sigjmp_buf unwind;
    int raised;              /* code given to fixture_raise() */
    uint64_t raised_pc, raised_icount;
    uint64_t g_at_raise[N_GLOBALS];
    bool fill;               /* slow accesses enter the page into the view */
    bool leave_after_store;
    bool dirty;              /* memory, views or jump cache were changed */
    unsigned n_slow, n_calls;
    uint8_t *ram;
    TcgCpuArea tcg;
};

typedef struct Fixture {
    TcgContext *ctx;
    TcgScratch *scratch;
    TcgBuffer buf;
    size_t used, end;        /* of buf: free between */
    IrBuilder *b;
    CpuState *cpu;
    TcgConfig cfg;
    TcgCompile last;         /* of the latest fixture_compile() */
    uint8_t tier;
} Fixture;

extern const IrGlobal fixture_globals[N_GLOBALS];

/* @backend: its name, with "-tier2" behind it for its second tier. NULL: not on this host. */
Fixture *fixture_new(const char *backend);
void fixture_free(Fixture *f);
/* Drop all code; empty views and jump cache; state: a fixed pattern. */
void fixture_reset(Fixture *f);
/* Verify and compile what f->b holds as a region at @pc; resets the builder. */
TcgCompile fixture_compile(Fixture *f, uint64_t pc);
/* Run from @entry; raised exceptions end the run with cpu->raised set. */
TcgExit fixture_run(Fixture *f, const void *entry);
/* Compile at CODE_PC and run from there. */
TcgExit fixture_go(Fixture *f);
/* Map the page of @vaddr (RAM) for loads or stores. */
void fixture_map(Fixture *f, uint64_t vaddr, bool store);
/* Make @pc's page valid in the fetch view. */
void fixture_map_fetch(Fixture *f, uint64_t pc);
/* Enter @pc into the jump cache; @other: in the second of its slots. */
void fixture_cache_jump(Fixture *f, uint64_t pc, const void *checked_entry, bool other);
/* Raise from a helper or slow path. */
void fixture_raise(CpuState *cpu, int code) __attribute__((noreturn));
/* The type of a global. */
IrType fixture_type(unsigned global);
/* cpu->g[g] as its type shows it, sign-extended. */
uint64_t fixture_global(const Fixture *f, unsigned g);

#endif
