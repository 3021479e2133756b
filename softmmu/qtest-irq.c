/*
 * qtest commands on interrupt wires: watching a device's inputs or outputs, driving an input.
 *
 * A watched wire works on as before. An input is watched by its intercept hook; an output
 * by a wire that is put between it and what it was connected to. Wires of one device are
 * watched at a time, until the process ends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/irq.h"
#include "softmmu/qtest-internal.h"

typedef struct WatchedWire {
    Qtest *q;
    unsigned n;
    int level;          /* now */
    int told;           /* as the client knows it */
    IrqInput *in;       /* the watched input; or what the output was connected to */
    IrqLine *out;       /* the watched output, or NULL */
    IrqInput between;   /* output: what it is connected to now */
} WatchedWire;

struct QtestWires {
    DeviceState *dev;   /* a reference */
    char *name;         /* of the wires, or NULL */
    bool inputs;
    bool held;          /* changes are told later */
    unsigned count;
    WatchedWire wire[];
};

static void wire_changed(WatchedWire *w, int level)
{
    w->level = level;
    if (!w->q->wires->held && !w->level != !w->told) {
        w->told = level;
        qtest_tell(w->q, "IRQ %s %u", level ? "raise" : "lower", w->n);
    }
}

static bool on_input(IrqInput *in, int level, void *opaque)
{
    wire_changed(opaque, level);
    return false;
}

static void on_output(void *opaque, int n, int level)
{
    WatchedWire *w = opaque;

    wire_changed(w, level);
    if (w->in) {
        irq_input_set(w->in, level);
    }
}

void qtest_wires_hold(Qtest *q)
{
    if (q->wires) {
        q->wires->held = true;
    }
}

void qtest_wires_release(Qtest *q)
{
    if (!q->wires) {
        return;
    }
    q->wires->held = false;
    for (unsigned i = 0; i < q->wires->count; i++) {
        wire_changed(&q->wires->wire[i], q->wires->wire[i].level);
    }
}

static void watch_input(WatchedWire *w, IrqInput *in)
{
    w->in = in;
    in->intercept = on_input;
    in->intercept_opaque = w;
}

/* A level that is up already is told. */
static void watch_output(WatchedWire *w, IrqLine *out)
{
    w->out = out;
    w->in = out->input;
    irq_input_init(&w->between, on_output, w, 0);
    out->input = &w->between;
    wire_changed(w, out->level);
}

void qtest_wires_free(Qtest *q)
{
    for (unsigned i = 0; q->wires && i < q->wires->count; i++) {
        WatchedWire *w = &q->wires->wire[i];

        if (w->out) {
            w->out->input = w->in;
        } else {
            w->in->intercept = NULL;
        }
    }
    if (q->wires) {
        object_unref(q->wires->dev);
        g_free(q->wires->name);
        g_clear_pointer(&q->wires, g_free);
    }
}

/* Names that the protocol has for wires without one. */
static const char *wire_name(const char *name)
{
    return g_str_equal(name, "unnamed-gpio-in") || g_str_equal(name, "unnamed-gpio-out") ||
                   g_str_equal(name, "sysbus-irq")
               ? NULL
               : name;
}

static bool intercept(Qtest *q, const char *path, const char *name, bool inputs, GError **err)
{
    DeviceState *dev = qtest_device(path, err);
    QtestWires *wires = q->wires;
    unsigned count;

    if (!dev) {
        return false;
    }
    if (wires) {
        return (wires->dev == dev && wires->inputs == inputs &&
                !g_strcmp0(wires->name, name)) ||
               error_set(err, "IRQ intercept already enabled");
    }
    count = device_count_irqs(dev, name, inputs);
    if (count == 0) {
        return error_set(err, "No intercepts installed");
    }
    wires = g_malloc0(sizeof(*wires) + count * sizeof(wires->wire[0]));
    wires->dev = object_ref(dev);
    wires->name = g_strdup(name);
    wires->inputs = inputs;
    wires->count = count;
    q->wires = wires;
    for (unsigned i = 0; i < count; i++) {
        wires->wire[i].q = q;
        wires->wire[i].n = i;
        if (inputs) {
            watch_input(&wires->wire[i], device_irq_in(dev, name, i));
        } else {
            watch_output(&wires->wire[i], device_irq_out(dev, name, i));
        }
    }
    return true;
}

bool qtest_run_irq_intercept_in(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                                GError **err)
{
    return intercept(q, arg[0], NULL, true, err);
}

/* The name is there for irq_intercept_out_named only. */
bool qtest_run_irq_intercept_out(Qtest *q, const QtestCommand *cmd, char **arg,
                                 GString *reply, GError **err)
{
    return intercept(q, arg[0], strchr(cmd->operands, ' ') ? wire_name(arg[1]) : NULL, false,
                     err);
}

bool qtest_run_set_irq_in(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                          GError **err)
{
    DeviceState *dev = qtest_device(arg[0], err);
    const char *name = wire_name(arg[1]);
    uint64_t n, level;
    IrqInput *in;

    if (!dev || !qtest_number(arg[2], "NUMBER", UINT32_MAX, &n, err) ||
        !qtest_number(arg[3], "LEVEL", INT32_MAX, &level, err)) {
        return false;
    }
    in = device_irq_in(dev, name, n);
    if (!in) {
        return error_set(err, "the device has no input %" PRIu64 " named '%.80s'", n, arg[1]);
    }
    irq_input_set(in, level);
    return true;
}
