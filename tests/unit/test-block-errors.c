/*
 * Tests of what goes wrong below block nodes: locks against other processes, files that
 * cannot be opened or written, full file systems, failing requests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block-fixture.h"
#include "block/backend-internal.h"
#include "block/driver-list.h"
#include "qapi/qapi-event.h"
#include "softmmu/runstate.h"
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NODE "raw,node-name=n,file.driver=file,file.filename=%s"
#define NODE2 "raw,node-name=n2,file.driver=file,file.filename=%s"

static bool attach(const char *name, bool writable, BlockBackend **ret, GError **err)
{
    *ret = blk_new(block_node_get(name, NULL), NULL, err);
    if (!blk_attach(*ret, *ret, writable, err)) {
        blk_unref(*ret);
        return false;
    }
    return true;
}

static void expect_attach(const char *name, bool writable, const char *part)
{
    GError *err = NULL;
    BlockBackend *blk;
    bool ok = attach(name, writable, &blk, &err);

    if (ok) {
        unuse(blk);
    }
    expect_error(ok, err, part);
}

static void drop(const char *name)
{
    GError *err = NULL;

    blockdev_del(name, &err);
    g_assert_no_error(err);
}

/* ---- Locks ---- */

/* Two nodes on one file are two openers, as two processes are. */
static void test_lock_nodes(void)
{
    const char *image = image_new("lock.img", 4096);
    BlockBackend *writer, *reader;

    need_node(image, NODE);
    need_node(image, NODE2);
    writer = use_node("n", true);
    expect_attach("n2", true, "is in use by another process");
    expect_attach("n2", false, image);
    unuse(writer);
    /* Any number of readers, and then no writer. */
    reader = use_node("n", false);
    expect_attach("n2", false, NULL);
    expect_attach("n2", true, "does not let others write to it");
    unuse(reader);
    expect_attach("n2", true, NULL);
    drop("n");
    drop("n2");
}

static void test_lock_options(void)
{
    const char *image = image_new("lock.img", 4096);
    BlockBackend *writer;

    need_node(image, NODE);
    writer = use_node("n", true);
    need_node(image, NODE2 ",read-only=on,force-share=on");
    expect_attach("n2", false, NULL);
    drop("n2");
    need_node(image, NODE2 ",file.locking=off");
    expect_attach("n2", true, NULL);
    drop("n2");
    expect_node(image, NODE2 ",force-share=on", "force-share=on needs read-only=on");
    unuse(writer);
    drop("n");
}

/* Two devices on one node. */
static void test_lock_users(void)
{
    const char *image = image_new("lock.img", 4096);
    BlockBackend *writer;

    need_node(image, NODE);
    writer = use_node("n", true);
    expect_attach("n", true, "block node 'n'");
    expect_attach("n", false, "does not let others do");
    unuse(writer);
    expect_attach("n", true, NULL);
    drop("n");
}

/* Another program of the family, on an image that we write, and the other way round. */
static void test_lock_others(void)
{
    const char *image = image_new("lock.img", 65536);
    g_autofree char *path = g_find_program_in_path("qemu-io"), *text = NULL, *out = NULL;
    char *resize[] = { (char *)"qemu-img", (char *)"resize", (char *)"-f", (char *)"raw",
                       (char *)image, (char *)"128k", NULL };
    char *io[] = { (char *)"qemu-io", (char *)"-f", (char *)"raw", (char *)image, NULL };
    BlockBackend *blk;
    GError *err = NULL;
    GPid pid;
    int status, in, out_fd;
    ssize_t n;
    char c;

    if (!path) {
        g_test_skip("needs qemu-io");
        return;
    }
    need_node(image, NODE);
    blk = use_node("n", true);
    g_spawn_sync(NULL, resize, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &text, &status,
                 &err);
    g_assert_no_error(err);
    g_assert_cmpint(status, !=, 0);
    g_assert_nonnull(strstr(text, "lock"));
    unuse(blk);

    g_spawn_async_with_pipes(NULL, io, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                             NULL, NULL, &pid, &in, &out_fd, NULL, &err);
    g_assert_no_error(err);
    n = read(out_fd, &c, 1); /* its prompt: the image is open */
    g_assert_cmpint(n, ==, 1);
    expect_attach("n", true, "is in use by another process");
    expect_attach("n", false, "is in use by another process");
    close(in);
    close(out_fd);
    waitpid(pid, &status, 0);
    expect_attach("n", true, NULL);
    drop("n");
}

/* ---- Opening ---- */

static void test_open_errors(void)
{
    const char *image = image_new("open.img", 1000);

    expect_node(image_path("nosuch.img"), NODE, "nosuch.img': No such file or directory");
    expect_node("/", NODE, "cannot open '/'");
    expect_node("/", NODE ",read-only=on", "cannot open '/': Is a directory");
    expect_node("/dev/null", NODE, "'/dev/null' is not a regular file");
    expect_node(image, "raw,node-name=n,file.driver=host_device,file.filename=%s",
                "is not a block device");
    expect_node("", NODE, "No such file");
    g_assert_null(block_nodes());
}

static void test_open_fifo(void)
{
    const char *path = image_path("fifo");

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    expect_node(path, NODE, "is not a regular file");
    expect_node(path, NODE ",read-only=on", "is not a regular file");
}

static void test_open_refused(void)
{
    const char *image = image_new("refused.img", 4096);
    bool root = geteuid() == 0;

    g_assert_cmpint(chmod(image, 0444), ==, 0);
    if (root) {
        char *dir = g_path_get_dirname(image);

        g_assert_cmpint(chmod(dir, 0755), ==, 0);
        g_free(dir);
        g_assert_cmpint(seteuid(65534), ==, 0);
    }
    expect_node(image, NODE, "for writing: Permission denied");
    expect_node(image, NODE ",read-only=on", NULL);
    expect_attach("n", true, "is read-only");
    drop("n");
    expect_node(image, NODE ",auto-read-only=on", NULL);
    g_assert_true(block_node_find("n")->opt.read_only);
    g_assert_nonnull(strstr(block_node_find("n")->note, "refused.img"));
    expect_attach("n", true, "is read-only");
    expect_attach("n", false, NULL);
    drop("n");
    if (root) {
        g_assert_cmpint(seteuid(0), ==, 0);
    }
}

static void test_option_errors(void)
{
    const char *image = image_new("options.img", 8192);

    expect_node(image, "file,filename=%s", "'node-name' is missing");
    expect_node(image, "rwa,node-name=n", "does not accept value 'rwa'");
    expect_node(image, "raw,node-name=n", "Parameter 'file' is missing");
    expect_node(image, "raw,node-name=n,file=nosuch", "unknown block node 'nosuch'");
    expect_node(image, NODE ",file.lokcing=off", "Parameter 'file.lokcing' is unexpected");
    expect_node(image, NODE ",cache.drect=on", "Parameter 'cache.drect' is unexpected");
    expect_node(image, NODE ",read-only=maybe", "read-only");
    expect_node(image, NODE ",file.aio=fast", "file.aio");
    expect_node(image, NODE ",detect-zeroes=unmap", "detect-zeroes=unmap needs");
    expect_node(image, NODE ",offset=16k", "reach beyond the end of");
    expect_node(image, NODE ",offset=100", "multiples of 512");
    expect_node(image, NODE ",size=16k", "reach beyond the end of");
    expect_node(image, NODE ",offset=512,size=18446744073709551104", "beyond the end of");
    expect_node(image, "file,node-name=1n,filename=%s", "'1n' cannot be the name");
    need_node(image, NODE);
    expect_node(image, NODE, "there is a block node 'n' already");
    drop("n");
    g_assert_null(block_nodes());
}

static void test_graph(void)
{
    const char *image = image_new("graph.img", 8192);
    GError *err = NULL;
    BlockBackend *blk;
    char byte = 'x', buf[512];
    bool ok;

    need_node(image, "file,node-name=f,filename=%s");
    need_node(image, "raw,node-name=a,file=f,offset=512,size=1024");
    ok = blockdev_del("f", &err);
    expect_error(ok, err, "'f' is in use by block node 'a'");
    err = NULL;
    ok = blockdev_del("g", &err);
    expect_error(ok, err, "unknown block node 'g'");
    blk = use_node("a", true);
    g_assert_cmpuint(blk_size(blk), ==, 1024);
    g_assert_cmpint(do_write(blk, 1, &byte, 1), ==, 0);
    g_assert_cmpint(do_write(blk, 1024, &byte, 1), ==, -EINVAL);
    g_assert_cmpint(do_write(blk, 1023, buf, 2), ==, -EINVAL);
    g_assert_cmpint(do_write(blk, UINT64_MAX, buf, 512), ==, -EINVAL);
    g_assert_cmpint(do_read(blk, UINT64_MAX - 511, buf, 512), ==, -EINVAL);
    g_assert_cmpint(do_zeroes(blk, 512, UINT64_MAX, true), ==, -EINVAL);
    unuse(blk);
    blk = use_node("f", false);
    g_assert_cmpint(do_read(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(buf[0], ==, 0);
    g_assert_cmpint(buf[1], ==, 'x');
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, -EPERM);
    unuse(blk);
    drop("a");
    drop("f");
}

/* The last, partial sector reads zeroes behind the end, and is completed by a write. */
static void test_odd_size(const void *data)
{
    const char *image = image_new("odd.img", 1000);
    g_autofree char *text = g_strdup_printf(NODE ",%s", image, (const char *)data);
    struct stat st;
    BlockBackend *blk;
    GError *err = NULL;
    char buf[512];

    add_node(image, text, &err);
    if (err) {
        g_test_skip(err->message);
        g_error_free(err);
        return;
    }
    blk = use_node("n", true);
    g_assert_cmpuint(blk_size(blk), ==, 1024);
    memset(buf, 1, sizeof(buf));
    g_assert_cmpint(do_read(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(buf[511], ==, 0);
    memset(buf, 2, sizeof(buf));
    g_assert_cmpint(do_write(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(do_zeroes(blk, 1020, 4, false), ==, 0);
    g_assert_cmpint(do_read(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(buf[507], ==, 2);
    g_assert_cmpint(buf[508], ==, 0);
    unuse(blk);
    drop("n");
    g_assert_cmpint(stat(image, &st), ==, 0);
    g_assert_cmpuint(st.st_size, ==, 1024);
}

/* ---- No room ---- */

/* Before other threads exist: a mount namespace of our own. */
static char *small_fs;

static void make_small_fs(void)
{
    g_autofree char *dir = g_dir_make_tmp("rhea-full-XXXXXX", NULL);

    if (dir && unshare(CLONE_NEWNS) == 0 &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", dir, "tmpfs", 0, "size=256k") == 0) {
        small_fs = g_steal_pointer(&dir);
    } else if (dir) {
        g_rmdir(dir);
    }
}

static void drop_small_fs(void)
{
    if (small_fs) {
        umount2(small_fs, MNT_DETACH);
        g_rmdir(small_fs);
        g_free(small_fs);
    }
}

static json_object *last_event;

static void on_event(void *opaque, const char *name, json_object *event)
{
    g_assert_cmpstr(name, ==, "BLOCK_IO_ERROR");
    json_object_put(last_event);
    last_event = json_object_get(json_object_object_get(event, "data"));
}

static const char *event_text(const char *member)
{
    return json_object_get_string(json_object_object_get(last_event, member));
}

static void test_full(const void *data)
{
    g_autofree char *image = NULL, *buf = g_malloc0(64 * 1024);
    g_autofree char *text = g_strdup_printf(NODE ",%s", "%s", (const char *)data);
    BlockBackend *blk;
    int fd, ret = 0;

    if (!small_fs) {
        g_test_skip("needs a mount namespace");
        return;
    }
    image = g_build_filename(small_fs, "full.img", NULL);
    fd = open(image, O_RDWR | O_CREAT | O_TRUNC, 0600);
    g_assert_cmpint(ftruncate(fd, MiB), ==, 0);
    close(fd);
    need_node(image, text);
    blk = use_node("n", true);
    memset(buf, 7, 64 * 1024);
    for (unsigned i = 0; i < 16 && ret == 0; i++) {
        ret = do_write(blk, i * 64 * KiB, buf, 64 * KiB);
    }
    g_assert_cmpint(ret, ==, -ENOSPC);
    g_assert_cmpint(blk_error_action(blk, true, -ret), ==, BLOCK_ERROR_STOP);
    g_assert_cmpstr(event_text("action"), ==, "stop");
    g_assert_cmpstr(event_text("operation"), ==, "write");
    g_assert_cmpstr(event_text("nospace"), ==, "true");
    g_assert_cmpstr(event_text("node-name"), ==, "n");
    g_assert_cmpstr(event_text("reason"), ==, g_strerror(ENOSPC));
    /* Room again: the same write works. */
    g_assert_cmpint(do_discard(blk, 0, 128 * KiB), ==, 0);
    g_assert_cmpint(do_write(blk, 512 * KiB, buf, 64 * KiB), ==, 0);
    unuse(blk);
    drop("n");
    unlink(image);
}

static void test_size_limit(void)
{
    const char *image = image_new("limit.img", 64 * KiB);
    struct rlimit old, low = { 32 * KiB, RLIM_INFINITY };
    BlockBackend *blk;
    char buf[4096] = { 1 };

    getrlimit(RLIMIT_FSIZE, &old);
    low.rlim_max = old.rlim_max;
    need_node(image, NODE);
    blk = use_node("n", true);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &low), ==, 0);
    g_assert_cmpint(do_write(blk, 16 * KiB, buf, sizeof(buf)), ==, 0);
    g_assert_cmpint(do_write(blk, 48 * KiB, buf, sizeof(buf)), ==, -EFBIG);
    setrlimit(RLIMIT_FSIZE, &old);
    unuse(blk);
    drop("n");
}

/* The file shrinks under us: what is missing reads as zeroes. */
static void test_truncated(void)
{
    const char *image = image_new("short.img", 8192);
    BlockBackend *blk;
    char buf[4096];

    need_node(image, NODE);
    blk = use_node("n", false);
    g_assert_cmpint(truncate(image, 100), ==, 0);
    memset(buf, 1, sizeof(buf));
    g_assert_cmpint(do_read(blk, 0, buf, sizeof(buf)), ==, 0);
    g_assert_cmpint(buf[200], ==, 0);
    g_assert_cmpint(do_read(blk, 4096, buf, sizeof(buf)), ==, 0);
    unuse(blk);
    drop("n");
}

/* ---- A node that fails ---- */

typedef struct FailState {
    unsigned at, seen;      /* the request that fails, counted from 1 */
    int error;
    unsigned flushes, fua;
    uint64_t largest;
    uint8_t data[65536];
} FailState;

static void fail_submit(BlockNode *node, BlockRequest *req)
{
    FailState *s = node->state;
    uint64_t done = 0;

    s->seen++;
    s->flushes += req->op == BLOCK_FLUSH;
    s->fua += (req->flags & BLOCK_REQ_FUA) != 0;
    s->largest = MAX(s->largest, req->len);
    if (s->seen == s->at) {
        block_complete(req, -s->error);
        return;
    }
    for (int i = 0; i < req->niov; i++) {
        if (req->op == BLOCK_READ) {
            memcpy(req->iov[i].iov_base, s->data + req->offset + done, req->iov[i].iov_len);
        } else {
            memcpy(s->data + req->offset + done, req->iov[i].iov_base, req->iov[i].iov_len);
        }
        done += req->iov[i].iov_len;
    }
    block_complete(req, 0);
}

static bool fail_open(BlockNode *node, Visitor *v, GError **err)
{
    node->size = sizeof(((FailState *)node->state)->data);
    node->max_transfer = 4096;
    return true;
}

static const BlockDriver fail_driver = {
    .name = "fail", .state_size = sizeof(FailState), .open = fail_open,
    .submit = fail_submit,
};

static BlockBackend *fail_new(FailState **s)
{
    BlockOptions opt = { 0 };
    BlockNode *node = block_node_new(&fail_driver, "fail", &opt, NULL);
    BlockBackend *blk = use_node("fail", true);

    *s = node->state;
    block_node_unref(node);
    return blk;
}

/* A request larger than the node takes goes in parts; the part that fails ends it. */
static void test_split(void)
{
    g_autofree uint8_t *buf = g_malloc(20000), *back = g_malloc(20000);
    FailState *s;
    BlockBackend *blk = fail_new(&s);

    for (unsigned i = 0; i < 20000; i++) {
        buf[i] = i * 7 + i / 256;
    }
    g_assert_cmpint(do_write(blk, 777, buf, 20000), ==, 0);
    g_assert_cmpuint(s->seen, ==, 5);
    g_assert_cmpuint(s->largest, ==, 4096);
    g_assert_cmpint(do_read(blk, 777, back, 20000), ==, 0);
    g_assert_cmpmem(buf, 20000, back, 20000);
    for (unsigned at = 1; at <= 5; at++) {
        s->seen = 0;
        s->at = at;
        s->error = EIO;
        g_assert_cmpint(do_write(blk, 0, buf, 20000), ==, -EIO);
        g_assert_cmpuint(s->seen, ==, at);
    }
    unuse(blk);
}

static void test_write_cache(void)
{
    FailState *s;
    BlockBackend *blk = fail_new(&s);
    char buf[512] = { 0 };

    g_assert_true(blk_write_cache(blk));
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    g_assert_cmpuint(s->fua, ==, 0);
    blk_set_write_cache(blk, false);
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    g_assert_cmpuint(s->fua, ==, 1);
    g_assert_cmpint(do_flush(blk), ==, 0);
    g_assert_cmpuint(s->flushes, ==, 1);
    g_assert_cmpint(blk_flush_all(), ==, 0);
    g_assert_cmpuint(s->flushes, ==, 2);
    s->at = s->seen + 1;
    s->error = EIO;
    g_assert_cmpint(blk_flush_all(), ==, -EIO);
    unuse(blk);
}

static void test_policies(void)
{
    static const struct {
        BlockOnError policy;
        int error;
        BlockErrorAction action;
    } cases[] = {
        { BLOCK_ON_ERROR_REPORT, EIO, BLOCK_ERROR_REPORT },
        { BLOCK_ON_ERROR_REPORT, ENOSPC, BLOCK_ERROR_REPORT },
        { BLOCK_ON_ERROR_IGNORE, EIO, BLOCK_ERROR_IGNORE },
        { BLOCK_ON_ERROR_STOP, EIO, BLOCK_ERROR_STOP },
        { BLOCK_ON_ERROR_ENOSPC, EIO, BLOCK_ERROR_REPORT },
        { BLOCK_ON_ERROR_ENOSPC, ENOSPC, BLOCK_ERROR_STOP },
        { BLOCK_ON_ERROR_ENOSPC, EDQUOT, BLOCK_ERROR_STOP },
    };
    FailState *s;
    BlockBackend *blk = fail_new(&s);

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        blk->werror = cases[i].policy;
        blk->rerror = BLOCK_ON_ERROR_REPORT;
        g_assert_cmpint(blk_error_action(blk, true, cases[i].error), ==, cases[i].action);
        g_assert_cmpint(blk_error_action(blk, false, cases[i].error), ==, BLOCK_ERROR_REPORT);
    }
    unuse(blk);
}

/* A callback that drains, and one that starts another request. */
typedef struct Nested {
    BlockBackend *blk;
    struct iovec iov;
    char buf[512];
    unsigned *done;
    bool again;
} Nested;

static void nested_done(void *opaque, int ret)
{
    Nested *n = opaque;

    g_assert_cmpint(ret, ==, 0);
    ++*n->done;
    if (n->again) {
        n->again = false;
        blk_aio_readv(n->blk, 0, &n->iov, 1, nested_done, n);
    }
    block_poll(false);
}

static void test_nested(void)
{
    FailState *s;
    BlockBackend *blk = fail_new(&s);
    Nested n[8];
    unsigned done = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(n); i++) {
        n[i] = (Nested){ .blk = blk, .iov = { n[i].buf, 512 }, .done = &done,
                         .again = i & 1 };
        blk_aio_readv(blk, 0, &n[i].iov, 1, nested_done, &n[i]);
    }
    g_assert_cmpuint(done, ==, 0);
    blk_drain(blk);
    g_assert_cmpuint(done, ==, 12);
    unuse(blk);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    make_small_fs();
    fixture_start();
    qapi_event_set_sink(on_event, NULL);
    g_test_add_func("/block/lock/nodes", test_lock_nodes);
    g_test_add_func("/block/lock/options", test_lock_options);
    g_test_add_func("/block/lock/users", test_lock_users);
    g_test_add_func("/block/lock/others", test_lock_others);
    g_test_add_func("/block/open/errors", test_open_errors);
    g_test_add_func("/block/open/fifo", test_open_fifo);
    g_test_add_func("/block/open/refused", test_open_refused);
    g_test_add_func("/block/open/options", test_option_errors);
    g_test_add_func("/block/graph", test_graph);
    g_test_add_data_func("/block/odd-size/cached", "cache.direct=off", test_odd_size);
    g_test_add_data_func("/block/odd-size/direct", "cache.direct=on", test_odd_size);
    g_test_add_data_func("/block/full/threads", "discard=unmap", test_full);
    g_test_add_data_func("/block/full/native", "discard=unmap,file.aio=native", test_full);
    g_test_add_func("/block/size-limit", test_size_limit);
    g_test_add_func("/block/truncated", test_truncated);
    g_test_add_func("/block/split", test_split);
    g_test_add_func("/block/write-cache", test_write_cache);
    g_test_add_func("/block/policies", test_policies);
    g_test_add_func("/block/nested", test_nested);
    ret = g_test_run();
    json_object_put(last_event);
    fixture_end();
    drop_small_fs();
    return ret;
}
