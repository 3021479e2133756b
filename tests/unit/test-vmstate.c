/*
 * Saved state: every kind of field comes back, and nothing that a stream may hold does harm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "migration/vmstate.h"
#include "util/fifo8.h"
#include "util/timer.h"

typedef struct Sub {
    uint16_t a;
    bool b;
} Sub;

typedef struct All {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    int64_t i64;
    bool flag;
    uint32_t regs[5];
    uint8_t blob[7];
    Sub sub;
    Sub subs[3];
    uint32_t n;
    uint64_t *array;
    Sub *sub_array;
    Fifo8 fifo;
    Timer timer;
    char text[8];
    bool with_extra;
    uint32_t extra;
    uint32_t canary;
} All;

static void save_text(void *field, GByteArray *out)
{
    g_byte_array_append(out, field, strlen(field));
}

static bool load_text(void *field, const uint8_t *data, size_t size, GError **err)
{
    if (size >= sizeof(((All *)0)->text) || memchr(data, 0, size)) {
        return error_set(err, "bad text");
    }
    memcpy(field, data, size);
    ((char *)field)[size] = 0;
    return true;
}

static bool extra_needed(void *obj)
{
    return ((All *)obj)->with_extra;
}

static const VMStateField sub_fields[] = {
    VMS_UINT16(Sub, a, .max = 1000),
    VMS_BOOL(Sub, b),
    VMS_END
};

static const VMStateField fields[] = {
    VMS_UINT8(All, u8, .min = 1, .max = 200),
    VMS_UINT16(All, u16, .mask = 0xff0f),
    VMS_UINT32(All, u32),
    VMS_UINT64(All, u64),
    VMS_INT32(All, i32, .min = -5, .max = 5),
    VMS_INT64(All, i64),
    VMS_BOOL(All, flag),
    VMS_UINT_ARRAY(All, regs, .max = 0xffff),
    VMS_BUFFER(All, blob),
    VMS_STRUCT(All, sub, sub_fields),
    VMS_STRUCT_ARRAY(All, subs, sub_fields),
    VMS_UINT_VARRAY(All, array, n),
    VMS_STRUCT_VARRAY(All, sub_array, n, sub_fields),
    VMS_FIFO8(All, fifo),
    VMS_TIMER(All, timer),
    VMS_CUSTOM(All, text, save_text, load_text),
    VMS_UINT32(All, extra, .needed = extra_needed),
    VMS_END
};

static void nothing(void *opaque)
{
}

static void all_init(All *s)
{
    memset(s, 0, sizeof(*s));
    s->u8 = 1;
    s->n = 4;
    s->array = g_new0(uint64_t, s->n);
    s->sub_array = g_new0(Sub, s->n);
    fifo8_create(&s->fifo, 6);
    timer_init(&s->timer, CLOCK_TYPE_VIRTUAL, nothing, NULL);
    s->canary = 0xc0ffee;
}

static void all_clear(All *s)
{
    g_assert_cmphex(s->canary, ==, 0xc0ffee);
    g_free(s->array);
    g_free(s->sub_array);
    fifo8_destroy(&s->fifo);
    timer_del(&s->timer);
}

static void all_fill(All *s)
{
    s->u8 = 200;
    s->u16 = 0xff0f;
    s->u32 = 0x12345678;
    s->u64 = 0x123456789abcdef0;
    s->i32 = -5;
    s->i64 = INT64_MIN;
    s->flag = true;
    for (int i = 0; i < 5; i++) {
        s->regs[i] = i * 1000;
    }
    memcpy(s->blob, "\0\1\2\3\4\5\6", 7);
    s->sub = (Sub){ 1000, true };
    s->subs[2] = (Sub){ 7, true };
    s->array[3] = 33;
    s->sub_array[1] = (Sub){ 8, true };
    fifo8_push(&s->fifo, 9);
    fifo8_pop(&s->fifo);
    fifo8_push(&s->fifo, 10);
    fifo8_push(&s->fifo, 11);
    timer_mod(&s->timer, 12345);
    strcpy(s->text, "text");
    s->extra = 77;
}

static GByteArray *save(All *s)
{
    GByteArray *out = g_byte_array_new();

    vmstate_save(fields, s, out);
    return out;
}

static void test_all_kinds(void)
{
    All a, b;
    g_autoptr(GByteArray) one = NULL;
    g_autoptr(GByteArray) two = NULL;
    GError *err = NULL;

    for (int with_extra = 0; with_extra < 2; with_extra++) {
        g_clear_pointer(&one, g_byte_array_unref);
        g_clear_pointer(&two, g_byte_array_unref);
        all_init(&a);
        all_init(&b);
        a.with_extra = b.with_extra = with_extra;
        all_fill(&a);
        one = save(&a);
        vmstate_load(fields, &b, one->data, one->len, &err);
        g_assert_no_error(err);
        two = save(&b);
        g_assert_cmpmem(one->data, one->len, two->data, two->len);
        g_assert_cmpint(b.i32, ==, -5);
        g_assert_cmpint(b.subs[2].a, ==, 7);
        g_assert_cmpint(b.array[3], ==, 33);
        g_assert_true(b.sub_array[1].b);
        g_assert_cmpint(b.fifo.num, ==, 2);
        g_assert_cmpint(fifo8_pop(&b.fifo), ==, 10);
        g_assert_cmpint(b.timer.expire_ns, ==, 12345);
        g_assert_cmpstr(b.text, ==, "text");
        g_assert_cmpint(b.extra, ==, with_extra ? 77 : 0);
        all_clear(&a);
        all_clear(&b);
    }
}

/* What is saved from @change's object is refused, with a message that has @part. */
static void refuse(void (*change)(All *s), const char *part)
{
    All a, b;
    g_autoptr(GByteArray) stream = NULL;
    g_autoptr(GError) err = NULL;

    all_init(&a);
    all_init(&b);
    all_fill(&a);
    change(&a);
    stream = save(&a);
    g_assert_false(vmstate_load(fields, &b, stream->data, stream->len, &err));
    g_assert_nonnull(strstr(err->message, part));
    all_clear(&a);
    all_clear(&b);
}

static void below_min(All *s) { s->u8 = 0; }
static void above_max(All *s) { s->u8 = 201; }
static void bad_mask(All *s) { s->u16 = 0x10; }
static void bad_signed(All *s) { s->i32 = -6; }
static void bad_element(All *s) { s->regs[4] = 0x10000; }
static void bad_nested(All *s) { s->subs[1].a = 1001; }
static void bad_dynamic(All *s) { s->sub_array[3].a = 1001; }
static void surplus(All *s) { s->with_extra = true; }

static void test_ranges(void)
{
    refuse(below_min, "'u8'");
    refuse(above_max, "'u8'");
    refuse(bad_mask, "'u16'");
    refuse(bad_signed, "'i32'");
    refuse(bad_element, "'regs'");
    refuse(bad_nested, "'subs'");
    refuse(bad_dynamic, "'sub_array'");
    refuse(surplus, "no field claims");
}

static void small_fifo(All *s)
{
    fifo8_destroy(&s->fifo);
    fifo8_create(&s->fifo, 10);
    for (int i = 0; i < 7; i++) {
        fifo8_push(&s->fifo, i);
    }
}

static void more_elements(All *s)
{
    s->n = 5;
    s->array = g_renew(uint64_t, s->array, 5);
    s->sub_array = g_renew(Sub, s->sub_array, 5);
    memset(s->sub_array, 0, 5 * sizeof(Sub));
}

/* What does not fit this object's FIFO or arrays is refused. */
static void test_sizes(void)
{
    refuse(small_fifo, "'fifo'");
    refuse(more_elements, "'array'");
}

/* Any prefix of a stream is refused. */
static void test_truncated(void)
{
    All a, b;
    g_autoptr(GByteArray) stream = NULL;

    all_init(&a);
    all_init(&b);
    all_fill(&a);
    stream = save(&a);
    for (size_t len = 0; len < stream->len; len++) {
        /* a copy of its own, so that a sanitizer sees reads beyond it */
        g_autofree uint8_t *copy = g_memdup2(stream->data, len);

        g_assert_false(vmstate_load(fields, &b, copy, len, NULL));
    }
    all_clear(&a);
    all_clear(&b);
}

static void test_mutated(void)
{
    All a, b;
    g_autoptr(GByteArray) stream = NULL;

    all_init(&a);
    all_init(&b);
    all_fill(&a);
    stream = save(&a);
    for (int i = 0; i < 20000; i++) {
        g_autofree uint8_t *bad = g_memdup2(stream->data, stream->len);

        for (int n = g_test_rand_int_range(1, 5); n > 0; n--) {
            bad[g_test_rand_int_range(0, stream->len)] = g_test_rand_int_range(0, 256);
        }
        if (vmstate_load(fields, &b, bad, stream->len, NULL)) {
            g_assert_cmpint(b.u8, >=, 1);
            g_assert_cmpint(b.u8, <=, 200);
            g_assert_cmpint(b.sub.a, <=, 1000);
            g_assert_cmpint(b.fifo.num, <=, 6);
        }
    }
    all_clear(&a);
    all_clear(&b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmstate/all-kinds", test_all_kinds);
    g_test_add_func("/vmstate/ranges", test_ranges);
    g_test_add_func("/vmstate/sizes", test_sizes);
    g_test_add_func("/vmstate/truncated", test_truncated);
    g_test_add_func("/vmstate/mutated", test_mutated);
    return g_test_run();
}
