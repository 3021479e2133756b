/*
 * Accelerators: how vCPUs run. Each is a QOM type "NAME-accel" below TYPE_ACCEL whose
 * properties are the options of -accel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include "accel/cpu.h"

#define TYPE_ACCEL "accel"

typedef struct AccelState {
    Object parent;
} AccelState;

typedef struct AccelClass {
    ObjectClass parent;
    const char *name; /* as -accel spells it */
    /* Prepare the accelerator, before CPUs are realized. */
    bool (*init)(AccelState *accel, GError **err);
    /* Prepare a vCPU (caller's thread, at realize) and undo it. */
    bool (*cpu_init)(AccelState *accel, CpuState *cpu, GError **err);
    void (*cpu_exit)(AccelState *accel, CpuState *cpu);
    /* Run guest code on the vCPU's thread, without the machine lock, until something wants
     * the loop's attention: stop, work, halt. NULL: vCPUs never run (qtest). */
    void (*cpu_run)(CpuState *cpu);
    /* Make a running cpu_run return soon. Any thread. */
    void (*cpu_kick)(CpuState *cpu);
    /* cpu->debug changed (accel/debug-state.h; machine lock held, vCPU stopped). NULL: the
     * accelerator has no breakpoints, watchpoints and single step. */
    void (*debug_changed)(CpuState *cpu);
    /* info jit and the like; may be NULL. */
    void (*info)(AccelState *accel, GString *out);
    /* What a profile has found so far, or forget it; NULL: the accelerator takes none. Errors:
     * none is taken. Machine lock held. */
    struct ProfileInfo *(*profile)(AccelState *accel, unsigned limit, GError **err);
    bool (*profile_reset)(AccelState *accel, GError **err);
    /* The process is about to end and vCPUs are stopped: write what is to be kept. Or NULL. */
    void (*finish)(AccelState *accel);
    /* info check: what the self-check compared and found; NULL: it is no self-check. */
    void (*check_info)(AccelState *accel, GString *out);
} AccelClass;

/* The accelerator in use, or NULL. */
AccelState *accel_current(void);
AccelClass *accel_class(AccelState *accel);
/* Before the process ends, with vCPUs stopped (machine lock held). */
void accel_finish(void);
/* Choose and initialise by name; options were set as properties by the caller. */
bool accel_start(AccelState *accel, GError **err);

/* A CPU type's realize calls these from its class's realize: assigns index, gives the
 * accelerator its part and starts the thread (stopped); softmmu/cpus.c. */
bool cpu_realize_common(CpuState *cpu, GError **err);
void cpu_unrealize_common(CpuState *cpu);
/* Let all vCPUs run, or stop them and wait until they have (machine lock held). */
void cpus_resume_all(void);
void cpus_pause_all(void);
/* End all vCPU threads and wait for them, before the process ends (machine lock held). */
void cpus_end_all(void);

#endif
