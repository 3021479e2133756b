/*
 * The engine: a translator context with its cache of regions, and the vCPUs that run on it.
 * The accelerator "tcg" has one, "check" two.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/perf.h"
#include "accel/tcg/profile.h"

/* ---- Life ---- */

void tcg_engine_free(TcgEngine *e)
{
    tcg_engine_unregister(e);
    for (unsigned i = 0; i < TCG_MAX_VCPUS; i++) {
        TcgVcpu *v = e->vcpu[i];
        if (v) {
            tcg_profile_cpu_free(v);
            tcg_views_free(v);
            if (v->ir) {
                ir_builder_free(v->ir);
                tcg_scratch_free(e->ctx, v->scratch);
            }
            g_array_free(v->req.revoke, TRUE);
            g_mutex_clear(&v->req.lock);
            g_free(v->jump_cache);
            g_free(v->no_jumps);
            g_free(v->hot);
            g_free(v);
        }
    }
    if (e->hash.bucket) {
        tcg_hash_free(&e->hash);
        tcg_pages_free(e);
        for (unsigned i = 0; i < TCG_STRIPES; i++) {
            g_mutex_clear(&e->link[i].mutex);
        }
    }
    if (e->cache.buf.size) {
        tcg_cache_free(&e->cache);
    }
    if (e->ctx) {
        tcg_context_free(e->ctx);
    }
    g_free(e);
}

TcgEngine *tcg_engine_new(const TcgEngineConfig *config, const CpuOps *ops, GError **err)
{
    TcgConfig cfg = {
        .globals = ops->globals,
        .n_globals = ops->n_globals,
        .pc_global = ops->pc_global,
        .area_offset = offsetof(CpuState, tcg),
        .env_bias = CPU_ENV_BIAS,
        .fp = ops->fp,
        .runtime = { tcg_slow_load, tcg_slow_store, tcg_slow_amo, tcg_slow_cas },
    };
    TcgEngine *e = g_new0(TcgEngine, 1);
    e->ops = ops;
    e->max_insns = config->max_insns;
    e->verify = config->verify;
    e->profile = config->profile;
    e->perf = config->perf;
    if (e->profile) {
        e->profile->engine = e;
    }
    if (ops->translates_blocks && config->max_insns > 1) {
        e->hot_threshold = config->hot_threshold;
    }
    cfg.count_hot = e->hot_threshold != 0;
    e->shared = config->shared;
    e->ctx = tcg_context_new(config->backend, &cfg, err);
    if (!e->ctx || !tcg_cache_init(&e->cache, config->tb_size, config->perf, err)) {
        tcg_engine_free(e);
        return NULL;
    }
    tcg_cache_prologue_done(&e->cache, tcg_emit_prologue(e->ctx, &e->cache.buf));
    if (e->perf) {
        tcg_perf_shared(e->perf, &e->cache);
    }
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_mutex_init(&e->link[i].mutex);
    }
    tcg_pages_init(e);
    /* A bucket for each KiB of code. */
    tcg_hash_init(&e->hash, g_bit_storage(config->tb_size / KiB - 1));
    return e;
}

TcgVcpu *tcg_engine_add_cpu(TcgEngine *e, CpuState *cpu, GError **err)
{
    if (e->ops != cpu->ops) {
        error_set(err, "%s: accelerator 'tcg' runs one kind of CPU in a machine", cpu->name);
        return NULL;
    }
    TcgVcpu *v = e->vcpu[cpu->index];
    if (!v) {
        v = alloc_apart0(sizeof(*v));
        g_mutex_init(&v->req.lock);
        v->req.revoke = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        v->jump_cache = g_new0(TcgJumpEntry, TCG_JUMP_ENTRIES);
        if (e->hot_threshold) {
            v->hot = alloc_apart(TCG_HOT_ENTRIES * sizeof(uint32_t));
            for (unsigned n = 0; n < TCG_HOT_ENTRIES; n++) {
                v->hot[n] = e->hot_threshold;
            }
        }
    } else {
        tcg_views_free(v); /* of a CPU that was unplugged */
        memset(v->pool, 0, sizeof(v->pool));
    }
    tcg_jump_init(v->jump_cache);
    v->engine = e;
    v->cpu = cpu;
    cpu->accel = v;
    cpu->tcg.jump_cache = v->jump_cache;
    cpu->tcg.hot = v->hot;
    if (!v->ir) {
        v->ir = ir_builder_new(cpu->ops->globals, cpu->ops->n_globals, cpu->ops->pc_global);
        v->scratch = tcg_scratch_new(e->ctx);
    }
    tcg_profile_cpu_init(v);
    bool ok = tcg_views_init(v, err);
    atomic_store_release(&e->vcpu[cpu->index], v);
    if (cpu->index >= e->n_vcpus) {
        atomic_store_release(&e->n_vcpus, cpu->index + 1);
    }
    if (!ok) {
        cpu->accel = NULL;
        return NULL;
    }
    return v;
}

void tcg_vcpu_select(TcgVcpu *v)
{
    v->cpu->accel = v;
    v->cpu->tcg.jump_cache = v->jump_cache;
    v->cpu->tcg.hot = v->hot;
    tcg_views_publish(v);
}

void tcg_engine_memory_changed(TcgEngine *e, AddressSpace *as)
{
    unsigned n = atomic_load_acquire(&e->n_vcpus);
    for (unsigned i = 0; i < n; i++) {
        TcgVcpu *v = atomic_load_acquire(&e->vcpu[i]);
        if (v && v->cpu && v->cpu->as == as) {
            atomic_xchg(&v->req.flush, 1);
            __atomic_store_n(&v->cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
        }
    }
}

/* ---- Report ---- */

void tcg_engine_info(TcgEngine *e, GString *out)
{
    TcgStats sum = { 0 };
    unsigned n = atomic_load_acquire(&e->n_vcpus);
    for (unsigned i = 0; i < n; i++) {
        const TcgVcpu *v = atomic_load_acquire(&e->vcpu[i]);
        for (unsigned k = 0; v && k < sizeof(sum) / sizeof(uint64_t); k++) {
            ((uint64_t *)&sum)[k] += atomic_read((const uint64_t *)&v->stats + k);
        }
    }
    TcgCache *c = &e->cache;
    uint64_t killed = 0;
    for (unsigned i = 0; i < TCG_STRIPES; i++) {
        g_mutex_lock(&e->stripe[i].lock);
        killed += e->stripe[i].killed;
        g_mutex_unlock(&e->stripe[i].lock);
    }
    unsigned used = 0;
    g_mutex_lock(&c->lock);
    for (unsigned i = 0; i < TCG_SEGMENTS; i++) {
        used += c->seg[i].used;
    }
    uint64_t reclaims = c->reclaims;
    g_mutex_unlock(&c->lock);
#define LINE(label, value) \
    g_string_append_printf(out, "%-24s %" PRIu64 "\n", label, (uint64_t)(value))
    LINE("cache size", c->buf.size);
    LINE("cache in use", (uint64_t)used * c->slice_code);
    LINE("segments reclaimed", reclaims);
    LINE("regions translated", sum.regions);
    LINE("guest instructions", sum.guest_insns);
    LINE("guest bytes", sum.guest_bytes);
    LINE("host code bytes", sum.code_bytes);
    LINE("out of line", sum.cold_bytes);
    LINE("hot regions", sum.hot_regions);
    LINE("hot instructions", sum.hot_insns);
    LINE("regions killed", killed);
    LINE("links made", sum.links);
    LINE("runs from the loop", sum.exits[0] + sum.exits[1] + sum.exits[2] + sum.exits[3]);
    LINE("  left to look up", sum.exits[TCG_EXIT_LOOKUP]);
    LINE("  left to be linked", sum.exits[TCG_EXIT_LINK]);
    LINE("  left to poll", sum.exits[TCG_EXIT_POLL]);
    LINE("  left as hot", sum.exits[TCG_EXIT_HOT]);
    LINE("lookups", sum.lookups);
    LINE("slow loads", sum.slow_loads);
    LINE("slow stores", sum.slow_stores);
    LINE("device accesses", sum.mmio);
    LINE("page fills", sum.fills);
    LINE("fetch fills", sum.fetch_fills);
    LINE("stores near code", sum.code_stores);
    LINE("view switches", sum.view_switches);
    LINE("views made", sum.view_misses);
    LINE("guest invalidations", sum.invalidations);
    LINE("view flushes", sum.flushes);
    LINE("store revocations", sum.revokes);
#undef LINE
}
