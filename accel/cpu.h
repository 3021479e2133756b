/*
 * A virtual CPU as accelerators see it, and what a target provides to run under TCG.
 *
 * Threads: one host thread a vCPU (thread). Letters at fields: (c) constant after
 * realize, (v) own thread only, or while the vCPU is stopped, (m) machine lock,
 * (a) atomic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_CPU_H
#define ACCEL_CPU_H

#include "accel/gdb-target.h"
#include "disas/disas.h"
#include "hw/core/device.h"
#include "softmmu/memory.h"
#include "tcg/tcg.h"

#define TYPE_CPU "cpu"

typedef struct CpuOps CpuOps;

/* Which name -cpu has for a class, by target; a table ends with { NULL, NULL }. */
typedef struct CpuModelName {
    const char *target; /* "riscv64", ... */
    const char *model;
} CpuModelName;

/* The class of a CPU type. */
typedef struct CpuClass {
    DeviceClass parent;
    const CpuModelName *models; /* targets that have it, and under which name */
} CpuClass;

/* Why memory is accessed. */
typedef enum CpuAccess { CPU_ACCESS_FETCH, CPU_ACCESS_LOAD, CPU_ACCESS_STORE } CpuAccess;

/* The views that a vCPU has open at a time. */
typedef enum CpuViewKind { CPU_VIEW_DATA, CPU_VIEW_FETCH, CPU_VIEW_COUNT } CpuViewKind;

/* An opaque key made by the target: everything that decides how a virtual address is
 * translated and checked (root, ASID, effective privilege, bits that change permission).
 * Equal keys share translations. Keys that differ in k[0] alone (address spaces) share those
 * that are global. */
typedef struct CpuViewKey {
    uint64_t k[3];
} CpuViewKey;

/* A translation that the target's walker found. */
typedef struct CpuFill {
    uint64_t phys;       /* guest physical address of the byte asked for */
    bool load, store, fetch; /* what an entry may be made for (store only if D is set) */
    bool global;         /* shared by address spaces: fences by ASID may spare it */
    uint8_t leaf_bits;   /* log2 of the size of the leaf that it came from (12: 4 KiB) */
    bool no_cache;       /* do not enter it (a page that PMP covers in part) */
} CpuFill;

enum { CPU_PAUSE_HELD = 1 << 0, CPU_PAUSE_STOPPED = 1 << 1 };
/* A mapping of the address space that a vCPU has now (info tlb, info mem). */
typedef struct CpuMapping {
    uint64_t vaddr, paddr, size;
    char attrs[12];      /* letters or dashes in columns, as the target names them */
} CpuMapping;
typedef enum CpuMappings {
    CPU_MAPPINGS_NONE,   /* addresses are not translated */
    CPU_MAPPINGS_ALL,
    CPU_MAPPINGS_CUT,    /* there are more than the walk's limit, or fn wanted no more */
} CpuMappings;

struct CpuState {
    DeviceState parent;

    unsigned index;            /* (c) */
    const CpuOps *ops;         /* (c) set by the target's instance_init */
    AddressSpace *as;          /* (c) */

    /* Thread life (softmmu/cpus.c) */
    GThread *thread;           /* (c) */
    int thread_id;             /* (a) the kernel's, for management; 0 until it runs */
    GMutex work_lock;          /* innermost: nothing is taken inside it */
    GCond wake;                /* with work_lock: a halted or stopped CPU looks again */
    GQueue work;               /* under work_lock: run by the vCPU thread */
    bool created;              /* (m) */
    bool stop;                 /* (a) written under (m): asked to stop */
    bool stopped;              /* (a) written under (m) */
    bool unplug;               /* (a) written under (m): the thread ends */
    uint32_t halted;           /* (a) waits for an interrupt */
    uint32_t nap_us;           /* (v) pause at the next poll: the guest only polls */
    uint32_t interrupt_request; /* (a) non-zero: ops->interrupt has something to look at */

    /* Debuggers (accel/debug.c) */
    struct CpuDebug *debug;    /* (v) written under (m); NULL: there is none */
    uint32_t debug_pause;      /* (a) CPU_PAUSE_*: does not run though the machine does */

    /* Accelerator's own */
    void *accel;               /* (v) accel/tcg's per-vCPU state */
    char name[24];

    TcgCpuArea tcg;            /* last: the target's first fields follow */
};

#define CPU_ENV_BIAS ((uint32_t)offsetof(CpuState, tcg) + 128)
/* Targets put their hottest globals first: offsets below reach them with 8 bits. */

/* One region's worth of input for a target's front end. */
typedef struct CpuTranslate {
    CpuState *cpu;
    IrBuilder *ir;
    uint32_t mode;           /* code mode key at entry */
    uint64_t pc;             /* entry pc; for logs and page offset only, never put in code */
    const uint8_t *code;     /* host address of the entry's byte */
    unsigned avail;          /* bytes from there to the end of its page */
    const uint8_t *code2;    /* the next virtual page's first byte; NULL until asked for
                                with tcg_translate_second_page() */
    unsigned max_insns;      /* stop after this many guest instructions */
    /* A block of a region of several, if the target has translates_blocks: */
    int64_t start;           /* pc delta of its first instruction, in the entry's page; else 0 */
    const uint64_t *stops;   /* bit per even offset in the page: stop there, with a direct exit,
                                if it is not the first instruction; or NULL */
    /* out */
    unsigned size;           /* guest bytes covered from the entry (or start) */
    unsigned n_insns;
} CpuTranslate;

/* What unwinding a guest's stack may use; see CpuOps.unwind. */
typedef struct CpuUnwinder {
    /* Read RAM as data accesses see it: false if that is not possible without a fault. */
    bool (*read)(CpuState *cpu, uint64_t vaddr, void *buf, unsigned size);
    /* Both addresses are known to lie in one function. */
    bool (*same_function)(uint64_t a, uint64_t b);
} CpuUnwinder;

/* Whose code a vCPU runs, as profiles name it. */
typedef struct CpuCodeSpace {
    const char *name; /* of the privilege: static */
    uint64_t id;      /* of the address space, or CPU_SPACE_COMMON */
} CpuCodeSpace;
#define CPU_SPACE_COMMON UINT64_MAX

/*
 * What a target implements. Functions without another note run on the vCPU's thread
 * without the machine lock.
 */
struct CpuOps {
    const IrGlobal *globals;
    unsigned n_globals;
    unsigned pc_global;
    uint32_t pc_offset;  /* offset of the 64-bit pc in the CPU state */
    TcgFp fp;            /* floating point, if code has any */
    uint32_t state_size; /* the instance's first bytes; those behind CpuState are all of the
                            CPU's state, plain values that may be copied, restored and
                            compared. 0: the self-check does not know this CPU */

    /* Build IR for the code at t->pc: at least one instruction; ends every path with an
     * exit. Stops at the end of the page; an instruction that straddles it is translated
     * only as the first one, after tcg_translate_second_page(). */
    void (*translate)(CpuTranslate *t);
    /* It heeds t->start and t->stops; for a start other than 0 it may also find no
     * instruction that lies wholly in the page, and then builds nothing. */
    bool translates_blocks;
    /* Print one instruction (Disas.insn); NULL: they cannot be printed. */
    unsigned (*disas)(CpuState *cpu, uint64_t pc, const uint8_t *code, unsigned avail,
                      GString *out);
    bool disas_words;    /* listings show instructions as numbers, not bytes */

    /*
     * Translate vaddr in the view of key. True: *fill is set. False: no translation; unless
     * @probe the target has recorded the exception that the access raises (cause, tval)
     * and the caller raises it with cpu_raise().
     */
    bool (*fill)(CpuState *cpu, const CpuViewKey *key, uint64_t vaddr, unsigned size,
                 CpuAccess access, bool probe, CpuFill *fill);
    /* The physical address is not backed by anything that answers: record the exception. */
    void (*access_fault)(CpuState *cpu, uint64_t vaddr, uint64_t phys, CpuAccess access);
    /* Misaligned where IR_MO_ALIGN forbids, or an atomic: record the exception. */
    void (*misaligned)(CpuState *cpu, uint64_t vaddr, CpuAccess access);

    /* Enter the handler of the recorded exception (after cpu_raise() has unwound). */
    void (*take_exception)(CpuState *cpu);
    /* Take the most urgent enabled interrupt, if there is one: true if it was taken. */
    bool (*take_interrupt)(CpuState *cpu);
    /* True if a halted CPU should wake (any thread; reads atomics only). */
    bool (*has_work)(CpuState *cpu);

    /*
     * The call stack, for profiles; NULL if the target knows no way. pcs[0] is the pc, then
     * return addresses from the inside out, at most @max, as far as frame pointers lead.
     * Guests may hold anything there: reads nothing but through @u. Returns how many.
     */
    unsigned (*unwind)(CpuState *cpu, const CpuUnwinder *u, uint64_t *pcs, unsigned max);
    /* Whose code runs in code mode @mode; NULL: all code is one. */
    CpuCodeSpace (*code_space)(CpuState *cpu, uint32_t mode);

    /* -d cpu and info registers. */
    void (*dump)(CpuState *cpu, GString *out);
    uint64_t (*get_pc)(CpuState *cpu);
    void (*set_pc)(CpuState *cpu, uint64_t pc);
    /* Control and status registers by the architecture's number, without side effects and
     * checks of privilege: false if there is none, or a write to a read-only one. NULL: the
     * architecture numbers none. On the vCPU's thread, or while it has none. */
    bool (*access_csr)(CpuState *cpu, unsigned number, uint64_t *value, bool write);
    /* The pc that runs the code at a virtual address, as a debugger spells it (rv32: sign
     * extension). NULL: the same. */
    uint64_t (*code_address)(CpuState *cpu, uint64_t vaddr);

    /* For people who look, on the vCPU's thread or while it is stopped; each may be NULL. */
    /* Append the name of register n (nothing: there is none of that number) and get its
     * value; false past the last. A register with two names has two numbers. */
    bool (*get_register)(CpuState *cpu, unsigned n, GString *name, uint64_t *value);
    /* Where vaddr is mapped now, whatever it permits. Reads RAM only. */
    bool (*debug_translate)(CpuState *cpu, uint64_t vaddr, uint64_t *phys);
    /* Visit mappings in order of their tables until fn returns false. Bounded, whatever
     * a guest has in its tables. */
    CpuMappings (*mappings)(CpuState *cpu, bool (*fn)(const CpuMapping *m, void *opaque),
                            void *opaque);

    /* Registers for debuggers; NULL: they are refused. */
    const GdbTarget *gdb;
};

/* ---- Called by targets (implemented in accel/tcg, softmmu/cpus.c) ---- */

/* Unwind out of translated code (or out of the helper that it called) to the vCPU's loop,
 * which calls ops->take_exception. The state holds pc and globals of the instruction. */
void cpu_raise(CpuState *cpu) __attribute__((noreturn));

/* The same without unwinding, for an instruction that always traps: ops->take_exception is
 * called, and the helper's region goes on at the pc that it has set. The instruction, which
 * its exit counts, is not counted. False: nothing is done; raise it. */
bool cpu_exception_now(CpuState *cpu);

/* Leave at the next poll. Any thread. */
void cpu_request_exit(CpuState *cpu);
/* Make the vCPU look at interrupts (wakes it if halted). Any thread. */
void cpu_kick_interrupt(CpuState *cpu);
/* Wait for an interrupt: the helper that implements WFI calls it, then ends its region
 * with exit_env. */
void cpu_halt(CpuState *cpu);
/* The guest waits for an interrupt in a loop although one is pending that it does not take:
 * give the host's CPU away for a moment (an interrupt ends it early). Then as cpu_halt. */
void cpu_nap(CpuState *cpu, uint32_t us);

/* The CPU's code mode key changed (privilege, FS off, ...). */
static inline void cpu_set_mode(CpuState *cpu, uint32_t mode)
{
    cpu->tcg.mode = mode;
}
/* Select the view that data or fetch accesses use from now on. Cheap; nothing is lost. */
void cpu_set_view(CpuState *cpu, CpuViewKind kind, const CpuViewKey *key);
/* Drop translations on this vCPU: of the page at vaddr (or of every page if @all_pages) in
 * every view whose key @match accepts (NULL: all views). @keep_global spares entries
 * filled as global. These are common to all address spaces (k[0]): a predicate that is to reach
 * them accepts every space. */
void cpu_invalidate(CpuState *cpu, bool all_pages, uint64_t vaddr,
                    bool (*match)(const CpuViewKey *key, void *opaque), void *opaque,
                    bool keep_global);
/* The guest asks for instruction-stream synchronisation (fence.i): nothing need be
 * dropped, stores are tracked; orders earlier stores and leaves the region. */
void cpu_fence_i(CpuState *cpu);

/* Whether a block has to stop before the instruction at @delta. */
static inline bool cpu_translate_stops(const CpuTranslate *t, int64_t delta)
{
    unsigned n = ((t->pc + (uint64_t)delta) & ~TCG_PAGE_MASK) / 2;
    return t->stops && (t->stops[n / 64] >> n % 64 & 1);
}
/* The second page of a straddling instruction (translate only): sets t->code2 or raises
 * the fetch exception. */
bool tcg_translate_second_page(CpuTranslate *t);

/* Guest accesses from helpers: as translated code would make them, with the same faults
 * (they raise). memop: IrMemOp. */
uint64_t cpu_load(CpuState *cpu, uint64_t vaddr, uint32_t memop);
void cpu_store(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t memop);
/* Set @size bytes that lie in one page; raises before any is written. */
void cpu_set_bytes(CpuState *cpu, uint64_t vaddr, uint8_t byte, unsigned size);
/* A helper is about to act on what is neither the CPU's state nor guest memory nor a view
 * (a file of the host's). Under an accelerator that runs each instruction twice it happens
 * once; then this may unwind, so it comes before anything else that the helper changes. */
void cpu_outside(CpuState *cpu);
/* Probe an access without making it: raises if it would fault. */
void cpu_probe(CpuState *cpu, uint64_t vaddr, unsigned size, CpuAccess access);

/* Physical accesses of the page-table walker. False if nothing answers. The 32- and 64-bit
 * compare-and-swap works on RAM only. */
bool cpu_phys_load(CpuState *cpu, uint64_t phys, unsigned size, uint64_t *value);
bool cpu_phys_cas(CpuState *cpu, uint64_t phys, unsigned size, uint64_t expected,
                  uint64_t value, bool *ret_swapped);

/* Debugger and monitor: read or write by virtual address with permissions ignored; any
 * thread while the vCPU is stopped. False if unmapped. */
bool cpu_debug_rw(CpuState *cpu, uint64_t vaddr, void *buf, size_t len, bool write);
/* The same for one address alone. */
bool cpu_debug_translate(CpuState *cpu, uint64_t vaddr, uint64_t *phys);

/* The printer of a vCPU's instructions (disas/disas.h), as its target makes it. */
Disas cpu_disas(const CpuState *cpu);

/* Retired instructions including those of the region that the calling helper runs in. */
static inline uint64_t cpu_icount(const CpuState *cpu)
{
    return cpu->tcg.icount + cpu->tcg.pending_icount;
}

/* Run fn on the vCPU's thread: soon, or before returning (the caller holds the machine
 * lock; it is released while waiting). */
void cpu_run_async(CpuState *cpu, void (*fn)(CpuState *cpu, void *opaque), void *opaque);
void cpu_run_sync(CpuState *cpu, void (*fn)(CpuState *cpu, void *opaque), void *opaque);

/* The CPU class of a model (-cpu MODEL) for a target ("riscv64", ...), or NULL with the
 * nearest spellings in the error. */
ObjectClass *cpu_class_by_model(const char *target, const char *model, GError **err);
/* Models of a target, sorted; a NULL-terminated vector for g_strfreev. */
char **cpu_model_names(const char *target);

/* All vCPUs, by index. */
CpuState *cpu_by_index(unsigned index);
unsigned cpu_count(void);
/* The vCPU whose thread is calling, or NULL. */
CpuState *cpu_current(void);

#endif
