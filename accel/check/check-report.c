/*
 * A difference: was it somebody else's write to RAM? If not, which is the first instruction
 * after which the sides differ; and the text that says what each of them did.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/check/check.h"
#include "util/log.h"

static uint64_t state_u64(const Check *c, const CheckState *s, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, s->bytes + offset - sizeof(CpuState), size);
    return value;
}

/* ---- Registers ---- */

static const IrGlobal *global_at(const CpuOps *ops, uint32_t offset)
{
    for (unsigned g = 0; g < ops->n_globals; g++) {
        if (ops->globals[g].offset == offset) {
            return &ops->globals[g];
        }
    }
    return NULL;
}

static void put_row(GString *out, const char *name, const uint64_t value[3])
{
    g_string_append_printf(out, "  %-16s %016" PRIx64 "  %016" PRIx64 "  %016" PRIx64 "%s\n",
                           name, value[0], value[1], value[2],
                           value[1] != value[2] ? "  <- differ" : "");
}

/* Globals that changed or differ, by name, and other words of the state that differ, by their
 * place. True if there are others. */
static bool put_registers(const Check *c, GString *out)
{
    bool others = false;
    const CpuOps *ops = c->cpu->ops;
    const CheckState *s[] = { &c->before, &c->first, &c->second };
    uint64_t v[3];

    g_string_append_printf(out, "  %-16s %-16s  %-16s  %s\n", "register", "before",
                           c->side[0].name, c->side[1].name);
    for (uint32_t at = sizeof(CpuState); at + 8 <= ops->state_size; at += 8) {
        const IrGlobal *g = global_at(ops, at);
        for (unsigned i = 0; i < 3; i++) {
            v[i] = state_u64(c, s[i], at, 8);
        }
        if (v[1] != v[2] || (g && v[0] != v[1])) {
            g_autofree char *name = g ? g_strdup(g->name) : g_strdup_printf("state+0x%x", at);
            put_row(out, name, v);
            others = others || !g;
        }
    }
    const uint64_t icount[] = { c->before.icount, c->first.icount, c->second.icount };
    put_row(out, "instructions", icount);
    const uint64_t mode[] = { c->before.mode, c->first.mode, c->second.mode };
    if (mode[0] != mode[1] || mode[1] != mode[2]) {
        put_row(out, "code mode", mode);
    }
    const uint64_t raised[] = { 0, c->first.raised, c->second.raised };
    if (raised[1] || raised[2]) {
        put_row(out, "exception taken", raised);
    }
    return others;
}

/* Lines of the target's own print that differ: registers that are no globals have names
 * there. */
static void put_dumps(Check *c, GString *out)
{
    const CheckState *s[] = { &c->first, &c->second };
    char **line[2];

    if (!c->cpu->ops->dump) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        check_state_restore(c, s[i]);
        c->cpu->ops->dump(c->cpu, text);
        line[i] = g_strsplit(text->str, "\n", -1);
    }
    for (unsigned n = 0; line[0][n] && line[1][n]; n++) {
        if (strcmp(line[0][n], line[1][n]) != 0) {
            for (unsigned i = 0; i < 2; i++) {
                g_string_append_printf(out, "  %-11s%s\n", c->side[i].name, line[i][n]);
            }
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        g_strfreev(line[i]);
    }
}

/* ---- Memory and devices ---- */

static void put_bytes(GString *out, const char *what, const uint8_t *p, unsigned n)
{
    g_string_append_printf(out, "    %-11s", what);
    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(out, " %02x", p[i]);
    }
    g_string_append_c(out, '\n');
}

/* Where a byte of RAM is, for the guest if that is easy to say. */
static void put_place(const Check *c, const uint8_t *host, GString *out)
{
    uint64_t offset, phys;
    RamBlock *rb = ram_block_from_host(host, &offset);

    if (!rb) {
        return;
    }
    phys = offset;
    for (const MemoryRegion *mr = rb->mr; mr; mr = mr->container) {
        phys += mr->addr;
    }
    const FlatRange *fr = address_space_lookup(c->cpu->as, phys);
    if (fr && fr->mr == rb->mr && fr->offset + (phys - fr->start) == offset) {
        g_string_append_printf(out, "0x%" PRIx64 " ", phys);
    }
    g_string_append_printf(out, "('%s' + 0x%" PRIx64 ")", rb->name ? rb->name : "", offset);
}

static void put_line(const Check *c, const CheckLine *l, GString *out)
{
    unsigned first = CHECK_LINE, last = 0;

    for (unsigned b = 0; b < CHECK_LINE; b++) {
        if ((l->mask >> b & 1) || l->new[b] != l->host[b]) {
            first = MIN(first, b);
            last = b;
        }
    }
    if (first > last) {
        return;
    }
    g_string_append(out, "  ");
    put_place(c, l->host + first, out);
    g_string_append(out, memcmp(l->new, l->host, CHECK_LINE) != 0 ? "  <- differ\n" : "\n");
    put_bytes(out, "before", l->old + first, last - first + 1);
    put_bytes(out, c->side[0].name, l->new + first, last - first + 1);
    put_bytes(out, c->side[1].name, l->host + first, last - first + 1);
}

static void put_memory(const Check *c, GString *out)
{
    if (c->log.n_lines) {
        g_string_append(out, "stored to RAM:\n");
    }
    for (unsigned i = 0; i < c->log.n_lines; i++) {
        put_line(c, &c->log.line[i], out);
    }
    for (unsigned i = 0; i < c->log.devices->len; i++) {
        const CheckDevice *d = &g_array_index(c->log.devices, CheckDevice, i);
        g_string_append_printf(out, "device: %s of %u bytes at 0x%" PRIx64
                               " ('%s'), value 0x%" PRIx64 "%s\n",
                               d->write ? "write" : "read", d->size, d->phys,
                               d->mr->name ? d->mr->name : "", d->value,
                               i >= c->log.replayed ? "  <- made by one side alone" : "");
    }
    if (c->log.fault) {
        g_string_append_printf(out, "device: the other side makes another access: %s\n",
                               c->log.fault);
    }
}

/* ---- Code ---- */

/* The code of the regions run. */
static void put_code(Check *c, GString *out)
{
    CheckSide *s = &c->side[c->translator];
    TcgVcpu *v = s->vcpu;

    check_state_restore(c, &c->before);
    tcg_vcpu_select(v);
    if (sigsetjmp(c->unwind, 0) == 0) {
        for (unsigned i = 0; i < c->n_steps; i++) {
            uint64_t pc = c->step[i].pc;
            TcgRegion *r = check_region_at(s, pc, c->now.count);
            tcg_region_describe(v, r, pc, c->full_report, out);
        }
    } else {
        tcg_translate_abort(v);
        g_string_append(out, "(the code is not to be had)\n");
    }
}

static GString *describe(Check *c, const char *conclusion)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "check: interpreter and translator differ after %" PRIu64
                           " instructions\n%s\n", c->before.icount, conclusion);
    put_code(c, out);
    if (put_registers(c, out)) {
        put_dumps(c, out);
    }
    put_memory(c, out);
    check_state_restore(c, &c->second);
    return out;
}

/* Takes the text. */
static void publish(Check *c, GString *text)
{
    log_write(text->str);
    g_mutex_lock(&c->report_lock);
    if (c->report) {
        g_string_free(c->report, TRUE);
    }
    c->report = text;
    g_mutex_unlock(&c->report_lock);
}

/* ---- Narrowing ---- */

/* From one comparison of several regions to the region: true if found, the attempt made. */
static bool narrow_to_region(Check *c, CheckGrain g)
{
    uint64_t end = c->first.icount + c->first.raised;

    check_rewind(c);
    while (c->before.icount < end) {
        switch (check_attempt(c, (CheckGrain){ g.count, 1 })) {
        case CHECK_SAME:
            check_commit(c);
            break;
        case CHECK_DIFFERENT:
            return true;
        default:
            return false;
        }
    }
    return false;
}

/* From a region to its first instructions that differ, run together. 0: none do. */
static unsigned narrow_to_count(Check *c)
{
    unsigned n = c->first.icount - c->before.icount + c->first.raised;

    n = MAX(n, c->second.icount - c->before.icount + c->second.raised);
    for (unsigned count = 1; count <= MIN(n, TCG_MAX_INSNS); count++) {
        check_rewind(c);
        switch (check_attempt(c, (CheckGrain){ count, 1 })) {
        case CHECK_SAME:
            break;
        case CHECK_DIFFERENT:
            return count;
        default:
            return 0;
        }
    }
    return 0;
}

/* From these to the last of them, run alone. */
static bool narrow_to_insn(Check *c, unsigned count)
{
    check_rewind(c);
    if (count > 1) {
        if (check_attempt(c, (CheckGrain){ count - 1, 1 }) != CHECK_SAME) {
            return false;
        }
        check_commit(c);
        check_state_restore(c, &c->before);
    }
    return check_attempt(c, (CheckGrain){ 1, 1 }) == CHECK_DIFFERENT;
}

/* The closest description of a difference that comes back. */
static GString *narrow(Check *c, CheckGrain g)
{
    GString *text;
    unsigned count;

    if (c->now.regions > 1 && !narrow_to_region(c, g)) {
        return NULL;
    }
    count = c->now.count == 1 ? 1 : narrow_to_count(c);
    if (!count) {
        return NULL;
    }
    if (count == 1) {
        return describe(c, "in this instruction:");
    }
    text = describe(c, "in the last of these instructions, together with those before it:");
    if (narrow_to_insn(c, count)) {
        g_string_free(text, TRUE);
        text = describe(c, "in this instruction:");
    }
    return text;
}

/* ---- Somebody else's writes ---- */

/* All that differs are bytes beside those that the first side stored. */
static bool differs_beside(const Check *c)
{
    if (!check_state_equal(c, &c->first, &c->second)) {
        return false;
    }
    for (unsigned i = 0; i < c->log.n_lines; i++) {
        const CheckLine *l = &c->log.line[i];
        for (unsigned b = 0; b < CHECK_LINE; b++) {
            if ((l->mask >> b & 1) && l->host[b] != l->new[b]) {
                return false;
            }
        }
    }
    return true;
}

/* If it does not happen again, it was DMA: what it wrote is put back. */
static bool was_beside(Check *c)
{
    g_autofree CheckLine *seen = g_memdup2(c->log.line, c->log.n_lines * sizeof(*seen));
    unsigned n = c->log.n_lines;

    for (unsigned i = 0; i < n; i++) {
        memcpy(seen[i].new, seen[i].host, CHECK_LINE);
    }
    check_rewind(c);
    if (check_attempt(c, c->now) != CHECK_SAME) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned b = 0; b < CHECK_LINE; b++) {
            if (!(seen[i].mask >> b & 1) && seen[i].new[b] != seen[i].old[b]) {
                seen[i].host[b] = seen[i].new[b];
            }
        }
    }
    check_commit(c);
    return true;
}

bool check_difference(Check *c, CheckGrain g)
{
    if (c->log.devices->len || c->log.fault) {
        publish(c, describe(c, "in this instruction:"));
        return true;
    }
    if (differs_beside(c) && was_beside(c)) {
        c->stats.transients++;
        return false;
    }
    GString *text = describe(c, "in this code; run again from the same state, it gave no "
                                "difference:");
    /* Is RAM under a load as it was before? */
    check_log_undo(&c->log);
    if (check_log_loads_changed(&c->log)) {
        g_string_free(text, TRUE);
        check_rewind(c);
        c->stats.transients++;
        return false;
    }
    check_rewind(c);
    if (check_attempt(c, c->now) == CHECK_DIFFERENT) {
        g_string_free(text, TRUE);
        text = describe(c, "in this code:");
        GString *closer = narrow(c, g);
        if (closer) {
            g_string_free(text, TRUE);
            text = closer;
        }
    }
    publish(c, text);
    return true;
}
