/*
 * Goldfish real-time clock (Android Goldfish virtual hardware description, "Goldfish RTC";
 * behaviour as Linux's rtc-goldfish driver uses it).
 *
 * The clock counts nanoseconds since 1970. Reading TIME_LOW latches the high half; writing
 * TIME_HIGH then TIME_LOW sets the clock, writing ALARM_HIGH then ALARM_LOW arms the alarm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/rtc/goldfish-rtc.h"
#include "hw/rtc/trace.h"
#include "qapi/qapi-events-run-state.h"
#include "util/rtc.h"
#include "util/timer.h"

enum {
    TIME_LOW = 0x00, TIME_HIGH = 0x04, ALARM_LOW = 0x08, ALARM_HIGH = 0x0c,
    IRQ_ENABLED = 0x10, CLEAR_ALARM = 0x14, ALARM_STATUS = 0x18, CLEAR_INTERRUPT = 0x1c,
    REGS_SIZE = 0x24,
};

typedef struct GoldfishRtc {
    SysBusDevice parent;
    MemoryRegion mmio;
    IrqLine irq;
    Timer timer;
    /* guest state */
    int64_t offset;       /* nanoseconds to add to the reference clock */
    uint64_t alarm_next;
    uint32_t time_high, alarm_high;
    uint32_t irq_pending, irq_enabled, alarm_running;
} GoldfishRtc;

static const VMStateField goldfish_rtc_vmstate[] = {
    VMS_INT64(GoldfishRtc, offset),
    VMS_UINT64(GoldfishRtc, alarm_next),
    VMS_UINT32(GoldfishRtc, time_high),
    VMS_UINT32(GoldfishRtc, alarm_high),
    VMS_UINT32(GoldfishRtc, irq_pending, .mask = 1),
    VMS_UINT32(GoldfishRtc, irq_enabled, .mask = 1),
    VMS_UINT32(GoldfishRtc, alarm_running, .mask = 1),
    VMS_END
};

static uint64_t now_ns(GoldfishRtc *s)
{
    return (uint64_t)rtc_reference_ns() + s->offset;
}

static void update_irq(GoldfishRtc *s)
{
    irq_set(&s->irq, s->irq_pending && s->irq_enabled);
}

static void set_alarm(GoldfishRtc *s)
{
    uint64_t now = now_ns(s);

    if (!s->alarm_running) {
        timer_del(&s->timer);
        return;
    }
    if (s->alarm_next <= now) {
        trace_goldfish_rtc_alarm_fire(s->alarm_next);
        s->alarm_running = 0;
        s->irq_pending = 1;
        timer_del(&s->timer);
        update_irq(s);
        return;
    }
    uint64_t delta = MIN(s->alarm_next - now, (uint64_t)INT64_MAX / 2);
    timer_mod(&s->timer, clock_ns(CLOCK_TYPE_VIRTUAL) + delta);
}

static void alarm_expired(void *opaque)
{
    set_alarm(opaque);
}

static uint64_t goldfish_rtc_read(void *opaque, uint64_t addr, unsigned size)
{
    GoldfishRtc *s = opaque;
    uint64_t now;

    switch (addr) {
    case TIME_LOW:
        now = now_ns(s);
        s->time_high = now >> 32;
        return now & UINT32_MAX;
    case TIME_HIGH:    return s->time_high;
    case ALARM_LOW:    return s->alarm_next & UINT32_MAX;
    case ALARM_HIGH:   return s->alarm_next >> 32;
    case IRQ_ENABLED:  return s->irq_enabled;
    case ALARM_STATUS: return s->alarm_running;
    default:
        guest_error(s, "read of register 0x%" PRIx64 ", which does not exist", addr);
        return 0;
    }
}

static void set_time(GoldfishRtc *s, uint64_t time)
{
    g_autofree char *path = object_path(s);

    trace_goldfish_rtc_time_set(time);
    s->offset = (int64_t)(time - rtc_reference_ns());
    set_alarm(s);
    /* To the nearest second: time has passed since the guest looked at its own clock. */
    qapi_event_send_rtc_change((s->offset / 2 + NANOSECONDS_PER_SECOND / 4 *
                                (s->offset < 0 ? -1 : 1)) / (NANOSECONDS_PER_SECOND / 2),
                               path);
}

static void goldfish_rtc_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    GoldfishRtc *s = opaque;

    switch (addr) {
    case TIME_LOW:
        set_time(s, (uint64_t)s->time_high << 32 | value);
        break;
    case TIME_HIGH:
        s->time_high = value;
        break;
    case ALARM_LOW:
        s->alarm_next = (uint64_t)s->alarm_high << 32 | value;
        s->alarm_running = 1;
        trace_goldfish_rtc_alarm_set(s->alarm_next);
        set_alarm(s);
        break;
    case ALARM_HIGH:
        s->alarm_high = value;
        break;
    case IRQ_ENABLED:
        s->irq_enabled = value & 1;
        trace_goldfish_rtc_irq_enable(s->irq_enabled);
        update_irq(s);
        break;
    case CLEAR_ALARM:
        trace_goldfish_rtc_alarm_clear();
        s->alarm_running = 0;
        set_alarm(s);
        break;
    case CLEAR_INTERRUPT:
        s->irq_pending = 0;
        update_irq(s);
        break;
    default:
        guest_error(s, "write to register 0x%" PRIx64 ", which does not exist", addr);
    }
}

static const MemoryRegionOps goldfish_rtc_ops = {
    .read = goldfish_rtc_read,
    .write = goldfish_rtc_write,
    .access = { .min = 4, .max = 8 },
    .impl = { .min = 4, .max = 4 },
};

static void goldfish_rtc_init(GoldfishRtc *s)
{
    timer_init(&s->timer, CLOCK_TYPE_VIRTUAL, alarm_expired, s);
}

static bool goldfish_rtc_realize(GoldfishRtc *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &goldfish_rtc_ops, s, TYPE_GOLDFISH_RTC, REGS_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    sysbus_init_irq(s, &s->irq);
    return true;
}

static void goldfish_rtc_unrealize(GoldfishRtc *s)
{
    timer_del(&s->timer);
    memory_region_destroy(&s->mmio);
}

/* A reset clears the alarm; the time goes on. */
static void goldfish_rtc_reset(GoldfishRtc *s)
{
    timer_del(&s->timer);
    s->alarm_next = 0;
    s->time_high = s->alarm_high = 0;
    s->irq_pending = s->irq_enabled = s->alarm_running = 0;
    update_irq(s);
}

static void goldfish_rtc_loaded(GoldfishRtc *s)
{
    set_alarm(s);
    update_irq(s);
}

DEVICE(GoldfishRtc, TYPE_GOLDFISH_RTC, TYPE_SYS_BUS_DEVICE, "Goldfish real-time clock",
       .vmstate = goldfish_rtc_vmstate, .init = goldfish_rtc_init,
       .realize = goldfish_rtc_realize, .unrealize = goldfish_rtc_unrealize,
       .reset = goldfish_rtc_reset, .loaded = goldfish_rtc_loaded,
       .security_boundary = true);
