/* outfile.h - writes a file that appears whole or not at all: to "PATH.tmpPID" beside it, flushed
 * to disk, then renamed. A run that is killed leaves no half-written result, so a sweep may take
 * what exists as finished. */
#ifndef POOLSIM_STATS_OUTFILE_H
#define POOLSIM_STATS_OUTFILE_H

#include "base/err.h"
#include <stdbool.h>
#include <stdio.h>

struct outfile {
    FILE *file;             /* to write to; NULL when not open */
    char *path, *temporary; /* owned */
};

bool outfile_open(struct outfile *out, const char *path, struct err *err);
/* Closes it and gives it its name. False, and no file, when anything since the opening could not be
 * written. */
bool outfile_commit(struct outfile *out, struct err *err);
/* Throws it away. Nothing happens when it is not open. */
void outfile_abort(struct outfile *out);

#endif
