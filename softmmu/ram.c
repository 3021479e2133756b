/*
 * RAM blocks: host memory behind RAM and ROM regions, and what is known of its pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/memory-internal.h"
#include "softmmu/trace.h"
#include "util/tsan.h"
#include <sys/mman.h>

enum { PAGE_BITS = 12, MAX_BLOCKS = 256 };
#define PAGE_SIZE      ((uint64_t)1 << PAGE_BITS)
#define HUGE_PAGE_SIZE (2 * MiB)

void (*ram_code_written_hook)(RamBlock *rb, uint64_t offset, uint64_t len);

/* Slots are filled under the machine lock and read anywhere under RCU. */
static struct {
    RamBlock *slot[MAX_BLOCKS];
    unsigned n;          /* (a) slots in use or once used */
    uint64_t next_addr;
} blocks;

/* Anonymous memory aligned for huge pages; address space only until it is touched. */
static uint8_t *map_anonymous(uint64_t size)
{
    uint64_t align = size >= HUGE_PAGE_SIZE ? HUGE_PAGE_SIZE : PAGE_SIZE;
    uint8_t *raw, *ret;

    if (size > SIZE_MAX - align) {
        errno = ENOMEM;
        return NULL;
    }
    raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) {
        return NULL;
    }
    ret = (uint8_t *)ROUND_UP((uintptr_t)raw, align);
    if (ret > raw) {
        munmap(raw, ret - raw);
    }
    munmap(ret + size, raw + align - ret);
    if (align == HUGE_PAGE_SIZE) {
        madvise(ret, size, MADV_HUGEPAGE);
    }
    return ret;
}

static uint8_t *map_file(int fd, uint64_t size, bool shared)
{
    void *ret = mmap(NULL, size, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, fd,
                     0);

    return ret == MAP_FAILED ? NULL : ret;
}

RamBlock *ram_block_new(const char *name, uint64_t size, int fd, bool readonly, bool shared,
                        GError **err)
{
    RamBlock *rb;
    unsigned i;

    size = ROUND_UP(size, PAGE_SIZE);
    for (i = 0; i < blocks.n && blocks.slot[i]; i++) {
    }
    if (i == MAX_BLOCKS) {
        error_set(err, "no room for memory block '%s': there are %d already", name,
                  MAX_BLOCKS);
        return NULL;
    }
    rb = g_new0(RamBlock, 1);
    rb->size = size;
    rb->host = fd < 0 ? map_anonymous(size) : map_file(fd, size, shared);
    if (!rb->host) {
        error_set_errno(err, errno, "cannot allocate %" PRIu64 " bytes for memory '%s'", size,
                        name);
        g_free(rb);
        return NULL;
    }
    tsan_guest_memory(rb->host, size);
    rb->page_flags = g_malloc0(size >> PAGE_BITS);
    rb->fd = fd;
    rb->readonly = readonly;
    rb->name = g_strdup(name);
    rb->ram_addr = blocks.next_addr;
    blocks.next_addr += size;
    trace_ram_block_new(name, size, rb->ram_addr, rb->host);
    __atomic_store_n(&blocks.slot[i], rb, __ATOMIC_RELEASE);
    if (i == blocks.n) {
        atomic_store_release(&blocks.n, i + 1);
    }
    return rb;
}

static void free_block(void *ptr)
{
    RamBlock *rb = ptr;

    munmap(rb->host, rb->size);
    if (rb->fd >= 0) {
        close(rb->fd);
    }
    g_free(rb->page_flags);
    g_free(rb->name);
    g_free(rb);
}

void ram_block_free(RamBlock *rb)
{
    trace_ram_block_free(rb->name);
    for (unsigned i = 0; i < blocks.n; i++) {
        if (blocks.slot[i] == rb) {
            __atomic_store_n(&blocks.slot[i], NULL, __ATOMIC_RELEASE);
        }
    }
    memory_defer(free_block, rb);
}

RamBlock *ram_block_from_host(const void *host, uint64_t *ret_offset)
{
    unsigned n = atomic_load_acquire(&blocks.n);

    for (unsigned i = 0; i < n; i++) {
        RamBlock *rb = __atomic_load_n(&blocks.slot[i], __ATOMIC_CONSUME);

        if (rb && (const uint8_t *)host >= rb->host &&
            (const uint8_t *)host < rb->host + rb->size) {
            *ret_offset = (const uint8_t *)host - rb->host;
            return rb;
        }
    }
    return NULL;
}

RamBlock *ram_block_from_addr(uint64_t ram_addr, uint64_t *ret_offset)
{
    unsigned n = atomic_load_acquire(&blocks.n);

    for (unsigned i = 0; i < n; i++) {
        RamBlock *rb = __atomic_load_n(&blocks.slot[i], __ATOMIC_CONSUME);

        if (rb && ram_addr >= rb->ram_addr && ram_addr - rb->ram_addr < rb->size) {
            *ret_offset = ram_addr - rb->ram_addr;
            return rb;
        }
    }
    return NULL;
}

void ram_written(RamBlock *rb, uint64_t offset, uint64_t len)
{
    enum { DIRTY = RAM_PAGE_DIRTY_MIGRATION | RAM_PAGE_DIRTY_VGA };
    bool code = false;

    if (len == 0) {
        return;
    }
    /* The data must be visible before the flag is read: a translator sets the flag first and
     * reads the bytes afterwards. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint64_t p = offset >> PAGE_BITS; p <= (offset + len - 1) >> PAGE_BITS; p++) {
        uint8_t flags = atomic_read(&rb->page_flags[p]);

        if ((flags & DIRTY) != DIRTY) {
            atomic_fetch_or(&rb->page_flags[p], DIRTY);
        }
        code |= flags & RAM_PAGE_CODE;
    }
    if (code && ram_code_written_hook) {
        trace_ram_code_write(rb->name, offset, len);
        ram_code_written_hook(rb, offset, len);
    }
}

void ram_info(GString *out)
{
    g_string_append_printf(out, "%24s %8s  %18s %18s %18s\n", "Block Name", "PSize", "Offset",
                           "Used", "Total");
    for (unsigned i = 0; i < blocks.n; i++) {
        const RamBlock *rb = blocks.slot[i];

        if (rb) {
            g_string_append_printf(out, "%24s %8s  0x%016" PRIx64 " 0x%016" PRIx64
                                   " 0x%016" PRIx64 "\n", rb->name, "4 KiB", rb->ram_addr,
                                   rb->size, rb->size);
        }
    }
}
