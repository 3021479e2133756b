/*
 * The CPU models rv64, rv32 and max: types, properties, life cycle, saved state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"
#include "accel/accel.h"
#include "hw/core/machine.h"

enum { DEFAULT_RESET_VECTOR = 0x1000, IRQ_INPUTS = 16 };

typedef struct RiscvCpuClass {
    CpuClass parent;
    unsigned xlen;
    uint64_t ext;       /* extensions before properties change them */
    uint64_t satp_modes;
} RiscvCpuClass;

/* ---- Properties ---- */

/* b: zba, zbb and zbs together. */
#define B_EXTS                                                                            \
    (BIT64(RISCV_EXT_ZBA) | BIT64(RISCV_EXT_ZBB) | BIT64(RISCV_EXT_ZBS))

static bool prop_b_get(Object *obj, const Property *prop, Visitor *v, const char *name,
                       GError **err)
{
    bool on = (((RiscvCpu *)obj)->ext & B_EXTS) == B_EXTS;

    return visit_type_bool(v, name, &on, err);
}

static bool prop_b_set(Object *obj, const Property *prop, Visitor *v, const char *name,
                       GError **err)
{
    RiscvCpu *cpu = (RiscvCpu *)obj;
    bool on;

    if (!visit_type_bool(v, name, &on, err)) {
        return false;
    }
    cpu->ext = on ? cpu->ext | B_EXTS : cpu->ext & ~B_EXTS;
    return true;
}

static const Property riscv_cpu_properties[] = {
#define EXT(e, ext_name, in_string, text)                                                 \
    PROP_BIT(RiscvCpu, ext, ext_name, text, RISCV_EXT_##e, .flags = PROP_NO_DEFAULT),
#define PLANNED(e, ext_name)
#include "target/riscv/extensions.def"
#undef EXT
#undef PLANNED
    PROP_CUSTOM("b", "bit manipulation: zba, zbb and zbs", "bool", prop_b_get, prop_b_set),
    PROP_BOOL(RiscvCpu, has_s, "s", "supervisor mode", .def = true),
    PROP_BOOL(RiscvCpu, has_u, "u", "user mode", .def = true),
    PROP_BOOL(RiscvCpu, raw_spelling, "raw-spelling", "print instructions without aliases",
              .flags = PROP_RUNTIME),
    PROP_BOOL(RiscvCpu, mmu, "mmu", "address translation", .def = true),
    PROP_BOOL(RiscvCpu, pmp, "pmp", "physical memory protection", .def = true),
    PROP_BIT(RiscvCpu, satp_modes, "sv32", "two-level page tables (32-bit CPUs)", 0,
             .flags = PROP_NO_DEFAULT),
    PROP_BIT(RiscvCpu, satp_modes, "sv39", "three-level page tables", 1,
             .flags = PROP_NO_DEFAULT),
    PROP_BIT(RiscvCpu, satp_modes, "sv48", "four-level page tables", 2,
             .flags = PROP_NO_DEFAULT),
    PROP_BIT(RiscvCpu, satp_modes, "sv57", "five-level page tables", 3,
             .flags = PROP_NO_DEFAULT),
    PROP_UINT64(RiscvCpu, reset_vector, "resetvec", "pc after reset",
                .flags = PROP_NO_DEFAULT),
    PROP_UINT16(RiscvCpu, cbom_size, "cbom_blocksize", "bytes that cbo.clean works on",
                .def = RISCV_CBO_SIZE, .min = RISCV_CBO_SIZE, .max = RISCV_CBO_SIZE),
    PROP_UINT16(RiscvCpu, cbop_size, "cbop_blocksize", "bytes that prefetches work on",
                .def = RISCV_CBO_SIZE, .min = RISCV_CBO_SIZE, .max = RISCV_CBO_SIZE),
    PROP_UINT16(RiscvCpu, cboz_size, "cboz_blocksize", "bytes that cbo.zero clears",
                .def = RISCV_CBO_SIZE, .min = RISCV_CBO_SIZE, .max = RISCV_CBO_SIZE),
    PROP_UINT32(RiscvCpu, mvendorid, "mvendorid", "value of the CSR mvendorid"),
    PROP_UINT64(RiscvCpu, marchid, "marchid", "value of the CSR marchid"),
    PROP_UINT64(RiscvCpu, mimpid, "mimpid", "value of the CSR mimpid"),
    PROP_END
};

/* ---- Saved state ---- */

/* Counters are saved as their values: their clocks need not go on where they were. */
static void counter_save(uint64_t value, GByteArray *out)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const uint8_t *)&value, sizeof(value));
}

static bool counter_load(const uint8_t *data, size_t size, uint64_t *ret, GError **err)
{
    if (size != sizeof(*ret)) {
        return error_set(err, "a counter has %zu bytes instead of 8", size);
    }
    memcpy(ret, data, sizeof(*ret));
    *ret = GUINT64_FROM_LE(*ret);
    return true;
}

static void mcycle_save(void *field, GByteArray *out)
{
    counter_save(riscv_mcycle(container_of(field, RiscvCpu, mcycle_offset)), out);
}

static bool mcycle_load(void *field, const uint8_t *data, size_t size, GError **err)
{
    uint64_t value = 0;

    if (!counter_load(data, size, &value, err)) {
        return false;
    }
    riscv_mcycle_set(container_of(field, RiscvCpu, mcycle_offset), value);
    return true;
}

static void minstret_save(void *field, GByteArray *out)
{
    counter_save(riscv_minstret(container_of(field, RiscvCpu, minstret_offset)), out);
}

static bool minstret_load(void *field, const uint8_t *data, size_t size, GError **err)
{
    uint64_t value = 0;

    if (!counter_load(data, size, &value, err)) {
        return false;
    }
    riscv_minstret_set(container_of(field, RiscvCpu, minstret_offset), value);
    return true;
}

static const VMStateField riscv_cpu_vmstate[] = {
    VMS_UINT32(RiscvCpu, parent.halted, .max = 1),
    VMS_UINT_ARRAY(RiscvCpu, x),
    VMS_UINT64(RiscvCpu, pc),
    VMS_UINT_ARRAY(RiscvCpu, f),
    VMS_UINT64(RiscvCpu, reserve_addr),
    VMS_UINT64(RiscvCpu, reserve_value),
    VMS_UINT64(RiscvCpu, reserve_size, .max = 3),
    VMS_UINT32(RiscvCpu, frm, .mask = 7),
    VMS_UINT8(RiscvCpu, fp.flags, .mask = 0x1f),
    VMS_UINT8(RiscvCpu, priv, .max = RISCV_PRV_M),
    VMS_UINT64(RiscvCpu, mstatus),
    VMS_UINT64(RiscvCpu, mtvec),
    VMS_UINT64(RiscvCpu, mepc),
    VMS_UINT64(RiscvCpu, mcause),
    VMS_UINT64(RiscvCpu, mtval),
    VMS_UINT64(RiscvCpu, mscratch),
    VMS_UINT64(RiscvCpu, mideleg, .mask = MIP_S),
    VMS_UINT64(RiscvCpu, medeleg, .mask = 0xffff),
    VMS_UINT64(RiscvCpu, mie, .mask = MIP_S | MIP_M),
    VMS_UINT64(RiscvCpu, mip, .mask = MIP_S),
    VMS_UINT64(RiscvCpu, irq_lines, .mask = MIP_S | MIP_M),
    VMS_UINT64(RiscvCpu, mcounteren, .mask = UINT32_MAX),
    VMS_UINT64(RiscvCpu, mcountinhibit, .mask = COUNTER_CY | COUNTER_IR),
    VMS_UINT64(RiscvCpu, menvcfg),
    VMS_UINT64(RiscvCpu, stvec),
    VMS_UINT64(RiscvCpu, sepc),
    VMS_UINT64(RiscvCpu, scause),
    VMS_UINT64(RiscvCpu, stval),
    VMS_UINT64(RiscvCpu, sscratch),
    VMS_UINT64(RiscvCpu, scounteren, .mask = UINT32_MAX),
    VMS_UINT64(RiscvCpu, senvcfg),
    VMS_UINT64(RiscvCpu, satp),
    VMS_UINT64(RiscvCpu, stimecmp),
    VMS_UINT_ARRAY(RiscvCpu, pmpcfg, .mask = PMP_CFG_BITS),
    VMS_UINT_ARRAY(RiscvCpu, pmpaddr, .mask = MASK64(53, 0)),
    /* after mcountinhibit, which decides what the fields hold */
    VMS_CUSTOM(RiscvCpu, mcycle_offset, mcycle_save, mcycle_load),
    VMS_CUSTOM(RiscvCpu, minstret_offset, minstret_save, minstret_load),
    VMS_END
};

/* ---- Life cycle ---- */

static uint64_t riscv_get_pc(CpuState *cs)
{
    return riscv_cpu(cs)->pc;
}

/* A debugger's addresses have XLEN bits. */
static uint64_t riscv_code_address(CpuState *cs, uint64_t vaddr)
{
    return riscv_xlen_extend(riscv_cpu(cs), vaddr);
}

static void riscv_set_pc(CpuState *cs, uint64_t pc)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    cpu->pc = riscv_xlen_extend(cpu, pc & ~riscv_pc_low_bits(cpu));
}

static bool riscv_access_csr(CpuState *cs, unsigned number, uint64_t *value, bool write)
{
    RiscvCpu *cpu = riscv_cpu(cs);

    if ((write && !riscv_csr_debug_write(cpu, number, *value)) ||
        !riscv_csr_debug_read(cpu, number, value)) {
        return false;
    }
    *value &= UINT64_MAX >> (64 - cpu->xlen);
    return true;
}

static const CpuOps riscv_cpu_ops = {
    .globals = riscv_globals,
    .n_globals = RISCV_N_GLOBALS,
    .pc_global = RISCV_GLOBAL_PC,
    .pc_offset = offsetof(RiscvCpu, pc),
    .fp = {
        .flags = offsetof(RiscvCpu, fp.flags),
        .rounding = offsetof(RiscvCpu, frm),
        .nan32 = ~(uint64_t)UINT32_MAX | F32_DEFAULT_NAN,
        .nan64 = F64_DEFAULT_NAN,
    },
    .state_size = offsetof(RiscvCpu, stimer),
    .translate = riscv_translate,
    .translates_blocks = true,
    .disas = riscv_disas,
    .disas_words = true,
    .fill = riscv_fill,
    .access_fault = riscv_access_fault,
    .misaligned = riscv_misaligned,
    .take_exception = riscv_take_exception,
    .take_interrupt = riscv_take_interrupt,
    .has_work = riscv_has_work,
    .unwind = riscv_unwind,
    .code_space = riscv_code_space,
    .dump = riscv_dump,
    .get_pc = riscv_get_pc,
    .set_pc = riscv_set_pc,
    .access_csr = riscv_access_csr,
    .code_address = riscv_code_address,
    .get_register = riscv_get_register,
    .debug_translate = riscv_debug_translate,
    .mappings = riscv_mappings,
    .gdb = &riscv_gdb_target,
};

static void riscv_cpu_init(void *dev)
{
    RiscvCpu *cpu = dev;
    const RiscvCpuClass *rc = (RiscvCpuClass *)cpu->parent.parent.parent.klass;

    cpu->parent.ops = &riscv_cpu_ops;
    cpu->xlen = rc->xlen;
    cpu->ext = rc->ext;
    cpu->satp_modes = rc->satp_modes;
    cpu->reset_vector = DEFAULT_RESET_VECTOR;
    riscv_stimer_init(cpu);
}

static void riscv_cpu_finalize(void *dev)
{
    RiscvCpu *cpu = dev;

    riscv_stimer_destroy(cpu);
    g_free(cpu->isa_string);
}

static void irq_handler(void *dev, int n, int level)
{
    riscv_irq_line_set(dev, n, level);
}

/* Somebody wrote the machine's time. */
static void time_changed(void *opaque)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        CpuState *cs = cpu_by_index(i);

        if (cs && object_is_a(cs, TYPE_RISCV_CPU)) {
            riscv_stimer_update(riscv_cpu(cs));
        }
    }
}

static void watch_time(void)
{
    static bool watching;

    if (!watching) {
        watching = true;
        machine_time_add_notifier(time_changed, NULL);
    }
}

static bool check_modes(RiscvCpu *cpu, GError **err)
{
    static const char *const names[] = { "sv32", "sv39", "sv48", "sv57" };
    uint64_t possible = cpu->xlen == 32 ? RISCV_SV32 : RISCV_SV39 | RISCV_SV48 | RISCV_SV57;

    if (cpu->has_s && !cpu->has_u) {
        return error_set(err, "supervisor mode (s) requires user mode (u), which is off");
    }
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        bool on = cpu->satp_modes >> i & 1;

        if (on && !(possible >> i & 1)) {
            return error_set(err, "'%s' does not exist on %u-bit CPUs", names[i], cpu->xlen);
        }
    }
    /* A smaller limit takes the larger schemes with it: Sv48 needs Sv39, Sv57 needs Sv48. */
    if (cpu->xlen == 64) {
        if (!(cpu->satp_modes & RISCV_SV39)) {
            cpu->satp_modes &= ~(uint64_t)(RISCV_SV48 | RISCV_SV57);
        }
        if (!(cpu->satp_modes & RISCV_SV48)) {
            cpu->satp_modes &= ~(uint64_t)RISCV_SV57;
        }
    }
    if (!cpu->has_s) {
        cpu->mmu = false;
        cpu->ext &= ~(BIT64(RISCV_EXT_SSTC) | BIT64(RISCV_EXT_SVINVAL));
    }
    if (!cpu->mmu) {
        cpu->satp_modes = 0;
        cpu->ext &= ~(BIT64(RISCV_EXT_SVADU) | BIT64(RISCV_EXT_SVADE));
    }
    return true;
}

/* Which extensions were set by name, so that they are neither dropped nor added. */
static void note_user_choices(RiscvCpu *cpu)
{
    GHashTable *set = cpu->parent.parent.parent.set_props;

    cpu->ext_user_set = 0;
    for (unsigned e = 0; set && e < RISCV_EXT_COUNT; e++) {
        if (g_hash_table_contains(set, riscv_ext_name(e))) {
            cpu->ext_user_set |= BIT64(e);
        }
    }
}

static bool riscv_cpu_realize(void *dev, GError **err)
{
    RiscvCpu *cpu = dev;

    note_user_choices(cpu);
    if (!riscv_ext_check(cpu, err) || !check_modes(cpu, err)) {
        return false;
    }
    g_free(cpu->isa_string);
    cpu->isa_string = riscv_isa_string(cpu);
    device_init_irq_in(&cpu->parent.parent, NULL, irq_handler, IRQ_INPUTS);
    watch_time();
    if (!cpu_realize_common(&cpu->parent, err)) {
        return false;
    }
    riscv_cpu_reset_state(cpu);
    return true;
}

static void riscv_cpu_unrealize(void *dev)
{
    RiscvCpu *cpu = dev;

    timer_del(&cpu->stimer);
    cpu_unrealize_common(&cpu->parent);
}

static void riscv_cpu_reset(void *dev)
{
    riscv_cpu_reset_state(dev);
}

static void riscv_cpu_loaded_cb(void *dev)
{
    riscv_cpu_loaded(dev);
}

DEVICE(RiscvCpu, TYPE_RISCV_CPU, TYPE_CPU, NULL,
       .properties = riscv_cpu_properties, .vmstate = riscv_cpu_vmstate,
       .init = riscv_cpu_init, .finalize = riscv_cpu_finalize,
       .realize = riscv_cpu_realize, .unrealize = riscv_cpu_unrealize,
       .reset = riscv_cpu_reset, .loaded = riscv_cpu_loaded_cb,
       .class_size = sizeof(RiscvCpuClass), .category = DEVICE_CPU, .abstract = true);

/* ---- Models ---- */

static void model_init(ObjectClass *klass, const CpuModelName *models, unsigned xlen,
                       uint64_t ext)
{
    RiscvCpuClass *rc = (RiscvCpuClass *)klass;

    rc->parent.models = models;
    rc->xlen = xlen;
    rc->ext = ext;
    rc->satp_modes = xlen == 32 ? RISCV_SV32 : RISCV_SV39 | RISCV_SV48;
}

static void rv64_class_init(ObjectClass *klass)
{
    static const CpuModelName names[] = { { "riscv64", "rv64" }, { NULL, NULL } };

    model_init(klass, names, 64, riscv_ext_default(64));
}

static void rv32_class_init(ObjectClass *klass)
{
    static const CpuModelName names[] = { { "riscv32", "rv32" }, { "riscv64", "rv32" },
                                          { NULL, NULL } };

    model_init(klass, names, 32, riscv_ext_default(32));
}

static void max_class_init(ObjectClass *klass)
{
    static const CpuModelName names[] = { { "riscv64", "max" }, { NULL, NULL } };

    model_init(klass, names, 64, riscv_ext_max(64));
}

static void max32_class_init(ObjectClass *klass)
{
    static const CpuModelName names[] = { { "riscv32", "max" }, { "riscv64", "max32" },
                                          { NULL, NULL } };

    model_init(klass, names, 32, riscv_ext_max(32));
}

typedef RiscvCpu Rv64RiscvCpu;
typedef RiscvCpu Rv32RiscvCpu;
typedef RiscvCpu MaxRiscvCpu;
typedef RiscvCpu Max32RiscvCpu;
DEVICE(Rv64RiscvCpu, "rv64-riscv-cpu", TYPE_RISCV_CPU, "64-bit RISC-V CPU",
       .class_init = rv64_class_init);
DEVICE(Rv32RiscvCpu, "rv32-riscv-cpu", TYPE_RISCV_CPU, "32-bit RISC-V CPU",
       .class_init = rv32_class_init);
DEVICE(MaxRiscvCpu, "max-riscv-cpu", TYPE_RISCV_CPU,
       "64-bit RISC-V CPU with every extension that is implemented",
       .class_init = max_class_init);
DEVICE(Max32RiscvCpu, "max32-riscv-cpu", TYPE_RISCV_CPU,
       "32-bit RISC-V CPU with every extension that is implemented",
       .class_init = max32_class_init);
