/* tables_files.h - the switches' tables of a booted model as files: a .memh per table (pool/memh.h)
 * and manifest.json, which says for each file its table, switch, port, number of entries and their
 * width. An id_down file is indexed by the low bits of the RID, as few as keep the entries apart,
 * and has a power of two of entries; the others have the entries' own indices. */
#ifndef POOLSIM_RUN_TABLES_FILES_H
#define POOLSIM_RUN_TABLES_FILES_H

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct config;
struct model;

/* False if the entries have too few bits for a pool's functions or a switch's ports. */
bool tables_files_fit(const struct config *config, struct err *err);
/* Writes into the folder @dir, which is there. */
bool tables_files_write(const struct model *model, const char *dir, struct err *err);
/* Prints the tables of such a folder for a person, valid entries only. */
bool tables_files_print(const char *dir, FILE *out, struct err *err);

#endif
