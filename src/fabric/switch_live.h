/* switch_live.h - look-ups in their own cycle, for tables that are written while TLPs pass (see
 * switch_set_live). A TLP comes from switch.c (on_tlp) and goes back there (switch_finish_look_up)
 * when its look-up is over. One event for each ingress, for the first TLP of its pipeline. */
#ifndef POOLSIM_FABRIC_SWITCH_LIVE_H
#define POOLSIM_FABRIC_SWITCH_LIVE_H

#include "fabric/switch.h"

/* TLP @index, whose account stands where its look-up could begin, in cycle @lookup, waits for it.
 */
void switch_live_enter(struct pcie_switch *sw, uint32_t ingress, uint32_t index, uint64_t lookup);
void switch_live_on_event(struct pcie_switch *sw, const struct event *event);

/* switch.c's: does the look-up that could begin in cycle @lookup, and all that follows. */
void switch_finish_look_up(struct pcie_switch *sw, uint32_t ingress, uint32_t index,
                           uint64_t lookup);

#endif
