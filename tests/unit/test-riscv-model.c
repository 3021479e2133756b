/*
 * CPU models: names, properties and their errors, saved state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/tm.h"
#include "accel/accel.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "target/riscv/system.h"

static RiscvCpu *hart_add(const char *type, const char *props, GError **err)
{
    RiscvCpu *cpu = (RiscvCpu *)object_new(type);
    g_autoptr(json_object) opts = props ? keyval_parse(props, NULL, NULL, NULL) : NULL;

    g_assert_true(!props || opts);
    if ((opts && !object_set_properties(cpu, opts, true, NULL, err)) ||
        !object_add_child(machine_current(), "cpu[*]", cpu, err)) {
        object_unref(cpu);
        return NULL;
    }
    if (!device_realize(&cpu->parent.parent, NULL, err)) {
        object_unparent(cpu);
        return NULL;
    }
    return cpu;
}

static void no_setup(TestMachine *m)
{
}

static void test_names(TestMachine *m)
{
    g_autoptr(GError) err = NULL;
    ObjectClass *klass = cpu_class_by_model("riscv64", "rv64", &err);

    g_assert_cmpstr(object_class_name(klass), ==, "rv64-riscv-cpu");
    klass = cpu_class_by_model("riscv32", "max", &err);
    g_assert_cmpstr(object_class_name(klass), ==, "max32-riscv-cpu");
    klass = cpu_class_by_model("riscv64", "rv32", &err);
    g_assert_cmpstr(object_class_name(klass), ==, "rv32-riscv-cpu");
    g_assert_null(cpu_class_by_model("riscv32", "rv64", &err));
    g_assert_cmpstr(err->message, ==, "unknown CPU model 'rv64'");
    g_clear_error(&err);
    g_assert_null(cpu_class_by_model("riscv32", "rv23", &err));
    g_assert_cmpstr(error_get_nearest(err), ==, "rv32");
}

static void test_properties(TestMachine *m)
{
    static const struct {
        const char *props, *message;
    } bad[] = {
        { "f=off", "extension 'd' requires 'f', which is off" },
        { "zawrs=on,a=off", "extension 'zawrs' requires 'zalrsc', which is off" },
        { "zicsr=off,f=off,d=off,zicntr=off,zihpm=off",
          "extension 'zicsr' cannot be off: privileged modes need it" },
        { "zcf=on", "extension 'zcf' exists on 32-bit CPUs only" },
        { "sv32=on", "'sv32' does not exist on 64-bit CPUs" },
        { "u=off", "supervisor mode (s) requires user mode (u), which is off" },
    };
    RiscvCpu *cpu;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_null(hart_add("rv64-riscv-cpu", bad[i].props, &err));
        g_assert_cmpstr(err->message, ==, bad[i].message);
    }
    cpu = hart_add("rv64-riscv-cpu", "b=off,c=off,sv39=off,marchid=5", NULL);
    g_assert_nonnull(cpu);
    g_assert_cmphex(cpu->satp_modes, ==, 0);
    g_assert_cmphex(cpu->misa, ==, 0x8000000000141129);
    g_assert_false(strstr(cpu->isa_string, "zb") && !strstr(cpu->isa_string, "zbc"));
    g_assert_null(strstr(cpu->isa_string, "zc"));
    g_assert_cmphex(cpu->marchid, ==, 5);
}

/* ---- Saved state ---- */

static void hart_setup(TestMachine *m)
{
    RiscvCpu *cpu = hart_add("max-riscv-cpu", "svade=on", NULL);

    g_assert_nonnull(cpu);
    tm_set_data(m, cpu);
}

static void fill_state(RiscvCpu *cpu)
{
    static const uint16_t csrs[] = {
        0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344,
        0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x180, 0x300,
    };

    for (unsigned i = 1; i < 32; i++) {
        cpu->x[i] = i * 0x0123456789abcdef;
        cpu->f[i] = ~cpu->x[i];
    }
    cpu->pc = 0x80001234;
    cpu->frm = 5;
    cpu->fp.flags = 0x15;
    cpu->reserve_addr = 0x80002000;
    cpu->reserve_size = 3;
    for (size_t i = 0; i < ARRAY_SIZE(csrs); i++) {
        riscv_csr_debug_write(cpu, csrs[i], (UINT64_C(9) << 60) | 0x5a5a5a5a5b5a5a5d);
    }
    riscv_pmpaddr_write(cpu, 3, 0x20000fff);
    riscv_pmpcfg_write(cpu, 3, PMP_L | PMP_A_NAPOT | PMP_R);
    riscv_minstret_set(cpu, 12345);
    cpu->priv = RISCV_PRV_S;
    riscv_update_mode(cpu);
}

static void test_state(TestMachine *m)
{
    RiscvCpu *cpu = tm_data(m);
    RiscvCpu *before;
    CpuViewKey view;
    uint32_t mode;

    fill_state(cpu);
    tm_irq_in(m, cpu, NULL, RISCV_INT_SEI, 1);
    before = g_memdup2(cpu, sizeof(*cpu));
    view = riscv_view_key(cpu, CPU_VIEW_DATA);
    mode = cpu->parent.tcg.mode;
    tm_save_load(m);
    g_assert_cmpmem(before->x, sizeof(cpu->x), cpu->x, sizeof(cpu->x));
    g_assert_cmpmem(before->f, sizeof(cpu->f), cpu->f, sizeof(cpu->f));
    g_assert_cmphex(before->pc, ==, cpu->pc);
    g_assert_cmphex(before->mstatus, ==, cpu->mstatus);
    g_assert_cmphex(before->satp, ==, cpu->satp);
    g_assert_cmphex(before->menvcfg, ==, cpu->menvcfg);
    g_assert_cmphex(riscv_mip(before), ==, riscv_mip(cpu));
    g_assert_cmpuint(riscv_minstret(cpu), ==, 12345);
    g_assert_cmphex(mode, ==, cpu->parent.tcg.mode);
    g_assert_cmphex(view.k[0], ==, cpu->view[CPU_VIEW_DATA].k[0]);
    g_assert_cmphex(view.k[1], ==, cpu->view[CPU_VIEW_DATA].k[1]);
    g_assert_cmphex(riscv_pmp_rights(cpu, 0x80000000, 4, true), ==, PMP_R);
    g_free(before);
    tm_fuzz_state(m, 200);
    g_assert_true(cpu->priv == RISCV_PRV_M && cpu->x[0] == 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(accel_start((AccelState *)object_new("qtest-accel"), NULL));
    tm_add_test("/riscv-model/names", no_setup, test_names);
    tm_add_test("/riscv-model/properties", no_setup, test_properties);
    tm_add_test("/riscv-model/state", hart_setup, test_state);
    return g_test_run();
}
