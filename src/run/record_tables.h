/* record_tables.h - the tables of a switch in a record (cosim/record.h): what they hold when it
 * begins, and each entry that is written from then on, with the cycle of its write. */
#ifndef POOLSIM_RUN_RECORD_TABLES_H
#define POOLSIM_RUN_RECORD_TABLES_H

#include "cosim/record.h"
#include "fabric/switch.h"

#include <stdio.h>

struct record_tables;

/* The sizes of a port's tables, for the head. */
void record_tables_sizes(const struct switch_port *port, uint32_t out_entries[RECORD_TABLES]);
/* Borrows both until record_tables_free. */
struct record_tables *record_tables_new(const struct pcie_switch *sw, FILE *out);
void record_tables_free(struct record_tables *tables);
/* Writes what there is, as events of cycle 0. */
void record_tables_write_all(struct record_tables *tables);

/* The trace tells of a write before it is done, so it is recorded with the next one of a later
 * cycle; what is told of twice in a cycle counts as it is in the end. */
void record_tables_note(struct record_tables *tables, const struct switch_write *write);
void record_tables_note_command(struct record_tables *tables, const struct switch_command *command,
                                uint64_t cycle);
/* Records what was told of so far; returns the last cycle of a write. */
uint64_t record_tables_flush(struct record_tables *tables);

#endif
