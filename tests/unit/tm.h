/*
 * A machine for tests of devices: no CPU, the test is the bus master.
 *
 * Each test runs twice (tm_add_test): fresh, and restored, where the state of all devices
 * is saved, reset and loaded before every access that the test makes. Both must behave alike.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_TM_H
#define TESTS_UNIT_TM_H

#include "hw/core/machine.h"
#include "hw/core/sysbus.h"

typedef struct TestMachine TestMachine;

/* Register NAME/fresh and NAME/restored. @setup makes the devices, @fn tests them. */
void tm_add_test(const char *name, void (*setup)(TestMachine *m), void (*fn)(TestMachine *m));

/* ---- In setup ---- */
/* RAM at addr. */
void tm_add_ram(TestMachine *m, uint64_t addr, uint64_t size);
/* A sysbus device with properties, internal ones too, from @props (option syntax "a=1,b=x", or NULL), its
 * region 0 mapped at addr (UINT64_MAX: not mapped), its interrupts recorded. */
void *tm_add_sysbus(TestMachine *m, const char *type, const char *props, uint64_t addr);
/* As "-device OPTIONS" would. Aborts on errors. */
void *tm_device_add(TestMachine *m, const char *options);
/* Record the wires of that name (NULL: the unnamed ones). */
void tm_watch_irqs(TestMachine *m, void *dev, const char *name);
/* Something of the test's own, for fn. */
void tm_set_data(TestMachine *m, void *data);
void *tm_data(TestMachine *m);

/* ---- In the test ---- */
/* This is the run that saves and loads before each access. */
bool tm_restored(const TestMachine *m);
uint8_t tm_read8(TestMachine *m, uint64_t addr);
uint16_t tm_read16(TestMachine *m, uint64_t addr);
uint32_t tm_read32(TestMachine *m, uint64_t addr);
uint64_t tm_read64(TestMachine *m, uint64_t addr);
void tm_write8(TestMachine *m, uint64_t addr, uint8_t value);
void tm_write16(TestMachine *m, uint64_t addr, uint16_t value);
void tm_write32(TestMachine *m, uint64_t addr, uint32_t value);
void tm_write64(TestMachine *m, uint64_t addr, uint64_t value);
void tm_memread(TestMachine *m, uint64_t addr, void *buf, size_t len);
void tm_memwrite(TestMachine *m, uint64_t addr, const void *buf, size_t len);
/* The result of an access that may fail. */
MemTxResult tm_try_read(TestMachine *m, uint64_t addr, unsigned size, uint64_t *value);
MemTxResult tm_try_write(TestMachine *m, uint64_t addr, unsigned size, uint64_t value);

/* Level of a recorded wire, and how often it rose since the start. */
int tm_irq_level(TestMachine *m, void *dev, unsigned n);
unsigned tm_irq_count(TestMachine *m, void *dev, unsigned n);
int tm_irq_level_named(TestMachine *m, void *dev, const char *name, unsigned n);
/* Drive an input of a device. */
void tm_irq_in(TestMachine *m, void *dev, const char *name, unsigned n, int level);

/* Move the virtual clock on; timers that come due run. */
void tm_clock_step(TestMachine *m, int64_t ns);
/* Let the main loop handle what is pending (chardevs, bottom halves, block requests), until
 * @done(opaque) says so, or ten seconds. */
void tm_run(TestMachine *m);
bool tm_run_until(TestMachine *m, bool (*done)(void *opaque), void *opaque);
void tm_reset(TestMachine *m);
/* Save all, reset, load, and check that wires and a second save are as before. */
void tm_save_load(TestMachine *m);
/* Load damaged copies of the state: each loads or is refused, none does harm. The machine is
 * reset afterwards. */
void tm_fuzz_state(TestMachine *m, unsigned rounds);

#endif
