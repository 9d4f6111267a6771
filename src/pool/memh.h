/* memh.h - a table as the text that Verilog's $readmemh loads and $writememh writes (IEEE
 * 1800 21.4): every entry one line of hexadecimal digits, most significant first, as many as the
 * entry's width needs. Of what $readmemh also takes, comments (// to the end of the line) and empty
 * lines are read; addresses (@), unknown bits (x, z) and several entries in a line are refused, and
 * so is a file with more or fewer entries than the table has: a table that a synthesizer loads must
 * be whole. */
#ifndef POOLSIM_POOL_MEMH_H
#define POOLSIM_POOL_MEMH_H

#include "base/err.h"
#include "pool/tables.h"

#include <stddef.h>
#include <stdio.h>

enum { MEMH_LINE_BYTES = POOL_ENTRY_BITS / 4 + 2 };

/* Digits of an entry, the line's end and a zero byte: returns the length without the latter. */
size_t memh_format(const struct pool_table *table, const struct pool_entry *entry,
                   char out[MEMH_LINE_BYTES]);
/* Writes @n_entries entries; what @out says of errors is for the caller to ask. */
void memh_write(const struct pool_table *table, const struct pool_entry *entries,
                uint32_t n_entries, FILE *out);
/* Reads exactly @n_entries from @text, which need not end in a zero byte. @file names it in errors.
 * On failure @out_entries is undefined. */
bool memh_read(const struct pool_table *table, const char *text, size_t text_bytes,
               const char *file, struct pool_entry *out_entries, uint32_t n_entries,
               struct err *err);

#endif
