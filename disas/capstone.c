/*
 * Printers by capstone. The library is opened at first use: nobody else pays for loading
 * it at start-up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include <gmodule.h>
#include "disas/disas.h"
#if CONFIG_CAPSTONE
#include <capstone/capstone.h>
#endif

#if CONFIG_CAPSTONE

typedef struct Library {
    __typeof__(&cs_open) open;
    __typeof__(&cs_disasm) disasm;
    __typeof__(&cs_free) free;
} Library;

typedef struct Capstone {
    const Library *library;
    csh handle;
    Disas disas;
} Capstone;

static GMutex capstone_lock; /* a handle is not for two threads at once */

static gpointer library_load(gpointer data)
{
    /* Versions differ in the shape of cs_insn: none but the headers' own will do. */
    GModule *m = g_module_open("libcapstone.so." G_STRINGIFY(CS_API_MAJOR), G_MODULE_BIND_LAZY);
    g_autofree Library *l = g_new0(Library, 1);

    if (m && g_module_symbol(m, "cs_open", (gpointer *)&l->open) &&
        g_module_symbol(m, "cs_disasm", (gpointer *)&l->disasm) &&
        g_module_symbol(m, "cs_free", (gpointer *)&l->free)) {
        g_module_make_resident(m);
        return g_steal_pointer(&l);
    }
    if (m) {
        g_module_close(m);
    }
    return NULL;
}

static unsigned print_insn(const void *opaque, uint64_t pc, const uint8_t *code, unsigned avail,
                           GString *out)
{
    const Capstone *c = opaque;
    cs_insn *insn = NULL;
    unsigned n = 0;

    g_mutex_lock(&capstone_lock);
    if (c->library->disasm(c->handle, code, avail, pc, 1, &insn)) {
        g_string_append_printf(out, *insn->op_str ? "%-7s %s" : "%s%s", insn->mnemonic,
                               insn->op_str);
        n = insn->size;
        c->library->free(insn, 1);
    }
    g_mutex_unlock(&capstone_lock);
    return n ? n : disas_data.insn(NULL, pc, code, avail, out);
}

const Disas *disas_capstone(DisasArch arch)
{
    static const struct {
        cs_arch arch;
        unsigned mode;
    } archs[DISAS_ARCH_COUNT] = {
        [DISAS_X86_64] = { CS_ARCH_X86, CS_MODE_64 },
        [DISAS_X86_32] = { CS_ARCH_X86, CS_MODE_32 },
        [DISAS_X86_16] = { CS_ARCH_X86, CS_MODE_16 },
        [DISAS_AARCH64] = { CS_ARCH_ARM64, CS_MODE_ARM },
        [DISAS_ARM] = { CS_ARCH_ARM, CS_MODE_ARM },
    };
    static GOnce once = G_ONCE_INIT;
    static Capstone made[DISAS_ARCH_COUNT];
    const Library *library = g_once(&once, library_load, NULL);
    Capstone *c = &made[arch];

    if (!library) {
        return NULL;
    }
    g_mutex_lock(&capstone_lock);
    if (!c->library && library->open(archs[arch].arch, archs[arch].mode, &c->handle) ==
                           CS_ERR_OK) {
        c->disas = (Disas){ .insn = print_insn, .opaque = c,
                            .words = arch >= DISAS_AARCH64 };
        c->library = library;
    }
    g_mutex_unlock(&capstone_lock);
    return c->library ? &c->disas : NULL;
}

#else

const Disas *disas_capstone(DisasArch arch)
{
    return NULL;
}

#endif

const Disas *disas_host(void)
{
    const Disas *d = NULL;

#if defined(__x86_64__)
    d = disas_capstone(DISAS_X86_64);
#elif defined(__aarch64__)
    d = disas_capstone(DISAS_AARCH64);
#endif
    return d ? d : &disas_data;
}
