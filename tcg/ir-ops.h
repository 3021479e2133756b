/*
 * The operations of the intermediate representation, one row each; included with OP
 * defined. The enum, the verifier, the printer, the interpreter's dispatch, constant
 * folding and the manual's reference (docs/devel/tcg-ir.rst) all read this table.
 *
 *   OP(name, results, operands, effects, "meaning, for every input")
 *
 * Types: T is i32 or i64 (f64 too for globals and locals), equal for all T of a row (kept in
 * IrInsn.type). f64 is a floating-point register of 64 bits.
 * An op is total, or its row states the precondition.
 * Effects: PURE (may be dropped, moved and shared), READS_ENV, WRITES_ENV (fields of the
 * CPU state that are no globals), READS_MEM, WRITES_MEM (guest memory), FAULTS (may leave
 * the region with the state of the latest insn_start), BRANCH, POLL (may leave the region),
 * EXIT (ends the region on this path), FP (may set floating-point flags of the guest).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/*  name          res   operands        effects        meaning */
OP(insn_start,    "",   "",             NONE,          "guest instruction at entry pc + imm begins; faults from here on restore this point")
OP(get_global,    "T",  "",             READS_GLOBAL,  "r = global imm")
OP(set_global,    "",   "T",            WRITES_GLOBAL, "global imm = a")
OP(get_local,     "T",  "",             READS_LOCAL,   "r = local imm (locals keep their value across labels; zero at entry)")
OP(set_local,     "",   "T",            WRITES_LOCAL,  "local imm = a")
OP(get_pc,        "i64", "",            READS_GLOBAL,  "r = entry pc + imm")

OP(add,           "T",  "T,T",          PURE,          "r = a + b, modulo 2^width")
OP(sub,           "T",  "T,T",          PURE,          "r = a - b, modulo 2^width")
OP(neg,           "T",  "T",            PURE,          "r = 0 - a")
OP(mul,           "T",  "T,T",          PURE,          "r = low half of a * b")
OP(mulhs,         "T",  "T,T",          PURE,          "r = high half of signed a * signed b")
OP(mulhu,         "T",  "T,T",          PURE,          "r = high half of unsigned a * unsigned b")
OP(mulhsu,        "T",  "T,T",          PURE,          "r = high half of signed a * unsigned b")
OP(divs,          "T",  "T,T",          PURE,          "r = a / b, signed, towards zero; b = 0 gives -1; overflow gives a")
OP(divu,          "T",  "T,T",          PURE,          "r = a / b, unsigned; b = 0 gives all ones")
OP(rems,          "T",  "T,T",          PURE,          "r = a - divs(a,b) * b; b = 0 gives a; overflow gives 0")
OP(remu,          "T",  "T,T",          PURE,          "r = a mod b, unsigned; b = 0 gives a")

OP(and,           "T",  "T,T",          PURE,          "r = a & b")
OP(or,            "T",  "T,T",          PURE,          "r = a | b")
OP(xor,           "T",  "T,T",          PURE,          "r = a ^ b")
OP(not,           "T",  "T",            PURE,          "r = ~a")
OP(andc,          "T",  "T,T",          PURE,          "r = a & ~b")
OP(orc,           "T",  "T,T",          PURE,          "r = a | ~b")
OP(eqv,           "T",  "T,T",          PURE,          "r = ~(a ^ b)")
OP(shl,           "T",  "T,T",          PURE,          "r = a << (b mod width)")
OP(shr,           "T",  "T,T",          PURE,          "r = a >> (b mod width), zeros in")
OP(sar,           "T",  "T,T",          PURE,          "r = a >> (b mod width), sign in")
OP(rotl,          "T",  "T,T",          PURE,          "rotate a left by b mod width")
OP(rotr,          "T",  "T,T",          PURE,          "rotate a right by b mod width")
OP(clz,           "T",  "T",            PURE,          "leading zero bits; a = 0 gives the width")
OP(ctz,           "T",  "T",            PURE,          "trailing zero bits; a = 0 gives the width")
OP(popcnt,        "T",  "T",            PURE,          "number of ones")
OP(bswap,         "T",  "T",            PURE,          "bytes reversed")
OP(sext8,         "T",  "T",            PURE,          "low 8 bits of a, sign-extended")
OP(sext16,        "T",  "T",            PURE,          "low 16 bits of a, sign-extended")
OP(zext8,         "T",  "T",            PURE,          "low 8 bits of a")
OP(zext16,        "T",  "T",            PURE,          "low 16 bits of a")
OP(sext32,        "i64", "i64",         PURE,          "low 32 bits of a, sign-extended")
OP(zext32,        "i64", "i64",         PURE,          "low 32 bits of a")
OP(extend_s,      "i64", "i32",         PURE,          "a, sign-extended to 64 bits")
OP(extend_u,      "i64", "i32",         PURE,          "a, zero-extended to 64 bits")
OP(trunc,         "i32", "i64",         PURE,          "low 32 bits of a")
OP(setcond,       "T",  "T,T",          PURE,          "r = cond(a, b) ? 1 : 0; the condition is in cond")
OP(select,        "T",  "T,T,T,T",      PURE,          "r = cond(a, b) ? c : d")

OP(ld_env,        "T",  "",             READS_ENV,     "field of the CPU state at offset imm, memop gives size and extension; not a global's field")
OP(st_env,        "",   "T",            WRITES_ENV,    "store the low bytes of a to the CPU state at offset imm; not a global's field")

/* Floating point: see "Floating point" in docs/devel/tcg-ir.rst. imm is the IrHelper that says
 * what the op means, to the last flag; memop is the format, IR_MO_32 (in a NaN box) or IR_MO_64. */
OP(f_bits,        "i64", "f64",         PURE,          "r = the bits of a")
OP(f_from_bits,   "f64", "i64",         PURE,          "r = the number with the bits a")
OP(f_flags,       "i64", "",            FP,            "r = the flags (IR_FP_*); no helper, no format")
OP(f_set_flags,   "",   "i64",          FP,            "the flags = the low 5 bits of a; no helper, no format")
OP(f_add,         "f64", "f64,f64",     FP,            "r = a + b")
OP(f_sub,         "f64", "f64,f64",     FP,            "r = a - b")
OP(f_mul,         "f64", "f64,f64",     FP,            "r = a * b")
OP(f_div,         "f64", "f64,f64",     FP,            "r = a / b")
OP(f_sqrt,        "f64", "f64",         FP,            "r = square root of a")
OP(f_muladd,      "f64", "f64,f64,f64", FP,            "r = +-(a * b) +- c, rounded once; signs in cond (IR_FMA_*)")
OP(f_min,         "f64", "f64,f64",     FP,            "r = minimumNumber(a, b), -0 below +0")
OP(f_max,         "f64", "f64,f64",     FP,            "r = maximumNumber(a, b), -0 below +0")
OP(f_sign,        "f64", "f64,f64",     FP,            "r = a with the sign that cond (IR_SIGN_*) makes of both signs; no flag")
OP(f_cmp,         "i64", "f64,f64",     FP,            "r = cond(a, b) ? 1 : 0; eq is quiet, lt and le signal")
OP(f_cmp_quiet,   "i64", "f64,f64,i64", FP,            "r as f_cmp; the flags = c, which is what f_flags gave and nothing has changed since")
OP(f_convert,     "f64", "f64",         FP,            "r = a in the other format")
OP(f_to_int,      "i64", "f64",         FP,            "r = a as an integer of the kind in cond (IR_INT_*), in range or as the helper says")
OP(f_from_int,    "f64", "i64",         FP,            "r = the integer a of the kind in cond (IR_INT_*)")

OP(ld,            "any", "i64",         GUEST_LOAD,    "guest load at a, extended as memop says (into an f64: NaN-boxed); a fault leaves every global as before the instruction")
OP(st,            "",   "i64,any",      GUEST_STORE,   "guest store of b (i64 or f64) at a; must follow no set_global of its instruction; may leave the region after the instruction")
OP(amo,           "i64", "i64,i64",     GUEST_ATOMIC,  "atomic r = [a]; [a] = amo_op(r, b); r extended as memop says; sequentially consistent")
OP(cas,           "i64", "i64,i64,i64", GUEST_ATOMIC,  "atomic r = [a]; if (r == b in the access's width) [a] = c")
OP(fence,         "",   "",             FENCE,         "orders guest memory accesses as imm (IR_FENCE_*) says")

OP(call,          "any", "any",         CALL,          "call helper imm; effects by its flags")

OP(label,         "",   "",             LABEL,         "label imm; values do not live across it")
OP(br,            "",   "",             BRANCH,        "to label imm (backwards only if IrCode.loops)")
OP(brcond,        "",   "T,T",          BRANCH,        "to label imm if cond(a, b); else falls through, values stay")

OP(count,         "",   "",             NONE,          "imm (signed) guest instructions are retired now; a branch or an insn_start that counts from there follows")
OP(poll,          "",   "",             POLL,          "if a request is pending: pc = entry pc + imm after aux instructions, return to the vCPU's loop")

OP(exit_direct,   "",   "",             EXIT,          "pc = entry pc + imm; go on there, linked")
OP(exit_loop,     "",   "",             EXIT,          "pc = entry pc + imm; return to the vCPU's loop (interrupts are tested, mode looked up)")
OP(exit_indirect, "",   "i64",          EXIT,          "pc = a; go on there through the jump cache")
OP(exit_env,      "",   "",             EXIT,          "a helper has set the state's pc: return to the vCPU's loop")
