/*
 * libslirp, opened at first use (net/slirp-library.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "net/slirp-library.h"
#include <gmodule.h>

#if CONFIG_SLIRP

static gpointer library_load(gpointer data)
{
    GModule *m = g_module_open("libslirp.so.0", G_MODULE_BIND_LAZY);
    g_autofree SlirpLibrary *l = g_new0(SlirpLibrary, 1);
    bool ok = m != NULL;

#define F(name) ok = ok && g_module_symbol(m, "slirp_" #name, (gpointer *)&l->name);
    SLIRP_FUNCTIONS(F)
#undef F
    if (ok) {
        g_module_make_resident(m);
        return g_steal_pointer(&l);
    }
    if (m) {
        g_module_close(m);
    }
    return NULL;
}

const SlirpLibrary *slirp_library(GError **err)
{
    static GOnce once = G_ONCE_INIT;
    const SlirpLibrary *l = g_once(&once, library_load, NULL);

    if (!l) {
        error_set(err, "libslirp.so.0 is not installed, or too old");
    }
    return l;
}

#endif
