/*
 * The IR as text, one op a line, for -d op:
 *
 *     v5 = add.i64 v3, $0x10
 *     set_global.i64 x10, v5
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/ir-builder.h"

static void print_val(const IrCode *c, IrVal v, GString *out)
{
    if (v < c->n_vals && c->vals[v].is_const) {
        int64_t value = c->vals[v].value;
        if (value >= -1024 && value < 1024) {
            g_string_append_printf(out, "$%" PRId64, value);
        } else {
            g_string_append_printf(out, "$0x%" PRIx64, value);
        }
    } else {
        g_string_append_printf(out, "v%u", v);
    }
}

static void print_memop(unsigned mo, IrType type, GString *out)
{
    char kind = type == IR_F64 ? 'f' : mo & IR_MO_SIGN ? 's' : 'u';

    g_string_append_printf(out, ".%c%u%s%s", kind,
                           8u << (mo & IR_MO_SIZE), mo & IR_MO_BE ? ".be" : "",
                           mo & IR_MO_ALIGN ? ".align" : "");
}

static void print_pc(int64_t delta, GString *out)
{
    g_string_append_printf(out, " pc%+" PRId64, delta);
}

static void print_insn(const IrCode *c, const IrInsn *i, const IrGlobal *globals,
                       GString *out)
{
    const IrOpInfo *info = &ir_op_info[i->op];
    const char *sep = " ";

    if (i->op == IR_OP_insn_start) {
        g_string_append_printf(out, "---- pc%+" PRId64 " (after %d)\n", i->imm, (int16_t)i->aux);
        return;
    }
    g_string_append(out, i->op == IR_OP_label ? "" : "  ");
    if (i->dst) {
        g_string_append_printf(out, "v%u = ", i->dst);
    }
    g_string_append(out, info->name);
    if (strchr(info->results, 'T') || strchr(info->operands, 'T')) {
        g_string_append_printf(out, ".%s", ir_type_name(i->type));
    }
    switch (i->op) {
    case IR_OP_get_global:
    case IR_OP_set_global:
        g_string_append_printf(out, " %s", globals[i->imm].name);
        sep = ", ";
        break;
    case IR_OP_get_local:
    case IR_OP_set_local:
        g_string_append_printf(out, " l%d", (int)i->imm);
        sep = ", ";
        break;
    case IR_OP_get_pc:
    case IR_OP_exit_direct:
    case IR_OP_exit_loop: print_pc(i->imm, out); break;
    case IR_OP_setcond:
    case IR_OP_select:
    case IR_OP_brcond: g_string_append_printf(out, ".%s", ir_cond_name(i->cond)); break;
    case IR_OP_ld:
    case IR_OP_st:
    case IR_OP_cas: print_memop(i->memop, i->type, out); break;
    case IR_OP_amo:
        g_string_append_printf(out, ".%s", ir_amo_name(i->cond));
        print_memop(i->memop, i->type, out);
        break;
    case IR_OP_ld_env:
    case IR_OP_st_env:
        print_memop(i->memop, i->type, out);
        g_string_append_printf(out, " [%d]", (int)i->imm);
        sep = ", ";
        break;
    case IR_OP_fence:
        g_string_append_printf(out, "%s%s%s%s", i->imm & IR_FENCE_RR ? " rr" : "",
                               i->imm & IR_FENCE_RW ? " rw" : "",
                               i->imm & IR_FENCE_WR ? " wr" : "",
                               i->imm & IR_FENCE_WW ? " ww" : "");
        break;
    case IR_OP_call:
        g_string_append_printf(out, " %s", ((const IrHelper *)(intptr_t)i->imm)->name);
        sep = ", ";
        for (unsigned n = 0; n < i->aux; n++) {
            g_string_append(out, sep);
            print_val(c, c->call_args[i->src[0] + n], out);
        }
        break;
    case IR_OP_count: g_string_append_printf(out, " %d", (int)i->imm); break;
    case IR_OP_poll:
        print_pc(i->imm, out);
        g_string_append_printf(out, " (after %d)", (int16_t)i->aux);
        break;
    case IR_OP_label: g_string_append_printf(out, " L%d:", (int)i->imm); break;
    default:
        if ((info->effects & IR_EFF_FP) && i->imm) {
            print_memop(i->memop, IR_F64, out);
            g_string_append_printf(out, " %s", ((const IrHelper *)(intptr_t)i->imm)->name);
            sep = ", ";
        }
        break;
    }
    for (unsigned n = 0; n < info->n_src; n++) {
        g_string_append(out, sep);
        print_val(c, i->src[n], out);
        sep = ", ";
    }
    if (i->op == IR_OP_br || i->op == IR_OP_brcond) {
        g_string_append_printf(out, "%sL%d", sep, (int)i->imm);
    }
    g_string_append_c(out, '\n');
}

void ir_print(const IrCode *c, const IrGlobal *globals, GString *out)
{
    for (uint32_t n = 0; n < c->n_insns; n++) {
        print_insn(c, &c->insns[n], globals, out);
    }
    if (c->overflow) {
        g_string_append(out, "(a table is full)\n");
    }
}
