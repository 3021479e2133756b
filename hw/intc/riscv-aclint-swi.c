/*
 * RISC-V ACLINT MSWI and SSWI: inter-processor software interrupts (RISC-V Advanced Core
 * Local Interruptor Specification, chapters 3 and 4).
 *
 * MSWI: MSIP registers hold bit 0 and drive a level. SSWI: SETSSIP registers read 0; writing
 * 1 sends an edge, which the hart's SSIP bit latches.
 *
 * Harts write without the machine lock: a hart's register and line have a lock of their own, so
 * that two that write at once leave the level of the register's last value.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/intc/trace.h"

typedef struct AclintSwi {
    SysBusDevice parent;
    MemoryRegion mmio;
    GMutex *locks;                   /* a hart: over irqs[hart], and writes of msip[hart] */
    IrqLine *irqs;
    uint32_t hartid_base, num_harts; /* properties */
    bool sswi;                       /* property */
    uint8_t *msip;                   /* (a) guest state */
} AclintSwi;

static const Property aclint_swi_properties[] = {
    PROP_UINT32(AclintSwi, hartid_base, "hartid-base", "id of the first hart"),
    PROP_UINT32(AclintSwi, num_harts, "num-harts", "number of harts", .def = 1, .min = 1,
                .max = RISCV_ACLINT_MAX_HARTS),
    PROP_BOOL(AclintSwi, sswi, "sswi", "supervisor software interrupts (edges)"),
    PROP_END
};

static const VMStateField aclint_swi_vmstate[] = {
    VMS_UINT_VARRAY(AclintSwi, msip, num_harts, .mask = 1),
    VMS_END
};

static uint64_t aclint_swi_read(void *opaque, uint64_t addr, unsigned size)
{
    AclintSwi *s = opaque;

    if (addr / 4 < s->num_harts) {
        return atomic_read(&s->msip[addr / 4]);
    }
    guest_error(s, "read of register 0x%" PRIx64 " of a hart that does not exist", addr);
    return 0;
}

static void aclint_swi_set(AclintSwi *s, uint32_t hart, bool level)
{
    g_mutex_lock(&s->locks[hart]);
    if (s->sswi) {
        if (level) {
            irq_pulse(&s->irqs[hart]);
        }
    } else {
        if (level && s->msip[hart]) {
            irq_set(&s->irqs[hart], 0); /* sent again: a hart that naps is to notice */
        }
        atomic_set(&s->msip[hart], level);
        irq_set(&s->irqs[hart], level);
    }
    g_mutex_unlock(&s->locks[hart]);
}

static void aclint_swi_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    AclintSwi *s = opaque;
    uint32_t hart = addr / 4;

    trace_aclint_ipi_set(s->hartid_base + hart, s->sswi, value);
    if (hart >= s->num_harts) {
        guest_error(s, "write to register 0x%" PRIx64 " of a hart that does not exist", addr);
    } else {
        aclint_swi_set(s, hart, value & 1);
    }
}

static const MemoryRegionOps aclint_swi_ops = {
    .read = aclint_swi_read,
    .write = aclint_swi_write,
    .access = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 4 },
    .lock = LOCK_NONE,
};

static bool aclint_swi_realize(AclintSwi *s, GError **err)
{
    s->locks = g_new0(GMutex, s->num_harts);
    s->irqs = g_new0(IrqLine, s->num_harts);
    s->msip = g_new0(uint8_t, s->num_harts);
    memory_region_init_io(&s->mmio, s, &aclint_swi_ops, s, "riscv.aclint.swi",
                          RISCV_ACLINT_SWI_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        g_mutex_init(&s->locks[i]);
        sysbus_init_irq(s, &s->irqs[i]);
    }
    return true;
}

static void aclint_swi_unrealize(AclintSwi *s)
{
    memory_region_destroy(&s->mmio);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        g_mutex_clear(&s->locks[i]);
    }
    g_clear_pointer(&s->locks, g_free);
    g_clear_pointer(&s->irqs, g_free);
    g_clear_pointer(&s->msip, g_free);
}

/* The vCPUs stand still. */
static void aclint_swi_update(AclintSwi *s)
{
    for (uint32_t i = 0; !s->sswi && i < s->num_harts; i++) {
        irq_set(&s->irqs[i], s->msip[i]);
    }
}

static void aclint_swi_reset(AclintSwi *s)
{
    memset(s->msip, 0, s->num_harts);
    aclint_swi_update(s);
}

static void aclint_swi_irq_info(AclintSwi *s, GString *out)
{
    for (uint32_t i = 0; !s->sswi && i < s->num_harts; i++) {
        g_string_append_printf(out, "  hart %u: msip %u\n", s->hartid_base + i,
                               atomic_read(&s->msip[i]));
    }
}

DEVICE(AclintSwi, TYPE_RISCV_ACLINT_SWI, TYPE_SYS_BUS_DEVICE,
       "RISC-V ACLINT software interrupts", .properties = aclint_swi_properties,
       .vmstate = aclint_swi_vmstate, .realize = aclint_swi_realize,
       .unrealize = aclint_swi_unrealize, .reset = aclint_swi_reset,
       .loaded = aclint_swi_update, .irq_info = aclint_swi_irq_info,
       .security_boundary = true);
