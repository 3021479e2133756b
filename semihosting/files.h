/*
 * Files and the console of semihosting, by guest handle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SEMIHOSTING_FILES_H
#define SEMIHOSTING_FILES_H

#include "util/osdep.h"
#include "util/error.h"

/* The console: the character device of that id, or NULL for the process's own streams. */
bool semihosting_console_open(const char *chardev, GError **err);
/* Text for the console. */
void semihosting_console_write(const void *buf, size_t len);
/* One byte of the console's input, waiting for it; -1 at its end. */
int semihosting_console_getc(void);

/* Handles start at 1. Each function returns -1 and sets *errnum on failure. @mode: index
 * of the fopen mode (SYS_OPEN). ":tt" is the console, ":semihosting-features" the list of
 * what this implementation offers. */
int semihosting_file_open(const char *name, unsigned mode, int *errnum);
int semihosting_file_close(int handle, int *errnum);
ssize_t semihosting_file_read(int handle, void *buf, size_t len, int *errnum);
ssize_t semihosting_file_write(int handle, const void *buf, size_t len, int *errnum);
int semihosting_file_seek(int handle, uint64_t pos, int *errnum);
int64_t semihosting_file_size(int handle, int *errnum);
/* 1 or 0 */
int semihosting_file_isatty(int handle, int *errnum);

#endif
