/*
 * Telling the host's perf(1) what generated code is: a perf map, or a jitdump file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef ACCEL_TCG_PERF_H
#define ACCEL_TCG_PERF_H

#include "accel/tcg/internal.h"

/* Open /tmp/perf-PID.map, jit-PID.dump in the current folder, or both; *ret is NULL if none
 * is wanted. */
bool tcg_perf_new(bool map, bool jitdump, TcgPerf **ret, GError **err);
void tcg_perf_free(TcgPerf *p);
/* The cache is there, with the code that all regions share. */
void tcg_perf_shared(TcgPerf *p, const TcgCache *c);
/* A region was published that begins at guest address @pc. Any vCPU's thread. */
void tcg_perf_region(TcgPerf *p, const TcgCache *c, const TcgRegion *r, uint64_t pc);
/* Everything so far is in the files. */
void tcg_perf_flush(TcgPerf *p);

#endif
