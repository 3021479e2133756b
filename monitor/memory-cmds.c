/*
 * Commands about addresses and memory as a whole: translations, checksums, saving.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <fcntl.h>
#include "hw/core/machine.h"
#include "monitor/hmp-session.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-inspect.h"

enum { CHUNK = 64 * 1024, HOST_PAGE = 4096 };

static PRINTF(1, 2) HumanReadableText *text_printf(const char *fmt, ...)
{
    GString *s = g_string_new(NULL);
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(s, fmt, ap);
    va_end(ap);
    return human_readable_text(s);
}

/* ---- Addresses ---- */

typedef struct Translation {
    uint64_t addr, phys;
    bool mapped;
} Translation;

static void translate(CpuState *cpu, void *opaque)
{
    Translation *t = opaque;

    t->mapped = cpu_debug_translate(cpu, t->addr, &t->phys);
}

HumanReadableText *qmp_x_gva2gpa(uint64_t addr, bool has_cpu_index, uint32_t cpu_index,
                                 GError **err)
{
    CpuState *cpu = monitor_cpu(has_cpu_index, cpu_index, err);
    Translation t = { .addr = addr };

    if (!cpu) {
        return NULL;
    }
    cpu_run_sync(cpu, translate, &t);
    return t.mapped ? text_printf("gpa: %#" PRIx64 "\n", t.phys) : text_printf("Unmapped\n");
}

/* The host's address of RAM or ROM at @addr; *ret_region is its name, to be freed. */
static uint8_t *host_of(uint64_t addr, char **ret_region, GError **err)
{
    const FlatRange *r;
    uint8_t *host = NULL;

    memory_read_lock();
    r = address_space_lookup(system_memory_as(), addr);
    if (!r) {
        error_set(err, "No memory is mapped at address 0x%" PRIx64, addr);
    } else if (!r->direct_read) {
        error_set(err, "Memory at address 0x%" PRIx64 " is not RAM", addr);
    } else {
        host = r->mr->ram->host + r->offset + (addr - r->start);
        *ret_region = g_strdup(r->mr->name);
    }
    memory_read_unlock();
    return host;
}

HumanReadableText *qmp_x_gpa2hva(uint64_t addr, GError **err)
{
    g_autofree char *region = NULL;
    uint8_t *host = host_of(addr, &region, err);

    return host ? text_printf("Host virtual address for 0x%" PRIx64 " (%s) is %p\n", addr,
                              region, host)
                : NULL;
}

/* The kernel's Documentation/admin-guide/mm/pagemap.rst: 64 bits a page. */
static bool host_frame(const uint8_t *host, uint64_t *ret, GError **err)
{
    static const char file[] = "/proc/self/pagemap";
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    uint64_t entry = 0;
    ssize_t n;

    if (fd < 0) {
        return error_set_errno(err, errno, "'%s'", file);
    }
    n = pread(fd, &entry, sizeof(entry), (uintptr_t)host / HOST_PAGE * sizeof(entry));
    close(fd);
    if (n != sizeof(entry)) {
        return error_set_errno(err, n < 0 ? errno : EIO, "'%s'", file);
    }
    if (!(entry >> 63)) {
        return error_set(err, "the page is not present in the host's memory");
    }
    *ret = entry & ((UINT64_C(1) << 55) - 1);
    if (!*ret) {
        error_set(err, "the host does not tell physical addresses");
        error_add_hint(err, "this needs the capability CAP_SYS_ADMIN");
        return false;
    }
    return true;
}

HumanReadableText *qmp_x_gpa2hpa(uint64_t addr, GError **err)
{
    g_autofree char *region = NULL;
    uint8_t *host = host_of(addr, &region, err);
    uint64_t frame = 0;

    if (!host || !host_frame(host, &frame, err)) {
        return NULL;
    }
    return text_printf("Host physical address for 0x%" PRIx64 " (%s) is 0x%" PRIx64 "\n", addr,
                       region, frame * HOST_PAGE + (uintptr_t)host % HOST_PAGE);
}

/* ---- I/O ports ---- */

/* How many bytes the format says, which the session keeps. */
static bool port_size(const char *fmt, unsigned *ret, GError **err)
{
    ValueFormat f = hmp_session()->format;

    f.size = MIN(f.size, 4);
    if (!value_format_parse(fmt, &f, err)) {
        return false;
    }
    if (f.size > 4 || f.count != 1) {
        error_set(err, "format '%s' of an I/O port", fmt);
        error_set_expected(err, "b, h or w");
        return false;
    }
    hmp_session()->format.size = *ret = f.size;
    return true;
}

HumanReadableText *qmp_x_port_read(const char *fmt, uint16_t addr, GError **err)
{
    uint64_t value;
    unsigned size;

    if (!port_size(fmt, &size, err)) {
        return NULL;
    }
    if (address_space_load(system_ports_as(), addr, MEMTXATTRS_CPU, size, &value) != MEMTX_OK) {
        value = UINT32_MAX >> (32 - 8 * size);
    }
    return text_printf("port%c[0x%04x] = 0x%0*" PRIx64 "\n", "?bw?l"[size], addr, size * 2,
                       value);
}

bool qmp_x_port_write(const char *fmt, uint16_t addr, uint32_t value, GError **err)
{
    unsigned size;

    if (!port_size(fmt, &size, err)) {
        return false;
    }
    address_space_store(system_ports_as(), addr, MEMTXATTRS_CPU, size, value);
    return true;
}

/* ---- All bytes of a range ---- */

HumanReadableText *qmp_x_checksum_memory(uint64_t addr, uint64_t size, GError **err)
{
    AddressSpace *as = system_memory_as();
    uint16_t sum = 0;

    while (size) {
        uint64_t n = size;
        const uint8_t *host = address_space_map(as, addr, &n, false);

        if (!host) {
            error_set(err, "memory at 0x%" PRIx64 " is not RAM", addr);
            return NULL;
        }
        for (uint64_t i = 0; i < n; i++) {
            sum = (uint16_t)(sum >> 1 | sum << 15) + host[i];
        }
        address_space_unmap(as, (void *)host, n, false, 0);
        addr += n;
        size -= n;
    }
    return text_printf("%05d\n", sum);
}

typedef struct Chunk {
    uint64_t addr;
    size_t len;
    uint8_t buf[CHUNK];
    bool ok;
} Chunk;

static void read_chunk(CpuState *cpu, void *opaque)
{
    Chunk *c = opaque;

    c->ok = cpu_debug_rw(cpu, c->addr, c->buf, c->len, false);
}

static void read_physical_chunk(Chunk *c)
{
    /* What does not answer reads as zeros. */
    address_space_read(system_memory_as(), c->addr, MEMTXATTRS_CPU, c->buf, c->len);
    c->ok = true;
}

static bool write_all(int fd, const uint8_t *buf, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        buf += MAX(n, 0);
        len -= MAX(n, 0);
    }
    return true;
}

/* @cpu: virtual addresses of it; NULL: physical ones. */
static bool save_range(CpuState *cpu, uint64_t addr, int64_t size, int fd, const char *file,
                       GError **err)
{
    g_autofree Chunk *c = g_new(Chunk, 1);

    for (uint64_t done = 0; done < size; done += c->len) {
        c->addr = addr + done;
        c->len = MIN(size - done, CHUNK);
        if (cpu) {
            cpu_run_sync(cpu, read_chunk, c);
        } else {
            read_physical_chunk(c);
        }
        if (!c->ok) {
            return error_set(err, "Invalid addr 0x%016" PRIx64 "/size %" PRId64 " specified",
                             addr, size);
        }
        if (!write_all(fd, c->buf, c->len)) {
            return error_set_errno(err, errno, "'%s'", file);
        }
    }
    return true;
}

static bool save(CpuState *cpu, uint64_t addr, int64_t size, const char *file, GError **err)
{
    bool ok;
    int fd;

    if (size < 0) {
        return error_set(err, "size is %" PRId64, size);
    }
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return error_set_errno(err, errno, "Could not open '%s'", file);
    }
    ok = save_range(cpu, addr, size, fd, file, err);
    if (close(fd) != 0 && ok) {
        return error_set_errno(err, errno, "'%s'", file);
    }
    return ok;
}

bool qmp_memsave(int64_t val, int64_t size, const char *filename, bool has_cpu_index,
                 int64_t cpu_index, GError **err)
{
    CpuState *cpu = monitor_cpu(has_cpu_index, cpu_index, err);

    return cpu && save(cpu, val, size, filename, err);
}

bool qmp_pmemsave(int64_t val, int64_t size, const char *filename, GError **err)
{
    return save(NULL, val, size, filename, err);
}
