/*
 * Software floating point in IEEE 754-2019 binary32.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "fpu/float-parts.h"

#define FLOAT float32
#define FORMAT FORMAT_F32
#define F(name) f32_##name
#define HOST_FLOAT float

#include "fpu/float-hard.c.inc"
#include "fpu/float-arith.c.inc"
#include "fpu/float-compare.c.inc"
#include "fpu/float-int.c.inc"
