/*
 * Files that blobs for a guest come from (hw/core/loader.h). They stay open and are read
 * again at each reset, so that the process holds no second copy of a kernel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_CORE_ROM_FILE_H
#define HW_CORE_ROM_FILE_H

#include "util/osdep.h"

/* Counted; under the machine lock. */
typedef struct RomFile RomFile;

/* A regular file, or NULL; the error names it. */
RomFile *rom_file_open(const char *path, GError **err);
RomFile *rom_file_ref(RomFile *f);
void rom_file_unref(RomFile *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RomFile, rom_file_unref)

/* Bytes that it had when it was opened. */
uint64_t rom_file_size(const RomFile *f);
/* It begins as a gzip file does (RFC 1952). */
bool rom_file_is_gzip(const RomFile *f);

/* Takes @size bytes at @at of what is read; false: no more is wanted. */
typedef bool RomSink(void *opaque, uint64_t at, const void *data, size_t size);
/* Hand [offset, offset + size) of the file on, in pieces. False if it holds less. */
bool rom_file_read(const RomFile *f, uint64_t offset, uint64_t size, RomSink *sink,
                   void *opaque);
/* The same of what it unpacks to. False if it is no whole gzip file, or the sink has had
 * enough. */
bool rom_file_unpack(const RomFile *f, RomSink *sink, void *opaque);
/* Say on standard error if the file is not what it was when it was opened; once. */
void rom_file_warn_changed(RomFile *f);

#endif
