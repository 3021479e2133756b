/*
 * A hart's registers for debuggers (GDB manual, "RISC-V Features"): the features cpu, fpu and
 * csr with the numbers that gdb gives the registers itself, and the virtual register priv.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

/* Numbers of gdb's: x0 to x31, pc, f0 to f31, CSRs, priv. Used as the target's own too. */
enum { GDB_PC = 32, GDB_F = 33, GDB_CSR = 65, GDB_PRIV = GDB_CSR + 4096,
       CSR_FFLAGS = 1, CSR_FCSR = 3 };

static void add_reg(GdbFeature *f, const char *name, unsigned bits, const char *type,
                    unsigned number, bool keep)
{
    gdb_feature_add_reg(f, &(GdbReg){ .name = name, .type = type, .bits = bits,
                                      .number = number, .id = number, .keep = keep });
}

static void describe_cpu(const RiscvCpu *cpu, GdbDescription *d)
{
    GdbFeature *f = gdb_description_add(d, "org.gnu.gdb.riscv.cpu",
                                        cpu->xlen == 32 ? "riscv-32bit-cpu.xml"
                                                        : "riscv-64bit-cpu.xml");
    enum { RA = 1, SP = 2, GP = 3, TP = 4, FP = 8 };

    for (unsigned i = 0; i < 32; i++) {
        const char *name = i == FP ? "fp" : riscv_x_names[i];
        const char *type = i == RA ? "code_ptr"
                           : i == SP || i == GP || i == TP || i == FP ? "data_ptr" : "int";

        add_reg(f, name, cpu->xlen, type, i, true);
    }
    add_reg(f, "pc", cpu->xlen, "code_ptr", GDB_PC, true);
}

static void add_csr(const RiscvCpu *cpu, GdbFeature *f, unsigned csr, unsigned bits, bool keep)
{
    g_autoptr(GString) name = g_string_new(NULL);

    if (riscv_csr_name(cpu, csr)) {
        riscv_csr_print_name(name, csr);
        add_reg(f, name->str, bits, "int", GDB_CSR + csr, keep);
    }
}

static void describe_fpu(const RiscvCpu *cpu, GdbDescription *d)
{
    bool wide = riscv_has_ext(cpu, RISCV_EXT_D);
    GdbFeature *f = gdb_description_add(d, "org.gnu.gdb.riscv.fpu",
                                        wide ? "riscv-64bit-fpu.xml" : "riscv-32bit-fpu.xml");

    if (wide) {
        gdb_feature_add_types(f, "  <union id=\"riscv_double\">\n"
                                 "    <field name=\"float\" type=\"ieee_single\"/>\n"
                                 "    <field name=\"double\" type=\"ieee_double\"/>\n"
                                 "  </union>\n");
    }
    for (unsigned i = 0; i < 32; i++) {
        add_reg(f, riscv_f_names[i], wide ? 64 : 32, wide ? "riscv_double" : "ieee_single",
                GDB_F + i, true);
    }
    for (unsigned csr = CSR_FFLAGS; csr <= CSR_FCSR; csr++) {
        add_csr(cpu, f, csr, 32, false);
    }
}

static GdbDescription *riscv_gdb_describe(CpuState *cs)
{
    const RiscvCpu *cpu = riscv_cpu(cs);
    GdbDescription *d = gdb_description_new(cpu->xlen == 32 ? "riscv:rv32" : "riscv:rv64");
    GdbFeature *f;

    describe_cpu(cpu, d);
    if (riscv_has_ext(cpu, RISCV_EXT_F)) {
        describe_fpu(cpu, d);
    }
    f = gdb_description_add(d, "org.gnu.gdb.riscv.virtual",
                            cpu->xlen == 32 ? "riscv-32bit-virtual.xml"
                                            : "riscv-64bit-virtual.xml");
    add_reg(f, "priv", cpu->xlen, "int", GDB_PRIV, false);
    f = gdb_description_add(d, "org.gnu.gdb.riscv.csr", "riscv-csr.xml");
    for (unsigned csr = CSR_FCSR + 1; csr < 4096; csr++) {
        add_csr(cpu, f, csr, cpu->xlen, false);
    }
    return d;
}

static bool get(RiscvCpu *cpu, unsigned id, uint64_t *ret)
{
    if (id < GDB_PC) {
        *ret = cpu->x[id];
    } else if (id == GDB_PC) {
        *ret = cpu->pc;
    } else if (id < GDB_CSR) {
        *ret = cpu->f[id - GDB_F];
    } else if (id < GDB_PRIV) {
        return riscv_csr_debug_read(cpu, id - GDB_CSR, ret);
    } else {
        *ret = cpu->priv;
    }
    return true;
}

static bool riscv_gdb_read(CpuState *cs, const GdbReg *reg, uint8_t *buf)
{
    uint64_t value;

    if (!get(riscv_cpu(cs), reg->id, &value)) {
        return false;
    }
    value = GUINT64_TO_LE(value);
    memcpy(buf, &value, reg->bits / 8);
    return true;
}

static bool set_priv(RiscvCpu *cpu, uint64_t priv)
{
    if (priv != RISCV_PRV_M && !(priv == RISCV_PRV_S && cpu->has_s) &&
        !(priv == RISCV_PRV_U && cpu->has_u)) {
        return false;
    }
    cpu->priv = priv;
    riscv_update_mode(cpu);
    riscv_irq_poll(cpu);
    return true;
}

static void set_f(RiscvCpu *cpu, unsigned n, uint64_t value, unsigned bits)
{
    cpu->f[n] = bits == 32 ? value | UINT64_C(0xffffffff00000000) : value;
    if (cpu->mstatus & MSTATUS_FS) {
        riscv_fs_dirty(cpu);
    }
}

static bool riscv_gdb_write(CpuState *cs, const GdbReg *reg, const uint8_t *buf)
{
    RiscvCpu *cpu = riscv_cpu(cs);
    uint64_t value = 0;

    memcpy(&value, buf, reg->bits / 8);
    value = GUINT64_FROM_LE(value);
    if (reg->id < GDB_PC) {
        if (reg->id != 0) {
            cpu->x[reg->id] = riscv_xlen_extend(cpu, value);
        }
    } else if (reg->id == GDB_PC) {
        cs->ops->set_pc(cs, value);
    } else if (reg->id < GDB_CSR) {
        set_f(cpu, reg->id - GDB_F, value, reg->bits);
    } else if (reg->id < GDB_PRIV) {
        return riscv_csr_debug_write(cpu, reg->id - GDB_CSR, value);
    } else {
        return set_priv(cpu, value);
    }
    return true;
}

const GdbTarget riscv_gdb_target = {
    .describe = riscv_gdb_describe,
    .read = riscv_gdb_read,
    .write = riscv_gdb_write,
};
