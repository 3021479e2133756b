/*
 * x86-64 instruction encodings (Intel SDM volume 2, chapter 2): REX and VEX prefixes, ModRM
 * and SIB forms, and the few instructions that the backend writes by name.
 *
 * All write at *p and advance it; the caller has checked that there is room, and 8 bytes
 * more. They work on a copy of the pointer, which stores of bytes cannot alias. Widths are 32
 * or 64. An opcode above 0xff is preceded by the byte 0x0f.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TCG_X86_64_EMIT_H
#define TCG_X86_64_EMIT_H

#include "util/osdep.h"

enum {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
};

/* Group-1 operations, by their /digit; opcode reg, r/m is digit * 8 + 3. */
enum { ALU_ADD = 0, ALU_OR = 1, ALU_AND = 4, ALU_SUB = 5, ALU_XOR = 6, ALU_CMP = 7 };
/* Group-2 shifts, by their /digit. */
enum { SHIFT_ROL = 0, SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 };
/* Group 3 (opcode 0xf7), by its /digit. */
enum { G3_NOT = 2, G3_NEG = 3, G3_MUL = 4, G3_IMUL = 5, G3_DIV = 6, G3_IDIV = 7 };
/* Condition codes. */
enum {
    CC_B = 2, CC_AE = 3, CC_E = 4, CC_NE = 5, CC_BE = 6, CC_A = 7, CC_S = 8, CC_NS = 9,
    CC_L = 12, CC_GE = 13, CC_LE = 14, CC_G = 15,
};
/* Opcodes with a reg, r/m form. */
enum {
    OPC_MOV_LOAD = 0x8b, OPC_MOV_STORE = 0x89, OPC_MOV_STORE8 = 0x88, OPC_LEA = 0x8d,
    OPC_MOVSXD = 0x63, OPC_MOVZX8 = 0x1b6, OPC_MOVZX16 = 0x1b7, OPC_MOVSX8 = 0x1be,
    OPC_MOVSX16 = 0x1bf, OPC_IMUL = 0x1af, OPC_TEST = 0x85, OPC_CMOV = 0x140,
    OPC_SETCC = 0x190, OPC_BSF = 0x1bc, OPC_BSR = 0x1bd, OPC_XCHG = 0x87, OPC_CMPXCHG = 0x1b1,
    OPC_XADD = 0x1c1,
};
/* VEX fields: pp selects 66, F3, F2; maps 2 (0F 38) and 3 (0F 3A). */
enum { VEX_NP = 0, VEX_66 = 1, VEX_F3 = 2, VEX_F2 = 3, VEX_0F38 = 2, VEX_0F3A = 3 };

static inline void put8(uint8_t **p, uint8_t v)
{
    *(*p)++ = v;
}

static inline void put16(uint8_t **p, uint16_t v)
{
    memcpy(*p, &v, 2);
    *p += 2;
}

static inline void put32(uint8_t **p, uint32_t v)
{
    memcpy(*p, &v, 4);
    *p += 4;
}

static inline void put64(uint8_t **p, uint64_t v)
{
    memcpy(*p, &v, 8);
    *p += 8;
}

/* The low @n bytes of @v, written as eight. */
static inline void put_n(uint8_t **p, uint64_t v, unsigned n)
{
    memcpy(*p, &v, 8);
    *p += n;
}

static inline bool fits8(int64_t v)
{
    return v == (int8_t)v;
}

static inline bool fits32(int64_t v)
{
    return v == (int32_t)v;
}

static inline void put_opcode(uint8_t **p, unsigned opc)
{
    if (opc > 0xff) {
        put8(p, 0x0f);
    }
    put8(p, opc);
}

static inline void put_rex(uint8_t **p, unsigned w, int reg, int index, int base)
{
    unsigned rex = 0x40 | (w == 64) << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;

    if (rex != 0x40) {
        put8(p, rex);
    }
}

/* opc reg, rm */
static inline void emit_rr(uint8_t **p, unsigned w, unsigned opc, int reg, int rm)
{
    unsigned rex = 0x40 | (w == 64) << 3 | (reg >> 3) << 2 | rm >> 3;
    unsigned modrm = 0xc0 | (reg & 7) << 3 | (rm & 7), n = 2;
    uint32_t code = (opc & 0xff) | modrm << 8;

    if (opc > 0xff) {
        code = code << 8 | 0x0f;
        n++;
    }
    if (rex != 0x40) {
        code = code << 8 | rex;
        n++;
    }
    put_n(p, code, n);
}

/* The same for a byte register rm (and reg if both are): spl.. need a REX prefix. */
static inline void emit_rr8(uint8_t **p, unsigned w, unsigned opc, int reg, int rm)
{
    uint8_t *q = *p;

    put8(&q, 0x40 | (w == 64) << 3 | (reg >> 3) << 2 | rm >> 3);
    put_opcode(&q, opc);
    put8(&q, 0xc0 | (reg & 7) << 3 | (rm & 7));
    *p = q;
}

static inline void put_modrm_mem(uint8_t **p, int reg, int base, int32_t disp)
{
    unsigned mod = disp == 0 && (base & 7) != RBP ? 0 : fits8(disp) ? 1 : 2;

    put8(p, mod << 6 | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == RSP) {
        put8(p, 0x24);
    }
    if (mod == 1) {
        put8(p, disp);
    } else if (mod == 2) {
        put32(p, disp);
    }
}

/* opc reg, [base + disp] */
static inline void emit_rm(uint8_t **p, unsigned w, unsigned opc, int reg, int base,
                           int32_t disp)
{
    uint8_t *q = *p;

    put_rex(&q, w, reg, 0, base);
    put_opcode(&q, opc);
    put_modrm_mem(&q, reg, base, disp);
    *p = q;
}

/* opc reg, [base + index * 2^scale + disp] */
static inline void put_modrm_sib(uint8_t **p, int reg, int base, int index, unsigned scale,
                                 int32_t disp)
{
    unsigned mod = disp == 0 && (base & 7) != RBP ? 0 : fits8(disp) ? 1 : 2;

    put8(p, mod << 6 | (reg & 7) << 3 | RSP);
    put8(p, scale << 6 | (index & 7) << 3 | (base & 7));
    if (mod == 1) {
        put8(p, disp);
    } else if (mod == 2) {
        put32(p, disp);
    }
}

static inline void emit_rmx(uint8_t **p, unsigned w, unsigned opc, int reg, int base,
                            int index, unsigned scale, int32_t disp)
{
    uint8_t *q = *p;

    put_rex(&q, w, reg, index, base);
    put_opcode(&q, opc);
    put_modrm_sib(&q, reg, base, index, scale, disp);
    *p = q;
}

static inline void emit_mov_rr(uint8_t **p, unsigned w, int dst, int src)
{
    emit_rr(p, w, OPC_MOV_LOAD, dst, src);
}

static inline void emit_lea(uint8_t **p, unsigned w, int dst, int base, int32_t disp)
{
    emit_rm(p, w, OPC_LEA, dst, base, disp);
}

/* Keeps the flags. */
static inline void emit_mov_ri(uint8_t **p, int dst, int64_t v)
{
    uint8_t *q = *p;

    if (v == (int64_t)(uint32_t)v) {
        if (dst >> 3) {
            put8(&q, 0x41);
        }
        put8(&q, 0xb8 | (dst & 7));
        put32(&q, v);
    } else if (fits32(v)) {
        put8(&q, 0x48 | dst >> 3);
        put8(&q, 0xc7);
        put8(&q, 0xc0 | (dst & 7));
        put32(&q, v);
    } else {
        put8(&q, 0x48 | dst >> 3);
        put8(&q, 0xb8 | (dst & 7));
        put64(&q, v);
    }
    *p = q;
}

/* Shorter where it can be, but the flags are lost. */
static inline void emit_mov_ri_flags(uint8_t **p, int dst, int64_t v)
{
    if (v) {
        emit_mov_ri(p, dst, v);
    } else {
        emit_rr(p, 32, 0x33, dst, dst);
    }
}

static inline void emit_alu_rr(uint8_t **p, unsigned w, unsigned alu, int dst, int src)
{
    emit_rr(p, w, alu * 8 + 3, dst, src);
}

static inline void emit_alu_ri(uint8_t **p, unsigned w, unsigned alu, int dst, int32_t v)
{
    uint8_t *q = *p;

    put_rex(&q, w, 0, 0, dst);
    if (fits8(v)) {
        put8(&q, 0x83);
        put8(&q, 0xc0 | alu << 3 | (dst & 7));
        put8(&q, v);
    } else if (dst == RAX) {
        put8(&q, alu * 8 + 5);
        put32(&q, v);
    } else {
        put8(&q, 0x81);
        put8(&q, 0xc0 | alu << 3 | (dst & 7));
        put32(&q, v);
    }
    *p = q;
}

/* alu [base + disp], imm */
static inline void emit_alu_mi(uint8_t **p, unsigned w, unsigned alu, int base, int32_t disp,
                               int32_t v)
{
    uint8_t *q = *p;

    put_rex(&q, w, 0, 0, base);
    put8(&q, fits8(v) ? 0x83 : 0x81);
    put_modrm_mem(&q, alu, base, disp);
    if (fits8(v)) {
        put8(&q, v);
    } else {
        put32(&q, v);
    }
    *p = q;
}

/* mov [base + disp], imm of 8, 16, 32 or 64 bits (sign-extended from 32) */
static inline void put_mov_imm(uint8_t **p, unsigned bits, int32_t v)
{
    if (bits == 8) {
        put8(p, v);
    } else if (bits == 16) {
        put16(p, v);
    } else {
        put32(p, v);
    }
}

static inline void emit_mov_mi(uint8_t **p, unsigned bits, int base, int32_t disp, int32_t v)
{
    uint8_t *q = *p;

    if (bits == 16) {
        put8(&q, 0x66);
    }
    put_rex(&q, bits, 0, 0, base);
    put8(&q, bits == 8 ? 0xc6 : 0xc7);
    put_modrm_mem(&q, 0, base, disp);
    put_mov_imm(&q, bits, v);
    *p = q;
}

static inline void emit_mov_mxi(uint8_t **p, unsigned bits, int base, int index, int32_t disp,
                                int32_t v)
{
    uint8_t *q = *p;

    if (bits == 16) {
        put8(&q, 0x66);
    }
    put_rex(&q, bits, 0, index, base);
    put8(&q, bits == 8 ? 0xc6 : 0xc7);
    put_modrm_sib(&q, 0, base, index, 0, disp);
    put_mov_imm(&q, bits, v);
    *p = q;
}

/* Stores of the low 8, 16, 32 or 64 bits of a register. */
static inline void put_store_head(uint8_t **p, unsigned bits, int reg, int index, int base)
{
    unsigned rex = 0x40 | (bits == 64) << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;

    if (bits == 16) {
        put8(p, 0x66);
    }
    if (rex != 0x40 || (bits == 8 && reg >= RSP)) {
        put8(p, rex);
    }
    put8(p, bits == 8 ? OPC_MOV_STORE8 : OPC_MOV_STORE);
}

static inline void emit_store(uint8_t **p, unsigned bits, int reg, int base, int32_t disp)
{
    uint8_t *q = *p;

    put_store_head(&q, bits, reg, 0, base);
    put_modrm_mem(&q, reg, base, disp);
    *p = q;
}

static inline void emit_store_x(uint8_t **p, unsigned bits, int reg, int base, int index,
                                int32_t disp)
{
    uint8_t *q = *p;

    put_store_head(&q, bits, reg, index, base);
    put_modrm_sib(&q, reg, base, index, 0, disp);
    *p = q;
}

static inline void emit_load(uint8_t **p, unsigned w, int reg, int base, int32_t disp)
{
    emit_rm(p, w, OPC_MOV_LOAD, reg, base, disp);
}

/* shift rm, imm */
static inline void emit_shift_ri(uint8_t **p, unsigned w, unsigned shift, int rm, unsigned n)
{
    uint8_t *q = *p;

    put_rex(&q, w, 0, 0, rm);
    put8(&q, 0xc1);
    put8(&q, 0xc0 | shift << 3 | (rm & 7));
    put8(&q, n);
    *p = q;
}

/* shift rm, cl */
static inline void emit_shift_cl(uint8_t **p, unsigned w, unsigned shift, int rm)
{
    emit_rr(p, w, 0xd3, shift, rm);
}

static inline void emit_g3(uint8_t **p, unsigned w, unsigned digit, int rm)
{
    emit_rr(p, w, 0xf7, digit, rm);
}

/* F3-prefixed popcnt (0x1b8), tzcnt (0x1bc), lzcnt (0x1bd) */
static inline void emit_count(uint8_t **p, unsigned w, unsigned opc, int dst, int src)
{
    uint8_t *q = *p;

    put8(&q, 0xf3);
    emit_rr(&q, w, opc, dst, src);
    *p = q;
}

static inline void emit_vex_rrr(uint8_t **p, unsigned w, unsigned pp, unsigned map,
                                unsigned opc, int reg, int vvvv, int rm)
{
    uint8_t *q = *p;

    put8(&q, 0xc4);
    put8(&q, (~reg & 8) << 4 | 0x40 | (~rm & 8) << 2 | map);
    put8(&q, (w == 64) << 7 | (~vvvv & 15) << 3 | pp);
    put8(&q, opc);
    put8(&q, 0xc0 | (reg & 7) << 3 | (rm & 7));
    *p = q;
}

/* rorx dst, src, n */
static inline void emit_rorx(uint8_t **p, unsigned w, int dst, int src, unsigned n)
{
    uint8_t *q = *p;

    emit_vex_rrr(&q, w, VEX_F2, VEX_0F3A, 0xf0, dst, 0, src);
    put8(&q, n);
    *p = q;
}

static inline void emit_bswap(uint8_t **p, unsigned w, int reg)
{
    uint8_t *q = *p;

    put_rex(&q, w, 0, 0, reg);
    put8(&q, 0x0f);
    put8(&q, 0xc8 | (reg & 7));
    *p = q;
}

/* setcc on the low byte of reg */
static inline void emit_setcc(uint8_t **p, unsigned cc, int reg)
{
    emit_rr8(p, 32, OPC_SETCC | cc, 0, reg);
}

/* Jumps and calls with a 32-bit displacement, to a place in the same mapping; the
 * displacement is what emit_jcc and its like return, to be set later with patch_rel32. */
static inline uint8_t *emit_jcc(uint8_t **p, unsigned cc)
{
    uint8_t *q = *p;

    put8(&q, 0x0f);
    put8(&q, 0x80 | cc);
    q += 4;
    *p = q;
    return q - 4;
}

static inline uint8_t *emit_jmp(uint8_t **p)
{
    uint8_t *q = *p;

    put8(&q, 0xe9);
    q += 4;
    *p = q;
    return q - 4;
}

static inline void patch_rel32(uint8_t *at, const uint8_t *target)
{
    int32_t rel = target - (at + 4);

    memcpy(at, &rel, 4);
}

static inline void emit_jmp_to(uint8_t **p, const uint8_t *target)
{
    patch_rel32(emit_jmp(p), target);
}

static inline void emit_call_to(uint8_t **p, const uint8_t *target)
{
    put8(p, 0xe8);
    *p += 4;
    patch_rel32(*p - 4, target);
}

static inline void emit_jcc_to(uint8_t **p, unsigned cc, const uint8_t *target)
{
    patch_rel32(emit_jcc(p, cc), target);
}

/* Short forward jumps within one op's code. */
static inline uint8_t *emit_jcc8(uint8_t **p, unsigned cc)
{
    uint8_t *q = *p;

    put8(&q, 0x70 | cc);
    *p = q + 1;
    return q;
}

static inline uint8_t *emit_jmp8(uint8_t **p)
{
    uint8_t *q = *p;

    put8(&q, 0xeb);
    *p = q + 1;
    return q;
}

static inline void patch_rel8(uint8_t *at, const uint8_t *target)
{
    *at = target - (at + 1);
}

static inline void emit_call_r(uint8_t **p, int reg)
{
    uint8_t *q = *p;

    if (reg >> 3) {
        put8(&q, 0x41);
    }
    put8(&q, 0xff);
    put8(&q, 0xd0 | (reg & 7));
    *p = q;
}

static inline void emit_push(uint8_t **p, int reg)
{
    uint8_t *q = *p;

    if (reg >> 3) {
        put8(&q, 0x41);
    }
    put8(&q, 0x50 | (reg & 7));
    *p = q;
}

static inline void emit_pop(uint8_t **p, int reg)
{
    uint8_t *q = *p;

    if (reg >> 3) {
        put8(&q, 0x41);
    }
    put8(&q, 0x58 | (reg & 7));
    *p = q;
}

/* N bytes of no operation, in few instructions (SDM, NOP: recommended sequences). */
static inline void emit_nops(uint8_t **p, unsigned n)
{
    static const uint8_t nops[4][3] = {
        { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 },
    };

    while (n) {
        unsigned k = MIN(n, 3);
        memcpy(*p, nops[k], k);
        *p += k;
        n -= k;
    }
}

#endif
