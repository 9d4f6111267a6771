/* table.h - the readable summary of a run on standard output: at most 100 columns, the same for a
 * terminal and a file. */
#ifndef POOLSIM_RUN_TABLE_H
#define POOLSIM_RUN_TABLE_H

#include "run/results.h"
#include <stdio.h>

enum { TABLE_COLUMNS = 100, TABLE_MAX_ROWS = 16, TABLE_LINKS = 5 };

/* @page is the path of index.html, NULL for none. Of many workloads or hosts the first
 * TABLE_MAX_ROWS are shown. */
void table_print(const struct results *results, const char *page, FILE *out);

/* Columns that @text takes on a terminal: UTF-8 sequences count as one. */
size_t table_width(const char *text);
/* @text cut to @columns with ".." at the end, then padded; never splits a UTF-8 sequence. */
void table_cell_left(FILE *out, const char *text, size_t columns);
void table_cell_right(FILE *out, const char *text, size_t columns);

#endif
