/*
 * Memory objects (backends/hostmem.h): anonymous memory, a file, or a memory file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/hostmem.h"
#include "util/fdset.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { NO_FILE = -1, FAULT = -2 };

typedef struct FileMemory {
    HostMemory parent;
    char *path; /* property */
} FileMemory;

static HostMemoryClass *host_memory_class(const HostMemory *mem)
{
    return (HostMemoryClass *)mem->parent.klass;
}

HostMemory *host_memory_claim(const char *id, GError **err)
{
    Object *all = object_container("/objects");
    HostMemory *mem = all->children ? g_hash_table_lookup(all->children, id) : NULL;

    if (!mem || !object_is_a(mem, TYPE_MEMORY_BACKEND)) {
        error_set(err, mem ? "object '%s' is no memory" : "memory object '%s' not found", id);
        error_set_culprit(err, "object", id);
        return NULL;
    }
    if (mem->mapped) {
        error_set(err, "memory object '%s' is in use already", id);
        return NULL;
    }
    mem->mapped = true;
    return mem;
}

/* Make all pages now, so that a lack of them shows here. */
static bool preallocate(const RamBlock *rb, GError **err)
{
    if (madvise(rb->host, rb->size, MADV_POPULATE_WRITE) != 0) {
        return error_set_errno(err, errno, "cannot allocate %" PRIu64 " bytes in advance",
                               rb->size);
    }
    return true;
}

static bool host_memory_complete(Object *obj, GError **err)
{
    HostMemory *mem = (HostMemory *)obj;
    int fd;

    if (mem->size == 0) {
        error_set(err, "property 'size' is missing");
        error_set_expected(err, "a size such as 512M");
        return false;
    }
    fd = host_memory_class(mem)->open(mem, err);
    if (fd == FAULT) {
        return false;
    }
    if (!memory_region_init_ram_file(&mem->region, NULL, obj->name, mem->size, fd, mem->share,
                                     err)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    /* Advice: a kernel without it does without. */
    if (mem->merge) {
        madvise(mem->region.ram->host, mem->region.ram->size, MADV_MERGEABLE);
    }
    if (!mem->dump) {
        madvise(mem->region.ram->host, mem->region.ram->size, MADV_DONTDUMP);
    }
    return !mem->prealloc || preallocate(mem->region.ram, err);
}

static bool host_memory_can_be_deleted(Object *obj)
{
    return !((HostMemory *)obj)->mapped;
}

static void host_memory_init(Object *obj)
{
    ((HostMemory *)obj)->share = host_memory_class((HostMemory *)obj)->share_default;
}

static void host_memory_finalize(Object *obj)
{
    HostMemory *mem = (HostMemory *)obj;

    if (mem->region.ram) {
        memory_region_destroy(&mem->region);
    }
}

static const Property host_memory_properties[] = {
    PROP_SIZE(HostMemory, size, "size", "bytes of memory"),
    PROP_BOOL(HostMemory, share, "share", "other processes that map the file see what the "
              "guest writes", .flags = PROP_NO_DEFAULT),
    PROP_BOOL(HostMemory, merge, "merge", "the host may merge equal pages", .def = true),
    PROP_BOOL(HostMemory, dump, "dump", "core dumps of the process contain it", .def = true),
    PROP_BOOL(HostMemory, prealloc, "prealloc", "allocate all pages at once"),
    PROP_END
};

static const TypeInfo host_memory_type = {
    .name = TYPE_MEMORY_BACKEND,
    .parent = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(HostMemory),
    .class_size = sizeof(HostMemoryClass),
    .properties = host_memory_properties,
    .instance_init = host_memory_init,
    .instance_finalize = host_memory_finalize,
};
TYPE_REGISTER(host_memory_type);

/* ---- Anonymous memory ---- */

/* Shared memory needs a file, even if no other process can open it. */
static int memory_file(HostMemory *mem, GError **err)
{
    int fd = memfd_create(mem->parent.name, MFD_CLOEXEC);

    if (fd < 0) {
        error_set_errno(err, errno, "cannot make a memory file");
        return FAULT;
    }
    if (ftruncate(fd, mem->size) != 0) {
        error_set_errno(err, errno, "cannot make a memory file of %" PRIu64 " bytes",
                        mem->size);
        close(fd);
        return FAULT;
    }
    return fd;
}

static int anonymous_open(HostMemory *mem, GError **err)
{
    return mem->share ? memory_file(mem, err) : NO_FILE;
}

static void anonymous_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((HostMemoryClass *)klass)->open = anonymous_open;
}

static const TypeInfo anonymous_type = {
    .name = "memory-backend-ram",
    .parent = TYPE_MEMORY_BACKEND,
    .desc = "anonymous memory",
    .class_init = anonymous_class_init,
    .user_creatable = true,
    .complete = host_memory_complete,
    .can_be_deleted = host_memory_can_be_deleted,
};
TYPE_REGISTER(anonymous_type);

/* ---- Memory files ---- */

static void memfd_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((HostMemoryClass *)klass)->open = memory_file;
    ((HostMemoryClass *)klass)->share_default = true;
}

static const TypeInfo memfd_type = {
    .name = "memory-backend-memfd",
    .parent = TYPE_MEMORY_BACKEND,
    .desc = "memory file without a name",
    .class_init = memfd_class_init,
    .user_creatable = true,
    .complete = host_memory_complete,
    .can_be_deleted = host_memory_can_be_deleted,
};
TYPE_REGISTER(memfd_type);

/* ---- Files ---- */

/* A folder: a file in it that has no name. */
static int open_path(const char *path)
{
    int fd = fdset_open(path, O_RDWR | O_CREAT | O_NONBLOCK, 0600);

    return fd < 0 && errno == EISDIR ? open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : fd;
}

static int file_open(HostMemory *mem, GError **err)
{
    const char *path = ((FileMemory *)mem)->path;
    struct stat st;
    int fd;

    if (!path) {
        error_set(err, "property 'mem-path' is missing");
        return FAULT;
    }
    fd = open_path(path);
    if (fd < 0) {
        error_set_errno(err, errno, "cannot open '%s'", path);
        return FAULT;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        error_set(err, "'%s' is no file", path);
    } else if (st.st_size < mem->size && ftruncate(fd, mem->size) != 0) {
        error_set_errno(err, errno, "cannot extend '%s' to %" PRIu64 " bytes", path, mem->size);
    } else {
        return fd;
    }
    close(fd);
    return FAULT;
}

static const Property file_properties[] = {
    PROP_STR(FileMemory, path, "mem-path", "file, or folder for a file without a name"),
    PROP_END
};

static void file_class_init(ObjectClass *klass, const TypeInfo *type)
{
    ((HostMemoryClass *)klass)->open = file_open;
}

static const TypeInfo file_type = {
    .name = "memory-backend-file",
    .parent = TYPE_MEMORY_BACKEND,
    .desc = "memory in a file",
    .instance_size = sizeof(FileMemory),
    .properties = file_properties,
    .class_init = file_class_init,
    .user_creatable = true,
    .complete = host_memory_complete,
    .can_be_deleted = host_memory_can_be_deleted,
};
TYPE_REGISTER(file_type);
