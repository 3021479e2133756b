/*
 * "info profile": the answer to query-profile as tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "monitor/hmp-format.h"

/* Members of ProfileTimes, in the order in which they are shown. */
static const char *const shares[] = { "translated-code", "helpers", "translation",
                                      "slow-memory", "devices", "lock-waits", "dispatch",
                                      "idle" };

static double number(struct json_object *o, const char *name)
{
    return json_object_get_double(json_object_object_get(o, name));
}

static const char *text(struct json_object *o, const char *name)
{
    return json_object_get_string(json_object_object_get(o, name));
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void put_times(struct json_object *v, struct json_object *vcpus, GString *out)
{
    size_t n = json_object_array_length(vcpus);

    g_string_append_printf(out, "%-20s %10s %7s", "", "seconds", "%");
    for (size_t i = 0; n > 1 && i < n; i++) {
        g_autofree char *name = g_strdup_printf("CPU %.0f %%", number(
            json_object_array_get_idx(vcpus, i), "cpu"));
        g_string_append_printf(out, " %9s", name);
    }
    g_string_append_c(out, '\n');
    for (unsigned k = 0; k < ARRAY_SIZE(shares); k++) {
        double s = number(json_object_object_get(v, "times"), shares[k]);

        g_string_append_printf(out, "%-20s %10.3f %7.2f", shares[k], s,
                               percent(s, number(v, "total")));
        for (size_t i = 0; n > 1 && i < n; i++) {
            struct json_object *c = json_object_array_get_idx(vcpus, i);

            g_string_append_printf(out, " %9.2f",
                                   percent(number(json_object_object_get(c, "times"), shares[k]),
                                           number(c, "total")));
        }
        g_string_append_c(out, '\n');
    }
    g_string_append_printf(out, "%-20s %10.3f %7.2f\n", "total", number(v, "total"), 100.0);
}

void hmp_format_profile(struct json_object *v, GString *out)
{
    struct json_object *vcpus = json_object_object_get(v, "vcpus");
    struct json_object *devices = json_object_object_get(v, "devices");
    struct json_object *functions = json_object_object_get(v, "functions");
    double host = 0;

    for (size_t i = 0; i < json_object_array_length(vcpus); i++) {
        host += number(json_object_array_get_idx(vcpus, i), "host-cpu");
    }
    put_times(v, vcpus, out);
    g_string_append_printf(out, "%-20s %10.3f\n", "host CPU time", host);
    g_string_append_printf(out, "%-20s %10.0f at %.0f Hz\n", "samples", number(v, "samples"),
                           number(v, "frequency"));
    if (json_object_array_length(devices)) {
        g_string_append(out, "\nDevices, seconds\n");
    }
    for (size_t i = 0; i < json_object_array_length(devices); i++) {
        struct json_object *d = json_object_array_get_idx(devices, i);

        g_string_append_printf(out, "%10.3f  %s\n", number(d, "seconds"), text(d, "name"));
    }
    g_string_append_printf(out, "\nGuest functions, %% of samples (%.0f names known)\n",
                           number(v, "symbols"));
    for (size_t i = 0; i < json_object_array_length(functions); i++) {
        struct json_object *f = json_object_array_get_idx(functions, i);

        g_string_append_printf(out, "%7.2f  %-8s %s\n", number(f, "percent"), text(f, "space"),
                               text(f, "function"));
    }
}
