/*
 * Random accesses to a device's registers (tests/unit/device-fuzz.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/unit/device-fuzz.h"

enum { BEYOND = 16, RESTORED_PART = 100, STATE_ROUNDS = 20 };

static uint64_t random64(void)
{
    return (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

uint64_t device_fuzz_value(void)
{
    switch (g_test_rand_int_range(0, 6)) {
    case 0:  return 0;
    case 1:  return g_test_rand_int_range(0, 16);
    case 2:  return UINT64_MAX;
    case 3:  return UINT64_C(1) << g_test_rand_int_range(0, 64);
    case 4:  return random64() & 0xff;
    default: return random64();
    }
}

/* Most registers lie on words. */
static uint64_t random_offset(uint64_t size)
{
    uint64_t at = random64() % (size + BEYOND);

    return g_test_rand_int_range(0, 8) ? at & ~UINT64_C(3) : at;
}

static void between(TestMachine *m, void (*more)(TestMachine *m))
{
    switch (g_test_rand_int_range(0, 64)) {
    case 0: tm_reset(m); break;
    case 1: tm_fuzz_state(m, STATE_ROUNDS); break;
    case 2: tm_save_load(m); break;
    case 3: tm_clock_step(m, random64() & 0xffffffffff); break;
    default: tm_clock_step(m, random64() & 0xfffff); break;
    }
    tm_run(m);
    if (more) {
        more(m);
    }
}

void device_fuzz(TestMachine *m, uint64_t base, uint64_t size, unsigned accesses,
                 void (*more)(TestMachine *m))
{
    if (tm_restored(m)) {
        accesses /= RESTORED_PART;
    }
    for (unsigned i = 0; i < accesses; i++) {
        uint64_t addr = base + random_offset(size), value;
        unsigned bytes = 1u << g_test_rand_int_range(0, 4);

        if (g_test_rand_int_range(0, 3)) {
            tm_try_write(m, addr, bytes, device_fuzz_value());
        } else {
            tm_try_read(m, addr, bytes, &value);
        }
        if (i % 64 == 0) {
            between(m, more);
        }
    }
    tm_run(m);
    tm_save_load(m);
    tm_reset(m);
}
