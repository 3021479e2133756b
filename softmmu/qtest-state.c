/*
 * qtest commands of our own: vmstate_reload and fuzz.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "accel/accel.h"
#include "block/block-backend.h"
#include "hw/core/loader.h"
#include "hw/core/machine.h"
#include "softmmu/qtest-internal.h"
#include "softmmu/runstate.h"
#include "util/timer.h"

/* ---- vmstate_reload ---- */

typedef struct KeptBytes {
    uint64_t addr, size;
    void *data;
} KeptBytes;

/* A reset writes blobs to memory again, which is no device's state. */
static void keep_blob(uint64_t addr, uint64_t size, void *opaque)
{
    KeptBytes kept = { addr, size, g_malloc(size) };

    address_space_read(system_memory_as(), addr, MEMTXATTRS_CPU, kept.data, size);
    g_array_append_val(opaque, kept);
}

static void put_blobs_back(GArray *kept)
{
    for (guint i = 0; i < kept->len; i++) {
        KeptBytes *k = &g_array_index(kept, KeptBytes, i);

        address_space_write_rom(system_memory_as(), k->addr, k->data, k->size);
        g_free(k->data);
    }
}

static bool load_again(const GByteArray *before, GError **err)
{
    g_autoptr(GByteArray) after = g_byte_array_new();

    if (!devices_load(before->data, before->len, err)) {
        return false;
    }
    devices_save(after);
    return (before->len == after->len && !memcmp(before->data, after->data, before->len)) ||
           error_set(err, "state that was loaded is not saved as it was");
}

bool qtest_run_vmstate_reload(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                              GError **err)
{
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(KeptBytes));
    bool ok, running = run_state_running();

    /* As a machine that stops does. */
    if (running) {
        cpus_pause_all();
        clock_virtual_enable(false);
    }
    blk_drain_all();
    devices_save(before);
    rom_foreach(keep_blob, kept);
    qtest_wires_hold(q);
    machine_reset(machine_current());
    put_blobs_back(kept);
    ok = load_again(before, err);
    if (!ok) {
        machine_reset(machine_current()); /* half a state is none */
    }
    qtest_wires_release(q);
    if (running) {
        clock_virtual_enable(true);
        cpus_resume_all();
    }
    return ok;
}

/* ---- fuzz ---- */

typedef struct Random {
    uint64_t state;
} Random;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint64_t next_random(Random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* What registers find interesting. */
static uint64_t next_value(Random *r)
{
    uint64_t x = next_random(r);

    switch (next_random(r) >> 61) {
    case 0:  return 0;
    case 1:  return x & 0xf;
    case 2:  return UINT64_MAX;
    case 3:  return UINT64_C(1) << (x & 63);
    case 4:  return x & 0xff;
    default: return x;
    }
}

static uint64_t one_access(Random *r, uint64_t addr, uint64_t size)
{
    uint64_t choice = next_random(r) >> 32, offset = next_random(r) % size, value = 0;
    unsigned bytes = 1u << (choice & 3);
    MemTxResult result;

    if (choice >> 2 & 7) {
        offset &= ~UINT64_C(3); /* most registers lie on words */
    }
    if (choice >> 5 & 1 || choice >> 6 & 1) {
        result = address_space_store(system_memory_as(), addr + offset, MEMTXATTRS_CPU, bytes,
                                     next_value(r));
    } else {
        result = address_space_load(system_memory_as(), addr + offset, MEMTXATTRS_CPU, bytes,
                                    &value);
    }
    return value + result;
}

/* COUNT random reads and writes of all sizes in SIZE bytes at ADDR; every now and then time
 * moves on a little. The reply sums up what was read. */
bool qtest_run_fuzz(Qtest *q, const QtestCommand *cmd, char **arg, GString *reply,
                    GError **err)
{
    enum { BETWEEN_STEPS = 64, STEP_MASK = 0xfffff };
    uint64_t addr, size, count, seed, sum = 0;
    Random r;

    if (!qtest_number(arg[0], "ADDR", UINT64_MAX, &addr, err) ||
        !qtest_number(arg[1], "SIZE", UINT64_MAX, &size, err) ||
        !qtest_number(arg[2], "COUNT", QTEST_FUZZ_MAX, &count, err) ||
        !qtest_number(arg[3], "SEED", UINT64_MAX, &seed, err)) {
        return false;
    }
    if (size == 0 || addr > UINT64_MAX - (size - 1)) {
        return error_set(err, "the range is empty or goes beyond the address space");
    }
    r.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    r.state += r.state == 0;
    for (uint64_t i = 0; i < count; i++) {
        sum = (sum ^ one_access(&r, addr, size)) * UINT64_C(0x100000001b3); /* FNV-1a's */
        if (i % BETWEEN_STEPS == 0 && clock_virtual_is_manual()) {
            clock_virtual_step(next_random(&r) & STEP_MASK);
        }
    }
    g_string_append_printf(reply, "0x%016" PRIx64, sum);
    return true;
}
