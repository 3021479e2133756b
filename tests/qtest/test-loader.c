/*
 * "-device loader": bytes and files in memory at every reset, and where CPUs start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "tests/qtest/boards.h"

#define AT (RAM + 0x1230)

static void expect_bytes(QtestMachine *m, uint64_t addr, const char *bytes, size_t len)
{
    uint8_t buf[16];

    qm_memread(m, addr, buf, len);
    g_assert_cmpmem(buf, len, bytes, len);
}

/* The bytes, until somebody writes there; and again after a reset, but not after a state was
 * saved and loaded. */
static void check_blob(QtestMachine *m, const char *bytes, size_t len)
{
    expect_bytes(m, AT, bytes, len);
    qm_memwrite(m, AT, "overwritten", len);
    expect_bytes(m, AT, "overwritten", len);
    qm_reload(m);
    expect_bytes(m, AT, "overwritten", len);
    qm_reset(m);
    expect_bytes(m, AT, bytes, len);
    expect_bytes(m, AT + len, "\0\0", 2);
}

static void test_data(QtestMachine *m)
{
    check_blob(m, "\x44\x33\x22\x11", 4);
}

static void test_big_endian(QtestMachine *m)
{
    check_blob(m, "\x11\x22\x33\x44", 4);
}

static void test_file(QtestMachine *m)
{
    check_blob(m, "file's text", 11);
}

static void test_cpu(QtestMachine *m)
{
    struct json_object *text = qm_qmp(m, "human-monitor-command",
                                      "{\"command-line\": \"info registers\"}");

    g_assert_nonnull(strstr(json_object_get_string(text), "80004560"));
    json_object_put(text);
}

int main(int argc, char **argv)
{
    g_autofree char *path = NULL, *options = NULL;

    g_test_init(&argc, &argv, NULL);
    path = qm_scratch("blob");
    g_assert_true(g_file_set_contents(path, "file's text", -1, NULL));
    options = g_strdup_printf("-M virt -device loader,file=%s,addr=0x80001230,force-raw=on",
                              path);
    qm_add_test("/qtest/loader/data",
                "-M virt -device loader,addr=0x80001230,data=0x11223344,data-len=4",
                test_data);
    qm_add_test("/qtest/loader/big-endian",
                "-M spike -device loader,addr=0x80001230,data=0x11223344,data-len=4,data-be=on",
                test_big_endian);
    qm_add_test("/qtest/loader/file", options, test_file);
    qm_add_test("/qtest/loader/cpu", "-M virt -device loader,addr=0x80004560,cpu-num=0",
                test_cpu);
    return g_test_run();
}
