/* switch_ring.h - the switch's clock and its ring of cycles: what the next SWITCH_RING cycles have
 * to do. The first entry for a cycle schedules the switch's one event of it. */
#ifndef POOLSIM_FABRIC_SWITCH_RING_H
#define POOLSIM_FABRIC_SWITCH_RING_H

#include "fabric/switch.h"

/* The switch's own events: a cycle that has something to do, and a TLP that was beyond the ring. */
enum { SWITCH_EV_TICK, SWITCH_EV_LATE_ARRIVAL };

/* First cycle whose edge is at or after @ps. */
uint64_t switch_cycle_at_or_after(const struct pcie_switch *sw, uint64_t ps);
/* The cycle in which the simulation's clock is. */
uint64_t switch_current_cycle(const struct pcie_switch *sw);

/* TLP @index comes to the end of its ingress pipeline in @cycle. */
void switch_ring_arrive(struct pcie_switch *sw, uint32_t index, uint64_t cycle, uint64_t current);
/* Wakes @egress in @cycle unless it wakes before. Waking too early is harmless,
 * so a far cycle is cut to the ring. */
void switch_ring_wake(struct pcie_switch *sw, uint32_t egress, uint64_t cycle, uint64_t current);

#endif
