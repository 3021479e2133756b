/*
 * SiFive test finisher: a word whose writes end or reset the machine.
 *
 * 0x5555 powers off, 0x7777 resets, CODE << 16 | 0x3333 ends the process with exit status
 * CODE (values and effects as the boards' firmware and Linux's syscon drivers use them).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/sysbus.h"
#include "hw/misc/sifive-test.h"
#include "hw/misc/trace.h"
#include "softmmu/runstate.h"

enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

typedef struct SifiveTest {
    SysBusDevice parent;
    MemoryRegion mmio;
} SifiveTest;

static uint64_t sifive_test_read(void *opaque, uint64_t addr, unsigned size)
{
    return 0;
}

static void sifive_test_write(void *opaque, uint64_t addr, uint64_t value, unsigned size)
{
    int code = value >> 16 & 0xff;

    if (addr != 0) {
        guest_error(opaque, "write to 0x%" PRIx64 ", where nothing is", addr);
        return;
    }
    trace_sifive_test_command_run(value & 0xffff, code);
    switch (value & 0xffff) {
    case FINISHER_FAIL:
        shutdown_request_with_code(SHUTDOWN_GUEST_PANIC, code);
        break;
    case FINISHER_PASS:
        shutdown_request_with_code(SHUTDOWN_GUEST_SHUTDOWN, code);
        break;
    case FINISHER_RESET:
        reset_request(SHUTDOWN_GUEST_RESET);
        break;
    default:
        guest_error(opaque, "0x%" PRIx64 " is no finisher command", value);
    }
}

static const MemoryRegionOps sifive_test_ops = {
    .read = sifive_test_read,
    .write = sifive_test_write,
    .access = { .min = 2, .max = 4 },
};

static bool sifive_test_realize(SifiveTest *s, GError **err)
{
    memory_region_init_io(&s->mmio, s, &sifive_test_ops, s, TYPE_SIFIVE_TEST,
                          SIFIVE_TEST_SIZE);
    sysbus_init_mmio(s, &s->mmio);
    return true;
}

static void sifive_test_unrealize(SifiveTest *s)
{
    memory_region_destroy(&s->mmio);
}

DEVICE(SifiveTest, TYPE_SIFIVE_TEST, TYPE_SYS_BUS_DEVICE, "SiFive test finisher",
       .realize = sifive_test_realize, .unrealize = sifive_test_unrealize,
       .security_boundary = true);
