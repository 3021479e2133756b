/*
 * The accelerator "check": its options, its two engines, and what it reports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/check/check.h"

typedef struct CheckAccel {
    AccelState parent;
    /* properties */
    uint32_t tb_size_mib;
    int grain;
    uint32_t regions;
    int report;
    int on_difference;
    bool verify_ir;
    bool tier2;
    uint32_t tier2_threshold;
    char *plant_text;

    CheckPlant *plant;
    Check check;
    MemoryListener listener;
} CheckAccel;

enum { GRAIN_INSN, GRAIN_BLOCK };
static const char *const grain_names[] = { "insn", "block", NULL };
enum { REPORT_SHORT, REPORT_FULL };
static const char *const report_names[] = { "short", "full", NULL };
enum { DIFFERENCE_STOP, DIFFERENCE_EXIT };
static const char *const difference_names[] = { "stop", "exit", NULL };

static const Property check_accel_properties[] = {
    PROP_ENUM(CheckAccel, grain, "grain", "what is translated and run as one piece",
              grain_names, .def_str = "block"),
    PROP_UINT32(CheckAccel, regions, "regions", "pieces to run between two comparisons",
                .def = 1, .min = 1, .max = CHECK_STEPS),
    PROP_ENUM(CheckAccel, report, "report",
              "what is printed of a difference: full has intermediate and host code",
              report_names, .def_str = "short"),
    PROP_ENUM(CheckAccel, on_difference, "on-difference",
              "stop the machine, or end the process with status 1", difference_names,
              .def_str = "stop"),
    PROP_BOOL(CheckAccel, tier2, "tier2",
              "compare the translator's second tier, which then runs first"),
    PROP_UINT32(CheckAccel, tier2_threshold, "tier2-threshold",
                "jumps to a place that make it worth the second tier", .def = 64, .min = 2),
    PROP_UINT32(CheckAccel, tb_size_mib, "tb-size",
                "size of each side's cache of translated code, in MiB", .def = 128, .min = 1,
                .max = 1024),
    PROP_BOOL(CheckAccel, verify_ir, "verify-ir",
              "check the intermediate code of each translation"),
    PROP_STR(CheckAccel, plant_text, "x-plant", "a fault to find, for tests"),
    PROP_END,
};

static bool check_accel_init(AccelState *accel, GError **err)
{
    CheckAccel *a = (CheckAccel *)accel;
    const TcgBackend *be = tcg_backend_default();

    if (be == tcg_backend_find("interp")) {
        return error_set(err, "accelerator 'check': this host has no translator to compare "
                              "with the interpreter");
    }
    if (a->plant_text && !(a->plant = check_plant_new(a->plant_text, err))) {
        return false;
    }
    ram_code_written_hook = tcg_code_written;
    return true;
}

static void check_memory_changed(MemoryListener *l, AddressSpace *as)
{
    CheckAccel *a = container_of(l, CheckAccel, listener);

    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        tcg_engine_memory_changed(a->check.side[i].engine, as);
    }
}

static bool side_init(CheckAccel *a, CheckSideId id, CpuState *cpu, GError **err)
{
    CheckSide *s = &a->check.side[id];
    bool translator = id == a->check.translator;
    const TcgEngineConfig cfg = {
        .backend = translator ? tcg_backend_default() : tcg_backend_find("interp"),
        .tb_size = (size_t)a->tb_size_mib * MiB,
        .max_insns = TCG_MAX_INSNS,
        .verify = a->verify_ir,
        .shared = true,
        .hot_threshold = translator && a->tier2 ? a->tier2_threshold : 0,
    };

    if (!s->engine) {
        s->engine = tcg_engine_new(&cfg, cpu->ops, err);
        if (!s->engine) {
            return false;
        }
        tcg_engine_register(s->engine);
    }
    s->name = translator ? "translator" : "interp";
    if (translator && a->plant) {
        s->engine->edit = check_plant_edit;
        s->engine->edit_opaque = a->plant;
    }
    s->vcpu = tcg_engine_add_cpu(s->engine, cpu, err);
    return s->vcpu != NULL;
}

static bool check_accel_cpu_init(AccelState *accel, CpuState *cpu, GError **err)
{
    CheckAccel *a = (CheckAccel *)accel;

    if (a->check.cpu || cpu->index) {
        return error_set(err, "accelerator 'check' runs one CPU: -smp 1");
    }
    if (!cpu->ops->state_size) {
        return error_set(err, "accelerator 'check' does not know CPUs such as '%s'",
                         cpu->name);
    }
    a->check.translator = a->tier2 ? CHECK_FIRST : CHECK_SECOND;
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        if (!side_init(a, i, cpu, err)) {
            return false;
        }
    }
    a->check.cpu = cpu;
    a->check.grain = (CheckGrain){ a->grain == GRAIN_INSN ? 1 : 0, a->regions };
    a->check.full_report = a->report == REPORT_FULL;
    a->check.stop_by_exit = a->on_difference == DIFFERENCE_EXIT;
    check_init(&a->check);
    address_space_add_listener(cpu->as, &a->listener);
    return true;
}

static void check_accel_cpu_exit(AccelState *accel, CpuState *cpu)
{
    cpu->accel = NULL;
}

static void check_cpu_run(CpuState *cpu)
{
    check_run(&((CheckAccel *)accel_current())->check);
}

static void check_accel_finalize(Object *obj)
{
    CheckAccel *a = (CheckAccel *)obj;

    if (a->check.cpu) {
        address_space_remove_listener(a->check.cpu->as, &a->listener);
    }
    for (unsigned i = 0; i < CHECK_SIDES; i++) {
        if (a->check.side[i].engine) {
            tcg_engine_free(a->check.side[i].engine);
        }
    }
    check_destroy(&a->check);
    g_mutex_clear(&a->check.report_lock);
    check_plant_free(a->plant);
}

static void check_accel_instance_init(Object *obj)
{
    CheckAccel *a = (CheckAccel *)obj;

    a->listener.changed = check_memory_changed;
    g_mutex_init(&a->check.report_lock);
}

/* ---- Report ---- */

static void check_accel_check_info(AccelState *accel, GString *out)
{
    Check *c = &((CheckAccel *)accel)->check;
    const CheckStats *s = &c->stats;

#define LINE(label, value)                                                                \
    g_string_append_printf(out, "%-24s %" PRIu64 "\n", label, (uint64_t)(value))
    LINE("instructions compared", s->insns);
    LINE("comparisons", s->grains);
    LINE("regions", s->regions);
    LINE("single instructions", s->single);
    LINE("device accesses", s->devices);
    LINE("begun again", s->aborts);
    LINE("RAM written meanwhile", s->transients);
    LINE("run on one side alone", s->once);
#undef LINE
    g_mutex_lock(&c->report_lock);
    g_string_append(out, c->report ? c->report->str : "no difference\n");
    g_mutex_unlock(&c->report_lock);
}

static void check_accel_info(AccelState *accel, GString *out)
{
    Check *c = &((CheckAccel *)accel)->check;

    for (unsigned i = 0; i < CHECK_SIDES && c->cpu; i++) {
        g_string_append_printf(out, "%s:\n", c->side[i].name);
        tcg_engine_info(c->side[i].engine, out);
    }
}

static void check_accel_class_init(ObjectClass *klass, const TypeInfo *type)
{
    AccelClass *ac = (AccelClass *)klass;

    ac->name = "check";
    ac->init = check_accel_init;
    ac->cpu_init = check_accel_cpu_init;
    ac->cpu_exit = check_accel_cpu_exit;
    ac->cpu_run = check_cpu_run;
    ac->info = check_accel_info;
    ac->check_info = check_accel_check_info;
}

static const TypeInfo check_accel_type = {
    .name = TYPE_CHECK_ACCEL,
    .parent = TYPE_ACCEL,
    .desc = "run the translator and the interpreter in lock step and compare them",
    .instance_size = sizeof(CheckAccel),
    .properties = check_accel_properties,
    .class_init = check_accel_class_init,
    .instance_init = check_accel_instance_init,
    .instance_finalize = check_accel_finalize,
};
TYPE_REGISTER(check_accel_type);
