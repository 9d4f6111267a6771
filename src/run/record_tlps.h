/* record_tlps.h - records what goes through a switch (cosim/record.h) by reading the trace. */
#ifndef POOLSIM_RUN_RECORD_TLPS_H
#define POOLSIM_RUN_RECORD_TLPS_H

#include "fabric/switch.h"

#include <stdio.h>

struct record_tlps;

/* Writes the head of a record of @sw to @out, and from now on what happens; nothing is inside the
 * switch yet. All of its ports are connected and have their tables. Borrows both until
 * record_tlps_end. What @out says of errors is for the caller to ask. */
struct record_tlps *record_tlps_begin(const struct pcie_switch *sw, FILE *out);
/* Ends the record; the simulation runs no more. */
void record_tlps_end(struct record_tlps *recording);

#endif
