/*
 * Software floating point in IEEE 754-2019 binary16.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/float-parts.h"

#define FLOAT float16
#define FORMAT FORMAT_F16
#define F(name) f16_##name

#include "fpu/float-arith.c.inc"
#include "fpu/float-compare.c.inc"
#include "fpu/float-int.c.inc"
