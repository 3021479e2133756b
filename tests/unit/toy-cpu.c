/*
 * The toy CPU of tests of accel/tcg: see toy-cpu.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/each-backend.h"
#include "toy-cpu.h"

#define TYPE_TOY_CPU "toy-cpu"

Toy toy;

enum { G_PC, G_R0 };
#define REG(n) { "r" #n, offsetof(ToyCpu, r) + 8 * (n), IR_I64, (n) < 7 ? (n) + 1 : 0 }
static const IrGlobal toy_globals[] = {
    { "pc", offsetof(ToyCpu, pc), IR_I64, 0 },
    REG(0), REG(1), REG(2), REG(3), REG(4), REG(5), REG(6), REG(7),
};

static ToyCpu *toy_cpu(CpuState *cpu)
{
    return (ToyCpu *)cpu;
}

static void toy_select_space(ToyCpu *c)
{
    CpuViewKey key = { { c->space } };
    cpu_set_view(&c->parent, CPU_VIEW_DATA, &key);
    cpu_set_view(&c->parent, CPU_VIEW_FETCH, &key);
}

static bool toy_match_space(const CpuViewKey *key, void *opaque)
{
    return key->k[0] == *(uint64_t *)opaque;
}

/* ---- Instructions ---- */

static void toy_helper_sys(CpuState *cpu, uint32_t what, uint64_t value)
{
    ToyCpu *c = toy_cpu(cpu);
    uint64_t next = c->pc + 4;
    switch (what) {
    case TOY_SYS_ECALL:
        c->exc_cause = TOY_EXC_ECALL;
        c->exc_tval = value;
        cpu_raise(cpu);
    case TOY_SYS_IRET:
        next = c->saved_pc;
        c->ie = 1;
        break;
    case TOY_SYS_EI:
        c->ie = 1;
        break;
    case TOY_SYS_WAIT:
        cpu_halt(cpu);
        break;
    case TOY_SYS_FENCE_I:
        cpu_fence_i(cpu);
        break;
    case TOY_SYS_SPACE:
        c->space = value;
        toy_select_space(c);
        break;
    case TOY_SYS_FLUSH:
        cpu_invalidate(cpu, true, 0, NULL, NULL, false);
        break;
    case TOY_SYS_FLUSH_SPACE:
        cpu_invalidate(cpu, true, 0, toy_match_space, &value, true);
        break;
    case TOY_SYS_FLUSH_PAGE:
        cpu_invalidate(cpu, false, value, NULL, NULL, false);
        break;
    case TOY_SYS_MODE:
        cpu_set_mode(cpu, value);
        break;
    }
    c->pc = next;
}

static void toy_helper_halt(CpuState *cpu)
{
    atomic_store_release(&toy_cpu(cpu)->done, 1);
    cpu_halt(cpu);
}

static const IrHelper h_sys = { "sys", toy_helper_sys, IR_CALL_FAULTS | IR_CALL_WRITES_GLOBALS,
                                -1, 2, { IR_I32, IR_I64 } };
static const IrHelper h_halt = { "halt", toy_helper_halt, IR_CALL_READS_GLOBALS, -1, 0, {} };

static IrVal reg(CpuTranslate *t, unsigned n)
{
    return ir_get_global(t->ir, G_R0 + n % TOY_REGS);
}

static void set_reg(CpuTranslate *t, unsigned n, IrVal v)
{
    ir_set_global(t->ir, G_R0 + n % TOY_REGS, v);
}

/* True if the region ends with the instruction at offset @at. */
static bool toy_translate_one(CpuTranslate *t, uint32_t insn, int64_t at)
{
    IrBuilder *ir = t->ir;
    unsigned op = insn & 0xff, a = insn >> 8 & 15, b = insn >> 12 & 15;
    int64_t imm = (int32_t)insn >> 16;
    IrVal address = IR_NONE;
    ir_insn_start(ir, at);
    if (op >= TOY_LD && op <= TOY_ST8) {
        address = ir_addi(ir, reg(t, b), imm);
    }
    switch (op) {
    case TOY_LI:
        set_reg(t, a, ir_imm(ir, imm));
        return false;
    case TOY_ADDI:
        set_reg(t, a, ir_addi(ir, reg(t, a), imm));
        return false;
    case TOY_ADD:
        set_reg(t, a, ir_add(ir, reg(t, a), reg(t, b)));
        return false;
    case TOY_SHLI:
        set_reg(t, a, ir_shli(ir, reg(t, a), imm));
        return false;
    case TOY_LD:
        set_reg(t, a, ir_ld(ir, address, IR_MO_64));
        return false;
    case TOY_LD32:
        set_reg(t, a, ir_ld(ir, address, IR_MO_32));
        return false;
    case TOY_ST:
        ir_st(ir, address, reg(t, a), IR_MO_64);
        return false;
    case TOY_ST32:
        ir_st(ir, address, reg(t, a), IR_MO_32);
        return false;
    case TOY_ST8:
        ir_st(ir, address, reg(t, a), IR_MO_8);
        return false;
    case TOY_AMOADD:
        set_reg(t, a, ir_amo(ir, IR_AMO_ADD, reg(t, b), reg(t, a), IR_MO_64));
        return false;
    case TOY_CAS:
        set_reg(t, a, ir_cas(ir, reg(t, b), reg(t, a), reg(t, 7), IR_MO_64));
        return false;
    case TOY_J:
        ir_exit_direct(ir, at + imm);
        return true;
    case TOY_BNE: {
        ir_exit_cond(ir, IR_NE, reg(t, a), reg(t, b), at + imm, at + 4);
        return true;
    }
    case TOY_JAL:
        set_reg(t, a, ir_get_pc(ir, at + 4));
        ir_exit_call(ir, at + imm);
        return true;
    case TOY_JR:
        ir_exit_return(ir, reg(t, a));
        return true;
    case TOY_SYS: {
        IrVal args[] = { ir_const(ir, IR_I32, imm), reg(t, a) };
        ir_call(ir, &h_sys, 2, args);
        ir_exit_env(ir);
        return true;
    }
    default:
        ir_call(ir, &h_halt, 0, NULL);
        ir_exit_loop(ir, at);
        return true;
    }
}

static void toy_translate(CpuTranslate *t)
{
    while (t->n_insns < t->max_insns && !ir_builder_nearly_full(t->ir)) {
        uint32_t insn;
        int64_t at = t->start + t->size;
        if (t->n_insns && cpu_translate_stops(t, at)) {
            break;
        }
        if (at + 4 <= (int64_t)t->avail) {
            memcpy(&insn, t->code + at, 4);
        } else if (at < (int64_t)t->avail && !t->n_insns && !t->start) {
            tcg_translate_second_page(t);
            memcpy(&insn, t->code, t->avail);
            memcpy((char *)&insn + t->avail, t->code2, 4 - t->avail);
        } else {
            break;
        }
        t->n_insns++;
        t->size += 4;
        if (toy_translate_one(t, insn, at)) {
            return;
        }
    }
    if (t->n_insns) {
        ir_exit_direct(t->ir, t->start + t->size);
    }
}

/* ---- MMU ---- */

static bool toy_fill(CpuState *cpu, const CpuViewKey *key, uint64_t vaddr, unsigned size,
                     CpuAccess access, bool probe, CpuFill *fill)
{
    ToyCpu *c = toy_cpu(cpu);
    const ToyMap *found = NULL;
    atomic_fetch_add(&toy.fills, 1);
    for (unsigned i = 0; i < TOY_MAPS && !found; i++) {
        const ToyMap *m = &toy.map[i];
        if (m->bits && (m->space < 0 || m->space == (int64_t)key->k[0]) &&
            vaddr >> m->bits == m->vaddr >> m->bits) {
            found = m;
        }
    }
    bool ok[] = { true, true, true };
    if (found) {
        uint64_t mask = (UINT64_C(1) << found->bits) - 1;
        *fill = (CpuFill){
            .phys = found->again ? found->phys + vaddr % found->again
                                 : (found->phys & ~mask) | (vaddr & mask),
            .load = found->r, .store = found->w,
            .fetch = found->x, .global = found->global, .leaf_bits = found->bits,
            .no_cache = found->no_cache,
        };
        ok[CPU_ACCESS_FETCH] = found->x;
        ok[CPU_ACCESS_LOAD] = found->r;
        ok[CPU_ACCESS_STORE] = found->w;
    } else {
        *fill = (CpuFill){ .phys = vaddr, .load = true, .store = true, .fetch = true,
                           .leaf_bits = 12 };
        ok[access] = key->k[0] == 0;
    }
    if (!ok[access] && !probe) {
        c->exc_cause = TOY_EXC_PAGE + access;
        c->exc_tval = vaddr;
    }
    return ok[access];
}

static void toy_access_fault(CpuState *cpu, uint64_t vaddr, uint64_t phys, CpuAccess access)
{
    toy_cpu(cpu)->exc_cause = TOY_EXC_ACCESS + access;
    toy_cpu(cpu)->exc_tval = vaddr;
}

static void toy_misaligned(CpuState *cpu, uint64_t vaddr, CpuAccess access)
{
    toy_cpu(cpu)->exc_cause = TOY_EXC_ALIGN + access;
    toy_cpu(cpu)->exc_tval = vaddr;
}

static void toy_put_frame(ToyCpu *c)
{
    if (c->frame) {
        cpu_store(&c->parent, c->frame, c->saved_pc, IR_MO_64);
    }
}

static void toy_take_exception(CpuState *cpu)
{
    ToyCpu *c = toy_cpu(cpu);
    if (!c->vector) {
        g_error("cause %" PRIu64 " tval 0x%" PRIx64 " at pc 0x%" PRIx64, c->exc_cause,
                c->exc_tval, c->pc);
    }
    c->cause = c->exc_cause;
    c->tval = c->exc_tval;
    c->saved_pc = c->pc;
    c->pc = c->vector;
    c->ie = 0;
    c->n_exceptions++;
    toy_put_frame(c);
}

static bool toy_take_interrupt(CpuState *cpu)
{
    ToyCpu *c = toy_cpu(cpu);
    if (!c->ie || !atomic_xchg(&c->irq, 0)) {
        return false;
    }
    c->ie = 0;
    c->saved_pc = c->pc;
    c->pc = c->ivector;
    atomic_set(&c->n_interrupts, c->n_interrupts + 1);
    toy_put_frame(c);
    return true;
}

static bool toy_has_work(CpuState *cpu)
{
    return !atomic_read(&toy_cpu(cpu)->done) && atomic_read(&toy_cpu(cpu)->irq);
}

static const CpuOps toy_ops = {
    .globals = toy_globals,
    .n_globals = ARRAY_SIZE(toy_globals),
    .pc_global = G_PC,
    .pc_offset = offsetof(ToyCpu, pc),
    .state_size = offsetof(ToyCpu, irq),
    .translate = toy_translate,
    .translates_blocks = true,
    .fill = toy_fill,
    .access_fault = toy_access_fault,
    .misaligned = toy_misaligned,
    .take_exception = toy_take_exception,
    .take_interrupt = toy_take_interrupt,
    .has_work = toy_has_work,
};

/* ---- The type ---- */

static bool toy_realize(DeviceState *dev, GError **err)
{
    CpuState *cpu = (CpuState *)dev;
    cpu->ops = &toy_ops;
    cpu->as = &toy.as;
    return cpu_realize_common(cpu, err);
}

static void toy_unrealize(DeviceState *dev)
{
    cpu_unrealize_common((CpuState *)dev);
}

static void toy_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((DeviceClass *)klass)->realize = toy_realize;
    ((DeviceClass *)klass)->unrealize = toy_unrealize;
}

static const TypeInfo toy_type = {
    .name = TYPE_TOY_CPU,
    .parent = TYPE_CPU,
    .instance_size = sizeof(ToyCpu),
    .class_init = toy_class_init,
};
TYPE_REGISTER(toy_type);

/* ---- Machine ---- */

static uint64_t toy_dev_read(void *opaque, uint64_t addr, unsigned size)
{
    toy.dev_reads++;
    return toy.dev_value + addr;
}

static void toy_dev_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    toy.dev_writes++;
    toy.dev_value = value;
}

static const MemoryRegionOps toy_dev_ops = {
    .read = toy_dev_read, .write = toy_dev_write, .access = { 1, 8 }, .impl = { 1, 8 },
};

void toy_start(const char *backend, unsigned tb_size, unsigned n_cpus)
{
    GError *err = NULL;
    machine_lock();
    memory_region_init(&toy.root, NULL, "root", UINT64_MAX);
    g_assert_true(memory_region_init_ram(&toy.ram, NULL, "ram", TOY_RAM_SIZE, &err));
    g_assert_true(memory_region_init_ram(&toy.overlay, NULL, "overlay", 0x10000, &err));
    g_assert_true(memory_region_init_rom(&toy.rom, NULL, "rom", 0x10000, &err));
    memory_region_init_io(&toy.dev, NULL, &toy_dev_ops, NULL, "dev", 0x1000);
    memory_region_add_subregion(&toy.root, 0, &toy.ram);
    memory_region_add_subregion(&toy.root, TOY_ROM, &toy.rom);
    memory_region_add_subregion(&toy.root, TOY_DEV, &toy.dev);
    address_space_init(&toy.as, &toy.root, "toy");

    toy.accel = (AccelState *)object_new("tcg-accel");
    each_backend_set((Object *)toy.accel, backend);
    g_assert_true(object_set_uint(toy.accel, "tb-size", tb_size, &err));
    g_assert_true(object_set_bool(toy.accel, "verify-ir", true, &err));
    g_assert_true(accel_start(toy.accel, &err));
    toy.n_cpus = n_cpus;
    for (unsigned i = 0; i < n_cpus; i++) {
        toy.cpu[i] = (ToyCpu *)object_new(TYPE_TOY_CPU);
        if (!device_realize((DeviceState *)toy.cpu[i], NULL, &err)) {
            g_error("%s", err->message);
        }
        toy_select_space(toy.cpu[i]);
    }
}

uint64_t toy_put(uint64_t addr, ToyOp op, unsigned a, unsigned b, int imm)
{
    uint32_t insn = toy_insn(op, a, b, imm);
    address_space_write_rom(&toy.as, addr, &insn, 4);
    return addr + 4;
}

uint64_t toy_read(uint64_t addr)
{
    uint64_t value = 0;
    address_space_load(&toy.as, addr, MEMTXATTRS_CPU, 8, &value);
    return value;
}

void toy_write(uint64_t addr, uint64_t value)
{
    address_space_store(&toy.as, addr, MEMTXATTRS_CPU, 8, value);
}

void toy_sleep_ms(unsigned ms)
{
    machine_unlock();
    g_usleep(ms * 1000);
    machine_lock();
    /* A vCPU that sleeps has left its lock: what it did before is seen from here on. */
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        g_mutex_lock(&toy.cpu[i]->parent.work_lock);
        g_mutex_unlock(&toy.cpu[i]->parent.work_lock);
    }
}

void toy_resume(void)
{
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        atomic_set(&toy.cpu[i]->done, 0);
        atomic_set(&toy.cpu[i]->parent.halted, 0);
    }
    cpus_resume_all();
}

void toy_wait_done(void)
{
    gint64 end = g_get_monotonic_time() + 60 * each_backend_slowness() * G_TIME_SPAN_SECOND;
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        while (!atomic_load_acquire(&toy.cpu[i]->done)) {
            if (g_get_monotonic_time() > end) {
                g_error("vCPU %u hangs at pc 0x%" PRIx64, i, toy.cpu[i]->pc);
            }
            toy_sleep_ms(1);
        }
    }
    cpus_pause_all();
}

void toy_run(void)
{
    toy_resume();
    toy_wait_done();
}

void toy_irq(ToyCpu *cpu)
{
    atomic_xchg(&cpu->irq, 1);
    cpu_kick_interrupt(&cpu->parent);
}

void toy_end(void)
{
    for (unsigned i = 0; i < toy.n_cpus; i++) {
        device_unrealize((DeviceState *)toy.cpu[i]);
    }
    machine_unlock();
}

uint64_t toy_stat(const char *label)
{
    g_autoptr(GString) s = g_string_new(NULL);
    accel_class(toy.accel)->info(toy.accel, s);
    const char *at = strstr(s->str, label);
    g_assert_nonnull(at);
    return g_ascii_strtoull(at + strlen(label), NULL, 10);
}

/* ---- Running cases ---- */

static void run_case(const void *one, const char *backend)
{
    const ToyCase *t = one;
    toy_start(backend, t->tb_size ? t->tb_size : 16, t->n_cpus);
    t->run();
    toy_end();
}

int toy_test_main(int argc, char **argv, const char *name, const ToyCase *cases, unsigned n)
{
    return each_backend_main(argc, argv, name, cases, n, sizeof(*cases), run_case);
}
