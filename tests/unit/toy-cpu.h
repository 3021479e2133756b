/*
 * A toy CPU with a toy MMU that runs under accel/tcg, for its tests.
 *
 * Instructions have 32 bits, any even address: op in bits 7:0, a in 11:8, b in 15:12, imm
 * (signed) in 31:16; branch offsets count from the instruction, in bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_TOY_CPU_H
#define TESTS_UNIT_TOY_CPU_H

#include "accel/accel.h"
#include "util/main-loop.h"

typedef enum ToyOp {
    TOY_HALT,  /* stop for good */
    TOY_LI,    /* r[a] = imm */
    TOY_ADDI,  /* r[a] += imm */
    TOY_ADD,   /* r[a] += r[b] */
    TOY_SHLI,  /* r[a] <<= imm */
    TOY_LD,    /* r[a] = 64 bits at r[b] + imm */
    TOY_ST,    /* 64 bits at r[b] + imm = r[a] */
    TOY_LD32, TOY_ST32, TOY_ST8,
    TOY_AMOADD, /* r[a] = 64 bits at r[b], which grow by r[a] */
    TOY_CAS,   /* if 64 bits at r[b] == r[a] then = r[7]; r[a] = what was there */
    TOY_J,     /* pc += imm */
    TOY_BNE,   /* if r[a] != r[b] then pc += imm */
    TOY_JAL,   /* r[a] = next pc; pc += imm */
    TOY_JR,    /* pc = r[a] */
    TOY_SYS,   /* by imm, see ToySys; ends the region */
} ToyOp;

typedef enum ToySys {
    TOY_SYS_ECALL,      /* exception 8 */
    TOY_SYS_IRET,       /* pc = saved pc, interrupts on */
    TOY_SYS_EI,
    TOY_SYS_WAIT,       /* halt until an interrupt */
    TOY_SYS_FENCE_I,
    TOY_SYS_SPACE,      /* current space = r[a] */
    TOY_SYS_FLUSH,      /* all pages, all spaces */
    TOY_SYS_FLUSH_SPACE, /* all pages of space r[a], not global ones */
    TOY_SYS_FLUSH_PAGE, /* page r[a], all spaces */
    TOY_SYS_MODE,       /* code mode key = r[a] */
} ToySys;

enum { TOY_REGS = 8, TOY_MAPS = 16 };
enum { TOY_EXC_ECALL = 8, TOY_EXC_PAGE = 100, TOY_EXC_ACCESS = 110, TOY_EXC_ALIGN = 120 };

typedef struct ToyCpu {
    CpuState parent;
    uint64_t r[TOY_REGS];
    uint64_t pc;
    uint64_t vector, ivector; /* 0: an exception fails the test */
    uint64_t saved_pc, cause, tval;
    uint64_t exc_cause, exc_tval;
    uint64_t frame;          /* not 0: handlers are entered with the pc stored here */
    uint64_t space;
    uint64_t n_exceptions;
    uint64_t n_interrupts;   /* (a) */
    uint32_t ie;
    uint32_t irq;            /* (a) */
    uint32_t done;           /* (a) HALT was reached */
} ToyCpu;

/* A translation: of all spaces if space is -1. */
typedef struct ToyMap {
    int64_t space;
    uint64_t vaddr, phys;
    uint8_t bits;  /* log2 of its size; 0: no entry */
    uint64_t again; /* all of it are the first so many bytes of the memory, again and again;
                       0: it is as large */
    bool r, w, x, global, no_cache;
} ToyMap;

/* Memory map: RAM of 8 MiB at 0, ROM of 64 KiB at ROM, a device at DEV. */
enum { TOY_RAM_SIZE = 8 << 20, TOY_ROM = 0x10000000, TOY_DEV = 0x20000000 };

typedef struct Toy {
    AccelState *accel;
    MemoryRegion root, ram, rom, dev, overlay;
    AddressSpace as;
    ToyCpu *cpu[4];
    unsigned n_cpus;
    ToyMap map[TOY_MAPS];  /* earlier ones win; what none maps is itself, in space 0 */
    uint64_t dev_reads, dev_writes, dev_value;
    unsigned fills;
} Toy;
extern Toy toy;

static inline uint32_t toy_insn(ToyOp op, unsigned a, unsigned b, int imm)
{
    return op | a << 8 | b << 12 | (uint32_t)imm << 16;
}

/* Machine lock held from here on. Options of the accelerator: backend, cache size. */
void toy_start(const char *backend, unsigned tb_size, unsigned n_cpus);
/* Put an instruction at RAM address @addr (as a loader would); returns the next one. */
uint64_t toy_put(uint64_t addr, ToyOp op, unsigned a, unsigned b, int imm);
uint64_t toy_read(uint64_t addr);
void toy_write(uint64_t addr, uint64_t value);
/* Run all vCPUs until each has reached HALT; fails the test after a while. */
void toy_run(void);
void toy_resume(void);
void toy_wait_done(void);
/* Call from the main thread while vCPUs run: gives the lock up. */
void toy_sleep_ms(unsigned ms);
void toy_irq(ToyCpu *cpu);
void toy_end(void);
/* The number behind a label of info jit. */
uint64_t toy_stat(const char *label);

/* A test (each-backend.h). */
typedef struct ToyCase {
    const char *name;
    void (*run)(void);
    unsigned n_cpus;
    unsigned tb_size; /* 0: 16 */
} ToyCase;
int toy_test_main(int argc, char **argv, const char *name, const ToyCase *cases, unsigned n);

#endif
