/*
 * Entropy objects (backends/rng.h): the host's generator, or a file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "backends/rng.h"
#include "util/fdset.h"
#include "util/main-loop.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>

typedef struct RngWaiter {
    void (*fn)(void *opaque);
    void *opaque;
} RngWaiter;

static RngBackendClass *rng_class(const RngBackend *rng)
{
    return (RngBackendClass *)rng->parent.klass;
}

bool rng_backend_ready(RngBackend *rng)
{
    return rng_class(rng)->ready(rng);
}

size_t rng_backend_read(RngBackend *rng, void *buf, size_t len)
{
    return rng_class(rng)->read(rng, buf, len);
}

void rng_backend_cancel(RngBackend *rng, void *opaque)
{
    for (GSList *l = rng->waiting; l; l = l->next) {
        RngWaiter *w = l->data;

        if (w->opaque == opaque) {
            rng->waiting = g_slist_delete_link(rng->waiting, l);
            g_free(w);
            return;
        }
    }
}

void rng_backend_wait(RngBackend *rng, void (*fn)(void *opaque), void *opaque)
{
    RngWaiter *w = g_new(RngWaiter, 1);

    rng_backend_cancel(rng, opaque);
    *w = (RngWaiter){ fn, opaque };
    rng->waiting = g_slist_append(rng->waiting, w);
    if (rng_class(rng)->watch) {
        rng_class(rng)->watch(rng);
    }
}

void rng_backend_wake(RngBackend *rng)
{
    /* Who finds nothing asks again: each of those that wait now is called once. */
    for (guint n = g_slist_length(rng->waiting); n > 0 && rng->waiting; n--) {
        RngWaiter w = *(RngWaiter *)rng->waiting->data;

        rng_backend_cancel(rng, w.opaque);
        w.fn(w.opaque);
    }
}

/* A device holds a reference through its property. */
static bool rng_can_be_deleted(Object *obj)
{
    return obj->ref == 1;
}

static const TypeInfo rng_type = {
    .name = TYPE_RNG_BACKEND,
    .parent = TYPE_OBJECT,
    .abstract = true,
    .instance_size = sizeof(RngBackend),
    .class_size = sizeof(RngBackendClass),
};
TYPE_REGISTER(rng_type);

/* ---- The host's generator ---- */

static bool builtin_ready(RngBackend *rng)
{
    return true;
}

static size_t builtin_read(RngBackend *rng, void *buf, size_t len)
{
    ssize_t n = getrandom(buf, len, 0);

    return MAX(n, 0);
}

static void builtin_class_init(ObjectClass *klass, const TypeInfo *type)
{
    RngBackendClass *rc = (RngBackendClass *)klass;

    rc->ready = builtin_ready;
    rc->read = builtin_read;
}

static const TypeInfo builtin_type = {
    .name = "rng-builtin",
    .parent = TYPE_RNG_BACKEND,
    .desc = "the host's random number generator",
    .class_init = builtin_class_init,
    .user_creatable = true,
    .can_be_deleted = rng_can_be_deleted,
};
TYPE_REGISTER(builtin_type);

/* ---- Files ---- */

typedef struct RngFile {
    RngBackend parent;
    char *filename; /* property */
    int fd;
    bool ended;     /* the file has no more */
} RngFile;

static void file_readable(void *opaque)
{
    RngFile *s = opaque;

    main_loop_watch_fd(s->fd, NULL, NULL, NULL);
    rng_backend_wake(&s->parent);
}

static bool file_ready(RngBackend *rng)
{
    RngFile *s = (RngFile *)rng;
    struct pollfd p = { .fd = s->fd, .events = POLLIN };

    return !s->ended && poll(&p, 1, 0) == 1;
}

static size_t file_read(RngBackend *rng, void *buf, size_t len)
{
    RngFile *s = (RngFile *)rng;
    ssize_t n;

    do {
        n = read(s->fd, buf, len);
    } while (n < 0 && errno == EINTR);
    s->ended |= n == 0 || (n < 0 && errno != EAGAIN);
    return MAX(n, 0);
}

static void file_watch(RngBackend *rng)
{
    RngFile *s = (RngFile *)rng;

    if (!s->ended) {
        main_loop_watch_fd(s->fd, file_readable, NULL, s);
    }
}

static bool file_complete(Object *obj, GError **err)
{
    RngFile *s = (RngFile *)obj;

    s->fd = fdset_open(s->filename, O_RDONLY | O_NONBLOCK, 0);
    if (s->fd < 0) {
        return error_set_errno(err, errno, "cannot open '%s'", s->filename);
    }
    return true;
}

static void file_init(Object *obj)
{
    ((RngFile *)obj)->fd = -1;
}

static void file_finalize(Object *obj)
{
    RngFile *s = (RngFile *)obj;

    if (s->fd >= 0) {
        main_loop_watch_fd(s->fd, NULL, NULL, NULL);
        close(s->fd);
    }
}

static const Property file_properties[] = {
    PROP_STR(RngFile, filename, "filename", "device, pipe or file that bytes are read from",
             .def_str = "/dev/urandom"),
    PROP_END
};

static void file_class_init(ObjectClass *klass, const TypeInfo *type)
{
    RngBackendClass *rc = (RngBackendClass *)klass;

    rc->ready = file_ready;
    rc->read = file_read;
    rc->watch = file_watch;
}

static const TypeInfo file_type = {
    .name = "rng-random",
    .parent = TYPE_RNG_BACKEND,
    .desc = "a device or file of the host",
    .instance_size = sizeof(RngFile),
    .properties = file_properties,
    .class_init = file_class_init,
    .instance_init = file_init,
    .instance_finalize = file_finalize,
    .user_creatable = true,
    .complete = file_complete,
    .can_be_deleted = rng_can_be_deleted,
};
TYPE_REGISTER(file_type);
