/*
 * A CPU, its memory and its surroundings for tests of tcg/: see tcg-fixture.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg-fixture.h"
#include "disas/disas.h"
#include "tcg/ir-eval.h"

enum { BUFFER_SIZE = 1 << 20, ENV_BIAS = 128 };

#define GLOBAL(i, n, t, p) [i] = { n, offsetof(CpuState, g) + 8 * (i), t, p }
const IrGlobal fixture_globals[N_GLOBALS] = {
    GLOBAL(G_PC, "pc", IR_I64, 0),       GLOBAL(1, "p1", IR_I64, 1),
    GLOBAL(2, "p2", IR_I64, 2),          GLOBAL(3, "p3", IR_I64, 3),
    GLOBAL(4, "p4", IR_I64, 4),          GLOBAL(5, "p5", IR_I64, 5),
    GLOBAL(6, "p6", IR_I64, 6),          GLOBAL(G_P7_32, "p7", IR_I32, 7),
    GLOBAL(G_M1, "m1", IR_I64, 0),       GLOBAL(G_M2, "m2", IR_I64, 0),
    GLOBAL(G_M3, "m3", IR_I64, 0),       GLOBAL(G_M4, "m4", IR_I64, 0),
    GLOBAL(G_M5_32, "m5", IR_I32, 0),    GLOBAL(G_M6_32, "m6", IR_I32, 0),
    GLOBAL(G_F1, "f1", IR_F64, 0),       GLOBAL(G_F2, "f2", IR_F64, 0),
    GLOBAL(G_F3, "f3", IR_F64, 0),       GLOBAL(G_F4, "f4", IR_F64, 0),
};

void fixture_raise(CpuState *cpu, int code)
{
    cpu->raised = code;
    cpu->raised_pc = cpu->g[G_PC];
    cpu->raised_icount = cpu->tcg.icount + cpu->tcg.pending_icount;
    memcpy(cpu->g_at_raise, cpu->g, sizeof(cpu->g));
    siglongjmp(cpu->unwind, 1);
}

static uint8_t *ram_at(CpuState *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr < RAM_BASE || vaddr - RAM_BASE > RAM_SIZE - size) {
        fixture_raise(cpu, 1);
    }
    return cpu->ram + (vaddr - RAM_BASE);
}

static void check_align(CpuState *cpu, uint64_t vaddr, unsigned mo)
{
    if ((mo & IR_MO_ALIGN) && (vaddr & ((1 << (mo & IR_MO_SIZE)) - 1))) {
        fixture_raise(cpu, 2);
    }
}

static void map(CpuState *cpu, TcgViewEntry *table, uint64_t vaddr)
{
    uint64_t page = vaddr & TCG_PAGE_MASK;

    cpu->dirty = true;
    table[tcg_view_index(vaddr)] =
        (TcgViewEntry){ page, (uintptr_t)cpu->ram - (uint64_t)RAM_BASE };
}

static uint64_t read_ram(CpuState *cpu, uint64_t vaddr, unsigned mo)
{
    unsigned size = 1 << (mo & IR_MO_SIZE);
    const uint8_t *p = ram_at(cpu, vaddr, size);
    uint64_t v = 0;

    for (unsigned n = 0; n < size; n++) {
        v |= (uint64_t)p[n] << 8 * (mo & IR_MO_BE ? size - 1 - n : n);
    }
    return ir_extend(mo, v);
}

static void write_ram(CpuState *cpu, uint64_t vaddr, uint64_t v, unsigned mo)
{
    unsigned size = 1 << (mo & IR_MO_SIZE);
    uint8_t *p = ram_at(cpu, vaddr, size);

    cpu->dirty = true;
    for (unsigned n = 0; n < size; n++) {
        p[n] = v >> 8 * (mo & IR_MO_BE ? size - 1 - n : n);
    }
}

static uint64_t slow_load(CpuState *cpu, uint64_t vaddr, uint32_t mo)
{
    uint64_t v;

    cpu->n_slow++;
    check_align(cpu, vaddr, mo);
    v = read_ram(cpu, vaddr, mo);
    if (cpu->fill) {
        map(cpu, cpu->tcg.data_view->load, vaddr);
    }
    return v;
}

static void slow_store(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t mo)
{
    cpu->n_slow++;
    check_align(cpu, vaddr, mo);
    write_ram(cpu, vaddr, value, mo);
    if (cpu->fill) { /* who may store may load */
        map(cpu, cpu->tcg.data_view->store, vaddr);
        map(cpu, cpu->tcg.data_view->load, vaddr);
    }
    if (cpu->leave_after_store) {
        cpu->tcg.exit_after_store = 1;
        cpu->tcg.exit_request = 1;
    }
}

static uint64_t amo_result(IrAmo op, unsigned mo, uint64_t old, uint64_t v)
{
    int64_t so, sv;

    so = ir_extend(mo | IR_MO_SIGN, old);
    sv = ir_extend(mo | IR_MO_SIGN, v);
    old = ir_extend(mo & ~IR_MO_SIGN, old);
    v = ir_extend(mo & ~IR_MO_SIGN, v);
    switch (op) {
    case IR_AMO_SWAP: return v;
    case IR_AMO_ADD: return old + v;
    case IR_AMO_AND: return old & v;
    case IR_AMO_OR: return old | v;
    case IR_AMO_XOR: return old ^ v;
    case IR_AMO_MIN: return MIN(so, sv);
    case IR_AMO_MAX: return MAX(so, sv);
    case IR_AMO_MINU: return MIN(old, v);
    case IR_AMO_MAXU: return MAX(old, v);
    }
    g_assert_not_reached();
}

static uint64_t slow_amo(CpuState *cpu, uint64_t vaddr, uint64_t value, uint32_t mo_op)
{
    unsigned mo = mo_op & 0xff;
    uint64_t old;

    check_align(cpu, vaddr, mo | IR_MO_ALIGN);
    old = read_ram(cpu, vaddr, mo);
    write_ram(cpu, vaddr, amo_result(mo_op >> 8, mo, old, value), mo);
    return old;
}

static uint64_t slow_cas(CpuState *cpu, uint64_t vaddr, uint64_t expected, uint64_t value,
                         uint32_t mo)
{
    uint64_t old;

    check_align(cpu, vaddr, mo | IR_MO_ALIGN);
    old = read_ram(cpu, vaddr, mo);
    if (ir_extend(mo & ~IR_MO_SIGN, old) == ir_extend(mo & ~IR_MO_SIGN, expected)) {
        write_ram(cpu, vaddr, value, mo);
    }
    return old;
}

Fixture *fixture_new(const char *backend)
{
    Fixture *f = g_new0(Fixture, 1);
    bool tier2 = g_str_has_suffix(backend, "-tier2");
    g_autofree char *name = g_strndup(backend, strlen(backend) - (tier2 ? 6 : 0));
    const TcgBackend *be = tcg_backend_find(name);
    GError *err = NULL;

    if (!be) {
        g_free(f);
        return NULL;
    }
    f->cfg = (TcgConfig){
        .globals = fixture_globals,
        .n_globals = N_GLOBALS,
        .pc_global = G_PC,
        .area_offset = offsetof(CpuState, tcg),
        .env_bias = ENV_BIAS,
        .fp = {
            .flags = offsetof(CpuState, fp_flags),
            .rounding = offsetof(CpuState, fp_rounding),
            .nan32 = 0xffffffff7fc00000,
            .nan64 = 0x7ff8000000000000,
        },
        .runtime = { slow_load, slow_store, slow_amo, slow_cas },
    };
    f->tier = tier2 ? 2 : 1;
    f->ctx = tcg_context_new(be, &f->cfg, &err);
    g_assert_no_error(err);
    f->scratch = tcg_scratch_new(f->ctx);
    tcg_buffer_alloc(&f->buf, BUFFER_SIZE, &err);
    g_assert_no_error(err);
    f->b = ir_builder_new(fixture_globals, N_GLOBALS, G_PC);
    f->cpu = g_new0(CpuState, 1);
    f->cpu->ram = g_malloc(RAM_SIZE);
    f->cpu->tcg.data_view = g_new(TcgDataView, 1);
    f->cpu->tcg.fetch_view = g_new(TcgFetchView, 1);
    f->cpu->tcg.jump_cache = g_new(TcgJumpEntry, TCG_JUMP_ENTRIES);
    f->cpu->dirty = true;
    fixture_reset(f);
    return f;
}

void fixture_free(Fixture *f)
{
    g_free(f->cpu->ram);
    g_free(f->cpu->tcg.data_view);
    g_free(f->cpu->tcg.fetch_view);
    g_free(f->cpu->tcg.jump_cache);
    g_free(f->cpu);
    ir_builder_free(f->b);
    tcg_buffer_free(&f->buf);
    tcg_scratch_free(f->ctx, f->scratch);
    tcg_context_free(f->ctx);
    g_free(f);
}

static void reset_memory(CpuState *cpu)
{
    memset(cpu->tcg.data_view, 0xff, sizeof(TcgDataView));
    memset(cpu->tcg.fetch_view, 0xff, sizeof(TcgFetchView));
    memset(cpu->tcg.jump_cache, 0, TCG_JUMP_ENTRIES * sizeof(TcgJumpEntry));
    cpu->tcg.jump_cache[0].pc = tcg_jump_no_pc(0); /* 0 belongs here: see tcg.h */
    cpu->tcg.jump_cache[tcg_jump_other(0)].pc = tcg_jump_no_pc(0);
    for (unsigned n = 0; n < RAM_SIZE; n++) {
        cpu->ram[n] = (n * 167 + (n >> 8)) ^ 0x5a;
    }
    cpu->dirty = false;
}

void fixture_reset(Fixture *f)
{
    CpuState *cpu = f->cpu;

    if (!f->used) {
        f->used = tcg_emit_prologue(f->ctx, &f->buf);
    }
    f->used = ROUND_UP(MIN(f->used, 16 * KiB), 16);
    f->end = f->buf.size;
    if (cpu->dirty) {
        reset_memory(cpu);
    }
    for (unsigned n = 0; n < N_GLOBALS; n++) {
        cpu->g[n] = UINT64_C(0x0123456789abcdef) * (2 * n + 1);
    }
    for (unsigned n = 0; n < ARRAY_SIZE(cpu->env); n++) {
        cpu->env[n] = UINT64_C(0xfedcba9876543210) * (2 * n + 1);
    }
    cpu->g[G_PC] = CODE_PC;
    cpu->raised = 0;
    cpu->fp_rounding = IR_FP_NEAREST_EVEN;
    cpu->fp_flags = 0;
    cpu->fill = cpu->leave_after_store = false;
    cpu->n_slow = cpu->n_calls = 0;
    cpu->tcg.icount = 0;
    cpu->tcg.pending_icount = cpu->tcg.exit_request = 0;
    cpu->tcg.exit_after_store = 0;
    cpu->tcg.mode = 5;
    ir_builder_reset(f->b);
}

TcgCompile fixture_compile(Fixture *f, uint64_t pc)
{
    TcgCompile c = {
        .ir = ir_builder_code(f->b),
        .phys_page = (pc & TCG_PAGE_MASK) + 0x80000000,
        .phys_page2 = TCG_TAG_INVALID,
        .mode = 5,
        .page_offset = pc & ~TCG_PAGE_MASK,
        .region = f,
        .scratch = f->scratch,
        .tier = f->tier,
    };
    char *fault = ir_verify(c.ir, N_GLOBALS);

    if (fault) {
        g_autoptr(GString) s = g_string_new(NULL);
        ir_print(c.ir, fixture_globals, s);
        g_error("%s\n%s", fault, s->str);
    }
    g_assert_true(tcg_compile(f->ctx, &c, &f->buf, f->used, f->end - f->used));
    if (g_getenv("TCG_TEST_DUMP")) {
        g_autoptr(GString) s = g_string_new(NULL);
        ir_print(c.ir, fixture_globals, s);
        const uint8_t *code = f->buf.rx + f->used;
        disas_block(disas_host(), (uintptr_t)code, code, c.code_size, s);
        code = f->buf.rx + f->end - c.cold_size;
        disas_block(disas_host(), (uintptr_t)code, code, c.cold_size, s);
        fputs(s->str, stderr);
    }
    f->used += c.code_size;
    f->end -= c.cold_size;
    f->last = c;
    ir_builder_reset(f->b);
    return c;
}

TcgExit fixture_run(Fixture *f, const void *entry)
{
    TcgExit exit = { .reason = TCG_EXIT_LOOKUP };

    f->cpu->raised = 0;
    if (!sigsetjmp(f->cpu->unwind, 0)) {
        exit = tcg_run(f->ctx, f->cpu, entry);
    }
    return exit;
}

TcgExit fixture_go(Fixture *f)
{
    TcgCompile c = fixture_compile(f, CODE_PC);

    f->cpu->g[G_PC] = CODE_PC;
    return fixture_run(f, c.entry);
}

void fixture_map(Fixture *f, uint64_t vaddr, bool store)
{
    TcgDataView *v = f->cpu->tcg.data_view;

    if (store) { /* who may store may load */
        map(f->cpu, v->store, vaddr);
    }
    map(f->cpu, v->load, vaddr);
}

void fixture_map_fetch(Fixture *f, uint64_t pc)
{
    uint64_t page = pc & TCG_PAGE_MASK;

    f->cpu->dirty = true;
    f->cpu->tcg.fetch_view->entry[tcg_fetch_index(pc)] =
        (TcgFetchEntry){ page, page + 0x80000000 };
}

void fixture_cache_jump(Fixture *f, uint64_t pc, const void *checked_entry, bool other)
{
    unsigned i = tcg_jump_index(pc);

    f->cpu->dirty = true;
    f->cpu->tcg.jump_cache[other ? tcg_jump_other(i) : i] = (TcgJumpEntry){ pc, checked_entry };
}

IrType fixture_type(unsigned global)
{
    return fixture_globals[global].type;
}

uint64_t fixture_global(const Fixture *f, unsigned g)
{
    return ir_canonical(fixture_type(g), f->cpu->g[g]);
}
