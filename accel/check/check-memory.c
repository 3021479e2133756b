/*
 * What the sides do to memory: the first side's stores go to a log, its device accesses are
 * made and recorded; the second side's device accesses are taken from the record.
 *
 * The log holds whole lines, copied when they are first stored to, and compares them whole:
 * so a store that is too wide or a little beside its place shows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/check/check.h"

void check_log_init(CheckLog *log)
{
    log->line = g_new(CheckLine, CHECK_LINES);
    log->slot = g_malloc0(CHECK_SLOTS * sizeof(*log->slot));
    log->generation = 1;
    log->loads = g_array_new(FALSE, FALSE, sizeof(CheckLoad));
    log->devices = g_array_new(FALSE, FALSE, sizeof(CheckDevice));
    log->patches = g_array_new(FALSE, FALSE, sizeof(CheckPatch));
}

void check_log_free(CheckLog *log)
{
    g_free(log->line);
    g_free(log->slot);
    g_free(log->fault);
    g_array_free(log->loads, TRUE);
    g_array_free(log->devices, TRUE);
    g_array_free(log->patches, TRUE);
}

void check_log_clear(CheckLog *log)
{
    log->n_lines = 0;
    log->pages = 0;
    log->generation++;
    log->replayed = 0;
    g_array_set_size(log->loads, 0);
    g_array_set_size(log->devices, 0);
    g_array_set_size(log->patches, 0);
    g_clear_pointer(&log->fault, g_free);
}

/* ---- Lines ---- */

static uint64_t page_bit(const uint8_t *host)
{
    return UINT64_C(1) << ((uintptr_t)host >> TCG_PAGE_BITS & 63);
}

/* The line at an aligned address; NULL if there is none and @make is false. */
static CheckLine *line_at(CheckLog *log, uint8_t *host, bool make)
{
    uint64_t h = (uintptr_t)host / CHECK_LINE * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    for (;; h++) {
        unsigned i = h % CHECK_SLOTS;

        if (log->slot[i].generation != log->generation) {
            if (!make) {
                return NULL;
            }
            g_assert(log->n_lines < CHECK_LINES);
            CheckLine *l = &log->line[log->n_lines];
            log->slot[i].generation = log->generation;
            log->slot[i].line = log->n_lines++;
            log->pages |= page_bit(host);
            l->host = host;
            l->mask = 0;
            memcpy(l->old, host, CHECK_LINE);
            memcpy(l->new, l->old, CHECK_LINE);
            return l;
        }
        if (log->line[log->slot[i].line].host == host) {
            return &log->line[log->slot[i].line];
        }
    }
}

static uint8_t *line_start(const uint8_t *host)
{
    return (uint8_t *)((uintptr_t)host & ~(uintptr_t)(CHECK_LINE - 1));
}

bool check_log_has_page(const CheckLog *log, const uint8_t *host)
{
    return log->pages & page_bit(host);
}

bool check_log_has_grown(const CheckLog *log)
{
    enum { LOADS = 4096 };
    return log->n_lines > CHECK_LINES / 4 || log->loads->len > LOADS;
}

bool check_log_matches(const CheckLog *log)
{
    for (unsigned i = 0; i < log->n_lines; i++) {
        if (memcmp(log->line[i].host, log->line[i].new, CHECK_LINE) != 0) {
            return false;
        }
    }
    return true;
}

static void line_put(CheckLine *l, const uint8_t *from)
{
    for (unsigned b = 0; b < CHECK_LINE; b++) {
        if (l->mask >> b & 1) {
            l->host[b] = from[b];
        }
    }
}

void check_log_undo(CheckLog *log)
{
    for (unsigned i = 0; i < log->n_lines; i++) {
        CheckLine *l = &log->line[i];
        /* Bytes beside: of a store that went astray, or somebody else's. */
        if (memcmp(l->host, l->new, CHECK_LINE) != 0) {
            l->mask = UINT64_MAX;
        }
        line_put(l, l->old);
    }
}

void check_log_carry_out(CheckLog *log)
{
    for (unsigned i = 0; i < log->n_lines; i++) {
        line_put(&log->line[i], log->line[i].new);
    }
}

/* ---- Loads ---- */

static uint64_t ram_load(const uint8_t *host, unsigned size)
{
    uint64_t value = 0;

    switch (size) {
    case 1: return atomic_read(host);
    case 2: memcpy(&value, host, 2); break;
    case 4: memcpy(&value, host, 4); break;
    default: memcpy(&value, host, size); break;
    }
    return value;
}

bool check_log_loads_changed(const CheckLog *log)
{
    for (unsigned i = 0; i < log->loads->len; i++) {
        const CheckLoad *l = &g_array_index(log->loads, CheckLoad, i);

        if (ram_load(l->host, l->size) != l->value) {
            return true;
        }
    }
    return false;
}

/* ---- The first side ---- */

static Check *tap_check(TcgTap *t)
{
    return container_of(t, CheckSide, tap)->check;
}

/* A loop inside a region ends where it looks for requests. */
static void end_loop(Check *c)
{
    if (unlikely(check_log_has_grown(&c->log))) {
        atomic_set(&c->cpu->tcg.exit_request, 1);
    }
}

static uint64_t first_load(TcgTap *t, const uint8_t *host, unsigned size)
{
    Check *c = tap_check(t);
    CheckLoad load = { host, ram_load(host, size), size };
    uint64_t value = load.value;

    if (unlikely(c->once)) {
        return value;
    }
    g_array_append_val(c->log.loads, load);
    end_loop(c);
    if (!check_log_has_page(&c->log, host)) {
        return value;
    }
    for (unsigned i = 0; i < size;) {
        uint8_t *start = line_start(host + i);
        unsigned at = host + i - start, n = MIN(size - i, CHECK_LINE - at);
        const CheckLine *l = line_at(&c->log, start, false);

        if (l) {
            memcpy((uint8_t *)&value + i, l->new + at, n);
        }
        i += n;
    }
    return value;
}

static void first_store(TcgTap *t, uint8_t *host, uint64_t value, unsigned size)
{
    Check *c = tap_check(t);

    if (unlikely(c->once)) {
        memcpy(host, &value, size);
        return;
    }
    end_loop(c);
    for (unsigned i = 0; i < size;) {
        uint8_t *start = line_start(host + i);
        unsigned at = host + i - start, n = MIN(size - i, CHECK_LINE - at);
        CheckLine *l = line_at(&c->log, start, true);

        memcpy(l->new + at, (uint8_t *)&value + i, n);
        l->mask |= (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << at;
        i += n;
    }
}

/* What the device did to the CPU (it raised or lowered an interrupt line). */
static void note_patches(Check *c, const uint8_t *was)
{
    const uint8_t *is = (const uint8_t *)c->cpu + sizeof(CpuState);
    size_t n = c->cpu->ops->state_size - sizeof(CpuState);

    for (size_t i = 0; i < n; i++) {
        if (is[i] != was[i]) {
            CheckPatch p = { c->log.devices->len, i, is[i] };
            g_array_append_val(c->log.patches, p);
        }
    }
}

/* A device may look at RAM, and act at once: so its access is a grain of its own, in which
 * nothing precedes it. */
static MemTxResult first_device(TcgTap *t, MemoryRegion *mr, uint64_t offset, unsigned size,
                                uint64_t *value, bool write, uint64_t phys)
{
    Check *c = tap_check(t);
    CheckDevice d = { mr, offset, phys, *value, size, write, MEMTX_OK };

    if (c->now.count != 1) {
        check_abort(c);
    }
    check_state_save(c, &c->second); /* not in use yet */
    d.result = write ? memory_region_dispatch_write(mr, offset, size, *value, MEMTXATTRS_CPU)
                     : memory_region_dispatch_read(mr, offset, size, value, MEMTXATTRS_CPU);
    d.value = *value;
    note_patches(c, c->second.bytes);
    g_array_append_val(c->log.devices, d);
    c->stats.devices++;
    return d.result;
}

static void first_outside(TcgTap *t)
{
    Check *c = tap_check(t);

    if (c->now.count != 1) {
        check_abort(c);
    }
    check_log_carry_out(&c->log); /* what the page table walker set */
    c->once = true;
}

/* ---- The second side ---- */

static MemTxResult second_device(TcgTap *t, MemoryRegion *mr, uint64_t offset, unsigned size,
                                 uint64_t *value, bool write, uint64_t phys)
{
    Check *c = tap_check(t);
    CheckLog *log = &c->log;
    uint8_t *state = (uint8_t *)c->cpu + sizeof(CpuState);
    unsigned n = log->replayed;
    const CheckDevice *d =
        n < log->devices->len ? &g_array_index(log->devices, CheckDevice, n) : NULL;

    if (!d || d->mr != mr || d->offset != offset || d->size != size || d->write != write ||
        (write && d->value != *value)) {
        if (!log->fault) {
            log->fault = g_strdup_printf(
                "%s of %u bytes at 0x%" PRIx64 " ('%s'), value 0x%" PRIx64,
                write ? "write" : "read", size, phys, mr->name ? mr->name : "",
                write ? *value : 0);
        }
        *value = 0;
        return MEMTX_OK;
    }
    log->replayed++;
    for (unsigned i = 0; i < log->patches->len; i++) {
        const CheckPatch *p = &g_array_index(log->patches, CheckPatch, i);

        if (p->device == n) {
            state[p->offset] = p->value;
        }
    }
    *value = d->value;
    return d->result;
}

void check_taps_init(Check *c)
{
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        c->side[i].check = c;
    }
    c->side[CHECK_FIRST].tap = (TcgTap){ first_load, first_store, first_device,
                                          first_outside };
    c->side[CHECK_SECOND].tap = (TcgTap){ .device = second_device };
}
