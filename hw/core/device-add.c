/*
 * Devices made by users: -device, device_add, device_del and their help
 * (hw/core/device.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/machine.h"

void (*device_deleted_hook)(const char *id, const char *path);

/* *ret is NULL if the option is not there. */
static bool option(struct json_object *opts, const char *key, const char **ret, GError **err)
{
    struct json_object *value;

    *ret = NULL;
    if (!json_object_object_get_ex(opts, key, &value)) {
        return true;
    }
    if (!json_object_is_type(value, json_type_string)) {
        error_set(err, "Invalid parameter type for '%s', expected: string", key);
        error_set_culprit(err, "parameter", key);
        return false;
    }
    *ret = json_object_get_string(value);
    return true;
}

static GPtrArray *creatable_types(void)
{
    GPtrArray *all = object_class_list(TYPE_DEVICE, false);
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < all->len; i++) {
        if (((DeviceClass *)all->pdata[i])->user_creatable) {
            g_ptr_array_add(list, all->pdata[i]);
        }
    }
    g_ptr_array_free(all, TRUE);
    return list;
}

static ObjectClass *find_type(const char *driver, GError **err)
{
    ObjectClass *klass = object_class_by_name(driver);
    g_autoptr(GPtrArray) types = NULL;

    if (klass && object_class_is_a(klass, TYPE_DEVICE) && !klass->type->abstract) {
        if (((DeviceClass *)klass)->user_creatable) {
            return klass;
        }
        error_set(err, "device type '%s' is part of boards and cannot be added", driver);
        error_set_culprit(err, "device type", driver);
        return NULL;
    }
    types = creatable_types();
    for (guint i = 0; i < types->len; i++) {
        types->pdata[i] = (void *)object_class_name(types->pdata[i]);
    }
    g_ptr_array_add(types, NULL);
    error_set_unknown(err, "device type", driver, (const char *const *)types->pdata);
    return NULL;
}

/* Ids are letters, digits, '-', '.', '_', and begin with a letter. */
static bool id_is_valid(const char *id)
{
    if (!g_ascii_isalpha(*id)) {
        return false;
    }
    while (*id && (g_ascii_isalnum(*id) || strchr("-._", *id))) {
        id++;
    }
    return !*id;
}

static bool name_device(DeviceState *dev, const char *id, GError **err)
{
    if (!id) {
        return object_add_child(object_container("/machine/peripheral-anon"), "device[*]",
                                dev, err);
    }
    if (!id_is_valid(id)) {
        error_set(err, "invalid device id '%s'", id);
        error_set_culprit(err, "id", id);
        error_set_expected(err, "a letter, then letters, digits, '-', '.' and '_'");
        return false;
    }
    if (!object_add_child(object_container("/machine/peripheral"), id, dev, NULL)) {
        error_set(err, "there is a device with id '%s' already", id);
        error_set_culprit(err, "id", id);
        return false;
    }
    dev->id = g_strdup(id);
    return true;
}

/* Whether devices made from now on are hot-plugged. */
static bool machine_is_ready(void)
{
    MachineState *m = machine_current();

    return m && m->ready;
}

DeviceState *device_add(struct json_object *opts, bool keyval, GError **err)
{
    static const char *const skip[] = { "driver", "id", "bus", NULL };
    const char *driver, *id, *bus_name;
    g_autofree char *label = NULL;
    BusState *bus = NULL;
    ObjectClass *klass;
    DeviceState *dev;

    if (!option(opts, "driver", &driver, err) || !option(opts, "id", &id, err) ||
        !option(opts, "bus", &bus_name, err)) {
        return NULL;
    }
    if (!driver) {
        error_set(err, "a device needs a type");
        error_set_expected(err, "driver=TYPE");
        error_set_culprit(err, "parameter", "driver");
        return NULL;
    }
    klass = find_type(driver, err);
    if (!klass) {
        return NULL;
    }
    label = id ? g_strdup_printf("device '%s' (%s)", id, driver)
               : g_strdup_printf("device %s", driver);
    if (machine_is_ready() && !((DeviceClass *)klass)->hotpluggable) {
        error_set(err, "%s: the type cannot be plugged into a running machine", label);
        error_set_culprit(err, "device type", driver);
        return NULL;
    }
    if (bus_name && !(bus = bus_find(bus_name, err))) {
        error_prefix(err, "%s", label);
        return NULL;
    }
    dev = (DeviceState *)object_new_with_class(klass);
    if (!object_set_properties(dev, opts, keyval, skip, err) || !name_device(dev, id, err)) {
        object_unref(dev);
        return NULL;
    }
    if (!device_realize(dev, bus, err)) {
        object_unparent(dev);
        error_prefix(err, "%s", label);
        return NULL;
    }
    return dev;
}

DeviceState *device_by_id(const char *id_or_path)
{
    Object *peripheral = object_container("/machine/peripheral");
    Object *obj = peripheral->children
                      ? g_hash_table_lookup(peripheral->children, id_or_path)
                      : NULL;

    return (DeviceState *)(obj ? obj : object_resolve_path(id_or_path, TYPE_DEVICE, NULL));
}

bool device_del(const char *id_or_path, GError **err)
{
    DeviceState *dev = device_by_id(id_or_path);
    g_autofree char *path = NULL;
    g_autofree char *id = NULL;
    Object *parent;

    if (!dev) {
        error_set_class(err, ERROR_DEVICE_NOT_FOUND, "there is no device '%s'", id_or_path);
        error_set_culprit(err, "device", id_or_path);
        object_set_nearest_child(err, id_or_path, object_container("/machine/peripheral"));
        return false;
    }
    parent = dev->parent.parent;
    if (parent != object_container("/machine/peripheral") &&
        parent != object_container("/machine/peripheral-anon")) {
        return error_set(err, "device '%s' is part of the board and cannot be removed",
                         id_or_path);
    }
    if (machine_is_ready() && !device_class(dev)->hotpluggable) {
        return error_set(err, "device '%s': type '%s' cannot be removed from a running machine",
                         id_or_path, object_class_name(dev->parent.klass));
    }
    path = object_path(dev);
    id = g_strdup(dev->id);
    object_unparent(dev);
    if (device_deleted_hook) {
        device_deleted_hook(id, path);
    }
    return true;
}

/* ---- Help ---- */

void device_help(GString *out)
{
    static const char *const titles[] = {
        [DEVICE_MISC] = "Misc devices",       [DEVICE_BRIDGE] = "Bridges",
        [DEVICE_USB] = "USB devices",         [DEVICE_STORAGE] = "Storage devices",
        [DEVICE_NETWORK] = "Network devices", [DEVICE_INPUT] = "Input devices",
        [DEVICE_DISPLAY] = "Display devices", [DEVICE_SOUND] = "Sound devices",
        [DEVICE_CPU] = "CPU devices",         [DEVICE_WATCHDOG] = "Watchdog devices",
    };
    g_autoptr(GPtrArray) types = creatable_types();

    for (unsigned c = 0; c < ARRAY_SIZE(titles); c++) {
        bool titled = false;

        for (guint i = 0; i < types->len; i++) {
            DeviceClass *dc = types->pdata[i];
            const TypeInfo *info = dc->parent.type;

            if (dc->category != c) {
                continue;
            }
            if (!titled) {
                g_string_append_printf(out, "%s%s:\n", out->len ? "\n" : "", titles[c]);
                titled = true;
            }
            g_string_append_printf(out, "name \"%s\"", info->name);
            if (dc->bus_type) {
                g_string_append_printf(out, ", bus %s", dc->bus_type);
            }
            if (info->desc) {
                g_string_append_printf(out, ", desc \"%s\"", info->desc);
            }
            g_string_append_c(out, '\n');
        }
    }
}

bool device_type_help(const char *type, GString *out, GError **err)
{
    ObjectClass *klass = object_class_by_name(type);
    g_autoptr(GPtrArray) props = NULL;

    if (!klass || !object_class_is_a(klass, TYPE_DEVICE)) {
        return find_type(type, err) != NULL;
    }
    props = object_class_properties(klass, false);
    g_string_append_printf(out, "%s options:\n", type);
    for (guint i = 0; i < props->len; i++) {
        const Property *p = props->pdata[i];
        struct json_object *def = property_default_json(p);
        g_autofree char *head = g_strdup_printf("%s=<%s>", p->name, property_type_name(p));

        if (!(p->flags & PROP_READONLY)) {
            g_string_append_printf(out, "  %-24s - %s", head, p->desc ? p->desc : "");
            if (def) {
                g_string_append_printf(out, " (default: %s)", json_object_get_string(def));
            }
            g_string_append_c(out, '\n');
        }
        json_object_put(def);
    }
    return true;
}
