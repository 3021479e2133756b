/*
 * Editing of one line after the other at the far end of a byte stream: keys go in, what the
 * terminal there has to show comes out.
 *
 * The editor is libedit, opened at first use. One instance a terminal; one thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef UTIL_LINE_EDITOR_H
#define UTIL_LINE_EDITOR_H

#include <glib.h>

typedef struct LineEditor LineEditor;

typedef struct LineEditorOps {
    /* Bytes for the terminal. */
    void (*output)(void *opaque, const char *text, size_t size);
    /* Tab: the words that may stand in place of text[*ret_start..], the line up to the
     * cursor, sorted. The array frees its strings. A single word is put in with a blank
     * behind it if *ret_blank (true unless changed) and it does not end in '/'. */
    GPtrArray *(*complete)(void *opaque, const char *text, size_t *ret_start,
                           bool *ret_blank);
} LineEditorOps;

/* @type: what TERM would say of the terminal; NULL: this process's TERM says it. @prompt
 * stays the caller's. NULL if there is no libedit or no room for another terminal. */
LineEditor *line_editor_new(const char *type, const char *prompt, const LineEditorOps *ops,
                            void *opaque);
void line_editor_free(LineEditor *e);
/* Add to what the keys Up and Ctrl-p bring back. */
void line_editor_remember(LineEditor *e, const char *line);
/* Begin a line on a terminal of this size (0: unknown) with the text that it has already, at
 * the end of which the cursor stands if @shown. Shows the prompt and the line. */
void line_editor_begin(LineEditor *e, unsigned rows, unsigned columns, const char *text,
                       bool shown);
/* Show the line again, below other output. */
void line_editor_refresh(LineEditor *e);
/* A byte typed. Returns the line, g_free(), once it is finished: line_editor_begin() then
 * begins another one. */
char *line_editor_key(LineEditor *e, uint8_t byte);
/* Words in columns that fit the terminal, filled column by column. */
void line_editor_columns(GPtrArray *words, unsigned columns, GString *out);

#endif
