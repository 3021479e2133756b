/*
 * RISC-V Platform-Level Interrupt Controller (RISC-V PLIC Specification 1.0).
 *
 * Gateways are level-triggered: a source becomes pending while its line is high and no
 * claim of it is open; after completion a line that is still high pends again (section 8).
 * A context's output is a function of the state.
 *
 * Registers are 32 bits wide; other sizes are refused by the bus, as guests observe.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/intc/sifive-plic.h"
#include "hw/intc/trace.h"

enum { MAX_SOURCES = 1024, MAX_WORDS = MAX_SOURCES / 32, MAX_CONTEXTS = 1024 };
enum {
    PRIORITY_BASE = 0x0, PENDING_BASE = 0x1000, ENABLE_BASE = 0x2000, ENABLE_STRIDE = 0x80,
    CONTEXT_BASE = 0x200000, CONTEXT_STRIDE = 0x1000, CONTEXT_THRESHOLD = 0,
    CONTEXT_CLAIM = 4,
};

typedef struct PlicContext {
    IrqLine irq;
    uint32_t threshold;          /* guest state */
    uint32_t enable[MAX_WORDS];  /* guest state */
} PlicContext;

typedef struct Plic {
    SysBusDevice parent;
    MemoryRegion mmio;
    char *hart_config;                     /* property: "MS,MS,..." */
    uint32_t num_sources, num_priorities;  /* properties */
    uint32_t num_contexts, num_words;
    PlicContext *ctx;
    uint32_t *priority;          /* guest state, by source */
    uint32_t pending[MAX_WORDS]; /* guest state */
    uint32_t claimed[MAX_WORDS]; /* guest state: claim open, not completed */
    uint32_t level[MAX_WORDS];   /* lines as driven now */
} Plic;

static const Property plic_properties[] = {
    PROP_STR(Plic, hart_config, "hart-config",
             "privilege modes of each hart that have a context, as in MS,MS", .def_str = "M"),
    PROP_UINT32(Plic, num_sources, "num-sources", "interrupt sources, 0 included", .def = 96,
                .min = 1, .max = MAX_SOURCES),
    PROP_UINT32(Plic, num_priorities, "num-priorities", "highest priority", .def = 7,
                .min = 1, .max = UINT32_MAX - 1),
    PROP_END
};

static const VMStateField context_vmstate[] = {
    VMS_UINT32(PlicContext, threshold),
    VMS_UINT_ARRAY(PlicContext, enable),
    VMS_END
};

static const VMStateField plic_vmstate[] = {
    VMS_UINT_VARRAY(Plic, priority, num_sources),
    VMS_UINT_ARRAY(Plic, pending),
    VMS_UINT_ARRAY(Plic, claimed),
    VMS_UINT_ARRAY(Plic, level),
    VMS_STRUCT_VARRAY(Plic, ctx, num_contexts, context_vmstate),
    VMS_END
};

static bool test_bit(const uint32_t *bits, uint32_t n)
{
    return bits[n / 32] >> n % 32 & 1;
}

static void assign_bit(uint32_t *bits, uint32_t n, bool value)
{
    bits[n / 32] = (bits[n / 32] & ~(1u << n % 32)) | (uint32_t)value << n % 32;
}

/* The pending, enabled source of the highest priority above the threshold (the lowest
 * number among equals), or 0. */
static uint32_t best_source(const Plic *s, const PlicContext *c)
{
    uint32_t best = 0, best_priority = c->threshold;

    for (uint32_t w = 0; w < s->num_words; w++) {
        uint32_t bits = s->pending[w] & ~s->claimed[w] & c->enable[w];

        while (bits) {
            uint32_t source = w * 32 + __builtin_ctz(bits);

            bits &= bits - 1;
            if (source && source < s->num_sources && s->priority[source] > best_priority) {
                best = source;
                best_priority = s->priority[source];
            }
        }
    }
    return best;
}

static void plic_update(Plic *s)
{
    for (uint32_t i = 0; i < s->num_contexts; i++) {
        bool level = best_source(s, &s->ctx[i]) != 0;

        if (level != s->ctx[i].irq.level) {
            trace_plic_context_set(i, level);
            irq_set(&s->ctx[i].irq, level);
        }
    }
}

static void gateway(Plic *s, uint32_t source)
{
    if (test_bit(s->level, source) && !test_bit(s->claimed, source)) {
        assign_bit(s->pending, source, true);
    }
}

static void plic_set_irq(void *opaque, int n, int level)
{
    Plic *s = opaque;

    trace_plic_source_set(n, level);
    assign_bit(s->level, n, level != 0);
    if (n > 0) {
        gateway(s, n);
        plic_update(s);
    }
}

static uint32_t plic_claim(Plic *s, PlicContext *c)
{
    uint32_t source = best_source(s, c);

    trace_plic_source_claim(c - s->ctx, source);
    if (source) {
        assign_bit(s->pending, source, false);
        assign_bit(s->claimed, source, true);
        plic_update(s);
    }
    return source;
}

static void plic_complete(Plic *s, PlicContext *c, uint32_t source)
{
    trace_plic_source_complete(c - s->ctx, source);
    /* Silently ignored unless enabled for the context (section 9). */
    if (source == 0 || source >= s->num_sources || !test_bit(c->enable, source)) {
        return;
    }
    assign_bit(s->claimed, source, false);
    gateway(s, source);
    plic_update(s);
}

typedef enum PlicReg { PLIC_NONE, PLIC_PRIORITY, PLIC_PENDING, PLIC_ENABLE, PLIC_THRESHOLD,
                       PLIC_CLAIM } PlicReg;

/* What is at addr; *index is a source or a word, *ctx the context. */
static PlicReg decode(const Plic *s, uint64_t addr, uint32_t *index, PlicContext **ctx)
{
    if (addr < PENDING_BASE) {
        *index = addr / 4;
        return *index < s->num_sources ? PLIC_PRIORITY : PLIC_NONE;
    }
    if (addr < ENABLE_BASE) {
        *index = (addr - PENDING_BASE) / 4;
        return *index < s->num_words ? PLIC_PENDING : PLIC_NONE;
    }
    if (addr < CONTEXT_BASE) {
        uint64_t n = (addr - ENABLE_BASE) / ENABLE_STRIDE;

        *index = (addr - ENABLE_BASE) % ENABLE_STRIDE / 4;
        if (n >= s->num_contexts || *index >= s->num_words) {
            return PLIC_NONE;
        }
        *ctx = &s->ctx[n];
        return PLIC_ENABLE;
    }
    uint64_t n = (addr - CONTEXT_BASE) / CONTEXT_STRIDE;

    if (n >= s->num_contexts) {
        return PLIC_NONE;
    }
    *ctx = &s->ctx[n];
    switch ((addr - CONTEXT_BASE) % CONTEXT_STRIDE) {
    case CONTEXT_THRESHOLD: return PLIC_THRESHOLD;
    case CONTEXT_CLAIM:     return PLIC_CLAIM;
    default:                return PLIC_NONE;
    }
}

static uint64_t plic_read(void *opaque, uint64_t addr, unsigned size)
{
    Plic *s = opaque;
    PlicContext *c = NULL;
    uint32_t i = 0;

    switch (decode(s, addr, &i, &c)) {
    case PLIC_PRIORITY:  return s->priority[i];
    case PLIC_PENDING:   return s->pending[i];
    case PLIC_ENABLE:    return c->enable[i];
    case PLIC_THRESHOLD: return c->threshold;
    case PLIC_CLAIM:     return plic_claim(s, c);
    case PLIC_NONE:      break;
    }
    guest_error(s, "read of register 0x%" PRIx64 ", which does not exist", addr);
    return 0;
}

/* Priorities and thresholds are masked when the range is a power of two, else values out
 * of range are ignored. */
static void write_priority(const Plic *s, uint32_t *reg, uint32_t value)
{
    if (((s->num_priorities + 1) & s->num_priorities) == 0) {
        *reg = value & s->num_priorities;
    } else if (value <= s->num_priorities) {
        *reg = value;
    }
}

static void plic_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    Plic *s = opaque;
    PlicContext *c = NULL;
    uint32_t i = 0;

    switch (decode(s, addr, &i, &c)) {
    case PLIC_PRIORITY:
        if (i > 0) {
            write_priority(s, &s->priority[i], value);
        }
        break;
    case PLIC_PENDING:
        guest_error(s, "write to pending register 0x%" PRIx64, addr);
        return;
    case PLIC_ENABLE:
        c->enable[i] = value;
        break;
    case PLIC_THRESHOLD:
        write_priority(s, &c->threshold, value);
        break;
    case PLIC_CLAIM:
        plic_complete(s, c, value);
        return;
    case PLIC_NONE:
        guest_error(s, "write to register 0x%" PRIx64 ", which does not exist", addr);
        return;
    }
    plic_update(s);
}

static const MemoryRegionOps plic_ops = {
    .read = plic_read,
    .write = plic_write,
    .access = { .min = 4, .max = 4 },
};

/* Number of contexts in "MS,MS"; 0 if the text is no such list. */
static uint32_t count_contexts(const char *config)
{
    uint32_t n = 0;

    for (; *config; config++) {
        if (strchr("MSU", *config)) {
            n++;
        } else if (*config != ',') {
            return 0;
        }
    }
    return n;
}

static bool plic_realize(Plic *s, GError **err)
{
    s->num_contexts = count_contexts(s->hart_config);
    if (s->num_contexts == 0 || s->num_contexts > MAX_CONTEXTS) {
        return error_set(err, "%s: hart-config '%s' is not a list such as MS,MS of at most "
                         "%d modes", TYPE_SIFIVE_PLIC, s->hart_config, MAX_CONTEXTS);
    }
    s->num_words = DIV_ROUND_UP(s->num_sources, 32);
    s->priority = g_new0(uint32_t, s->num_sources);
    s->ctx = g_new0(PlicContext, s->num_contexts);
    memory_region_init_io(&s->mmio, s, &plic_ops, s, "riscv.sifive.plic", SIFIVE_PLIC_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    for (uint32_t i = 0; i < s->num_contexts; i++) {
        sysbus_init_irq(s, &s->ctx[i].irq);
    }
    device_init_irq_in(&s->parent.parent, NULL, plic_set_irq, s->num_sources);
    return true;
}

static void plic_unrealize(Plic *s)
{
    memory_region_destroy(&s->mmio);
    g_clear_pointer(&s->priority, g_free);
    g_clear_pointer(&s->ctx, g_free);
}

static void plic_reset(Plic *s)
{
    memset(s->priority, 0, s->num_sources * sizeof(s->priority[0]));
    memset(s->pending, 0, sizeof(s->pending));
    memset(s->claimed, 0, sizeof(s->claimed));
    for (uint32_t i = 0; i < s->num_contexts; i++) {
        s->ctx[i].threshold = 0;
        memset(s->ctx[i].enable, 0, sizeof(s->ctx[i].enable));
    }
    plic_update(s);
}

static void print_sources(GString *out, const char *label, const Plic *s, const uint32_t *bits)
{
    g_string_append_printf(out, "  %s:", label);
    for (uint32_t n = 1; n < s->num_sources; n++) {
        if (test_bit(bits, n)) {
            g_string_append_printf(out, " %u", n);
        }
    }
    g_string_append_c(out, '\n');
}

static void plic_irq_info(Plic *s, GString *out)
{
    print_sources(out, "lines up", s, s->level);
    print_sources(out, "pending", s, s->pending);
    print_sources(out, "claimed", s, s->claimed);
    g_string_append(out, "  priorities:");
    for (uint32_t n = 1; n < s->num_sources; n++) {
        if (s->priority[n]) {
            g_string_append_printf(out, " %u:%u", n, s->priority[n]);
        }
    }
    g_string_append_c(out, '\n');
    for (uint32_t i = 0; i < s->num_contexts; i++) {
        g_string_append_printf(out, "  context %u: output %d, threshold %u\n", i,
                               s->ctx[i].irq.level, s->ctx[i].threshold);
        print_sources(out, "  enabled", s, s->ctx[i].enable);
    }
}

DEVICE(Plic, TYPE_SIFIVE_PLIC, TYPE_SYS_BUS_DEVICE, "RISC-V platform interrupt controller",
       .properties = plic_properties, .vmstate = plic_vmstate, .realize = plic_realize,
       .unrealize = plic_unrealize, .reset = plic_reset, .loaded = plic_update,
       .irq_info = plic_irq_info,
       .security_boundary = true);
