/*
 * Contexts and the choice of backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend.h"
#include "tcg/ir-info.h"

/* The default first. */
static const TcgBackend *const backends[] = {
#ifdef CONFIG_X86_64_BACKEND
    &tcg_backend_x86_64,
#endif
    &tcg_backend_interp,
#ifdef CONFIG_X86_64_BACKEND
    &tcg_backend_x86_64_baseline,
#endif
};

const TcgBackend *tcg_backend_find(const char *name)
{
    for (unsigned n = 0; n < ARRAY_SIZE(backends); n++) {
        if (!strcmp(backends[n]->name, name)) {
            return backends[n];
        }
    }
    return NULL;
}

const TcgBackend *tcg_backend_default(void)
{
    return backends[0];
}

TcgContext *tcg_context_new(const TcgBackend *be, const TcgConfig *cfg, GError **err)
{
    TcgContext *ctx = be->context_new(cfg, err);

    if (ctx) {
        ctx->be = be;
    }
    return ctx;
}

void tcg_context_free(TcgContext *ctx)
{
    if (ctx) {
        ctx->be->context_free(ctx);
    }
}

TcgScratch *tcg_scratch_new(TcgContext *ctx)
{
    return ctx->be->scratch_new ? ctx->be->scratch_new(ctx) : NULL;
}

void tcg_scratch_free(TcgContext *ctx, TcgScratch *scratch)
{
    if (scratch) {
        ctx->be->scratch_free(scratch);
    }
}

size_t tcg_emit_prologue(TcgContext *ctx, TcgBuffer *buf)
{
    return ctx->be->emit_prologue(ctx, buf);
}

bool tcg_compile(TcgContext *ctx, TcgCompile *c, TcgBuffer *buf, size_t offset, size_t room)
{
    return ctx->be->compile(ctx, c, buf, offset, room);
}

void tcg_link_set(TcgContext *ctx, TcgBuffer *buf, const TcgLink *l, const void *target)
{
    ctx->be->link_set(ctx, buf, l, target);
}

TcgExit tcg_run(TcgContext *ctx, CpuState *cpu, const void *entry)
{
    TcgExit exit = ctx->be->run(ctx, cpu, entry);

    /* A store that could not leave at once (see tcg_store_leaves) has left by now. */
    tcg_area(ctx, cpu)->exit_after_store = 0;
    return exit;
}

TcgPlace tcg_place(const TcgContext *ctx, const TcgBuffer *buf, const void *context)
{
    if (!ctx->be->place) {
        return (TcgPlace){ .kind = TCG_PLACE_UNKNOWN };
    }
    return ctx->be->place(buf, context);
}

static uint32_t label_at(const IrCode *ir, int64_t label)
{
    uint32_t n = 0;

    while (ir->insns[n].op != IR_OP_label || ir->insns[n].imm != label) {
        n++;
    }
    return n;
}

bool tcg_store_leaves(const IrCode *ir, uint32_t at, int64_t *next_delta)
{
    bool followed = false;

    for (uint32_t n = at + 1; n < ir->n_insns; n++) {
        const IrInsn *i = &ir->insns[n];

        if (i->op == IR_OP_insn_start || i->op == IR_OP_exit_direct ||
            i->op == IR_OP_exit_loop || i->op == IR_OP_poll) {
            *next_delta = i->imm;
            return true;
        }
        if (i->op == IR_OP_br && !followed) {
            followed = true;
            n = label_at(ir, i->imm);
            continue;
        }
        if (i->op == IR_OP_label || i->op == IR_OP_count) {
            continue;
        }
        if (ir_op_info[i->op].effects & ~IR_EFF_DROPPABLE) {
            return false;
        }
    }
    return false;
}
