/*
 * RISC-V ACLINT MTIMER: mtime and a comparator a hart (RISC-V Advanced Core Local
 * Interruptor Specification, chapter 2). It implements the machine's time, which the time
 * CSR and Sstc's stimecmp follow.
 *
 * mtime is the virtual clock in ticks of timebase-freq plus an offset that guest writes
 * set. A comparator's line is high while mtime >= mtimecmp.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "hw/core/sysbus.h"
#include "hw/intc/riscv-aclint.h"
#include "hw/intc/trace.h"
#include "util/timer.h"

typedef struct AclintMtimer AclintMtimer;

typedef struct Comparator {
    AclintMtimer *owner;
    uint64_t mtimecmp;  /* guest state */
    IrqLine irq;
    Timer timer;
} Comparator;

struct AclintMtimer {
    SysBusDevice parent;
    MemoryRegion mmio;
    uint32_t hartid_base, num_harts, timebase_freq; /* properties */
    Comparator *cmp;
    uint64_t offset;    /* (a) guest state: ticks added to the clock's count */
    MachineTimeOps time_ops;
};

static const Property aclint_mtimer_properties[] = {
    PROP_UINT32(AclintMtimer, hartid_base, "hartid-base", "id of the first hart"),
    PROP_UINT32(AclintMtimer, num_harts, "num-harts", "number of harts", .def = 1, .min = 1,
                .max = RISCV_ACLINT_MAX_HARTS),
    PROP_UINT32(AclintMtimer, timebase_freq, "timebase-freq", "ticks of mtime a second",
                .def = RISCV_ACLINT_TIMEBASE_FREQ, .min = 1, .max = NANOSECONDS_PER_SECOND),
    PROP_END
};

static const VMStateField comparator_vmstate[] = {
    VMS_UINT64(Comparator, mtimecmp),
    VMS_END
};

static const VMStateField aclint_mtimer_vmstate[] = {
    VMS_UINT64(AclintMtimer, offset),
    VMS_STRUCT_VARRAY(AclintMtimer, cmp, num_harts, comparator_vmstate),
    VMS_END
};

/* ns * freq / 1e9 without overflow */
static uint64_t ticks_of_ns(const AclintMtimer *s, int64_t ns)
{
    return (unsigned __int128)ns * s->timebase_freq / NANOSECONDS_PER_SECOND;
}

static uint64_t mtime_get(void *opaque)
{
    AclintMtimer *s = opaque;

    return ticks_of_ns(s, clock_ns(CLOCK_TYPE_VIRTUAL)) + atomic_read(&s->offset);
}

/* The time at which @more ticks from now are over, INT64_MAX if the clock never says so. */
static int64_t ns_after_ticks(const AclintMtimer *s, unsigned __int128 more)
{
    unsigned __int128 ns = more + ticks_of_ns(s, clock_ns(CLOCK_TYPE_VIRTUAL));

    ns = (ns * NANOSECONDS_PER_SECOND + s->timebase_freq - 1) / s->timebase_freq;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

/* When the count reaches value: now if it has, INT64_MAX if that lies beyond the clock. */
static int64_t mtime_deadline(void *opaque, uint64_t value)
{
    AclintMtimer *s = opaque;
    uint64_t now = mtime_get(s);

    return value <= now ? clock_ns(CLOCK_TYPE_VIRTUAL) : ns_after_ticks(s, value - now);
}

/* When the count begins again at 0. */
static int64_t mtime_wrap_deadline(AclintMtimer *s)
{
    return ns_after_ticks(s, ((unsigned __int128)1 << 64) - mtime_get(s));
}

static void comparator_update(Comparator *c)
{
    AclintMtimer *s = c->owner;

    bool high = mtime_get(s) >= c->mtimecmp;
    int64_t next = high ? mtime_wrap_deadline(s) : mtime_deadline(s, c->mtimecmp);

    irq_set(&c->irq, high);
    if (next == INT64_MAX) {
        timer_del(&c->timer);
    } else {
        timer_mod(&c->timer, next);
    }
}

static void comparator_expired(void *opaque)
{
    Comparator *c = opaque;

    trace_aclint_timer_fire(c->owner->hartid_base + (c - c->owner->cmp), mtime_get(c->owner));
    comparator_update(c);
}

static void aclint_mtimer_update(AclintMtimer *s)
{
    for (uint32_t i = 0; i < s->num_harts; i++) {
        comparator_update(&s->cmp[i]);
    }
}

static uint64_t aclint_mtimer_read(void *opaque, uint64_t addr, unsigned size)
{
    AclintMtimer *s = opaque;
    uint64_t reg;

    if (addr >= RISCV_ACLINT_MTIME) {
        reg = mtime_get(s);
    } else if (addr / 8 < s->num_harts) {
        reg = s->cmp[addr / 8].mtimecmp;
    } else {
        guest_error(s, "read of mtimecmp at 0x%" PRIx64 ": no such hart", addr);
        return 0;
    }
    return size == 4 && (addr & 4) ? reg >> 32 : reg;
}

/* The register after a write of size 4 or 8 at addr. */
static uint64_t merge(uint64_t old, uint64_t addr, uint64_t value, unsigned size)
{
    if (size == 8) {
        return value;
    }
    return addr & 4 ? (old & UINT32_MAX) | value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
}

static void aclint_mtimer_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    AclintMtimer *s = opaque;

    if (addr >= RISCV_ACLINT_MTIME) {
        uint64_t count = merge(mtime_get(s), addr, value, size);

        trace_aclint_mtime_write(count);
        atomic_set(&s->offset, count - ticks_of_ns(s, clock_ns(CLOCK_TYPE_VIRTUAL)));
        aclint_mtimer_update(s);
        machine_time_notify();
    } else if (addr / 8 < s->num_harts) {
        Comparator *c = &s->cmp[addr / 8];

        c->mtimecmp = merge(c->mtimecmp, addr, value, size);
        trace_aclint_timer_set(s->hartid_base + addr / 8, c->mtimecmp, mtime_get(s));
        comparator_update(c);
    } else {
        guest_error(s, "write to mtimecmp at 0x%" PRIx64 ": no such hart", addr);
    }
}

static const MemoryRegionOps aclint_mtimer_ops = {
    .read = aclint_mtimer_read,
    .write = aclint_mtimer_write,
    .access = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 8 },
};

static bool aclint_mtimer_realize(AclintMtimer *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &aclint_mtimer_ops, s, "riscv.aclint.mtimer",
                          RISCV_ACLINT_MTIMER_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    s->cmp = g_new0(Comparator, s->num_harts);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        Comparator *c = &s->cmp[i];

        c->owner = s;
        timer_init(&c->timer, CLOCK_TYPE_VIRTUAL, comparator_expired, c);
        sysbus_init_irq(s, &c->irq);
    }
    s->time_ops = (MachineTimeOps){ .get = mtime_get, .frequency_hz = s->timebase_freq,
                                    .deadline = mtime_deadline };
    machine_time_set(&s->time_ops, s);
    return true;
}

static void aclint_mtimer_unrealize(AclintMtimer *s)
{
    machine_time_set(NULL, NULL);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        timer_del(&s->cmp[i].timer);
    }
    memory_region_destroy(&s->mmio);
    g_clear_pointer(&s->cmp, g_free);
}

static void aclint_mtimer_reset(AclintMtimer *s)
{
    for (uint32_t i = 0; i < s->num_harts; i++) {
        s->cmp[i].mtimecmp = 0;
    }
    aclint_mtimer_update(s);
}

static void aclint_mtimer_irq_info(AclintMtimer *s, GString *out)
{
    g_string_append_printf(out, "  mtime %" PRIu64 " at %u Hz\n", mtime_get(s),
                           s->timebase_freq);
    for (uint32_t i = 0; i < s->num_harts; i++) {
        g_string_append_printf(out, "  hart %u: mtimecmp %" PRIu64 ", output %d\n",
                               s->hartid_base + i, s->cmp[i].mtimecmp, s->cmp[i].irq.level);
    }
}

DEVICE(AclintMtimer, TYPE_RISCV_ACLINT_MTIMER, TYPE_SYS_BUS_DEVICE, "RISC-V ACLINT timer",
       .properties = aclint_mtimer_properties, .vmstate = aclint_mtimer_vmstate,
       .realize = aclint_mtimer_realize, .unrealize = aclint_mtimer_unrealize,
       .reset = aclint_mtimer_reset, .loaded = aclint_mtimer_update,
       .irq_info = aclint_mtimer_irq_info,
       .security_boundary = true);
