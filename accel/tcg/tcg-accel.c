/*
 * The accelerator "tcg": its options, the engine that its vCPUs share, and what it reports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"

typedef struct TcgAccel {
    AccelState parent;
    /* properties */
    uint32_t tb_size_mib;
    int thread;
    int backend;
    bool one_insn;
    bool verify_ir;

    TcgEngine *engine;       /* made with the first CPU */
    MemoryListener listener;
    GPtrArray *spaces;       /* listened to */
} TcgAccel;

static const char *const tcg_backend_names[] = { "auto", "x86_64", "interp", NULL };
static const char *const tcg_thread_names[] = { "multi", NULL };

static const Property tcg_accel_properties[] = {
    PROP_UINT32(TcgAccel, tb_size_mib, "tb-size", "size of the cache of translated code, in MiB",
                .def = 128, .min = 1, .max = 1024),
    PROP_ENUM(TcgAccel, thread, "thread", "host threads for vCPUs: multi is one each",
              tcg_thread_names, .def_str = "multi"),
    PROP_ENUM(TcgAccel, backend, "backend", "what runs translations: host code or an interpreter",
              tcg_backend_names, .def_str = "auto"),
    PROP_BOOL(TcgAccel, one_insn, "one-insn-per-tb", "translate one instruction at a time"),
    PROP_BOOL(TcgAccel, verify_ir, "verify-ir", "check the intermediate code of each translation"),
    PROP_END,
};

enum { TCG_MAX_INSNS = 128 };

TcgEngine *tcg_engine(void)
{
    AccelState *accel = accel_current();
    if (!accel || !object_is_a(accel, TYPE_TCG_ACCEL)) {
        return NULL;
    }
    return atomic_load_acquire(&((TcgAccel *)accel)->engine);
}

/* ---- The engine ---- */

static void engine_free(TcgEngine *e)
{
    for (unsigned i = 0; i < TCG_MAX_VCPUS; i++) {
        TcgVcpu *v = e->vcpu[i];
        if (v) {
            tcg_views_free(v);
            if (v->ir) {
                ir_builder_free(v->ir);
            }
            g_array_free(v->req.revoke, TRUE);
            g_mutex_clear(&v->req.lock);
            g_free(v->jump_cache);
            g_free(v);
        }
    }
    if (e->hash.bucket) {
        tcg_hash_free(&e->hash);
        tcg_pages_free(e);
        g_mutex_clear(&e->link_lock);
    }
    if (e->cache.buf.size) {
        tcg_cache_free(&e->cache);
    }
    if (e->ctx) {
        tcg_context_free(e->ctx);
    }
    g_free(e);
}

static const TcgBackend *accel_backend(const TcgAccel *a, GError **err)
{
    const char *name = tcg_backend_names[a->backend];
    const TcgBackend *be = a->backend ? tcg_backend_find(name) : tcg_backend_default();
    if (!be) {
        error_set(err, "accelerator 'tcg': backend '%s' does not run on this host", name);
    }
    return be;
}

static TcgEngine *engine_new(TcgAccel *a, const CpuOps *ops, GError **err)
{
    const TcgBackend *be = accel_backend(a, err);
    if (!be) {
        return NULL;
    }
    TcgConfig cfg = {
        .globals = ops->globals,
        .n_globals = ops->n_globals,
        .pc_global = ops->pc_global,
        .area_offset = offsetof(CpuState, tcg),
        .env_bias = CPU_ENV_BIAS,
        .runtime = { tcg_slow_load, tcg_slow_store, tcg_slow_amo, tcg_slow_cas },
    };
    TcgEngine *e = g_new0(TcgEngine, 1);
    size_t size = (size_t)a->tb_size_mib * MiB;
    e->ops = ops;
    e->max_insns = a->one_insn ? 1 : TCG_MAX_INSNS;
    e->verify = a->verify_ir;
    e->ctx = tcg_context_new(be, &cfg, err);
    if (!e->ctx || !tcg_cache_init(&e->cache, size, err)) {
        engine_free(e);
        return NULL;
    }
    tcg_cache_prologue_done(&e->cache, tcg_emit_prologue(e->ctx, &e->cache.buf));
    g_mutex_init(&e->link_lock);
    tcg_pages_init(e);
    /* A bucket for each KiB of code. */
    tcg_hash_init(&e->hash, g_bit_storage(size / KiB - 1));
    return e;
}

/* ---- Accelerator interface ---- */

static bool tcg_accel_init(AccelState *accel, GError **err)
{
    ram_code_written_hook = tcg_code_written;
    return accel_backend((TcgAccel *)accel, err) != NULL;
}

/* The flat view changed: translations made from the old one go, on each vCPU, before it
 * leaves its read section, so before the old view is freed. */
static void tcg_accel_memory_changed(MemoryListener *l, AddressSpace *as)
{
    TcgAccel *a = container_of(l, TcgAccel, listener);
    TcgEngine *e = a->engine;
    unsigned n = atomic_load_acquire(&e->n_vcpus);
    for (unsigned i = 0; i < n; i++) {
        TcgVcpu *v = atomic_load_acquire(&e->vcpu[i]);
        if (v && v->cpu && v->cpu->as == as) {
            atomic_xchg(&v->req.flush, 1);
            __atomic_store_n(&v->cpu->tcg.exit_request, 1, __ATOMIC_SEQ_CST);
        }
    }
}

static void tcg_accel_listen(TcgAccel *a, AddressSpace *as)
{
    if (!g_ptr_array_find(a->spaces, as, NULL)) {
        g_ptr_array_add(a->spaces, as);
        address_space_add_listener(as, &a->listener);
    }
}

static bool tcg_accel_cpu_init(AccelState *accel, CpuState *cpu, GError **err)
{
    TcgAccel *a = (TcgAccel *)accel;
    if (!a->engine) {
        TcgEngine *e = engine_new(a, cpu->ops, err);
        if (!e) {
            return false;
        }
        atomic_store_release(&a->engine, e);
    }
    TcgEngine *e = a->engine;
    if (e->ops != cpu->ops) {
        return error_set(err, "%s: accelerator 'tcg' runs one kind of CPU in a machine",
                         cpu->name);
    }
    TcgVcpu *v = e->vcpu[cpu->index];
    if (!v) {
        v = g_new0(TcgVcpu, 1);
        g_mutex_init(&v->req.lock);
        v->req.revoke = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        v->jump_cache = g_new0(TcgJumpEntry, TCG_JUMP_ENTRIES);
    } else {
        tcg_views_free(v); /* of a CPU that was unplugged */
        memset(v->pool, 0, sizeof(v->pool));
    }
    tcg_jump_init(v->jump_cache);
    v->engine = e;
    v->cpu = cpu;
    cpu->accel = v;
    cpu->tcg.jump_cache = v->jump_cache;
    if (!v->ir) {
        v->ir = ir_builder_new(cpu->ops->globals, cpu->ops->n_globals, cpu->ops->pc_global);
    }
    bool ok = tcg_views_init(v, err);
    atomic_store_release(&e->vcpu[cpu->index], v);
    if (cpu->index >= e->n_vcpus) {
        atomic_store_release(&e->n_vcpus, cpu->index + 1);
    }
    if (!ok) {
        cpu->accel = NULL;
        return false;
    }
    tcg_accel_listen(a, cpu->as);
    return true;
}

/* Other vCPUs may be looking at it: it is freed with the engine. */
static void tcg_accel_cpu_exit(AccelState *accel, CpuState *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    if (v) {
        cpu->accel = NULL;
    }
}

static void tcg_accel_finalize(Object *obj)
{
    TcgAccel *a = (TcgAccel *)obj;
    for (unsigned i = 0; i < a->spaces->len; i++) {
        address_space_remove_listener(g_ptr_array_index(a->spaces, i), &a->listener);
    }
    g_ptr_array_free(a->spaces, TRUE);
    if (a->engine) {
        engine_free(a->engine);
    }
}

static void tcg_accel_instance_init(Object *obj)
{
    TcgAccel *a = (TcgAccel *)obj;
    a->spaces = g_ptr_array_new();
    a->listener.changed = tcg_accel_memory_changed;
}

/* ---- Report ---- */

static void tcg_accel_info(AccelState *accel, GString *out)
{
    TcgEngine *e = ((TcgAccel *)accel)->engine;
    TcgStats sum = { 0 };
    if (!e) {
        g_string_append(out, "No CPU was made yet\n");
        return;
    }
    for (unsigned i = 0; i < e->n_vcpus; i++) {
        const uint64_t *from = (const uint64_t *)&e->vcpu[i]->stats;
        for (unsigned k = 0; k < sizeof(sum) / sizeof(uint64_t); k++) {
            ((uint64_t *)&sum)[k] += e->vcpu[i] ? from[k] : 0;
        }
    }
    const TcgCache *c = &e->cache;
    unsigned used = 0;
    for (unsigned i = 0; i < TCG_SEGMENTS; i++) {
        used += c->seg[i].used;
    }
#define LINE(label, value) \
    g_string_append_printf(out, "%-24s %" PRIu64 "\n", label, (uint64_t)(value))
    LINE("cache size", c->buf.size);
    LINE("cache in use", (uint64_t)used * c->slice_code);
    LINE("segments reclaimed", c->reclaims);
    LINE("regions translated", sum.regions);
    LINE("guest instructions", sum.guest_insns);
    LINE("guest bytes", sum.guest_bytes);
    LINE("host code bytes", sum.code_bytes);
    LINE("regions killed", e->killed);
    LINE("links made", sum.links);
    LINE("runs from the loop", sum.exits[0] + sum.exits[1] + sum.exits[2]);
    LINE("  left to look up", sum.exits[TCG_EXIT_LOOKUP]);
    LINE("  left to be linked", sum.exits[TCG_EXIT_LINK]);
    LINE("  left to poll", sum.exits[TCG_EXIT_POLL]);
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

static void tcg_accel_class_init(ObjectClass *klass, const TypeInfo *type)
{
    AccelClass *ac = (AccelClass *)klass;
    ac->name = "tcg";
    ac->init = tcg_accel_init;
    ac->cpu_init = tcg_accel_cpu_init;
    ac->cpu_exit = tcg_accel_cpu_exit;
    ac->cpu_run = tcg_cpu_run;
    ac->info = tcg_accel_info;
}

static const TypeInfo tcg_accel_type = {
    .name = TYPE_TCG_ACCEL,
    .parent = TYPE_ACCEL,
    .desc = "translate guest code to host code",
    .instance_size = sizeof(TcgAccel),
    .properties = tcg_accel_properties,
    .class_init = tcg_accel_class_init,
    .instance_init = tcg_accel_instance_init,
    .instance_finalize = tcg_accel_finalize,
};
TYPE_REGISTER(tcg_accel_type);
