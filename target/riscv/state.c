/*
 * A hart's state as a whole: reset, what derives from registers (code mode, views), and
 * printing it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/system.h"

/* ---- Code mode and views ---- */

static uint32_t code_mode(const RiscvCpu *cpu)
{
    uint64_t fs = field_get(cpu->mstatus, MSTATUS_FS);

    return cpu->priv | (fs ? RISCV_MODE_FS : 0) |
           (fs == MSTATUS_FS_DIRTY ? RISCV_MODE_FS_DIRTY : 0) |
           (fs ? (cpu->frm & 7) << RISCV_MODE_FRM_SHIFT : 0) |
           (cpu->xlen == 32 ? RISCV_MODE_RV32 : 0);
}

/* Privileged ISA, 3.1.6.3: MPRV makes loads and stores those of MPP. */
static unsigned data_priv(const RiscvCpu *cpu)
{
    if (cpu->priv == RISCV_PRV_M && (cpu->mstatus & MSTATUS_MPRV)) {
        return field_get(cpu->mstatus, MSTATUS_MPP);
    }
    return cpu->priv;
}

static bool satp_translates(const RiscvCpu *cpu)
{
    return cpu->satp & (cpu->xlen == 32 ? SATP32_MODE : SATP64_MODE);
}

/* Without Svade hardware sets the bits unless Svadu leaves the choice to menvcfg.ADUE. */
static bool hardware_sets_ad(const RiscvCpu *cpu)
{
    if (riscv_has_ext(cpu, RISCV_EXT_SVADU)) {
        return cpu->menvcfg & MENVCFG_ADUE;
    }
    return !riscv_has_ext(cpu, RISCV_EXT_SVADE);
}

CpuViewKey riscv_view_key(const RiscvCpu *cpu, CpuViewKind kind)
{
    unsigned priv = kind == CPU_VIEW_DATA ? data_priv(cpu) : cpu->priv;
    bool m = priv == RISCV_PRV_M;
    CpuViewKey key = { { 0 } };

    if (m) {
        key.k[1] |= RISCV_KEY_M;
    } else if (satp_translates(cpu)) {
        key.k[0] = cpu->satp;
        key.k[1] |= RISCV_KEY_XLATE;
        if (cpu->xlen == 64) {
            key.k[1] |= field_get(cpu->satp, SATP64_MODE) << RISCV_KEY_MODE_SHIFT;
        }
        if (priv == RISCV_PRV_U) {
            key.k[1] |= RISCV_KEY_U;
        } else if (kind == CPU_VIEW_DATA && (cpu->mstatus & MSTATUS_SUM)) {
            key.k[1] |= RISCV_KEY_SUM;
        }
        if (kind == CPU_VIEW_DATA && (cpu->mstatus & MSTATUS_MXR)) {
            key.k[1] |= RISCV_KEY_MXR;
        }
        if (hardware_sets_ad(cpu)) {
            key.k[1] |= RISCV_KEY_HW_AD;
        }
    }
    if (!riscv_pmp_open(cpu, m)) {
        key.k[2] = cpu->pmp_map.generation;
    }
    return key;
}

void riscv_update_mode(RiscvCpu *cpu)
{
    cpu->fp.rounding = riscv_fp_rounding(cpu->frm);
    cpu_set_mode(&cpu->parent, code_mode(cpu));
    for (unsigned kind = 0; kind < CPU_VIEW_COUNT; kind++) {
        CpuViewKey key = riscv_view_key(cpu, kind);

        if (!cpu->views_set || memcmp(&key, &cpu->view[kind], sizeof(key)) != 0) {
            cpu->view[kind] = key;
            cpu_set_view(&cpu->parent, kind, &cpu->view[kind]);
        }
    }
    cpu->views_set = true;
}

/* ---- Reset ---- */

/* The fields of mstatus that nobody can write. */
static uint64_t mstatus_fixed(const RiscvCpu *cpu)
{
    enum { XL_64 = 2 };
    uint64_t bits = 0;

    if (cpu->xlen == 64) {
        bits |= cpu->has_u ? field_set(0, MSTATUS_UXL, XL_64) : 0;
        bits |= cpu->has_s ? field_set(0, MSTATUS_SXL, XL_64) : 0;
    }
    return bits;
}

void riscv_cpu_reset_state(RiscvCpu *cpu)
{
    memset(cpu->x, 0, sizeof(cpu->x));
    memset(cpu->f, 0, sizeof(cpu->f));
    cpu->pc = riscv_xlen_extend(cpu, cpu->reset_vector);
    cpu->reserve_addr = UINT64_MAX;
    cpu->reserve_value = 0;
    cpu->reserve_size = 0;
    cpu->frm = 0;
    cpu->fp = (FloatStatus){ .default_nan = true };
    cpu->priv = RISCV_PRV_M;

    cpu->misa = riscv_misa(cpu);
    cpu->mstatus = mstatus_fixed(cpu);
    cpu->mtvec = cpu->mepc = cpu->mcause = cpu->mtval = cpu->mscratch = 0;
    cpu->mideleg = cpu->medeleg = 0;
    atomic_set(&cpu->mie, 0);
    atomic_set(&cpu->mip, 0);
    cpu->mcounteren = 0;
    riscv_mcountinhibit_set(cpu, 0);
    /* Firmware that does not know Svadu gets it; one that offers Svade too must ask. */
    atomic_set(&cpu->menvcfg, riscv_has_ext(cpu, RISCV_EXT_SVADU) &&
                              !riscv_has_ext(cpu, RISCV_EXT_SVADE) ? MENVCFG_ADUE : 0);
    cpu->stvec = cpu->sepc = cpu->scause = cpu->stval = cpu->sscratch = 0;
    cpu->scounteren = cpu->senvcfg = cpu->satp = 0;
    memset(cpu->pmpcfg, 0, sizeof(cpu->pmpcfg));
    memset(cpu->pmpaddr, 0, sizeof(cpu->pmpaddr));
    riscv_pmp_update(cpu);
    riscv_minstret_set(cpu, 0);
    /* The manual leaves stimecmp open: no interrupt until software asks for one. */
    riscv_stimer_set(cpu, UINT64_MAX);

    atomic_set(&cpu->parent.halted, 0);
    cpu->views_set = false;
    riscv_update_mode(cpu);
}

void riscv_cpu_loaded(RiscvCpu *cpu)
{
    uint64_t mstatus = cpu->mstatus;

    cpu->x[0] = 0;
    cpu->pc = riscv_xlen_extend(cpu, cpu->pc & ~riscv_pc_low_bits(cpu));
    cpu->mepc &= ~riscv_pc_low_bits(cpu);
    cpu->sepc &= ~riscv_pc_low_bits(cpu);
    cpu->fp.default_nan = true;
    if (cpu->priv == 2 || (cpu->priv == RISCV_PRV_S && !cpu->has_s) ||
        (cpu->priv == RISCV_PRV_U && !cpu->has_u)) {
        cpu->priv = RISCV_PRV_M;
    }
    if (!riscv_satp_legal(cpu, cpu->satp)) {
        cpu->satp = 0;
    }
    riscv_pmp_update(cpu);
    cpu->views_set = false;
    cpu->mstatus = mstatus_fixed(cpu);
    riscv_mstatus_write(cpu, mstatus, ~UINT64_C(0));
    riscv_stimer_update(cpu);
    riscv_irq_poll(cpu);
}

/* ---- Printing ---- */

void riscv_dump(CpuState *cs, GString *out)
{
    static const char *const priv_names[] = { "U", "S", "?", "M" };
    static const uint16_t csrs[] = {
        0xf14, 0x300, 0x344, 0x304, 0x303, 0x302, 0x305, 0x105, 0x341,
        0x141, 0x342, 0x142, 0x343, 0x143, 0x340, 0x140, 0x180,
    };
    RiscvCpu *cpu = riscv_cpu(cs);
    int digits = cpu->xlen / 4;
    uint64_t mask = cpu->xlen == 32 ? UINT32_MAX : UINT64_MAX;

    g_string_append_printf(out, " priv     %s\n", priv_names[cpu->priv & 3]);
    g_string_append_printf(out, " pc       %0*" PRIx64 "\n", digits, cpu->pc & mask);
    for (size_t i = 0; i < ARRAY_SIZE(csrs); i++) {
        uint64_t value;

        if (riscv_csr_debug_read(cpu, csrs[i], &value)) {
            g_string_append_printf(out, " %-8s %0*" PRIx64 "\n",
                                   riscv_csr_name(cpu, csrs[i]), digits, value & mask);
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        char name[16];

        snprintf(name, sizeof(name), "x%u/%s", i, riscv_x_names[i]);
        g_string_append_printf(out, " %-8s %0*" PRIx64 "%s", name, digits,
                               cpu->x[i] & mask, i % 4 == 3 ? "\n" : "");
    }
    if (riscv_has_ext(cpu, RISCV_EXT_F)) {
        for (unsigned i = 0; i < 32; i++) {
            char name[16];

            snprintf(name, sizeof(name), "f%u/%s", i, riscv_f_names[i]);
            g_string_append_printf(out, " %-8s %016" PRIx64 "%s", name, cpu->f[i],
                                   i % 4 == 3 ? "\n" : "");
        }
    }
}
