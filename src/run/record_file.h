/* record_file.h - the record of a run (cosim/record.h): the root switch of the model, in a file
 * that is there whole or not at all. */
#ifndef POOLSIM_RUN_RECORD_FILE_H
#define POOLSIM_RUN_RECORD_FILE_H

#include "base/err.h"
#include "run/record_tlps.h"
#include "stats/outfile.h"

struct model;

struct record_file {
    struct outfile file;
    struct record_tlps *recording; /* NULL: nothing is recorded */
};

/* Begins to record @model's first root switch, before its traffic starts. @path NULL: nothing is
 * recorded. Fails when there is no switch or no file. */
bool record_file_begin(struct record_file *out, const struct model *model, const char *path,
                       struct err *err);
/* @keep false: the run failed, and there will be no file. False when it could not be written. */
bool record_file_end(struct record_file *record, bool keep, struct err *err);

#endif
