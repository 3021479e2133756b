/*
 * A whole machine for tests of devices: the emulator in a process of its own under
 * -accel qtest, whose memory, clock and wires the test drives (docs/devel/qtest.rst).
 *
 * Each test runs twice (qm_add_test): fresh, and restored, where the state of all devices
 * is saved, reset and loaded before every access of a register, step of the clock and change
 * of a wire. Both must behave alike. A command that is refused, a reply that does not come
 * in time and an emulator that ends unasked end the test program; it takes the emulator along.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_QM_H
#define TESTS_QTEST_QM_H

#include "util/osdep.h"
#include <json-c/json.h>

typedef struct QtestMachine QtestMachine;

/* Register NAME/fresh and NAME/restored: @fn with a machine of these options, which follow
 * "-accel qtest -bios none -display none". The first serial port is the harness's. */
void qm_add_test(const char *name, const char *options, void (*fn)(QtestMachine *m));
/* The same without the restored run; @fn finds @data by qm_data(). */
void qm_add_fresh_test(const char *name, const char *options, void (*fn)(QtestMachine *m),
                       const void *data);
const void *qm_data(const QtestMachine *m);
/* This is the restored run. */
bool qm_restored(const QtestMachine *m);
/* A path in a folder that is removed when the program ends; free it. */
char *qm_scratch(const char *name);
/* Time limits are this many times longer than usual (sanitizers). */
double qm_slow(void);

/* Registers: one access of the machine's physical memory. */
uint8_t qm_read8(QtestMachine *m, uint64_t addr);
uint16_t qm_read16(QtestMachine *m, uint64_t addr);
uint32_t qm_read32(QtestMachine *m, uint64_t addr);
uint64_t qm_read64(QtestMachine *m, uint64_t addr);
void qm_write8(QtestMachine *m, uint64_t addr, uint8_t value);
void qm_write16(QtestMachine *m, uint64_t addr, uint16_t value);
void qm_write32(QtestMachine *m, uint64_t addr, uint32_t value);
void qm_write64(QtestMachine *m, uint64_t addr, uint64_t value);
/* Memory in bulk; nothing is saved and loaded before it. */
void qm_memread(QtestMachine *m, uint64_t addr, void *buf, size_t len);
void qm_memwrite(QtestMachine *m, uint64_t addr, const void *buf, size_t len);
void qm_memset(QtestMachine *m, uint64_t addr, uint8_t byte, size_t len);

/* The virtual clock in nanoseconds, which starts at 0: on by @ns, or to the next deadline
 * (there must be one). Both return the new time. */
int64_t qm_clock_step(QtestMachine *m, int64_t ns);
int64_t qm_clock_step_to_next(QtestMachine *m);

/* Watch the inputs or outputs of one device from now on. */
void qm_watch_inputs(QtestMachine *m, const char *path);
void qm_watch_outputs(QtestMachine *m, const char *path);
/* A watched wire's level, and how often it rose. */
bool qm_wire(QtestMachine *m, unsigned n);
unsigned qm_wire_rises(QtestMachine *m, unsigned n);
/* Drive an unnamed input of a device. */
void qm_set_input(QtestMachine *m, const char *path, unsigned n, int level);

/* CSRs of a hart: false if it has none of that number, or it cannot be written. */
bool qm_get_csr(QtestMachine *m, unsigned hart, unsigned csr, uint64_t *ret);
bool qm_set_csr(QtestMachine *m, unsigned hart, unsigned csr, uint64_t value);
/* mip of a hart. */
uint64_t qm_mip(QtestMachine *m, unsigned hart);

/* Save all devices, reset, load. */
void qm_reload(QtestMachine *m);
/* As the monitor's system_reset does. */
void qm_reset(QtestMachine *m);
/* @count random reads and writes, made by the emulator; more than one command may take. */
void qm_fuzz(QtestMachine *m, uint64_t addr, uint64_t size, unsigned count, uint64_t seed);

/* A QMP command; what it returned, to be put with json_object_put(). The argument text is
 * JSON, or NULL. */
struct json_object *qm_qmp(QtestMachine *m, const char *command, const char *arguments);
/* Wait for an event; its data, to be put. Events that came before count too. */
struct json_object *qm_wait_event(QtestMachine *m, const char *event);
/* The other side of the first serial port. */
void qm_serial_send(QtestMachine *m, const char *text);
/* The same as far as there is room. */
void qm_serial_offer(QtestMachine *m, const char *text);
void qm_serial_expect(QtestMachine *m, const char *text);
/* Forget what came. */
void qm_serial_drain(QtestMachine *m);

/* Memory that the emulator occupies. */
uint64_t qm_resident_kib(const QtestMachine *m);

/* Ask @done again and again until it says so: false after ten seconds. */
bool qm_wait_until(QtestMachine *m, bool (*done)(void *opaque), void *opaque);
/* Several commands at once, lines that end with \n; each must be answered OK. */
void qm_pipeline(QtestMachine *m, const char *lines);

#endif
