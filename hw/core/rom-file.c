/*
 * Files that blobs for a guest come from (hw/core/rom-file.h).
 *
 * Whoever puts a new file in the place of an old one, as package managers do, leaves ours as
 * it was. A file that is written in place is read as it is then: no more than the size at
 * first of it, and a warning says so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "hw/core/rom-file.h"
#include "util/cutils.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 256 * 1024 };

struct RomFile {
    unsigned refs;
    int fd;
    char *path;
    struct stat first; /* as it was opened */
    bool warned;
};

RomFile *rom_file_open(const char *path, GError **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    RomFile *f;

    if (fd < 0) {
        error_set_errno(err, errno, "cannot open '%s'", path);
        error_set_culprit(err, "file", path);
        return NULL;
    }
    f = g_new0(RomFile, 1);
    f->refs = 1;
    f->fd = fd;
    f->path = g_strdup(path);
    if (fstat(fd, &f->first) < 0 || !S_ISREG(f->first.st_mode)) {
        error_set(err, "'%s' is not a regular file", path);
        error_set_culprit(err, "file", path);
        g_clear_pointer(&f, rom_file_unref);
    }
    return f;
}

RomFile *rom_file_ref(RomFile *f)
{
    f->refs++;
    return f;
}

void rom_file_unref(RomFile *f)
{
    if (f && --f->refs == 0) {
        close(f->fd);
        g_free(f->path);
        g_free(f);
    }
}

uint64_t rom_file_size(const RomFile *f)
{
    return f->first.st_size;
}

/* As many bytes as there are, up to @size. */
static size_t read_at(const RomFile *f, void *buf, size_t size, uint64_t offset)
{
    size_t got = 0;
    ssize_t n = 1;

    while (got < size && n > 0) {
        n = pread(f->fd, (char *)buf + got, size - got, offset + got);
        if (n < 0 && errno == EINTR) {
            n = 1;
        } else if (n > 0) {
            got += n;
        }
    }
    return got;
}

bool rom_file_is_gzip(const RomFile *f)
{
    enum { LEAST = 18 /* header and trailer */ };
    uint8_t magic[2];

    return rom_file_size(f) > LEAST && read_at(f, magic, sizeof(magic), 0) == sizeof(magic) &&
           magic[0] == 0x1f && magic[1] == 0x8b;
}

bool rom_file_read(const RomFile *f, uint64_t offset, uint64_t size, RomSink *sink, void *opaque)
{
    g_autofree uint8_t *buf = g_malloc(MIN(size, PIECE));
    uint64_t at = 0;

    while (at < size) {
        size_t want = MIN(size - at, PIECE), got = read_at(f, buf, want, offset + at);

        if (!sink(opaque, at, buf, got) || got < want) {
            return false;
        }
        at += got;
    }
    return true;
}

bool rom_file_unpack(const RomFile *f, RomSink *sink, void *opaque)
{
    enum { GZIP_WINDOW = 15 + 16 };
    g_autofree uint8_t *in = g_malloc(2 * PIECE);
    uint8_t *out = in + PIECE;
    uint64_t offset = 0, at = 0;
    z_stream z = { 0 };
    int r = inflateInit2(&z, GZIP_WINDOW);

    while (r == Z_OK) {
        size_t n;

        if (!z.avail_in) {
            z.next_in = in;
            z.avail_in = read_at(f, in, PIECE, offset);
            offset += z.avail_in;
        }
        z.next_out = out;
        z.avail_out = PIECE;
        r = inflate(&z, Z_NO_FLUSH); /* Z_BUF_ERROR: the file has ended */
        n = PIECE - z.avail_out;
        if (n && !sink(opaque, at, out, n)) {
            r = Z_MEM_ERROR;
        }
        at += n;
    }
    inflateEnd(&z);
    return r == Z_STREAM_END;
}

void rom_file_warn_changed(RomFile *f)
{
    struct stat now;

    if (!f->warned && fstat(f->fd, &now) == 0 &&
        (now.st_size != f->first.st_size || now.st_mtim.tv_sec != f->first.st_mtim.tv_sec ||
         now.st_mtim.tv_nsec != f->first.st_mtim.tv_nsec)) {
        f->warned = true;
        warn_report("'%s' was written since the machine was made; the guest gets it as it is now",
                    f->path);
    }
}
