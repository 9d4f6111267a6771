/* folder.h - a result folder, in which a file is there whole or not at all.
 * A file is written under a hidden temporary name beside its place and renamed when it is complete,
 * so that a reader (or a sweep that is resumed after a kill) never sees half of one. */
#ifndef POOLSIM_RUN_FOLDER_H
#define POOLSIM_RUN_FOLDER_H

#include "base/err.h"
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct folder_file {
    FILE *stream;
    char path[PATH_MAX];
    char temporary[PATH_MAX];
};

/* "dir/name" into @buf of PATH_MAX bytes; an over-long path is an error. */
bool folder_path(char *buf, const char *dir, const char *name, struct err *err);

/* Makes @path and the folders above it; one that is there already is fine. */
bool folder_make(const char *path, struct err *err);

/* Begins a new version of @dir/@name, to be written to file->stream and ended by folder_commit or
 * folder_abandon. */
bool folder_open(struct folder_file *file, const char *dir, const char *name, struct err *err);
/* Puts the file in its place; after an error of any write since folder_open it removes the
 * temporary file and fails. */
bool folder_commit(struct folder_file *file, struct err *err);
void folder_abandon(struct folder_file *file);

/* The whole of @dir/@name as text ending in NUL, owned by the caller; NULL when it cannot be read.
 */
char *folder_read(const char *dir, const char *name);

/* Removes the temporary files that a killed process left in @dir. Call it only while nobody else
 * writes there. */
void folder_sweep_out(const char *dir);

#endif
