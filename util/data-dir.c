/*
 * Folders of -L (util/data-dir.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/osdep.h"
#include "util/data-dir.h"
#include <unistd.h>

static GPtrArray *folders;

void data_dir_add(const char *path)
{
    if (!folders) {
        folders = g_ptr_array_new();
    }
    g_ptr_array_add(folders, g_strdup(path));
}

char *data_dir_find(const char *name)
{
    for (guint i = 0; folders && i < folders->len; i++) {
        char *path = g_build_filename(folders->pdata[i], name, NULL);

        if (access(path, R_OK) == 0) {
            return path;
        }
        g_free(path);
    }
    return NULL;
}
