/*
 * Encodings of scalar floating point: SSE2, or the same with VEX prefixes (Intel SDM volume 2).
 *
 * xmm registers have numbers from XMM0 on, so that one number names a register of any class.
 * @avx: the host has AVX. Then an operation has a register @v for its first operand; without,
 * the first operand is @reg, and the caller sees to it that they are the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_FP_EMIT_H
#define TCG_X86_64_FP_EMIT_H

#include "tcg/backend/x86_64/emit.h"

enum { XMM0 = 16 };
#define XMM_MASK 0xffff0000u

static inline bool is_xmm(int reg)
{
    return reg >= XMM0;
}

/* An opcode: prefix (VEX_NP, ...), map (1: 0F, VEX_0F38, VEX_0F3A), byte, width 32 or 64. */
typedef struct SseOp {
    uint8_t pp, map, opc, w;
} SseOp;

static inline void put_sse(uint8_t **p, bool avx, SseOp op, int reg, int v, int index, int base)
{
    static const uint8_t prefix[] = { 0, 0x66, 0xf3, 0xf2 };

    reg &= 15;
    base &= 15;
    if (avx) {
        if (op.map == 1 && op.w == 32 && !(index >> 3) && !(base >> 3)) {
            put8(p, 0xc5);
            put8(p, (~reg & 8) << 4 | (~v & 15) << 3 | op.pp);
        } else {
            put8(p, 0xc4);
            put8(p, (~reg & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | op.map);
            put8(p, (op.w == 64) << 7 | (~v & 15) << 3 | op.pp);
        }
    } else {
        if (prefix[op.pp]) {
            put8(p, prefix[op.pp]);
        }
        put_rex(p, op.w, reg, index, base);
        put8(p, 0x0f);
        if (op.map != 1) {
            put8(p, op.map == VEX_0F38 ? 0x38 : 0x3a);
        }
    }
    put8(p, op.opc);
}

/* op reg, [v,] rm; no v: 0 */
static inline void emit_sse_rr(uint8_t **p, bool avx, SseOp op, int reg, int v, int rm)
{
    uint8_t *q = *p;

    put_sse(&q, avx, op, reg, v, 0, rm);
    put8(&q, 0xc0 | (reg & 7) << 3 | (rm & 7));
    *p = q;
}

/* op reg, [v,] [base + disp] */
static inline void emit_sse_rm(uint8_t **p, bool avx, SseOp op, int reg, int v, int base,
                               int32_t disp)
{
    uint8_t *q = *p;

    put_sse(&q, avx, op, reg, v, 0, base);
    put_modrm_mem(&q, reg, base, disp);
    *p = q;
}

/* op reg, [v,] [base + index + disp] */
static inline void emit_sse_rmx(uint8_t **p, bool avx, SseOp op, int reg, int v, int base,
                                int index, int32_t disp)
{
    uint8_t *q = *p;

    put_sse(&q, avx, op, reg, v, index, base);
    put_modrm_sib(&q, reg, base, index, 0, disp);
    *p = q;
}

/* op reg, [v,] [target], which is in the same mapping */
static inline void emit_sse_rip(uint8_t **p, bool avx, SseOp op, int reg, int v,
                                const uint8_t *target)
{
    uint8_t *q = *p;

    put_sse(&q, avx, op, reg, v, 0, 0);
    put8(&q, (reg & 7) << 3 | 5);
    q += 4;
    patch_rel32(q - 4, target);
    *p = q;
}

static const SseOp SSE_MOVAPS = { VEX_NP, 1, 0x28, 32 };
static const SseOp SSE_MOVSD_LOAD = { VEX_F2, 1, 0x10, 32 };
static const SseOp SSE_MOVSD_STORE = { VEX_F2, 1, 0x11, 32 };
static const SseOp SSE_MOVSS_LOAD = { VEX_F3, 1, 0x10, 32 };
static const SseOp SSE_MOVSS_STORE = { VEX_F3, 1, 0x11, 32 };
static const SseOp SSE_XORPS = { VEX_NP, 1, 0x57, 32 };
static const SseOp SSE_ANDPS = { VEX_NP, 1, 0x54, 32 };
static const SseOp SSE_ANDNPS = { VEX_NP, 1, 0x55, 32 };
static const SseOp SSE_ORPS = { VEX_NP, 1, 0x56, 32 };
static const SseOp SSE_PCMPEQD = { VEX_66, 1, 0x76, 32 };
static const SseOp SSE_MOVQ_FROM_GPR = { VEX_66, 1, 0x6e, 64 }; /* xmm, r64 */
static const SseOp SSE_MOVQ_TO_GPR = { VEX_66, 1, 0x7e, 64 };   /* reg is the xmm register */

static inline void emit_xmm_move(uint8_t **p, bool avx, int dst, int src)
{
    emit_sse_rr(p, avx, SSE_MOVAPS, dst, 0, src);
}

static inline void emit_xmm_load(uint8_t **p, bool avx, int reg, int base, int32_t disp)
{
    emit_sse_rm(p, avx, SSE_MOVSD_LOAD, reg, 0, base, disp);
}

static inline void emit_xmm_store(uint8_t **p, bool avx, int reg, int base, int32_t disp)
{
    emit_sse_rm(p, avx, SSE_MOVSD_STORE, reg, 0, base, disp);
}

static inline void emit_xmm_zero(uint8_t **p, bool avx, int reg)
{
    emit_sse_rr(p, avx, SSE_XORPS, reg, reg, reg);
}

#endif
