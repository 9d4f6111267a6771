/* pins.h - a record as the pins of hardware can bring it: in a cycle one UpdateFC per port and one
 * table write. The simulator's links and software know no such limit. */
#ifndef POOLSIM_COSIM_PINS_H
#define POOLSIM_COSIM_PINS_H

#include "cosim/record.h"

/* UpdateFCs of one port that fall into one cycle become earlier by a cycle each, table writes
 * behind cycle 0 later. False, with the place, when that changes what leaves the switch, as the
 * lock-step model says: such a record cannot be played to hardware. */
bool pins_fit(struct record *record, struct err *err);

#endif
