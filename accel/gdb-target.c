/*
 * Descriptions of a target's registers, and their XML text (GDB manual, "Target
 * Description Format").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/gdb-target.h"

#define XML_HEAD "<?xml version=\"1.0\"?>\n"

struct GdbFeature {
    GdbDescription *owner;
    char *name, *annex;
    GString *types;
    GPtrArray *regs;  /* GdbReg * */
    char *xml;        /* made at first use */
};

struct GdbDescription {
    char *architecture;
    GPtrArray *features;  /* GdbFeature * */
    GHashTable *by_number;
    char *xml;
};

static void reg_free(gpointer p)
{
    GdbReg *r = p;

    g_free((char *)r->name);
    g_free((char *)r->type);
    g_free(r);
}

static void feature_free(gpointer p)
{
    GdbFeature *f = p;

    g_free(f->name);
    g_free(f->annex);
    g_string_free(f->types, TRUE);
    g_ptr_array_unref(f->regs);
    g_free(f->xml);
    g_free(f);
}

GdbDescription *gdb_description_new(const char *architecture)
{
    GdbDescription *d = g_new0(GdbDescription, 1);

    d->architecture = g_strdup(architecture);
    d->features = g_ptr_array_new_with_free_func(feature_free);
    d->by_number = g_hash_table_new(NULL, NULL);
    return d;
}

void gdb_description_free(GdbDescription *d)
{
    if (d) {
        g_hash_table_unref(d->by_number);
        g_ptr_array_unref(d->features);
        g_free(d->architecture);
        g_free(d->xml);
        g_free(d);
    }
}

GdbFeature *gdb_description_add(GdbDescription *d, const char *name, const char *annex)
{
    GdbFeature *f = g_new0(GdbFeature, 1);

    f->owner = d;
    f->name = g_strdup(name);
    f->annex = g_strdup(annex);
    f->types = g_string_new(NULL);
    f->regs = g_ptr_array_new_with_free_func(reg_free);
    g_ptr_array_add(d->features, f);
    return f;
}

void gdb_feature_add_types(GdbFeature *f, const char *xml)
{
    g_string_append(f->types, xml);
}

void gdb_feature_add_reg(GdbFeature *f, const GdbReg *reg)
{
    GdbReg *r = g_new(GdbReg, 1);
    bool fresh;

    *r = *reg;
    r->name = g_strdup(reg->name);
    r->type = g_strdup(reg->type);
    g_ptr_array_add(f->regs, r);
    fresh = g_hash_table_insert(f->owner->by_number, GUINT_TO_POINTER(r->number), r);
    g_assert(fresh && r->bits % 8 == 0 && r->bits / 8 <= GDB_REG_MAX_BYTES);
}

const GdbReg *gdb_description_reg(const GdbDescription *d, unsigned number)
{
    return g_hash_table_lookup(d->by_number, GUINT_TO_POINTER(number));
}

const GdbReg *gdb_description_general(const GdbDescription *d, unsigned index)
{
    GdbFeature *f = d->features->len ? g_ptr_array_index(d->features, 0) : NULL;

    return f && index < f->regs->len ? g_ptr_array_index(f->regs, index) : NULL;
}

static char *feature_xml(const GdbFeature *f)
{
    GString *x = g_string_new(XML_HEAD "<!DOCTYPE feature SYSTEM \"gdb-target.dtd\">\n");

    g_string_append_printf(x, "<feature name=\"%s\">\n%s", f->name, f->types->str);
    for (unsigned i = 0; i < f->regs->len; i++) {
        const GdbReg *r = g_ptr_array_index(f->regs, i);

        g_string_append_printf(x, "  <reg name=\"%s\" bitsize=\"%u\" type=\"%s\" "
                               "regnum=\"%u\"%s/>\n", r->name, r->bits, r->type, r->number,
                               r->keep ? "" : " save-restore=\"no\"");
    }
    g_string_append(x, "</feature>\n");
    return g_string_free(x, FALSE);
}

static char *target_xml(const GdbDescription *d)
{
    GString *x = g_string_new(XML_HEAD "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                              "<target version=\"1.0\">\n");

    /* A machine is no process of an operating system: with one assumed, gdb would not ask us
     * for single steps but make its own of breakpoints. */
    g_string_append_printf(x, "  <architecture>%s</architecture>\n  <osabi>none</osabi>\n",
                           d->architecture);
    for (unsigned i = 0; i < d->features->len; i++) {
        const GdbFeature *f = g_ptr_array_index(d->features, i);

        g_string_append_printf(x, "  <xi:include href=\"%s\"/>\n", f->annex);
    }
    g_string_append(x, "</target>\n");
    return g_string_free(x, FALSE);
}

const char *gdb_description_xml(const GdbDescription *d, const char *annex)
{
    if (strcmp(annex, "target.xml") == 0) {
        if (!d->xml) {
            ((GdbDescription *)d)->xml = target_xml(d);
        }
        return d->xml;
    }
    for (unsigned i = 0; i < d->features->len; i++) {
        GdbFeature *f = g_ptr_array_index(d->features, i);

        if (strcmp(f->annex, annex) == 0) {
            if (!f->xml) {
                f->xml = feature_xml(f);
            }
            return f->xml;
        }
    }
    return NULL;
}
