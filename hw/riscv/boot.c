/*
 * Loading for RISC-V boards (hw/riscv/boot.h).
 *
 * The reset vector hands OpenSBI's fw_dynamic firmware its info structure (OpenSBI
 * documentation, "FW_DYNAMIC"); other firmware ignores a2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/riscv/boot.h"
#include "hw/core/loader.h"
#include "semihosting/semihosting.h"
#include "util/symbols.h"
#include "util/data-dir.h"
#include <elf.h>
#include <libfdt.h>
#include <sys/stat.h>

/* The longest that one unsupported kernel's marks lie from its start. */
enum { KERNEL_PROBE_SIZE = 0x210 };
enum { MROM_RESET_SIZE = 40, FW_DYNAMIC_VERSION = 2, FW_DYNAMIC_NEXT_MODE_S = 1 };
#define FW_DYNAMIC_MAGIC  UINT64_C(0x4942534f)
#define INITRD_MAX_OFFSET (512 * MiB)
#define FDT_ALIGN         (2 * MiB)
/* Where Linux runs once it has page tables: 2 GiB, for rv32 1 GiB, below the top. */
#define LINUX_LINK_RV64   UINT64_C(0xffffffff80000000)
#define LINUX_LINK_RV32   UINT64_C(0xffffffffc0000000)
#define FDT_LIMIT_RV32    UINT64_C(0xc0000000)

static uint64_t ram_end(const RiscvBoot *b)
{
    return b->ram_base + b->m->ram_size;
}

/* Where distributions put OpenSBI. */
static char *default_firmware(unsigned xlen)
{
    static const char *const patterns[] = {
        "/usr/lib/riscv%u-linux-gnu/opensbi/generic/fw_dynamic.bin",
        "/usr/share/opensbi/lp64/generic/firmware/fw_dynamic.bin",
        "/usr/share/qemu/opensbi-riscv%u-generic-fw_dynamic.bin",
    };

    g_autofree char *name = g_strdup_printf("opensbi-riscv%u-generic-fw_dynamic.bin", xlen);
    char *own = data_dir_find(name);

    if (own) {
        return own;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
        char *path = g_strdup_printf(patterns[i], xlen);

        if ((xlen == 64 || strstr(patterns[i], "%u")) && access(path, R_OK) == 0) {
            return path;
        }
        g_free(path);
    }
    return NULL;
}

static bool right_width(const RiscvBoot *b, const LoadedElf *elf, const char *what,
                        const char *path, GError **err)
{
    return elf->bits == b->xlen ||
           error_set(err, "%s '%s' is a %d-bit ELF file, the machine is riscv%u", what, path,
                     elf->bits, b->xlen);
}

static bool load_firmware(RiscvBoot *b, GError **err)
{
    const char *name = b->m->firmware;
    LoadedElf elf;
    uint64_t size;

    b->start = b->firmware_end = b->ram_base;
    if (name && g_str_equal(name, "none")) {
        return true;
    }
    if (name && !g_str_equal(name, "default")) {
        char *found = strchr(name, '/') || access(name, F_OK) == 0 ? NULL : data_dir_find(name);

        b->firmware_path = found ? found : g_strdup(name);
    } else {
        b->firmware_path = default_firmware(b->xlen);
        if (!b->firmware_path) {
            if (!name && !b->m->kernel) {
                return true; /* nothing to start, as with -bios none */
            }
            error_set(err, "no OpenSBI firmware for riscv%u found", b->xlen);
            error_add_hint(err, "install the package 'opensbi', or give -bios FILE or "
                           "-bios none");
            return false;
        }
    }
    if (file_is_elf(b->firmware_path)) {
        if (!load_elf(b->firmware_path, EM_RISCV, &elf, err)) {
            return error_prefix(err, "firmware");
        }
        if (!right_width(b, &elf, "firmware", b->firmware_path, err)) {
            return false;
        }
        b->start = elf.entry;
        b->firmware_end = elf.high;
        return true;
    }
    if (!load_image(b->firmware_path, b->ram_base, b->m->ram_size, true, &size, err)) {
        return error_prefix(err, "firmware");
    }
    symbol_table_add_image(symbols_guest(), b->firmware_path, b->ram_base, b->ram_base);
    b->firmware_end = b->ram_base + size;
    return true;
}

/* A raw image that says it is for another machine. */
static const char *foreign_kernel(const char *path)
{
    uint8_t head[KERNEL_PROBE_SIZE] = { 0 };
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        return NULL;
    }
    n = fread(head, 1, sizeof(head), f);
    fclose(f);
    if (n >= 0x40 && memcmp(head + 0x38, "ARM\x64", 4) == 0) {
        return "an AArch64 Linux image";
    }
    if (n >= 0x206 && memcmp(head + 0x202, "HdrS", 4) == 0) {
        return "an x86 bzImage";
    }
    return NULL;
}

static bool has_firmware(const RiscvBoot *b)
{
    return b->firmware_end > b->ram_base;
}

bool riscv_boot_flash_is_next(const RiscvBoot *b)
{
    return b->flash && has_firmware(b);
}

static bool load_kernel(RiscvBoot *b, GError **err)
{
    const char *path = b->m->kernel;
    uint64_t align = b->xlen == 64 ? 2 * MiB : 4 * MiB;
    const char *foreign;
    LoadedElf elf;
    uint64_t size;

    if (!path) {
        return true; /* machine_run_init has refused -initrd and -append */
    }
    if (file_is_elf(path)) {
        if (!load_elf(path, EM_RISCV, &elf, err)) {
            return error_prefix(err, "kernel");
        }
        if (!right_width(b, &elf, "kernel", path, err)) {
            return false;
        }
        b->kernel_low = elf.low;
        b->kernel_end = elf.high;
        b->kernel = elf.entry;
    } else {
        foreign = foreign_kernel(path);
        if (foreign) {
            return error_set(err, "kernel '%s' is %s, the machine is riscv%u", path, foreign,
                             b->xlen);
        }
        b->kernel_low = b->kernel = has_firmware(b) ? ROUND_UP(b->firmware_end, align)
                                                    : b->ram_base;
        if (b->kernel >= ram_end(b)) {
            return error_set(err, "-m: no room for kernel '%s' above the firmware", path);
        }
        if (!load_image(path, b->kernel, ram_end(b) - b->kernel, true, &size, err)) {
            return error_prefix(err, "kernel");
        }
        symbol_table_add_image(symbols_guest(), path, b->kernel,
                               b->xlen == 64 ? LINUX_LINK_RV64 : LINUX_LINK_RV32);
        b->kernel_end = b->kernel + size;
    }
    if (!has_firmware(b)) {
        b->start = b->kernel; /* -bios none: the kernel runs in M-mode */
    }
    return true;
}

static bool load_initrd(RiscvBoot *b, GError **err)
{
    uint64_t size;

    if (!b->m->initrd) {
        return true;
    }
    b->initrd_start = b->kernel_low + MIN(b->m->ram_size / 2, INITRD_MAX_OFFSET);
    if (b->initrd_start >= ram_end(b)) {
        return error_set(err, "-m: no room for initrd '%s'", b->m->initrd);
    }
    if (!load_image(b->m->initrd, b->initrd_start, ram_end(b) - b->initrd_start, false, &size,
                    err)) {
        return error_prefix(err, "initrd");
    }
    b->initrd_end = b->initrd_start + size;
    return true;
}

bool riscv_boot_load(RiscvBoot *b, GError **err)
{
    if (!load_firmware(b, err)) {
        return false;
    }
    if (riscv_boot_flash_is_next(b)) {
        b->kernel = b->flash;
        return true;
    }
    if (!load_kernel(b, err) || !load_initrd(b, err)) {
        return false;
    }
    b->start = b->flash ? b->flash : b->start;
    return true;
}

static bool place_fdt(RiscvBoot *b, GError **err)
{
    uint64_t end = ram_end(b);
    uint64_t size = fdt_totalsize(b->m->fdt);

    if (b->xlen == 32) {
        end = MIN(end, FDT_LIMIT_RV32);
    }
    if (size > b->m->ram_size) {
        return error_set(err, "-m: no room for the device tree of %" PRIu64 " bytes", size);
    }
    b->fdt_addr = ROUND_DOWN(end - size, FDT_ALIGN);
    if (b->fdt_addr < b->ram_base) {
        b->fdt_addr = ROUND_DOWN(end - size, 8);
    }
    rom_add("fdt", b->m->fdt, size, b->fdt_addr);
    return true;
}

/* auipc t0,0; addi a2,t0,40; csrr a0,mhartid; l a1,32(t0); l t0,24(t0); jr t0 */
static void write_reset_vector(RiscvBoot *b)
{
    bool rv64 = b->xlen == 64;
    uint32_t code[6] = {
        0x00000297, 0x02828613, 0xf1402573, rv64 ? 0x0202b583 : 0x0202a583,
        rv64 ? 0x0182b283 : 0x0182a283, 0x00028067,
    };
    uint64_t slots[2] = { b->start, b->fdt_addr };
    uint64_t info[6] = { FW_DYNAMIC_MAGIC, FW_DYNAMIC_VERSION, b->kernel,
                         FW_DYNAMIC_NEXT_MODE_S, 0, 0 };
    uint8_t reset[MROM_RESET_SIZE];

    memcpy(reset, code, sizeof(code));
    memcpy(reset + sizeof(code), slots, sizeof(slots));
    rom_add("mrom.reset", reset, sizeof(reset), b->rom_base);
    if (rv64) {
        rom_add("mrom.finfo", info, sizeof(info), b->rom_base + sizeof(reset));
    } else {
        uint32_t info32[6];

        for (unsigned i = 0; i < ARRAY_SIZE(info32); i++) {
            info32[i] = info[i];
        }
        rom_add("mrom.finfo", info32, sizeof(info32), b->rom_base + sizeof(reset));
    }
}

bool riscv_boot_finish(RiscvBoot *b, GError **err)
{
    if (!place_fdt(b, err)) {
        return false;
    }
    write_reset_vector(b);
    semihosting_set_heap(ROUND_UP(MAX(b->kernel_end, b->initrd_end), 16), b->fdt_addr);
    return rom_check(err);
}

void riscv_boot_cleanup(RiscvBoot *b)
{
    g_clear_pointer(&b->firmware_path, g_free);
}
