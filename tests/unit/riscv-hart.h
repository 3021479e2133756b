/*
 * A hart without a machine around it, for tests of target/riscv's system side: memory is
 * one array, time stands still, and what the hart asks of the accelerator is recorded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_RISCV_HART_H
#define TESTS_UNIT_RISCV_HART_H

#include <setjmp.h>
#include "target/riscv/system.h"

enum { HART_RAM_BASE = 0x80000000, HART_RAM_SIZE = 0x100000 };

typedef struct HartWorld {
    uint8_t ram[HART_RAM_SIZE];
    uint64_t time;               /* machine time; the timer's clock too */
    int64_t clock;               /* what clock_ns() tells */
    CpuViewKey view[CPU_VIEW_COUNT];
    unsigned n_set_view;
    unsigned n_kicks, n_halts;
    /* the last cpu_invalidate() */
    unsigned n_invalidate;
    bool inv_all_pages, inv_keep_global;
    uint64_t inv_vaddr;
    unsigned inv_mask;           /* bit per key of inv_keys that matched */
    CpuViewKey inv_keys[4];
    /* another hart's store between the walker's load and its compare-and-swap */
    uint64_t race_addr, race_value;
    sigjmp_buf unwind;
} HartWorld;
extern HartWorld world;

/* A hart of 64 or 32 bits with everything that is implemented, after reset. */
RiscvCpu *hart_new(unsigned xlen);
void hart_free(RiscvCpu *cpu);
void hart_ram_write(uint64_t phys, uint64_t value, unsigned size);
uint64_t hart_ram_read(uint64_t phys, unsigned size);

/* Run statement; true if it raised, with the hart's exc_cause and exc_tval. */
#define HART_RAISES(statement)                                                            \
    ({                                                                                    \
        bool raised_ = sigsetjmp(world.unwind, 0) != 0;                                   \
        if (!raised_) {                                                                   \
            statement;                                                                    \
        }                                                                                 \
        raised_;                                                                          \
    })

/* csrrw, csrrs, csrrc by number, as from x1 to x2. True if legal. */
bool hart_csrrw(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old);
bool hart_csrrs(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old);
bool hart_csrrc(RiscvCpu *cpu, unsigned csr, uint64_t value, uint64_t *old);
/* csrr: the register, which must be readable. */
uint64_t hart_csrr(RiscvCpu *cpu, unsigned csr);
/* csrw: it must be writable. */
void hart_csrw(RiscvCpu *cpu, unsigned csr, uint64_t value);

#endif
