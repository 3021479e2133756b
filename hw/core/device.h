/*
 * Devices and buses.
 *
 * Life: object_new, properties, device_realize (may fail; properties are final from then
 * on), reset (cannot fail; host ends stay open), ..., device_unrealize, unref.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_DEVICE_H
#define HW_CORE_DEVICE_H

#include "qom/object.h"
#include "hw/core/irq.h"
#include "migration/vmstate.h"

#define TYPE_DEVICE "device"
#define TYPE_BUS    "bus"

typedef struct DeviceState DeviceState;
typedef struct DeviceInfo DeviceInfo;
typedef struct BusState BusState;

/* Headings of -device help. */
typedef enum DeviceCategory {
    DEVICE_MISC, DEVICE_BRIDGE, DEVICE_USB, DEVICE_STORAGE, DEVICE_NETWORK, DEVICE_INPUT,
    DEVICE_DISPLAY, DEVICE_SOUND, DEVICE_CPU, DEVICE_WATCHDOG,
} DeviceCategory;

typedef struct DeviceClass {
    ObjectClass parent;
    const char *bus_type;        /* the bus it plugs into, or NULL */
    bool user_creatable;         /* -device may make it */
    bool hotpluggable;
    bool security_boundary;      /* hostile guests are contained */
    DeviceCategory category;
    const VMStateField *vmstate; /* own fields; parents' are saved too */
    bool (*realize)(DeviceState *dev, GError **err);
    void (*unrealize)(DeviceState *dev);
    void (*reset)(DeviceState *dev);
    void (*loaded)(DeviceState *dev); /* after a state was loaded: rebuild what derives */
    void (*irq_info)(DeviceState *dev, GString *out); /* interrupt controllers: info pic */
    void (*set_entry)(DeviceState *cpu, uint64_t pc); /* CPUs: go on there (loaders) */
} DeviceClass;

struct DeviceState {
    Object parent;
    char *id;                    /* as -device id= gave it, or NULL */
    bool realized;
    BusState *bus;               /* it sits on, or NULL */
    GPtrArray *child_buses;      /* BusState * */
    GPtrArray *irqs;             /* struct NamedIrqs *, core's own */
    bool hotplugged;             /* made after the machine was first reset */
    bool in_io;                  /* (a) inside its own MMIO handler: see memory.h */
};

typedef struct BusClass {
    ObjectClass parent;
    /* May refuse a device (bus full, bad address) before it is realized. */
    bool (*plug_check)(BusState *bus, DeviceState *dev, GError **err);
    /* After a device was unrealized. */
    void (*unplug)(BusState *bus, DeviceState *dev);
    char *(*dev_path)(DeviceState *dev);
    unsigned max_devices;        /* 0: no limit */
} BusClass;

struct BusState {
    Object parent;
    DeviceState *owner;          /* or NULL: the main system bus */
    GPtrArray *devices;          /* DeviceState *, in order of plugging */
};

/*
 * Declare a device type in one go, at the end of its file:
 *   DEVICE(TinyUart, "tinyuart", TYPE_SYS_BUS_DEVICE, "Tiny UART",
 *          .properties = ..., .vmstate = ..., .realize = ..., .reset = ...)
 * The named callbacks take the device's own type.
 */
struct DeviceInfo {
    const Property *properties;
    const VMStateField *vmstate;
    bool (*realize)(void *dev, GError **err);
    void (*unrealize)(void *dev);
    void (*reset)(void *dev);
    void (*loaded)(void *dev);
    void (*irq_info)(void *dev, GString *out);
    void (*init)(void *dev);      /* instance_init */
    void (*finalize)(void *dev);  /* instance_finalize */
    void (*class_init)(ObjectClass *klass); /* for further class fields */
    size_t class_size;
    const char *const *interfaces;
    const char *bus_type;         /* NULL: inherited */
    DeviceCategory category;
    bool user_creatable;
    bool hotpluggable;
    bool security_boundary;
    bool abstract;
};
/* The hooks that make it so: the first fills in the TypeInfo, the second the class. */
void device_type_expand(TypeInfo *info);
void device_class_init_from_info(ObjectClass *klass, const TypeInfo *type);
/* Casts a callback on the device's own type into the table's slot. */
#define DEVICE(T, type_name, parent_type, description, ...)                               \
    _Pragma("GCC diagnostic push")                                                        \
    _Pragma("GCC diagnostic ignored \"-Wincompatible-pointer-types\"")                    \
    static const DeviceInfo T##_device_info = { __VA_ARGS__ };                            \
    _Pragma("GCC diagnostic pop")                                                         \
    static const TypeInfo T##_type_info = {                                               \
        .name = type_name, .parent = parent_type, .desc = description,                    \
        .instance_size = sizeof(T), .class_init = device_class_init_from_info,            \
        .class_data = &T##_device_info, .expand = device_type_expand,                     \
    };                                                                                    \
    TYPE_REGISTER(T##_type_info)

/*
 * Realize on @bus (NULL: the first bus of the type's bus_type that has room, none if it has
 * no bus_type). A device without a parent is put below /machine/unattached, which takes over
 * the caller's reference. On failure nothing is left: the device is as it was.
 */
bool device_realize(DeviceState *dev, BusState *bus, GError **err);
/* Devices on its buses go first (they leave the tree). */
void device_unrealize(DeviceState *dev);
/* Reset the devices on its buses, then the device itself. */
void device_reset(DeviceState *dev);
DeviceClass *device_class(const DeviceState *dev);
#define DEVICE_STATE(obj) OBJECT_CHECK(DeviceState, obj, TYPE_DEVICE)

/* "-device help" and "-device X,help": what users may make, by category; a type's
 * properties (false: unknown type). */
void device_help(GString *out);
bool device_type_help(const char *type, GString *out, GError **err);

/* Buses are children of their owner; name NULL: "<type>.<n>". */
BusState *bus_new(const char *type, DeviceState *owner, const char *name);
void bus_init(void *bus, size_t size, const char *type, DeviceState *owner, const char *name);
/* By name or path; or the first one of the type that has room. */
BusState *bus_find(const char *name_or_path, GError **err);
BusState *bus_find_by_type(const char *type);
bool bus_is_full(const BusState *bus);
/*
 * -device and device_add: make, set properties, plug, realize. @opts is a keyval or JSON
 * object with driver, id, bus and properties.
 */
DeviceState *device_add(struct json_object *opts, bool keyval, GError **err);
bool device_del(const char *id_or_path, GError **err);
/* Told when a device that users made is gone (the monitor's event); id may be NULL. */
extern void (*device_deleted_hook)(const char *id, const char *path);
DeviceState *device_by_id(const char *id_or_path);

/* Interrupt wires by name (NULL: the unnamed ones). */
void device_init_irq_in(DeviceState *dev, const char *name,
                        void (*handler)(void *dev, int n, int level), unsigned count);
void device_init_irq_out(DeviceState *dev, const char *name, IrqLine *lines, unsigned count);
IrqInput *device_irq_in(DeviceState *dev, const char *name, unsigned n);
IrqLine *device_irq_out(DeviceState *dev, const char *name, unsigned n);
void device_connect_irq(DeviceState *dev, const char *name, unsigned n, IrqInput *in);
/* Number of wires of that name, 0 if none. */
unsigned device_count_irqs(DeviceState *dev, const char *name, bool in);

/* A guest did what its manual forbids: to the log of -d guest_errors, rate-limited; the
 * device goes on. */
void guest_error(void *dev, const char *fmt, ...) PRINTF(2, 3);

/* Visit a device's groups of wires in order (name NULL: the unnamed ones). */
void device_foreach_irqs(DeviceState *dev,
                         void (*fn)(DeviceState *dev, const char *name, unsigned in,
                                    unsigned out, void *opaque),
                         void *opaque);
/* info qtree: buses and the devices on them; @brief: without properties. */
void device_tree_info(GString *out, bool brief);
/* info irq: how often each input of each device went up; those that did. */
void device_irq_counts_info(GString *out);
/* info pic: the state of interrupt controllers. */
void device_irq_info(GString *out);

/* Visit devices of the tree below obj (NULL: the whole machine) in order. */
void device_foreach(void *obj, void (*fn)(DeviceState *dev, void *opaque), void *opaque);
/* Save or load the vmstate of every device in a fixed order (path-keyed records). */
void devices_save(GByteArray *out);
bool devices_load(const uint8_t *data, size_t size, GError **err);

#endif
