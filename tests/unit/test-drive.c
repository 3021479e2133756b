/*
 * Tests of -drive and of the property that names a drive.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block-fixture.h"
#include "block/backend-internal.h"
#include "qapi/json.h"
#include <glib/gstdio.h>

static char *put_image(const char *name, const void *bytes, size_t len)
{
    const char *path = image_path(name);

    g_assert_true(g_file_set_contents(path, bytes, len, NULL));
    return (char *)path;
}

/* Every drive is dropped again, so that ids are free. */
static void drop_drives(void)
{
    drive_release_all();
    g_assert_null(blk_all());
    g_assert_null(block_nodes());
}

/* ---- Options ---- */

static void test_defaults(void)
{
    const char *image = image_new("d.img", 4096);
    BlockBackend *blk;

    need_drive(image, "file=%s,format=raw");
    blk = blk_by_name("virtio0");
    g_assert_nonnull(blk);
    g_assert_cmpstr(blk_name(blk), ==, "virtio0");
    g_assert_cmpuint(blk_size(blk), ==, 4096);
    g_assert_true(blk_write_cache(blk));
    g_assert_false(blk_is_read_only(blk));
    g_assert_false(blk_can_discard(blk));
    g_assert_cmpint(blk->werror, ==, BLOCK_ON_ERROR_ENOSPC);
    g_assert_cmpint(blk->rerror, ==, BLOCK_ON_ERROR_REPORT);
    g_assert_true(drive_next("virtio") == blk);
    g_assert_null(drive_next("virtio"));
    g_assert_null(drive_next("none"));
    drop_drives();
}

static void check_mode(const char *image, const char *mode, bool wce, bool direct,
                       bool no_flush)
{
    g_autofree char *text = g_strdup_printf("file=%%s,format=raw,id=c,%s", mode);
    GError *err = NULL;
    const BlockNode *node;

    if (!add_drive(image, text, &err)) {
        g_assert_true(direct); /* not every file system has it */
        g_error_free(err);
        return;
    }
    node = blk_node(blk_by_name("c"));
    g_assert_cmpint(blk_write_cache(blk_by_name("c")), ==, wce);
    for (; node; node = block_child(node)) {
        g_assert_cmpint(node->opt.cache_direct, ==, direct);
        g_assert_cmpint(node->opt.cache_no_flush, ==, no_flush);
    }
    drop_drives();
}

static void test_cache_modes(void)
{
    const char *image = image_new("d.img", 4096);

    check_mode(image, "cache=writeback", true, false, false);
    check_mode(image, "cache=writethrough", false, false, false);
    check_mode(image, "cache=none", true, true, false);
    check_mode(image, "cache=directsync", false, true, false);
    check_mode(image, "cache=unsafe", true, false, true);
    check_mode(image, "cache.writeback=off,cache.no-flush=on", false, false, true);
}

static void test_options(void)
{
    const char *image = image_new("d.img", 4096);
    BlockBackend *blk;

    need_drive(image, "file.filename=%s,file.driver=file,file.locking=off,format=raw,if=none,"
                      "id=a,readonly=on,rerror=stop,werror=report,discard=unmap,"
                      "node-name=root,aio=threads,offset=512");
    blk = blk_by_name("a");
    g_assert_true(blk_is_read_only(blk));
    g_assert_true(blk_can_discard(blk));
    g_assert_cmpint(blk->rerror, ==, BLOCK_ON_ERROR_STOP);
    g_assert_cmpint(blk->werror, ==, BLOCK_ON_ERROR_REPORT);
    g_assert_cmpuint(blk_size(blk), ==, 4096 - 512);
    g_assert_cmpstr(blk_node(blk)->name, ==, "root");
    g_assert_null(drive_next("virtio"));
    need_drive(image, "file=%s,media=cdrom,if=ide,driver=raw");
    g_assert_true(blk_is_read_only(blk_by_name("ide0-cd0")));
    drop_drives();
}

static void test_order(void)
{
    const char *image = image_new("d.img", 4096);
    GError *err = NULL;
    bool ok;

    need_drive(image, "file=%s,format=raw,index=2,id=third");
    need_drive(image, "file=%s,format=raw,id=first");
    need_drive(image, "file=%s,format=raw,unit=1,id=second");
    expect_drive(image, "file=%s,format=raw,index=1", "is drive 'second' already");
    expect_drive(image, "file=%s,format=raw,index=3,unit=1", "exclude each other");
    g_assert_cmpstr(blk_name(drive_next("virtio")), ==, "first");
    g_assert_cmpstr(blk_name(drive_next("virtio")), ==, "second");
    ok = drive_check_unused(&err);
    expect_error(ok, err, "drive 'third': this machine has no place for if=virtio,index=2");
    g_assert_cmpstr(blk_name(drive_next("virtio")), ==, "third");
    err = NULL;
    ok = drive_check_unused(&err);
    expect_error(ok, err, NULL);
    drop_drives();
}

static void test_errors(void)
{
    const char *image = image_new("d.img", 4096);

    expect_drive(image, "format=raw", "needs file=NAME");
    expect_drive(image, "file=", "needs file=NAME");
    expect_drive(image, "file=/nosuch/x,format=raw,id=d", "drive 'd': cannot open '/nosuch/x'");
    expect_drive(image, "file=%s,fromat=raw", "unknown -drive option 'fromat'");
    expect_drive(image, "file=%s,format=rwa", "does not accept value 'rwa'");
    expect_drive(image, "file=%s,format=raw,driver=file", "contradict each other");
    expect_drive(image, "file=%s,if=zz", "Parameter 'if' does not accept value 'zz'");
    expect_drive(image, "file=%s,cache=fast", "Parameter 'cache' does not accept");
    expect_drive(image, "file=%s,cache.drect=on", "Parameter 'cache.drect' is unexpected");
    expect_drive(image, "file=%s,serial=1", "no option 'serial'");
    expect_drive(image, "file=%s,snapshot=on", "snapshot=on is not supported yet");
    expect_drive(image, "file=%s,copy-on-read=on", "copy-on-read=on is not supported yet");
    expect_drive(image, "file=%s,throttling.iops-total=5", "'throttling' is not supported");
    expect_drive(image, "file=%s,rerror=enospc", "rerror=enospc");
    expect_drive(image, "file=%s,werror=enspc", "Parameter 'werror' does not accept");
    expect_drive(image, "file=%s,index=x", "index");
    expect_drive(image, "file=%s,index=4000000000", "between 0 and 255");
    expect_drive(image, "file=%s,id=9", "'9' cannot be the name");
    expect_drive(image, "file=nbd:localhost:1,format=raw", "protocol 'nbd' is not supported");
    expect_drive(image, "file=json:{,format=raw", "file=json:");
    expect_drive(image, "file.fliename=%s,format=raw", "Parameter 'file.filename' is missing");
    need_drive(image, "file=%s,format=raw,id=twice");
    expect_drive(image, "file=%s,format=raw,id=twice", "a drive 'twice' already");
    drop_drives();
}

/* ---- Without format= ---- */

static void test_foreign(void)
{
    char sector[512] = "QFI\xfb";
    const char *image = put_image("q.img", sector, sizeof(sector));

    expect_drive(image, "file=%s", "looks like a qcow2 image");
    need_drive(image, "file=%s,format=raw");
    drop_drives();
}

static void test_guard(void)
{
    const char *image = image_new("g.img", 4096);
    GError *err = NULL;
    char buf[2048] = "plain", back[2048];
    BlockBackend *blk;

    need_drive(image, "file=%s,id=g,if=none");
    blk = blk_by_name("g");
    g_assert_true(blk_attach(blk, blk, true, &err));
    memset(buf + 512, 5, 1536);
    g_assert_cmpint(do_write(blk, 0, buf, 2048), ==, 0);
    g_assert_cmpint(do_read(blk, 0, back, 2048), ==, 0);
    g_assert_cmpmem(buf, 2048, back, 2048);
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    strcpy(buf, "KDMV");
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, -EPERM);
    g_assert_cmpint(do_write(blk, 0, buf, 2048), ==, -EPERM);
    g_assert_cmpint(do_write(blk, 0, buf, 4), ==, -EPERM);
    g_assert_cmpint(do_write(blk, 1, buf, 512), ==, -EPERM);
    g_assert_cmpint(do_write(blk, 512, buf, 512), ==, 0);
    g_assert_cmpint(do_read(blk, 0, back, 512), ==, 0);
    g_assert_cmpstr(back, ==, "plain");
    blk_detach(blk, blk);
    drop_drives();
}

/* ---- The property ---- */

typedef struct Disk {
    Object parent;
    BlockBackend *blk;
} Disk;

static const Property disk_properties[] = {
    PROP_DRIVE(Disk, blk, "drive", "the data"),
    PROP_END
};

static const TypeInfo disk_type = {
    .name = "test-disk", .instance_size = sizeof(Disk), .properties = disk_properties,
};
TYPE_REGISTER(disk_type);

static void expect_set(Disk *d, const char *value, const char *part)
{
    GError *err = NULL;
    bool ok = object_set_str(d, "drive", value, &err);

    expect_error(ok, err, part);
}

static void test_property(void)
{
    const char *image = image_new("p.img", 4096);
    Disk *a = (Disk *)object_new("test-disk"), *b = (Disk *)object_new("test-disk");
    struct json_object *value;
    GError *err = NULL;

    need_drive(image, "file=%s,format=raw,if=none,id=hd0");
    need_node(image, "raw,node-name=n0,file.driver=file,file.filename=%s");
    expect_set(a, "hd1", "unknown drive or block node 'hd1'");
    g_assert_null(a->blk);
    expect_set(a, "hd0", NULL);
    g_assert_true(a->blk == blk_by_name("hd0"));
    expect_set(a, "hd0", NULL);
    expect_set(b, "hd0", "drive 'hd0' belongs to device");
    value = object_get_json(a, "drive", NULL);
    g_assert_cmpstr(json_object_get_string(value), ==, "hd0");
    json_object_put(value);
    expect_set(b, "n0", NULL);
    g_assert_cmpstr(blk_name(b->blk), ==, "n0");
    g_assert_true(blk_attach(a->blk, a, true, &err));
    g_assert_false(blk_attach(b->blk, b, true, &err));
    g_assert_nonnull(strstr(err->message, image));
    g_clear_error(&err);
    g_assert_false(blockdev_del("n0", NULL));
    blk_detach(a->blk, a);
    g_assert_true(blk_attach(b->blk, b, true, &err));
    blk_detach(b->blk, b);
    /* What the device says goes before what the drive said. */
    g_assert_true(blk_set_on_error(a->blk, BLOCK_ON_ERROR_AUTO, BLOCK_ON_ERROR_STOP, &err));
    g_assert_cmpint(a->blk->rerror, ==, BLOCK_ON_ERROR_REPORT);
    g_assert_cmpint(a->blk->werror, ==, BLOCK_ON_ERROR_STOP);
    g_assert_false(blk_set_on_error(a->blk, BLOCK_ON_ERROR_ENOSPC, 0, &err));
    g_clear_error(&err);
    blk_set_share_rw(a->blk, true);
    blk_set_share_rw(b->blk, true);
    g_assert_true(blk_attach(a->blk, a, true, &err));
    g_assert_true(blk_attach(b->blk, b, true, &err));
    blk_detach(a->blk, a);
    blk_detach(b->blk, b);
    expect_set(a, "", NULL);
    g_assert_null(a->blk);
    object_unref(a);
    object_unref(b);
    g_assert_true(blockdev_del("n0", NULL));
    drop_drives();
}

static void test_reports(void)
{
    const char *image = image_new("r.img", 4096);
    g_autoptr(GString) info = g_string_new(NULL);
    g_autoptr(json_object) query = NULL, nodes = NULL, stats = NULL;
    struct json_object *first, *value;
    BlockBackend *blk;
    char buf[512] = { 0 };

    need_drive(image, "file=%s,format=raw,if=none,id=hd0,node-name=top");
    blk = blk_by_name("hd0");
    g_assert_true(blk_attach(blk, blk, true, NULL));
    g_assert_cmpint(do_write(blk, 0, buf, 512), ==, 0);
    g_assert_cmpint(do_read(blk, 4096, buf, 512), ==, -EINVAL);
    blk_detach(blk, blk);
    g_assert_true(block_info(NULL, false, false, info, NULL));
    g_assert_nonnull(strstr(info->str, "hd0 (top): "));
    g_assert_nonnull(strstr(info->str, image));
    g_assert_null(strstr(info->str, "virtual size"));
    g_string_truncate(info, 0);
    g_assert_true(block_info("top", false, true, info, NULL));
    g_assert_true(g_str_has_prefix(info->str, "top: "));
    g_assert_nonnull(strstr(info->str, "virtual size: 4 KiB (4096 bytes)"));
    g_string_truncate(info, 0);
    g_assert_true(block_info(NULL, true, false, info, NULL));
    g_assert_null(strstr(info->str, "hd0"));
    g_assert_nonnull(strstr(info->str, "top: "));
    g_assert_false(block_info("hd1", false, false, info, NULL));
    query = block_query();
    g_assert_cmpint(json_object_array_length(query), ==, 1);
    nodes = block_query_nodes();
    g_assert_cmpint(json_object_array_length(nodes), ==, 2);
    stats = block_query_stats();
    first = json_object_array_get_idx(stats, 0);
    g_assert_true(json_object_object_get_ex(first, "stats", &value));
    g_assert_cmpint(json_object_get_int(json_object_object_get(value, "wr_bytes")), ==, 512);
    g_assert_cmpint(json_object_get_int(
                        json_object_object_get(value, "invalid_rd_operations")), ==, 1);
    drop_drives();
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    fixture_start();
    g_test_add_func("/drive/defaults", test_defaults);
    g_test_add_func("/drive/cache-modes", test_cache_modes);
    g_test_add_func("/drive/options", test_options);
    g_test_add_func("/drive/order", test_order);
    g_test_add_func("/drive/errors", test_errors);
    g_test_add_func("/drive/foreign", test_foreign);
    g_test_add_func("/drive/guard", test_guard);
    g_test_add_func("/drive/property", test_property);
    g_test_add_func("/drive/reports", test_reports);
    ret = g_test_run();
    fixture_end();
    return ret;
}
