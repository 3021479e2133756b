/*
 * Machines (boards): QOM types "NAME-machine" below TYPE_MACHINE. Everything that the
 * command line says of the machine is a property of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_MACHINE_H
#define HW_CORE_MACHINE_H

#include "hw/core/device.h"
#include "softmmu/memory.h"

#define TYPE_MACHINE        "machine"
#define MACHINE_TYPE_SUFFIX "-machine"

typedef struct NumaState NumaState;

typedef struct MachineState {
    Object parent;
    /* properties */
    char *target;              /* "riscv64", ... */
    char *cpu_model;           /* as -cpu gave it: MODEL[,prop=value...]; NULL: default */
    unsigned smp_cpus, smp_sockets, smp_cores, smp_threads, smp_max_cpus;
    uint64_t ram_size;
    char *firmware;            /* -bios: NULL default, "none" */
    char *kernel, *initrd, *append, *dtb, *dumpdtb;
    char *memory_backend;      /* id of the object that is the guest's memory, or NULL */
    bool ram_size_given;       /* by -m or the property "memory" */
    bool usb;                  /* a USB controller is asked for */
    bool dump_guest_core;      /* core dumps of the process contain the guest's memory */
    struct NumaState *numa;    /* -numa, or NULL (hw/core/numa.h) */
    struct BootConfiguration *boot; /* -boot, or NULL */
    bool graphics;             /* off: firmware uses the serial port (-nographic) */
    /* made by machine_run_init */
    Object *ram_object;        /* the memory object that ram is part of, or NULL */
    MemoryRegion *ram;         /* ram_size bytes, not mapped yet: the board maps it */
    void *fdt;                 /* device tree blob being built, or NULL */
    int fdt_size;
    GPtrArray *boot_order;     /* of hw/core/boot-order.c, or NULL */
    IrqLine powerdown;         /* pulsed by system_powerdown */
    bool initialized;
    bool ready;                /* was reset once: devices are hot-plugged from now on */
} MachineState;

typedef struct MachineClass {
    ObjectClass parent;
    const char *name;          /* as -M spells it */
    const char *const *targets; /* NULL-terminated */
    unsigned min_cpus, max_cpus, default_cpus;
    uint64_t default_ram_size;
    const char *default_ram_id;
    /* CPU type "MODEL-TARGET-cpu" when -cpu is not given, by target. */
    const char *(*default_cpu_model)(const char *target);
    const char *block_default; /* -drive's default if=: "virtio", ... */
    const char *default_nic;   /* -nic's default model, or NULL */
    bool is_default;
    bool no_ram, no_cpu;       /* none */
    bool numa;                 /* tells the guest of NUMA nodes */
    bool (*init)(MachineState *m, GError **err);
    void (*reset)(MachineState *m); /* NULL: devices, then CPUs */
} MachineClass;

/* The machine, or NULL before it is made. */
MachineState *machine_current(void);
MachineClass *machine_class(const MachineState *m);
/* Find a class by name for a target (NULL: any), with the nearest spellings in the error. */
MachineClass *machine_find(const char *name, const char *target, GError **err);
/* Make the machine object at /machine (before properties are set). */
MachineState *machine_create(MachineClass *klass);
/* -smp: the topology from the counts given (0: not given); the rest is computed. */
bool machine_set_topology(MachineState *m, unsigned cpus, unsigned sockets, unsigned cores,
                          unsigned threads, unsigned maxcpus, GError **err);
/* A board's device: made, named below the machine; the board sets properties and realizes. */
DeviceState *machine_new_device(MachineState *m, const char *type, const char *name);
/* Check properties, allocate RAM, call the board's init. Once. */
bool machine_run_init(MachineState *m, GError **err);
/* Reset everything: ROM blobs are written back, then devices, then CPUs. */
void machine_reset(MachineState *m);
/* Called at the end of machine_reset by whoever has a state outside devices. */
void reset_register(void (*fn)(void *opaque), void *opaque);
void reset_unregister(void (*fn)(void *opaque), void *opaque);

/* The guest's physical memory, and its I/O ports. */
AddressSpace *system_memory_as(void);
MemoryRegion *system_memory(void);
/* What CPUs reach by I/O instructions, where the architecture has them: ports 0 to 0xffff, into
 * whose root boards put devices. Empty on others. Made at first use. */
AddressSpace *system_ports_as(void);

/* Machine time for CPUs' timers, without knowing the device that keeps it (DESIGN.md,
 * floor 5): the board's clock device implements it. */
typedef struct MachineTimeOps {
    uint64_t (*get)(void *opaque);  /* current count; any thread */
    uint64_t frequency_hz;
    /* nanoseconds of the virtual clock at which the count will reach value */
    int64_t (*deadline)(void *opaque, uint64_t value);
} MachineTimeOps;
void machine_time_set(const MachineTimeOps *ops, void *opaque);
/* NULL if the machine has none. */
const MachineTimeOps *machine_time(void **ret_opaque);
/* Tell CPUs that the count jumped (a guest wrote it): they recompute deadlines. */
void machine_time_notify(void);
void machine_time_add_notifier(void (*fn)(void *opaque), void *opaque);

#endif
