/* pins.h - a record as the pins of hardware can bring it: in a cycle one UpdateFC per port and
 * class and one table write. The simulator's software knows no such limit. */
#ifndef POOLSIM_COSIM_PINS_H
#define POOLSIM_COSIM_PINS_H

#include "cosim/record.h"

/* UpdateFCs of one port, class and cycle become one; table writes of one cycle (but cycle 0) become
 * later by a cycle each. False, with the cycle, when the latter changes what leaves the switch, as
 * the lock-step model says: such a record cannot be played to hardware. */
bool pins_fit(struct record *record, struct err *err);

#endif
