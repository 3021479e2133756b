/*
 * Software floating point in IEEE 754-2019 binary64.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/float-parts.h"

#define FLOAT float64
#define FORMAT FORMAT_F64
#define F(name) f64_##name
#define HOST_FLOAT double

#include "fpu/float-hard.c.inc"
#include "fpu/float-arith.c.inc"
#include "fpu/float-compare.c.inc"
#include "fpu/float-int.c.inc"
