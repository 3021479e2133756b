/*
 * The accelerator "tcg": its options and what it does with its engine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/tcg/internal.h"
#include "accel/tcg/perf.h"
#include "accel/tcg/profile.h"

typedef struct TcgAccel {
    AccelState parent;
    /* properties */
    uint32_t tb_size_mib;
    int thread;
    int backend;
    bool one_insn;
    bool verify_ir;
    bool perfmap, jitdump;
    TcgProfileOptions profile_options;
    bool tier2;
    uint32_t tier2_threshold;

    TcgProfile *profile;     /* NULL: none */
    TcgPerf *perf;           /* NULL: none */
    TcgEngine *engine;       /* made with the first CPU */
    MemoryListener listener;
    GPtrArray *spaces;       /* listened to */
} TcgAccel;

enum { TB_SIZE_MIN_AUTO = 32, TB_SIZE_MAX = 1024 };

static const char *const tcg_backend_names[] = { "auto", "x86_64", "interp", NULL };
static const char *const tcg_thread_names[] = { "multi", NULL };

static const Property tcg_accel_properties[] = {
    PROP_UINT32(TcgAccel, tb_size_mib, "tb-size", "size of the cache of translated code, in MiB; "
                "0: an eighth of the host's memory, at most 1024",
                .max = TB_SIZE_MAX),
    PROP_ENUM(TcgAccel, thread, "thread", "host threads for vCPUs: multi is one each",
              tcg_thread_names, .def_str = "multi"),
    PROP_ENUM(TcgAccel, backend, "backend", "what runs translations: host code or an interpreter",
              tcg_backend_names, .def_str = "auto"),
    PROP_BOOL(TcgAccel, one_insn, "one-insn-per-tb", "translate one instruction at a time"),
    PROP_BOOL(TcgAccel, tier2, "tier2", "translate again what runs often, with more effort",
              .def = 1),
    PROP_UINT32(TcgAccel, tier2_threshold, "tier2-threshold",
                "jumps to a place that make it run often", .def = 8192, .min = 1,
                .max = INT32_MAX),
    PROP_BOOL(TcgAccel, verify_ir, "verify-ir", "check the intermediate code of each translation"),
    PROP_BOOL(TcgAccel, perfmap, "perfmap", "name translated code to perf by /tmp/perf-PID.map"),
    PROP_BOOL(TcgAccel, jitdump, "jitdump", "name translated code to perf by jit-PID.dump"),
    PROP_BOOL(TcgAccel, profile_options.on, "profile",
              "sample what vCPUs do, for query-profile and stacks"),
    PROP_UINT32(TcgAccel, profile_options.frequency, "profile-frequency",
                "samples a second of each running vCPU", .def = 997, .min = 1, .max = 20000),
    PROP_STR(TcgAccel, profile_options.symbols, "profile-symbols",
             "files with names of guest code, separated by ':' (ELF, or text as nm and "
             "/proc/kallsyms print it); FILE@ADDR adds ADDR to its addresses"),
    PROP_STR(TcgAccel, profile_options.stacks, "profile-stacks",
             "file for folded call stacks, written when the process ends"),
    PROP_END,
};

/* ---- The engines in use ---- */

static TcgEngine *engines[TCG_MAX_ENGINES]; /* (a) written under the machine lock */

TcgEngine *tcg_engine(unsigned n)
{
    return n < TCG_MAX_ENGINES ? atomic_load_acquire(&engines[n]) : NULL;
}

void tcg_engine_register(TcgEngine *e)
{
    unsigned n = 0;
    while (engines[n]) {
        n++;
    }
    g_assert(n < TCG_MAX_ENGINES);
    atomic_store_release(&engines[n], e);
}

void tcg_engine_unregister(TcgEngine *e)
{
    for (unsigned n = 0; n < TCG_MAX_ENGINES; n++) {
        if (engines[n] == e) {
            atomic_store_release(&engines[n], NULL);
        }
    }
}

/* ---- Accelerator interface ---- */

static const TcgBackend *accel_backend(const TcgAccel *a, GError **err)
{
    const char *name = tcg_backend_names[a->backend];
    const TcgBackend *be = a->backend ? tcg_backend_find(name) : tcg_backend_default();
    if (!be) {
        error_set(err, "accelerator 'tcg': backend '%s' does not run on this host", name);
    }
    return be;
}

static bool tcg_accel_init(AccelState *accel, GError **err)
{
    TcgAccel *a = (TcgAccel *)accel;
    ram_code_written_hook = tcg_code_written;
    return accel_backend(a, err) && tcg_profile_new(&a->profile_options, &a->profile, err) &&
           tcg_perf_new(a->perfmap, a->jitdump, &a->perf, err);
}

/* The flat view changed: translations made from the old one go, on each vCPU, before it
 * leaves its read section, so before the old view is freed. */
static void tcg_accel_memory_changed(MemoryListener *l, AddressSpace *as)
{
    TcgAccel *a = container_of(l, TcgAccel, listener);
    tcg_engine_memory_changed(a->engine, as);
}

static void tcg_accel_listen(TcgAccel *a, AddressSpace *as)
{
    if (!g_ptr_array_find(a->spaces, as, NULL)) {
        g_ptr_array_add(a->spaces, as);
        address_space_add_listener(as, &a->listener);
    }
}

/* Bytes. Room that is never used costs address space only; a cache that is too small for what
 * runs has it translated again and again. */
static size_t cache_size(const TcgAccel *a)
{
    uint64_t host_mib = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / MiB;

    return (a->tb_size_mib ? a->tb_size_mib
                           : CLAMP(host_mib / 8, TB_SIZE_MIN_AUTO, TB_SIZE_MAX)) * MiB;
}

static bool tcg_accel_cpu_init(AccelState *accel, CpuState *cpu, GError **err)
{
    TcgAccel *a = (TcgAccel *)accel;
    if (!a->engine) {
        const TcgEngineConfig cfg = {
            .backend = accel_backend(a, err),
            .tb_size = cache_size(a),
            .max_insns = a->one_insn ? 1 : TCG_MAX_INSNS,
            .verify = a->verify_ir,
            .profile = a->profile,
            .hot_threshold = a->tier2 ? a->tier2_threshold : 0,
            .perf = a->perf,
        };
        TcgEngine *e = cfg.backend ? tcg_engine_new(&cfg, cpu->ops, err) : NULL;
        if (!e) {
            return false;
        }
        a->engine = e;
        tcg_engine_register(e);
    }
    if (!tcg_engine_add_cpu(a->engine, cpu, err)) {
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
        tcg_engine_free(a->engine);
    }
    tcg_profile_free(a->profile);
    tcg_perf_free(a->perf);
}

static void tcg_accel_instance_init(Object *obj)
{
    TcgAccel *a = (TcgAccel *)obj;
    a->spaces = g_ptr_array_new();
    a->listener.changed = tcg_accel_memory_changed;
}

static void tcg_accel_info(AccelState *accel, GString *out)
{
    TcgEngine *e = ((TcgAccel *)accel)->engine;
    if (!e) {
        g_string_append(out, "No CPU was made yet\n");
        return;
    }
    tcg_engine_info(e, out);
}

static TcgProfile *accel_profile(AccelState *accel, GError **err)
{
    TcgProfile *p = ((TcgAccel *)accel)->profile;
    if (!p) {
        error_set(err, "no profile is taken");
        error_add_hint(err, "start with -accel tcg,profile=on");
    }
    return p;
}

static struct ProfileInfo *tcg_accel_profile(AccelState *accel, unsigned limit, GError **err)
{
    TcgProfile *p = accel_profile(accel, err);
    return p ? tcg_profile_report(p, limit) : NULL;
}

static bool tcg_accel_profile_reset(AccelState *accel, GError **err)
{
    TcgProfile *p = accel_profile(accel, err);
    if (p) {
        tcg_profile_reset(p);
    }
    return p != NULL;
}

static void tcg_accel_finish(AccelState *accel)
{
    TcgAccel *a = (TcgAccel *)accel;
    TcgProfile *p = a->profile;
    g_autoptr(GError) err = NULL;
    if (a->perf) {
        tcg_perf_flush(a->perf);
    }
    if (p && !tcg_profile_write_stacks(p, &err)) {
        error_report(err);
    }
}

static void tcg_accel_class_init(ObjectClass *klass, const TypeInfo *type)
{
    AccelClass *ac = (AccelClass *)klass;
    ac->name = "tcg";
    ac->init = tcg_accel_init;
    ac->cpu_init = tcg_accel_cpu_init;
    ac->cpu_exit = tcg_accel_cpu_exit;
    ac->cpu_run = tcg_cpu_run;
    ac->debug_changed = tcg_debug_changed;
    ac->info = tcg_accel_info;
    ac->profile = tcg_accel_profile;
    ac->profile_reset = tcg_accel_profile_reset;
    ac->finish = tcg_accel_finish;
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
