/*
 * The loop of the checked vCPU, and a grain: both sides run the same instructions from the
 * same state, and what they leave behind is compared.
 *
 * Each side has an engine and a vCPU of its own (accel/tcg), with its own views: what
 * helpers do to views is done twice, once for each. The first side's views serve the slow
 * path alone, so that every access of it is seen. It goes as far as it likes, the second
 * as far as the first.
 *
 * A grain that cannot be finished (a device is to be accessed) is given up: the state goes
 * back, and the views of both sides are flushed, because what the first side filled them
 * with may rest on stores that never happened.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/check/check.h"
#include "softmmu/runstate.h"
#include "util/main-loop.h"
#include "util/timer.h"

enum { UNWIND_EXCEPTION = 1, UNWIND_ABORT = 100 };
/* ---- State ---- */

static size_t state_len(const Check *c)
{
    return c->cpu->ops->state_size - sizeof(CpuState);
}

void check_state_init(Check *c, CheckState *s)
{
    s->bytes = g_malloc0(state_len(c));
}

void check_state_save(Check *c, CheckState *s)
{
    const CpuState *cpu = c->cpu;
    s->icount = cpu->tcg.icount;
    s->mode = cpu->tcg.mode;
    s->halted = cpu->halted;
    s->nap_us = cpu->nap_us;
    memcpy(s->bytes, cpu + 1, state_len(c));
}

void check_state_restore(Check *c, const CheckState *s)
{
    CpuState *cpu = c->cpu;
    cpu->tcg.icount = s->icount;
    cpu->tcg.pending_icount = 0;
    cpu->tcg.mode = s->mode;
    cpu->halted = s->halted;
    cpu->nap_us = s->nap_us;
    memcpy(cpu + 1, s->bytes, state_len(c));
}

bool check_state_equal(const Check *c, const CheckState *a, const CheckState *b)
{
    return a->icount == b->icount && a->mode == b->mode && a->halted == b->halted &&
           a->nap_us == b->nap_us && a->raised == b->raised &&
           memcmp(a->bytes, b->bytes, state_len(c)) == 0;
}

/* ---- Sides ---- */

static void side_select(Check *c, CheckSideId id)
{
    tcg_vcpu_select(c->side[id].vcpu);
}

static const CpuViewKey *side_key(const Check *c, CheckSideId id, CpuViewKind kind)
{
    return tcg_view_key(&c->side[id].vcpu->pool[kind]);
}

/* Select on side @to the views that side @from has. */
static void side_sync(Check *c, CheckSideId to, CheckSideId from)
{
    side_select(c, to);
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        CpuViewKey key = *side_key(c, from, k);
        cpu_set_view(c->cpu, k, &key);
    }
}

static void flush_views(Check *c)
{
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        tcg_views_flush(c->side[i].vcpu);
    }
}

static bool views_equal(const Check *c)
{
    for (unsigned k = 0; k < CPU_VIEW_COUNT; k++) {
        if (memcmp(side_key(c, CHECK_FIRST, k), side_key(c, CHECK_SECOND, k),
                   sizeof(CpuViewKey)) != 0) {
            return false;
        }
    }
    return true;
}

static uint64_t current_pc(const Check *c)
{
    return *(const uint64_t *)((const char *)c->cpu + c->cpu->ops->pc_offset);
}

TcgRegion *check_region_at(CheckSide *s, uint64_t pc, unsigned count)
{
    TcgVcpu *v = s->vcpu;
    uint32_t mode = v->cpu->tcg.mode;
    CheckFound *found = &s->found[(pc >> 1 ^ count) % CHECK_FOUND];
    TcgRegion *r;
    TcgFetch f;

    if (unlikely(s->reclaims != v->engine->cache.reclaims)) {
        memset(s->found, 0, CHECK_FOUND * sizeof(*s->found));
        s->reclaims = v->engine->cache.reclaims;
    }
    do {
        tcg_fetch(v, pc, &f);
        r = found->region;
        if (likely(r && found->pc == pc && found->mode == mode && found->count == count &&
                   r->ram_addr == f.ram_addr && !f.no_cache && !r->dead)) {
            return r;
        }
        r = tcg_loop_region(v, pc, count << TCG_CF_COUNT_SHIFT);
    } while (unlikely(!r));
    if (!r->two_pages && !f.no_cache) {
        *found = (CheckFound){ pc, mode, count, r };
    }
    return r;
}

static TcgExit run_region(Check *c, TcgVcpu *v, const TcgRegion *r)
{
    c->cpu->tcg.exit_after_store = 0;
    TcgExit ex = tcg_run(v->engine->ctx, c->cpu, tcg_region_entry(&v->engine->cache, r));
    c->cpu->tcg.pending_icount = 0;
    return ex;
}

/* ---- Marks: regions that access devices ---- */

static unsigned mark_hash(uint64_t ram_addr)
{
    return ram_addr * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CHECK_MARK_BITS);
}

static bool marked(const Check *c, uint64_t ram_addr)
{
    unsigned h = mark_hash(ram_addr);
    return c->marks[h / 64] >> (h % 64) & 1;
}

static void mark(Check *c, uint64_t ram_addr)
{
    unsigned h = mark_hash(ram_addr);
    c->marks[h / 64] |= UINT64_C(1) << (h % 64);
}

/* ---- The first side ---- */

void check_abort(Check *c)
{
    siglongjmp(c->unwind, UNWIND_ABORT);
}

/* Must the grain end before the region at @pc? It was stored to, or stands alone. */
static bool ends_before(Check *c, TcgVcpu *v, uint64_t pc)
{
    enum { STRADDLE = 8 };
    TcgFetch f;
    uint64_t offset;

    c->peeked = true;
    tcg_fetch(v, pc, &f);
    RamBlock *rb = ram_block_from_addr(f.ram_addr, &offset);
    return !rb || check_log_has_page(&c->log, rb->host + offset) || marked(c, f.ram_addr) ||
           f.avail < STRADDLE;
}

static void first_regions(Check *c)
{
    CheckSide *s = &c->side[CHECK_FIRST];

    if (unlikely(c->hot)) {
        c->hot = false;
        tcg_hot(s->vcpu, current_pc(c), c->hot_counter);
    }
    for (;;) {
        uint64_t pc = current_pc(c);
        c->peeked = false;
        if (c->n_steps && ends_before(c, s->vcpu, pc)) {
            return;
        }
        TcgRegion *r = check_region_at(s, pc, c->now.count);
        if (!c->n_steps && c->now.count != 1 && marked(c, r->ram_addr)) {
            c->single_left = r->n_insns - 1;
            c->now = (CheckGrain){ 1, 1 };
            r = check_region_at(s, pc, 1);
        }
        c->step[c->n_steps++] = (CheckStep){ pc, r->ram_addr, r->n_insns };
        TcgExit ex = run_region(c, s->vcpu, r);
        c->poll = ex.reason == TCG_EXIT_POLL;
        if (unlikely(ex.reason == TCG_EXIT_HOT)) {
            /* Made before the next grain: RAM has what is to be translated then. */
            c->hot = true;
            c->hot_counter = ex.link;
        }
        if (c->poll || c->hot || c->n_steps >= c->now.regions || check_log_has_grown(&c->log)) {
            c->peeked = false;
            return;
        }
    }
}

/* False: given up. */
static bool first_side(Check *c)
{
    TcgVcpu *v = c->side[CHECK_FIRST].vcpu;

    c->first.raised = false;
    c->n_steps = 0;
    c->peeked = false;
    c->once = false;
    side_select(c, CHECK_FIRST);
    v->tap = &c->side[CHECK_FIRST].tap;
    switch (sigsetjmp(c->unwind, 0)) {
    case 0:
        first_regions(c);
        break;
    case UNWIND_ABORT:
        tcg_translate_abort(v);
        v->tap = NULL;
        return false;
    default:
        tcg_translate_abort(v);
        c->first.raised = true;
        c->poll = true;
        c->cpu->ops->take_exception(c->cpu);
        break;
    }
    v->tap = NULL;
    check_state_save(c, &c->first);
    return true;
}

/* ---- The second side ---- */

/* The same regions, or else as many instructions. */
static void second_regions(Check *c)
{
    CheckSide *side = &c->side[CHECK_SECOND];
    const uint64_t target = c->first.icount + c->first.raised;
    TcgFetch f;

    for (unsigned i = 0; c->cpu->tcg.icount < target; i++) {
        uint64_t pc = current_pc(c), was = c->cpu->tcg.icount, left = target - was;
        const CheckStep *s = i < c->n_steps ? &c->step[i] : NULL;
        TcgRegion *r = check_region_at(side, pc, c->now.count);
        if ((!s || s->pc != pc || s->n_insns != r->n_insns) && r->n_insns > left) {
            r = check_region_at(side, pc, left);
        }
        run_region(c, side->vcpu, r);
        if (c->cpu->tcg.icount == was) {
            break;
        }
    }
    if (c->peeked) {
        tcg_fetch(side->vcpu, current_pc(c), &f);
    }
}

static void second_side(Check *c)
{
    TcgVcpu *v = c->side[CHECK_SECOND].vcpu;

    c->second.raised = false;
    side_select(c, CHECK_SECOND);
    v->tap = &c->side[CHECK_SECOND].tap;
    if (sigsetjmp(c->unwind, 0) == 0) {
        second_regions(c);
    } else {
        tcg_translate_abort(v);
        c->second.raised = true;
        c->cpu->ops->take_exception(c->cpu);
    }
    v->tap = NULL;
    check_state_save(c, &c->second);
}

/* ---- A grain ---- */

static void state_before(Check *c)
{
    if (!c->before_valid) {
        check_state_save(c, &c->before);
        c->before_valid = true;
    }
}

/* The first side gave up: as if nothing had happened. */
static void give_up(Check *c)
{
    uint64_t retired = c->cpu->tcg.icount + c->cpu->tcg.pending_icount - c->before.icount;

    c->single_left = retired + 1;
    if (c->n_steps) {
        mark(c, c->step[c->n_steps - 1].ram_addr);
    }
    c->stats.aborts++;
    check_state_restore(c, &c->before);
    side_sync(c, CHECK_FIRST, CHECK_SECOND);
    flush_views(c);
}

CheckResult check_attempt(Check *c, CheckGrain g)
{
    check_log_clear(&c->log);
    c->now = g;
    if (!first_side(c)) {
        give_up(c);
        return CHECK_ABORTED;
    }
    if (c->once) {
        return CHECK_ONCE;
    }
    check_state_restore(c, &c->before);
    second_side(c);
    return check_state_equal(c, &c->first, &c->second) && check_log_matches(&c->log) &&
                   !c->log.fault && c->log.replayed == c->log.devices->len && views_equal(c)
               ? CHECK_SAME
               : CHECK_DIFFERENT;
}

void check_commit(Check *c)
{
    CheckState was = c->before;

    c->stats.grains++;
    c->stats.regions += c->n_steps;
    c->stats.insns += c->first.icount - was.icount;
    c->before = c->first;
    c->first = was;
}

void check_rewind(Check *c)
{
    check_log_undo(&c->log);
    check_state_restore(c, &c->before);
    side_select(c, CHECK_SECOND);
    flush_views(c);
}

/* True: go on. */
static bool grain(Check *c)
{
    CheckGrain g = c->grain;

    state_before(c);
    if (c->single_left) {
        c->single_left--;
        c->stats.single++;
        g = (CheckGrain){ 1, 1 };
    }
    clock_virtual_hold();
    CheckResult r = check_attempt(c, g);
    switch (r) {
    case CHECK_SAME:
        check_commit(c);
        break;
    case CHECK_ONCE:
        /* The other side takes it over. */
        c->stats.once++;
        side_sync(c, CHECK_SECOND, CHECK_FIRST);
        flush_views(c);
        c->before_valid = false;
        break;
    case CHECK_ABORTED:
        break;
    case CHECK_DIFFERENT:
        if (check_difference(c, g)) {
            clock_virtual_release();
            return false;
        }
        break;
    }
    clock_virtual_release();
    return true;
}

/* ---- The loop ---- */

/* Requests, halting, interrupts: on the second side, which the first follows. */
static bool between_grains(Check *c)
{
    CpuState *cpu = c->cpu;
    bool on = true;

    side_select(c, CHECK_SECOND);
    if (atomic_read(&cpu->tcg.exit_request)) {
        on = tcg_loop_serve(c->side[CHECK_SECOND].vcpu);
        tcg_vcpu_serve(c->side[CHECK_FIRST].vcpu);
    }
    on = on && tcg_loop_poll(c->side[CHECK_SECOND].vcpu);
    side_sync(c, CHECK_FIRST, CHECK_SECOND);
    c->before_valid = false;
    c->poll = false;
    return on;
}

static void run_grains(Check *c)
{
    CpuState *cpu = c->cpu;
    enum { TURNS = 4096 };

    for (unsigned n = 0;; n++) {
        if ((c->poll || unlikely(atomic_load_acquire(&cpu->tcg.exit_request))) &&
            !between_grains(c)) {
            return;
        }
        if (!grain(c)) {
            c->failed = true;
            return;
        }
        if (unlikely(machine_lock_wanted()) || n % TURNS == TURNS - 1) {
            machine_lock_yield();
            c->before_valid = false;
        }
    }
}

/* Nothing runs any more until the machine was stopped. */
static void wait_for_stop(Check *c)
{
    const CpuState *cpu = c->cpu;

    while (!atomic_read(&cpu->stop) && !atomic_read(&cpu->stopped) &&
           !atomic_read(&cpu->unplug) && !atomic_read(&cpu->work.length)) {
        g_usleep(500);
    }
    c->failed = !atomic_read(&cpu->stop) && !atomic_read(&cpu->stopped);
}

void check_run(Check *c)
{
    if (c->failed) {
        wait_for_stop(c);
        return;
    }
    machine_lock();
    memory_read_lock();
    c->cpu->tcg.unwind = &c->unwind;
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        tcg_vcpu_enter(c->side[i].vcpu);
    }
    /* What happened outside concerned the selected side alone. */
    side_sync(c, CHECK_FIRST, CHECK_SECOND);
    flush_views(c);
    c->before_valid = false;
    c->poll = true;
    run_grains(c);
    side_select(c, CHECK_SECOND);
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        tcg_vcpu_leave(c->side[i].vcpu);
    }
    memory_read_unlock();
    machine_unlock();
    if (c->failed) {
        if (c->stop_by_exit) {
            shutdown_request_with_code(SHUTDOWN_HOST_ERROR, 1);
        } else {
            vm_stop_request(RUN_STATE_INTERNAL_ERROR);
        }
    }
}

/* A loop in a region of the second tier may take for ever. */
static void lock_wanted(void *opaque)
{
    Check *c = opaque;

    atomic_set(&c->cpu->tcg.exit_request, 1);
}

void check_init(Check *c)
{
    machine_lock_on_wait(lock_wanted, c);
    check_log_init(&c->log);
    check_state_init(c, &c->before);
    check_state_init(c, &c->first);
    check_state_init(c, &c->second);
    c->marks = g_new0(uint64_t, (1 << CHECK_MARK_BITS) / 64);
    check_taps_init(c);
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        c->side[i].found = g_new0(CheckFound, CHECK_FOUND);
    }
    c->side[CHECK_FIRST].vcpu->slow_views = true;
}

void check_destroy(Check *c)
{
    if (c->marks) {
        machine_lock_on_wait(NULL, NULL);
        check_log_free(&c->log);
        g_free(c->before.bytes);
        g_free(c->first.bytes);
        g_free(c->second.bytes);
        g_free(c->marks);
        for (unsigned i = 0; i < CHECK_SIDES; i++) {
            g_free(c->side[i].found);
        }
    }
    if (c->report) {
        g_string_free(c->report, TRUE);
    }
}
