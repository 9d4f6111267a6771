/* folder.h - a result folder: its paths, and its files, each of which is there whole or not at all
 * (stats/outfile.h). */
#ifndef POOLSIM_RUN_FOLDER_H
#define POOLSIM_RUN_FOLDER_H

#include "base/err.h"
#include "stats/outfile.h"
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* "dir/name" into @buf of PATH_MAX bytes; an over-long path is an error. */
bool folder_path(char *buf, const char *dir, const char *name, struct err *err);

/* Makes @path and the folders above it; one that is there already is fine
 * if it can be written into. */
bool folder_make(const char *path, struct err *err);

/* Begins a new version of @dir/@name: outfile_open with the two joined. */
bool folder_open(struct outfile *file, const char *dir, const char *name, struct err *err);

/* The whole of @dir/@name as text ending in NUL, owned by the caller; NULL when it cannot be read.
 */
char *folder_read(const char *dir, const char *name);

/* Removes the temporary files that a killed process left in @dir. Call it only while nobody else
 * writes there. */
void folder_sweep_out(const char *dir);

#endif
