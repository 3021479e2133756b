/*
 * How a target describes its registers to debuggers, so that one server serves them all
 * (GDB manual, appendix "Target Descriptions").
 *
 * A description is made of features, as the manual lists them for each architecture; every
 * register has a number that packets use and a number of the target's own. The XML text
 * is generated from it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_GDB_TARGET_H
#define ACCEL_GDB_TARGET_H

#include "util/osdep.h"

typedef struct CpuState CpuState;
typedef struct GdbDescription GdbDescription;
typedef struct GdbFeature GdbFeature;

enum { GDB_REG_MAX_BYTES = 512 };

/* A register. The texts are the description's. */
typedef struct GdbReg {
    const char *name, *type; /* type: "int", "data_ptr", ..., or one that the feature defines */
    unsigned bits;
    unsigned number;   /* in packets and in the XML's regnum */
    unsigned id;       /* what the target's functions get */
    bool keep;         /* debuggers save and restore it around calls into the guest */
} GdbReg;

/* What a target implements; CpuOps.gdb. The vCPU is stopped, machine lock held. */
typedef struct GdbTarget {
    /* The features and registers of this vCPU; the caller frees it. */
    GdbDescription *(*describe)(CpuState *cpu);
    /* Register @id in target byte order, reg->bits / 8 bytes; false: it is unavailable. */
    bool (*read)(CpuState *cpu, const GdbReg *reg, uint8_t *buf);
    /* False: it cannot be written. On the vCPU's thread. */
    bool (*write)(CpuState *cpu, const GdbReg *reg, const uint8_t *buf);
} GdbTarget;

/* ---- Making a description ---- */
/* @architecture: a name that gdb knows, "riscv:rv64". */
GdbDescription *gdb_description_new(const char *architecture);
void gdb_description_free(GdbDescription *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GdbDescription, gdb_description_free)
/* @name: "org.gnu.gdb.riscv.cpu"; @annex: the name of its XML text. The first feature's
 * registers are those of the packets g and G. */
GdbFeature *gdb_description_add(GdbDescription *d, const char *name, const char *annex);
/* XML elements that define types for the registers that follow. */
void gdb_feature_add_types(GdbFeature *f, const char *xml);
/* Numbers must not repeat in a description. */
void gdb_feature_add_reg(GdbFeature *f, const GdbReg *reg);

/* ---- Using it ---- */
/* NULL if there is none of that number. */
const GdbReg *gdb_description_reg(const GdbDescription *d, unsigned number);
/* The registers of g and G, in order; ends with NULL. */
const GdbReg *gdb_description_general(const GdbDescription *d, unsigned index);
/* The text of "target.xml" or of a feature's annex; NULL if there is none of that name. */
const char *gdb_description_xml(const GdbDescription *d, const char *annex);

#endif
