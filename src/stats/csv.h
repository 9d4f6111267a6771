/* csv.h - writes a table as comma-separated values (RFC 4180, but with "\n"), atomically.
 * Tables are in long format: one observation a row, its keys in the first columns. Text is quoted
 * when it must be. Numbers are written shortest so that reading gives the same double back; what is
 * not finite is an empty field. */
#ifndef POOLSIM_STATS_CSV_H
#define POOLSIM_STATS_CSV_H

#include "stats/outfile.h"
#include <stdint.h>

struct csv {
    struct outfile out;
    unsigned columns;
    unsigned column; /* fields so far in this row */
};

/* @header: the @columns names of the first row. */
bool csv_open(struct csv *csv, const char *path, unsigned columns, const char *const *header,
              struct err *err);
void csv_text(struct csv *csv, const char *text);
void csv_u64(struct csv *csv, uint64_t value);
void csv_double(struct csv *csv, double value);
/* CHECKs that the row has every column. */
void csv_end_row(struct csv *csv);
/* Closes and renames; false when anything could not be written. */
bool csv_commit(struct csv *csv, struct err *err);
void csv_abort(struct csv *csv);

/* Shortest decimal text that reads back as @value; "" when it is not finite. Returns @buf (of 32
 * bytes or more). */
char *csv_format_double(double value, char *buf, size_t size);

#endif
