/*
 * Faults for tests of the self-check: the translator's side is given IR that was made
 * wrong, in one kind of operation or in one guest instruction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"

#include "accel/check/check.h"
#include "tcg/ir-info.h"

struct CheckPlant {
    int op;      /* IrOp, or -1 */
    char *insn;  /* as the disassembler spells it, or NULL */
};

/* Operations that take each other's place: same operands, another result. */
static const struct { uint8_t op, wrong; } wrong_ops[] = {
    { IR_OP_add, IR_OP_sub }, { IR_OP_sub, IR_OP_add }, { IR_OP_and, IR_OP_or },
    { IR_OP_or, IR_OP_xor }, { IR_OP_xor, IR_OP_or }, { IR_OP_shl, IR_OP_rotl },
    { IR_OP_shr, IR_OP_sar }, { IR_OP_sar, IR_OP_shr }, { IR_OP_rotl, IR_OP_rotr },
    { IR_OP_rotr, IR_OP_rotl }, { IR_OP_mul, IR_OP_mulhu }, { IR_OP_mulhu, IR_OP_mulhs },
    { IR_OP_mulhs, IR_OP_mulhu }, { IR_OP_mulhsu, IR_OP_mulhu }, { IR_OP_divs, IR_OP_divu },
    { IR_OP_divu, IR_OP_divs }, { IR_OP_rems, IR_OP_remu }, { IR_OP_remu, IR_OP_rems },
    { IR_OP_andc, IR_OP_and }, { IR_OP_orc, IR_OP_or }, { IR_OP_eqv, IR_OP_xor },
    { IR_OP_clz, IR_OP_ctz }, { IR_OP_ctz, IR_OP_clz }, { IR_OP_popcnt, IR_OP_clz },
    { IR_OP_bswap, IR_OP_not }, { IR_OP_not, IR_OP_neg }, { IR_OP_neg, IR_OP_not },
    { IR_OP_sext8, IR_OP_zext8 }, { IR_OP_zext8, IR_OP_sext8 },
    { IR_OP_sext16, IR_OP_zext16 }, { IR_OP_zext16, IR_OP_sext16 },
    { IR_OP_sext32, IR_OP_zext32 }, { IR_OP_zext32, IR_OP_sext32 },
    { IR_OP_extend_s, IR_OP_extend_u }, { IR_OP_extend_u, IR_OP_extend_s },
};

/* Make the op wrong; false if there is no way for this one. */
static bool spoil(IrInsn *i)
{
    switch (i->op) {
    case IR_OP_setcond:
    case IR_OP_select:
    case IR_OP_brcond:
        i->cond = i->cond == IR_EQ ? IR_NE : IR_EQ;
        return true;
    case IR_OP_ld:
        if ((i->memop & IR_MO_SIZE) == IR_MO_64) {
            i->memop = (i->memop & ~IR_MO_SIZE) | IR_MO_32;
        } else {
            i->memop ^= IR_MO_SIGN;
        }
        return true;
    case IR_OP_st:
        /* One byte becomes two: too wide. */
        i->memop = (i->memop & IR_MO_SIZE) == IR_MO_64 ? i->memop - 1 : i->memop + 1;
        return true;
    case IR_OP_amo:
        i->cond = i->cond == IR_AMO_ADD ? IR_AMO_XOR : IR_AMO_ADD;
        return true;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(wrong_ops); n++) {
        if (wrong_ops[n].op == i->op) {
            i->op = wrong_ops[n].wrong;
            return true;
        }
    }
    return false;
}

CheckPlant *check_plant_new(const char *what, GError **err)
{
    CheckPlant *p = g_new0(CheckPlant, 1);

    p->op = -1;
    if (g_str_has_prefix(what, "insn:") && what[5]) {
        p->insn = g_strdup(what + 5);
        return p;
    }
    for (unsigned n = 0; n < IR_OP_COUNT && g_str_has_prefix(what, "op:"); n++) {
        IrInsn i = { .op = n };
        if (strcmp(ir_op_info[n].name, what + 3) == 0 && spoil(&i)) {
            p->op = n;
            return p;
        }
    }
    g_free(p);
    error_set(err, "x-plant: '%s' is no fault that can be planted", what);
    error_set_expected(err, "op:NAME with an operation of the IR, or insn:NAME");
    return NULL;
}

void check_plant_free(CheckPlant *p)
{
    if (p) {
        g_free(p->insn);
        g_free(p);
    }
}

/* Whether the instruction at @delta is the one. */
static bool insn_matches(const CheckPlant *p, const CpuTranslate *t, int64_t delta)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const Disas d = cpu_disas(t->cpu);

    if (delta >= t->avail) {
        return false;
    }
    d.insn(d.opaque, t->pc + delta, t->code + delta, t->avail - delta, text);
    text->str[strcspn(text->str, " \t")] = '\0';
    return strcmp(text->str, p->insn) == 0;
}

/* Spoil the last op of insns[first..end) that can be. */
static void spoil_last(const IrCode *code, uint32_t first, uint32_t end)
{
    while (end-- > first) {
        if (spoil(&code->insns[end])) {
            return;
        }
    }
}

void check_plant_edit(void *plant, const CpuTranslate *t, const IrCode *code)
{
    const CheckPlant *p = plant;
    uint32_t start = 0;
    bool inside = false;

    for (uint32_t n = 0; n < code->n_insns; n++) {
        IrInsn *i = &code->insns[n];
        if (!p->insn) {
            if (i->op == p->op) {
                spoil(i);
            }
        } else if (i->op == IR_OP_insn_start) {
            if (inside) {
                spoil_last(code, start, n);
            }
            inside = insn_matches(p, t, i->imm);
            start = n;
        }
    }
    if (inside) {
        spoil_last(code, start, code->n_insns);
    }
}
