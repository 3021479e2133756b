/*
 * The commands x, xp and print: memory and values in the format that is asked for.
 *
 * Virtual memory is read on the vCPU's own thread, where its state is whole. Values are read
 * one by one in their size, so that a device sees the accesses that were asked for;
 * instructions and strings come from RAM and ROM only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "monitor/expr.h"
#include "monitor/hmp-session.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-inspect.h"

enum { MAX_INSN = 16, MAX_STRING = 1024, GUEST_PAGE = 4096 };

typedef struct Dump {
    GString *out;
    uint64_t addr;
    ValueFormat f;
    bool physical;
} Dump;

/* ---- Reading ---- */

static AddressSpace *dump_space(const Dump *d, const CpuState *cpu)
{
    return d->physical ? system_memory_as() : cpu->as;
}

static bool dump_translate(const Dump *d, CpuState *cpu, uint64_t addr, uint64_t *phys)
{
    if (d->physical) {
        *phys = addr;
        return true;
    }
    return cpu_debug_translate(cpu, addr, phys);
}

static bool read_value(const Dump *d, CpuState *cpu, uint64_t addr, unsigned size,
                       uint64_t *ret)
{
    uint64_t phys, byte;

    if ((addr & (GUEST_PAGE - 1)) + size <= GUEST_PAGE) {
        return dump_translate(d, cpu, addr, &phys) &&
               address_space_load(dump_space(d, cpu), phys, MEMTXATTRS_CPU, size, ret) ==
                   MEMTX_OK;
    }
    *ret = 0;
    for (unsigned i = 0; i < size; i++) {
        if (!read_value(d, cpu, addr + i, 1, &byte)) {
            return false;
        }
        *ret |= byte << 8 * i;
    }
    return true;
}

/* Up to @len bytes of RAM or ROM: how many there are. */
static size_t read_memory(const Dump *d, CpuState *cpu, uint64_t addr, uint8_t *buf, size_t len)
{
    AddressSpace *as = dump_space(d, cpu);
    size_t done = 0;

    while (done < len) {
        uint64_t phys, n = MIN(len - done, GUEST_PAGE - ((addr + done) & (GUEST_PAGE - 1)));
        const FlatRange *r;
        bool ok;

        if (!dump_translate(d, cpu, addr + done, &phys)) {
            break;
        }
        memory_read_lock();
        r = address_space_lookup(as, phys);
        ok = r && r->direct_read;
        if (ok) {
            n = MIN(n - 1, r->last - phys) + 1;
            memcpy(buf + done, r->mr->ram->host + r->offset + (phys - r->start), n);
        }
        memory_read_unlock();
        if (!ok) {
            break;
        }
        done += n;
    }
    return done;
}

/* ---- Printing ---- */

static void dump_instructions(Dump *d, CpuState *cpu)
{
    const Disas printer = cpu_disas(cpu);

    for (unsigned i = 0; i < d->f.count; i++) {
        uint8_t code[MAX_INSN];
        size_t avail = read_memory(d, cpu, d->addr, code, sizeof(code));

        if (!avail) {
            g_string_append_printf(d->out, "0x%016" PRIx64 ":  Cannot access memory\n",
                                   d->addr);
            return;
        }
        d->addr += disas_line(&printer, d->addr, code, avail, d->out);
    }
}

static void dump_strings(Dump *d, CpuState *cpu)
{
    for (unsigned i = 0; i < d->f.count; i++) {
        char text[MAX_STRING + 1];
        size_t n = read_memory(d, cpu, d->addr, (uint8_t *)text, MAX_STRING), length;
        g_autofree char *escaped = NULL;

        if (!n) {
            g_string_append_printf(d->out, "%016" PRIx64 ": Cannot access memory\n", d->addr);
            return;
        }
        length = strnlen(text, n);
        text[length] = '\0';
        escaped = g_strescape(text, NULL);
        g_string_append_printf(d->out, "%016" PRIx64 ": \"%s\"%s\n", d->addr, escaped,
                               length == n ? "..." : "");
        d->addr += length == n ? length : length + 1;
    }
}

static void dump_values(Dump *d, CpuState *cpu)
{
    bool bytes = d->f.letter == 'c'; /* /cw shows the bytes of so many words */
    unsigned size = bytes ? 1 : d->f.size;
    unsigned a_line = (d->f.size == 1 ? 8 : 16) / size;
    uint64_t items = (uint64_t)d->f.count * d->f.size / size;

    for (uint64_t i = 0; i < items; i++, d->addr += size) {
        uint64_t value;

        if (i % a_line == 0) {
            g_string_append_printf(d->out, "%s%016" PRIx64 ":", i ? "\n" : "", d->addr);
        }
        if (!read_value(d, cpu, d->addr, size, &value)) {
            g_string_append(d->out, " Cannot access memory\n");
            return;
        }
        g_string_append_c(d->out, ' ');
        value_format_print(d->out, d->f.letter, size, true, value);
    }
    g_string_append(d->out, items ? "\n" : "");
}

static void dump(CpuState *cpu, void *opaque)
{
    Dump *d = opaque;

    switch (d->f.letter) {
    case 'i': dump_instructions(d, cpu); break;
    case 's': dump_strings(d, cpu); break;
    default:  dump_values(d, cpu);
    }
}

/* ---- Commands ---- */

static bool dump_begin(Dump *d, bool physical, const char *fmt, bool has_addr, uint64_t addr,
                       GError **err)
{
    HmpSession *s = hmp_session();

    if (!value_format_parse(fmt, &s->format, err)) {
        return false;
    }
    *d = (Dump){ .out = g_string_new(NULL), .addr = has_addr ? addr : s->next[physical],
                 .f = s->format, .physical = physical };
    return true;
}

static HumanReadableText *dump_end(Dump *d)
{
    hmp_session()->next[d->physical] = d->addr;
    return human_readable_text(d->out);
}

HumanReadableText *qmp_x_dump_memory(const char *fmt, bool has_addr, uint64_t addr,
                                     bool has_cpu_index, uint32_t cpu_index, GError **err)
{
    CpuState *cpu = monitor_cpu(has_cpu_index, cpu_index, err);
    Dump d;

    if (!cpu || !dump_begin(&d, false, fmt, has_addr, addr, err)) {
        return NULL;
    }
    cpu_run_sync(cpu, dump, &d);
    return dump_end(&d);
}

HumanReadableText *qmp_x_dump_physical_memory(const char *fmt, bool has_addr, uint64_t addr,
                                              GError **err)
{
    Dump d;

    if (!dump_begin(&d, true, fmt, has_addr, addr, err)) {
        return NULL;
    }
    if (d.f.letter == 'i') {
        CpuState *cpu = monitor_cpu(false, 0, err);

        if (!cpu) {
            g_string_free(d.out, TRUE);
            return NULL;
        }
        cpu_run_sync(cpu, dump, &d);
    } else {
        dump(NULL, &d);
    }
    return dump_end(&d);
}

HumanReadableText *qmp_x_print(const char *fmt, const char *expr, GError **err)
{
    HmpSession *s = hmp_session();
    const char *rest = expr;
    uint64_t value;
    GString *out;

    if (!value_format_parse(fmt, &s->format, err) ||
        !expr_evaluate(&rest, monitor_register, NULL, &value, err)) {
        return NULL;
    }
    if (*rest) {
        error_set(err, "'%s' is surplus behind the expression", rest);
        error_set_expected(err, "one of + - * / %% & | ^");
        return NULL;
    }
    out = g_string_new(NULL);
    value_format_print(out, s->format.letter, 8, false, value);
    g_string_append_c(out, '\n');
    return human_readable_text(out);
}
