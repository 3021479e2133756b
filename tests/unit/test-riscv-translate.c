/*
 * target/riscv's decoder and front end: every row of the tables becomes well-formed IR,
 * and no word makes anything assert.
 *
 * The system half is stood in for below, where it is not linked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "target/riscv/decode.h"
#include "target/riscv/system.h"

#define STUB __attribute__((weak))

static void nothing(void)
{
}

#define HELPER(name, ret, n, ...) \
    STUB const IrHelper name = { #name, nothing, IR_CALL_FAULTS, ret, n, { __VA_ARGS__ } };
HELPER(riscv_h_raise, -1, 2, IR_I32, IR_I64)
HELPER(riscv_h_ecall, IR_I64, 0, 0)
HELPER(riscv_h_ebreak, -1, 1, IR_I32)
HELPER(riscv_h_csr, IR_I64, 2, IR_I32, IR_I64)
HELPER(riscv_h_mret, IR_I64, 1, IR_I32)
HELPER(riscv_h_sret, IR_I64, 1, IR_I32)
HELPER(riscv_h_wfi, -1, 2, IR_I32, IR_I64)
HELPER(riscv_h_wrs, -1, 2, IR_I32, IR_I64)
HELPER(riscv_h_sfence_vma, -1, 3, IR_I32, IR_I64, IR_I64)
HELPER(riscv_h_fence_i, -1, 0, 0)
HELPER(riscv_h_cbo, -1, 2, IR_I32, IR_I64)

STUB RiscvCsrEffect riscv_csr_effect(uint32_t insn)
{
    return insn >> 20 == 0xc00 ? RISCV_CSR_QUIET : RISCV_CSR_LEAVES;
}
STUB void riscv_raise(RiscvCpu *cpu, uint64_t cause, uint64_t tval)
{
    abort();
}
STUB void riscv_fs_dirty(RiscvCpu *cpu)
{
}
STUB void cpu_probe(CpuState *cpu, uint64_t vaddr, unsigned size, CpuAccess access)
{
}
static const uint8_t *second_page;
STUB bool tcg_translate_second_page(CpuTranslate *t)
{
    t->code2 = second_page;
    return second_page;
}

enum { ENTRY = 0x10000 };

typedef struct Hart {
    RiscvCpu *cpu;
    IrBuilder *ir;
    uint32_t mode;
} Hart;

static Hart hart_new(unsigned xlen, uint64_t ext, uint32_t mode)
{
    Hart h = { g_new0(RiscvCpu, 1), NULL, mode | (xlen == 32 ? RISCV_MODE_RV32 : 0) };

    h.cpu->xlen = xlen;
    h.cpu->ext = ext;
    h.ir = ir_builder_new(riscv_globals, RISCV_N_GLOBALS, RISCV_GLOBAL_PC);
    return h;
}

static void hart_free(Hart *h)
{
    ir_builder_free(h->ir);
    g_free(h->cpu);
}

static uint64_t hart_isa(const Hart *h)
{
    return riscv_isa(h->cpu->ext, h->mode & RISCV_MODE_RV32);
}

/* Translate and verify: instructions done. */
static CpuTranslate translate(Hart *h, const void *code, unsigned avail, unsigned max)
{
    CpuTranslate t = {
        .cpu = &h->cpu->parent, .ir = h->ir, .mode = h->mode, .pc = ENTRY, .code = code,
        .avail = avail, .max_insns = max,
    };
    g_autofree char *fault = NULL;

    ir_builder_reset(h->ir);
    riscv_translate(&t);
    if (t.n_insns) {
        fault = ir_verify(ir_builder_code(h->ir), RISCV_N_GLOBALS);
        if (fault) {
            g_autoptr(GString) text = g_string_new(NULL);
            ir_print(ir_builder_code(h->ir), riscv_globals, text);
            g_error("%02x%02x%02x%02x: %s\n%s", ((uint8_t *)code)[3], ((uint8_t *)code)[2],
                    ((uint8_t *)code)[1], ((uint8_t *)code)[0], fault, text->str);
        }
    }
    return t;
}

static CpuTranslate translate_word(Hart *h, uint32_t insn)
{
    uint32_t code = GUINT32_TO_LE(insn);

    return translate(h, &code, riscv_insn_length(insn), 1);
}

/* True if the region has a call of helper @h. */
static bool calls(Hart *h, const IrHelper *helper)
{
    const IrCode *c = ir_builder_code(h->ir);

    for (unsigned i = 0; i < c->n_insns; i++) {
        if (c->insns[i].op == IR_OP_call && c->insns[i].imm == (intptr_t)helper) {
            return true;
        }
    }
    return false;
}

static uint32_t random_word(void)
{
    return (uint32_t)g_test_rand_int();
}

/* Every row is reached by words made from it, on one of the two widths, and translates. */
static void test_rows(void)
{
    Hart harts[] = {
        hart_new(64, ~UINT64_C(0) >> 2, RISCV_MODE_FS),
        hart_new(32, ~UINT64_C(0) >> 2, RISCV_MODE_FS | RISCV_MODE_FS_DIRTY),
    };

    for (unsigned row = 1; row < RISCV_ROW_COUNT; row++) {
        const DisasRow *r = &riscv_rows[row];
        bool reached = false;

        for (unsigned n = 0; n < 100; n++) {
            uint32_t insn = r->match | (random_word() & ~r->mask);
            if (r->length == 2) {
                insn &= 0xffff;
            }
            for (unsigned i = 0; i < ARRAY_SIZE(harts); i++) {
                RiscvArgs a;
                if (riscv_decode(insn, hart_isa(&harts[i]), &a) == row) {
                    reached = true;
                    g_assert_cmpuint(translate_word(&harts[i], insn).n_insns, ==, 1);
                }
            }
        }
        if (!reached) {
            g_error("row %s is never decoded", r->name);
        }
    }
    hart_free(&harts[0]);
    hart_free(&harts[1]);
}

static void check_decode(const Hart *h, uint32_t insn)
{
    RiscvArgs a;
    unsigned row = riscv_decode(insn, hart_isa(h), &a);

    g_assert_cmpuint(row, <, RISCV_ROW_COUNT);
    if (row) {
        g_assert_cmphex(insn & riscv_rows[row].mask, ==, riscv_rows[row].match);
        g_assert_cmpuint(riscv_rows[row].length, ==, riscv_insn_length(insn));
    }
}

static void test_all_compressed(void)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t ext = i & 2 ? ~UINT64_C(0) >> 2 : UINT64_C(1) << RISCV_EXT_ZCA;
        Hart h = hart_new(i & 1 ? 32 : 64, ext, i & 4 ? RISCV_MODE_FS : 0);

        for (uint32_t insn = 0; insn < 0x10000; insn++) {
            if ((insn & 3) != 3) {
                check_decode(&h, insn);
                translate_word(&h, insn);
            }
        }
        hart_free(&h);
    }
}

static void test_random_words(void)
{
    Hart h = hart_new(64, ~UINT64_C(0) >> 2, RISCV_MODE_FS);
    Hart small = hart_new(32, 0, 0);

    for (unsigned n = 0; n < 1 << 20; n++) {
        uint32_t insn = random_word();
        check_decode(&h, insn | 3);
        check_decode(&small, insn | 3);
        if (!(n & 7)) {
            translate_word(&h, insn | 3);
            translate_word(&small, insn | 3);
        }
    }
    hart_free(&h);
    hart_free(&small);
}

/* Whole regions of random words, entered and left at every odd place. */
static void test_random_regions(void)
{
    for (unsigned n = 0; n < 2000; n++) {
        Hart h = hart_new(n & 1 ? 32 : 64, ~UINT64_C(0) >> 2, RISCV_MODE_FS);
        uint16_t code[64];
        CpuTranslate t;
        unsigned avail = 2 + 2 * (random_word() % ARRAY_SIZE(code));

        avail = MIN(avail, sizeof(code));
        for (unsigned i = 0; i < ARRAY_SIZE(code); i++) {
            code[i] = random_word();
        }
        second_page = (const uint8_t *)code;
        t = translate(&h, code, avail, 40);
        g_assert_cmpuint(t.n_insns, >=, 1);
        g_assert_cmpuint(t.size, <=, avail + 2);
        second_page = NULL;
        hart_free(&h);
    }
}

static void test_straddle(void)
{
    Hart h = hart_new(64, ~UINT64_C(0) >> 2, 0);
    static const uint8_t code[] = { 0x01, 0x00, 0x13, 0x05 }; /* c.nop; addi a0,a0,1 */
    static const uint8_t next[] = { 0x15, 0x00 };
    CpuTranslate t;

    t = translate(&h, code, 4, 10);
    g_assert_cmpuint(t.n_insns, ==, 1);
    g_assert_cmpuint(t.size, ==, 2);
    second_page = next;
    t = translate(&h, code + 2, 2, 10);
    g_assert_cmpuint(t.n_insns, ==, 1);
    g_assert_cmpuint(t.size, ==, 4);
    second_page = NULL;
    t = translate(&h, code + 2, 2, 10);
    g_assert_cmpuint(t.n_insns, ==, 0);
    hart_free(&h);
}

static void check_legal(Hart *h, uint32_t insn, bool legal)
{
    translate_word(h, insn);
    if (calls(h, &riscv_h_raise) == legal) {
        g_error("%08x should be %s", insn, legal ? "legal" : "illegal");
    }
}

static void test_legality(void)
{
    const uint64_t all = ~UINT64_C(0) >> 2;
    Hart fs = hart_new(64, all, RISCV_MODE_FS), off = hart_new(64, all, 0);
    Hart rv32 = hart_new(32, all, RISCV_MODE_FS);
    Hart no_c = hart_new(64, UINT64_C(1) << RISCV_EXT_I, 0);

    check_legal(&fs, 0x00000000, false);  /* defined illegal */
    check_legal(&fs, 0xffffffff, false);
    check_legal(&fs, 0x00000013, true);   /* nop */
    check_legal(&fs, 0x02109093, true);   /* slli ra,ra,33 */
    check_legal(&rv32, 0x02109093, false);
    check_legal(&rv32, 0x0000003b, false); /* addw */
    check_legal(&fs, 0x00000000 | 0x2001, false); /* c.addiw x0: reserved */
    check_legal(&rv32, 0x2001, true);     /* c.jal */
    check_legal(&fs, 0x8002, false);      /* c.jr x0: reserved */
    check_legal(&fs, 0x6081, false);      /* c.lui ra,0: reserved */
    check_legal(&fs, 0x6101, false);      /* c.addi16sp 0: reserved */
    check_legal(&fs, 0x4002, false);      /* c.lwsp x0: reserved */
    check_legal(&fs, 0x0001, true);       /* c.nop */
    check_legal(&no_c, 0x0001, false);
    check_legal(&no_c, 0x0040006f, true); /* jal x0,4 */
    check_legal(&no_c, 0x0020006f, false); /* jal x0,2: misaligned */
    check_legal(&fs, 0x0020006f, true);
    check_legal(&off, 0x00052007, false); /* flw while FS is Off */
    check_legal(&fs, 0x00052007, true);
    check_legal(&fs, 0x00000053, true);   /* fadd.s rne */
    check_legal(&fs, 0x00005053, false);  /* fadd.s with rm 5 */
    check_legal(&fs, 0x8330000f, true);   /* fence.tso */
    check_legal(&fs, 0x0ff0008f | 0x00008000, true); /* fence with reserved rs1, rd */
    hart_free(&fs);
    hart_free(&off);
    hart_free(&rv32);
    hart_free(&no_c);
}

static void test_operands(void)
{
    static const struct {
        uint32_t insn;
        const char *row;
        int32_t v[4];
    } cases[] = {
        { 0xfff00513, "addi", { 10, 0, -1 } },
        { 0x80000537, "lui", { 10, INT32_MIN } },
        { 0xfe000ee3, "beq", { 0, 0, -4 } },
        { 0x800000ef, "jal", { 1, -0x100000 } },
        { 0xfe513c23, "sd", { 2, 5, -8 } },
        { 0x0641252f, "amoadd_w", { 10, 2, 4, 3 } },
        { 0x1141, "c_addi", { 2, 2, -16 } },
        { 0x7139, "c_addi16sp", { 2, 2, -64 } },
        { 0x0808, "c_addi4spn", { 10, 2, 16 } },
        { 0x6488, "c_ld", { 10, 9, 8 } },
        { 0x5048, "c_lw", { 10, 8, 36 } },
        { 0xec06, "c_sdsp", { 2, 1, 24 } },
        { 0x60e2, "c_ldsp", { 1, 2, 24 } },
        { 0xbfd5, "c_j", { 0, -12 } },
        { 0xfd75, "c_bnez", { 10, 0, -4 } },
        { 0x77fd, "c_lui", { 15, -4096 } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        RiscvArgs a = { { 0 } };
        unsigned row = riscv_decode(cases[i].insn, riscv_isa(~UINT64_C(0) >> 2, false), &a);

        g_assert_cmpstr(riscv_rows[row].name, ==, cases[i].row);
        for (unsigned n = 0; n < 4; n++) {
            g_assert_cmpint(a.v[n], ==, cases[i].v[n]);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/decode/operands", test_operands);
    g_test_add_func("/riscv/translate/rows", test_rows);
    g_test_add_func("/riscv/translate/legality", test_legality);
    g_test_add_func("/riscv/translate/straddle", test_straddle);
    g_test_add_func("/riscv/translate/all-compressed", test_all_compressed);
    g_test_add_func("/riscv/translate/random-words", test_random_words);
    g_test_add_func("/riscv/translate/random-regions", test_random_regions);
    return g_test_run();
}
