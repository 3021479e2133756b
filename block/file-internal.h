/*
 * The file driver's parts: options and life (file.c), transfers in threads (file-io.c),
 * io_uring (uring.c), locks (file-lock.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef BLOCK_FILE_INTERNAL_H
#define BLOCK_FILE_INTERNAL_H

#include "block/block.h"
#include "util/thread-pool.h"

typedef enum FileAio { FILE_AIO_THREADS, FILE_AIO_NATIVE, FILE_AIO_IO_URING } FileAio;

typedef struct FileState {
    int fd;                     /* (c) constant after open */
    bool is_device;             /* (c) */
    bool direct;                /* (c) O_DIRECT: the two below bind */
    uint32_t align, mem_align;  /* (c) of offsets and lengths; of addresses */
    uint64_t size;              /* (c) the node's */
    bool use_uring;             /* (c) */
    bool no_zero_range, no_punch; /* (a) the file system refused once */
    int flush_error;            /* (a) a flush failed: data are lost, and stay lost */
    /* machine lock */
    bool locking;
    bool in_locks;              /* this node takes part in locking */
    uint64_t held;              /* lock bytes held, bit = byte - 100 (file-lock.c) */
    GQueue running;             /* FileRequest * that write, with O_DIRECT */
    GQueue waiting;             /* FileRequest * that overlap one of them */
} FileState;

/* A request on its way through threads or the ring. */
typedef struct FileRequest {
    ThreadJob job;
    BlockRequest end;           /* carries the result to the main loop */
    FileState *s;
    BlockRequest *req;
    bool unaligned;             /* O_DIRECT: goes through a buffer */
    int result;                 /* ring: bytes or -errno */
} FileRequest;

/* ---- file-io.c ---- */
/* BlockDriver.submit. */
void file_submit(BlockNode *node, BlockRequest *req);
/* (Re)do the whole request in a thread of the pool. */
void file_start_in_thread(FileRequest *fr);

/* ---- uring.c ---- */
/* The process's ring exists or can be made; an error says why not. */
bool uring_available(GError **err);
/* Start a read, write or flush; false: no room, use a thread. */
bool uring_start(FileRequest *fr);

/* ---- file-lock.c ---- */
/* Whether the host has open file description locks, on this file. */
bool file_lock_supported(int fd);
/* Hold the lock bytes for these permissions, if no one else's conflict; otherwise nothing
 * changes. */
bool file_lock_set(FileState *s, const char *filename, unsigned perm, unsigned shared,
                   GError **err);

#endif
