/*
 * QMP commands that make a machine (qapi/config.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/qapi-commands-config.h"
#include "qom/object.h"
#include "softmmu/main-config.h"

struct json_object *qmp_machine_create(struct json_object *args, GError **err)
{
    return main_config_create(args, false, err) ? json_object_new_object() : NULL;
}

bool qmp_x_exit_preconfig(GError **err)
{
    return main_config_exit_preconfig(err);
}

bool qmp_global_add(const char *driver, const char *property, const char *value, GError **err)
{
    object_add_global(driver, property, value);
    return true;
}

bool qmp_monitor_add(MonitorOptions *m, GError **err)
{
    return main_monitor_add(m, err);
}
