/*
 * What the command line gives to fw_cfg: files, and facts of the process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "softmmu/main-config.h"
#include "hw/nvram/fw_cfg.h"
#include "util/cutils.h"

enum { UUID_SIZE = 16 };

static bool read_contents(const FwCfgOptions *f, char **ret, gsize *ret_size, GError **err)
{

    if (!f->file == !f->string) {
        error_set(err, f->file ? "both file= and string= are given" : "contents are missing");
        error_set_expected(err, "one of file=FILE and string=TEXT");
        return false;
    }
    if (f->string) {
        *ret = g_strdup(f->string);
        *ret_size = strlen(f->string);
        return true;
    }
    return read_file(f->file, ret, ret_size, err);
}

static bool add_file(DeviceState *dev, const FwCfgOptions *f, GError **err)
{
    char *data = NULL;
    gsize size = 0;

    if (!read_contents(f, &data, &size, err) ||
        !fw_cfg_add_file(dev, f->name, data, size, err)) {
        return false;
    }
    if (!g_str_has_prefix(f->name, "opt/")) {
        warn_report("-fw_cfg %s: names that do not begin with opt/ are the machine's own",
                    f->name);
    }
    return true;
}

/* In the order of the text. */
static void add_uuid(DeviceState *dev, const char *text)
{
    uint8_t *uuid = g_malloc0(UUID_SIZE);
    unsigned n = 0;

    for (const char *p = text; *p && n < 2 * UUID_SIZE; p++) {
        if (*p != '-') {
            uuid[n / 2] |= g_ascii_xdigit_value(*p) << (n % 2 ? 0 : 4);
            n++;
        }
    }
    fw_cfg_add(dev, FW_CFG_UUID, uuid, UUID_SIZE);
}

/* Milliseconds in two bytes, little-endian. */
static void add_time(DeviceState *dev, const char *name, int64_t ms)
{
    uint8_t *data = g_new(uint8_t, 2);

    data[0] = ms & 0xff;
    data[1] = ms >> 8 & 0xff;
    fw_cfg_add_file(dev, name, data, 2, NULL);
}

/* -boot, as firmware that knows this interface reads it. */
static bool add_boot(DeviceState *dev, const BootConfiguration *b, GError **err)
{
    gsize size;
    char *data;

    fw_cfg_add_uint16(dev, FW_CFG_BOOT_MENU, b->has_menu && b->menu);
    if (b->has_splash_time) {
        add_time(dev, "etc/boot-menu-wait", b->splash_time);
    }
    if (b->has_reboot_timeout && b->reboot_timeout >= 0) {
        add_time(dev, "etc/boot-fail-wait", b->reboot_timeout);
    }
    if (!b->splash) {
        return true;
    }
    if (!read_file(b->splash, &data, &size, err)) {
        return error_prefix(err, "-boot splash");
    }
    return fw_cfg_add_file(dev, g_str_has_suffix(b->splash, ".bmp") ? "bootsplash.bmp"
                                                                    : "bootsplash.jpg",
                           data, size, err);
}

bool main_add_fw_cfg(const MachineState *m, const FwCfgOptionsList *files, const char *uuid,
                     GError **err)
{
    DeviceState *dev = fw_cfg_find();

    for (size_t i = 0; files && i < files->len; i++) {
        const FwCfgOptions *f = files->items[i];

        if (!dev) {
            return error_set(err, "-fw_cfg %s: machine '%s' has no fw_cfg", f->name,
                             machine_class(m)->name);
        }
        if (!add_file(dev, f, err)) {
            return error_prefix(err, "-fw_cfg %s", f->name);
        }
    }
    if (dev && m->boot && !add_boot(dev, m->boot, err)) {
        return false;
    }
    if (dev) {
        add_uuid(dev, uuid ? uuid : "");
        fw_cfg_add_uint16(dev, FW_CFG_NOGRAPHIC, !m->graphics);
    }
    return true;
}
