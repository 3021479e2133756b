/*
 * Files for the host's perf(1) (accel/tcg/perf.h).
 *
 * The map is one line a region, "address size name" (linux, tools/perf, "jit-interface.txt"). It
 * has no times: where the cache was reused, a later line is for the same addresses.
 *
 * The jitdump (linux, tools/perf, "jitdump-specification.txt", version 1) has the code and the
 * time of each region as well. perf record finds it because it is mapped executable;
 * perf inject --jit makes ELF files of it. Times are those of CLOCK_MONOTONIC.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "accel/tcg/perf.h"
#include "util/symbols.h"

struct TcgPerf {
    GMutex lock;
    FILE *map, *jit;    /* or NULL */
    void *mark;         /* by which perf record sees the jitdump */
    size_t mark_size;
    uint64_t code_index;
};

/* ---- The jitdump's records ---- */

enum { JIT_MAGIC = 0x4a695444, JIT_VERSION = 1, JIT_CODE_LOAD = 0 };

typedef struct JitHeader {
    uint32_t magic, version, total_size, elf_mach, pad1, pid;
    uint64_t timestamp, flags;
} JitHeader;

typedef struct JitCodeLoad {
    uint32_t id, total_size;
    uint64_t timestamp;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
    /* the name, terminated, and the code follow */
} JitCodeLoad;

static uint64_t timestamp(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static int host_elf_machine(void)
{
#ifdef __x86_64__
    return EM_X86_64;
#elif defined(__aarch64__)
    return EM_AARCH64;
#else
    return EM_NONE;
#endif
}

static bool jit_open(TcgPerf *p, GError **err)
{
    g_autofree char *path = g_strdup_printf("jit-%d.dump", getpid());
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);

    if (fd < 0) {
        return error_set_errno(err, errno, "jitdump: cannot write '%s'", path);
    }
    p->jit = fdopen(fd, "w");
    const JitHeader h = {
        .magic = JIT_MAGIC, .version = JIT_VERSION, .total_size = sizeof(h),
        .elf_mach = host_elf_machine(), .pid = getpid(), .timestamp = timestamp(),
    };
    fwrite(&h, sizeof(h), 1, p->jit);
    fflush(p->jit);
    p->mark_size = sysconf(_SC_PAGESIZE);
    p->mark = mmap(NULL, p->mark_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (p->mark == MAP_FAILED) {
        p->mark = NULL;
        return error_set_errno(err, errno, "jitdump: cannot map '%s' executable", path);
    }
    return true;
}

/* The files' lock is held. */
static void put_locked(TcgPerf *p, const uint8_t *code, size_t size, const char *name)
{
    if (p->map) {
        fprintf(p->map, "%" PRIxPTR " %zx %s\n", (uintptr_t)code, size, name);
    }
    if (p->jit) {
        const JitCodeLoad r = {
            .id = JIT_CODE_LOAD, .total_size = sizeof(r) + strlen(name) + 1 + size,
            .timestamp = timestamp(), .pid = getpid(), .tid = gettid(),
            .vma = (uintptr_t)code, .code_addr = (uintptr_t)code, .code_size = size,
            .code_index = p->code_index++,
        };
        fwrite(&r, sizeof(r), 1, p->jit);
        fwrite(name, strlen(name) + 1, 1, p->jit);
        fwrite(code, size, 1, p->jit);
    }
}

/* ---- Interface ---- */

bool tcg_perf_new(bool map, bool jitdump, TcgPerf **ret, GError **err)
{
    *ret = NULL;
    if (!map && !jitdump) {
        return true;
    }
    TcgPerf *p = g_new0(TcgPerf, 1);
    g_mutex_init(&p->lock);
    if (map) {
        g_autofree char *path = g_strdup_printf("/tmp/perf-%d.map", getpid());
        /* A name that anyone can foresee in a folder that all share: never follow a link. */
        int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) {
            error_set_errno(err, errno, "perfmap: cannot write '%s'", path);
            tcg_perf_free(p);
            return false;
        }
        p->map = fdopen(fd, "w");
    }
    if (jitdump && !jit_open(p, err)) {
        tcg_perf_free(p);
        return false;
    }
    *ret = p;
    return true;
}

void tcg_perf_free(TcgPerf *p)
{
    if (!p) {
        return;
    }
    if (p->map) {
        fclose(p->map);
    }
    if (p->mark) {
        munmap(p->mark, p->mark_size);
    }
    if (p->jit) {
        fclose(p->jit);
    }
    g_mutex_clear(&p->lock);
    g_free(p);
}

void tcg_perf_shared(TcgPerf *p, const TcgCache *c)
{
    g_mutex_lock(&p->lock);
    put_locked(p, c->buf.rx, c->code_base, "[enter-and-leave]");
    g_mutex_unlock(&p->lock);
}

void tcg_perf_region(TcgPerf *p, const TcgCache *c, const TcgRegion *r, uint64_t pc)
{
    const uint8_t *code = tcg_region_code(c, r);
    g_autofree char *name = symbol_table_describe(symbols_guest(), pc);

    if (!name) {
        name = g_strdup_printf("guest_0x%" PRIx64, pc);
    }
    if (r->tier == 2) {
        char *first = name;
        name = g_strconcat(first, "[2]", NULL);
        g_free(first);
    }
    g_mutex_lock(&p->lock);
    put_locked(p, code, r->code_size - r->n_marks * sizeof(TcgMark), name);
    if (r->cold_size) {
        put_locked(p, tcg_region_cold(c, r), r->cold_size, name);
    }
    g_mutex_unlock(&p->lock);
}

void tcg_perf_flush(TcgPerf *p)
{
    g_mutex_lock(&p->lock);
    if (p->map) {
        fflush(p->map);
    }
    if (p->jit) {
        fflush(p->jit);
    }
    g_mutex_unlock(&p->lock);
}
