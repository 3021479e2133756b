/*
 * Folders in which files are looked for that come with the program or with the distribution.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_DATA_DIR_H
#define UTIL_DATA_DIR_H

#include "util/osdep.h"

/* -L: look in @path too, behind those that were added before. Before threads start. */
void data_dir_add(const char *path);
/* The first readable file of that name in the folders, a new string; NULL: there is none. */
char *data_dir_find(const char *name);

#endif
