/*
 * fw_cfg, the memory-mapped form (the device tree binding "qemu,fw-cfg-mmio", and the
 * interface as Linux's driver qemu_fw_cfg and its documentation describe it).
 *
 * The guest selects an item by its key and reads it byte by byte through the data register,
 * or has it copied by DMA. Items cannot be written. What lies behind an item's end reads
 * as zero.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/core/boot-order.h"
#include "hw/core/machine.h"
#include "hw/nvram/trace.h"

enum { ID_TRADITIONAL = 1 << 0, ID_DMA = 1 << 1 };
enum {
    DMA_ERROR = 1 << 0, DMA_READ = 1 << 1, DMA_SKIP = 1 << 2, DMA_SELECT = 1 << 3,
    DMA_WRITE = 1 << 4, DMA_KEY_SHIFT = 16,
};
#define DMA_SIGNATURE UINT64_C(0x51454d5520434647) /* "QEMU CFG" */

#define BOOT_ORDER "bootorder"
enum { NAME_SIZE = 56, SLOTS_DEFAULT = 32, SLOTS_MAX = 0x1000 };
/* Zeros that one DMA request may ask for behind an item: a driver asks for none. */
#define DMA_MAX_ZEROS (1 * MiB)

typedef struct Item {
    uint8_t *data;
    uint32_t size;
} Item;

typedef struct File {
    char *name;
    Item item;
} File;

typedef struct FwCfg {
    SysBusDevice parent;
    MemoryRegion ctl, data, dma;
    bool dma_enabled;   /* properties */
    uint16_t file_slots;
    GHashTable *items;  /* key: Item * */
    GPtrArray *files;   /* File *, by name */
    Item directory;
    /* guest state */
    uint64_t dma_addr;
    uint32_t offset;    /* in the item, may lie behind its end */
    uint16_t key;
} FwCfg;

/* A request in guest memory, big-endian. */
typedef struct DmaRequest {
    uint32_t control, length;
    uint64_t address;
} DmaRequest;

/* An entry of the directory, big-endian. */
typedef struct DirEntry {
    uint32_t size;
    uint16_t key, reserved;
    char name[NAME_SIZE];
} DirEntry;

static const Property fw_cfg_properties[] = {
    PROP_BOOL(FwCfg, dma_enabled, "dma_enabled", "the DMA interface is there",
              .def = true),
    PROP_UINT16(FwCfg, file_slots, "x-file-slots", "how many files there may be",
                .def = SLOTS_DEFAULT, .max = SLOTS_MAX),
    PROP_END
};

static const VMStateField fw_cfg_vmstate[] = {
    VMS_UINT64(FwCfg, dma_addr),
    VMS_UINT32(FwCfg, offset),
    VMS_UINT16(FwCfg, key),
    VMS_END
};

/* ---- Items ---- */

static void item_free(void *ptr)
{
    Item *item = ptr;

    g_free(item->data);
    g_free(item);
}

static void file_free(void *ptr)
{
    File *file = ptr;

    g_free(file->name);
    g_free(file->item.data);
    g_free(file);
}

static const Item *find_item(FwCfg *s, uint16_t key)
{
    if (key >= FW_CFG_FILE_FIRST && key - FW_CFG_FILE_FIRST < s->files->len) {
        return &((File *)g_ptr_array_index(s->files, key - FW_CFG_FILE_FIRST))->item;
    }
    if (key == FW_CFG_FILE_DIR) {
        return &s->directory;
    }
    return g_hash_table_lookup(s->items, GUINT_TO_POINTER(key));
}

void fw_cfg_add(DeviceState *dev, uint16_t key, void *data, uint32_t size)
{
    FwCfg *s = (FwCfg *)dev;
    Item *item = g_new(Item, 1);

    *item = (Item){ data, size };
    g_hash_table_replace(s->items, GUINT_TO_POINTER(key), item);
}

void fw_cfg_add_uint16(DeviceState *dev, uint16_t key, uint16_t value)
{
    uint16_t le = GUINT16_TO_LE(value);

    fw_cfg_add(dev, key, g_memdup2(&le, sizeof(le)), sizeof(le));
}

static void add_uint32(DeviceState *dev, uint16_t key, uint32_t value)
{
    uint32_t le = GUINT32_TO_LE(value);

    fw_cfg_add(dev, key, g_memdup2(&le, sizeof(le)), sizeof(le));
}

void fw_cfg_add_sized(DeviceState *dev, uint16_t size_key, uint16_t data_key, void *data,
                      uint32_t size)
{
    add_uint32(dev, size_key, size);
    fw_cfg_add(dev, data_key, data, size);
}

static int compare_files(const void *a, const void *b)
{
    const File *x = *(File *const *)a, *y = *(File *const *)b;

    return strcmp(x->name, y->name);
}

static void make_directory(FwCfg *s)
{
    uint32_t count = GUINT32_TO_BE(s->files->len);
    DirEntry *entry;

    g_free(s->directory.data);
    s->directory.size = sizeof(count) + s->files->len * sizeof(DirEntry);
    s->directory.data = g_malloc0(s->directory.size);
    memcpy(s->directory.data, &count, sizeof(count));
    entry = (DirEntry *)(s->directory.data + sizeof(count));
    for (guint i = 0; i < s->files->len; i++, entry++) {
        const File *file = g_ptr_array_index(s->files, i);

        entry->size = GUINT32_TO_BE(file->item.size);
        entry->key = GUINT16_TO_BE(FW_CFG_FILE_FIRST + i);
        g_strlcpy(entry->name, file->name, NAME_SIZE);
    }
}

static bool check_file(FwCfg *s, const char *name, uint64_t size, GError **err)
{
    if (!*name || strlen(name) >= NAME_SIZE) {
        error_set(err, "fw_cfg file '%s': the name has %zu characters", name, strlen(name));
        error_set_expected(err, "1 to %d", NAME_SIZE - 1);
        return false;
    }
    if (size > UINT32_MAX) {
        return error_set(err, "fw_cfg file '%s' is larger than 4 GiB", name);
    }
    for (guint i = 0; i < s->files->len; i++) {
        if (!strcmp(((File *)g_ptr_array_index(s->files, i))->name, name)) {
            return error_set(err, "fw_cfg file '%s' is there already", name);
        }
    }
    return s->files->len < s->file_slots ||
           error_set(err, "fw_cfg file '%s': there are %u files already, x-file-slots allows "
                     "no more", name, s->files->len);
}

bool fw_cfg_add_file(DeviceState *dev, const char *name, void *data, uint64_t size,
                     GError **err)
{
    FwCfg *s = (FwCfg *)dev;
    File *file;

    if (!check_file(s, name, size, err)) {
        g_free(data);
        return false;
    }
    file = g_new(File, 1);
    *file = (File){ g_strdup(name), { data, size } };
    g_ptr_array_add(s->files, file);
    g_ptr_array_sort(s->files, compare_files);
    make_directory(s);
    return true;
}

/* The file "bootorder", there from the first reset on at which a device has a turn. */
static void update_boot_order(FwCfg *s)
{
    g_autoptr(GError) fault = NULL;
    char *text = boot_order_text();
    uint32_t size = text ? strlen(text) + 1 : 0;

    for (guint i = 0; i < s->files->len; i++) {
        File *file = g_ptr_array_index(s->files, i);

        if (!strcmp(file->name, BOOT_ORDER)) {
            g_free(file->item.data);
            file->item = (Item){ (uint8_t *)text, size };
            make_directory(s);
            return;
        }
    }
    if (text && !fw_cfg_add_file(&s->parent.parent, BOOT_ORDER, text, size, &fault)) {
        warn_report("%s: bootindex has no effect", fault->message);
    }
}

static void find_first(DeviceState *dev, void *opaque)
{
    DeviceState **found = opaque;

    if (!*found && object_is_a(dev, TYPE_FW_CFG_MEM)) {
        *found = dev;
    }
}

DeviceState *fw_cfg_find(void)
{
    DeviceState *found = NULL;

    device_foreach(NULL, find_first, &found);
    return found;
}

/* ---- Selector and data ---- */

static void select_item(FwCfg *s, uint16_t key)
{
    const Item *item = find_item(s, key);

    s->key = key;
    s->offset = 0;
    trace_fw_cfg_item_select(key, item ? item->size : 0);
}

/* What is left of the item. */
static uint32_t item_rest(const Item *item, uint32_t offset)
{
    return item && offset < item->size ? item->size - offset : 0;
}

static void go_on(FwCfg *s, uint32_t len)
{
    s->offset = len > UINT32_MAX - s->offset ? UINT32_MAX : s->offset + len;
}

static void fw_cfg_ctl_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    select_item(opaque, value);
}

/* The next bytes of the item, in the order in which they lie in memory. */
static uint64_t fw_cfg_data_read(void *opaque, uint64_t addr, unsigned size)
{
    FwCfg *s = opaque;
    const Item *item = find_item(s, s->key);
    uint32_t n = MIN(size, item_rest(item, s->offset));
    uint64_t value = 0;

    if (addr != 0) {
        guest_error(s, "read of the data register at +%" PRIu64, addr);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        value |= (uint64_t)item->data[s->offset + i] << i * 8;
    }
    go_on(s, size);
    return value;
}

static void fw_cfg_data_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    guest_error(opaque, "write to the data register: items cannot be written");
}

static const MemoryRegionOps fw_cfg_ctl_ops = {
    .write = fw_cfg_ctl_write,
    .endian = BIG_ENDIAN_IO,
    .access = { .min = 2, .max = 2 },
};

static const MemoryRegionOps fw_cfg_data_ops = {
    .read = fw_cfg_data_read,
    .write = fw_cfg_data_write,
};

/* ---- DMA ---- */

static bool copy_item(FwCfg *s, uint64_t addr, uint32_t len)
{
    const Item *item = find_item(s, s->key);
    uint32_t n = MIN(len, item_rest(item, s->offset));

    if (len - n > DMA_MAX_ZEROS || addr > UINT64_MAX - len) {
        guest_error(s, "DMA of %u bytes to 0x%" PRIx64 ", the item has %u", len, addr, n);
        return false;
    }
    if ((n && address_space_write(system_memory_as(), addr, MEMTXATTRS_DMA,
                                  item->data + s->offset, n) != MEMTX_OK) ||
        address_space_set(system_memory_as(), addr + n, MEMTXATTRS_DMA, 0, len - n) !=
            MEMTX_OK) {
        guest_error(s, "DMA of %u bytes to 0x%" PRIx64 " fails", len, addr);
        return false;
    }
    return true;
}

static bool do_request(FwCfg *s, uint32_t control, uint32_t len, uint64_t addr)
{
    if (control & DMA_SELECT) {
        select_item(s, control >> DMA_KEY_SHIFT);
    }
    if (control & DMA_READ) {
        if (!copy_item(s, addr, len)) {
            return false;
        }
    } else if (control & DMA_WRITE) {
        guest_error(s, "DMA write to item 0x%x: items cannot be written", s->key);
        return false;
    } else if (!(control & DMA_SKIP)) {
        return true;
    }
    go_on(s, len);
    return true;
}

static void run_dma(FwCfg *s)
{
    AddressSpace *as = system_memory_as();
    uint64_t at = s->dma_addr;
    uint32_t answer = GUINT32_TO_BE(DMA_ERROR);
    DmaRequest r;

    s->dma_addr = 0;
    if (address_space_read(as, at, MEMTXATTRS_DMA, &r, sizeof(r)) != MEMTX_OK) {
        guest_error(s, "no DMA request at 0x%" PRIx64, at);
    } else {
        uint32_t control = GUINT32_FROM_BE(r.control), len = GUINT32_FROM_BE(r.length);
        uint64_t addr = GUINT64_FROM_BE(r.address);
        bool ok = do_request(s, control, len, addr);

        trace_fw_cfg_dma_run(at, control, len, addr, ok);
        answer = ok ? 0 : answer;
    }
    address_space_write(as, at, MEMTXATTRS_DMA, &answer, sizeof(answer));
}

static uint64_t fw_cfg_dma_read(void *opaque, uint64_t addr, unsigned size)
{
    return DMA_SIGNATURE >> (FW_CFG_DMA_SIZE - addr - size) * 8;
}

/* The half with the low bits starts the request. */
static void fw_cfg_dma_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    FwCfg *s = opaque;

    if (size == 8) {
        s->dma_addr = value;
    } else if (size == 4 && addr == 0) {
        s->dma_addr = value << 32;
        return;
    } else if (size == 4) {
        s->dma_addr = (s->dma_addr & ~(uint64_t)UINT32_MAX) | value;
    } else {
        guest_error(s, "write of %u bytes to the DMA address", size);
        return;
    }
    run_dma(s);
}

static const MemoryRegionOps fw_cfg_dma_ops = {
    .read = fw_cfg_dma_read,
    .write = fw_cfg_dma_write,
    .endian = BIG_ENDIAN_IO,
};

/* ---- Life ---- */

static void fw_cfg_init(FwCfg *s)
{
    s->items = g_hash_table_new_full(NULL, NULL, NULL, item_free);
    s->files = g_ptr_array_new_with_free_func(file_free);
    make_directory(s);
}

static void fw_cfg_finalize(FwCfg *s)
{
    g_hash_table_unref(s->items);
    g_ptr_array_unref(s->files);
    g_free(s->directory.data);
}

static bool fw_cfg_realize(FwCfg *s, GError **err)
{
    static const char signature[] = { 'Q', 'E', 'M', 'U' };
    DeviceState *dev = &s->parent.parent;

    memory_region_init_io(&s->ctl, s, &fw_cfg_ctl_ops, s, "fwcfg.ctl", FW_CFG_CTL_SIZE);
    memory_region_init_io(&s->data, s, &fw_cfg_data_ops, s, "fwcfg.data", FW_CFG_DATA_SIZE);
    sysbus_init_mmio(s, &s->ctl);
    sysbus_init_mmio(s, &s->data);
    if (s->dma_enabled) {
        memory_region_init_io(&s->dma, s, &fw_cfg_dma_ops, s, "fwcfg.dma", FW_CFG_DMA_SIZE);
        sysbus_init_mmio(s, &s->dma);
    }
    fw_cfg_add(dev, FW_CFG_SIGNATURE, g_memdup2(signature, sizeof(signature)),
               sizeof(signature));
    add_uint32(dev, FW_CFG_ID, ID_TRADITIONAL | (s->dma_enabled ? ID_DMA : 0));
    return true;
}

static void fw_cfg_unrealize(FwCfg *s)
{
    memory_region_destroy(&s->ctl);
    memory_region_destroy(&s->data);
    if (s->dma_enabled) {
        memory_region_destroy(&s->dma);
    }
}

static void fw_cfg_reset(FwCfg *s)
{
    s->dma_addr = 0;
    s->key = FW_CFG_SIGNATURE;
    s->offset = 0;
    update_boot_order(s);
}

DEVICE(FwCfg, TYPE_FW_CFG_MEM, TYPE_SYS_BUS_DEVICE, "items for the guest's firmware",
       .properties = fw_cfg_properties, .vmstate = fw_cfg_vmstate, .init = fw_cfg_init,
       .finalize = fw_cfg_finalize, .realize = fw_cfg_realize,
       .unrealize = fw_cfg_unrealize, .reset = fw_cfg_reset, .security_boundary = true);
