/*
 * The monitor's command about debuggers (qapi/gdb.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "gdbstub/gdbstub.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-gdb.h"

HumanReadableText *qmp_x_gdbserver(const char *device, GError **err)
{
    GdbStub *s = (GdbStub *)object_resolve_path("/gdbstub", TYPE_GDBSTUB, NULL);
    GString *out;

    device = device ? device : "tcp::1234";
    if (!s || !gdbstub_start(s, device, err)) {
        return NULL;
    }
    out = g_string_new(NULL);
    if (g_str_equal(device, "none")) {
        g_string_append(out, "Waiting for no debugger\n");
    } else {
        g_string_append_printf(out, "Waiting for a debugger on '%s'\n", device);
    }
    return human_readable_text(out);
}
