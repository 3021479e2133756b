/*
 * Tests of block nodes on files: data against a model, in every mode.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block-fixture.h"
#include "util/main-loop.h"

enum { SIZE = 300 * 1024, ROUNDS = 300, MAX_LEN = 40000 };

/* ---- Random requests against a model, one after the other ---- */

static void fill(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = g_test_rand_int();
    }
}

static void random_request(BlockBackend *blk, uint8_t *model, unsigned grain)
{
    uint64_t offset = g_test_rand_int_range(0, SIZE) / grain * grain;
    uint64_t most = MIN(MAX_LEN, SIZE - offset);
    uint64_t len = g_test_rand_int_range(0, most + 1) / grain * grain;
    g_autofree uint8_t *buf = g_malloc(len + 1);

    switch (g_test_rand_int_range(0, 6)) {
    case 0: case 1:
        g_assert_cmpint(do_read(blk, offset, buf, len), ==, 0);
        g_assert_cmpmem(buf, len, model + offset, len);
        break;
    case 2: case 3:
        fill(buf, len);
        g_assert_cmpint(do_write(blk, offset, buf, len), ==, 0);
        memcpy(model + offset, buf, len);
        break;
    case 4:
        g_assert_cmpint(do_zeroes(blk, offset, len, g_test_rand_int() & 1), ==, 0);
        memset(model + offset, 0, len);
        break;
    default:
        /* Discarded bytes of a file read as zeroes; that of ours are not left undefined. */
        g_assert_cmpint(do_discard(blk, offset, len), ==, 0);
        if (blk_can_discard(blk)) {
            memset(model + offset, 0, len);
        }
        g_assert_cmpint(do_flush(blk), ==, 0);
    }
}

static bool supported(const char *mode, GError *err)
{
    if (err && (strstr(mode, "io_uring") || strstr(mode, "direct=on"))) {
        g_test_skip(err->message);
        g_error_free(err);
        return false;
    }
    g_assert_no_error(err);
    return true;
}

static void test_model(const void *data)
{
    const char *mode = data;
    const char *image = image_new("model.img", SIZE);
    g_autofree uint8_t *model = g_malloc0(SIZE), *buf = g_malloc(SIZE);
    g_autofree char *text = g_strdup_printf("raw,node-name=m,%s,file.driver=file,"
                                            "file.filename=%%s", mode);
    GError *err = NULL;
    BlockBackend *blk;

    add_node(image, text, &err);
    if (!supported(mode, err)) {
        return;
    }
    blk = use_node("m", true);
    g_assert_cmpuint(blk_size(blk), ==, SIZE);
    for (int i = 0; i < ROUNDS; i++) {
        random_request(blk, model, i % 3 ? 512 : 1);
    }
    g_assert_cmpint(do_read(blk, 0, buf, SIZE), ==, 0);
    g_assert_cmpmem(buf, SIZE, model, SIZE);
    unuse(blk);
    g_assert_true(blockdev_del("m", NULL));

    /* What the file holds, by other means. */
    {
        g_autofree char *contents = NULL;
        gsize len;

        g_assert_true(g_file_get_contents(image, &contents, &len, NULL));
        g_assert_cmpmem(contents, len, model, SIZE);
    }
}

static const char *const modes[] = {
    "discard=unmap",
    "discard=ignore",
    "discard=unmap,detect-zeroes=unmap",
    "cache.no-flush=on",
    "cache.direct=on,discard=unmap",
    "file.aio=io_uring,discard=unmap",
    "file.aio=native",
    "file.aio=io_uring,cache.direct=on",
};

/* ---- Many at once ---- */

enum { SLOTS = 64, SLOT = 4096, REPEAT = 20 };

typedef struct Slot {
    struct iovec iov;
    BlockBackend *blk;
    uint8_t *buf;
    unsigned index, round;
    bool reading;
} Slot;

static void slot_next(void *opaque, int ret)
{
    Slot *s = opaque;

    g_assert_cmpint(ret, ==, 0);
    g_assert_true(machine_locked());
    if (s->reading) {
        for (unsigned i = 0; i < SLOT; i++) {
            g_assert_cmpuint(s->buf[i], ==, (uint8_t)(s->index + s->round));
        }
        s->round++;
    }
    if (s->round == REPEAT) {
        return;
    }
    s->reading = !s->reading;
    memset(s->buf, s->reading ? 0xee : s->index + s->round, SLOT);
    if (s->reading) {
        blk_aio_readv(s->blk, s->index * SLOT, &s->iov, 1, slot_next, s);
    } else {
        blk_aio_writev(s->blk, s->index * SLOT, &s->iov, 1, s->round & 1, slot_next, s);
    }
}

/* Each slot writes and reads back its own bytes; all slots are on their way together, and
 * the main loop completes them. */
static void test_parallel(const void *data)
{
    const char *mode = data;
    const char *image = image_new("parallel.img", SLOTS * SLOT);
    g_autofree char *text = g_strdup_printf("raw,node-name=p,%s,file.driver=file,"
                                            "file.filename=%%s", mode);
    g_autofree Slot *slots = g_new0(Slot, SLOTS);
    GError *err = NULL;
    BlockBackend *blk;
    bool busy = true;

    add_node(image, text, &err);
    if (!supported(mode, err)) {
        return;
    }
    blk = use_node("p", true);
    for (unsigned i = 0; i < SLOTS; i++) {
        slots[i] = (Slot){ .blk = blk, .buf = g_malloc(SLOT), .index = i, .reading = false };
        slots[i].iov = (struct iovec){ slots[i].buf, SLOT };
        memset(slots[i].buf, i, SLOT);
        blk_aio_writev(blk, i * SLOT, &slots[i].iov, 1, false, slot_next, &slots[i]);
    }
    while (busy) {
        main_loop_wait(false);
        busy = false;
        for (unsigned i = 0; i < SLOTS; i++) {
            busy |= slots[i].round < REPEAT;
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        g_free(slots[i].buf);
    }
    unuse(blk);
    g_assert_true(blockdev_del("p", NULL));
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    fixture_start();
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        g_autofree char *model = g_strdup_printf("/block/model/%s", modes[i]);
        g_autofree char *parallel = g_strdup_printf("/block/parallel/%s", modes[i]);

        g_test_add_data_func(model, modes[i], test_model);
        g_test_add_data_func(parallel, modes[i], test_parallel);
    }
    ret = g_test_run();
    fixture_end();
    return ret;
}
