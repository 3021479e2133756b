/*
 * Code that all regions share, at the start of the buffer: the way in from C and the ways
 * back, and the register-saving part of the slow path. Also the ready-made sequences that
 * gen_call() copies around a call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tcg/backend/x86_64/gen.h"

static const uint8_t callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };
/* What the slow path keeps: all but rsp, rbp and r15 */
static const uint8_t slow_saved[] = {
    RAX, RCX, RDX, RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14,
};

/* Pinned registers of @mask to the state, or back. Returns the length. */
static unsigned emit_pins(const X86Context *ctx, const GlobalInfo *globals,
                          const int16_t *pin_global, uint8_t *code, unsigned mask, bool load)
{
    bool avx = ctx->host & HOST_AVX;
    uint8_t *p = code;

    for (int r = 0; r < N_REGS; r++) {
        if ((mask >> r & 1) && pin_global[r] >= 0) {
            const GlobalInfo *global = &globals[pin_global[r]];
            unsigned w = global->type == IR_I32 ? 32 : 64;
            if (is_xmm(r) && load) {
                emit_xmm_load(&p, avx, r, RBP, global->disp);
            } else if (is_xmm(r)) {
                emit_xmm_store(&p, avx, r, RBP, global->disp);
            } else if (load) {
                emit_load(&p, w, r, RBP, global->disp);
            } else {
                emit_store(&p, w, r, RBP, global->disp);
            }
        }
    }
    return p - code;
}

void x86_emit_pin_code(const X86Context *ctx, PinCode *code, const GlobalInfo *globals,
                       const int16_t *pin_global)
{
    code->save_all_len = emit_pins(ctx, globals, pin_global, code->save_all, ~0u, false);
    code->load_all_len = emit_pins(ctx, globals, pin_global, code->load_all, ~0u, true);
    code->save_caller_len = emit_pins(ctx, globals, pin_global, code->save_caller,
                                      PIN_CALLER_SAVED, false);
    code->load_caller_len = emit_pins(ctx, globals, pin_global, code->load_caller,
                                      PIN_CALLER_SAVED, true);
}

static void put_bytes(uint8_t **p, const uint8_t *bytes, unsigned n)
{
    memcpy(*p, bytes, n);
    *p += n;
}

/* uint64_t enter(CpuState *rdi, const void *rsi) */
static void emit_enter(X86Context *ctx, uint8_t **p)
{
    for (unsigned n = 0; n < ARRAY_SIZE(callee_saved); n++) {
        emit_push(p, callee_saved[n]);
    }
    emit_alu_ri(p, 64, ALU_SUB, RSP, FRAME_SIZE);
    emit_lea(p, 64, RBP, RDI, ctx->parent.cfg.env_bias);
    emit_mov_rr(p, 64, RAX, RSI);
    emit_load(p, 64, R15, RBP, ctx->disp_area + offsetof(TcgCpuArea, data_view));
    emit_load(p, 64, RBX, RBP, ctx->disp_pc);
    put_bytes(p, ctx->pins.load_all, ctx->pins.load_all_len);
    put8(p, 0xff); /* jmp rax */
    put8(p, 0xe0);
}

/* The ends of a region, one falling into the next where it can. Returns where the last
 * step (back to C with rax, state complete) begins. */
static uint8_t *emit_exits(X86Context *ctx, uint8_t *base, uint8_t **p)
{
    uint8_t *result, *no_pc, *restore;
    int32_t jump_cache = ctx->disp_area + offsetof(TcgCpuArea, jump_cache);

    /* rbx is the pc, rax the result */
    result = *p;
    ctx->exit_result = result - base;
    emit_store(p, 64, RBX, RBP, ctx->disp_pc);
    no_pc = *p;
    put_bytes(p, ctx->pins.save_all, ctx->pins.save_all_len);
    restore = *p;
    emit_alu_ri(p, 64, ALU_ADD, RSP, FRAME_SIZE);
    for (unsigned n = ARRAY_SIZE(callee_saved); n-- > 0;) {
        emit_pop(p, callee_saved[n]);
    }
    put8(p, 0xc3);

    uint8_t *miss;
    ctx->jump_other = *p - base;
    emit_rm(p, 64, ALU_SUB * 8 + 3, RAX, RBP, jump_cache);
    emit_alu_ri(p, 64, ALU_XOR, RAX, tcg_jump_other(0) * sizeof(TcgJumpEntry));
    emit_rm(p, 64, ALU_ADD * 8 + 3, RAX, RBP, jump_cache);
    emit_rm(p, 64, ALU_CMP * 8 + 3, RBX, RAX, offsetof(TcgJumpEntry, pc));
    miss = emit_jcc(p, CC_NE);
    emit_rm(p, 32, 0xff, 4, RAX, offsetof(TcgJumpEntry, checked_entry)); /* jmp */
    patch_rel32(miss, *p);
    /* who comes here from a checked entry has been in the jump cache */
    ctx->exit_lookup = *p - base;
    emit_mov_ri_flags(p, RAX, RESULT_LOOKUP);
    emit_jmp_to(p, result);
    ctx->exit_poll = *p - base;
    emit_mov_ri(p, RAX, RESULT_POLL);
    emit_jmp_to(p, result);
    /* a helper has set the state's pc */
    ctx->exit_env = *p - base;
    emit_mov_ri(p, RAX, RESULT_POLL);
    emit_jmp_to(p, no_pc);
    ctx->exit_link = *p - base;
    emit_pop(p, RAX);
    emit_jmp_to(p, result);
    ctx->exit_hot = *p - base;
    emit_pop(p, RCX);
    emit_rm(p, 32, OPC_MOVZX16, RCX, RCX, 0);
    emit_store(p, 64, RCX, RBP, ctx->disp_area + offsetof(TcgCpuArea, scratch));
    emit_mov_ri(p, RAX, RESULT_HOT);
    emit_jmp_to(p, result);
    return restore;
}

/* All that a C function may change and what it looks at to the frame, or back. */
static void emit_slow_regs(X86Context *ctx, uint8_t **p, bool xmm, bool load)
{
    bool avx = ctx->host & HOST_AVX;

    for (unsigned n = 0; n < ARRAY_SIZE(slow_saved); n++) {
        if (load) {
            emit_load(p, 64, slow_saved[n], RSP, slow_saved[n] * 8);
        } else {
            emit_store(p, 64, slow_saved[n], RSP, slow_saved[n] * 8);
        }
    }
    for (int r = XMM0; xmm && r < N_REGS; r++) {
        if (load) {
            emit_xmm_load(p, avx, r, RSP, r * 8);
        } else {
            emit_xmm_store(p, avx, r, RSP, r * 8);
        }
    }
}

/* Called from a region: @fn is x86_slow_path() or alike; @pins: it finds the pinned globals in
 * the state. Keeps every register but r15, which follows the area's data view; xmm registers
 * only if asked to. */
static void emit_slow(X86Context *ctx, uint8_t **p, uint8_t *restore, void *fn, bool pins,
                      bool xmm)
{
    enum { SAVED = SLOW_SAVED };
    uint8_t *leave;

    emit_alu_ri(p, 64, ALU_SUB, RSP, SAVED);
    emit_slow_regs(ctx, p, xmm, false);
    if (pins) {
        put_bytes(p, ctx->pins.save_all, ctx->pins.save_all_len);
    }
    emit_lea(p, 64, RDI, RBP, -(int32_t)ctx->parent.cfg.env_bias);
    emit_mov_rr(p, 64, RSI, RSP);
    emit_load(p, 64, RDX, RSP, SAVED);
    emit_mov_ri(p, RCX, (intptr_t)ctx);
    emit_mov_ri(p, RAX, (intptr_t)fn);
    emit_call_r(p, RAX);
    emit_rr(p, 32, OPC_TEST, RAX, RAX);
    leave = emit_jcc(p, CC_NE);
    emit_slow_regs(ctx, p, xmm, true);
    emit_load(p, 64, R15, RBP, ctx->disp_area + offsetof(TcgCpuArea, data_view));
    emit_alu_ri(p, 64, ALU_ADD, RSP, SAVED);
    put8(p, 0xc3);
    /* the region ends here: the state is complete */
    patch_rel32(leave, *p);
    emit_alu_ri(p, 64, ALU_ADD, RSP, SAVED + 8);
    emit_mov_ri(p, RAX, RESULT_POLL);
    emit_jmp_to(p, restore);
}

size_t x86_emit_prologue(TcgContext *tcg, TcgBuffer *buf)
{
    X86Context *ctx = container_of(tcg, X86Context, parent);
    uint8_t *p = buf->rw, *restore;

    x86_emit_pin_code(ctx, &ctx->pins, ctx->globals, ctx->pin_global);
    ctx->rx = buf->rx;
    ctx->enter = p - buf->rw;
    emit_enter(ctx, &p);
    restore = emit_exits(ctx, buf->rw, &p);
    for (unsigned xmm = 0; xmm < 2; xmm++) {
        ctx->slow[xmm] = p - buf->rw;
        emit_slow(ctx, &p, restore, x86_slow_path, true, xmm);
        ctx->slow_region[xmm] = p - buf->rw;
        emit_slow(ctx, &p, restore, x86_slow_path_region, false, xmm);
    }
    ctx->slow_fp = p - buf->rw;
    emit_slow(ctx, &p, restore, x86_slow_fp, false, true);
    x86_emit_fp_state(ctx, buf->rw, &p);
    x86_emit_lookups(ctx, buf->rw, &p);
    return ROUND_UP((size_t)(p - buf->rw), (size_t)64);
}
