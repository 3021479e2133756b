/*
 * The machine type: its properties, checks and start (hw/core/machine.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"
#include "hw/core/numa.h"
#include "backends/hostmem.h"
#include "qapi/qapi-types-options.h"
#include "util/cutils.h"
#include <sys/mman.h>

static MachineState *current;

MachineState *machine_current(void)
{
    return current;
}

MachineClass *machine_class(const MachineState *m)
{
    return (MachineClass *)m->parent.klass;
}

/* ---- Finding ---- */

static bool supports_target(const MachineClass *mc, const char *target)
{
    return !target || !mc->targets ||
           g_strv_contains((const char *const *)mc->targets, target);
}

MachineClass *machine_find(const char *name, const char *target, GError **err)
{
    g_autoptr(GPtrArray) list = object_class_list(TYPE_MACHINE, false);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    MachineClass *other = NULL;

    for (guint i = 0; i < list->len; i++) {
        MachineClass *mc = list->pdata[i];

        if (supports_target(mc, target)) {
            if (!strcmp(mc->name, name)) {
                return mc;
            }
            g_ptr_array_add(names, (void *)mc->name);
        } else if (!strcmp(mc->name, name)) {
            other = mc;
        }
    }
    if (other) {
        g_autofree char *targets = g_strjoinv(", ", (char **)other->targets);

        error_set(err, "machine '%s' does not exist for target '%s'", name, target);
        error_set_culprit(err, "machine", name);
        error_set_expected(err, "target %s", targets);
        return NULL;
    }
    g_ptr_array_add(names, NULL);
    error_set_unknown(err, "machine", name, (const char *const *)names->pdata);
    error_add_hint(err, "-M help lists the machines");
    return NULL;
}

MachineState *machine_create(MachineClass *klass)
{
    g_assert(!current);
    current = (MachineState *)object_new_with_class(&klass->parent);
    object_add_child(object_root(), "machine", current, NULL);
    return current;
}

/* ---- Topology ---- */

/* What was not given is computed; cores are filled before sockets. */
bool machine_set_topology(MachineState *m, unsigned cpus, unsigned sockets, unsigned cores,
                          unsigned threads, unsigned maxcpus, GError **err)
{
    uint64_t total;

    if (maxcpus == 0 && sockets && cores && threads) {
        total = (uint64_t)sockets * cores * threads;
        maxcpus = MIN(total, UINT32_MAX);
    }
    if (maxcpus == 0) {
        total = (uint64_t)MAX(sockets, 1) * MAX(cores, 1) * MAX(threads, 1);
        maxcpus = MAX(cpus, MIN(total, UINT32_MAX));
    }
    cpus = cpus ? cpus : maxcpus;
    threads = threads ? threads : 1;
    if (!sockets && !cores) {
        sockets = 1;
    }
    if (!cores) {
        cores = MAX(maxcpus / ((uint64_t)sockets * threads), 1);
    } else if (!sockets) {
        sockets = MAX(maxcpus / ((uint64_t)cores * threads), 1);
    }
    total = (uint64_t)sockets * cores * threads;
    if (total != maxcpus) {
        error_set(err, "-smp: sockets (%u) * cores (%u) * threads (%u) makes %" PRIu64
                  " CPUs, maxcpus is %u", sockets, cores, threads, total, maxcpus);
        error_set_culprit(err, "property", "smp");
        return false;
    }
    if (cpus > maxcpus) {
        error_set(err, "-smp: %u CPUs are more than maxcpus (%u)", cpus, maxcpus);
        error_set_culprit(err, "property", "smp");
        return false;
    }
    m->smp_cpus = cpus;
    m->smp_sockets = sockets;
    m->smp_cores = cores;
    m->smp_threads = threads;
    m->smp_max_cpus = maxcpus;
    return true;
}

/* One member of "smp": 0 if it is absent, an error if it is given as 0. */
static bool visit_count(Visitor *v, const char *name, uint32_t *value, GError **err)
{
    bool present;

    *value = 0;
    if (!visit_optional(v, name, &present)) {
        return true;
    }
    if (!visit_type_uint32(v, name, value, err)) {
        return false;
    }
    if (*value == 0) {
        error_set(err, "-smp: '%s' is 0", name);
        error_set_culprit(err, "property", "smp");
        error_set_expected(err, "at least 1");
        return false;
    }
    return true;
}

static bool set_smp(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    /* Levels of other architectures may be named, as the one that there is. */
    static const char *const single[] = { "drawers", "books", "dies", "clusters", "modules" };
    uint32_t cpus, sockets, cores, threads, maxcpus, one;
    bool ok;

    if (!visit_start_struct(v, name, NULL, 0, err)) {
        return false;
    }
    ok = visit_count(v, "cpus", &cpus, err) && visit_count(v, "sockets", &sockets, err) &&
         visit_count(v, "cores", &cores, err) && visit_count(v, "threads", &threads, err) &&
         visit_count(v, "maxcpus", &maxcpus, err);
    for (size_t i = 0; ok && i < ARRAY_SIZE(single); i++) {
        ok = visit_count(v, single[i], &one, err);
        if (ok && one > 1) {
            ok = error_set(err, "-smp: this machine has no %s", single[i]);
        }
    }
    ok = ok && visit_check_struct(v, err) &&
         machine_set_topology((MachineState *)obj, cpus, sockets, cores, threads, maxcpus, err);
    visit_end_struct(v, NULL);
    return ok;
}

static bool get_smp(Object *obj, const Property *prop, Visitor *v, const char *name,
                    GError **err)
{
    MachineState *m = (MachineState *)obj;
    bool ok;

    if (!visit_start_struct(v, name, NULL, 0, err)) {
        return false;
    }
    ok = visit_type_uint32(v, "cpus", &m->smp_cpus, err) &&
         visit_type_uint32(v, "sockets", &m->smp_sockets, err) &&
         visit_type_uint32(v, "cores", &m->smp_cores, err) &&
         visit_type_uint32(v, "threads", &m->smp_threads, err) &&
         visit_type_uint32(v, "maxcpus", &m->smp_max_cpus, err);
    visit_end_struct(v, NULL);
    return ok;
}

/* ---- Memory ---- */

static bool set_memory(Object *obj, const Property *prop, Visitor *v, const char *name,
                       GError **err)
{
    MachineState *m = (MachineState *)obj;
    uint64_t size = m->ram_size, max = 0, slots = 0;
    bool present, ok = true;

    if (!visit_start_struct(v, name, NULL, 0, err)) {
        return false;
    }
    if (visit_optional(v, "size", &present)) {
        ok = visit_type_size_mib(v, "size", &size, err);
        if (ok && size == 0) {
            error_set(err, "-m 0: a machine without memory cannot run");
            error_set_culprit(err, "property", "memory");
            error_set_expected(err, "a size such as 512M or 2G");
            ok = false;
        }
    }
    if (ok && visit_optional(v, "max-size", &present)) {
        ok = visit_type_size_mib(v, "max-size", &max, err);
    }
    if (ok && visit_optional(v, "slots", &present)) {
        ok = visit_type_uint64(v, "slots", &slots, err);
    }
    if (ok && (slots || max > size)) {
        ok = error_set(err, "-m: this machine has no slots for more memory");
    }
    ok = ok && visit_check_struct(v, err);
    if (ok) {
        m->ram_size = ROUND_UP(MIN(size, UINT64_MAX - 8191), 8192);
        m->ram_size_given = true;
    }
    visit_end_struct(v, NULL);
    return ok;
}

static bool get_memory(Object *obj, const Property *prop, Visitor *v, const char *name,
                       GError **err)
{
    MachineState *m = (MachineState *)obj;
    bool ok;

    if (!visit_start_struct(v, name, NULL, 0, err)) {
        return false;
    }
    ok = visit_type_size(v, "size", &m->ram_size, err);
    visit_end_struct(v, NULL);
    return ok;
}

/* ---- Boot ---- */

/* Letters of drives, each once. */
static bool check_drives(const char *key, const char *drives, GError **err)
{
    for (const char *d = drives; d && *d; d++) {
        if (*d < 'a' || *d > 'p' || strchr(d + 1, *d)) {
            error_set(err, "-boot %s=%s: '%c' is %s", key, drives, *d,
                      *d < 'a' || *d > 'p' ? "no drive" : "there twice");
            error_set_culprit(err, "property", "boot");
            error_set_expected(err, "letters from a to p, each once");
            return false;
        }
    }
    return true;
}

static bool check_range(const char *key, bool given, int64_t value, int64_t min, GError **err)
{
    if (!given || (value >= min && value <= UINT16_MAX)) {
        return true;
    }
    error_set(err, "-boot %s=%" PRId64, key, value);
    error_set_culprit(err, "property", "boot");
    error_set_expected(err, "milliseconds from %" PRId64 " to %d", min, UINT16_MAX);
    return false;
}

static bool set_boot(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    MachineState *m = (MachineState *)obj;
    g_autoptr(BootConfiguration) b = NULL;

    if (!visit_type_BootConfiguration(v, name, &b, err) ||
        !check_drives("order", b->order, err) || !check_drives("once", b->once, err) ||
        !check_range("splash-time", b->has_splash_time, b->splash_time, 0, err) ||
        !check_range("reboot-timeout", b->has_reboot_timeout, b->reboot_timeout, -1, err)) {
        return false;
    }
    qapi_free_BootConfiguration(m->boot);
    m->boot = g_steal_pointer(&b);
    return true;
}

static bool get_boot(Object *obj, const Property *prop, Visitor *v, const char *name,
                     GError **err)
{
    MachineState *m = (MachineState *)obj;
    BootConfiguration none = { 0 }, *b = m->boot ? m->boot : &none;

    return visit_type_BootConfiguration(v, name, &b, err);
}

/* ---- Start ---- */

static bool check_cpus(MachineState *m, GError **err)
{
    MachineClass *mc = machine_class(m);

    if (mc->no_cpu) {
        return true;
    }
    if (m->smp_max_cpus > mc->max_cpus) {
        error_set(err, "-smp: machine '%s' does not support %u CPUs", mc->name,
                  m->smp_max_cpus);
        error_set_culprit(err, "property", "smp");
        error_set_expected(err, "%u to %u", mc->min_cpus, mc->max_cpus);
        return false;
    }
    if (m->smp_cpus < mc->min_cpus) {
        error_set(err, "-smp: machine '%s' needs more than %u CPUs", mc->name, m->smp_cpus);
        error_set_culprit(err, "property", "smp");
        error_set_expected(err, "%u to %u", mc->min_cpus, mc->max_cpus);
        return false;
    }
    return true;
}

static bool check_options(MachineState *m, GError **err)
{
    if (!m->kernel) {
        const char *needs = m->initrd ? "-initrd" : m->append ? "-append" : NULL;

        if (needs) {
            error_set(err, "%s needs a kernel", needs);
            error_set_culprit(err, "option", needs);
            error_set_expected(err, "-kernel FILE besides it");
            return false;
        }
    }
    if (m->usb) {
        error_set(err, "usb=on: machine '%s' has no USB controller", machine_class(m)->name);
        error_set_culprit(err, "property", "usb");
        return false;
    }
    return true;
}

/* The size is the object's; one that was given besides must be the same. */
static bool use_backend(MachineState *m, GError **err)
{
    HostMemory *mem = host_memory_claim(m->memory_backend, err);

    if (!mem) {
        return error_prefix(err, "-machine memory-backend");
    }
    if (m->ram_size_given && m->ram_size != mem->size) {
        error_set(err, "-m: memory object '%s' has %" PRIu64 " bytes, not %" PRIu64,
                  m->memory_backend, mem->size, m->ram_size);
        error_set_expected(err, "the same size, or none");
        return false;
    }
    m->ram_size = mem->size;
    m->ram = &mem->region;
    m->ram_object = object_ref(mem);
    return true;
}

static bool make_ram(MachineState *m, GError **err)
{
    MachineClass *mc = machine_class(m);
    g_autofree char *size = format_size(m->ram_size);

    if (mc->no_ram) {
        return true;
    }
    if (m->ram_size == 0) {
        return error_set(err, "-m: a memory size of 0");
    }
    if (m->memory_backend) {
        return use_backend(m, err);
    }
    m->ram = g_new0(MemoryRegion, 1);
    if (!memory_region_init_ram(m->ram, m, mc->default_ram_id ? mc->default_ram_id : "ram",
                                m->ram_size, err)) {
        g_clear_pointer(&m->ram, g_free);
        return error_prefix(err, "-m: no %s of memory for the guest", size);
    }
    if (!m->dump_guest_core) {
        madvise(m->ram->ram->host, m->ram->ram->size, MADV_DONTDUMP);
    }
    return true;
}

DeviceState *machine_new_device(MachineState *m, const char *type, const char *name)
{
    DeviceState *dev = (DeviceState *)object_new(type);

    object_add_child(m, name, dev, NULL);
    return dev;
}

bool machine_run_init(MachineState *m, GError **err)
{
    MachineClass *mc = machine_class(m);

    g_assert(!m->initialized);
    if (!object_init_ok(m, err) || !check_cpus(m, err) || !check_options(m, err) ||
        !make_ram(m, err) || !machine_numa_complete(m, err)) {
        return false;
    }
    if (mc->init && !mc->init(m, err)) {
        return false;
    }
    m->initialized = true;
    m->parent.frozen = true;
    return true;
}

/* ---- The types ---- */

static const Property machine_properties[] = {
    PROP_STR(MachineState, target, "target", "architecture of the guest",
             .flags = PROP_INTERNAL),
    PROP_STR(MachineState, cpu_model, "cpu", "CPU model and its properties, as -cpu takes them",
             .flags = PROP_INTERNAL),
    PROP_CUSTOM("smp", "CPUs and their topology (-smp)", "SMPConfiguration", get_smp, set_smp),
    PROP_CUSTOM("memory", "size of the guest's memory (-m)", "MemorySizeConfiguration",
                get_memory, set_memory),
    PROP_CUSTOM("boot", "what firmware boots from (-boot)", "BootConfiguration", get_boot,
                set_boot),
    PROP_STR(MachineState, memory_backend, "memory-backend",
             "id of the memory object that is the guest's memory"),
    PROP_BOOL(MachineState, usb, "usb", "the machine has a USB controller; none can have one"),
    PROP_BOOL(MachineState, dump_guest_core, "dump-guest-core",
              "core dumps of the process contain the guest's memory", .def = true),
    PROP_BOOL(MachineState, graphics, "graphics",
              "firmware may use a display; off: the serial port (-nographic)", .def = true),
    PROP_STR(MachineState, firmware, "firmware", "firmware file (-bios), or none"),
    PROP_STR(MachineState, kernel, "kernel", "kernel file (-kernel)"),
    PROP_STR(MachineState, initrd, "initrd", "initial RAM disk (-initrd)"),
    PROP_STR(MachineState, append, "append", "kernel command line (-append)"),
    PROP_STR(MachineState, dtb, "dtb", "device tree file for the guest (-dtb)"),
    PROP_STR(MachineState, dumpdtb, "dumpdtb",
             "write the device tree to this file and exit"),
    PROP_END
};

static void machine_instance_init(Object *obj)
{
    MachineState *m = (MachineState *)obj;
    MachineClass *mc = machine_class(m);

    m->ram_size = mc->default_ram_size;
    m->smp_cpus = mc->default_cpus ? mc->default_cpus : MAX(mc->min_cpus, 1);
    m->smp_cores = m->smp_max_cpus = m->smp_cpus;
    m->smp_sockets = m->smp_threads = 1;
}

static void machine_instance_finalize(Object *obj)
{
    MachineState *m = (MachineState *)obj;

    if (m->ram_object) {
        memory_region_del_subregion(m->ram->container, m->ram);
        object_unref(m->ram_object);
    } else if (m->ram) {
        memory_region_destroy(m->ram);
        g_free(m->ram);
    }
    machine_numa_free(m);
    qapi_free_BootConfiguration(m->boot);
    g_free(m->fdt);
    g_clear_pointer(&m->boot_order, g_ptr_array_unref);
    if (current == m) {
        current = NULL;
    }
}

static const TypeInfo machine_type_info = {
    .name = TYPE_MACHINE,
    .abstract = true,
    .instance_size = sizeof(MachineState),
    .class_size = sizeof(MachineClass),
    .properties = machine_properties,
    .instance_init = machine_instance_init,
    .instance_finalize = machine_instance_finalize,
};
TYPE_REGISTER(machine_type_info);

static void none_class_init(ObjectClass *klass, const TypeInfo *type)
{
    MachineClass *mc = (MachineClass *)klass;

    mc->name = "none";
    mc->max_cpus = 1;
    mc->no_ram = mc->no_cpu = true;
}

static const TypeInfo none_machine_type_info = {
    .name = "none" MACHINE_TYPE_SUFFIX,
    .parent = TYPE_MACHINE,
    .desc = "empty machine",
    .class_init = none_class_init,
};
TYPE_REGISTER(none_machine_type_info);
