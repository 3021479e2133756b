/*
 * Making a board's harts from -cpu and -smp.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/harts.h"
#include "hw/core/sysbus.h"
#include "hw/intc/riscv-aclint.h"
#include "qapi/json.h"
#include "qapi/keyval.h"

static bool create_one(MachineState *m, ObjectClass *klass, struct json_object *props,
                       unsigned index, uint64_t reset_vector, RiscvCpu **ret, GError **err)
{
    static const char *const skip[] = { "model", NULL };
    g_autofree char *name = g_strdup_printf("cpu[%u]", index);
    RiscvCpu *hart = (RiscvCpu *)object_new_with_class(klass);
    bool ok;

    hart->hartid = index;
    hart->reset_vector = reset_vector;
    ok = (!props || object_set_properties(hart, props, true, skip, err)) &&
         object_add_child(m, name, hart, err);
    if (!ok) {
        object_unref(hart);
        return false;
    }
    if (!device_realize(&hart->parent.parent, NULL, err)) {
        object_unparent(hart);
        return false;
    }
    *ret = hart;
    return true;
}

bool riscv_harts_create(MachineState *m, RiscvCpu **harts, uint64_t reset_vector, GError **err)
{
    const char *model = machine_class(m)->default_cpu_model(m->target);
    g_autoptr(json_object) props = NULL;
    ObjectClass *klass;

    if (m->cpu_model) {
        struct json_object *value;

        props = keyval_parse(m->cpu_model, "model", NULL, err);
        if (!props) {
            return error_prefix(err, "-cpu %s", m->cpu_model);
        }
        if (json_object_object_get_ex(props, "model", &value)) {
            model = json_object_get_string(value);
        }
    }
    klass = cpu_class_by_model(m->target, model, err);
    if (!klass) {
        return false;
    }
    for (unsigned i = 0; i < m->smp_cpus; i++) {
        if (!create_one(m, klass, props, i, reset_vector, &harts[i], err)) {
            return error_prefix(err, "CPU model '%s'", model);
        }
    }
    return true;
}

bool riscv_clint_create(MachineState *m, RiscvCpu **harts, uint64_t base, GError **err)
{
    unsigned n = m->smp_cpus;
    DeviceState *swi = machine_new_device(m, TYPE_RISCV_ACLINT_SWI, "mswi");
    DeviceState *timer = machine_new_device(m, TYPE_RISCV_ACLINT_MTIMER, "mtimer");

    object_set_uint(swi, "num-harts", n, NULL);
    object_set_uint(timer, "num-harts", n, NULL);
    if (!sysbus_realize(swi, err) || !sysbus_realize(timer, err)) {
        return false;
    }
    sysbus_map(swi, 0, base);
    sysbus_map(timer, 0, base + RISCV_ACLINT_SWI_SIZE);
    for (unsigned i = 0; i < n; i++) {
        sysbus_connect_irq(swi, i, riscv_hart_irq(harts[i], RISCV_IRQ_MSIP));
        sysbus_connect_irq(timer, i, riscv_hart_irq(harts[i], RISCV_IRQ_MTIP));
    }
    return true;
}

char *riscv_plic_hart_config(RiscvCpu **harts, unsigned n)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        g_string_append(s, i ? ",M" : "M");
        if (harts[i]->has_s) {
            g_string_append_c(s, 'S');
        }
    }
    return g_string_free(s, FALSE);
}
