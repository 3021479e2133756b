/*
 * Answers about subsystems that are not there yet (qapi/absent.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "qapi/qapi-commands-absent.h"

MigrationCapabilityStatusList *qmp_query_migrate_capabilities(GError **err)
{
    return g_new0(MigrationCapabilityStatusList, 1);
}

bool qmp_migrate_set_capabilities(MigrationCapabilityChangeList *capabilities, GError **err)
{
    return true;
}

MigrationParameters *qmp_query_migrate_parameters(GError **err)
{
    return g_malloc0(MAX(sizeof(MigrationParameters), 1));
}

MouseInfoList *qmp_query_mice(GError **err)
{
    return g_new0(MouseInfoList, 1);
}

strList *qmp_query_tpm_models(GError **err)
{
    return g_new0(strList, 1);
}

strList *qmp_query_tpm_types(GError **err)
{
    return g_new0(strList, 1);
}

MemoryDeviceInfoList *qmp_query_memory_devices(GError **err)
{
    return g_new0(MemoryDeviceInfoList, 1);
}

JobInfoList *qmp_query_jobs(GError **err)
{
    return g_new0(JobInfoList, 1);
}

StatsResultList *qmp_query_stats(StatsTarget target, strList *vcpus,
                                 StatsRequestList *providers, GError **err)
{
    return g_new0(StatsResultList, 1);
}

StatsSchemaList *qmp_query_stats_schemas(bool has_provider, StatsProvider provider,
                                         GError **err)
{
    return g_new0(StatsSchemaList, 1);
}
