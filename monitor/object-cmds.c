/*
 * QMP commands on memory objects and threads (qapi/qom.json).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/hostmem.h"
#include "backends/iothread.h"
#include "qapi/qapi-commands-qom.h"
#include "qapi/qapi-util.h"

static bool add_memory(Object *obj, void *opaque)
{
    const HostMemory *mem = (const HostMemory *)obj;
    MemdevList *list = opaque;
    Memdev *info;

    if (!object_is_a(obj, TYPE_MEMORY_BACKEND)) {
        return true;
    }
    info = g_new0(Memdev, 1);
    info->id = g_strdup(obj->name);
    info->size = mem->size;
    info->merge = mem->merge;
    info->dump = mem->dump;
    info->prealloc = mem->prealloc;
    info->share = mem->share;
    info->host_nodes = g_new0(uint16List, 1);
    info->policy = HOST_MEM_POLICY_DEFAULT;
    QAPI_LIST_APPEND(list, info);
    return true;
}

MemdevList *qmp_query_memdev(GError **err)
{
    MemdevList *list = g_new0(MemdevList, 1);

    object_foreach_child(object_container("/objects"), false, add_memory, list);
    return list;
}

static bool add_thread(Object *obj, void *opaque)
{
    const IoThread *t = (const IoThread *)obj;
    IOThreadInfoList *list = opaque;
    IOThreadInfo *info;

    if (!object_is_a(obj, TYPE_IOTHREAD)) {
        return true;
    }
    info = g_new0(IOThreadInfo, 1);
    info->id = g_strdup(obj->name);
    info->thread_id = t->thread_id;
    info->poll_max_ns = t->poll_max_ns;
    info->poll_grow = t->poll_grow;
    info->poll_shrink = t->poll_shrink;
    info->aio_max_batch = t->aio_max_batch;
    QAPI_LIST_APPEND(list, info);
    return true;
}

IOThreadInfoList *qmp_query_iothreads(GError **err)
{
    IOThreadInfoList *list = g_new0(IOThreadInfoList, 1);

    object_foreach_child(object_container("/objects"), false, add_thread, list);
    return list;
}
