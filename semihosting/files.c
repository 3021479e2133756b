/*
 * Files and the console of semihosting (Semihosting for AArch32 and AArch64, 2.0: "SYS_OPEN",
 * "Feature bits").
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "semihosting/files.h"
#include "chardev/char.h"
#include "util/main-loop.h"
#include <fcntl.h>
#include <sys/stat.h>

enum { MAX_FILES = 256, N_MODES = 12, INPUT_SIZE = 256 };

typedef enum FileKind { FILE_FREE, FILE_HOST, FILE_CONSOLE, FILE_FEATURES } FileKind;

typedef struct File {
    FileKind kind;
    int fd;       /* HOST, CONSOLE without a character device */
    uint64_t pos; /* FEATURES */
} File;

/* Magic, then EXIT_EXTENDED and "stdout and stderr are apart". */
static const uint8_t features[] = { 0x53, 0x48, 0x46, 0x42, 0x03 };

static struct {
    GMutex lock;
    File files[MAX_FILES];     /* under lock; handle - 1 */
    CharFrontend fe;           /* machine lock */
    bool has_chardev;          /* set before CPUs run */
    uint8_t input[INPUT_SIZE]; /* ring, machine lock */
    unsigned in_head, in_count;
    GCond in_more;
} console;

/* ---- Console ---- */

static int console_can_receive(void *opaque)
{
    return INPUT_SIZE - console.in_count;
}

static void console_receive(void *opaque, const uint8_t *buf, int size)
{
    for (int i = 0; i < size && console.in_count < INPUT_SIZE; i++) {
        console.input[(console.in_head + console.in_count++) % INPUT_SIZE] = buf[i];
    }
    g_cond_broadcast(&console.in_more);
}

bool semihosting_console_open(const char *chardev, GError **err)
{
    Chardev *chr;

    if (!chardev) {
        return true;
    }
    chr = chardev_find(chardev);
    if (!chr) {
        return error_set(err, "semihosting: there is no character device '%s'", chardev);
    }
    if (!chr_fe_init(&console.fe, chr, err)) {
        return error_prefix(err, "semihosting");
    }
    chr_fe_set_handlers(&console.fe, console_can_receive, console_receive, NULL, NULL);
    console.has_chardev = true;
    return true;
}

/* All of it, or as far as the host takes it. */
static ssize_t write_all(int fd, const void *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(fd, (const char *)buf + done, len - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return done ? (ssize_t)done : -1;
        }
        done += n;
    }
    return done;
}

static ssize_t console_write(int fd, const void *buf, size_t len)
{
    if (!console.has_chardev) {
        return write_all(fd, buf, len);
    }
    machine_lock();
    chr_fe_write_all(&console.fe, buf, len);
    machine_unlock();
    return len;
}

void semihosting_console_write(const void *buf, size_t len)
{
    console_write(STDERR_FILENO, buf, len);
}

static ssize_t read_fd(int fd, void *buf, size_t len)
{
    ssize_t n;

    do {
        n = read(fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t console_read(int fd, uint8_t *buf, size_t len)
{
    size_t n = 0;

    if (!console.has_chardev) {
        return read_fd(fd, buf, len);
    }
    if (!len) {
        return 0;
    }
    machine_lock();
    while (!console.in_count) {
        machine_cond_wait(&console.in_more);
    }
    while (n < len && console.in_count) {
        buf[n++] = console.input[console.in_head];
        console.in_head = (console.in_head + 1) % INPUT_SIZE;
        console.in_count--;
    }
    chr_fe_accept_input(&console.fe);
    machine_unlock();
    return n;
}

int semihosting_console_getc(void)
{
    uint8_t c;

    return console_read(STDIN_FILENO, &c, 1) == 1 ? c : -1;
}

/* ---- Files ---- */

/* A copy of the file, or false: EBADF. */
static bool file_get(int handle, File *ret, int *errnum)
{
    bool ok = false;

    g_mutex_lock(&console.lock);
    if (handle >= 1 && handle <= MAX_FILES && console.files[handle - 1].kind != FILE_FREE) {
        *ret = console.files[handle - 1];
        ok = true;
    }
    g_mutex_unlock(&console.lock);
    if (!ok) {
        *errnum = EBADF;
    }
    return ok;
}

static int open_host(const char *name, unsigned mode)
{
    static const int flags[] = { O_RDONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC,
                                 O_RDWR | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND,
                                 O_RDWR | O_CREAT | O_APPEND };

    return open(name, flags[mode / 2] | O_CLOEXEC, 0666);
}

int semihosting_file_open(const char *name, unsigned mode, int *errnum)
{
    File f = { .kind = FILE_HOST, .fd = -1 };
    int handle = -1;

    if (mode >= N_MODES) {
        *errnum = EINVAL;
        return -1;
    }
    if (strcmp(name, ":tt") == 0) {
        /* r: input, w: output, a: errors */
        static const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

        f.kind = FILE_CONSOLE;
        f.fd = fds[mode / 4];
    } else if (strcmp(name, ":semihosting-features") == 0) {
        f.kind = FILE_FEATURES;
        if (mode > 1) {
            *errnum = EACCES;
            return -1;
        }
    } else {
        f.fd = open_host(name, mode);
        if (f.fd < 0) {
            *errnum = errno;
            return -1;
        }
    }
    g_mutex_lock(&console.lock);
    for (int i = 0; i < MAX_FILES && handle < 0; i++) {
        if (console.files[i].kind == FILE_FREE) {
            console.files[i] = f;
            handle = i + 1;
        }
    }
    g_mutex_unlock(&console.lock);
    if (handle < 0) {
        *errnum = EMFILE;
        if (f.kind == FILE_HOST) {
            close(f.fd);
        }
    }
    return handle;
}

int semihosting_file_close(int handle, int *errnum)
{
    File f;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    g_mutex_lock(&console.lock);
    console.files[handle - 1].kind = FILE_FREE;
    g_mutex_unlock(&console.lock);
    if (f.kind == FILE_HOST && close(f.fd) < 0) {
        *errnum = errno;
        return -1;
    }
    return 0;
}

static ssize_t features_read(int handle, uint64_t pos, void *buf, size_t len)
{
    size_t n = pos < sizeof(features) ? MIN(len, sizeof(features) - pos) : 0;

    memcpy(buf, features + MIN(pos, sizeof(features)), n);
    g_mutex_lock(&console.lock);
    console.files[handle - 1].pos = pos + n;
    g_mutex_unlock(&console.lock);
    return n;
}

ssize_t semihosting_file_read(int handle, void *buf, size_t len, int *errnum)
{
    File f;
    ssize_t n;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    switch (f.kind) {
    case FILE_FEATURES:
        return features_read(handle, f.pos, buf, len);
    case FILE_CONSOLE:
        n = console_read(f.fd, buf, len);
        break;
    default:
        n = read_fd(f.fd, buf, len);
        break;
    }
    if (n < 0) {
        *errnum = errno;
    }
    return n;
}

ssize_t semihosting_file_write(int handle, const void *buf, size_t len, int *errnum)
{
    File f;
    ssize_t n;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    if (f.kind == FILE_FEATURES) {
        *errnum = EBADF;
        return -1;
    }
    n = f.kind == FILE_CONSOLE ? console_write(f.fd, buf, len) : write_all(f.fd, buf, len);
    if (n < 0) {
        *errnum = errno;
    }
    return n;
}

int semihosting_file_seek(int handle, uint64_t pos, int *errnum)
{
    File f;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    if (f.kind == FILE_FEATURES) {
        g_mutex_lock(&console.lock);
        console.files[handle - 1].pos = MIN(pos, sizeof(features));
        g_mutex_unlock(&console.lock);
        return 0;
    }
    if (f.kind == FILE_CONSOLE || lseek(f.fd, pos, SEEK_SET) < 0) {
        *errnum = f.kind == FILE_CONSOLE ? ESPIPE : errno;
        return -1;
    }
    return 0;
}

int64_t semihosting_file_size(int handle, int *errnum)
{
    struct stat st;
    File f;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    if (f.kind == FILE_FEATURES) {
        return sizeof(features);
    }
    if (f.kind == FILE_CONSOLE || fstat(f.fd, &st) < 0) {
        *errnum = f.kind == FILE_CONSOLE ? EINVAL : errno;
        return -1;
    }
    return st.st_size;
}

int semihosting_file_isatty(int handle, int *errnum)
{
    File f;

    if (!file_get(handle, &f, errnum)) {
        return -1;
    }
    return f.kind == FILE_CONSOLE || (f.kind == FILE_HOST && isatty(f.fd));
}
