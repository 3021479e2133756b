/*
 * Host code as text, for -d out_asm. capstone is opened at first use: nobody else pays for
 * loading it at start-up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <gmodule.h>
#include "tcg/tcg.h"
#if CONFIG_CAPSTONE
#include <capstone/capstone.h>
#endif

static void dump_bytes(const uint8_t *code, size_t size, GString *out)
{
    for (size_t n = 0; n < size; n += 16) {
        g_string_append_printf(out, "  %p:", code + n);
        for (size_t k = n; k < MIN(n + 16, size); k++) {
            g_string_append_printf(out, " %02x", code[k]);
        }
        g_string_append_c(out, '\n');
    }
}

#if CONFIG_CAPSTONE

#if defined(__x86_64__)
static const cs_arch host_arch = CS_ARCH_X86;
static const cs_mode host_mode = CS_MODE_64;
#elif defined(__aarch64__)
static const cs_arch host_arch = CS_ARCH_ARM64;
static const cs_mode host_mode = CS_MODE_ARM;
#else
#error add this host, or configure with -Dcapstone=disabled
#endif

typedef struct Capstone {
    __typeof__(&cs_open) open;
    __typeof__(&cs_disasm) disasm;
    __typeof__(&cs_free) free;
    csh handle;
} Capstone;

static gpointer capstone_load(gpointer data)
{
    GModule *m = g_module_open("libcapstone.so.4", G_MODULE_BIND_LAZY);
    Capstone *c = g_new0(Capstone, 1);

    if (!m) {
        m = g_module_open("libcapstone.so.5", G_MODULE_BIND_LAZY);
    }
    if (m && g_module_symbol(m, "cs_open", (gpointer *)&c->open) &&
        g_module_symbol(m, "cs_disasm", (gpointer *)&c->disasm) &&
        g_module_symbol(m, "cs_free", (gpointer *)&c->free) &&
        c->open(host_arch, host_mode, &c->handle) == CS_ERR_OK) {
        g_module_make_resident(m);
        return c;
    }
    if (m) {
        g_module_close(m);
    }
    g_free(c);
    return NULL;
}

void tcg_disas_host(const uint8_t *code, size_t size, GString *out)
{
    static GOnce once = G_ONCE_INIT;
    static GMutex lock; /* a capstone handle is not for two threads at once */
    const Capstone *c = g_once(&once, capstone_load, NULL);

    while (size) {
        size_t used = 0;
        if (c) {
            cs_insn *insn;
            g_mutex_lock(&lock);
            size_t n = c->disasm(c->handle, code, size, (uintptr_t)code, 0, &insn);
            for (size_t k = 0; k < n; k++) {
                g_string_append_printf(out, "  0x%" PRIx64 ":  %-8s %s\n",
                                       insn[k].address, insn[k].mnemonic, insn[k].op_str);
                used += insn[k].size;
            }
            if (n) {
                c->free(insn, n);
            }
            g_mutex_unlock(&lock);
        }
        if (used < size) { /* data between the code, or no capstone */
            size_t n = c ? 1 : size - used;
            dump_bytes(code + used, n, out);
            used += n;
        }
        code += used;
        size -= used;
    }
}

#else

void tcg_disas_host(const uint8_t *code, size_t size, GString *out)
{
    dump_bytes(code, size, out);
}

#endif
