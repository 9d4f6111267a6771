/* lockstep_given.h - what the lock-step model takes from a record as given. */
#ifndef POOLSIM_COSIM_LOCKSTEP_GIVEN_H
#define POOLSIM_COSIM_LOCKSTEP_GIVEN_H

#include "cosim/record.h"

/* Cycles of the hardware's pipeline. */
enum { INGRESS_CYCLES = 2, REMAP_CYCLES = 2, EDIT_CYCLES = 1, CROSSBAR_CYCLES = 1 };

/* False, with the reason, when the record's switch is not as the hardware is, or when a TLP enters
 * before the last beat of the one in front of it. */
bool lockstep_can_follow(const struct record *record, struct err *err);
/* By serial number, 0 to n_serials: the event + 1 that decides on a TLP on which no re-map table
 * does, or that bars one whatever they say, or 0. The caller's to free; NULL: out of memory. */
size_t *lockstep_decisions(const struct record *record);

#endif
