/*
 * What the tests of block/ share (block-fixture.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block-fixture.h"
#include "block/backend-internal.h"
#include "qapi/json.h"
#include "qapi/keyval.h"
#include "util/main-loop.h"
#include <fcntl.h>
#include <glib/gstdio.h>

static char *folder;
static GPtrArray *paths;

void fixture_start(void)
{
    folder = g_dir_make_tmp("rhea-block-XXXXXX", NULL);
    g_assert_nonnull(folder);
    paths = g_ptr_array_new_with_free_func(g_free);
    main_loop_init();
}

void fixture_end(void)
{
    block_cleanup();
    g_assert_null(block_nodes());
    g_assert_null(blk_all());
    for (guint i = 0; i < paths->len; i++) {
        g_remove(paths->pdata[i]);
    }
    g_ptr_array_free(paths, TRUE);
    g_rmdir(folder);
    g_free(folder);
}

const char *image_path(const char *name)
{
    char *path = g_build_filename(folder, name, NULL);

    g_ptr_array_add(paths, path);
    return path;
}

const char *image_new(const char *name, uint64_t bytes)
{
    const char *path = image_path(name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, bytes), ==, 0);
    close(fd);
    return path;
}

static struct json_object *parse(const char *image, const char *text, const char *implied)
{
    g_auto(GStrv) parts = g_strsplit(text, "%s", -1);
    g_autofree char *full = g_strjoinv(image ? image : "", parts);
    GError *err = NULL;
    struct json_object *opts = keyval_parse(full, implied, NULL, &err);

    g_assert_no_error(err);
    return opts;
}

bool add_node(const char *image, const char *text, GError **err)
{
    g_autoptr(json_object) opts = parse(image, text, "driver");

    return blockdev_add(opts, true, err);
}

bool add_drive(const char *image, const char *text, GError **err)
{
    g_autoptr(json_object) opts = parse(image, text, NULL);

    return drive_add(opts, "virtio", err);
}

void expect_error(bool ok, GError *err, const char *part)
{
    if (!part) {
        g_assert_no_error(err);
        g_assert_true(ok);
        return;
    }
    g_assert_false(ok);
    g_assert_nonnull(err);
    if (!strstr(err->message, part)) {
        g_test_message("'%s' is not in '%s'", part, err->message);
        g_test_fail();
    }
    g_error_free(err);
}

void expect_node(const char *image, const char *text, const char *part)
{
    GError *err = NULL;
    bool ok = add_node(image, text, &err);

    expect_error(ok, err, part);
}

void expect_drive(const char *image, const char *text, const char *part)
{
    GError *err = NULL;
    bool ok = add_drive(image, text, &err);

    expect_error(ok, err, part);
}

void need_node(const char *image, const char *text)
{
    expect_node(image, text, NULL);
}

void need_drive(const char *image, const char *text)
{
    expect_drive(image, text, NULL);
}

BlockBackend *use_node(const char *name, bool writable)
{
    GError *err = NULL;
    BlockNode *node = block_node_get(name, &err);
    BlockBackend *blk;

    g_assert_no_error(err);
    blk = blk_new(node, NULL, &err);
    g_assert_no_error(err);
    blk_attach(blk, blk, writable, &err);
    g_assert_no_error(err);
    return blk;
}

void unuse(BlockBackend *blk)
{
    blk_detach(blk, blk);
    blk_unref(blk);
}

static void on_done(void *opaque, int ret)
{
    *(int *)opaque = ret;
}

static int wait_for(BlockBackend *blk, int *ret)
{
    g_assert_cmpint(*ret, ==, INT_MAX); /* never from inside the call */
    blk_drain(blk);
    g_assert_cmpint(*ret, !=, INT_MAX);
    return *ret;
}

/* In three pieces, so that vectors are exercised. */
static int cut(struct iovec *iov, void *buf, uint64_t len)
{
    uint64_t a = len / 3, b = len / 2;

    iov[0] = (struct iovec){ buf, a };
    iov[1] = (struct iovec){ (char *)buf + a, b - a };
    iov[2] = (struct iovec){ (char *)buf + b, len - b };
    return 3;
}

int do_read(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len)
{
    struct iovec iov[3];
    int ret = INT_MAX;

    blk_aio_readv(blk, offset, iov, cut(iov, buf, len), on_done, &ret);
    return wait_for(blk, &ret);
}

int do_write(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len)
{
    struct iovec iov[3];
    int ret = INT_MAX;

    blk_aio_writev(blk, offset, iov, cut(iov, (void *)buf, len), false, on_done, &ret);
    return wait_for(blk, &ret);
}

int do_flush(BlockBackend *blk)
{
    int ret = INT_MAX;

    blk_aio_flush(blk, on_done, &ret);
    return wait_for(blk, &ret);
}

int do_discard(BlockBackend *blk, uint64_t offset, uint64_t len)
{
    int ret = INT_MAX;

    blk_aio_discard(blk, offset, len, on_done, &ret);
    return wait_for(blk, &ret);
}

int do_zeroes(BlockBackend *blk, uint64_t offset, uint64_t len, bool unmap)
{
    int ret = INT_MAX;

    blk_aio_write_zeroes(blk, offset, len, unmap, on_done, &ret);
    return wait_for(blk, &ret);
}
