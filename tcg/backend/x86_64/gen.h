/*
 * The first tier for x86-64 hosts: the state of one compilation, and what its files share.
 *
 *   liveness.c  one backward scan: last uses, aliases, locals that must start as zero
 *   regs.c      the register allocator that the forward pass drives
 *   pure.c      pure ops
 *   fp.c        floating point
 *   fp-state.c  the guest's floating-point status in the host's MXCSR; what fp.c leaves to C
 *   memory.c    guest memory, the state's fields, their slow paths
 *   groups.c    accesses that share one check
 *   control.c   helpers, branches, exits, checked entries
 *   prologue.c  entry trampoline and the shared ends of regions
 *   region.c    the second tier: which globals live in which registers in a region
 *   region-memory.c  its accesses to guest memory
 *   compile.c   the two passes; contexts
 *
 * Invariants of the allocator (between ops):
 *  1. reg_val[r] = v != 0 exactly if val[v].reg = r; then v is used later in this block.
 *     A temporary register with reg_val 0 is free.
 *  2. A pinned register always holds its global. reg_val says which value equals it.
 *  3. home_val[h] = v != 0 exactly if val[v].home = h; then v is used later in this block
 *     and memory cell h (a global in the state, or a local) equals v.
 *  4. A live value is in a register, in its home, in its spill slot, or a constant; if in
 *     several, they are equal.
 *  5. A global that is not pinned is always in the state (written through); so is a local
 *     in its cell of the frame.
 *  6. All values die before a label, so paths meet with nothing to reconcile.
 *
 * Upper halves of registers and cells that hold an I32 value are unspecified.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_GEN_H
#define TCG_X86_64_GEN_H

#include "tcg/backend.h"
#include "tcg/ir-builder.h"
#include "tcg/ir-info.h"
#include "tcg/backend/x86_64/emit.h"
#include "tcg/backend/x86_64/fp-emit.h"
#include "util/apart.h"

/* Registers that a C function may change and that may hold globals: some integer registers
 * and all xmm registers */
#define PIN_CALLER_SAVED (1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | XMM_MASK)

enum {
    N_PINS = 7,
    N_REGS = 32, /* integer registers, then xmm registers */
    TEMP_MASK = 1 << RAX | 1 << RCX | 1 << RDX | 1 << R10 | 1 << R11,
    /* the frame: cells of locals, then spill slots; sp is a multiple of 16 in regions */
    FRAME_CELLS = IR_MAX_LOCALS + IR_MAX_VALS,
    FRAME_SIZE = FRAME_CELLS * 8 + 8,
    /* bytes that one op takes at most, without its part out of line */
    OP_ROOM = 1024,
    /* what tcg_run()'s trampoline returns: these, or the address behind the call in a link's
     * stub (gen_link_stubs()) */
    RESULT_LOOKUP = 0,
    RESULT_POLL = 1,
    RESULT_HOT = 2,
    /* what the slow path's routine has on the stack: registers, with its return address a
     * multiple of 16 */
    SLOW_SAVED = N_REGS * 8 + 8,
    FP_STUB_ROOM = 48,
    STUB_ROOM = 80, SITE_STUB_ROOM = 160, LEADER_STUB_ROOM = 192,
    MEMBER_STUB_ROOM = 96, VOID_ROOM = 24, /* at most, too: how much void checks add */
    GROUP_VOID = -1, /* in place of an addend: the check failed or holds no longer */
    SITE_MISS_ROOM = 84, LINK_STUB = 6, HOT_STUB = 7, /* bytes */
};

/* Optional features of the host. */
enum {
    HOST_BMI1 = 1, HOST_BMI2 = 2, HOST_LZCNT = 4, HOST_MOVBE = 8, HOST_AVX = 16, HOST_FMA = 32,
};

/* Ready-made sequences: globals in registers to the state and back. */
typedef struct PinCode {
    uint8_t save_all[256], save_caller[256], load_all[256], load_caller[256];
    uint16_t save_all_len, save_caller_len, load_all_len, load_caller_len;
} PinCode;

/* A global, as code sees it. */
typedef struct GlobalInfo {
    int8_t reg;   /* pinned register, RBX for the pc, or -1 */
    uint8_t type;
    int32_t disp; /* from rbp */
} GlobalInfo;

typedef struct TcgScratch Scratch;

typedef struct X86Context {
    TcgContext parent;
    unsigned host;              /* HOST_* */
    GlobalInfo *globals;
    int16_t pin_global[N_REGS]; /* per host register: its global, or -1 */
    int32_t disp_pc;            /* displacements from rbp */
    int32_t disp_area;
    /* shared code, offsets in the buffer */
    const uint8_t *rx;          /* the buffer that holds it */
    uint32_t enter;             /* the trampoline */
    uint32_t exit_poll, exit_lookup, exit_result, exit_env;
    uint32_t exit_link, exit_hot; /* called by stubs */
    uint32_t jump_other;        /* look in the other slot of the jump cache; rax: the first */
    uint32_t slow[2];           /* guest memory access by the runtime; [1]: keeps xmm registers */
    uint32_t slow_region[2];    /* the same for the second tier */
    uint32_t lookup[2][4][16];  /* by store, log2 of size, register: see groups.c */
    uint32_t slow_fp;           /* floating point by its helper */
    uint32_t fp_enter, fp_leave; /* status to MXCSR and back: see fp-state.c */
    uint32_t fp_const;          /* FpConst */
    PinCode pins;
    char pad[APART];            /* all of the above is only read */
    uint32_t next_site;         /* (a) second tier: number of the next access */
} X86Context;

/* A value's place; see the invariants above. */
typedef struct Val {
    uint16_t last_use; /* index + 1 of the last insn that uses it; 0: unused */
    uint16_t uses;
    IrVal rep;         /* the value that it is another name of, or itself */
    int8_t reg;        /* or -1 */
    int8_t pad;
    int16_t home;      /* a global's index, or n_globals + a local's; or -1 */
    int16_t slot;      /* cell of the frame, or -1 */
} Val;

/* An operand as an instruction takes it. */
typedef struct Opnd {
    uint8_t kind; /* OPND_* */
    int8_t reg;   /* the register, or the base of the address */
    int32_t val;  /* displacement or immediate */
} Opnd;
enum { OPND_REG, OPND_MEM, OPND_IMM };

/*
 * What the slow path needs to know about an access. Registers are given by number. It lies
 * packed behind the call (see pack() in memory.c).
 */
typedef struct SlowInfo {
    int32_t pc_delta;   /* of the instruction */
    int32_t next_delta; /* where to go on if the store makes the region end; NO_NEXT */
    int32_t imm;        /* the value if reg_value is SLOW_IMM */
    int32_t disp;       /* added to the address register */
    uint16_t count;     /* instructions retired before this one */
    uint8_t op;         /* IR_OP_ld, st, amo, cas */
    uint8_t memop;
    uint8_t amo;
    uint8_t reg_addr, reg_value, reg_expected, reg_dst;
} SlowInfo;
enum { SLOW_IMM = 0xff, SLOW_NONE = 0xfe };
#define NO_NEXT INT32_MIN

/* The same for a floating-point op that C does. */
typedef struct FpSlowInfo {
    void *fn;       /* the helper's function; NULL: a muladd that gave a NaN */
    uint8_t n, dst; /* operands, result */
    uint8_t src[3];
    uint8_t format;
} FpSlowInfo;

/* Accesses off one base that share a check: see groups.c. */
typedef struct Group {
    uint16_t n, last; /* members; the last one's insn */
    uint16_t first;
    IrVal addend;     /* the value (VAL_BACKEND...) that the check leaves */
    bool store;       /* some member stores: the view's stores decide */
    int32_t lo, hi;   /* what they cover, from the root */
} Group;

/* A slow path to emit at the region's end. */
typedef struct SlowStub {
    uint8_t *jump;  /* displacement of the jump that leads here */
    uint8_t *jump2; /* another one, or NULL */
    uint8_t *back;
    SlowInfo info;
    uint64_t packed; /* once x86_slow_stubs_room() was asked */
    /* after the runtime was called the shared checks in these no longer hold */
    uint16_t void_regs;
    uint8_t n_void_slots;
    int16_t void_slot[N_BACKEND_VALS];
    /* groups.c */
    enum { STUB_SINGLE, STUB_LEADER, STUB_MEMBER } kind;
    bool lives;     /* the group's addend is used later */
    int32_t lo, hi; /* what the group covers, from the address register */
    bool store;     /* Group.store */
    Opnd v;         /* what is stored */
    /* second tier: see region-memory.c */
    int32_t site;   /* displacement from r15, or -1 */
    int8_t t, u;
    uint8_t *hit;
} SlowStub;

/* Where a region of the second tier keeps the globals. */
typedef struct RegionMap {
    uint16_t pc_cell;  /* cell of the frame with the entry pc, NO_CELL: in rbx */
    uint8_t n;
    int8_t count_reg;  /* Gen.count_reg */
    struct {
        int8_t reg;
        uint8_t type;
        uint16_t offset; /* in the CPU state */
    } at[N_REGS];
} RegionMap;
enum { NO_CELL = UINT16_MAX };

/* A poll at a loop's head: its way out. */
typedef struct PollStub {
    uint8_t *jump;
    int64_t delta;
    int count;
} PollStub;

/* A floating-point op's way out of line: see fp.c. */
typedef struct FpStub {
    uint8_t *jump[3];
    uint8_t n_jumps, kind;
    uint8_t *back;
    FpSlowInfo info;
} FpStub;

/* Tables of one compilation that are too large for the stack. */
struct TcgScratch {
    Val val[IR_MAX_VALS];
    SlowStub stubs[IR_MAX_INSNS];
    uint32_t label_fix[IR_MAX_LABELS]; /* jumps to it; see control.c */
    uint32_t label_at[IR_MAX_LABELS];  /* offset once it is bound */
    int16_t free_slots[IR_MAX_VALS];
    uint8_t dead[IR_MAX_INSNS]; /* nothing is to be emitted for it */
    PollStub polls[IR_MAX_INSNS];
    FpStub fp_stubs[IR_MAX_INSNS];
    uint32_t *set_at; /* per global: see liveness.c */
    /* second tier: this region's own */
    GlobalInfo *globals;
    int16_t pin_global[N_REGS];
    PinCode pins;
    RegionMap map;
    IrVal *home_val;  /* per home */
    /* groups.c: per value, what it is the sum of; per access, its group + 1 or 0 */
    IrVal root[IR_MAX_VALS];
    int32_t offset[IR_MAX_VALS];
    uint16_t group_of[IR_MAX_INSNS];
    bool site[IR_MAX_INSNS]; /* second tier: the access has one */
    Group groups[IR_MAX_INSNS];
};

typedef struct Gen {
    uint8_t *p;        /* next byte, in the writable mapping */
    const IrCode *ir;
    Val *val;
    uint32_t idx;      /* the insn being translated */
    unsigned locked;   /* registers that this op uses: not to be given away */
    IrVal reg_val[N_REGS];
    IrVal *home_val;
    X86Context *ctx;
    TcgCompile *c;
    Scratch *s;
    uint8_t *start;    /* the region's first byte */
    uint8_t *map;      /* second tier: its RegionMap */
    uint8_t *limit;
    uint8_t *base;     /* start of the buffer (shared code) */
    int64_t delta;     /* of the current guest instruction */
    int32_t count;     /* guest instructions before it */
    uint32_t n_stubs, n_fp_stubs;
    uint32_t stub_room; /* bytes that the stubs take at most */
    unsigned n_free_slots, next_slot;
    uint8_t *short_jump; /* the latest branch, over one exit to the label behind it; or NULL */
    unsigned skip;     /* insns after this one that its translation has covered */
    uint8_t *link_jump[TCG_MAX_LINKS];
    unsigned n_hot;    /* places that count: exits, and the checked entry */
    struct {
        uint8_t *jump; /* the counter is used up */
        uint16_t index;
    } hot[TCG_MAX_LINKS + 1];
    /* where globals live: the convention, or the region's own choice */
    const GlobalInfo *globals;
    const int16_t *pin_global;
    const PinCode *pins;
    int pc_reg;        /* RBX, or -1: the entry pc is in the cell map.pc_cell */
    unsigned n_polls;
    unsigned temps;    /* temporary registers: TEMP_MASK and XMM_MASK or less */
    bool xmm;          /* the region has floating-point values: xmm registers may be live */
    bool fp;           /* it has ops that use the status: MXCSR holds it from the entry on */
    uint8_t *fp_jump, *fp_back; /* the entry's way to put it there */
    int count_reg;     /* second tier: holds retired instructions to be added to icount; or -1 */
    unsigned site;     /* second tier: number of the next access's entry */
    unsigned dirty;    /* second tier: registers whose globals the region sets */
    uint64_t zero_locals; /* those read before they are written (the first 64) */
} Gen;

static inline IrVal val_rep(const Gen *g, IrVal v)
{
    while (g->val[v].rep != v) {
        v = g->val[v].rep;
    }
    return v;
}

static inline bool val_is_const(const Gen *g, IrVal v, int64_t *value)
{
    *value = g->ir->vals[v].value;
    return g->ir->vals[v].is_const;
}

/* The value is not used after the current op (and the @extra ones covered with it). */
static inline bool val_dies(const Gen *g, IrVal rep)
{
    return g->val[rep].last_use <= g->idx + 1;
}

/* liveness.c */
void x86_liveness(Gen *g);

/* regs.c */
/* A free register, integer or xmm, locked; a value may be moved out of it. */
int reg_alloc(Gen *g);
int xmm_alloc(Gen *g);
/* Moves of whichever class the register belongs to. xmm registers move 64 bits. */
void gen_move(Gen *g, unsigned w, int dst, int src);
void gen_load(Gen *g, unsigned w, int dst, int base, int32_t disp);
void gen_store(Gen *g, unsigned w, int src, int base, int32_t disp);
/* Empty this temporary register (its value moves) and lock it. */
void reg_claim(Gen *g, int reg);
/* The value, which is in no register, into one, locked. */
int val_load(Gen *g, IrVal rep);
/* The value in some register, which is locked. */
static inline int val_reg(Gen *g, IrVal v)
{
    int r;

    v = val_rep(g, v);
    r = g->val[v].reg;
    if (r < 0) {
        return val_load(g, v);
    }
    g->locked |= 1u << r;
    return r;
}
/* The value in a register (locked) or its cell. */
Opnd val_rm(Gen *g, IrVal v);
/* The same, or an immediate. */
Opnd val_rmi(Gen *g, IrVal v);
/* Copy the value to @reg, which the caller has claimed; keeps the flags. */
void val_to_reg(Gen *g, IrVal v, int reg);
/* The register for result @v of an op that the insn at @last ends: a pinned one if the next
 * insn sets that global, or that of @reuse (IR_NONE: no) if it dies here. Operands have
 * been fetched; the result's register may be one of them. */
int dst_begin(Gen *g, IrVal v, uint32_t last, IrVal reuse);
/* Only the first of these, or -1. */
int dst_pinned(Gen *g, IrVal v, uint32_t last);
/* Record that @v is in @reg after the op. */
static inline void dst_end(Gen *g, IrVal v, int reg)
{
    if (g->val[v].last_use > g->idx + 1) {
        g->val[v].reg = reg;
        g->reg_val[reg] = v;
    }
}
/* Give up a value's register, slot and home. */
void val_free(Gen *g, IrVal rep);
/* The same for an operand of this op if it dies here. */
static inline void kill_operand(Gen *g, IrVal v)
{
    v = val_rep(g, v);
    if (val_dies(g, v)) {
        val_free(g, v);
    }
}
/* The pinned register of a global is about to change: save the value that it equals. */
void reg_vacate(Gen *g, int reg);
/* Before a call: every value that lives on gets a cell. With @pinned the call may change
 * globals, so that their registers and cells do not count. */
void regs_spill_for_call(Gen *g, bool pinned);
/* After the call: the registers hold none of the values, nor do the globals with @pinned. */
void regs_forget_after_call(Gen *g, bool pinned);
/* get_ and set_ of globals and locals. */
void gen_get_cell(Gen *g, const IrInsn *i, unsigned home);
void gen_set_cell(Gen *g, const IrInsn *i, unsigned home);

/* pure.c */
void gen_pure(Gen *g, const IrInsn *i);
/* cmp a, b for a condition; returns the condition code that holds if cond does. */
unsigned gen_compare(Gen *g, IrType type, IrCond cond, IrVal a, IrVal b);

/* memory.c */
void gen_env(Gen *g, const IrInsn *i);
void gen_guest_access(Gen *g, const IrInsn *i);
void gen_atomic(Gen *g, const IrInsn *i);
void gen_slow_stubs(Gen *g);
/* Bytes that these take, at most. */
size_t x86_slow_stubs_room(const Gen *g);
/* reg = [base + index + disp], extended as @mo says; without index if that is negative */
void x86_load_extended(Gen *g, unsigned mo, int reg, int base, int index, int32_t disp);
/* [base + index + disp] = reg */
void x86_store(Gen *g, unsigned bits, int reg, int base, int index, int32_t disp);
/* The value to store: an immediate of @bits bits, or a register. */
Opnd x86_store_operand(Gen *g, IrVal v, unsigned bits);
SlowInfo x86_slow_info(const Gen *g, const IrInsn *i, int addr);

/* The checks that the call in the slow path makes void, as they are kept at this op. */
void x86_note_void(Gen *g, SlowStub *s);
/* A load or a store at [a + u + disp], once all is checked. */
void x86_access(Gen *g, const SlowInfo *info, Opnd v, int u);
/* The operand of a store that has this stub, and where it goes on if the region ends there. */
void x86_stub_store(Gen *g, SlowStub *stub, const IrInsn *i);
/* The access itself, at base + stub->u, to which the stub returns; ends the operands' use. */
void x86_stub_access(Gen *g, SlowStub *stub, const IrInsn *i, IrVal base);
/* t = page of the last byte of [a + lo, a + hi), u = the entry's place in the view's table
 * for the first one's page. */
void x86_table_place(Gen *g, int a, int32_t lo, int32_t hi, int t, int u);

/* groups.c */
/* Finds accesses that can share a check. */
void x86_find_groups(Gen *g);
/* This access's group, or NULL if it is alone. */
const Group *x86_group(const Gen *g, const IrInsn *i);
/* The access at @base + @disp, which is in a group. */
void gen_group_access(Gen *g, const IrInsn *i, const Group *group, IrVal base, int32_t disp);
/* Out of line; returns the short jump to the slow path. */
uint8_t *gen_group_miss(Gen *g, const SlowStub *s);
/* Shared code, one for each temporary register: from the address of an access to the addend;
 * "not equal" and GROUP_VOID if the table does not know it. Changes no other register. */
void x86_emit_lookups(X86Context *ctx, uint8_t *base, uint8_t **p);

/* region-memory.c */
/* Bytes of a site's entry; the number of bits in its mask differs by access. */
int32_t x86_site_at(bool store, unsigned site);
/* The site's entry becomes tag @t, addend @u. */
void x86_site_set(Gen *g, bool store, int32_t site, int t, int u);
/* and reg, mask with the fixed length that a mask needs */
void x86_emit_mask(Gen *g, unsigned w, int reg, int32_t mask);
/* ld or st at @base + @disp */
void gen_site_access(Gen *g, const IrInsn *i, IrVal base, int32_t disp);
uint8_t *gen_site_miss(Gen *g, const SlowStub *s);
const IrInsn *gen_site_address(Gen *g, const IrInsn *i, int64_t *disp);
/* Called by generated code: true to leave the region. */
uint64_t x86_slow_path(CpuState *cpu, uint64_t *regs, const uint8_t *ret,
                       X86Context *ctx);
/* The same where the region's own registers hold the globals, not yet saved. */
uint64_t x86_slow_path_region(CpuState *cpu, uint64_t *regs, const uint8_t *ret,
                              X86Context *ctx);

/* fp.c */
void gen_fp(Gen *g, const IrInsn *i);
void gen_fp_stubs(Gen *g);
size_t x86_fp_stubs_room(const Gen *g);
/* xmm register = 32 (NaN-boxed) or 64 bits at [base + index + disp], index may be -1; and
 * back. */
void gen_fp_load(Gen *g, unsigned mo, int reg, int base, int index, int32_t disp);
void gen_fp_store(Gen *g, unsigned bits, int reg, int base, int index, int32_t disp);
/* fp-state.c */
/* The status into MXCSR, if it is not there: at the entry. */
void gen_fp_enter(Gen *g);
void gen_fp_enter_stub(Gen *g);
/* reg = the flags; the flags = reg, of which 5 bits are set at most. @t: a temporary. */
void gen_fp_flags(Gen *g, int reg, int t);
void gen_fp_set_flags(Gen *g, int reg);
/* Around a call of C: into the state and back. */
void gen_fp_before_call(Gen *g);
void gen_fp_after_call(Gen *g);
void x86_emit_fp_state(X86Context *ctx, uint8_t *base, uint8_t **p);
/* If generated code has left the status in MXCSR: to the state. True if it has. */
bool x86_fp_leave(X86Context *ctx, CpuState *cpu);
void x86_fp_enter(X86Context *ctx, CpuState *cpu);
/* Called by generated code, as x86_slow_path(). */
uint64_t x86_slow_fp(CpuState *cpu, uint64_t *regs, const uint8_t *ret, X86Context *ctx);

/* control.c */
void gen_call(Gen *g, const IrInsn *i);
void gen_label(Gen *g, const IrInsn *i);
void gen_branch(Gen *g, const IrInsn *i);
void gen_exit(Gen *g, const IrInsn *i);
void gen_checked_entry(Gen *g);
void gen_link_stubs(Gen *g);
size_t x86_link_stubs_room(const Gen *g);

void gen_poll(Gen *g, const IrInsn *i);
void gen_poll_stubs(Gen *g);
size_t x86_poll_stubs_room(const Gen *g);
/* reg = entry pc + delta */
void gen_pc(Gen *g, int reg, int64_t delta);

/* region.c */
/* Choose registers for a region of the second tier. */
void x86_region_assign(Gen *g);
/* The region's map, among what seldom runs. */
void x86_put_map(Gen *g);
/* How deep each op is in loops, up to 4: a loop is what lies between a label and a branch back. */
void x86_loop_depths(const IrCode *ir, uint8_t *depth);
/* Second tier, after x86_find_groups(): which accesses get a site (sites.c). */
void x86_choose_sites(Gen *g);
/* From the convention to the region's registers, and back before an exit, with the entry pc
 * in rbx; leaving keeps rax. */
void x86_region_enter(Gen *g);
void x86_region_leave(Gen *g);

/* prologue.c */
void x86_emit_pin_code(const X86Context *ctx, PinCode *code, const GlobalInfo *globals,
                       const int16_t *pin_global);
size_t x86_emit_prologue(TcgContext *ctx, TcgBuffer *buf);

/* Displacement of a field of the area. */
#define AREA(g, field) ((g)->ctx->disp_area + (int32_t)offsetof(TcgCpuArea, field))

#endif
