/*
 * Drivers file and host_device: images in files and on block devices of the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "block/driver-list.h"
#include "block/file-internal.h"
#include "util/fdset.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { BUFFER_ALIGN = 4096, MAX_TRANSFER = 1 << 30 };

typedef enum Locking { LOCKING_AUTO, LOCKING_ON, LOCKING_OFF } Locking;

typedef struct FileOptions {
    char *filename;
    int aio;        /* FileAio */
    int locking;    /* Locking */
} FileOptions;

/* ---- Options ---- */

static bool visit_file_options(Visitor *v, FileOptions *o, GError **err)
{
    static const char *const aio_names[] = { "threads", "native", "io_uring", NULL };
    static const char *const locking_names[] = { "auto", "on", "off", NULL };
    bool present, drop_cache;
    int64_t max_batch;

    if (!visit_type_str(v, "filename", &o->filename, err) ||
        (visit_optional(v, "aio", &present) &&
         !visit_type_enum(v, "aio", &o->aio, aio_names, err)) ||
        (visit_optional(v, "locking", &present) &&
         !visit_type_enum(v, "locking", &o->locking, locking_names, err)) ||
        /* Hints for machinery that is not here: checked and without effect. */
        (visit_optional(v, "aio-max-batch", &present) &&
         !visit_type_int64(v, "aio-max-batch", &max_batch, err)) ||
        (visit_optional(v, "drop-cache", &present) &&
         !visit_type_bool(v, "drop-cache", &drop_cache, err))) {
        return false;
    }
    return true;
}

/* ---- Opening ---- */

static bool is_refusal(int error)
{
    return error == EACCES || error == EPERM || error == EROFS;
}

static bool open_error(BlockNode *node, int error, GError **err)
{
    bool write = !node->opt.read_only && (is_refusal(error) || error == ETXTBSY);

    error_set_errno(err, error, "cannot open '%s'%s", node->filename,
                    write ? " for writing" : "");
    error_set_culprit(err, "file", node->filename);
    if (error == EISDIR) {
        error_set_expected(err, "a file or a block device");
    } else if (write) {
        error_add_hint(err, "read-only=on uses it without writing");
    } else if (error == EINVAL && node->opt.cache_direct) {
        error_add_hint(err, "its file system may not support cache.direct=on");
    }
    return false;
}

/* O_NONBLOCK: a FIFO or terminal must not make us wait before it can be refused. */
static int try_open(const BlockNode *node)
{
    int flags = O_NONBLOCK | O_NOCTTY;
    int fd;

    flags |= node->opt.read_only ? O_RDONLY : O_RDWR;
    flags |= node->opt.cache_direct ? O_DIRECT : 0;
    do {
        fd = fdset_open(node->filename, flags, 0);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static bool open_fd(BlockNode *node, FileState *s, GError **err)
{
    s->fd = try_open(node);
    if (s->fd < 0 && is_refusal(errno) && !node->opt.read_only && node->opt.auto_read_only) {
        node->note = g_strdup_printf("'%s' was opened read-only (auto-read-only=on): %s",
                                     node->filename, g_strerror(errno));
        node->opt.read_only = true;
        s->fd = try_open(node);
    }
    return s->fd >= 0 || open_error(node, errno, err);
}

static bool check_kind(BlockNode *node, FileState *s, const struct stat *st, GError **err)
{
    bool want_device = node->drv == &block_driver_host_device;

    if (S_ISDIR(st->st_mode)) {
        return open_error(node, EISDIR, err);
    }
    s->is_device = S_ISBLK(st->st_mode);
    if (want_device ? s->is_device : S_ISREG(st->st_mode)) {
        return true;
    }
    error_set(err, "'%s' is not a %s", node->filename,
              want_device ? "block device" : "regular file");
    error_set_culprit(err, "file", node->filename);
    if (want_device ? S_ISREG(st->st_mode) : s->is_device) {
        error_add_hint(err, "driver=%s is for those", want_device ? "file" : "host_device");
    }
    return false;
}

static bool find_size(BlockNode *node, FileState *s, const struct stat *st, GError **err)
{
    uint64_t bytes = st->st_size;

    if (s->is_device && ioctl(s->fd, BLKGETSIZE64, &bytes) < 0) {
        return error_set_errno(err, errno, "cannot find the size of '%s'", node->filename);
    }
    if (bytes > INT64_MAX - BUFFER_ALIGN) {
        return error_set(err, "'%s' is too large", node->filename);
    }
    s->size = ROUND_UP(bytes, BLOCK_SECTOR);
    node->size = s->size;
    return true;
}

static uint32_t valid_align(uint32_t n)
{
    return n >= BLOCK_SECTOR && n <= 65536 && !(n & (n - 1)) ? n : BUFFER_ALIGN;
}

/* Which O_DIRECT transfers the file takes: what its device says or a trial shows. */
static void find_alignment(BlockNode *node, FileState *s)
{
    void *buf;
    int sector = BUFFER_ALIGN;

    s->align = s->mem_align = 1;
    s->direct = node->opt.cache_direct;
    if (!s->direct) {
        return;
    }
    if (s->is_device) {
        ioctl(s->fd, BLKSSZGET, &sector);
    } else if (posix_memalign(&buf, BUFFER_ALIGN, BUFFER_ALIGN) == 0) {
        if (pread(s->fd, (char *)buf + BLOCK_SECTOR, BLOCK_SECTOR, BLOCK_SECTOR) >= 0) {
            sector = BLOCK_SECTOR;
        }
        free(buf);
    }
    s->align = s->mem_align = valid_align(sector);
}

static bool choose_aio(FileState *s, int aio, GError **err)
{
    if (aio == FILE_AIO_THREADS) {
        return true;
    }
    /* native: the kernel's asynchronous interface, whichever that is. */
    s->use_uring = uring_available(aio == FILE_AIO_NATIVE ? NULL : err);
    return s->use_uring || aio == FILE_AIO_NATIVE;
}

static bool choose_locking(BlockNode *node, FileState *s, int locking, GError **err)
{
    bool supported = file_lock_supported(s->fd);

    if (locking == LOCKING_ON && !supported) {
        return error_set(err, "'%s' cannot be locked (locking=on)", node->filename);
    }
    s->in_locks = locking != LOCKING_OFF && supported && !node->opt.force_share;
    return true;
}

static bool set_up(BlockNode *node, FileState *s, const FileOptions *o, GError **err)
{
    struct stat st;

    if (fstat(s->fd, &st) < 0) {
        return error_set_errno(err, errno, "cannot examine '%s'", node->filename);
    }
    if (!check_kind(node, s, &st, err) || !find_size(node, s, &st, err) ||
        !choose_aio(s, o->aio, err) || !choose_locking(node, s, o->locking, err)) {
        return false;
    }
    fcntl(s->fd, F_SETFL, fcntl(s->fd, F_GETFL) & ~O_NONBLOCK);
    find_alignment(node, s);
    node->max_transfer = MAX_TRANSFER;
    node->can_discard = true;
    return true;
}

/* A write beyond the limit on file sizes is an error of the guest's, not our end. */
static void ignore_size_signal(void)
{
    struct sigaction sa;

    if (sigaction(SIGXFSZ, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL) {
        signal(SIGXFSZ, SIG_IGN);
    }
}

static bool file_open(BlockNode *node, Visitor *v, GError **err)
{
    FileState *s = node->state;
    FileOptions o = { 0 };
    bool ok = visit_file_options(v, &o, err);

    node->filename = o.filename;
    ignore_size_signal();
    if (!ok || !open_fd(node, s, err)) {
        return false;
    }
    if (!set_up(node, s, &o, err)) {
        close(s->fd);
        return false;
    }
    return true;
}

static void file_close(BlockNode *node)
{
    FileState *s = node->state;

    g_assert(!s->running.length && !s->waiting.length);
    close(s->fd);
}

static bool file_set_perm(BlockNode *node, unsigned perm, unsigned shared, GError **err)
{
    return file_lock_set(node->state, node->filename, perm, shared, err);
}

static void file_describe(BlockNode *node, GString *out)
{
    FileState *s = node->state;

    g_string_append_printf(out, ", aio=%s%s", s->use_uring ? "io_uring" : "threads",
                           s->in_locks ? "" : ", not locked");
}

const BlockDriver block_driver_file = {
    .name = "file",
    .state_size = sizeof(FileState),
    .open = file_open,
    .close = file_close,
    .submit = file_submit,
    .set_perm = file_set_perm,
    .describe = file_describe,
};

const BlockDriver block_driver_host_device = {
    .name = "host_device",
    .state_size = sizeof(FileState),
    .open = file_open,
    .close = file_close,
    .submit = file_submit,
    .set_perm = file_set_perm,
    .describe = file_describe,
};
