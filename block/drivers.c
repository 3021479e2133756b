/*
 * The drivers of block nodes, and what gives image formats away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/driver-list.h"

const BlockDriver *const block_drivers[] = {
    &block_driver_file, &block_driver_host_device, &block_driver_raw, NULL,
};

/* Where formats have their magic numbers, by their published descriptions. */
static const struct {
    const char *format;
    unsigned offset, len;
    const char *bytes;
} magics[] = {
    { "qcow2", 0, 4, "QFI\xfb" },
    { "qed", 0, 4, "QED\0" },
    { "vmdk", 0, 4, "KDMV" },
    { "vmdk", 0, 4, "COWD" },
    { "vmdk", 0, 21, "# Disk DescriptorFile" },
    { "vhdx", 0, 8, "vhdxfile" },
    { "vpc", 0, 8, "conectix" },
    { "vdi", 64, 4, "\x7f\x10\xda\xbe" },
    { "luks", 0, 6, "LUKS\xba\xbe" },
    { "parallels", 0, 16, "WithoutFreeSpace" },
    { "parallels", 0, 16, "WithouFreSpacExt" },
};

const char *block_foreign_format(const void *sector, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(magics); i++) {
        if (len >= magics[i].offset + magics[i].len &&
            !memcmp((const char *)sector + magics[i].offset, magics[i].bytes,
                    magics[i].len)) {
            return magics[i].format;
        }
    }
    return NULL;
}
