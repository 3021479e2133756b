/*
 * What the tests of block/ share: a folder of images, nodes and drives from option text,
 * requests that are waited for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_BLOCK_FIXTURE_H
#define TESTS_BLOCK_FIXTURE_H

#include "block/block.h"

/* Before all tests and after them. */
void fixture_start(void);
void fixture_end(void);

/* The path of @name in the folder; stays valid. */
const char *image_path(const char *name);
/* A file of @bytes zero bytes. */
const char *image_new(const char *name, uint64_t bytes);

/* blockdev_add() of option text with %s replaced by the image's path. */
bool add_node(const char *image, const char *text, GError **err);
bool add_drive(const char *image, const char *text, GError **err);
void need_node(const char *image, const char *text);
void need_drive(const char *image, const char *text);
/* Both fail with a message that contains @part, or succeed if it is NULL. */
void expect_node(const char *image, const char *text, const char *part);
void expect_drive(const char *image, const char *text, const char *part);
void expect_error(bool ok, GError *err, const char *part);

/* A back end on a node, attached: writable or not. */
BlockBackend *use_node(const char *name, bool writable);
void unuse(BlockBackend *blk);

/* Requests, waited for; 0 or -errno. */
int do_read(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len);
int do_write(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len);
int do_flush(BlockBackend *blk);
int do_discard(BlockBackend *blk, uint64_t offset, uint64_t len);
int do_zeroes(BlockBackend *blk, uint64_t offset, uint64_t len, bool unmap);

#endif
