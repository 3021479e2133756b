/*
 * Trace events in a file: the Common Trace Format, version 1.8 (https://diamon.org/ctf),
 * which babeltrace2 and Trace Compass read.
 *
 * A trace is a folder. "metadata" declares all events. Each thread has a stream file of its
 * own, so no event takes a lock: the stream's current packet is a piece of the file mapped
 * to memory, and a record is a few stores there. The packet's head, updated after each
 * record, always describes a valid packet: there is nothing to flush, and what was recorded
 * survives however the process ends. A packet's blocks are reserved on the disk before it
 * is mapped; if there are none, events are dropped, and counted in the packet before.
 *
 * The stream of a thread that ends serves the next new one; each record has the number of
 * its thread. A process that forks to go into the background maps its packets in the child.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/tracing-record.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    PACKET_SIZE = 256 * 1024,
    RETRY_NS = 100 * 1000 * 1000, /* before a full disk is tried again */
};

#define CTF_MAGIC   0xc1fc1fc1u
#define METADATA_ID "/* CTF 1.8 */"

/* trace.packet.header and stream.packet.context; sizes are in bits. */
typedef struct __attribute__((packed)) PacketHead {
    uint32_t magic;
    uint32_t stream_id;
    uint64_t timestamp_begin;
    uint64_t timestamp_end;
    uint64_t content_size;
    uint64_t packet_size;
    uint64_t events_discarded;
} PacketHead;

/* stream.event.header and stream.event.context. */
typedef struct __attribute__((packed)) RecordHead {
    uint32_t id;
    uint64_t timestamp;
    int32_t tid;
} RecordHead;

typedef struct Stream {
    struct Stream *next; /* among those that no thread uses */
    PacketHead *packet;
    uint64_t now;       /* time of the record that is being written */
    uint64_t discarded;
    uint64_t retry;     /* no new packet before this time */
    uint64_t end;       /* of the file */
    int fd;
    int32_t tid;
} Stream;

static struct {
    GMutex lock;     /* for what follows; taken when threads come and go */
    Stream *unused;
    unsigned n_streams;
    int dir;
    uint64_t lost; /* atomic: events of all streams that found no room */
} ctf = { .dir = -1 };

static void stream_release(void *opaque);
static __thread Stream *own_stream;
static GPrivate own_stream_end = G_PRIVATE_INIT(stream_release);

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* ---- Streams ---- */

/* Give back what the packet does not use. */
static void packet_finish(Stream *s, bool is_last)
{
    if (s->packet) {
        if (is_last) {
            uint64_t used = DIV_ROUND_UP(s->packet->content_size, 8);

            s->packet->packet_size = used * 8;
            s->end = s->end - PACKET_SIZE + used;
        }
        munmap(s->packet, PACKET_SIZE);
        s->packet = NULL;
        if (is_last && ftruncate(s->fd, s->end) < 0) {
            return; /* the reader finds zeros behind the packet, then */
        }
    }
}

static bool packet_begin(Stream *s)
{
    uint64_t start = s->end;
    PacketHead *head;

    if (s->now < s->retry) {
        return false;
    }
    s->retry = s->now + RETRY_NS;
    if (posix_fallocate(s->fd, start, PACKET_SIZE) != 0) {
        return false;
    }
    head = mmap(NULL, PACKET_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd,
                start);
    if (head == MAP_FAILED) {
        return false;
    }
    packet_finish(s, false);
    s->retry = 0;
    s->packet = head;
    s->end = start + PACKET_SIZE;
    *head = (PacketHead){
        .magic = CTF_MAGIC,
        .timestamp_begin = s->now,
        .timestamp_end = s->now,
        .content_size = sizeof(*head) * 8,
        .packet_size = PACKET_SIZE * 8,
        .events_discarded = s->discarded,
    };
    return true;
}

static Stream *stream_new(void)
{
    g_autofree char *name = g_strdup_printf("stream-%u", ctf.n_streams);
    int fd = openat(ctf.dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    Stream *s;

    if (fd < 0) {
        return NULL;
    }
    ctf.n_streams++;
    s = g_new0(Stream, 1);
    s->fd = fd;
    return s;
}

static Stream *stream_acquire(void)
{
    Stream *s;

    g_mutex_lock(&ctf.lock);
    s = ctf.unused;
    if (s) {
        ctf.unused = s->next;
    } else if (ctf.dir >= 0) {
        s = stream_new();
    }
    g_mutex_unlock(&ctf.lock);
    if (s) {
        s->tid = syscall(SYS_gettid);
        own_stream = s;
        g_private_set(&own_stream_end, s);
    }
    return s;
}

static void stream_release(void *opaque)
{
    Stream *s = opaque;

    own_stream = NULL;
    g_mutex_lock(&ctf.lock);
    s->next = ctf.unused;
    ctf.unused = s;
    g_mutex_unlock(&ctf.lock);
}

/* ---- Records ---- */

static uint64_t packet_used(const Stream *s)
{
    return s->packet->content_size / 8;
}

uint8_t *trace_record_begin(const TraceGroup *group, unsigned index, unsigned size)
{
    Stream *s = own_stream ? own_stream : stream_acquire();
    RecordHead head;

    if (!s) {
        atomic_fetch_add(&ctf.lost, 1);
        return NULL;
    }
    s->now = now_ns(CLOCK_MONOTONIC);
    if ((!s->packet || packet_used(s) + sizeof(head) + size > PACKET_SIZE) &&
        !packet_begin(s)) {
        s->discarded++;
        atomic_fetch_add(&ctf.lost, 1);
        if (s->packet) {
            s->packet->events_discarded = s->discarded;
        }
        return NULL;
    }
    head = (RecordHead){ group->first_id + index, s->now, s->tid };
    return trace_put((uint8_t *)s->packet + packet_used(s), &head, sizeof(head));
}

void trace_record_end(uint8_t *end)
{
    Stream *s = own_stream;

    s->packet->timestamp_end = s->now;
    /* The record counts only when all of it is there: the process may end here. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    s->packet->content_size = (uint64_t)(end - (uint8_t *)s->packet) * 8;
}

/* ---- Metadata ---- */

#define INT(bits) "integer { size = " #bits "; align = 8; signed = false; }"

static void describe_arg(GString *out, const TraceArg *a)
{
    /* Readers take one '_' away; with it no name is a word of the language. */
    if (a->size == 0) {
        g_string_append_printf(out, "        string _%s;\n", a->name);
        return;
    }
    g_string_append_printf(out,
                           "        integer { size = %u; align = 8; signed = %s; base = %u; }"
                           " _%s;\n", a->size * 8, a->is_signed ? "true" : "false",
                           a->hex ? 16 : 10, a->name);
}

static void describe_event(GString *out, const TraceEvent *e, unsigned id)
{
    g_string_append_printf(out, "event {\n    name = \"%s\";\n    id = %u;\n"
                           "    stream_id = 0;\n    fields := struct {\n", e->name, id);
    for (unsigned i = 0; i < e->n_args; i++) {
        describe_arg(out, &e->args[i]);
    }
    g_string_append(out, "    } align(8);\n};\n");
}

static char *describe_all(void)
{
    GString *out = g_string_new(METADATA_ID "\n");
    uint64_t steady = now_ns(CLOCK_MONOTONIC), wall = now_ns(CLOCK_REALTIME);
    unsigned id = 0;

    g_string_append_printf(
        out,
        "trace {\n    major = 1;\n    minor = 8;\n    byte_order = %s;\n"
        "    packet.header := struct {\n"
        "        " INT(32) " magic;\n        " INT(32) " stream_id;\n    } align(8);\n};\n"
        "env {\n    tracer_name = \"rhea\";\n    domain = \"rhea\";\n    vpid = %d;\n};\n"
        "clock {\n    name = \"monotonic\";\n    freq = 1000000000;\n"
        "    offset_s = %" PRIu64 ";\n    offset = %" PRIu64 ";\n};\n"
        "typealias integer { size = 64; align = 8; signed = false;"
        " map = clock.monotonic.value; } := time_t;\n",
        G_BYTE_ORDER == G_LITTLE_ENDIAN ? "le" : "be", (int)getpid(),
        (wall - steady) / UINT64_C(1000000000), (wall - steady) % UINT64_C(1000000000));
    g_string_append(
        out,
        "stream {\n    id = 0;\n"
        "    packet.context := struct {\n"
        "        time_t timestamp_begin;\n        time_t timestamp_end;\n"
        "        " INT(64) " content_size;\n        " INT(64) " packet_size;\n"
        "        " INT(64) " events_discarded;\n    } align(8);\n"
        "    event.header := struct {\n"
        "        " INT(32) " id;\n        time_t timestamp;\n    } align(8);\n"
        "    event.context := struct {\n"
        "        integer { size = 32; align = 8; signed = true; } tid;\n"
        "    } align(8);\n};\n");
    for (TraceGroup *const *g = __start_rhea_traces; g && g < __stop_rhea_traces; g++) {
        (*g)->first_id = id;
        for (unsigned i = 0; i < (*g)->n_events; i++) {
            describe_event(out, &(*g)->events[i], id++);
        }
    }
    return g_string_free(out, FALSE);
}

/* ---- The folder ---- */

static bool holds_trace(const char *path)
{
    g_autofree char *metadata = g_build_filename(path, "metadata", NULL), *text = NULL;

    return g_file_get_contents(metadata, &text, NULL, NULL) &&
           g_str_has_prefix(text, METADATA_ID);
}

/* Remove an earlier trace; only files that a trace consists of. */
static bool empty_folder(const char *path, GError **err)
{
    DIR *dir = opendir(path);
    bool ours = holds_trace(path);
    const char *alien = NULL;

    if (!dir) {
        return error_set_errno(err, errno, "trace folder '%s'", path);
    }
    for (struct dirent *e; !alien && (e = readdir(dir));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) {
            continue;
        }
        if (!ours || (strcmp(e->d_name, "metadata") &&
                      !g_pattern_match_simple("stream-*", e->d_name)) ||
            unlinkat(dirfd(dir), e->d_name, 0) < 0) {
            alien = e->d_name;
            error_set(err, "trace folder '%s' holds '%s', which is no part of a trace", path,
                      alien);
        }
    }
    closedir(dir);
    return !alien;
}

bool trace_ctf_open(const char *path, GError **err)
{
    g_autofree char *text = NULL, *metadata = NULL;
    g_autoptr(GError) cause = NULL;

    if (mkdir(path, 0777) < 0) {
        if (errno != EEXIST) {
            return error_set_errno(err, errno, "trace folder '%s'", path);
        }
        if (!empty_folder(path, err)) {
            return false;
        }
    }
    text = describe_all();
    metadata = g_build_filename(path, "metadata", NULL);
    if (!g_file_set_contents(metadata, text, -1, &cause)) {
        return error_set(err, "trace file '%s': %s", metadata, cause->message);
    }
    ctf.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ctf.dir < 0) {
        return error_set_errno(err, errno, "trace folder '%s'", path);
    }
    return true;
}

uint64_t trace_ctf_close(void)
{
    /* This thread's file ends with its last record. Those of threads that still run keep
     * their size: one of them may be writing. */
    if (own_stream) {
        packet_finish(own_stream, true);
    }
    return atomic_read(&ctf.lost);
}
